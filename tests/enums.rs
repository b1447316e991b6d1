//! Names and numbers of the enums, as an author uses them.

use spectrum2::{ConnectionError, ParticipantFlags, StatusType, Type, UnknownName};

#[test]
fn closed_enums_are_shown_and_parsed_by_the_names_of_the_schema() {
    assert_eq!(StatusType::ExtendedAway.to_string(), "STATUS_XA");
    assert_eq!("STATUS_XA".parse(), Ok(StatusType::ExtendedAway));
    assert_eq!(format!("{:>12}", Type::Ping), "   TYPE_PING");
    assert_eq!("TYPE_PONG".parse(), Ok(Type::Pong));
    assert_eq!("TYPE_NONE".parse::<Type>(), Err(UnknownName));
}

#[test]
fn connection_errors_have_the_name_of_the_schema_or_their_number() {
    assert_eq!(ConnectionError::AUTHENTICATION_FAILED.name(), Some("CONNECTION_ERROR_AUTHENTICATION_FAILED"));
    assert_eq!(format!("{:?}", ConnectionError::OTHER_ERROR), "CONNECTION_ERROR_OTHER_ERROR");
    assert_eq!(ConnectionError(17).name(), None);
    assert_eq!(format!("{:?}", ConnectionError(-1)), "ConnectionError(-1)");
}

#[test]
fn participant_flags_are_bits() {
    let flags = ParticipantFlags::ME | ParticipantFlags::MODERATOR;
    assert!(flags.contains(ParticipantFlags::ME));
    assert!(!flags.contains(ParticipantFlags::ME | ParticipantFlags::BANNED));
    assert_eq!(flags & ParticipantFlags::ME, ParticipantFlags::ME);
    assert!((flags & ParticipantFlags::KICKED).is_empty());
    assert_eq!(format!("{flags:?}"), "PARTICIPANT_FLAG_MODERATOR | PARTICIPANT_FLAG_ME");
    assert_eq!(format!("{:?}", ParticipantFlags::NONE), "PARTICIPANT_FLAG_NONE");
    assert_eq!(format!("{:?}", ParticipantFlags(0x401)), "PARTICIPANT_FLAG_MODERATOR | 0x400");
    assert_eq!(i32::from(ParticipantFlags::from(-1)), -1);
    assert_eq!(format!("{:?}", ParticipantFlags(i32::MIN)), "0x80000000");
}
