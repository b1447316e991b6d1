//! The blocking msncd client: over streams that cut, time out and lie, and over real ones.
#![cfg(feature = "std")]

use std::collections::VecDeque;
use std::hint::black_box;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use proptest::prelude::*;
use proptest::sample::select;
use spectrum2::msncd::{
    Client, Error, Event, Form, LimitError, Limits, Lines, ReadError, Reader, Socket, Timed, Timeouts,
};

const BOB: &str = "bob@example.org";

/// What a stream does when it is read from.
#[derive(Clone, Debug)]
enum Step {
    Bytes(Vec<u8>),
    Fail(ErrorKind),
    /// What follows comes when another command has been sent.
    Asked,
}

/// A stream that follows a script, and keeps what is written.
#[derive(Clone, Debug, Default)]
struct Script {
    steps: VecDeque<Step>,
    written: Vec<u8>,
    /// How many bytes a write takes before it fails with `WouldBlock`; after that, it takes all.
    room: Option<usize>,
    /// Something was written since the last flush; a command was sent since the last answer.
    wrote: bool,
    asked: bool,
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), ..Self::default() }
    }

    /// All bytes at once.
    fn whole(bytes: &str) -> Self {
        Self::new([Step::Bytes(bytes.into())])
    }

    /// An answer to each command, at once.
    fn answers(answers: &[impl AsRef<[u8]>]) -> Self {
        Self::new(answers.iter().flat_map(|answer| [Step::Asked, Step::Bytes(answer.as_ref().to_vec())]))
    }

    /// An answer to each command, a byte at a time, with a timeout in front of each.
    fn halting(answers: &[&str]) -> Self {
        let halt = |byte| [Step::Fail(ErrorKind::TimedOut), Step::Bytes(vec![byte])];
        Self::new(answers.iter().flat_map(|answer| [Step::Asked].into_iter().chain(answer.bytes().flat_map(halt))))
    }

    /// A timeout after `length` bytes of the first answer.
    fn cut(answer: &str, length: usize, next: &str) -> Self {
        let (first, second) = answer.as_bytes().split_at(length);
        let bytes = |bytes: &[u8]| (!bytes.is_empty()).then(|| Step::Bytes(bytes.to_vec()));
        let steps = [bytes(first), Some(Step::Fail(ErrorKind::TimedOut)), bytes(second), Some(Step::Asked)];
        Self::new(steps.into_iter().flatten().chain(bytes(next.as_bytes())))
    }
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.steps.pop_front() {
            None => Ok(0),
            Some(Step::Fail(kind)) => Err(kind.into()),
            Some(Step::Asked) => {
                assert!(std::mem::take(&mut self.asked), "an answer is read that no command asked for");
                self.read(buffer)
            }
            Some(Step::Bytes(mut bytes)) => {
                let count = bytes.len().min(buffer.len());
                buffer[..count].copy_from_slice(&bytes[..count]);
                bytes.drain(..count);
                if !bytes.is_empty() {
                    self.steps.push_front(Step::Bytes(bytes));
                }
                Ok(count)
            }
        }
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.room.unwrap_or(usize::MAX));
        if count == 0 {
            self.room = None;
            return Err(ErrorKind::WouldBlock.into());
        }
        self.room = self.room.map(|room| room - count);
        self.wrote = true;
        self.written.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.asked |= std::mem::take(&mut self.wrote);
        Ok(())
    }
}

fn written(client: &Client<Script>) -> &str {
    std::str::from_utf8(&client.get_ref().written).unwrap()
}

fn is_timeout(error: &Error) -> bool {
    matches!(error, Error::Stream(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock))
}

type Execute = fn(&mut Client<Script>) -> Result<(), Error>;

