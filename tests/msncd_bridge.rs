//! Users of a Spectrum chat through the msncd backend and daemon; the stand-in main process drives
//! them over loopback.
#![cfg(feature = "host")]

#[path = "../examples/msncd_backend/bridge.rs"]
mod bridge;
#[path = "../examples/msncd_daemon/server.rs"]
mod server;

use std::collections::{BTreeSet, VecDeque};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bridge::{Bridge, MOST_BYTES, MOST_REQUESTS, Settings};
use server::{Bounds, Daemon, Network};
use spectrum2::host::{Connection, Host};
use spectrum2::msncd::{Client, Event, Form, Lines, Reader};
use spectrum2::{Buddy, Config, ConversationMessage, Error, List, Login, Logout, Payload, Status, StatusType, VCard};

/// Longer than anything takes, but for a failure.
const PATIENCE: Duration = Duration::from_secs(60);

const ALICE: &str = "alice@net";
const BOB: &str = "bob@net";

/// The main process with the backend that it started.
struct Gateway {
    connection: Connection,
    backend: JoinHandle<(Bridge, Result<(), Error>)>,
    /// What the backend said and no test asked for yet.
    said: VecDeque<String>,
}

/// What the backend says, as a test reads it. The JID of `alice@net` is `alice@xmpp`; it is short for
/// the user here.
fn describe(payload: &Payload<'_>) -> Option<String> {
    let user = |jid: &str| jid.strip_suffix("@xmpp").unwrap_or(jid).to_owned();
    Some(match payload {
        Payload::Connected(connected) => format!("{} connected", user(connected.user)),
        Payload::Disconnected(end) => {
            format!("{} disconnected {}: {}", user(end.user), end.error.0, end.message.unwrap_or_default())
        }
        Payload::BuddyChanged(buddy) => {
            let groups: Vec<_> = buddy.group.iter().collect();
            let (alias, status) = (buddy.alias.unwrap_or_default(), buddy.status.unwrap_or_default());
            format!("{} sees {} '{alias}' in {} {status:?}", user(buddy.user_name), buddy.buddy_name, groups.join(","))
        }
        Payload::BuddyRemoved(buddy) => format!("{} loses {}", user(buddy.user_name), buddy.buddy_name),
        Payload::BuddyTyping(buddy) => format!("{} sees {} typing", user(buddy.user_name), buddy.buddy_name),
        Payload::BuddyTyped(buddy) => format!("{} sees {} pausing", user(buddy.user_name), buddy.buddy_name),
        Payload::AuthRequest(buddy) => format!("{} asked by {}", user(buddy.user_name), buddy.buddy_name),
        Payload::ConvMessage(message) => {
            format!("{} from {}: {}", user(message.user_name), message.buddy_name, message.message)
        }
        Payload::VCard(card) => {
            let (fullname, nickname) = (card.fullname.unwrap_or_default(), card.nickname.unwrap_or_default());
            format!("{} card {} of {}: {fullname}, {nickname}", user(card.user_name), card.id, card.buddy_name)
        }
        Payload::Pong | Payload::Stats(_) | Payload::BackendConfig(_) => return None,
        other => panic!("{other:?}"),
    })
}

fn settings(port: u16, more: &str) -> Settings {
    let config: Config =
        format!("[msncd]\nport = {port}\npoll_interval = 2\nreconnect_delay = 2\n{more}").parse().unwrap();
    Settings::read(&config).unwrap()
}

impl Gateway {
    fn new(port: u16) -> Self {
        Self::with(settings(port, ""))
    }

    fn with(settings: Settings) -> Self {
        let host = Host::listen().unwrap();
        let backend = host.run_in_thread(Bridge::new(settings));
        let connection = host.accept(PATIENCE).unwrap();
        Self { connection, backend, said: VecDeque::new() }
    }

    fn send(&mut self, payload: Payload<'_>) {
        self.connection.send(&payload).unwrap();
    }

    fn login(&mut self, name: &str, password: &str) {
        self.login_without_status(name, password);
        self.status(name, StatusType::Online);
    }

    fn login_without_status(&mut self, name: &str, password: &str) {
        let (user, legacy_name) = (jid(name), format!("{name}@net"));
        self.send(Payload::Login(Login { user: &user, legacy_name: &legacy_name, password, ..Login::default() }));
    }

    fn logout(&mut self, name: &str) {
        self.send(Payload::Logout(Logout { user: &jid(name), legacy_name: &format!("{name}@net") }));
    }

    fn status(&mut self, name: &str, status: StatusType) {
        self.send(Payload::StatusChanged(Status { user_name: &jid(name), status, status_message: Some("") }));
    }

    fn message(&mut self, name: &str, to: &str, text: &str) {
        let user_name = &jid(name);
        let message = ConversationMessage { user_name, buddy_name: to, message: text, ..Default::default() };
        self.send(Payload::ConvMessage(message));
    }

    fn change(&mut self, name: &str, contact: &str, alias: &str, groups: &[&str]) {
        let user_name = &jid(name);
        let (alias, group, status) = (Some(alias), List::from(groups), Some(StatusType::None));
        self.send(Payload::BuddyChanged(Buddy {
            user_name,
            buddy_name: contact,
            alias,
            group,
            status,
            ..Buddy::default()
        }));
    }

    /// Asks for a card: what the user asked before is done when the answer comes.
    fn card(&mut self, name: &str, of: &str, id: i32) {
        self.send(Payload::VCard(VCard { user_name: &jid(name), buddy_name: of, id, ..VCard::default() }));
        self.expect_like(&format!("{name} card {id} of {of}: "), "");
    }

    fn remove(&mut self, name: &str, contact: &str) {
        self.send(Payload::BuddyRemoved(Buddy { user_name: &jid(name), buddy_name: contact, ..Buddy::default() }));
    }

    /// The next thing that the backend says.
    fn next(&mut self) -> String {
        loop {
            let frame = match self.connection.receive(PATIENCE) {
                Ok(frame) => frame,
                Err(error) => panic!("{error}; it said {:#?}", self.said),
            };
            if let Some(line) = describe(&frame.decode().unwrap()) {
                return line;
            }
        }
    }

