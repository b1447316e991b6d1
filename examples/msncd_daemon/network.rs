//! The state of the network: accounts, their contacts, and what waits for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::mailbox::{Bounds, Mailbox, Message, Waiting};
use spectrum2::msncd::{Answer, Attributes, Command, Contact, Contacts, Event, Lines, Nick, Socket, User};

/// The code of the event `ERR` that says why `SCLOSE MAIN` follows.
pub const LOGGED_IN_ELSEWHERE: u32 = 1;

/// The longest that an account may be called, by itself and by others, and its longest password, in
/// bytes. With the most contacts, and the most that have an account as theirs, each list stays within
/// what clients take ([`Limits::DEFAULT`](spectrum2::msncd::Limits::DEFAULT)).
pub const LONGEST_EMAIL: usize = 254;
pub const LONGEST_NICK: usize = 128;
pub const LONGEST_PASSWORD: usize = 256;
pub const MOST_CONTACTS: usize = 1000;

/// The most accounts. Nobody makes another one.
pub const MOST_ACCOUNTS: usize = 10_000;

/// What an account may say of itself.
const STATUSES: [&str; 9] = ["online", "away", "busy", "brb", "phone", "lunch", "idle", "hidden", "offline"];

#[derive(Default)]
struct Account {
    password: String,
    nick: String,
    /// Whether people who are not contacts may write, and see the status.
    public: bool,
    /// Whether the account is told when somebody adds or deletes it.
    ask: bool,
    /// Emails, with the nicks that the account gave them.
    contacts: BTreeMap<String, String>,
    /// Those who have this account on their contact list.
    watchers: BTreeSet<String>,
    status: String,
    /// The login that is in force; none when the account is logged off.
    login: Option<u64>,
    mailbox: Mailbox,
}

/// Who is logged in over a connection.
pub struct Session {
    email: String,
    login: u64,
}

/// The whole network.
pub struct Network {
    accounts: HashMap<String, Account>,
    bounds: Bounds,
    logins: u64,
}

type Refused = &'static str;

impl Network {
    pub fn new(bounds: Bounds) -> Self {
        Self { accounts: HashMap::new(), bounds, logins: 0 }
    }

    /// Executes a command, and writes what the daemon says to it. `session` is the connection's.
    pub fn execute(&mut self, session: &mut Option<Session>, command: &Command<'_>, out: &mut String) {
        if let Command::Login { email, password } = *command {
            return answer(out, self.login(session, &same(email), password));
        }
        let Some(Session { email: me, login }) = session else { return answer(out, Err("not logged in")) };
        if self.accounts.get(me).is_none_or(|account| account.login != Some(*login)) {
            return match command {
                Command::Poll => {
                    *session = None;
                    say_goodbye(out);
                }
                _ => answer(out, Err("logged in elsewhere")),
            };
        }
        self.confirm(me);
        match *command {
            Command::Add { nick, email } => answer(out, self.add(me, nick.to_string(), &same(email))),
            Command::Delete { user } => {
                let deleted = self.find(me, user).and_then(|email| self.delete(me, &email));
                answer(out, deleted);
            }
            Command::Nick { nick } => answer(out, self.rename(me, nick.to_string())),
            Command::Privacy { public, ask } => {
                self.change(me, |account| (account.public, account.ask) = (public, ask));
                answer(out, Ok(()));
            }
            Command::Status { status } if STATUSES.contains(&status) => {
                self.change(me, |account| account.status = status.to_owned());
                answer(out, Ok(()));
            }
            Command::Status { .. } => answer(out, Err("no such status")),
            Command::Info { user } => match self.find(me, user) {
                Ok(email) => self.info(me, &email, out),
                Err(refused) => answer(out, Err(refused)),
            },
            Command::SendMessage { user, text } => {
                let sent = self.find(me, user).and_then(|email| self.send(me, &email, text.text()));
                answer(out, sent);
            }
            Command::Typing { user } => {
                let typing = self.find(me, user).and_then(|email| self.typing(me, &email));
                answer(out, typing);
            }
            Command::Poll => self.poll(me, out),
            Command::ContactList => {
                let contacts = self.accounts[me].contacts.iter();
                self.list(me, contacts.map(|(email, nick)| (email, nick.as_str())), out);
            }
            Command::ReverseList => self.list(me, self.accounts[me].watchers.iter().map(|email| (email, "")), out),
            Command::Logoff => {
                self.log_off(session.take());
                answer(out, Ok(()));
            }
            _ => answer(out, Err("not a command of this daemon")),
        }
    }

