//! The elements of a repeated field, where they stand in a received message.

use core::marker::PhantomData;

use super::Cursor;

/// An element of a repeated field, or an entry of a map: what stands behind tag and length.
pub(crate) trait Element<'a>: Copy {
    /// Reads what comes as expected, and to the end.
    fn read_expected<const TRUSTED: bool>(content: Cursor<'a, TRUSTED>) -> Option<Self>;

    /// Reads an element that was read before: as expected, or by all rules.
    fn read_again(content: Cursor<'a, true>) -> Option<Self>;
}

impl<'a> Element<'a> for &'a str {
    #[inline(always)]
    fn read_expected<const TRUSTED: bool>(content: Cursor<'a, TRUSTED>) -> Option<Self> {
        content.expected_text()
    }

    #[inline(always)]
    fn read_again(content: Cursor<'a, true>) -> Option<Self> {
        content.expected_text()
    }
}

/// The elements of one repeated field in the bytes of a received message.
///
/// Invariant: each element behind `tag` in `bytes`, up to the `count`th, was read without an error
/// as an element of the type that the window is read with again. So its strings are UTF-8, and a
/// trusted cursor may skip that check; every other check stays, so that even a wrong window could
/// not read outside of `bytes`. It holds because a window is filled by `read_expected` below and by what
/// [`fields::read`](crate::fields::read) has read, and because [`List`](crate::List) fixes the type of the elements.
#[derive(Clone, Copy)]
pub(crate) struct Window<'a> {
    /// From the first element's tag to the end of the message.
    bytes: &'a [u8],
    count: u32,
    tag: u8,
    nesting: Nesting,
    /// How many of the bytes belong to a message of [`Nesting::Inside`] that was begun.
    #[cfg(feature = "capi")]
    begun: u32,
}

/// Where the elements stand in the bytes of a window.
#[derive(Clone, Copy)]
enum Nesting {
    /// Directly.
    Plain,
    /// In each of the messages behind this tag: occurrences of one singular message that merge.
    Inside(u8),
}

impl<'a> Window<'a> {
    pub(crate) const EMPTY: Self = Self {
        bytes: &[],
        count: 0,
        tag: 0,
        nesting: Nesting::Plain,
        #[cfg(feature = "capi")]
        begun: 0,
    };

    /// Reads all elements that come one after the other, the next one's tag included.
    #[inline(always)]
    pub(crate) fn read_expected<T: Element<'a>, const TRUSTED: bool>(
        cursor: &mut Cursor<'a, TRUSTED>,
        tag: u8,
    ) -> Option<Self> {
        let bytes = cursor.rest;
        let mut count = 0_usize;
        while let Some(first) = cursor.at(tag) {
            T::read_expected(cursor.expected_nested(first)?)?;
            count = count.wrapping_add(1);
        }
        let count = u32::try_from(count).ok()?;
        Some(Self { bytes, count, tag, ..Self::EMPTY })
    }

    /// A window on one element, which was read behind `tag`, with which `message` begins.
    pub(crate) fn first(message: &'a [u8], tag: u8) -> Self {
        Self { bytes: message, count: 1, tag, ..Self::EMPTY }
    }

    /// Takes in the next element, which was read.
    pub(crate) fn extend(&mut self) {
        self.count = self.count.saturating_add(1);
    }

    /// Makes way for elements in the next of the messages behind the tag `outer` in `message`.
    pub(crate) fn merge(&mut self, message: &'a [u8], outer: u8) {
        (self.bytes, self.nesting) = (message, Nesting::Inside(outer));
    }

    /// A window in plain values: what a list of the C ABI keeps.
    #[cfg(feature = "capi")]
    pub(crate) fn from_parts(parts: WindowParts<'a>) -> Self {
        let WindowParts { bytes, begun, count, tag, outer_tag } = parts;
        let nesting = if outer_tag == 0 { Nesting::Plain } else { Nesting::Inside(outer_tag) };
        Self { bytes, count, tag, nesting, begun }
    }

    #[cfg(feature = "capi")]
    pub(crate) fn parts(&self) -> WindowParts<'a> {
        let outer_tag = match self.nesting {
            Nesting::Plain => 0,
            Nesting::Inside(outer) => outer,
        };
        WindowParts { bytes: self.bytes, begun: self.begun, count: self.count, tag: self.tag, outer_tag }
    }

    /// The content of the first element, and what is behind it, where it comes as expected.
    #[cfg(feature = "capi")]
    #[inline(always)]
    pub(crate) fn first_expected(&self) -> Option<(Cursor<'a, true>, &'a [u8])> {
        let Nesting::Plain = self.nesting else { return None };
        let mut elements = again(self.bytes);
        let content = elements.expected_nested(elements.at(self.tag)?)?;
        Some((content, elements.rest))
    }

    /// Takes the first element off.
    #[cfg(feature = "capi")]
    pub(crate) fn take_first<T: Element<'a>>(&mut self) -> Option<T> {
        let mut elements = self.elements();
        let first = elements.next()?;
        let begun = elements.elements.rest.len();
        // What follows a message that was begun stands right behind it.
        let left = begun + elements.outer.map_or(0, |(_, outer)| outer.rest.len());
        self.bytes = self.bytes.get(self.bytes.len().checked_sub(left)?..)?;
        self.begun = u32::try_from(begun).ok()?;
        self.count = elements.remaining;
        Some(first)
    }

    /// The bytes of the message that was begun, and the others.
    #[inline(always)]
    fn split(&self) -> (&'a [u8], &'a [u8]) {
        #[cfg(feature = "capi")]
        if let Some(parts) = self.bytes.split_at_checked(self.begun as usize) {
            return parts;
        }
        (&[], self.bytes)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.count as usize
    }

    #[inline]
    pub(crate) fn elements<T: Element<'a>>(&self) -> Elements<'a, T> {
        let (elements, outer) = match self.nesting {
            Nesting::Plain => (again(self.bytes), None),
            Nesting::Inside(outer) => {
                let (begun, rest) = self.split();
                (again(begun), Some((outer, again(rest))))
            }
        };
        Elements { elements, outer, tag: self.tag, remaining: self.count, element: PhantomData }
    }
}

