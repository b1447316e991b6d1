//! Frames recorded from the real programs: what they say, and that the same is said byte for byte.
#![cfg(feature = "std")]

mod common;

use common::call::Call;
use common::json;
use common::recorded::{self, MAIN_TO_BACKEND, NETWORKPLUGIN_OUT, hex, records};
use data_encoding::HEXLOWER;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use spectrum2::descriptor::MessageDescriptor;
use spectrum2::frame::{self, HEADER_LEN};
use spectrum2::{DecodeErrorKind, Payload, Type};

#[test]
fn frames_of_the_main_process_decode_to_their_fields() {
    for record in records(MAIN_TO_BACKEND) {
        let bytes = hex(&record["hex"]);
        let payload = Payload::decode(&bytes[HEADER_LEN..]).unwrap_or_else(|error| panic!("{error}: {record}"));
        let of = Type::from_number(payload.type_number()).expect("a type of the schema");
        assert_eq!(of.name(), record["type"]);
        assert_eq!(json::of_payload(&payload), record["fields"], "{record}");
    }
}

#[test]
fn every_valid_frame_is_encoded_as_it_came() {
    let bodies = recorded::valid_bodies();
    assert!(!bodies.is_empty());
    for body in bodies {
        let payload = Payload::decode(&body).unwrap();
        let mut encoded = Vec::new();
        frame::encode_to_vec(&payload, &mut encoded).unwrap();
        assert_eq!(HEXLOWER.encode(&encoded), HEXLOWER.encode(&common::wire::frame(&body)), "{payload:?}");
    }
}

#[test]
fn calls_of_the_cpp_library_are_encoded_to_its_frames() {
    let (mut built, mut not_utf8) = (0, 0);
    let records = records(NETWORKPLUGIN_OUT);
    for record in &records {
        let call = Call(record);
        let frames = call.frames();
        if call.is_ping() {
            check_answer_to_ping(frames);
            built += 1;
        } else if call.bad_arguments().is_empty() {
            assert_eq!(frames.len(), 1);
            call.build(&mut |payload| {
                check_frame(payload, &frames[0]);
                built += 1;
            });
        } else {
            check_bad_frame(&call, &hex(&frames[0]["hex"])[HEADER_LEN..]);
            not_utf8 += 1;
        }
    }
    assert_eq!(built + not_utf8, records.len());
    assert!(not_utf8 > 0);
}

/// Compares a frame with one that is recorded whole, or by length, hash and its first bytes.
fn check_frame(payload: &Payload<'_>, recorded: &Json) {
    let mut encoded = Vec::new();
    frame::encode_to_vec(payload, &mut encoded).unwrap();
    assert_eq!(Payload::decode(&encoded[HEADER_LEN..]).as_ref(), Ok(payload));
    if recorded.get("hex").is_some() {
        assert_eq!(HEXLOWER.encode(&encoded), recorded["hex"], "{payload:?}");
        return;
    }
    assert_eq!(encoded.len(), recorded["len"]);
    assert!(encoded.starts_with(&hex(&recorded["head"])));
    assert_eq!(HEXLOWER.encode(&Sha256::digest(&encoded)), recorded["sha256"]);
}

/// The numbers in STATS are those of the recorded process, so only their form can be checked.
fn check_answer_to_ping(frames: &[Json]) {
    let [pong, stats] = frames else { panic!("two frames") };
    check_frame(&Payload::Pong, pong);
    let bytes = hex(&stats["hex"]);
    let payload = Payload::decode(&bytes[HEADER_LEN..]).unwrap();
    check_frame(&payload, stats);
    let Payload::Stats(stats) = payload else { panic!("{payload:?}") };
    assert!(stats.id.parse::<u32>().is_ok());
}

/// A frame that is not UTF-8: the error names the first field that is not.
fn check_bad_frame(call: &Call<'_>, body: &[u8]) {
    let error = Payload::decode(body).unwrap_err();
    let message = Type::from_number(i32::from(body[1])).and_then(Type::message).expect("a message");
    let numbers = call.bad_arguments().into_iter().map(|argument| field_of(message, argument));
    let (_, name) = numbers.min().expect("a bad argument");
    assert_eq!(error.kind(), DecodeErrorKind::InvalidUtf8);
    assert_eq!((error.message(), error.field()), (message.name, Some(name)));
    assert_eq!(body[error.offset()], 0xff);
    assert!(body[..error.offset()].iter().all(|byte| *byte != 0xff));
}

/// Number and name of the field that an argument of the C++ library goes to.
fn field_of(message: &'static MessageDescriptor, argument: &str) -> (u8, &'static str) {
    let aliases = match argument {
        "user" => ["user", "userName"],
        "legacyName" => ["legacyName", "buddyName"],
        "groups" => ["group", "group"],
        other => [other, other],
    };
    let field = message.fields.iter().find(|field| aliases.contains(&field.name));
    field.map(|field| (field.number, field.name)).unwrap_or_else(|| panic!("no field for {argument}"))
}
