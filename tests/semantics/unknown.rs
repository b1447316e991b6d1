//! Unknown fields and groups, at every level, and tags that no field can have.

use spectrum2::DecodeErrorKind::{InvalidTag, NestedTooDeep, Truncated, UnmatchedGroupEnd};
use spectrum2::descriptor::{Kind, Label};
use spectrum2::{Payload, Type};

use crate::common::wire::{
    GROUP_END, GROUP_START, LENGTH_DELIMITED, LEVELS, Level, VARINT, body, bytes, entry, group, groups, int,
    login_with, of_each_wire_type, samples, tag, text, varint, varint_of,
};
use crate::{decode, error_kind, missing, types_with_message};

/// Field numbers that no message has, with tags of one to five bytes.
const UNKNOWN: [u32; 7] = [12, 15, 16, 2047, 2048, 1 << 24, (1 << 29) - 1];

fn check_skipped(level: &Level, fields: &[u8]) {
    let body = (level.body_with)(fields);
    assert_eq!(decode(&body), decode(&(level.body_with)(b"")), "{}: {fields:x?}", level.name);
}

#[test]
fn unknown_fields_of_each_wire_type() {
    for level in &LEVELS {
        for number in UNKNOWN {
            for (_, field) in of_each_wire_type(number) {
                check_skipped(level, &field);
                check_skipped(level, &field.repeat(3));
            }
            for length in [0, 1, 5, 127, 128, 129, 16_383, 16_384] {
                check_skipped(level, &bytes(number, &vec![0xff; length]));
            }
            for length in 1..=10 {
                check_skipped(level, &[tag(number, VARINT), varint_of(0, length)].concat());
            }
        }
    }
}

#[test]
fn unknown_fields_anywhere_in_a_message() {
    for (of, message) in types_with_message() {
        let expected = body(of, &samples(message).concat());
        for position in 0..=message.fields.len() {
            for (_, field) in of_each_wire_type(15) {
                let mut fields = samples(message);
                fields.insert(position, field);
                assert_eq!(decode(&body(of, &fields.concat())), decode(&expected));
            }
        }
    }
}

#[test]
fn known_number_with_another_wire_type_is_unknown() {
    for (of, message) in types_with_message() {
        for (position, field) in message.fields.iter().enumerate() {
            let own = if is_varint(field.kind) { VARINT } else { LENGTH_DELIMITED };
            let expected = body(of, &samples(message).concat());
            for (_, other) in
                of_each_wire_type(field.number.into()).into_iter().filter(|(wire_type, _)| *wire_type != own)
            {
                for at in 0..=message.fields.len() {
                    let mut fields = samples(message);
                    fields.insert(at, other.clone());
                    assert_eq!(decode(&body(of, &fields.concat())), decode(&expected));
                }
                let mut instead = samples(message);
                instead[position] = other;
                let mut without = samples(message);
                without.remove(position);
                let (instead, without) = (body(of, &instead.concat()), body(of, &without.concat()));
                if field.label == Label::Required {
                    assert_eq!(missing(&instead), (message.name, field.name));
                } else {
                    assert_eq!(decode(&instead), decode(&without));
                }
            }
        }
    }
}

fn is_varint(kind: Kind) -> bool {
    matches!(kind, Kind::Int32 | Kind::Bool | Kind::Enum(_))
}

#[test]
fn known_number_with_another_wire_type_in_wrapper_and_nested_messages() {
    for (_, field) in of_each_wire_type(1).into_iter().filter(|(wire_type, _)| *wire_type != VARINT) {
        assert_eq!(decode(&[field.clone(), int(1, 9)].concat()), Payload::Ping);
        assert_eq!(missing(&[field, text(2, "x")].concat()), ("WrapperMessage", "type"));
    }
    for number in [1, 2] {
        for (_, field) in of_each_wire_type(number).into_iter().filter(|(wire_type, _)| *wire_type != LENGTH_DELIMITED)
        {
            if number == 2 {
                assert_eq!(decode(&[int(1, 34), field.clone(), text(2, "x")].concat()), Payload::RawXml("x"));
                assert_eq!(decode(&[int(1, 34), field.clone()].concat()), Payload::RawXml(""));
            }
            // In a buddy, in the settings, in a map entry.
            let good = [text(1, "u"), text(2, "b")].concat();
            let roster = |buddy: &[u8]| body(Type::Buddies, &bytes(1, buddy));
            assert_eq!(decode(&roster(&[&field, &good[..]].concat())), decode(&roster(&good)));
            let settings = |entry: &[u8], other: &[u8]| login_with(&bytes(5, &[other, &bytes(1, entry)].concat()));
            let expected = settings(&entry("k", "v"), &[]);
            assert_eq!(decode(&settings(&entry("k", "v"), &field)), decode(&expected));
            assert_eq!(decode(&settings(&[&field, &entry("k", "v")[..]].concat(), &[])), decode(&expected));
        }
    }
}