/// A cursor over bytes that were read before: nothing in them can be nested too deep.
#[inline(always)]
fn again(bytes: &[u8]) -> Cursor<'_, true> {
    Cursor { rest: bytes, depth: 0 }
}

/// What a [`Window`] consists of.
#[cfg(feature = "capi")]
pub(crate) struct WindowParts<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) begun: u32,
    pub(crate) count: u32,
    pub(crate) tag: u8,
    /// The tag of the messages that the elements stand in; 0 where they stand in `bytes` directly.
    pub(crate) outer_tag: u8,
}

/// Reads the elements of a window again.
#[derive(Clone)]
pub(crate) struct Elements<'a, T> {
    elements: Cursor<'a, true>,
    outer: Option<(u8, Cursor<'a, true>)>,
    tag: u8,
    remaining: u32,
    element: PhantomData<T>,
}

impl<'a, T: Element<'a>> Elements<'a, T> {
    #[cfg_attr(spectrum2_small, inline(never))]
    #[cfg_attr(not(spectrum2_small), inline(always))]
    pub(crate) fn next(&mut self) -> Option<T> {
        self.remaining = self.remaining.checked_sub(1)?;
        if cfg!(spectrum2_small) {
            return T::read_again(self.find_next()?);
        }
        let first = self.elements.at(self.tag);
        match first.and_then(|first| self.elements.expected_nested(first)) {
            Some(element) => T::read_again(element),
            None => {
                // A copy goes out of line, so that this one stays in registers.
                let mut elements = self.clone();
                let element = elements.find_next()?;
                *self = elements;
                T::read_again(element)
            }
        }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.remaining as usize
    }

    /// The next element, behind other fields or in the next merged message.
    #[cold]
    #[inline(never)]
    fn find_next(&mut self) -> Option<Cursor<'a, true>> {
        loop {
            if let Some(element) = find_nested(&mut self.elements, self.tag) {
                return Some(element);
            }
            let (tag, outer) = self.outer.as_mut()?;
            self.elements = find_nested(outer, *tag)?;
        }
    }
}

/// Steps over fields up to behind the one with this tag, and gives its content; `None` at the end.
fn find_nested<'a>(cursor: &mut Cursor<'a, true>, wanted: u8) -> Option<Cursor<'a, true>> {
    if let Some(first) = cursor.at(wanted)
        && let Some(content) = cursor.expected_nested(first)
    {
        return Some(content);
    }
    let mut fields = cursor.by_rules();
    while !fields.is_empty() {
        let tag = fields.tag().ok()?;
        if tag == u32::from(wanted) {
            let content = fields.bytes().ok()?;
            cursor.rest = fields.rest;
            return Some(Cursor { rest: content, depth: cursor.depth + 1 });
        }
        fields.skip(tag).ok()?;
    }
    cursor.rest = fields.rest;
    None
}
