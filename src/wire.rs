//! The Protobuf wire format: the only code that looks at single bytes, and, with `wire/`, the only `unsafe`.
//!
//! A [`Cursor`] reads, a [`Writer`] writes, a [`Window`] remembers where the elements of a repeated
//! field stand, so that they can be read again. The rules of what is malformed are the ones of
//! Google's C++ library; they live in the `#[cold]` functions, off the path of ordinary messages.

#![allow(unsafe_code)]

pub(crate) mod utf8;

use core::marker::PhantomData;

use crate::error::{DecodeError, DecodeErrorKind, FieldId};

/// Messages, map entries and groups may nest this deep, as in Google's libraries.
pub(crate) const MAX_DEPTH: u8 = 100;

/// The longest message that Protobuf allows: 2 GiB - 1.
pub(crate) const MAX_MESSAGE_LENGTH: usize = i32::MAX as usize;

/// Wire types, the low three bits of a tag.
pub(crate) mod wire_type {
    pub(crate) const VARINT: u8 = 0;
    pub(crate) const FIXED64: u8 = 1;
    pub(crate) const LENGTH_DELIMITED: u8 = 2;
    pub(crate) const GROUP_START: u8 = 3;
    pub(crate) const GROUP_END: u8 = 4;
    pub(crate) const FIXED32: u8 = 5;
}

/// The tag of a field whose number is below 16, which makes it one byte.
pub(crate) const fn tag(field_number: u8, wire_type: u8) -> u8 {
    assert!(field_number > 0 && field_number < 16);
    field_number << 3 | wire_type
}

type Result<T> = core::result::Result<T, DecodeError>;

/// Reads one message from front to back.
///
/// `TRUSTED` says that these very bytes were decoded before, by the same calls: their strings are
/// known to be UTF-8. Only a [`Window`] makes such a cursor.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a, const TRUSTED: bool> {
    rest: &'a [u8],
    depth: u8,
}

impl<'a> Cursor<'a, false> {
    #[inline(always)]
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message, depth: 0 }
    }
}

impl<'a, const TRUSTED: bool> Cursor<'a, TRUSTED> {
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The same for the functions that know all rules, which check strings again: one function reads both kinds.
    #[inline(always)]
    pub(crate) fn by_rules(self) -> Cursor<'a, false> {
        Cursor { rest: self.rest, depth: self.depth }
    }
}

/// By all rules: one function reads both kinds.
impl<'a> Cursor<'a, false> {
    /// Any tag. Bits above the 32nd are dropped.
    pub(crate) fn tag(&mut self, message: u8) -> Result<u32> {
        let field = FieldId { message, number: 0 };
        let at = self.rest;
        let tag = self.any_varint(5, field)? as u32;
        if tag >> 3 == 0 || tag as u8 & 7 > wire_type::FIXED32 {
            return Err(DecodeError::new(DecodeErrorKind::InvalidTag, field, at));
        }
        Ok(tag)
    }

    /// A varint; bits past the 64th are ignored.
    pub(crate) fn varint(&mut self, field: FieldId) -> Result<u64> {
        self.any_varint(10, field)
    }

    fn any_varint(&mut self, longest: u8, field: FieldId) -> Result<u64> {
        if let [byte, rest @ ..] = self.rest
            && *byte < 0x80
        {
            self.rest = rest;
            return Ok(u64::from(*byte));
        }
        let (value, rest) = varint_up_to(longest, self.rest, field)?;
        self.rest = rest;
        Ok(value)
    }

