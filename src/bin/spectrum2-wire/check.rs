//! `check`: plays the main process for a backend, and judges what it does.
//!
//! [`plan`] has the list of checks. A check either *talks* to a backend of its own ([`talks`], over a
//! [`session`]), or *watches* the frames of all those talks ([`rules`]).

mod interrupt;
mod journal;
mod json;
mod junit;
mod launch;
mod options;
mod output;
mod plan;
mod process;
mod report;
mod rules;
mod run;
mod secrets;
mod session;
mod setup;
mod talks;
mod text;

use std::io;
use std::process::ExitCode;

pub use interrupt::STATUS as INTERRUPTED;
pub use launch::{COMMAND as LAUNCH_COMMAND, Launch, launch};
pub use options::Options;

use self::report::{Audience, Summary};
use crate::job::Stop;

/// A check failed.
const FAILED: u8 = 1;

/// What `--help` says of the exit status.
pub const EXIT_STATUS: &str = "\
Exit status:
  0  no check failed
  1  a check failed or, with --strict, was not tried
  2  wrong usage, the backend's program cannot be run, or a report cannot be written
  130  interrupted: users were logged out first, unless interrupted twice";

/// Does what the options say.
pub fn check(options: Options) -> Result<ExitCode, Stop> {
    if options.list {
        return text::list(&mut io::stdout().lock()).map_err(Stop::Output).map(|()| ExitCode::SUCCESS);
    }
    let chosen = plan::choose(&options.only, &options.skip).map_err(Stop::Usage)?;
    // Before a file is made, which would be left behind.
    interrupt::listen().map_err(|error| Stop::Open("the signals".into(), error))?;
    let setup = setup::Setup::new(options)?;
    let mut audience: Box<dyn Audience> = match setup.options.json {
        true => Box::new(json::Json::new(io::stdout())),
        false => Box::new(text::Text::new(io::stdout(), &setup)),
    };
    let reports = run::run(&setup, &chosen, &mut *audience)?;
    let summary = Summary::of(&reports, &setup);
    audience.end(&summary).map_err(Stop::Output)?;
    if let Some(path) = &setup.options.junit {
        let name = path.display().to_string();
        junit::write(path, &setup.backend_name(), &reports, &summary).map_err(|error| Stop::Write(name, error))?;
    }
    let failed = summary.failed > 0 || setup.options.strict && summary.not_tried > 0;
    Ok(if failed { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}
