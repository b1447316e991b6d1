//! Lists, as C sees them.

use core::mem::MaybeUninit;
use core::{ptr, slice};

use super::error::Fault;
use super::field::{Field, Item, right};
#[cfg(feature = "std")]
use super::view::Viewed;
use super::view::{Mirrored, memory, part};
use super::{sp2_attachment, sp2_buddy, sp2_result, sp2_str, sp2_str_equal};
use crate::field::{Collection as _, expect_repeated};
use crate::list::{List, StrMap};
use crate::message::{Attachment, Buddy};
use crate::wire::{Cursor, IS_FIRMWARE, MAX_MESSAGE_LENGTH, Window, WindowParts, Writer, Written};

/// Where the elements of a received list stand. Only the library uses it: leave it zero in lists of
/// your own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_received {
    /// From the next element to the end of the message; NULL in a list of your own.
    pub bytes: *const u8,
    /// The number of bytes.
    pub length: usize,
    /// How many of them belong to a message of `outer_tag` that was begun.
    pub begun: u32,
    /// What elements begin with.
    pub tag: u8,
    /// What the messages begin with that the elements stand in, if they stand in several.
    pub outer_tag: u8,
}

/// A list of strings.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_str_list {
    /// Elements of your own; NULL in a received list.
    pub items: *const sp2_str,
    /// The number of elements.
    pub count: usize,
    /// For the library.
    pub received: sp2_received,
}

/// A key with its value.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_entry {
    /// The key.
    pub key: sp2_str,
    /// The value.
    pub value: sp2_str,
}

/// A map from strings to strings, in the order of the wire. Where a key stands more than once, the
/// last one counts.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_map {
    /// Entries of your own; NULL in a received map.
    pub items: *const sp2_entry,
    /// The number of entries.
    pub count: usize,
    /// For the library.
    pub received: sp2_received,
}

/// A list of attachments.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_attachment_list {
    /// Elements of your own; NULL in a received list.
    pub items: *const sp2_attachment,
    /// The number of elements.
    pub count: usize,
    /// For the library.
    pub received: sp2_received,
}

/// A list of contacts.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_buddy_list {
    /// Elements of your own; NULL in a received list.
    pub items: *const sp2_buddy,
    /// The number of elements.
    pub count: usize,
    /// For the library.
    pub received: sp2_received,
}

impl<'a> Mirrored<'a> for (&'a str, &'a str) {
    type C = sp2_entry;

    #[inline(always)]
    fn mirror(self) -> sp2_entry {
        sp2_entry { key: self.0.mirror(), value: self.1.mirror() }
    }

    #[inline(always)]
    unsafe fn takes_at_least(c: &'a sp2_entry) -> usize {
        c.key.len.wrapping_add(c.value.len).wrapping_add(6)
    }
}

impl sp2_received {
    const NONE: Self = Self { bytes: ptr::null(), length: 0, begun: 0, tag: 0, outer_tag: 0 };

    #[inline(always)]
    fn of(window: Window<'_>) -> Self {
        let WindowParts { bytes, begun, count: _, tag, outer_tag } = window.parts();
        Self { bytes: bytes.as_ptr(), length: bytes.len(), begun, tag, outer_tag }
    }

    /// Takes the first element off, where it comes as expected, and writes it to `place`.
    ///
    /// # Safety
    /// [`of`](Self::of) made it of a window of such elements, whose bytes stay as they are during `'a`; the
    /// element may be written to `place`.
    #[inline(always)]
    unsafe fn take_expected<'a, T: Item<'a>>(&mut self, place: *mut T::C) -> Option<()> {
        // An element has two bytes at least. NULL is a list of C's own, whatever else is in it.
        if self.length < 2 || self.bytes.is_null() {
            return None;
        }
        // SAFETY: this function's own contract.
        let bytes = unsafe { slice::from_raw_parts(self.bytes, self.length) };
        let Self { begun, tag, outer_tag, .. } = *self;
        let (content, behind) =
            Window::from_parts(WindowParts { bytes, begun, count: 1, tag, outer_tag }).first_expected()?;
        // SAFETY: this function's own contract.
        unsafe { T::read_to(place, content) }?;
        (self.bytes, self.length) = (behind.as_ptr(), behind.len());
        Some(())
    }

    /// Takes the first of `count` elements off, and writes it to `place`.
    ///
    /// Of C, since such functions do not unwind.
    ///
    /// # Safety
    /// As [`take_expected`](Self::take_expected).
    #[cold]
    #[inline(never)]
    unsafe extern "C" fn take_any<'a, T: Item<'a>>(&mut self, count: usize, place: *mut T::C) -> bool {
        // SAFETY: this function's own contract.
        let Ok(Some(mut window)) = (unsafe { self.window(count) }) else { return false };
        let Some(element) = window.take_first::<T>() else { return false };
        *self = Self::of(window);
        // SAFETY: as above.
        unsafe { place.write(element.mirror()) };
        true
    }