    /// The content of a length-delimited field.
    pub(crate) fn bytes(&mut self, field: FieldId) -> Result<&'a [u8]> {
        let at = self.rest;
        let length = self.any_varint(5, field)?;
        let content = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let (content, rest) = content.ok_or_else(|| DecodeError::new(DecodeErrorKind::Truncated, field, at))?;
        self.rest = rest;
        Ok(content)
    }

    pub(crate) fn string(&mut self, field: FieldId) -> Result<&'a str> {
        Self { rest: self.bytes(field)?, ..*self }.into_string(field)
    }

    /// All that is left, as a string.
    pub(crate) fn into_string(self, field: FieldId) -> Result<&'a str> {
        self.expected_text().ok_or_else(|| invalid_utf8(self.rest, field))
    }

    /// A cursor over the content of a length-delimited field that is a message.
    pub(crate) fn nested(&mut self, field: FieldId) -> Result<Self> {
        Ok(Self { rest: self.bytes(field)?, depth: self.depth + 1 })
    }

    /// Steps over the value of an unknown field.
    #[cold]
    #[inline(never)]
    pub(crate) fn skip(&mut self, tag: u32, message: u8) -> Result<()> {
        let field = FieldId { message, number: 0 };
        match tag as u8 & 7 {
            wire_type::GROUP_START => self.skip_group(tag, field),
            wire_type::GROUP_END => Err(DecodeError::new(DecodeErrorKind::UnmatchedGroupEnd, field, self.rest)),
            _ => self.skip_scalar(tag, field),
        }
    }

    /// Steps over a group, behind the tag that starts it. Out of line, as it keeps many open groups.
    #[inline(never)]
    fn skip_group(&mut self, tag: u32, field: FieldId) -> Result<()> {
        let mut open_groups = OpenGroups::new(self.depth);
        self.skip_value(tag, field, &mut open_groups)?;
        while !open_groups.is_empty() {
            if self.is_empty() {
                return Err(DecodeError::new(DecodeErrorKind::Truncated, field, self.rest));
            }
            let tag = self.tag(field.message)?;
            self.skip_value(tag, field, &mut open_groups)?;
        }
        Ok(())
    }

    fn skip_value(&mut self, tag: u32, field: FieldId, open_groups: &mut OpenGroups) -> Result<()> {
        let at = self.rest;
        match tag as u8 & 7 {
            wire_type::GROUP_START => open_groups.start(tag >> 3).map_err(|kind| DecodeError::new(kind, field, at)),
            wire_type::GROUP_END => open_groups.end(tag >> 3).map_err(|kind| DecodeError::new(kind, field, at)),
            _ => self.skip_scalar(tag, field),
        }
    }

    fn skip_scalar(&mut self, tag: u32, field: FieldId) -> Result<()> {
        match tag as u8 & 7 {
            wire_type::VARINT => self.any_varint(10, field).map(drop),
            wire_type::LENGTH_DELIMITED => self.bytes(field).map(drop),
            wire_type::FIXED32 => self.skip_bytes(4, field),
            wire_type::FIXED64 => self.skip_bytes(8, field),
            _ => Err(DecodeError::new(DecodeErrorKind::InvalidTag, field, self.rest)),
        }
    }

    fn skip_bytes(&mut self, count: usize, field: FieldId) -> Result<()> {
        let Some(rest) = self.rest.get(count..) else {
            return Err(DecodeError::new(DecodeErrorKind::Truncated, field, self.rest));
        };
        self.rest = rest;
        Ok(())
    }

    /// The error for a required field that did not come before the end of its message.
    #[cold]
    pub(crate) fn missing(&self, field: FieldId) -> DecodeError {
        DecodeError::new(DecodeErrorKind::MissingField, field, self.rest)
    }
}

/// What a message is made of that comes as serializers write it: fields in ascending order, each
/// behind a tag of one byte.
///
/// These say `None` wherever something else comes, malformed or merely unusual. Whoever called them
/// then reads the whole message anew by the functions above, which know every rule and every error;
/// so a message as expected is read along one straight line, and none of its steps carries an error.
impl<'a, const TRUSTED: bool> Cursor<'a, TRUSTED> {
    /// The byte behind `tag`, when that comes next: a field has two bytes at least.
    #[inline(always)]
    pub(crate) fn at(&self, tag: u8) -> Option<u8> {
        let [first, second] = *self.rest.first_chunk()?;
        (first == tag).then_some(second)
    }

