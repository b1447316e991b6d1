//! Strings, bytes and optional values, as C sees them.

use core::ffi::c_char;
use core::mem::size_of;
use core::{ptr, slice};

use super::error::Fault;
use super::{sp2_map, sp2_result, sp2_user_settings};
use crate::enums::{ConnectionError, ParticipantFlags, StatusType};
use crate::field::rare;
use crate::message::UserSettings;
use crate::wire::{MAX_MESSAGE_LENGTH, utf8};

/// A string: UTF-8, not terminated. Absent when `ptr` is NULL.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_str {
    /// The first byte.
    pub ptr: *const c_char,
    /// The number of bytes.
    pub len: usize,
}

/// Any bytes. Absent when `ptr` is NULL.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_bytes {
    /// The first byte.
    pub ptr: *const u8,
    /// The number of bytes.
    pub len: usize,
}

/// A truth value: 0 is false, everything else is true.
pub type sp2_bool = u8;

/// A truth value that may be absent.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_opt_bool {
    /// Whether there is a value.
    pub is_set: sp2_bool,
    /// The value, 0 when it is absent.
    pub value: sp2_bool,
}

/// A number, or the value of an enum, that may be absent.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_opt_int32 {
    /// Whether there is a value.
    pub is_set: sp2_bool,
    /// The value, 0 when it is absent.
    pub value: i32,
}

/// Settings that may be absent.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_opt_user_settings {
    /// Whether there is a value.
    pub is_set: sp2_bool,
    /// The value, empty when it is absent.
    pub value: sp2_user_settings,
}

impl sp2_str {
    pub(super) fn of(text: Option<&str>) -> Self {
        text.map_or(Self { ptr: ptr::null(), len: 0 }, |text| Self { ptr: text.as_ptr().cast(), len: text.len() })
    }
}

/// A value of a Rust message, and the same in C.
pub(super) trait Mirrored<'a>: Copy + 'a {
    type C: Copy + 'a;

    /// The value, for C.
    fn mirror(self) -> Self::C;

    /// A number of bytes that the value takes on the wire at least, unless it is wrong; found without much work.
    ///
    /// # Safety
    /// The bytes and elements that `c` points to stay as they are during `'a`.
    #[inline(always)]
    unsafe fn takes_at_least(_: &'a Self::C) -> usize {
        0
    }
}

/// A single value that C has.
pub(super) trait Viewed<'a>: Mirrored<'a> {
    /// The value; an error where it is wrong.
    ///
    /// # Safety
    /// The bytes that `c` points to stay as they are during `'a`.
    unsafe fn view(c: &'a Self::C) -> Result<Self, Fault>;
}

/// The memory that a pointer and a count describe. NULL is fine for nothing.
///
/// # Safety
/// Unless it is NULL, `pointer` points to `count` values that stay as they are during `'a`.
#[inline(always)]
pub(super) unsafe fn memory<'a, T>(pointer: *const T, count: usize) -> Result<&'a [T], Fault> {
    if count == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(sp2_result::SP2_NULL_POINTER.into());
    }
    if count > isize::MAX as usize / size_of::<T>() || !pointer.is_aligned() {
        return Err(sp2_result::SP2_INVALID_ARGUMENT.into());
    }
    // SAFETY: neither NULL nor misaligned, and no longer than memory can be; the rest is this
    // function's own contract.
    Ok(unsafe { slice::from_raw_parts(pointer, count) })
}

/// A part of a message: what is longer than a message can be is refused before it is looked at.
///
/// # Safety
/// As [`memory`].
#[inline(always)]
pub(super) unsafe fn part<'a>(pointer: *const u8, length: usize) -> Result<&'a [u8], Fault> {
    if length > MAX_MESSAGE_LENGTH {
        return Err(sp2_result::SP2_MESSAGE_TOO_LONG.into());
    }
    if pointer.is_null() {
        return if length == 0 { Ok(&[]) } else { Err(sp2_result::SP2_NULL_POINTER.into()) };
    }
    // SAFETY: not NULL, and no longer than memory can be; the rest is this function's own contract.
    Ok(unsafe { slice::from_raw_parts(pointer, length) })
}