    /// What an account was told has arrived.
    fn confirm(&mut self, me: &str) {
        let flushed = self.accounts.get_mut(me).map(|account| account.mailbox.confirm());
        for sender in flushed.into_iter().flatten() {
            self.tell(&sender, &Event::Flushed { email: me });
        }
    }

    /// The connection is lost: what it has not confirmed waits for the next.
    pub fn lose(&mut self, session: Option<Session>) {
        if let Some(account) = session.as_ref().and_then(|session| self.logged_in(session)) {
            account.mailbox.take_back();
        }
        self.log_off(session);
    }

    fn log_off(&mut self, session: Option<Session>) {
        let Some(session) = session else { return };
        if let Some(account) = self.logged_in(&session) {
            account.mailbox.forget_moods();
            self.change(&session.email, |account| account.login = None);
        }
    }

    fn logged_in(&mut self, session: &Session) -> Option<&mut Account> {
        self.accounts.get_mut(&session.email).filter(|account| account.login == Some(session.login))
    }

    /// An account is made by its first login. A second login takes the place of the first.
    fn login(&mut self, session: &mut Option<Session>, email: &str, password: &str) -> Result<(), Refused> {
        if session.is_some() {
            return Err("logged in already");
        }
        if !email.contains('@') {
            return Err("an account is an email");
        }
        if email.len() > LONGEST_EMAIL {
            return Err("the email is too long");
        }
        if password.len() > LONGEST_PASSWORD {
            return Err("the password is too long");
        }
        if self.accounts.len() >= MOST_ACCOUNTS && !self.accounts.contains_key(email) {
            return Err("there are too many accounts");
        }
        let account = self.accounts.entry(email.to_owned()).or_insert_with(|| Account {
            password: password.to_owned(),
            nick: own_nick(email),
            public: true,
            ask: true,
            ..Account::default()
        });
        if account.password != password {
            return Err("wrong password");
        }
        account.mailbox.take_back();
        account.mailbox.forget_moods();
        self.logins += 1;
        let login = self.logins;
        self.change(email, |account| (account.login, account.status) = (Some(login), "offline".to_owned()));
        *session = Some(Session { email: email.to_owned(), login });
        Ok(())
    }

    /// The email of a user. A nick is one that `me` gave, or that a contact of `me` goes by.
    fn find(&self, me: &str, user: User<'_>) -> Result<String, Refused> {
        let nick = match user {
            User::Email(email) => return Ok(same(email)),
            User::Nick(nick) => nick.to_string(),
        };
        let mut contacts = self.accounts[me].contacts.keys();
        contacts.find(|email| self.nick(me, email) == nick).cloned().ok_or("no contact has this nick")
    }

    /// What `me` calls somebody.
    fn nick(&self, me: &str, email: &str) -> &str {
        let given = self.accounts[me].contacts.get(email).filter(|nick| !nick.is_empty());
        given.or_else(|| self.accounts.get(email).map(|account| &account.nick)).map_or("", String::as_str)
    }

    /// The status of an account as another one sees it.
    fn status(&self, of: &str, seen_by: &str) -> &str {
        self.accounts.get(of).map_or("offline", |account| account.status(seen_by))
    }

