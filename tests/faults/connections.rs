//! Connections that end, stall, trickle and repeat themselves, at any byte.
//!
//! What an end hears is compared with the bytes that the proxy passed on to it, split by a few lines of
//! their own.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use spectrum2::frame::{DEFAULT_LIMIT, Frame, encode_to_vec};
use spectrum2::host::{Connection, Host};
use spectrum2::{Backend, Client, ConversationMessage, DecodeError, Error, Event, Login, Logout, Payload, Sender};

use super::numbered::say;
use super::proxy::{End, Faults, Gate, Passed, Proxy};
use super::support::{Random, TIMEOUT};
use super::system_calls;
use super::watch::{processor_share, watch};

/// How many messages each of the four speakers says: the main process, the loop, and two threads.
const EACH: usize = 60;

/// How many places a connection is cut at.
const ROUNDS: usize = 100;

/// What a peer heard, a line for each frame.
type Heard = Vec<String>;

fn line(decoded: Result<Payload<'_>, DecodeError>) -> String {
    match decoded {
        Ok(Payload::ConvMessage(ConversationMessage { user_name, buddy_name, message, .. })) => {
            let mut hasher = DefaultHasher::new();
            message.hash(&mut hasher);
            format!("{user_name} {buddy_name} {:x}", hasher.finish())
        }
        Ok(payload) => payload.type_name().to_owned(),
        Err(error) => error.to_string(),
    }
}

/// What a stream says, and whether it ends behind a frame. PING is for the loop alone.
fn lines_of(mut stream: &[u8]) -> (Heard, bool) {
    let mut heard = Heard::new();
    while let Some((length, rest)) = stream.split_first_chunk() {
        let length = u32::from_be_bytes(*length) as usize;
        if length > rest.len() || length > DEFAULT_LIMIT {
            break;
        }
        let (body, rest) = rest.split_at(length);
        heard.push(line(Frame::new(body).decode()));
        stream = rest;
    }
    heard.retain(|line| line != "TYPE_PING");
    (heard, stream.is_empty())
}

/// Answers each message with one of its own, and writes down all that comes.
#[derive(Default)]
struct Answering {
    heard: Heard,
    answers: usize,
}

