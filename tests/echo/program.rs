//! An echo backend, run as a program by a main process.

use std::env;
use std::io::{ErrorKind, Read};
use std::net::Shutdown;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use spectrum2::frame::{self, OwnedFrame};
use spectrum2::host::{BackendCommand, Connection, Host};
use spectrum2::{BackendConfig, List, Payload, RoomList, Stats};

use super::example::example;
use super::support::{Cutter, TIMEOUT};

/// The program: the example, or the one that the environment names.
pub fn program() -> PathBuf {
    env::var_os("SPECTRUM2_ECHO").map_or_else(|| example("echo"), PathBuf::from)
}

/// A process, with what it says on standard error. It is killed when dropped.
pub struct Process {
    child: Child,
    complaints: mpsc::Receiver<String>,
}

impl Process {
    pub fn spawn(mut command: Command) -> Self {
        let spawned = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut stderr = child.stderr.take().expect("a pipe");
        let (sender, complaints) = mpsc::channel();
        // Reading has no timeout; a channel has.
        thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("UTF-8");
            sender.send(text)
        });
        Self { child, complaints }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end: the exit status, unless a signal ended it, and what was said on standard error.
    pub fn wait(mut self) -> (Option<i32>, String) {
        let complaints = self.complaints.recv_timeout(TIMEOUT).expect("the end of the program");
        (self.child.wait().unwrap().code(), complaints)
    }

    pub fn expect_good_end(self) {
        assert_eq!(self.wait(), (Some(0), String::new()));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A main process with an echo backend.
pub struct Session {
    pub process: Process,
    pub connection: Connection,
    cutter: Cutter,
}

impl Session {
    /// Starts the backend, which has said nothing yet that was looked at.
    pub fn connect(cutter: Cutter) -> Self {
        let host = Host::listen().unwrap();
        let process = Process::spawn(BackendCommand::new(program()).to_command(host.address()));
        Self { process, connection: host.accept(TIMEOUT).unwrap(), cutter }
    }

    /// Starts the backend, and hears what it says before it is asked anything.
    pub fn start(cutter: Cutter) -> Self {
        let mut session = Self::connect(cutter);
        let config = "[registration]\nneedPassword=1\nneedRegistration=0\n\
                      [features]\nmuc=1\nrawxml=0\ndisable_jid_escaping=0\nreceipts=1\n";
        session.expect(&[
            Payload::BackendConfig(BackendConfig { config }),
            Payload::RoomList(RoomList { room: List::from(&["#test"]), name: List::from(&["Test room"]), user: None }),
        ]);
        session
    }

    /// The next frames are these.
    fn expect(&mut self, expected: &[Payload<'_>]) {
        for payload in expected {
            assert_eq!(self.connection.receive(TIMEOUT).unwrap().decode().as_ref(), Ok(payload));
        }
    }

    /// Sends requests, and bytes that stand for some, as one stream.
    pub fn send(&mut self, requests: &[Payload<'_>]) {
        let mut stream = Vec::new();
        for request in requests {
            frame::encode_to_vec(request, &mut stream).unwrap();
        }
        self.send_stream(&stream);
    }

    pub fn send_stream(&mut self, stream: &[u8]) {
        self.cutter.pieces(stream, |piece| self.connection.send_bytes(piece).unwrap());
    }

    /// Sends requests, and a PING behind them: the answers to the requests are these, and no more.
    #[track_caller]
    pub fn exchange(&mut self, requests: &[Payload<'_>], answers: &[Payload<'_>]) {
        let frames = self.answers(requests);
        let received: Vec<Payload<'_>> = frames.iter().map(|frame| frame.decode().unwrap()).collect();
        assert_eq!(received, answers, "the answers to {requests:?}");
    }

    /// All that comes before the PONG for a PING behind the requests.
    pub fn answers(&mut self, requests: &[Payload<'_>]) -> Vec<OwnedFrame> {
        self.send(&[requests, &[Payload::Ping]].concat());
        let mut answers = Vec::new();
        loop {
            let frame = self.connection.receive(TIMEOUT).unwrap();
            if frame.decode() == Ok(Payload::Pong) {
                self.expect_stats();
                return answers;
            }
            answers.push(frame);
        }
    }

    /// Waits until the backend has said something, and leaves it unread.
    pub fn wait_for_unread(&self) {
        self.connection.stream().set_read_timeout(Some(TIMEOUT)).unwrap();
        loop {
            match self.connection.stream().peek(&mut [0]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                peeked => return assert_eq!(peeked.unwrap(), 1),
            }
        }
    }

    fn expect_stats(&mut self) {
        let frame = self.connection.receive(TIMEOUT).unwrap();
        let Ok(Payload::Stats(Stats { res, init_res, shared, id })) = frame.decode() else {
            panic!("{:?} in place of STATS", frame.decode());
        };
        assert_eq!(id, self.process.id().to_string());
        if cfg!(target_os = "linux") {
            assert!(res > 0 && init_res > 0 && shared > 0, "{res} {init_res} {shared}");
        }
    }

    /// Says that nothing more is to come, and takes what the backend still has to say.
    pub fn finish(mut self) -> Vec<OwnedFrame> {
        // Fails when the backend closed first.
        let _ = self.connection.stream().shutdown(Shutdown::Write);
        let mut frames = Vec::new();
        loop {
            match self.connection.receive(TIMEOUT) {
                Ok(frame) => frames.push(frame),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
                    self.process.expect_good_end();
                    return frames;
                }
            }
        }
    }
}
