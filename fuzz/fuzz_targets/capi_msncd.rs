//! msncd through the C ABI, called as a C program does: the same as in Rust comes out.
#![no_main]

use std::io::Write;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use std::ptr;

use libfuzzer_sys::fuzz_target;
use spectrum2::capi::*;
use spectrum2::msncd::{self, Answer, Command, Event, Form, Limits, Nick, ParseErrorKind, User};
use spectrum2_fuzz::c::{bytes, call, text};
use spectrum2_fuzz::script;

fuzz_target!(|data: &[u8]| {
    let (script, stream) = script::split(data);
    for (command_type, form) in ANSWERS {
        decode(stream, command_type, form);
    }
    encode(stream);
    nick(stream);
    converse(script, stream);
});

/// A type of command for each form of answers.
const ANSWERS: [(sp2_msncd_command_type, Form); 4] = [
    (sp2_msncd_command_type::SP2_MSNCD_LOGOFF, Form::Status),
    (sp2_msncd_command_type::SP2_MSNCD_INFO, Form::Attributes),
    (sp2_msncd_command_type::SP2_MSNCD_CONTACT_LIST, Form::Contacts),
    (sp2_msncd_command_type::SP2_MSNCD_POLL, Form::Event),
];

const NO_LIMITS: Limits = Limits { line_length: usize::MAX, lines: u32::MAX, length: usize::MAX };

/// Takes the answers off the stream.
fn decode(mut stream: &[u8], command_type: sp2_msncd_command_type, form: Form) {
    let command_type = command_type as i32;
    loop {
        // SAFETY: all pointers are to what is there.
        let theirs = call(|answer, error| unsafe {
            sp2_msncd_split(stream.as_ptr(), stream.len(), command_type, answer, error)
        });
        let unit = match (msncd::split(stream, form, NO_LIMITS), theirs) {
            (Some((Ok(unit), rest)), Ok(answer)) => {
                assert_eq!(bytes(answer.ptr, answer.len), unit);
                stream = rest;
                unit
            }
            (Some((Err(_), _)), Err(error)) => return assert_eq!(error.code, sp2_result::SP2_OUT_OF_STEP as i32),
            (None, Err(error)) => {
                assert_eq!((error.code, error.needed), (sp2_result::SP2_INCOMPLETE as i32, stream.len() + 1));
                return;
            }
            (ours, _) => panic!("{ours:?}"),
        };
        if form == Form::Event { event(unit) } else { answer(unit, command_type, form) }
    }
}

fn event(unit: &[u8]) {
    // SAFETY: all pointers are to what is there.
    let theirs = call(|event, error| unsafe { sp2_msncd_event_decode(unit.as_ptr(), unit.len(), event, error) });
    match (Event::parse(unit), theirs) {
        (Ok(ours), Ok(theirs)) => same_event(&ours, &theirs),
        (Err(ours), Err(error)) => same_error(ours, &error, sp2_result::SP2_MALFORMED_LINE),
        (ours, _) => panic!("{ours:?}"),
    }
}

fn same_error(ours: msncd::ParseError, theirs: &sp2_error, code: sp2_result) {
    assert_eq!(theirs.code, code as i32);
    if code == sp2_result::SP2_MALFORMED_LINE {
        assert_eq!((text(theirs.field), theirs.offset), (ours.field(), ours.offset()));
    }
}

