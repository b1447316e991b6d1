//! Signals to a thread, which end its system calls early.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::os::unix::thread::JoinHandleExt;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use super::system_calls::{self, Calls};

/// A thread that signals are sent to, with what it asks of the system.
pub struct Target<T> {
    pub thread: JoinHandle<T>,
    calls: Arc<Calls>,
}

impl<T: Send + 'static> Target<T> {
    pub fn spawn(run: impl FnOnce() -> T + Send + 'static) -> Self {
        ignore_signals();
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            tell.send(system_calls::of_this_thread()).unwrap();
            run()
        });
        Self { calls: told.recv().unwrap(), thread }
    }

    pub fn signal(&self) {
        // SAFETY: the thread is not joined yet.
        assert_eq!(unsafe { libc::pthread_kill(self.thread.as_pthread_t(), libc::SIGUSR1) }, 0);
        thread::yield_now();
    }

    /// Sends signals until that many more system calls ended by one.
    pub fn interrupt(&self, times: usize) {
        let enough = self.interrupted() + times;
        while self.interrupted() < enough {
            assert!(!self.thread.is_finished(), "a signal ended it");
            self.signal();
        }
    }

    /// How many system calls ended by a signal so far.
    pub fn interrupted(&self) -> usize {
        self.calls.counts().interrupted
    }
}

/// A handler that does nothing. Without SA_RESTART, so that system calls end by it.
fn ignore_signals() {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: all zeroes are an action without flags and mask, and the handler touches nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()), 0);
    }
}