    /// Changes an account, and tells those for whom its status is another now.
    fn change(&mut self, email: &str, change: impl FnOnce(&mut Account)) {
        let Some(account) = self.accounts.get_mut(email) else { return };
        let seen_by = |account: &Account, watcher: &str| account.status(watcher).to_owned();
        let watchers: Vec<_> =
            account.watchers.iter().map(|watcher| (watcher.clone(), seen_by(account, watcher))).collect();
        change(account);
        for (watcher, before) in watchers {
            let now = self.status(email, &watcher).to_owned();
            if now != before {
                self.tell_status(&watcher, email, 0);
            }
        }
    }

    /// To those who are logged off, only what is lost is worth telling.
    fn tell_status(&mut self, to: &str, email: &str, discarded: u32) {
        if let Some(account) = self.accounts.get_mut(to)
            && (account.login.is_some() || discarded > 0)
        {
            account.mailbox.add(Waiting::Status { email: email.to_owned(), discarded });
        }
    }

    fn tell(&mut self, to: &str, told: &Event<'_>) {
        if let Some(account) = self.accounts.get_mut(to) {
            let mut line = String::new();
            event(&mut line, told);
            account.mailbox.add(Waiting::Line(line));
        }
    }

    fn rename(&mut self, me: &str, nick: String) -> Result<(), Refused> {
        let nick = short_nick(nick)?;
        self.accounts.get_mut(me).ok_or("no such account")?.nick = nick;
        Ok(())
    }

    /// Adds a contact, or gives it another nick.
    fn add(&mut self, me: &str, nick: String, email: &str) -> Result<(), Refused> {
        let nick = short_nick(nick)?;
        let watchers = &self.accounts.get(email).ok_or("no such account")?.watchers;
        if !watchers.contains(me) {
            if self.accounts[me].contacts.len() >= MOST_CONTACTS {
                return Err("too many contacts");
            }
            if watchers.len() >= MOST_CONTACTS {
                return Err("too many have this contact");
            }
        }
        // A private account is seen by whom it adds.
        let mut earlier = None;
        self.change(me, |account| earlier = account.contacts.insert(email.to_owned(), nick));
        if earlier.is_some() {
            return Ok(());
        }
        let other = self.accounts.get_mut(email).ok_or("no such account")?;
        other.watchers.insert(me.to_owned());
        if other.ask {
            self.tell(email, &Event::UserAdded { email: me });
        }
        self.tell(me, &Event::ContactAdded { email });
        if self.status(email, me) != "offline" {
            self.tell_status(me, email, 0);
        }
        Ok(())
    }

    fn delete(&mut self, me: &str, email: &str) -> Result<(), Refused> {
        let mut deleted = None;
        self.change(me, |account| deleted = account.contacts.remove(email));
        deleted.ok_or("no such contact")?;
        let other = self.accounts.get_mut(email).ok_or("no such account")?;
        other.watchers.remove(me);
        if other.ask {
            self.tell(email, &Event::UserDeleted { email: me });
        }
        self.tell(me, &Event::ContactDeleted { email });
        Ok(())
    }

    fn send(&mut self, me: &str, to: &str, text: &str) -> Result<(), Refused> {
        let bounds = self.bounds;
        let account = self.accounts.get_mut(to).ok_or("no such account")?;
        if !account.may_meet(me) {
            return Err("this account is private");
        }
        if text.len() > bounds.bytes {
            return Err("the message is too long");
        }
        let message = Message { from: me.to_owned(), text: text.to_owned(), stored: account.login.is_none() };
        for discarded in account.mailbox.add_message(message, bounds) {
            self.tell_status(&discarded.from, to, 1);
        }
        Ok(())
    }

    fn typing(&mut self, me: &str, to: &str) -> Result<(), Refused> {
        let account = self.accounts.get_mut(to).ok_or("no such account")?;
        if account.login.is_some() && account.may_meet(me) {
            account.mailbox.add(Waiting::Typing { email: me.to_owned() });
        }
        Ok(())
    }

