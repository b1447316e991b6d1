use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Frame, encode};
use crate::error::{DecodeError, EncodeError};
use crate::payload::Payload;

/// A frame kept in memory of its own, to be queued or sent to another thread, and decoded there.
///
/// ```
/// use spectrum2::{Payload, frame::{Frame, OwnedFrame}};
///
/// let kept: OwnedFrame = Frame::new(b"\x08\x09").to_owned();
/// let thread = std::thread::spawn(move || kept.decode() == Ok(Payload::Ping));
/// assert!(thread.join().unwrap());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnedFrame {
    body: Box<[u8]>,
}

impl OwnedFrame {
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
    pub fn to_owned(&self) -> OwnedFrame {
        OwnedFrame { body: self.body().into() }
    }
}

impl From<Frame<'_>> for OwnedFrame {
    fn from(frame: Frame<'_>) -> Self {
        frame.to_owned()
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
    // Into nothing first: that tells the length, and refuses a message before memory is taken for it.
    let needed = match encode(payload, &mut []) {
        Err(EncodeError::BufferTooShort { needed }) => needed,
        refused => return refused,
    };
    let start = buffer.len();
    buffer.resize(start + needed, 0);
    encode(payload, &mut buffer[start..])
}