    /// Steps over a tag, `first`, which is the byte behind it, and what is left of the varint that
    /// `first` begins.
    #[cfg_attr(spectrum2_small, inline(never))]
    #[cfg_attr(not(spectrum2_small), inline(always))]
    pub(crate) fn expected_varint(&mut self, first: u8) -> Option<u64> {
        let (value, taken) = if first < 0x80 { (u64::from(first), 1) } else { long_varint(self.rest) };
        self.rest = self.rest.get(1 + taken..)?;
        Some(value)
    }

    /// Likewise for a length, and the content of that length.
    #[cfg_attr(spectrum2_small, inline(never))]
    #[cfg_attr(not(spectrum2_small), inline(always))]
    pub(crate) fn expected_bytes(&mut self, first: u8) -> Option<&'a [u8]> {
        let content = if first < 0x80 {
            self.rest.get(2..)?.split_at_checked(usize::from(first))
        } else {
            let (length, taken) = long_varint(self.rest);
            self.rest.get(1 + taken..)?.split_at_checked(usize::try_from(length).ok()?)
        };
        let (content, rest) = content?;
        self.rest = rest;
        Some(content)
    }

    #[inline(always)]
    pub(crate) fn expected_string(&mut self, first: u8) -> Option<&'a str> {
        self.expected_nested(first)?.expected_text()
    }

    #[inline(always)]
    pub(crate) fn expected_nested(&mut self, first: u8) -> Option<Self> {
        Some(Self { rest: self.expected_bytes(first)?, depth: self.depth + 1 })
    }

    /// All that is left, as a string.
    #[cfg_attr(spectrum2_small, inline(never))]
    #[cfg_attr(not(spectrum2_small), inline(always))]
    pub(crate) fn expected_text(self) -> Option<&'a str> {
        // SAFETY: valid UTF-8, either as just seen, or as seen when these bytes were decoded the
        // first time: see `Window`.
        (TRUSTED || utf8::is_valid(self.rest)).then(|| unsafe { core::str::from_utf8_unchecked(self.rest) })
    }
}

/// The varint of several bytes behind a tag of one, and its number of bytes; more than there are
/// where it does not end, or is one that wants a closer look: with over five bytes.
#[inline(never)]
fn long_varint(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0;
    for (position, byte) in bytes.iter().skip(1).take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * position);
        if *byte < 0x80 {
            return (value, position + 1);
        }
    }
    (value, bytes.len())
}

// Takes the bytes by value, and gives back what is behind: a cursor whose address it took would have
// to live in memory instead of registers.
#[cold]
#[inline(never)]
fn varint_up_to(longest: u8, bytes: &[u8], field: FieldId) -> Result<(u64, &[u8])> {
    let mut rest = bytes;
    let mut value = 0;
    for position in 0..longest {
        let Some((byte, behind)) = rest.split_first() else {
            return Err(DecodeError::new(DecodeErrorKind::Truncated, field, rest));
        };
        rest = behind;
        value |= u64::from(byte & 0x7f) << (7 * position);
        if *byte < 0x80 {
            return Ok((value, rest));
        }
    }
    Err(DecodeError::new(DecodeErrorKind::VarintTooLong, field, bytes))
}

#[cold]
#[inline(never)]
fn invalid_utf8(bytes: &[u8], field: FieldId) -> DecodeError {
    DecodeError::new(DecodeErrorKind::InvalidUtf8, field, bytes.get(utf8::valid_up_to(bytes)..).unwrap_or(bytes))
}

/// The field numbers of the groups that are open. They are only kept while an unknown group is
/// stepped over.
struct OpenGroups {
    numbers: [u32; MAX_DEPTH as usize],
    count: usize,
    most: usize,
}

