//! Frames: a length of four bytes in network byte order, then a wrapper message of that length.
//!
//! [`split`] and [`encode`] work on plain slices. `FrameReader` and `FrameWriter` (feature `std`) do
//! the same on `std::io`; `FrameBuffer` (feature `heapless`) does it in a fixed amount of memory.

use core::fmt;

use byteorder::{BigEndian, ByteOrder};

use crate::error::{DecodeError, EncodeError, FrameError};
use crate::message::{HiddenBytes, encode_into};
use crate::payload::{Payload, Wrapper};
use crate::wire::{Writer, Written};
#[cfg(feature = "std")]
use crate::{
    enums::Type,
    message::Message,
    payload::{message_len, write_message},
};

#[cfg(feature = "heapless")]
mod fixed;
#[cfg(feature = "alloc")]
mod owned;
#[cfg(feature = "std")]
mod reader;
#[cfg(feature = "std")]
mod writer;

#[cfg(feature = "heapless")]
pub use fixed::FrameBuffer;
#[cfg(feature = "alloc")]
pub use owned::{OwnedFrame, encode_to_vec};
#[cfg(feature = "std")]
pub use reader::FrameReader;
#[cfg(feature = "std")]
pub use writer::FrameWriter;

/// The number of bytes of a frame's header.
pub const HEADER_LEN: usize = 4;

/// The longest body in bytes that readers accept unless told otherwise: 32 MiB. The main process
/// has no limit of its own; messages of 20 MB are known to pass.
pub const DEFAULT_LIMIT: usize = 32 << 20;

/// A frame without its header, borrowed from the buffer that it was received in.
///
/// `Debug` shows type and length alone: the body may hold a password.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frame<'a> {
    body: &'a [u8],
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("type_number", &self.wrapper().map(|wrapper| wrapper.type_number))
            .field("body", &HiddenBytes(self.body.len()))
            .finish()
    }
}

impl<'a> Frame<'a> {
    /// A frame with this body.
    pub const fn new(body: &'a [u8]) -> Self {
        Self { body }
    }

    /// The bytes after the header.
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Decodes wrapper and payload.
    ///
    /// # Errors
    /// A malformed message, which costs this frame alone; offsets count from the start of the body.
    #[inline]
    pub fn decode(&self) -> Result<Payload<'a>, DecodeError> {
        Payload::decode(self.body)
    }

    /// Decodes the wrapper alone.
    ///
    /// # Errors
    /// Malformed framing, or no type.
    #[inline]
    pub fn wrapper(&self) -> Result<Wrapper<'a>, DecodeError> {
        Wrapper::decode(self.body)
    }
}

/// What the front of a stream holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Split<'a> {
    /// A frame, and what stands behind it.
    Complete(Frame<'a>, &'a [u8]),
    /// A part of a frame.
    Partial {
        /// The number of bytes that the front must hold, all in all, before there is more to say:
        /// a header, or a whole frame.
        needed: usize,
    },
}

impl fmt::Debug for Split<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete(frame, rest) => {
                f.debug_tuple("Complete").field(frame).field(&HiddenBytes(rest.len())).finish()
            }
            Self::Partial { needed } => f.debug_struct("Partial").field("needed", needed).finish(),
        }
    }
}

/// Splits the first frame off `bytes`. Copies nothing.
///
/// # Errors
/// A frame with a body over `limit` bytes: the stream cannot go on.
///
/// ```
/// use spectrum2::frame::{DEFAULT_LIMIT, Split, split};
/// use spectrum2::Payload;
///
/// let received = b"\0\0\0\x02\x08\x09\0\0";
/// let Split::Complete(frame, rest) = split(received, DEFAULT_LIMIT)? else { panic!() };
/// assert_eq!(frame.decode(), Ok(Payload::Ping));
/// assert_eq!(split(rest, DEFAULT_LIMIT)?, Split::Partial { needed: 4 });
/// # Ok::<(), spectrum2::FrameError>(())
/// ```
#[inline]
pub fn split(bytes: &[u8], limit: usize) -> Result<Split<'_>, FrameError> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_LEN>() else {
        return Ok(Split::Partial { needed: HEADER_LEN });
    };
    let length = BigEndian::read_u32(header) as usize;
    if length > limit {
        return Err(FrameError::TooLarge { length, limit });
    }
    match rest.split_at_checked(length) {
        Some((body, rest)) => Ok(Split::Complete(Frame { body }, rest)),
        None => Ok(Split::Partial { needed: HEADER_LEN.saturating_add(length) }),
    }
}

