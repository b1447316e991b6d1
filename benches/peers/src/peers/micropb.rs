//! micropb, with the containers of `alloc`: fixed ones would have to be as long as the longest photo.

use micropb::{MessageDecode, MessageEncode, PbEncoder};

use crate::build::Build;
use crate::peer::Peer;
use crate::schema::{message_enum, read_payload, with_fields, write_message};
use crate::show::{Show, Sink};
use crate::workloads::{self, Status};

mod generated {
    #![allow(clippy::all, nonstandard_style, dead_code, unused, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/micropb/protocol.rs"));
}

mod theirs {
    pub use super::generated::pbnetwork_::Login_::UserSettings;
    pub use super::generated::pbnetwork_::WrapperMessage_::Type;
    pub use super::generated::pbnetwork_::*;
}

use theirs::StatusType;

message_enum!();

/// A field by its accessor, which says whether it is there; repeated ones have none.
macro_rules! get {
    ($message:ident extraFields) => {
        $message.extraFields
    };
    ($message:ident group) => {
        $message.group
    };
    ($message:ident buddy) => {
        $message.buddy
    };
    ($message:ident attachment) => {
        $message.attachment
    };
    ($message:ident value) => {
        $message.value
    };
    ($message:ident $field:ident) => {
        $message.$field()
    };
}

/// Sets a field from a plain value.
macro_rules! set {
    ($message:ident $plain:ident extra_fields extraFields) => {
        $message.extraFields = $plain.extra_fields.build()
    };
    ($message:ident $plain:ident group group) => {
        $message.group = $plain.group.build()
    };
    ($message:ident $plain:ident buddy buddy) => {
        $message.buddy = $plain.buddy.build()
    };
    ($message:ident $plain:ident attachment attachment) => {
        $message.attachment = $plain.attachment.build()
    };
    ($message:ident $plain:ident value value) => {
        $message.value = $plain.value.build()
    };
    ($message:ident $plain:ident $snake:ident $field:ident) => {
        if let Some(value) = Build::<Option<_>>::build(&$plain.$snake) {
            pastey::paste! { $message.[<set_ $field>](value) };
        }
    };
}

macro_rules! micropb_messages {
    ({} $($name:ident { $($number:literal $snake:ident $field:ident,)* })*) => {$(
        impl Show for theirs::$name {
            #[inline(always)]
            fn show(&self, number: u32, sink: &mut impl Sink) {
                let message = self;
                sink.begin(number);
                $(get!(message $field).show($number, sink);)*
                sink.end();
            }
        }

        impl Build<theirs::$name> for workloads::$name {
            #[inline(always)]
            fn build(&self) -> theirs::$name {
                let mut message = theirs::$name::default();
                let plain = self;
                $(set!(message plain $snake $field);)*
                message
            }
        }
    )*};
}

with_fields!(micropb_messages! {});

impl Show for StatusType {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        self.0.show(number, sink);
    }
}

impl Build<StatusType> for Status {
    #[inline(always)]
    fn build(&self) -> StatusType {
        StatusType(*self as i32)
    }
}

impl Build<Option<StatusType>> for Status {
    #[inline(always)]
    fn build(&self) -> Option<StatusType> {
        Some(self.build())
    }
}

#[derive(Default)]
pub struct Micropb {
    payload: Vec<u8>,
}

fn read<T: MessageDecode + Default>(bytes: &[u8]) -> T {
    let mut message = T::default();
    message.decode_from_bytes(bytes).expect("the message is well-formed");
    message
}

fn append(message: &impl MessageEncode, output: &mut Vec<u8>) {
    let Ok(()) = message.encode(&mut PbEncoder::new(output));
}

impl Peer for Micropb {
    type Message = Message;

    #[inline(always)]
    fn read(&mut self, body: &[u8], sink: &mut impl Sink) {
        let wrapper: theirs::WrapperMessage = read(body);
        read_payload!(wrapper.r#type.0, &wrapper.payload, sink, read);
    }

    fn build(plain: &workloads::Message) -> Message {
        Message::build(plain)
    }

    /// The wrapper wants a vector of its own: the same one each time.
    fn write(&mut self, message: &Message, output: &mut Vec<u8>) {
        let mut wrapper = theirs::WrapperMessage::default();
        write_message! {
            message,
            Ping => _ = wrapper.set_type(theirs::Type(9)),
            (number, message) => {
                self.payload.clear();
                append(message, &mut self.payload);
                wrapper.set_type(theirs::Type(number));
                wrapper.set_payload(std::mem::take(&mut self.payload));
            }
        }
        append(&wrapper, output);
        self.payload = wrapper.payload;
    }
}
