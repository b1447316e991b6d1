//! Varints: longer than they need be, too long, and with more bits than their field has.

use spectrum2::DecodeErrorKind::{InvalidTag, Truncated, VarintTooLong};
use spectrum2::{ApiVersion, Payload, Type};

use crate::common::wire::{FIXED32, LENGTH_DELIMITED, LEVELS, VARINT, body, bytes, int, tag, text, varint, varint_of};
use crate::{decode, error_kind};

fn version_body(varint: &[u8]) -> Vec<u8> {
    body(Type::ApiVersion, &[tag(1, VARINT), varint.to_vec()].concat())
}

fn version(varint: &[u8]) -> i32 {
    let body = version_body(varint);
    let Payload::ApiVersion(version) = decode(&body) else { panic!("{body:x?}") };
    version.version
}

fn blocked(varint: &[u8]) -> Option<bool> {
    let body = body(Type::BuddyChanged, &[&text(1, "u"), &text(2, "b"), &tag(8, VARINT), varint].concat());
    let Payload::BuddyChanged(buddy) = decode(&body) else { panic!("{body:x?}") };
    buddy.blocked
}

/// Ten bytes whose last has bits past the 64th.
fn with_bits_past_64(value: u64) -> Vec<u8> {
    let mut bytes = varint_of(value, 10);
    bytes[9] |= 0x7e;
    bytes
}

const NUMBERS: [i32; 9] = [0, 1, 2, 127, 128, 300, i32::MAX, i32::MIN, -1];

#[test]
fn values_take_up_to_ten_bytes() {
    for number in NUMBERS {
        let value = number as i64 as u64;
        for length in 1..=10 {
            assert_eq!(version(&varint_of(value, length)), number);
            assert_eq!(version(&varint_of(u64::from(number as u32), length)), number);
        }
        assert_eq!(version(&with_bits_past_64(value)), number);
        assert_eq!(error_kind(&version_body(&varint_of(value, 11))), VarintTooLong);
    }
    assert_eq!(error_kind(&version_body(&[0xff; 20])), VarintTooLong);
    for length in 0..10 {
        assert_eq!(error_kind(&version_body(&vec![0xff; length])), Truncated);
    }
}

#[test]
fn low_32_bits_of_a_value_count() {
    assert_eq!(version(&varint(1 << 32 | 2)), 2);
    assert_eq!(version(&varint(0xffff_fffe_0000_0002)), 2);
    assert_eq!(version(&varint(1 << 32)), 0);
    assert_eq!(version(&varint(0x7fff_ffff_ffff_ffff)), -1);
    assert_eq!(decode(&int(1, 1 << 32 | 9)), Payload::Ping);
    assert_eq!(decode(&[tag(1, VARINT), with_bits_past_64(9)].concat()), Payload::Ping);
}

#[test]
fn negative_numbers_are_written_in_ten_bytes() {
    for number in NUMBERS {
        let payload = Payload::ApiVersion(ApiVersion { version: number });
        let mut encoded = [0; 32];
        let length = payload.encode(&mut encoded).unwrap();
        let expected = version_body(&varint(number as i64 as u64));
        assert_eq!(encoded[..length], expected);
        assert_eq!(expected.len() == version_body(&[0; 10]).len(), number < 0);
    }
}

#[test]
fn any_bit_makes_a_bool_true() {
    for bit in 0..64 {
        assert_eq!(blocked(&varint(1 << bit)), Some(true));
        assert_eq!(blocked(&varint_of(1 << bit, 10)), Some(true));
    }
    for length in 1..=10 {
        assert_eq!(blocked(&varint_of(0, length)), Some(false));
        assert_eq!(blocked(&varint_of(2, length)), Some(true));
    }
    assert_eq!(blocked(&with_bits_past_64(0)), Some(false));
}

#[test]
fn unknown_values_take_up_to_ten_bytes() {
    for level in &LEVELS {
        for value in [0, 1, u64::MAX] {
            let field = |varint: Vec<u8>| (level.body_with)(&[tag(15, VARINT), varint].concat());
            assert_eq!(decode(&field(varint_of(value, 10))), decode(&(level.body_with)(b"")));
            assert_eq!(error_kind(&field(varint_of(value, 11))), VarintTooLong);
        }
    }
}

