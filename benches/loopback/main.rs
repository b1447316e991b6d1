//! The client end to end, over loopback: `cargo bench --features host --bench loopback`.
//!
//! Prints how many frames a backend takes in and answers, in a second of time and in a second of the
//! processor that runs its loop; and beside it a backend in C++ that reads and writes as Spectrum's plugin
//! library does (`plugin.cc`), where g++, protoc and libprotobuf are there. The main process's side runs
//! beside the backend and sends what was encoded before, so that the backend is the slower one. Rounds of
//! both take turns; the figures are medians.

mod plugin;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use spectrum2::host::{BackendProcess, Host};
use spectrum2::{Backend, Buddy, Client, ConversationMessage, Error, Login, Logout, Payload, Sender, frame};

use plugin::Plugin;

const ROUNDS: usize = 5;
const BATCHES: usize = 200;
const FRAMES_IN_BATCH: usize = 2_000;
const ROUND_TRIPS: usize = 10_000;
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

/// What the main process's side does with a backend.
struct Exchange<'a> {
    title: &'a str,
    payload: &'a Payload<'a>,
    answers: bool,
    in_batches: bool,
}

fn main() -> io::Result<()> {
    let user_name = "alice@example.org/ab";
    let buddy_name = "bob.builder@icq.exam";
    let typing = Payload::BuddyTyping(Buddy { user_name, buddy_name, ..Buddy::default() });
    let text = "The quick brown fox jumps over the lazy.";
    let message =
        Payload::ConvMessage(ConversationMessage { user_name, buddy_name, message: text, ..Default::default() });
    let plugin = Plugin::build().inspect_err(|error| eprintln!("C++ plugin: SKIPPED, {error}")).ok();
    println!("| what the backend does | | frames/s | frames/s of its processor time |");
    println!("| --- | --- | ---: | ---: |");
    for exchange in [
        Exchange { title: "takes typing in, in batches", payload: &typing, answers: false, in_batches: true },
        Exchange { title: "takes messages in, in batches", payload: &message, answers: false, in_batches: true },
        Exchange { title: "answers messages, in batches", payload: &message, answers: true, in_batches: true },
        Exchange { title: "answers messages, one by one", payload: &message, answers: true, in_batches: false },
    ] {
        exchange.compare(plugin.as_ref())?;
    }
    Ok(())
}

impl Exchange<'_> {
    fn compare(&self, plugin: Option<&Plugin>) -> io::Result<()> {
        let (mut of_client, mut of_plugin) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            of_client.push(self.measure(&Running::start_client(self.answers))?);
            if let Some(plugin) = plugin {
                of_plugin.push(self.measure(&|host| Running::start_plugin(plugin, self, host))?);
            }
        }
        self.print("spectrum2", of_client);
        if plugin.is_some() {
            self.print("C++, plugin", of_plugin);
        }
        Ok(())
    }

    fn print(&self, name: &str, rounds: Vec<Speed>) {
        let time = median(rounds.iter().map(|speed| Some(speed.time)).collect());
        let processor = median(rounds.iter().map(|speed| speed.processor).collect());
        let per_second = |time: Option<Duration>| {
            time.map_or("unknown".to_owned(), |time| {
                format!("{:.2} M", self.frames() as f64 / time.as_secs_f64() / 1e6)
            })
        };
        println!("| {} | {name} | {} | {} |", self.title, per_second(time), per_second(processor));
    }

    fn frames(&self) -> usize {
        if self.in_batches { BATCHES * FRAMES_IN_BATCH } else { ROUND_TRIPS }
    }

    /// Starts a backend, talks with it, and ends it.
    fn measure(&self, start: &dyn Fn(&Host) -> io::Result<Running>) -> io::Result<Speed> {
        let host = Host::listen()?;
        let backend = start(&host)?;
        let mut connection = host.accept(TIMEOUT)?;
        let mut stream = connection.stream().try_clone()?;
        // It runs, and is past its start.
        connection.ping(TIMEOUT, drop)?;
        let (processor, start) = (backend.processor_time(), Instant::now());
        if self.in_batches { self.send_batches(&mut stream) } else { self.send_one_by_one(&mut stream) }?;
        connection.ping(TIMEOUT, drop)?;
        let speed = Speed {
            time: start.elapsed(),
            processor: backend.processor_time().zip(processor).map(|(after, before)| after - before),
        };
        connection.send(&Payload::Exit)?;
        backend.end(self.frames())?;
        Ok(speed)
    }

    fn send_batches(&self, stream: &mut TcpStream) -> io::Result<()> {
        let one = self.encoded()?;
        let batch = one.repeat(FRAMES_IN_BATCH);
        let mut output = stream.try_clone()?;
        std::thread::scope(|scope| {
            let sending = scope.spawn(move || (0..BATCHES).try_for_each(|_| output.write_all(&batch)));
            if self.answers {
                read_bytes(stream, one.len() * BATCHES * FRAMES_IN_BATCH)?;
            }
            sending.join().unwrap_or_else(|_| Err(io::Error::other("the sending thread panicked")))
        })
    }

    fn send_one_by_one(&self, stream: &mut TcpStream) -> io::Result<()> {
        let one = self.encoded()?;
        (0..ROUND_TRIPS).try_for_each(|_| {
            stream.write_all(&one)?;
            read_bytes(stream, one.len())
        })
    }

    fn encoded(&self) -> io::Result<Vec<u8>> {
        let mut one = Vec::new();
        frame::encode_to_vec(self.payload, &mut one)?;
        Ok(one)
    }
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

struct Speed {
    time: Duration,
    /// What the backend's loop took of a processor, where Linux tells it.
    processor: Option<Duration>,
}

fn median(mut durations: Vec<Option<Duration>>) -> Option<Duration> {
    durations.sort_unstable();
    durations[durations.len() / 2]
}

/// A backend that runs.
enum Running {
    Client(JoinHandle<Result<usize, Error>>, String),
    Plugin(BackendProcess),
}

impl Running {
    fn start_client(answers: bool) -> impl Fn(&Host) -> io::Result<Self> {
        move |host| {
            let address = host.address();
            let (sender, names) = std::sync::mpsc::channel();
            let thread = std::thread::spawn(move || {
                let path = std::fs::read_link("/proc/thread-self").unwrap_or_default();
                // The other end waits for it.
                let _ = sender.send(path.display().to_string());
                let mut counting = Counting { answers, received: 0 };
                Client::connect_to(address).map_err(Error::Connection)?.run(&mut counting)?;
                Ok(counting.received)
            });
            Ok(Self::Client(thread, names.recv().map_err(io::Error::other)?))
        }
    }

    fn start_plugin(plugin: &Plugin, exchange: &Exchange<'_>, host: &Host) -> io::Result<Self> {
        host.spawn(&plugin.command(exchange.frames(), exchange.answers)).map(Self::Plugin)
    }

    /// The processor time of its only thread so far.
    fn processor_time(&self) -> Option<Duration> {
        let name = match self {
            Self::Client(_, name) => name.clone(),
            Self::Plugin(process) => process.id().to_string(),
        };
        let text = std::fs::read_to_string(format!("/proc/{name}/schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    }

    /// Waits for its end, after EXIT.
    fn end(self, frames: usize) -> io::Result<()> {
        let all_arrived = match self {
            Self::Client(thread, _) => {
                let received = thread.join().map_err(|_| io::Error::other("the backend panicked"))?;
                received.map_err(io::Error::other)? == frames
            }
            Self::Plugin(mut process) => process.wait(TIMEOUT)?.success(),
        };
        if all_arrived { Ok(()) } else { Err(io::Error::other("frames were lost")) }
    }
}
