use std::fmt;
use std::io::{self, ErrorKind, Read};

use super::{DEFAULT_LIMIT, Frame, HEADER_LEN, Split, split};
use crate::message::HiddenBytes;

/// How much is asked for in one read, and the size that the buffer goes back to after a large frame.
const READ_SIZE: usize = 64 << 10;

/// A buffer up to this size is kept, so that frames that are often large need not allocate.
const MOST_KEPT: usize = 512 << 10;

/// Reads frames from a stream, and hands them out in its own buffer.
///
/// An error of the stream loses nothing that was read: after `WouldBlock`, `TimedOut` or
/// `Interrupted` the next call goes on in the middle of the frame. The buffer grows with the bytes
/// received, never with a length announced, and shrinks again after a large frame.
///
/// ```
/// use spectrum2::{Payload, frame::FrameReader};
///
/// let stream: &[u8] = b"\0\0\0\x02\x08\x09\0\0\0\x02\x08\x1d";
/// let mut reader = FrameReader::new(stream);
/// while let Some(frame) = reader.read_frame()? {
///     println!("{:?}", frame.decode());
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct FrameReader<R> {
    stream: R,
    /// Bytes from `start` to `end` are received and not yet handed out.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    limit: usize,
}

/// The bytes are not shown: they may hold a password.
impl<R: fmt::Debug> fmt::Debug for FrameReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameReader")
            .field("stream", &self.stream)
            .field("buffered", &HiddenBytes(self.buffered().len()))
            .field("limit", &self.limit)
            .finish()
    }
}

impl<R> FrameReader<R> {
    /// Reads from `stream`, and accepts bodies up to [`DEFAULT_LIMIT`].
    pub fn new(stream: R) -> Self {
        Self::with_limit(stream, DEFAULT_LIMIT)
    }

    /// Reads from `stream`, and accepts bodies up to `limit` bytes.
    pub fn with_limit(stream: R, limit: usize) -> Self {
        Self { stream, buffer: Vec::new(), start: 0, end: 0, limit }
    }

    /// The stream.
    pub fn get_ref(&self) -> &R {
        &self.stream
    }

    /// The stream, for its settings. Bytes read from it past the reader are lost to the reader.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.stream
    }

    /// The stream. Bytes that are [buffered](Self::buffered) are lost.
    pub fn into_inner(self) -> R {
        self.stream
    }

    /// The bytes that are received and not yet handed out: whole frames, then a part of one.
    pub fn buffered(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The frame that [`buffered_frame`](Self::buffered_frame) would hand out.
    pub fn peek_frame(&self) -> Option<Frame<'_>> {
        match split(self.buffered(), self.limit) {
            Ok(Split::Complete(frame, _)) => Some(frame),
            _ => None,
        }
    }

    /// The next frame that is received already, without reading.
    ///
    /// # Errors
    /// `InvalidData`, around a [`FrameError`](crate::FrameError): a frame over the limit. The
    /// stream cannot go on.
    #[inline]
    pub fn buffered_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        let received = &self.buffer[self.start..self.end];
        match split(received, self.limit) {
            Ok(Split::Complete(frame, _)) => {
                self.start += HEADER_LEN + frame.body().len();
                Ok(Some(frame))
            }
            Ok(Split::Partial { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl<R: Read> FrameReader<R> {
    /// The next frame, or `None` at the end of the stream.
    ///
    /// # Errors
    /// - `UnexpectedEof`: the stream ends within a frame. [`buffered`](Self::buffered) is its part.
    /// - `InvalidData`, around a [`FrameError`](crate::FrameError): a frame over the limit. The
    ///   stream cannot go on.
    /// - What the stream itself reports, `WouldBlock` and `Interrupted` too; call again to go on.
    #[inline]
    pub fn read_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        while !self.has_frame()? {
            if self.fill()? == 0 {
                return match self.buffered() {
                    [] => Ok(None),
                    _ => Err(ErrorKind::UnexpectedEof.into()),
                };
            }
        }
        self.buffered_frame()
    }

    /// Whether the next frame is received already.
    ///
    /// # Errors
    /// As [`buffered_frame`](Self::buffered_frame).
    pub fn has_frame(&self) -> io::Result<bool> {
        match split(self.buffered(), self.limit) {
            Ok(split) => Ok(matches!(split, Split::Complete(..))),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads once from the stream, and returns the number of bytes: 0 at its end.
    ///
    /// # Errors
    /// What the stream reports. Nothing that was received before is lost.
    pub fn fill(&mut self) -> io::Result<usize> {
        self.make_room();
        let count = self.stream.read(&mut self.buffer[self.end..])?;
        self.end += count;
        Ok(count)
    }

    /// Makes room behind `end`: moves what is left to the front, and grows when the buffer is full.
    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < READ_SIZE {
            self.grow_to(READ_SIZE);
        } else if self.end == self.buffer.len() {
            // Never past the end of the frame: that would be memory beyond the limit.
            let frame = match split(self.buffered(), self.limit) {
                Ok(Split::Partial { needed }) => needed.max(self.end + 1),
                _ => usize::MAX,
            };
            self.grow_to(frame.min(2 * self.end));
        } else if self.buffer.len() > MOST_KEPT && self.end < READ_SIZE / 2 {
            self.buffer.truncate(READ_SIZE);
            self.buffer.shrink_to(READ_SIZE);
        }
    }

    fn grow_to(&mut self, length: usize) {
        self.buffer.reserve_exact(length - self.buffer.len());
        self.buffer.resize(length, 0);
    }
}
