//! `encode`: JSON lines to frames.

use std::io::Write;

use crate::from_json;
use crate::job::{Hex, Input, Job, Stop, for_each_line};

/// Writes a frame for each line, as `hex` or binary.
pub fn lines(input: Input, hex: bool, job: &mut Job) -> Result<(), Stop> {
    for_each_line(input, job, |number, line, job| match from_json::frame(line) {
        Ok(frame) if hex => job.write(|output| writeln!(output, "{}", Hex(&frame))),
        Ok(frame) => job.write(|output| output.write_all(&frame)),
        Err(problem) => {
            job.complain(number, &problem);
            Ok(())
        }
    })
}
