//! msncd: any bytes as a command, an answer or an event; any peer behind the client.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use spectrum2::msncd::{
    Answer, Client, Command, Error, Event, Form, Limits, Lines, ReadError, Reader, WriteError, split,
};
use spectrum2_fuzz::script::{self, Scripted, is_passing};

const FORMS: [Form; 5] = [Form::Command, Form::Status, Form::Attributes, Form::Contacts, Form::Event];

fuzz_target!(|data: &[u8]| {
    let (script, stream) = script::split(data);
    for form in FORMS {
        read(form, script, stream);
    }
    call(script, stream);
});

/// Small ones, to come across them.
fn limits(script: &[u8]) -> Limits {
    match script.len() % 3 {
        0 => Limits { line_length: 20, lines: 3, length: 50 },
        _ => Limits::DEFAULT,
    }
}

/// The units of a stream do not depend on its pieces, and what parses can be written.
fn read(form: Form, script: &[u8], mut stream: &[u8]) {
    let limits = limits(script);
    let mut reader = Reader::with_limits(Scripted::new(script, stream), limits);
    loop {
        let expected = split(stream, form, limits);
        let found = loop {
            match reader.read_unit(form) {
                Err(ReadError::Stream(error)) if is_passing(&error) => {}
                found => break found,
            }
        };
        let Some((expected, rest)) = expected else {
            assert!(matches!(found, Ok(None) | Err(ReadError::Stream(_))), "{found:?}");
            return;
        };
        match (found, expected) {
            (Ok(Some(unit)), Ok(expected)) => {
                assert_eq!(unit, expected);
                check(form, unit);
            }
            (Err(ReadError::Limit(found)), Err(expected)) => assert_eq!(found, expected),
            (found, _) => panic!("{found:?}"),
        }
        stream = rest;
    }
}

fn check(form: Form, unit: &[u8]) {
    match form {
        Form::Command => {
            if let Ok(command) = Command::parse(unit) {
                let write = |buffer: &mut [u8]| command.encode(buffer);
                written(&command, command.encoded_len(), write, |unit| assert_eq!(Command::parse(unit), Ok(command)));
            }
        }
        Form::Event => {
            if let Ok(event) = Event::parse(unit) {
                let write = |buffer: &mut [u8]| event.encode(buffer);
                written(&event, event.encoded_len(), write, |unit| assert_eq!(Event::parse(unit), Ok(event)));
            }
        }
        _ => {
            if let Ok(answer) = Answer::parse(unit, form) {
                let write = |buffer: &mut [u8]| answer.encode(buffer);
                written(&answer, answer.encoded_len(), write, |unit| {
                    assert_eq!(Answer::parse(unit, form), Ok(answer));
                    let Some((split, rest)) = split(unit, form, Limits::DEFAULT) else { panic!("no unit") };
                    assert_eq!((split, rest), (Ok(unit), &[][..]));
                });
            }
        }
    }
}

/// Writes what was parsed, as long as it says, and hands over what was written. A peer may say what
/// cannot be said back.
fn written(
    shown: &dyn Debug,
    length: Result<usize, WriteError>,
    write: impl Fn(&mut [u8]) -> Result<usize, WriteError>,
    parse: impl Fn(&[u8]),
) {
    assert!(!format!("{shown:?}").is_empty());
    let Ok(length) = length else { return };
    let mut unit = vec![0; length];
    assert_eq!(write(&mut unit), Ok(length));
    parse(&unit);
    assert_eq!(write(&mut unit[..length - 1]), Err(WriteError::Full));
}

/// A session with a daemon that answers anything. Every call comes back, and none is answered for
/// another.
fn call(script: &[u8], stream: &[u8]) {
    let mut client = Client::with_limits(Scripted::new(script, stream), limits(script));
    let mut calls = 0;
    for step in script.iter().copied().cycle().take(script.len().clamp(8, 64)) {
        let mut result = step_of(&mut client, step);
        while let Err(Error::Stream(error)) = &result {
            if !is_passing(error) {
                break;
            }
            calls += 1;
            assert!(client.is_waiting() && calls < 10_000, "{error}");
            result = match client.finish() {
                Err(Error::Unanswered) => client.poll().map(drop),
                finished => finished,
            };
        }
        if let Err(Error::OutOfStep | Error::Stream(_)) = result {
            assert!(matches!(client.status("online"), Err(Error::OutOfStep)));
            return;
        }
    }
}

fn step_of(client: &mut Client<Scripted<'_>>, step: u8) -> Result<(), Error> {
    match step % 9 {
        0 => client.login("alice@example.org", "a password"),
        1 => client.send_message("bob", Lines::new("Hello,\nBob")),
        2 => client.info("bob@example.org").map(|attributes| assert!(attributes.iter().count() < usize::MAX)),
        3 => client.contacts().map(|contacts| assert!(contacts.iter().all(|contact| !contact.email.is_empty()))),
        4 => client.reverse_contacts().map(drop),
        5 => client.add("Bob", "bob@example.org"),
        6 => client.logoff(),
        _ => loop {
            match client.poll() {
                Ok(Some(_)) | Err(Error::Malformed(_)) => {}
                Ok(None) => return Ok(()),
                Err(error) => return Err(error),
            }
        },
    }
}
