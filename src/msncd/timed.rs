use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A stream that can be told how long to wait: the methods of [`TcpStream`] and `UnixStream` of these
/// names.
///
/// The pipes of a child process have none of them. A thread that reads from a pipe can be freed from
/// outside by killing the child.
pub trait Timeouts {
    /// How long a read may wait, after which it fails with `WouldBlock` or `TimedOut`; for ever, where
    /// this is `None`.
    ///
    /// # Errors
    /// What the operating system reports.
    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// How long a write may wait, likewise.
    ///
    /// # Errors
    /// What the operating system reports.
    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Whether reads and writes fail with `WouldBlock` in place of waiting at all.
    ///
    /// # Errors
    /// What the operating system reports.
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()>;
}

macro_rules! timeouts_of_the_standard_library {
    ($stream:ty) => {
        impl Timeouts for $stream {
            fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                <$stream>::set_read_timeout(self, timeout)
            }

            fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                <$stream>::set_write_timeout(self, timeout)
            }

            fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
                <$stream>::set_nonblocking(self, nonblocking)
            }
        }
    };
}

timeouts_of_the_standard_library!(TcpStream);
#[cfg(unix)]
timeouts_of_the_standard_library!(UnixStream);

/// For a stream that another thread keeps too, to shut it down.
impl<S: Timeouts + ?Sized> Timeouts for &S {
    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        (**self).set_read_timeout(timeout)
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        (**self).set_write_timeout(timeout)
    }

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        (**self).set_nonblocking(nonblocking)
    }
}

/// A stream with a deadline for all that is read from it and written to it.
///
/// A timeout of the stream's own starts anew with each byte, so that a daemon which sends one now and
/// then holds its client for ever. A deadline does not move: see
/// [`Client::set_deadline`](super::Client::set_deadline).
///
/// ```no_run
/// use std::net::TcpStream;
/// use std::time::{Duration, Instant};
/// use spectrum2::msncd::{Client, Timed};
///
/// let mut client = Client::new(Timed::new(TcpStream::connect("127.0.0.1:4321")?));
/// client.set_deadline(Some(Instant::now() + Duration::from_secs(10)));
/// client.login("alice@example.org", "secret")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Timed<S> {
    stream: S,
    deadline: Option<Instant>,
}

impl<S> Timed<S> {
    /// A stream without a deadline yet. The stream's own timeouts are replaced when it is used.
    pub const fn new(stream: S) -> Self {
        Self { stream, deadline: None }
    }

    /// From when on reads and writes fail with `TimedOut`; never, where this is `None`.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// The stream.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// What is left of the time, which the operating system has to be told.
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl<S: Timeouts + Read> Read for Timed<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(buffer)
    }
}

impl<S: Timeouts + Write> Write for Timed<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
