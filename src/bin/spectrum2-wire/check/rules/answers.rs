//! How a LOGIN is answered.

use std::collections::HashMap;

use spectrum2::Payload;

use super::{Opinion, Rule};

/// Each LOGIN has one answer.
#[derive(Default)]
pub struct Answers {
    users: HashMap<String, State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// LOGIN was sent, and is not answered yet.
    Asked,
    Connected,
    Disconnected,
    /// LOGOUT was sent; what was on its way then may still come.
    LoggedOut,
}

impl Rule for Answers {
    fn sent(&mut self, payload: &Payload<'_>) {
        match payload {
            Payload::Login(login) => self.users.insert(login.user.to_owned(), State::Asked),
            Payload::Logout(logout) => self.users.insert(logout.user.to_owned(), State::LoggedOut),
            _ => None,
        };
    }

    fn received(&mut self, payload: &Payload<'_>) -> Opinion {
        let (user, now) = match payload {
            Payload::Connected(connected) => (connected.user, State::Connected),
            Payload::Disconnected(disconnected) => (disconnected.user, State::Disconnected),
            _ => return None,
        };
        let state = self.users.get_mut(user)?;
        let before = *state;
        if before == State::LoggedOut {
            return None;
        }
        *state = now;
        let problem = match (before, now) {
            (State::Connected, State::Connected) => "CONNECTED came twice",
            (State::Disconnected, State::Connected) => "CONNECTED came after DISCONNECTED",
            (State::Disconnected, State::Disconnected) => "DISCONNECTED came twice",
            _ => return Some(Ok(())),
        };
        Some(Err(format!("{problem} for {user}, and no LOGIN in between.")))
    }
}
