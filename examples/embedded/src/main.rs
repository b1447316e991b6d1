//! An echo backend on a microcontroller, a TI LM3S6965 (Cortex-M3, 256 KiB of flash, 64 KiB of RAM):
//! frames come and go over its serial port. No heap, no operating system.
//!
//! `run` builds it and runs it under QEMU. Before it serves it checks itself with recorded frames.
//! The word `wrong-byte` or `panic` on the command line plants a fault, which has to be noticed.

#![no_std]
#![no_main]

mod command_line;
mod echo;
mod recorded;
mod uart;

use cortex_m_rt::entry;
use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS, exit};
use cortex_m_semihosting::heprintln;
// The panic handler: it prints the message, and ends QEMU with a status of failure.
use panic_semihosting as _;
use uart::Uart;

#[entry]
fn main() -> ! {
    let planted = command_line::read(&mut [0; 64]).and_then(recorded::Fault::named);
    let outcome = check(planted).and_then(|()| serve());
    if let Err(mistake) = &outcome {
        heprintln!("FAIL: {}", mistake);
    }
    loop {
        exit(if outcome.is_ok() { EXIT_SUCCESS } else { EXIT_FAILURE });
    }
}

fn check(planted: Option<recorded::Fault>) -> Result<(), &'static str> {
    let count = recorded::check(planted)?;
    heprintln!("{} recorded frames: decoded, and encoded again to the same bytes", count);
    Ok(())
}

fn serve() -> Result<(), &'static str> {
    let served = echo::serve(&mut Uart)?;
    heprintln!("{} requests answered by {} frames", served.requests, served.answers);
    Ok(())
}
