//! A backend whose network has one contact, `echo`, that says everything back.
//!
//! It is the model to copy, and what the tests drive:
//!
//! - At start: BACKEND_CONFIG (`muc=1`, `needRegistration=0`, `receipts=1`) and ROOM_LIST with room
//!   `#test`, name `Test room`, no user.
//! - LOGIN: CONNECTED, then BUDDY_CHANGED `echo`, alias `Echo`, ONLINE. Password `badpw`:
//!   DISCONNECTED, AUTHENTICATION_FAILED, a text.
//! - A message to `echo` comes back from `echo`, xhtml too; to any other contact nothing happens.
//!   With `id`: first CONV_MESSAGE_ACK with that `id`.
//! - Contact added or edited: BUDDY_CHANGED back, same alias and groups, ONLINE. Removed:
//!   BUDDY_REMOVED back.
//! - Typing, typed, stopped typing, attention: the same type back for the same contact (attention
//!   with the same text).
//! - STATUS_CHANGED: BUDDY_CHANGED `echo` with that status and text, empty alias, no groups;
//!   INVISIBLE is shown as NONE.
//! - VCARD request: same id, fullname `Full <buddyName>`, nickname `echo`, empty photo. After an
//!   update (photo present): nickname and photo are the update's, and BUDDY_CHANGED `echo` with
//!   iconHash = lower-case sha1 hex of the photo is sent.
//! - To `echo`: `!auth NAME` gives AUTH_REQUEST from NAME; `!delay TEXT` gives TEXT with timestamp
//!   `20200102T030405`; `!attach URL` gives message URL with one attachment of that url; `!carbon
//!   TEXT` gives TEXT with carbon set.
//! - JOIN_ROOM: participants `echo` (flag MODERATOR, ONLINE), `away` (no flag, AWAY, text `lunch`),
//!   last the user's own nickname (flag ME, ONLINE); then ROOM_SUBJECT_CHANGED `Subject of <room>`
//!   from `echo`. `#missing`: the requested nickname with ROOM_NOT_FOUND; `#locked` without password
//!   `sesame`: NOT_AUTHORIZED; nickname `taken`: CONFLICT; each with status NONE and nothing else.
//! - A message to a room: the same with the user's nickname, then `echo: TEXT` with nickname `echo`.
//!   A message to `#test/WHO`: the same text, buddyName `#test`, nickname WHO, pm set. Subject set:
//!   the subject back with the user's nickname. LEAVE_ROOM: quiet.
//! - Several users at once; LOGOUT and LOGIN again; LOGOUT and LEAVE_ROOM for things it does not
//!   know are ignored.
//! - Ends with status 0 on EXIT, on a bare close, and when PING, EXIT and close arrive together.

use std::collections::HashMap;
use std::io;
use std::process::ExitCode;

use sha1::{Digest, Sha1};
use spectrum2::{
    Attachment, Backend, BackendConfig, Buddy, ConnectionError, ConversationMessage, List, Login, Logout, Participant,
    ParticipantFlags, Room, RoomList, Sender, Status, StatusType, VCard,
};

/// What is known of a user who is logged in.
#[derive(Default)]
struct User {
    /// The user's own card: nickname and photo.
    card: Option<(String, Vec<u8>)>,
    /// The rooms that the user is in, with the user's nickname there.
    rooms: HashMap<String, String>,
}

#[derive(Default)]
pub struct Echo {
    users: HashMap<String, User>,
}

fn main() -> ExitCode {
    spectrum2::main(|_launch| Ok(Echo::default()))
}

impl Backend for Echo {
    fn start(&mut self, sender: &mut Sender) -> io::Result<()> {
        let config = BackendConfig::builder().need_registration(false).muc(true).receipts(true);
        sender.backend_config(&config.build()?)?;
        sender.room_list(&RoomList { room: List::from(&["#test"]), name: List::from(&["Test room"]), user: None })
    }

    fn login(&mut self, sender: &mut Sender, login: Login<'_>) -> io::Result<()> {
        if login.password == "badpw" {
            return sender.disconnected(login.user, ConnectionError::AUTHENTICATION_FAILED, "Wrong password");
        }
        self.users.insert(login.user.to_owned(), User::default());
        sender.connected(login.user)?;
        sender.buddy_changed(&Buddy { alias: Some("Echo"), status: Some(StatusType::Online), ..echo_of(login.user) })
    }

    fn logout(&mut self, _: &mut Sender, logout: Logout<'_>) -> io::Result<()> {
        self.users.remove(logout.user);
        Ok(())
    }

    fn status_changed(&mut self, sender: &mut Sender, status: Status<'_>) -> io::Result<()> {
        let shown = match status.status {
            StatusType::Invisible => StatusType::None,
            status => status,
        };
        sender.buddy_changed(&Buddy {
            alias: Some(""),
            status: Some(shown),
            status_message: status.status_message,
            ..echo_of(status.user_name)
        })
    }

    fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
        let own_nickname = self.nickname(message.user_name, message.buddy_name);
        let private = message.buddy_name.split_once('/').filter(|(room, _)| room.starts_with('#'));
        if message.buddy_name != "echo" && own_nickname.is_none() && private.is_none() {
            // Nobody receives it, so there is no receipt either.
            return Ok(());
        }
        if let Some(id) = message.id {
            sender.message_ack(message.user_name, message.buddy_name, id)?;
        }
        let message = ConversationMessage { id: None, ..message };
        match (own_nickname, private) {
            (Some(nickname), _) => answer_in_room(sender, message, nickname),
            (None, Some((room, nickname))) => sender.message(&ConversationMessage {
                buddy_name: room,
                nickname: Some(nickname),
                pm: Some(true),
                ..message
            }),
            (None, None) => answer(sender, message),
        }
    }

    fn buddy_changed(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        sender.buddy_changed(&Buddy { status: Some(StatusType::Online), ..buddy })
    }

    fn buddy_removed(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        sender.buddy_removed(buddy.user_name, buddy.buddy_name)
    }

    fn buddy_typing(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        sender.buddy_typing(buddy.user_name, buddy.buddy_name)
    }

    fn buddy_typed(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        sender.buddy_typed(buddy.user_name, buddy.buddy_name)
    }

    fn buddy_stopped_typing(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        sender.buddy_stopped_typing(buddy.user_name, buddy.buddy_name)
    }

    fn attention(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
        sender.attention(message.user_name, message.buddy_name, message.message)
    }

    fn vcard_requested(&mut self, sender: &mut Sender, request: VCard<'_>) -> io::Result<()> {
        let fullname = format!("Full {}", request.buddy_name);
        let card = self.users.get(request.user_name).and_then(|user| user.card.as_ref());
        let (nickname, photo) = card.map_or(("echo", [].as_slice()), |(nickname, photo)| (nickname, photo));
        sender.vcard(&VCard { fullname: Some(&fullname), nickname: Some(nickname), photo: Some(photo), ..request })
    }

    fn vcard_updated(&mut self, sender: &mut Sender, card: VCard<'_>) -> io::Result<()> {
        let photo = card.photo.unwrap_or_default();
        self.user(card.user_name).card = Some((card.nickname.unwrap_or_default().to_owned(), photo.to_owned()));
        let hash = data_encoding::HEXLOWER.encode(&Sha1::digest(photo));
        sender.buddy_changed(&Buddy {
            status: Some(StatusType::Online),
            icon_hash: Some(&hash),
            ..echo_of(card.user_name)
        })
    }

    fn join_room(&mut self, sender: &mut Sender, room: Room<'_>) -> io::Result<()> {
        let participant = |nickname, flag, status, text| Participant {
            user_name: room.user_name,
            room: room.room,
            nickname,
            flag,
            status,
            status_message: text,
            ..Participant::default()
        };
        let refused = match room {
            Room { room: "#missing", .. } => Some(ParticipantFlags::ROOM_NOT_FOUND),
            Room { room: "#locked", password, .. } if password != Some("sesame") => {
                Some(ParticipantFlags::NOT_AUTHORIZED)
            }
            Room { nickname: "taken", .. } => Some(ParticipantFlags::CONFLICT),
            _ => None,
        };
        if let Some(flag) = refused {
            return sender.participant_changed(&participant(room.nickname, flag, StatusType::None, None));
        }
        self.user(room.user_name).rooms.insert(room.room.to_owned(), room.nickname.to_owned());
        let online = StatusType::Online;
        sender.participant_changed(&participant("echo", ParticipantFlags::MODERATOR, online, None))?;
        sender.participant_changed(&participant("away", ParticipantFlags::NONE, StatusType::Away, Some("lunch")))?;
        sender.participant_changed(&participant(room.nickname, ParticipantFlags::ME, online, None))?;
        sender.room_subject_changed(room.user_name, room.room, &format!("Subject of {}", room.room), "echo")
    }

    fn leave_room(&mut self, _: &mut Sender, room: Room<'_>) -> io::Result<()> {
        if let Some(user) = self.users.get_mut(room.user_name) {
            user.rooms.remove(room.room);
        }
        Ok(())
    }

    fn room_subject_changed(&mut self, sender: &mut Sender, subject: ConversationMessage<'_>) -> io::Result<()> {
        match self.nickname(subject.user_name, subject.buddy_name) {
            Some(nickname) => {
                sender.room_subject_changed(subject.user_name, subject.buddy_name, subject.message, nickname)
            }
            // A message to a contact may have a subject too.
            None => Ok(()),
        }
    }
}

impl Echo {
    fn user(&mut self, name: &str) -> &mut User {
        self.users.entry(name.to_owned()).or_default()
    }

    /// The user's nickname in a room that the user is in.
    fn nickname(&self, user: &str, room: &str) -> Option<&str> {
        self.users.get(user)?.rooms.get(room).map(String::as_str)
    }
}

/// The contact `echo` of a user.
fn echo_of(user: &str) -> Buddy<'_> {
    Buddy { user_name: user, buddy_name: "echo", ..Buddy::default() }
}

/// What happens to a message in a room.
fn answer_in_room(sender: &Sender, message: ConversationMessage<'_>, nickname: &str) -> io::Result<()> {
    sender.message(&ConversationMessage { nickname: Some(nickname), ..message })?;
    let text = format!("echo: {}", message.message);
    let (user_name, buddy_name, nickname) = (message.user_name, message.buddy_name, Some("echo"));
    sender.message(&ConversationMessage { user_name, buddy_name, message: &text, nickname, ..Default::default() })
}

/// What `echo` says to a message.
fn answer(sender: &Sender, message: ConversationMessage<'_>) -> io::Result<()> {
    let (user_name, buddy_name) = (message.user_name, message.buddy_name);
    let (command, text) = message.message.split_once(' ').unwrap_or_default();
    let plain = ConversationMessage { user_name, buddy_name, message: text, ..ConversationMessage::default() };
    match command {
        // A command with nothing behind it is none.
        _ if text.is_empty() => sender.message(&message),
        "!auth" => sender.auth_request(user_name, text),
        "!delay" => sender.message(&ConversationMessage { timestamp: Some("20200102T030405"), ..plain }),
        "!attach" => {
            let attachment = [Attachment { url: text, ..Attachment::default() }];
            sender.message(&ConversationMessage { attachment: List::from(&attachment), ..plain })
        }
        "!carbon" => sender.message(&ConversationMessage { carbon: Some(true), ..plain }),
        _ => sender.message(&message),
    }
}
