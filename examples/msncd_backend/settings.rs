//! What the backend reads of the configuration: the section `[msncd]`, and what Spectrum is.

use std::time::Duration;

use spectrum2::{Config, LaunchError};

/// The longest pause between two attempts to connect.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

pub struct Settings {
    /// The daemon's host.
    pub host: String,
    /// The daemon's port.
    pub port: u16,
    /// How often each user's events are fetched.
    pub poll_interval: Duration,
    /// How long the daemon may take to answer a command, from its first byte to the answer's last.
    pub timeout: Duration,
    /// The pause after a first failed connection.
    pub reconnect_delay: Duration,
    /// After how long somebody is taken to have stopped typing.
    pub typing_lasts: Duration,
    /// The group of contacts that the user gave none.
    pub group: String,
    /// Whether Spectrum is an XMPP server itself, not a part of one.
    pub server_mode: bool,
    /// How long events wait for the client of a server's user.
    pub client_may_take: Duration,
}

impl Settings {
    pub fn read(config: &Config) -> Result<Self, LaunchError> {
        let text = |key, default: &str| config.get(key).unwrap_or(default).to_owned();
        let time = |key, default| {
            let milliseconds = config.number(key)?.unwrap_or(default);
            if milliseconds == 0 {
                return Err(LaunchError::new(format!("{key} = 0: has to be at least 1")));
            }
            Ok(Duration::from_millis(milliseconds))
        };
        Ok(Self {
            host: text("msncd.host", "127.0.0.1"),
            port: config.number("msncd.port")?.ok_or_else(|| LaunchError::new("msncd.port is missing"))?,
            poll_interval: time("msncd.poll_interval", 1000)?,
            timeout: time("msncd.timeout", 10_000)?,
            reconnect_delay: time("msncd.reconnect_delay", 1000)?,
            typing_lasts: time("msncd.typing_lasts", 10_000)?,
            group: text("msncd.group", "msncd"),
            client_may_take: time("msncd.client_may_take", 5000)?,
            server_mode: config.bool("service.server_mode")?.unwrap_or(false),
        })
    }

    /// The pause after so many failures in a row.
    pub fn delay(&self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else { return Duration::ZERO };
        self.reconnect_delay.saturating_mul(1 << doublings.min(16)).min(LONGEST_DELAY)
    }
}
