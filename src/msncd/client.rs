use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;
use std::time::Instant;

use super::answer::{Answer, Attributes, Contacts};
use super::command::Command;
use super::error::{LimitError, ParseError, ParseErrorKind, WriteError};
use super::event::{Event, starts_with_number};
use super::nick::{Nick, User};
use super::reader::{ReadError, Reader};
use super::scan::{Form, Limits};
use super::timed::{Timed, Timeouts};
use super::words::Lines;

/// Why a command has no answer, or not the one that was hoped for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The stream failed. After `WouldBlock` and `TimedOut` the command is still under way: see
    /// [`Client`].
    Stream(io::Error),
    /// The daemon answered `ERR`, with this description: in UTF-8 as far as it was, and only the start
    /// of one over a limit.
    Refused(String),
    /// The answer, or one event of a poll, is malformed. It is lost; the next is not, and a poll goes on.
    Malformed(ParseError),
    /// The answer, or one event of a poll, is over a limit. It is lost; unless the client is
    /// [out of step](Self::OutOfStep) now, the next is not, and a poll goes on.
    Limit(LimitError),
    /// The command cannot be said in this protocol. Nothing was sent.
    Unspeakable(WriteError),
    /// An earlier command still waits for its answer. Nothing was sent: call [`Client::finish`], or
    /// [`Client::poll`] if it was a poll.
    Unanswered,
    /// The daemon said something that it was not asked for, so that an answer before this may have
    /// been the one to another command. Nothing was sent, unless it came in a poll: connect again.
    Unasked,
    /// The stream failed before, or an answer was none to the command: which answer belongs to which
    /// command cannot be known any more. Nothing was sent: connect again.
    OutOfStep,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => write!(f, "the connection to the daemon failed: {error}"),
            Self::Refused(description) => write!(f, "the daemon refused: {description}"),
            Self::Malformed(error) => write!(f, "the daemon sent something malformed: {error}"),
            Self::Limit(error) => write!(f, "the daemon sent too much: {error}"),
            Self::Unspeakable(error) => write!(f, "the daemon cannot be asked: {error}"),
            Self::Unanswered => f.write_str("an earlier command still waits for its answer"),
            Self::Unasked => f.write_str("the daemon answered more than it was asked"),
            Self::OutOfStep => f.write_str("the connection to the daemon is out of step"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Stream(error) => Some(error),
            Self::Malformed(error) => Some(error),
            Self::Limit(error) => Some(error),
            Self::Unspeakable(error) => Some(error),
            Self::Refused(_) | Self::Unanswered | Self::Unasked | Self::OutOfStep => None,
        }
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Stream(error) => Self::Stream(error),
            ReadError::Limit(error) => Self::Limit(error),
        }
    }
}

/// A client of the daemon, over any stream: TCP, a Unix socket, or the two [pipes](Duplex) of a
/// child process.
///
/// Each method sends a command and waits for its answer. A stream with timeouts may interrupt any of
/// them with `WouldBlock` or `TimedOut`, in the middle of a line too. Then the command is still under
/// way, and nothing that was sent or received is lost: [`poll`](Self::poll) goes on when it is called
/// again; for any other command, [`finish`](Self::finish) does. Until then new commands are refused
/// with [`Error::Unanswered`], so that no answer is taken for the answer to another command. A
/// [`Timed`] stream has a [deadline](Self::set_deadline) for a whole exchange.
///
/// Answers have no numbers, so that one too many would be taken for the answer to the next command.
/// A command is not sent where something has come that belongs to none: [`Error::Unasked`]. What the
/// stream holds unread only a [`Timed`] one can tell: [`check_idle`](Self::check_idle).
///
/// ```no_run
/// use std::net::TcpStream;
/// use spectrum2::msncd::{Client, Event, Lines};
///
/// let mut client = Client::new(TcpStream::connect("127.0.0.1:4321")?);
/// client.login("alice@example.org", "secret")?;
/// client.status("online")?;
/// for contact in client.contacts()?.iter() {
///     println!("{} ({}) is {}", contact.nick, contact.email, contact.status);
/// }
/// client.send_message("bob@example.org", Lines::new("Hello,\nBob"))?;
/// while let Some(event) = client.poll()? {
///     if let Event::Message { email, text, .. } = event {
///         println!("{email}: {}", text.text());
///     }
/// }
/// client.logoff()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Client<S> {
    reader: Reader<S>,
    /// The command that is being sent, and how much of it is.
    command: Vec<u8>,
    sent: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// All commands are answered.
    Idle,
    /// A command waits for an answer of this form, which is not POLL's.
    Waiting(Form),
    /// A POLL waits for the next of its events.
    Polling {
        first: bool,
    },
    /// The end of a poll was malformed. It is still to be told.
    PollEnded,
    OutOfStep,
}

