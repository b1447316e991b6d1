//! The firmware checks its codec with frames that were recorded between real programs.

use spectrum2::frame::{self, HEADER_LEN, Split};
use spectrum2::{DecodeErrorKind, Payload};

const FRAMES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/frames.bin"));

/// Longer than each recorded frame.
const CAPACITY: usize = 256;

/// What may be planted.
#[derive(Clone, Copy, PartialEq)]
pub enum Fault {
    WrongByte,
    Panic,
}

impl Fault {
    pub fn named(command_line: &str) -> Option<Self> {
        match command_line.split(' ').next_back() {
            Some("wrong-byte") => Some(Self::WrongByte),
            Some("panic") => Some(Self::Panic),
            _ => None,
        }
    }
}

/// Decodes all recorded frames and encodes them again. Returns how many there are.
pub fn check(planted: Option<Fault>) -> Result<usize, &'static str> {
    assert!(planted != Some(Fault::Panic), "planted");
    let mut count = 0;
    let mut recorded = FRAMES;
    while let Split::Complete(frame, behind) = frame::split(recorded, CAPACITY).map_err(|_| "a frame is too long")? {
        let mut body = [0; CAPACITY];
        let body = body.get_mut(..frame.body().len()).ok_or("a frame is too long")?;
        body.copy_from_slice(frame.body());
        if planted == Some(Fault::WrongByte) {
            damage(body);
        }
        check_frame(body, recorded)?;
        recorded = behind;
        count += 1;
    }
    if recorded.is_empty() { Ok(count) } else { Err("a part of a frame is left") }
}

/// Changes the last byte of a text.
fn damage(body: &mut [u8]) {
    if let Some(last @ b'a'..=b'z') = body.last_mut() {
        *last -= 1;
    }
}

fn check_frame(body: &[u8], recorded: &[u8]) -> Result<(), &'static str> {
    let payload = match Payload::decode(body) {
        Ok(payload) => payload,
        // Some were recorded with a text that is not UTF-8: it holds the byte 0xff.
        Err(error) if error.kind() == DecodeErrorKind::InvalidUtf8 && body.contains(&0xff) => return Ok(()),
        Err(_) => return Err("a recorded frame is malformed"),
    };
    let mut buffer = [0; CAPACITY];
    let length = frame::encode(&payload, &mut buffer).map_err(|_| "a recorded frame is too long")?;
    if length != HEADER_LEN + body.len() {
        return Err("a frame is encoded to another length than was recorded");
    }
    if buffer.get(..length) != recorded.get(..length) {
        return Err("a frame is encoded to other bytes than were recorded");
    }
    Ok(())
}
