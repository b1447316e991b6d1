//! What can go wrong: small `Copy` values that say what was wrong, in which field, at which offset.

use core::fmt;

/// Which field an error is about.
///
/// An index into [`MESSAGES`](crate::descriptor::MESSAGES) and a field number. The names are looked
/// up only when the error is shown, so that errors stay small and firmware that never shows one
/// does not carry them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FieldId {
    pub(crate) message: u8,
    /// 0 means the message as a whole: its framing, not one of its fields.
    pub(crate) number: u8,
}

/// What made a message malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A value, or a group, runs past the end of the message that holds it.
    Truncated,
    /// A varint is longer than its kind allows: 10 bytes for a value, 5 for a tag or a length.
    VarintTooLong,
    /// A tag with field number 0, or with wire type 6 or 7.
    InvalidTag,
    /// The end of a group that is not open.
    UnmatchedGroupEnd,
    /// Groups and messages nested more than 100 deep.
    NestedTooDeep,
    /// A string field is not UTF-8.
    InvalidUtf8,
    /// A required field is missing, or holds an enum value that the schema does not know.
    MissingField,
}

impl DecodeErrorKind {
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Truncated => "runs past the end of its message",
            Self::VarintTooLong => "has a varint that is too long",
            Self::InvalidTag => "has an invalid tag",
            Self::UnmatchedGroupEnd => "has the end of a group that is not open",
            Self::NestedTooDeep => "is nested too deep",
            Self::InvalidUtf8 => "is not UTF-8",
            Self::MissingField => "is missing",
        }
    }
}

/// A malformed message: it costs this message alone, the stream goes on with the next frame.
///
/// ```
/// use spectrum2::Payload;
///
/// let error = Payload::decode(b"\x08\x01\x12\x04\x0a\x02\xff\xfe").unwrap_err();
/// assert_eq!(error.message(), "Connected");
/// assert_eq!(error.field(), Some("user"));
/// assert_eq!(error.offset(), 6);
/// assert_eq!(error.to_string(), "Connected.user is not UTF-8, at byte 6");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)] // The kind comes first: whether a `Result` is `Ok` then shows in its lowest byte.
pub struct DecodeError {
    pub(crate) kind: DecodeErrorKind,
    pub(crate) field: FieldId,
    /// While decoding: the low 32 bits of the byte's address, so that nested cursors need not know
    /// where the outermost one began. [`DecodeError::relative_to`] makes it an offset. A frame is
    /// shorter than 4 GiB; and with 8 bytes for the whole error, a `Result` of it is one register.
    offset: u32,
}

impl DecodeError {
    /// What was wrong.
    pub fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// The offset of the byte where decoding stopped, counted from the start of the slice that was
    /// decoded; for a frame, that is the first byte after its header.
    pub fn offset(&self) -> usize {
        self.offset as usize
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn new(kind: DecodeErrorKind, field: FieldId, at: &[u8]) -> Self {
        Self { kind, field, offset: address(at) }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn relative_to(self, start: &[u8]) -> Self {
        Self { offset: self.offset.wrapping_sub(address(start)), ..self }
    }
}

/// The low 32 bits of an address.
fn address(at: &[u8]) -> u32 {
    at.as_ptr() as usize as u32
}

impl core::error::Error for DecodeError {}

/// A message that cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodeError {
    /// The buffer is too short. What it holds now is unspecified.
    BufferTooShort {
        /// The length in bytes that would have been enough.
        needed: usize,
    },
    /// The message would be longer than 2 GiB - 1, the longest that Protobuf allows.
    TooLong {
        /// The length in bytes that the message would have.
        length: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooShort { needed } => write!(f, "the buffer is too short, {needed} bytes are needed"),
            Self::TooLong { length } => write!(f, "a message of {length} bytes is longer than Protobuf allows"),
        }
    }
}

impl core::error::Error for EncodeError {}

/// A frame header that ends the stream: what follows it cannot be found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameError {
    /// A frame announces more bytes than the limit of its reader.
    TooLarge {
        /// The length in bytes that the header announces.
        length: usize,
        /// The longest frame in bytes that the reader accepts.
        limit: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { length, limit } => {
                write!(f, "a frame of {length} bytes is over the limit of {limit} bytes")
            }
        }
    }
}

impl core::error::Error for FrameError {}

/// Encoding and framing errors travel through `std::io` as `InvalidInput` and `InvalidData`.
#[cfg(feature = "std")]
mod io {
    use std::io::{Error, ErrorKind};

    impl From<super::EncodeError> for Error {
        fn from(error: super::EncodeError) -> Self {
            Self::new(ErrorKind::InvalidInput, error)
        }
    }

    impl From<super::FrameError> for Error {
        fn from(error: super::FrameError) -> Self {
            Self::new(ErrorKind::InvalidData, error)
        }
    }

    impl From<super::DecodeError> for Error {
        fn from(error: super::DecodeError) -> Self {
            Self::new(ErrorKind::InvalidData, error)
        }
    }
}
