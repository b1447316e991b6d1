//! The example daemon: a messenger network behind the msncd protocol.
#![cfg(feature = "std")]

#[path = "../examples/msncd_daemon/server.rs"]
mod server;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use server::{
    Bounds, Daemon, LOGGED_IN_ELSEWHERE, LONGEST_EMAIL, LONGEST_NICK, LONGEST_PASSWORD, MOST_ACCOUNTS, MOST_CONTACTS,
    MOST_EVENTS, Network,
};
use spectrum2::msncd::{Client, Command, Error, Event, Lines, Socket};

const ALICE: &str = "alice@net";
const BOB: &str = "bob@net";

fn network() -> Network {
    Network::new(Bounds { messages: 3, bytes: 1000 })
}

fn daemon() -> Daemon {
    Daemon::start(0, network()).unwrap()
}

fn connect(daemon: &Daemon) -> Client<TcpStream> {
    Client::new(TcpStream::connect(daemon.address()).unwrap())
}

/// Somebody who is logged in and online.
fn online(daemon: &Daemon, email: &str) -> Client<TcpStream> {
    let mut client = connect(daemon);
    client.login(email, "secret").unwrap();
    client.status("online").unwrap();
    client
}

/// All events of a poll, as they are shown.
fn poll(client: &mut Client<TcpStream>) -> Vec<String> {
    let mut events = Vec::new();
    while let Some(event) = client.poll().unwrap() {
        events.push(format!("{event:?}"));
    }
    events
}

