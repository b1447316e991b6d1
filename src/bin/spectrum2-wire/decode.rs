//! `decode`: frames to JSON lines.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::Serialize;
use spectrum2::frame::{Frame, FrameReader, HEADER_LEN, Split, split};

use crate::job::{Hex, Input, Job, Stop, for_each_line};
use crate::to_json::{Decoded, Malformed};

/// Reads a binary stream.
pub fn stream(input: Input, limit: usize, job: &mut Job) -> Result<(), Stop> {
    let mut reader = FrameReader::with_limit(input, limit);
    loop {
        match reader.buffered_frame() {
            Ok(Some(frame)) => {
                show(&frame, job)?;
                job.count(HEADER_LEN + frame.body().len());
            }
            Ok(None) => {
                job.pause()?;
                match reader.fill() {
                    Ok(0) => break,
                    Err(error) if error.kind() != ErrorKind::Interrupted => return Err(Stop::Input(error)),
                    _ => {}
                }
            }
            Err(over_limit) => {
                let header = reader.buffered().get(..HEADER_LEN).unwrap_or_default();
                if header.iter().all(u8::is_ascii_hexdigit) {
                    job.hint("the input looks like hexadecimal digits: try --hex");
                }
                return show_malformed(&over_limit, &Hex(header), job);
            }
        }
    }
    match reader.buffered() {
        [] => Ok(()),
        part => show_malformed(&"the stream ends within a frame", &Hex(part), job),
    }
}

/// Reads a frame a line.
pub fn hex_lines(input: Input, limit: usize, job: &mut Job) -> Result<(), Stop> {
    for_each_line(input, job, |_, line, job| {
        // Other tools put blanks between the digits.
        let digits: Vec<u8> = line.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let Ok(bytes) = HEXLOWER_PERMISSIVE.decode(&digits) else {
            return show_malformed(&"the line is not hexadecimal", &String::from_utf8_lossy(line), job);
        };
        match split(&bytes, limit) {
            Ok(Split::Complete(frame, [])) => show(&frame, job),
            Ok(_) => show_malformed(&"the header does not match the length of the line", &Hex(&bytes), job),
            Err(over_limit) => show_malformed(&over_limit, &Hex(&bytes), job),
        }
    })
}

fn show(frame: &Frame<'_>, job: &mut Job) -> Result<(), Stop> {
    match Decoded::new(frame) {
        Ok(decoded) => write_line(&decoded, job),
        Err(error) => {
            // Cannot be cut: the length came from a header.
            let header = (frame.body().len() as u32).to_be_bytes();
            show_malformed(&error, &format_args!("{}{}", Hex(&header), Hex(frame.body())), job)
        }
    }
}

fn show_malformed(error: &dyn Display, hex: &dyn Display, job: &mut Job) -> Result<(), Stop> {
    job.set_malformed();
    write_line(&Malformed { error, frame: job.frames(), hex }, job)
}

fn write_line(line: &impl Serialize, job: &mut Job) -> Result<(), Stop> {
    job.write(|output| {
        serde_json::to_writer(&mut *output, line)?;
        output.write_all(b"\n")
    })
}
