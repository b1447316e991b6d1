//! A backend under load for as long as it takes: many users, many threads that send while the loop
//! receives, a million messages each way. Checks that each arrives once and in order, that the memory
//! of the backend stays as it is after the first tenth, and prints the figures.
//!
//! `cargo run --release --features host --example soak`
//!
//! Messages, users and threads may be given: `soak 1000000 10000 30`. The backend is a process of its own,
//! this program once more, so that its memory is that of a backend alone, as STATS tell it.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use spectrum2::frame::{FrameReader, FrameWriter};
use spectrum2::host::{BackendCommand, Host};
use spectrum2::{Backend, ConversationMessage, Launch, LaunchError, Login, Logout, Payload, Sender};

const TIMEOUT: Duration = Duration::from_secs(60);

/// How many PINGs there are among the messages.
const PINGS: usize = 100;

/// How far the backend's memory may be from what it was after the first tenth.
const TOLERANCE: f64 = 0.1;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Clone, Copy)]
struct Plan {
    /// In each direction.
    messages: usize,
    users: usize,
    /// Threads of the backend that send.
    threads: usize,
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument.starts_with("--soak.")) {
        return spectrum2::main(|launch| Ok(Soaked::new(Plan::of_backend(launch)?)));
    }
    match Plan::from_args().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Plan {
    fn from_args() -> Result<Self> {
        let mut numbers = std::env::args().skip(1).map(|word| word.parse());
        let mut next = |default| numbers.next().unwrap_or(Ok(default));
        Ok(Self { messages: next(1_000_000)?, users: next(10_000)?, threads: next(30)? })
    }

    /// As [`command`](Self::command) tells the backend.
    fn of_backend(launch: &Launch) -> std::result::Result<Self, LaunchError> {
        let number = |key: &str| launch.config().number(key).map(Option::unwrap_or_default);
        Ok(Self { messages: number("soak.messages")?, users: number("soak.users")?, threads: number("soak.threads")? })
    }

    fn command(&self) -> io::Result<BackendCommand> {
        Ok(BackendCommand::new(std::env::current_exe()?)
            .arg(format!("--soak.messages={}", self.messages))
            .arg(format!("--soak.users={}", self.users))
            .arg(format!("--soak.threads={}", self.threads)))
    }

    /// How many messages a thread sends.
    fn share(&self, thread: usize) -> usize {
        self.messages / self.threads + usize::from(thread < self.messages % self.threads)
    }
}

/// Writes the name of a user, or of a thread, and gives the number back.
mod name {
    use std::fmt::Write as _;

    pub fn write(text: &mut String, kind: &str, number: usize) {
        text.clear();
        // Writing into a string does not fail.
        let _ = write!(text, "{kind}{number}@soak.localhost");
    }

    pub fn number(text: &str, kind: &str) -> Option<usize> {
        text.strip_prefix(kind)?.strip_suffix("@soak.localhost")?.parse().ok()
    }
}

/// Writes the text of a message, and gives the number back.
mod text {
    use std::fmt::Write as _;

    pub fn write(text: &mut String, number: usize) {
        text.clear();
        // Writing into a string does not fail.
        let _ = write!(text, "{number} The quick brown fox jumps over the lazy dog.");
    }

    pub fn number(text: &str) -> Option<usize> {
        text.strip_suffix(" The quick brown fox jumps over the lazy dog.")?.parse().ok()
    }
}

/// The numbers of each speaker have to be 0, 1, 2, and so on.
struct Order {
    next: Vec<usize>,
}

impl Order {
    fn new(speakers: usize) -> Self {
        Self { next: vec![0; speakers] }
    }

    fn take(&mut self, speaker: Option<usize>, number: Option<usize>) -> io::Result<()> {
        let next = speaker.and_then(|speaker| self.next.get_mut(speaker));
        match next {
            Some(next) if number == Some(*next) => *next += 1,
            next => return Err(io::Error::other(format!("{number:?} of {speaker:?} in place of {next:?}"))),
        }
        Ok(())
    }
}

/// The backend. It says how many messages it has received when it has them all.
struct Soaked {
    plan: Plan,
    users: usize,
    received: usize,
    order: Order,
}

