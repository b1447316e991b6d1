//! Requests that need no answer, and are survived.

use spectrum2::{Buddy, ConversationMessage, Logout, Payload, Room, StatusType};

use super::{Outcome, passed};
use crate::check::session::{Session, status_of};
use crate::check::setup::Account;

/// Presence, chat states, a buzz, a subject: everything that no other check sends.
pub fn requests(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    let account = session.setup.account();
    session.login(account)?;
    let contact = session.setup.options.contact.as_str();
    let statuses = [
        StatusType::Away,
        StatusType::FreeForChat,
        StatusType::ExtendedAway,
        StatusType::DoNotDisturb,
        StatusType::Invisible,
        StatusType::None,
        StatusType::Online,
    ];
    for status in statuses {
        session.send(&format!("STATUS_CHANGED to {status}"), &[status_of(account, status)])?;
        session.survives()?;
    }
    let said = |message| ConversationMessage {
        user_name: account.user,
        buddy_name: contact,
        message,
        ..ConversationMessage::default()
    };
    let mut requests = vec![
        Payload::Attention(said("")),
        Payload::Attention(said("Are you there?")),
        Payload::RoomSubjectChanged(said("A subject for a contact")),
    ];
    if !session.features().raw_xml {
        // A room, and somebody in it, may be typed to as well.
        for name in [contact, "#spectrum2-check", "#spectrum2-check/somebody"] {
            let buddy = Buddy { user_name: account.user, buddy_name: name, ..Buddy::default() };
            requests.push(Payload::BuddyTyping(buddy));
            requests.push(Payload::BuddyTyped(buddy));
            requests.push(Payload::BuddyStoppedTyping(buddy));
        }
    }
    for request in requests {
        session.send(request.type_name().trim_start_matches("TYPE_"), &[request])?;
        session.survives()?;
    }
    passed()
}

/// The main process also asks for things that make no sense.
pub fn strangers(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    let stranger = Account { user: "nobody@localhost", legacy_name: "nobody", password: "" };
    let leave = |room| Payload::LeaveRoom(Room { user_name: stranger.user, nickname: "", room, password: Some("") });
    let logout = Payload::Logout(Logout { user: stranger.user, legacy_name: stranger.legacy_name });
    let requests = [
        ("LOGOUT of a user who never logged in", logout),
        ("STATUS_CHANGED of a user who is not logged in", status_of(stranger, StatusType::Online)),
        ("LEAVE_ROOM for a room that nobody joined", leave("#spectrum2-check")),
        ("LEAVE_ROOM for a plain contact", leave(&session.setup.options.contact)),
        ("LOGOUT of a user for the second time", logout),
    ];
    for (what, request) in requests {
        session.send(what, &[request])?;
        session.survives()?;
    }
    passed()
}
