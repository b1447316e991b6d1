//! What is written when, and sending from several places at once.

use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use spectrum2::frame::{FrameReader, FrameWriter};
use spectrum2::{Backend, Client, ConversationMessage, Error, Event, Login, Logout, Payload, Sender};

use super::numbered::{Heard, say};
use super::{connect, conversation, message, receive_all, reset, run, send};

/// Whether the peer has something to read now.
fn has_received(peer: &TcpStream) -> bool {
    peer.set_nonblocking(true).unwrap();
    let peeked = peer.peek(&mut [0]);
    peer.set_nonblocking(false).unwrap();
    match peeked {
        Ok(count) => count > 0,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            false
        }
    }
}

#[test]
fn delay_is_off() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    assert!(!stream.nodelay().unwrap());
    let same = stream.try_clone().unwrap();
    let _client = Client::from_stream(stream).unwrap();
    assert!(same.nodelay().unwrap());
}

/// Counts the calls of `write`, which take at most `most` bytes each.
struct CountingWrite {
    most: usize,
    calls: usize,
    written: Vec<u8>,
}

impl Write for CountingWrite {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        let count = bytes.len().min(self.most);
        self.written.extend_from_slice(&bytes[..count]);
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_writes_once_for_all_frames() {
    let frame = super::frames(&[message("hello")]);
    for most in [usize::MAX, 1000] {
        let mut writer = FrameWriter::new(CountingWrite { most, calls: 0, written: Vec::new() });
        for _ in 0..500 {
            writer.write(&message("hello")).unwrap();
        }
        assert_eq!(writer.get_ref().calls, 0);
        writer.flush().unwrap();
        writer.flush().unwrap();
        assert_eq!(writer.get_ref().calls, (500 * frame.len()).div_ceil(most));
        assert_eq!(writer.get_ref().written, frame.repeat(500));
    }
}

/// Counted where the C library's `send` and `recv` are called.
#[cfg(target_os = "linux")]
mod counted {
    use super::*;
    use crate::system_calls;

    /// An echo, which says two things at the start.
    struct Echo;

    impl Backend for Echo {
        fn start(&mut self, sender: &mut Sender) -> io::Result<()> {
            sender.backend_config("[features]\n")?;
            sender.connected("alice")
        }
        fn login(&mut self, _: &mut Sender, _: Login<'_>) -> io::Result<()> {
            Ok(())
        }
        fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> {
            Ok(())
        }
        fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
            sender.message(&message)?;
            sender.message_ack(message.user_name, message.buddy_name, "1")
        }
    }

    #[test]
    fn one_write_for_each_batch() {
        let (client, mut peer) = connect();
        let mut batch = vec![message("hello"); 100];
        batch.insert(50, Payload::Ping);
        batch.push(Payload::Exit);
        send(&mut peer, &batch);
        let before = system_calls::of_this_thread().counts();
        client.run(&mut Echo).unwrap();
        let after = system_calls::of_this_thread().counts();
        // What is said at the start, before anything is read; then the answers to the whole batch.
        assert_eq!((after.receives - before.receives, after.sends - before.sends), (1, 2));
        assert_eq!(receive_all(peer).len(), 2 + 200 + 2);
    }

    #[test]
    fn a_clone_writes_each_frame_and_a_buffered_sender_none() {
        let (client, peer) = connect();
        let sender = client.sender();
        let sends = || system_calls::of_this_thread().counts().sends;
        let before = sends();
        for _ in 0..10 {
            sender.connected("alice").unwrap();
        }
        assert_eq!(sends() - before, 10);
        let buffered = sender.buffered();
        for _ in 0..10 {
            buffered.connected("alice").unwrap();
        }
        assert_eq!(sends() - before, 10);
        // All that waits goes with the next frame that does not.
        buffered.clone().connected("alice").unwrap();
        assert_eq!(sends() - before, 11);
        buffered.flush().unwrap();
        assert_eq!(sends() - before, 11);
        drop((client, sender, buffered));
        assert_eq!(receive_all(peer).len(), 21);
    }
}

/// Frames go in the order of the calls, whoever made them.
#[test]
fn no_sender_overtakes_another() {
    let (client, peer) = connect();
    let buffered = client.sender().buffered();
    let at_once = buffered.clone();
    for _ in 0..100 {
        buffered.connected("first").unwrap();
        buffered.connected("second").unwrap();
        thread::scope(|scope| drop(scope.spawn(|| at_once.connected("third").unwrap())));
        at_once.buffered().connected("fourth").unwrap();
    }
    buffered.flush().unwrap();
    drop((client, buffered, at_once));
    let sent = ["TYPE_CONNECTED first", "TYPE_CONNECTED second", "TYPE_CONNECTED third", "TYPE_CONNECTED fourth"];
    assert_eq!(receive_all(peer), sent.repeat(100));
}

