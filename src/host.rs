//! The main process's side, to run and test a backend without a Spectrum.
//!
//! A [`Host`] listens on loopback. It spawns a backend as Spectrum does, or runs one in a thread,
//! and the [`Connection`] that the backend makes is there to send requests and to wait for answers.
//!
//! ```
//! use std::time::Duration;
//! use spectrum2::host::Host;
//! use spectrum2::{Backend, BackendConfig, ConversationMessage, Login, Logout, Payload, Sender};
//! # use std::io;
//! # struct Echo;
//! # impl Backend for Echo {
//! #     fn start(&mut self, sender: &mut Sender) -> io::Result<()> {
//! #         sender.backend_config(&BackendConfig::builder().need_registration(false).build()?)
//! #     }
//! #     fn login(&mut self, sender: &mut Sender, login: Login<'_>) -> io::Result<()> { sender.connected(login.user) }
//! #     fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> { Ok(()) }
//! #     fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> { Ok(()) }
//! # }
//!
//! let host = Host::listen()?;
//! let backend = host.run_in_thread(Echo);
//! let mut connection = host.accept(Duration::from_secs(10))?;
//!
//! connection.send(&Payload::Login(Login { user: "alice", ..Login::default() }))?;
//! // Other frames, such as BACKEND_CONFIG, are dropped.
//! connection.wait_for(Duration::from_secs(10), |payload| matches!(payload, Payload::Connected(_)), drop)?;
//!
//! connection.send(&Payload::Exit)?;
//! let (_echo, ended) = backend.join().expect("no panic");
//! ended.expect("EXIT ends the backend well");
//! # Ok::<(), std::io::Error>(())
//! ```

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::client::{Backend, Client, Error};
use crate::frame::{FrameReader, FrameWriter, OwnedFrame};
use crate::payload::Payload;

/// A backend that does not read for this long hangs.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest body in bytes that is read: 128 MiB. The main process has no limit at all; this one is far over
/// what messages take, and ends a connection whose lengths are in the wrong byte order.
pub const RECEIVE_LIMIT: usize = 128 << 20;

/// How often a process is asked whether it has ended: the library has no wait with a timeout.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// A listening main process. Backends may connect until it is dropped.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    accepted: mpsc::Receiver<io::Result<TcpStream>>,
    acceptor: Option<JoinHandle<()>>,
}

impl Host {
    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        // A listener has no timeout; a channel has. It holds nothing, so that an error that stays, such as
        // too many open files, is met once for each that asks and not over and over.
        let (sender, accepted) = mpsc::sync_channel(0);
        let acceptor =
            thread::spawn(move || while sender.send(listener.accept().map(|accepted| accepted.0)).is_ok() {});
        Ok(Self { address, accepted, acceptor: Some(acceptor) })
    }

    /// Where backends connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the next backend to connect.
    ///
    /// # Errors
    /// `TimedOut`, and what the operating system reports.
    pub fn accept(&self, timeout: Duration) -> io::Result<Connection> {
        match self.accepted.recv_timeout(timeout) {
            Ok(stream) => Connection::new(stream?),
            Err(RecvTimeoutError::Timeout) => Err(ErrorKind::TimedOut.into()),
            Err(RecvTimeoutError::Disconnected) => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// Starts a backend with the arguments that Spectrum gives it, in a process group of its own; Spectrum
    /// also gives it a session of its own and the file mode mask 0007. [`connect`](Self::connect) waits for it.
    ///
    /// # Errors
    /// A program that cannot be started.
    pub fn spawn(&self, command: &BackendCommand) -> io::Result<BackendProcess> {
        let mut command = command.to_command(self.address);
        // A group is what the library offers; the terminal's signals are for whoever runs the test.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map(BackendProcess::from)
    }

    /// Waits for a process to connect, as [`accept`](Self::accept) does, but no longer than it lives.
    ///
    /// # Errors
    /// The process ended, with its exit status; and those of [`accept`](Self::accept).
    pub fn connect(&self, process: &mut BackendProcess, timeout: Duration) -> io::Result<Connection> {
        let deadline = deadline_after(timeout);
        loop {
            let ended = process.child.try_wait()?;
            let left = deadline.saturating_duration_since(Instant::now());
            match (self.accept(left.min(POLL_INTERVAL)), ended) {
                (Err(error), None) if error.kind() == ErrorKind::TimedOut && !left.is_zero() => {}
                (Err(error), Some(status)) if error.kind() == ErrorKind::TimedOut => {
                    return Err(io::Error::other(format!("the backend ended with {status} before it connected")));
                }
                (accepted, _) => return accepted,
            }
        }
    }

    /// Runs a backend in a thread of this process, which connects first. Joining the thread gives the
    /// backend back, and how its loop ended.
    pub fn run_in_thread<B: Backend + Send + 'static>(&self, mut backend: B) -> JoinHandle<(B, Result<(), Error>)> {
        let address = self.address;
        thread::spawn(move || {
            let connected = Client::connect_to(address).map_err(Error::Connection);
            let ended = connected.and_then(|client| client.run(&mut backend));
            (backend, ended)
        })
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The acceptor sees that nobody listens to it any more once it has one more to report.
        let (_, nobody) = mpsc::channel();
        self.accepted = nobody;
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(acceptor) = self.acceptor.take().filter(|_| woken) {
            // It does not panic, and there is nobody to tell.
            let _ = acceptor.join();
        }
    }
}

