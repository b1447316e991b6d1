//! Silence and ticks. Times are only ever compared with what they must at least be.

use std::io::{self, ErrorKind, Write};
use std::time::{Duration, Instant};

use spectrum2::{Backend, ConversationMessage, Error, Event, Login, Logout, Payload, Sender};

use super::{PATIENCE, connect, frames, message, name, run, run_quietly, send};

const SHORT: Duration = Duration::from_millis(30);
const TICK: Duration = Duration::from_millis(1);

fn assert_silence(ended: Result<(), Error>, started: Instant) {
    assert!(matches!(ended, Err(Error::Silence(SHORT))), "{ended:?}");
    assert!(started.elapsed() >= SHORT);
}

#[test]
fn a_peer_that_never_sends_ends_the_loop() {
    let (mut client, _peer) = connect();
    client.set_ping_timeout(SHORT).unwrap();
    let started = Instant::now();
    assert_silence(run_quietly(client).0, started);
}

#[test]
fn a_peer_that_falls_silent_within_a_frame_ends_the_loop() {
    let (mut client, mut peer) = connect();
    client.set_ping_timeout(SHORT).unwrap();
    send(&mut peer, &[message("hello")]);
    peer.write_all(&[0, 0, 0, 9, 8]).unwrap();
    let started = Instant::now();
    let (ended, received) = run_quietly(client);
    assert_silence(ended, started);
    assert_eq!(received, ["TYPE_CONV_MESSAGE hello"]);
}

#[test]
fn ticks_do_not_hide_a_silence() {
    for tick in [TICK, PATIENCE] {
        let (mut client, _peer) = connect();
        client.set_tick(tick);
        client.set_ping_timeout(SHORT).unwrap();
        let started = Instant::now();
        let mut ticks = 0;
        let ended = run(client, |_, event| {
            assert!(matches!(event, Event::Idle), "{event:?}");
            ticks += 1;
            Ok(())
        });
        assert_silence(ended, started);
        assert!(ticks * tick <= started.elapsed(), "{ticks} ticks");
    }
}

/// A backend that ends the loop at its third tick.
struct Ticking {
    ticks: u32,
}

impl Backend for Ticking {
    fn tick(&self) -> Option<Duration> {
        Some(TICK)
    }
    fn idle(&mut self, sender: &mut Sender) -> io::Result<()> {
        self.ticks += 1;
        if self.ticks == 3 { sender.shutdown() } else { Ok(()) }
    }
    fn login(&mut self, _: &mut Sender, _: Login<'_>) -> io::Result<()> {
        unreachable!()
    }
    fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> {
        unreachable!()
    }
    fn message(&mut self, _: &mut Sender, _: ConversationMessage<'_>) -> io::Result<()> {
        unreachable!()
    }
}

#[test]
fn a_backend_asks_for_its_ticks() {
    let (client, _peer) = connect();
    let started = Instant::now();
    let mut backend = Ticking { ticks: 0 };
    client.run(&mut backend).unwrap();
    assert_eq!(backend.ticks, 3);
    assert!(started.elapsed() >= 3 * TICK);
}

#[test]
fn a_ping_timeout_of_zero_is_refused() {
    let (mut client, _peer) = connect();
    assert_eq!(client.set_ping_timeout(Duration::ZERO).unwrap_err().kind(), ErrorKind::InvalidInput);
}

/// Now and then a byte: each is a sign of life, though the frame takes longer than the ping timeout.
#[test]
fn a_peer_that_trickles_is_not_silent() {
    let timeout = Duration::from_millis(300);
    loop {
        let (mut client, mut peer) = connect();
        client.set_ping_timeout(timeout).unwrap();
        client.set_tick(timeout / 20);
        let text = "x".repeat(1000);
        let stream = frames(&[message(&text), Payload::Exit]);
        let mut bytes = stream.iter();
        let started = Instant::now();
        let mut last_byte = started;
        let ended = run(client, |_, event| {
            match event {
                Event::Idle if started.elapsed() > 2 * timeout => {
                    peer.write_all(std::mem::take(&mut bytes).as_slice()).unwrap()
                }
                Event::Idle => peer.write_all(&[*bytes.next().unwrap()]).unwrap(),
                _ => {}
            }
            last_byte = Instant::now();
            Ok(())
        });
        match ended {
            Ok(()) => break assert!(started.elapsed() > 2 * timeout),
            // A machine that stands still for that long makes a silence of its own. Again.
            Err(Error::Silence(_)) => assert!(last_byte.elapsed() >= timeout),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Each byte comes after a read that timed out.
#[test]
fn a_read_timeout_within_a_frame_loses_nothing() {
    let (mut client, mut peer) = connect();
    client.set_tick(TICK);
    let stream = frames(&[message("hello"), message(&"x".repeat(60)), Payload::Exit]);
    let mut bytes = stream.iter();
    let mut received = Vec::new();
    let mut ticks = 0;
    run(client, |_, event| {
        match event {
            Event::Idle => {
                ticks += 1;
                peer.write_all(&[*bytes.next().unwrap()]).unwrap();
            }
            Event::Payload(payload) => received.push(name(&payload)),
            event => panic!("{event:?}"),
        }
        Ok(())
    })
    .unwrap();
    let long = format!("TYPE_CONV_MESSAGE {}", "x".repeat(60));
    assert_eq!(received, ["TYPE_CONV_MESSAGE hello", &long, "TYPE_EXIT"]);
    assert_eq!(ticks, stream.len());
}

/// There is always more to read, and it ticks all the same.
#[test]
fn idle_is_called_under_constant_load() {
    let (mut client, mut peer) = connect();
    client.set_tick(TICK);
    send(&mut peer, &[message("again")]);
    let started = Instant::now();
    let (mut messages, mut ticks) = (0, 0);
    run(client, |_, event| {
        match event {
            Event::Idle if ticks == 20 => send(&mut peer, &[Payload::Exit]),
            Event::Idle => ticks += 1,
            Event::Payload(Payload::ConvMessage(message)) => {
                messages += 1;
                assert!(messages < 10_000_000, "{ticks} ticks");
                send(&mut peer, &[Payload::ConvMessage(message)]);
            }
            _ => {}
        }
        Ok(())
    })
    .unwrap();
    assert!(ticks * TICK <= started.elapsed());
    assert!(messages > 20);
}

/// What takes longer than the tick leaves room for what else there is to do.
#[test]
fn a_slow_idle_does_not_keep_requests_waiting() {
    let (mut client, mut peer) = connect();
    client.set_tick(TICK);
    let busy = || {
        let started = Instant::now();
        while started.elapsed() <= TICK {}
    };
    busy();
    send(&mut peer, &[Payload::Ping, message("hello")]);
    let mut ticks = 0;
    run(client, |_, event| {
        match event {
            Event::Idle => {
                ticks += 1;
                assert!(ticks < 100, "nothing is read any more");
                busy();
            }
            Event::Payload(Payload::ConvMessage(_)) => send(&mut peer, &[Payload::Exit]),
            _ => {}
        }
        Ok(())
    })
    .unwrap();
    assert!(ticks > 0);
}
