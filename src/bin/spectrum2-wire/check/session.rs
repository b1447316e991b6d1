//! A talk with one backend.

mod users;

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::net::TcpStream;
use std::process::ExitStatus;
use std::thread;
use std::time::{Duration, Instant};

use spectrum2::frame::{Frame, HEADER_LEN, OwnedFrame, Split, encode_to_vec, split};
use spectrum2::host::{BackendCommand, Connection, Host, RECEIVE_LIMIT};
use spectrum2::{ConnectionError, FrameError, Logout, Payload};
pub use users::{login_message, login_of, status_of};

use super::interrupt::{SLICE, in_slices, interrupted, is_interrupted};
use super::journal::{Journal, Line, Side};
use super::output::Output;
use super::plan::DECODABLE;
use super::process::Process;
use super::rules::{AllSightings, Features, Sighting, Violation, Watch};
use super::setup::Setup;

/// How long a backend is waited for that is told to leave at the end of a check.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long a process is waited for whose connection has ended, so that its exit status can be told.
const BURIAL: Duration = Duration::from_secs(2);

/// How long an answer is waited for before more is sent, to see whether the backend goes on then.
const STALL: Duration = Duration::from_secs(2);

/// How often a process is asked whether it has ended, while its frames are read.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Why a talk stops.
#[derive(Debug)]
pub enum Trouble {
    /// The backend does what it must not do, or does not do what it must.
    Fail(String),
    /// It cannot be found out with this backend.
    NotTried(String),
}

pub fn fail<T>(reason: impl Into<String>) -> Result<T, Trouble> {
    Err(Trouble::Fail(reason.into()))
}

pub fn not_tried<T>(reason: impl Into<String>) -> Result<T, Trouble> {
    Err(Trouble::NotTried(reason.into()))
}

/// A session that the backend ended.
#[derive(Clone)]
struct Lost {
    error: ConnectionError,
    message: String,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {:?}", self.error, self.message)
    }
}

/// Whether the main process logs in again at once on DISCONNECTED with this error, and for ever.
pub fn is_passing(error: ConnectionError) -> bool {
    matches!(error, ConnectionError::NETWORK_ERROR | ConnectionError::OTHER_ERROR)
}

/// A backend, and what stands between it and the main process.
struct Running {
    process: Process,
    /// None before the backend connects, and after the connection is closed.
    connection: Option<Connection>,
    /// The users who are logged in, with their legacy names.
    users: Vec<(String, String)>,
    lost: Option<Lost>,
}

/// A talk with one backend at a time.
pub struct Session<'s> {
    pub setup: &'s Setup,
    check: &'static str,
    running: Option<Running>,
    output: Output,
    journal: Journal<'s>,
    watch: Watch,
    sightings: AllSightings,
    features: Features,
    /// The first room of everybody's that the backend lists.
    listed_room: Option<String>,
    /// What the main process did last, to be told with a failure.
    doing: String,
}

impl<'s> Session<'s> {
    pub fn new(setup: &'s Setup, check: &'static str) -> Self {
        Self {
            setup,
            check,
            running: None,
            output: Output::new(setup, check),
            journal: Journal::new(setup, check),
            watch: Watch::new(),
            sightings: AllSightings::new(),
            features: Features::default(),
            listed_room: None,
            doing: String::new(),
        }
    }

    // Start and end.

    /// Starts the backend, and waits until it connects.
    pub fn start(&mut self) -> Result<(), Trouble> {
        self.start_with(self.setup.command())
    }

    pub fn start_with(&mut self, command: BackendCommand) -> Result<(), Trouble> {
        self.running = None;
        self.watch = Watch::new();
        self.features = Features::default();
        self.doing = "it connected".into();
        let host = Host::listen().map_err(cannot("listen on loopback"))?;
        self.output = Output::new(self.setup, self.check);
        let mut process = Process::spawn(&command, &host, &self.output).map_err(cannot("start the backend"))?;
        let timeout = self.setup.options.timeout;
        let connection = in_slices(timeout, |slice| process.connect(&host, slice))?;
        self.running = Some(Running { process, connection: None, users: Vec::new(), lost: None });
        let connection = connection.map_err(|error| {
            Trouble::Fail(match error.kind() {
                ErrorKind::TimedOut => {
                    format!("The backend did not connect to {} within {timeout:?}.", host.address())
                }
                _ => format!("{}.", capitalised(&error.to_string())),
            })
        })?;
        self.running_mut()?.connection = Some(connection);
        Ok(())
    }

    /// Starts the backend, and waits for its first PONG: what it supports is known then.
    pub fn begin(&mut self) -> Result<(), Trouble> {
        self.start()?;
        self.survives()
    }

