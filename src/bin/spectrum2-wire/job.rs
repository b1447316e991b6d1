//! What both directions share: input, output, progress, and whether all was well.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, StdinLock, StdoutLock, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

const BUFFER_SIZE: usize = 64 << 10;

/// Work that is done sooner shows no progress.
const QUIET: Duration = Duration::from_secs(2);

/// What ends the work before its input ends.
pub enum Stop {
    /// What is wrong with the command line.
    Usage(String),
    Open(String, io::Error),
    Write(String, io::Error),
    Input(io::Error),
    Output(io::Error),
    /// By a signal.
    Interrupted,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(problem) => problem.fmt(f),
            Self::Write(name, error) => write!(f, "cannot write {name}: {error}"),
            Self::Open(name, error) => write!(f, "cannot open {name}: {error}"),
            Self::Input(error) => write!(f, "cannot read: {error}"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Output(error) => write!(f, "cannot write: {error}"),
        }
    }
}

/// A file, or standard input.
pub enum Input {
    File(File),
    Standard(StdinLock<'static>),
}

impl Input {
    pub fn open(path: Option<&Path>) -> Result<Self, Stop> {
        match path {
            Some(path) if path != Path::new("-") => {
                File::open(path).map(Self::File).map_err(|error| Stop::Open(path.display().to_string(), error))
            }
            _ => Ok(Self::Standard(io::stdin().lock())),
        }
    }

    /// The number of bytes, where it is known.
    pub fn len(&self) -> Option<u64> {
        match self {
            Self::File(file) => {
                file.metadata().ok().filter(|metadata| metadata.is_file()).map(|metadata| metadata.len())
            }
            Self::Standard(_) => None,
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Standard(input) => input.read(buffer),
        }
    }
}

/// Bytes as hexadecimal digits.
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(self.0).fmt(f)
    }
}

/// Work on one input.
pub struct Job {
    output: BufWriter<StdoutLock<'static>>,
    started: Instant,
    /// Of the input, where it is known.
    len: Option<u64>,
    bytes: u64,
    frames: u64,
    malformed: bool,
    /// Shown once the work takes long.
    progress: Option<ProgressBar>,
}

impl Job {
    pub fn new(len: Option<u64>) -> Self {
        Self {
            output: BufWriter::with_capacity(BUFFER_SIZE, io::stdout().lock()),
            started: Instant::now(),
            len,
            bytes: 0,
            frames: 0,
            malformed: false,
            progress: None,
        }
    }

    /// The number of frames done.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// A frame, or what should have been one, took `bytes` of the input.
    pub fn count(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.frames += 1;
    }

    pub fn set_malformed(&mut self) {
        self.malformed = true;
    }

    /// Lets `write` add to the output.
    pub fn write(
        &mut self,
        write: impl FnOnce(&mut BufWriter<StdoutLock<'static>>) -> io::Result<()>,
    ) -> Result<(), Stop> {
        write(&mut self.output).map_err(Stop::Output)
    }

    /// To be called before reading more: the other side may take its time.
    pub fn pause(&mut self) -> Result<(), Stop> {
        self.write(BufWriter::flush)?;
        self.show_progress();
        Ok(())
    }

    /// Says what is wrong with the input, on standard error.
    pub fn complain(&mut self, line: u64, problem: &dyn fmt::Display) {
        self.malformed = true;
        self.hint(&format!("line {line}: {problem}"));
    }

    /// Says something on standard error.
    pub fn hint(&self, text: &str) {
        // Without a standard error the exit status has to be enough.
        let say = || drop(writeln!(io::stderr(), "{}: {text}", crate::NAME));
        match &self.progress {
            Some(progress) => progress.suspend(say),
            None => say(),
        }
    }

    /// Writes what is left, and says whether something was malformed.
    pub fn finish(mut self) -> Result<bool, Stop> {
        if let Some(progress) = self.progress.take() {
            progress.finish_and_clear();
        }
        self.write(BufWriter::flush)?;
        Ok(self.malformed)
    }

    fn show_progress(&mut self) {
        let elapsed = self.started.elapsed();
        if self.progress.is_none() && elapsed > QUIET {
            self.progress = Some(progress_bar(self.len));
        }
        if let Some(progress) = &self.progress {
            let rate = HumanBytes((self.bytes as f64 / elapsed.as_secs_f64()) as u64);
            progress.set_message(format!("{} frames, {rate}/s", self.frames));
            progress.set_position(self.bytes);
        }
    }
}

/// Visible only where it meets a person, and no lines of output.
fn progress_bar(len: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() || io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match len {
        Some(len) => (ProgressBar::new(len), "{bytes} of {total_bytes} ({percent} %), {msg}"),
        None => (ProgressBar::new_spinner(), "{bytes}, {msg}"),
    };
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Calls `each` with the number of every line that is not blank, from 1, and with its text.
pub fn for_each_line(
    input: Input,
    job: &mut Job,
    mut each: impl FnMut(u64, &[u8], &mut Job) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut input = BufReader::with_capacity(BUFFER_SIZE, input);
    let mut line = Vec::new();
    for number in 1.. {
        if !input.buffer().contains(&b'\n') {
            job.pause()?;
        }
        line.clear();
        let length = input.read_until(b'\n', &mut line).map_err(Stop::Input)?;
        if length == 0 {
            break;
        }
        if !line.trim_ascii().is_empty() {
            each(number, without_line_end(&line), job)?;
            job.count(length);
        }
    }
    Ok(())
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
