//! Many threads that send, and a main process that reads slowly, or not at all.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use spectrum2::frame::{FrameReader, FrameWriter};
use spectrum2::{Client, Error, Event, Payload, Sender};

use super::OnMessage;
use super::numbered::{Heard, say};
use super::sockets::{is_writable, narrow_pair};
use super::support::Random;
use super::system_calls::{self, Calls};
use super::watch::{processor_share, watch};

/// How long a main process that does not read is waited for.
const TIMEOUT: Duration = Duration::from_millis(200);

/// A thread that sends messages until it has said all, or fails.
struct Speaker {
    calls: Arc<Calls>,
    /// How many messages it said, and what stopped it.
    thread: JoinHandle<(usize, Option<ErrorKind>)>,
}

impl Speaker {
    fn spawn(who: usize, sender: Sender, count: usize) -> Self {
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            tell.send(system_calls::of_this_thread()).unwrap();
            let who = who.to_string();
            for number in 0..count {
                if let Err(error) = say(&who, number, |message| sender.message(message)) {
                    return (number, Some(error.kind()));
                }
            }
            (count, None)
        });
        Self { calls: told.recv().unwrap(), thread }
    }
}

fn spawn_speakers(speakers: usize, client: &Client, count: usize) -> Vec<Speaker> {
    (0..speakers).map(|who| Speaker::spawn(who, client.sender(), count)).collect()
}

/// Waits until one thread is in `send`, which has nowhere to put its bytes. The others wait for it.
fn wait_until_stuck(stream: &TcpStream, speakers: &[Speaker]) {
    while is_writable(stream) || !speakers.iter().any(|speaker| speaker.calls.is_sending()) {
        thread::yield_now();
    }
}

/// A client on a narrow connection, its stream, and the main process's end.
pub fn narrow_client() -> (Client, TcpStream, TcpStream) {
    let (stream, peer) = narrow_pair();
    (Client::from_stream(stream.try_clone().unwrap()).unwrap(), stream, peer)
}

/// Runs the loop in a thread. It answers each message with a numbered one, as `loop`.
fn run(client: Client) -> JoinHandle<Result<(), Error>> {
    let mut number = 0;
    let backend = move |sender: &mut Sender, _: spectrum2::ConversationMessage<'_>| {
        number += 1;
        say("loop", number - 1, |message| sender.message(message))
    };
    thread::spawn(move || client.run(&mut OnMessage(backend)))
}

/// Hears all messages up to the end of the stream. How many PONGs were among them, and how it ended.
pub fn hear_all(peer: impl Read) -> (Heard, usize, io::Result<()>) {
    let mut reader = FrameReader::new(peer);
    let (mut heard, mut pongs) = (Heard::default(), 0);
    loop {
        match reader.read_frame() {
            Ok(Some(frame)) => match frame.decode().unwrap() {
                Payload::ConvMessage(message) => heard.hear(&message),
                Payload::Pong => pongs += 1,
                Payload::Stats(_) | Payload::RawXml(_) => {}
                other => panic!("{other:?}"),
            },
            Ok(None) => return (heard, pongs, Ok(())),
            Err(error) => return (heard, pongs, Err(error)),
        }
    }
}

pub fn message(text: &str) -> Payload<'_> {
    Payload::ConvMessage(spectrum2::ConversationMessage { message: text, ..Default::default() })
}

