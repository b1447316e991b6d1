//! What the main process asks of a session, in the order in which it came.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use spectrum2::{ConversationMessage, Sender, StatusType, VCard};

/// Why nothing comes of a request where there is no session.
pub const NOT_LOGGED_IN: &str = "you are not logged in";

/// Whom messages are from that no contact sent.
pub const GATEWAY: &str = "msncd";

/// The most that waits for a session: this many requests, or so many bytes of text and one more request.
/// What comes beyond that is refused. A status takes the place of one that waits, and typing is dropped.
pub const MOST_REQUESTS: usize = 1000;
pub const MOST_BYTES: usize = 4 << 20;

pub enum Request {
    Message { to: String, text: String },
    Status(StatusType),
    Contact { name: String, alias: String, groups: Vec<String> },
    Remove { name: String },
    Typing { to: String },
    Card { name: String, id: i32 },
}

impl Request {
    /// The bytes of its texts.
    fn length(&self) -> usize {
        match self {
            Self::Message { to, text } => to.len() + text.len(),
            Self::Contact { name, alias, groups } => {
                name.len() + alias.len() + groups.iter().map(String::len).sum::<usize>()
            }
            Self::Remove { name } | Self::Typing { to: name } | Self::Card { name, .. } => name.len(),
            Self::Status(_) => 0,
        }
    }

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
    /// The bytes of their texts.
    bytes: usize,
    leave: Option<Leave>,
    closed: bool,
}

/// Why no more will come. It is on this that depends whether the user has got what the last poll told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    LoggedOut,
    /// Without a logout: whatever was told was told to the user.
    LoggedInAgain,
    /// The backend ends, and nobody logged the user out: the main process may have read nothing for a while.
    MainProcessGone,
}

impl State {
    fn is_full(&self) -> bool {
        self.requests.len() >= MOST_REQUESTS || self.bytes >= MOST_BYTES
    }

    fn last_status(&mut self) -> Option<&mut StatusType> {
        self.requests.iter_mut().rev().find_map(|request| match request {
            Request::Status(status) => Some(status),
            _ => None,
        })
    }
}

pub enum Next {
    Request(Request),
    /// None came in time.
    Nothing,
    /// No more will come, and all that came before is dealt with.
    Left(Leave),
}

impl Inbox {
    /// Adds a request, or gives it back, and says why.
    pub fn push(&self, request: Request) -> Result<(), (Request, &'static str)> {
        let mut state = self.lock();
        if state.leave.is_some() || state.closed {
            return Err((request, NOT_LOGGED_IN));
        }
        if state.is_full() {
            match (&request, state.last_status()) {
                (Request::Status(status), Some(waiting)) => {
                    *waiting = *status;
                    return Ok(());
                }
                (Request::Status(_), None) => {}
                (Request::Typing { .. }, _) => return Ok(()),
                _ => return Err((request, "too much waits for the daemon")),
            }
        }
        state.bytes += request.length();
        state.requests.push_back(request);
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// No more will come. The first reason counts.
    pub fn leave(&self, why: Leave) {
        self.lock().leave.get_or_insert(why);
        self.changed.notify_all();
    }

    pub fn next(&self, until: Instant) -> Next {
        let mut state = self.wait(until, |state| state.requests.is_empty() && state.leave.is_none());
        match (state.requests.pop_front(), state.leave) {
            (Some(request), _) => {
                state.bytes -= request.length();
                Next::Request(request)
            }
            (None, Some(why)) => Next::Left(why),
            (None, None) => Next::Nothing,
        }
    }

    /// Why no more will come, whatever is still to be dealt with.
    pub fn left(&self) -> Option<Leave> {
        self.lock().leave
    }

    /// Waits for some time. False: no more will come.
    pub fn pause(&self, time: Duration) -> bool {
        self.wait(Instant::now() + time, |state| state.leave.is_none()).leave.is_none()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lock().requests.is_empty()
    }

    /// The session is over. Returns what it did not deal with, and whether that was asked for.
    pub fn close(&self) -> (VecDeque<Request>, bool) {
        let mut state = self.lock();
        state.closed = true;
        (std::mem::take(&mut state.requests), state.leave.is_some())
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
