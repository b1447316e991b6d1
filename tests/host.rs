//! The main process's side, where the other tests do not use it anyway.
#![cfg(all(feature = "host", unix))]

use std::io::ErrorKind;
use std::time::Duration;

use spectrum2::frame::{DEFAULT_LIMIT, FrameWriter, OwnedFrame};
use spectrum2::host::{BackendCommand, BackendProcess, Host, RECEIVE_LIMIT};
use spectrum2::{Connected, FrameError, Payload};

const TIMEOUT: Duration = Duration::from_secs(30);

#[test]
fn backend_that_ends_before_it_connects_is_not_waited_for() {
    let host = Host::listen().unwrap();
    let mut process = host.spawn(&BackendCommand::new("false")).unwrap();
    let error = host.connect(&mut process, TIMEOUT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(error.to_string().contains("exit status: 1"), "{error}");
}

#[test]
fn backend_that_does_not_connect_is_waited_for_as_long_as_told() {
    let host = Host::listen().unwrap();
    // Waits for its standard input, which does not end.
    let mut waiting = std::process::Command::new("cat");
    let child = waiting.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let start = std::time::Instant::now();
    let timeout = Duration::from_millis(20);
    let error = host.connect(&mut BackendProcess::from(child), timeout).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(start.elapsed() >= timeout);
}

#[test]
fn arguments_stand_in_the_order_that_spectrum_gives_them() {
    let host = Host::listen().unwrap();
    let command =
        BackendCommand::new("backend").arg("--own").main_arg("-n").jid("icq.example.org").config_path("/etc/icq.cfg");
    let command = command.to_command(host.address());
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_str().unwrap().to_owned()).collect();
    let port = host.address().port().to_string();
    let expected =
        ["--own", "--host", "127.0.0.1", "--port", &port, "--service.backend_id=1", "-n", "-j", "icq.example.org"];
    assert_eq!(arguments[..expected.len()], expected);
    assert_eq!(arguments[expected.len()..], ["/etc/icq.cfg"]);
}

#[test]
fn answers_have_a_timeout_and_an_end() {
    let host = Host::listen().unwrap();
    let peer = std::net::TcpStream::connect(host.address()).unwrap();
    let mut connection = host.accept(TIMEOUT).unwrap();
    assert_eq!(connection.receive(Duration::from_millis(1)).unwrap_err().kind(), ErrorKind::TimedOut);

    let mut writer = FrameWriter::new(peer);
    writer.write(&Payload::Stats(Default::default())).unwrap();
    writer.write(&Payload::Pong).unwrap();
    writer.flush().unwrap();
    let mut others = Vec::new();
    connection.ping(TIMEOUT, |frame| others.push(frame)).unwrap();
    assert_eq!(others, [OwnedFrame::encode(&Payload::Stats(Default::default())).unwrap()]);

    drop(writer);
    assert!(connection.receive(TIMEOUT).is_err());
}

#[test]
fn a_frame_is_waited_for_past_others_and_no_longer_than_told() {
    let host = Host::listen().unwrap();
    let mut peer = std::net::TcpStream::connect(host.address()).unwrap();
    let mut connection = host.accept(TIMEOUT).unwrap();
    let connected = |user| OwnedFrame::encode(&Payload::Connected(Connected { user })).unwrap();
    // The third has a type and no user.
    let sent = [connected("alice"), OwnedFrame::encode(&Payload::Pong).unwrap(), OwnedFrame::new(*b"\x08\x01")];
    for frame in sent.iter().chain([&connected("bob"), &connected("carol")]) {
        let body = frame.as_frame().body();
        std::io::Write::write_all(&mut peer, &[&(body.len() as u32).to_be_bytes(), body].concat()).unwrap();
    }
    let is_of = |name| move |payload: &Payload<'_>| *payload == Payload::Connected(Connected { user: name });
    let mut others = Vec::new();
    let found = connection.wait_for(TIMEOUT, is_of("bob"), |frame| others.push(frame)).unwrap();
    assert_eq!((found, others.as_slice()), (connected("bob"), sent.as_slice()));

    // What comes in vain counts against the same timeout.
    others.clear();
    let error = connection.wait_for(Duration::from_millis(20), is_of("dave"), |frame| others.push(frame)).unwrap_err();
    assert_eq!((error.kind(), others.as_slice()), (ErrorKind::TimedOut, [connected("carol")].as_slice()));
    drop(peer);
    assert_eq!(connection.wait_for(TIMEOUT, |_| true, drop).unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

/// The main process takes frames of any length, so this has to take more than a backend's default.
#[test]
fn frames_may_be_longer_than_backends_take() {
    let host = Host::listen().unwrap();
    let peer = std::net::TcpStream::connect(host.address()).unwrap();
    let mut connection = host.accept(TIMEOUT).unwrap();
    let xml = "x".repeat(DEFAULT_LIMIT);
    let sent = std::thread::spawn(move || {
        let mut writer = FrameWriter::new(peer);
        writer.write(&Payload::RawXml(&xml)).unwrap();
        writer.flush().unwrap();
        let mut peer = writer.into_inner();
        std::io::Write::write_all(&mut peer, &u32::MAX.to_be_bytes()).unwrap();
        peer
    });
    let frame = connection.receive(TIMEOUT).unwrap();
    assert!(frame.as_frame().body().len() > DEFAULT_LIMIT);
    assert!(matches!(frame.decode(), Ok(Payload::RawXml(xml)) if xml.len() == DEFAULT_LIMIT));
    let error = connection.receive(TIMEOUT).unwrap_err();
    let too_large = FrameError::TooLarge { length: u32::MAX as usize, limit: RECEIVE_LIMIT };
    assert_eq!(error.downcast::<FrameError>().unwrap(), too_large);
    drop(sent.join().unwrap());
}

#[test]
fn part_of_a_frame_can_be_looked_at() {
    let host = Host::listen().unwrap();
    let mut peer = std::net::TcpStream::connect(host.address()).unwrap();
    let mut connection = host.accept(TIMEOUT).unwrap();
    std::io::Write::write_all(&mut peer, b"\0\0\0\x02\x08\x0a\0\0\0\x02").unwrap();
    assert_eq!(connection.receive(TIMEOUT).unwrap().decode(), Ok(Payload::Pong));
    assert_eq!(connection.receive(Duration::from_millis(1)).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(connection.buffered(), b"\0\0\0\x02");
}

/// Who wants to wait for ever says so.
#[test]
fn timeouts_may_be_longer_than_the_clock_counts() {
    let host = Host::listen().unwrap();
    let peer = std::net::TcpStream::connect(host.address()).unwrap();
    let mut connection = host.accept(Duration::MAX).unwrap();
    let mut writer = FrameWriter::new(peer);
    for payload in [Payload::Stats(Default::default()), Payload::Pong, Payload::Pong] {
        writer.write(&payload).unwrap();
    }
    writer.flush().unwrap();
    let frame = connection.wait_for(Duration::MAX, |payload| *payload == Payload::Pong, drop).unwrap();
    assert_eq!(connection.receive(Duration::MAX).unwrap(), frame);
}