    /// Waits until the backend says this, and takes it off what it said.
    fn expect(&mut self, line: &str) {
        self.take(|said| said == line);
    }

    /// As [`expect`](Self::expect), for what starts and ends like this.
    fn expect_like(&mut self, start: &str, end: &str) {
        self.take(|said| said.starts_with(start) && said.ends_with(end));
    }

    fn take(&mut self, fits: impl Fn(&str) -> bool) {
        if let Some(position) = self.said.iter().position(|said| fits(said)) {
            self.said.remove(position);
            return;
        }
        loop {
            let said = self.next();
            if fits(&said) {
                return;
            }
            self.said.push_back(said);
        }
    }

    /// Nothing else was said: whatever belongs to what happened has come with it or before it.
    fn expect_no_more(&self) {
        assert!(self.said.is_empty(), "{:#?}", self.said);
    }

    fn exit(mut self) {
        self.send(Payload::Exit);
        self.backend.join().unwrap().1.unwrap();
    }
}

fn jid(name: &str) -> String {
    format!("{name}@xmpp")
}

fn network(messages: usize) -> Network {
    Network::new(Bounds { messages, bytes: 1 << 20 })
}

fn daemon() -> Daemon {
    Daemon::start(0, network(3)).unwrap()
}

/// Alice and Bob, who have each other on their lists.
fn friends(daemon: &Daemon) -> Gateway {
    let mut gateway = Gateway::new(daemon.address().port());
    for name in ["alice", "bob"] {
        gateway.login(name, "secret");
        gateway.expect(&format!("{name} connected"));
    }
    gateway.change("alice", BOB, "Bob", &["Friends"]);
    gateway.expect("alice sees bob@net 'Bob' in Friends None");
    gateway.expect("bob asked by alice@net");
    gateway.change("bob", ALICE, "Alice", &["Work", "Chess"]);
    gateway.expect("bob sees alice@net 'Alice' in Work,Chess None");
    gateway.expect("bob sees alice@net 'Alice' in Work,Chess Online");
    gateway.expect("alice sees bob@net 'Bob' in Friends Online");
    gateway.expect_no_more();
    gateway
}

#[test]
fn two_users_chat() {
    let daemon = daemon();
    let mut gateway = friends(&daemon);

    gateway.message("alice", BOB, "Příliš žluťoučký kůň\n\n  úpěl 😀\nPOLLEND\n");
    gateway.expect("bob from alice@net: Příliš žluťoučký kůň\n\n  úpěl 😀\nPOLLEND\n");
    gateway.message("bob", ALICE, "");
    gateway.expect("alice from bob@net: ");
    gateway.message("alice", "nobody@net", "hello");
    gateway.expect("alice from nobody@net: Not delivered, the daemon refused: no such account: hello");
    gateway.message("alice", "not on my list", "hello");
    gateway.expect("alice from not on my list: Not delivered, the daemon refused: no contact has this nick: hello");

    let (user_name, buddy_name) = ("alice@xmpp", BOB);
    gateway.send(Payload::BuddyTyping(Buddy { user_name, buddy_name, ..Buddy::default() }));
    gateway.expect("bob sees alice@net typing");

    gateway.send(Payload::VCard(VCard { user_name, buddy_name, id: 7, ..VCard::default() }));
    gateway.expect("alice card 7 of bob@net: bob, bob");
    gateway.send(Payload::VCard(VCard { user_name, buddy_name: "nobody@net", id: 8, ..VCard::default() }));
    gateway.expect("alice card 8 of nobody@net: , ");
    gateway.expect_no_more();
    gateway.exit();
}

#[test]
fn statuses_are_mapped_both_ways() {
    let daemon = daemon();
    let mut gateway = friends(&daemon);
    for (status, shown) in [
        (StatusType::Away, "Away"),
        (StatusType::FreeForChat, "Online"),
        (StatusType::ExtendedAway, "ExtendedAway"),
        (StatusType::DoNotDisturb, "DoNotDisturb"),
        (StatusType::Invisible, "None"),
        (StatusType::Online, "Online"),
        (StatusType::None, "None"),
    ] {
        gateway.status("bob", status);
        gateway.expect(&format!("alice sees bob@net 'Bob' in Friends {shown}"));
    }
    let mut cyril = Client::new(TcpStream::connect(daemon.address()).unwrap());
    cyril.login("cyril@net", "secret").unwrap();
    gateway.change("alice", "cyril@net", "Cyril", &["Friends"]);
    gateway.expect("alice sees cyril@net 'Cyril' in Friends None");
    for (status, shown) in [("brb", "Away"), ("lunch", "ExtendedAway"), ("phone", "DoNotDisturb")] {
        cyril.status(status).unwrap();
        gateway.expect(&format!("alice sees cyril@net 'Cyril' in Friends {shown}"));
    }
    drop(cyril);
    gateway.expect("alice sees cyril@net 'Cyril' in Friends None");
    gateway.expect_no_more();
    gateway.exit();
}

#[test]
fn contacts_are_added_renamed_and_removed() {
    let daemon = daemon();
    let mut gateway = friends(&daemon);
    gateway.change("alice", BOB, "Bobík & co.", &["Friends"]);
    gateway.expect("alice sees bob@net 'Bobík & co.' in Friends Online");
    gateway.change("alice", BOB, "Bobík & co.", &["Family"]);
    gateway.expect("alice sees bob@net 'Bobík & co.' in Family Online");
    gateway.change("alice", "nobody@net", "Nobody", &["Friends"]);
    gateway.expect("alice loses nobody@net");
    gateway.expect("alice from msncd: nobody@net is not added: the daemon refused: no such account");

    // By its nick in the daemon's protocol.
    gateway.message("alice", "Bobík & co.", "by nick");
    gateway.expect("bob from alice@net: by nick");

    gateway.remove("alice", BOB);
    gateway.expect("alice loses bob@net");
    gateway.remove("alice", BOB);
    gateway.expect("alice from msncd: bob@net is not removed: the daemon refused: no such contact");
    gateway.message("alice", BOB, "Bob, are you there?");
    gateway.expect("bob from alice@net: Bob, are you there?");

    // Nobody asks whose contact the other is already.
    gateway.change("alice", BOB, "Bob", &["Friends"]);
    gateway.expect("alice sees bob@net 'Bob' in Friends None");
    gateway.expect("alice sees bob@net 'Bob' in Friends Online");
    gateway.expect_no_more();

    // The main process keeps a no to a request for itself.
    gateway.login("cyril", "secret");
    gateway.expect("cyril connected");
    gateway.change("cyril", BOB, "", &[]);
    gateway.expect("cyril sees bob@net 'bob@net' in  None");
    gateway.expect("cyril sees bob@net 'bob@net' in  Online");
    gateway.expect("bob asked by cyril@net");
    gateway.expect_no_more();
    gateway.exit();
}

