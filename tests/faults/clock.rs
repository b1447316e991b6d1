//! A wall clock that jumps: this program's `clock_gettime` stands in for that of the C library, which the
//! standard library calls, and is decades off in either direction, another one at each look.
//!
//! All tests of this program run under it. That nothing of the crate looks at it is also checked by
//! Clippy: see `clippy.toml`.

use std::cell::Cell;
use std::ffi::c_int;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use spectrum2::{Error, Event, Payload};

use super::sending::{hear_all, narrow_client, send};
use super::watch::watch;

thread_local! {
    /// How often this thread looked at the wall clock.
    static LOOKS: Cell<usize> = const { Cell::new(0) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> c_int {
    const DECADE: i64 = 10 * 365 * 24 * 60 * 60;
    static JUMP: AtomicI64 = AtomicI64::new(0);
    // SAFETY: as `clock_gettime` would, with what the caller vouches for.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) } as c_int;
    if clock == libc::CLOCK_REALTIME && result == 0 {
        LOOKS.set(LOOKS.get() + 1);
        let jump = JUMP.fetch_add(1, Ordering::Relaxed) % 3 - 1;
        // SAFETY: it was written to just now.
        unsafe { (*time).tv_sec += jump * DECADE };
    }
    result
}

#[expect(clippy::disallowed_methods, reason = "to see that it jumps")]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// Looked at three times, it runs backwards at least once.
fn assert_that_it_jumps() {
    let looks = [wall_clock(), wall_clock(), wall_clock(), wall_clock()];
    assert!(!looks.is_sorted(), "{looks:?}");
}

#[test]
fn the_loop_does_not_look_at_the_wall_clock() {
    let _watchdog = watch();
    const TIMEOUT: Duration = Duration::from_millis(100);
    let (mut client, _stream, peer) = narrow_client();
    client.set_ping_timeout(TIMEOUT).unwrap();
    client.set_tick(TIMEOUT / 20);
    let sender = client.sender();
    let main_process = peer.try_clone().unwrap();
    let heard = thread::spawn(move || hear_all(main_process));
    send(&peer, &[Payload::Ping, Payload::RawXml("<presence/>")]).unwrap();

    assert_that_it_jumps();
    let looks = LOOKS.get();
    let started = Instant::now();
    let (mut receiver, _) = client.split();
    let (mut ticks, mut payloads) = (0, 0);
    // The main process says no more than that.
    let silence = loop {
        match receiver.next_event() {
            Ok(Some(Event::Idle)) => {
                sender.raw_xml("<presence/>").unwrap();
                ticks += 1;
            }
            Ok(Some(_)) => payloads += 1,
            Ok(None) => panic!("the connection was closed"),
            Err(error) => break error,
        }
    };
    assert!(matches!(silence, Error::Silence(TIMEOUT)), "{silence}");
    assert!(started.elapsed() >= TIMEOUT);
    assert!(ticks * (TIMEOUT / 20) <= started.elapsed(), "{ticks} ticks");
    assert_eq!((payloads, LOOKS.get() - looks), (1, 0));
    assert_that_it_jumps();
    drop((receiver, sender, _stream));
    assert_eq!(heard.join().unwrap().1, 1);
}
