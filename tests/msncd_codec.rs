//! The codec of the msncd protocol: both sides, good and bad input.

use proptest::prelude::*;
use proptest::sample::select;
use spectrum2::msncd::{
    Answer, Attributes, Command, Contact, Contacts, Event, Form, LimitError, Limits, Lines, Nick, ParseErrorKind, Scan,
    Scanner, Socket, User, WriteError, split,
};

const ALICE: &str = "alice@example.org";
const BOB: &str = "bob@example.org";

fn commands() -> Vec<(&'static str, Command<'static>)> {
    let bob = User::Email(BOB);
    vec![
        ("ADD Bob%20Novak bob@example.org\n", Command::Add { nick: Nick::new("Bob Novak"), email: BOB }),
        ("ADD  bob@example.org\n", Command::Add { nick: Nick::new(""), email: BOB }),
        ("DEL bob@example.org\n", Command::Delete { user: bob }),
        ("DEL Bob%20Novak\n", Command::Delete { user: User::Nick(Nick::new("Bob Novak")) }),
        ("NICK %C5%BDofie\n", Command::Nick { nick: Nick::new("Žofie") }),
        ("NICK \n", Command::Nick { nick: Nick::new("") }),
        ("PRIV 1 0\n", Command::Privacy { public: true, ask: false }),
        ("PRIV 0 1\n", Command::Privacy { public: false, ask: true }),
        ("STATUS away\n", Command::Status { status: "away" }),
        ("LOGIN alice@example.org secret\n", Command::Login { email: ALICE, password: "secret" }),
        ("LOGIN alice@example.org two  words \n", Command::Login { email: ALICE, password: "two  words " }),
        ("LOGIN alice@example.org \n", Command::Login { email: ALICE, password: "" }),
        ("LOGOFF\n", Command::Logoff),
        ("INFO bob@example.org\n", Command::Info { user: bob }),
        ("SENDMSG 1 bob@example.org\nHello\n", Command::SendMessage { user: bob, text: Lines::new("Hello") }),
        (
            "SENDMSG 4 B%40b\nline 1\n\nSENDMSG 9 x\n\n",
            Command::SendMessage { user: User::Nick(Nick::new("B@b")), text: Lines::new("line 1\n\nSENDMSG 9 x\n") },
        ),
        ("SENDMSG 1 bob@example.org\n\n", Command::SendMessage { user: bob, text: Lines::new("") }),
        ("SENDMSG 0 bob@example.org\n", Command::SendMessage { user: bob, text: Lines::NONE }),
        ("POLL\n", Command::Poll),
        ("GETCL\n", Command::ContactList),
        ("GETRCL\n", Command::ReverseList),
        ("TYPING bob@example.org\n", Command::Typing { user: bob }),
    ]
}

fn events() -> Vec<(&'static str, Event<'static>)> {
    let message = |header, text| Event::Message { email: BOB, header, text };
    let closed = |socket, discarded| Event::SocketClosed { socket, discarded };
    let changed = |discarded| Event::StatusChanged { email: BOB, status: "away", discarded };
    vec![
        (
            "MSG 4 2 bob@example.org\nContent-Type: text/plain\n\nDobrý den,\nAlice\n",
            message(Lines::new("Content-Type: text/plain\n"), Lines::new("Dobrý den,\nAlice")),
        ),
        ("MSG 1 0 bob@example.org\nPOLLEND\n", message(Lines::NONE, Lines::new("POLLEND"))),
        ("MSG 1 1 bob@example.org\nheader\n", message(Lines::new("header"), Lines::NONE)),
        ("MSG 2 1 bob@example.org\n\n\n", message(Lines::new(""), Lines::new(""))),
        ("MSG 0 0 bob@example.org\n", message(Lines::NONE, Lines::NONE)),
        ("STCH bob@example.org away\n", changed(None)),
        ("STCH bob@example.org away 0\n", changed(Some(0))),
        ("STCH bob@example.org away 4294967295\n", changed(Some(u32::MAX))),
        ("UADD bob@example.org\n", Event::UserAdded { email: BOB }),
        ("UDEL bob@example.org\n", Event::UserDeleted { email: BOB }),
        ("ADDFL bob@example.org\n", Event::ContactAdded { email: BOB }),
        ("DELFL bob@example.org\n", Event::ContactDeleted { email: BOB }),
        ("MFLUSH bob@example.org\n", Event::Flushed { email: BOB }),
        ("TYPING bob@example.org\n", Event::Typing { email: BOB }),
        ("SCLOSE MAIN\n", closed(Socket::Main, None)),
        ("SCLOSE USER\n", closed(Socket::User, None)),
        ("SCLOSE USER bob@example.org 3\n", closed(Socket::User, Some((BOB, 3)))),
        ("ERR 207 already in that mode\n", Event::Error { code: 207, description: "already in that mode" }),
        ("ERR 0 \n", Event::Error { code: 0, description: "" }),
        ("ERR not logged in\n", Event::Refused { description: "not logged in" }),
        ("FILE bob@example.org 12\n", Event::Unknown { line: "FILE bob@example.org 12" }),
        ("SCLOSE SPARE 1 2 3\n", Event::Unknown { line: "SCLOSE SPARE 1 2 3" }),
        ("\n", Event::Unknown { line: "" }),
        ("POLLEND\n", Event::End),
    ]
}