    /// The window, or `None` where the list is not a received one.
    ///
    /// # Safety
    /// [`of`](Self::of) made it of a window whose bytes stay as they are during `'a`.
    #[inline(always)]
    unsafe fn window<'a>(&self, count: usize) -> Result<Option<Window<'a>>, Fault> {
        if self.bytes.is_null() {
            return Ok(None);
        }
        // SAFETY: this function's own contract.
        let bytes = unsafe { part(self.bytes, self.length) }?;
        let Ok(count) = u32::try_from(count) else { return Err(sp2_result::SP2_MESSAGE_TOO_LONG.into()) };
        let Self { begun, tag, outer_tag, .. } = *self;
        Ok(Some(Window::from_parts(WindowParts { bytes, begun, count, tag, outer_tag })))
    }
}

/// The elements of a list.
enum Elements<'a, T: Item<'a>> {
    Own(&'a [T::C]),
    Received(Window<'a>),
}

impl<'a, T: Item<'a>> Elements<'a, T> {
    /// The elements of a list that has these parts.
    ///
    /// # Safety
    /// What the list points to stays as it is during `'a`.
    #[inline(always)]
    unsafe fn of(items: *const T::C, count: usize, received: &sp2_received) -> Result<Self, Fault> {
        if count > MAX_MESSAGE_LENGTH {
            return Err(sp2_result::SP2_MESSAGE_TOO_LONG.into());
        }
        // SAFETY: this function's own contract.
        unsafe {
            Ok(match received.window(count)? {
                Some(window) => Self::Received(window),
                None => Self::Own(memory(items, count)?),
            })
        }
    }

    #[inline(always)]
    unsafe fn at_least(self) -> usize {
        match self {
            // SAFETY: this function's own contract.
            Self::Own(items) => unsafe { T::items_at_least(items) },
            Self::Received(window) => 2 * window.len(),
        }
    }

    #[inline(always)]
    unsafe fn write<'b, const TRUSTED: bool>(self, tag: u8, writer: Writer<'b>) -> Written<'b> {
        // SAFETY: this function's own contract.
        unsafe {
            match self {
                Self::Own(items) => write_items::<T, TRUSTED>(items, tag, writer),
                Self::Received(window) => List::<T>::received(window).write(tag, writer),
            }
        }
    }
}

/// Writes elements of an array.
///
/// # Safety
/// What they point to stays as it is during `'a`.
#[inline(never)]
unsafe fn write_items<'a, 'b, T: Item<'a>, const TRUSTED: bool>(
    items: &'a [T::C],
    tag: u8,
    mut writer: Writer<'b>,
) -> Written<'b> {
    for item in items {
        // SAFETY: this function's own contract.
        writer = unsafe { T::write_from::<TRUSTED>(item, tag, writer) }?;
    }
    Ok(writer)
}

/// A list of C, whose first element can be taken off.
trait Rest<'a>: Copy + 'a {
    type Item: Item<'a>;

    /// Takes the first element off, and writes it to `place`. Says whether there was one.
    ///
    /// # Safety
    /// What the list points to stays as it is during `'a`; the element may be written to `place`.
    unsafe fn take(&mut self, place: *mut <Self::Item as Mirrored<'a>>::C) -> bool;
}

/// Writes the elements of a list one after the other, through the same place.
///
/// # Safety
/// As [`Field::write_from`].
#[inline(never)]
unsafe fn write_each<'a, 'b, L: Rest<'a>, const TRUSTED: bool>(
    list: &L,
    tag: u8,
    mut writer: Writer<'b>,
) -> Written<'b> {
    let mut rest = *list;
    let mut place = MaybeUninit::uninit();
    let place = place.as_mut_ptr();
    // SAFETY: this function's own contract; an element is written before it is read.
    while unsafe { rest.take(place) } {
        // SAFETY: as above.
        writer = unsafe { L::Item::write_from::<TRUSTED>(&*place, tag, writer) }?;
    }
    Ok(writer)
}

/// The number of bytes that the elements of a list take.
///
/// # Safety
/// As [`Field::count`].
unsafe fn count_each<'a, L: Rest<'a>>(list: &L, is_trusted: bool) -> Result<usize, Fault> {
    let mut rest = *list;
    let mut place = MaybeUninit::uninit();
    let place = place.as_mut_ptr();
    let mut sum = 0_usize;
    // SAFETY: this function's own contract; an element is written before it is read.
    while unsafe { rest.take(place) } {
        // SAFETY: as above.
        sum = sum.saturating_add(unsafe { L::Item::count(&*place, is_trusted) }?);
    }
    Ok(sum)
}

