//! quick-protobuf, by the code of pb-rs that this crate's feature `reference` has.

use std::borrow::Cow;

use quick_protobuf::{BytesReader, MessageRead, MessageWrite, Writer};

use crate::build::Build;
use crate::peer::Peer;
use crate::schema::{build_messages, message_enum, read_payload, show_messages, with_fields, write_message};
use crate::show::{Show, Sink};
use crate::workloads::{self, Status};

mod theirs {
    pub use spectrum2::reference::mod_Login::UserSettings;
    pub use spectrum2::reference::mod_WrapperMessage::Type;
    pub use spectrum2::reference::*;
}

with_fields!(show_messages! { camel ['a] });
with_fields!(build_messages! { camel ['a] });
message_enum!('static);

impl Show for theirs::StatusType {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        (*self as i32).show(number, sink);
    }
}

impl Build<theirs::StatusType> for Status {
    #[inline(always)]
    fn build(&self) -> theirs::StatusType {
        match self {
            Status::Online => theirs::StatusType::STATUS_ONLINE,
            Status::Away => theirs::StatusType::STATUS_AWAY,
            Status::None => theirs::StatusType::STATUS_NONE,
        }
    }
}

#[derive(Default)]
pub struct QuickProtobuf {
    payload: Vec<u8>,
}

fn read<'a, T: MessageRead<'a>>(bytes: &'a [u8]) -> T {
    T::from_reader(&mut BytesReader::from_bytes(bytes), bytes).expect("the message is well-formed")
}

impl Peer for QuickProtobuf {
    type Message = Message;

    #[inline(always)]
    fn read(&mut self, body: &[u8], sink: &mut impl Sink) {
        let wrapper: theirs::WrapperMessage = read(body);
        let payload = wrapper.payload.as_deref().unwrap_or_default();
        read_payload!(wrapper.type_pb as i32, payload, sink, read);
    }

    fn build(plain: &workloads::Message) -> Message {
        Message::build(plain)
    }

    fn write(&mut self, message: &Message, output: &mut Vec<u8>) {
        write_message! {
            message,
            Ping => write_wrapper(9, None, output),
            (number, message) => {
                self.payload.clear();
                append(message, &mut self.payload);
                write_wrapper(number, Some(&self.payload), output);
            }
        }
    }
}

fn write_wrapper(number: i32, payload: Option<&[u8]>, output: &mut Vec<u8>) {
    let type_pb = theirs::Type::from(number);
    append(&theirs::WrapperMessage { type_pb, payload: payload.map(Cow::Borrowed) }, output);
}

fn append(message: &impl MessageWrite, output: &mut Vec<u8>) {
    message.write_message(&mut Writer::new(output)).expect("a vector takes everything");
}
