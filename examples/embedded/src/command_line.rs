//! What QEMU's option `-append` says, by semihosting.

use cortex_m_semihosting::syscall1;

/// Reads the command line into `buffer`; `None` where it does not fit, or is not text.
pub fn read(buffer: &mut [u8]) -> Option<&str> {
    let mut block = [buffer.as_mut_ptr() as usize, buffer.len()];
    // SAFETY: the block says where the buffer is and how long; the host writes there and nowhere else,
    // and then the length of the text to the block.
    let status = unsafe { syscall1!(GET_CMDLINE, block.as_mut_ptr()) };
    let text = buffer.get(..block[1])?;
    if status == 0 { str::from_utf8(text).ok() } else { None }
}
