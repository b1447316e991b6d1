//! buffa: owned messages, and views that borrow from the frame.

use buffa::Message as _;

use crate::build::Build;
use crate::peer::Peer;
use crate::schema::{build_messages, message_enum, read_payload, show_messages, with_fields, write_message};
use crate::show::{Show, Sink};
use crate::workloads::{self, Status};

mod generated {
    #![allow(clippy::all, nonstandard_style, dead_code, unused_imports, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/buffa/mod.rs"));
}

use generated::pbnetwork;
use pbnetwork::StatusType;
use pbnetwork::wrapper_message::Type;

impl Show for StatusType {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        (*self as i32).show(number, sink);
    }
}

impl Build<StatusType> for Status {
    #[inline(always)]
    fn build(&self) -> StatusType {
        match self {
            Status::Online => StatusType::STATUS_ONLINE,
            Status::Away => StatusType::STATUS_AWAY,
            Status::None => StatusType::STATUS_NONE,
        }
    }
}

fn type_of(number: i32) -> Type {
    buffa::Enumeration::from_i32(number).expect("the type is known")
}

pub mod owned {
    use super::*;

    mod theirs {
        pub use super::pbnetwork::login::UserSettings;
        pub use super::pbnetwork::{
            Attachment, Buddies, Buddy, Connected, ConversationMessage, Login, Participant, VCard, WrapperMessage,
        };
    }

    with_fields!(show_messages! { camel [] });
    with_fields!(build_messages! { camel [] });
    message_enum!();

    type Settings = buffa::MessageField<theirs::UserSettings, buffa::Inline<theirs::UserSettings>>;

    impl Show for Settings {
        #[inline(always)]
        fn show(&self, number: u32, sink: &mut impl Sink) {
            self.as_option().show(number, sink);
        }
    }

    impl Build<Settings> for Option<workloads::UserSettings> {
        #[inline(always)]
        fn build(&self) -> Settings {
            self.as_ref().map_or_else(Settings::none, |settings| Settings::some(settings.build()))
        }
    }

    #[derive(Default)]
    pub struct Buffa {
        payload: Vec<u8>,
        sizes: buffa::SizeCache,
    }

    fn read<T: buffa::Message>(bytes: &[u8]) -> T {
        T::decode_from_slice(bytes).expect("the message is well-formed")
    }

    impl Peer for Buffa {
        type Message = Message;

        #[inline(always)]
        fn read(&mut self, body: &[u8], sink: &mut impl Sink) {
            let wrapper: theirs::WrapperMessage = read(body);
            let payload = wrapper.payload.as_deref().unwrap_or_default();
            read_payload!(wrapper.r#type as i32, payload, sink, read);
        }

        fn build(plain: &workloads::Message) -> Message {
            Message::build(plain)
        }

        /// The wrapper wants a vector of its own: the same one each time.
        fn write(&mut self, message: &Message, output: &mut Vec<u8>) {
            let mut wrapper = theirs::WrapperMessage::default();
            write_message! {
                message,
                Ping => wrapper.r#type = Type::TYPE_PING,
                (number, message) => {
                    self.payload.clear();
                    message.encode_with_cache(&mut self.sizes, &mut self.payload);
                    wrapper.r#type = type_of(number);
                    wrapper.payload = Some(std::mem::take(&mut self.payload));
                }
            }
            wrapper.encode_with_cache(&mut self.sizes, output);
            self.payload = wrapper.payload.unwrap_or_default();
        }
    }
}

pub mod view {
    use buffa::{MapView, MessageFieldView, MessageView, RepeatedView, ViewEncode};

    use super::*;

    mod theirs {
        pub use super::pbnetwork::__buffa::view::login::UserSettingsView as UserSettings;
        pub use super::pbnetwork::{
            AttachmentView as Attachment, BuddiesView as Buddies, BuddyView as Buddy, ConnectedView as Connected,
            ConversationMessageView as ConversationMessage, LoginView as Login, ParticipantView as Participant,
            VCardView as VCard, WrapperMessageView as WrapperMessage,
        };
    }

    with_fields!(show_messages! { camel ['a] });
    with_fields!(build_messages! { camel ['a] });
    message_enum!('static);

    impl<T: Show> Show for RepeatedView<'_, T> {
        #[inline(always)]
        fn show(&self, number: u32, sink: &mut impl Sink) {
            for element in &**self {
                element.show(number, sink);
            }
        }
    }

    impl Show for MapView<'_, &str, &str> {
        #[inline(always)]
        fn show(&self, _: u32, sink: &mut impl Sink) {
            for (key, value) in self.iter() {
                sink.entry(key.as_bytes(), value.as_bytes());
            }
        }
    }

    impl Show for MessageFieldView<theirs::UserSettings<'_>> {
        #[inline(always)]
        fn show(&self, number: u32, sink: &mut impl Sink) {
            self.as_option().show(number, sink);
        }
    }

    impl<T, P: Build<T>> Build<RepeatedView<'static, T>> for Vec<P> {
        #[inline(always)]
        fn build(&self) -> RepeatedView<'static, T> {
            RepeatedView::new(self.build())
        }
    }

    impl Build<MapView<'static, &'static str, &'static str>> for Vec<(&'static str, &'static str)> {
        #[inline(always)]
        fn build(&self) -> MapView<'static, &'static str, &'static str> {
            MapView::new(self.clone())
        }
    }

    impl Build<MessageFieldView<theirs::UserSettings<'static>>> for Option<workloads::UserSettings> {
        #[inline(always)]
        fn build(&self) -> MessageFieldView<theirs::UserSettings<'static>> {
            self.as_ref().map_or_else(MessageFieldView::unset, |settings| MessageFieldView::set(settings.build()))
        }
    }

    #[derive(Default)]
    pub struct Buffa {
        payload: Vec<u8>,
        sizes: buffa::SizeCache,
    }

    fn read<'a, T: MessageView<'a>>(bytes: &'a [u8]) -> T {
        T::decode_view(bytes).expect("the message is well-formed")
    }

    impl Peer for Buffa {
        type Message = Message;

        #[inline(always)]
        fn read(&mut self, body: &[u8], sink: &mut impl Sink) {
            let wrapper: theirs::WrapperMessage = read(body);
            let payload = wrapper.payload.unwrap_or_default();
            read_payload!(wrapper.r#type as i32, payload, sink, read);
        }

        fn build(plain: &workloads::Message) -> Message {
            Message::build(plain)
        }

        fn write(&mut self, message: &Message, output: &mut Vec<u8>) {
            let mut wrapper = theirs::WrapperMessage::default();
            write_message! {
                message,
                Ping => wrapper.r#type = Type::TYPE_PING,
                (number, message) => {
                    self.payload.clear();
                    message.encode_with_cache(&mut self.sizes, &mut self.payload);
                    wrapper.r#type = type_of(number);
                    wrapper.payload = Some(&self.payload);
                }
            }
            wrapper.encode_with_cache(&mut self.sizes, output);
        }
    }
}
