//! The blocking client: the loop that a backend runs.
//!
//! [`Client::connect`] goes to the main process, [`Client::run`] calls the methods of a [`Backend`]
//! until the main process says EXIT or closes. Whoever wants a loop of their own takes the two
//! halves, a [`Receiver`] and a [`Sender`].

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::DecodeError;
use crate::frame::{Frame, FrameReader};
use crate::launch::{Launch, LaunchError};
use crate::logging::{debug, info, warning};
use crate::payload::Payload;

mod backend;
mod memory;
mod sender;

pub use backend::Backend;
pub use sender::Sender;

/// The silence that ends the loop, unless set otherwise: the main process sends a PING every 20
/// seconds, so three of them are missing.
pub const DEFAULT_PING_TIMEOUT: Duration = Duration::from_secs(60);

/// What ended the connection, other than the main process being done with the backend.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The command line or the configuration file is not right.
    Launch(LaunchError),
    /// The main process could not be reached at this address.
    Connect(String, io::Error),
    /// The connection failed: reading, writing, a frame over the limit, or an end within a frame.
    Connection(io::Error),
    /// Nothing came from the main process for this long: it is gone, or it hangs.
    Silence(Duration),
    /// A method of the [`Backend`] failed.
    Backend(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Launch(error) => error.fmt(f),
            Self::Connect(address, error) => write!(f, "cannot connect to the main process at {address}: {error}"),
            Self::Connection(error) => write!(f, "the connection to the main process failed: {error}"),
            Self::Silence(timeout) => write!(f, "nothing came from the main process for {timeout:?}"),
            Self::Backend(error) => write!(f, "the backend failed: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Launch(error) => error.source(),
            Self::Connect(_, error) | Self::Connection(error) | Self::Backend(error) => Some(error),
            Self::Silence(_) => None,
        }
    }
}

impl From<LaunchError> for Error {
    fn from(error: LaunchError) -> Self {
        Self::Launch(error)
    }
}

impl Error {
    /// Says what went wrong in one line on standard error, and gives the exit status for it: 2 when
    /// the command line or the configuration is wrong, or else 1.
    pub fn report(&self) -> ExitCode {
        eprintln!("{}: {self}", program_name(&std::env::args_os().next().unwrap_or_default()));
        match self {
            Self::Launch(_) => 2.into(),
            _ => 1.into(),
        }
    }
}

/// The name of a program's file, by the first word of its command line.
pub(crate) fn program_name(first: &OsStr) -> String {
    Path::new(first).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A connection to the main process.
///
/// ```no_run
/// use spectrum2::{Client, Error, Launch};
/// # use std::io;
/// # use spectrum2::{Backend, ConversationMessage, Login, Logout, Sender};
/// # struct Echo;
/// # impl Backend for Echo {
/// #     fn login(&mut self, sender: &mut Sender, login: Login<'_>) -> io::Result<()> { Ok(()) }
/// #     fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> { Ok(()) }
/// #     fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> { Ok(()) }
/// # }
///
/// fn main() -> Result<(), Error> {
///     Client::connect(&Launch::from_env()?)?.run(&mut Echo)
/// }
/// ```
#[derive(Debug)]
pub struct Client {
    receiver: Receiver,
    sender: Sender,
}

impl Client {
    /// Connects to the main process that the command line names.
    ///
    /// # Errors
    /// [`Error::Connect`].
    pub fn connect(launch: &Launch) -> Result<Self, Error> {
        Self::connect_to((launch.host(), launch.port()))
            .map_err(|error| Error::Connect(format!("{}:{}", launch.host(), launch.port()), error))
    }

    /// Connects to the main process at `address`.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn connect_to(address: impl ToSocketAddrs) -> io::Result<Self> {
        let client = Self::from_stream(TcpStream::connect(address)?)?;
        info!("connected to the main process");
        Ok(client)
    }

    /// Takes a connection that stands already, and makes it a blocking one.
    ///
    /// # Errors
    /// The stream's settings (no delay, timeouts) cannot be made.
    pub fn from_stream(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        let stream = SharedStream(Arc::new(stream));
        let sender = Sender::new(stream.clone());
        let receiver = Receiver {
            reader: FrameReader::new(stream),
            sender: sender.buffered(),
            start_memory: memory::resident(),
            ping_timeout: DEFAULT_PING_TIMEOUT,
            tick: None,
            last_received: Instant::now(),
            has_waited: false,
            last_tick: Instant::now(),
            closed: false,
        };
        let mut client = Self { receiver, sender };
        client.set_ping_timeout(DEFAULT_PING_TIMEOUT)?;
        Ok(client)
    }

    /// Ends the loop when nothing comes for this long. [`DEFAULT_PING_TIMEOUT`] unless set.
    ///
    /// # Errors
    /// Zero.
    pub fn set_ping_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        self.receiver.set_ping_timeout(timeout)
    }

    /// Makes an [`Event::Idle`] of every such span of time; [`run`](Self::run) asks [`Backend::tick`]
    /// for it.
    pub fn set_tick(&mut self, tick: Duration) {
        self.receiver.set_tick(tick);
    }

    /// A sender for another thread: each frame is written at once.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// The two halves, for a loop of one's own.
    pub fn split(self) -> (Receiver, Sender) {
        (self.receiver, self.sender)
    }

    /// Calls the methods of `backend` until the main process says EXIT or closes the connection.
    ///
    /// PING is answered here. What the methods send is written once for each batch that is read.
    /// When it returns, or a method panics, the connection is closed, for all clones of the sender too.
    ///
    /// # Errors
    /// [`Error::Connection`], [`Error::Silence`], or [`Error::Backend`] with the error of a method.
    pub fn run<B: Backend + ?Sized>(self, backend: &mut B) -> Result<(), Error> {
        let (mut receiver, sender) = self.split();
        let closing = Closing(sender);
        if let Some(tick) = backend.tick() {
            receiver.set_tick(tick);
        }
        run_loop(backend, &mut receiver, &mut closing.0.buffered())
    }
}

