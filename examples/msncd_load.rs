//! How the msncd backend and daemon fare under load: the stand-in main process logs in many users,
//! lets them rest, then has them write to each other, and checks that each message arrives once, and
//! in order between any two users. Polling may take no more than a tenth of a core.
//!
//! `cargo build --release --features host --examples && target/release/examples/msncd_load`
//!
//! Users and messages may be given: `msncd_load 1000 100000`; of more than a thousand messages a user, the
//! backend may refuse some. Backend and daemon are the two programs
//! beside this one. Each user takes an open file in each of them; the limit is raised where the system
//! lets it be. The figures of the processes come from Linux's `/proc`.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use spectrum2::frame::{FrameReader, FrameWriter};
use spectrum2::host::{BackendCommand, Host};
use spectrum2::{ConversationMessage, Login, Payload, Status, StatusType};

const TIMEOUT: Duration = Duration::from_secs(60);

/// To how many others each user writes.
const FRIENDS: usize = 10;

/// The most that polling once a second may take of a core, in percent.
const MOST_POLLING: f64 = 10.0;

/// Open files of a process beside those of its users.
const OTHER_FILES: usize = 50;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<usize>());
    let users = numbers.next().transpose()?.unwrap_or(1000);
    let messages = numbers.next().transpose()?.unwrap_or(100_000);
    let rest = Duration::from_secs(10);
    let (backend, daemon) = (program("msncd_backend")?, program("msncd_daemon")?);
    Load { users, messages, rest, backend, daemon }.run(|line| println!("{line}"))
}

pub struct Load {
    pub users: usize,
    pub messages: usize,
    /// How long the users rest, to see what polling takes.
    pub rest: Duration,
    /// The two programs.
    pub backend: PathBuf,
    pub daemon: PathBuf,
}