static CONTACTS: [Contact<'static>; 3] = [
    Contact { status: "online", email: BOB, nick: Nick::new("Bob Novak") },
    Contact { status: "offline", email: "cyril@example.org", nick: Nick::new("") },
    Contact { status: "away", email: "plain", nick: Nick::new("100% + 1") },
];

static ATTRIBUTES: [(&str, &str); 4] = [("Email", BOB), ("Full name", "Bob = Novak"), ("Empty", ""), ("=x", "= y")];

fn answers() -> Vec<(&'static str, Form, Answer<'static>)> {
    let refused = Answer::Refused { description: "no such contact" };
    let attributes = |slice| Answer::Attributes(Attributes::from(slice));
    let contacts = |slice| Answer::Contacts(Contacts::from(slice));
    vec![
        ("OK\n", Form::Status, Answer::Ok),
        ("ERR no such contact\n", Form::Status, refused),
        ("ERR \n", Form::Status, Answer::Refused { description: "" }),
        ("ERR no such contact\n", Form::Attributes, refused),
        ("ERR no such contact\n", Form::Contacts, refused),
        (
            "Email = bob@example.org\nFull name = Bob = Novak\nEmpty = \n=x = = y\n\n",
            Form::Attributes,
            attributes(&ATTRIBUTES[..]),
        ),
        ("\n", Form::Attributes, attributes(&[])),
        (
            "CL 3\nonline bob@example.org Bob%20Novak\noffline cyril@example.org \naway plain 100%25%20%2B%201\n",
            Form::Contacts,
            contacts(&CONTACTS[..]),
        ),
        ("CL 0\n", Form::Contacts, contacts(&[])),
    ]
}

/// What is written is `wire`, in every way there is to write it.
macro_rules! assert_writes {
    ($value:expr, $wire:expr) => {{
        let (value, wire) = ($value, $wire);
        let mut text = String::new();
        assert_eq!(value.write(&mut text), Ok(()), "{value:?}");
        assert_eq!(text, wire);
        assert_eq!(value.encoded_len(), Ok(wire.len()));
        let mut buffer = vec![0; wire.len()];
        assert_eq!(value.encode(&mut buffer), Ok(wire.len()));
        assert_eq!(buffer, wire.as_bytes());
        for length in 0..wire.len() {
            assert_eq!(value.encode(&mut buffer[..length]), Err(WriteError::Full));
        }
    }};
}

#[test]
fn every_command_both_ways() {
    for (wire, command) in commands() {
        assert_eq!(Command::parse(wire.as_bytes()), Ok(command));
        assert_writes!(command, wire);
        assert!(wire.starts_with(command.name()));
    }
}

#[test]
fn every_event_both_ways() {
    for (wire, event) in events() {
        assert_eq!(Event::parse(wire.as_bytes()), Ok(event));
        assert_writes!(event, wire);
        assert!(wire.starts_with(event.name()));
    }
}

#[test]
fn every_answer_both_ways() {
    for (wire, form, answer) in answers() {
        assert_eq!(Answer::parse(wire.as_bytes(), form), Ok(answer));
        assert_writes!(answer, wire);
    }
}

