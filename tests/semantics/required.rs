//! Required fields, at every level, and payloads that are empty or absent.

use spectrum2::descriptor::Label;
use spectrum2::{DecodeErrorKind, Payload, Type, Wrapper};

use crate::common::wire::{body, bytes, int, login_with, samples, text};
use crate::{decode, missing, types_with_message};

#[test]
fn each_required_field_is_missed() {
    for (of, message) in types_with_message() {
        for (position, field) in message.fields.iter().enumerate() {
            let mut fields = samples(message);
            fields.remove(position);
            for turned in 0..fields.len().max(1) {
                let mut fields = fields.clone();
                fields.rotate_left(turned);
                let body = body(of, &fields.concat());
                if field.label == Label::Required {
                    assert_eq!(missing(&body), (message.name, field.name));
                } else {
                    decode(&body);
                }
            }
        }
    }
}

#[test]
fn first_of_several_is_named_at_the_end_of_the_message() {
    for (of, message) in types_with_message() {
        let mut required = message.fields.iter().filter(|field| field.label == Label::Required);
        let Some(first) = required.next() else { continue };
        // An unknown field behind it shows that the offset is not where the field was expected.
        let body = [body(of, &int(15, 1)), text(15, "behind")].concat();
        let error = Payload::decode(&body).unwrap_err();
        assert_eq!((error.message(), error.field()), (message.name, Some(first.name)));
        assert_eq!(error.offset(), body.len() - text(15, "behind").len());
        for (position, field) in message.fields.iter().enumerate().filter(|(_, field)| field.label == Label::Required) {
            let fields: Vec<u8> = samples(message).into_iter().take(position).flatten().collect();
            assert_eq!(missing(&self::body(of, &fields)), (message.name, field.name));
        }
    }
}

fn body_of_first(of: Type) -> Vec<u8> {
    int(1, of.number() as u64)
}

#[test]
fn absent_payload_is_an_empty_one() {
    for (of, message) in types_with_message() {
        let absent = body_of_first(of);
        let empty = body(of, &[]);
        if message.fields.iter().all(|field| field.label != Label::Required) {
            assert_eq!(decode(&absent), decode(&empty));
            assert_eq!(decode(&empty).type_number(), of.number());
            continue;
        }
        assert_eq!(missing(&absent), missing(&empty));
        assert_eq!(Payload::decode(&absent).unwrap_err().offset(), absent.len());
        assert_eq!(Payload::decode(&empty).unwrap_err().offset(), empty.len());
        let error = Wrapper::decode(&absent).unwrap().decode_payload().unwrap_err();
        assert_eq!((error.kind(), error.offset()), (DecodeErrorKind::MissingField, 0));
    }
}

#[test]
fn types_without_message_take_any_payload() {
    for (of, expected) in [(Type::Ping, Payload::Ping), (Type::Pong, Payload::Pong), (Type::Exit, Payload::Exit)] {
        assert_eq!(decode(&body_of_first(of)), expected);
        assert_eq!(decode(&body(of, b"\xff\xff")), expected);
    }
    assert_eq!(decode(&body_of_first(Type::RawXml)), Payload::RawXml(""));
}

#[test]
fn nested_messages_have_required_fields_too() {
    let names = [text(1, "u"), text(2, "b"), text(3, "m")].concat();
    let good = bytes(11, &text(1, "url"));
    for attachment in [bytes(11, &[]), bytes(11, &text(2, "image/png")), bytes(11, &int(1, 1))] {
        for attachments in [vec![&attachment], vec![&good, &attachment], vec![&attachment, &good]] {
            let attachments: Vec<u8> = attachments.into_iter().flatten().copied().collect();
            let before = body(Type::ConvMessage, &[&attachments, &names[..]].concat());
            let behind = body(Type::ConvMessage, &[&names[..], &attachments].concat());
            assert_eq!(missing(&before), ("Attachment", "url"));
            assert_eq!(missing(&behind), ("Attachment", "url"));
        }
    }
    let good = bytes(1, &[text(1, "u"), text(2, "b")].concat());
    for (buddy, field) in [(text(1, "u"), "buddyName"), (text(2, "b"), "userName"), (vec![], "userName")] {
        for roster in
            [bytes(1, &buddy), [good.clone(), bytes(1, &buddy)].concat(), [bytes(1, &buddy), good.clone()].concat()]
        {
            assert_eq!(missing(&body(Type::Buddies, &roster)), ("Buddy", field));
        }
    }
    decode(&login_with(&bytes(5, &[])));
}
