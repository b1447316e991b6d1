use core::mem::size_of;
use core::slice;
use spectrum2::{Payload, frame};

/// The message that is kept.
static mut KEPT: Payload<'static> = Payload::Ping;

#[unsafe(no_mangle)]
pub extern "C" fn codec_message_size() -> usize {
    size_of::<Payload<'static>>()
}

/// # Safety
/// The bytes stay as they are until the next call; there is one thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn codec_decode(body: *const u8, length: usize) -> bool {
    // SAFETY: this function's own contract.
    unsafe { (*(&raw mut KEPT)).decode_from(slice::from_raw_parts(body, length)).is_ok() }
}

/// # Safety
/// The buffer may be written, and lies outside of the bytes decoded; there is one thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn codec_encode(buffer: *mut u8, capacity: usize) -> usize {
    // SAFETY: this function's own contract.
    unsafe { frame::encode(&*(&raw const KEPT), slice::from_raw_parts_mut(buffer, capacity)).unwrap_or(0) }
}