#[test]
fn nothing_is_allocated() {
    let (commands, events, answers) = (commands(), events(), answers());
    let mut buffer = [0; 256];
    let memory = allocation_counter::measure(|| {
        for (wire, command) in &commands {
            assert!(split(wire.as_bytes(), Form::Command, Limits::DEFAULT).is_some());
            assert_eq!(Command::parse(wire.as_bytes()), Ok(*command));
            assert_eq!(command.encode(&mut buffer), Ok(wire.len()));
        }
        for (wire, event) in &events {
            assert_eq!(Event::parse(wire.as_bytes()), Ok(*event));
            assert_eq!(event.encode(&mut buffer), Ok(wire.len()));
        }
        for (wire, form, answer) in &answers {
            assert_eq!(Answer::parse(wire.as_bytes(), *form), Ok(*answer));
            assert_eq!(answer.encode(&mut buffer), Ok(wire.len()));
        }
    });
    assert_eq!(memory.count_total, 0);
}

#[test]
fn each_command_knows_its_answer() {
    for (wire, command) in commands() {
        let expected = match wire.split([' ', '\n']).next().unwrap() {
            "INFO" => Form::Attributes,
            "POLL" => Form::Event,
            "GETCL" | "GETRCL" => Form::Contacts,
            _ => Form::Status,
        };
        assert_eq!(command.answer_form(), expected);
    }
}

#[test]
fn lenient_where_it_costs_nothing() {
    let contacts = [Contact { status: "online", email: BOB, nick: Nick::new("") }];
    let expected = Answer::Contacts(Contacts::from(&contacts[..]));
    assert_eq!(Answer::parse(b"CL 1\nonline bob@example.org\n", Form::Contacts), Ok(expected));
    let expected = Answer::Attributes(Attributes::from(&[("Empty", "")][..]));
    assert_eq!(Answer::parse(b"Empty =\n\n", Form::Attributes), Ok(expected));
    assert_eq!(Answer::parse(b"ERR\n", Form::Status), Ok(Answer::Refused { description: "" }));
    assert_eq!(Event::parse(b"ERR\n"), Ok(Event::Refused { description: "" }));
    assert_eq!(Event::parse(b"ERR 5\n"), Ok(Event::Error { code: 5, description: "" }));
    assert_eq!(Event::parse(b"ERR 5x\n"), Ok(Event::Refused { description: "5x" }));
}

#[test]
fn lists_and_attributes_are_read_by_line() {
    let (wire, form, _) = answers()[5];
    let Ok(Answer::Attributes(attributes)) = Answer::parse(wire.as_bytes(), form) else { panic!() };
    assert!(attributes.iter().eq(ATTRIBUTES));
    assert_eq!(attributes.get("Full name"), Some("Bob = Novak"));
    assert_eq!(attributes.get("Name"), None);
    let (wire, form, _) = answers()[7];
    let Ok(Answer::Contacts(contacts)) = Answer::parse(wire.as_bytes(), form) else { panic!() };
    assert!(contacts.iter().eq(CONTACTS));
    assert_eq!(contacts.iter().next().unwrap().nick.to_string(), "Bob Novak");
}

#[test]
fn malformed_commands_say_what_and_where() {
    use ParseErrorKind::*;
    for (wire, kind, field, offset) in [
        ("", Unterminated, "text", 0),
        ("POLL", Unterminated, "text", 4),
        ("\n", Missing, "command", 0),
        ("poll\n", UnknownWord, "command", 0),
        ("HELLO you\n", UnknownWord, "command", 0),
        ("POLL \n", Extra, "command", 5),
        ("POLL now\n", Extra, "command", 5),
        ("POLL\nPOLL\n", Extra, "command", 5),
        ("ADD\n", Missing, "nick", 3),
        ("ADD Bob\n", Missing, "email", 7),
        ("ADD Bob \n", Missing, "email", 8),
        ("ADD Bob bob@x friends\n", Extra, "command", 14),
        ("DEL\n", Missing, "email", 3),
        ("NICK\n", Missing, "newnick", 4),
        ("PRIV\n", Missing, "p", 4),
        ("PRIV 1\n", Missing, "a", 6),
        ("PRIV 1 yes\n", NotAFlag, "a", 7),
        ("PRIV 2 0\n", NotAFlag, "p", 5),
        ("STATUS\n", Missing, "newstatus", 6),
        ("LOGIN alice@x\n", Missing, "password", 13),
        ("INFO \n", Missing, "email", 5),
        ("SENDMSG\n", Missing, "number_of_lines", 7),
        ("SENDMSG one bob@x\n", NotANumber, "number_of_lines", 8),
        ("SENDMSG -1 bob@x\n", NotANumber, "number_of_lines", 8),
        ("SENDMSG +1 bob@x\nHi\n", NotANumber, "number_of_lines", 8),
        ("SENDMSG 4294967296 bob@x\n", NotANumber, "number_of_lines", 8),
        ("SENDMSG 2 bob@x\nHi\n", WrongCount, "number_of_lines", 8),
        ("SENDMSG 0 bob@x\n\n", WrongCount, "number_of_lines", 8),
        ("SENDMSG 1\nHi\n", Missing, "email", 9),
    ] {
        let error = Command::parse(wire.as_bytes()).expect_err(wire);
        assert_eq!((error.kind(), error.field(), error.offset()), (kind, field, offset), "{wire:?}: {error}");
        assert!(error.to_string().starts_with(field));
    }
    let error = Command::parse(b"STATUS aw\xffay\n").unwrap_err();
    assert_eq!((error.kind(), error.offset()), (NotUtf8, 9));
}