fn same_event(ours: &Event<'_>, theirs: &sp2_msncd_event) {
    let strings = |event: &sp2_msncd_event| [event.email, event.text, event.header].map(text);
    match *ours {
        Event::Message { email, header, text } => {
            return assert_eq!(strings(theirs), [email, text.text(), header.text()]);
        }
        Event::StatusChanged { discarded, .. } => {
            assert_eq!(theirs.discarded.is_set != 0, discarded.is_some());
            let expected = discarded.map_or(0, |count| i32::try_from(count).unwrap_or(i32::MAX));
            assert_eq!(theirs.discarded.value, expected);
        }
        Event::Error { code, .. } => assert_eq!(theirs.code, code),
        Event::End => assert_eq!(theirs.r#type, sp2_msncd_event_type::SP2_MSNCD_EVENT_END as i32),
        _ => {}
    }
    // Whatever it is called in Rust.
    let shown = format!("{ours:?}");
    for string in strings(theirs).into_iter().filter(|string| !string.is_empty()) {
        assert!(shown.contains(&format!("{string:?}")), "{string:?} is not in {shown}");
    }
}

fn answer(unit: &[u8], command_type: i32, form: Form) {
    // SAFETY: all pointers are to what is there.
    let theirs =
        call(|lines, error| unsafe { sp2_msncd_answer_decode(unit.as_ptr(), unit.len(), command_type, lines, error) });
    match (Answer::parse(unit, form), theirs) {
        (Ok(Answer::Ok), Ok(lines)) => assert_eq!(lines.length, 0),
        (Ok(Answer::Contacts(ours)), Ok(mut lines)) => {
            for contact in ours.iter() {
                // SAFETY: the lines are of this unit.
                let theirs = unsafe { taken(&mut lines, sp2_msncd_contact_next) }.expect("a contact");
                assert_eq!((text(theirs.status), text(theirs.email)), (contact.status, contact.email));
                assert_eq!(Nick::from_encoded(text(theirs.encoded_nick)), contact.nick);
            }
            // SAFETY: as above.
            assert!(unsafe { taken(&mut lines, sp2_msncd_contact_next) }.is_none());
        }
        (Ok(Answer::Attributes(ours)), Ok(mut lines)) => {
            for attribute in ours.iter() {
                // SAFETY: as above.
                let theirs = unsafe { taken(&mut lines, sp2_msncd_attribute_next) }.expect("an attribute");
                assert_eq!((text(theirs.key), text(theirs.value)), attribute);
            }
            // SAFETY: as above.
            assert!(unsafe { taken(&mut lines, sp2_msncd_attribute_next) }.is_none());
        }
        (Ok(Answer::Refused { .. }), Err(error)) => assert_eq!(error.code, sp2_result::SP2_REFUSED as i32),
        (Err(ours), Err(error)) if ours.kind() == ParseErrorKind::UnknownWord => {
            same_error(ours, &error, sp2_result::SP2_OUT_OF_STEP);
        }
        (Err(ours), Err(error)) => same_error(ours, &error, sp2_result::SP2_MALFORMED_LINE),
        (ours, _) => panic!("{ours:?}"),
    }
}

/// # Safety
/// What the lines point to is there.
unsafe fn taken<T>(
    lines: &mut sp2_msncd_lines,
    next: unsafe extern "C" fn(*mut sp2_msncd_lines, *mut T) -> i32,
) -> Option<T> {
    let mut item = MaybeUninit::uninit();
    // SAFETY: this function's own contract; 1 says that the item is written.
    unsafe { (next(lines, item.as_mut_ptr()) == 1).then(|| item.assume_init()) }
}

/// A command of the stream's first line and the rest of it, of each type: what cannot be said is an
/// error of both, and what can be is encoded to the same bytes.
fn encode(stream: &[u8]) {
    let (kind, stream) = stream.split_first().unwrap_or((&0, &[]));
    let (line, rest) = stream.split_at(stream.iter().position(|byte| *byte == b'\n').unwrap_or(stream.len()));
    let string = |bytes: &[u8]| sp2_str { ptr: bytes.as_ptr().cast(), len: bytes.len() };
    let command = sp2_msncd_command {
        r#type: i32::from(*kind % 16),
        user: string(line),
        nick: string(line),
        email: string(line),
        status: string(line),
        password: string(rest),
        text: string(rest),
        is_public: u8::from(line.is_empty()),
        ask: u8::from(rest.is_empty()),
    };
    let ours = ours(&command).and_then(|command| Some((command, command.encoded_len().ok()?)));
    // SAFETY: all pointers are to what is there.
    let length = call(|length, error| unsafe { sp2_msncd_encoded_len(&command, length, error) });
    assert_eq!(length.as_ref().ok(), ours.as_ref().map(|(_, length)| length));
    let Some((ours, length)) = ours else { return };
    let mut unit = vec![0; length];
    assert_eq!(ours.encode(&mut unit), Ok(length));
    for capacity in [0, length / 2, length - 1, length, length + 1] {
        // A buffer of its own, whose end is watched.
        let mut buffer = vec![0; capacity].into_boxed_slice();
        // SAFETY: all pointers are to what is there.
        let encoded =
            call(|length, error| unsafe { sp2_msncd_encode(&command, buffer.as_mut_ptr(), capacity, length, error) });
        match encoded {
            Ok(encoded) => assert_eq!(&buffer[..encoded], unit),
            Err(error) => assert!(capacity < length && error.needed == length),
        }
    }
}

/// The command in Rust, if its strings are UTF-8.
fn ours(command: &sp2_msncd_command) -> Option<Command<'_>> {
    let string = |string: sp2_str| std::str::from_utf8(bytes(string.ptr.cast(), string.len)).ok();
    let user = || string(command.user).map(User::from);
    let nick = || string(command.nick).map(Nick::new);
    Some(match command.r#type {
        1 => Command::Add { nick: nick()?, email: string(command.email)? },
        2 => Command::Delete { user: user()? },
        3 => Command::Nick { nick: nick()? },
        4 => Command::Privacy { public: command.is_public != 0, ask: command.ask != 0 },
        5 => Command::Status { status: string(command.status)? },
        6 => Command::Login { email: string(command.email)?, password: string(command.password)? },
        7 => Command::Logoff,
        8 => Command::SendMessage { user: user()?, text: msncd::Lines::new(string(command.text)?) },
        9 => Command::Typing { user: user()? },
        10 => Command::Info { user: user()? },
        11 => Command::ContactList,
        12 => Command::ReverseList,
        13 => Command::Poll,
        _ => return None,
    })
}