    /// Closes the connection, as a main process does that was killed.
    pub fn close(&mut self) -> Result<(), Trouble> {
        if let Some(connection) = self.running_mut()?.connection.take() {
            connection.close();
        }
        Ok(())
    }

    /// Takes the backend's leave as the main process does: LOGOUT for its users, and EXIT.
    pub fn finish(&mut self) {
        let Some(running) = &mut self.running else { return };
        let users = std::mem::take(&mut running.users);
        if running.connection.is_some() && !users.is_empty() {
            let logout = |(user, legacy_name)| Payload::Logout(Logout { user, legacy_name });
            let farewell: Vec<_> =
                users.iter().map(|(user, name)| logout((user, name))).chain([Payload::Exit]).collect();
            // The check is over: what comes of it is for other checks to judge.
            let _ = self.send("EXIT", &farewell).and_then(|()| self.wait_for_end(FAREWELL));
        }
        self.running = None;
    }

    /// Reads on until the process ends. None when it has not by then.
    pub fn wait_for_end(&mut self, timeout: Duration) -> Result<Option<ExitStatus>, Trouble> {
        let started = Instant::now();
        loop {
            // A farewell is waited for in any case.
            let deadline = started + if is_interrupted() { timeout.min(FAREWELL) } else { timeout };
            let slice = POLL_INTERVAL.min(deadline.saturating_duration_since(Instant::now()));
            let running = self.running_mut()?;
            let has_connection = running.connection.is_some();
            let is_over = match self.receive_or_end(slice) {
                Ok(Some(_)) => continue,
                Ok(None) => !has_connection,
                Err(_) => true,
            };
            let running = self.running_mut()?;
            // Without a connection there is nothing to do but to wait.
            let left = deadline.saturating_duration_since(Instant::now());
            let slice = if is_over { left.min(SLICE) } else { Duration::ZERO };
            match running.process.wait(slice) {
                Ok(status) => return Ok(Some(status)),
                Err(error) if error.kind() != ErrorKind::TimedOut => return Err(cannot("wait for the backend")(error)),
                Err(_) if Instant::now() >= deadline => return Ok(None),
                Err(_) => {}
            }
        }
    }

    /// Waits for the end of the process, which has to be a good one.
    pub fn expect_good_end(&mut self) -> Result<(), Trouble> {
        let timeout = self.setup.options.timeout;
        match self.wait_for_end(timeout)? {
            Some(status) if self.is_good(status) => Ok(()),
            Some(status) => {
                fail(format!("The backend ended with {status} after {}, in place of status 0.", self.doing))
            }
            None => fail(format!("The backend still runs {timeout:?} after {}.", self.doing)),
        }
    }

    fn is_good(&self, status: ExitStatus) -> bool {
        status.success() || status.code().is_some_and(|code| Some(code) == self.setup.options.exit_status)
    }

    /// The backend's process.
    pub fn process(&self) -> Result<&Process, Trouble> {
        self.running.as_ref().map(|running| &running.process).ok_or_else(gone_already)
    }

    // Sending.

