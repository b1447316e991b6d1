//! Tells the user what the daemon says, and the daemon what the user asks.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::TcpStream;
use std::time::Instant;

use spectrum2::msncd::{Client, Error, Event, Lines, Socket, Timed, User as Name};
use spectrum2::{Buddy, ConnectionError, List, Sender, StatusType, VCard};

use super::inbox::{GATEWAY, Request, notify};
use super::line::Daemon;
use super::session::{End, describe};
use super::settings::Settings;
use super::statuses::{from_daemon, to_daemon};

/// The code of the daemon's event `ERR` that says, in a poll with `SCLOSE MAIN`, that a later login
/// took the place of ours. The protocol's description gives no codes; this one is the example
/// daemon's.
const LOGGED_IN_ELSEWHERE: u32 = 1;

/// What is known of a user from one session to the next.
#[derive(Default)]
pub struct User {
    /// By [`key`].
    contacts: HashMap<String, Contact>,
    /// How many sessions in a row failed.
    pub failures: u32,
    /// What the user said last: after a lost connection the main process logs in again without it.
    pub status: Option<StatusType>,
}

struct Contact {
    /// As the daemon spells it.
    email: String,
    alias: String,
    groups: Vec<String>,
    status: StatusType,
}

/// XMPP writes names in small letters, whatever the daemon does.
fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// What a poll says of the end of the session. Its events come in any order, so that it counts when
/// the poll is at its end.
#[derive(Default)]
struct Goodbye {
    closed: bool,
    /// What the daemon said to [`LOGGED_IN_ELSEWHERE`].
    elsewhere: Option<String>,
}

pub struct Translator<'s> {
    settings: &'s Settings,
    sender: &'s Sender,
    jid: &'s str,
    pub user: User,
    typing: HashMap<String, Instant>,
    goodbye: Goodbye,
    /// To whom messages were accepted that may not have arrived: the daemon tells it only of those that
    /// it stored.
    written_to: BTreeSet<String>,
    /// Those of them to whom it was since the last poll: what this one says of delivered messages may be
    /// older.
    written_since_poll: BTreeSet<String>,
}

impl<'s> Translator<'s> {
    pub fn new(settings: &'s Settings, sender: &'s Sender, jid: &'s str, user: User) -> Self {
        Self {
            settings,
            sender,
            jid,
            user,
            typing: HashMap::new(),
            goodbye: Goodbye::default(),
            written_to: BTreeSet::new(),
            written_since_poll: BTreeSet::new(),
        }
    }

    /// Logs in, shows the contacts, and says that the user is connected.
    pub fn log_in(&mut self, daemon: &mut Daemon<'_>, account: &str, password: &str) -> Result<(), End> {
        daemon.ready().and_then(|client| client.login(account, password)).map_err(|error| match error {
            Error::Refused(description) => End::Lost(ConnectionError::AUTHENTICATION_FAILED, description),
            Error::Unspeakable(error) => End::Lost(ConnectionError::INVALID_USERNAME, error.to_string()),
            error => error.into(),
        })?;
        if let Some(status) = self.user.status {
            self.set_status(daemon, status)?;
        }
        self.show_contacts(daemon)?;
        self.sender.connected(self.jid)?;
        Ok(self.sender.flush()?)
    }

    /// Contacts that the daemon had at the last login and has not now are gone.
    fn show_contacts(&mut self, daemon: &mut Daemon<'_>) -> Result<(), End> {
        let mut earlier = std::mem::take(&mut self.user.contacts);
        for contact in daemon.ready()?.contacts()?.iter() {
            let key = key(contact.email);
            let groups = match earlier.remove(&key) {
                Some(earlier) => earlier.groups,
                None => vec![self.settings.group.clone()],
            };
            let (email, alias) = (contact.email.to_owned(), contact.nick.to_string());
            self.user.contacts.insert(key, Contact { email, alias, groups, status: from_daemon(contact.status) });
        }
        for name in self.user.contacts.keys() {
            self.show(name)?;
        }
        for contact in earlier.values() {
            self.sender.buddy_removed(self.jid, &contact.email)?;
        }
        Ok(())
    }

