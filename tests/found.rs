//! What the fuzz targets found, each by the behaviour that was wrong; and their checks, on what is
//! recorded.
#![cfg(feature = "std")]

mod common;

use std::io::{self, ErrorKind, Read, Write};

use common::{check, recorded};
use spectrum2::Payload;
use spectrum2::frame::FrameWriter;
use spectrum2::msncd::{self, Form, LimitError, Limits, Scan, Scanner};

#[test]
fn recorded_bodies_hold_to_what_is_checked_of_any() {
    for body in recorded::bodies() {
        check::decode(&body);
        check::decode_encode_decode(&body);
    }
}

/// A stream whose first flush is interrupted by a signal, and that answers `OK`.
#[derive(Default)]
struct Interrupted {
    flushes: usize,
    output: Vec<u8>,
}

impl Read for Interrupted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        b"OK\n".as_slice().read(buffer)
    }
}

impl Write for Interrupted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushes += 1;
        if self.flushes == 1 { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
    }
}

/// Found by `msncd`: it was an error of the stream, after which the client was out of step.
#[test]
fn a_flush_of_msncd_that_is_interrupted_is_tried_again() {
    let mut client = msncd::Client::new(Interrupted::default());
    client.logoff().expect("OK");
    assert_eq!((client.get_ref().flushes, client.get_ref().output.as_slice()), (2, b"LOGOFF\n".as_slice()));
}

/// Found with it: the caller got an error that the documentation says is dealt with.
#[test]
fn a_flush_of_frames_that_is_interrupted_is_tried_again() {
    let mut writer = FrameWriter::new(Interrupted::default());
    writer.write(&Payload::Pong).expect("it is short");
    writer.flush().expect("the second time");
    assert_eq!((writer.get_ref().flushes, writer.get_ref().output.len()), (2, 6));
}

/// Found by `msncd`: of two limits in one line the error named one or the other.
#[test]
fn the_limit_that_a_unit_is_over_does_not_depend_on_its_pieces() {
    let limits = Limits { line_length: 20, lines: 9, length: 30 };
    let cases = [
        (format!("MSG 2 0 bob\n{}\nx\n", "x".repeat(100)), LimitError::TooLong { limit: 30 }),
        (format!("MSG 2 0 bob\n{}\nx\n", "x".repeat(19)), LimitError::TooLong { limit: 30 }),
        (format!("MSG 1 0 {}\n{0}\n", "x".repeat(100)), LimitError::LineTooLong { limit: 20 }),
    ];
    for (unit, expected) in cases {
        for length in 1..=unit.len() {
            let mut scanner = Scanner::new(Form::Event, limits);
            let scans: Vec<_> = unit.as_bytes().chunks(length).map(|piece| scanner.scan(piece)).collect();
            assert!(matches!(scans.last(), Some(Scan::Complete(_))), "{unit:?} {length}");
            assert_eq!(scanner.failure(), Some(expected), "{unit:?} in pieces of {length}");
        }
    }
}