/// Makes a list: `$c` has elements `$element`, which are `$item` in Rust.
macro_rules! list {
    ($c:ident, $element:ident, $item:ty) => {
        impl $c {
            pub(super) const EMPTY: Self = Self { items: ptr::null(), count: 0, received: sp2_received::NONE };

            /// Takes the first element off a list that is not empty, and writes it to `place`.
            ///
            /// # Safety
            /// What the list points to stays as it is during `'a`; the element may be written to `place`.
            #[inline(never)]
            #[allow(clippy::extra_unused_lifetimes, reason = "named by the types that borrow")]
            unsafe fn take_first<'a>(&mut self, place: *mut $element) -> bool {
                // SAFETY: this function's own contract.
                unsafe {
                    if self.received.take_expected::<$item>(place).is_none() {
                        return self.take_any(place);
                    }
                }
                self.count = self.count.wrapping_sub(1);
                true
            }

            /// Likewise any element.
            ///
            /// # Safety
            /// As [`take_first`](Self::take_first).
            #[cold]
            #[inline(never)]
            #[allow(clippy::extra_unused_lifetimes, reason = "named by the types that borrow")]
            unsafe extern "C" fn take_any<'a>(&mut self, place: *mut $element) -> bool {
                // SAFETY: this function's own contract.
                unsafe {
                    if !self.received.bytes.is_null() {
                        if !self.received.take_any::<$item>(self.count, place) {
                            return false;
                        }
                    } else {
                        let Ok([first, rest @ ..]) = memory(self.items, self.count) else { return false };
                        self.items = rest.as_ptr();
                        place.write(*first);
                    }
                }
                self.count = self.count.wrapping_sub(1);
                true
            }
        }

        impl<'a> Mirrored<'a> for List<'a, $item> {
            type C = $c;

            #[inline(always)]
            fn mirror(self) -> $c {
                if self.is_empty() {
                    return $c::EMPTY;
                }
                $c { items: ptr::null(), count: self.len(), received: sp2_received::of(self.window()) }
            }

            #[inline(always)]
            unsafe fn takes_at_least(c: &'a $c) -> usize {
                // SAFETY: this function's own contract.
                unsafe {
                    Elements::<$item>::of(c.items, c.count, &c.received).map_or(0, |elements| elements.at_least())
                }
            }
        }

        impl<'a> Field<'a> for List<'a, $item> {
            #[inline(always)]
            unsafe fn read_to<const TRUSTED: bool>(
                place: *mut $c,
                cursor: &mut Cursor<'a, TRUSTED>,
                tag: u8,
            ) -> Option<()> {
                let mut field = Self::EMPTY;
                expect_repeated(cursor, tag, &mut field)?;
                if !field.is_empty() {
                    // SAFETY: this function's own contract.
                    unsafe { place.write(field.mirror()) };
                }
                Some(())
            }

            #[inline(always)]
            unsafe fn write_from<'b, const TRUSTED: bool>(c: &'a $c, tag: u8, writer: Writer<'b>) -> Written<'b> {
                if c.count == 0 {
                    return Ok(writer);
                }
                // SAFETY: this function's own contract.
                unsafe {
                    match right(Elements::<$item>::of(c.items, c.count, &c.received))? {
                        // Firmware has little stack. Elsewhere what was checked once is not checked again, and the code
                        // that writes an element has one user, and so no calls.
                        Elements::Received(_) if IS_FIRMWARE => write_each::<_, TRUSTED>(c, tag, writer),
                        elements => elements.write::<TRUSTED>(tag, writer),
                    }
                }
            }

            unsafe fn count(c: &'a $c, is_trusted: bool) -> Result<usize, Fault> {
                if c.count == 0 {
                    return Ok(0);
                }
                // SAFETY: this function's own contract.
                let elements = unsafe { Elements::<$item>::of(c.items, c.count, &c.received) }?;
                // Strings of a received list were checked when it was decoded.
                let is_trusted = is_trusted || matches!(elements, Elements::Received(_));
                // SAFETY: as above.
                unsafe { count_each(c, is_trusted) }
            }
        }

        impl<'a> Rest<'a> for $c {
            type Item = $item;

            #[inline(always)]
            unsafe fn take(&mut self, place: *mut $element) -> bool {
                // SAFETY: this function's own contract.
                self.count != 0 && unsafe { self.take_first(place) }
            }
        }
    };
}

