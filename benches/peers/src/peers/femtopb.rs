//! femtopb. It knows no maps: its schema has the settings as the repeated message that a map is on
//! the wire.

use bytes::Bytes;
use femtopb::enumeration::{EnumValue, Enumeration};
use femtopb::item_encoding::{self, ItemEncoding};
use femtopb::repeated::Repeated;

use crate::peer::{Codec, bodies, write_frame};
use crate::schema::{read_payload, show_messages, with_fields, write_message};
use crate::show::{Record, Show, Sink, Touch};
use crate::workloads::{self, Message as Plain, Status};

mod theirs {
    #![allow(clippy::all, nonstandard_style, dead_code, unused, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/femtopb/pbnetwork.rs"));
    pub use login::UserSettings;
    pub use login::user_settings::Entry;
    pub use wrapper_message::Type;
}

use theirs::StatusType;

with_fields!(show_messages! { snake ['a] });

/// An element of a repeated field; entries of the map are no fields of their own.
impl Show for theirs::Entry<'_> {
    #[inline(always)]
    fn show(&self, _: u32, sink: &mut impl Sink) {
        sink.entry(self.key.unwrap_or_default().as_bytes(), self.value.unwrap_or_default().as_bytes());
    }
}

impl<'a, T: Show + Clone, E: ItemEncoding<'a, T>> Show for Repeated<'a, T, E> {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        for element in self {
            element.expect("the message is well-formed").show(number, sink);
        }
    }
}

impl Show for EnumValue<StatusType> {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        self.to_raw().show(number, sink);
    }
}

#[derive(Default)]
pub struct Femtopb {
    payload: Vec<u8>,
    ready: Vec<Message<'static>>,
    scratch: Scratch,
    output: Vec<u8>,
}

fn read<'a, T: femtopb::Message<'a>>(bytes: &'a [u8]) -> T {
    T::decode(bytes).expect("the message is well-formed")
}

fn read_all<S: Sink + Default>(stream: &[u8]) -> S {
    let mut sink = S::default();
    for body in bodies(stream) {
        let wrapper: theirs::WrapperMessage = read(body);
        read_payload!(wrapper.r#type.to_raw(), wrapper.payload.unwrap_or_default(), &mut sink, read);
    }
    sink
}

/// Encodes to the end of `output`.
fn append<'a>(message: &impl femtopb::Message<'a>, output: &mut Vec<u8>) {
    let start = output.len();
    output.resize(start + message.encoded_len(), 0);
    message.encode(&mut &mut output[start..]).expect("the buffer is as long as the message");
}

fn write(message: &Message<'_>, payload: &mut Vec<u8>, output: &mut Vec<u8>) {
    write_frame(output, |output| {
        let mut wrapper = theirs::WrapperMessage::default();
        write_message! {
            message,
            Ping => wrapper.r#type = Enumeration::decode(9),
            (number, message) => {
                payload.clear();
                append(message, payload);
                wrapper.r#type = Enumeration::decode(number);
                wrapper.payload = Some(payload);
            }
        }
        append(&wrapper, output);
    });
}

impl Codec for Femtopb {
    fn decode(&mut self, stream: &Bytes) -> Touch {
        read_all(stream)
    }

    fn record(&mut self, stream: &Bytes) -> Record {
        read_all(stream)
    }

    fn prepare(&mut self, messages: &'static [Plain]) {
        self.ready = messages.iter().map(|message| build(message, Box::leak(Box::default()))).collect();
    }

    fn encode(&mut self) -> &[u8] {
        self.output.clear();
        for message in &self.ready {
            write(message, &mut self.payload, &mut self.output);
        }
        &self.output
    }

    fn build(&mut self, messages: &'static [Plain]) -> &[u8] {
        self.output.clear();
        for message in messages {
            write(&build(message, &mut self.scratch), &mut self.payload, &mut self.output);
        }
        &self.output
    }
}