#[test]
fn the_roster_comes_before_connected_and_stored_messages_after_it() {
    let daemon = daemon();
    let mut gateway = friends(&daemon);
    gateway.logout("bob");
    gateway.expect("alice sees bob@net 'Bob' in Friends None");
    for number in 1..=4 {
        gateway.message("alice", BOB, &format!("message {number}"));
    }
    gateway.expect("alice sees bob@net 'Bob' in Friends None");
    gateway.expect("alice from bob@net: Not delivered: 1 of your earlier messages");
    gateway.expect_no_more();

    gateway.login("bob", "secret");
    gateway.expect("alice sees bob@net 'Bob' in Friends Online");
    gateway.expect("bob from alice@net: message 4");
    let bob = [
        "bob sees alice@net 'Alice' in Work,Chess Online",
        "bob connected",
        "bob from alice@net: message 2",
        "bob from alice@net: message 3",
    ];
    assert!(gateway.said.iter().eq(bob), "{:#?}", gateway.said);
    gateway.exit();
}

#[test]
fn a_wrong_password_is_told() {
    let daemon = daemon();
    let mut gateway = friends(&daemon);
    gateway.logout("bob");
    gateway.login("bob", "guessed");
    gateway.expect("bob disconnected 2: wrong password");
    gateway.message("bob", ALICE, "hello?");
    gateway.expect("bob from alice@net: Not delivered, you are not logged in: hello?");
    gateway.logout("bob");
    gateway.login("bob", "secret");
    gateway.expect("bob connected");
    gateway.login("spaced out", "secret");
    gateway.expect("spaced out disconnected 1: email cannot be said in this protocol");
    gateway.exit();
}

#[test]
fn a_login_elsewhere_ends_the_session_for_good() {
    let daemon = daemon();
    let mut gateway = friends(&daemon);
    let mut elsewhere = Client::new(TcpStream::connect(daemon.address()).unwrap());
    elsewhere.login(BOB, "secret").unwrap();
    gateway.expect("bob disconnected 6: logged in elsewhere");
    elsewhere.logoff().unwrap();
    gateway.logout("bob");
    gateway.login("bob", "secret");
    gateway.expect("bob connected");
    gateway.exit();
}

#[test]
fn a_second_login_of_a_user_replaces_the_first() {
    let daemon = daemon();
    let mut gateway = friends(&daemon);
    for _ in 0..20 {
        gateway.login("bob", "secret");
        gateway.expect("bob connected");
    }
    gateway.message("alice", BOB, "which of you?");
    gateway.expect("bob from alice@net: which of you?");
    assert!(gateway.said.iter().all(|said| !said.contains("disconnected")), "{:#?}", gateway.said);
    gateway.exit();
}

#[test]
fn a_daemon_that_is_killed_and_comes_back() {
    let daemon = daemon();
    let port = daemon.address().port();
    let mut gateway = friends(&daemon);
    // Stored for Cyril, and gone with the daemon.
    let mut cyril = Client::new(TcpStream::connect(daemon.address()).unwrap());
    cyril.login("cyril@net", "secret").unwrap();
    cyril.logoff().unwrap();
    gateway.message("alice", "cyril@net", "Until later.");
    gateway.message("alice", BOB, "Are you there?");
    gateway.expect("bob from alice@net: Are you there?");
    // Answered after the daemon's OK to the messages is read, without which they may not be delivered.
    gateway.card("alice", BOB, 1);
    daemon.stop();
    gateway.expect(
        "alice from msncd: Whether your latest messages arrived is not known; they were to: bob@net, cyril@net",
    );
    for name in ["alice", "bob"] {
        gateway.expect_like(&format!("{name} disconnected 0: the connection to the daemon"), "");
    }
    // Each may have seen the other go.
    gateway.said.retain(|said| !said.ends_with("None"));
    gateway.message("alice", BOB, "Are you still there?");
    gateway.expect("alice from bob@net: Not delivered, you are not logged in: Are you still there?");

    // The main process logs in again at once, and again.
    for _ in 0..3 {
        gateway.logout("alice");
        gateway.login("alice", "secret");
        gateway.message("alice", BOB, "And now?");
        gateway.expect_like("alice from bob@net: Not delivered, ", ": And now?");
        gateway.expect_like("alice disconnected 0: the connection to the daemon failed: ", "");
    }
    gateway.expect_no_more();

    // The network forgot everything, which is shown too.
    let daemon = Daemon::start(port, network(10)).unwrap();
    for (name, friend) in [("bob", ALICE), ("alice", BOB)] {
        gateway.logout(name);
        gateway.login(name, "secret");
        gateway.expect(&format!("{name} loses {friend}"));
        gateway.expect(&format!("{name} connected"));
    }
    gateway.message("alice", BOB, "There you are.");
    gateway.expect("bob from alice@net: There you are.");
    gateway.expect_no_more();
    gateway.exit();
    daemon.stop();
}

