use std::fmt;
use std::io::{self, ErrorKind, Write};

use super::{Frame, encode, encode_body, encode_message};
use crate::enums::Type;
use crate::error::EncodeError;
use crate::message::{HiddenBytes, Message};
use crate::payload::Payload;

/// The size that the buffer starts with, and goes back to after large frames.
const BUFFER_SIZE: usize = 16 << 10;

/// The largest buffer that is kept: where there was a batch of that size, there will be more.
const LARGEST_KEPT: usize = 512 << 10;

/// Collects frames, and writes them to a stream in one piece when flushed.
///
/// ```
/// use spectrum2::{Connected, Payload, frame::FrameWriter};
///
/// let mut writer = FrameWriter::new(Vec::new());
/// writer.write(&Payload::Pong)?;
/// writer.write(&Payload::Connected(Connected { user: "alice" }))?;
/// writer.flush()?;
/// assert_eq!(writer.get_ref().len(), 6 + 15);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct FrameWriter<W> {
    stream: W,
    /// Bytes from `start` to `end` wait to be written; those behind are scratch.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

/// The bytes are not shown: they may hold a password.
impl<W: fmt::Debug> fmt::Debug for FrameWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameWriter")
            .field("stream", &self.stream)
            .field("buffered", &HiddenBytes(self.buffered().len()))
            .finish()
    }
}

impl<W> FrameWriter<W> {
    /// Writes to `stream`.
    pub fn new(stream: W) -> Self {
        Self { stream, buffer: Vec::new(), start: 0, end: 0 }
    }

    /// The stream.
    pub fn get_ref(&self) -> &W {
        &self.stream
    }

    /// The stream, for its settings.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.stream
    }

    /// The stream. Bytes that are [buffered](Self::buffered) are lost.
    pub fn into_inner(self) -> W {
        self.stream
    }

    /// The bytes that wait to be written.
    pub fn buffered(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Adds a frame. Nothing is written before [`flush`](Self::flush).
    ///
    /// # Errors
    /// `InvalidInput`, around an [`EncodeError`]: a message longer than Protobuf allows. Nothing is added.
    #[inline]
    pub fn write(&mut self, payload: &Payload<'_>) -> io::Result<()> {
        self.add(|buffer| encode(payload, buffer))
    }

    /// Adds a frame that is encoded already, such as one that was received: nothing of it is lost,
    /// known to the schema or not.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_frame(&mut self, frame: Frame<'_>) -> io::Result<()> {
        self.add(|buffer| encode_body(frame.body(), buffer))
    }

    /// Adds a frame, as [`write`](Self::write) does, with a message that need not be moved into a
    /// [`Payload`] for it.
    #[inline]
    pub(crate) fn write_message<'a>(&mut self, of: Type, message: &impl Message<'a>) -> io::Result<()> {
        self.add(|buffer| encode_message(of, message, buffer))
    }

    /// Adds a frame that `encode` encodes.
    #[inline(always)]
    pub(crate) fn add(&mut self, encode: impl Fn(&mut [u8]) -> Result<usize, EncodeError>) -> io::Result<()> {
        loop {
            match encode(&mut self.buffer[self.end..]) {
                Ok(length) => {
                    self.end += length;
                    return Ok(());
                }
                Err(EncodeError::BufferTooShort { needed }) => self.grow(needed),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Makes room for a frame of `needed` bytes: where written ones stood, if that is enough to make
    /// the move worthwhile, or else by growing.
    #[cold]
    fn grow(&mut self, needed: usize) {
        let written = self.start;
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if written < self.buffer.len() / 2 || self.end + needed > self.buffer.len() {
            let length = (self.end + needed).max(2 * self.buffer.len()).max(BUFFER_SIZE);
            self.buffer.resize(length, 0);
        }
    }
}

impl<W: Write> FrameWriter<W> {
    /// Writes all frames to the stream and flushes it.
    ///
    /// # Errors
    /// What the stream reports, except `Interrupted`, which is tried again. What was not written
    /// stays: after `WouldBlock` or `TimedOut`, call again to go on.
    pub fn flush(&mut self) -> io::Result<()> {
        while self.start < self.end {
            match self.stream.write(&self.buffer[self.start..self.end]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.start += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.start = 0;
        self.end = 0;
        if self.buffer.len() > LARGEST_KEPT {
            self.buffer.truncate(BUFFER_SIZE);
            self.buffer.shrink_to_fit();
        }
        loop {
            match self.stream.flush() {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                flushed => return flushed,
            }
        }
    }
}
