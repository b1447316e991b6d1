//! Fields in any order, and more than once.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use spectrum2::descriptor::{Kind, Label};
use spectrum2::{Payload, Type};

use crate::common::wire::{body, bytes, int, sample, samples, text};
use crate::{decode, types_with_message};

proptest! {
    #[test]
    fn fields_come_in_any_order(
        (of, fields) in select(types_with_message().collect::<Vec<_>>())
            .prop_flat_map(|(of, message)| (Just(of), Just(samples(message)).prop_shuffle())),
    ) {
        let ordered = samples(of.message().unwrap()).concat();
        assert_eq!(decode(&body(of, &fields.concat())), decode(&body(of, &ordered)));
    }

    #[test]
    fn nested_fields_come_in_any_order(
        fields in Just(samples(spectrum2::Buddy::DESCRIPTOR)).prop_shuffle(),
        attachment in Just(samples(spectrum2::Attachment::DESCRIPTOR)).prop_shuffle(),
    ) {
        let buddies = |fields: &[Vec<u8>]| body(Type::Buddies, &bytes(1, &fields.concat()).repeat(2));
        assert_eq!(decode(&buddies(&fields)), decode(&buddies(&samples(spectrum2::Buddy::DESCRIPTOR))));
        let message = |fields: &[Vec<u8>]| {
            let names = [text(1, "u"), text(2, "b"), text(3, "m")].concat();
            body(Type::ConvMessage, &[names, bytes(11, &fields.concat()).repeat(2)].concat())
        };
        assert_eq!(decode(&message(&attachment)), decode(&message(&samples(spectrum2::Attachment::DESCRIPTOR))));
    }

    /// The last occurrence of each field wins, wherever the others are.
    #[test]
    fn last_of_many_wins(
        (of, message) in select(types_with_message().collect::<Vec<_>>()),
        earlier in prop::collection::vec((any::<Index>(), any::<Index>()), 0..6),
    ) {
        let last = samples(message);
        let singular: Vec<_> = message.fields.iter().filter(|field| is_scalar(field.label, field.kind)).collect();
        let mut fields = last.clone();
        for (place, chosen) in earlier.iter().filter(|_| !singular.is_empty()) {
            let field = *chosen.get(&singular);
            let own = fields.iter().rposition(|bytes| *bytes == sample(field, 0)).unwrap();
            fields.insert(place.index(own + 1), sample(field, 1));
        }
        assert_eq!(decode(&body(of, &fields.concat())), decode(&body(of, &last.concat())));
    }
}

fn is_scalar(label: Label, kind: Kind) -> bool {
    label != Label::Repeated && !matches!(kind, Kind::Message(_))
}

#[test]
fn second_of_two_wins() {
    for (of, message) in types_with_message() {
        for (position, field) in
            message.fields.iter().enumerate().filter(|(_, field)| is_scalar(field.label, field.kind))
        {
            let mut expected = samples(message);
            expected[position] = sample(field, 1);
            let expected = expected.concat();
            for at in position + 1..=message.fields.len() {
                let mut fields = samples(message);
                fields.insert(at, sample(field, 1));
                assert_eq!(
                    decode(&body(of, &fields.concat())),
                    decode(&body(of, &expected)),
                    "{} {}",
                    message.name,
                    field.name
                );
            }
        }
    }
}

#[test]
fn wrapper_fields_come_in_any_order() {
    let expected = Payload::RawXml("x");
    let (of, payload) = (int(1, 34), text(2, "x"));
    let other = text(15, "other");
    for parts in [
        vec![&of, &payload],
        vec![&payload, &of],
        vec![&other, &payload, &of],
        vec![&payload, &other, &of],
        vec![&of, &other, &payload],
        vec![&of, &payload, &other],
    ] {
        let body = parts.into_iter().flatten().copied().collect::<Vec<u8>>();
        assert_eq!(decode(&body), expected);
    }
}

#[test]
fn last_type_and_last_payload_win() {
    assert_eq!(decode(&[int(1, 9), int(1, 34), text(2, "x")].concat()), Payload::RawXml("x"));
    assert_eq!(decode(&[int(1, 34), text(2, "x"), int(1, 9)].concat()), Payload::Ping);
    assert_eq!(decode(&[int(1, 34), text(2, "a"), text(2, "b")].concat()), Payload::RawXml("b"));
    assert_eq!(decode(&[int(1, 34), text(2, "a"), text(2, "")].concat()), Payload::RawXml(""));
    // The first payload is no message of the last type, and need not be.
    let connected = text(1, "u");
    assert_eq!(
        decode(&[int(1, 1), text(2, "\u{7f}"), bytes(2, &connected)].concat()),
        decode(&body(Type::Connected, &connected))
    );
}