    fn contact(&self, name: &str) -> Option<&Contact> {
        self.user.contacts.get(&key(name))
    }

    /// What the daemon calls somebody.
    fn spelled(&self, name: &str) -> String {
        self.contact(name).map_or(name, |contact| &contact.email).to_owned()
    }

    /// Shows a contact as it is known, if it is.
    fn show(&self, name: &str) -> io::Result<()> {
        let Some(contact) = self.contact(name) else { return Ok(()) };
        let groups: Vec<_> = contact.groups.iter().map(String::as_str).collect();
        self.sender.buddy_changed(&Buddy {
            user_name: self.jid,
            buddy_name: &contact.email,
            alias: Some(if contact.alias.is_empty() { &contact.email } else { &contact.alias }),
            group: List::from(&groups),
            status: Some(contact.status),
            ..Buddy::default()
        })
    }

    fn notify(&self, from: &str, text: &str) -> io::Result<()> {
        notify(self.sender, self.jid, from, text)
    }

    /// Fetches all events. Whether there were any.
    pub fn poll(&mut self, daemon: &mut Daemon<'_>) -> Result<bool, End> {
        let polled = self.tell_all(daemon);
        let Goodbye { closed, elsewhere } = std::mem::take(&mut self.goodbye);
        match (closed, elsewhere) {
            (true, Some(why)) => return Err(End::Lost(ConnectionError::NAME_IN_USE, why)),
            (true, None) => {
                return Err(End::Lost(ConnectionError::NETWORK_ERROR, "the network closed the connection".to_owned()));
            }
            (false, Some(description)) => self.tell_error(LOGGED_IN_ELSEWHERE, &description)?,
            (false, None) => {}
        }
        let told = polled?;
        self.written_to.append(&mut self.written_since_poll);
        self.end_typing()?;
        Ok(told)
    }

    fn tell_all(&mut self, daemon: &mut Daemon<'_>) -> Result<bool, End> {
        daemon.ready()?;
        let (mut events, mut losses) = (0, 0);
        loop {
            let polled = daemon.client().poll();
            let start = Instant::now();
            match polled {
                Ok(Some(event)) => self.tell(&event)?,
                Ok(None) => break,
                Err(error) if costs_one_event(&error) => {
                    losses += 1;
                    if losses == 1 {
                        self.notify(GATEWAY, &format!("Something was lost: {error}"))?;
                    }
                }
                Err(error) => return Err(error.into()),
            }
            events += 1;
            daemon.postpone(start.elapsed());
        }
        if losses > 1 {
            self.notify(GATEWAY, &format!("That many more things were lost: {}", losses - 1))?;
        }
        Ok(events > 0)
    }

    /// Tells the user of an event.
    fn tell(&mut self, event: &Event<'_>) -> io::Result<()> {
        match *event {
            Event::Message { email, text, .. } => {
                self.typing.remove(email);
                self.notify(email, text.text())
            }
            Event::StatusChanged { email, status, discarded } => {
                if let Some(contact) = self.user.contacts.get_mut(&key(email)) {
                    contact.status = from_daemon(status);
                    self.show(email)?;
                }
                self.tell_discarded(email, discarded.unwrap_or_default())
            }
            Event::UserAdded { email } if self.contact(email).is_none() => self.sender.auth_request(self.jid, email),
            Event::ContactAdded { email } if self.contact(email).is_none() => {
                self.insert(email, email.to_owned(), vec![self.settings.group.clone()], StatusType::None);
                self.show(email)
            }
            Event::ContactDeleted { email } => match self.user.contacts.remove(&key(email)) {
                Some(contact) => self.sender.buddy_removed(self.jid, &contact.email),
                None => Ok(()),
            },
            Event::Flushed { email } => {
                self.written_to.retain(|name| !name.eq_ignore_ascii_case(email));
                Ok(())
            }
            Event::Typing { email } => {
                self.typing.insert(email.to_owned(), Instant::now());
                self.sender.buddy_typing(self.jid, email)
            }
            Event::SocketClosed { socket, discarded } => {
                self.goodbye.closed |= socket == Socket::Main;
                discarded.map_or(Ok(()), |(email, count)| self.tell_discarded(email, count))
            }
            Event::Error { code: LOGGED_IN_ELSEWHERE, description } => {
                self.goodbye.elsewhere = Some(description.to_owned());
                Ok(())
            }
            Event::Error { code, description } => self.tell_error(code, description),
            Event::Refused { description } => self.notify(GATEWAY, &format!("Error: {description}")),
            // Spectrum has no word for these: who deleted us, what we know already, and what we do not
            // know at all.
            _ => Ok(()),
        }
    }

