//! Calls the C ABI as a C program does.

use std::mem::MaybeUninit;

use spectrum2::capi::{sp2_error, sp2_result, sp2_str};

/// What a function writes to its output, or the error that it tells.
#[allow(clippy::result_large_err, reason = "the structure of C")]
pub fn call<T>(function: impl FnOnce(*mut T, *mut sp2_error) -> sp2_result) -> Result<T, sp2_error> {
    let mut output = MaybeUninit::uninit();
    let mut error = MaybeUninit::<sp2_error>::uninit();
    match function(output.as_mut_ptr(), error.as_mut_ptr()) {
        // SAFETY: written on success.
        sp2_result::SP2_OK => Ok(unsafe { output.assume_init() }),
        result => {
            // SAFETY: written on failure.
            let error = unsafe { error.assume_init() };
            assert_eq!(error.code, result as i32);
            // A refusal has the daemon's own words.
            assert!(error.text.contains(&0) && (error.text[0] != 0 || result == sp2_result::SP2_REFUSED));
            Err(error)
        }
    }
}

/// What the library gave.
#[allow(clippy::not_unsafe_ptr_arg_deref, reason = "targets ask for nothing else")]
pub fn bytes<'a>(pointer: *const u8, length: usize) -> &'a [u8] {
    // SAFETY: given by the library for as long as the input is there.
    if pointer.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(pointer, length) } }
}

pub fn text<'a>(text: sp2_str) -> &'a str {
    std::str::from_utf8(bytes(text.ptr.cast(), text.len)).expect("UTF-8")
}
