//! A static library for firmware: codec and frames, and nothing else. A project of yours has a panic
//! handler of its own; this one shows that it is not needed.

#![no_std]

// Its functions are there for C.
extern crate spectrum2;

use core::panic::PanicInfo;

unsafe extern "C" {
    /// Defined nowhere: a program that links cannot panic.
    fn spectrum2_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: never linked.
    unsafe { spectrum2_can_panic() }
}
