//! The client end to end, over loopback: `cargo bench --features host --bench loopback`.
//!
//! Prints how many frames a backend takes in and answers, in a second of time and in a second of the
//! processor that runs its loop. The main process's side runs in a thread beside it and sends what
//! was encoded before, so that the backend is the slower one.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use spectrum2::host::Host;
use spectrum2::{Backend, Buddy, ConversationMessage, Login, Logout, Payload, Sender, frame};

const BATCHES: usize = 500;
const FRAMES_IN_BATCH: usize = 2_000;
const ROUND_TRIPS: usize = 20_000;
const TIMEOUT: Duration = Duration::from_secs(60);

/// Takes messages in, and says them back if asked to.
struct Counting {
    answers: bool,
    received: usize,
}

impl Backend for Counting {
    fn login(&mut self, _: &mut Sender, _: Login<'_>) -> io::Result<()> {
        Ok(())
    }

    fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> {
        Ok(())
    }

    fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
        self.received += 1;
        if self.answers { sender.message(&message) } else { Ok(()) }
    }

    fn buddy_typing(&mut self, _: &mut Sender, _: Buddy<'_>) -> io::Result<()> {
        self.received += 1;
        Ok(())
    }
}

fn main() -> io::Result<()> {
    let user_name = "alice@example.org/ab";
    let buddy_name = "bob.builder@icq.exam";
    let typing = Payload::BuddyTyping(Buddy { user_name, buddy_name, ..Buddy::default() });
    let text = "The quick brown fox jumps over the lazy.";
    let message =
        Payload::ConvMessage(ConversationMessage { user_name, buddy_name, message: text, ..Default::default() });
    println!("| what the backend does | frames/s | frames/s of its processor time |");
    println!("| --- | --- | --- |");
    in_batches("takes typing notifications in, in batches", &typing, false)?;
    in_batches("takes messages in, in batches", &message, false)?;
    in_batches("takes messages in and answers them, in batches", &message, true)?;
    one_by_one(&message)
}

fn in_batches(title: &str, payload: &Payload<'_>, answers: bool) -> io::Result<()> {
    let mut one = Vec::new();
    frame::encode_to_vec(payload, &mut one)?;
    let batch = one.repeat(FRAMES_IN_BATCH);
    measure(title, BATCHES * FRAMES_IN_BATCH, answers, |stream| {
        let mut output = stream.try_clone()?;
        std::thread::scope(|scope| {
            let sending = scope.spawn(move || (0..BATCHES).try_for_each(|_| output.write_all(&batch)));
            if answers {
                read_bytes(stream, one.len() * BATCHES * FRAMES_IN_BATCH)?;
            }
            sending.join().unwrap_or_else(|_| Err(io::Error::other("the sending thread panicked")))
        })
    })
}

fn one_by_one(payload: &Payload<'_>) -> io::Result<()> {
    let mut one = Vec::new();
    frame::encode_to_vec(payload, &mut one)?;
    measure("takes messages in and answers them, one by one", ROUND_TRIPS, true, |stream| {
        (0..ROUND_TRIPS).try_for_each(|_| {
            stream.write_all(&one)?;
            read_bytes(stream, one.len())
        })
    })
}

fn read_bytes(stream: &mut TcpStream, mut count: usize) -> io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    while count > 0 {
        let wanted = count.min(buffer.len());
        match stream.read(&mut buffer[..wanted])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => count -= read,
        }
    }
    Ok(())
}

/// Runs `exchange` with a backend that receives `frames`, and prints the figures.
fn measure(
    title: &str,
    frames: usize,
    answers: bool,
    exchange: impl FnOnce(&mut TcpStream) -> io::Result<()>,
) -> io::Result<()> {
    let host = Host::listen()?;
    let address = host.address();
    let backend = std::thread::spawn(move || {
        let mut counting = Counting { answers, received: 0 };
        let client = spectrum2::Client::connect_to(address).map_err(spectrum2::Error::Connection)?;
        let before = processor_time();
        client.run(&mut counting)?;
        Ok::<_, spectrum2::Error>((counting.received, processor_time().zip(before)))
    });
    let mut connection = host.accept(TIMEOUT)?;
    let start = Instant::now();
    let mut stream = connection.stream().try_clone()?;
    exchange(&mut stream)?;
    connection.ping(TIMEOUT, drop)?;
    let seconds = start.elapsed().as_secs_f64();
    connection.send(&Payload::Exit)?;
    let ended = backend.join().map_err(|_| io::Error::other("the backend panicked"))?;
    let (received, processor) = ended.map_err(io::Error::other)?;
    assert_eq!(received, frames, "every frame arrives");
    let of_processor = processor.map(|(after, before)| (after - before).as_secs_f64());
    let of_processor = of_processor.map_or("unknown".to_owned(), |seconds| per_second(frames, seconds));
    println!("| {title} | {} | {of_processor} |", per_second(frames, seconds));
    Ok(())
}

fn per_second(frames: usize, seconds: f64) -> String {
    format!("{:.2} M", frames as f64 / seconds / 1e6)
}

/// The processor time of this thread, where Linux tells it.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
