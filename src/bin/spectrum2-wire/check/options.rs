//! The command line of `check`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

const WHOM: &str = "Who logs in, and what to talk to";
const HOW: &str = "How the backend is started, and how long it may take";
const WHAT: &str = "What is checked, and how it is reported";

#[derive(Args)]
pub struct Options {
    /// Behind --: the backend's program, with its own arguments, as in Spectrum's `service.backend`
    #[arg(last = true, required_unless_present = "list", value_name = "BACKEND")]
    pub backend: Vec<OsString>,

    /// JID of the user who logs in
    #[arg(long, value_name = "JID", default_value = "alice@localhost", help_heading = WHOM)]
    pub user: String,

    /// The user's name in the legacy network [default: alice]
    #[arg(long, value_name = "NAME", help_heading = WHOM)]
    pub legacy_name: Option<String>,

    /// The user's password there; it is never printed
    #[arg(long, value_name = "PASSWORD", env = "SPECTRUM2_PASSWORD", hide_env_values = true, help_heading = WHOM)]
    pub password: Option<String>,

    /// A password that the network refuses, which is not printed either; without it, none is tried
    #[arg(long, value_name = "PASSWORD", help_heading = WHOM)]
    pub wrong_password: Option<String>,

    /// JID of a second user
    #[arg(long, value_name = "JID", default_value = "bob@localhost", help_heading = WHOM)]
    pub second_user: String,

    /// The second user's name in the legacy network [default: bob, unless --legacy-name is given]
    #[arg(long, value_name = "NAME", help_heading = WHOM)]
    pub second_legacy_name: Option<String>,

    /// The second user's password there [default: that of the first]
    #[arg(
        long, value_name = "PASSWORD",
        env = "SPECTRUM2_SECOND_PASSWORD", hide_env_values = true, help_heading = WHOM
    )]
    pub second_password: Option<String>,

    /// A contact of the user's, who is sent messages, also one of 20 MB
    #[arg(long, value_name = "NAME", default_value = "echo", help_heading = WHOM)]
    pub contact: String,

    /// A contact that is added, edited and removed again
    #[arg(long, value_name = "NAME", default_value = "spectrum2-check", help_heading = WHOM)]
    pub new_contact: String,

    /// A room to join [default: the first that the backend lists]
    #[arg(long, value_name = "ROOM", help_heading = WHOM)]
    pub room: Option<String>,

    /// A room that does not exist, and cannot be joined; without it, none is tried
    #[arg(long, value_name = "ROOM", help_heading = WHOM)]
    pub missing_room: Option<String>,

    /// The user's nickname in the room
    #[arg(long, value_name = "NAME", default_value = "checker", help_heading = WHOM)]
    pub nickname: String,

    /// The room's password; it is never printed
    #[arg(long, value_name = "PASSWORD", default_value = "", hide_default_value = true, help_heading = WHOM)]
    pub room_password: String,

    /// A message to send to the contact as well, such as a command that makes a backend send something
    /// special; may be given more than once
    #[arg(long = "message", value_name = "TEXT", help_heading = WHOM)]
    pub messages: Vec<String>,

    /// JID of the gateway, for -j
    #[arg(long, value_name = "JID", default_value = "spectrum2.localhost", help_heading = HOW)]
    pub jid: String,

    /// The configuration file to hand to the backend [default: a small one, made for the purpose]
    #[arg(long, value_name = "FILE", help_heading = HOW)]
    pub config: Option<PathBuf>,

    /// The directory that the backend starts in [default: this one]
    #[arg(long, value_name = "DIRECTORY", help_heading = HOW)]
    pub directory: Option<PathBuf>,

    /// How long the backend may take to connect, to read, to answer, and to end
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds, help_heading = HOW)]
    pub timeout: Duration,

    /// How long to wait for what a backend need not say, such as vCards and receipts
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds, help_heading = HOW)]
    pub optional_timeout: Duration,

    /// How long PONG may take, and STATS after it
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds, help_heading = HOW)]
    pub ping_timeout: Duration,

    /// How long after the start the first PING comes
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds, help_heading = HOW)]
    pub first_ping: Duration,

    /// An exit status that counts as good, besides 0. Spectrum's C++ library ends with 1 on EXIT
    #[arg(long, value_name = "STATUS", help_heading = HOW)]
    pub exit_status: Option<i32>,

    /// Length of the large message, in MB
    #[arg(
        long, value_name = "MB", default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..=30), help_heading = HOW
    )]
    pub large_size: u32,

    /// How many backends may run at a time. Only one at a time is logged in
    #[arg(
        long, value_name = "COUNT", default_value_t = 4,
        value_parser = clap::value_parser!(u32).range(1..=64), help_heading = HOW
    )]
    pub jobs: u32,

    /// Show the names of all checks, and what they are about
    #[arg(long, help_heading = WHAT)]
    pub list: bool,

    /// Try only these checks. What they need is tried too, and reported when it fails
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = WHAT)]
    pub only: Vec<String>,

    /// Do not try these checks
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = WHAT)]
    pub skip: Vec<String>,

    /// A check that could not be tried counts as failed
    #[arg(long, help_heading = WHAT)]
    pub strict: bool,

    /// Print a JSON object a line: one for each check, and a summary
    #[arg(long, help_heading = WHAT)]
    pub json: bool,

    /// Write a report in the form of JUnit
    #[arg(long, value_name = "FILE", help_heading = WHAT)]
    pub junit: Option<PathBuf>,

    /// Show every frame as it passes, and what the backend prints, on standard error
    #[arg(long, short, help_heading = WHAT)]
    pub verbose: bool,
}

/// Nobody waits for longer, and clocks can count so far.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    let time = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if time > LONGEST { Err("more than a day".to_owned()) } else { Ok(time) }
}
