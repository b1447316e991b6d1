//! The peers written in C and C++, behind the interface that `native/peers.h` declares.

use std::ffi::c_void;
use std::slice;

use bytes::Bytes;

use crate::peer::Codec;
use crate::show::{Record, Sink, Touch};
use crate::workloads::{self, Message};

#[repr(C)]
#[derive(Clone, Copy)]
struct Span {
    data: *const u8,
    length: usize,
}

impl Span {
    const ABSENT: Self = Self { data: std::ptr::null(), length: 0 };

    fn new(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), length: bytes.len() }
    }

    /// # Safety
    /// The bytes live for `'a`.
    unsafe fn bytes<'a>(self) -> &'a [u8] {
        match self.length {
            0 => &[],
            // SAFETY: as the caller says.
            length => unsafe { slice::from_raw_parts(self.data, length) },
        }
    }
}

/// A message in plain values; texts and numbers stand at the index of their field number.
#[repr(C)]
struct Plain {
    type_number: i32,
    text: [Span; 12],
    number: [i64; 12],
    list: *const Span,
    list_length: usize,
    children: *const Plain,
    children_length: usize,
}

const ABSENT_NUMBER: i64 = i64::MIN;

impl Plain {
    fn new(type_number: i32) -> Self {
        Self {
            type_number,
            text: [Span::ABSENT; 12],
            number: [ABSENT_NUMBER; 12],
            list: std::ptr::null(),
            list_length: 0,
            children: std::ptr::null(),
            children_length: 0,
        }
    }

    fn text(mut self, field: usize, value: impl Into<Option<&'static str>>) -> Self {
        if let Some(value) = value.into() {
            self.text[field] = Span::new(value.as_bytes());
        }
        self
    }

    fn number(mut self, field: usize, value: impl Into<Option<i64>>) -> Self {
        self.number[field] = value.into().unwrap_or(ABSENT_NUMBER);
        self
    }

    fn list(mut self, elements: impl Iterator<Item = &'static str>) -> Self {
        let elements = elements.map(|element| Span::new(element.as_bytes())).collect::<Vec<_>>().leak();
        (self.list, self.list_length) = (elements.as_ptr(), elements.len());
        self
    }

    fn children(mut self, children: impl Iterator<Item = Plain>) -> Self {
        let children = children.collect::<Vec<_>>().leak();
        (self.children, self.children_length) = (children.as_ptr(), children.len());
        self
    }
}

impl From<&'static Message> for Plain {
    fn from(message: &'static Message) -> Self {
        match message {
            Message::Ping => Self::new(9),
            Message::Connected(message) => Self::new(1).text(1, message.user),
            Message::Login(message) => {
                let settings = message.settings.iter().flat_map(|settings| &settings.value);
                Self::new(3)
                    .text(1, message.user)
                    .text(2, message.legacy_name)
                    .text(3, message.password)
                    .list(settings.flat_map(|(key, value)| [*key, *value]))
            }
            Message::Conversation(message) => conversation(message),
            Message::BuddyChanged(message) => buddy(6, message),
            Message::BuddyTyping(message) => buddy(18, message),
            Message::ParticipantChanged(message) => participant(message),
            Message::Buddies(message) => Self::new(35).children(message.buddy.iter().map(|message| buddy(0, message))),
            Message::VCard(message) => {
                let mut plain = Self::new(16)
                    .text(1, message.user_name)
                    .text(2, message.buddy_name)
                    .number(3, i64::from(message.id))
                    .text(4, message.fullname)
                    .text(5, message.nickname);
                plain.text[6] = message.photo.map_or(Span::ABSENT, Span::new);
                plain
            }
        }
    }
}

fn conversation(message: &'static workloads::ConversationMessage) -> Plain {
    let attachment = |attachment: &workloads::Attachment| {
        Plain::new(0).text(1, attachment.url).text(2, attachment.mime_type).text(3, attachment.description)
    };
    Plain::new(8)
        .text(1, message.user_name)
        .text(2, message.buddy_name)
        .text(3, message.message)
        .text(4, message.nickname)
        .text(5, message.xhtml)
        .text(6, message.timestamp)
        .number(7, message.headline.map(i64::from))
        .text(8, message.id)
        .number(9, message.pm.map(i64::from))
        .number(10, message.carbon.map(i64::from))
        .children(message.attachment.iter().map(attachment))
}

fn buddy(type_number: i32, message: &'static workloads::Buddy) -> Plain {
    Plain::new(type_number)
        .text(1, message.user_name)
        .text(2, message.buddy_name)
        .text(3, message.alias)
        .list(message.group.iter().copied())
        .number(5, message.status.map(|status| status as i64))
        .text(6, message.status_message)
        .text(7, message.icon_hash)
        .number(8, message.blocked.map(i64::from))
}