impl<S> Client<S> {
    /// A client that talks over `stream`, with [`Limits::DEFAULT`] for what comes.
    pub fn new(stream: S) -> Self {
        Self::with_limits(stream, Limits::DEFAULT)
    }

    /// A client that talks over `stream`.
    pub fn with_limits(stream: S, limits: Limits) -> Self {
        let reader = Reader::with_limits(stream, limits);
        Self { reader, command: Vec::new(), sent: 0, state: State::Idle }
    }

    /// The stream, for its settings.
    pub fn get_ref(&self) -> &S {
        self.reader.get_ref()
    }

    /// The stream, for its settings. What is read from it or written to it is lost to the client.
    pub fn get_mut(&mut self) -> &mut S {
        self.reader.get_mut()
    }

    /// Whether a command is under way.
    pub fn is_waiting(&self) -> bool {
        !matches!(self.state, State::Idle | State::OutOfStep)
    }
}

/// The command is not shown: it may hold a password.
impl<S: fmt::Debug> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("reader", &self.reader).field("state", &self.state).finish_non_exhaustive()
    }
}

/// # Errors
/// All methods: [`Error`] says what each of them means.
impl<S: Read + Write> Client<S> {
    /// Adds a contact.
    pub fn add(&mut self, nick: &str, email: &str) -> Result<(), Error> {
        self.execute(&Command::Add { nick: Nick::new(nick), email })
    }