impl OpenGroups {
    fn new(depth: u8) -> Self {
        Self { numbers: [0; MAX_DEPTH as usize], count: 0, most: usize::from(MAX_DEPTH.saturating_sub(depth)) }
    }

    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn start(&mut self, number: u32) -> core::result::Result<(), DecodeErrorKind> {
        match self.numbers.get_mut(self.count) {
            Some(slot) if self.count < self.most => {
                *slot = number;
                self.count += 1;
                Ok(())
            }
            _ => Err(DecodeErrorKind::NestedTooDeep),
        }
    }

    fn end(&mut self, number: u32) -> core::result::Result<(), DecodeErrorKind> {
        let innermost = self.count.checked_sub(1);
        match innermost {
            Some(innermost) if self.numbers.get(innermost) == Some(&number) => {
                self.count = innermost;
                Ok(())
            }
            _ => Err(DecodeErrorKind::UnmatchedGroupEnd),
        }
    }
}

/// An element of a repeated field, or an entry of a map: what stands behind tag and length.
pub(crate) trait Element<'a>: Copy {
    /// Reads what comes as expected, and to the end.
    fn read_expected<const TRUSTED: bool>(content: Cursor<'a, TRUSTED>) -> Option<Self>;

    /// Reads whatever comes, by all rules; where `read_expected` reads something, the same.
    fn read(content: Cursor<'a, false>, field: FieldId) -> Result<Self>;

    /// Reads an element that was read before.
    #[inline(always)]
    fn read_again(content: Cursor<'a, true>) -> Option<Self> {
        match Self::read_expected(content) {
            Some(element) => Some(element),
            None => Self::read(content.by_rules(), NO_FIELD).ok(),
        }
    }
}

impl<'a> Element<'a> for &'a str {
    #[inline(always)]
    fn read_expected<const TRUSTED: bool>(content: Cursor<'a, TRUSTED>) -> Option<Self> {
        content.expected_text()
    }

    fn read(content: Cursor<'a, false>, field: FieldId) -> Result<Self> {
        content.into_string(field)
    }

    #[inline(always)]
    fn read_again(content: Cursor<'a, true>) -> Option<Self> {
        content.expected_text()
    }
}

/// The elements of one repeated field in the bytes of a received message.
///
/// Invariant: each element behind `tag` in `bytes`, up to the `count`th, was read without an error
/// by the [`Element`] functions of the type that the window is read with again. So its strings are UTF-8, and a
/// trusted cursor may skip that check; every other check stays, so that even a wrong window could
/// not read outside of `bytes`. It holds because a window is filled by the two functions below alone, and
/// because [`List`](crate::List) fixes the type of the elements.
#[derive(Clone, Copy)]
pub(crate) struct Window<'a> {
    /// From the first element's tag to the end of the message.
    bytes: &'a [u8],
    count: u32,
    tag: u8,
    depth: u8,
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
        depth: 0,
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
        Some(Self { bytes, count, tag, depth: cursor.depth, ..Self::EMPTY })
    }

    /// Reads one more element, whose tag `message` has and `cursor` has just stepped over.
    pub(crate) fn extend<T: Element<'a>>(
        &mut self,
        cursor: &mut Cursor<'a, false>,
        message: Cursor<'a, false>,
        tag: u8,
        field: FieldId,
    ) -> Result<()> {
        T::read(cursor.nested(field)?, field)?;
        if self.count == 0 {
            *self = Self { bytes: message.rest, tag, depth: cursor.depth, ..Self::EMPTY };
        }
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// The elements of this window and of a later one, which stand in two messages behind the same
    /// tag `outer` in `message`.
    pub(crate) fn merge(self, later: Self, message: Cursor<'a, false>, outer: u8) -> Self {
        // A window without elements has no tag.
        let with_tag = if self.count == 0 { later } else { self };
        Self {
            bytes: message.rest,
            count: self.count.saturating_add(later.count),
            depth: message.depth,
            nesting: Nesting::Inside(outer),
            ..with_tag
        }
    }

    /// A window in plain values: what a list of the C ABI keeps.
    #[cfg(feature = "capi")]
    pub(crate) fn from_parts(parts: WindowParts<'a>) -> Self {
        let WindowParts { bytes, begun, count, tag, outer_tag } = parts;
        let nesting = if outer_tag == 0 { Nesting::Plain } else { Nesting::Inside(outer_tag) };
        // On a second read nothing can be nested too deep.
        Self { bytes, count, tag, depth: 0, nesting, begun }
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
        let mut elements = Cursor { rest: self.bytes, depth: self.depth };
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
        let cursor = |rest| Cursor { rest, depth: self.depth };
        let (elements, outer) = match self.nesting {
            Nesting::Plain => (cursor(self.bytes), None),
            Nesting::Inside(outer) => {
                let (begun, rest) = self.split();
                (cursor(begun), Some((outer, cursor(rest))))
            }
        };
        Elements { elements, outer, tag: self.tag, remaining: self.count, element: PhantomData }
    }
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

/// Errors cannot happen on a second read, so the field that they would name does not matter.
pub(crate) const NO_FIELD: FieldId = FieldId { message: 0, number: 0 };

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
        let tag = fields.tag(NO_FIELD.message).ok()?;
        if tag == u32::from(wanted) {
            let content = fields.bytes(NO_FIELD).ok()?;
            cursor.rest = fields.rest;
            return Some(Cursor { rest: content, depth: cursor.depth + 1 });
        }
        fields.skip(tag, NO_FIELD.message).ok()?;
    }
    cursor.rest = fields.rest;
    None
}