/// The main process logs in again at once, and says no status.
#[test]
fn the_status_is_said_again_after_a_lost_connection() {
    let daemon = daemon();
    let port = daemon.address().port();
    let mut gateway = Gateway::new(port);
    gateway.login("alice", "secret");
    gateway.expect("alice connected");
    gateway.status("alice", StatusType::Away);
    let friend = |address| {
        let mut friend = Client::new(TcpStream::connect(address).unwrap());
        friend.login("dan@net", "secret").unwrap();
        friend.add("Alice", ALICE).unwrap();
        friend
    };
    let shows = |friend: &mut Client<TcpStream>| friend.contacts().unwrap().iter().next().unwrap().status.to_owned();
    let mut dan = friend(daemon.address());
    // Each look is a round trip to the daemon.
    let until = Instant::now() + PATIENCE;
    while shows(&mut dan) != "away" {
        assert!(Instant::now() < until, "Alice is not away");
    }
    daemon.stop();
    gateway.expect_like("alice disconnected 0: the connection to the daemon", "");

    let daemon = Daemon::start(port, network(10)).unwrap();
    gateway.logout("alice");
    gateway.login_without_status("alice", "secret");
    gateway.expect("alice connected");
    assert_eq!(shows(&mut friend(daemon.address())), "away");
    gateway.exit();
    daemon.stop();
}

#[test]
fn all_users_log_off_when_the_main_process_is_gone() {
    let daemon = daemon();
    let gateway = friends(&daemon);
    let mut cyril = Client::new(TcpStream::connect(daemon.address()).unwrap());
    cyril.login("cyril@net", "secret").unwrap();
    for email in [ALICE, BOB] {
        cyril.add("", email).unwrap();
    }
    gateway.connection.close();
    gateway.backend.join().unwrap().1.unwrap();
    // A connection that is closed in place of a LOGOFF is seen a little later.
    let mut online = BTreeSet::from([ALICE.to_owned(), BOB.to_owned()]);
    let until = Instant::now() + PATIENCE;
    while !online.is_empty() {
        assert!(Instant::now() < until, "{online:?} are still there");
        if let Some(Event::StatusChanged { email, status: "offline", .. }) = cyril.poll().unwrap() {
            online.remove(email);
        }
    }
}

/// What a daemon does when it is asked.
enum Reply {
    /// `OK`, a contact list of one, and polls without events.
    Usual,
    Say(&'static str),
    Bytes(&'static [u8]),
    /// Says something, and closes the connection.
    Last(&'static str),
    /// Closes the connection.
    Close,
    /// Sends a byte of an answer now and then, for ever.
    Trickle,
}

/// A daemon that makes a function for each connection, which says how to answer the first line of each
/// command.
fn daemon_that<F: FnMut(&str) -> Reply + Send>(answers: impl Fn() -> F + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        thread::scope(|scope| {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = answers();
                scope.spawn(move || serve(&stream, answer));
            }
        });
    });
    port
}

fn serve(mut stream: &TcpStream, mut answer: impl FnMut(&str) -> Reply) {
    let mut reader = Reader::new(stream);
    while let Ok(Some(unit)) = reader.read_unit(Form::Command) {
        let line = std::str::from_utf8(unit).unwrap().lines().next().unwrap();
        let text = match (answer(line), line) {
            (Reply::Say(text), _) => text.as_bytes(),
            (Reply::Bytes(bytes), _) => bytes,
            (Reply::Last(text), _) => return drop(stream.write_all(text.as_bytes())),
            (Reply::Usual, "POLL") => b"POLLEND\n",
            (Reply::Usual, "GETCL") => b"CL 1\naway bob@net \n",
            (Reply::Usual, _) => b"OK\n",
            (Reply::Close, _) => return,
            (Reply::Trickle, _) => loop {
                if stream.write_all(b"x").is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(1));
            },
        };
        if stream.write_all(text).is_err() {
            return;
        }
    }
}

/// A daemon that tells these polls in turn, then nothing.
fn scripted_daemon(polls: &'static [&'static str]) -> u16 {
    daemon_that(move || {
        let mut polls = polls.iter();
        move |line| match line {
            "POLL" => polls.next().map_or(Reply::Usual, |text| Reply::Say(text)),
            _ => Reply::Usual,
        }
    })
}

#[test]
fn whatever_a_daemon_says_is_told() {
    let port = scripted_daemon(&[
        "MSG 3 1 bob@net\nheader\ntwo\nlines\nSTCH bob@net busy 2\nSTCH eve@net online\nSTCH bob@net dancing\nPOLLEND\n",
        "ADDFL cyril@net\nADDFL cyril@net\nDELFL cyril@net\nDELFL cyril@net\nPOLLEND\n",
        "SCLOSE USER bob@net 3\nSCLOSE USER\nUDEL bob@net\nMFLUSH bob@net\nWEATHER fine\nPOLLEND\n",
        "ERR 500 internal error\nERR quite bad\nSTCH bob@net\nMSG 1 9 bob@net\nlost\nMSG 20000 0 x@y\n",
    ]);
    let mut gateway = Gateway::with(settings(port, "timeout = 2000\ngroup = All"));
    gateway.login("alice", "secret");
    for line in [
        "alice sees bob@net 'bob@net' in All Away",
        "alice connected",
        "alice from bob@net: two\nlines",
        "alice sees bob@net 'bob@net' in All DoNotDisturb",
        "alice from bob@net: Not delivered: 2 of your earlier messages",
        "alice sees bob@net 'bob@net' in All Online",
        "alice sees cyril@net 'cyril@net' in All None",
        "alice loses cyril@net",
        "alice from bob@net: Not delivered: 3 of your earlier messages",
        "alice from msncd: Error 500: internal error",
        "alice from msncd: Error: quite bad",
        "alice from msncd: Something was lost: the daemon sent something malformed: newstatus is missing, at byte 12",
    ] {
        assert_eq!(gateway.next(), line);
    }
    // The lines that were announced never come.
    gateway.expect("alice disconnected 0: the daemon did not answer in time");
    gateway.exit();
}

