//! One user: a thread with a connection of its own to the daemon.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use spectrum2::msncd::{Client, Error, Event, Lines, Socket, User as Name};
use spectrum2::{Buddy, ConnectionError, ConversationMessage, List, Sender, StatusType, VCard};

use super::{Settings, from_daemon, to_daemon};

/// The code of the daemon's event `ERR` that says that a later login took the place of ours.
const LOGGED_IN_ELSEWHERE: u32 = 1;

/// The longest pause between two attempts to connect.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// Whom messages are from that no contact sent.
const GATEWAY: &str = "msncd";

/// What the main process asks of a session.
pub enum Request {
    Message { to: String, text: String, id: Option<String> },
    Status(StatusType),
    Contact { name: String, alias: String, groups: Vec<String> },
    Remove { name: String },
    Typing { to: String },
    Card { name: String, id: i32 },
}

/// What is known of a user from one session to the next.
#[derive(Default)]
pub struct User {
    contacts: HashMap<String, Contact>,
    /// How many sessions in a row did not come to anything.
    failures: u32,
    /// What the user said last: after a lost connection the main process logs in again without it.
    status: Option<StatusType>,
}

#[derive(Clone)]
struct Contact {
    alias: String,
    groups: Vec<String>,
    status: StatusType,
}

/// Why a session ends.
enum End {
    /// The user logged out, or the backend ends.
    LoggedOut,
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
        Self::Lost(ConnectionError::NETWORK_ERROR, error.to_string())
    }
}

/// Tells the user that a message was not delivered, in the name of whom it was for.
pub fn return_message(sender: &Sender, user: &str, to: &str, text: &str, why: &str) -> io::Result<()> {
    let text = format!("Not delivered, {why}: {text}");
    notify(sender, user, to, &text)
}

fn notify(sender: &Sender, user: &str, from: &str, text: &str) -> io::Result<()> {
    sender.message(&ConversationMessage {
        user_name: user,
        buddy_name: from,
        message: text,
        ..ConversationMessage::default()
    })
}

/// The main process's side of a session.
struct Side {
    settings: Arc<Settings>,
    sender: Sender,
    jid: String,
    user: User,
    typing: HashMap<String, Instant>,
    /// What the daemon said of the end of its connection, until the poll is at its end.
    closed: Option<End>,
    logged_in_elsewhere: bool,
}

/// The requests, in the order in which they came.
struct Inbox {
    requests: Receiver<Request>,
    /// Those that came before the session could deal with them.
    early: VecDeque<Request>,
}

/// A session, before it is connected.
pub struct Session {
    side: Side,
    inbox: Inbox,
}

impl Session {
    pub fn new(settings: Arc<Settings>, sender: Sender, jid: String, requests: Receiver<Request>, user: User) -> Self {
        let side =
            Side { settings, sender, jid, user, typing: HashMap::new(), closed: None, logged_in_elsewhere: false };
        Self { side, inbox: Inbox { requests, early: VecDeque::new() } }
    }

    /// Logs in, and works until the session ends.
    pub fn run(mut self, account: &str, password: &str) -> User {
        let end = match self.connect(account, password) {
            Ok(client) => self.work(client),
            Err(end) => end,
        };
        // Without a main process there is nobody to tell.
        let _ = self.end(end);
        self.side.user
    }

    fn connect(&mut self, account: &str, password: &str) -> Result<Client<TcpStream>, End> {
        // The main process asks again at once after a failure. The daemon gets some rest.
        let delay = self.side.delay();
        if !delay.is_zero() && !self.inbox.wait(delay) {
            return Err(End::LoggedOut);
        }
        self.side.user.failures += 1;
        let stream = connect(&self.side.settings).map_err(Error::Stream)?;
        let mut client = Client::new(stream);
        client.login(account, password).map_err(|error| match error {
            Error::Refused(description) => End::Lost(ConnectionError::AUTHENTICATION_FAILED, description),
            Error::Unspeakable(error) => End::Lost(ConnectionError::INVALID_USERNAME, error.to_string()),
            error => error.into(),
        })?;
        if let Some(status) = self.side.user.status {
            self.side.set_status(&mut client, status)?;
        }
        self.side.show_contacts(&mut client)?;
        self.side.sender.connected(&self.side.jid)?;
        self.side.sender.flush()?;
        Ok(client)
    }

