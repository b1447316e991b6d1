//! What the C++ library makes of the bytes it receives: the same is made of them here.

mod common;

use common::recorded::{NETWORKPLUGIN_IN, hex, records};
use serde_json::{Value as Json, json};
use spectrum2::frame::{DEFAULT_LIMIT, Frame, Split, split};
use spectrum2::{DecodeErrorKind, FrameError, List, Payload};

#[test]
fn recorded_cases_are_received_as_by_the_cpp_library() {
    for case in records(NETWORKPLUGIN_IN) {
        let mut backend = Backend::default();
        for step in case["steps"].as_array().expect("steps") {
            backend.receive(&hex(&step["feed"]));
            let calls = step["calls"].as_array().expect("calls");
            assert_eq!(backend.calls.len(), calls.len(), "{case}");
            for (call, recorded) in backend.calls.iter().zip(calls) {
                call.check(recorded);
            }
            // Each PONG is followed by a STATS.
            assert_eq!(2 * backend.pings, step["sent"].as_array().expect("frames").len(), "{case}");
        }
        if case["case"].as_str().is_some_and(|name| name.starts_with("length 0xFFFFFFFF")) {
            let too_large = FrameError::TooLarge { length: 0xffff_ffff, limit: DEFAULT_LIMIT };
            assert_eq!(split(&backend.received, DEFAULT_LIMIT), Err(too_large));
        } else {
            backend.drain();
        }
    }
}

/// What the C++ library does with a frame.
enum Call {
    /// A callback, with its arguments.
    Made(Json),
    /// A callback with a string that is not UTF-8. Here such a frame is malformed: a difference
    /// that is meant, since the main process sends UTF-8 only.
    NotUtf8,
}

impl Call {
    fn check(&self, recorded: &Json) {
        match self {
            Self::Made(call) => assert_eq!(call, recorded),
            Self::NotUtf8 => {
                let is_bad = |argument: &Json| {
                    argument.get("hex").is_some_and(|_| String::from_utf8(hex(&argument["hex"])).is_err())
                };
                assert!(recorded["args"].as_object().expect("arguments").values().any(is_bad), "{recorded}");
            }
        }
    }
}

/// Receives like the C++ library, which stops at a frame that it does not handle, and takes the
/// frames behind it only with the next read.
#[derive(Default)]
struct Backend {
    received: Vec<u8>,
    calls: Vec<Call>,
    pings: usize,
}

impl Backend {
    fn receive(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
        self.calls.clear();
        self.pings = 0;
        while let Some(body) = self.next_body() {
            if !self.handle(Frame::new(&body)) {
                break;
            }
        }
    }

    fn next_body(&mut self) -> Option<Vec<u8>> {
        let Ok(Split::Complete(frame, rest)) = split(&self.received, DEFAULT_LIMIT) else { return None };
        let body = frame.body().to_vec();
        self.received = rest.to_vec();
        Some(body)
    }

    /// The frames that the C++ library never came to are only those behind one that stopped it.
    fn drain(&mut self) {
        while let Some(body) = self.next_body() {
            assert_eq!(Payload::decode(&body), Ok(Payload::Ping));
        }
        assert!(self.received.is_empty());
    }

    /// Whether the C++ library goes on with the next frame.
    fn handle(&mut self, frame: Frame<'_>) -> bool {
        match frame.decode() {
            Ok(Payload::Ping) => self.pings += 1,
            Ok(payload) if is_handled(payload.type_number()) => self.calls.extend(callback(&payload).map(Call::Made)),
            Ok(_) => return false,
            Err(error) if error.kind() == DecodeErrorKind::InvalidUtf8 => self.calls.push(Call::NotUtf8),
            // A malformed message costs itself alone; a malformed wrapper stops the loop.
            Err(_) => return frame.wrapper().is_ok_and(|wrapper| is_handled(wrapper.type_number)),
        }
        true
    }
}

/// Whether the C++ library has a case for a type: for all that the main process sends in this mode.
fn is_handled(type_number: i32) -> bool {
    use spectrum2::Type::*;
    let handled = [
        Login,
        Logout,
        Ping,
        ConvMessage,
        JoinRoom,
        LeaveRoom,
        VCard,
        BuddyChanged,
        BuddyRemoved,
        StatusChanged,
        BuddyTyping,
        BuddyTyped,
        BuddyStoppedTyping,
        Attention,
        RoomSubjectChanged,
        RawXml,
        Exit,
    ];
    handled.iter().any(|of| of.number() == type_number)
}