impl Load {
    /// Tells each figure when it is known.
    pub fn run(&self, mut tell: impl FnMut(fmt::Arguments<'_>)) -> Result<()> {
        let Self { users, messages, rest, .. } = *self;
        raise_file_limit(users + OTHER_FILES)?;
        let daemon = Daemon::spawn(&self.daemon, messages + users)?;
        let host = Host::listen()?;
        let command = BackendCommand::new(&self.backend)
            .arg(format!("--msncd.port={}", daemon.port))
            .arg("--msncd.poll_interval=1000");
        let backend = host.spawn(&command)?;
        let connection = host.accept(TIMEOUT)?;
        connection.stream().set_read_timeout(Some(TIMEOUT))?;
        let (mut reader, mut writer) = connection.split();

        let start = Instant::now();
        log_in(users, &mut reader, &mut writer)?;
        tell(format_args!("{users} users logged in after {:.2} s", start.elapsed().as_secs_f64()));

        for (name, id) in [("backend", backend.id()), ("daemon", daemon.child.id())] {
            tell(format_args!("{name}: {} kB resident, {} threads", status(id, "VmRSS")?, status(id, "Threads")?));
        }
        let before = (processor_time(backend.id())?, processor_time(daemon.child.id())?);
        let start = Instant::now();
        thread::sleep(rest);
        let now = (processor_time(backend.id())?, processor_time(daemon.child.id())?);
        // On a machine that is busy the rest may be much longer.
        let rested = start.elapsed().as_secs_f64();
        let share = |before, now: Duration| 100.0 * (now - before).as_secs_f64() / rested;
        let (polling, daemons) = (share(before.0, now.0), share(before.1, now.1));
        tell(format_args!("polling once a second: backend {polling:.1} %, daemon {daemons:.1} % of a core"));
        if polling > MOST_POLLING * users as f64 / 1000.0 {
            return Err("polling takes too much".into());
        }

        let start = Instant::now();
        thread::scope(|scope| {
            let sending = scope.spawn(|| send(users, messages, &mut writer));
            let received = receive(users, messages, &mut reader);
            sending.join().map_err(|_| "the sending thread panicked")??;
            received
        })?;
        let seconds = start.elapsed().as_secs_f64();
        expect_no_more(users, &mut reader, &mut writer)?;
        tell(format_args!(
            "{messages} messages, each once and in order: {seconds:.2} s, {:.0} a second",
            messages as f64 / seconds
        ));
        Ok(())
    }
}

/// Of this process, and so of those that it starts.
fn raise_file_limit(files: usize) -> Result<()> {
    #[cfg(unix)]
    if rlimit::increase_nofile_limit(files as u64)? < files as u64 {
        return Err(format!("{files} open files are not allowed here").into());
    }
    Ok(())
}

/// A program beside this one.
fn program(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.exists() { Ok(path) } else { Err(format!("{} is not built", path.display()).into()) }
}

struct Daemon {
    child: Child,
    port: String,
}

impl Daemon {
    fn spawn(program: &Path, queue: usize) -> Result<Self> {
        let mut command = Command::new(program);
        let mut child = command.args(["--queue", &queue.to_string()]).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let port = line.trim().rsplit(':').next().unwrap_or_default().to_owned();
        Ok(Self { child, port })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn user(number: usize) -> String {
    format!("user{number}@xmpp")
}

fn account(number: usize) -> String {
    format!("user{number}@net")
}

fn number(name: &str) -> Result<usize> {
    let digits = name.strip_prefix("user").and_then(|name| name.split('@').next());
    Ok(digits.ok_or("a stranger")?.parse()?)
}

fn log_in(users: usize, reader: &mut FrameReader<TcpStream>, writer: &mut FrameWriter<TcpStream>) -> Result<()> {
    for number in 0..users {
        let (user, account) = (user(number), account(number));
        writer.write(&Payload::Login(Login {
            user: &user,
            legacy_name: &account,
            password: "secret",
            ..Login::default()
        }))?;
        let status = Status { user_name: &user, status: StatusType::Online, status_message: None };
        writer.write(&Payload::StatusChanged(status))?;
    }
    writer.flush()?;
    let mut connected = 0;
    while connected < users {
        match reader.read_frame()?.ok_or("the backend is gone")?.decode()? {
            Payload::Connected(_) => connected += 1,
            Payload::BackendConfig(_) => {}
            other => return Err(format!("{other:?}").into()),
        }
    }
    Ok(())
}

/// Each user writes to those that follow, in turn. A message is its number between the two.
fn send(users: usize, messages: usize, writer: &mut FrameWriter<TcpStream>) -> std::io::Result<()> {
    for message in 0..messages {
        let (sender, round) = (message % users, message / users);
        let receiver = (sender + 1 + round % FRIENDS) % users;
        let text = (round / FRIENDS).to_string();
        writer.write(&Payload::ConvMessage(ConversationMessage {
            user_name: &user(sender),
            buddy_name: &account(receiver),
            message: &text,
            ..ConversationMessage::default()
        }))?;
        if message % 100 == 99 {
            writer.flush()?;
        }
    }
    writer.flush()
}

fn receive(users: usize, messages: usize, reader: &mut FrameReader<TcpStream>) -> Result<()> {
    let mut next: HashMap<(usize, usize), usize> = HashMap::new();
    let mut received = 0;
    while received < messages {
        match reader.read_frame()?.ok_or("the backend is gone")?.decode()? {
            Payload::ConvMessage(message) => {
                let pair = (number(message.buddy_name)?, number(message.user_name)?);
                let next = next.entry(pair).or_default();
                if message.message != next.to_string() {
                    return Err(format!("{pair:?}: {:?} in place of {next}", message.message).into());
                }
                *next += 1;
                received += 1;
            }
            other => return Err(format!("{other:?}").into()),
        }
    }
    let expected = users * FRIENDS.min(messages.div_ceil(users));
    if next.len() > expected { Err("messages between strangers".into()) } else { Ok(()) }
}

/// Messages to a user come in the order in which they went out: a last one to each comes behind all
/// that might have come twice.
fn expect_no_more(
    users: usize,
    reader: &mut FrameReader<TcpStream>,
    writer: &mut FrameWriter<TcpStream>,
) -> Result<()> {
    for receiver in 0..users {
        writer.write(&Payload::ConvMessage(ConversationMessage {
            user_name: &user((receiver + 1) % users),
            buddy_name: &account(receiver),
            message: "last",
            ..ConversationMessage::default()
        }))?;
    }
    writer.flush()?;
    for _ in 0..users {
        match reader.read_frame()?.ok_or("the backend is gone")?.decode()? {
            Payload::ConvMessage(message) if message.message == "last" => {}
            other => return Err(format!("{other:?}").into()),
        }
    }
    Ok(())
}

/// What a process has used of the processors, as Linux tells it.
fn processor_time(id: u32) -> Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name may hold spaces; it ends with the last parenthesis.
    let fields: Vec<_> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse::<u64>().ok()).ok_or("no times");
    // A tick is 10 ms wherever Linux runs.
    Ok(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
}

fn status(id: u32, key: &str) -> Result<String> {
    let text = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    Ok(line.ok_or("no such key")?.trim().trim_end_matches(" kB").to_owned())
}