impl<'a> Mirrored<'a> for &'a str {
    type C = sp2_str;

    #[inline(always)]
    fn mirror(self) -> sp2_str {
        sp2_str { ptr: self.as_ptr().cast(), len: self.len() }
    }

    #[inline(always)]
    unsafe fn takes_at_least(c: &'a sp2_str) -> usize {
        c.len.wrapping_add(2)
    }
}

impl<'a> Viewed<'a> for &'a str {
    unsafe fn view(c: &'a sp2_str) -> Result<Self, Fault> {
        // SAFETY: this function's own contract; what is checked is UTF-8.
        unsafe { checked(c, false).map(|bytes| core::str::from_utf8_unchecked(bytes)) }
    }
}

/// The bytes of a string, which are UTF-8 unless `is_trusted` says that nobody has to look.
///
/// # Safety
/// They stay as they are during `'a`.
pub(super) unsafe fn checked<'a>(c: &sp2_str, is_trusted: bool) -> Result<&'a [u8], Fault> {
    // SAFETY: this function's own contract.
    let bytes = unsafe { part(c.ptr.cast(), c.len) }?;
    if is_trusted || utf8::is_valid(bytes) { Ok(bytes) } else { Err(sp2_result::SP2_INVALID_UTF8.into()) }
}

impl<'a> Mirrored<'a> for &'a [u8] {
    type C = sp2_bytes;

    #[inline(always)]
    fn mirror(self) -> sp2_bytes {
        sp2_bytes { ptr: self.as_ptr(), len: self.len() }
    }

    #[inline(always)]
    unsafe fn takes_at_least(c: &'a sp2_bytes) -> usize {
        c.len.wrapping_add(2)
    }
}

impl<'a> Viewed<'a> for &'a [u8] {
    #[inline(always)]
    unsafe fn view(c: &'a sp2_bytes) -> Result<Self, Fault> {
        // SAFETY: this function's own contract.
        unsafe { part(c.ptr, c.len) }
    }
}

impl<'a> Mirrored<'a> for i32 {
    type C = i32;

    #[inline(always)]
    fn mirror(self) -> i32 {
        self
    }
}

impl<'a> Viewed<'a> for i32 {
    #[inline(always)]
    unsafe fn view(c: &'a i32) -> Result<Self, Fault> {
        Ok(*c)
    }
}

impl<'a> Mirrored<'a> for StatusType {
    type C = i32;

    #[inline(always)]
    fn mirror(self) -> i32 {
        self.number()
    }
}

impl<'a> Viewed<'a> for StatusType {
    #[inline(always)]
    unsafe fn view(c: &'a i32) -> Result<Self, Fault> {
        Self::from_number(*c).ok_or_else(|| sp2_result::SP2_INVALID_ARGUMENT.into())
    }
}

/// Mirrors a number with named values.
macro_rules! named_number {
    ($type:ident) => {
        impl<'a> Mirrored<'a> for $type {
            type C = i32;

            #[inline(always)]
            fn mirror(self) -> i32 {
                self.0
            }
        }

        impl<'a> Viewed<'a> for $type {
            #[inline(always)]
            unsafe fn view(c: &'a i32) -> Result<Self, Fault> {
                Ok(Self(*c))
            }
        }
    };
}

named_number!(ConnectionError);
named_number!(ParticipantFlags);

/// A value that may be absent, as C sees that.
pub(super) trait Optional<'a>: Mirrored<'a> {
    /// The value, or nothing.
    type Maybe: Copy + 'a;

    const ABSENT: Self::Maybe;

    fn present(c: Self::C) -> Self::Maybe;

    /// Whether there is no value, unless it is wrong.
    fn is_absent(maybe: &Self::Maybe) -> bool;

