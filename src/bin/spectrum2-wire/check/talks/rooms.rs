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

/// Logs in, where there are rooms.
fn begin(session: &mut Session<'_>) -> Result<(), Trouble> {
    session.begin()?;
    if !session.features().muc {
        return not_tried("the backend does not say muc=1 in BACKEND_CONFIG");
    }
    session.login(session.setup.account())
}

pub fn rooms(session: &mut Session<'_>) -> Outcome {
    begin(session)?;
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
    leave(session, &room)?;
    Ok(format!("{participants} participants in {room}"))
}

pub fn missing_room(session: &mut Session<'_>) -> Outcome {
    let Some(room) = session.setup.options.missing_room.as_deref() else {
        return not_tried("no room that does not exist is given with --missing-room");
    };
    begin(session)?;
    request_to_join(session, room)?;
    let refusal = refusal(session, room)?;
    // The main process sends that after a refusal, too.
    leave(session, room)?;
    Ok(refusal)
}

/// Waits until the user cannot join a room, and says how that was told.
fn refusal(session: &mut Session<'_>, room: &str) -> Outcome {
    let options = &session.setup.options;
    let deadline = Instant::now() + options.timeout;
    while let Some(event) = next_event(session, room, deadline.saturating_duration_since(Instant::now()))? {
        let Event::Participant { nickname, flags, status } = event else { continue };
        let is_refused = REFUSALS.iter().any(|(refusal, _)| flags.contains(*refusal));
        if nickname != options.nickname {
            // In a room that is joined, others come before the user.
            if is_refused {
                return fail(format!(
                    "The refusal names {nickname:?}, in place of the nickname of JOIN_ROOM, {:?}.",
                    options.nickname
                ));
            }
            continue;
        }
        return match (is_refused, status) {
            (true, StatusType::None) => Ok(format!("refused with {flags:?}")),
            // Spectrum 2.2.1 looks at the flag alone.
            (true, status) => {
                Ok(format!("refused with {flags:?}, though with {status} in place of {}", StatusType::None))
            }
            (false, StatusType::None) => fail("The user's nickname came with the status NONE, and no flag says why."),
            (false, _) => fail(format!("The user joined {room}, which is given as a room that does not exist.")),
        };
    }
    fail(format!("No refusal of the room {room:?} came within {:?} after JOIN_ROOM.", options.timeout))
}

/// What came of a JOIN_ROOM so far.
enum Event {
    /// A participant, with its flags.
    Participant {
        nickname: String,
        flags: ParticipantFlags,
        status: StatusType,
    },
    Subject,
}

fn request_to_join(session: &mut Session<'_>, room: &str) -> Result<(), Trouble> {
    let options = &session.setup.options;
    let request =
        Room { user_name: &options.user, nickname: &options.nickname, room, password: Some(&options.room_password) };
    session.send("JOIN_ROOM", &[Payload::JoinRoom(request)])
}

fn leave(session: &mut Session<'_>, room: &str) -> Result<(), Trouble> {
    let options = &session.setup.options;
    let request = Room { user_name: &options.user, nickname: &options.nickname, room, password: Some("") };
    session.send("LEAVE_ROOM", &[Payload::LeaveRoom(request)])?;
    session.survives()
}

/// Joins a room, and counts its participants.
fn join(session: &mut Session<'_>, room: &str) -> Result<usize, Trouble> {
    request_to_join(session, room)?;
    let options = &session.setup.options;
    let deadline = Instant::now() + options.timeout;
    let mut nicknames = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match next_event(session, room, left)? {
            Some(Event::Participant { nickname, flags, status }) => {
                let refusal = REFUSALS.iter().find(|(refusal, _)| flags.contains(*refusal));
                // Somebody else may be thrown out just then.
                if let Some((_, refusal)) = refusal.filter(|_| nickname == options.nickname) {
                    return not_tried(format!("{room} could not be joined: {refusal}"));
                }
                nicknames.push(nickname);
                if flags.contains(ParticipantFlags::ME) && status != StatusType::None {
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
                    "Nothing about the room {room:?} came within {:?} after JOIN_ROOM, though the backend says muc=1.",
                    options.timeout
                ));
            }
            None => return fail("Participants came, but none with the flag ME."),
        }
    }

    // A room need not have a subject. Who comes before it was there before.
    while let Some(event) = next_event(session, room, options.optional_timeout)? {
        match event {
            Event::Participant { nickname, status, .. }
                if status != StatusType::None && !nicknames.contains(&nickname) =>
            {
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
                status: participant.status,
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
