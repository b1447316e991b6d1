//! The first serial port, polled. Reset leaves QEMU's ready for use; on a real chip it wants its clock,
//! its pins and its speed first.

use core::ptr;

const DATA: *mut u32 = 0x4000_c000 as *mut u32;
const FLAGS: *const u32 = 0x4000_c018 as *const u32;
const RECEIVER_EMPTY: u32 = 1 << 4;
const TRANSMITTER_FULL: u32 = 1 << 5;

pub struct Uart;

impl Uart {
    /// Waits for bytes, and returns how many of them `buffer` holds then: at least one.
    pub fn receive(&mut self, buffer: &mut [u8]) -> usize {
        wait_while(RECEIVER_EMPTY);
        let mut count = 0;
        for byte in buffer {
            if is_set(RECEIVER_EMPTY) {
                break;
            }
            // SAFETY: the register of a received byte.
            *byte = unsafe { ptr::read_volatile(DATA) } as u8;
            count += 1;
        }
        count
    }

    pub fn send(&mut self, bytes: &[u8]) {
        for byte in bytes {
            wait_while(TRANSMITTER_FULL);
            // SAFETY: the register of a byte to send.
            unsafe { ptr::write_volatile(DATA, u32::from(*byte)) };
        }
    }
}

fn is_set(flag: u32) -> bool {
    // SAFETY: the register of the port's flags.
    unsafe { ptr::read_volatile(FLAGS) & flag != 0 }
}

fn wait_while(flag: u32) {
    while is_set(flag) {}
}
