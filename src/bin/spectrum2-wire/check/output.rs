//! What a backend prints, on standard output and standard error.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::secrets::Secrets;
use super::setup::Setup;

/// How many lines are kept: enough for a stack trace.
const KEPT: usize = 20;

/// A line is cut here.
const LONGEST: u64 = 4 << 10;

/// The last lines.
#[derive(Clone)]
pub struct Output {
    check: &'static str,
    verbose: bool,
    secrets: Secrets,
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Output {
    pub fn new(setup: &Setup, check: &'static str) -> Self {
        let lines = Arc::default();
        Self { check, verbose: setup.options.verbose, secrets: setup.secrets.clone(), lines }
    }

    /// Reads a stream in a thread, until its end.
    pub fn read(&self, stream: impl Read + Send + 'static) {
        let output = self.clone();
        thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            loop {
                let mut line = Vec::new();
                match stream.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
                    Ok(length) if length > 0 => {}
                    _ => return,
                }
                output.add(String::from_utf8_lossy(&line).trim_end());
            }
        });
    }

    fn add(&self, line: &str) {
        let line = self.secrets.hide(line);
        if self.verbose {
            eprintln!("{:<16} {:<8} {line}", self.check, "prints:");
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line.into_owned());
    }

    pub fn last_lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