/// Every command but POLL, what it sends, and what it may be answered.
const COMMANDS: [(Execute, &str, &str); 12] = [
    (|client| client.add("Bob Novak", BOB), "ADD Bob%20Novak bob@example.org\n", "OK\n"),
    (|client| client.delete(BOB), "DEL bob@example.org\n", "OK\n"),
    (|client| client.nick("Žofie"), "NICK %C5%BDofie\n", "OK\n"),
    (|client| client.privacy(true, false), "PRIV 1 0\n", "OK\n"),
    (|client| client.status("away"), "STATUS away\n", "OK\n"),
    (|client| client.login("alice@example.org", "a secret"), "LOGIN alice@example.org a secret\n", "OK\n"),
    (|client| client.logoff(), "LOGOFF\n", "OK\n"),
    (
        |client| client.info("Bob").map(|attributes| assert_eq!(attributes.get("Phone"), Some("1 2 3"))),
        "INFO Bob\n",
        "Email = bob@example.org\nPhone = 1 2 3\n\n",
    ),
    (|client| client.send_message(BOB, Lines::new("Hello,\nBob")), "SENDMSG 2 bob@example.org\nHello,\nBob\n", "OK\n"),
    (|client| client.typing(BOB), "TYPING bob@example.org\n", "OK\n"),
    (
        |client| client.contacts().map(|contacts| assert!(contacts.iter().map(|contact| contact.email).eq([BOB]))),
        "GETCL\n",
        "CL 1\naway bob@example.org Bob\n",
    ),
    (
        |client| client.reverse_contacts().map(|contacts| assert_eq!(contacts.iter().count(), 2)),
        "GETRCL\n",
        "CL 2\naway bob@example.org Bob\nonline cyril@example.org \n",
    ),
];

#[test]
fn each_command_gets_its_answer() {
    let answers = COMMANDS.map(|command| command.2);
    let commands: String = COMMANDS.iter().map(|command| command.1).collect();
    let bytes = answers.concat().into_bytes().into_iter().map(|byte| Step::Bytes(vec![byte]));
    for script in [Script::answers(&answers), Script::new(bytes)] {
        let mut client = Client::new(script);
        for (execute, command, _) in COMMANDS {
            execute(&mut client).expect(command);
            assert!(!client.is_waiting());
        }
        assert_eq!(written(&client), commands);
    }
}

#[test]
fn each_command_may_be_refused() {
    for (execute, ..) in COMMANDS {
        let mut client = Client::new(Script::answers(&["ERR not today\n", "OK\n"]));
        let error = execute(&mut client).unwrap_err();
        assert!(matches!(&error, Error::Refused(description) if description == "not today"), "{error}");
        client.status("online").expect("the refusal was the whole answer");
    }
}

#[test]
fn a_timeout_anywhere_in_an_answer_loses_no_step() {
    for (execute, command, answer) in COMMANDS {
        for length in 0..answer.len() {
            let mut client = Client::new(Script::cut(answer, length, "ERR the next\n"));
            assert!(execute(&mut client).is_err_and(|error| is_timeout(&error)), "{command:?} cut at {length}");
            assert!(client.is_waiting());
            assert!(matches!(client.status("online"), Err(Error::Unanswered)));
            assert!(matches!(client.poll(), Err(Error::Unanswered)));
            assert_eq!(written(&client), command);
            client.finish().expect("the answer came late");
            assert!(!client.is_waiting());
            assert!(matches!(client.status("online"), Err(Error::Refused(_))));
            assert_eq!(written(&client), format!("{command}STATUS online\n"));
        }
    }
}

#[test]
fn a_late_refusal_is_not_lost() {
    let mut client = Client::new(Script::halting(&["ERR no such user\n", "OK\n"]));
    let mut result = client.send_message(BOB, Lines::new("Hello"));
    while result.as_ref().is_err_and(is_timeout) {
        result = client.finish();
    }
    assert!(matches!(result, Err(Error::Refused(description)) if description == "no such user"));
    client.finish().expect("nothing is left to wait for");
}