#[test]
fn malformed_events_say_what_and_where() {
    use ParseErrorKind::*;
    for (wire, kind, field, offset) in [
        ("POLLEND", Unterminated, "text", 7),
        ("POLLEND now\n", Extra, "event", 8),
        ("UADD\n", Missing, "email", 4),
        ("UADD a@x b@x\n", Extra, "event", 9),
        ("STCH a@x\n", Missing, "newstatus", 8),
        ("STCH a@x away some\n", NotANumber, "number_of_messages_discarded", 14),
        ("SCLOSE\n", Missing, "type", 6),
        ("SCLOSE USER  1\n", Missing, "email", 12),
        ("SCLOSE USER a@x\n", Missing, "number_of_messages_discarded", 15),
        ("TYPING a@x\nmore\n", Extra, "event", 11),
        ("MSG 2 0 a@x\nHi\n", WrongCount, "number_of_lines", 4),
        ("MSG 1 2 a@x\nHi\n", OutOfRange, "end_of_header", 6),
        ("MSG 0 1 a@x\n", OutOfRange, "end_of_header", 6),
        ("MSG 1 0\nHi\n", Missing, "src_email", 7),
        ("MSG x 0 a@x\n", NotANumber, "number_of_lines", 4),
    ] {
        let error = Event::parse(wire.as_bytes()).expect_err(wire);
        assert_eq!((error.kind(), error.field(), error.offset()), (kind, field, offset), "{wire:?}: {error}");
    }
}

#[test]
fn malformed_answers_say_what_and_where() {
    use ParseErrorKind::*;
    for (wire, form, kind, field, offset) in [
        ("FINE\n", Form::Status, UnknownWord, "answer", 0),
        ("OK then\n", Form::Status, Extra, "answer", 3),
        ("OK\n", Form::Contacts, UnknownWord, "answer", 0),
        ("CL 0\n", Form::Status, UnknownWord, "answer", 0),
        ("POLLEND\n", Form::Event, UnknownWord, "answer", 0),
        ("ERR no\nreally\n", Form::Status, Extra, "answer", 7),
        ("CL\n", Form::Contacts, Missing, "number_of_contacts", 2),
        ("CL many\n", Form::Contacts, NotANumber, "number_of_contacts", 3),
        ("CL 2\nonline a@x A\n", Form::Contacts, WrongCount, "number_of_contacts", 3),
        ("CL 1\nonline\n", Form::Contacts, Missing, "email", 11),
        ("CL 2\nonline a@x A\naway b@x B b\n", Form::Contacts, Extra, "contact", 29),
        ("A = b\nC: d\n\n", Form::Attributes, Missing, "attribute", 6),
        (" = b\n\n", Form::Attributes, Missing, "attribute", 0),
        ("A = b\n", Form::Attributes, Unterminated, "attributes", 5),
    ] {
        let error = Answer::parse(wire.as_bytes(), form).expect_err(wire);
        assert_eq!((error.kind(), error.field(), error.offset()), (kind, field, offset), "{wire:?}: {error}");
    }
}

