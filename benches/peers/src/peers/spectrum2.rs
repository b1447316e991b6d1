//! This crate.

use bytes::Bytes;
use spectrum2::frame::{self, DEFAULT_LIMIT, Frame, Split};
use spectrum2::{
    Attachment, Buddies, Buddy, Connected, ConversationMessage, List, Login, Participant, ParticipantFlags, Payload,
    StatusType, StrMap, UserSettings, VCard,
};

use crate::peer::Codec;
use crate::schema::with_fields;
use crate::show::{Record, Show, Sink, Touch};
use crate::workloads::{self, Message, Status};

/// A field by its name in the table.
macro_rules! field {
    ($message:ident newname) => {
        $message.new_name
    };
    ($message:ident $field:ident) => {
        $message.$field
    };
}

macro_rules! show_ours {
    ({} $($name:ident { $($number:literal $field:ident $camel:ident,)* })*) => {$(
        impl Show for $name<'_> {
            #[inline(always)]
            fn show(&self, number: u32, sink: &mut impl Sink) {
                let message = self;
                sink.begin(number);
                $(field!(message $field).show($number, sink);)*
                sink.end();
            }
        }
    )*};
}

with_fields!(show_ours! {});

impl<'a, T: spectrum2::ListItem<'a> + Show> Show for List<'a, T> {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        for element in self {
            element.show(number, sink);
        }
    }
}

impl Show for StrMap<'_> {
    #[inline(always)]
    fn show(&self, _: u32, sink: &mut impl Sink) {
        for (key, value) in self.entries() {
            sink.entry(key.as_bytes(), value.as_bytes());
        }
    }
}

impl Show for StatusType {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        self.number().show(number, sink);
    }
}

impl Show for ParticipantFlags {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        self.0.show(number, sink);
    }
}

#[inline(always)]
pub fn show(payload: &Payload<'_>, sink: &mut impl Sink) {
    match payload {
        Payload::Ping => {
            sink.begin(9);
            sink.end();
        }
        Payload::Connected(message) => message.show(1, sink),
        Payload::Login(message) => message.show(3, sink),
        Payload::BuddyChanged(message) => message.show(6, sink),
        Payload::ConvMessage(message) => message.show(8, sink),
        Payload::ParticipantChanged(message) => message.show(13, sink),
        Payload::VCard(message) => message.show(16, sink),
        Payload::BuddyTyping(message) => message.show(18, sink),
        Payload::Buddies(message) => message.show(35, sink),
        other => unreachable!("no workload has {other:?}"),
    }
}

/// How frames are decoded.
#[derive(Clone, Copy)]
pub enum Decoding {
    /// Into one payload that is used again.
    InPlace,
    /// Each into a payload of its own.
    Returned,
}

pub struct Spectrum2 {
    decoding: Decoding,
    ready: Vec<Payload<'static>>,
    scratch: Scratch,
    output: Vec<u8>,
}

impl Spectrum2 {
    pub fn new(decoding: Decoding) -> Self {
        Self { decoding, ready: Vec::new(), scratch: Scratch::default(), output: Vec::new() }
    }

    #[inline(always)]
    fn read_all<S: Sink + Default>(&self, stream: &[u8]) -> S {
        match self.decoding {
            Decoding::InPlace => read_in_place(stream),
            Decoding::Returned => read_returned(stream),
        }
    }
}

fn read_in_place<S: Sink + Default>(stream: &[u8]) -> S {
    let mut sink = S::default();
    let mut payload = Payload::Ping;
    for_each_frame(stream, |frame| {
        payload.decode_from(frame.body()).expect("the frame is well-formed");
        show(&payload, &mut sink);
    });
    sink
}

fn read_returned<S: Sink + Default>(stream: &[u8]) -> S {
    let mut sink = S::default();
    for_each_frame(stream, |frame| show(&frame.decode().expect("the frame is well-formed"), &mut sink));
    sink
}

#[inline(always)]
pub fn for_each_frame<'a>(stream: &'a [u8], mut decode: impl FnMut(Frame<'a>)) {
    let mut rest = stream;
    while let Split::Complete(frame, behind) = frame::split(rest, DEFAULT_LIMIT).expect("no frame is too long") {
        decode(frame);
        rest = behind;
    }
}

impl Codec for Spectrum2 {
    fn decode(&mut self, stream: &Bytes) -> Touch {
        self.read_all(stream)
    }

