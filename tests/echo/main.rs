//! Every point of what an echo backend does, checked over loopback against the example, or against
//! the program that the environment variable `SPECTRUM2_ECHO` names.
//!
//! Answers are compared as a whole: optional fields that are not named here are absent. Each
//! exchange ends with a PING, so that an answer too many does not go unseen, and is repeated with
//! the stream cut at many places.
#![cfg(feature = "host")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/example.rs"]
mod example;
#[path = "../support/mod.rs"]
mod support;

mod ends;
mod frames;
mod program;
mod starts;

use common::recorded::{MAIN_TO_BACKEND, hex, records};
use data_encoding::HEXLOWER;
use frames::{
    ALICE, BOB, ack, contact, echo, icon_changed, join, join_with, joined, leave, logged_in, login, login_with, logout,
    message, own_in_room, refused, said, said_in_room, subject, to_echo, vcard, vcard_request, vcard_update,
};
use program::Session;
use sha1::{Digest, Sha1};
use spectrum2::{
    Attachment, Buddy, ConnectionError, ConversationMessage, List, ParticipantFlags, Payload, Room, Status, StatusType,
};
use support::with_every_delivery;

/// Runs a test with every delivery, when `users` are logged in.
fn with(users: &[&'static str], test: impl Fn(&mut Session)) {
    with_every_delivery(|cutter| {
        let mut session = Session::start(cutter);
        for user in users.iter().copied() {
            session.exchange(&[login(user)], &logged_in(user));
        }
        test(&mut session);
        assert!(session.finish().is_empty());
    });
}

#[test]
fn says_what_it_supports_and_no_more_until_asked() {
    with(&[], |session| session.exchange(&[], &[]));
}

#[test]
fn answers_every_ping() {
    with(&[], |session| {
        session.exchange(&[], &[]);
        session.exchange(&[login(ALICE)], &logged_in(ALICE));
        session.exchange(&[], &[]);
    });
}

#[test]
fn login_connects_and_shows_echo() {
    with(&[], |session| session.exchange(&[login(ALICE)], &logged_in(ALICE)));
}

#[test]
fn a_wrong_password_is_refused() {
    with(&[], |session| {
        let answers = session.answers(&[login_with(ALICE, "badpw")]);
        let [answer] = answers.as_slice() else { panic!("{answers:?}") };
        let Ok(Payload::Disconnected(refused)) = answer.decode() else { panic!("{:?}", answer.decode()) };
        assert_eq!((refused.user, refused.error), (ALICE, ConnectionError::AUTHENTICATION_FAILED));
        assert!(refused.message.is_some_and(|text| !text.is_empty()));
        session.exchange(&[login(ALICE)], &logged_in(ALICE));
    });
}

#[test]
fn a_message_to_echo_comes_back() {
    let long = "Žluťoučký kůň 🐎 ".repeat(2000);
    with(&[ALICE], |session| {
        for text in ["hello", "", " ", "two\nlines\t<&>\"'", "žluťoučký kůň 🐎 שלום", "!", &long] {
            session.exchange(&[to_echo(text)], &[to_echo(text)]);
        }
        let styled = ConversationMessage { xhtml: Some("<em>x</em>"), ..message(ALICE, "echo", "x") };
        session.exchange(&[Payload::ConvMessage(styled)], &[Payload::ConvMessage(styled)]);
        let plain = said(ALICE, "echo", "no xhtml");
        session.exchange(&[Payload::ConvMessage(plain)], &[Payload::ConvMessage(plain)]);
    });
}

#[test]
fn a_message_to_anybody_else_is_lost() {
    with(&[ALICE], |session| {
        for name in ["newbie", "", "Echo", "echo2", "echo/x", "#test", "name", "newbie/echo"] {
            let request = ConversationMessage { id: Some("r-1"), ..message(ALICE, name, "hello") };
            session.exchange(&[Payload::ConvMessage(request)], &[]);
            session.exchange(&[Payload::ConvMessage(message(ALICE, name, "!auth stranger"))], &[]);
        }
    });
}

#[test]
fn a_receipt_comes_before_the_message() {
    with(&[ALICE], |session| {
        for text in ["hello", ""] {
            let request = ConversationMessage { id: Some("r-1"), ..message(ALICE, "echo", text) };
            session.exchange(&[Payload::ConvMessage(request)], &[ack(ALICE, "echo", "r-1"), to_echo(text)]);
        }
        let request = ConversationMessage { id: Some("7"), ..message(ALICE, "echo", "!auth stranger") };
        let asks = Payload::AuthRequest(Buddy { user_name: ALICE, buddy_name: "stranger", ..Buddy::default() });
        session.exchange(&[Payload::ConvMessage(request)], &[ack(ALICE, "echo", "7"), asks]);
    });
}

#[test]
fn a_contact_added_or_edited_is_online() {
    with(&[ALICE], |session| {
        for group in [[].as_slice(), &["Friends"], &["Friends", "Work", "Žluť"]] {
            for alias in ["", "Newbie", "Žluť"] {
                let request = Buddy { alias: Some(alias), group: List::from(group), ..contact(ALICE, "newbie") };
                let answer = Buddy { status: Some(StatusType::Online), ..request };
                session.exchange(&[Payload::BuddyChanged(request)], &[Payload::BuddyChanged(answer)]);
            }
        }
    });
}

#[test]
fn a_contact_removed_is_gone() {
    with(&[ALICE], |session| {
        for name in ["newbie", "echo"] {
            let request = Buddy { group: List::from(&["Friends"]), ..contact(ALICE, name) };
            let answer = Buddy { user_name: ALICE, buddy_name: name, ..Buddy::default() };
            session.exchange(&[Payload::BuddyRemoved(request)], &[Payload::BuddyRemoved(answer)]);
        }
    });
}

#[test]
fn typing_comes_back() {
    with(&[ALICE], |session| {
        for name in ["echo", "newbie", "#test", "#test/echo"] {
            let buddy = Buddy { user_name: ALICE, buddy_name: name, ..Buddy::default() };
            for notice in [Payload::BuddyTyping, Payload::BuddyTyped, Payload::BuddyStoppedTyping] {
                session.exchange(&[notice(buddy)], &[notice(buddy)]);
            }
        }
    });
}

#[test]
fn attention_comes_back_with_its_text() {
    with(&[ALICE], |session| {
        for (name, text) in [("echo", "wake up"), ("echo", ""), ("newbie", "wake up")] {
            let buzz = Payload::Attention(said(ALICE, name, text));
            session.exchange(&[buzz], &[buzz]);
        }
    });
}

#[test]
fn echo_has_the_status_of_the_user() {
    use StatusType::{Away, DoNotDisturb, ExtendedAway, FreeForChat, Invisible, None, Online};

    let same = [Away, FreeForChat, ExtendedAway, DoNotDisturb, None, Online].map(|status| (status, status));
    with(&[ALICE], |session| {
        for (status, shown) in same.into_iter().chain([(Invisible, None)]) {
            for text in ["", "pryč"] {
                let request = Status { user_name: ALICE, status, status_message: Some(text) };
                let answer = Buddy { alias: Some(""), status: Some(shown), status_message: Some(text), ..echo(ALICE) };
                session.exchange(&[Payload::StatusChanged(request)], &[Payload::BuddyChanged(answer)]);
            }
        }
    });
}

#[test]
fn a_card_has_its_request_in_it() {
    with(&[ALICE], |session| {
        for (name, fullname, id) in [
            ("echo", "Full echo", 0),
            ("newbie", "Full newbie", 1),
            ("Žluť", "Full Žluť", i32::MAX),
            ("echo", "Full echo", -1),
        ] {
            let request = vcard_request(ALICE, name, id);
            session.exchange(&[request], &[vcard(&request, fullname, "echo", b"")]);
        }
    });
}

#[test]
fn a_card_updated_is_shown_from_then_on() {
    let photo: Vec<u8> = (0..=255).cycle().take(3000).collect();
    with(&[ALICE, BOB], |session| {
        for (nickname, photo) in [("Ali", photo.as_slice()), ("", b"\0"), ("Alí", b"")] {
            let hash = HEXLOWER.encode(&Sha1::digest(photo));
            session.exchange(&[vcard_update(ALICE, nickname, photo)], &[icon_changed(ALICE, &hash)]);
            for (name, fullname) in [("echo", "Full echo"), ("newbie", "Full newbie")] {
                let request = vcard_request(ALICE, name, 3);
                session.exchange(&[request], &[vcard(&request, fullname, nickname, photo)]);
            }
            let others = vcard_request(BOB, "echo", 4);
            session.exchange(&[others], &[vcard(&others, "Full echo", "echo", b"")]);
        }
    });
}

/// The hash is known from elsewhere.
#[test]
fn the_icon_hash_is_sha1_in_lower_case() {
    with(&[ALICE], |session| {
        let changed = icon_changed(ALICE, "a9993e364706816aba3e25717850c26c9cd0d89d");
        session.exchange(&[vcard_update(ALICE, "Ali", b"abc")], &[changed]);
    });
}

#[test]
fn echo_knows_commands() {
    with(&[ALICE], |session| {
        let asks = |name| Payload::AuthRequest(Buddy { user_name: ALICE, buddy_name: name, ..Buddy::default() });
        session.exchange(&[to_echo("!auth stranger")], &[asks("stranger")]);
        session.exchange(&[to_echo("!auth Žluť 2")], &[asks("Žluť 2")]);

        let late = ConversationMessage { timestamp: Some("20200102T030405"), ..said(ALICE, "echo", "long ago") };
        session.exchange(&[to_echo("!delay long ago")], &[Payload::ConvMessage(late)]);

        let url = "https://example.org/a.png?b=c&d";
        let attachment = [Attachment { url, ..Attachment::default() }];
        let attached = ConversationMessage { attachment: List::from(&attachment), ..said(ALICE, "echo", url) };
        session.exchange(&[to_echo(&format!("!attach {url}"))], &[Payload::ConvMessage(attached)]);

        let copy = ConversationMessage { carbon: Some(true), ..said(ALICE, "echo", "from elsewhere") };
        session.exchange(&[to_echo("!carbon from elsewhere")], &[Payload::ConvMessage(copy)]);
    });
}

#[test]
fn a_command_with_nothing_behind_it_is_a_plain_message() {
    with(&[ALICE], |session| {
        for text in
            ["!auth", "!auth ", "!delay", "!delay ", "!attach", "!carbon", "!nonsense x", "!authx y", " !auth x"]
        {
            session.exchange(&[to_echo(text)], &[to_echo(text)]);
        }
    });
}

#[test]
fn a_room_has_participants_and_a_subject() {
    with(&[ALICE, BOB], |session| {
        session.exchange(&[join(ALICE, "#test", "ali")], &joined(ALICE, "#test", "ali", "Subject of #test"));
        session.exchange(&[join(ALICE, "a room", "A")], &joined(ALICE, "a room", "A", "Subject of a room"));
        session.exchange(&[join(BOB, "#test", "ali")], &joined(BOB, "#test", "ali", "Subject of #test"));
        session.exchange(
            &[join_with(BOB, "#locked", "bob", "sesame")],
            &joined(BOB, "#locked", "bob", "Subject of #locked"),
        );
    });
}

#[test]
fn some_rooms_cannot_be_joined() {
    with(&[ALICE], |session| {
        for (room, nickname, password, why) in [
            ("#missing", "ali", "", ParticipantFlags::ROOM_NOT_FOUND),
            ("#missing", "taken", "sesame", ParticipantFlags::ROOM_NOT_FOUND),
            ("#locked", "ali", "", ParticipantFlags::NOT_AUTHORIZED),
            ("#locked", "ali", "Sesame", ParticipantFlags::NOT_AUTHORIZED),
            ("#test", "taken", "", ParticipantFlags::CONFLICT),
            ("#locked", "taken", "sesame", ParticipantFlags::CONFLICT),
        ] {
            let request = join_with(ALICE, room, nickname, password);
            session.exchange(&[request], &[refused(ALICE, room, nickname, why)]);
            // The main process says it all the same.
            session.exchange(&[leave(ALICE, room)], &[]);
            session.exchange(&[Payload::ConvMessage(message(ALICE, room, "anybody?"))], &[]);
        }
        let without_password = Room { user_name: ALICE, nickname: "ali", room: "#locked", password: None };
        session.exchange(
            &[Payload::JoinRoom(without_password)],
            &[refused(ALICE, "#locked", "ali", ParticipantFlags::NOT_AUTHORIZED)],
        );
    });
}

#[test]
fn a_message_to_a_room_is_seen_and_answered_there() {
    with(&[ALICE], |session| {
        session.answers(&[join(ALICE, "#test", "ali"), join(ALICE, "a room", "A")]);
        for (room, nickname) in [("#test", "ali"), ("a room", "A")] {
            for (text, echoed) in [("hello", "echo: hello"), ("", "echo: "), ("!delay x", "echo: !delay x")] {
                session.exchange(
                    &[Payload::ConvMessage(message(ALICE, room, text))],
                    &[own_in_room(ALICE, room, nickname, text), said_in_room(ALICE, room, "echo", echoed)],
                );
            }
        }
        let request = ConversationMessage { xhtml: Some("<em>x</em>"), ..message(ALICE, "#test", "x") };
        let seen = Payload::ConvMessage(ConversationMessage { nickname: Some("ali"), ..request });
        let echoed = said_in_room(ALICE, "#test", "echo", "echo: x");
        session.exchange(&[Payload::ConvMessage(request)], &[seen, echoed]);
        let request = ConversationMessage { id: Some("r-2"), ..request };
        session.exchange(&[Payload::ConvMessage(request)], &[ack(ALICE, "#test", "r-2"), seen, echoed]);
    });
}

#[test]
fn a_message_to_a_participant_comes_back_as_private() {
    with(&[ALICE], |session| {
        session.answers(&[join(ALICE, "#test", "ali")]);
        for (to, nickname) in [("#test/echo", "echo"), ("#test/away", "away"), ("#test/a/b c", "a/b c")] {
            for text in ["psst", "!auth stranger"] {
                let request = message(ALICE, to, text);
                let answer =
                    ConversationMessage { nickname: Some(nickname), pm: Some(true), ..message(ALICE, "#test", text) };
                session.exchange(&[Payload::ConvMessage(request)], &[Payload::ConvMessage(answer)]);
            }
        }
    });
}

#[test]
fn a_subject_comes_back_with_who_set_it() {
    with(&[ALICE], |session| {
        session.answers(&[join(ALICE, "#test", "ali")]);
        for text in ["Now this", ""] {
            let request = Payload::RoomSubjectChanged(said(ALICE, "#test", text));
            session.exchange(&[request], &[subject(ALICE, "#test", "ali", text)]);
        }
        // The main process says this too, for a message with a subject.
        session.exchange(&[Payload::RoomSubjectChanged(said(ALICE, "echo", "subject"))], &[]);
        session.exchange(&[Payload::RoomSubjectChanged(said(ALICE, "#other", "subject"))], &[]);
    });
}

#[test]
fn a_room_left_is_quiet_until_it_is_joined_again() {
    with(&[ALICE], |session| {
        let request = Payload::ConvMessage(message(ALICE, "#test", "hello"));
        session.answers(&[join(ALICE, "#test", "ali")]);
        session.exchange(&[leave(ALICE, "#test")], &[]);
        session.exchange(&[request], &[]);
        session.exchange(&[leave(ALICE, "#test")], &[]);

        session.exchange(&[join(ALICE, "#test", "ally")], &joined(ALICE, "#test", "ally", "Subject of #test"));
        let echoed = said_in_room(ALICE, "#test", "echo", "echo: hello");
        session.exchange(&[request], &[own_in_room(ALICE, "#test", "ally", "hello"), echoed]);

        let conflict = refused(ALICE, "#test", "taken", ParticipantFlags::CONFLICT);
        session.exchange(&[join(ALICE, "#test", "taken")], &[conflict]);
        session.exchange(&[request], &[own_in_room(ALICE, "#test", "ally", "hello"), echoed]);
    });
}

#[test]
fn users_do_not_get_in_each_others_way() {
    with(&[ALICE, BOB], |session| {
        let (alice, bob) = (message(ALICE, "#test", "I am Alice"), message(BOB, "#test", "I am Bob"));
        session.answers(&[join(ALICE, "#test", "ali")]);
        session.exchange(&[Payload::ConvMessage(bob)], &[]);
        session.answers(&[join(BOB, "#test", "bobby")]);
        let requests = [Payload::ConvMessage(alice), Payload::ConvMessage(bob), to_echo("hello")];
        let answers = [
            own_in_room(ALICE, "#test", "ali", "I am Alice"),
            said_in_room(ALICE, "#test", "echo", "echo: I am Alice"),
            own_in_room(BOB, "#test", "bobby", "I am Bob"),
            said_in_room(BOB, "#test", "echo", "echo: I am Bob"),
            to_echo("hello"),
        ];
        session.exchange(&requests, &answers);
        session.exchange(&[logout(ALICE), leave(BOB, "#other")], &[]);
        session.exchange(&requests[1..2], &answers[2..4]);
    });
}

#[test]
fn a_user_who_logs_in_again_starts_anew() {
    let card = vcard_request(ALICE, "echo", 1);
    let in_room = Payload::ConvMessage(message(ALICE, "#test", "hello"));
    let use_it = [join(ALICE, "#test", "ali"), vcard_update(ALICE, "Ali", b"photo")];
    with(&[ALICE], |session| {
        for requests in [[logout(ALICE), login(ALICE)].as_slice(), &[login(ALICE)]].repeat(2) {
            session.answers(&use_it);
            session.exchange(requests, &logged_in(ALICE));
            session.exchange(&[in_room], &[]);
            session.exchange(&[card], &[vcard(&card, "Full echo", "echo", b"")]);
            session.exchange(&[to_echo("hello")], &[to_echo("hello")]);
        }
        session.answers(&use_it);
        session.exchange(&[logout(ALICE), in_room], &[]);
    });
}

#[test]
fn what_it_does_not_know_is_ignored() {
    with(&[], |session| {
        session.exchange(&[logout(ALICE), leave(ALICE, "#test"), leave(ALICE, "echo")], &[]);
        session.exchange(&[login(ALICE)], &logged_in(ALICE));
        session.exchange(&[logout(BOB), leave(ALICE, "#other"), leave(ALICE, "echo"), leave(BOB, "#test")], &[]);
        session.exchange(&[logout(ALICE), logout(ALICE), leave(ALICE, "#test")], &[]);
    });
}

#[test]
fn requests_that_come_together_are_answered_in_order() {
    with(&[], |session| {
        let offline = Status { user_name: ALICE, status: StatusType::Online, status_message: Some("") };
        let shown =
            Buddy { alias: Some(""), status: Some(StatusType::Online), status_message: Some(""), ..echo(ALICE) };
        let buzz = Payload::Attention(said(ALICE, "echo", "!"));
        let requests = [login(ALICE), Payload::StatusChanged(offline), to_echo("a"), buzz, login(BOB), logout(ALICE)];
        let answers = [&logged_in(ALICE)[..], &[Payload::BuddyChanged(shown), to_echo("a"), buzz], &logged_in(BOB)];
        session.exchange(&requests, &answers.concat());
    });
}

/// The streams of the main process, as they were recorded: the answers do not depend on the cuts.
#[test]
fn recorded_streams_are_answered_however_they_are_cut() {
    let records = records(MAIN_TO_BACKEND);
    for stream in records.chunk_by(|one, next| one["mode"] == next["mode"]) {
        let bytes: Vec<u8> = stream.iter().flat_map(|record| hex(&record["hex"])).collect();
        let mut expected = None;
        with_every_delivery(|cutter| {
            let mut session = Session::start(cutter);
            session.send_stream(&bytes);
            let mut answers = session.finish();
            let pings = stream.iter().filter(|record| record["type"] == "TYPE_PING").count();
            assert_eq!(answers.iter().filter(|frame| frame.decode() == Ok(Payload::Pong)).count(), pings);
            answers.retain(|frame| !matches!(frame.decode(), Ok(Payload::Stats(_))));
            assert!(answers.len() > pings);
            assert_eq!(*expected.get_or_insert(answers.clone()), answers);
        });
    }
}