/// How to start a backend.
#[derive(Clone, Debug)]
pub struct BackendCommand {
    program: PathBuf,
    arguments: Vec<OsString>,
    main_arguments: Vec<OsString>,
    jid: String,
    config_path: Option<PathBuf>,
    directory: Option<PathBuf>,
}

impl BackendCommand {
    /// A backend program, with the JID `backend.localhost` and no configuration file.
    pub fn new(program: impl AsRef<Path>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            main_arguments: Vec::new(),
            jid: "backend.localhost".to_owned(),
            config_path: None,
            directory: None,
        }
    }

    /// Adds an argument of one's own: before those that Spectrum adds, as it stands in the
    /// configuration's `service.backend`.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds an argument that the main process was started with and passes on, such as `-n`. A backend
    /// ignores what it does not know.
    #[must_use]
    pub fn main_arg(mut self, argument: impl Into<OsString>) -> Self {
        self.main_arguments.push(argument.into());
        self
    }

    /// The gateway's JID.
    #[must_use]
    pub fn jid(mut self, jid: impl Into<String>) -> Self {
        self.jid = jid.into();
        self
    }

    /// The path of the configuration file.
    #[must_use]
    pub fn config_path(mut self, path: impl AsRef<Path>) -> Self {
        self.config_path = Some(path.as_ref().to_owned());
        self
    }

    /// The directory that the backend starts in.
    #[must_use]
    pub fn current_dir(mut self, path: impl AsRef<Path>) -> Self {
        self.directory = Some(path.as_ref().to_owned());
        self
    }

    /// The process to be spawned, for settings of one's own. It stays in the caller's process group.
    pub fn to_command(&self, address: SocketAddr) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command.args(["--host", &address.ip().to_string(), "--port", &address.port().to_string()]);
        command.arg("--service.backend_id=1").args(&self.main_arguments).args(["-j", &self.jid]);
        command.args(&self.config_path);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
    }
}

/// A backend process. It is killed when dropped.
#[derive(Debug)]
pub struct BackendProcess {
    child: Child,
}

impl BackendProcess {
    /// The process ID.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the process ends.
    ///
    /// # Errors
    /// `TimedOut`, and what the operating system reports.
    pub fn wait(&mut self, timeout: Duration) -> io::Result<ExitStatus> {
        let deadline = deadline_after(timeout);
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                return Err(ErrorKind::TimedOut.into());
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Kills the process.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()
    }
}

/// For a process that was started with settings of one's own: see [`BackendCommand::to_command`].
impl From<Child> for BackendProcess {
    fn from(child: Child) -> Self {
        Self { child }
    }
}