/// Encodes a frame, header included, to the front of `buffer`, and returns its number of bytes.
///
/// # Errors
/// A `buffer` too short, with the length needed.
///
/// ```
/// use spectrum2::{Payload, frame};
///
/// let mut buffer = [0; 16];
/// let length = frame::encode(&Payload::Pong, &mut buffer)?;
/// assert_eq!(buffer[..length], *b"\0\0\0\x02\x08\x0a");
/// # Ok::<(), spectrum2::EncodeError>(())
/// ```
#[inline]
pub fn encode(payload: &Payload<'_>, buffer: &mut [u8]) -> Result<usize, EncodeError> {
    encode_into(buffer, |writer| write_frame(writer, |writer| payload.write(writer)), || encoded_len(payload))
}

/// Encodes a frame with a payload that is encoded already: one that was received, and goes on as it is, or
/// what the function `encode` of a message wrote.
///
/// A program that sends few types links the code of their messages alone, where [`encode`] brings all.
///
/// # Errors
/// A `buffer` too short, with the length needed.
///
/// ```
/// use spectrum2::{Connected, Type, Wrapper, frame};
///
/// let mut payload = [0; 64];
/// let length = Connected { user: "alice" }.encode(&mut payload)?;
/// let wrapper = Wrapper { type_number: Type::Connected.number(), payload: Some(&payload[..length]) };
/// let mut buffer = [0; 64];
/// let length = frame::encode_wrapper(&wrapper, &mut buffer)?;
/// assert_eq!(buffer[..length], *b"\0\0\0\x0b\x08\x01\x12\x07\x0a\x05alice");
/// # Ok::<(), spectrum2::EncodeError>(())
/// ```
pub fn encode_wrapper(wrapper: &Wrapper<'_>, buffer: &mut [u8]) -> Result<usize, EncodeError> {
    encode_into(
        buffer,
        |writer| write_frame(writer, |writer| wrapper.write(writer)),
        || HEADER_LEN.saturating_add(wrapper.encoded_len()),
    )
}

/// Encodes a frame with this body.
#[cfg(feature = "std")]
fn encode_body(body: &[u8], buffer: &mut [u8]) -> Result<usize, EncodeError> {
    encode_into(buffer, |writer| write_frame(writer, |writer| writer.raw(body)), || HEADER_LEN + body.len())
}

/// Encodes a frame with a message that need not be moved into a [`Payload`] for it.
#[cfg(feature = "std")]
#[inline]
fn encode_message<'a>(of: Type, message: &impl Message<'a>, buffer: &mut [u8]) -> Result<usize, EncodeError> {
    encode_into(
        buffer,
        |writer| write_frame(writer, |writer| write_message(message, writer, of)),
        || HEADER_LEN.saturating_add(message_len(message)),
    )
}

/// The number of bytes that [`encode`] writes.
pub fn encoded_len(payload: &Payload<'_>) -> usize {
    HEADER_LEN.saturating_add(payload.encoded_len())
}

/// Writes a header, and the body that `write_body` writes.
#[inline(always)]
pub(crate) fn write_frame<'b>(writer: Writer<'b>, write_body: impl FnOnce(Writer<'b>) -> Written<'b>) -> Written<'b> {
    let header = |length| {
        let mut header = [0; HEADER_LEN];
        BigEndian::write_u32(&mut header, length as u32);
        header
    };
    writer.prefixed(header, write_body)
}
