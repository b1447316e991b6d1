//! What all checks of a run share.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

use spectrum2::host::BackendCommand;
use tempfile::NamedTempFile;

use super::launch;
use super::options::Options;
use super::secrets::Secrets;
use crate::job::Stop;

/// Reasons and remarks that are longer are cut: what a backend says may stand in them.
const LONGEST_REASON: usize = 600;

/// Who logs in where no account is given.
const LEGACY_NAME: &str = "alice";
const PASSWORD: &str = "secret";
const SECOND_LEGACY_NAME: &str = "bob";

/// A user of the gateway.
#[derive(Clone, Copy)]
pub struct Account<'s> {
    pub user: &'s str,
    pub legacy_name: &'s str,
    pub password: &'s str,
}

pub struct Setup {
    pub options: Options,
    pub secrets: Secrets,
    tool: PathBuf,
    config: PathBuf,
    /// The file that was made for the purpose; it is removed when dropped.
    _made: Option<NamedTempFile>,
    /// Why the user cannot log in, when the check `login` has found that out.
    pub refused: OnceLock<String>,
}

impl Setup {
    pub fn new(mut options: Options) -> Result<Self, Stop> {
        let program = options.backend.first_mut().ok_or_else(|| Stop::Usage("no BACKEND is given".into()))?;
        let found = launch::find(Path::new(program)).ok_or_else(|| Stop::Usage(no_program(Path::new(program))))?;
        // The backend may start in another directory.
        *program = absolute(&found)?.into();
        let made = match options.config {
            Some(_) => None,
            None => Some(make_config(&options.jid).map_err(|error| Stop::Write("a configuration file".into(), error))?),
        };
        let config = match (&options.config, &made) {
            (Some(path), _) => absolute(path)?,
            (None, made) => made.as_ref().map(|file| file.path().to_owned()).unwrap_or_default(),
        };
        let tool = env::current_exe().map_err(|error| Stop::Open(crate::NAME.into(), error))?;
        Ok(Self { secrets: secrets(&options), options, tool, config, _made: made, refused: OnceLock::new() })
    }

    /// How the backend is started.
    pub fn command(&self) -> BackendCommand {
        let mut command = BackendCommand::new(&self.tool).arg(launch::COMMAND);
        for argument in &self.options.backend {
            command = command.arg(argument);
        }
        command = command.jid(&self.options.jid).config_path(&self.config);
        match &self.options.directory {
            Some(directory) => command.current_dir(directory),
            None => command,
        }
    }

    pub fn backend_name(&self) -> String {
        let program = self.options.backend.first().map(Path::new).and_then(Path::file_name).unwrap_or_default();
        program.to_string_lossy().into_owned()
    }

    pub fn account(&self) -> Account<'_> {
        let Options { user, legacy_name, .. } = &self.options;
        let legacy_name = legacy_name.as_deref().unwrap_or(LEGACY_NAME);
        Account { user, legacy_name, password: password(&self.options) }
    }

    /// Whether the network is expected to let the user in.
    pub fn is_account_given(&self) -> bool {
        self.options.legacy_name.is_some() || self.options.password.is_some()
    }

    /// A reason or a remark as it is told: without passwords, and not too long.
    pub fn tell(&self, text: &str) -> String {
        self.secrets.hide(text, LONGEST_REASON).into_owned()
    }

    /// A second user, unless there is a first one in a real network and none beside it.
    pub fn second_account(&self) -> Option<Account<'_>> {
        let Options { second_user, second_legacy_name, second_password, legacy_name, .. } = &self.options;
        let legacy_name = match (second_legacy_name, legacy_name) {
            (Some(name), _) => name,
            (None, None) => SECOND_LEGACY_NAME,
            (None, Some(_)) => return None,
        };
        let password = second_password.as_deref().unwrap_or(password(&self.options));
        Some(Account { user: second_user, legacy_name, password })
    }
}

fn password(options: &Options) -> &str {
    options.password.as_deref().unwrap_or(PASSWORD)
}

fn secrets(options: &Options) -> Secrets {
    let Options { wrong_password, second_password, room_password, .. } = options;
    let others = [wrong_password.as_deref(), second_password.as_deref(), Some(room_password)];
    Secrets::new([password(options)].into_iter().chain(others.into_iter().flatten()))
}

fn no_program(path: &Path) -> String {
    let problem = if path.exists() { "that is no program that may be run" } else { "there is no such program" };
    format!("{}: {problem}", path.display())
}

fn absolute(path: &Path) -> Result<PathBuf, Stop> {
    fs::metadata(path)
        .and_then(|_| std::path::absolute(path))
        .map_err(|error| Stop::Open(path.display().to_string(), error))
}

/// What a Spectrum instance has at least: a backend may want to read it.
fn make_config(jid: &str) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("spectrum2-check-").suffix(".cfg").tempfile()?;
    write!(file, "[service]\njid = {jid}\nserver_mode = 1\nbackend_host = 127.0.0.1\n[database]\ntype = none\n")?;
    Ok(file)
}