impl Drop for BackendProcess {
    fn drop(&mut self) {
        // Both fail only when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The connection to one backend.
#[derive(Debug)]
pub struct Connection {
    reader: FrameReader<TcpStream>,
    writer: FrameWriter<TcpStream>,
}

impl Connection {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let writer = FrameWriter::new(stream.try_clone()?);
        Ok(Self { reader: FrameReader::with_limit(stream, RECEIVE_LIMIT), writer })
    }

    /// The connection's stream, for its settings.
    pub fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    /// Sends a request.
    ///
    /// # Errors
    /// What the connection reports; `WouldBlock` or `TimedOut` for a backend that does not read for
    /// 30 seconds.
    pub fn send(&mut self, payload: &Payload<'_>) -> io::Result<()> {
        self.add(payload)?;
        self.flush()
    }

    /// Adds a request to those that [`flush`](Self::flush) sends together.
    ///
    /// # Errors
    /// `InvalidInput`: a message longer than Protobuf allows.
    pub fn add(&mut self, payload: &Payload<'_>) -> io::Result<()> {
        self.writer.write(payload)
    }

    /// Sends all requests that were added.
    ///
    /// # Errors
    /// What the connection reports.
    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// Sends bytes as they are: pieces of frames, or what is no frame at all.
    ///
    /// # Errors
    /// What the connection reports.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.flush()?;
        self.writer.get_mut().write_all(bytes)
    }

    /// Waits for the next frame.
    ///
    /// # Errors
    /// `TimedOut`; `UnexpectedEof` when the backend closed the connection; `InvalidData`, around a
    /// [`FrameError`](crate::FrameError), for a frame over [`RECEIVE_LIMIT`]; and what the connection reports.
    pub fn receive(&mut self, timeout: Duration) -> io::Result<OwnedFrame> {
        let deadline = deadline_after(timeout);
        while !self.reader.has_frame()? {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            self.reader.get_ref().set_read_timeout(Some(left))?;
            match self.reader.fill() {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if is_timeout(&error) || error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let frame = self.reader.buffered_frame()?;
        frame.map(|frame| frame.into_owned()).ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    /// What has come of a frame that is not whole yet; frames that are whole and wait stand before it.
    pub fn buffered(&self) -> &[u8] {
        self.reader.buffered()
    }

    /// Waits for a frame with a payload that is `wanted`. Frames that come before it, malformed ones too, are
    /// given to `other`: `drop` for one, or what collects them.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use spectrum2::{Payload, host::Connection};
    /// # fn example(connection: &mut Connection) -> Result<(), Box<dyn std::error::Error>> {
    /// let answer = connection.wait_for(
    ///     Duration::from_secs(10),
    ///     |payload| matches!(payload, Payload::ConvMessage(message) if message.buddy_name == "bob"),
    ///     |frame| panic!("{:?} came first", frame.decode()),
    /// )?;
    /// let Payload::ConvMessage(message) = answer.decode()? else { unreachable!("it is wanted") };
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`receive`](Self::receive), where `timeout` is for all frames together.
    pub fn wait_for(
        &mut self,
        timeout: Duration,
        mut wanted: impl FnMut(&Payload<'_>) -> bool,
        mut other: impl FnMut(OwnedFrame),
    ) -> io::Result<OwnedFrame> {
        let deadline = deadline_after(timeout);
        loop {
            let frame = self.receive(deadline.saturating_duration_since(Instant::now()))?;
            if frame.decode().is_ok_and(|payload| wanted(&payload)) {
                return Ok(frame);
            }
            other(frame);
        }
    }

    /// Sends PING, and waits for PONG. Other frames that come before it are given to `other`.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`receive`](Self::receive).
    pub fn ping(&mut self, timeout: Duration, other: impl FnMut(OwnedFrame)) -> io::Result<()> {
        self.send(&Payload::Ping)?;
        self.wait_for(timeout, |payload| *payload == Payload::Pong, other).map(drop)
    }

    /// Two handles of the connection, for reading and writing in two threads.
    pub fn split(self) -> (FrameReader<TcpStream>, FrameWriter<TcpStream>) {
        (self.reader, self.writer)
    }

    /// Closes the connection, as a main process does that was killed.
    pub fn close(self) {
        // Fails only when it is closed already.
        let _ = self.stream().shutdown(Shutdown::Both);
    }
}

/// Of a time that the clock cannot count, such as `Duration::MAX`, nobody sees the end.
fn deadline_after(timeout: Duration) -> Instant {
    const LONG: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    Instant::now() + timeout.min(LONG)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
