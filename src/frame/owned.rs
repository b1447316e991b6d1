use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::{Frame, encode, encoded_len};
use crate::error::{DecodeError, EncodeError};
use crate::payload::Payload;
use crate::wire::MAX_MESSAGE_LENGTH;

/// A frame kept in memory of its own, to be queued or sent to another thread, and decoded there.
///
/// ```
/// use spectrum2::{Payload, frame::{Frame, OwnedFrame}};
///
/// let kept: OwnedFrame = Frame::new(b"\x08\x09").into_owned();
/// let thread = std::thread::spawn(move || kept.decode() == Ok(Payload::Ping));
/// assert!(thread.join().unwrap());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OwnedFrame {
    body: Box<[u8]>,
}

impl fmt::Debug for OwnedFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_frame().fmt(f)
    }
}

impl OwnedFrame {
    /// A frame with this body.
    pub fn new(body: impl Into<Box<[u8]>>) -> Self {
        Self { body: body.into() }
    }

    /// Encodes a payload: to queue a message that is at hand as one, and not as a frame.
    ///
    /// # Errors
    /// A message longer than Protobuf allows.
    pub fn encode(payload: &Payload<'_>) -> Result<Self, EncodeError> {
        let length = payload.encoded_len();
        if length > MAX_MESSAGE_LENGTH {
            return Err(EncodeError::TooLong { length });
        }
        let mut body = alloc::vec![0; length];
        payload.encode(&mut body)?;
        Ok(Self::new(body))
    }

    /// The bytes after the header.
    pub fn into_body(self) -> Box<[u8]> {
        self.body
    }

    /// The frame, borrowed.
    pub fn as_frame(&self) -> Frame<'_> {
        Frame::new(&self.body)
    }

    /// Decodes wrapper and payload.
    ///
    /// # Errors
    /// As [`Frame::decode`].
    pub fn decode(&self) -> Result<Payload<'_>, DecodeError> {
        self.as_frame().decode()
    }
}

impl Frame<'_> {
    /// Copies the frame into memory of its own.
    pub fn into_owned(self) -> OwnedFrame {
        OwnedFrame::new(self.body())
    }
}

impl From<Frame<'_>> for OwnedFrame {
    fn from(frame: Frame<'_>) -> Self {
        frame.into_owned()
    }
}

/// Encodes a frame, header included, to the end of `buffer`, and returns its number of bytes.
///
/// # Errors
/// A message longer than Protobuf allows; `buffer` is as it was.
///
/// ```
/// use spectrum2::{Payload, frame};
///
/// let mut stream = Vec::new();
/// frame::encode_to_vec(&Payload::Ping, &mut stream)?;
/// frame::encode_to_vec(&Payload::Exit, &mut stream)?;
/// assert_eq!(stream, b"\0\0\0\x02\x08\x09\0\0\0\x02\x08\x1d");
/// # Ok::<(), spectrum2::EncodeError>(())
/// ```
pub fn encode_to_vec(payload: &Payload<'_>, buffer: &mut Vec<u8>) -> Result<usize, EncodeError> {
    let needed = encoded_len(payload);
    if needed > MAX_MESSAGE_LENGTH {
        return Err(EncodeError::TooLong { length: needed });
    }
    let start = buffer.len();
    buffer.resize(start + needed, 0);
    encode(payload, &mut buffer[start..])
}
