//! Serves the network over TCP: a thread for each connection, a connection for each login.

mod mailbox;
mod network;

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use spectrum2::msncd::{Answer, Command, Form, Limits, ReadError, Reader};

#[allow(unused_imports, reason = "not every program that includes this names it")]
pub use mailbox::{Bounds, MOST_EVENTS};
#[allow(unused_imports, reason = "not every program that includes this names them")]
pub use network::{
    LOGGED_IN_ELSEWHERE, LONGEST_EMAIL, LONGEST_NICK, LONGEST_PASSWORD, MOST_ACCOUNTS, MOST_CONTACTS, Network,
};

/// A message is told with another first line than it is sent with. Half of what clients take leaves
/// room for any.
const LIMITS: Limits = Limits { length: Limits::DEFAULT.length / 2, ..Limits::DEFAULT };

/// A connection needs little; a thousand of them should not take much.
const STACK_SIZE: usize = 128 << 10;

/// A client that does not read for so long is gone, as for its contacts.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The pause after a connection that could not be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// A daemon that serves.
pub struct Daemon {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: JoinHandle<()>,
}

struct Shared {
    network: Mutex<Network>,
    connections: Mutex<HashMap<u64, Arc<TcpStream>>>,
    stopped: AtomicBool,
}

impl Daemon {
    /// Serves a network on a loopback port; 0 is any free one.
    pub fn start(port: u16, network: Network) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let (network, connections) = (Mutex::new(network), Mutex::default());
        let shared = Arc::new(Shared { network, connections, stopped: AtomicBool::new(false) });
        let acceptor = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || accept(&listener, &shared))
        };
        Ok(Self { address, shared, acceptor })
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the process ends.
    #[allow(dead_code, reason = "tests stop")]
    pub fn wait(self) {
        // The acceptor does not panic.
        let _ = self.acceptor.join();
    }

    /// Goes away at once, as a daemon that is killed: connections are cut, and the network is gone.
    #[allow(dead_code, reason = "the program waits")]
    pub fn stop(self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // The acceptor looks up when somebody comes.
        if TcpStream::connect(self.address).is_ok() {
            let _ = self.acceptor.join();
        }
        for connection in lock(&self.shared.connections).values() {
            // Fails only where the other side closed it already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for (number, stream) in (0..).zip(listener.incoming()) {
        if shared.stopped.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream.map(Arc::new) else {
            // Too many files are open. None tells when it is closed.
            thread::sleep(ACCEPT_AGAIN);
            continue;
        };
        lock(&shared.connections).insert(number, Arc::clone(&stream));
        let serving = Arc::clone(shared);
        let spawned = thread::Builder::new().stack_size(STACK_SIZE).spawn(move || {
            // The client is gone, or sent what cannot be followed.
            let _ = serve(&stream, &serving.network);
            lock(&serving.connections).remove(&number);
        });
        if spawned.is_err() {
            lock(&shared.connections).remove(&number);
        }
    }
}

fn serve(mut stream: &TcpStream, network: &Mutex<Network>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let mut session = None;
    let mut reader = Reader::with_limits(stream, LIMITS);
    let mut out = String::new();
    let ended = loop {
        out.clear();
        let goes_on = match reader.read_unit(Form::Command) {
            Ok(None) => break Ok(()),
            Ok(Some(unit)) => {
                match Command::parse(unit) {
                    Ok(command) => lock(network).execute(&mut session, &command, &mut out),
                    Err(error) => refuse(&error.to_string(), &mut out),
                }
                true
            }
            Err(ReadError::Limit(error)) => {
                refuse(&error.to_string(), &mut out);
                error.keeps_step()
            }
            Err(ReadError::Stream(error)) => break Err(error),
        };
        if let Err(error) = stream.write_all(out.as_bytes()) {
            break Err(error);
        }
        if !goes_on {
            break Ok(());
        }
    };
    lock(network).lose(session);
    ended
}

fn refuse(description: &str, out: &mut String) {
    Answer::Refused { description }.write(out).expect("errors are one line of words");
}

/// A thread that panicked has broken its own connection, and nothing else.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
