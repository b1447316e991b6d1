//! The numbers of the schema, by name.

use core::ffi::{CStr, c_char};

use crate::enums::Type;

/// The longest name of a type, with the NUL behind it, and the number behind the highest.
const NAME_SIZE: usize = 32;
const TYPES: usize = 37;

/// The names of the schema, by number, each terminated by NUL.
const TYPE_NAMES: [[u8; NAME_SIZE]; TYPES] = {
    let mut names = [[0; NAME_SIZE]; TYPES];
    let mut rest = Type::DESCRIPTOR.values;
    while let [(name, number), others @ ..] = rest {
        let (place, _) = names[*number as usize].split_at_mut(name.len());
        place.copy_from_slice(name.as_bytes());
        rest = others;
    }
    names
};

/// The schema's name of a type, such as `TYPE_LOGIN`, terminated by NUL; `unknown` for any other number.
#[unsafe(no_mangle)]
pub extern "C" fn sp2_type_name(number: i32) -> *const c_char {
    let name = usize::try_from(number).ok().and_then(|number| TYPE_NAMES.get(number));
    let name = name.and_then(|name| CStr::from_bytes_until_nul(name).ok()).filter(|name| !name.is_empty());
    name.unwrap_or(c"unknown").as_ptr()
}

/// What a frame carries: `type` of an `sp2_payload`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum sp2_type {
    /// From the backend: a user is logged in.
    SP2_TYPE_CONNECTED = 1,
    /// From the backend: a login failed, or a session ended.
    SP2_TYPE_DISCONNECTED = 2,
    /// To the backend: log a user in.
    SP2_TYPE_LOGIN = 3,
    /// To the backend: log a user out.
    SP2_TYPE_LOGOUT = 4,
    /// To the backend: a contact was added or edited, or, with `blocked`, is to be blocked or
    /// unblocked. From the backend: a contact or its presence changed.
    SP2_TYPE_BUDDY_CHANGED = 6,
    /// To the backend: the user removed a contact. From the backend: a contact is gone.
    SP2_TYPE_BUDDY_REMOVED = 7,
    /// A message. To the backend: from the user; from the backend: from a contact or room.
    SP2_TYPE_CONV_MESSAGE = 8,
    /// To the backend, first of all and about every 20 seconds: are you there? Answered by PONG.
    SP2_TYPE_PING = 9,
    /// From the backend: the answer to PING.
    SP2_TYPE_PONG = 10,
    /// To the backend: the user joins a room.
    SP2_TYPE_JOIN_ROOM = 11,
    /// To the backend: the user leaves a room.
    SP2_TYPE_LEAVE_ROOM = 12,
    /// From the backend: a room's participant joined, changed or left, or joining failed.
    SP2_TYPE_PARTICIPANT_CHANGED = 13,
    /// From the backend: the user has another nickname in a room now.
    SP2_TYPE_ROOM_NICKNAME_CHANGED = 14,
    /// To the backend: the user sets a room's subject. From the backend: a room's subject.
    SP2_TYPE_ROOM_SUBJECT_CHANGED = 15,
    /// To the backend: a card is asked for or, with `photo`, updated. From the backend: the answer.
    SP2_TYPE_VCARD = 16,
    /// To the backend: the user's presence.
    SP2_TYPE_STATUS_CHANGED = 17,
    /// Both ways: somebody is typing.
    SP2_TYPE_BUDDY_TYPING = 18,
    /// Both ways: somebody who typed is not typing any more, and has nothing typed.
    SP2_TYPE_BUDDY_STOPPED_TYPING = 19,
    /// Both ways: somebody who typed pauses.
    SP2_TYPE_BUDDY_TYPED = 20,
    /// From the backend: a contact asks to be added. Answered by BUDDY_CHANGED (yes) or
    /// BUDDY_REMOVED (no; not told by Spectrum 2.2.1 when the asker is no contact).
    SP2_TYPE_AUTH_REQUEST = 21,
    /// Both ways: a buzz.
    SP2_TYPE_ATTENTION = 22,
    /// From the backend, after each PONG: its memory.
    SP2_TYPE_STATS = 23,
    /// Both ways, older peers only: a file transfer is offered or accepted.
    SP2_TYPE_FT_START = 24,
    /// Both ways, older peers only: a file transfer ended.
    SP2_TYPE_FT_FINISH = 25,
    /// Both ways, older peers only: a piece of a file.
    SP2_TYPE_FT_DATA = 26,
    /// Both ways, older peers only: a file transfer is paused.
    SP2_TYPE_FT_PAUSE = 27,
    /// Both ways, older peers only: a file transfer goes on.
    SP2_TYPE_FT_CONTINUE = 28,
    /// To the backend: leave now.
    SP2_TYPE_EXIT = 29,
    /// From the backend, once: what it supports.
    SP2_TYPE_BACKEND_CONFIG = 30,
    /// From the backend: an admin query. To the backend: the answer.
    SP2_TYPE_QUERY = 31,
    /// From the backend: rooms for service discovery.
    SP2_TYPE_ROOM_LIST = 32,
    /// From the backend: a receipt, with the message's `id` and an empty text.
    SP2_TYPE_CONV_MESSAGE_ACK = 33,
    /// A stanza, both ways; it replaces messages and chat states where the backend's configuration says
    /// `rawxml=1`. The payload is the text, not Protobuf.
    SP2_TYPE_RAW_XML = 34,
    /// To the backend: the roster, right after LOGIN.
    SP2_TYPE_BUDDIES = 35,
    /// Declared in the schema, never seen.
    SP2_TYPE_API_VERSION = 36,
}