/// A daemon may say anything, in every poll: neither does a session wait for what does not come, nor is
/// its user told of each event that is lost.
#[test]
fn what_is_malformed_is_told_once_a_poll() {
    let port = scripted_daemon(&[
        "STCH bob@net\nTYPING\nMSG 1 9 bob@net\nlost\nPOLLEND\n",
        "TYPING bob@net\nPOLLEND \n",
        "UADD dan@net\nPOLLEND\n",
    ]);
    let mut gateway = Gateway::with(settings(port, "timeout = 1000000000"));
    gateway.login("alice", "secret");
    for line in [
        "alice sees bob@net 'bob@net' in msncd Away",
        "alice connected",
        "alice from msncd: Something was lost: the daemon sent something malformed: newstatus is missing, at byte 12",
        "alice from msncd: That many more things were lost: 2",
        "alice sees bob@net typing",
        "alice from msncd: Something was lost: the daemon sent something malformed: event is followed by more, at byte 8",
        "alice asked by dan@net",
    ] {
        assert_eq!(gateway.next(), line);
    }
    gateway.exit();
}

#[test]
fn a_poll_may_be_refused_in_any_words() {
    let port = daemon_that(|| {
        |line: &str| match line {
            "POLL" => Reply::Bytes(b"ERR caf\xe9\n"),
            _ => Reply::Usual,
        }
    });
    let mut gateway = Gateway::with(settings(port, "timeout = 1000000000"));
    gateway.login("alice", "secret");
    gateway.expect("alice disconnected 0: the daemon refused: caf\u{fffd}");
    gateway.exit();
}

/// The daemon has said it all, and it is not the daemon that takes long.
#[test]
fn a_main_process_that_does_not_read_costs_no_session() {
    const MESSAGES: usize = 40;
    let timeout = Duration::from_secs(5);
    // More than connections hold.
    let line = "x".repeat(50_000);
    let message = format!("MSG 10 0 bob@net\n{}", format!("{line}\n").repeat(10));
    let poll: &'static str = format!("{}POLLEND\n", message.repeat(MESSAGES)).leak();
    let port = daemon_that(move || {
        let mut polls = [poll].into_iter();
        move |line: &str| match line {
            "POLL" => polls.next().map_or(Reply::Usual, Reply::Say),
            _ => Reply::Usual,
        }
    });
    let mut gateway = Gateway::with(settings(port, &format!("timeout = {}", timeout.as_millis())));
    gateway.login("alice", "secret");
    gateway.expect("alice connected");
    thread::sleep(timeout + timeout / 4);
    for _ in 0..MESSAGES {
        gateway.expect_like("alice from bob@net: x", "x");
    }
    assert_eq!(gateway.said, ["alice sees bob@net 'bob@net' in msncd Away"]);
    gateway.exit();
}

#[test]
fn typing_ends_by_itself_or_with_a_message() {
    let port = scripted_daemon(&[
        "TYPING eve@net\nTYPING bob@net\nMSG 1 0 bob@net\nhello\nPOLLEND\n",
        "POLLEND\n",
        "POLLEND\n",
        "UADD dan@net\nPOLLEND\n",
    ]);
    let mut gateway = Gateway::with(settings(port, "typing_lasts = 1"));
    gateway.login("alice", "secret");
    gateway.expect("alice asked by dan@net");
    let said = gateway.said.iter().filter(|said| said.contains("typing") || said.contains("pausing"));
    let expected = ["alice sees eve@net typing", "alice sees bob@net typing", "alice sees eve@net pausing"];
    assert!(said.eq(expected), "{:#?}", gateway.said);
    gateway.exit();
}

#[test]
fn a_connection_that_the_network_closes_is_a_network_error() {
    let port = scripted_daemon(&["SCLOSE MAIN bob@net 2\nTYPING bob@net\nPOLLEND\n"]);
    let mut gateway = Gateway::new(port);
    gateway.login("alice", "secret");
    gateway.expect("alice connected");
    gateway.expect("alice from bob@net: Not delivered: 2 of your earlier messages");
    gateway.expect("alice sees bob@net typing");
    gateway.expect("alice disconnected 0: the network closed the connection");
    gateway.exit();
}

/// Events come in any order, so that what belongs to a close may stand behind it.
#[test]
fn a_login_elsewhere_is_told_in_any_order() {
    for poll in ["ERR 1 taken over\nSCLOSE MAIN\nPOLLEND\n", "SCLOSE MAIN\nERR 1 taken over\nPOLLEND\n"] {
        let mut gateway =
            Gateway::new(daemon_that(move || move |line| if line == "POLL" { Reply::Say(poll) } else { Reply::Usual }));
        gateway.login("alice", "secret");
        gateway.expect("alice disconnected 6: taken over");
        gateway.exit();
    }
}

#[test]
fn an_error_is_no_login_elsewhere_unless_the_connection_closes() {
    let port = scripted_daemon(&["ERR 1 odd\nPOLLEND\n", "SCLOSE MAIN\nPOLLEND\n"]);
    let mut gateway = Gateway::new(port);
    gateway.login("alice", "secret");
    gateway.expect("alice from msncd: Error 1: odd");
    gateway.expect("alice disconnected 0: the network closed the connection");
    gateway.exit();
}

/// What was said before the connection broke still counts.
#[test]
fn a_daemon_that_says_goodbye_and_goes() {
    let port = daemon_that(|| {
        |line: &str| match line {
            "POLL" => Reply::Last("SCLOSE MAIN\nERR 1 taken over\nPOLLEN"),
            _ => Reply::Usual,
        }
    });
    let mut gateway = Gateway::new(port);
    gateway.login("alice", "secret");
    gateway.expect("alice disconnected 6: taken over");
    gateway.exit();
}

#[test]
fn a_daemon_that_trickles_is_left() {
    let port = daemon_that(|| |line: &str| if line == "POLL" { Reply::Trickle } else { Reply::Usual });
    let mut gateway = Gateway::with(settings(port, "timeout = 5000"));
    gateway.login("alice", "secret");
    gateway.expect("alice connected");
    gateway.message("alice", BOB, "hello?");
    gateway.expect("alice disconnected 0: the daemon did not answer in time");
    gateway.expect_like("alice from bob@net: Not delivered, ", ": hello?");
    gateway.exit();
}