#[test]
fn what_would_be_misunderstood_is_not_written() {
    let refused = |result: Result<(), WriteError>| assert!(result.is_err());
    for word in ["", "a b", "a\nPOLL"] {
        let out = &mut String::new();
        refused(Command::Status { status: word }.write(out));
        refused(Command::Login { email: word, password: "" }.write(out));
        refused(Command::Add { nick: Nick::new("x"), email: word }.write(out));
        refused(Command::Info { user: User::Email(word) }.write(out));
        refused(Event::UserAdded { email: word }.write(out));
        refused(Event::StatusChanged { email: "a@x", status: word, discarded: None }.write(out));
        refused(Event::SocketClosed { socket: Socket::Main, discarded: Some((word, 1)) }.write(out));
        refused(Event::Message { email: word, header: Lines::NONE, text: Lines::NONE }.write(out));
        let contact = Contact { status: word, email: "a@x", nick: Nick::new("") };
        refused(Answer::Contacts(Contacts::from(&[contact][..])).write(out));
        let contact = Contact { status: "online", email: word, nick: Nick::new("") };
        refused(Answer::Contacts(Contacts::from(&[contact][..])).write(out));
        assert_eq!(out, "", "nothing is written");
    }
    let out = &mut String::new();
    refused(Command::Login { email: "a@x", password: "secret\nPOLL" }.write(out));
    refused(Command::Delete { user: User::Email("no email") }.write(out));
    refused(Command::Delete { user: User::Email("bob") }.write(out));
    refused(Command::Delete { user: User::Nick(Nick::new("")) }.write(out));
    refused(Event::Error { code: 1, description: "a\nb" }.write(out));
    for description in ["12 times", "12", "a\nb"] {
        refused(Event::Refused { description }.write(out));
        refused(Answer::Refused { description }.write(out));
    }
    for (line, _) in events() {
        let line = line.trim_end_matches('\n');
        let is_unknown = matches!(Event::parse(format!("{line}\n").as_bytes()), Ok(Event::Unknown { .. }));
        assert_eq!(Event::Unknown { line }.write(&mut String::new()).is_ok(), is_unknown, "{line:?}");
    }
    for name in ["", "ERR", "ERR x", "a = b", "a =", "a\nb"] {
        refused(Answer::Attributes(Attributes::from(&[(name, "x")][..])).write(out));
    }
    refused(Answer::Attributes(Attributes::from(&[("a", "b\nc")][..])).write(out));
    assert_eq!(out, "");
}

