//! Bytes from a peer that is broken or means harm: errors are fine, panics and endless loops are
//! not, and what decodes must be sound.
#![cfg(feature = "std")]

mod common;

use common::wire::{self, LEVELS, body, bytes, entry, int, login_with, tag, text, varint, varint_of};
use common::{check, recorded};
use proptest::prelude::*;
use proptest::sample::Index;
use spectrum2::frame::{DEFAULT_LIMIT, FrameReader, Split, split};
use spectrum2::{DecodeErrorKind, FrameError, Payload, Type, Wrapper};

/// All that has to hold for the body of a frame.
fn check(body: &[u8]) {
    check::decode(body);
    check::decode_encode_decode(body);
}

#[test]
fn every_recorded_body_cut_anywhere() {
    for body in recorded::bodies() {
        for length in 0..=body.len() {
            check(&body[..length]);
        }
    }
}

#[test]
fn every_recorded_body_with_any_byte_replaced() {
    for mut body in recorded::bodies() {
        for position in 0..body.len() {
            let original = body[position];
            for replacement in [0x00, 0x7f, 0x80, 0xff, original ^ 1, original ^ 8] {
                body[position] = replacement;
                check(&body);
            }
            body[position] = original;
        }
    }
}

/// A cut inside of the wrapper's payload, whose length stays right.
#[test]
fn every_recorded_payload_cut_anywhere() {
    for body in recorded::valid_bodies() {
        let wrapper = Wrapper::decode(&body).unwrap();
        let payload = wrapper.payload.unwrap_or_default();
        let of = Type::from_number(wrapper.type_number).unwrap();
        for length in 0..payload.len() {
            check(&wire::body(of, &payload[..length]));
        }
    }
}

/// Lengths from the first that is too many to the largest, written in as few bytes as possible and
/// in five.
fn wrong_lengths(first: usize) -> impl Iterator<Item = Vec<u8>> {
    let first = first as u64;
    [first, first + 1, first + 100, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
        .into_iter()
        .flat_map(|length| [varint(length), varint_of(length, 5)])
}

/// Checks that a length-delimited field that is too long for where it stands is malformed, even when
/// the frame itself has bytes enough behind it.
fn check_wrong_lengths(number: u32, content: &[u8], place: impl Fn(&[u8]) -> Vec<u8>) {
    check_lengths_from(content.len() + 1, number, content, place);
}

/// The same, for a field that has others behind it: `first` is the first length that is too long.
fn check_lengths_from(first: usize, number: u32, content: &[u8], place: impl Fn(&[u8]) -> Vec<u8>) {
    assert!(Payload::decode(&place(&bytes(number, content))).is_ok());
    for length in wrong_lengths(first) {
        let field = [tag(number, wire::LENGTH_DELIMITED), length, content.to_vec()].concat();
        let mut body = place(&field);
        let error = Payload::decode(&body).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::Truncated, "{error}");
        body.extend(bytes(15, &[b'x'; 300]));
        check(&body);
        assert_eq!(Payload::decode(&body).unwrap_err(), error);
    }
}

#[test]
fn settings_longer_than_their_parents() {
    let one = entry("key", "value");
    check_wrong_lengths(5, &bytes(1, &one), login_with);
    check_wrong_lengths(1, &one, |field| login_with(&bytes(5, field)));
    check_wrong_lengths(1, b"key", |field| login_with(&bytes(5, &bytes(1, field))));
    check_wrong_lengths(2, b"value", |field| login_with(&bytes(5, &bytes(1, &[&text(1, "key"), field].concat()))));
    check_wrong_lengths(9, b"value", |field| login_with(&bytes(5, &bytes(1, &[&text(1, "key"), field].concat()))));
    // The second of two that merge, and its entries.
    let first = bytes(5, &bytes(1, &one));
    check_wrong_lengths(5, &bytes(1, &one), |field| login_with(&[&first, field].concat()));
    check_wrong_lengths(1, &one, |field| login_with(&[first.clone(), bytes(5, field)].concat()));
}

