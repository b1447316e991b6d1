//! The step between this tool and a backend: what Spectrum does in the child before it becomes the backend.
//!
//! A session and a file mode mask belong to the process that asks for them, so the tool starts itself,
//! asks for them, and then becomes the backend, with the same process ID.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

use clap::Args;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{AccessFlags, access, setsid};

use super::interrupt;

/// The name of the hidden command.
pub const COMMAND: &str = "launch-backend";

/// The exit status that a shell gives where a program cannot be run.
const CANNOT_RUN: u8 = 126;

/// Becomes a backend, in a session of its own
#[derive(Args)]
pub struct Launch {
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Returns only when the program cannot be run.
pub fn launch(launch: &Launch) -> ExitCode {
    let [program, arguments @ ..] = launch.command.as_slice() else { return CANNOT_RUN.into() };
    let error = match become_leader() {
        Ok(()) => Command::new(program).args(arguments).exec(),
        Err(error) => error,
    };
    eprintln!("{}: cannot run {}: {error}", crate::NAME, Path::new(program).display());
    CANNOT_RUN.into()
}

fn become_leader() -> io::Result<()> {
    setsid()?;
    umask(Mode::S_IRWXO);
    interrupt::unblock()?;
    // A backend does not outlive a tool that was killed.
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
    Ok(())
}

/// Where a program is, looked for as the operating system does.
pub fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return can_be_run(program).then(|| program.to_owned());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(program)).find(|program| can_be_run(program))
}

fn can_be_run(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) && access(path, AccessFlags::X_OK).is_ok()
}
