//! The frames of both sides.

use spectrum2::{
    Buddy, Connected, ConversationMessage, Login, Logout, Participant, ParticipantFlags, Payload, Room, StatusType,
    StrMap, UserSettings, VCard,
};

pub const ALICE: &str = "alice@localhost";
pub const BOB: &str = "bob@localhost";

// What the main process says, with the fields that it sends.

pub fn login_with(user: &'static str, password: &'static str) -> Payload<'static> {
    let settings = UserSettings {
        value: StrMap::from(&[("stay_connected", "0"), ("enable_transport", "1"), ("send_headlines", "0")]),
    };
    Payload::Login(Login { user, legacy_name: "name", password, settings: Some(settings), ..Login::default() })
}

pub fn login(user: &'static str) -> Payload<'static> {
    login_with(user, "secret")
}

pub fn logout(user: &'static str) -> Payload<'static> {
    Payload::Logout(Logout { user, legacy_name: "name" })
}

pub fn message<'a>(user: &'a str, to: &'a str, text: &'a str) -> ConversationMessage<'a> {
    ConversationMessage { xhtml: Some(""), ..said(user, to, text) }
}

pub fn to_echo(text: &str) -> Payload<'_> {
    Payload::ConvMessage(message(ALICE, "echo", text))
}

pub fn contact<'a>(user: &'a str, name: &'a str) -> Buddy<'a> {
    Buddy { user_name: user, buddy_name: name, alias: Some(""), status: Some(StatusType::None), ..Buddy::default() }
}

pub fn join_with<'a>(user: &'a str, room: &'a str, nickname: &'a str, password: &'a str) -> Payload<'a> {
    Payload::JoinRoom(Room { user_name: user, nickname, room, password: Some(password) })
}

pub fn join<'a>(user: &'a str, room: &'a str, nickname: &'a str) -> Payload<'a> {
    join_with(user, room, nickname, "")
}

pub fn leave<'a>(user: &'a str, room: &'a str) -> Payload<'a> {
    Payload::LeaveRoom(Room { user_name: user, nickname: "", room, password: Some("") })
}

pub fn vcard_request<'a>(user: &'a str, of: &'a str, id: i32) -> Payload<'a> {
    Payload::VCard(VCard { user_name: user, buddy_name: of, id, ..VCard::default() })
}

pub fn vcard_update<'a>(user: &'a str, nickname: &'a str, photo: &'a [u8]) -> Payload<'a> {
    Payload::VCard(VCard { user_name: user, nickname: Some(nickname), photo: Some(photo), ..VCard::default() })
}

// What the backend says.

/// A message that has nothing but a text.
pub fn said<'a>(user: &'a str, by: &'a str, text: &'a str) -> ConversationMessage<'a> {
    ConversationMessage { user_name: user, buddy_name: by, message: text, ..ConversationMessage::default() }
}

pub fn said_in_room<'a>(user: &'a str, room: &'a str, nickname: &'a str, text: &'a str) -> Payload<'a> {
    Payload::ConvMessage(ConversationMessage { nickname: Some(nickname), ..said(user, room, text) })
}

/// The user's own message, as everybody in the room sees it.
pub fn own_in_room<'a>(user: &'a str, room: &'a str, nickname: &'a str, text: &'a str) -> Payload<'a> {
    Payload::ConvMessage(ConversationMessage { nickname: Some(nickname), ..message(user, room, text) })
}

pub fn subject<'a>(user: &'a str, room: &'a str, nickname: &'a str, text: &'a str) -> Payload<'a> {
    Payload::RoomSubjectChanged(ConversationMessage { nickname: Some(nickname), ..said(user, room, text) })
}

pub fn ack<'a>(user: &'a str, by: &'a str, id: &'a str) -> Payload<'a> {
    Payload::ConvMessageAck(ConversationMessage { id: Some(id), ..said(user, by, "") })
}

pub fn echo(user: &str) -> Buddy<'_> {
    Buddy { user_name: user, buddy_name: "echo", ..Buddy::default() }
}

pub fn logged_in(user: &str) -> [Payload<'_>; 2] {
    [
        Payload::Connected(Connected { user }),
        Payload::BuddyChanged(Buddy { alias: Some("Echo"), status: Some(StatusType::Online), ..echo(user) }),
    ]
}

pub fn vcard<'a>(request: &Payload<'a>, fullname: &'a str, nickname: &'a str, photo: &'a [u8]) -> Payload<'a> {
    let Payload::VCard(request) = *request else { panic!("a request for a card") };
    Payload::VCard(VCard { fullname: Some(fullname), nickname: Some(nickname), photo: Some(photo), ..request })
}

pub fn icon_changed<'a>(user: &'a str, hash: &'a str) -> Payload<'a> {
    Payload::BuddyChanged(Buddy { status: Some(StatusType::Online), icon_hash: Some(hash), ..echo(user) })
}

pub fn participant<'a>(user: &'a str, room: &'a str, nickname: &'a str, flag: ParticipantFlags) -> Participant<'a> {
    let status = StatusType::Online;
    Participant { user_name: user, room, nickname, flag, status, ..Participant::default() }
}

/// The answer to a JOIN_ROOM that is refused.
pub fn refused<'a>(user: &'a str, room: &'a str, nickname: &'a str, why: ParticipantFlags) -> Payload<'a> {
    Payload::ParticipantChanged(Participant { status: StatusType::None, ..participant(user, room, nickname, why) })
}

/// The answer to a JOIN_ROOM; `subject` is that of the room.
pub fn joined<'a>(user: &'a str, room: &'a str, nickname: &'a str, subject: &'a str) -> [Payload<'a>; 4] {
    let away = participant(user, room, "away", ParticipantFlags::NONE);
    [
        Payload::ParticipantChanged(participant(user, room, "echo", ParticipantFlags::MODERATOR)),
        Payload::ParticipantChanged(Participant { status: StatusType::Away, status_message: Some("lunch"), ..away }),
        Payload::ParticipantChanged(participant(user, room, nickname, ParticipantFlags::ME)),
        self::subject(user, room, "echo", subject),
    ]
}
