//! The main process's side, where the other tests do not use it anyway.
#![cfg(all(feature = "host", unix))]

use std::io::ErrorKind;
use std::time::Duration;

use spectrum2::Payload;
use spectrum2::frame::OwnedFrame;
use spectrum2::host::{BackendCommand, BackendProcess, Host};

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

    let mut writer = spectrum2::frame::FrameWriter::new(peer);
    writer.write(&Payload::Stats(Default::default())).unwrap();
    writer.write(&Payload::Pong).unwrap();
    writer.flush().unwrap();
    let mut others = Vec::new();
    connection.ping(TIMEOUT, |frame| others.push(frame)).unwrap();
    assert_eq!(others, [OwnedFrame::encode(&Payload::Stats(Default::default())).unwrap()]);

    drop(writer);
    assert!(connection.receive(TIMEOUT).is_err());
}