    /// Sends requests in one write. `doing` names them in the reason of a failure.
    pub fn send(&mut self, doing: &str, requests: &[Payload<'_>]) -> Result<(), Trouble> {
        let bytes = encode(requests)?;
        self.send_pieces(doing, &[&bytes], Duration::ZERO)
    }

    /// Sends frames in pieces, with a pause between each, so that they arrive as pieces.
    pub fn send_pieces(&mut self, doing: &str, pieces: &[&[u8]], pause: Duration) -> Result<(), Trouble> {
        self.doing = doing.to_owned();
        let bytes = pieces.concat();
        let mut rest = bytes.as_slice();
        while let Ok(Split::Complete(frame, behind)) = split(rest, usize::MAX) {
            self.journal.add(Side::Main, &frame);
            self.watch.sent(&frame);
            rest = behind;
        }
        let timeout = self.setup.options.timeout;
        for piece in pieces {
            let connection = self.running_mut()?.connection.as_ref().ok_or_else(gone_already)?;
            let trouble = match write(connection.stream(), piece, timeout).map_err(|error| error.kind()) {
                Ok(()) => None,
                Err(ErrorKind::Interrupted) => Some(interrupted()),
                Err(ErrorKind::TimedOut) => {
                    Some(Trouble::Fail(format!("The backend has not read for {timeout:?}, during {doing}.")))
                }
                Err(_) => return Err(self.gone()),
            };
            if let Some(trouble) = trouble {
                // Within a frame, for all that is known: nothing can be said any more.
                self.running_mut()?.connection = None;
                return Err(trouble);
            }
            if !pause.is_zero() {
                thread::sleep(pause);
            }
        }
        Ok(())
    }

    // Receiving.

    /// Waits for the next frame. None when there is none in time.
    pub fn receive(&mut self, timeout: Duration) -> Result<Option<OwnedFrame>, Trouble> {
        self.receive_or_end(timeout).map_err(|end| match end {
            Some(trouble) => trouble,
            None => self.gone(),
        })
    }

    /// As [`receive`](Self::receive); the error is None where the connection has ended.
    fn receive_or_end(&mut self, timeout: Duration) -> Result<Option<OwnedFrame>, Option<Trouble>> {
        let running = self.running_mut().map_err(Some)?;
        let Some(connection) = &mut running.connection else { return Ok(None) };
        match in_slices(timeout, |slice| connection.receive(slice)).map_err(Some)? {
            Ok(frame) => {
                self.note(&frame.as_frame());
                Ok(Some(frame))
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(None),
            Err(error) => match error.downcast() {
                Ok(FrameError::TooLarge { length, .. }) => Err(Some(Trouble::Fail(format!(
                    "The backend announces a frame of {length} bytes, which cannot be meant.{}",
                    hint_at_byte_order(length, RECEIVE_LIMIT)
                )))),
                _ => Err(None),
            },
        }
    }

    /// Waits until `pick` finds what it looks for. None when it has not in time.
    pub fn wait<T>(
        &mut self,
        timeout: Duration,
        mut pick: impl FnMut(&Payload<'_>) -> Option<T>,
    ) -> Result<Option<T>, Trouble> {
        let deadline = Instant::now() + timeout;
        loop {
            let Some(frame) = self.receive(deadline.saturating_duration_since(Instant::now()))? else {
                return Ok(None);
            };
            if let Some(found) = frame.decode().ok().and_then(|payload| pick(&payload)) {
                return Ok(Some(found));
            }
        }
    }

    /// Reads what comes within a time.
    pub fn listen(&mut self, timeout: Duration) -> Result<(), Trouble> {
        self.wait(timeout, |_| None::<()>).map(|_| ())
    }

    /// What was sent so far is behind the backend: it answers a PING, and its user is still logged in.
    pub fn survives(&mut self) -> Result<(), Trouble> {
        self.survives_within(self.setup.options.timeout, |_| {})
    }

    /// As [`survives`](Self::survives), with a look at all that comes before the PONG.
    pub fn survives_within(&mut self, timeout: Duration, mut look: impl FnMut(&Payload<'_>)) -> Result<(), Trouble> {
        let doing = self.doing.clone();
        self.send(&doing, &[Payload::Ping])?;
        let pong = self.wait(timeout, |payload| {
            look(payload);
            matches!(payload, Payload::Pong).then_some(())
        })?;
        if pong.is_none() {
            return fail(format!("The backend did not answer a PING within {timeout:?} after {doing}."));
        }
        match self.running_mut()?.lost.take() {
            Some(lost) if is_passing(lost.error) => not_tried(format!("the network was lost after {doing}: {lost}")),
            Some(lost) => fail(format!("The backend put the user out after {doing}: DISCONNECTED with {lost}.")),
            None => Ok(()),
        }
    }

    /// As [`survives`](Self::survives), for what is no good frame. Says whether the backend goes on only when
    /// more comes, as Spectrum's C++ library does.
    pub fn survives_and_may_stall(&mut self) -> Result<bool, Trouble> {
        let doing = self.doing.clone();
        let timeout = self.setup.options.timeout;
        let is_pong = |payload: &Payload<'_>| matches!(payload, Payload::Pong).then_some(());
        self.send(&doing, &[Payload::Ping])?;
        if self.wait(timeout.min(STALL), is_pong)?.is_some() {
            return Ok(false);
        }
        self.send(&doing, &[Payload::Ping])?;
        for _ in 0..2 {
            if self.wait(timeout, is_pong)?.is_none() {
                return fail(format!("The backend did not answer a PING within {timeout:?} after {doing}."));
            }
        }
        Ok(true)
    }

    /// What the backend says that it supports.
    pub fn features(&self) -> Features {
        self.features
    }

    /// The first room of everybody's that the backend lists.
    pub fn listed_room(&self) -> Option<&str> {
        self.listed_room.as_deref()
    }

    // What the report is made of.

    /// The last frames.
    pub fn frames(&self) -> Vec<Line> {
        self.journal.last()
    }

    /// How many malformed frames the backend has sent.
    pub fn malformed(&self) -> usize {
        self.sightings.get(DECODABLE).map_or(0, |sightings| sightings.violations.len())
    }

    /// What there is to say of a frame that is announced, and has not come whole.
    pub fn unfinished_frame(&self) -> String {
        let connection = self.running.as_ref().and_then(|running| running.connection.as_ref());
        let received = connection.map(Connection::buffered).unwrap_or_default();
        let Ok(Split::Partial { needed }) = split(received, usize::MAX) else { return String::new() };
        match (needed.saturating_sub(HEADER_LEN), received.len().saturating_sub(HEADER_LEN)) {
            (0, _) => String::new(),
            (length, come) => format!(
                " It has announced a frame of {length} bytes, of which {come} have come.{}",
                hint_at_byte_order(length, come)
            ),
        }
    }

    /// The first and the last lines that the backend printed, also in taking its leave.
    pub fn printed(&mut self) -> Vec<String> {
        self.finish();
        self.output.wait_for_end();
        self.output.lines()
    }

    pub fn into_sightings(mut self) -> AllSightings {
        self.finish();
        if self.setup.options.verbose {
            self.output.wait_for_end();
        }
        self.sightings
    }

    fn note(&mut self, frame: &Frame<'_>) {
        self.journal.add(Side::Backend, frame);
        match frame.decode() {
            // One that the main process discards leaves all features off.
            Ok(Payload::BackendConfig(config)) => self.features = Features::parse(config.config).unwrap_or_default(),
            Ok(Payload::RoomList(list)) if list.user.is_none_or(str::is_empty) && self.listed_room.is_none() => {
                self.listed_room = list.room.iter().next().map(str::to_owned);
            }
            Ok(Payload::Disconnected(end)) => {
                if let Some(running) = &mut self.running
                    && running.users.iter().any(|(user, _)| user == end.user)
                {
                    running.users.retain(|(user, _)| user != end.user);
                    let message = end.message.unwrap_or_default().to_owned();
                    running.lost = Some(Lost { error: end.error, message });
                }
            }
            _ => {}
        }
        for Sighting { rule, result, remark } in self.watch.received(frame) {
            let sightings = self.sightings.entry(rule).or_default();
            sightings.frames += 1;
            sightings.note(remark);
            if let Err(reason) = result {
                let reason = self.setup.tell(&reason);
                let frames = self.journal.last();
                sightings.violations.push(Violation { reason, during: self.check, frames });
            }
        }
    }

    fn running_mut(&mut self) -> Result<&mut Running, Trouble> {
        self.running.as_mut().ok_or_else(gone_already)
    }

    /// The connection has ended, which nobody asked for.
    fn gone(&mut self) -> Trouble {
        let doing = &self.doing;
        let Some(running) = &mut self.running else { return gone_already() };
        running.connection = None;
        Trouble::Fail(match running.process.wait(BURIAL) {
            Ok(status) => format!("The backend ended with {status} after {doing}."),
            Err(_) => format!("The backend closed its connection after {doing}, and runs on."),
        })
    }
}

/// A failure that is not the backend's.
fn cannot(what: &'static str) -> impl Fn(io::Error) -> Trouble {
    move |error| Trouble::NotTried(format!("cannot {what}: {error}"))
}

/// What is wrong with a length that would be a good one, up to `most`, in the other byte order.
fn hint_at_byte_order(length: usize, most: usize) -> String {
    match u32::try_from(length).map(u32::swap_bytes) {
        Ok(turned @ 1..) if turned as usize <= most => {
            format!(" In the other byte order that is {turned}: the length is four bytes in network byte order.")
        }
        _ => String::new(),
    }
}

fn gone_already() -> Trouble {
    Trouble::Fail("The backend is gone.".into())
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// Writes on as long as the backend reads; once interrupted, no longer than a farewell takes.
fn write(mut stream: &TcpStream, bytes: &[u8], timeout: Duration) -> io::Result<()> {
    stream.set_write_timeout(Some(SLICE))?;
    let mut rest = bytes;
    let mut last_progress = Instant::now();
    let mut interrupted = None;
    while !rest.is_empty() {
        if is_interrupted() && interrupted.get_or_insert_with(Instant::now).elapsed() >= FAREWELL {
            return Err(ErrorKind::Interrupted.into());
        }
        match stream.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                rest = &rest[count..];
                last_progress = Instant::now();
            }
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock | ErrorKind::TimedOut if last_progress.elapsed() < timeout => {}
                ErrorKind::WouldBlock => return Err(ErrorKind::TimedOut.into()),
                _ => return Err(error),
            },
        }
    }
    Ok(())
}

pub fn encode(requests: &[Payload<'_>]) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    for request in requests {
        encode_to_vec(request, &mut bytes).map_err(|error| Trouble::NotTried(error.to_string()))?;
    }
    Ok(bytes)
}
