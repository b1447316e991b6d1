//! How the loop ends.

use std::error::Error as _;
use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::thread;

use spectrum2::frame::{DEFAULT_LIMIT, Frame};
use spectrum2::{
    Backend, Client, ConversationMessage, DecodeError, Error, Event, FrameError, Launch, Login, Logout, Payload, Sender,
};

use super::{
    connect, connect_watched, deliver, frames, login, message, receive_all, reset, run, run_quietly, send, status,
};

/// The kind of an [`Error::Connection`].
fn connection_kind(ended: Result<(), Error>) -> ErrorKind {
    match ended {
        Err(Error::Connection(error)) => error.kind(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn exit_ends_well_and_what_follows_it_is_not_delivered() {
    let (client, mut peer) = connect();
    send(&mut peer, &[login("alice"), Payload::Exit, login("bob")]);
    let (ended, received) = run_quietly(client);
    ended.unwrap();
    assert_eq!(received, ["TYPE_LOGIN alice", "TYPE_EXIT"]);
}

#[test]
fn what_is_sent_on_exit_still_arrives() {
    let (client, mut peer) = connect();
    send(&mut peer, &[Payload::Exit]);
    run(client, |sender, _| sender.connected("alice")).unwrap();
    assert_eq!(receive_all(peer), ["TYPE_CONNECTED alice"]);
}

#[test]
fn a_close_between_frames_ends_well() {
    let (client, mut peer) = connect();
    send(&mut peer, &[login("alice")]);
    drop(peer);
    let (ended, received) = run_quietly(client);
    ended.unwrap();
    assert_eq!(received, ["TYPE_LOGIN alice"]);

    let (client, peer) = connect();
    drop(peer);
    run_quietly(client).0.unwrap();
}

#[test]
fn a_close_within_a_frame_is_an_error_wherever_it_is() {
    let frame = frames(&[login("alice")]);
    for cut in 1..frame.len() {
        let (client, mut peer) = connect();
        peer.write_all(&frame).unwrap();
        peer.write_all(&frame[..cut]).unwrap();
        drop(peer);
        let (ended, received) = run_quietly(client);
        assert_eq!(connection_kind(ended), ErrorKind::UnexpectedEof, "{cut}");
        assert_eq!(received, ["TYPE_LOGIN alice"]);
    }
}

/// Wherever it is: it throws away what was on its way.
#[test]
fn a_reset_is_a_close() {
    let (client, peer) = connect();
    client.sender().connected("alice").unwrap();
    reset(peer);
    run_quietly(client).0.unwrap();

    let (client, stream, mut peer) = connect_watched();
    client.sender().connected("alice").unwrap();
    deliver(&mut peer, &[0, 0], &stream);
    reset(peer);
    run_quietly(client).0.unwrap();
}

/// PING, EXIT and close come back to back, and the PONG cannot be written any more.
mod ping_exit_close {
    use super::*;

    #[test]
    fn all_there_at_once() {
        for unread in [false, true] {
            let (client, stream, mut peer) = connect_watched();
            client.sender().connected("alice").unwrap();
            deliver(&mut peer, &frames(&[Payload::Ping, Payload::Exit]), &stream);
            if unread {
                reset(peer);
            } else {
                peer.shutdown(Shutdown::Both).unwrap();
            }
            let (ended, received) = run_quietly(client);
            ended.unwrap();
            assert_eq!(received, ["TYPE_EXIT"]);
        }
    }

    /// EXIT is unread when writing the PONG fails.
    #[test]
    fn exit_after_the_failed_write() {
        let (client, stream, mut peer) = connect_watched();
        client.sender().connected("alice").unwrap();
        send(&mut peer, &[Payload::Ping, status("alice")]);
        let mut peer = Some(peer);
        let mut received = Vec::new();
        run(client, |sender, event| {
            let Event::Payload(payload) = event else { panic!("{event:?}") };
            received.push(payload.type_name());
            if let Some(mut peer) = peer.take() {
                deliver(&mut peer, &frames(&[Payload::Exit]), &stream);
                reset(peer);
                // Writes at once, and finds the connection reset; the PONG goes with it.
                while sender.clone().connected("alice").is_ok() {}
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(received, ["TYPE_STATUS_CHANGED", "TYPE_EXIT"]);
    }

    /// Whichever comes first.
    #[test]
    fn in_any_order() {
        for round in 0..300 {
            let (client, mut peer) = connect();
            let main_process = thread::spawn(move || {
                if round % 2 == 0 {
                    send(&mut peer, &[Payload::Ping, Payload::Exit]);
                } else {
                    send(&mut peer, &[Payload::Ping]);
                    send(&mut peer, &[Payload::Exit]);
                }
            });
            run_quietly(client).0.unwrap();
            main_process.join().unwrap();
        }
    }
}

#[test]
fn a_length_over_the_limit_is_an_error() {
    let (client, mut peer) = connect();
    peer.write_all(&(DEFAULT_LIMIT as u32 + 1).to_be_bytes()).unwrap();
    let Err(Error::Connection(error)) = run_quietly(client).0 else { panic!() };
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let cause = error.get_ref().unwrap().downcast_ref::<FrameError>().unwrap();
    assert_eq!(*cause, FrameError::TooLarge { length: DEFAULT_LIMIT + 1, limit: DEFAULT_LIMIT });

    // The limit itself is a length like any other.
    let (client, mut peer) = connect();
    peer.write_all(&(DEFAULT_LIMIT as u32).to_be_bytes()).unwrap();
    drop(peer);
    assert_eq!(connection_kind(run_quietly(client).0), ErrorKind::UnexpectedEof);
}

#[test]
fn the_error_of_a_method_is_returned_after_what_was_sent() {
    let (client, mut peer) = connect();
    send(&mut peer, &[login("alice"), login("bob"), login("carol")]);
    let ended = run(client, |sender, event| match event {
        Event::Payload(Payload::Login(login)) if login.user == "bob" => Err(io::Error::other("no room for bob")),
        Event::Payload(Payload::Login(login)) => sender.connected(login.user),
        event => panic!("{event:?}"),
    });
    let Err(Error::Backend(error)) = &ended else { panic!("{ended:?}") };
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Other, "no room for bob"));
    assert_eq!(receive_all(peer), ["TYPE_CONNECTED alice"]);
}

/// The main process closes while a method works, whose own sender then fails.
#[test]
fn the_error_of_a_method_does_not_count_when_the_peer_is_gone() {
    let (client, mut peer) = connect();
    client.sender().connected("alice").unwrap();
    send(&mut peer, &[login("alice")]);
    let mut peer = Some(peer);
    let mut failures = 0;
    run(client, |sender, _| {
        reset(peer.take().unwrap());
        loop {
            if let Err(error) = sender.clone().connected("alice") {
                failures += 1;
                return Err(error);
            }
        }
    })
    .unwrap();
    assert_eq!(failures, 1);
}

/// Counts, and fails where it is told to.
#[derive(Default)]
struct Counting {
    start_fails: bool,
    malformed_fails: bool,
    malformed: Vec<String>,
    logins: usize,
    ticks: usize,
}

impl Backend for Counting {
    fn start(&mut self, sender: &mut Sender) -> io::Result<()> {
        sender.connected("started")?;
        if self.start_fails { Err(ErrorKind::NotFound.into()) } else { Ok(()) }
    }
    fn login(&mut self, _: &mut Sender, _: Login<'_>) -> io::Result<()> {
        self.logins += 1;
        Ok(())
    }
    fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> {
        Ok(())
    }
    fn message(&mut self, _: &mut Sender, _: ConversationMessage<'_>) -> io::Result<()> {
        Ok(())
    }
    fn malformed(&mut self, _: &mut Sender, frame: Frame<'_>, error: DecodeError) -> io::Result<()> {
        self.malformed.push(format!("{} bytes: {error}", frame.body().len()));
        if self.malformed_fails { Err(error.into()) } else { Ok(()) }
    }
    fn idle(&mut self, sender: &mut Sender) -> io::Result<()> {
        self.ticks += 1;
        if self.ticks == 3 { sender.shutdown() } else { Ok(()) }
    }
}

/// A frame whose type is missing, a LOGIN without its fields, and a login.
fn malformed_then_login() -> Vec<u8> {
    [b"\0\0\0\0".as_slice(), b"\0\0\0\x04\x08\x03\x12\0", &frames(&[login("alice"), Payload::Exit])].concat()
}

#[test]
fn a_malformed_message_costs_itself_alone() {
    let (client, mut peer) = connect();
    peer.write_all(&malformed_then_login()).unwrap();
    let mut backend = Counting::default();
    client.run(&mut backend).unwrap();
    let expected = ["0 bytes: WrapperMessage.type is missing, at byte 0", "4 bytes: Login.user is missing, at byte 4"];
    assert_eq!((backend.malformed, backend.logins), (expected.map(str::to_owned).to_vec(), 1));
}

#[test]
fn a_backend_may_end_on_a_malformed_message() {
    let (client, mut peer) = connect();
    peer.write_all(&malformed_then_login()).unwrap();
    let mut backend = Counting { malformed_fails: true, ..Counting::default() };
    let Err(Error::Backend(error)) = client.run(&mut backend) else { panic!() };
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!((backend.malformed.len(), backend.logins), (1, 0));
}

#[test]
fn an_error_at_the_start_ends_the_loop_before_it_reads() {
    let (client, peer) = connect();
    let mut backend = Counting { start_fails: true, ..Counting::default() };
    let Err(Error::Backend(error)) = client.run(&mut backend) else { panic!() };
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(receive_all(peer), ["TYPE_CONNECTED started"]);
}

/// Whatever ended the loop: threads that hold a sender learn of it, and so does the main process.
#[test]
fn the_end_of_the_loop_closes_the_connection_for_all() {
    for fails in [false, true] {
        let (client, mut peer) = connect();
        let sender = client.sender();
        send(&mut peer, &[Payload::Exit]);
        let ended = run(client, |_, _| if fails { Err(ErrorKind::Other.into()) } else { Ok(()) });
        assert_eq!(ended.is_err(), fails);
        assert_eq!(sender.connected("alice").unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(receive_all(peer), [""; 0]);
    }
}

#[test]
fn shutdown_from_another_thread_ends_the_loop() {
    let (client, mut peer) = connect();
    send(&mut peer, &[login("alice")]);
    let sender = client.sender();
    let mut ended_by = None;
    run(client, |_, _| {
        let sender = sender.clone();
        ended_by = Some(thread::spawn(move || sender.shutdown().unwrap()));
        Ok(())
    })
    .unwrap();
    ended_by.unwrap().join().unwrap();
    assert_eq!(receive_all(peer), [""; 0]);
}

#[test]
fn shutdown_within_a_frame_ends_the_loop_well() {
    let (mut client, mut peer) = connect();
    client.set_tick(std::time::Duration::from_millis(1));
    peer.write_all(&[0, 0, 0]).unwrap();
    let mut backend = Counting::default();
    client.run(&mut backend).unwrap();
    assert_eq!(backend.ticks, 3);
}

#[test]
fn a_loop_of_ones_own_gets_exit_and_then_nothing() {
    let (client, mut peer) = connect();
    send(&mut peer, &[Payload::Ping, message("hello"), Payload::Exit, message("late")]);
    let sender = client.sender().buffered();
    let (mut receiver, _) = client.split();
    let mut received = Vec::new();
    while let Some(event) = receiver.next_event().unwrap() {
        let Event::Payload(payload) = event else { panic!("{event:?}") };
        received.push(super::name(&payload));
        sender.send(&payload).unwrap();
    }
    assert!(receiver.next_event().unwrap().is_none());
    assert_eq!(received, ["TYPE_CONV_MESSAGE hello", "TYPE_EXIT"]);
    drop((receiver, sender));
    assert_eq!(receive_all(peer), ["TYPE_PONG", "TYPE_STATS", "TYPE_CONV_MESSAGE hello", "TYPE_EXIT"]);
}

#[test]
fn errors_are_one_line_each() {
    let launch = Launch::from_args(["--host", "127.0.0.1", "--port", "1"]).unwrap();
    let error = Client::connect(&launch).unwrap_err();
    assert!(matches!(&error, Error::Connect(address, _) if address == "127.0.0.1:1"));
    let lines = [
        error.to_string(),
        Error::Connection(ErrorKind::UnexpectedEof.into()).to_string(),
        Error::Silence(super::PATIENCE).to_string(),
        Error::Backend(io::Error::other("full")).to_string(),
    ];
    let cause = error.source().unwrap().to_string();
    assert_eq!(lines[0], format!("cannot connect to the main process at 127.0.0.1:1: {cause}"));
    assert_eq!(lines[1], "the connection to the main process failed: unexpected end of file");
    assert_eq!(lines[2], "nothing came from the main process for 60s");
    assert_eq!(lines[3], "the backend failed: full");
}
