//! Google's crate, whose messages live in upb's arenas.

use protobuf::prelude::*;
use protobuf::{MapView, ProtoStr, ProtoString, RepeatedView, Singular, View};

use crate::build::Build;
use crate::peer::Peer;
use crate::schema::{message_enum, read_payload, with_fields, write_message};
use crate::show::{Show, Sink};
use crate::workloads::{self, Status};

mod generated {
    #![allow(clippy::all, nonstandard_style, dead_code, unused, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/google/generated.rs"));
}

mod theirs {
    pub use super::generated::login::{UserSettings, UserSettingsView};
    pub use super::generated::wrapper_message::Type;
    pub use super::generated::*;
}

use theirs::StatusType;

message_enum!();

/// A field by its accessor: most have one that says whether they are there.
macro_rules! get {
    ($message:ident extraFields) => {
        $message.extraFields()
    };
    ($message:ident group) => {
        $message.group()
    };
    ($message:ident buddy) => {
        $message.buddy()
    };
    ($message:ident attachment) => {
        $message.attachment()
    };
    ($message:ident value) => {
        $message.value()
    };
    ($message:ident $field:ident) => {
        pastey::paste! { $message.[<$field _opt>]() }
    };
}

/// Sets a field from a plain value.
macro_rules! set {
    ($message:ident $plain:ident extra_fields extraFields) => {
        push_all!($message.extraFields_mut(), $plain.extra_fields)
    };
    ($message:ident $plain:ident group group) => {
        push_all!($message.group_mut(), $plain.group)
    };
    ($message:ident $plain:ident buddy buddy) => {
        push_all!($message.buddy_mut(), $plain.buddy)
    };
    ($message:ident $plain:ident attachment attachment) => {
        push_all!($message.attachment_mut(), $plain.attachment)
    };
    ($message:ident $plain:ident value value) => {
        for (key, value) in &$plain.value {
            $message.value_mut().insert(*key, *value);
        }
    };
    ($message:ident $plain:ident $snake:ident $field:ident) => {
        if let Some(value) = $plain.$snake.setting() {
            pastey::paste! { $message.[<set_ $field>](value) };
        }
    };
}

macro_rules! push_all {
    ($list:expr, $elements:expr) => {
        let mut list = $list;
        for value in $elements.iter().filter_map(Setting::setting) {
            list.push(value);
        }
    };
}

/// What a setter or a list takes.
trait Setting {
    type Value;

    fn setting(&self) -> Option<Self::Value>;
}

macro_rules! settings {
    ($($plain:ty => $value:ty, $self:ident => $setting:expr;)*) => {$(
        impl Setting for $plain {
            type Value = $value;

            #[inline(always)]
            fn setting(&$self) -> Option<$value> {
                Some($setting)
            }
        }
    )*};
}

settings! {
    &'static str => &'static str, self => self;
    &'static [u8] => &'static [u8], self => self;
    i32 => i32, self => *self;
    bool => bool, self => *self;
    Status => StatusType, self => match self {
        Status::Online => StatusType::StatusOnline,
        Status::Away => StatusType::StatusAway,
        Status::None => StatusType::StatusNone,
    };
    workloads::UserSettings => theirs::UserSettings, self => self.build();
    workloads::Buddy => theirs::Buddy, self => self.build();
    workloads::Attachment => theirs::Attachment, self => self.build();
}

impl<T: Setting> Setting for Option<T> {
    type Value = T::Value;

    #[inline(always)]
    fn setting(&self) -> Option<T::Value> {
        self.as_ref().and_then(T::setting)
    }
}

macro_rules! google_messages {
    ({} $($name:ident { $($number:literal $snake:ident $field:ident,)* })*) => {pastey::paste! {$(
        impl Show for theirs::[<$name View>]<'_> {
            #[inline(always)]
            fn show(&self, number: u32, sink: &mut impl Sink) {
                let message = self;
                sink.begin(number);
                $(get!(message $field).show($number, sink);)*
                sink.end();
            }
        }

        impl Show for theirs::$name {
            #[inline(always)]
            fn show(&self, number: u32, sink: &mut impl Sink) {
                self.as_view().show(number, sink);
            }
        }

        impl Build<theirs::$name> for workloads::$name {
            #[inline(always)]
            fn build(&self) -> theirs::$name {
                let mut message = theirs::$name::new();
                let plain = self;
                $(set!(message plain $snake $field);)*
                message
            }
        }
    )*}};
}

with_fields!(google_messages! {});

impl Show for ProtoStr {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        sink.text(number, self.as_bytes());
    }
}

impl Show for StatusType {
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        i32::from(*self).show(number, sink);
    }
}

impl<'a, T: Singular> Show for RepeatedView<'a, T>
where
    View<'a, T>: Show,
{
    #[inline(always)]
    fn show(&self, number: u32, sink: &mut impl Sink) {
        for element in *self {
            element.show(number, sink);
        }
    }
}

impl Show for MapView<'_, ProtoString, ProtoString> {
    #[inline(always)]
    fn show(&self, _: u32, sink: &mut impl Sink) {
        for (key, value) in *self {
            sink.entry(key.as_bytes(), value.as_bytes());
        }
    }
}

pub struct Google;

fn read<T: protobuf::Parse>(bytes: &[u8]) -> T {
    T::parse(bytes).expect("the message is well-formed")
}

impl Peer for Google {
    type Message = Message;

    #[inline(always)]
    fn read(&mut self, body: &[u8], sink: &mut impl Sink) {
        let wrapper: theirs::WrapperMessage = read(body);
        read_payload!(i32::from(wrapper.r#type()), wrapper.payload(), sink, read);
    }

    fn build(plain: &workloads::Message) -> Message {
        Message::build(plain)
    }

    fn write(&mut self, message: &Message, output: &mut Vec<u8>) {
        let mut wrapper = theirs::WrapperMessage::new();
        write_message! {
            message,
            Ping => wrapper.set_type(theirs::Type::Ping),
            (number, message) => {
                let payload = message.serialize().expect("the message is complete");
                wrapper.set_type(theirs::Type::try_from(number).expect("the type is known"));
                wrapper.set_payload(payload);
            }
        }
        output.extend(wrapper.serialize().expect("the message is complete"));
    }
}
