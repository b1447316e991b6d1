//! The state of the network: accounts, their contacts, and what waits for them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use spectrum2::msncd::{Answer, Attributes, Command, Contact, Contacts, Event, Lines, Nick, Socket, User};

/// The code of the event `ERR` that says why `SCLOSE MAIN` follows.
pub const LOGGED_IN_ELSEWHERE: u32 = 1;

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
    waiting: VecDeque<Waiting>,
    /// Messages of the last poll. The next command shows that it arrived; a connection that is lost
    /// before that puts them back.
    unconfirmed: Vec<Message>,
}

#[derive(Clone)]
struct Message {
    from: String,
    text: String,
    /// The account was logged off when it came.
    stored: bool,
}

enum Waiting {
    Message(Message),
    Status {
        email: String,
        status: String,
        discarded: u32,
    },
    /// Any other event, as it goes out.
    Line(String),
}

/// Who is logged in over a connection.
pub struct Session {
    email: String,
    login: u64,
}

/// The whole network.
pub struct Network {
    accounts: HashMap<String, Account>,
    /// The most messages that wait for an account. Beyond them the oldest is discarded.
    queue: usize,
    logins: u64,
}

type Refused = &'static str;

impl Network {
    pub fn new(queue: usize) -> Self {
        Self { accounts: HashMap::new(), queue, logins: 0 }
    }