    /// The value, when it is there.
    fn get(maybe: &Self::Maybe) -> Option<&Self::C>;
}

impl<'a, T: Optional<'a>> Mirrored<'a> for Option<T> {
    type C = T::Maybe;

    #[inline(always)]
    fn mirror(self) -> T::Maybe {
        self.map_or(T::ABSENT, |value| T::present(value.mirror()))
    }

    #[inline(always)]
    unsafe fn takes_at_least(c: &'a T::Maybe) -> usize {
        if T::is_absent(c) {
            return 0;
        }
        rare();
        // SAFETY: this function's own contract.
        T::get(c).map_or(0, |c| unsafe { T::takes_at_least(c) })
    }
}

/// An optional string or bytes: NULL is absent.
macro_rules! optional_pointer {
    ($value:ty, $c:ident) => {
        impl<'a> Optional<'a> for $value {
            type Maybe = $c;

            const ABSENT: $c = $c { ptr: ptr::null(), len: 0 };

            #[inline(always)]
            fn present(c: $c) -> $c {
                c
            }

            #[inline(always)]
            fn is_absent(maybe: &$c) -> bool {
                maybe.ptr.is_null()
            }

            #[inline(always)]
            fn get(maybe: &$c) -> Option<&$c> {
                // With a length, it is wrong.
                if maybe.ptr.is_null() && maybe.len == 0 { None } else { Some(maybe) }
            }
        }
    };
}

optional_pointer!(&'a str, sp2_str);
optional_pointer!(&'a [u8], sp2_bytes);

/// An optional value with a flag.
macro_rules! optional_value {
    ($value:ty, $c:ident, $absent:expr) => {
        impl<'a> Optional<'a> for $value {
            type Maybe = $c;

            const ABSENT: $c = $c { is_set: 0, value: $absent };

            #[inline(always)]
            fn present(value: Self::C) -> $c {
                $c { is_set: 1, value }
            }

            #[inline(always)]
            fn is_absent(maybe: &$c) -> bool {
                maybe.is_set == 0
            }

            #[inline(always)]
            fn get(maybe: &$c) -> Option<&Self::C> {
                if maybe.is_set == 0 { None } else { Some(&maybe.value) }
            }
        }
    };
}

optional_value!(i32, sp2_opt_int32, 0);
optional_value!(bool, sp2_opt_bool, 0);
optional_value!(StatusType, sp2_opt_int32, 0);
optional_value!(UserSettings<'a>, sp2_opt_user_settings, sp2_user_settings { value: sp2_map::EMPTY });

impl<'a> Mirrored<'a> for bool {
    type C = sp2_bool;

    #[inline(always)]
    fn mirror(self) -> sp2_bool {
        self.into()
    }
}

impl<'a> Viewed<'a> for bool {
    #[inline(always)]
    unsafe fn view(c: &'a sp2_bool) -> Result<Self, Fault> {
        Ok(*c != 0)
    }
}

/// A string of C, up to its NUL, which is not copied. NULL is an absent string.
///
/// # Safety
/// `text` is NULL or is terminated by NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_str_of(text: *const c_char) -> sp2_str {
    let mut len = 0usize;
    // SAFETY: NUL is not reached yet, so there is one more byte.
    while !text.is_null() && unsafe { *text.wrapping_add(len) } != 0 {
        len = len.wrapping_add(1);
    }
    sp2_str { ptr: text, len }
}

/// Whether two strings have the same bytes: 1 or 0. An absent string equals an empty one.
///
/// # Safety
/// What they point to is there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_str_equal(one: sp2_str, other: sp2_str) -> i32 {
    // SAFETY: the caller vouches for both.
    match unsafe { (memory(one.ptr.cast::<u8>(), one.len), memory(other.ptr.cast::<u8>(), other.len)) } {
        (Ok(one), Ok(other)) => i32::from(one == other),
        _ => 0,
    }
}
