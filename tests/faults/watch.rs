//! What time passes: a limit for every test, and the processor time of threads.

use std::os::unix::thread::JoinHandleExt;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Far longer than any test takes.
const LIMIT: Duration = Duration::from_secs(120);

/// Ends the program when it is not dropped for a long time. Nothing else ends a deadlock.
pub struct Watchdog {
    _alive: mpsc::Sender<()>,
}

/// A watchdog for the test that this thread runs.
pub fn watch() -> Watchdog {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let (alive, gone) = mpsc::channel::<()>();
    thread::spawn(move || {
        if gone.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{test} hangs");
            std::process::abort();
        }
    });
    Watchdog { _alive: alive }
}

/// What a thread has used of the processors. It must not be joined yet.
fn processor_time<T>(thread: &JoinHandle<T>) -> Duration {
    let mut clock = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the thread is not joined; both results have a place.
    unsafe {
        assert_eq!(libc::pthread_getcpuclockid(thread.as_pthread_t(), &raw mut clock), 0);
        assert_eq!(libc::clock_gettime(clock, &raw mut time), 0);
    }
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// What part of a processor threads use, over a span of time that is long enough to notice a busy one.
pub fn processor_share<T>(threads: &[&JoinHandle<T>]) -> f64 {
    const SPAN: Duration = Duration::from_millis(200);
    let used = || threads.iter().map(|thread| processor_time(thread)).sum::<Duration>();
    let before = used();
    thread::sleep(SPAN);
    (used() - before).as_secs_f64() / SPAN.as_secs_f64()
}
