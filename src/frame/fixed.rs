use core::fmt;

use heapless::Vec;

use super::{Frame, HEADER_LEN, Split, encode, split};
use crate::error::{EncodeError, FrameError};
use crate::message::HiddenBytes;
use crate::payload::Payload;

/// A buffer of `N` bytes, for receiving frames or for sending them, without an allocator.
///
/// To receive, [`push`](Self::push) bytes as they come and take frames with
/// [`next_frame`](Self::next_frame). To send, [`write`](Self::write) frames, transmit
/// [`bytes`](Self::bytes), and [`consume`](Self::consume) what went out.
///
/// ```
/// use spectrum2::{Payload, frame::FrameBuffer};
///
/// let mut buffer = FrameBuffer::<256>::new();
/// for byte in b"\0\0\0\x02\x08\x09" {
///     assert_eq!(buffer.next_frame(), Ok(None));
///     assert_eq!(buffer.push(&[*byte]), 1);
/// }
/// let frame = buffer.next_frame()?.unwrap();
/// assert_eq!(frame.decode(), Ok(Payload::Ping));
/// # Ok::<(), spectrum2::FrameError>(())
/// ```
#[derive(Clone, Default)]
pub struct FrameBuffer<const N: usize> {
    /// Bytes from `start` to `end` wait; the others are scratch. Empty until it is first written to.
    buffer: Vec<u8, N>,
    start: usize,
    end: usize,
}

/// The bytes are not shown: they may hold a password.
impl<const N: usize> fmt::Debug for FrameBuffer<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameBuffer").field("bytes", &HiddenBytes(self.bytes().len())).field("capacity", &N).finish()
    }
}

impl<const N: usize> FrameBuffer<N> {
    /// An empty buffer.
    pub const fn new() -> Self {
        Self { buffer: Vec::new(), start: 0, end: 0 }
    }

    /// The bytes that wait: received and not yet handed out as a frame, or written and not yet sent.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Takes in as many of `received` as there is room for, and returns their number. When it is
    /// less than all, take frames and push the rest.
    pub fn push(&mut self, received: &[u8]) -> usize {
        let room = self.room();
        let count = room.len().min(received.len());
        for (to, from) in room.iter_mut().zip(received) {
            *to = *from;
        }
        self.end += count;
        count
    }

    /// The next frame that is received whole.
    ///
    /// # Errors
    /// A frame that does not fit into the buffer: the stream cannot go on.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        let received = self.buffer.get(self.start..self.end).unwrap_or_default();
        match split(received, N.saturating_sub(HEADER_LEN))? {
            Split::Complete(frame, _) => {
                self.start += HEADER_LEN + frame.body().len();
                Ok(Some(frame))
            }
            Split::Partial { .. } => Ok(None),
        }
    }

    /// Adds a frame to be sent.
    ///
    /// # Errors
    /// No room for it now, with the number of bytes that it takes; one that takes more than `N`
    /// never fits. Nothing is added.
    pub fn write(&mut self, payload: &Payload<'_>) -> Result<(), EncodeError> {
        let length = encode(payload, self.room())?;
        self.end += length;
        Ok(())
    }

    /// Forgets the first `count` of the [`bytes`](Self::bytes): they are sent.
    pub fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start.saturating_add(count));
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Moves what waits to the front, and gives the rest of the buffer.
    fn room(&mut self) -> &mut [u8] {
        if self.buffer.len() < N {
            // Cannot fail: `N` is the capacity.
            let _ = self.buffer.resize(N, 0);
        }
        if self.start > 0 && self.start <= self.end && self.end <= self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }
}
