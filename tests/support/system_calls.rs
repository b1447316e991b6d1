//! Counts what `TcpStream` asks of the system: this program's `send` and `recv` stand in for those
//! of the C library, which the standard library calls.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::cell::OnceCell;
use std::ffi::{c_int, c_void};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The calls of one thread, for any thread to look at.
#[derive(Default)]
pub struct Calls {
    sends: AtomicUsize,
    receives: AtomicUsize,
    interrupted: AtomicUsize,
    timed_out: AtomicUsize,
    is_sending: AtomicBool,
}

pub struct Counts {
    pub sends: usize,
    pub receives: usize,
    /// The calls that a signal ended.
    pub interrupted: usize,
    /// The calls that waited in vain.
    pub timed_out: usize,
}

impl Calls {
    pub fn counts(&self) -> Counts {
        Counts {
            sends: self.sends.load(Ordering::SeqCst),
            receives: self.receives.load(Ordering::SeqCst),
            interrupted: self.interrupted.load(Ordering::SeqCst),
            timed_out: self.timed_out.load(Ordering::SeqCst),
        }
    }

    /// Whether the thread is in `send`.
    pub fn is_sending(&self) -> bool {
        self.is_sending.load(Ordering::SeqCst)
    }

    fn note(&self, result: isize) {
        match io::Error::last_os_error().kind() {
            _ if result >= 0 => {}
            io::ErrorKind::Interrupted => _ = self.interrupted.fetch_add(1, Ordering::SeqCst),
            io::ErrorKind::WouldBlock => _ = self.timed_out.fetch_add(1, Ordering::SeqCst),
            _ => {}
        }
    }
}

/// Whether a `send` that failed takes a while to say so, as it may where there is much else to do.
pub static FAILS_SLOWLY: AtomicBool = AtomicBool::new(false);

thread_local! {
    static CALLS: OnceCell<Arc<Calls>> = const { OnceCell::new() };
}

pub fn of_this_thread() -> Arc<Calls> {
    CALLS.with(|calls| Arc::clone(calls.get_or_init(Arc::default)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn send(socket: c_int, bytes: *const c_void, length: usize, flags: c_int) -> isize {
    let calls = of_this_thread();
    calls.sends.fetch_add(1, Ordering::SeqCst);
    calls.is_sending.store(true, Ordering::SeqCst);
    let nobody: *const c_void = std::ptr::null();
    // SAFETY: as `send` would, with what the caller vouches for.
    let sent = unsafe { libc::syscall(libc::SYS_sendto, socket, bytes, length, flags, nobody, 0) } as isize;
    calls.note(sent);
    if sent < 0 && FAILS_SLOWLY.load(Ordering::SeqCst) {
        let error = io::Error::last_os_error().raw_os_error().unwrap_or_default();
        std::thread::sleep(std::time::Duration::from_millis(30));
        // SAFETY: it is this thread's own.
        unsafe { *libc::__errno_location() = error };
    }
    calls.is_sending.store(false, Ordering::SeqCst);
    sent
}

#[unsafe(no_mangle)]
unsafe extern "C" fn recv(socket: c_int, bytes: *mut c_void, length: usize, flags: c_int) -> isize {
    let calls = of_this_thread();
    calls.receives.fetch_add(1, Ordering::SeqCst);
    let nobody: *mut c_void = std::ptr::null_mut();
    // SAFETY: as `recv` would, with what the caller vouches for.
    let received = unsafe { libc::syscall(libc::SYS_recvfrom, socket, bytes, length, flags, nobody, nobody) } as isize;
    calls.note(received);
    received
}