#[test]
fn a_command_that_is_sent_in_pieces_is_sent_once() {
    let (execute, command, answer) = COMMANDS[8];
    for room in 0..command.len() {
        let mut client = Client::new(Script { room: Some(room), ..Script::whole(answer) });
        assert!(execute(&mut client).is_err_and(|error| is_timeout(&error)));
        assert_eq!(written(&client), &command[..room]);
        client.finish().expect("the rest is sent and answered");
        assert_eq!(written(&client), command);
    }
}

#[test]
fn what_cannot_be_said_is_not_sent() {
    let mut client = Client::new(Script::whole("OK\n"));
    assert!(matches!(client.login("alice@example.org", "se\ncret"), Err(Error::Unspeakable(_))));
    assert!(matches!(client.status("out to lunch"), Err(Error::Unspeakable(_))));
    assert_eq!(written(&client), "");
    client.status("lunch").expect("nothing was under way");
}

const POLL: &str = "MSG 3 1 bob@example.org\nheader\nDobrý den,\nPOLLEND\n\
    STCH bob@example.org away 2\nUADD c@x\nUDEL c@x\nADDFL c@x\nDELFL c@x\nMFLUSH c@x\nTYPING c@x\n\
    SCLOSE USER c@x 1\nERR 911 authentication failed\nERR late refusal\nNEWS of tomorrow\nPOLLEND\n";

