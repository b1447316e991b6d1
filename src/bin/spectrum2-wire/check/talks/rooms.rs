//! Rooms.

use std::time::{Duration, Instant};

use spectrum2::{ConversationMessage, ParticipantFlags, Payload, Room, StatusType};

use super::Outcome;
use crate::check::session::{Session, Trouble, fail, not_tried};

/// The flags of a participant that say why a room could not be joined.
const REFUSALS: [(ParticipantFlags, &str); 5] = [
    (ParticipantFlags::CONFLICT, "CONFLICT: try another --nickname"),
    (ParticipantFlags::BANNED, "BANNED"),
    (ParticipantFlags::NOT_AUTHORIZED, "NOT_AUTHORIZED: try --room-password"),
    (ParticipantFlags::KICKED, "KICKED"),
    (ParticipantFlags::ROOM_NOT_FOUND, "ROOM_NOT_FOUND: try another --room"),
];

pub fn rooms(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    if !session.features().muc {
        return not_tried("the backend does not say muc=1 in BACKEND_CONFIG");
    }
    session.login(session.setup.account())?;
    let Some(room) = session.setup.options.room.clone().or_else(|| session.listed_room().map(str::to_owned)) else {
        return not_tried("the backend lists no room, and none is given with --room");
    };
    let participants = join(session, &room)?;
    let options = &session.setup.options;
    if !session.features().raw_xml {
        let message = ConversationMessage {
            user_name: &options.user,
            buddy_name: &room,
            message: "Hello from spectrum2-wire",
            xhtml: Some(""),
            ..ConversationMessage::default()
        };
        session.send("a message to a room", &[Payload::ConvMessage(message)])?;
        session.survives()?;
    }
    let leave = Payload::LeaveRoom(Room {
        user_name: &options.user,
        nickname: &options.nickname,
        room: &room,
        password: Some(""),
    });
    session.send("LEAVE_ROOM", &[leave])?;
    session.survives()?;
    Ok(format!("{participants} participants in {room}"))
}

/// What came of a JOIN_ROOM so far.
enum Event {
    /// A participant, with its flags.
    Participant {
        nickname: String,
        flags: ParticipantFlags,
        is_gone: bool,
    },
    Subject,
}

/// Joins a room, and counts its participants.
fn join(session: &mut Session<'_>, room: &str) -> Result<usize, Trouble> {
    let options = &session.setup.options;
    let request =
        Room { user_name: &options.user, nickname: &options.nickname, room, password: Some(&options.room_password) };
    session.send("JOIN_ROOM", &[Payload::JoinRoom(request)])?;

    let deadline = Instant::now() + options.timeout;
    let mut nicknames = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match next_event(session, room, left)? {
            Some(Event::Participant { nickname, flags, is_gone }) => {
                let refusal = REFUSALS.iter().find(|(refusal, _)| flags.contains(*refusal));
                // Somebody else may be thrown out just then.
                if let Some((_, refusal)) = refusal.filter(|_| nickname == options.nickname) {
                    return not_tried(format!("{room} could not be joined: {refusal}"));
                }
                nicknames.push(nickname);
                if flags.contains(ParticipantFlags::ME) && !is_gone {
                    break;
                }
            }
            Some(Event::Subject) if nicknames.contains(&options.nickname) => {
                return fail("The user's own nickname came without the flag ME.");
            }
            Some(Event::Subject) => {
                return fail("The subject came before the user's own nickname.");
            }
            None if nicknames.is_empty() => {
                return fail(format!(
                    "Nothing about the room {room:?} came within {:?} after JOIN_ROOM, though the backend says muc=1. \
                    ",
                    options.timeout
                ));
            }
            None => return fail("Participants came, but none with the flag ME."),
        }
    }

    // A room need not have a subject. Who comes before it was there before.
    while let Some(event) = next_event(session, room, options.optional_timeout)? {
        match event {
            Event::Participant { nickname, is_gone: false, .. } if !nicknames.contains(&nickname) => {
                return fail(format!(
                    "The participant {nickname:?} came between the user's own nickname and the subject."
                ));
            }
            Event::Participant { .. } => {}
            Event::Subject => break,
        }
    }
    Ok(nicknames.len())
}

fn next_event(session: &mut Session<'_>, room: &str, timeout: Duration) -> Result<Option<Event>, Trouble> {
    let user = session.setup.options.user.as_str();
    session.wait(timeout, |payload| match payload {
        Payload::ParticipantChanged(participant)
            if participant.user_name == user && is_same(participant.room, room) =>
        {
            Some(Event::Participant {
                nickname: participant.nickname.to_owned(),
                flags: participant.flag,
                is_gone: participant.status == StatusType::None,
            })
        }
        Payload::RoomSubjectChanged(subject) if subject.user_name == user && is_same(subject.buddy_name, room) => {
            Some(Event::Subject)
        }
        _ => None,
    })
}

/// Networks do not agree on whether case matters.
fn is_same(room: &str, other: &str) -> bool {
    room.to_lowercase() == other.to_lowercase()
}