/// However long the daemon may take: neither the user's next login nor the end of the backend waits
/// for it.
#[test]
fn a_daemon_that_hangs_holds_neither_the_next_login_nor_the_end() {
    let (hangs, hanging) = mpsc::channel();
    let port = daemon_that(move || {
        let hangs = hangs.clone();
        move |line: &str| match line {
            "POLL" => {
                // Nobody waits for the last one.
                let _ = hangs.send(());
                Reply::Trickle
            }
            _ => Reply::Usual,
        }
    });
    let mut gateway = Gateway::with(settings(port, "timeout = 1000000000"));
    gateway.login("alice", "secret");
    gateway.expect("alice connected");
    hanging.recv_timeout(PATIENCE).unwrap();
    gateway.message("alice", BOB, "hello?");
    gateway.logout("alice");
    gateway.login("alice", "secret");
    gateway.expect("alice connected");
    gateway.expect("alice from bob@net: Not delivered, you are logged out: hello?");
    assert!(gateway.said.iter().all(|said| !said.contains("disconnected")), "{:#?}", gateway.said);
    gateway.exit();
}

/// A daemon with a message in each poll, which holds its answer to a line until it is told to go on.
/// It tells the lines that it gets.
struct Holding {
    port: u16,
    lines: mpsc::Receiver<String>,
    /// For all lines together, of which polls come without end.
    until: Instant,
    go: mpsc::Sender<()>,
}

impl Holding {
    fn new(held: &'static str) -> Self {
        let ((tell, lines), (go, wait)) = (mpsc::channel(), mpsc::channel());
        let wait = Arc::new(Mutex::new(wait));
        let port = daemon_that(move || {
            let (tell, wait) = (tell.clone(), Arc::clone(&wait));
            move |line: &str| {
                // The test may be over.
                let _ = tell.send(line.to_owned());
                if line == held {
                    let _ = wait.lock().unwrap().recv();
                }
                if line == "POLL" { Reply::Say("MSG 1 0 bob@net\nprecious\nPOLLEND\n") } else { Reply::Usual }
            }
        });
        Self { port, lines, until: Instant::now() + PATIENCE, go }
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(self.until.saturating_duration_since(Instant::now())).unwrap()
    }

    /// Logs Alice out while the answer to this line is awaited.
    fn log_out(&self, gateway: &mut Gateway, held: &str) {
        while self.next() != held {}
        gateway.logout("alice");
        gateway.message("nobody", BOB, "");
        gateway.expect_like("nobody from bob@net: Not delivered, ", "");
        self.go.send(()).unwrap();
    }
}

/// The main process would drop it, and the daemon take it for delivered.
#[test]
fn nothing_is_fetched_for_a_user_who_logged_out() {
    for (held, server) in [
        ("STATUS away", ""),
        ("STATUS away", "[service]\nserver_mode = 1"),
        ("ADD Cyril cyril@net", ""),
        ("DEL bob@net", ""),
    ] {
        let daemon = Holding::new(held);
        let mut gateway = Gateway::with(settings(daemon.port, server));
        gateway.login("alice", "secret");
        gateway.expect("alice connected");
        match held.split(' ').next() {
            Some("STATUS") => gateway.status("alice", StatusType::Away),
            Some("ADD") => gateway.change("alice", "cyril@net", "Cyril", &[]),
            _ => gateway.remove("alice", BOB),
        }
        daemon.log_out(&mut gateway, held);
        assert_eq!(daemon.next(), "LOGOFF", "after {held}");
        gateway.exit();
    }
}

#[test]
fn what_is_told_too_late_stays_with_the_daemon() {
    // No command follows the poll, LOGOFF neither.
    let daemon = Holding::new("POLL");
    let mut gateway = Gateway::new(daemon.port);
    gateway.login_without_status("alice", "secret");
    gateway.expect("alice connected");
    daemon.log_out(&mut gateway, "POLL");
    gateway.login_without_status("alice", "secret");
    assert_eq!(daemon.next(), "LOGIN alice@net secret");

    // What is still to be done is done over another connection.
    gateway.expect("alice connected");
    gateway.message("alice", BOB, "goodbye");
    daemon.log_out(&mut gateway, "POLL");
    for line in ["LOGIN alice@net secret", "SENDMSG 1 bob@net", "LOGOFF"] {
        assert_eq!(daemon.next(), line);
    }
    gateway.exit();
}

/// Then nobody was put out, and all that is told is told to the user. LOGOFF says that it arrived.
#[test]
fn a_login_without_a_logout_has_nothing_told_twice() {
    let daemon = Holding::new("POLL");
    let mut gateway = Gateway::new(daemon.port);
    gateway.login_without_status("alice", "secret");
    while daemon.next() != "POLL" {}
    gateway.login_without_status("alice", "secret");
    gateway.message("nobody", BOB, "");
    gateway.expect_like("nobody from bob@net: Not delivered, ", "");
    // For the poll of the second session too.
    daemon.go.send(()).unwrap();
    daemon.go.send(()).unwrap();
    for line in ["LOGOFF", "LOGIN alice@net secret"] {
        assert_eq!(daemon.next(), line);
    }
    gateway.exit();
}

/// It is not known whether it read what it was told last.
#[test]
fn what_was_told_last_stays_with_the_daemon_when_the_main_process_is_gone() {
    let daemon = daemon();
    let log_in = |name| {
        let mut client = Client::new(TcpStream::connect(daemon.address()).unwrap());
        client.login(name, "secret").unwrap();
        client
    };
    let mut alice = log_in(ALICE);
    alice.logoff().unwrap();
    log_in(BOB).send_message(ALICE, Lines::new("precious")).unwrap();
    let mut gateway = Gateway::with(settings(daemon.address().port(), "poll_interval = 1000000000"));
    gateway.login_without_status("alice", "secret");
    gateway.expect("alice from bob@net: precious");
    gateway.connection.close();
    gateway.backend.join().unwrap().1.unwrap();
    alice.login(ALICE, "secret").unwrap();
    let Some(Event::Message { text, .. }) = alice.poll().unwrap() else { panic!("nothing is there") };
    assert_eq!(text.text(), "precious");
}

#[test]
fn an_answer_too_many_ends_the_session() {
    let port = daemon_that(|| {
        |line: &str| match line {
            "STATUS online" => Reply::Say("OK\nOK\n"),
            _ => Reply::Usual,
        }
    });
    let mut gateway = Gateway::new(port);
    gateway.login("alice", "secret");
    gateway.expect("alice disconnected 0: the daemon answered more than it was asked");
    gateway.exit();
}