/// The number of bytes of a varint.
#[inline(always)]
pub(crate) const fn varint_len(value: u64) -> usize {
    // Each byte takes 7 bits: (bits * 9 + 64) / 64 is that division rounded up, for 1 to 64 bits.
    let bits = 64 - (value | 1).leading_zeros() as usize;
    (bits * 9 + 64) / 64
}

/// The number of bytes of a length-delimited field with a one-byte tag.
#[inline(always)]
pub(crate) const fn delimited_len(length: usize) -> usize {
    1 + varint_len(length as u64) + length
}

/// The buffer is full. How much would have been needed is counted only then, by the caller.
pub(crate) struct Full;

/// A writer behind what was written.
pub(crate) type Written<'b> = core::result::Result<Writer<'b>, Full>;

/// Writes fields, front to back, into a buffer that it never overruns.
///
/// It holds what is left of the buffer and nothing else, and is handed on by value: so it lives in two
/// registers, in functions that are not inlined as well.
pub(crate) struct Writer<'b> {
    rest: &'b mut [u8],
}

impl<'b> Writer<'b> {
    #[inline(always)]
    pub(crate) fn new(buffer: &'b mut [u8]) -> Self {
        Self { rest: buffer }
    }

    /// The number of bytes that are left.
    #[inline(always)]
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    #[inline(always)]
    fn take(self, count: usize) -> core::result::Result<(&'b mut [u8], Self), Full> {
        let (taken, rest) = self.rest.split_at_mut_checked(count).ok_or(Full)?;
        Ok((taken, Self { rest }))
    }

