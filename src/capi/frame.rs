use core::slice;

use super::error::Incomplete;
use super::payload::{count, encode, told};
use super::view::{Mirrored, memory};
use super::{guard, output, sp2_bytes, sp2_error, sp2_payload, sp2_result};
use crate::frame::{self, Split};

/// The number of bytes of a frame's header.
pub const SP2_FRAME_HEADER_LEN: usize = 4;

/// The longest body in bytes that a reader should accept: 32 MiB.
pub const SP2_FRAME_DEFAULT_LIMIT: usize = 33554432;

const _: () = assert!(SP2_FRAME_HEADER_LEN == frame::HEADER_LEN && SP2_FRAME_DEFAULT_LIMIT == frame::DEFAULT_LIMIT);

/// Finds the first frame in `length` bytes from `bytes`, and writes its body to `body`: the frame takes
/// `SP2_FRAME_HEADER_LEN` bytes more. Copies nothing.
///
/// `SP2_INCOMPLETE`: there is only a part of a frame; `needed` in the error says how many bytes have to
/// be there before there is more to say. `SP2_FRAME_TOO_LARGE`: its body has more than `limit` bytes;
/// the stream cannot go on.
///
/// # Safety
/// `bytes` points to `length` bytes; `body` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_frame_split(
    bytes: *const u8,
    length: usize,
    limit: usize,
    body: *mut sp2_bytes,
    error: *mut sp2_error,
) -> sp2_result {
    if !bytes.is_null()
        && !body.is_null()
        && (frame::HEADER_LEN..=isize::MAX as usize).contains(&length)
        // SAFETY: not NULL, and no longer than memory can be; the rest is the caller's contract.
        && let Ok(Split::Complete(frame, _)) = frame::split(unsafe { slice::from_raw_parts(bytes, length) }, limit)
    {
        // SAFETY: not NULL; the rest is the caller's contract.
        unsafe { body.write(frame.body().mirror()) };
        return sp2_result::SP2_OK;
    }
    // SAFETY: the caller's contract is theirs.
    unsafe { not_whole(bytes, length, limit, body, error) }
}

/// Tells why there is no frame.
///
/// # Safety
/// As [`sp2_frame_split`].
#[cold]
#[inline(never)]
unsafe fn not_whole(
    bytes: *const u8,
    length: usize,
    limit: usize,
    body: *mut sp2_bytes,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: this function's own contract.
    guard(error, || unsafe {
        let received = told(memory(bytes, length), error)?;
        let body = output(body, error)?;
        match told(frame::split(received, limit), error)? {
            Split::Complete(frame, _) => body.write(frame.body().mirror()),
            Split::Partial { needed } => return told(Err(Incomplete { needed }), error),
        };
        Ok(())
    })
}

/// The number of bytes that `sp2_frame_encode` writes.
///
/// # Safety
/// `payload` is one, with all that it points to; `length` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_frame_encoded_len(
    payload: *const sp2_payload,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    unsafe { count::<true, false>(payload, length, error) }
}

/// The number of bytes that `sp2_frame_encode_unchecked` writes.
///
/// # Safety
/// As [`sp2_frame_encoded_len`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_frame_encoded_len_unchecked(
    payload: *const sp2_payload,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    unsafe { count::<true, true>(payload, length, error) }
}

/// Encodes a frame, header included, to the front of `buffer`, of `capacity` bytes, and writes its
/// number of bytes to `length`.
///
/// Nothing that `payload` points to may lie in `buffer`. When it fails, what `buffer` holds is
/// unspecified. When it is too short, `needed` in the error says what is enough.
///
/// # Safety
/// `payload` is one, with all that it points to, outside of `buffer`; `buffer`, `length` and `error`
/// may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_frame_encode(
    payload: *const sp2_payload,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    unsafe { encode::<true, false>(payload, buffer, capacity, length, error) }
}

/// Encodes a frame as `sp2_frame_encode` does, of strings that you vouch for: see
/// `sp2_encode_unchecked`.
///
/// # Safety
/// As [`sp2_frame_encode`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_frame_encode_unchecked(
    payload: *const sp2_payload,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    unsafe { encode::<true, true>(payload, buffer, capacity, length, error) }
}