impl Soaked {
    fn new(plan: Plan) -> Self {
        Self { plan, users: 0, received: 0, order: Order::new(plan.users) }
    }

    fn start_threads(&self, sender: &Sender) {
        for thread in 0..self.plan.threads {
            let (plan, sender) = (self.plan, sender.clone());
            thread::spawn(move || {
                if let Err(error) = speak(plan, thread, &sender) {
                    eprintln!("soak: thread {thread}: {error}");
                }
            });
        }
    }
}

/// What a thread of the backend does.
fn speak(plan: Plan, thread: usize, sender: &Sender) -> io::Result<()> {
    let (mut user, mut contact, mut message) = (String::new(), String::new(), String::new());
    name::write(&mut contact, "thread", thread);
    for number in 0..plan.share(thread) {
        name::write(&mut user, "user", (thread + number) % plan.users);
        text::write(&mut message, number);
        sender.message(&ConversationMessage {
            user_name: &user,
            buddy_name: &contact,
            message: &message,
            ..ConversationMessage::default()
        })?;
    }
    Ok(())
}

impl Backend for Soaked {
    fn login(&mut self, sender: &mut Sender, login: Login<'_>) -> io::Result<()> {
        self.users += 1;
        if self.users == self.plan.users {
            self.start_threads(sender);
        }
        sender.connected(login.user)
    }

    fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> {
        Ok(())
    }

    fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
        self.order.take(name::number(message.user_name, "user"), text::number(message.message))?;
        self.received += 1;
        if self.received < self.plan.messages { Ok(()) } else { sender.query(&self.received.to_string()) }
    }
}

/// The main process.
fn run(plan: Plan) -> Result<()> {
    let host = Host::listen()?;
    let mut backend = host.spawn(&plan.command()?)?;
    let connection = host.connect(&mut backend, TIMEOUT)?;
    connection.stream().set_read_timeout(Some(TIMEOUT))?;
    let (reader, writer) = connection.split();
    let (pinged, pings) = mpsc::channel();
    let (done, is_done) = mpsc::channel::<Infallible>();
    let start = Instant::now();
    let writing = thread::spawn(move || write(plan, writer, &pinged, &is_done));
    let mut watched = Watched::new(plan, reader, pings);
    let heard = watched.listen();
    // Ends the PINGs; writing has ended already where it failed.
    drop(done);
    let written = writing.join().map_err(|_| "the writing thread panicked")?;
    heard?;
    let seconds = start.elapsed().as_secs_f64();
    let peak = peak(backend.id())?;
    let mut writer = written?;
    writer.write(&Payload::Exit)?;
    writer.flush()?;
    let status = backend.wait(TIMEOUT)?;
    if !status.success() {
        return Err(format!("the backend ended with {status}").into());
    }
    println!(
        "{} messages each way at the same time, {} users, {} sending threads: {seconds:.1} s, {:.0} messages/s in all; \
         each once and in order",
        plan.messages,
        plan.users,
        plan.threads,
        2.0 * plan.messages as f64 / seconds
    );
    watched.report(peak)
}

/// Logs all users in, sends each the same number of messages, in turn, and PING in between and until all
/// is done. When each PING was sent, and how many messages went before it, is told to `pinged`.
fn write(
    plan: Plan,
    mut writer: FrameWriter<TcpStream>,
    pinged: &mpsc::Sender<(Instant, usize)>,
    is_done: &mpsc::Receiver<Infallible>,
) -> io::Result<FrameWriter<TcpStream>> {
    let (mut user, mut message) = (String::new(), String::new());
    for number in 0..plan.users {
        name::write(&mut user, "user", number);
        writer.write(&Payload::Login(Login {
            user: &user,
            legacy_name: "legacy",
            password: "secret",
            ..Login::default()
        }))?;
    }
    for number in 0..plan.messages {
        name::write(&mut user, "user", number % plan.users);
        text::write(&mut message, number / plan.users);
        writer.write(&Payload::ConvMessage(ConversationMessage {
            user_name: &user,
            buddy_name: "contact",
            message: &message,
            ..ConversationMessage::default()
        }))?;
        if number % (plan.messages / PINGS).max(1) == 0 {
            ping(&mut writer, pinged, number)?;
        } else if number % 100 == 0 {
            writer.flush()?;
        }
    }
    loop {
        ping(&mut writer, pinged, plan.messages)?;
        if is_done.recv_timeout(Duration::from_millis(20)) != Err(mpsc::RecvTimeoutError::Timeout) {
            return Ok(writer);
        }
    }
}

