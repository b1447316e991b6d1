use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::ops::Range;

use super::error::LimitError;
use super::scan::{Form, Limits, Scan, Scanner};

/// How much is asked for in one read, and the size that the buffer goes back to after a large unit.
const READ_SIZE: usize = 4 << 10;

/// Why there is no unit.
#[derive(Debug)]
pub enum ReadError {
    /// What the stream reports; `UnexpectedEof` where it ends within a unit. After `WouldBlock` and
    /// `TimedOut` call again to go on.
    Stream(io::Error),
    /// The unit is over a limit, and dropped. Where the error
    /// [keeps step](LimitError::keeps_step) the next call reads the next unit.
    Limit(LimitError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => error.fmt(f),
            Self::Limit(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads units from a stream, and hands them out in its own buffer: what a daemon needs, and what
/// [`Client`](super::Client) is built upon.
///
/// The buffer grows with the bytes received, up to the limits, never with a count announced, and
/// shrinks again after a large unit.
///
/// ```
/// use spectrum2::msncd::{Command, Form, Reader};
///
/// let stream: &[u8] = b"STATUS away\nPOLL\n";
/// let mut reader = Reader::new(stream);
/// while let Some(unit) = reader.read_unit(Form::Command)? {
///     println!("{:?}", Command::parse(unit)?);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reader<R> {
    stream: R,
    limits: Limits,
    /// Bytes from `start` to `end` are received and not yet handed out; those up to `scanned` belong
    /// to the unit that is under way.
    buffer: Vec<u8>,
    start: usize,
    scanned: usize,
    end: usize,
    /// Of the unit that is under way, or of the last one.
    scanner: Option<Scanner>,
}

impl<R> Reader<R> {
    /// Reads from `stream`, with [`Limits::DEFAULT`].
    pub fn new(stream: R) -> Self {
        Self::with_limits(stream, Limits::DEFAULT)
    }

    /// Reads from `stream`.
    pub fn with_limits(stream: R, limits: Limits) -> Self {
        Self { stream, limits, buffer: Vec::new(), start: 0, scanned: 0, end: 0, scanner: None }
    }

    /// The stream.
    pub fn get_ref(&self) -> &R {
        &self.stream
    }

    /// The stream, to write to and for its settings.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.stream
    }

    /// The first line of the last unit, as much of it as is kept where the unit is not.
    pub(super) fn head(&self) -> &[u8] {
        self.scanner.as_ref().map_or(&[], Scanner::head)
    }

    /// A unit that was found last.
    pub(super) fn unit(&self, unit: Range<usize>) -> &[u8] {
        &self.buffer[unit]
    }

    /// Whether all that was read is handed out.
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// Received bytes are not shown: they may hold a password.
impl<R: fmt::Debug> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("stream", &self.stream).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl<R: Read> Reader<R> {
    /// The next unit, or `None` at the end of the stream. Of a unit that is under way after an error
    /// of the stream, the form is the one of the first call.
    ///
    /// # Errors
    /// As [`ReadError`] says.
    pub fn read_unit(&mut self, form: Form) -> Result<Option<&[u8]>, ReadError> {
        Ok(self.find_unit(form)?.map(|unit| self.unit(unit)))
    }

    /// Where the next unit lies.
    pub(super) fn find_unit(&mut self, form: Form) -> Result<Option<Range<usize>>, ReadError> {
        self.scanner.take_if(|scanner| scanner.is_complete());
        loop {
            let scanner = self.scanner.get_or_insert_with(|| Scanner::new(form, self.limits));
            let scan = scanner.scan(&self.buffer[self.scanned..self.end]);
            let (failure, is_empty) = (scanner.failure(), scanner.is_empty());
            if let Scan::Complete(length) = scan {
                let unit = self.start..self.scanned + length;
                self.start = unit.end;
                self.scanned = unit.end;
                return failure.map_or(Ok(Some(unit)), |error| Err(ReadError::Limit(error)));
            }
            self.scanned = self.end;
            if failure.is_some() {
                self.start = self.end;
            }
            if self.fill().map_err(ReadError::Stream)? == 0 {
                return if is_empty { Ok(None) } else { Err(ReadError::Stream(ErrorKind::UnexpectedEof.into())) };
            }
        }
    }

    /// Reads once from the stream, and returns the number of bytes: 0 at its end.
    pub(super) fn fill(&mut self) -> io::Result<usize> {
        self.make_room();
        loop {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes room behind `end`: moves what is left to the front, and grows when the buffer is full.
    fn make_room(&mut self) {
        // The rest of a long unit comes in many reads, for which nothing moves.
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.scanned -= self.start;
            self.start = 0;
        }
        if self.end < READ_SIZE / 2 {
            self.buffer.resize(READ_SIZE, 0);
            self.buffer.shrink_to(READ_SIZE);
        } else if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.end, 0);
        }
    }
}
