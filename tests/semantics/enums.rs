//! Closed enums, and numbers that are plain ones.

use spectrum2::{ConnectionError, Participant, ParticipantFlags, Payload, StatusType, Type};

use crate::common::wire::{body, bytes, int, text};
use crate::{decode, missing};

/// Numbers that `StatusType` does not know, as 64 bits.
const UNKNOWN: [u64; 7] = [7, 8, 100, i32::MAX as u64, 0x8000_0000, u64::MAX, 1 << 32 | 7];

fn buddy_status(statuses: &[u64]) -> Option<StatusType> {
    let statuses: Vec<u8> = statuses.iter().flat_map(|status| int(5, *status)).collect();
    let body = body(Type::BuddyChanged, &[text(1, "u"), text(2, "b"), statuses, text(6, "m")].concat());
    let Payload::BuddyChanged(buddy) = decode(&body) else { panic!("{body:x?}") };
    assert_eq!(buddy.status_message, Some("m"));
    buddy.status
}

#[test]
fn all_known_values() {
    for (_, number) in StatusType::DESCRIPTOR.values {
        let known = StatusType::from_number(*number);
        assert!(known.is_some());
        assert_eq!(buddy_status(&[*number as u64]), known);
        // The low 32 bits count.
        assert_eq!(buddy_status(&[0xabcd << 32 | *number as u64]), known);
    }
}

#[test]
fn unknown_values_count_as_absent() {
    for unknown in UNKNOWN {
        assert_eq!(buddy_status(&[unknown]), None);
        assert_eq!(buddy_status(&[2, unknown]), Some(StatusType::FreeForChat));
        assert_eq!(buddy_status(&[unknown, 2]), Some(StatusType::FreeForChat));
        assert_eq!(buddy_status(&[1, 2, unknown, unknown]), Some(StatusType::FreeForChat));
    }
}

#[test]
fn unknown_values_of_required_fields_are_missing() {
    for unknown in UNKNOWN {
        let status =
            |statuses: &[Vec<u8>]| body(Type::StatusChanged, &[text(1, "u"), statuses.concat(), text(4, "m")].concat());
        assert_eq!(missing(&status(&[int(3, unknown)])), ("Status", "status"));
        for statuses in [[int(3, 1), int(3, unknown)], [int(3, unknown), int(3, 1)]] {
            let body = status(&statuses);
            let Payload::StatusChanged(status) = decode(&body) else { panic!("{body:x?}") };
            assert_eq!((status.status, status.status_message), (StatusType::Away, Some("m")));
        }
        let names = [text(1, "u"), text(2, "r"), text(3, "n"), int(4, 0)].concat();
        let participant = body(Type::ParticipantChanged, &[names, int(5, unknown), text(6, "m")].concat());
        assert_eq!(missing(&participant), ("Participant", "status"));
    }
}

#[test]
fn unknown_type_gives_way_to_a_known_one() {
    for unknown in [0, 5, 37, 99, i32::MAX as u64, u64::MAX] {
        let payload = text(2, "x");
        for types in [[int(1, 34), int(1, unknown)], [int(1, unknown), int(1, 34)]] {
            assert_eq!(decode(&[types.concat(), payload.clone()].concat()), Payload::RawXml("x"));
            assert_eq!(decode(&[payload.clone(), types.concat()].concat()), Payload::RawXml("x"));
        }
    }
}

#[test]
fn unknown_type_is_kept() {
    for unknown in [0, 5, 37, 99, i32::MAX, i32::MIN, -1] {
        let of = int(1, unknown as i64 as u64);
        let content = b"\xff anything";
        let expected = Payload::Unknown { type_number: unknown, bytes: content };
        for parts in [[of.clone(), bytes(2, content)], [bytes(2, content), of.clone()]] {
            assert_eq!(decode(&parts.concat()), expected);
        }
        let body = [of.clone(), bytes(2, content)].concat();
        let mut encoded = vec![0; body.len()];
        assert_eq!(expected.encode(&mut encoded), Ok(body.len()));
        assert_eq!(encoded, body);
        assert_eq!(decode(&of), Payload::Unknown { type_number: unknown, bytes: b"" });
        // Of two that are unknown, the last.
        assert_eq!(decode(&[int(1, 77), of].concat()), Payload::Unknown { type_number: unknown, bytes: b"" });
    }
}

#[test]
fn wrapper_without_type_is_malformed() {
    for body in [vec![], text(2, "x"), text(1, "x"), bytes(15, &int(1, 9))] {
        assert_eq!(missing(&body), ("WrapperMessage", "type"));
    }
}

#[test]
fn flags_and_errors_may_be_any_number() {
    for number in [0, 3, 17, 128, 0xffff, i32::MAX, i32::MIN, -1] {
        let wire = number as i64 as u64;
        let disconnected = body(Type::Disconnected, &[text(1, "u"), int(2, wire)].concat());
        let Payload::Disconnected(error) = decode(&disconnected) else { panic!("{disconnected:x?}") };
        assert_eq!(error.error, ConnectionError(number));
        let participant = [text(1, "u"), text(2, "r"), text(3, "n"), int(4, wire), int(5, 0)].concat();
        let participant = body(Type::ParticipantChanged, &participant);
        let Payload::ParticipantChanged(Participant { flag, .. }) = decode(&participant) else {
            panic!("{participant:x?}")
        };
        assert_eq!(flag, ParticipantFlags(number));
        for body in [disconnected, participant] {
            let mut encoded = vec![0; body.len()];
            assert_eq!(decode(&body).encode(&mut encoded), Ok(body.len()));
            assert_eq!(encoded, body);
        }
    }
}
