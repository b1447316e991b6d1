//! Frames recorded from the real programs: what they say, and that the same is said byte for byte.
#![cfg(feature = "std")]

mod common;

use common::json;
use common::recorded::{self, MAIN_TO_BACKEND, NETWORKPLUGIN_OUT, hex, records};
use data_encoding::HEXLOWER;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use spectrum2::descriptor::MessageDescriptor;
use spectrum2::frame::{self, HEADER_LEN};
use spectrum2::{
    Attachment, BackendConfig, Buddy, Connected, ConnectionError, ConversationMessage, DecodeErrorKind, Disconnected,
    List, Participant, ParticipantFlags, Payload, Room, RoomList, StatusType, Type, VCard,
};

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
        let frames = record["frames"].as_array().expect("frames");
        if call.method() == "handleDataRead(PING)" {
            check_answer_to_ping(frames);
            built += 1;
        } else if call.bad_arguments().is_empty() {
            assert_eq!(frames.len(), 1);
            call.build(&mut |payload| {
                check_frame(payload, &frames[0]);
                built += 1;
            });
        } else {
            call.check_bad_frame(&hex(&frames[0]["hex"])[HEADER_LEN..]);
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

/// A recorded call of the C++ library.
struct Call<'a>(&'a Json);

impl Call<'_> {
    fn method(&self) -> &str {
        self.0["method"].as_str().expect("a method")
    }

    fn argument(&self, name: &str) -> Option<&Json> {
        let argument = self.0["args"].get(name);
        assert!(argument.is_some() || self.0["args"]["rest"] == "default", "{} {name}", self.method());
        argument
    }

    fn text(&self, name: &str) -> String {
        self.argument(name).map(text).expect("an argument without a default")
    }

    fn text_or(&self, name: &str, default: &str) -> String {
        self.argument(name).map_or(default.into(), text)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        self.argument(name).and_then(Json::as_array).expect("a list").iter().map(text).collect()
    }

    fn flag_or(&self, name: &str, default: bool) -> bool {
        self.argument(name).map_or(default, |flag| flag.as_bool().expect("a bool"))
    }

    /// The C++ library takes some numbers as unsigned and sends them as signed ones.
    fn number(&self, name: &str) -> i32 {
        self.argument(name).and_then(Json::as_i64).expect("a number") as i32
    }

    fn status_or(&self, default: StatusType) -> StatusType {
        self.argument("status").map_or(default, |number| {
            let number = number.as_i64().expect("a number");
            StatusType::from_number(number as i32).expect("a status of the schema")
        })
    }

    /// Builds the payload as the author of a backend writes it.
    fn build(&self, check: &mut dyn FnMut(&Payload<'_>)) {
        match self.method() {
            "sendConfig" => self.send_config(check),
            "sendRawXML" => check(&Payload::RawXml(&self.text("xml"))),
            "handleBuddyChanged" => self.handle_buddy_changed(check),
            "handleBuddyRemoved" => check(&Payload::BuddyRemoved(buddy(&self.names()))),
            "handleBuddyTyping" => check(&Payload::BuddyTyping(buddy(&self.names()))),
            "handleBuddyTyped" => check(&Payload::BuddyTyped(buddy(&self.names()))),
            "handleBuddyStoppedTyping" => check(&Payload::BuddyStoppedTyping(buddy(&self.names()))),
            "handleAuthorization" => check(&Payload::AuthRequest(buddy(&self.names()))),
            "handleParticipantChanged" => self.handle_participant_changed(check),
            "handleDisconnected" => self.handle_disconnected(check),
            "handleConnected" => check(&Payload::Connected(Connected { user: &self.text("user") })),
            "handleMessage" => self.handle_message(check),
            "handleMessageAck" => self.handle_message_ack(check),
            "handleSubject" => self.handle_subject(check),
            "handleRoomNicknameChanged" => self.handle_room_nickname_changed(check),
            "handleVCard" => self.handle_vcard(check),
            "handleAttention" => self.handle_attention(check),
            "handleRoomList" => self.handle_room_list(check),
            unknown => panic!("no builder for {unknown}"),
        }
    }

    fn send_config(&self, check: &mut dyn FnMut(&Payload<'_>)) {
        let bit = |name, default| u8::from(self.flag_or(name, default));
        let mut config = format!(
            "[registration]\nneedPassword={}\nneedRegistration={}\n",
            bit("needPassword", true),
            bit("needRegistration", true),
        );
        for field in self.texts("extraFields") {
            config += &format!("extraField={field}\n");
        }
        config += &format!(
            "[features]\nmuc={}\nrawxml={}\ndisable_jid_escaping={}\n",
            bit("supportMUC", false),
            bit("rawXML", false),
            bit("disableJIDEscaping", false),
        );
        check(&Payload::BackendConfig(BackendConfig { config: &config }));
    }

    fn handle_buddy_changed(&self, check: &mut dyn FnMut(&Payload<'_>)) {
        let groups = self.texts("groups");
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        check(&Payload::BuddyChanged(Buddy {
            user_name: &self.text("user"),
            buddy_name: &self.text("buddyName"),
            alias: Some(&self.text("alias")),
            group: List::from(&groups),
            status: Some(self.status_or(StatusType::Online)),
            status_message: Some(&self.text_or("statusMessage", "")),
            icon_hash: Some(&self.text_or("iconHash", "")),
            blocked: Some(self.flag_or("blocked", false)),
        }));
    }

    fn names(&self) -> [String; 2] {
        [self.text("user"), self.text("buddyName")]
    }

    fn handle_participant_changed(&self, check: &mut dyn FnMut(&Payload<'_>)) {
        check(&Payload::ParticipantChanged(Participant {
            user_name: &self.text("user"),
            room: &self.text("room"),
            nickname: &self.text("nickname"),
            flag: ParticipantFlags(self.number("flags")),
            status: self.status_or(StatusType::None),
            status_message: Some(&self.text_or("statusMessage", "")),
            new_name: Some(&self.text_or("newname", "")),
            icon_hash: None,
            alias: Some(&self.text_or("alias", "")),
        }));
    }

    fn handle_disconnected(&self, check: &mut dyn FnMut(&Payload<'_>)) {
        check(&Payload::Disconnected(Disconnected {
            user: &self.text("user"),
            error: ConnectionError(self.number("error")),
            message: Some(&self.text("message")),
        }));
    }

    fn handle_message(&self, check: &mut dyn FnMut(&Payload<'_>)) {
        let attachments = self.argument("attachments").and_then(Json::as_array).expect("a list");
        let attachments: Vec<Attachment<'_>> = attachments
            .iter()
            .map(|attachment| Attachment {
                url: attachment["url"].as_str().expect("a string"),
                mime_type: attachment["mimeType"].as_str(),
                description: attachment["description"].as_str(),
            })
            .collect();
        check(&Payload::ConvMessage(ConversationMessage {
            user_name: &self.text("user"),
            buddy_name: &self.text("legacyName"),
            message: &self.text("message"),
            nickname: Some(&self.text("nickname")),
            xhtml: Some(&self.text("xhtml")),
            timestamp: Some(&self.text("timestamp")),
            headline: Some(self.flag_or("headline", false)),
            id: None,
            pm: Some(self.flag_or("pm", false)),
            carbon: Some(self.flag_or("carbon", false)),
            attachment: List::from(&attachments),
        }));
    }

    fn handle_message_ack(&self, check: &mut dyn FnMut(&Payload<'_>)) {
        check(&Payload::ConvMessageAck(ConversationMessage {
            user_name: &self.text("user"),
            buddy_name: &self.text("legacyName"),
            id: Some(&self.text("id")),
            ..ConversationMessage::default()
        }));
    }

    fn handle_subject(&self, check: &mut dyn FnMut(&Payload<'_>)) {
        check(&Payload::RoomSubjectChanged(ConversationMessage {
            user_name: &self.text("user"),
            buddy_name: &self.text("legacyName"),
            message: &self.text("message"),
            nickname: Some(&self.text("nickname")),
            ..ConversationMessage::default()
        }));
    }

    fn handle_room_nickname_changed(&self, check: &mut dyn FnMut(&Payload<'_>)) {
        check(&Payload::RoomNicknameChanged(Room {
            user_name: &self.text("user"),
            nickname: &self.text("nickname"),
            room: &self.text("room"),
            password: Some(""),
        }));
    }

    fn handle_vcard(&self, check: &mut dyn FnMut(&Payload<'_>)) {
        check(&Payload::VCard(VCard {
            user_name: &self.text("user"),
            buddy_name: &self.text("legacyName"),
            id: self.number("id"),
            fullname: Some(&self.text("fullName")),
            nickname: Some(&self.text("nickname")),
            photo: Some(&self.argument("photo").map(raw).expect("a photo")),
        }));
    }

    fn handle_attention(&self, check: &mut dyn FnMut(&Payload<'_>)) {
        check(&Payload::Attention(ConversationMessage {
            user_name: &self.text("user"),
            buddy_name: &self.text("buddyName"),
            message: &self.text("message"),
            ..ConversationMessage::default()
        }));
    }

    fn handle_room_list(&self, check: &mut dyn FnMut(&Payload<'_>)) {
        let (rooms, names) = (self.texts("rooms"), self.texts("names"));
        let rooms: Vec<&str> = rooms.iter().map(String::as_str).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        check(&Payload::RoomList(RoomList {
            room: List::from(&rooms),
            name: List::from(&names),
            user: Some(&self.text("user")),
        }));
    }

    /// The arguments that a `&str` cannot hold.
    fn bad_arguments(&self) -> Vec<&str> {
        let is_bad = |argument: &Json| argument.get("hex").is_some() && String::from_utf8(raw(argument)).is_err();
        let arguments = self.0["args"].as_object().expect("arguments").iter();
        arguments
            .filter(|(_, argument)| is_bad(argument) || argument.as_array().is_some_and(|list| list.iter().any(is_bad)))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// A frame that is not UTF-8: the error names the first field that is not.
    fn check_bad_frame(&self, body: &[u8]) {
        let error = Payload::decode(body).unwrap_err();
        let message = Type::from_number(i32::from(body[1])).and_then(Type::message).expect("a message");
        let numbers = self.bad_arguments().into_iter().map(|argument| field_of(message, argument));
        let (_, name) = numbers.min().expect("a bad argument");
        assert_eq!(error.kind(), DecodeErrorKind::InvalidUtf8);
        assert_eq!((error.message(), error.field()), (message.name, Some(name)));
        assert_eq!(body[error.offset()], 0xff);
        assert!(body[..error.offset()].iter().all(|byte| *byte != 0xff));
    }
}

fn buddy([user, buddy]: &[String; 2]) -> Buddy<'_> {
    Buddy { user_name: user, buddy_name: buddy, ..Buddy::default() }
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

/// An argument as text.
fn text(argument: &Json) -> String {
    String::from_utf8(raw(argument)).expect("UTF-8")
}

/// An argument as bytes: a string, `hex`, or `rep` repeated `n` times.
fn raw(argument: &Json) -> Vec<u8> {
    if let Some(repeated) = argument["rep"].as_str() {
        let count = argument["n"].as_u64().expect("a count");
        return repeated.repeat(count as usize).into_bytes();
    }
    match argument.as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => hex(&argument["hex"]),
    }
}