    fn tell_error(&self, code: u32, description: &str) -> io::Result<()> {
        self.notify(GATEWAY, &format!("Error {code}: {description}"))
    }

    fn tell_discarded(&self, email: &str, count: u32) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        self.notify(email, &format!("Not delivered: {count} of your earlier messages"))
    }

    /// The connection is lost, perhaps since the daemon is. What it accepted and what became of that
    /// is not known.
    pub fn tell_doubts(&self) -> io::Result<()> {
        let names: Vec<_> = self.written_to.union(&self.written_since_poll).map(String::as_str).collect();
        if names.is_empty() {
            return Ok(());
        }
        let names = names.join(", ");
        self.notify(GATEWAY, &format!("Whether your latest messages arrived is not known; they were to: {names}"))
    }

    /// The daemon says when typing starts, not when it ends.
    fn end_typing(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let mut told = Ok(());
        self.typing.retain(|email, since| {
            let lasts = now.duration_since(*since) < self.settings.typing_lasts;
            if !lasts && told.is_ok() {
                told = self.sender.buddy_typed(self.jid, email);
            }
            lasts
        });
        told
    }

    /// Does what the user asks.
    pub fn handle(&mut self, daemon: &mut Daemon<'_>, request: Request) -> Result<(), End> {
        match request {
            Request::Message { to, text } => self.send(daemon, &to, &text),
            Request::Status(status) => self.set_status(daemon, status),
            Request::Contact { name, alias, groups } => self.change_contact(daemon, &name, alias, groups),
            Request::Remove { name } => self.remove_contact(daemon, &name),
            Request::Typing { to } => {
                let typing = daemon.ready()?.typing(Name::from(self.spelled(&to).as_str()));
                typing.or_else(unless_refused)
            }
            Request::Card { name, id } => self.show_card(daemon, &name, id),
        }
    }

    /// Tells the user that nothing came of a request.
    pub fn refuse(&mut self, request: Request, why: &str) -> io::Result<()> {
        if let Request::Status(status) = request {
            self.user.status = Some(status);
        }
        request.refuse(self.sender, self.jid, why)
    }

    fn send(&mut self, daemon: &mut Daemon<'_>, to: &str, text: &str) -> Result<(), End> {
        let name = self.spelled(to);
        let sent = ask(daemon, |client| client.send_message(Name::from(name.as_str()), Lines::new(text)));
        match sent {
            Ok(()) => {
                self.written_since_poll.insert(name);
                Ok(())
            }
            Err(failure) => {
                let doubt = if failure.nothing_came_of_it { "Not delivered" } else { "Perhaps not delivered" };
                self.notify(to, &format!("{doubt}, {}: {text}", describe(&failure.error)))?;
                unless_refused(failure.error)
            }
        }
    }

    fn set_status(&mut self, daemon: &mut Daemon<'_>, status: StatusType) -> Result<(), End> {
        self.user.status = Some(status);
        match ask(daemon, |client| client.status(to_daemon(status))) {
            Ok(()) => Ok(()),
            Err(failure) => self.report(failure, "your status is not changed"),
        }
    }

    fn change_contact(
        &mut self,
        daemon: &mut Daemon<'_>,
        name: &str,
        alias: String,
        groups: Vec<String>,
    ) -> Result<(), End> {
        let email = self.spelled(name);
        let earlier = self.contact(name);
        let is_new = earlier.is_none();
        let status = earlier.map_or(StatusType::None, |contact| contact.status);
        // Groups are known here alone; a nick, to the daemon.
        let added = match earlier {
            Some(contact) if contact.alias == alias => Ok(()),
            _ => ask(daemon, |client| client.add(&alias, &email)),
        };
        let Err(failure) = added else {
            self.insert(&email, alias, groups, status);
            return Ok(self.show(name)?);
        };
        match (is_new, failure.nothing_came_of_it) {
            (true, true) => self.sender.buddy_removed(self.jid, name)?,
            // The contact list of the next login knows.
            (true, false) => self.insert(&email, alias, groups, status),
            (false, _) => self.show(name)?,
        }
        self.report(failure, &format!("{name} is not {}", if is_new { "added" } else { "changed" }))
    }

    fn insert(&mut self, email: &str, alias: String, groups: Vec<String>, status: StatusType) {
        let contact = Contact { email: email.to_owned(), alias, groups, status };
        self.user.contacts.insert(key(email), contact);
    }

    /// Who is not known here may be a contact all the same.
    fn remove_contact(&mut self, daemon: &mut Daemon<'_>, name: &str) -> Result<(), End> {
        let email = self.spelled(name);
        match ask(daemon, |client| client.delete(Name::from(email.as_str()))) {
            Ok(()) => {
                self.user.contacts.remove(&key(name));
                Ok(self.sender.buddy_removed(self.jid, &email)?)
            }
            Err(failure) => self.report(failure, &format!("{name} is not removed")),
        }
    }

    fn show_card(&self, daemon: &mut Daemon<'_>, name: &str, id: i32) -> Result<(), End> {
        let empty = VCard { user_name: self.jid, buddy_name: name, id, ..VCard::default() };
        let email = self.spelled(name);
        let attributes = daemon.ready().and_then(|client| client.info(Name::from(email.as_str())));
        match attributes {
            Ok(attributes) => {
                let nickname = attributes.get("Nick");
                let fullname = attributes.get("Name").or(nickname);
                Ok(self.sender.vcard(&VCard { fullname, nickname, ..empty })?)
            }
            Err(error) => {
                // The main process waits for an answer, whatever it says.
                self.sender.vcard(&empty)?;
                unless_refused(error)
            }
        }
    }

    /// Tells the user what failed.
    fn report(&self, failure: Failure, what: &str) -> Result<(), End> {
        let doubt = if failure.nothing_came_of_it { "" } else { "perhaps " };
        self.notify(GATEWAY, &format!("{doubt}{what}: {}", describe(&failure.error)))?;
        unless_refused(failure.error)
    }
}

/// A command without the answer that was hoped for.
struct Failure {
    error: Error,
    nothing_came_of_it: bool,
}

fn ask<'s>(
    daemon: &mut Daemon<'s>,
    command: impl FnOnce(&mut Client<Timed<&'s TcpStream>>) -> Result<(), Error>,
) -> Result<(), Failure> {
    let client = daemon.ready().map_err(|error| Failure { error, nothing_came_of_it: true })?;
    command(client).map_err(|error| {
        // Of an answer that is lost or makes no sense it is not known what it says.
        let unknown = matches!(error, Error::Stream(_) | Error::Malformed(_) | Error::Limit(_));
        Failure { error, nothing_came_of_it: !unknown }
    })
}

/// Whether the poll goes on behind what was malformed.
fn costs_one_event(error: &Error) -> bool {
    match error {
        Error::Malformed(_) => true,
        Error::Limit(error) => error.keeps_step(),
        _ => false,
    }
}

/// A refusal is the end of a command; any other error is the end of the session.
fn unless_refused(error: Error) -> Result<(), End> {
    match error {
        Error::Refused(_) | Error::Unspeakable(_) | Error::Malformed(_) | Error::Limit(_) => Ok(()),
        error => Err(error.into()),
    }
}