#[test]
fn groups_hold_anything() {
    let content =
        [int(1, 9), text(2, "x"), text(1, "known"), group(15, &text(5, "x")), group(16, &[]), text(3, "\u{7f}")]
            .concat();
    for level in &LEVELS {
        for number in UNKNOWN {
            check_skipped(level, &group(number, &content));
            check_skipped(level, &group(number, &group(number, &content)));
        }
    }
}

/// A message that is nested takes of the hundred, a map entry too; the payload starts afresh.
#[test]
fn groups_nest_a_hundred_deep() {
    for level in &LEVELS {
        for number in [15, 2000] {
            let deepest = 100 - level.depth;
            check_skipped(level, &groups(number, deepest));
            check_skipped(level, &groups(number, deepest).repeat(3));
            assert_eq!(error_kind(&(level.body_with)(&groups(number, deepest + 1))), NestedTooDeep, "{}", level.name);
        }
    }
}

#[test]
fn groups_that_do_not_match() {
    let (start, end) = (|number| tag(number, GROUP_START), |number| tag(number, GROUP_END));
    for level in &LEVELS {
        let kind = |fields: &[Vec<u8>]| error_kind(&(level.body_with)(&fields.concat()));
        assert_eq!(kind(&[end(15)]), UnmatchedGroupEnd);
        assert_eq!(kind(&[end(1)]), UnmatchedGroupEnd);
        assert_eq!(kind(&[group(15, &[]), end(15)]), UnmatchedGroupEnd);
        assert_eq!(kind(&[start(15), end(14)]), UnmatchedGroupEnd);
        assert_eq!(kind(&[start(14), start(15), end(14), end(15)]), UnmatchedGroupEnd);
        assert_eq!(kind(&[start(2047), end(2048)]), UnmatchedGroupEnd);
    }
    // The rest of the message could be the group's; so these have nothing behind them.
    for open in [vec![start(15)], vec![start(15), start(15), end(15)], vec![start(15), int(1, 1)]] {
        let open = open.concat();
        assert_eq!(error_kind(&[int(1, 9), open.clone()].concat()), Truncated);
        for body in [
            body(Type::Connected, &[text(1, "u"), open.clone()].concat()),
            body(Type::Buddies, &bytes(1, &[text(1, "u"), text(2, "b"), open.clone()].concat())),
            login_with(&bytes(5, &bytes(1, &[entry("k", "v"), open.clone()].concat()))),
        ] {
            assert_eq!(error_kind(&body), Truncated);
            // A group does not end in the message around its own.
            assert_eq!(error_kind(&[body, end(15)].concat()), UnmatchedGroupEnd);
        }
    }
}

/// Numbers and wire types that no field has, also within groups.
#[test]
fn invalid_tags() {
    let wrong_number = 0_u64..8;
    let wrong_type =
        UNKNOWN.iter().chain(&[1, 2]).flat_map(|number| [6, 7].map(|wire_type| u64::from(*number) << 3 | wire_type));
    for tag in wrong_number.chain(wrong_type) {
        for written in [varint(tag), varint_of(tag, 5)] {
            let field = [written, vec![0; 8]].concat();
            for level in &LEVELS {
                assert_eq!(error_kind(&(level.body_with)(&field)), InvalidTag, "{}: {field:x?}", level.name);
                assert_eq!(error_kind(&(level.body_with)(&group(15, &field))), InvalidTag);
            }
        }
    }
}
