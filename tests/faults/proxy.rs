//! A proxy between a backend and the main process, which does to one connection what networks do.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::sockets::reset_on_close;
use super::support::Random;

/// How often a direction that waits looks whether the other has ended the connection.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// What happens to the bytes of one direction. Positions are counted in bytes from its start.
#[derive(Clone, Default)]
pub struct Faults {
    /// The connection ends, in both directions, when this many bytes are passed on.
    pub end: Option<(usize, End)>,
    /// Bytes come in pieces of any length, by a generator that starts from this, some of them late.
    pub pieces: Option<u64>,
    /// These bytes come a second time, right behind the first.
    pub repeat: Option<Range<usize>>,
    /// Nothing is passed on, nor read, when this many bytes are, until the gate is open.
    pub stall: Option<(usize, Arc<Gate>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As a process does that says no more, and reads all that the other one still has to say.
    Close,
    /// As a process does that is killed with bytes unread: what is on its way is thrown away.
    Reset,
}

/// Where a direction stalls.
#[derive(Default)]
pub struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    reached: bool,
    open: bool,
}

impl Gate {
    pub fn open(&self) {
        self.state.lock().unwrap().open = true;
        self.changed.notify_all();
    }

    pub fn wait_until_reached(&self) {
        drop(self.changed.wait_while(self.state.lock().unwrap(), |state| !state.reached).unwrap());
    }

    fn pass(&self, connection: &Connection) {
        let mut state = self.state.lock().unwrap();
        state.reached = true;
        self.changed.notify_all();
        while !state.open && !connection.is_over() {
            state = self.changed.wait_timeout(state, POLL_INTERVAL).unwrap().0;
        }
    }
}

/// A proxy for one connection.
pub struct Proxy {
    pub address: SocketAddr,
    running: JoinHandle<Passed>,
}

/// The bytes that each direction passed on.
pub struct Passed {
    pub to_backend: Vec<u8>,
    pub to_main: Vec<u8>,
}

impl Proxy {
    /// Waits for a backend, and connects to the main process then.
    pub fn start(main_process: SocketAddr, to_backend: Faults, to_main: Faults) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let running = thread::spawn(move || {
            let backend = listener.accept().unwrap().0;
            let main_process = TcpStream::connect(main_process).unwrap();
            let connection = Arc::new(Connection { backend, main_process, ended: OnceLock::new() });
            for stream in [&connection.backend, &connection.main_process] {
                stream.set_nodelay(true).unwrap();
                stream.set_read_timeout(Some(POLL_INTERVAL)).unwrap();
                stream.set_write_timeout(Some(POLL_INTERVAL)).unwrap();
            }
            let other = Arc::clone(&connection);
            let to_backend = thread::spawn(move || {
                let mut direction = Direction::new(&other, &other.main_process, &other.backend, to_backend);
                direction.run();
                direction.passed
            });
            let mut direction = Direction::new(&connection, &connection.backend, &connection.main_process, to_main);
            direction.run();
            let to_main = direction.passed;
            // The last one that lets go of the connection closes it.
            drop(connection);
            Passed { to_backend: to_backend.join().unwrap(), to_main }
        });
        Self { address, running }
    }

    /// Waits until the connection is over.
    pub fn finish(self) -> Passed {
        self.running.join().unwrap()
    }
}

struct Connection {
    backend: TcpStream,
    main_process: TcpStream,
    /// By the direction that was first.
    ended: OnceLock<End>,
}

impl Connection {
    fn end(&self, how: End) {
        if self.ended.set(how).is_ok() {
            for stream in [&self.backend, &self.main_process] {
                match how {
                    // Fails when the peer closed before.
                    End::Close => _ = stream.shutdown(Shutdown::Write),
                    End::Reset => reset_on_close(stream),
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        self.ended.get().is_some()
    }
}

/// Passes bytes on, from one peer to the other.
struct Direction<'c> {
    connection: &'c Connection,
    from: &'c TcpStream,
    to: &'c TcpStream,
    faults: Faults,
    random: Random,
    passed: Vec<u8>,
}

impl<'c> Direction<'c> {
    fn new(connection: &'c Connection, from: &'c TcpStream, to: &'c TcpStream, faults: Faults) -> Self {
        let random = Random::new(faults.pieces.unwrap_or(1));
        Self { connection, from, to, faults, random, passed: Vec::new() }
    }

    /// Until the connection is over, or the peer has said everything.
    fn run(&mut self) {
        let mut buffer = [0; 16 << 10];
        while !self.connection.is_over() {
            let most = self.next_fault().min(buffer.len());
            match self.from.read(&mut buffer[..most]) {
                Ok(0) => {
                    // Fails when the peer closed before.
                    let _ = self.to.shutdown(Shutdown::Write);
                    return;
                }
                Ok(count) => self.pass(&buffer[..count]),
                Err(error) if is_wait(&error) => {}
                Err(_) => self.connection.end(End::Reset),
            }
        }
        while self.connection.ended.get() == Some(&End::Close)
            && self.from.read(&mut buffer).map_or_else(|error| is_wait(&error), |count| count > 0)
        {}
    }

    /// In how many bytes something happens. What is to be repeated is read as a whole.
    fn next_fault(&self) -> usize {
        let positions = [
            self.faults.end.map(|end| end.0),
            self.faults.stall.as_ref().map(|stall| stall.0),
            self.faults.repeat.as_ref().map(|repeat| repeat.start),
            self.faults.repeat.as_ref().map(|repeat| repeat.end),
        ];
        let ahead = positions.into_iter().flatten().filter_map(|position| position.checked_sub(self.passed.len()));
        ahead.filter(|bytes| *bytes > 0).min().unwrap_or(usize::MAX)
    }

    fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.connection.is_over() {
            let (piece, rest) = bytes.split_at(self.piece(bytes.len()));
            self.write(piece);
            bytes = rest;
        }
        if let Some(repeat) = self.faults.repeat.take_if(|repeat| repeat.end == self.passed.len()) {
            let again = self.passed[repeat].to_vec();
            self.write(&again);
        }
        if let Some((_, gate)) = self.faults.stall.take_if(|stall| stall.0 == self.passed.len()) {
            gate.pass(self.connection);
        }
        if let Some((_, how)) = self.faults.end.take_if(|end| end.0 == self.passed.len()) {
            self.connection.end(how);
        }
    }

    fn piece(&mut self, length: usize) -> usize {
        if self.faults.pieces.is_none() {
            return length;
        }
        if self.random.below(16) == 0 {
            thread::sleep(Duration::from_micros(self.random.below(1000) as u64));
        }
        let most = 1 + self.random.below(length);
        1 + self.random.below(most)
    }

    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.connection.is_over() {
            match self.to.write(bytes) {
                Ok(count) => {
                    self.passed.extend_from_slice(&bytes[..count]);
                    bytes = &bytes[count..];
                }
                Err(error) if is_wait(&error) => {}
                Err(_) => self.connection.end(End::Reset),
            }
        }
    }
}

/// Whether nothing was wrong but that there was nothing to do yet.
fn is_wait(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