fn shown(events: &[Event<'_>]) -> Vec<String> {
    events.iter().map(|event| format!("{event:?}")).collect()
}

fn message<'a>(email: &'a str, text: &'a str) -> Event<'a> {
    Event::Message { email, header: Lines::NONE, text: Lines::new(text) }
}

fn status<'a>(email: &'a str, status: &'a str, discarded: Option<u32>) -> Event<'a> {
    Event::StatusChanged { email, status, discarded }
}

fn assert_refused(result: Result<(), Error>, expected: &str) {
    match result {
        Err(Error::Refused(description)) => assert_eq!(description, expected),
        other => panic!("{other:?} in place of {expected:?}"),
    }
}

fn contacts(client: &mut Client<TcpStream>) -> Vec<String> {
    let contacts = client.contacts().unwrap();
    contacts.iter().map(|contact| format!("{} {} {}", contact.email, contact.nick, contact.status)).collect()
}

#[test]
fn a_contact_that_comes_back_unseen_is_there_in_the_end() {
    let daemon = daemon();
    let mut alice = online(&daemon, ALICE);
    let mut bob = online(&daemon, BOB);
    alice.add("Bob", BOB).unwrap();
    alice.delete(BOB).unwrap();
    alice.add("Bob", BOB).unwrap();
    let events = poll(&mut alice);
    let last = events.iter().rfind(|event| event.contains("Contact")).unwrap();
    assert!(last.starts_with("ContactAdded"), "{events:?}");
    let events = poll(&mut bob);
    assert!(events.last().is_some_and(|event| event.contains("Added")), "{events:?}");
}

#[test]
fn nothing_goes_without_a_login() {
    let daemon = daemon();
    let mut client = connect(&daemon);
    assert_refused(client.poll().map(drop), "not logged in");
    assert_refused(client.contacts().map(drop), "not logged in");
    assert_refused(client.info(BOB).map(drop), "not logged in");
    assert_refused(client.send_message(BOB, Lines::new("Hi")), "not logged in");
    assert_refused(client.logoff(), "not logged in");
    assert_refused(client.login("alice", "secret"), "an account is an email");
    client.login(ALICE, "secret").unwrap();
    assert_refused(client.login(BOB, "secret"), "logged in already");
    assert_refused(connect(&daemon).login(ALICE, "guessed"), "wrong password");
    client.logoff().unwrap();
    client.login(BOB, "another").unwrap();
    assert_refused(client.status("dancing"), "no such status");
}

#[test]
fn contacts_see_each_other() {
    let daemon = daemon();
    let (mut alice, mut bob) = (online(&daemon, ALICE), online(&daemon, BOB));
    assert_refused(alice.add("Eve", "eve@net"), "no such account");
    alice.add("Bob 1", BOB).unwrap();
    let added = [Event::ContactAdded { email: BOB }, status(BOB, "online", None)];
    assert_eq!(poll(&mut alice), shown(&added));
    assert_eq!(poll(&mut bob), shown(&[Event::UserAdded { email: ALICE }]));
    assert_eq!(contacts(&mut alice), ["bob@net Bob 1 online"]);
    assert_eq!(bob.reverse_contacts().unwrap().iter().map(|contact| contact.email).collect::<Vec<_>>(), [ALICE]);

    alice.add("", BOB).unwrap();
    assert_eq!(contacts(&mut alice), ["bob@net bob online"]);
    bob.nick("Bobík").unwrap();
    assert_eq!(contacts(&mut alice), ["bob@net Bobík online"]);
    assert_eq!(
        alice.info("Bobík").unwrap().iter().collect::<Vec<_>>(),
        [("Email", BOB), ("Nick", "Bobík"), ("Status", "online")]
    );
    assert_eq!(poll(&mut alice), shown(&[]));

    bob.status("away").unwrap();
    bob.status("busy").unwrap();
    assert_eq!(poll(&mut alice), shown(&[status(BOB, "busy", None)]), "the last status is what counts");
    bob.status("hidden").unwrap();
    assert_eq!(poll(&mut alice), shown(&[status(BOB, "offline", None)]));
    bob.logoff().unwrap();
    assert_eq!(poll(&mut alice), shown(&[]), "nothing changed to be seen");

    alice.delete(BOB).unwrap();
    assert_eq!(poll(&mut alice), shown(&[Event::ContactDeleted { email: BOB }]));
    assert_refused(alice.delete(BOB), "no such contact");
    bob.login(BOB, "secret").unwrap();
    assert_eq!(poll(&mut bob), shown(&[Event::UserDeleted { email: ALICE }]), "it waited");
    assert_eq!(poll(&mut alice), shown(&[]));
}

#[test]
fn messages_and_typing_arrive() {
    let daemon = daemon();
    let (mut alice, mut bob) = (online(&daemon, ALICE), online(&daemon, BOB));
    alice.send_message(BOB, Lines::new("ahoj\n\nPOLLEND\n")).unwrap();
    alice.typing(BOB).unwrap();
    alice.typing(BOB).unwrap();
    let expected = [message(ALICE, "ahoj\n\nPOLLEND\n"), Event::Typing { email: ALICE }];
    assert_eq!(poll(&mut bob), shown(&expected));
    assert_eq!(poll(&mut bob), shown(&[]));
    assert_refused(alice.send_message("eve@net", Lines::new("Hi")), "no such account");
    assert_refused(alice.typing("Eve"), "no contact has this nick");
}

#[test]
fn privacy_is_kept() {
    let daemon = daemon();
    let (mut alice, mut bob) = (online(&daemon, ALICE), online(&daemon, BOB));
    alice.add("Bob", BOB).unwrap();
    poll(&mut alice);
    bob.privacy(false, false).unwrap();
    assert_eq!(poll(&mut alice), shown(&[status(BOB, "offline", None)]));
    assert_refused(alice.send_message(BOB, Lines::new("Hi")), "this account is private");
    assert_eq!(alice.info(BOB).unwrap().get("Status"), Some("offline"));
    alice.typing(BOB).unwrap();
    assert_eq!(poll(&mut bob), shown(&[Event::UserAdded { email: ALICE }]), "from before, and no typing");

    bob.add("Alice", ALICE).unwrap();
    alice.send_message(BOB, Lines::new("Hi")).unwrap();
    assert_eq!(poll(&mut alice), shown(&[status(BOB, "online", None), Event::UserAdded { email: BOB }]));
    bob.delete("Alice").unwrap();
    assert_eq!(poll(&mut alice), shown(&[status(BOB, "offline", None), Event::UserDeleted { email: BOB }]));
    alice.delete(BOB).unwrap();
    alice.add("Bob", BOB).unwrap();
    assert!(!poll(&mut bob).contains(&shown(&[Event::UserAdded { email: ALICE }])[0]), "it wants not to be asked");
}

#[test]
fn messages_wait_and_the_oldest_are_discarded() {
    let daemon = daemon();
    let (mut alice, mut bob) = (online(&daemon, ALICE), online(&daemon, BOB));
    bob.logoff().unwrap();
    for number in 1..=5 {
        alice.send_message(BOB, Lines::new(&number.to_string())).unwrap();
    }
    assert_eq!(poll(&mut alice), shown(&[status(BOB, "offline", Some(2))]));
    bob.login(BOB, "secret").unwrap();
    assert_eq!(poll(&mut bob), shown(&[message(ALICE, "3"), message(ALICE, "4"), message(ALICE, "5")]));
    assert_eq!(poll(&mut alice), shown(&[]), "they may not have arrived");
    bob.status("away").unwrap();
    assert_eq!(poll(&mut alice), shown(&[Event::Flushed { email: BOB }]));
}

/// Else the sender would take it for delivered.
#[test]
fn a_later_message_that_waits_is_not_said_to_be_delivered() {
    let daemon = daemon();
    let (mut alice, mut bob) = (online(&daemon, ALICE), online(&daemon, BOB));
    bob.logoff().unwrap();
    alice.send_message(BOB, Lines::new("1")).unwrap();
    bob.login(BOB, "secret").unwrap();
    assert_eq!(poll(&mut bob), shown(&[message(ALICE, "1")]));
    alice.send_message(BOB, Lines::new("2")).unwrap();
    bob.status("away").unwrap();
    assert_eq!(poll(&mut alice), shown(&[]), "the second one waits");
    assert_eq!(poll(&mut bob), shown(&[message(ALICE, "2")]));
    bob.status("online").unwrap();
    assert_eq!(poll(&mut alice), shown(&[Event::Flushed { email: BOB }]), "of both");
}

#[test]
fn an_email_is_the_same_in_capitals() {
    let daemon = daemon();
    let (mut alice, mut bob) = (online(&daemon, ALICE), online(&daemon, "Bob@NET"));
    assert_refused(connect(&daemon).login("BOB@net", "guessed"), "wrong password");
    alice.add("Bob", "bOb@net").unwrap();
    assert_eq!(contacts(&mut alice), ["bob@net Bob online"]);
    alice.send_message("BOB@NET", Lines::new("Hi")).unwrap();
    assert_eq!(poll(&mut bob), shown(&[Event::UserAdded { email: ALICE }, message(ALICE, "Hi")]));
    alice.delete("BOB@net").unwrap();
    assert_eq!(contacts(&mut alice), [""; 0]);
}

#[test]
fn messages_are_bounded_by_their_length_too() {
    let daemon = daemon();
    let (mut alice, mut bob) = (online(&daemon, ALICE), online(&daemon, BOB));
    let (large, half) = ("x".repeat(1000), "x".repeat(500));
    assert_refused(alice.send_message(BOB, Lines::new(&"x".repeat(1001))), "the message is too long");
    alice.send_message(BOB, Lines::new(&half)).unwrap();
    alice.send_message(BOB, Lines::new(&half)).unwrap();
    assert_eq!(poll(&mut alice), shown(&[]));
    alice.send_message(BOB, Lines::new(&large)).unwrap();
    assert_eq!(poll(&mut alice), shown(&[status(BOB, "online", Some(2))]));
    assert_eq!(poll(&mut bob), shown(&[message(ALICE, &large)]));
}

/// Whether the messages of the last poll arrived, the daemon cannot know: they count, and those that
/// have not been told at all are the ones to be discarded.
#[test]
fn messages_that_may_have_arrived_count_and_are_kept() {
    let daemon = daemon();
    let (mut alice, mut bob) = (online(&daemon, ALICE), online(&daemon, BOB));
    let mut send = |text: &str| alice.send_message(BOB, Lines::new(text)).unwrap();
    send("1");
    send("2");
    assert_eq!(poll(&mut bob), shown(&[message(ALICE, "1"), message(ALICE, "2")]));
    send("3");
    send("4");
    assert_eq!(poll(&mut alice), shown(&[status(BOB, "online", Some(1))]));
    drop(bob);
    let mut bob = online(&daemon, BOB);
    assert_eq!(poll(&mut bob), shown(&[message(ALICE, "1"), message(ALICE, "2"), message(ALICE, "4")]));
}

#[test]
fn a_discarded_message_is_told_to_who_is_offline_too() {
    let daemon = daemon();
    let (mut alice, mut bob) = (online(&daemon, ALICE), online(&daemon, BOB));
    for number in 1..=3 {
        alice.send_message(BOB, Lines::new(&number.to_string())).unwrap();
    }
    alice.logoff().unwrap();
    online(&daemon, "cyril@net").send_message(BOB, Lines::new("4")).unwrap();
    alice.login(ALICE, "secret").unwrap();
    assert_eq!(poll(&mut alice), shown(&[status(BOB, "online", Some(1))]));
    assert_eq!(poll(&mut bob), shown(&[message(ALICE, "2"), message(ALICE, "3"), message("cyril@net", "4")]));
}

#[test]
fn a_poll_that_is_not_confirmed_is_repeated() {
    let daemon = daemon();
    let (mut alice, mut bob) = (online(&daemon, ALICE), online(&daemon, BOB));
    alice.send_message(BOB, Lines::new("1")).unwrap();
    assert_eq!(poll(&mut bob), shown(&[message(ALICE, "1")]));
    alice.send_message(BOB, Lines::new("2")).unwrap();
    assert_eq!(poll(&mut bob), shown(&[message(ALICE, "2")]));
    alice.send_message(BOB, Lines::new("3")).unwrap();
    // Lost: whether the second message arrived, the daemon cannot know.
    bob.get_ref().shutdown(Shutdown::Both).unwrap();
    let mut bob = online(&daemon, BOB);
    assert_eq!(poll(&mut bob), shown(&[message(ALICE, "2"), message(ALICE, "3")]));
    bob.logoff().unwrap();
    bob.login(BOB, "secret").unwrap();
    assert_eq!(poll(&mut bob), shown(&[]), "a command confirms");
}

#[test]
fn all_that_was_told_and_not_confirmed_is_told_again() {
    let daemon = daemon();
    let (mut alice, mut bob) = (online(&daemon, ALICE), online(&daemon, BOB));
    bob.add("Alice", ALICE).unwrap();
    alice.add("Bob", BOB).unwrap();
    alice.send_message(BOB, Lines::new("1")).unwrap();
    alice.typing(BOB).unwrap();
    let (added, asked) = (Event::ContactAdded { email: ALICE }, Event::UserAdded { email: ALICE });
    let (online_now, text) = (status(ALICE, "online", None), message(ALICE, "1"));
    assert_eq!(poll(&mut bob), shown(&[added, online_now, asked, text, Event::Typing { email: ALICE }]));
    bob.get_ref().shutdown(Shutdown::Both).unwrap();
    let mut bob = online(&daemon, BOB);
    assert_eq!(poll(&mut bob), shown(&[added, asked, text]), "but for the status and for typing");
    // What was said again meanwhile is told once, and where it stands now.
    alice.delete(BOB).unwrap();
    alice.add("Bob", BOB).unwrap();
    drop(bob);
    let mut bob = online(&daemon, BOB);
    assert_eq!(poll(&mut bob), shown(&[added, text, Event::UserDeleted { email: ALICE }, asked]));
    // How many messages were discarded is not lost with the status.
    for number in 1..=4 {
        bob.send_message(ALICE, Lines::new(&number.to_string())).unwrap();
    }
    let discarded = status(ALICE, "online", Some(1));
    assert_eq!(poll(&mut bob), shown(&[discarded]));
    drop(bob);
    let mut bob = online(&daemon, BOB);
    assert_eq!(poll(&mut bob), shown(&[discarded]));
}

#[test]
fn a_status_is_the_one_of_the_moment_when_it_is_told() {
    let daemon = daemon();
    let (mut alice, mut bob) = (online(&daemon, ALICE), online(&daemon, BOB));
    alice.add("Bob", BOB).unwrap();
    poll(&mut alice);
    bob.status("away").unwrap();
    alice.logoff().unwrap();
    bob.status("busy").unwrap();
    alice.login(ALICE, "secret").unwrap();
    assert_eq!(contacts(&mut alice), ["bob@net Bob busy"]);
    assert_eq!(poll(&mut alice), shown(&[]), "the list has it");

    // A count that waits comes with the status as it is by then.
    alice.logoff().unwrap();
    online(&daemon, "cyril@net");
    let mut cyril = connect(&daemon);
    cyril.login("cyril@net", "secret").unwrap();
    let mut alice = online(&daemon, ALICE);
    for number in 1..=3 {
        alice.send_message(BOB, Lines::new(&number.to_string())).unwrap();
    }
    alice.logoff().unwrap();
    cyril.send_message(BOB, Lines::new("4")).unwrap();
    bob.status("lunch").unwrap();
    alice.login(ALICE, "secret").unwrap();
    assert_eq!(poll(&mut alice), shown(&[status(BOB, "lunch", Some(1))]));
}

#[test]
fn what_others_are_called_is_bounded() {
    let daemon = daemon();
    let mut alice = online(&daemon, ALICE);
    let email = |length: usize| format!("{}@net", "b".repeat(length - "@net".len()));
    assert_refused(connect(&daemon).login(&email(LONGEST_EMAIL + 1), "secret"), "the email is too long");
    let password = "x".repeat(LONGEST_PASSWORD);
    assert_refused(connect(&daemon).login(BOB, &format!("{password}x")), "the password is too long");
    connect(&daemon).login(BOB, &password).unwrap();
    let long = "x".repeat(LONGEST_NICK + 1);
    assert_refused(alice.nick(&long), "the nick is too long");
    assert_refused(alice.add(&long, BOB), "the nick is too long");
    let nick = "ž".repeat(LONGEST_NICK / 2);
    alice.nick(&nick).unwrap();
    alice.add(&nick, BOB).unwrap();
    assert_eq!(contacts(&mut alice), [format!("{BOB} {nick} offline")]);
}

#[test]
fn the_longest_lists_are_within_what_a_client_takes() {
    let daemon = daemon();
    let (mut alice, mut other) = (online(&daemon, ALICE), connect(&daemon));
    let nick = "ž".repeat(LONGEST_NICK / 2);
    for number in 0..=MOST_CONTACTS {
        let email = format!("{number:0>width$}@net", width = LONGEST_EMAIL - "@net".len());
        other.login(&email, "secret").unwrap();
        other.nick(&nick).unwrap();
        let added = (other.add("Alice", ALICE), alice.add(&nick, &email));
        if number < MOST_CONTACTS {
            added.0.and(added.1).unwrap();
        } else {
            assert_refused(added.0, "too many have this contact");
            assert_refused(added.1, "too many contacts");
        }
        other.logoff().unwrap();
    }
    alice.add("another nick", &format!("{:0>width$}@net", 1, width = LONGEST_EMAIL - "@net".len())).unwrap();
    assert_eq!(alice.contacts().unwrap().iter().count(), MOST_CONTACTS);
    assert_eq!(alice.reverse_contacts().unwrap().iter().count(), MOST_CONTACTS);
}

#[test]
fn accounts_are_bounded() {
    let mut network = network();
    let mut login = |number: usize| {
        let (mut session, mut out) = (None, String::new());
        let email = format!("{number}@net");
        network.execute(&mut session, &Command::Login { email: &email, password: "secret" }, &mut out);
        out
    };
    for number in 0..MOST_ACCOUNTS {
        assert_eq!(login(number), "OK\n");
    }
    assert_eq!(login(MOST_ACCOUNTS), "ERR there are too many accounts\n");
    assert_eq!(login(0), "OK\n", "it is there already");
}

/// Everybody may cause them, and nobody has to fetch them.
#[test]
fn events_that_wait_are_bounded() {
    let daemon = daemon();
    let mut bob = online(&daemon, BOB);
    let mut other = connect(&daemon);
    for number in 0..MOST_EVENTS {
        other.login(&format!("{number}@net"), "secret").unwrap();
        other.add("Bob", BOB).unwrap();
        if number == 0 {
            other.send_message(BOB, Lines::new("a message is no such event")).unwrap();
        }
        if number % 2 == 0 {
            other.typing(BOB).unwrap();
        }
        other.delete(BOB).unwrap();
        other.logoff().unwrap();
    }
    let events = poll(&mut bob);
    assert_eq!(events.len(), MOST_EVENTS + 1);
    assert_eq!(events[0], shown(&[message("0@net", "a message is no such event")])[0]);
    let last = format!("{}@net", MOST_EVENTS - 1);
    let last = shown(&[Event::UserAdded { email: &last }, Event::UserDeleted { email: &last }]);
    assert_eq!(events[MOST_EVENTS - 1..], last);
}

/// The longest message that the daemon takes is one that clients take, whoever sent it.
#[test]
fn the_longest_message_arrives() {
    let daemon = Daemon::start(0, Network::new(Bounds { messages: 3, bytes: 1 << 20 })).unwrap();
    let long = format!("{}@net", "b".repeat(LONGEST_EMAIL - "@net".len()));
    let (mut bob, mut alice) = (online(&daemon, &long), online(&daemon, ALICE));
    let line = format!("{}\n", "x".repeat((32 << 10) - 1));
    let mut text = line.repeat(16);
    assert_refused(bob.send_message(ALICE, Lines::new(&text)), "the lines are longer than the limit of 524288 bytes");
    text.truncate(text.len() - "SENDMSG 16 alice@net\n\n".len());
    bob.send_message(ALICE, Lines::new(&text)).unwrap();
    assert!(poll(&mut alice) == shown(&[message(&long, &text)]));
}

#[test]
fn the_later_login_counts() {
    let daemon = daemon();
    let mut first = online(&daemon, ALICE);
    let mut second = online(&daemon, ALICE);
    assert_refused(first.status("away"), "logged in elsewhere");
    let goodbye = [
        Event::Error { code: LOGGED_IN_ELSEWHERE, description: "logged in elsewhere" },
        Event::SocketClosed { socket: Socket::Main, discarded: None },
    ];
    assert_eq!(poll(&mut first), shown(&goodbye));
    assert_refused(first.poll().map(drop), "not logged in");
    drop(first);
    second.send_message(ALICE, Lines::new("to myself")).unwrap();
    assert_eq!(poll(&mut second), shown(&[message(ALICE, "to myself")]));
}

/// Sends bytes on a connection of their own, and returns all that is answered.
fn exchange(daemon: &Daemon, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(daemon.address()).unwrap();
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    answers
}

#[test]
fn nonsense_is_refused_and_the_stream_stays_in_step() {
    let daemon = daemon();
    assert_eq!(
        exchange(&daemon, b"HELLO\nLOGIN alice@net x\nSENDMSG 1 alice@net\nPOLL\nSTATUS\nSTATUS \xff\nPOLL\n"),
        "ERR command is not known, at byte 0\nOK\nOK\nERR newstatus is missing, at byte 6\n\
         ERR text is not UTF-8, at byte 7\nMSG 1 0 alice@net\nPOLL\nPOLLEND\n"
    );
    let many = format!("SENDMSG 10001 a@x\n{}POLL\n", "x\n".repeat(10_001));
    let too_many = "ERR there are more lines than the limit of 10000\nERR not logged in\n";
    assert_eq!(exchange(&daemon, many.as_bytes()), too_many);
    let long = format!("STATUS {}\nPOLL\n", "x".repeat(1 << 17));
    let too_long = "ERR a line is longer than the limit of 65536 bytes\nERR not logged in\n";
    assert_eq!(exchange(&daemon, long.as_bytes()), too_long);
    assert_eq!(exchange(&daemon, b"SENDMSG x a@x\n"), "ERR the number of lines that follow is not a number\n");
    assert_eq!(exchange(&daemon, b"SENDMSG 5 a@x\ncut"), "");
}

#[test]
fn a_daemon_that_stops_is_gone() {
    let daemon = daemon();
    let address = daemon.address();
    let mut alice = online(&daemon, ALICE);
    daemon.stop();
    assert!(matches!(alice.poll(), Err(Error::Stream(_))));
    assert!(matches!(alice.poll(), Err(Error::OutOfStep)));
    let daemon = Daemon::start(address.port(), network()).unwrap();
    let mut alice = connect(&daemon);
    alice.login(ALICE, "anew").expect("it knows no account");
}