    /// Deals with requests, and polls in between.
    fn work(&mut self, mut client: Client<TcpStream>) -> End {
        let mut next_poll = Instant::now();
        loop {
            let now = Instant::now();
            let done = if now >= next_poll {
                let polled = self.side.poll(&mut client);
                // Counted from the end, so that a slow daemon leaves time for requests.
                next_poll = Instant::now() + self.side.settings.poll_interval;
                polled
            } else {
                match self.inbox.next(Some(next_poll - now)) {
                    Ok(request) => self.side.handle(&mut client, request),
                    Err(RecvTimeoutError::Timeout) => Ok(()),
                    Err(RecvTimeoutError::Disconnected) => {
                        // The end of the connection says the same.
                        let _ = client.logoff();
                        return End::LoggedOut;
                    }
                }
            };
            if let Err(end) = done.and_then(|()| Ok(self.side.sender.flush()?)) {
                return end;
            }
        }
    }

    /// Tells the user why it is over, unless the user knows. Then returns all messages until the user
    /// logs out: none may fall between this session and the next.
    fn end(&mut self, end: End) -> io::Result<()> {
        let is_over = !self.return_messages(Some(Duration::ZERO), "the connection is lost")?;
        if let (End::Lost(error, text), false) = (end, is_over) {
            self.side.sender.disconnected(&self.side.jid, error, &text)?;
            self.side.sender.flush()?;
            self.return_messages(None, "you are not logged in")?;
        }
        Ok(())
    }

    /// Returns messages until none has come for so long. False: the user logged out.
    fn return_messages(&mut self, timeout: Option<Duration>, why: &str) -> io::Result<bool> {
        let sender = &self.side.sender;
        loop {
            match self.inbox.next(timeout) {
                Ok(Request::Message { to, text, .. }) => {
                    return_message(sender, &self.side.jid, &to, &text, why)?;
                    sender.flush()?;
                }
                Ok(_) => {}
                Err(error) => return Ok(error == RecvTimeoutError::Timeout),
            }
        }
    }
}

fn connect(settings: &Settings) -> io::Result<TcpStream> {
    let mut result = Err(ErrorKind::NotFound.into());
    for address in (settings.host.as_str(), settings.port).to_socket_addrs()? {
        result = TcpStream::connect_timeout(&address, settings.timeout);
        if result.is_ok() {
            break;
        }
    }
    let stream = result?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(settings.timeout))?;
    stream.set_write_timeout(Some(settings.timeout))?;
    Ok(stream)
}

impl Inbox {
    /// The next request, for which it may wait for ever. `Disconnected` comes after the last one:
    /// the user logged out.
    fn next(&mut self, timeout: Option<Duration>) -> Result<Request, RecvTimeoutError> {
        match (self.early.pop_front(), timeout) {
            (Some(request), _) => Ok(request),
            (None, Some(timeout)) => self.requests.recv_timeout(timeout),
            (None, None) => self.requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// Waits, and keeps the requests that come. False: the user logged out.
    fn wait(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        loop {
            match self.requests.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(request) => self.early.push_back(request),
                Err(error) => return error == RecvTimeoutError::Timeout,
            }
        }
    }
}

impl Side {
    /// The pause before the next attempt to connect: none after a session that worked.
    fn delay(&self) -> Duration {
        let Some(doublings) = self.user.failures.checked_sub(1) else { return Duration::ZERO };
        self.settings.reconnect_delay.saturating_mul(1 << doublings.min(16)).min(LONGEST_DELAY)
    }

    /// Shows the contact list. Contacts that the daemon had at the last login and has not now are
    /// gone.
    fn show_contacts(&mut self, client: &mut Client<TcpStream>) -> Result<(), End> {
        let mut earlier = std::mem::take(&mut self.user.contacts);
        for contact in client.contacts()?.iter() {
            let groups = match earlier.remove(contact.email) {
                Some(earlier) => earlier.groups,
                None => vec![self.settings.group.clone()],
            };
            let status = from_daemon(contact.status);
            let alias = contact.nick.to_string();
            self.user.contacts.insert(contact.email.to_owned(), Contact { alias, groups, status });
        }
        for name in self.user.contacts.keys() {
            self.show(name)?;
        }
        for name in earlier.keys() {
            self.sender.buddy_removed(&self.jid, name)?;
        }
        Ok(())
    }