#[test]
fn contacts_longer_than_their_roster() {
    let buddy = [text(1, "u"), text(2, "b"), text(4, "g")].concat();
    check_wrong_lengths(1, &buddy, |field| body(Type::Buddies, field));
    check_wrong_lengths(1, &buddy, |field| body(Type::Buddies, &[&bytes(1, &buddy), field].concat()));
    check_wrong_lengths(4, b"group", |field| body(Type::Buddies, &bytes(1, &[&buddy, field].concat())));
    check_wrong_lengths(9, b"unknown", |field| body(Type::Buddies, &bytes(1, &[&buddy, field].concat())));
}

#[test]
fn unknown_fields_longer_than_their_parents() {
    // A wrong length in the wrapper would reach over the bytes that are added behind it.
    for level in LEVELS.iter().filter(|level| level.name != "wrapper") {
        let longest = (level.body_with)(b"unknown").len();
        check_lengths_from(longest, 15, b"unknown", level.body_with);
        check_lengths_from(longest, 2000, b"unknown", level.body_with);
    }
}

/// A field of fixed size, a varint or a group that ends behind its message.
#[test]
fn values_cut_by_the_end_of_their_message() {
    let cut = [
        [tag(15, wire::FIXED64), vec![0; 7]].concat(),
        [tag(15, wire::FIXED32), vec![0; 3]].concat(),
        [tag(15, wire::VARINT), vec![0x80]].concat(),
        [tag(15, wire::GROUP_START), int(1, 1)].concat(),
        vec![0x80],
        tag(15, wire::LENGTH_DELIMITED),
        [tag(15, wire::LENGTH_DELIMITED), vec![0x80]].concat(),
    ];
    for field in cut {
        let roster = bytes(1, &[&text(1, "u"), &text(2, "b"), &*field].concat());
        let behind = bytes(1, &[text(1, "u"), text(2, "b")].concat());
        let settings = bytes(5, &[bytes(1, &[entry("k", "v"), field.clone()].concat()), vec![]].concat());
        for body in [
            body(Type::Buddies, &roster),
            body(Type::Buddies, &[roster, behind].concat()),
            body(Type::Connected, &[text(1, "u"), field.clone()].concat()),
            login_with(&settings),
            login_with(&[settings.clone(), settings].concat()),
        ] {
            assert_eq!(Payload::decode(&body).unwrap_err().kind(), DecodeErrorKind::Truncated, "{body:x?}");
            check(&body);
        }
    }
}

#[test]
fn groups_without_end() {
    for level in &LEVELS {
        for start in [vec![0x1b; 100_000], tag(2000, wire::GROUP_START).repeat(100_000)] {
            let error = Payload::decode(&(level.body_with)(&start)).unwrap_err();
            assert_eq!(error.kind(), DecodeErrorKind::NestedTooDeep, "{}", level.name);
        }
        let flat = wire::group(15, &[]).repeat(100_000);
        assert!(Payload::decode(&(level.body_with)(&flat)).is_ok(), "{}", level.name);
    }
}

/// A string that is not UTF-8 cannot hide in an unknown field, where nobody checks it, and come out
/// of a list when that is read the second time.
#[test]
fn unknown_bytes_never_become_elements() {
    let element = bytes(1, b"\xff\xfe");
    let hidden = [
        bytes(15, &element),
        [tag(15, wire::FIXED64), element.clone(), element.clone()].concat(),
        [tag(15, wire::FIXED32), element.clone()].concat(),
        wire::group(15, &element),
        wire::group(15, &bytes(1, &element)),
    ];
    for field in hidden {
        let list = [&text(1, "a"), &field, &text(1, "b"), &text(2, "name"), &field, &text(1, "c")];
        let list = list.map(Vec::as_slice).concat();
        let room_list = body(Type::RoomList, &list);
        check(&room_list);
        let Ok(Payload::RoomList(rooms)) = Payload::decode(&room_list) else { panic!("{room_list:x?}") };
        assert!(rooms.room.iter().eq(["a", "b", "c"]), "{rooms:?}");
        let entries = [bytes(1, &entry("a", "1")), field.clone(), bytes(1, &entry("b", "2"))].concat();
        let login = login_with(&[bytes(5, &entries), field.clone(), bytes(5, &entries)].concat());
        check(&login);
        let Ok(Payload::Login(login)) = Payload::decode(&login) else { panic!("{login:x?}") };
        assert!(login.settings.unwrap().value.entries().iter().eq([("a", "1"), ("b", "2"), ("a", "1"), ("b", "2")]));
    }
}