#[test]
fn nicks_are_percent_encoded() {
    for (plain, encoded) in [
        ("Bob", "Bob"),
        ("a-b.c_d~e", "a-b.c_d~e"),
        ("Bob Novak", "Bob%20Novak"),
        ("100%", "100%25"),
        ("a+b@c", "a%2Bb%40c"),
        ("Žluťoučký kůň", "%C5%BDlu%C5%A5ou%C4%8Dk%C3%BD%20k%C5%AF%C5%88"),
        ("😀\n", "%F0%9F%98%80%0A"),
        ("", ""),
    ] {
        assert_eq!(Nick::new(plain).encoded().to_string(), encoded);
        assert_eq!(Nick::from_encoded(encoded).to_string(), plain);
        assert_eq!(Nick::from_encoded(encoded), plain);
        assert_eq!(Nick::from_encoded(encoded).encoded().to_string(), encoded);
    }
    for (encoded, plain) in [
        ("%", "%"),
        ("%4", "%4"),
        ("%zz%41", "%zzA"),
        ("%c5%bd+", "Ž+"),
        ("Žofie", "Žofie"),
        ("%FF%C5", "\u{fffd}\u{fffd}"),
        ("%C5x%E2%82x", "\u{fffd}x\u{fffd}\u{fffd}x"),
        ("%F0%9F%98", "\u{fffd}\u{fffd}\u{fffd}"),
        ("%ED%A0%80", "\u{fffd}\u{fffd}\u{fffd}"),
    ] {
        assert_eq!(Nick::from_encoded(encoded).to_string(), plain, "{encoded}");
    }
    assert_eq!(format!("{:?}", Nick::from_encoded("%22%0A")), r#""\"\n""#);
}

#[test]
fn a_user_is_an_email_or_a_nick() {
    assert_eq!(User::from(BOB), User::Email(BOB));
    assert_eq!(User::from("Bob"), User::Nick(Nick::new("Bob")));
    let Ok(Command::Info { user }) = Command::parse(b"INFO B%40b\n") else { panic!() };
    assert_eq!(user, User::Nick(Nick::new("B@b")));
}

#[test]
fn passwords_are_not_shown() {
    let shown = format!("{:?}", Command::Login { email: ALICE, password: "pa55word" });
    assert!(shown.contains(ALICE) && !shown.contains("pa55word"), "{shown}");
}

/// Feeds pieces of these lengths, over and over, and returns the ends of the units.
fn scan_in_pieces(bytes: &[u8], forms: &[Form], pieces: &[usize]) -> Vec<usize> {
    let mut forms = forms.iter();
    let mut scanner = forms.next().map(|form| Scanner::new(*form, Limits::DEFAULT));
    let mut ends = Vec::new();
    let mut start = 0;
    for length in pieces.iter().cycle() {
        let end = bytes.len().min(start + length);
        while start < end {
            match scanner.as_mut().unwrap().scan(&bytes[start..end]) {
                Scan::Partial => start = end,
                Scan::Complete(length) => {
                    start += length;
                    ends.push(start);
                    scanner = forms.next().map(|form| Scanner::new(*form, Limits::DEFAULT));
                }
            }
        }
        if start == bytes.len() {
            return ends;
        }
    }
    unreachable!("the pieces are not all empty");
}

#[test]
fn units_end_where_they_end_however_they_are_cut() {
    let mut units: Vec<(&str, Form)> = commands().iter().map(|(wire, _)| (*wire, Form::Command)).collect();
    units.extend(events().iter().map(|(wire, _)| (*wire, Form::Event)));
    units.extend(answers().iter().map(|(wire, form, _)| (*wire, *form)));
    let forms: Vec<_> = units.iter().map(|unit| unit.1).collect();
    let bytes: Vec<_> = units.iter().flat_map(|unit| unit.0.bytes()).collect();
    let ends: Vec<_> = units
        .iter()
        .scan(0, |end, unit| {
            *end += unit.0.len();
            Some(*end)
        })
        .collect();
    for length in 1..=80 {
        assert_eq!(scan_in_pieces(&bytes, &forms, &[length]), ends, "pieces of {length}");
    }
    assert_eq!(scan_in_pieces(&bytes, &forms, &[bytes.len()]), ends);
    let mut rest = bytes.as_slice();
    for (wire, form) in units {
        let (unit, behind) = split(rest, form, Limits::DEFAULT).unwrap();
        assert_eq!(unit, Ok(wire.as_bytes()));
        for length in 0..wire.len() {
            assert_eq!(split(&rest[..length], form, Limits::DEFAULT), None);
        }
        rest = behind;
    }
}

const SMALL: Limits = Limits { line_length: 20, lines: 3, length: 40 };

#[test]
fn what_is_over_a_limit_is_dropped_and_the_next_unit_is_not() {
    let line = LimitError::LineTooLong { limit: 20 };
    let lines = LimitError::TooManyLines { limit: 3 };
    let long = LimitError::TooLong { limit: 40 };
    for (form, unit, expected) in [
        (Form::Status, "ERR 5678901234567890\n", None),
        (Form::Status, "ERR 56789012345678901\n", Some(line)),
        (Form::Event, "MSG 3 0 a@x\n1\n2\n3\n", None),
        (Form::Event, "MSG 4 0 a@x\n1\n2\n3\n4\n", Some(lines)),
        (Form::Event, "MSG 1 0 a@x\n123456789012345678901\n", Some(line)),
        (Form::Event, "MSG 2 0 aaaaaaaaaaaaaaaa@x\nPOLLEND\n\n", Some(line)),
        (Form::Event, "MSG 2 0 a@x\n12345678901234567890\n123456\n", None),
        (Form::Event, "MSG 2 0 a@x\n12345678901234567890\n1234567\n", Some(long)),
        (Form::Event, "MSG 000000000000000002 a@x\n1\n2\n", Some(line)),
        (Form::Command, "SENDMSG 2 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@x\n1\n2\n", Some(line)),
        (Form::Contacts, "CL 4\n1\n2\n3\n4\n", Some(lines)),
        (Form::Attributes, "A = 1\nB = 2\nC = 3\nD = 4\n\n", None),
        (Form::Attributes, "A = 1\nB = 2\nC = 3\nD = 4\nE = 5\n\n", Some(lines)),
    ] {
        let received = format!("{unit}OK\n");
        let (result, rest) = split(received.as_bytes(), form, SMALL).expect(unit);
        assert_eq!(result, expected.map_or(Ok(unit.as_bytes()), Err), "{unit:?}");
        assert_eq!(rest, b"OK\n", "{unit:?}");
        assert!(expected.is_none_or(|error| error.keeps_step() && !error.to_string().is_empty()));
    }
}

#[test]
fn a_count_that_is_no_number_loses_the_step() {
    for (form, head) in [
        (Form::Event, "MSG\n"),
        (Form::Event, "MSG two 0 a@x\n"),
        (Form::Event, "MSG 4294967296 0 a@x\n"),
        (Form::Event, "MSG 00000000000000000000000000000000000002 0 a@x\n"),
        (Form::Command, "SENDMSG  a@x\n"),
        (Form::Contacts, "CL +1\n"),
    ] {
        let (result, _) = split(head.as_bytes(), form, Limits::DEFAULT).unwrap();
        assert_eq!(result, Err(LimitError::InvalidCount), "{head:?}");
        assert!(!LimitError::InvalidCount.keeps_step());
    }
}

#[test]
fn a_huge_count_takes_no_memory_and_fails_at_once() {
    let mut scanner = Scanner::new(Form::Contacts, Limits::DEFAULT);
    assert_eq!(scanner.scan(b"CL 4294967295\n"), Scan::Partial);
    assert_eq!(scanner.failure(), Some(LimitError::TooManyLines { limit: 10_000 }));
    assert_eq!(scanner.scan(b"online a@x A\n"), Scan::Partial);
    assert!(size_of::<Scanner>() < 200);
    assert!(size_of::<spectrum2::msncd::ParseError>() <= 24);
}

fn word() -> impl Strategy<Value = String> {
    "[^ \n]{1,12}"
}

fn email() -> impl Strategy<Value = String> {
    "[^ \n@]{0,6}@[^ \n]{0,6}"
}

fn text() -> impl Strategy<Value = String> {
    "[^\n]{0,20}"
}

fn lines() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("([^\n]{0,8}\n){0,4}[^\n]{0,8}")
}