    #[inline(always)]
    pub(crate) fn array<const N: usize>(self, bytes: [u8; N]) -> Written<'b> {
        let (next, rest) = self.rest.split_first_chunk_mut().ok_or(Full)?;
        *next = bytes;
        Ok(Self { rest })
    }

    /// Bytes as they are.
    #[inline(always)]
    pub(crate) fn raw(self, bytes: &[u8]) -> Written<'b> {
        let (next, behind) = self.take(bytes.len())?;
        next.copy_from_slice(bytes);
        Ok(behind)
    }

    #[cfg_attr(spectrum2_small, inline(never))]
    #[cfg_attr(not(spectrum2_small), inline(always))]
    pub(crate) fn varint(self, tag: u8, value: u64) -> Written<'b> {
        if value < 0x80 {
            return self.array([tag, value as u8]);
        }
        put_long_varint(self, tag, value)
    }

    #[inline(always)]
    pub(crate) fn bytes(self, tag: u8, bytes: &[u8]) -> Written<'b> {
        if cfg!(any(spectrum2_plain, spectrum2_small)) {
            return self.bytes_behind_varint(tag, bytes);
        }
        if bytes.len() > SHORT {
            return self.long_bytes(tag, bytes);
        }
        let (next, behind) = self.take(2 + bytes.len())?;
        if let [first, second, content @ ..] = next {
            *first = tag;
            *second = bytes.len() as u8;
            copy_short(content, bytes);
        }
        Ok(behind)
    }

    /// A string, which is written when it is UTF-8, and is [`Full`] when it is not.
    #[cfg(feature = "capi")]
    #[cfg_attr(spectrum2_small, inline(never))]
    #[cfg_attr(not(spectrum2_small), inline(always))]
    pub(crate) fn text(self, tag: u8, bytes: &[u8]) -> Written<'b> {
        if bytes.len() > SHORT || !utf8::HAS_SHORT {
            return if utf8::is_valid(bytes) { self.bytes(tag, bytes) } else { Err(Full) };
        }
        let (next, behind) = self.take(2 + bytes.len())?;
        let [first, second, content @ ..] = next else { return Err(Full) };
        *first = tag;
        *second = bytes.len() as u8;
        if copy_short_ascii(content, bytes) || utf8::is_valid_general(bytes) { Ok(behind) } else { Err(Full) }
    }

    /// Does what `bytes` does, for ones that are seldom short.
    #[inline(never)]
    pub(crate) fn long_bytes(self, tag: u8, bytes: &[u8]) -> Written<'b> {
        if !(0x80..0x4000).contains(&bytes.len()) {
            // Apart, or else registers would be saved for its calls.
            return self.bytes_behind_varint(tag, bytes);
        }
        let (next, behind) = self.take(3 + bytes.len())?;
        if let [first, second, third, content @ ..] = next {
            *first = tag;
            *second = bytes.len() as u8 | 0x80;
            *third = (bytes.len() >> 7) as u8;
            content.copy_from_slice(bytes);
        }
        Ok(behind)
    }

    #[inline(never)]
    fn bytes_behind_varint(self, tag: u8, bytes: &[u8]) -> Written<'b> {
        self.varint(tag, bytes.len() as u64)?.raw(bytes)
    }

    /// A length-delimited field whose content `write` writes.
    ///
    /// The length is not known before; `at_least` predicts how many bytes it takes. When that was
    /// wrong the content moves, which callers make rare by a good prediction.
    #[inline(always)]
    pub(crate) fn delimited(
        self,
        tag: u8,
        at_least: usize,
        write: impl for<'c> FnOnce(Writer<'c>) -> Written<'c>,
    ) -> Written<'b> {
        let whole = self.rest;
        let start = match at_least {
            ..0x80 => 2,
            0x80..0x4000 => 3,
            _ => 1 + varint_len(at_least as u64),
        };
        let content = whole.get_mut(start..).ok_or(Full)?;
        let room = content.len();
        let length = room.wrapping_sub(write(Writer::new(content))?.left());
        let end = match whole {
            [first, second, ..] if start == 2 && length < 0x80 => {
                *first = tag;
                *second = length as u8;
                start + length
            }
            [first, second, third, ..] if start == 3 && (0x80..0x4000).contains(&length) => {
                *first = tag;
                *second = length as u8 | 0x80;
                *third = (length >> 7) as u8;
                start + length
            }
            _ => put_moved(whole, tag, start, length),
        };
        Ok(Self { rest: whole.get_mut(end..).ok_or(Full)? })
    }

    /// As many bytes as `prefix` makes of the length of what `write` writes, and then that.
    #[inline(always)]
    pub(crate) fn prefixed<const N: usize>(
        self,
        prefix: impl FnOnce(usize) -> [u8; N],
        write: impl FnOnce(Self) -> Written<'b>,
    ) -> Written<'b> {
        let (first, content) = self.rest.split_first_chunk_mut().ok_or(Full)?;
        let room = content.len();
        let behind = write(Self::new(content))?;
        *first = prefix(room.wrapping_sub(behind.left()));
        Ok(behind)
    }
}

