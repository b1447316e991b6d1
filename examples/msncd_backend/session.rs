//! One user's session: a thread with a connection of its own to the daemon.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use spectrum2::msncd::Error;
use spectrum2::{ConnectionError, Sender};

use super::inbox::{Inbox, Leave, Next, Request};
use super::line::{Daemon, Line};
use super::settings::Settings;
use super::translator::{Translator, User};

/// Why a session ends.
pub enum End {
    /// The user logged out, or in again, or the backend ends.
    LoggedOut,
    /// The user logged out during a poll, or the main process went after it, so that what it told may have
    /// been told to nobody. Without another command on its connection the daemon keeps it.
    ToldTooLate,
    /// Errors 0 and 16 make the main process log in again at once; with any other the user is out.
    Lost(ConnectionError, String),
    MainProcessGone,
}

/// The [`Sender`]'s only failure.
impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::MainProcessGone
    }
}

/// What is left when the daemon's refusals are dealt with.
impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Lost(ConnectionError::NETWORK_ERROR, describe(&error))
    }
}

/// The system's word for a timeout is of no help.
pub fn describe(error: &Error) -> String {
    match error {
        Error::Stream(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            "the daemon did not answer in time".to_owned()
        }
        error => error.to_string(),
    }
}

/// A panic is the end of its session as well: nothing may wait for a thread that is gone.
fn caught(work: impl FnOnce() -> End) -> End {
    let failed = |_| End::Lost(ConnectionError::NETWORK_ERROR, "the backend failed".to_owned());
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(failed)
}

/// A session, before it is connected.
pub struct Session {
    settings: Arc<Settings>,
    sender: Sender,
    jid: String,
    inbox: Arc<Inbox>,
    line: Arc<Line>,
}

impl Session {
    pub fn new(settings: &Arc<Settings>, sender: &Sender, jid: &str, inbox: Arc<Inbox>, line: Arc<Line>) -> Self {
        Self { settings: Arc::clone(settings), sender: sender.buffered(), jid: jid.to_owned(), inbox, line }
    }

    /// Logs in, and works until the session ends.
    pub fn run(&self, user: User, account: &str, password: &str) -> User {
        let mut translator = Translator::new(&self.settings, &self.sender, &self.jid, user);
        let mut connected = None;
        let end = caught(|| match self.serve(&mut translator, &mut connected, account, password) {
            End::ToldTooLate if !self.inbox.is_empty() => self.work_off(&mut translator, account, password),
            end => end,
        });
        self.line.close();
        translator.user.failures = self.failures(translator.user.failures, connected, &end);
        // Without a main process there is nobody to tell.
        let _ = self.end(&mut translator, end);
        translator.user
    }

    fn serve(
        &self,
        translator: &mut Translator<'_>,
        connected: &mut Option<Instant>,
        account: &str,
        password: &str,
    ) -> End {
        let stream = match self.connect(translator.user.failures) {
            Ok(stream) => stream,
            Err(end) => return end,
        };
        *connected = Some(Instant::now());
        let mut daemon = Daemon::new(&stream, self.settings.timeout);
        match translator.log_in(&mut daemon, account, password) {
            Ok(()) => self.work(&mut daemon, translator),
            Err(end) => end,
        }
    }

    /// The main process asks again at once after a failure. The daemon gets some rest.
    fn connect(&self, failures: u32) -> Result<Arc<TcpStream>, End> {
        let delay = self.settings.delay(failures);
        if !delay.is_zero() && !self.inbox.pause(delay) {
            return Err(End::LoggedOut);
        }
        Ok(self.line.connect(&self.settings).map_err(Error::Stream)?)
    }

    /// Deals with what came before the logout, over another connection.
    fn work_off(&self, translator: &mut Translator<'_>, account: &str, password: &str) -> End {
        let stream = match self.connect(0) {
            Ok(stream) => stream,
            Err(end) => return end,
        };
        let mut daemon = Daemon::new(&stream, self.settings.timeout);
        match daemon.ready().and_then(|client| client.login(account, password)) {
            Ok(()) => self.work(&mut daemon, translator),
            Err(error) => error.into(),
        }
    }