/// The events of one poll, as text; timeouts are counted and passed over.
fn poll_all(client: &mut Client<Script>) -> (Vec<String>, usize) {
    let mut events = Vec::new();
    let mut timeouts = 0;
    loop {
        match client.poll() {
            Ok(Some(event)) => events.push(format!("{event:?}")),
            Ok(None) => return (events, timeouts),
            Err(error) if is_timeout(&error) => timeouts += 1,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_poll_yields_its_events_however_they_come() {
    let expected = [
        Event::Message { email: BOB, header: Lines::new("header"), text: Lines::new("Dobrý den,\nPOLLEND") },
        Event::StatusChanged { email: BOB, status: "away", discarded: Some(2) },
        Event::UserAdded { email: "c@x" },
        Event::UserDeleted { email: "c@x" },
        Event::ContactAdded { email: "c@x" },
        Event::ContactDeleted { email: "c@x" },
        Event::Flushed { email: "c@x" },
        Event::Typing { email: "c@x" },
        Event::SocketClosed { socket: Socket::User, discarded: Some(("c@x", 1)) },
        Event::Error { code: 911, description: "authentication failed" },
        Event::Refused { description: "late refusal" },
        Event::Unknown { line: "NEWS of tomorrow" },
    ]
    .map(|event| format!("{event:?}"));
    let received = [POLL, "POLLEND\n", "OK\n"];
    let mut client = Client::new(Script::answers(&received));
    assert_eq!(poll_all(&mut client), (expected.to_vec(), 0));
    assert_eq!(poll_all(&mut client), (vec![], 0));
    client.logoff().expect("in step");
    assert_eq!(written(&client), "POLL\nPOLL\nLOGOFF\n");

    let mut client = Client::new(Script::halting(&received));
    assert_eq!(poll_all(&mut client), (expected.to_vec(), POLL.len()));
    assert_eq!(poll_all(&mut client), (vec![], "POLLEND\n".len()));
    assert_eq!(written(&client), "POLL\nPOLL\n");
}

#[test]
fn a_poll_that_is_under_way_refuses_commands() {
    let mut client = Client::new(Script::cut(POLL, 100, "OK\n"));
    assert!(matches!(client.poll(), Ok(Some(Event::Message { .. }))));
    assert!(matches!(client.typing(BOB), Err(Error::Unanswered)));
    assert!(matches!(client.finish(), Err(Error::Unanswered)));
    assert_eq!(poll_all(&mut client).0.len(), 11);
    client.typing(BOB).expect("in step");
}

#[test]
fn a_poll_may_be_refused() {
    let mut client = Client::new(Script::answers(&["ERR not logged in\n", "OK\n"]));
    assert!(matches!(client.poll(), Err(Error::Refused(description)) if description == "not logged in"));
    client.login("alice@example.org", "secret").expect("in step");
}

#[test]
fn a_bad_event_costs_itself_alone() {
    let limits = Limits { line_length: 30, lines: 2, length: 100 };
    let received = "STCH bob@example.org\nMSG 3 0 bob@example.org\nPOLLEND\n\n\nMSG 1 2 bob@example.org\nHi\n\
        UADD 6789012345678901234567890x\nTYPING \u{fffd}\nTYPING bob@example.org\nPOLLEND\n";
    let mut client = Client::with_limits(Script::answers(&[received, "OK\n"]), limits);
    assert!(matches!(client.poll(), Err(Error::Malformed(error)) if error.field() == "newstatus"));
    assert!(matches!(client.poll(), Err(Error::Limit(LimitError::TooManyLines { limit: 2 }))));
    assert!(matches!(client.poll(), Err(Error::Malformed(error)) if error.field() == "end_of_header"));
    assert!(matches!(client.poll(), Err(Error::Limit(LimitError::LineTooLong { limit: 30 }))));
    assert!(matches!(client.poll(), Ok(Some(Event::Typing { email: "\u{fffd}" }))));
    assert!(matches!(client.poll(), Ok(Some(Event::Typing { email: BOB }))));
    assert!(matches!(client.poll(), Ok(None)));
    client.logoff().expect("in step");
}

/// Nothing else would come, however long the client waited.
#[test]
fn a_bad_end_of_a_poll_is_its_end() {
    let limits = Limits { line_length: 40, ..Limits::DEFAULT };
    let long = [b"POLLEND ".as_slice(), &[b'x'; 50], b"\n"].concat();
    for end in [b"POLLEND \n", b"POLLEND now\n".as_slice(), b"POLLEND \xff\n", &long] {
        let poll = [b"TYPING bob@example.org\n", end].concat();
        let mut client = Client::with_limits(Script::answers(&[&poll, b"POLLEND\n".as_slice(), b"OK\n"]), limits);
        assert!(matches!(client.poll(), Ok(Some(Event::Typing { .. }))));
        assert!(matches!(client.poll(), Err(Error::Malformed(_) | Error::Limit(_))));
        assert!(client.is_waiting(), "the end is still to be told");
        assert!(matches!(client.status("away"), Err(Error::Unanswered)));
        assert!(matches!(client.finish(), Err(Error::Unanswered)));
        assert!(matches!(client.poll(), Ok(None)));
        assert!(matches!(client.poll(), Ok(None)), "another poll");
        client.logoff().expect("in step");
        assert_eq!(written(&client), "POLL\nPOLL\nLOGOFF\n");
    }
}

#[test]
fn a_refusal_is_one_whatever_its_description() {
    let limits = Limits { line_length: 40, ..Limits::DEFAULT };
    let long = [b"ERR no such ".as_slice(), &[b'x'; 50], b"\n"].concat();
    let asks: [Execute; 4] = [
        |client| client.poll().map(drop),
        |client| client.status("away"),
        |client| client.info(BOB).map(drop),
        |client| client.contacts().map(drop),
    ];
    for execute in asks {
        for (refusal, expected) in
            [(b"ERR caf\xe9 down\n".as_slice(), "caf\u{fffd} down"), (&long, "no such xxxxxxxxxxxxxxxxxxxx")]
        {
            let mut client = Client::with_limits(Script::answers(&[refusal, b"OK\n"]), limits);
            assert!(matches!(execute(&mut client), Err(Error::Refused(description)) if description == expected));
            client.logoff().expect("in step");
        }
    }
    // An event, behind which the poll goes on.
    for event in [b"ERR 5 caf\xe9\n", b"NEWS\nERR caf\xe9\n".as_slice()] {
        let mut client = Client::new(Script::answers(&[&[event, b"POLLEND\n"].concat(), b"OK\n".as_slice()]));
        while let Ok(event) = client.poll() {
            assert_eq!(event, Some(Event::Unknown { line: "NEWS" }));
        }
        assert!(matches!(client.poll(), Ok(None)));
        client.logoff().expect("in step");
    }
}

#[test]
fn a_bad_answer_costs_itself_alone() {
    let limits = Limits { lines: 2, ..Limits::DEFAULT };
    let answers = ["CL 3\na b c\na b c\na b c\n", "CL 1\nonline\n", "no attribute\n\n", "OK\n"];
    let mut client = Client::with_limits(Script::answers(&answers), limits);
    assert!(matches!(client.contacts(), Err(Error::Limit(LimitError::TooManyLines { limit: 2 }))));
    assert!(matches!(client.contacts(), Err(Error::Malformed(error)) if error.field() == "email"));
    assert!(matches!(client.info("Bob"), Err(Error::Malformed(error)) if error.field() == "attribute"));
    client.logoff().expect("in step");
}

#[test]
fn whatever_makes_no_sense_ends_all_use() {
    let receives: [(&str, Execute); 7] = [
        ("OK\nPOLLEND\n", |client| client.poll().map(drop)),
        ("MSG many 0 a@x\nOK\nOK\n", |client| client.poll().map(drop)),
        ("CL many\nOK\nOK\n", |client| client.contacts().map(drop)),
        ("POLLEND\nOK\nOK\n", |client| client.status("away")),
        ("OK\nOK\nOK\n", |client| client.contacts().map(drop)),
        ("O", |client| client.status("away")),
        ("", |client| client.poll().map(drop)),
    ];
    for (received, execute) in receives {
        let mut client = Client::new(Script::whole(received));
        execute(&mut client).expect_err(received);
        let sent = written(&client).len();
        for (execute, ..) in COMMANDS {
            assert!(matches!(execute(&mut client), Err(Error::OutOfStep)));
        }
        assert!(matches!(client.poll(), Err(Error::OutOfStep)));
        assert!(matches!(client.finish(), Err(Error::OutOfStep)));
        assert_eq!(written(&client).len(), sent);
    }
}

/// An answer too many would be taken for the answer to the next command, and so on.
#[test]
fn an_answer_too_many_ends_all_use() {
    for (execute, _, answer) in COMMANDS {
        let mut client = Client::new(Script::answers(&[&format!("{answer}OK\n")]));
        execute(&mut client).expect("its own answer is there");
        let sent = written(&client).len();
        assert!(matches!(client.status("away"), Err(Error::Unasked)));
        assert!(matches!(client.poll(), Err(Error::OutOfStep)));
        assert_eq!(written(&client).len(), sent, "nothing is sent");
    }
    let mut client = Client::new(Script::answers(&["POLLEND\nP"]));
    assert!(matches!(client.poll(), Ok(None)));
    assert!(matches!(client.poll(), Err(Error::Unasked)), "part of a line is enough");
}

#[test]
fn an_answer_too_many_is_known_in_a_poll() {
    let mut client = Client::new(Script::answers(&["TYPING bob@example.org\nOK\nPOLLEND\n"]));
    assert!(matches!(client.poll(), Ok(Some(Event::Typing { .. }))));
    assert!(matches!(client.poll(), Err(Error::Unasked)));
    assert!(matches!(client.poll(), Err(Error::OutOfStep)));
}

#[test]
fn a_stream_that_fails_says_so() {
    let mut client = Client::new(Script::new([Step::Fail(ErrorKind::Interrupted), Step::Bytes(b"OK\n".to_vec())]));
    client.status("away").expect("a signal is no failure");
    let mut client = Client::new(Script::new([Step::Fail(ErrorKind::ConnectionReset)]));
    let error = client.status("away").unwrap_err();
    assert!(matches!(&error, Error::Stream(error) if error.kind() == ErrorKind::ConnectionReset));
    assert!(std::error::Error::source(&error).is_some());
    let mut client = Client::new(Script::whole("OK"));
    let error = client.status("away").unwrap_err();
    assert!(matches!(error, Error::Stream(error) if error.kind() == ErrorKind::UnexpectedEof));
}

#[test]
fn nothing_shows_a_password() {
    let mut client = Client::new(Script::new([Step::Fail(ErrorKind::TimedOut)]));
    client.login("alice@example.org", "pa55word").unwrap_err();
    client.get_mut().written.clear();
    let shown = format!("{client:?}");
    let digits = format!("{:?}", b"pa55word");
    assert!(!shown.contains("pa55word") && !shown.contains(digits.trim_matches(['[', ']'])), "{shown}");
}

/// A stream that repeats a text for a long time.
struct Endless {
    text: &'static [u8],
    position: usize,
    left: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.left);
        for byte in &mut buffer[..count] {
            *byte = self.text[self.position % self.text.len()];
            self.position += 1;
        }
        self.left -= count;
        Ok(count)
    }
}

#[test]
fn memory_is_bounded_whatever_comes() {
    for text in [&b"x"[..], b"x\n", b"MSG 4000000000 0 a@x\nx\n", b"a = b\n", b"MSG 100 0 a@x\n"] {
        for form in [Form::Command, Form::Status, Form::Attributes, Form::Contacts, Form::Event] {
            let limits = Limits { line_length: 1000, lines: 100, length: 10_000 };
            let mut reader = Reader::with_limits(Endless { text, position: 0, left: 1 << 20 }, limits);
            let memory = measure(|| {
                loop {
                    match reader.read_unit(form) {
                        Ok(None) | Err(ReadError::Stream(_)) => break,
                        result => drop(black_box(result)),
                    }
                }
            });
            assert!(memory.bytes_max < 32 << 10, "{} bytes for {text:?} as {form:?}", memory.bytes_max);
        }
    }
}

#[test]
fn a_reader_gives_its_memory_back() {
    let message = format!("SENDMSG 1 a@x\n{}\nPOLL\n", "x".repeat(60_000));
    let mut reader = Reader::new(io::Cursor::new(message));
    let left = measure(|| while reader.read_unit(Form::Command).unwrap().is_some() {});
    assert!(left.bytes_max > 60_000);
    assert!(left.bytes_current <= 4096, "{} bytes are kept", left.bytes_current);
}

proptest! {
    /// Whatever comes, and wherever it stops, each call returns: with what is asked for, or an error.
    #[test]
    fn a_hostile_daemon_makes_errors_at_most(
        pieces in proptest::collection::vec(prop_oneof![
            select(COMMANDS.map(|command| command.2).to_vec()).prop_map(|answer| answer.as_bytes().to_vec()),
            select(POLL.split_inclusive('\n').collect::<Vec<_>>()).prop_map(|line| line.as_bytes().to_vec()),
            select(vec!["ERR 1\n", "ERR no\n", "MSG 4294967295 0 a@x\n", "CL 4294967295\n", "\n", "MSG \n"])
                .prop_map(|text| text.as_bytes().to_vec()),
            any::<Vec<u8>>(),
        ], 0..8),
        calls in proptest::collection::vec(0..COMMANDS.len() + 2, 0..20),
    ) {
        let timeouts = pieces.into_iter().flat_map(|piece| [Step::Bytes(piece), Step::Fail(ErrorKind::TimedOut)]);
        let mut client = Client::new(Script::new(timeouts.filter(|step| !matches!(step, Step::Bytes(bytes) if bytes.is_empty()))));
        for call in calls {
            let before = client.is_waiting();
            // What an answer holds is up to the daemon; the checks of those that have content do not
            // apply, so only the commands that are answered by OK are called.
            let result = match COMMANDS.get(call) {
                Some((execute, _, "OK\n")) => execute(&mut client),
                Some((_, "GETCL\n", _)) => client.contacts().map(|contacts| contacts.iter().for_each(drop)),
                Some(_) => client.info("Bob").map(|attributes| attributes.iter().for_each(drop)),
                None if call == COMMANDS.len() => client.finish(),
                None => client.poll().map(drop),
            };
            match result {
                Err(Error::Stream(error)) => prop_assert!(
                    client.is_waiting() || !matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
                ),
                Err(Error::Unanswered) => prop_assert!(before && client.is_waiting()),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
                Ok(()) => {}
            }
        }
    }
}

/// A client with a deadline, and a daemon that does what the test says, over each kind of socket.
macro_rules! over_each_socket {
    ($($test:ident)*) => {$(
        #[test]
        fn $test() {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            timed::$test(Client::new(Timed::new(client)), listener.accept().unwrap().0);
            #[cfg(unix)]
            {
                let (client, daemon) = std::os::unix::net::UnixStream::pair().unwrap();
                timed::$test(Client::new(Timed::new(client)), daemon);
            }
        }
    )*};
}

over_each_socket! {
    a_daemon_that_trickles_is_left
    a_poll_without_end_is_left
    a_daemon_that_does_not_read_is_left
    a_command_goes_on_with_another_deadline
    an_idle_client_hears_what_nobody_asked_for
    an_idle_client_sees_a_closed_stream
}

mod timed {
    use super::*;

    fn soon() -> Option<Instant> {
        Some(Instant::now() + Duration::from_millis(20))
    }

    /// What is on its way comes, if not at once.
    fn error_while_idle<S: Read + Write + Timeouts>(client: &mut Client<Timed<S>>) -> Error {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Err(error) = client.check_idle() {
                return error;
            }
            assert!(Instant::now() < end, "nothing has come");
            thread::yield_now();
        }
    }

    /// Writes until the other side is gone.
    fn repeat(mut daemon: impl Write, bytes: &[u8], pause: Duration) {
        while daemon.write_all(bytes).is_ok() {
            thread::sleep(pause);
        }
    }

    pub fn a_daemon_that_trickles_is_left<S>(mut client: Client<Timed<S>>, daemon: impl Write + Send + 'static)
    where
        S: Read + Write + Timeouts,
    {
        let daemon = thread::spawn(move || repeat(daemon, b"x", Duration::from_millis(1)));
        client.set_deadline(soon());
        assert!(client.status("away").is_err_and(|error| is_timeout(&error)));
        assert!(client.is_waiting());
        assert!(client.finish().is_err_and(|error| is_timeout(&error)), "the time is still over");
        drop(client);
        daemon.join().unwrap();
    }

    pub fn a_poll_without_end_is_left<S>(mut client: Client<Timed<S>>, daemon: impl Write + Send + 'static)
    where
        S: Read + Write + Timeouts,
    {
        let daemon = thread::spawn(move || repeat(daemon, b"TYPING bob@example.org\n", Duration::ZERO));
        client.set_deadline(soon());
        let error = loop {
            match client.poll() {
                Ok(event) => assert_eq!(event, Some(Event::Typing { email: BOB })),
                Err(error) => break error,
            }
        };
        assert!(is_timeout(&error), "{error}");
        drop(client);
        daemon.join().unwrap();
    }

    pub fn a_daemon_that_does_not_read_is_left<S>(mut client: Client<Timed<S>>, _daemon: impl Write)
    where
        S: Read + Write + Timeouts,
    {
        client.set_deadline(soon());
        let sent = client.send_message(BOB, Lines::new(&"x".repeat(32 << 20)));
        assert!(sent.is_err_and(|error| is_timeout(&error)));
        assert!(client.is_waiting());
    }

    pub fn a_command_goes_on_with_another_deadline<S>(mut client: Client<Timed<S>>, mut daemon: impl Write)
    where
        S: Read + Write + Timeouts,
    {
        daemon.write_all(b"ERR no such").unwrap();
        client.set_deadline(soon());
        assert!(client.nick("Bob").is_err_and(|error| is_timeout(&error)));
        daemon.write_all(b" user\n").unwrap();
        client.set_deadline(None);
        assert!(matches!(client.finish(), Err(Error::Refused(description)) if description == "no such user"));
    }

    pub fn an_idle_client_hears_what_nobody_asked_for<S>(mut client: Client<Timed<S>>, mut daemon: impl Write)
    where
        S: Read + Write + Timeouts,
    {
        daemon.write_all(b"OK\n").unwrap();
        client.status("away").unwrap();
        client.check_idle().expect("nothing has come");
        daemon.write_all(b"OK\n").unwrap();
        let error = error_while_idle(&mut client);
        assert!(matches!(error, Error::Unasked), "{error}");
        assert!(matches!(client.status("busy"), Err(Error::OutOfStep)));
    }

    pub fn an_idle_client_sees_a_closed_stream<S>(mut client: Client<Timed<S>>, daemon: impl Write)
    where
        S: Read + Write + Timeouts,
    {
        client.check_idle().expect("it is open");
        drop(daemon);
        let error = error_while_idle(&mut client);
        assert!(matches!(&error, Error::Stream(error) if error.kind() == ErrorKind::UnexpectedEof), "{error}");
        assert!(matches!(client.poll(), Err(Error::OutOfStep)));
    }
}

/// A daemon of few words: answers each line from a list.
fn serve(reader: impl Read, mut writer: impl Write) {
    for line in BufReader::new(reader).lines() {
        let answer = match line.unwrap().as_str() {
            "POLL" => "TYPING bob@example.org\nPOLLEND\n",
            "GETCL" => "CL 1\naway bob@example.org Bob\n",
            _ => "OK\n",
        };
        writer.write_all(answer.as_bytes()).unwrap();
    }
}

fn converse(mut client: Client<impl Read + Write>) {
    client.login("alice@example.org", "secret").unwrap();
    assert_eq!(client.contacts().unwrap().iter().count(), 1);
    assert!(matches!(client.poll(), Ok(Some(Event::Typing { email: BOB }))));
    assert!(matches!(client.poll(), Ok(None)));
    client.logoff().unwrap();
}

#[test]
fn over_tcp() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let daemon = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        serve(&stream, &stream);
    });
    converse(Client::new(TcpStream::connect(address).unwrap()));
    daemon.join().unwrap();
}