fn nick(encoded: &[u8]) {
    let string = sp2_str { ptr: encoded.as_ptr().cast(), len: encoded.len() };
    let mut buffer = vec![0u8; encoded.len()].into_boxed_slice();
    let capacity = buffer.len();
    // SAFETY: all pointers are to what is there.
    let length = call(|length, error| unsafe {
        sp2_msncd_nick_decode(string, buffer.as_mut_ptr().cast(), capacity, length, error)
    });
    match (std::str::from_utf8(encoded), length) {
        (Ok(encoded), Ok(length)) => {
            let expected = Nick::from_encoded(encoded).to_string();
            assert_eq!(&buffer[..length], expected.as_bytes());
            if let Some(short) = length.checked_sub(1) {
                // SAFETY: as above.
                let failed = call(|length, error| unsafe {
                    sp2_msncd_nick_decode(string, buffer.as_mut_ptr().cast(), short, length, error)
                });
                assert!(failed.is_err_and(|error| error.needed == length));
            }
        }
        (Err(_), Err(error)) => assert_eq!(error.code, sp2_result::SP2_INVALID_UTF8 as i32),
        (ours, _) => panic!("{ours:?}"),
    }
}

/// A client over a socket, on which a daemon said all of the stream and is gone. Every call comes back,
/// and says in its result what is in its output.
fn converse(script: &[u8], stream: &[u8]) {
    let (mut daemon, ours) = UnixStream::pair().expect("a pair of sockets");
    // What is read stands in a buffer of the system's, which has room for it.
    daemon.write_all(stream).expect("written");
    daemon.shutdown(Shutdown::Write).expect("shut down");
    // SAFETY: all pointers are to what is there, and the descriptor is given away.
    let client = call(|client, error| unsafe { sp2_msncd_over(ours.into_raw_fd(), client, error) });
    let client = client.unwrap_or_else(|_| panic!("no client"));
    // SAFETY: as above.
    assert_eq!(unsafe { sp2_msncd_set_timeout(client, 10_000, ptr::null_mut()) }, sp2_result::SP2_OK);
    for step in script.iter().take(64) {
        let failed = step_of(client, *step).err();
        if failed.is_some_and(|error| {
            error.code >= sp2_result::SP2_CONNECTION_FAILED as i32 && error.code != sp2_result::SP2_REFUSED as i32
        }) {
            break;
        }
    }
    // SAFETY: as above; it is not used any more.
    assert_eq!(unsafe { sp2_msncd_free(client) }, sp2_result::SP2_OK);
}

#[allow(clippy::result_large_err, reason = "the structure of C")]
fn step_of(client: *mut sp2_msncd, step: u8) -> Result<(), sp2_error> {
    let bob = sp2_str { ptr: "bob@net".as_ptr().cast(), len: 7 };
    // SAFETY: all pointers are to what is there; what comes out is looked at before the next call.
    unsafe {
        match step % 6 {
            0 => {
                let list = call(|list, error| sp2_msncd_contacts(client, i32::from(step > 127), list, error))?;
                let contacts = (0..list.count).map(|index| *list.items.add(index));
                contacts
                    .for_each(|contact| assert!(!text(contact.email).is_empty() && text(contact.nick).len() < 1 << 20));
            }
            1 => {
                let mut map = call(|map, error| sp2_msncd_info(client, bob, map, error))?;
                let mut entry = MaybeUninit::uninit();
                while sp2_map_next(&mut map, entry.as_mut_ptr()) == 1 {
                    let sp2_entry { key, value } = entry.assume_init();
                    assert!(!text(key).is_empty() && text(value).len() < 1 << 20);
                }
            }
            2 => call(|_: *mut (), error| sp2_msncd_finish(client, error))?,
            3 => {
                // SAFETY: strings that are zero are absent.
                let mut command: sp2_msncd_command = MaybeUninit::zeroed().assume_init();
                command.r#type = i32::from(step / 6 % 16);
                (command.user, command.email, command.status, command.nick) = (bob, bob, bob, bob);
                (command.text, command.password) = (bob, bob);
                call(|_: *mut (), error| sp2_msncd_execute(client, &command, error))?;
            }
            _ => {
                let event: sp2_msncd_event = call(|event, error| sp2_msncd_poll(client, event, error))?;
                let strings = [event.email, event.header, event.text];
                assert!(strings.iter().all(|string| text(*string).len() < 1 << 20));
            }
        }
    }
    Ok(())
}