impl Backend for Answering {
    fn handle(&mut self, sender: &mut Sender, event: Event<'_>) -> io::Result<()> {
        self.heard.push(match event {
            Event::Payload(payload) => line(Ok(payload)),
            Event::Malformed(_, error) => line(Err(error)),
            event => panic!("{event:?}"),
        });
        self.answers += 1;
        say("loop", self.answers - 1, |answer| sender.message(answer))
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

/// A main process and a client that is connected to it through a proxy.
fn connect(to_backend: Faults, to_main: Faults) -> (Connection, Client, Proxy) {
    let host = Host::listen().unwrap();
    let proxy = Proxy::start(host.address(), to_backend, to_main);
    let client = Client::connect_to(proxy.address).unwrap();
    (host.accept(TIMEOUT).unwrap(), client, proxy)
}

fn spawn_speaker(who: &'static str, sender: Sender) -> JoinHandle<io::Result<()>> {
    thread::spawn(move || (0..EACH).try_for_each(|number| say(who, number, |message| sender.message(message))))
}

/// All that the main process says before it says EXIT.
fn requests() -> Vec<u8> {
    let mut stream = Vec::new();
    for number in 0..EACH {
        say("main", number, |message| encode_to_vec(&Payload::ConvMessage(*message), &mut stream).unwrap());
        if number % 20 == 0 {
            encode_to_vec(&Payload::Ping, &mut stream).unwrap();
        }
    }
    stream
}

/// How a conversation went.
struct Ended {
    backend: Result<(), Error>,
    heard_by_backend: Heard,
    heard_by_main: Heard,
    passed: Passed,
}

/// The thread of a loop: how it ended, and what it heard.
type Loop = JoinHandle<(Result<(), Error>, Heard)>;

fn spawn_loop(client: Client) -> Loop {
    thread::spawn(move || {
        let mut backend = Answering::default();
        (client.run(&mut backend), backend.heard)
    })
}

/// Both sides speak at the same time, and the main process says EXIT when it has heard everything.
fn converse(to_backend: Faults, to_main: Faults) -> Ended {
    converse_and(to_backend, to_main, |_| ())
}

/// As [`converse`], with something to do before the main process hears anything.
fn converse_and(to_backend: Faults, to_main: Faults, meanwhile: impl FnOnce(&Loop)) -> Ended {
    let (connection, client, proxy) = connect(to_backend, to_main);
    let speakers = ["one", "two"].map(|who| spawn_speaker(who, client.sender()));
    let backend = spawn_loop(client);
    let (mut reader, mut writer) = connection.split();
    let writing = thread::spawn(move || {
        // Fails when the connection ends before.
        let _ = io::Write::write_all(writer.get_mut(), &requests());
        writer
    });
    meanwhile(&backend);
    let mut heard_by_main = Heard::new();
    let mut writing = Some(writing);
    // Whatever the end of the connection, what comes before it is what counts.
    while let Ok(Some(frame)) = reader.read_frame() {
        heard_by_main.push(line(frame.decode()));
        let messages = heard_by_main.iter().filter(|line| !line.starts_with("TYPE_")).count();
        if messages == 3 * EACH
            && let Some(writing) = writing.take()
        {
            let mut writer = writing.join().unwrap();
            writer.write(&Payload::Exit).and_then(|()| writer.flush()).unwrap();
        }
    }
    let (backend, heard_by_backend) = backend.join().unwrap();
    drop((reader, writing.map(JoinHandle::join)));
    let said_everything = speakers.map(|speaker| speaker.join().unwrap().is_ok());
    let passed = proxy.finish();
    if backend.is_ok() && heard_by_backend.last().is_some_and(|line| line == "TYPE_EXIT") {
        assert_eq!(said_everything, [true, true]);
    }
    Ended { backend, heard_by_backend, heard_by_main, passed }
}

impl Ended {
    /// Each side heard everything that came through, and nothing else.
    #[track_caller]
    fn assert_heard_what_was_passed(&self) {
        assert_eq!(self.heard_by_backend, lines_of(&self.passed.to_backend).0);
        assert_eq!(self.heard_by_main, lines_of(&self.passed.to_main).0);
    }

    /// Each side heard the first part of what came through: a reset throws the rest away.
    #[track_caller]
    fn assert_heard_a_part_of_what_was_passed(&self) {
        assert!(lines_of(&self.passed.to_backend).0.starts_with(&self.heard_by_backend));
        assert!(lines_of(&self.passed.to_main).0.starts_with(&self.heard_by_main));
    }

    /// Everything was said, and heard, once and in order.
    #[track_caller]
    fn assert_complete(&self) {
        self.backend.as_ref().unwrap();
        self.assert_heard_what_was_passed();
        let of = |heard: &Heard, who: &str| -> Vec<String> {
            heard.iter().filter(|line| line.starts_with(who)).map(|line| line.to_owned()).collect()
        };
        for (heard, who) in [
            (&self.heard_by_backend, "main"),
            (&self.heard_by_main, "one"),
            (&self.heard_by_main, "two"),
            (&self.heard_by_main, "loop"),
        ] {
            let expected: Vec<_> =
                (0..EACH).map(|number| say(who, number, |message| line(Ok(Payload::ConvMessage(*message))))).collect();
            // The loop answers EXIT as well.
            assert_eq!(of(heard, who)[..EACH], expected);
        }
        assert_eq!(of(&self.heard_by_main, "TYPE_PONG").len(), EACH.div_ceil(20));
    }
}

/// Positions by chance in either direction, all over the stream. The last one shown is the one that fails.
fn at_any_byte(seed: u64, mut test: impl FnMut(usize, fn(Faults) -> (Faults, Faults))) {
    let to_backend: fn(Faults) -> (Faults, Faults) = |faults| (faults, Faults::default());
    let to_main: fn(Faults) -> (Faults, Faults) = |faults| (Faults::default(), faults);
    let mut random = Random::new(seed);
    // The answers and the threads' messages are three times as many.
    let length = requests().len();
    for round in 0..ROUNDS {
        let (direction, length) = if round % 2 == 0 { (to_backend, length) } else { (to_main, 3 * length) };
        let position = 1 + random.below(length);
        println!("byte {position} to {}", if round % 2 == 0 { "the backend" } else { "the main process" });
        test(position, direction);
    }
}

#[test]
fn a_connection_without_faults_carries_everything() {
    let _watchdog = watch();
    converse(Faults::default(), Faults::default()).assert_complete();
}

#[test]
fn a_close_at_any_byte_costs_what_was_not_passed_on() {
    let _watchdog = watch();
    let (mut frames, mut cut_off) = (0, 0);
    at_any_byte(11, |position, direction| {
        let (to_backend, to_main) = direction(Faults { end: Some((position, End::Close)), ..Faults::default() });
        let ended = converse(to_backend, to_main);
        ended.assert_heard_what_was_passed();
        frames += ended.heard_by_backend.len() + ended.heard_by_main.len();
        match ended.backend {
            Ok(()) => {}
            Err(Error::Connection(error)) => {
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
                assert!(!lines_of(&ended.passed.to_backend).1, "the last frame is whole");
                cut_off += 1;
            }
            Err(error) => panic!("{error}"),
        }
    });
    println!(
        "figure: {ROUNDS} connections closed at any byte, {cut_off} of them within a frame: all {frames} frames that \
         had come through were heard, and nothing else"
    );
}

#[test]
fn a_reset_at_any_byte_ends_well_and_makes_up_nothing() {
    let _watchdog = watch();
    let (mut heard, mut passed) = (0, 0);
    at_any_byte(12, |position, direction| {
        let (to_backend, to_main) = direction(Faults { end: Some((position, End::Reset)), ..Faults::default() });
        let ended = converse(to_backend, to_main);
        ended.assert_heard_a_part_of_what_was_passed();
        heard += ended.heard_by_backend.len() + ended.heard_by_main.len();
        passed += lines_of(&ended.passed.to_backend).0.len() + lines_of(&ended.passed.to_main).0.len();
        ended.backend.unwrap();
    });
    println!("figure: {ROUNDS} connections reset at any byte: {heard} of {passed} frames were heard before, in order");
}

/// The thread that sends learns of the reset, and the loop sees a mere end before it is told.
#[test]
fn a_reset_that_a_sending_thread_tells_late_ends_well() {
    let _watchdog = watch();
    system_calls::FAILS_SLOWLY.store(true, Ordering::SeqCst);
    at_any_byte(13, |position, direction| {
        let (to_backend, to_main) = direction(Faults { end: Some((position, End::Reset)), ..Faults::default() });
        converse(to_backend, to_main).backend.unwrap();
    });
    system_calls::FAILS_SLOWLY.store(false, Ordering::SeqCst);
}

#[test]
fn pieces_that_come_late_change_nothing() {
    let _watchdog = watch();
    for seed in 1..6 {
        let pieces = |seed| Faults { pieces: Some(seed), ..Faults::default() };
        converse(pieces(seed), pieces(seed + 100)).assert_complete();
    }
}

/// Sends all requests through a proxy, and closes. How the loop ended, what it heard, and what was passed.
fn send_all(to_backend: Faults) -> (Result<(), Error>, Heard, Passed) {
    let (mut connection, client, proxy) = connect(to_backend, Faults::default());
    let backend = spawn_loop(client);
    // Both fail when the backend ends before.
    let _ = connection.send_bytes(&requests());
    let _ = connection.stream().shutdown(Shutdown::Write);
    // Somebody has to read the answers.
    while connection.receive(TIMEOUT).is_ok() {}
    let (ended, heard) = backend.join().unwrap();
    drop(connection);
    (ended, heard, proxy.finish())
}

/// As many frames as are repeated are heard again.
#[test]
fn frames_that_come_twice_are_heard_twice() {
    let _watchdog = watch();
    let starts: Vec<usize> = starts_of_frames(&requests());
    for (first, last) in [(0, 1), (3, 4), (7, 30), (0, starts.len() - 1)] {
        let repeat = Some(starts[first]..starts[last]);
        let (ended, heard, passed) = send_all(Faults { repeat, ..Faults::default() });
        ended.unwrap();
        assert_eq!(heard, lines_of(&passed.to_backend).0);
        assert_eq!(passed.to_backend.len(), requests().len() + starts[last] - starts[first]);
    }
}

fn starts_of_frames(stream: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    while let Some(length) = stream[starts[starts.len() - 1]..].first_chunk() {
        starts.push(starts[starts.len() - 1] + 4 + u32::from_be_bytes(*length) as usize);
    }
    starts
}

/// Bytes that come twice make nonsense of what follows them, and of nothing before; it is taken as any
/// nonsense is, and never waited for without an end.
#[test]
fn bytes_that_come_twice_cost_what_follows_them() {
    let _watchdog = watch();
    let mut random = Random::new(13);
    let requests = requests();
    let starts = starts_of_frames(&requests);
    for _ in 0..60 {
        let start = random.below(requests.len() - 1);
        let end = start + 1 + random.below((requests.len() - start - 1).min(3000));
        println!("{start}..{end}");
        let (ended, heard, passed) = send_all(Faults { repeat: Some(start..end), ..Faults::default() });
        let (expected, is_whole) = lines_of(&passed.to_backend);
        assert_eq!(heard, expected);
        let before = starts.iter().filter(|frame| **frame <= start).count() - 1;
        assert!(heard.len() + 3 >= before, "PING is not heard");
        match ended {
            Ok(()) => assert!(is_whole),
            Err(Error::Connection(error)) => {
                assert!(matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData), "{error}");
                assert!(!is_whole);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// The loop waits in the middle of a frame, and goes on there.
#[test]
fn a_stall_at_any_byte_costs_no_processor_and_no_message() {
    let _watchdog = watch();
    let mut shares = Vec::new();
    let mut random = Random::new(14);
    for _ in 0..3 {
        let gates = [Arc::new(Gate::default()), Arc::new(Gate::default())];
        let stall =
            |gate: &Arc<Gate>, position| Faults { stall: Some((position, Arc::clone(gate))), ..Faults::default() };
        let length = requests().len();
        let to_backend = stall(&gates[0], 1 + random.below(length));
        let to_main = stall(&gates[1], 1 + random.below(2 * length));
        let ended = converse_and(to_backend, to_main, |backend| {
            gates.iter().for_each(|gate| gate.wait_until_reached());
            shares.push(processor_share(&[backend]));
            gates.iter().for_each(|gate| gate.open());
        });
        ended.assert_complete();
    }
    let most = shares.iter().copied().fold(0.0, f64::max);
    println!("figure: processor of a loop whose connection stalls within a frame {:.1} % at most", 100. * most);
    assert!(most < 0.1, "{shares:?}");
}