fn participant(message: &'static workloads::Participant) -> Plain {
    Plain::new(13)
        .text(1, message.user_name)
        .text(2, message.room)
        .text(3, message.nickname)
        .number(4, i64::from(message.flag))
        .number(5, message.status as i64)
        .text(6, message.status_message)
        .text(7, message.newname)
        .text(8, message.icon_hash)
        .text(9, message.alias)
}

/// Where the other side records to.
#[repr(C)]
struct Recorder {
    target: *mut c_void,
    text: extern "C" fn(*mut c_void, u32, Span),
    number: extern "C" fn(*mut c_void, u32, i64),
    entry: extern "C" fn(*mut c_void, Span, Span),
    begin: extern "C" fn(*mut c_void, u32),
    end: extern "C" fn(*mut c_void),
}

/// # Safety
/// `target` is the one that [`Native::record`] made.
unsafe fn recorded<'a>(target: *mut c_void) -> &'a mut Record {
    // SAFETY: as the caller says; only one call uses it at a time.
    unsafe { &mut *target.cast() }
}

extern "C" fn record_text(target: *mut c_void, number: u32, value: Span) {
    // SAFETY: called during `Native::record` alone, with bytes that live for the call.
    unsafe { recorded(target).text(number, value.bytes()) }
}

extern "C" fn record_number(target: *mut c_void, number: u32, value: i64) {
    // SAFETY: called during `Native::record` alone.
    unsafe { recorded(target).number(number, value) }
}

extern "C" fn record_entry(target: *mut c_void, key: Span, value: Span) {
    // SAFETY: called during `Native::record` alone, with bytes that live for the call.
    unsafe { recorded(target).entry(key.bytes(), value.bytes()) }
}

extern "C" fn record_begin(target: *mut c_void, number: u32) {
    // SAFETY: called during `Native::record` alone.
    unsafe { recorded(target).begin(number) }
}

extern "C" fn record_end(target: *mut c_void) {
    // SAFETY: called during `Native::record` alone.
    unsafe { recorded(target).end() }
}

unsafe extern "C" {
    fn native_decode(codec: *mut c_void, stream: Span) -> u64;
    fn native_record(codec: *mut c_void, stream: Span, recorder: Recorder) -> bool;
    fn native_prepare(codec: *mut c_void, messages: *const Plain, count: usize);
    fn native_encode(codec: *mut c_void) -> Span;
    fn native_build(codec: *mut c_void, messages: *const Plain, count: usize) -> Span;
    fn native_delete(codec: *mut c_void);
    #[cfg(peer_libprotobuf)]
    pub fn libprotobuf_plugin() -> *mut c_void;
    #[cfg(peer_libprotobuf)]
    pub fn libprotobuf_reused() -> *mut c_void;
    #[cfg(peer_nanopb)]
    pub fn nanopb_codec() -> *mut c_void;
}

/// A codec of the other side.
pub struct Native {
    codec: *mut c_void,
    plain: Vec<Plain>,
}

impl Native {
    pub fn new(create: unsafe extern "C" fn() -> *mut c_void) -> Self {
        // SAFETY: it takes nothing, and gives a codec that is ours.
        Self { codec: unsafe { create() }, plain: Vec::new() }
    }
}

impl Codec for Native {
    fn decode(&mut self, stream: &Bytes) -> Touch {
        // SAFETY: the codec is alive, and so is the stream.
        Touch(unsafe { native_decode(self.codec, Span::new(stream)) })
    }

    fn record(&mut self, stream: &Bytes) -> Record {
        let mut record = Record::default();
        let recorder = Recorder {
            target: (&raw mut record).cast(),
            text: record_text,
            number: record_number,
            entry: record_entry,
            begin: record_begin,
            end: record_end,
        };
        // SAFETY: all of them are alive, and nothing else uses the record.
        let complete = unsafe { native_record(self.codec, Span::new(stream), recorder) };
        assert!(complete, "the frame is well-formed");
        record
    }

    fn prepare(&mut self, messages: &'static [Message]) {
        self.plain = messages.iter().map(Plain::from).collect();
        // SAFETY: the codec may keep pointers to the messages, which live until it gets others.
        unsafe { native_prepare(self.codec, self.plain.as_ptr(), self.plain.len()) };
    }

    fn encode(&mut self) -> &[u8] {
        // SAFETY: the bytes live until the codec's next call, which borrows it again.
        unsafe { native_encode(self.codec).bytes() }
    }

    /// The messages are the prepared ones; only their plain form is taken.
    fn build(&mut self, _: &'static [Message]) -> &[u8] {
        // SAFETY: as in `encode`.
        unsafe { native_build(self.codec, self.plain.as_ptr(), self.plain.len()).bytes() }
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // SAFETY: made by the other side, and not used again.
        unsafe { native_delete(self.codec) }
    }
}
