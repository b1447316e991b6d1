//! The codec at work without a standard library: this library and `runtime.c`, which stands in for
//! the C library, are the whole program. `run` builds, inspects and runs it.

#![no_std]

#[cfg(feature = "alloc")]
mod allocator;
mod checks;

use checks::CHECKS;
use core::{hint::black_box, panic::PanicInfo};

/// The frames that were recorded between real programs, one after the other.
const FRAMES: &[u8; include_bytes!(concat!(env!("OUT_DIR"), "/frames.bin")).len()] =
    include_bytes!(concat!(env!("OUT_DIR"), "/frames.bin"));

/// Runs all checks; the check with the number `planted`, counted from 1, sees one wrong byte.
///
/// Returns 0 when all checks pass, 1 when one fails, 2 when no check has that number.
#[unsafe(no_mangle)]
pub extern "C" fn spectrum2_check(planted: usize) -> i32 {
    if planted > CHECKS.len() {
        return 2;
    }
    let mut damaged = *FRAMES;
    plant(&mut damaged);
    // `black_box`: the compiler must not know what is received, and so not what could be left out.
    let passed = CHECKS.iter().zip(1..).all(|(check, number)| {
        let received: &[u8] = if number == planted { &damaged } else { FRAMES };
        check(black_box(received)).is_some()
    });
    i32::from(!passed)
}

/// Changes one letter: in the name of the first user, which every check meets.
fn plant(received: &mut [u8]) {
    let letter = received.windows(5).position(|bytes| bytes == b"alice").and_then(|at| received.get_mut(at));
    if let Some(letter) = letter {
        *letter = b'A';
    }
}

unsafe extern "C" {
    /// Called by nothing but the panic handler: a program that links without it cannot panic.
    fn spectrum2_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: `runtime.c` defines it; it takes nothing and ends the process.
    unsafe { spectrum2_can_panic() }
}
