//! The backend protocol of Spectrum 2, for C: decode and encode its messages, split frames, or run a
//! whole backend with `sp2_main`. Everything starts with `sp2_`, and follows these rules:
//!
//! - A function that can fail returns an [`sp2_result`]; 0 is [`SP2_OK`](sp2_result::SP2_OK). The
//!   last parameter, `error`, gets the details; it may be NULL. Outputs are written on success only,
//!   `error` on failure only. (A payload is decoded where it stands; it is zero when that fails.)
//! - What a function only writes to need not be initialized, and nothing that it reads may lie there: not
//!   the bytes of a payload in the buffer that it is encoded to, and no payload in the bytes that it is
//!   decoded from.
//! - NULL where a value is needed is an error, not a crash. No panic leaves the library: it would
//!   come out as [`SP2_PANIC`](sp2_result::SP2_PANIC).
//! - Strings are UTF-8, with a length, and not terminated. A message that was decoded points into
//!   the bytes that it was decoded from, and lives as long as they stay as they are.
//! - One rule says what is there: **an optional field that is all zero is absent**. A string or bytes
//!   are absent when `ptr` is NULL (so an empty string has a `ptr`); anything else is in a struct
//!   with `is_set`. A message set to zero has no optional field.
//! - A list is a cursor as well: copy it, and call its `_next` function until that says 0. To send,
//!   point `items` to an array and say its `count`; a list that was received can be sent as it is.
//! - Codec and frames keep no state, allocate nothing, and may be used from any thread. Handles say
//!   themselves which thread may use them.

#![allow(unsafe_code)]
#![allow(non_camel_case_types, reason = "the names of C")]

#[cfg(feature = "std")]
mod backend;
#[cfg(feature = "std")]
mod client;
mod enums;
mod error;
#[cfg(feature = "std")]
mod features;
mod field;
mod frame;
#[cfg(feature = "std")]
mod launch;
mod list;
mod message;
#[cfg(feature = "std")]
mod msncd;
#[cfg(feature = "std")]
mod msncd_client;
mod payload;
mod view;

#[cfg(feature = "std")]
pub use backend::*;
#[cfg(feature = "std")]
pub use client::*;
pub use enums::*;
pub use error::*;
#[cfg(feature = "std")]
pub use features::*;
pub use frame::*;
#[cfg(feature = "std")]
pub use launch::*;
pub use list::*;
pub use message::*;
#[cfg(feature = "std")]
pub use msncd::*;
#[cfg(feature = "std")]
pub use msncd_client::*;
pub use payload::*;
pub use view::*;

/// The version of this interface. It changes when a program has to be compiled again.
pub const SP2_ABI_VERSION: u32 = 1;

/// The version of the interface that the library has: compare it with `SP2_ABI_VERSION`.
#[unsafe(no_mangle)]
pub extern "C" fn sp2_abi_version() -> u32 {
    SP2_ABI_VERSION
}

/// The version of the library, such as `0.1.0`, terminated by NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sp2_version() -> *const core::ffi::c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// What a function does inside: a failure is told to `error`, by whoever finds it.
type Outcome = Result<(), sp2_result>;

/// Runs what a function does. A panic becomes a result.
#[cfg(feature = "std")]
#[inline(always)]
fn guard(error: *mut sp2_error, inside: impl FnOnce() -> Outcome) -> sp2_result {
    // What a panic leaves behind half done is in the handle, whose functions say what then holds.
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(inside)) {
        Ok(Ok(())) => sp2_result::SP2_OK,
        Ok(Err(result)) => result,
        Err(panic) => {
            // The payload of a panic may panic itself when it is dropped.
            core::mem::forget(panic);
            // SAFETY: the caller of the C function vouches for `error`.
            unsafe { fail(error, sp2_result::SP2_PANIC) }
        }
    }
}

/// Panics in a library that is built to see what comes of that; no other has it.
#[inline(always)]
fn plant(_here: bool) {
    #[cfg(spectrum2_planted)]
    assert!(!_here, "planted");
}

/// Runs what a function does. Without the standard library nothing unwinds.
#[cfg(not(feature = "std"))]
#[inline(always)]
fn guard(_: *mut sp2_error, inside: impl FnOnce() -> Outcome) -> sp2_result {
    match inside() {
        Ok(()) => sp2_result::SP2_OK,
        Err(result) => result,
    }
}

/// What a pointer of the caller points to.
///
/// # Safety
/// Unless it is NULL, it points to a value that stays as it is during `'a`.
#[inline(always)]
unsafe fn given<'a, T>(pointer: *const T, error: *mut sp2_error) -> Result<&'a T, sp2_result> {
    if pointer.is_null() {
        // SAFETY: the caller of the C function vouches for `error`.
        return Err(unsafe { fail(error, sp2_result::SP2_NULL_POINTER) });
    }
    // SAFETY: not NULL; the rest is this function's own contract.
    Ok(unsafe { &*pointer })
}

/// The place that a pointer of the caller gives for an output.
///
/// # Safety
/// Unless it is NULL, a `T` may be written there during `'a`, and nobody else looks at it.
#[inline(always)]
unsafe fn output<'a, T>(
    pointer: *mut T,
    error: *mut sp2_error,
) -> Result<&'a mut core::mem::MaybeUninit<T>, sp2_result> {
    if pointer.is_null() {
        // SAFETY: the caller of the C function vouches for `error`.
        return Err(unsafe { fail(error, sp2_result::SP2_NULL_POINTER) });
    }
    // SAFETY: not NULL; nothing is said about what stands there, which `MaybeUninit` allows.
    Ok(unsafe { &mut *pointer.cast() })
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_result() {
        let mut error = core::mem::MaybeUninit::<sp2_error>::uninit();
        let result = guard(error.as_mut_ptr(), || panic!("planted"));
        assert_eq!(result, sp2_result::SP2_PANIC);
        // SAFETY: a failure writes it.
        assert_eq!(unsafe { error.assume_init() }.code, sp2_result::SP2_PANIC as i32);
        assert_eq!(guard(core::ptr::null_mut(), || panic!("planted")), sp2_result::SP2_PANIC);
    }
}
