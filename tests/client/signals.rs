//! Signals that end system calls early.

use std::io::Write;
use std::time::Duration;

use spectrum2::frame::FrameReader;
use spectrum2::{Error, Payload};

use super::signals_to::Target;
use super::{connect, connect_narrow, conversation, frames, message, name, run_quietly, send};

#[test]
fn an_interrupted_read_loses_nothing() {
    let (client, mut peer) = connect();
    let backend = Target::spawn(move || run_quietly(client));
    let stream = frames(&[message("one"), message("two"), message("three")]);
    for byte in &stream {
        backend.interrupt(1);
        peer.write_all(&[*byte]).unwrap();
    }
    send(&mut peer, &[Payload::Exit]);
    let (ended, received) = backend.thread.join().unwrap();
    ended.unwrap();
    assert_eq!(received, ["TYPE_CONV_MESSAGE one", "TYPE_CONV_MESSAGE two", "TYPE_CONV_MESSAGE three", "TYPE_EXIT"]);
}

#[test]
fn an_interrupted_write_loses_nothing() {
    const COUNT: usize = 100;
    let text = |number: usize| format!("{number} {}", "x".repeat(5000));
    let (client, _, peer) = connect_narrow();
    let sender = client.sender();
    let thread = Target::spawn(move || (0..COUNT).try_for_each(|number| sender.message(&conversation(&text(number)))));
    // The peer does not read, so the thread waits in a write sooner or later.
    thread.interrupt(20);
    let mut reader = FrameReader::new(peer);
    for number in 0..COUNT {
        let frame = reader.read_frame().unwrap().unwrap();
        assert_eq!(name(&frame.decode().unwrap()), format!("TYPE_CONV_MESSAGE {}", text(number)));
        thread.signal();
    }
    thread.thread.join().unwrap().unwrap();
}

/// No read lasts until its timeout, and the silence is found all the same.
#[test]
fn signals_do_not_hide_a_silence() {
    let (mut client, _peer) = connect();
    client.set_ping_timeout(Duration::from_millis(100)).unwrap();
    let backend = Target::spawn(move || run_quietly(client).0);
    let mut signals = 0;
    while !backend.thread.is_finished() {
        backend.signal();
        signals += 1;
        assert!(signals < 10_000_000, "the loop goes on");
    }
    let ended = backend.thread.join().unwrap();
    assert!(matches!(ended, Err(Error::Silence(_))), "{ended:?}");
}