    /// Deals with requests, and polls in between. What is told to a user who logged out is told to
    /// nobody, and the next command would confirm it to the daemon: then there is no poll.
    fn work(&self, daemon: &mut Daemon<'_>, translator: &mut Translator<'_>) -> End {
        let mut next_poll = Instant::now();
        if self.settings.server_mode {
            // Nobody says whether it is there already, as after a lost connection.
            next_poll += self.settings.client_may_take;
        }
        let mut statuses = 0;
        // Whether the last command was a poll, and told something.
        let mut has_just_told = false;
        loop {
            let done = if Instant::now() >= next_poll && self.inbox.left().is_none() {
                let polled = self.poll(daemon, translator);
                // Counted from the end, so that a slow daemon leaves time for requests.
                next_poll = Instant::now() + self.settings.poll_interval;
                polled.map(|told| has_just_told = told)
            } else {
                match self.inbox.next(next_poll) {
                    Next::Request(request) => {
                        // A server logs in to check the password, with a first status, and loses messages
                        // until the user's client says the second.
                        if matches!(request, Request::Status(_)) {
                            statuses += 1;
                            if statuses == 2 {
                                next_poll = Instant::now();
                            }
                        }
                        // The list's own events may come late enough to contradict the next change, so
                        // they are fetched at once.
                        if matches!(request, Request::Contact { .. } | Request::Remove { .. }) {
                            next_poll = Instant::now();
                        }
                        has_just_told = false;
                        translator.handle(daemon, request)
                    }
                    Next::Nothing => Ok(()),
                    Next::Left(Leave::MainProcessGone) if has_just_told => return End::ToldTooLate,
                    Next::Left(_) => {
                        // The end of the connection says the same.
                        let _ = daemon.ready().and_then(|client| client.logoff());
                        return End::LoggedOut;
                    }
                }
            };
            if let Err(end) = done.and_then(|()| Ok(self.sender.flush()?)) {
                return end;
            }
        }
    }

    /// Whether there was anything to tell.
    fn poll(&self, daemon: &mut Daemon<'_>, translator: &mut Translator<'_>) -> Result<bool, End> {
        let told = translator.poll(daemon)?;
        self.sender.flush()?;
        match self.inbox.left() {
            Some(Leave::LoggedOut | Leave::MainProcessGone) if told => Err(End::ToldTooLate),
            _ => Ok(told),
        }
    }

    /// How many sessions in a row failed: those that did not last as long as the pause that would
    /// follow, so that a daemon which breaks every session at once is not asked without a pause.
    fn failures(&self, earlier: u32, connected: Option<Instant>, end: &End) -> u32 {
        let lasted = connected.map_or(Duration::ZERO, |connected| connected.elapsed());
        match end {
            End::Lost(ConnectionError::NETWORK_ERROR, _) if lasted < self.settings.delay(earlier + 1) => earlier + 1,
            End::LoggedOut if connected.is_none() => earlier,
            _ => 0,
        }
    }

    /// Tells the user why it is over, unless the user knows, and what is not done because of it.
    fn end(&self, translator: &mut Translator<'_>, end: End) -> io::Result<()> {
        let (requests, logged_out) = self.inbox.close();
        let why = if logged_out { "you are logged out" } else { "the connection is lost" };
        for request in requests {
            translator.refuse(request, why)?;
        }
        if let End::Lost(error, text) = end {
            if error == ConnectionError::NETWORK_ERROR {
                translator.tell_doubts()?;
            }
            if !logged_out {
                self.sender.disconnected(&self.jid, error, &text)?;
            }
        }
        self.sender.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_the_end_of_its_session() {
        let end = caught(|| panic!("on purpose"));
        assert!(matches!(end, End::Lost(ConnectionError::NETWORK_ERROR, why) if why == "the backend failed"));
        assert!(matches!(caught(|| End::LoggedOut), End::LoggedOut));
    }
}
