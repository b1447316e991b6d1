//! Encoding into buffers of any size, and values that make lengths one byte longer.

use proptest::prelude::*;
use spectrum2::{
    Attachment, Buddies, Buddy, Connected, ConversationMessage, EncodeError, List, Login, Payload, RoomList,
};
use spectrum2::{StrMap, UserSettings, frame};

use crate::common::recorded;
use crate::common::wire;
use crate::decode;

/// Encodes into buffers of every length that may matter, and returns the bytes.
fn encode(payload: &Payload<'_>) -> Vec<u8> {
    let length = payload.encoded_len();
    let mut encoded = vec![0x55; length + 2];
    assert_eq!(payload.encode(&mut encoded), Ok(length));
    assert_eq!(encoded.split_off(length), [0x55; 2]);
    let mut exact = vec![0; length];
    assert_eq!(payload.encode(&mut exact), Ok(length));
    assert_eq!(exact, encoded);
    assert_eq!(decode(&encoded), *payload);
    encoded
}

#[test]
fn too_short_a_buffer_says_what_is_needed() {
    for body in recorded::valid_bodies() {
        let payload = decode(&body);
        assert_eq!(encode(&payload), body);
        let needed = body.len();
        let mut buffer = vec![0; needed + frame::HEADER_LEN];
        for length in 0..needed {
            assert_eq!(payload.encode(&mut buffer[..length]), Err(EncodeError::BufferTooShort { needed }));
        }
        let needed = frame::encoded_len(&payload);
        assert_eq!(needed, buffer.len());
        for length in 0..needed {
            assert_eq!(frame::encode(&payload, &mut buffer[..length]), Err(EncodeError::BufferTooShort { needed }));
        }
        assert_eq!(frame::encode(&payload, &mut buffer), Ok(needed));
        assert_eq!(buffer, wire::frame(&body));
    }
}

/// The lengths around which a varint grows by a byte.
fn lengths() -> impl Iterator<Item = usize> {
    (90..140).chain(16_340..16_400).chain([2_097_130, 2_097_140, 2_097_151, 2_097_152])
}

#[test]
fn lengths_of_every_size() {
    let long = "x".repeat(2_100_000);
    for length in lengths() {
        let text = &long[..length];
        let connected = encode(&Payload::Connected(Connected { user: text }));
        assert_eq!(connected, wire::body(spectrum2::Type::Connected, &wire::text(1, text)));
        encode(&Payload::RawXml(text));
        encode(&Payload::Unknown { type_number: -1, bytes: text.as_bytes() });
        encode(&Payload::RoomList(RoomList { room: List::from(&[text, "", text]), ..RoomList::default() }));
        let entries = [(text, ""), ("", text)];
        let settings = UserSettings { value: StrMap::from(&entries) };
        encode(&Payload::Login(Login { settings: Some(settings), ..Login::default() }));
        let group = [text];
        let buddy = [Buddy { group: List::from(&group), ..Buddy::default() }];
        encode(&Payload::Buddies(Buddies { buddy: List::from(&buddy) }));
        let attachment = [Attachment { url: "", description: Some(text), ..Attachment::default() }];
        let attachment = List::from(&attachment);
        encode(&Payload::ConvMessage(ConversationMessage { attachment, ..ConversationMessage::default() }));
    }
}

#[test]
fn lists_of_every_size() {
    for count in lengths().filter(|count| *count < 1000).chain([0, 1, 5000]) {
        let empty = vec![""; count];
        encode(&Payload::RoomList(RoomList {
            room: List::from(empty.as_slice()),
            name: List::from(empty.as_slice()),
            user: None,
        }));
        let buddies = vec![Buddy { group: List::from(&["a", "b"]), ..Buddy::default() }; count];
        encode(&Payload::Buddies(Buddies { buddy: List::from(buddies.as_slice()) }));
        let entries = vec![("", ""); count];
        let settings = UserSettings { value: StrMap::from(entries.as_slice()) };
        encode(&Payload::Login(Login { settings: Some(settings), ..Login::default() }));
    }
}

#[test]
fn defaults_that_are_set_are_written() {
    let buddy = Buddy { alias: Some(""), blocked: Some(false), ..Buddy::default() };
    let expected = [wire::text(1, ""), wire::text(2, ""), wire::text(3, ""), wire::int(8, 0)].concat();
    assert_eq!(encode(&Payload::BuddyChanged(buddy)), wire::body(spectrum2::Type::BuddyChanged, &expected));
}

#[test]
fn messages_encode_alone_too() {
    let login = Login { user: "u", legacy_name: "l", password: "p", ..Login::default() };
    let expected = [wire::text(1, "u"), wire::text(2, "l"), wire::text(3, "p")].concat();
    let mut buffer = vec![0; expected.len()];
    assert_eq!(login.encoded_len(), expected.len());
    assert_eq!(login.encode(&mut buffer), Ok(expected.len()));
    assert_eq!(buffer, expected);
    assert_eq!(Login::decode(&expected), Ok(login));
    for length in 0..expected.len() {
        let needed = expected.len();
        assert_eq!(login.encode(&mut buffer[..length]), Err(EncodeError::BufferTooShort { needed }));
        assert!(Login::decode(&expected[..length]).is_err());
    }
}

proptest! {
    #[test]
    fn texts_of_any_kind(texts in prop::collection::vec(".{0,60}", 0..8), flags in any::<[Option<bool>; 3]>()) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let text = |index: usize| texts.get(index).copied();
        let attachment: Vec<_> =
            texts.iter().map(|url| Attachment { url, mime_type: text(1), description: text(2) }).collect();
        encode(&Payload::ConvMessage(ConversationMessage {
            user_name: text(0).unwrap_or_default(),
            message: text(1).unwrap_or_default(),
            xhtml: text(2),
            id: text(3),
            headline: flags[0],
            pm: flags[1],
            carbon: flags[2],
            attachment: List::from(attachment.as_slice()),
            ..ConversationMessage::default()
        }));
    }
}
