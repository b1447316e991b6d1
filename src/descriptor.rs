//! The schema as data, and messages as lists of fields: for tools that print, log or compare any
//! message without naming each field. Codec users do not need it.
//!
//! ```
//! use spectrum2::descriptor::{Reflect, Value};
//! use spectrum2::Connected;
//!
//! Connected { user: "alice@example.org" }.visit(&mut |field, value| {
//!     assert_eq!(field.name, "user");
//!     assert!(matches!(value, Value::String("alice@example.org")));
//! });
//! ```

use core::fmt;

use crate::error::{DecodeError, FieldId};
use crate::list::StrMap;
use crate::{message, payload};

/// A message type of the schema.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageDescriptor {
    /// The schema's name; `Login.UserSettings` for a message declared inside of another.
    pub name: &'static str,
    /// The fields, by ascending number.
    pub fields: &'static [FieldDescriptor],
}

/// A field of a message.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldDescriptor {
    /// The field number.
    pub number: u8,
    /// The schema's name.
    pub name: &'static str,
    /// How often the field may occur.
    pub label: Label,
    /// What the field holds.
    pub kind: Kind,
}

/// How often a field may occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Exactly once, or the message is malformed.
    Required,
    /// Once or not at all.
    Optional,
    /// Any number of times. Maps are repeated fields.
    Repeated,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    String,
    /// Any bytes.
    Bytes,
    /// A signed number of 32 bits.
    Int32,
    /// A truth value.
    Bool,
    /// A value of an enum.
    Enum(&'static EnumDescriptor),
    /// A message.
    Message(&'static MessageDescriptor),
    /// A `map<string, string>`.
    Map,
}

/// An enum of the schema.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnumDescriptor {
    /// The schema's name.
    pub name: &'static str,
    /// The schema's names of the values with their numbers, by ascending number.
    pub values: &'static [(&'static str, i32)],
}

impl EnumDescriptor {
    /// The name of a value.
    pub fn name_of(&self, number: i32) -> Option<&'static str> {
        self.values.iter().find(|value| value.1 == number).map(|value| value.0)
    }

    /// The value with a name.
    pub fn number_of(&self, name: &str) -> Option<i32> {
        self.values.iter().find(|value| value.0 == name).map(|value| value.1)
    }
}

/// The value of a field that is present.
#[derive(Clone, Copy)]
pub enum Value<'v> {
    /// UTF-8 text.
    String(&'v str),
    /// Any bytes.
    Bytes(&'v [u8]),
    /// A signed number of 32 bits.
    Int32(i32),
    /// A truth value.
    Bool(bool),
    /// A value of an enum, by the schema's name.
    Enum(&'static str),
    /// A message.
    Message(&'v dyn Reflect),
    /// The elements of a repeated field.
    List(&'v dyn ReflectList),
    /// A `map<string, string>`.
    Map(StrMap<'v>),
}

/// A message whose fields can be visited without knowing its type. The messages of this crate are all
/// that there are.
#[expect(private_bounds, reason = "sealed")]
pub trait Reflect: ToValue {
    /// The message's type.
    fn descriptor(&self) -> &'static MessageDescriptor;

    /// Calls `visitor` with each field that is present, by ascending number; a repeated field is one call.
    fn visit(&self, visitor: &mut dyn FnMut(&'static FieldDescriptor, Value<'_>));
}

/// A repeated field whose elements can be visited without knowing their type: a [`List`](crate::List).
#[expect(private_bounds, reason = "sealed")]
pub trait ReflectList: ToValue {
    /// The number of elements.
    fn count(&self) -> usize;

    /// Calls `visitor` with each element, in wire order.
    fn visit(&self, visitor: &mut dyn FnMut(Value<'_>));
}

/// A value of a field, seen as a [`Value`].
pub(crate) trait ToValue {
    fn to_value(&self) -> Value<'_>;
}

/// All messages of the schema.
// `FieldId::message` is an index into it.
pub static MESSAGES: [&MessageDescriptor; 20] = [
    &payload::WRAPPER_MESSAGE,
    message::Connected::DESCRIPTOR,
    message::Disconnected::DESCRIPTOR,
    message::Login::DESCRIPTOR,
    message::UserSettings::DESCRIPTOR,
    message::Logout::DESCRIPTOR,
    message::Buddy::DESCRIPTOR,
    message::Buddies::DESCRIPTOR,
    message::ConversationMessage::DESCRIPTOR,
    message::Attachment::DESCRIPTOR,
    message::Room::DESCRIPTOR,
    message::RoomList::DESCRIPTOR,
    message::Participant::DESCRIPTOR,
    message::VCard::DESCRIPTOR,
    message::Status::DESCRIPTOR,
    message::Stats::DESCRIPTOR,
    message::BackendConfig::DESCRIPTOR,
    message::ApiVersion::DESCRIPTOR,
    message::File::DESCRIPTOR,
    message::FileTransferData::DESCRIPTOR,
];

impl DecodeError {
    /// The schema's name of the message that is malformed: the innermost one.
    pub fn message(&self) -> &'static str {
        self.message_descriptor().map_or("", |message| message.name)
    }

    /// The schema's name of the field that is malformed, or `None` when it is the message's own
    /// framing: a tag or an unknown field.
    pub fn field(&self) -> Option<&'static str> {
        let FieldId { number, .. } = self.field;
        self.message_descriptor()?.fields.iter().find(|field| field.number == number).map(|field| field.name)
    }

    fn message_descriptor(&self) -> Option<&'static MessageDescriptor> {
        MESSAGES.get(usize::from(self.field.message)).copied()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())?;
        // By pieces: firmware has little stack.
        if let Some(field) = self.field() {
            f.write_str(".")?;
            f.write_str(field)?;
        }
        f.write_str(" ")?;
        f.write_str(self.kind().description())?;
        write!(f, ", at byte {}", self.offset())
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("kind", &self.kind())
            .field("message", &self.message())
            .field("field", &self.field())
            .field("offset", &self.offset())
            .finish()
    }
}