    fn info(&self, me: &str, email: &str, out: &mut String) {
        let Some(account) = self.accounts.get(email) else { return answer(out, Err("no such account")) };
        let attributes = [("Email", email), ("Nick", account.nick.as_str()), ("Status", account.status(me))];
        // A nick may have a newline; an attribute may not.
        if Answer::Attributes(Attributes::from(&attributes[..])).write(out).is_err() {
            answer(out, Err("this account's nick cannot be told"));
        }
    }

    fn list<'n>(&'n self, me: &str, emails: impl Iterator<Item = (&'n String, &'n str)>, out: &mut String) {
        let contact = |(email, nick): (&'n String, &'n str)| {
            let nick = if nick.is_empty() { self.nick(me, email) } else { nick };
            (self.status(email, me), email.as_str(), nick)
        };
        let contacts: Vec<_> = emails.map(contact).collect();
        let contacts: Vec<_> =
            contacts.iter().map(|(status, email, nick)| Contact { status, email, nick: Nick::new(nick) }).collect();
        if Answer::Contacts(Contacts::from(&contacts[..])).write(out).is_err() {
            answer(out, Err("too many contacts"));
        }
    }

    fn poll(&mut self, me: &str, out: &mut String) {
        let Some(account) = self.accounts.get_mut(me) else { return };
        let events = account.mailbox.take();
        for waiting in &events {
            self.write(me, waiting, out);
        }
        event(out, &Event::End);
        if let Some(account) = self.accounts.get_mut(me) {
            account.mailbox.told(events);
        }
    }

    fn write(&self, me: &str, waiting: &Waiting, out: &mut String) {
        match waiting {
            Waiting::Message(Message { from, text, .. }) => {
                event(out, &Event::Message { email: from, header: Lines::NONE, text: Lines::new(text) });
            }
            Waiting::Status { email, discarded } => {
                let discarded = Some(*discarded).filter(|discarded| *discarded > 0);
                event(out, &Event::StatusChanged { email, status: self.status(email, me), discarded });
            }
            Waiting::Typing { email } => event(out, &Event::Typing { email }),
            Waiting::Line(line) => out.push_str(line),
        }
    }
}

impl Account {
    fn may_meet(&self, other: &str) -> bool {
        self.public || self.contacts.contains_key(other)
    }

    /// The status as another account sees it.
    fn status(&self, seen_by: &str) -> &str {
        let shown = self.login.is_some() && self.status != "hidden" && self.may_meet(seen_by);
        if shown { &self.status } else { "offline" }
    }
}

/// An email is the same in small letters and in capitals.
fn same(email: &str) -> String {
    email.to_ascii_lowercase()
}

/// What an account is called until it says something else.
fn own_nick(email: &str) -> String {
    let name = email.split('@').next().unwrap_or_default();
    name.chars().take(LONGEST_NICK / char::MAX.len_utf8()).collect()
}

fn short_nick(nick: String) -> Result<String, Refused> {
    if nick.len() > LONGEST_NICK { Err("the nick is too long") } else { Ok(nick) }
}

/// What a connection is told whose login was taken over.
fn say_goodbye(out: &mut String) {
    event(out, &Event::Error { code: LOGGED_IN_ELSEWHERE, description: "logged in elsewhere" });
    event(out, &Event::SocketClosed { socket: Socket::Main, discarded: None });
    event(out, &Event::End);
}

/// Writes an event. All words of it came in by commands, so that they can be said.
fn event(out: &mut String, event: &Event<'_>) {
    event.write(out).expect("an event of words");
}

/// Writes an answer. The reasons are this file's own.
fn answer(out: &mut String, result: Result<(), Refused>) {
    let answer = match result {
        Ok(()) => Answer::Ok,
        Err(description) => Answer::Refused { description },
    };
    answer.write(out).expect("a description of one line");
}