/// The presence of a user, a contact or a room participant.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum sp2_status_type {
    /// `STATUS_ONLINE`.
    SP2_STATUS_ONLINE = 0,
    /// `STATUS_AWAY`.
    SP2_STATUS_AWAY = 1,
    /// Free for chat.
    SP2_STATUS_FFC = 2,
    /// Away for long.
    SP2_STATUS_XA = 3,
    /// `STATUS_DND`.
    SP2_STATUS_DND = 4,
    /// Offline.
    SP2_STATUS_NONE = 5,
    /// Online, and shown to nobody.
    SP2_STATUS_INVISIBLE = 6,
}

/// Why a session ended, in `sp2_disconnected`. Any other number is allowed too. The main process
/// answers `SP2_CONNECTION_ERROR_NETWORK_ERROR` and `SP2_CONNECTION_ERROR_OTHER_ERROR` with LOGOUT and
/// LOGIN at once: it reconnects. Any other number puts the user out.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum sp2_connection_error {
    /// `CONNECTION_ERROR_NETWORK_ERROR`.
    SP2_CONNECTION_ERROR_NETWORK_ERROR = 0,
    /// `CONNECTION_ERROR_INVALID_USERNAME`.
    SP2_CONNECTION_ERROR_INVALID_USERNAME = 1,
    /// Wrong password.
    SP2_CONNECTION_ERROR_AUTHENTICATION_FAILED = 2,
    /// No way to authenticate that both sides know.
    SP2_CONNECTION_ERROR_AUTHENTICATION_IMPOSSIBLE = 3,
    /// `CONNECTION_ERROR_NO_SSL_SUPPORT`.
    SP2_CONNECTION_ERROR_NO_SSL_SUPPORT = 4,
    /// `CONNECTION_ERROR_ENCRYPTION_ERROR`.
    SP2_CONNECTION_ERROR_ENCRYPTION_ERROR = 5,
    /// The account is in use elsewhere.
    SP2_CONNECTION_ERROR_NAME_IN_USE = 6,
    /// `CONNECTION_ERROR_INVALID_SETTINGS`.
    SP2_CONNECTION_ERROR_INVALID_SETTINGS = 7,
    /// `CONNECTION_ERROR_CERT_NOT_PROVIDED`.
    SP2_CONNECTION_ERROR_CERT_NOT_PROVIDED = 8,
    /// `CONNECTION_ERROR_CERT_UNTRUSTED`.
    SP2_CONNECTION_ERROR_CERT_UNTRUSTED = 9,
    /// `CONNECTION_ERROR_CERT_EXPIRED`.
    SP2_CONNECTION_ERROR_CERT_EXPIRED = 10,
    /// `CONNECTION_ERROR_CERT_NOT_ACTIVATED`.
    SP2_CONNECTION_ERROR_CERT_NOT_ACTIVATED = 11,
    /// `CONNECTION_ERROR_CERT_HOSTNAME_MISMATCH`.
    SP2_CONNECTION_ERROR_CERT_HOSTNAME_MISMATCH = 12,
    /// `CONNECTION_ERROR_CERT_FINGERPRINT_MISMATCH`.
    SP2_CONNECTION_ERROR_CERT_FINGERPRINT_MISMATCH = 13,
    /// `CONNECTION_ERROR_CERT_SELF_SIGNED`.
    SP2_CONNECTION_ERROR_CERT_SELF_SIGNED = 14,
    /// `CONNECTION_ERROR_CERT_OTHER_ERROR`.
    SP2_CONNECTION_ERROR_CERT_OTHER_ERROR = 15,
    /// `CONNECTION_ERROR_OTHER_ERROR`.
    SP2_CONNECTION_ERROR_OTHER_ERROR = 16,
}

/// What is special about a room participant, or why a room could not be joined: bits, combined with
/// `|`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum sp2_participant_flag {
    /// `PARTICIPANT_FLAG_NONE`.
    SP2_PARTICIPANT_FLAG_NONE = 0,
    /// `PARTICIPANT_FLAG_MODERATOR`.
    SP2_PARTICIPANT_FLAG_MODERATOR = 1,
    /// The nickname is taken.
    SP2_PARTICIPANT_FLAG_CONFLICT = 2,
    /// `PARTICIPANT_FLAG_BANNED`.
    SP2_PARTICIPANT_FLAG_BANNED = 4,
    /// The room wants a password, or another one.
    SP2_PARTICIPANT_FLAG_NOT_AUTHORIZED = 8,
    /// The participant is the user.
    SP2_PARTICIPANT_FLAG_ME = 16,
    /// `PARTICIPANT_FLAG_KICKED`.
    SP2_PARTICIPANT_FLAG_KICKED = 32,
    /// `PARTICIPANT_FLAG_ROOM_NOT_FOUND`.
    SP2_PARTICIPANT_FLAG_ROOM_NOT_FOUND = 64,
}