    /// Executes a command, and writes what the daemon says to it. `session` is the connection's.
    pub fn execute(&mut self, session: &mut Option<Session>, command: &Command<'_>, out: &mut String) {
        if let Command::Login { email, password } = *command {
            return answer(out, self.login(session, email, password));
        }
        let Some(Session { email: me, login }) = session else { return answer(out, Err("not logged in")) };
        let account = self.accounts.get_mut(me).filter(|account| account.login == Some(*login));
        let Some(account) = account else {
            return match command {
                Command::Poll => {
                    *session = None;
                    say_goodbye(out);
                }
                _ => answer(out, Err("logged in elsewhere")),
            };
        };
        account.unconfirmed.clear();
        match *command {
            Command::Add { nick, email } => answer(out, self.add(me, &nick.to_string(), email)),
            Command::Delete { user } => {
                let deleted = self.find(me, user).and_then(|email| self.delete(me, &email));
                answer(out, deleted);
            }
            Command::Nick { nick } => {
                account.nick = nick.to_string();
                answer(out, Ok(()));
            }
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

    /// The connection is lost: what it has not confirmed waits for the next.
    pub fn lose(&mut self, session: Option<Session>) {
        if let Some(account) = session.as_ref().and_then(|session| self.logged_in(session)) {
            account.take_back();
        }
        self.log_off(session);
    }

    fn log_off(&mut self, session: Option<Session>) {
        let Some(session) = session else { return };
        if self.logged_in(&session).is_some() {
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
        let account = self.accounts.entry(email.to_owned()).or_insert_with(|| Account {
            password: password.to_owned(),
            nick: email.split('@').next().unwrap_or_default().to_owned(),
            public: true,
            ask: true,
            ..Account::default()
        });
        if account.password != password {
            return Err("wrong password");
        }
        account.take_back();
        self.logins += 1;
        let login = self.logins;
        self.change(email, |account| (account.login, account.status) = (Some(login), "offline".to_owned()));
        *session = Some(Session { email: email.to_owned(), login });
        Ok(())
    }

    /// The email of a user. A nick is one that `me` gave, or that a contact of `me` goes by.
    fn find(&self, me: &str, user: User<'_>) -> Result<String, Refused> {
        let nick = match user {
            User::Email(email) => return Ok(email.to_owned()),
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
                self.tell_status(&watcher, email, &now, 0);
            }
        }
    }

    /// To those who are logged off, only what is lost is worth telling.
    fn tell_status(&mut self, to: &str, email: &str, status: &str, discarded: u32) {
        let Some(account) = self.accounts.get_mut(to) else { return };
        if account.login.is_none() && discarded == 0 {
            return;
        }
        let mut discarded = discarded;
        account.waiting.retain(|waiting| match waiting {
            Waiting::Status { email: other, discarded: earlier, .. } if *other == email => {
                discarded = discarded.saturating_add(*earlier);
                false
            }
            _ => true,
        });
        account.waiting.push_back(Waiting::Status { email: email.to_owned(), status: status.to_owned(), discarded });
    }

    /// Tells an event. One that waits already is told once, where it came last: what came between may
    /// have said the opposite.
    fn tell(&mut self, to: &str, event: &Event<'_>) {
        let Some(account) = self.accounts.get_mut(to) else { return };
        let mut line = String::new();
        // Emails come from commands, so that they are words.
        let written = event.write(&mut line).is_ok();
        let waits = |waiting: &Waiting| matches!(waiting, Waiting::Line(other) if *other == line);
        if written {
            account.waiting.retain(|waiting| !waits(waiting));
            account.waiting.push_back(Waiting::Line(line));
        }
    }

    /// Adds a contact, or gives it another nick.
    fn add(&mut self, me: &str, nick: &str, email: &str) -> Result<(), Refused> {
        if !self.accounts.contains_key(email) {
            return Err("no such account");
        }
        // A private account is seen by whom it adds.
        let mut earlier = None;
        let mut is_watched = false;
        self.change(me, |account| {
            earlier = account.contacts.insert(email.to_owned(), nick.to_owned());
            is_watched = account.watchers.contains(email);
        });
        if earlier.is_some() {
            return Ok(());
        }
        let other = self.accounts.get_mut(email).ok_or("no such account")?;
        other.watchers.insert(me.to_owned());
        if other.ask {
            self.tell(email, &Event::UserAdded { email: me });
        }
        self.tell(me, &Event::ContactAdded { email });
        let status = self.status(email, me).to_owned();
        if status != "offline" {
            self.tell_status(me, email, &status, 0);
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
        let queue = self.queue;
        let account = self.accounts.get_mut(to).ok_or("no such account")?;
        if !account.may_meet(me) {
            return Err("this account is private");
        }
        let stored = account.login.is_none();
        account.waiting.push_back(Waiting::Message(Message { from: me.to_owned(), text: text.to_owned(), stored }));
        if let Some(discarded) = account.discard_beyond(queue) {
            let status = self.status(to, &discarded.from).to_owned();
            self.tell_status(&discarded.from, to, &status, 1);
        }
        Ok(())
    }

    fn typing(&mut self, me: &str, to: &str) -> Result<(), Refused> {
        let account = self.accounts.get(to).ok_or("no such account")?;
        if account.login.is_some() && account.may_meet(me) {
            self.tell(to, &Event::Typing { email: me });
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
        let mut flushed = BTreeSet::new();
        for waiting in std::mem::take(&mut account.waiting) {
            waiting.write(out);
            if let Waiting::Message(message) = waiting {
                flushed.extend(message.stored.then(|| message.from.clone()));
                account.unconfirmed.push(message);
            }
        }
        event(out, &Event::End);
        for sender in flushed {
            self.tell(&sender, &Event::Flushed { email: me });
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

    fn take_back(&mut self) {
        for message in self.unconfirmed.drain(..).rev() {
            self.waiting.push_front(Waiting::Message(message));
        }
    }

    /// Takes out the oldest message when there are more than `limit`.
    fn discard_beyond(&mut self, limit: usize) -> Option<Message> {
        let is_message = |waiting: &Waiting| matches!(waiting, Waiting::Message(_));
        // Counting is for those who have let that much gather.
        if self.waiting.len() <= limit || self.waiting.iter().filter(|waiting| is_message(waiting)).count() <= limit {
            return None;
        }
        let oldest = self.waiting.iter().position(is_message)?;
        match self.waiting.remove(oldest) {
            Some(Waiting::Message(message)) => Some(message),
            _ => None,
        }
    }
}

impl Waiting {
    fn write(&self, out: &mut String) {
        match self {
            Self::Message(Message { from, text, .. }) => {
                event(out, &Event::Message { email: from, header: Lines::NONE, text: Lines::new(text) });
            }
            Self::Status { email, status, discarded } => {
                let discarded = Some(*discarded).filter(|discarded| *discarded > 0);
                event(out, &Event::StatusChanged { email, status, discarded });
            }
            Self::Line(line) => out.push_str(line),
        }
    }
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