pub fn send(peer: &TcpStream, payloads: &[Payload<'_>]) -> io::Result<()> {
    let mut writer = FrameWriter::new(peer);
    payloads.iter().try_for_each(|payload| writer.write(payload))?;
    writer.flush()
}

/// The loop waits for its turn to answer, the threads for the one of them that writes. Nobody is busy
/// with it, and when the main process reads again everything arrives.
#[test]
fn a_full_socket_buffer_costs_no_processor_and_no_message() {
    let _watchdog = watch();
    const EACH: usize = 100;
    let (client, stream, peer) = narrow_client();
    let speakers = spawn_speakers(8, &client, EACH);
    let backend = run(client);
    wait_until_stuck(&stream, &speakers);
    let mut requests = vec![message("answer this"); EACH];
    requests.insert(EACH / 2, Payload::Ping);
    send(&peer, &requests).unwrap();

    let share = processor_share(&speakers.iter().map(|speaker| &speaker.thread).collect::<Vec<_>>());
    let share_of_loop = processor_share(&[&backend]);
    println!("figure: processor of 8 blocked threads {:.1} %, of the loop {:.1} %", 100. * share, 100. * share_of_loop);
    assert!(share < 0.1 && share_of_loop < 0.1, "{share} {share_of_loop}");
    assert!(speakers.iter().all(|speaker| !speaker.thread.is_finished()));

    let main_process = peer.try_clone().unwrap();
    let heard = thread::spawn(move || hear_all(main_process));
    for speaker in speakers {
        assert_eq!(speaker.thread.join().unwrap(), (EACH, None));
    }
    send(&peer, &[Payload::Exit]).unwrap();
    backend.join().unwrap().unwrap();
    let (heard, pongs, ended) = heard.join().unwrap();
    ended.unwrap();
    let everybody = (0..8).map(|who| who.to_string()).chain(["loop".to_owned()]);
    assert_eq!((heard, pongs), (Heard::of_each(everybody, EACH), 1));
}

/// It is waited for once, not by each thread in turn; then it is the end, for the loop as well, which
/// does not write at all.
#[test]
fn a_main_process_that_does_not_read_is_waited_for_once() {
    let _watchdog = watch();
    let (client, stream, peer) = narrow_client();
    // Not the ping timeout, which would find the silence as well.
    stream.set_write_timeout(Some(TIMEOUT)).unwrap();
    let speakers = spawn_speakers(16, &client, usize::MAX);
    let outliving = client.sender();
    let backend = run(client);

    let Err(Error::Connection(error)) = backend.join().unwrap() else { panic!("the loop ended well") };
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::TimedOut, "the main process does not read"));
    let timeouts: usize = speakers.iter().map(|speaker| speaker.calls.counts().timed_out).sum();
    assert_eq!(timeouts, 1);
    let said: Vec<_> = speakers.into_iter().map(|speaker| speaker.thread.join().unwrap()).collect();
    assert!(said.iter().all(|said| said.1 == Some(ErrorKind::TimedOut)), "{said:?}");
    assert_eq!(outliving.flush().unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(outliving.buffered().connected("alice").unwrap_err().kind(), ErrorKind::TimedOut);

    drop(stream);
    let (heard, _, ended) = hear_all(peer);
    assert!(said.iter().enumerate().all(|(who, said)| heard.of(&who.to_string()) == said.0), "{heard:?} of {said:?}");
    if let Err(error) = ended {
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
}

#[test]
fn nothing_follows_half_a_frame() {
    let _watchdog = watch();
    let (client, stream, peer) = narrow_client();
    stream.set_write_timeout(Some(TIMEOUT)).unwrap();
    let sender = client.sender();
    let error = sender.raw_xml(&"x".repeat(1 << 20)).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::TimedOut, "the main process does not read"));
    // The main process reads again, and there would be room for these.
    let heard = thread::spawn(move || hear_all(peer));
    for _ in 0..3 {
        assert_eq!(sender.connected("alice").unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(sender.flush().unwrap_err().kind(), ErrorKind::TimedOut);
    }
    drop((client, stream, sender));
    let (heard, _, ended) = heard.join().unwrap();
    assert_eq!((heard.total(), ended.unwrap_err().kind()), (0, ErrorKind::UnexpectedEof));
}

/// Each speaker said at least what was heard.
fn assert_at_most(heard: &Heard, said: &[(usize, Option<ErrorKind>)]) {
    for (who, (count, _)) in said.iter().enumerate() {
        assert!(heard.of(&who.to_string()) <= *count, "{who}: {heard:?} of {said:?}");
    }
}

/// Only what has something to say waits: the loop takes requests, and EXIT, while a thread cannot write.
#[test]
fn the_loop_reads_on_while_a_thread_waits_to_write() {
    let _watchdog = watch();
    let (client, stream, peer) = narrow_client();
    let speakers = spawn_speakers(2, &client, usize::MAX);
    wait_until_stuck(&stream, &speakers);
    let mut requests = vec![message("taken in"); 1000];
    requests.push(Payload::Exit);
    send(&peer, &requests).unwrap();
    let mut taken = 0;
    client
        .run(&mut OnMessage(|_: &mut Sender, _: spectrum2::ConversationMessage<'_>| {
            taken += 1;
            Ok(())
        }))
        .unwrap();
    assert_eq!(taken, 1000);
    for speaker in speakers {
        assert_eq!(speaker.thread.join().unwrap().1, Some(ErrorKind::BrokenPipe));
    }
}

#[test]
fn shutdown_wakes_all_that_wait_to_write() {
    let _watchdog = watch();
    let (client, stream, peer) = narrow_client();
    let sender = client.sender();
    let speakers = spawn_speakers(8, &client, usize::MAX);
    let backend = run(client);
    wait_until_stuck(&stream, &speakers);
    // The loop is to wait as well.
    send(&peer, &[message("answer this"), Payload::Ping]).unwrap();
    sender.shutdown().unwrap();
    backend.join().unwrap().unwrap();
    let said: Vec<_> = speakers.into_iter().map(|speaker| speaker.thread.join().unwrap()).collect();
    assert!(said.iter().all(|said| said.1 == Some(ErrorKind::BrokenPipe)), "{said:?}");
    assert_at_most(&hear_all(peer).0, &said);
}