/// Closes the connection when dropped: threads that hold a sender must learn that the loop is over.
struct Closing(Sender);

impl Drop for Closing {
    fn drop(&mut self) {
        // The peer may have closed before.
        let _ = self.0.shutdown();
    }
}

fn run_loop<B: Backend + ?Sized>(backend: &mut B, receiver: &mut Receiver, sender: &mut Sender) -> Result<(), Error> {
    let mut handled = backend.start(sender);
    loop {
        if let Err(error) = handled {
            // A peer that is gone makes methods fail too. That is no fault of theirs, and its EXIT
            // may still be there to be read.
            if sender.check().is_err() {
                return Err(Error::Connection(error));
            }
            if !sender.is_gone() {
                // What was said before the failure is worth sending; the failure is what counts.
                let _ = sender.flush();
                return Err(Error::Backend(error));
            }
            debug!("the main process is gone: {error}");
        }
        match receiver.next_event()? {
            Some(event) => handled = backend.handle(sender, event),
            None => return Ok(()),
        }
    }
}

/// Something that the main process did, or the time that passed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request, or anything else that is not a PING.
    Payload(Payload<'a>),
    /// A frame that cannot be decoded. It is lost; what follows it is not.
    Malformed(Frame<'a>, DecodeError),
    /// A tick has passed: see [`Receiver::set_tick`].
    Idle,
}

/// The receiving half of a [`Client`].
#[derive(Debug)]
pub struct Receiver {
    reader: FrameReader<SharedStream>,
    sender: Sender,
    /// Resident memory at the start, in kB.
    start_memory: i32,
    ping_timeout: Duration,
    tick: Option<Duration>,
    last_received: Instant,
    /// A read has ended without a byte since then, so the next one may not wait as long.
    has_waited: bool,
    last_tick: Instant,
    closed: bool,
}

impl Receiver {
    /// As [`Client::set_ping_timeout`].
    ///
    /// # Errors
    /// Zero.
    pub fn set_ping_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        let stream = &self.reader.get_ref().0;
        stream.set_read_timeout(Some(timeout))?;
        // A main process that does not read for that long hangs as well.
        stream.set_write_timeout(Some(timeout))?;
        self.ping_timeout = timeout;
        Ok(())
    }

    /// Makes an [`Event::Idle`] of every such span of time, also when there is much to do.
    pub fn set_tick(&mut self, tick: Duration) {
        // The system knows no timeout of zero.
        self.tick = Some(tick.max(Duration::from_millis(1)));
    }

    /// Waits for the next event; `None` after EXIT, which comes as an event too, and at the end of
    /// the connection.
    ///
    /// PING is answered here. Before it waits, everything that [buffered](Sender::buffered) senders
    /// hold is written.
    ///
    /// # Errors
    /// [`Error::Connection`] and [`Error::Silence`].
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, Error> {
        loop {
            if self.closed {
                self.flush()?;
                return Ok(None);
            }
            if self.reader.has_frame().map_err(Error::Connection)? {
                if self.next_is_ping() {
                    self.answer_ping();
                    continue;
                }
                return self.next_buffered();
            }
            self.flush()?;
            self.fill()?;
            // Only after reading: what takes longer than a tick must not keep the loop from that.
            if !self.closed && self.tick.is_some_and(|tick| self.last_tick.elapsed() >= tick) {
                self.last_tick = Instant::now();
                return Ok(Some(Event::Idle));
            }
        }
    }

    /// Whether the frame that is received is a PING.
    fn next_is_ping(&self) -> bool {
        let wrapper = self.reader.peek_frame().and_then(|frame| frame.wrapper().ok());
        wrapper.is_some_and(|wrapper| wrapper.type_number == crate::Type::Ping.number())
    }

    /// The frame that is received.
    fn next_buffered(&mut self) -> Result<Option<Event<'_>>, Error> {
        let Some(frame) = self.reader.buffered_frame().map_err(Error::Connection)? else { return Ok(None) };
        Ok(Some(match frame.decode() {
            Ok(Payload::Exit) => {
                info!("the main process said EXIT");
                self.closed = true;
                Event::Payload(Payload::Exit)
            }
            Ok(payload) => {
                debug!("received {}", payload.type_name());
                Event::Payload(payload)
            }
            Err(error) => Event::Malformed(frame, error),
        }))
    }

    fn answer_ping(&mut self) {
        debug!("received TYPE_PING");
        // Taken off the buffer; it holds nothing else to look at.
        let _ = self.reader.buffered_frame();
        if let Err(error) = self.sender.pong().and_then(|()| self.sender.stats(self.start_memory)) {
            warning!("PING cannot be answered: {error}");
        }
    }

    /// Writes what is buffered. A peer that is gone is no error yet: its EXIT may still be unread.
    fn flush(&mut self) -> Result<(), Error> {
        match self.sender.flush() {
            Err(error) if !self.sender.is_gone() => Err(Error::Connection(error)),
            _ => Ok(()),
        }
    }

    /// Reads once.
    fn fill(&mut self) -> Result<(), Error> {
        // The whole ping timeout is set already where there is no tick, and nothing has waited yet.
        if self.has_waited || self.tick.is_some() {
            let until_tick = self.tick.map_or(Duration::MAX, |tick| tick.saturating_sub(self.last_tick.elapsed()));
            let until_silence = self.ping_timeout.saturating_sub(self.last_received.elapsed());
            self.set_read_timeout(until_tick.min(until_silence))?;
        }
        match self.reader.fill() {
            Ok(0) => self.end(false),
            Ok(_) => {
                self.last_received = Instant::now();
                if self.has_waited && self.tick.is_none() {
                    self.set_read_timeout(self.ping_timeout)?;
                }
                self.has_waited = false;
                Ok(())
            }
            Err(error) => match error.kind() {
                // Signals too: where they come often no read lasts until its timeout.
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                    self.has_waited = true;
                    self.check_silence()
                }
                _ if is_gone(&error) => self.end(true),
                _ => Err(Error::Connection(error)),
            },
        }
    }

    fn set_read_timeout(&self, timeout: Duration) -> Result<(), Error> {
        // The system knows no timeout of zero.
        let timeout = timeout.max(Duration::from_millis(1));
        self.reader.get_ref().0.set_read_timeout(Some(timeout)).map_err(Error::Connection)
    }

    fn check_silence(&self) -> Result<(), Error> {
        if self.last_received.elapsed() < self.ping_timeout {
            return Ok(());
        }
        Err(Error::Silence(self.ping_timeout))
    }

    /// A reset throws away what was on its way: no wonder that a frame is cut off then.
    fn end(&mut self, is_reset: bool) -> Result<(), Error> {
        let is_cut_off = !self.reader.buffered().is_empty();
        if is_cut_off && !is_reset {
            // A write takes the news of a reset, so that reading finds a mere end. Another thread's may
            // not have told yet.
            self.sender.wait_for_writes();
        }
        // A sender that could not write closed the connection.
        self.sender.check().map_err(Error::Connection)?;
        if is_cut_off && !is_reset && !self.sender.is_gone() && !self.sender.is_shut_down() {
            return Err(Error::Connection(ErrorKind::UnexpectedEof.into()));
        }
        info!("the main process closed the connection");
        self.closed = true;
        Ok(())
    }
}

