//! `spectrum2-wire`: frames to JSON lines and back, and a check for backends.

#[cfg(unix)]
mod check;
mod decode;
mod encode;
mod from_json;
mod job;
mod to_json;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand};

use crate::job::{Input, Job, Stop};

const NAME: &str = "spectrum2-wire";

const MALFORMED: u8 = 1;
const FAILED: u8 = 2;

const EXIT_STATUS: &str = "\
Exit status:
  0  all is well
  1  a frame or a line was malformed, or a check failed
  2  wrong usage, or reading or writing failed

The --help of each command says more.";

const EXIT_STATUS_OF_CONVERSION: &str = "\
Exit status:
  0  all is well
  1  a frame or a line was malformed; all others were converted
  2  wrong usage, or reading or writing failed";

/// Shows frames of the Spectrum 2 backend protocol as JSON lines, makes frames of them, and checks backends
///
/// A frame is a length of four bytes in network byte order and a Protobuf message of that length. In
/// JSON it is an object on a line of its own, in the Protobuf JSON mapping with the schema's field
/// names:
///
///   {"type":"TYPE_CONNECTED","payload":{"user":"alice@example.org"}}
#[derive(Parser)]
#[command(name = NAME, version, after_help = EXIT_STATUS, after_long_help = EXIT_STATUS, verbatim_doc_comment)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Reads frames, and prints a JSON object a line
    ///
    /// Fields that are absent on the wire are left out. Enums are shown by name, bytes as base64,
    /// TYPE_RAW_XML with "xml" in place of "payload", a type that the schema does not know by its
    /// number and with its payload as base64. A key that a map holds more than once is shown once,
    /// with its last value.
    ///
    /// A malformed frame is shown as {"error":"...","frame":0,"hex":"..."}: what is wrong, the index
    /// of the frame from 0, and all its bytes. Byte offsets in "error" count from behind the header.
    /// A length over the limit ends a binary stream, since the next frame cannot be found.
    ///
    /// Everything is shown, the passwords of TYPE_LOGIN and TYPE_JOIN_ROOM too.
    #[command(verbatim_doc_comment, after_long_help = format!("\
Example:
  $ printf '\\0\\0\\0\\x02\\x08\\x09' | spectrum2-wire decode
  {{\"type\":\"TYPE_PING\"}}

{EXIT_STATUS_OF_CONVERSION}"))]
    Decode(Decode),

    /// Reads JSON lines as decode prints them, and writes frames
    ///
    /// A field that is null is absent. Enums and types may be given by number. Fields are written in
    /// the order of the schema, map entries in the order of the JSON; of a name that an object holds
    /// more than once, the last value counts. The object of a malformed frame gives its bytes back.
    ///
    /// A bad line is reported with its number on standard error, and nothing of it is written.
    #[command(verbatim_doc_comment, after_long_help = format!("\
Example:
  $ echo '{{\"type\":\"TYPE_PING\"}}' | spectrum2-wire encode --hex
  000000020809

{EXIT_STATUS_OF_CONVERSION}"))]
    Encode(Encode),

    /// Plays Spectrum's main process for a backend in any language, and checks what it does
    ///
    /// The backend is started as Spectrum starts it: --host 127.0.0.1 --port PORT --service.backend_id=1
    /// -j JID FILE, behind its own arguments, in a session of its own, with the file mode mask 0007. Each
    /// check starts its own, some at a time. --list shows the checks.
    ///
    /// A check passes, fails, or is not tried: what a backend does not say that it supports, and what a
    /// network need not answer, is no failure. A failure comes with its reason, the last frames as
    /// decode prints them, and what the backend printed. Passwords are not shown, unless a backend says one
    /// of less than four characters: those would be found in any text.
    ///
    /// Unless the options say otherwise, alice logs in with the password "secret", and writes to the
    /// contact "echo": a network that lets anybody in needs no options. In a real network take accounts
    /// for testing: they log in and out, send messages (one of them is large: --skip large), change
    /// presence and photo, add and remove a contact, and enter a room. That the login is refused is a
    /// failure where --legacy-name or a password is given; without, what needs a user is not tried.
    #[cfg(unix)]
    #[command(verbatim_doc_comment, args_override_self = true, after_help = check::EXIT_STATUS, after_long_help = format!("\
Examples:
  $ spectrum2-wire check -- ./echo-backend
  $ export SPECTRUM2_PASSWORD
  $ spectrum2-wire check --config icq.cfg --legacy-name 4711 --contact 4712 -- ./backend.py --verbose
  $ spectrum2-wire check --only login,rooms --room '#test' --verbose -- ./backend

{}", check::EXIT_STATUS))]
    Check(Box<check::Options>),

    #[cfg(unix)]
    #[command(name = check::LAUNCH_COMMAND, hide = true)]
    LaunchBackend(check::Launch),
}

#[derive(Args)]
struct Decode {
    /// Read a frame a line, header included, as hexadecimal digits
    #[arg(long)]
    hex: bool,

    /// Longest frame to accept, without its header
    #[arg(long, value_name = "BYTES", default_value_t = spectrum2::frame::DEFAULT_LIMIT)]
    limit: usize,

    /// What to read; standard input when absent or "-"
    file: Option<PathBuf>,
}

#[derive(Args)]
struct Encode {
    /// Write a frame a line, header included, as hexadecimal digits
    #[arg(long)]
    hex: bool,

    /// What to read; standard input when absent or "-"
    file: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Cli::try_parse().unwrap_or_else(|error| with_tip(error).exit());
    let stop = match run(arguments.command) {
        Ok(status) => return status,
        // Nobody reads on (`| head`): nothing is left to do.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Err(stop) => stop,
    };
    // When standard error is gone too, the status has to be enough.
    let _ = writeln!(io::stderr(), "{NAME}: {stop}");
    ExitCode::from(match stop {
        #[cfg(unix)]
        Stop::Interrupted => check::INTERRUPTED,
        _ => FAILED,
    })
}

/// Who forgets the `--` of `check` is told of it.
fn with_tip(mut error: clap::Error) -> clap::Error {
    let is_word = |value: &ContextValue| matches!(value, ContextValue::String(text) if !text.starts_with('-'));
    if error.kind() == ErrorKind::UnknownArgument && error.get(ContextKind::InvalidArg).is_some_and(is_word) {
        let tip = "the program to check, and its arguments, stand behind '--'".to_owned();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

fn run(command: Command) -> Result<ExitCode, Stop> {
    match command {
        Command::Decode(Decode { hex: false, limit, file }) => {
            convert(file.as_deref(), |input, job| decode::stream(input, limit, job))
        }
        Command::Decode(Decode { hex: true, limit, file }) => {
            convert(file.as_deref(), |input, job| decode::hex_lines(input, limit, job))
        }
        Command::Encode(Encode { hex, file }) => convert(file.as_deref(), |input, job| encode::lines(input, hex, job)),
        #[cfg(unix)]
        Command::Check(options) => check::check(*options),
        #[cfg(unix)]
        Command::LaunchBackend(launch) => Ok(check::launch(&launch)),
    }
}

fn convert(file: Option<&Path>, work: impl FnOnce(Input, &mut Job) -> Result<(), Stop>) -> Result<ExitCode, Stop> {
    let input = Input::open(file)?;
    let mut job = Job::new(input.len());
    work(input, &mut job)?;
    let malformed = job.finish()?;
    Ok(if malformed { ExitCode::from(MALFORMED) } else { ExitCode::SUCCESS })
}