/// A backend of several threads lives on when its loop panics: the main process has to learn of it.
#[test]
fn a_method_that_panics_closes_the_connection() {
    let _watchdog = watch();
    let (client, stream, peer) = narrow_client();
    let speakers = spawn_speakers(4, &client, usize::MAX);
    let (enough, panicking) = mpsc::channel();
    let backend = thread::spawn(move || {
        client.run(&mut OnMessage(|sender: &mut Sender, _: spectrum2::ConversationMessage<'_>| {
            sender.flush()?;
            panicking.recv().unwrap();
            std::panic::resume_unwind(Box::new("on purpose"));
        }))
    });
    send(&peer, &[message("panic")]).unwrap();
    let main_process = peer.try_clone().unwrap();
    let heard = thread::spawn(move || hear_all(main_process));
    enough.send(()).unwrap();
    assert_eq!(*backend.join().unwrap_err().downcast::<&str>().unwrap(), "on purpose");
    let said: Vec<_> = speakers.into_iter().map(|speaker| speaker.thread.join().unwrap()).collect();
    assert!(said.iter().all(|said| said.1 == Some(ErrorKind::BrokenPipe)), "{said:?}");
    drop(stream);
    assert_at_most(&heard.join().unwrap().0, &said);
}

/// The other threads and the loop go on.
#[test]
fn a_sending_thread_that_panics_takes_nobody_with_it() {
    let _watchdog = watch();
    let (client, _, peer) = narrow_client();
    let sender = client.sender();
    let panicking = thread::spawn(move || {
        say("panicking", 0, |message| sender.message(message)).unwrap();
        std::panic::resume_unwind(Box::new(sender));
    });
    let speakers = spawn_speakers(2, &client, 50);
    let backend = run(client);
    send(&peer, &[message("answer this")]).unwrap();
    let main_process = peer.try_clone().unwrap();
    let heard = thread::spawn(move || hear_all(main_process));
    assert!(panicking.join().is_err());
    for speaker in speakers {
        assert_eq!(speaker.thread.join().unwrap(), (50, None));
    }
    send(&peer, &[message("and this"), Payload::Exit]).unwrap();
    backend.join().unwrap().unwrap();
    let (heard, _, ended) = heard.join().unwrap();
    ended.unwrap();
    assert_eq!((heard.of("panicking"), heard.of("0"), heard.of("1"), heard.of("loop")), (1, 50, 50, 2));
}

/// Takes a few bytes at a time, and a break now and then.
pub struct Slow<R> {
    stream: R,
    random: Random,
}

impl<R> Slow<R> {
    pub fn new(stream: R, seed: u64) -> Self {
        Self { stream, random: Random::new(seed) }
    }
}

impl<R: Read> Read for Slow<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.random.below(64) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let most = 1 + self.random.below(buffer.len().min(2000));
        self.stream.read(&mut buffer[..most])
    }
}

/// Thousands of requests in one write, whose answers are far more than all buffers hold, while others
/// send as well.
#[test]
fn a_slow_reader_gets_all_answers_to_a_huge_batch() {
    let _watchdog = watch();
    const BATCH: usize = 500;
    let (client, _, peer) = narrow_client();
    let speakers = spawn_speakers(4, &client, 50);
    let backend = run(client);
    let slow = Slow::new(peer.try_clone().unwrap(), 7);
    let heard = thread::spawn(move || hear_all(slow));
    let mut requests = vec![message("answer this"); BATCH];
    requests.insert(0, Payload::Ping);
    requests.push(Payload::Ping);
    send(&peer, &requests).unwrap();
    for speaker in speakers {
        assert_eq!(speaker.thread.join().unwrap(), (50, None));
    }
    send(&peer, &[Payload::Exit]).unwrap();
    backend.join().unwrap().unwrap();
    let (heard, pongs, ended) = heard.join().unwrap();
    ended.unwrap();
    assert_eq!((heard.of("loop"), pongs), (BATCH, 2));
    assert_eq!(heard.total(), BATCH + 4 * 50);
}

/// The receiving half answers PING in one thread, the sending half writes in another.
#[test]
fn two_halves_in_two_threads() {
    let _watchdog = watch();
    const EACH: usize = 1000;
    const PINGS: usize = 100;
    let (client, _, peer) = narrow_client();
    let (mut receiver, sender) = client.split();
    let speaker = Speaker::spawn(0, sender, EACH);
    let receiving = thread::spawn(move || {
        let mut events = 0;
        while let Some(event) = receiver.next_event().unwrap() {
            assert!(matches!(event, Event::Payload(Payload::RawXml(_) | Payload::Exit)), "{event:?}");
            events += 1;
        }
        events
    });
    let main_process = peer.try_clone().unwrap();
    let heard = thread::spawn(move || hear_all(main_process));
    for _ in 0..PINGS {
        send(&peer, &[Payload::Ping, Payload::RawXml("<presence/>")]).unwrap();
    }
    assert_eq!(speaker.thread.join().unwrap(), (EACH, None));
    send(&peer, &[Payload::Exit]).unwrap();
    assert_eq!(receiving.join().unwrap(), PINGS + 1);
    let (heard, pongs, ended) = heard.join().unwrap();
    ended.unwrap();
    assert_eq!((heard.of("0"), pongs), (EACH, PINGS));
}
