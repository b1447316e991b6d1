//! What the main process asks of a session, in the order in which it came.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use spectrum2::{ConversationMessage, Sender, StatusType, VCard};

/// Whom messages are from that no contact sent.
pub const GATEWAY: &str = "msncd";

pub enum Request {
    Message { to: String, text: String },
    Status(StatusType),
    Contact { name: String, alias: String, groups: Vec<String> },
    Remove { name: String },
    Typing { to: String },
    Card { name: String, id: i32 },
}

impl Request {
    /// Tells the user that nothing came of it.
    pub fn refuse(&self, sender: &Sender, jid: &str, why: &str) -> io::Result<()> {
        match self {
            Self::Message { to, text } => notify(sender, jid, to, &format!("Not delivered, {why}: {text}")),
            Self::Contact { name, .. } => {
                notify(sender, jid, GATEWAY, &format!("{name} is not added or changed: {why}"))
            }
            Self::Remove { name } => notify(sender, jid, GATEWAY, &format!("{name} is not removed: {why}")),
            // The main process waits for an answer, whatever it says.
            Self::Card { name, id } => {
                sender.vcard(&VCard { user_name: jid, buddy_name: name, id: *id, ..VCard::default() })
            }
            // The next login says the status; who was typing is of no interest any more.
            Self::Status(_) | Self::Typing { .. } => Ok(()),
        }
    }
}

pub fn notify(sender: &Sender, jid: &str, from: &str, text: &str) -> io::Result<()> {
    sender.message(&ConversationMessage {
        user_name: jid,
        buddy_name: from,
        message: text,
        ..ConversationMessage::default()
    })
}

/// Every request that goes in either comes out again or is given back: none falls between a session
/// and its end.
#[derive(Default)]
pub struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    requests: VecDeque<Request>,
    logged_out: bool,
    closed: bool,
}

pub enum Next {
    Request(Request),
    /// None came in time.
    Nothing,
    /// The user logged out, and all that came before is dealt with.
    LoggedOut,
}

impl Inbox {
    /// Adds a request, or gives it back where there is no session any more.
    pub fn push(&self, request: Request) -> Result<(), Request> {
        let mut state = self.lock();
        if state.logged_out || state.closed {
            return Err(request);
        }
        state.requests.push_back(request);
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// No more will come.
    pub fn log_out(&self) {
        self.lock().logged_out = true;
        self.changed.notify_all();
    }

    pub fn next(&self, until: Instant) -> Next {
        let mut state = self.wait(until, |state| state.requests.is_empty() && !state.logged_out);
        match state.requests.pop_front() {
            Some(request) => Next::Request(request),
            None if state.logged_out => Next::LoggedOut,
            None => Next::Nothing,
        }
    }

    /// Whether no more will come, whatever is still to be dealt with.
    pub fn is_logged_out(&self) -> bool {
        self.lock().logged_out
    }

    /// Waits for some time. False: the user logged out.
    pub fn pause(&self, time: Duration) -> bool {
        !self.wait(Instant::now() + time, |state| !state.logged_out).logged_out
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lock().requests.is_empty()
    }

    /// The session is over. Returns what it did not deal with, and whether the user logged out.
    pub fn close(&self) -> (VecDeque<Request>, bool) {
        let mut state = self.lock();
        state.closed = true;
        (std::mem::take(&mut state.requests), state.logged_out)
    }

    fn wait(&self, until: Instant, goes_on: impl FnMut(&mut State) -> bool) -> MutexGuard<'_, State> {
        let left = until.saturating_duration_since(Instant::now());
        let waited = self.changed.wait_timeout_while(self.lock(), left, goes_on);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// A thread that panicked has left its own work undone, and nothing else.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
