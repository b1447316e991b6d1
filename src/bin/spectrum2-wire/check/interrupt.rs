//! Ctrl-C. The terminal tells this tool alone, since backends are in sessions of their own: users are logged out,
//! and nothing is left behind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{io, process, thread};

use nix::sys::signal::{SigSet, Signal};

use super::session::Trouble;

/// What shells say of a program that SIGINT ended.
pub const STATUS: u8 = 130;

/// How long the tool may be deaf.
pub const SLICE: Duration = Duration::from_millis(100);

static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

fn signals() -> SigSet {
    SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM])
}

/// From now on SIGINT and SIGTERM are heard by a thread. To be called before there are others, which would be ended
/// by them. Children inherit that: see [`unblock`].
pub fn listen() -> io::Result<()> {
    let signals = signals();
    signals.thread_block()?;
    thread::Builder::new().spawn(move || {
        for status in [None, Some(STATUS)] {
            match (signals.wait(), status) {
                (Ok(_), None) => IS_INTERRUPTED.store(true, Ordering::Relaxed),
                // Somebody cannot wait.
                (Ok(_), Some(status)) => process::exit(status.into()),
                (Err(_), _) => {}
            }
        }
    })?;
    Ok(())
}

/// Lets signals end this process again, which is about to become a backend.
pub fn unblock() -> io::Result<()> {
    Ok(signals().thread_unblock()?)
}

pub fn is_interrupted() -> bool {
    IS_INTERRUPTED.load(Ordering::Relaxed)
}

/// Why a talk stops.
pub fn interrupted() -> Trouble {
    Trouble::NotTried("it was interrupted".into())
}

/// Tries something in slices of the time, until it has come to something or the time is over.
pub fn in_slices<T>(
    timeout: Duration,
    mut attempt: impl FnMut(Duration) -> io::Result<T>,
) -> Result<io::Result<T>, Trouble> {
    let deadline = Instant::now() + timeout;
    loop {
        if is_interrupted() {
            return Err(interrupted());
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match attempt(left.min(SLICE)) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut && left > SLICE => {}
            result => return Ok(result),
        }
    }
}
