//! How the main process starts a backend: the command line, and the configuration file.

use std::any::TypeId;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What the command line says, and what the configuration file that it names holds.
///
/// The main process starts backends like this:
///
/// ```text
/// BACKEND --host 127.0.0.1 --port 38903 --service.backend_id=1 -j icq.example.org /etc/spectrum2/transports/icq.cfg
/// ```
///
/// - `--host` and `-h`, `--port` and `-p`: where to connect to. The value may stand behind `=` too.
/// - `--service.backend_id`: the number of this backend process, from 1.
/// - `-j`: the gateway's JID; overrides `service.jid` of the configuration file.
/// - `--section.key=value`: overrides that key of the configuration file.
/// - The last word: the path of the configuration file.
/// - Anything else is ignored.
#[derive(Clone, Debug)]
pub struct Launch {
    host: String,
    port: u16,
    backend_id: Option<u32>,
    config_path: Option<PathBuf>,
    config: Config,
}

impl Launch {
    /// Reads the command line of this process, and the configuration file.
    ///
    /// # Errors
    /// What is missing or wrong, in one line.
    pub fn from_env() -> Result<Self, LaunchError> {
        Self::from_args(std::env::args_os().skip(1))
    }

    /// Reads a command line, without the name of the program, and the configuration file.
    ///
    /// # Errors
    /// What is missing or wrong, in one line.
    pub fn from_args<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> Result<Self, LaunchError> {
        let arguments = Arguments::parse(arguments.into_iter().map(Into::into));
        let host = arguments.host.filter(|host| !host.is_empty());
        let host =
            host.ok_or_else(|| LaunchError::new("--host is missing (backends are started by the main process)"))?;
        let port = arguments.port.ok_or_else(|| LaunchError::new("--port is missing"))?;
        let port = port.parse().ok().filter(|port| *port != 0);
        let port = port.ok_or_else(|| LaunchError::new("--port has to be a number from 1 to 65535"))?;
        let mut config = match &arguments.config_path {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        config.overrides(arguments.overrides);
        config.substitute_jid();
        let backend_id = config.number("service.backend_id")?;
        Ok(Self { host, port, backend_id, config_path: arguments.config_path, config })
    }

    /// The host of the main process.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port of the main process.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The number of this backend process, from 1; `None` where the command line does not tell.
    pub fn backend_id(&self) -> Option<u32> {
        self.backend_id
    }

    /// The gateway's JID: `service.jid`, which `-j` overrides.
    pub fn jid(&self) -> Option<&str> {
        self.config.get("service.jid")
    }

    /// The path of the configuration file.
    pub fn config_path(&self) -> Option<&Path> {
        self.config_path.as_deref()
    }

    /// The configuration: the file, with what the command line overrides. Empty without a file.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

/// The words of a command line, sorted.
#[derive(Default)]
struct Arguments {
    host: Option<String>,
    port: Option<String>,
    overrides: Vec<(String, String)>,
    config_path: Option<PathBuf>,
}

impl Arguments {
    fn parse(words: impl Iterator<Item = OsString>) -> Self {
        let mut arguments = Self::default();
        let mut words = words;
        while let Some(word) = words.next() {
            arguments.config_path = None;
            let Some(option) = word.to_str().filter(|word| word.starts_with('-')) else {
                // Any word that belongs to no option may be the path; the last one is.
                arguments.config_path = Some(word.into());
                continue;
            };
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            let mut value_or_next =
                || value.clone().or_else(|| words.next().map(|word| word.to_string_lossy().into_owned()));
            match name {
                "--host" | "-h" => arguments.host = value_or_next(),
                "--port" | "-p" => arguments.port = value_or_next(),
                "-j" | "--jid" => arguments.override_key("service.jid", value_or_next()),
                "--service.backend_id" => arguments.override_key("service.backend_id", value_or_next()),
                _ => {
                    if let Some(key) = name.strip_prefix("--").filter(|key| key.contains('.')) {
                        arguments.override_key(key, value);
                    }
                }
            }
        }
        arguments
    }

    fn override_key(&mut self, key: &str, value: Option<String>) {
        self.overrides.extend(value.map(|value| (key.to_owned(), value)));
    }
}

/// A configuration: keys, addressed as `section.key`, with their values.
///
/// The text is what the main process reads too: `[section]` and `key = value`, with white space
/// around names and values left out. `#` starts a comment anywhere, also within a value; nothing
/// else does. Quotes are part of the value. A key may stand more than once, which makes a list. In a
/// configuration that came with [`Launch`], `$jid` in a value stands for `service.jid`.
///
/// ```
/// use spectrum2::Config;
///
/// let config: Config = "
///     [service]
///     jid = icq.example.org   # the gateway
///     [msncd]
///     host = 127.0.0.1
///     port = 4321
/// ".parse()?;
/// assert_eq!(config.get("msncd.host"), Some("127.0.0.1"));
/// assert_eq!(config.number::<u16>("msncd.port")?, Some(4321));
/// assert_eq!(config.bool("msncd.verbose")?, None);
/// # Ok::<(), spectrum2::LaunchError>(())
/// ```
///
/// `Debug` shows the keys alone: values may be passwords, such as the database's. Two configurations are
/// equal when their entries are, wherever those stand.
#[derive(Clone, Default)]
pub struct Config {
    path: Option<PathBuf>,
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    key: String,
    value: String,
    /// Where it stands in the file or text; `None` for the command line.
    line: Option<usize>,
}

impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        self.entries().eq(other.entries())
    }
}