#[test]
fn tags_and_lengths_take_up_to_five_bytes() {
    let field = |tag_length, length_length| {
        let tag = varint_of(u64::from(15_u8 << 3 | LENGTH_DELIMITED), tag_length);
        [tag, varint_of(3, length_length), b"abc".to_vec()].concat()
    };
    for level in &LEVELS {
        for length in 1..=5 {
            let expected = (level.body_with)(b"");
            assert_eq!(decode(&(level.body_with)(&field(length, 1))), decode(&expected), "{}", level.name);
            assert_eq!(decode(&(level.body_with)(&field(1, length))), decode(&expected), "{}", level.name);
        }
        assert_eq!(error_kind(&(level.body_with)(&field(6, 1))), VarintTooLong);
        assert_eq!(error_kind(&(level.body_with)(&field(1, 6))), VarintTooLong);
    }
}

#[test]
fn known_fields_may_have_long_tags_and_lengths() {
    let wrapper_tags = [(1, VARINT), (2, LENGTH_DELIMITED)];
    let long = |number: u64, wire_type: u8, length| varint_of(number << 3 | u64::from(wire_type), length);
    for length in 1..=5 {
        let connected = [long(1, LENGTH_DELIMITED, length), varint_of(1, length), b"u".to_vec()].concat();
        let [type_tag, payload_tag] = wrapper_tags.map(|(number, wire_type)| long(number, wire_type, length));
        let body = [type_tag, varint_of(1, length), payload_tag, varint_of(connected.len() as u64, length), connected]
            .concat();
        assert_eq!(decode(&body), decode(&self::body(Type::Connected, &text(1, "u"))));
    }
    for length in [6, 7, 10] {
        assert_eq!(error_kind(&[long(1, VARINT, length), vec![9]].concat()), VarintTooLong);
        let payload = [long(1, LENGTH_DELIMITED, 1), varint_of(1, length), b"u".to_vec()].concat();
        assert_eq!(error_kind(&body(Type::Connected, &payload)), VarintTooLong);
    }
}

#[test]
fn bits_of_a_tag_above_the_32nd_are_dropped() {
    for bits in 1..8 {
        let tag = |number: u64, wire_type: u8| varint(bits << 32 | number << 3 | u64::from(wire_type));
        assert_eq!(decode(&[tag(1, VARINT), vec![9]].concat()), Payload::Ping);
        let user = [tag(1, LENGTH_DELIMITED), vec![1], b"u".to_vec()].concat();
        assert_eq!(decode(&body(Type::Connected, &user)), decode(&body(Type::Connected, &text(1, "u"))));
        let unknown = [tag(15, FIXED32), vec![0; 4]].concat();
        assert_eq!(decode(&[int(1, 9), unknown].concat()), Payload::Ping);
        // Without them, no field number is left.
        assert_eq!(error_kind(&[int(1, 9), tag(0, VARINT), vec![0]].concat()), InvalidTag);
    }
}

/// A length is no tag: bits above the 32nd make it one that no message has.
#[test]
fn bits_of_a_length_above_the_32nd_count() {
    for bits in 1..8 {
        let user = [tag(1, LENGTH_DELIMITED), varint(bits << 32 | 1), b"u".to_vec()].concat();
        assert_eq!(error_kind(&body(Type::Connected, &user)), Truncated);
        let unknown = [tag(15, LENGTH_DELIMITED), varint(bits << 32 | 1), b"u".to_vec()].concat();
        assert_eq!(error_kind(&[int(1, 9), unknown].concat()), Truncated);
    }
}

#[test]
fn recorded_overlong_number_of_a_type() {
    assert_eq!(decode(b"\x08\x89\x00"), Payload::Ping);
    assert_eq!(decode(&[vec![0x08, 0xa2, 0x00], bytes(2, b"x")].concat()), Payload::RawXml("x"));
}