fn as_lines(lines: &Option<String>) -> Lines<'_> {
    lines.as_deref().map_or(Lines::NONE, Lines::new)
}

fn as_user(name: &str) -> User<'_> {
    if name.is_empty() { User::Nick(Nick::new("x")) } else { User::from(name) }
}

proptest! {
    #[test]
    fn commands_come_back(
        email in email(), nick in any::<String>(), name in prop_oneof![email(), any::<String>()], word in word(),
        password in text(), lines in lines(), flags in any::<(bool, bool)>(), index in 0..13_usize,
    ) {
        // An @ makes an email, and an email may have neither space nor newline.
        prop_assume!(!name.contains('@') || !name.contains([' ', '\n']));
        let user = as_user(&name);
        let command = [
            Command::Add { nick: Nick::new(&nick), email: &email },
            Command::Delete { user },
            Command::Nick { nick: Nick::new(&nick) },
            Command::Privacy { public: flags.0, ask: flags.1 },
            Command::Status { status: &word },
            Command::Login { email: &email, password: &password },
            Command::Logoff,
            Command::Info { user },
            Command::SendMessage { user, text: as_lines(&lines) },
            Command::Poll,
            Command::ContactList,
            Command::ReverseList,
            Command::Typing { user },
        ][index];
        let mut wire = String::new();
        prop_assert_eq!(command.write(&mut wire), Ok(()));
        prop_assert_eq!(split(wire.as_bytes(), Form::Command, Limits::DEFAULT), Some((Ok(wire.as_bytes()), &b""[..])));
        prop_assert_eq!(Command::parse(wire.as_bytes()), Ok(command));
    }

    #[test]
    fn events_come_back(
        email in word(), status in word(), header in lines(), body in lines(), text in text(),
        count in any::<u32>(), discarded in any::<Option<u32>>(), index in 0..13_usize,
    ) {
        let (header, body) = (as_lines(&header), as_lines(&body));
        let socket = if count % 2 == 0 { Socket::Main } else { Socket::User };
        let event = [
            Event::Message { email: &email, header, text: body },
            Event::StatusChanged { email: &email, status: &status, discarded },
            Event::UserAdded { email: &email },
            Event::UserDeleted { email: &email },
            Event::ContactAdded { email: &email },
            Event::ContactDeleted { email: &email },
            Event::Flushed { email: &email },
            Event::Typing { email: &email },
            Event::SocketClosed { socket, discarded: discarded.map(|count| (email.as_str(), count)) },
            Event::Error { code: count, description: &text },
            Event::Refused { description: &text },
            Event::Unknown { line: &text },
            Event::End,
        ][index];
        let mut wire = String::new();
        prop_assume!(event.write(&mut wire).is_ok());
        prop_assert_eq!(split(wire.as_bytes(), Form::Event, Limits::DEFAULT), Some((Ok(wire.as_bytes()), &b""[..])));
        prop_assert_eq!(Event::parse(wire.as_bytes()), Ok(event));
    }

    #[test]
    fn answers_come_back(
        contacts in proptest::collection::vec((word(), word(), any::<String>()), 0..5),
        attributes in proptest::collection::vec(("[^ =\n]{1,8}", text()), 0..5),
    ) {
        let contacts: Vec<_> = contacts
            .iter()
            .map(|(status, email, nick)| Contact { status, email, nick: Nick::new(nick) })
            .collect();
        let attributes: Vec<_> = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let contacts = (Form::Contacts, Answer::Contacts(Contacts::from(&contacts[..])));
        let attributes = (Form::Attributes, Answer::Attributes(Attributes::from(&attributes[..])));
        for (form, answer) in [contacts, attributes] {
            let mut wire = String::new();
            prop_assume!(answer.write(&mut wire).is_ok());
            let complete = Some((Ok(wire.as_bytes()), &b""[..]));
            prop_assert_eq!(split(wire.as_bytes(), form, Limits::DEFAULT), complete);
            prop_assert_eq!(Answer::parse(wire.as_bytes(), form), Ok(answer));
        }
    }

    #[test]
    fn any_text_survives_as_a_nick(text in any::<String>()) {
        let encoded = Nick::new(&text).encoded().to_string();
        prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@'));
        prop_assert_eq!(Nick::from_encoded(&encoded).to_string(), text);
    }

    #[test]
    fn nicks_decode_as_the_standard_library_says(bytes in any::<Vec<u8>>()) {
        let encoded: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        let decoded = Nick::from_encoded(&encoded).to_string();
        // How many signs stand for bytes that are no character is left to each; the rest is not.
        let without_signs = |text: &str| text.replace('\u{fffd}', "");
        prop_assert_eq!(without_signs(&decoded), without_signs(&String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn hostile_bytes_make_errors_at_most(
        pieces in proptest::collection::vec(prop_oneof![
            select(commands()).prop_map(|(wire, _)| wire.as_bytes().to_vec()),
            select(events()).prop_map(|(wire, _)| wire.as_bytes().to_vec()),
            select(answers()).prop_map(|(wire, ..)| wire.as_bytes().to_vec()),
            select(vec!["MSG ", "SENDMSG ", "CL ", "ERR", " ", "\n", "4294967295 ", "-1", "0", "@", "%", " = "])
                .prop_map(|text| text.as_bytes().to_vec()),
            any::<Vec<u8>>(),
        ], 0..8),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = pieces.concat();
        bytes.truncate(cut.index(bytes.len() + 1));
        for form in [Form::Command, Form::Status, Form::Attributes, Form::Contacts, Form::Event] {
            let mut rest = bytes.as_slice();
            while let Some((unit, behind)) = split(rest, form, SMALL) {
                prop_assert!(behind.len() < rest.len());
                rest = behind;
                if let Ok(unit) = unit {
                    prop_assert!(unit.len() <= SMALL.length);
                    check(unit, form);
                }
            }
            check(rest, form);
            check(&bytes, form);
        }
    }
}

/// Parses, and checks that an error lies within the unit, or that what was parsed is what is written.
fn check(unit: &[u8], form: Form) {
    let error = match form {
        Form::Command => Command::parse(unit).map(|command| {
            let mut wire = String::new();
            if command.write(&mut wire).is_ok() {
                assert_eq!(Command::parse(wire.as_bytes()), Ok(command));
            }
            assert!(!format!("{command:?}").is_empty());
        }),
        Form::Event => Event::parse(unit).map(|event| {
            let mut wire = String::new();
            assert_eq!(event.write(&mut wire), Ok(()), "{event:?}");
            assert_eq!(Event::parse(wire.as_bytes()), Ok(event));
        }),
        form => Answer::parse(unit, form).map(|answer| {
            let mut wire = String::new();
            if answer.write(&mut wire).is_ok() {
                assert_eq!(Answer::parse(wire.as_bytes(), form), Ok(answer));
            }
            assert!(!format!("{answer:?}").is_empty());
        }),
    };
    if let Err(error) = error {
        assert!(error.offset() <= unit.len(), "{error}: {unit:?}");
        assert!(!error.to_string().is_empty());
    }
}