impl Eq for Config {}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries().map(|entry| entry.0)).finish()
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is malformed, with the file's name and the line's number.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, LaunchError> {
        let path = path.as_ref();
        let text =
            std::fs::read(path).map_err(|error| LaunchError(format!("{}: cannot be read: {error}", path.display())))?;
        Self::parse(&text, Some(path))
    }

    /// The value of a key; the last one, if it stands more than once.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entry(key).map(|entry| entry.value.as_str())
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.key == key)
    }

    /// The value of a key that has to be there.
    ///
    /// # Errors
    /// A key that is not there.
    pub fn require(&self, key: &str) -> Result<&str, LaunchError> {
        self.get(key).ok_or_else(|| match &self.path {
            Some(path) => LaunchError(format!("{}: {key} is missing", path.display())),
            None => LaunchError(format!("{key} is missing in the configuration")),
        })
    }

    /// All values of a key, in the order of the file.
    pub fn list<'c>(&'c self, key: &'c str) -> impl DoubleEndedIterator<Item = &'c str> {
        self.entries.iter().filter(move |entry| entry.key == key).map(|entry| entry.value.as_str())
    }

    /// The value of a key that is true or false: `1`, `true`, `yes`, `on`, or `0`, `false`, `no`, `off`.
    ///
    /// # Errors
    /// Any other value.
    pub fn bool(&self, key: &str) -> Result<Option<bool>, LaunchError> {
        self.value(
            key,
            || "true or false".to_owned(),
            |value| match value.to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" | "on" => Some(true),
                "0" | "false" | "no" | "off" => Some(false),
                _ => None,
            },
        )
    }

    /// The value of a key that is a number.
    ///
    /// # Errors
    /// Anything else, and a number that `N` cannot hold.
    pub fn number<N: FromStr + 'static>(&self, key: &str) -> Result<Option<N>, LaunchError> {
        self.value(key, || format!("a number{}", range_of::<N>()), |value| value.parse().ok())
    }

    /// The value of a key that `read` has to understand.
    fn value<T>(
        &self,
        key: &str,
        expected: impl FnOnce() -> String,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, LaunchError> {
        let Some(entry) = self.entry(key) else { return Ok(None) };
        read(&entry.value).map(Some).ok_or_else(|| {
            let place = place(self.path.as_deref(), entry.line);
            LaunchError(format!("{place}: {key} = {}: has to be {}", entry.value, expected()))
        })
    }

    /// All keys with their values, in the order of the file.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|entry| (entry.key.as_str(), entry.value.as_str()))
    }

    fn parse(text: &[u8], path: Option<&Path>) -> Result<Self, LaunchError> {
        let mut section = String::new();
        let mut entries = Vec::new();
        for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            let wrong = |what| LaunchError(format!("{}: {what}", place(path, Some(number))));
            // Comments may be in any encoding.
            let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
            let line = str::from_utf8(line).map_err(|_| wrong("not UTF-8"))?.trim();
            if line.is_empty() {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = format!("{}.", name.trim());
                continue;
            }
            let Some((key, value)) = line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) else {
                // The line itself may be a password with its `=` forgotten.
                return Err(wrong("neither [section] nor key = value"));
            };
            if key.is_empty() {
                return Err(wrong("the key is missing"));
            }
            entries.push(Entry { key: format!("{section}{key}"), value: value.to_owned(), line: Some(number) });
        }
        Ok(Self { path: path.map(Path::to_owned), entries })
    }

    /// The command line's values take the place of the file's.
    fn overrides(&mut self, overrides: Vec<(String, String)>) {
        self.entries.retain(|entry| overrides.iter().all(|other| other.0 != entry.key));
        self.entries.extend(overrides.into_iter().map(|(key, value)| Entry { key, value, line: None }));
    }

    fn substitute_jid(&mut self) {
        let Some(jid) = self.get("service.jid").map(str::to_owned) else { return };
        for entry in &mut self.entries {
            if entry.value.contains("$jid") {
                entry.value = entry.value.replace("$jid", &jid);
            }
        }
    }
}

impl FromStr for Config {
    type Err = LaunchError;

    fn from_str(text: &str) -> Result<Self, LaunchError> {
        Self::parse(text.as_bytes(), None)
    }
}

/// Where a line stands, for people.
fn place(path: Option<&Path>, line: Option<usize>) -> String {
    match (path, line) {
        (Some(path), Some(line)) => format!("{}:{line}", path.display()),
        (None, Some(line)) => format!("line {line}"),
        (_, None) => "the command line".to_owned(),
    }
}

/// What an integer type holds, for people; nothing of another type.
fn range_of<N: 'static>() -> String {
    macro_rules! range {
        ($($integer:ty)*) => {
            $(if TypeId::of::<N>() == TypeId::of::<$integer>() {
                return format!(" from {} to {}", <$integer>::MIN, <$integer>::MAX);
            })*
        };
    }
    range!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);
    String::new()
}

/// Why a backend cannot start: one line about the command line or the configuration.
///
/// Backends print it on standard error and exit with status 2, as [`main`](crate::main) does; a
/// status of 0 would leave the main process waiting for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchError(String);

impl LaunchError {
    /// An error of the backend's own about its configuration.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LaunchError {}

/// For what a backend needs before it can start: a file, say, or an address.
impl From<std::io::Error> for LaunchError {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}
