//! The connection to the daemon: no command takes longer than the settings say, and another thread
//! may cut it.

use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::settings::Settings;
use spectrum2::msncd::{Client, Error, Timed};

/// Whether a session may have a connection, and the one that it has.
#[derive(Default)]
pub struct Line(Mutex<State>);

#[derive(Default)]
struct State {
    stream: Option<Arc<TcpStream>>,
    cut: bool,
}

impl Line {
    pub fn connect(&self, settings: &Settings) -> io::Result<Arc<TcpStream>> {
        let stream = Arc::new(connect(settings)?);
        let mut state = self.lock();
        if state.cut {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        state.stream = Some(Arc::clone(&stream));
        Ok(stream)
    }

    /// Ends whatever the session does on its connection, and keeps it from having another.
    pub fn cut(&self) {
        let mut state = self.lock();
        state.cut = true;
        if let Some(stream) = state.stream.take() {
            // Fails only where the daemon closed it already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// The session needs it no more.
    pub fn close(&self) {
        self.lock().stream = None;
    }

    /// Nothing that is done under the lock panics.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Within the time that any command has, however many addresses the host has; looking them up takes
/// what the system lets it take.
fn connect(settings: &Settings) -> io::Result<TcpStream> {
    let deadline = Instant::now() + settings.timeout;
    let mut result = Err(ErrorKind::NotFound.into());
    for address in (settings.host.as_str(), settings.port).to_socket_addrs()? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        result = TcpStream::connect_timeout(&address, left);
        if result.is_ok() {
            break;
        }
    }
    let stream = result?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The daemon, over a connection.
pub struct Daemon<'s> {
    client: Client<Timed<&'s TcpStream>>,
    timeout: Duration,
    deadline: Instant,
}

impl<'s> Daemon<'s> {
    pub fn new(stream: &'s TcpStream, timeout: Duration) -> Self {
        Self { client: Client::new(Timed::new(stream)), timeout, deadline: Instant::now() }
    }

    /// For one command, or one whole poll. The error says that nothing is sent.
    pub fn ready(&mut self) -> Result<&mut Client<Timed<&'s TcpStream>>, Error> {
        self.deadline = Instant::now() + self.timeout;
        self.client.set_deadline(Some(self.deadline));
        self.client.check_idle()?;
        Ok(&mut self.client)
    }

    /// In the middle of a poll.
    pub fn client(&mut self) -> &mut Client<Timed<&'s TcpStream>> {
        &mut self.client
    }

    /// Adds to the time of a poll what something else took, such as a main process that does not read.
    pub fn postpone(&mut self, time: Duration) {
        self.deadline += time;
        self.client.set_deadline(Some(self.deadline));
    }
}