    fn record(&mut self, stream: &Bytes) -> Record {
        self.read_all(stream)
    }

    fn prepare(&mut self, messages: &'static [Message]) {
        // The lists of all messages stand together, and not in holes that others left in the heap: where
        // they are found cost more time than encoding.
        let lists: &'static mut [Scratch] = messages.iter().map(|_| Scratch::default()).collect::<Vec<_>>().leak();
        self.ready = messages.iter().zip(lists).map(|(message, lists)| build(message, lists)).collect();
        self.output = vec![0; self.ready.iter().map(frame::encoded_len).sum()];
    }

    fn encode(&mut self) -> &[u8] {
        let mut length = 0;
        for payload in &self.ready {
            length += frame::encode(payload, &mut self.output[length..]).expect("the buffer is as long as the frames");
        }
        &self.output[..length]
    }

    fn build(&mut self, messages: &'static [Message]) -> &[u8] {
        let mut length = 0;
        for message in messages {
            let payload = build(message, &mut self.scratch);
            length += frame::encode(&payload, &mut self.output[length..]).expect("the buffer is as long as the frames");
        }
        &self.output[..length]
    }
}

/// Lists of messages that are about to be sent; their memory is used again.
#[derive(Default)]
pub struct Scratch {
    attachments: Vec<Attachment<'static>>,
    buddies: Vec<Buddy<'static>>,
}

#[inline(always)]
pub fn build<'a>(plain: &'static Message, scratch: &'a mut Scratch) -> Payload<'a> {
    match plain {
        Message::Ping => Payload::Ping,
        Message::Connected(message) => Payload::Connected(Connected { user: message.user }),
        Message::Login(message) => Payload::Login(Login {
            user: message.user,
            legacy_name: message.legacy_name,
            password: message.password,
            extra_fields: List::from(message.extra_fields.as_slice()),
            settings: message
                .settings
                .as_ref()
                .map(|settings| UserSettings { value: StrMap::from(settings.value.as_slice()) }),
        }),
        Message::Conversation(message) => Payload::ConvMessage(conversation(message, &mut scratch.attachments)),
        Message::BuddyChanged(message) => Payload::BuddyChanged(buddy(message)),
        Message::BuddyTyping(message) => Payload::BuddyTyping(buddy(message)),
        Message::ParticipantChanged(message) => Payload::ParticipantChanged(participant(message)),
        Message::Buddies(message) => {
            scratch.buddies.clear();
            scratch.buddies.extend(message.buddy.iter().map(buddy));
            Payload::Buddies(Buddies { buddy: List::from(scratch.buddies.as_slice()) })
        }
        Message::VCard(message) => Payload::VCard(VCard {
            user_name: message.user_name,
            buddy_name: message.buddy_name,
            id: message.id,
            fullname: message.fullname,
            nickname: message.nickname,
            photo: message.photo,
        }),
    }
}

#[inline(always)]
fn buddy(plain: &'static workloads::Buddy) -> Buddy<'static> {
    Buddy {
        user_name: plain.user_name,
        buddy_name: plain.buddy_name,
        alias: plain.alias,
        group: List::from(plain.group.as_slice()),
        status: plain.status.map(status),
        status_message: plain.status_message,
        icon_hash: plain.icon_hash,
        blocked: plain.blocked,
    }
}

#[inline(always)]
fn conversation<'a>(
    plain: &workloads::ConversationMessage,
    attachments: &'a mut Vec<Attachment<'static>>,
) -> ConversationMessage<'a> {
    attachments.clear();
    attachments.extend(plain.attachment.iter().map(|attachment| Attachment {
        url: attachment.url,
        mime_type: attachment.mime_type,
        description: attachment.description,
    }));
    ConversationMessage {
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
        attachment: List::from(attachments.as_slice()),
    }
}

#[inline(always)]
fn participant(plain: &workloads::Participant) -> Participant<'static> {
    Participant {
        user_name: plain.user_name,
        room: plain.room,
        nickname: plain.nickname,
        flag: ParticipantFlags(plain.flag),
        status: status(plain.status),
        status_message: plain.status_message,
        new_name: plain.newname,
        icon_hash: plain.icon_hash,
        alias: plain.alias,
    }
}

#[inline(always)]
fn status(plain: Status) -> StatusType {
    match plain {
        Status::Online => StatusType::Online,
        Status::Away => StatusType::Away,
        Status::None => StatusType::None,
    }
}