/// Whether an error says that the peer closed the connection. A peer that closes with bytes of ours
/// unread resets the connection, so that is an ordinary end as well.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)
}

/// One connection, for the reading and the writing half.
#[derive(Clone, Debug)]
pub(crate) struct SharedStream(Arc<TcpStream>);

impl Read for SharedStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for SharedStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The whole `main` of a backend: reads the command line and the configuration file, makes the
/// backend with `make`, connects, and runs it.
///
/// What goes wrong is one line on standard error. The exit status is 0 after EXIT or a close, 2 when
/// the command line, the configuration file or `make` say that the backend cannot work, and 1 when
/// the connection or a method of the backend failed.
///
/// ```no_run
/// # use std::io;
/// # use spectrum2::{Backend, ConversationMessage, Login, Logout, Sender};
/// # struct Echo;
/// # impl Backend for Echo {
/// #     fn login(&mut self, sender: &mut Sender, login: Login<'_>) -> io::Result<()> { Ok(()) }
/// #     fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> { Ok(()) }
/// #     fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> { Ok(()) }
/// # }
/// fn main() -> std::process::ExitCode {
///     spectrum2::main(|_launch| Ok(Echo))
/// }
/// ```
pub fn main<B: Backend>(make: impl FnOnce(&Launch) -> Result<B, LaunchError>) -> ExitCode {
    let ended = Launch::from_env().and_then(|launch| Ok((make(&launch)?, launch))).map_err(Error::Launch);
    match ended.and_then(|(mut backend, launch)| Client::connect(&launch)?.run(&mut backend)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
