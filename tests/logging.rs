//! What is logged, and that no password is shown: not in a log, and not by `Debug`.

#![cfg(feature = "std")]

use std::fmt::Debug;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use spectrum2::descriptor::MESSAGES;
use spectrum2::frame::{Frame, FrameReader, FrameWriter, HEADER_LEN, encode_to_vec, split};
use spectrum2::{Client, Event, List, Login, Payload, Room, Wrapper, msncd};

const PASSWORD: &str = "5up3rs3cr3t";

fn connect() -> (Client, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = Client::connect_to(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

fn frames(payloads: &[Payload<'_>]) -> Vec<u8> {
    let mut stream = Vec::new();
    for payload in payloads {
        encode_to_vec(payload, &mut stream).unwrap();
    }
    stream
}

fn login() -> Payload<'static> {
    let extra_fields = List::from(&[PASSWORD]);
    Payload::Login(Login { user: "alice", legacy_name: "legacy", password: PASSWORD, extra_fields, settings: None })
}

fn join_room() -> Payload<'static> {
    Payload::JoinRoom(Room { user_name: "alice", nickname: "al", room: "#locked", password: Some(PASSWORD) })
}

/// A LOGIN with its password, and then a string that is not UTF-8.
fn malformed_login() -> Vec<u8> {
    let mut frame = frames(&[login()]);
    frame.extend_from_slice(b"\x22\x01\xff");
    frame[3] += 3;
    frame[7] += 3;
    assert_eq!(Frame::new(&frame[HEADER_LEN..]).decode().unwrap_err().field(), Some("extraFields"));
    frame
}

/// What a thread logged while its client ran.
#[cfg(feature = "log")]
mod logged {
    use std::cell::RefCell;
    use std::sync::Once;

    use log::{Level, LevelFilter, Log, Metadata, Record};
    use spectrum2::{Backend, ConversationMessage, Logout, Sender};

    use super::*;

    thread_local! {
        static RECORDS: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
    }

    struct Logger;

    impl Log for Logger {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            assert!(record.target().starts_with("spectrum2"), "{record:?}");
            RECORDS.with_borrow_mut(|records| records.push((record.level(), record.args().to_string())));
        }
        fn flush(&self) {}
    }

    /// Runs a session in which the main process sends `stream` and closes.
    fn session(stream: &[u8], mut backend: impl Backend) -> Vec<(Level, String)> {
        static LOGGER: Once = Once::new();
        LOGGER.call_once(|| {
            log::set_logger(&Logger).unwrap();
            log::set_max_level(LevelFilter::Trace);
        });
        // What a test without a session left in this thread.
        RECORDS.take();
        let (client, mut peer) = connect();
        peer.write_all(stream).unwrap();
        drop(peer);
        client.run(&mut backend).unwrap();
        RECORDS.take()
    }

    /// A backend that says what it has to.
    struct Quiet;

    impl Backend for Quiet {
        fn login(&mut self, sender: &mut Sender, login: Login<'_>) -> io::Result<()> {
            sender.connected(login.user)
        }
        fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> {
            Ok(())
        }
        fn message(&mut self, _: &mut Sender, _: ConversationMessage<'_>) -> io::Result<()> {
            Ok(())
        }
    }

    fn assert_records(found: &[(Level, String)], expected: &[(Level, &str)]) {
        let found: Vec<_> = found.iter().map(|(level, text)| (*level, text.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_session() {
        let stream = [
            frames(&[Payload::Ping, login(), join_room()]),
            malformed_login(),
            frames(&[Payload::Unknown { type_number: 77, bytes: PASSWORD.as_bytes() }, Payload::Exit]),
        ];
        let malformed = Frame::new(&stream[1][HEADER_LEN..]);
        let (length, error) = (malformed.body().len(), malformed.decode().unwrap_err());
        let warning = format!("a malformed frame of {length} bytes: {error}");
        let expected = [
            (Level::Info, "connected to the main process"),
            (Level::Debug, "received TYPE_PING"),
            (Level::Debug, "sending TYPE_PONG"),
            (Level::Debug, "sending TYPE_STATS"),
            (Level::Debug, "received TYPE_LOGIN"),
            (Level::Debug, "sending TYPE_CONNECTED"),
            (Level::Debug, "received TYPE_JOIN_ROOM"),
            (Level::Warn, &warning),
            (Level::Debug, "received unknown"),
            (Level::Info, "the main process said EXIT"),
        ];
        assert_records(&session(&stream.concat(), Quiet), &expected);
    }

    #[test]
    fn a_close() {
        let expected =
            [(Level::Info, "connected to the main process"), (Level::Info, "the main process closed the connection")];
        assert_records(&session(&[], Quiet), &expected);
    }

    /// A backend that repeats all it hears, passwords too.
    struct Parrot;

    impl Backend for Parrot {
        fn handle(&mut self, sender: &mut Sender, event: Event<'_>) -> io::Result<()> {
            match event {
                Event::Payload(payload) => sender.send(&payload),
                Event::Malformed(frame, error) => self.malformed(sender, frame, error),
                _ => Ok(()),
            }
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
    fn no_password_at_any_level() {
        let whole = [frames(&[login(), join_room()]), malformed_login(), frames(&[Payload::Exit])].concat();
        let records = session(&whole, Parrot);
        let count = |text: &str| records.iter().filter(|record| record.1.contains(text)).count();
        assert_eq!((count("TYPE_LOGIN"), count("TYPE_JOIN_ROOM"), count("malformed")), (2, 2, 1));
        assert_eq!(count(PASSWORD), 0, "{records:?}");
    }
}

/// Neither as text nor as a list of bytes.
fn assert_hidden(shown: &dyn Debug) {
    let bytes = format!("{:?}", PASSWORD.as_bytes());
    for shown in [format!("{shown:?}"), format!("{shown:#?}").split_whitespace().collect::<Vec<_>>().join(" ")] {
        for hidden in [PASSWORD, bytes.trim_matches(['[', ']'])] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}

#[test]
fn debug_of_messages_shows_no_password() {
    for payload in [login(), join_room()] {
        assert_hidden(&payload);
        assert_hidden(&Event::Payload(payload));
        assert!(format!("{payload:?}").contains("alice"), "the rest is shown");
    }
}

/// A field that is added to the schema has to be hidden, and tested above, too.
#[test]
fn the_passwords_of_the_schema_are_those_tested_here() {
    let fields = MESSAGES.iter().flat_map(|message| message.fields.iter().map(|field| (message.name, field.name)));
    let passwords: Vec<_> = fields.filter(|(_, field)| field.to_lowercase().contains("password")).collect();
    assert_eq!(passwords, [("Login", "password"), ("Room", "password")]);
}

/// They may hold anything: the password of a room in a stanza, what later versions will send.
#[test]
fn debug_of_payloads_that_are_not_understood_shows_their_length_alone() {
    let unknown = Payload::Unknown { type_number: 77, bytes: PASSWORD.as_bytes() };
    for payload in [Payload::RawXml(PASSWORD), unknown] {
        assert_hidden(&payload);
        assert_hidden(&Event::Payload(payload));
    }
    assert_eq!(format!("{unknown:?}"), "Unknown { type_number: 77, bytes: (11 bytes) }");
    assert_eq!(format!("{:?}", Payload::RawXml("<a/>")), "RawXml((4 bytes))");
}

#[test]
fn debug_of_msncd_shows_no_password() {
    let command = msncd::Command::Login { email: "a@b", password: PASSWORD };
    assert_hidden(&command);
    let mut line = String::new();
    command.write(&mut line).unwrap();

    // In the middle of the line.
    let received = &line.as_bytes()[..line.len() - 1];
    let mut scanner = msncd::Scanner::new(msncd::Form::Command, msncd::Limits::DEFAULT);
    scanner.scan(received);
    assert_hidden(&scanner);
    let mut reader = msncd::Reader::new(Unseen(received));
    assert_hidden(&reader.read_unit(msncd::Form::Command).unwrap_err());
    assert_hidden(&reader);

    // What is wrong with a line does not repeat it.
    for line in [format!("LOGIN {PASSWORD}\n"), format!("{PASSWORD}\n"), format!("LOGOFF {PASSWORD}\n")] {
        let error = msncd::Command::parse(line.as_bytes()).unwrap_err();
        assert_hidden(&error);
        assert!(!error.to_string().contains(PASSWORD));
    }
    let unspeakable = msncd::Command::Login { email: "a@b", password: &format!("{PASSWORD}\n") };
    let error = unspeakable.write(&mut String::new()).unwrap_err();
    assert_hidden(&error);
    assert!(!error.to_string().contains(PASSWORD));
}

#[test]
fn debug_of_frames_shows_no_password() {
    for stream in [frames(&[login()]), frames(&[join_room()]), malformed_login()] {
        let frame = Frame::new(&stream[HEADER_LEN..]);
        assert_hidden(&frame);
        assert_hidden(&frame.into_owned());
        assert_hidden(&frame.wrapper().unwrap());
        assert_hidden(&split(&stream.repeat(2), 1000));
        if let Err(error) = frame.decode() {
            assert_hidden(&error);
            assert!(!error.to_string().contains(PASSWORD));
            assert_hidden(&Event::Malformed(frame, error));
        }
    }
    // What is left to see.
    let frame = Frame::new(b"\x08\x09\x12\x01x");
    assert_eq!(format!("{frame:?}"), "Frame { type_number: Ok(9), body: (5 bytes) }");
    assert_eq!(format!("{:?}", frame.into_owned()), format!("{frame:?}"));
    assert_eq!(format!("{:?}", frame.wrapper()), "Ok(Wrapper { type_number: 9, payload: Some((1 bytes)) })");
    assert_eq!(format!("{:?}", Wrapper { type_number: 9, payload: None }), "Wrapper { type_number: 9, payload: None }");
    let split = split(b"\0\0\0\x02\x08\x09\0\0", 100).unwrap();
    assert_eq!(format!("{split:?}"), "Complete(Frame { type_number: Ok(9), body: (2 bytes) }, (2 bytes))");
}

/// A stream whose own `Debug` shows nothing.
struct Unseen<'a>(&'a [u8]);

impl io::Read for Unseen<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Debug for Unseen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unseen")
    }
}

#[test]
fn debug_of_buffers_shows_no_password() {
    let stream = [frames(&[login(), join_room()]), malformed_login()].concat();
    let mut reader = FrameReader::new(Unseen(&stream));
    reader.fill().unwrap();
    assert_eq!(reader.buffered(), stream);
    assert_hidden(&reader);

    let mut writer = FrameWriter::new(io::sink());
    writer.write(&login()).unwrap();
    writer.write(&join_room()).unwrap();
    assert_hidden(&writer);

    #[cfg(feature = "heapless")]
    {
        let mut buffer = spectrum2::frame::FrameBuffer::<256>::new();
        buffer.write(&login()).unwrap();
        assert_hidden(&buffer);
    }
}

#[test]
fn debug_of_a_client_shows_no_password() {
    let (client, mut peer) = connect();
    peer.write_all(&frames(&[join_room(), login()])).unwrap();
    client.sender().buffered().send(&login()).unwrap();
    assert_hidden(&client);
    let (mut receiver, sender) = client.split();
    assert_hidden(&receiver.next_event().unwrap());
    assert_hidden(&receiver);
    assert_hidden(&sender);
}