enum Message<'a> {
    Ping,
    Connected(theirs::Connected<'a>),
    Login(theirs::Login<'a>),
    Conversation(theirs::ConversationMessage<'a>),
    BuddyChanged(theirs::Buddy<'a>),
    BuddyTyping(theirs::Buddy<'a>),
    ParticipantChanged(theirs::Participant<'a>),
    Buddies(theirs::Buddies<'a>),
    VCard(theirs::VCard<'a>),
}

/// Lists of messages that are about to be sent; their memory is used again.
#[derive(Default)]
struct Scratch {
    entries: Vec<theirs::Entry<'static>>,
    attachments: Vec<theirs::Attachment<'static>>,
    buddies: Vec<theirs::Buddy<'static>>,
}

fn build<'a>(plain: &'static Plain, scratch: &'a mut Scratch) -> Message<'a> {
    match plain {
        Plain::Ping => Message::Ping,
        Plain::Connected(plain) => Message::Connected(theirs::Connected { user: plain.user, ..Default::default() }),
        Plain::Login(plain) => Message::Login(login(plain, &mut scratch.entries)),
        Plain::Conversation(plain) => Message::Conversation(conversation(plain, &mut scratch.attachments)),
        Plain::BuddyChanged(plain) => Message::BuddyChanged(buddy(plain)),
        Plain::BuddyTyping(plain) => Message::BuddyTyping(buddy(plain)),
        Plain::ParticipantChanged(plain) => Message::ParticipantChanged(participant(plain)),
        Plain::Buddies(plain) => {
            scratch.buddies.clear();
            scratch.buddies.extend(plain.buddy.iter().map(buddy));
            Message::Buddies(theirs::Buddies { buddy: Repeated::from_slice(&scratch.buddies), ..Default::default() })
        }
        Plain::VCard(plain) => Message::VCard(theirs::VCard {
            user_name: plain.user_name,
            buddy_name: plain.buddy_name,
            id: plain.id,
            fullname: plain.fullname,
            nickname: plain.nickname,
            photo: plain.photo,
            ..Default::default()
        }),
    }
}

fn login<'a>(plain: &'static workloads::Login, entries: &'a mut Vec<theirs::Entry<'static>>) -> theirs::Login<'a> {
    entries.clear();
    entries.extend(plain.settings.iter().flat_map(|settings| &settings.value).map(|(key, value)| theirs::Entry {
        key: Some(key),
        value: Some(value),
        ..Default::default()
    }));
    let value = Repeated::from_slice(entries);
    theirs::Login {
        user: plain.user,
        legacy_name: plain.legacy_name,
        password: plain.password,
        extra_fields: Repeated::from_slice(&plain.extra_fields),
        settings: plain.settings.as_ref().map(|_| theirs::UserSettings { value, ..Default::default() }),
        ..Default::default()
    }
}

fn buddy(plain: &'static workloads::Buddy) -> theirs::Buddy<'static> {
    theirs::Buddy {
        user_name: plain.user_name,
        buddy_name: plain.buddy_name,
        alias: plain.alias,
        group: Repeated::<_, item_encoding::String>::from_slice(&plain.group),
        status: plain.status.map(status),
        status_message: plain.status_message,
        icon_hash: plain.icon_hash,
        blocked: plain.blocked,
        ..Default::default()
    }
}

fn conversation<'a>(
    plain: &'static workloads::ConversationMessage,
    attachments: &'a mut Vec<theirs::Attachment<'static>>,
) -> theirs::ConversationMessage<'a> {
    attachments.clear();
    attachments.extend(plain.attachment.iter().map(|attachment| theirs::Attachment {
        url: attachment.url,
        mime_type: attachment.mime_type,
        description: attachment.description,
        ..Default::default()
    }));
    theirs::ConversationMessage {
        user_name: plain.user_name,
        buddy_name: plain.buddy_name,
        message: plain.message,
        nickname: plain.nickname,
        xhtml: plain.xhtml,
        timestamp: plain.timestamp,
        headline: plain.headline,
        id: plain.id,
        pm: plain.pm,
        carbon: plain.carbon,
        attachment: Repeated::from_slice(attachments),
        ..Default::default()
    }
}

fn participant(plain: &workloads::Participant) -> theirs::Participant<'static> {
    theirs::Participant {
        user_name: plain.user_name,
        room: plain.room,
        nickname: plain.nickname,
        flag: plain.flag,
        status: status(plain.status),
        status_message: plain.status_message,
        newname: plain.newname,
        icon_hash: plain.icon_hash,
        alias: plain.alias,
        ..Default::default()
    }
}

fn status(plain: Status) -> EnumValue<StatusType> {
    Enumeration::decode(plain as i32)
}
