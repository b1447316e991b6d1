//! Lists, as C sees them.

use core::ptr;

use super::error::Fault;
use super::view::{Mirrored, memory, part};
use super::{sp2_attachment, sp2_buddy, sp2_result, sp2_str, sp2_str_equal};
use crate::list::{List, StrMap};
use crate::message::{Attachment, Buddy};
use crate::wire::{MAX_MESSAGE_LENGTH, Window, WindowParts};

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
    unsafe fn view<const CHECKED: bool>(c: &'a sp2_entry) -> Result<Self, Fault> {
        // SAFETY: this function's own contract.
        unsafe { Ok((Mirrored::view::<CHECKED>(&c.key)?, Mirrored::view::<CHECKED>(&c.value)?)) }
    }
}

impl sp2_received {
    const NONE: Self = Self { bytes: ptr::null(), length: 0, begun: 0, tag: 0, outer_tag: 0 };

    #[inline(always)]
    fn of(window: Window<'_>) -> Self {
        let WindowParts { bytes, begun, count: _, tag, outer_tag } = window.parts();
        Self { bytes: bytes.as_ptr(), length: bytes.len(), begun, tag, outer_tag }
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

/// Makes a list: `$c` has elements `$element`, which are `$item` in Rust.
macro_rules! list {
    ($c:ident, $element:ident, $item:ty) => {
        impl $c {
            pub(super) const EMPTY: Self = Self { items: ptr::null(), count: 0, received: sp2_received::NONE };

            /// Takes the first element off the list.
            ///
            /// # Safety
            /// What the list points to stays as it is during `'a`.
            #[allow(clippy::extra_unused_lifetimes, reason = "named by the types that borrow")]
            unsafe fn take_first<'a>(&mut self) -> Option<$element> {
                let left = self.count.checked_sub(1)?;
                // SAFETY: this function's own contract.
                let element = match unsafe { self.received.window(self.count) }.ok()? {
                    Some(mut window) => {
                        let element: $item = window.take_first()?;
                        self.received = sp2_received::of(window);
                        element.mirror()
                    }
                    None => {
                        // SAFETY: this function's own contract.
                        let items = unsafe { memory(self.items, self.count) }.ok()?;
                        let (first, rest) = items.split_first()?;
                        self.items = rest.as_ptr();
                        *first
                    }
                };
                self.count = left;
                Some(element)
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
            unsafe fn view<const CHECKED: bool>(c: &'a $c) -> Result<Self, Fault> {
                if c.count == 0 {
                    return Ok(List::EMPTY);
                }
                if c.count > MAX_MESSAGE_LENGTH {
                    return Err(sp2_result::SP2_MESSAGE_TOO_LONG.into());
                }
                // SAFETY: this function's own contract.
                if let Some(window) = unsafe { c.received.window(c.count) }? {
                    return Ok(List::received(window));
                }
                if !CHECKED {
                    // SAFETY: this function's own contract.
                    for item in unsafe { memory(c.items, c.count) }? {
                        // SAFETY: as above.
                        let _: $item = unsafe { Mirrored::view::<false>(item) }?;
                    }
                }
                Ok(List::foreign(c.items.expose_provenance(), c.count, |items, index| {
                    // SAFETY: the list calls it with the array and an index below the count, which were checked;
                    // they stay as they are during `'a`.
                    let item = unsafe { &*ptr::with_exposed_provenance::<$element>(items).wrapping_add(index) };
                    // SAFETY: as above.
                    unsafe { Mirrored::view::<true>(item) }.ok()
                }))
            }
        }
    };
}

list!(sp2_str_list, sp2_str, &'a str);
list!(sp2_map, sp2_entry, (&'a str, &'a str));
list!(sp2_attachment_list, sp2_attachment, Attachment<'a>);
list!(sp2_buddy_list, sp2_buddy, Buddy<'a>);

impl<'a> Mirrored<'a> for StrMap<'a> {
    type C = sp2_map;

    #[inline(always)]
    fn mirror(self) -> sp2_map {
        self.entries().mirror()
    }

    #[inline(always)]
    unsafe fn view<const CHECKED: bool>(c: &'a sp2_map) -> Result<Self, Fault> {
        // SAFETY: this function's own contract.
        let entries: List<'a, (&'a str, &'a str)> = unsafe { Mirrored::view::<CHECKED>(c) }?;
        Ok(entries.into())
    }
}

/// Takes the first element off a list, for C.
macro_rules! next {
    ($list:ident, $item:ident) => {{
        if $list.is_null() || $item.is_null() {
            return 0;
        }
        // SAFETY: not NULL; the caller vouches for the list and for what it points to.
        match unsafe { (*$list).take_first() } {
            Some(element) => {
                // SAFETY: not NULL; the caller vouches that an element may be written.
                unsafe { $item.write(element) };
                1
            }
            None => 0,
        }
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
    // SAFETY: the caller vouches for what the map points to.
    while let Some(entry) = unsafe { rest.take_first() } {
        // SAFETY: the caller vouches for what the key and the map point to.
        if unsafe { sp2_str_equal(entry.key, key) } != 0 {
            found = entry.value;
        }
    }
    found
}
