//! A peer that behaves as its script says: how much it takes or gives at a time, and when it is not
//! ready.

use std::io::{self, ErrorKind, Read, Write};

/// Which step a byte of the script stands for.
enum Step {
    Fails(ErrorKind),
    /// At most as many bytes.
    Moves(usize),
}

/// A stream of two directions. At the end of its script it does all that is asked of it.
pub struct Scripted<'a> {
    script: std::slice::Iter<'a, u8>,
    /// What is still to be read.
    pub input: &'a [u8],
    /// What was written.
    pub output: Vec<u8>,
}

impl<'a> Scripted<'a> {
    pub fn new(script: &'a [u8], input: &'a [u8]) -> Self {
        Self { script: script.iter(), input, output: Vec::new() }
    }

    fn step(&mut self) -> Step {
        match self.script.next() {
            None => Step::Moves(usize::MAX),
            Some(0xf0..=0xf4) => Step::Fails(ErrorKind::Interrupted),
            Some(0xf5..=0xf9) => Step::Fails(ErrorKind::WouldBlock),
            Some(0xfa..=0xff) => Step::Fails(ErrorKind::TimedOut),
            Some(count @ 0x80..=0xef) => Step::Moves(usize::from(*count) << 5),
            Some(count) => Step::Moves(usize::from(*count).max(1)),
        }
    }

    fn moves(&mut self, asked: usize) -> io::Result<usize> {
        match self.step() {
            Step::Fails(kind) => Err(kind.into()),
            Step::Moves(count) => Ok(count.min(asked)),
        }
    }
}

impl Read for Scripted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.moves(buffer.len().min(self.input.len()))?;
        self.input.read(&mut buffer[..count])
    }
}

impl Write for Scripted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.moves(bytes.len())?;
        self.output.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.moves(0).map(drop)
    }
}

/// Whether a call may be made again after such an error.
pub fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// A number of script bytes, the script and what is left. The number is the first byte.
pub fn split(data: &[u8]) -> (&[u8], &[u8]) {
    match data.split_first() {
        Some((count, rest)) => rest.split_at(rest.len().min(usize::from(*count))),
        None => (&[], &[]),
    }
}