#[test]
fn largest_length_in_a_header_is_refused_at_once() {
    let too_large = FrameError::TooLarge { length: 0xffff_ffff, limit: DEFAULT_LIMIT };
    assert_eq!(split(&[0xff; 4], DEFAULT_LIMIT), Err(too_large));
    let mut reader = FrameReader::new(&[0xff; 100][..]);
    let error = reader.read_frame().unwrap_err();
    assert_eq!(error.get_ref().and_then(|inner| inner.downcast_ref()), Some(&too_large));
}

/// A map that repeats one key is not compared or searched for ever.
#[test]
fn long_lists() {
    let entries = bytes(1, &entry("key", "value")).repeat(100_000);
    let login = login_with(&bytes(5, &entries));
    check(&login);
    let Ok(Payload::Login(login)) = Payload::decode(&login) else { panic!("a LOGIN") };
    let settings = login.settings.unwrap().value;
    assert_eq!((settings.entries().len(), settings.get("key")), (100_000, Some("value")));
    check(&body(Type::RoomList, &[bytes(1, b""), bytes(2, b"")].concat().repeat(50_000)));
    check(&login_with(&bytes(5, b"").repeat(100_000)));
    check(&login_with(&bytes(5, &bytes(1, b"")).repeat(100_000)));
}

/// A change to bytes.
#[derive(Clone, Debug)]
enum Mutation {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (any::<Index>(), prop::collection::vec(any::<u8>(), 1..12)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (any::<Index>(), 1_usize..8).prop_map(|(at, count)| Mutation::Remove(at, count)),
        (any::<Index>(), 1_usize..40).prop_map(|(at, count)| Mutation::Repeat(at, count)),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    let (Mutation::Replace(at, _) | Mutation::Insert(at, _) | Mutation::Remove(at, _) | Mutation::Repeat(at, _)) =
        mutation;
    let at = at.index(bytes.len() + 1);
    let range = |count: usize| at..bytes.len().min(at + count);
    match mutation {
        Mutation::Replace(_, byte) => bytes.iter_mut().skip(at).take(1).for_each(|old| *old = *byte),
        Mutation::Insert(_, new) => drop(bytes.splice(at..at, new.iter().copied())),
        Mutation::Remove(_, count) => drop(bytes.drain(range(*count))),
        Mutation::Repeat(_, count) => bytes.extend_from_within(range(*count)),
    }
}

proptest! {
    #[test]
    fn random_bodies(body in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&body);
    }

    #[test]
    fn random_payloads(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        common::types().for_each(|of| check(&body(of, &payload)));
    }

    #[test]
    fn random_fields_of_few_numbers(fields in prop::collection::vec((0_u8..0x60, any::<u8>()), 0..60)) {
        let payload: Vec<u8> = fields.into_iter().flat_map(|(tag, value)| [tag, value % 8]).collect();
        common::types().for_each(|of| check(&body(of, &payload)));
    }

    #[test]
    fn changed_bodies(chosen in any::<Index>(), mutations in prop::collection::vec(mutation(), 1..6)) {
        let mut body = chosen.get(&recorded::bodies()).clone();
        mutations.iter().for_each(|mutation| mutate(&mut body, mutation));
        check(&body);
    }

    /// The wrapper stays right, so that the payload is reached.
    #[test]
    fn changed_payloads(of in any::<Index>(), mutations in prop::collection::vec(mutation(), 1..6)) {
        let of = *of.get(&common::types().collect::<Vec<_>>());
        let mut payload = of.message().map_or(Vec::new(), |message| wire::samples(message).concat());
        mutations.iter().for_each(|mutation| mutate(&mut payload, mutation));
        check(&body(of, &payload));
    }

    #[test]
    fn random_streams(stream in prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..300)) {
        let mut rest = stream.as_slice();
        while let Ok(Split::Complete(frame, behind)) = split(rest, DEFAULT_LIMIT) {
            check(frame.body());
            rest = behind;
        }
        let mut reader = FrameReader::with_limit(stream.as_slice(), 100);
        while let Ok(Some(frame)) = reader.read_frame() {
            check(frame.body());
        }
    }
}