/// Writes a tag and a varint.
#[inline(never)]
fn put_long_varint(writer: Writer<'_>, tag: u8, mut value: u64) -> Written<'_> {
    let (next, behind) = writer.take(1 + varint_len(value))?;
    if let [first, bytes @ .., last] = next {
        *first = tag;
        for byte in bytes {
            *byte = value as u8 | 0x80;
            value >>= 7;
        }
        *last = value as u8;
    }
    Ok(behind)
}

/// Writes tag and length in front of a content that stands at `start`, and moves it up to make room.
/// Returns where it ends then, which may be behind the buffer.
#[cold]
#[inline(never)]
fn put_moved(buffer: &mut [u8], tag: u8, start: usize, length: usize) -> usize {
    let moved = 1 + varint_len(length as u64);
    let end = moved.saturating_add(length);
    // The prediction was a lower bound, so the content never moves down.
    let shift = moved.saturating_sub(start);
    if let Some(area) = buffer.get_mut(start..end)
        && let Some(kept) = area.len().checked_sub(shift)
    {
        area.copy_within(..kept, shift);
        // It fits, as the content behind it does.
        _ = put_long_varint(Writer::new(buffer), tag, length as u64);
    }
    end
}

/// The longest content that is copied without a call: most strings are no longer.
pub(crate) const SHORT: usize = 64;

/// Copies `from` to `to`, which has the same length, up to [`SHORT`]: by loads and stores that overlap.
#[inline(always)]
fn copy_short(to: &mut [u8], from: &[u8]) {
    let is_copied = if from.len() > 32 { copy_ends::<16, 2>(to, from) } else { copy_ends::<16, 1>(to, from) };
    if !(is_copied || copy_ends::<8, 1>(to, from) || copy_ends::<4, 1>(to, from) || copy_ends::<2, 1>(to, from))
        && let ([to], [from]) = (to, from)
    {
        *to = *from;
    }
}

/// Copies the first and the last `COUNT` times `N` bytes, which is all when there are at most twice as many.
///
/// Not more than 16 at once, or else a Cortex-M3 calls its `memcpy`: 400 instructions more for a VCARD.
#[inline(always)]
fn copy_ends<const N: usize, const COUNT: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let Some(behind_head) = from.len().checked_sub(N * COUNT) else { return false };
    for at in (0..COUNT).map(|index| index * N) {
        copy_at::<N>(to, from, at);
        copy_at::<N>(to, from, behind_head + at);
    }
    true
}

/// Does what [`copy_short`] does, and says whether it is ASCII, which is cheap where the bytes are in registers.
#[cfg(feature = "capi")]
#[inline(always)]
fn copy_short_ascii(to: &mut [u8], from: &[u8]) -> bool {
    match from.len() {
        32.. => copy_ends_ascii::<32>(to, from),
        16.. => copy_ends_ascii::<16>(to, from),
        8.. => copy_ends_ascii::<8>(to, from),
        4.. => copy_ends_ascii::<4>(to, from),
        2.. => copy_ends_ascii::<2>(to, from),
        1 => copy_ends_ascii::<1>(to, from),
        0 => true,
    }
}

/// Does what [`copy_ends`] does, and says whether they are ASCII.
#[cfg(feature = "capi")]
#[inline(always)]
fn copy_ends_ascii<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let (Some(head), Some(tail)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else { return false };
    // First, since what is written might be what is read, for all that the compiler knows.
    let are_ascii = utf8::are_ascii(head, tail);
    copy_ends::<N, 1>(to, from);
    are_ascii
}

#[inline(always)]
fn copy_at<const N: usize>(to: &mut [u8], from: &[u8], at: usize) {
    if let (Some(to), Some(from)) =
        (to.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<N>), from.get(at..).and_then(<[u8]>::first_chunk::<N>))
    {
        *to = *from;
    }
}