    /// Deletes a contact.
    pub fn delete<'a>(&mut self, user: impl Into<User<'a>>) -> Result<(), Error> {
        self.execute(&Command::Delete { user: user.into() })
    }

    /// Changes our own nick.
    pub fn nick(&mut self, nick: &str) -> Result<(), Error> {
        self.execute(&Command::Nick { nick: Nick::new(nick) })
    }

    /// Changes the privacy: as in [`Command::Privacy`].
    pub fn privacy(&mut self, public: bool, ask: bool) -> Result<(), Error> {
        self.execute(&Command::Privacy { public, ask })
    }

    /// Changes our own status.
    pub fn status(&mut self, status: &str) -> Result<(), Error> {
        self.execute(&Command::Status { status })
    }

    /// Logs in.
    pub fn login(&mut self, email: &str, password: &str) -> Result<(), Error> {
        self.execute(&Command::Login { email, password })
    }

    /// Logs off.
    pub fn logoff(&mut self) -> Result<(), Error> {
        self.execute(&Command::Logoff)
    }

    /// What is known of somebody.
    pub fn info<'a>(&mut self, user: impl Into<User<'a>>) -> Result<Attributes<'_>, Error> {
        match self.ask(&Command::Info { user: user.into() })? {
            Answer::Attributes(attributes) => Ok(attributes),
            _ => Err(Error::OutOfStep),
        }
    }

    /// Sends a message.
    pub fn send_message<'a>(&mut self, user: impl Into<User<'a>>, text: Lines<'_>) -> Result<(), Error> {
        self.execute(&Command::SendMessage { user: user.into(), text })
    }

    /// Says that we are typing to somebody: as in [`Command::Typing`], not every daemon knows it.
    pub fn typing<'a>(&mut self, user: impl Into<User<'a>>) -> Result<(), Error> {
        self.execute(&Command::Typing { user: user.into() })
    }

    /// The contact list.
    pub fn contacts(&mut self) -> Result<Contacts<'_>, Error> {
        self.list(&Command::ContactList)
    }

    /// The list of those who have us on theirs.
    pub fn reverse_contacts(&mut self) -> Result<Contacts<'_>, Error> {
        self.list(&Command::ReverseList)
    }

    /// The next event of a poll; `None` at its end, and the next call starts another poll. Where one
    /// is under way, this goes on with it: behind an event that is malformed or over a limit too.
    pub fn poll(&mut self) -> Result<Option<Event<'_>>, Error> {
        match self.state {
            State::Polling { .. } => {}
            State::PollEnded => {
                self.state = State::Idle;
                return Ok(None);
            }
            _ => self.begin(&Command::Poll)?,
        }
        self.send()?;
        let Self { reader, state, .. } = self;
        let unit = find_unit(reader, Form::Event, state)?;
        let unit = reader.unit(unit);
        let event = Event::parse(unit).map_err(|error| misunderstood(Error::Malformed(error), unit, state))?;
        let first = *state == State::Polling { first: true };
        *state = State::Polling { first: false };
        match event {
            Event::End => {
                *state = State::Idle;
                Ok(None)
            }
            Event::Refused { description } if first => {
                *state = State::Idle;
                Err(Error::Refused(description.to_owned()))
            }
            // No event, now or later, but the answer to another command.
            Event::Unknown { line: "OK" } => {
                *state = State::OutOfStep;
                Err(Error::Unasked)
            }
            event => Ok(Some(event)),
        }
    }

    /// Waits for the answer to the command that is under way after a timeout, if there is one. An
    /// answer that was asked for its content is dropped; ask again.
    pub fn finish(&mut self) -> Result<(), Error> {
        match self.state {
            State::Idle => Ok(()),
            State::OutOfStep => Err(Error::OutOfStep),
            State::Polling { .. } | State::PollEnded => Err(Error::Unanswered),
            State::Waiting(form) => self.answer(form).map(drop),
        }
    }

    /// Sends a command that is answered with `OK` or `ERR`.
    pub(crate) fn execute(&mut self, command: &Command<'_>) -> Result<(), Error> {
        self.ask(command).map(drop)
    }

    fn list(&mut self, command: &Command<'_>) -> Result<Contacts<'_>, Error> {
        match self.ask(command)? {
            Answer::Contacts(contacts) => Ok(contacts),
            _ => Err(Error::OutOfStep),
        }
    }

    fn ask(&mut self, command: &Command<'_>) -> Result<Answer<'_>, Error> {
        self.begin(command)?;
        self.answer(command.answer_form())
    }

    /// Makes `command` the one that is under way.
    fn begin(&mut self, command: &Command<'_>) -> Result<(), Error> {
        match self.state {
            State::Idle => self.check_buffer()?,
            State::OutOfStep => return Err(Error::OutOfStep),
            State::Waiting(_) | State::Polling { .. } | State::PollEnded => return Err(Error::Unanswered),
        }
        let mut text = String::new();
        command.write(&mut text).map_err(Error::Unspeakable)?;
        self.command = text.into_bytes();
        self.sent = 0;
        self.state = match command.answer_form() {
            Form::Event => State::Polling { first: true },
            form => State::Waiting(form),
        };
        Ok(())
    }

    /// Nothing may have come behind the last answer.
    fn check_buffer(&mut self) -> Result<(), Error> {
        if self.reader.is_empty() {
            return Ok(());
        }
        self.state = State::OutOfStep;
        Err(Error::Unasked)
    }

    /// Sends what is left of the command.
    fn send(&mut self) -> Result<(), Error> {
        let stream = self.reader.get_mut();
        while self.sent < self.command.len() {
            match stream.write(&self.command[self.sent..]) {
                Ok(0) => return Err(failed(&mut self.state, ErrorKind::WriteZero.into())),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(&mut self.state, error)),
            }
        }
        loop {
            match stream.flush() {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                flushed => return flushed.map_err(|error| failed(&mut self.state, error)),
            }
        }
    }

    /// Waits for the answer of the command that is under way.
    fn answer(&mut self, form: Form) -> Result<Answer<'_>, Error> {
        self.send()?;
        let Self { reader, state, .. } = self;
        let unit = find_unit(reader, form, state)?;
        let unit = reader.unit(unit);
        let answer = Answer::parse(unit, form).map_err(|error| misunderstood(Error::Malformed(error), unit, state))?;
        *state = State::Idle;
        match answer {
            Answer::Refused { description } => Err(Error::Refused(description.to_owned())),
            answer => Ok(answer),
        }
    }
}

