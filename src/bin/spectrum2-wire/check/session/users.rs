//! Users who log in and out, in a talk with a backend.

use spectrum2::{ConnectionError, Login, Logout, Payload, Status, StatusType, StrMap, UserSettings};

use super::{Session, Trouble, fail, not_tried};
use crate::check::setup::Account;

impl Session<'_> {
    /// Logs a user in. A user whom the network refuses makes the check one that cannot be tried.
    pub fn login(&mut self, account: Account<'_>) -> Result<(), Trouble> {
        self.send("LOGIN", &[login_of(account)])?;
        self.expect_connected(account)?;
        // The real one is sent with LOGIN; whether that goes well is a check of its own.
        self.send("STATUS_CHANGED", &[status_of(account, StatusType::Online)])?;
        self.survives()
    }

    pub fn expect_connected(&mut self, account: Account<'_>) -> Result<(), Trouble> {
        match self.answer_to_login(account)? {
            Ok(()) => Ok(()),
            Err((error, message)) => {
                not_tried(format!("the login of {} was refused: {error:?}, {message:?}", account.user))
            }
        }
    }

    /// Waits for CONNECTED, or for the error and text of DISCONNECTED.
    pub fn answer_to_login(&mut self, account: Account<'_>) -> Result<Result<(), (ConnectionError, String)>, Trouble> {
        let timeout = self.setup.options.timeout;
        let user = account.user;
        let answer = self.wait(timeout, |payload| match payload {
            Payload::Connected(connected) if connected.user == user => Some(Some(Ok(()))),
            Payload::Connected(connected) if connected.user == account.legacy_name => Some(None),
            Payload::Disconnected(disconnected) if disconnected.user == user => {
                Some(Some(Err((disconnected.error, disconnected.message.unwrap_or_default().to_owned()))))
            }
            _ => None,
        })?;
        match answer {
            Some(Some(Ok(()))) => {
                let running = self.running_mut()?;
                running.users.push((user.to_owned(), account.legacy_name.to_owned()));
                running.lost = None;
                Ok(Ok(()))
            }
            Some(Some(refused)) => Ok(refused),
            Some(None) => fail(format!("CONNECTED names the legacy name, in place of LOGIN's `user`, {user}.")),
            None => fail(format!(
                "Neither CONNECTED nor DISCONNECTED came for {user} within {timeout:?} after {}.",
                self.doing
            )),
        }
    }

    /// Logs a user out. There is no answer to that.
    pub fn logout(&mut self, account: Account<'_>) -> Result<(), Trouble> {
        let Account { user, legacy_name, .. } = account;
        self.running_mut()?.users.retain(|(name, _)| name != user);
        self.send("LOGOUT", &[status_of(account, StatusType::Online), Payload::Logout(Logout { user, legacy_name })])?;
        self.survives()
    }
}

/// LOGIN as the main process sends it.
pub fn login_of(account: Account<'_>) -> Payload<'_> {
    Payload::Login(login_message(account))
}

pub fn login_message(account: Account<'_>) -> Login<'_> {
    const SETTINGS: &[(&str, &str)] = &[("enable_transport", "1"), ("send_headlines", "0"), ("stay_connected", "0")];
    let Account { user, legacy_name, password } = account;
    let settings = Some(UserSettings { value: StrMap::from(SETTINGS) });
    Login { user, legacy_name, password, settings, ..Login::default() }
}

/// STATUS_CHANGED as the main process sends it.
pub fn status_of(account: Account<'_>, status: StatusType) -> Payload<'_> {
    Payload::StatusChanged(Status { user_name: account.user, status, status_message: Some("") })
}