    /// Shows a contact as it is known, if it is.
    fn show(&self, name: &str) -> io::Result<()> {
        let Some(contact) = self.user.contacts.get(name) else { return Ok(()) };
        let groups: Vec<_> = contact.groups.iter().map(String::as_str).collect();
        self.sender.buddy_changed(&Buddy {
            user_name: &self.jid,
            buddy_name: name,
            alias: Some(&contact.alias),
            group: List::from(&groups),
            status: Some(contact.status),
            ..Buddy::default()
        })
    }

    fn notify(&self, from: &str, text: &str) -> io::Result<()> {
        notify(&self.sender, &self.jid, from, text)
    }

    /// Fetches all events.
    fn poll(&mut self, client: &mut Client<TcpStream>) -> Result<(), End> {
        loop {
            match client.poll() {
                Ok(Some(event)) => self.tell(&event)?,
                Ok(None) => break,
                Err(error) if costs_one_event(&error) => {
                    self.notify(GATEWAY, &format!("Something was lost: {error}"))?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.user.failures = 0;
        self.end_typing()?;
        self.closed.take().map_or(Ok(()), Err)
    }

    /// Tells the user of an event.
    fn tell(&mut self, event: &Event<'_>) -> io::Result<()> {
        match *event {
            Event::Message { email, text, .. } => {
                self.typing.remove(email);
                self.notify(email, text.text())
            }
            Event::StatusChanged { email, status, discarded } => {
                if let Some(contact) = self.user.contacts.get_mut(email) {
                    contact.status = from_daemon(status);
                    self.show(email)?;
                }
                self.tell_discarded(email, discarded.unwrap_or_default())
            }
            Event::UserAdded { email } if !self.user.contacts.contains_key(email) => {
                self.sender.auth_request(&self.jid, email)
            }
            Event::ContactAdded { email } if !self.user.contacts.contains_key(email) => {
                let groups = vec![self.settings.group.clone()];
                let contact = Contact { alias: email.to_owned(), groups, status: StatusType::None };
                self.user.contacts.insert(email.to_owned(), contact);
                self.show(email)
            }
            Event::ContactDeleted { email } => match self.user.contacts.remove(email) {
                Some(_) => self.sender.buddy_removed(&self.jid, email),
                None => Ok(()),
            },
            Event::Typing { email } => {
                self.typing.insert(email.to_owned(), Instant::now());
                self.sender.buddy_typing(&self.jid, email)
            }
            Event::SocketClosed { socket: Socket::Main, discarded } => {
                if let Some((email, count)) = discarded {
                    self.tell_discarded(email, count)?;
                }
                self.closed = Some(if self.logged_in_elsewhere {
                    End::Lost(ConnectionError::NAME_IN_USE, "this account was logged in elsewhere".to_owned())
                } else {
                    End::Lost(ConnectionError::NETWORK_ERROR, "the network closed the connection".to_owned())
                });
                Ok(())
            }
            Event::SocketClosed { socket: Socket::User, discarded: Some((email, count)) } => {
                self.tell_discarded(email, count)
            }
            Event::Error { code: LOGGED_IN_ELSEWHERE, .. } => {
                self.logged_in_elsewhere = true;
                Ok(())
            }
            Event::Error { code, description } => self.notify(GATEWAY, &format!("Error {code}: {description}")),
            Event::Refused { description } => self.notify(GATEWAY, &format!("Error: {description}")),
            // Spectrum has no word for these: who deleted us, that stored messages arrived, a
            // conversation that ended well, what we know already, and what we do not know at all.
            _ => Ok(()),
        }
    }

    fn set_status(&mut self, client: &mut Client<TcpStream>, status: StatusType) -> Result<(), End> {
        self.report(client.status(to_daemon(status)), "Your status is not changed")
    }

    fn tell_discarded(&self, email: &str, count: u32) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        self.notify(email, &format!("Not delivered: {count} of your earlier messages"))
    }

    /// The daemon says when typing starts, not when it ends.
    fn end_typing(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let (sender, jid, typing_lasts) = (&self.sender, &self.jid, self.settings.typing_lasts);
        let mut told = Ok(());
        self.typing.retain(|email, since| {
            let lasts = now.duration_since(*since) < typing_lasts;
            if !lasts && told.is_ok() {
                told = sender.buddy_typed(jid, email);
            }
            lasts
        });
        told
    }

    fn handle(&mut self, client: &mut Client<TcpStream>, request: Request) -> Result<(), End> {
        match request {
            Request::Message { to, text, id } => {
                let sent = client.send_message(Name::from(to.as_str()), Lines::new(&text));
                match sent {
                    Ok(()) => {
                        id.map_or(Ok(()), |id| self.sender.message_ack(&self.jid, &to, &id))?;
                        Ok(())
                    }
                    Err(error) => {
                        let why = match &error {
                            // The daemon may have it, and its answer be lost.
                            Error::Stream(_) => "or perhaps it is, the connection is lost".to_owned(),
                            error => error.to_string(),
                        };
                        return_message(&self.sender, &self.jid, &to, &text, &why)?;
                        unless_refused(error)
                    }
                }
            }
            Request::Status(status) => {
                self.user.status = Some(status);
                self.set_status(client, status)
            }
            // The list's own events may come late enough to contradict the next change, so they are
            // fetched at once.
            Request::Contact { name, alias, groups } => {
                self.change_contact(client, &name, alias, groups)?;
                self.poll(client)
            }
            Request::Remove { name } => {
                self.remove_contact(client, &name)?;
                self.poll(client)
            }
            Request::Typing { to } => client.typing(Name::from(to.as_str())).or_else(unless_refused),
            Request::Card { name, id } => self.show_card(client, &name, id),
        }
    }

    fn change_contact(
        &mut self,
        client: &mut Client<TcpStream>,
        name: &str,
        alias: String,
        groups: Vec<String>,
    ) -> Result<(), End> {
        let earlier = self.user.contacts.get(name);
        let status = earlier.map_or(StatusType::None, |contact| contact.status);
        // Groups are known here alone; a nick, to the daemon.
        if earlier.is_none_or(|contact| contact.alias != alias)
            && let Err(error) = client.add(&alias, name)
        {
            match earlier {
                Some(_) => self.show(name)?,
                None => self.sender.buddy_removed(&self.jid, name)?,
            }
            return self.report(Err(error), &format!("{name} is not added"));
        }
        self.user.contacts.insert(name.to_owned(), Contact { alias, groups, status });
        Ok(self.show(name)?)
    }

    fn remove_contact(&mut self, client: &mut Client<TcpStream>, name: &str) -> Result<(), End> {
        // A no to who asked needs no command.
        if !self.user.contacts.contains_key(name) {
            return Ok(());
        }
        match client.delete(Name::from(name)) {
            Ok(()) => {
                self.user.contacts.remove(name);
                Ok(self.sender.buddy_removed(&self.jid, name)?)
            }
            refused => self.report(refused, &format!("{name} is not removed")),
        }
    }

    /// The main process waits for an answer, whatever it says.
    fn show_card(&self, client: &mut Client<TcpStream>, name: &str, id: i32) -> Result<(), End> {
        let empty = VCard { user_name: &self.jid, buddy_name: name, id, ..VCard::default() };
        match client.info(Name::from(name)) {
            Ok(attributes) => {
                let nickname = attributes.get("Nick");
                let fullname = attributes.get("Name").or(nickname);
                Ok(self.sender.vcard(&VCard { fullname, nickname, ..empty })?)
            }
            Err(error) => {
                self.sender.vcard(&empty)?;
                unless_refused(error)
            }
        }
    }

    /// Tells the user what the daemon refused.
    fn report(&self, result: Result<(), Error>, what: &str) -> Result<(), End> {
        let Err(error) = result else { return Ok(()) };
        self.notify(GATEWAY, &format!("{what}: {error}"))?;
        unless_refused(error)
    }
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