#[test]
fn a_buffered_sender_writes_when_told_to() {
    let (client, peer) = connect();
    let buffered = client.sender().buffered();
    buffered.connected("alice").unwrap();
    assert!(!has_received(&peer));
    buffered.flush().unwrap();
    peer.peek(&mut [0]).unwrap();
    drop((client, buffered));
    assert_eq!(receive_all(peer), ["TYPE_CONNECTED alice"]);
}

#[test]
fn a_receiver_writes_what_is_buffered_before_it_waits() {
    let (client, mut peer) = connect();
    let (mut receiver, sender) = client.split();
    let buffered = sender.buffered();
    buffered.connected("alice").unwrap();
    assert!(!has_received(&peer));
    // The peer answers only after it has read, so this hangs unless the receiver writes first.
    let main_process = thread::spawn(move || {
        let mut reader = FrameReader::new(peer.try_clone().unwrap());
        assert_eq!(super::name(&reader.read_frame().unwrap().unwrap().decode().unwrap()), "TYPE_CONNECTED alice");
        send(&mut peer, &[message("one"), message("two")]);
        peer
    });
    assert!(matches!(receiver.next_event().unwrap(), Some(Event::Payload(Payload::ConvMessage(_)))));
    let mut peer = main_process.join().unwrap();
    // The second message is there already: nothing to wait for, nothing written.
    buffered.connected("bob").unwrap();
    assert!(matches!(receiver.next_event().unwrap(), Some(Event::Payload(Payload::ConvMessage(_)))));
    assert!(!has_received(&peer));
    send(&mut peer, &[Payload::Exit]);
    assert!(matches!(receiver.next_event().unwrap(), Some(Event::Payload(Payload::Exit))));
    assert_eq!(peer.peek(&mut [0]).unwrap(), 1);
}

#[test]
fn a_large_batch_does_not_wait_for_its_end() {
    let (client, mut peer) = connect();
    send(&mut peer, &[message("go"), Payload::Exit]);
    let reader = thread::spawn(move || receive_all(peer));
    let long = "x".repeat(1000);
    run(client, |sender, event| {
        if let Event::Payload(Payload::ConvMessage(_)) = event {
            for _ in 0..1000 {
                sender.message(&conversation(&long))?;
            }
            // Nothing more is written, so what arrives was written while the method ran.
            sender.shutdown()?;
        }
        Ok(())
    })
    .unwrap();
    let received = reader.join().unwrap().len();
    assert!((256..1000).contains(&received), "{received}");
}

#[test]
fn a_peer_that_is_gone_is_a_broken_pipe_for_clones_alone() {
    let (client, peer) = connect();
    let sender = client.sender();
    let buffered = sender.buffered();
    sender.connected("alice").unwrap();
    reset(peer);
    let first = loop {
        if let Err(error) = sender.connected("alice") {
            break error.kind();
        }
    };
    assert!(matches!(first, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{first:?}");
    for _ in 0..3 {
        assert_eq!(sender.connected("alice").unwrap_err().kind(), ErrorKind::BrokenPipe);
        buffered.connected("alice").unwrap();
    }
    // More than would be buffered: it is dropped, not kept.
    let long = "x".repeat(1 << 20);
    buffered.message(&conversation(&long)).unwrap();
}

/// Reads frames until `count` messages with numbers came.
fn hear(reader: &mut FrameReader<TcpStream>, count: usize) -> Heard {
    let mut heard = Heard::default();
    for _ in 0..count {
        let frame = reader.read_frame().unwrap().unwrap();
        let Payload::ConvMessage(message) = frame.decode().unwrap() else { panic!("{frame:?}") };
        heard.hear(&message);
    }
    heard
}

#[test]
fn eight_threads_send_while_the_loop_sends_too() {
    const EACH: usize = 400;
    let (client, mut peer) = connect();
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let sender = client.sender();
            thread::spawn(move || {
                (0..EACH).try_for_each(|number| say(&thread.to_string(), number, |message| sender.message(message)))
            })
        })
        .collect();
    let backend = thread::spawn(move || {
        let mut number = 0;
        run(client, |sender, event| {
            if let Event::Payload(Payload::ConvMessage(_)) = event {
                say("loop", number, |message| sender.message(message))?;
                number += 1;
            }
            Ok(())
        })
    });
    let mut requests = peer.try_clone().unwrap();
    let main_process = thread::spawn(move || {
        for _ in 0..EACH {
            send(&mut requests, &[message("go")]);
        }
    });
    let heard = hear(&mut FrameReader::new(peer.try_clone().unwrap()), 9 * EACH);
    assert_eq!(heard, Heard::of_each((0..8).map(|thread| thread.to_string()).chain(["loop".to_owned()]), EACH));
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
    main_process.join().unwrap();
    send(&mut peer, &[Payload::Exit]);
    backend.join().unwrap().unwrap();
    assert_eq!(receive_all(peer), [""; 0]);
}

