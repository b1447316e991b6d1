//! What `codec.h` declares, by this crate's own interface: with all messages, or with the few of a subset.

#![no_std]

#[cfg(not(feature = "subset"))]
mod all;
#[cfg(feature = "subset")]
mod subset;

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