/// "Not delivered" is said where that is known.
#[test]
fn what_is_not_known_is_not_claimed() {
    let port = daemon_that(|| {
        |line: &str| match line.split(' ').next_back().unwrap() {
            "refused@net" => Reply::Say("ERR no\n"),
            "odd@net" => Reply::Say("OK then\n"),
            "cut@net" => Reply::Close,
            _ => Reply::Usual,
        }
    });
    let mut gateway = Gateway::new(port);
    gateway.login("alice", "secret");
    gateway.message("alice", BOB, "fine");
    for (to, told) in [
        ("refused@net", "Not delivered, the daemon refused: no: hello"),
        (
            "odd@net",
            "Perhaps not delivered, the daemon sent something malformed: answer is followed by more, at byte 3: hello",
        ),
    ] {
        gateway.message("alice", to, "hello");
        gateway.expect(&format!("alice from {to}: {told}"));
    }
    gateway.change("alice", "refused@net", "", &[]);
    gateway.expect("alice loses refused@net");
    gateway.expect("alice from msncd: refused@net is not added: the daemon refused: no");
    gateway.message("alice", "cut@net", "hello");
    gateway.expect_like("alice from cut@net: Perhaps not delivered, the connection to the daemon failed: ", ": hello");
    gateway.expect("alice from msncd: Whether your latest messages arrived is not known; they were to: bob@net");
    gateway.expect_like("alice disconnected 0: the connection to the daemon failed: ", "");

    gateway.logout("alice");
    gateway.login("alice", "secret");
    gateway.expect("alice connected");
    gateway.change("alice", "cut@net", "", &[]);
    gateway.expect_like("alice from msncd: perhaps cut@net is not added: the connection to the daemon failed: ", "");
    gateway.expect_like("alice disconnected 0: ", "");
    gateway.logout("alice");
    gateway.login("alice", "secret");
    gateway.expect("alice loses cut@net");
    gateway.expect("alice connected");
    gateway.exit();
}

/// Of messages that were stored the daemon says when they are delivered.
#[test]
fn what_was_delivered_is_not_doubted() {
    let port = daemon_that(|| {
        let (mut written, mut polls) = (0, 0);
        move |line: &str| {
            written += usize::from(line.starts_with("SENDMSG"));
            polls += usize::from(line == "POLL" && written == 2);
            if polls == 2 { Reply::Say("MFLUSH bob@net\nSCLOSE MAIN\nPOLLEND\n") } else { Reply::Usual }
        }
    });
    let mut gateway = Gateway::new(port);
    gateway.login("alice", "secret");
    gateway.message("alice", BOB, "stored");
    gateway.message("alice", "cyril@net", "who knows");
    gateway.expect("alice from msncd: Whether your latest messages arrived is not known; they were to: cyril@net");
    gateway.expect("alice disconnected 0: the network closed the connection");
    gateway.exit();
}

/// What a poll says may be older than the message before it.
#[test]
fn what_may_be_said_of_an_earlier_message_counts_for_none() {
    let port = daemon_that(|| {
        let mut written = 0;
        move |line: &str| {
            written += usize::from(line.starts_with("SENDMSG"));
            let flushed = line == "POLL" && written == 2;
            if flushed { Reply::Say("MFLUSH bob@net\nSCLOSE MAIN\nPOLLEND\n") } else { Reply::Usual }
        }
    });
    let mut gateway = Gateway::new(port);
    gateway.login("alice", "secret");
    gateway.message("alice", BOB, "stored");
    gateway.message("alice", BOB, "who knows");
    gateway.expect("alice from msncd: Whether your latest messages arrived is not known; they were to: bob@net");
    gateway.expect("alice disconnected 0: the network closed the connection");
    gateway.exit();
}

/// XMPP knows names in small letters alone.
#[test]
fn names_are_those_of_the_daemon_in_capitals_too() {
    let (tell, lines) = mpsc::channel();
    let port = daemon_that(move || {
        let tell = tell.clone();
        let mut polls = ["STCH BOB@net busy\nUADD BOB@net\nADDFL BOB@net\nPOLLEND\n"].into_iter();
        move |line: &str| match line {
            "GETCL" => Reply::Say("CL 1\naway Bob@Net \n"),
            "POLL" => polls.next().map_or(Reply::Usual, Reply::Say),
            line => {
                // The test may be over.
                let _ = tell.send(line.to_owned());
                if line.starts_with("INFO") { Reply::Say("Nick = Bob\n\n") } else { Reply::Usual }
            }
        }
    });
    let mut gateway = Gateway::new(port);
    gateway.login("alice", "secret");
    gateway.expect("alice sees Bob@Net 'Bob@Net' in msncd Away");
    gateway.expect("alice connected");
    gateway.expect("alice sees Bob@Net 'Bob@Net' in msncd DoNotDisturb");
    gateway.message("alice", BOB, "hello");
    gateway.send(Payload::BuddyTyping(Buddy { user_name: "alice@xmpp", buddy_name: BOB, ..Buddy::default() }));
    gateway.card("alice", BOB, 1);
    gateway.change("alice", BOB, "Bob", &["Friends"]);
    gateway.expect("alice sees Bob@Net 'Bob' in Friends DoNotDisturb");
    gateway.remove("alice", BOB);
    gateway.expect("alice loses Bob@Net");
    gateway.expect_no_more();
    gateway.exit();
    let lines: Vec<_> = lines.try_iter().skip_while(|line| line != "STATUS online").take(6).collect();
    let expected = ["SENDMSG 1 Bob@Net", "TYPING Bob@Net", "INFO Bob@Net", "ADD Bob Bob@Net", "DEL Bob@Net"];
    assert_eq!(lines[1..], expected);
}