/// The peer does not read until all threads wait; then everything arrives, whole and in order.
#[cfg(target_os = "linux")]
#[test]
fn a_full_socket_buffer_blocks_and_loses_nothing() {
    const EACH: usize = 100;
    let (client, stream, peer) = super::connect_narrow();
    let (start, started) = mpsc::channel();
    let threads: Vec<_> = (0..3)
        .map(|thread| {
            let (sender, start) = (client.sender(), start.clone());
            thread::spawn(move || {
                start.send(crate::system_calls::of_this_thread()).unwrap();
                (0..EACH).try_for_each(|number| say(&thread.to_string(), number, |message| sender.message(message)))
            })
        })
        .collect();
    let calls: Vec<_> = started.iter().take(3).collect();
    // One thread is in `send`, which has nowhere to put its bytes, and the others wait for it.
    while crate::sockets::is_writable(&stream) || !calls.iter().any(|calls| calls.is_sending()) {
        thread::yield_now();
    }
    assert!(threads.iter().all(|thread| !thread.is_finished()));
    let heard = hear(&mut FrameReader::new(peer), 3 * EACH);
    assert_eq!(heard, Heard::of_each((0..3).map(|thread| thread.to_string()), EACH));
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
}

/// For as long as the ping timeout, then it counts as hanging.
#[cfg(target_os = "linux")]
#[test]
fn a_peer_that_does_not_read_is_a_timeout() {
    let (mut client, _, _peer) = super::connect_narrow();
    client.set_ping_timeout(Duration::from_millis(20)).unwrap();
    let (mut receiver, sender) = client.split();
    // Far more than the socket takes, and less than a buffered sender writes on its own.
    sender.buffered().message(&conversation(&"x".repeat(200_000))).unwrap();
    let Err(Error::Connection(error)) = receiver.next_event() else { panic!() };
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::TimedOut, "the main process does not read"));
    assert_eq!(sender.connected("alice").unwrap_err().kind(), ErrorKind::TimedOut);
}

/// It is the connection that failed then, not the method that could not send.
#[cfg(target_os = "linux")]
#[test]
fn a_method_that_cannot_send_is_not_to_blame() {
    let (mut client, _, mut peer) = super::connect_narrow();
    client.set_ping_timeout(Duration::from_millis(20)).unwrap();
    send(&mut peer, &[Payload::RawXml("<presence/>")]);
    // More than a buffered sender holds, so that the method itself has to write.
    let ended = run(client, |sender, _| sender.message(&conversation(&"x".repeat(1_000_000))));
    let Err(Error::Connection(error)) = ended else { panic!("{ended:?}") };
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

/// As an asynchronous runtime gives it away.
#[cfg(target_os = "linux")]
#[test]
fn a_stream_that_does_not_block_is_made_to() {
    use std::os::fd::AsRawFd;

    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_nonblocking(true).unwrap();
    let _client = spectrum2::Client::from_stream(stream.try_clone().unwrap()).unwrap();
    // SAFETY: asks for the flags of a stream that is open.
    let flags = unsafe { libc::fcntl(stream.as_raw_fd(), libc::F_GETFL) };
    assert_eq!(flags & libc::O_NONBLOCK, 0);
}

#[test]
fn stats_are_those_of_this_process() {
    #[cfg(target_os = "linux")]
    let resident_before = memory("VmRSS:");
    let (client, mut peer) = connect();
    send(&mut peer, &[Payload::Ping, Payload::Ping, Payload::Exit]);
    run(client, |_, _| Ok(())).unwrap();
    let mut reader = FrameReader::new(peer);
    let mut stats = Vec::new();
    for _ in 0..2 {
        assert_eq!(reader.read_frame().unwrap().unwrap().decode(), Ok(Payload::Pong));
        let frame = reader.read_frame().unwrap().unwrap();
        let Payload::Stats(found) = frame.decode().unwrap() else { panic!("{frame:?}") };
        assert_eq!(found.id, std::process::id().to_string());
        stats.push((found.res, found.init_res, found.shared));
    }
    assert_eq!(stats[0].1, stats[1].1, "the memory at the start stays as it was");
    #[cfg(target_os = "linux")]
    for (resident, at_the_start, shared) in stats {
        // In kB: not below what it was, by much, nor above the most that it ever was.
        let plausible = resident_before / 2..memory("VmHWM:") * 9 / 8;
        assert!(plausible.contains(&resident), "{resident} of {plausible:?}");
        assert!(plausible.contains(&at_the_start), "{at_the_start} of {plausible:?}");
        assert!(0 < shared && shared < resident, "{shared} of {resident}");
    }
}

/// A line of Linux's account of this process, in kB.
#[cfg(target_os = "linux")]
fn memory(key: &str) -> i32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}
