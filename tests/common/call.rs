//! The recorded calls of the C++ library, as the author of a backend says the same.

use serde_json::Value as Json;
use spectrum2::{
    Attachment, BackendConfig, BackendConfigBuilder, Buddy, Connected, ConnectionError, ConversationMessage,
    Disconnected, List, Participant, ParticipantFlags, Payload, Room, RoomList, StatusType, VCard,
};

use super::recorded::hex;

/// A recorded call of the C++ library.
#[derive(Clone, Copy)]
pub struct Call<'a>(pub &'a Json);

impl Call<'_> {
    fn method(&self) -> &str {
        self.0["method"].as_str().expect("a method")
    }

    /// Whether it is no call, but a PING.
    pub fn is_ping(&self) -> bool {
        self.method() == "handleDataRead(PING)"
    }

    /// What the library sends.
    pub fn frames(&self) -> &[Json] {
        self.0["frames"].as_array().expect("frames")
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
    pub fn build(&self, check: &mut dyn FnMut(&Payload<'_>)) {
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
        let names = self.texts("extraFields");
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let settings = [
            ("needPassword", BackendConfigBuilder::need_password as fn(_, _) -> _),
            ("needRegistration", BackendConfigBuilder::need_registration),
            ("supportMUC", BackendConfigBuilder::muc),
            ("rawXML", BackendConfigBuilder::raw_xml),
            ("disableJIDEscaping", BackendConfigBuilder::disable_jid_escaping),
        ];
        let config = settings.iter().fold(BackendConfig::builder().extra_fields(&names), |config, (name, set)| {
            match self.argument(name) {
                Some(on) => set(config, on.as_bool().expect("a bool")),
                None => config,
            }
        });
        check(&Payload::BackendConfig(BackendConfig { config: &config.build().unwrap() }));
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
    pub fn bad_arguments(&self) -> Vec<&str> {
        let is_bad = |argument: &Json| argument.get("hex").is_some() && String::from_utf8(raw(argument)).is_err();
        let arguments = self.0["args"].as_object().expect("arguments").iter();
        arguments
            .filter(|(_, argument)| is_bad(argument) || argument.as_array().is_some_and(|list| list.iter().any(is_bad)))
            .map(|(name, _)| name.as_str())
            .collect()
    }
}

fn buddy([user, buddy]: &[String; 2]) -> Buddy<'_> {
    Buddy { user_name: user, buddy_name: buddy, ..Buddy::default() }
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
