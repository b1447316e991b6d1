//! The Protobuf wire format: the only code that looks at single bytes, and the only `unsafe` of the codec.
//!
//! A [`Cursor`] reads, a [`Writer`] writes, a [`Window`] remembers where the elements of a repeated
//! field stand, so that they can be read again. The rules of what is malformed are the ones of
//! Google's C++ library; they live in the `#[cold]` functions, off the path of ordinary messages.

mod cursor;
mod groups;
pub(crate) mod utf8;
mod window;
mod writer;

use crate::error::DecodeErrorKind;

pub(crate) use cursor::Cursor;
#[cfg(feature = "capi")]
pub(crate) use window::WindowParts;
pub(crate) use window::{Element, Elements, Window};
#[cfg(feature = "capi")]
pub(crate) use writer::{Full, SHORT};
pub(crate) use writer::{Writer, Written, delimited_len, varint_len};

/// Messages, map entries and groups may nest this deep, as in Google's libraries.
pub(crate) const MAX_DEPTH: u8 = 100;

/// The longest message that Protobuf allows: 2 GiB - 1.
pub(crate) const MAX_MESSAGE_LENGTH: usize = i32::MAX as usize;

/// Whether this is built for firmware, or for size as firmware is: what takes little stack and flash goes first.
///
/// Attributes cannot name it, and say the same: see `list.rs`.
pub(crate) const IS_FIRMWARE: bool = cfg!(any(spectrum2_small, target_os = "none"));

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

/// What is read by all rules, or what is wrong with it.
pub(crate) type Result<T> = core::result::Result<T, DecodeErrorKind>;

/// The bytes as a string, if they are one. `TRUSTED` says that they are known to be: see [`Cursor`].
#[inline(always)]
#[allow(unsafe_code)]
fn text<const TRUSTED: bool>(bytes: &[u8]) -> Option<&str> {
    // SAFETY: valid UTF-8, either as just seen, or as seen when these bytes were decoded the
    // first time: see `Window`.
    (TRUSTED || utf8::is_valid(bytes)).then(|| unsafe { core::str::from_utf8_unchecked(bytes) })
}

/// Whether the bytes are UTF-8, by a processor that has AVX2; `None` of others.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[inline(always)]
#[allow(unsafe_code)]
fn is_valid_by_avx2(bytes: &[u8]) -> Option<bool> {
    // SAFETY: the processor has AVX2.
    std::is_x86_feature_detected!("avx2").then(|| unsafe { utf8::is_valid_with_avx2(bytes) })
}