/// For streams with a deadline.
impl<S: Timeouts + Read + Write> Client<Timed<S>> {
    /// From when on whatever is under way fails with [`Error::Stream`] of `TimedOut`: a command with
    /// its whole answer, a whole poll. It is still under way then, and another deadline lets it go on.
    /// Set it before each command.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.reader.get_mut().set_deadline(deadline);
    }

    /// Looks, without waiting, whether the daemon said something unasked, or closed the stream. It is
    /// for before a command, and does nothing while one is under way.
    ///
    /// # Errors
    /// [`Error::Unasked`]; [`Error::Stream`] where the stream is closed or fails, `UnexpectedEof` for
    /// the former. Either way the client is out of step.
    pub fn check_idle(&mut self) -> Result<(), Error> {
        if self.state != State::Idle {
            return Ok(());
        }
        match self.read_without_waiting() {
            Ok(0) => Err(failed(&mut self.state, ErrorKind::UnexpectedEof.into())),
            Ok(_) => self.check_buffer(),
            Err(error) if is_timeout(&error) => Ok(()),
            Err(error) => Err(failed(&mut self.state, error)),
        }
    }

    fn read_without_waiting(&mut self) -> io::Result<usize> {
        self.reader.get_ref().get_ref().set_nonblocking(true)?;
        let read = self.reader.fill();
        self.reader.get_ref().get_ref().set_nonblocking(false)?;
        read
    }
}

/// Where the next unit lies, and what follows from it when there is none.
fn find_unit(reader: &mut Reader<impl Read>, form: Form, state: &mut State) -> Result<Range<usize>, Error> {
    match reader.find_unit(form) {
        Ok(Some(unit)) => Ok(unit),
        Ok(None) => Err(failed(state, ErrorKind::UnexpectedEof.into())),
        Err(ReadError::Stream(error)) => Err(failed(state, error)),
        Err(ReadError::Limit(error)) => Err(misunderstood(Error::Limit(error), reader.head(), state)),
    }
}

/// What follows from a unit that is malformed or over a limit: its start shows at least what it ends.
fn misunderstood(error: Error, unit: &[u8], state: &mut State) -> Error {
    let line = unit.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut words = line.splitn(2, |byte| *byte == b' ');
    let (name, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let refused = match state {
        State::Polling { first } => name == b"ERR" && *first && !starts_with_number(rest),
        _ => name == b"ERR",
    };
    *state = match (&error, &state) {
        _ if refused => State::Idle,
        // What does not start as an answer may belong to anything.
        (Error::Malformed(error), State::Waiting(_)) if error.kind() == ParseErrorKind::UnknownWord => State::OutOfStep,
        (Error::Limit(error), _) if !error.keeps_step() => State::OutOfStep,
        (_, State::Polling { .. }) if name == b"POLLEND" => State::PollEnded,
        (_, State::Polling { .. }) => State::Polling { first: false },
        _ => State::Idle,
    };
    if refused { Error::Refused(String::from_utf8_lossy(rest).into_owned()) } else { error }
}

/// After anything but a timeout the stream is of no use.
fn failed(state: &mut State, error: io::Error) -> Error {
    if !is_timeout(&error) {
        *state = State::OutOfStep;
    }
    Error::Stream(error)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Two halves of a stream as one: the pipes of a child process.
///
/// ```no_run
/// use std::process::{Command, Stdio};
/// use spectrum2::msncd::{Client, Duplex};
///
/// let mut child = Command::new("msncd").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
/// if let (Some(reader), Some(writer)) = (child.stdout.take(), child.stdin.take()) {
///     let mut client = Client::new(Duplex { reader, writer });
///     client.login("alice@example.org", "secret")?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Duplex<R, W> {
    /// Where answers come from.
    pub reader: R,
    /// Where commands go.
    pub writer: W,
}

impl<R: Read, W> Read for Duplex<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl<R, W: Write> Write for Duplex<R, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