list!(sp2_str_list, sp2_str, &'a str);
list!(sp2_map, sp2_entry, (&'a str, &'a str));
list!(sp2_attachment_list, sp2_attachment, Attachment<'a>);
list!(sp2_buddy_list, sp2_buddy, Buddy<'a>);

type Entries<'a> = List<'a, (&'a str, &'a str)>;

impl sp2_str_list {
    /// The strings, checked.
    ///
    /// # Safety
    /// What the list points to stays as it is for as long as it is borrowed.
    #[cfg(feature = "std")]
    pub(super) unsafe fn strings(&self) -> Result<Vec<&str>, Fault> {
        // SAFETY: this function's own contract.
        match unsafe { Elements::<&str>::of(self.items, self.count, &self.received) }? {
            // SAFETY: as above.
            Elements::Own(items) => items.iter().map(|item| unsafe { Viewed::view(item) }).collect(),
            Elements::Received(window) => Ok(List::received(window).iter().collect()),
        }
    }
}

impl<'a> Mirrored<'a> for StrMap<'a> {
    type C = sp2_map;

    #[inline(always)]
    fn mirror(self) -> sp2_map {
        self.entries().mirror()
    }

    #[inline(always)]
    unsafe fn takes_at_least(c: &'a sp2_map) -> usize {
        // SAFETY: this function's own contract.
        unsafe { Entries::takes_at_least(c) }
    }
}

impl<'a> Field<'a> for StrMap<'a> {
    #[inline(always)]
    unsafe fn read_to<const TRUSTED: bool>(
        place: *mut sp2_map,
        cursor: &mut Cursor<'a, TRUSTED>,
        tag: u8,
    ) -> Option<()> {
        // SAFETY: this function's own contract.
        unsafe { Entries::read_to(place, cursor, tag) }
    }

    #[inline(always)]
    unsafe fn write_from<'b, const TRUSTED: bool>(c: &'a sp2_map, tag: u8, writer: Writer<'b>) -> Written<'b> {
        // SAFETY: this function's own contract.
        unsafe { Entries::write_from::<TRUSTED>(c, tag, writer) }
    }

    unsafe fn count(c: &'a sp2_map, is_trusted: bool) -> Result<usize, Fault> {
        // SAFETY: this function's own contract.
        unsafe { Entries::count(c, is_trusted) }
    }
}

/// Takes the first element off a list, for C.
macro_rules! next {
    ($list:ident, $item:ident) => {{
        if $list.is_null() || $item.is_null() {
            return 0;
        }
        // SAFETY: not NULL; the caller vouches for the list and for what it points to, and that an element may be
        // written.
        unsafe { (*$list).take($item).into() }
    }};
}

/// Takes the first string off `list` and writes it to `item`. Returns 1, or 0 at the end of the list,
/// and when a pointer is NULL.
///
/// # Safety
/// What the list points to is still there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_str_list_next(list: *mut sp2_str_list, item: *mut sp2_str) -> i32 {
    next!(list, item)
}

/// Takes the first entry off `map` and writes it to `item`. Returns 1, or 0 at the end of the map, and
/// when a pointer is NULL.
///
/// # Safety
/// What the map points to is still there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_map_next(map: *mut sp2_map, item: *mut sp2_entry) -> i32 {
    next!(map, item)
}

/// Takes the first attachment off `list` and writes it to `item`. Returns 1, or 0 at the end of the
/// list, and when a pointer is NULL.
///
/// # Safety
/// What the list points to is still there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_attachment_list_next(list: *mut sp2_attachment_list, item: *mut sp2_attachment) -> i32 {
    next!(list, item)
}

/// Takes the first contact off `list` and writes it to `item`. Returns 1, or 0 at the end of the list,
/// and when a pointer is NULL.
///
/// # Safety
/// What the list points to is still there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_buddy_list_next(list: *mut sp2_buddy_list, item: *mut sp2_buddy) -> i32 {
    next!(list, item)
}

/// The value of `key` in a map; absent when the map has no such key, and when `map` is NULL.
///
/// # Safety
/// What the map and the key point to is still there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_map_get(map: *const sp2_map, key: sp2_str) -> sp2_str {
    let mut found = sp2_str::of(None);
    if map.is_null() {
        return found;
    }
    // SAFETY: not NULL; the caller vouches for it.
    let mut rest = unsafe { *map };
    let mut entry = MaybeUninit::uninit();
    // SAFETY: the caller vouches for what the map points to.
    while unsafe { sp2_map_next(&mut rest, entry.as_mut_ptr()) } != 0 {
        // SAFETY: just written.
        let entry = unsafe { entry.assume_init() };
        // SAFETY: the caller vouches for what the key and the map point to.
        if unsafe { sp2_str_equal(entry.key, key) } != 0 {
            found = entry.value;
        }
    }
    found
}
