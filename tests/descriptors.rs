//! No file descriptor is left: in a program of its own, since that concerns all of it.
#![cfg(all(feature = "host", target_os = "linux"))]

use std::fs::File;
use std::io;
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use spectrum2::host::Host;
use spectrum2::{Backend, Client, ConversationMessage, Error, Launch, Login, Logout, Payload, Sender};

const TIMEOUT: Duration = Duration::from_secs(20);

/// One test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All file descriptors that there are, until dropped.
struct Exhausted {
    files: Vec<File>,
}

impl Exhausted {
    fn new() -> Self {
        let limit = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
        // SAFETY: the limits live as long as the call.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
        let mut files = Vec::new();
        loop {
            match File::open("/dev/null") {
                Ok(file) => files.push(file),
                Err(error) => {
                    assert_exhausted(&error);
                    return Self { files };
                }
            }
        }
    }

    /// Gives one back.
    fn release(&mut self) {
        self.files.pop().unwrap();
    }
}

#[track_caller]
fn assert_exhausted(error: &io::Error) {
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
}

/// What this process has used of the processors.
fn processor_time() -> Duration {
    // SAFETY: all zeroes are a valid account, which is written to.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, &raw mut usage), 0);
        usage
    };
    let span = |time: libc::timeval| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000);
    span(usage.ru_utime) + span(usage.ru_stime)
}

struct Greeting;

impl Backend for Greeting {
    fn login(&mut self, sender: &mut Sender, login: Login<'_>) -> io::Result<()> {
        sender.connected(login.user)
    }
    fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> {
        Ok(())
    }
    fn message(&mut self, _: &mut Sender, _: ConversationMessage<'_>) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_client_says_why_it_cannot_connect() {
    let _alone = alone();
    let host = Host::listen().unwrap();
    let port = host.address().port().to_string();
    let launch = Launch::from_args(["--host", "127.0.0.1", "--port", &port]).unwrap();
    let exhausted = Exhausted::new();
    let Err(Error::Connect(address, error)) = Client::connect(&launch) else { panic!("there is no descriptor") };
    assert_exhausted(&error);
    let text = Error::Connect(address, error).to_string();
    assert!(text.starts_with("cannot connect to the main process at 127.0.0.1:"), "{text}");
    assert!(text.contains("Too many open files"), "{text}");
    drop(exhausted);
    Client::connect(&launch).unwrap();
}

/// A main process that accepts in vain does not try it over and over, and goes on when there are
/// descriptors again.
#[test]
fn a_host_says_why_it_cannot_accept_and_rests() {
    const SPAN: Duration = Duration::from_millis(200);
    let _alone = alone();
    let host = Host::listen().unwrap();
    let mut exhausted = Exhausted::new();
    // Who begins to accept only now takes the first one.
    let _peer = loop {
        exhausted.release();
        match TcpStream::connect(host.address()) {
            Ok(peer) => break peer,
            Err(error) => assert_exhausted(&error),
        }
    };

    let before = processor_time();
    thread::sleep(SPAN);
    let share = (processor_time() - before).as_secs_f64() / SPAN.as_secs_f64();
    println!("figure: processor of a host that has no file descriptor for a connection {:.1} %", 100. * share);
    assert!(share < 0.1, "{share}");
    assert_exhausted(&host.accept(TIMEOUT).unwrap_err());

    drop(exhausted);
    // The first one is lost where the system had kept a descriptor for it, but there was none to write to it.
    let _another = TcpStream::connect(host.address()).unwrap();
    // One attempt was made before.
    let accepted = host.accept(TIMEOUT).or_else(|error| {
        assert_exhausted(&error);
        host.accept(TIMEOUT)
    });
    accepted.unwrap();
}

/// It goes on without descriptors, and STATS says 0 of what the system does not tell.
#[test]
fn a_loop_needs_no_descriptor_of_its_own() {
    let _alone = alone();
    let host = Host::listen().unwrap();
    let backend = host.run_in_thread(Greeting);
    let mut connection = host.accept(TIMEOUT).unwrap();
    let stats = |connection: &mut spectrum2::host::Connection| {
        connection.ping(TIMEOUT, |frame| panic!("{frame:?}")).unwrap();
        let frame = connection.receive(TIMEOUT).unwrap();
        let Payload::Stats(stats) = frame.decode().unwrap() else { panic!("{frame:?}") };
        assert_eq!(stats.id, std::process::id().to_string());
        (stats.res, stats.init_res)
    };
    let (resident, at_the_start) = stats(&mut connection);
    assert!(resident > 0 && at_the_start > 0);
    let exhausted = Exhausted::new();
    assert_eq!(stats(&mut connection), (0, at_the_start));
    connection.send(&Payload::Login(Login { user: "alice", ..Login::default() })).unwrap();
    assert_eq!(connection.receive(TIMEOUT).unwrap().decode().unwrap().type_name(), "TYPE_CONNECTED");
    drop(exhausted);
    assert!(stats(&mut connection).0 > 0);
    connection.send(&Payload::Exit).unwrap();
    backend.join().unwrap().1.unwrap();
}