#[test]
fn nothing_is_asked_in_vain_without_a_word() {
    let daemon = daemon();
    let mut gateway = friends(&daemon);
    gateway.logout("bob");
    gateway.login("bob", "guessed");
    gateway.expect("bob disconnected 2: wrong password");
    gateway.change("bob", "cyril@net", "Cyril", &[]);
    gateway.expect("bob from msncd: cyril@net is not added or changed: you are not logged in");
    gateway.remove("bob", ALICE);
    gateway.expect("bob from msncd: alice@net is not removed: you are not logged in");
    let (user_name, buddy_name) = ("bob@xmpp", ALICE);
    gateway.send(Payload::VCard(VCard { user_name, buddy_name, id: 3, ..VCard::default() }));
    gateway.expect("bob card 3 of alice@net: , ");
    // A status of that time is the one of the next login.
    gateway.status("bob", StatusType::Away);
    gateway.logout("bob");
    gateway.login_without_status("bob", "secret");
    gateway.expect("bob connected");
    gateway.expect("alice sees bob@net 'Bob' in Friends Away");
    gateway.exit();
}

/// Threads have the names of their users.
#[cfg(target_os = "linux")]
#[test]
fn a_session_that_ended_keeps_no_thread() {
    let is_there = |name: &str| {
        let names = std::fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
        let names = names.filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok());
        names.into_iter().any(|other| other.trim() == name)
    };
    let wait_for_end = || {
        let end = Instant::now() + PATIENCE;
        while is_there("gone@xmpp") {
            assert!(Instant::now() < end, "its thread is still there");
            thread::yield_now();
        }
    };
    let daemon = daemon();
    let mut gateway = Gateway::new(daemon.address().port());
    gateway.login("gone", "secret");
    gateway.expect("gone connected");
    assert!(is_there("gone@xmpp"));
    gateway.logout("gone");
    wait_for_end();
    gateway.login("gone", "guessed");
    gateway.expect("gone disconnected 2: wrong password");
    wait_for_end();
    gateway.exit();
}

/// The main process does not wait for the daemon, so that something has to be given back.
#[test]
fn what_waits_for_a_daemon_is_bounded() {
    let daemon = Holding::new("STATUS away");
    let mut gateway = Gateway::new(daemon.port);
    gateway.login("alice", "secret");
    gateway.expect("alice connected");
    gateway.status("alice", StatusType::Away);
    while daemon.next() != "STATUS away" {}
    for number in 0..MOST_REQUESTS + 2 {
        gateway.message("alice", BOB, &number.to_string());
    }
    for number in MOST_REQUESTS..MOST_REQUESTS + 2 {
        gateway.expect(&format!("alice from bob@net: Not delivered, too much waits for the daemon: {number}"));
    }
    // The last status counts, and who is typing is not worth waiting for.
    gateway.status("alice", StatusType::DoNotDisturb);
    gateway.status("alice", StatusType::ExtendedAway);
    gateway.send(Payload::BuddyTyping(Buddy { user_name: "alice@xmpp", buddy_name: BOB, ..Buddy::default() }));
    gateway.message("alice", BOB, "more");
    gateway.expect("alice from bob@net: Not delivered, too much waits for the daemon: more");
    daemon.go.send(()).unwrap();
    let mut commands = (0..).map(|_| daemon.next()).filter(|line| line != "POLL");
    for number in 0..MOST_REQUESTS {
        assert_eq!(commands.next().unwrap(), "SENDMSG 1 bob@net", "{number}");
    }
    assert_eq!(commands.next().unwrap(), "STATUS idle");

    // Long ones, of which the first one over the bound still waits.
    gateway.status("alice", StatusType::Away);
    assert_eq!(commands.next().unwrap(), "STATUS away");
    let long = format!("{}\n", "x".repeat(999)).repeat(MOST_BYTES / 4000);
    for _ in 0..6 {
        gateway.message("alice", BOB, &long);
    }
    gateway.expect_like("alice from bob@net: Not delivered, too much waits for the daemon: ", &long);
    daemon.go.send(()).unwrap();
    for number in 0..5 {
        assert!(commands.next().unwrap().starts_with("SENDMSG "), "{number}");
    }
    gateway.message("alice", BOB, "there is room again");
    assert_eq!(commands.next().unwrap(), "SENDMSG 1 bob@net");
    gateway.exit();
}

#[test]
fn settings_say_what_is_wrong() {
    let read = |text: &str| Settings::read(&text.parse::<Config>().unwrap()).map(|settings| settings.port);
    assert_eq!(read("[msncd]\nport = 4321"), Ok(4321));
    for (text, expected) in [
        ("", "msncd.port is missing"),
        ("[msncd]\nport = 70000", "line 2: msncd.port = 70000: has to be a number from 0 to 65535"),
        ("[msncd]\nport = 1\npoll_interval = 0", "msncd.poll_interval = 0: has to be at least 1"),
        (
            "[msncd]\nport = 1\ntimeout = soon",
            "line 3: msncd.timeout = soon: has to be a number from 0 to 18446744073709551615",
        ),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), expected);
    }
}

#[test]
fn users_register_unless_spectrum_is_a_server() {
    for (more, expected) in [("", true), ("[service]\nserver_mode = 0", true), ("[service]\nserver_mode = 1", false)] {
        let mut gateway = Gateway::with(settings(1, more));
        let frame = gateway.connection.receive(PATIENCE).unwrap();
        let Payload::BackendConfig(config) = frame.decode().unwrap() else { panic!("{frame:?}") };
        assert_eq!(config.config.contains("needRegistration=1"), expected, "{more}");
    }
}

/// A server loses what it is told before the user's client is there and says a second status.
#[test]
fn as_a_server_messages_wait_for_the_client() {
    let daemon = daemon();
    let server = settings(daemon.address().port(), "client_may_take = 3600000\n[service]\nserver_mode = 1");
    let mut gateway = Gateway::with(server);
    for name in ["bob", "alice"] {
        gateway.login(name, "secret");
        gateway.expect(&format!("{name} connected"));
    }
    gateway.message("alice", BOB, "for the client");
    for (name, other, id) in [("alice", BOB, 1), ("bob", ALICE, 2)] {
        gateway.card(name, other, id);
    }
    gateway.expect_no_more();
    gateway.status("bob", StatusType::Online);
    gateway.expect("bob from alice@net: for the client");
    gateway.exit();
}
