//! prost, with bytes fields as `Vec<u8>`, or as `Bytes` that share the memory of the received stream.

use bytes::Bytes;
use prost::Message as _;

use crate::build::Build;
use crate::peer::Peer;
use crate::schema::{build_messages, message_enum, read_payload, show_messages, with_fields, write_message};
use crate::show::Sink;
use crate::workloads::{self, Status};

/// prost keeps enums as numbers.
impl Build<i32> for Status {
    #[inline(always)]
    fn build(&self) -> i32 {
        *self as i32
    }
}

fn read<T: prost::Message + Default>(bytes: impl bytes::Buf) -> T {
    T::decode(bytes).expect("the message is well-formed")
}

fn append(message: &impl prost::Message, output: &mut Vec<u8>) {
    message.encode(output).expect("a vector takes everything");
}

/// The code of the schema.
macro_rules! generated {
    ($directory:literal) => {
        mod theirs {
            #![allow(clippy::all, nonstandard_style, dead_code, reason = "generated")]
            include!(concat!(env!("OUT_DIR"), "/", $directory, "/pbnetwork.rs"));
            pub use login::UserSettings;
        }

        with_fields!(show_messages! { snake [] });
        with_fields!(build_messages! { snake [] });
        message_enum!();
    };
}

pub mod vec {
    use super::*;

    generated!("prost");

    #[derive(Default)]
    pub struct Prost {
        payload: Vec<u8>,
    }

    impl Peer for Prost {
        type Message = Message;

        #[inline(always)]
        fn read(&mut self, body: &[u8], sink: &mut impl Sink) {
            let wrapper: theirs::WrapperMessage = read(body);
            let payload = wrapper.payload.as_deref().unwrap_or_default();
            read_payload!(wrapper.r#type, payload, sink, read);
        }

        fn build(plain: &workloads::Message) -> Message {
            Message::build(plain)
        }

        /// The wrapper wants a vector of its own: the same one each time.
        fn write(&mut self, message: &Message, output: &mut Vec<u8>) {
            write_message! {
                message,
                Ping => append(&theirs::WrapperMessage { r#type: 9, payload: None }, output),
                (number, message) => {
                    self.payload.clear();
                    append(message, &mut self.payload);
                    let payload = Some(std::mem::take(&mut self.payload));
                    let wrapper = theirs::WrapperMessage { r#type: number, payload };
                    append(&wrapper, output);
                    self.payload = wrapper.payload.unwrap_or_default();
                }
            }
        }
    }
}

pub mod bytes_fields {
    use super::*;

    generated!("prost_bytes");

    #[derive(Default)]
    pub struct Prost {
        stream: Bytes,
    }

    impl Peer for Prost {
        type Message = Message;

        fn start(&mut self, stream: &Bytes) {
            self.stream = stream.clone();
        }

        #[inline(always)]
        fn read(&mut self, body: &[u8], sink: &mut impl Sink) {
            let wrapper: theirs::WrapperMessage = read(self.stream.slice_ref(body));
            let payload = wrapper.payload.unwrap_or_default();
            read_payload!(wrapper.r#type, payload, sink, read);
        }

        fn build(plain: &workloads::Message) -> Message {
            Message::build(plain)
        }

        fn write(&mut self, message: &Message, output: &mut Vec<u8>) {
            write_message! {
                message,
                Ping => append(&theirs::WrapperMessage { r#type: 9, payload: None }, output),
                (number, message) => {
                    let payload = Some(message.encode_to_vec().into());
                    append(&theirs::WrapperMessage { r#type: number, payload }, output);
                }
            }
        }
    }
}