fn ping(writer: &mut FrameWriter<TcpStream>, pinged: &mpsc::Sender<(Instant, usize)>, sent: usize) -> io::Result<()> {
    // Fails when nobody watches any more, and then writing does, too.
    let _ = pinged.send((Instant::now(), sent));
    writer.write(&Payload::Ping)?;
    writer.flush()
}

/// What comes from the backend.
struct Watched {
    plan: Plan,
    reader: FrameReader<TcpStream>,
    pings: mpsc::Receiver<(Instant, usize)>,
    order: Order,
    received: usize,
    /// The backend has said that it received everything.
    is_confirmed: bool,
    /// How many messages went before the last PING that was answered.
    sent: usize,
    delays: Vec<Duration>,
    /// The backend's memory in kB, and the part of all messages that had been sent by then.
    memory: Vec<(f64, f64)>,
}

impl Watched {
    fn new(plan: Plan, reader: FrameReader<TcpStream>, pings: mpsc::Receiver<(Instant, usize)>) -> Self {
        Self {
            plan,
            reader,
            pings,
            order: Order::new(plan.threads),
            received: 0,
            is_confirmed: false,
            sent: 0,
            delays: Vec::new(),
            memory: Vec::new(),
        }
    }

    /// Until all messages have arrived on both sides, and one PING more is answered.
    fn listen(&mut self) -> Result<()> {
        let mut users = 0;
        loop {
            let is_complete = self.is_confirmed && self.received == self.plan.messages;
            match self.reader.read_frame()?.ok_or("the backend is gone")?.decode()? {
                Payload::ConvMessage(message) => {
                    self.order.take(name::number(message.buddy_name, "thread"), text::number(message.message))?;
                    self.received += 1;
                }
                Payload::Connected(_) => users += 1,
                Payload::Query(answer) => self.is_confirmed = answer.config == self.plan.messages.to_string(),
                Payload::Pong => {
                    let (start, sent) = self.pings.recv()?;
                    self.delays.push(start.elapsed());
                    self.sent = sent;
                }
                Payload::Stats(stats) => {
                    let messages = (self.sent + self.received) as f64;
                    self.memory.push((f64::from(stats.res), messages / (2 * self.plan.messages) as f64));
                    if is_complete {
                        break;
                    }
                }
                other => return Err(format!("{other:?}").into()),
            }
        }
        if users == self.plan.users { Ok(()) } else { Err(format!("{users} users are connected").into()) }
    }

    /// Prints the figures, and fails when the memory was not flat.
    fn report(&mut self, peak: f64) -> Result<()> {
        self.delays.sort();
        let slowest = self.delays.last().ok_or("no PING was answered")?;
        println!(
            "PONG under this load: after {:.0} ms where half were faster, {:.0} ms at most",
            1000.0 * self.delays[self.delays.len() / 2].as_secs_f64(),
            1000.0 * slowest.as_secs_f64()
        );
        let mut after = self.memory.iter().filter(|sample| sample.1 >= 0.1).map(|sample| sample.0);
        let first = after.next().ok_or("no STATS after the first tenth")?;
        let last = self.memory.last().map_or(first, |sample| sample.0);
        let (least, most) = after.fold((first, first), |(least, most), kb| (least.min(kb), most.max(kb)));
        // The system's account of the most lags behind a little.
        let peak = most.max(peak);
        println!("memory of the backend: {first} kB after a tenth, {last} kB at the end, {peak} kB at most");
        if most > first * (1.0 + TOLERANCE) || least < first * (1.0 - TOLERANCE) {
            return Err(format!("from {least} to {most} kB after the first tenth: that is not flat").into());
        }
        Ok(())
    }
}

/// The most memory that a process ever took, in kB; 0 where the system does not tell.
fn peak(id: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