#[cfg(unix)]
#[test]
fn over_a_unix_socket() {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let daemon = thread::spawn(move || serve(&theirs, &theirs));
    converse(Client::new(ours));
    daemon.join().unwrap();
}

#[cfg(unix)]
#[test]
fn over_the_pipes_of_a_child() {
    use spectrum2::msncd::Duplex;
    use std::process::{Command, Stdio};

    let script = r#"while read -r line; do case $line in
        POLL) echo "TYPING bob@example.org"; echo POLLEND;;
        GETCL) echo "CL 1"; echo "away bob@example.org Bob";;
        *) echo OK;;
        esac; done"#;
    let mut child =
        Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (reader, writer) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    converse(Client::new(Duplex { reader, writer }));
    assert!(child.wait().unwrap().success(), "the closed pipe ends the child");
}

/// A timeout of a real socket, in the middle of an answer. No time is waited for: the other half is
/// sent when the timeout has been seen.
#[test]
fn a_timeout_of_a_real_socket() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let (mut daemon, _) = listener.accept().unwrap();
    let mut client = Client::new(stream);
    daemon.write_all(b"ERR no such").unwrap();
    let error = client.send_message(BOB, Lines::new("Hello")).unwrap_err();
    assert!(is_timeout(&error), "{error}");
    daemon.write_all(b" user\n").unwrap();
    let late = loop {
        match client.finish() {
            Err(error) if is_timeout(&error) => {}
            late => break late,
        }
    };
    assert!(matches!(late, Err(Error::Refused(description)) if description == "no such user"));
    let mut result = client.logoff();
    daemon.write_all(b"OK\n").unwrap();
    while result.as_ref().is_err_and(is_timeout) {
        result = client.finish();
    }
    result.unwrap();
}
