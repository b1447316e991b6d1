//! Strings have to be UTF-8; the error names the field and points at the byte.

use spectrum2::descriptor::Kind;
use spectrum2::{DecodeErrorKind, Payload, Type};

use crate::common::wire::{body, bytes, entry, int, login_with, samples, text};
use crate::{decode, types_with_message};

/// Byte sequences that no UTF-8 holds: stray and missing continuations, overlong forms, surrogates,
/// numbers past the last, and bytes that never occur.
const BAD: [&[u8]; 14] = [
    b"\x80",
    b"\xbf",
    b"\xc0\x80",
    b"\xc1\xbf",
    b"\xc3",
    b"\xc3(",
    b"\xe0\x9f\xbf",
    b"\xe2\x82",
    b"\xed\xa0\x80",
    b"\xf0\x8f\xbf\xbf",
    b"\xf0\x9f\x90",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xff",
];

/// Texts with something bad in them, and where.
fn bad_texts() -> impl Iterator<Item = (Vec<u8>, usize)> {
    let starts = [
        "",
        "a",
        "7 bytes",
        "8 bytes.",
        "exactly sixteen.",
        "é",
        "žluťoučký kůň 🐎",
        "this text is longer than 32 bytes",
    ];
    starts.into_iter().flat_map(|start| {
        BAD.into_iter().flat_map(move |bad| {
            ["", "end", "a longer end, é, more than sixteen"]
                .map(|end| ([start.as_bytes(), bad, end.as_bytes()].concat(), start.len()))
        })
    })
}

/// Checks that the bad text in `body` is found: `field` names it, and the offset is the bad byte's.
fn check(body: &[u8], text: &[u8], valid: usize, field: (&str, &str)) {
    let error = Payload::decode(body).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::InvalidUtf8, "{error}: {body:x?}");
    assert_eq!((error.message(), error.field()), (field.0, Some(field.1)));
    assert!(body[error.offset() - valid..].starts_with(text), "{error}: {body:x?}");
}

#[test]
fn every_string_field_of_every_message() {
    for (of, message) in types_with_message() {
        for (position, field) in message.fields.iter().enumerate().filter(|(_, field)| field.kind == Kind::String) {
            for (text, valid) in bad_texts() {
                let mut fields = samples(message);
                fields[position] = bytes(u32::from(field.number), &text);
                check(&body(of, &fields.concat()), &text, valid, (message.name, field.name));
                fields.rotate_left(position);
                check(&body(of, &fields.concat()), &text, valid, (message.name, field.name));
            }
        }
    }
}

/// A contact with these fields among others.
fn roster_with(fields: &[u8]) -> Vec<u8> {
    let good = bytes(1, &[text(1, "u"), text(2, "b")].concat());
    body(Type::Buddies, &[&good, &*bytes(1, fields), &good].concat())
}

/// A message with an attachment of these fields, and another one.
fn message_with(fields: &[u8]) -> Vec<u8> {
    let names = [text(1, "u"), text(2, "b"), text(3, "m")].concat();
    body(Type::ConvMessage, &[&bytes(11, &text(1, "url")), &*bytes(11, fields), &names].concat())
}

#[test]
fn string_fields_of_nested_messages() {
    let parents = [
        (spectrum2::Buddy::DESCRIPTOR, roster_with as fn(&[u8]) -> Vec<u8>),
        (spectrum2::Attachment::DESCRIPTOR, message_with),
    ];
    for (message, parent) in parents {
        for (position, field) in message.fields.iter().enumerate().filter(|(_, field)| field.kind == Kind::String) {
            for (text, valid) in bad_texts() {
                let mut fields = samples(message);
                fields[position] = bytes(u32::from(field.number), &text);
                check(&parent(&fields.concat()), &text, valid, (message.name, field.name));
            }
        }
    }
}

#[test]
fn any_element_of_a_list() {
    for (text, valid) in bad_texts() {
        let elements = [self::text(1, "good"), bytes(1, &text), self::text(1, "good"), self::text(2, "other")];
        for turned in 0..elements.len() {
            let mut elements = elements.clone();
            elements.rotate_left(turned);
            check(&body(Type::RoomList, &elements.concat()), &text, valid, ("RoomList", "room"));
        }
    }
}

#[test]
fn keys_and_values_of_a_map() {
    let good = bytes(1, &entry("good", "good"));
    for (text, valid) in bad_texts() {
        for bad in [
            bytes(1, &text),
            bytes(2, &text),
            [bytes(2, &text), self::text(1, "key")].concat(),
            [self::text(1, "key"), bytes(2, &text)].concat(),
            // Even where a later one replaces it.
            [bytes(1, &text), self::text(1, "key")].concat(),
        ] {
            let settings = [good.clone(), bytes(1, &bad), good.clone()].concat();
            for body in [login_with(&bytes(5, &settings)), login_with(&[bytes(5, &good), bytes(5, &settings)].concat())]
            {
                check(&body, &text, valid, ("Login.UserSettings", "value"));
            }
        }
    }
}

#[test]
fn raw_xml() {
    for (text, valid) in bad_texts() {
        check(&body(Type::RawXml, &text), &text, valid, ("WrapperMessage", "payload"));
    }
}

#[test]
fn bytes_fields_hold_anything() {
    for (content, _) in bad_texts() {
        let photo = body(Type::VCard, &[text(1, "u"), text(2, "b"), int(3, 1), bytes(6, &content)].concat());
        let Payload::VCard(vcard) = decode(&photo) else { panic!("{photo:x?}") };
        assert_eq!(vcard.photo, Some(content.as_slice()));
        let data = body(Type::FtData, &[int(1, 1), bytes(2, &content)].concat());
        let Payload::FtData(part) = decode(&data) else { panic!("{data:x?}") };
        assert_eq!(part.data, content);
        // Nor is what no field holds looked at.
        assert_eq!(decode(&[bytes(15, &content), body(Type::Ping, &content)].concat()), Payload::Ping);
        decode(&body(Type::Connected, &[text(1, "u"), bytes(2, &content)].concat()));
    }
}

#[test]
fn good_texts_of_every_length_pass() {
    for character in ["a", "\0", "é", "€", "\u{feff}", "\u{d7ff}", "\u{e000}", "🐎", "\u{10ffff}"] {
        for length in 0..100 {
            for content in
                [character.repeat(length), "a".repeat(length) + character, character.to_owned() + &"a".repeat(length)]
            {
                let body = body(Type::Connected, &text(1, &content));
                assert_eq!(decode(&body), Payload::Connected(spectrum2::Connected { user: &content }));
            }
        }
    }
}

/// The messages that only occur nested are those that the tests above name.
#[test]
fn every_message_with_strings_is_covered() {
    let carried: Vec<_> = types_with_message().map(|(_, message)| message.name).collect();
    let nested = ["Attachment", "Login.UserSettings", "WrapperMessage"];
    for message in spectrum2::descriptor::MESSAGES {
        assert!(carried.contains(&message.name) || nested.contains(&message.name), "{}", message.name);
    }
}
