//! A backend process.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, getsid};
use spectrum2::host::{BackendCommand, BackendProcess, Connection, Host};

use super::output::Output;

/// A backend, with all processes that it starts. They are killed when dropped.
pub struct Process {
    process: BackendProcess,
    /// When it was started.
    pub started: Instant,
}

impl Process {
    pub fn spawn(command: &BackendCommand, host: &Host, output: &Output) -> io::Result<Self> {
        let mut command = command.to_command(host.address());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn()?;
        if let Some(stdout) = child.stdout.take() {
            output.read(stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            output.read(stderr);
        }
        Ok(Self { process: child.into(), started })
    }

    /// Waits for the connection that the process makes.
    pub fn connect(&mut self, host: &Host, timeout: Duration) -> io::Result<Connection> {
        host.connect(&mut self.process, timeout)
    }

    pub fn wait(&mut self, timeout: Duration) -> io::Result<ExitStatus> {
        self.process.wait(timeout)
    }

    /// The process ID.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether this is the ID of the process, or of one that it started: a script may start the backend.
    pub fn owns(&self, pid: i32) -> bool {
        // 0 would be this tool itself.
        pid > 0 && getsid(Some(Pid::from_raw(pid))) == Ok(self.leader())
    }

    /// It leads a session, and a process group.
    fn leader(&self) -> Pid {
        Pid::from_raw(self.id().cast_signed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only when all have ended already.
        let _ = killpg(self.leader(), Signal::SIGKILL);
    }
}
