//! rust-protobuf 3.

use rust_protobuf::{EnumOrUnknown, MessageField};

use crate::build::Build;
use crate::peer::Peer;
use crate::schema::{build_messages, message_enum, read_payload, show_messages, with_fields, write_message};
use crate::show::{Show, Sink};
use crate::workloads::{self, Status};

mod theirs {
    #![allow(clippy::all, nonstandard_style, dead_code, unused, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/rust_protobuf/protocol.rs"));
    pub use login::UserSettings;
    pub use wrapper_message::Type;
}

use theirs::StatusType;

with_fields!(show_messages! { camel [] });
with_fields!(build_messages! { camel [] });
message_enum!();

impl Show for EnumOrUnknown<StatusType> {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        self.value().show(number, sink);
    }
}

impl Show for MessageField<theirs::UserSettings> {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        self.as_ref().show(number, sink);
    }
}

// Required fields are optional in this peer's structs.

impl Build<Option<String>> for &'static str {
    #[inline(always)]
    fn build(&self) -> Option<String> {
        Some(self.build())
    }
}

impl Build<Option<i32>> for i32 {
    #[inline(always)]
    fn build(&self) -> Option<i32> {
        Some(*self)
    }
}

impl Build<EnumOrUnknown<StatusType>> for Status {
    #[inline(always)]
    fn build(&self) -> EnumOrUnknown<StatusType> {
        match self {
            Status::Online => StatusType::STATUS_ONLINE.into(),
            Status::Away => StatusType::STATUS_AWAY.into(),
            Status::None => StatusType::STATUS_NONE.into(),
        }
    }
}

impl Build<Option<EnumOrUnknown<StatusType>>> for Status {
    #[inline(always)]
    fn build(&self) -> Option<EnumOrUnknown<StatusType>> {
        Some(self.build())
    }
}

impl Build<MessageField<theirs::UserSettings>> for Option<workloads::UserSettings> {
    #[inline(always)]
    fn build(&self) -> MessageField<theirs::UserSettings> {
        self.as_ref().map(Build::build).into()
    }
}

#[derive(Default)]
pub struct RustProtobuf {
    payload: Vec<u8>,
}

fn read<T: rust_protobuf::Message>(bytes: &[u8]) -> T {
    T::parse_from_bytes(bytes).expect("the message is well-formed")
}

fn append(message: &impl rust_protobuf::Message, output: &mut Vec<u8>) {
    message.write_to_vec(output).expect("a vector takes everything");
}

impl Peer for RustProtobuf {
    type Message = Message;

    #[inline(always)]
    fn read(&mut self, body: &[u8], sink: &mut impl Sink) {
        let wrapper: theirs::WrapperMessage = read(body);
        read_payload!(wrapper.type_() as i32, wrapper.payload(), sink, read);
    }

    fn build(plain: &workloads::Message) -> Message {
        Message::build(plain)
    }

    /// The wrapper wants a vector of its own: the same one each time.
    fn write(&mut self, message: &Message, output: &mut Vec<u8>) {
        let mut wrapper = theirs::WrapperMessage::new();
        write_message! {
            message,
            Ping => wrapper.set_type(theirs::Type::TYPE_PING),
            (number, message) => {
                self.payload.clear();
                append(message, &mut self.payload);
                wrapper.type_ = Some(EnumOrUnknown::from_i32(number));
                wrapper.set_payload(std::mem::take(&mut self.payload));
            }
        }
        append(&wrapper, output);
        self.payload = wrapper.take_payload();
    }
}