/// The callback that the C++ library makes for a payload.
fn callback(payload: &Payload<'_>) -> Option<Json> {
    let (name, arguments) = match payload {
        Payload::Login(login) => ("handleLoginRequest", {
            let settings = login.settings.unwrap_or_default().value.entries();
            let settings: serde_json::Map<_, _> =
                settings.iter().map(|(key, value)| (key.into(), value.into())).collect();
            json!({"user": login.user, "legacyName": login.legacy_name, "password": login.password, "settings": settings})
        }),
        Payload::Logout(logout) => {
            ("handleLogoutRequest", json!({"user": logout.user, "legacyName": logout.legacy_name}))
        }
        Payload::StatusChanged(status) => (
            "handleStatusChangeRequest",
            json!({
                "user": status.user_name,
                "status": status.status.number(),
                "statusMessage": status.status_message.unwrap_or_default(),
            }),
        ),
        Payload::ConvMessage(message) => (
            "handleMessageSendRequest",
            json!({
                "user": message.user_name,
                "legacyName": message.buddy_name,
                "message": message.message,
                "xhtml": message.xhtml.unwrap_or_default(),
                "id": message.id.unwrap_or_default(),
            }),
        ),
        Payload::RoomSubjectChanged(message) => (
            "handleRoomSubjectChangedRequest",
            json!({
                "user": message.user_name, "room": message.buddy_name, "message": message.message,
            }),
        ),
        Payload::Attention(message) => (
            "handleAttentionRequest",
            json!({
                "user": message.user_name, "buddyName": message.buddy_name, "message": message.message,
            }),
        ),
        Payload::BuddyChanged(buddy) => match buddy.blocked {
            Some(blocked) => (
                "handleBuddyBlockToggled",
                json!({
                    "user": buddy.user_name, "buddyName": buddy.buddy_name, "blocked": blocked,
                }),
            ),
            None => (
                "handleBuddyUpdatedRequest",
                json!({
                    "user": buddy.user_name,
                    "buddyName": buddy.buddy_name,
                    "alias": buddy.alias.unwrap_or_default(),
                    "groups": texts(buddy.group),
                }),
            ),
        },
        Payload::BuddyRemoved(buddy) => (
            "handleBuddyRemovedRequest",
            json!({
                "user": buddy.user_name, "buddyName": buddy.buddy_name, "groups": texts(buddy.group),
            }),
        ),
        Payload::BuddyTyping(buddy) => ("handleTypingRequest", names(buddy)),
        Payload::BuddyTyped(buddy) => ("handleTypedRequest", names(buddy)),
        Payload::BuddyStoppedTyping(buddy) => ("handleStoppedTypingRequest", names(buddy)),
        Payload::JoinRoom(room) => (
            "handleJoinRoomRequest",
            json!({
                "user": room.user_name,
                "room": room.room,
                "nickname": room.nickname,
                "password": room.password.unwrap_or_default(),
            }),
        ),
        Payload::LeaveRoom(room) => ("handleLeaveRoomRequest", json!({"user": room.user_name, "room": room.room})),
        Payload::VCard(vcard) => match vcard.photo {
            Some(photo) => (
                "handleVCardUpdatedRequest",
                json!({
                    "user": vcard.user_name,
                    "photo": {"hex": data_encoding::HEXLOWER.encode(photo)},
                    "nickname": vcard.nickname.unwrap_or_default(),
                }),
            ),
            None if vcard.buddy_name.is_empty() => return None,
            None => (
                "handleVCardRequest",
                json!({
                    "user": vcard.user_name, "legacyName": vcard.buddy_name, "id": vcard.id as u32,
                }),
            ),
        },
        Payload::RawXml(xml) => ("handleRawXML", json!({"xml": xml})),
        Payload::Exit => ("handleExitRequest", json!({})),
        _ => return None,
    };
    Some(json!({"cb": name, "args": arguments}))
}

fn texts<'a>(list: List<'a, &'a str>) -> Vec<&'a str> {
    list.iter().collect()
}

fn names(buddy: &spectrum2::Buddy<'_>) -> Json {
    json!({"user": buddy.user_name, "buddyName": buddy.buddy_name})
}
