//! What a backend prints, on standard output and standard error.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::secrets::Secrets;
use super::setup::Setup;

/// How many of the first lines are kept: what went wrong stands before a long stack trace.
const FIRST: usize = 20;

/// How many of the last lines are kept: enough for a stack trace of thirty functions, two lines each.
const LAST: usize = 60;

/// How much of a line is shown.
const SHOWN: usize = 4 << 10;

/// How much of a line is read: a password that begins in what is shown is to be found whole.
const READ: u64 = 64 << 10;

/// How long is waited for the end of the streams when the process has ended: a process that it started and that
/// lives on may hold them open.
const PATIENCE: Duration = Duration::from_secs(1);

/// The first and the last lines.
#[derive(Clone)]
pub struct Output {
    check: &'static str,
    verbose: bool,
    secrets: Secrets,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    reader_ended: Condvar,
}

#[derive(Default)]
struct State {
    first: Vec<String>,
    last: VecDeque<String>,
    /// How many lines were printed between those.
    left_out: usize,
    /// How many streams are not at their end.
    readers: usize,
}

impl State {
    fn keep(&mut self, line: String) {
        if self.first.len() < FIRST {
            return self.first.push(line);
        }
        if self.last.len() == LAST {
            self.last.pop_front();
            self.left_out += 1;
        }
        self.last.push_back(line);
    }
}

impl Output {
    pub fn new(setup: &Setup, check: &'static str) -> Self {
        let shared = Arc::default();
        Self { check, verbose: setup.options.verbose, secrets: setup.secrets.clone(), shared }
    }

    /// Reads a stream in a thread, until its end.
    pub fn read(&self, stream: impl Read + Send + 'static) {
        self.lock().readers += 1;
        let output = self.clone();
        thread::spawn(move || {
            for_each_line(stream, |line| output.add(&String::from_utf8_lossy(line)));
            output.lock().readers -= 1;
            output.shared.reader_ended.notify_all();
        });
    }

    fn add(&self, line: &str) {
        let line = self.secrets.hide(line.trim_end(), SHOWN);
        if self.verbose {
            eprintln!("{:<16} {:<8} {line}", self.check, "prints:");
        }
        self.lock().keep(line.into_owned());
    }

    /// Waits until all is read that a process printed which has ended.
    pub fn wait_for_end(&self) {
        let waited = self.shared.reader_ended.wait_timeout_while(self.lock(), PATIENCE, |state| state.readers > 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// What was kept. A line of its own says how many were not.
    pub fn lines(&self) -> Vec<String> {
        let state = self.lock();
        let gap = (state.left_out > 0).then(|| format!("… ({} lines left out)", state.left_out));
        state.first.iter().chain(&gap).chain(&state.last).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls `each` with the front of every line, up to the end of the stream.
fn for_each_line(stream: impl Read, mut each: impl FnMut(&[u8])) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match stream.by_ref().take(READ).read_until(b'\n', &mut line) {
            Ok(length) if length > 0 => each(&line),
            _ => return,
        }
        if !line.ends_with(b"\n") && stream.skip_until(b'\n').is_err() {
            return;
        }
    }
}
