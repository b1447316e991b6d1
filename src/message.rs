//! The messages: each is declared once, as a table that reads like the schema.
//!
//! [`message!`] makes of a table the struct, its decoder, its encoder and its descriptor.

mod chat;
mod roster;
mod session;

pub use chat::{Attachment, ConversationMessage, File, FileTransferData, Participant, Room, RoomList};
pub use roster::{Buddies, Buddy, Status, VCard};
pub use session::{ApiVersion, BackendConfig, Connected, Disconnected, Login, Logout, Stats, UserSettings};

use crate::descriptor::{Kind, MessageDescriptor};
use crate::error::{DecodeError, EncodeError};
use crate::field::Repeated;
use crate::fields::{self, Fields, Rule, Rules};
use crate::wire::{Cursor, Element, MAX_MESSAGE_LENGTH, Writer, Written, delimited_len};

/// What each message can do; the tables implement it.
pub(crate) trait Message<'a>: Copy + Fields<'a> {
    const DESCRIPTOR: &'static MessageDescriptor;
    const RULES: &'static Rules;

    /// A message without fields; its required ones hold their type's default.
    ///
    /// Not a constant, which would be copied as a whole, twice.
    fn empty() -> Self;

    /// Reads all fields up to the end of `cursor` into an empty message, where they come as expected;
    /// where they do not, [`fields::read`] has to read them.
    ///
    /// Where it stands: moving a message costs more than reading a short one.
    fn read_expected<const TRUSTED: bool>(&mut self, cursor: Cursor<'a, TRUSTED>) -> Option<()>;

    /// The length of all fields.
    fn fields_len(&self) -> usize;

    /// A number of bytes that the fields take at least, found without much work.
    fn at_least(&self) -> usize;

    /// Writes all fields.
    fn write<'b>(&self, writer: Writer<'b>) -> Written<'b>;
}

/// Runs `write` over `buffer`; when that is too short, the error says what `needed` counts.
#[inline(always)]
pub(crate) fn encode_into(
    buffer: &mut [u8],
    write: impl for<'b> FnOnce(Writer<'b>) -> Written<'b>,
    needed: impl FnOnce() -> usize,
) -> Result<usize, EncodeError> {
    let room = buffer.len();
    let Ok(behind) = write(Writer::new(buffer)) else { return Err(too_short(needed)) };
    match room.wrapping_sub(behind.left()) {
        length if length <= MAX_MESSAGE_LENGTH => Ok(length),
        length => Err(EncodeError::TooLong { length }),
    }
}

/// Out of line, so that its stack is not that of every message.
#[cold]
pub(crate) fn too_short(needed: impl FnOnce() -> usize) -> EncodeError {
    match needed() {
        length if length > MAX_MESSAGE_LENGTH => EncodeError::TooLong { length },
        needed => EncodeError::BufferTooShort { needed },
    }
}

/// Shown by `Debug` in place of a password.
pub(crate) struct Hidden;

impl core::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Shown by `Debug` in place of this many bytes as received, which may hold a password.
pub(crate) struct HiddenBytes(pub(crate) usize);

impl core::fmt::Debug for HiddenBytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "({} bytes)", self.0)
    }
}

/// Declares a message.
///
/// ```text
/// message! {
///     Name<'a> = index in MESSAGES, "name in the schema" {
///         label kind name_in_rust = field number "name in the schema";
///     }
/// }
/// ```
///
/// Fields stand by ascending number. Labels are `required`, `optional`, `repeated` and `map`; kinds
/// are `string`, `password` (a string that `Debug` hides), `bytes`, `int32`, `bool`, or a type.
///
/// Decoding runs through the fields once, in that order, since that is how every serializer writes
/// them; where anything else comes than is expected, [`fields::read`] reads the whole message anew.
macro_rules! message {
    (
        $(#[$doc:meta])*
        $name:ident $(<$lifetime:lifetime>)? = $index:literal, $schema_name:literal {
            $($(#[$field_doc:meta])* $label:ident $kind:tt $field:ident = $number:literal $schema_field:literal;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $name $(<$lifetime>)? {
            $($(#[$field_doc])* pub $field: message!(@type $label $kind),)*
        }

        impl<'a> $name $(<$lifetime>)? {
            /// The schema's message.
            pub const DESCRIPTOR: &'static $crate::descriptor::MessageDescriptor =
                &$crate::descriptor::MessageDescriptor {
                    name: $schema_name,
                    fields: &[$(
                        $crate::descriptor::FieldDescriptor {
                            number: $number,
                            name: $schema_field,
                            label: message!(@label $label),
                            kind: message!(@descriptor_kind $label $kind),
                        },
                    )*],
                };

            /// Decodes the message from the payload of a frame, which it borrows from.
            ///
            /// # Errors
            /// The first thing that makes the message malformed, with field and offset.
            #[inline]
            pub fn decode(payload: &'a [u8]) -> Result<Self, $crate::DecodeError> {
                let mut message = <Self as $crate::message::Message<'a>>::empty();
                if !$crate::message::read_expected_message(&mut message, payload) {
                    message = <Self as $crate::message::Message<'a>>::empty();
                    $crate::fields::read_payload(&mut message, payload)?;
                }
                Ok(message)
            }

            /// The number of bytes that [`encode`](Self::encode) writes.
            pub fn encoded_len(&self) -> usize {
                $crate::message::Message::fields_len(self)
            }

            /// Encodes the message to the front of `buffer`, and returns the number of bytes.
            ///
            /// # Errors
            /// A `buffer` too short, with the length needed.
            #[inline]
            pub fn encode(&self, buffer: &mut [u8]) -> Result<usize, $crate::EncodeError> {
                $crate::message::encode_into(
                    buffer,
                    |writer| $crate::message::Message::write(self, writer),
                    || self.encoded_len(),
                )
            }
        }

        impl<'a> $crate::message::Message<'a> for $name $(<$lifetime>)? {
            const DESCRIPTOR: &'static $crate::descriptor::MessageDescriptor = Self::DESCRIPTOR;
            const RULES: &'static $crate::fields::Rules = &$crate::fields::Rules {
                index: $index,
                required: 0 $(| message!(@required $label $number))*,
                fields: &const {
                    const COUNT: usize = $crate::message::last(&[$($number),*]) + 1;
                    let mut fields = [None; COUNT];
                    $(fields[$number] = Some(message!(@rule $label $kind));)*
                    fields
                },
            };

            #[inline(always)]
            fn empty() -> Self {
                Self { $($field: message!(@default $label $kind)),* }
            }

            #[inline(always)]
            #[allow(unused_mut, reason = "a message may have no field")]
            fn read_expected<const TRUSTED: bool>(
                &mut self,
                mut cursor: $crate::wire::Cursor<'a, TRUSTED>,
            ) -> Option<()> {
                if cfg!(spectrum2_plain) {
                    return None;
                }
                $(message!(@read_expected $label $kind, self.$field, cursor, $number);)*
                cursor.is_empty().then_some(())
            }

            #[inline]
            fn fields_len(&self) -> usize {
                0_usize$(.saturating_add(message!(@encoded_len $label $kind, self.$field)))*
            }

            // Out of line, or else what it loads is kept in registers for `write`, which needs them.
            #[inline(never)]
            fn at_least(&self) -> usize {
                if cfg!(spectrum2_small) {
                    return 0;
                }
                0_usize$(.wrapping_add(message!(@at_least $label, self.$field)))*
            }

            #[inline(always)]
            fn write<'b>(&self, writer: $crate::wire::Writer<'b>) -> $crate::wire::Written<'b> {
                $(let writer = message!(@write $label $kind, self.$field, $number, writer);)*
                Ok(writer)
            }
        }

        impl<'a> $crate::fields::Fields<'a> for $name $(<$lifetime>)? {
            fn rules(&self) -> &'static $crate::fields::Rules {
                <Self as $crate::message::Message<'a>>::RULES
            }

            fn field_mut(&mut self, number: u8) -> Option<&mut dyn $crate::fields::Field<'a>> {
                match number {
                    $($number => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }

        /// No optional field; required ones are empty, zero, or their enum's first value: `Online`,
        /// for a presence.
        impl<'a> Default for $name $(<$lifetime>)? {
            fn default() -> Self {
                <Self as $crate::message::Message<'a>>::empty()
            }
        }

        impl $(<$lifetime>)? core::fmt::Debug for $name $(<$lifetime>)? {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($field), message!(@shown $kind self.$field)))*
                    .finish()
            }
        }

        impl $(<$lifetime>)? $crate::descriptor::Reflect for $name $(<$lifetime>)? {
            fn descriptor(&self) -> &'static $crate::descriptor::MessageDescriptor {
                Self::DESCRIPTOR
            }

            fn visit(
                &self,
                visitor: &mut dyn FnMut(&'static $crate::descriptor::FieldDescriptor, $crate::descriptor::Value<'_>),
            ) {
                let mut fields = Self::DESCRIPTOR.fields.iter();
                $(
                    let field = fields.next();
                    if let (Some(field), Some(value)) = (field, message!(@visited $label self.$field)) {
                        visitor(field, $crate::descriptor::ToValue::to_value(value));
                    }
                )*
            }
        }

        impl $(<$lifetime>)? $crate::descriptor::ToValue for $name $(<$lifetime>)? {
            fn to_value(&self) -> $crate::descriptor::Value<'_> {
                $crate::descriptor::Value::Message(self)
            }
        }
    };

    // The Rust type of a field.
    (@type required $kind:tt) => { message!(@value $kind) };
    (@type optional $kind:tt) => { Option<message!(@value $kind)> };
    (@type repeated $kind:tt) => { $crate::List<'a, message!(@value $kind)> };
    (@type map string) => { $crate::StrMap<'a> };

    // The Rust type of a single value.
    (@value string) => { &'a str };
    (@value password) => { &'a str };
    (@value bytes) => { &'a [u8] };
    (@value int32) => { i32 };
    (@value bool) => { bool };
    (@value StatusType) => { $crate::StatusType };
    (@value ConnectionError) => { $crate::ConnectionError };
    (@value ParticipantFlags) => { $crate::ParticipantFlags };
    (@value $message:ident) => { $crate::message::$message<'a> };

    (@default required $kind:tt) => { <message!(@value $kind) as Singular<'a>>::DEFAULT };
    (@default optional $kind:tt) => { None };
    (@default repeated $kind:tt) => { $crate::List::EMPTY };
    (@default map string) => { $crate::StrMap::EMPTY };

    (@label required) => { $crate::descriptor::Label::Required };
    (@label optional) => { $crate::descriptor::Label::Optional };
    (@label repeated) => { $crate::descriptor::Label::Repeated };
    (@label map) => { $crate::descriptor::Label::Repeated };

    (@descriptor_kind required $kind:tt) => { <message!(@value $kind) as Singular<'a>>::KIND };
    (@descriptor_kind optional $kind:tt) => { <message!(@value $kind) as Singular<'a>>::KIND };
    (@descriptor_kind repeated $kind:tt) => { <message!(@value $kind) as Repeated<'a>>::KIND };
    (@descriptor_kind map string) => { $crate::descriptor::Kind::Map };

    (@required required $number:literal) => { 1 << $number };
    (@required $label:ident $number:literal) => { 0 };

    (@rule required $kind:tt) => { <message!(@value $kind) as Singular<'a>>::RULE };
    (@rule optional $kind:tt) => { <message!(@value $kind) as Singular<'a>>::RULE };
    (@rule repeated $kind:tt) => { <message!(@value $kind) as Repeated<'a>>::RULE };
    (@rule map string) => { <(&'a str, &'a str) as Repeated<'a>>::RULE };

    (@tag $label:ident $kind:tt $number:literal) => {
        const { $crate::wire::tag($number, message!(@rule $label $kind).wire_type()) }
    };

    // Reads a field where the order of the schema expects it.
    (@read_expected required $kind:tt, $self:ident.$field:ident, $cursor:ident, $number:literal) => {
        expect_required(&mut $cursor, message!(@tag required $kind $number), &mut $self.$field)?
    };
    (@read_expected optional $kind:tt, $self:ident.$field:ident, $cursor:ident, $number:literal) => {
        expect_optional(&mut $cursor, message!(@tag optional $kind $number), &mut $self.$field)?
    };
    (@read_expected $label:ident $kind:tt, $self:ident.$field:ident, $cursor:ident, $number:literal) => {
        expect_repeated(&mut $cursor, message!(@tag $label $kind $number), &mut $self.$field)?
    };

    (@encoded_len required $kind:tt, $self:ident.$field:ident) => { Singular::encoded_len($self.$field) };
    (@encoded_len optional $kind:tt, $self:ident.$field:ident) => { $self.$field.map_or(0, Singular::encoded_len) };
    (@encoded_len $label:ident $kind:tt, $self:ident.$field:ident) => { Collection::encoded_len(&$self.$field) };

    (@at_least required, $self:ident.$field:ident) => { Singular::at_least($self.$field) };
    (@at_least optional, $self:ident.$field:ident) => { $crate::field::optional_at_least($self.$field) };
    (@at_least $label:ident, $self:ident.$field:ident) => { Collection::at_least(&$self.$field) };

    (@write required $kind:tt, $self:ident.$field:ident, $number:literal, $writer:ident) => {
        Singular::write($self.$field, message!(@tag required $kind $number), $writer)?
    };
    (@write optional $kind:tt, $self:ident.$field:ident, $number:literal, $writer:ident) => {
        write_optional($self.$field, message!(@tag optional $kind $number), $writer)?
    };
    (@write $label:ident $kind:tt, $self:ident.$field:ident, $number:literal, $writer:ident) => {
        Collection::write(&$self.$field, message!(@tag $label $kind $number), $writer)?
    };

    (@shown password $self:ident.$field:ident) => { &$crate::message::Hidden };
    (@shown $kind:tt $self:ident.$field:ident) => { &$self.$field };

    // The value of a field that is present.
    (@visited required $self:ident.$field:ident) => { Some(&$self.$field) };
    (@visited optional $self:ident.$field:ident) => { $self.$field.as_ref() };
    (@visited $label:ident $self:ident.$field:ident) => { Some(&$self.$field).filter(|list| !list.is_empty()) };
}
use message;

/// Reads a message that comes as expected into an empty one.
///
/// One function for each message, so that each is compiled on its own: inlined into one, the
/// compiler moves every field of every message through the same registers.
#[inline(never)]
pub(crate) fn read_expected_message<'a, M: Message<'a>>(message: &mut M, bytes: &'a [u8]) -> bool {
    message.read_expected(Cursor::new(bytes)).is_some()
}

/// The last of the numbers, which is the largest.
const fn last(numbers: &[usize]) -> usize {
    match numbers {
        [.., last] => *last,
        [] => 0,
    }
}

/// Messages are elements of repeated fields.
impl<'a, M: Message<'a>> Element<'a> for M {
    #[inline(always)]
    fn read_expected<const TRUSTED: bool>(content: Cursor<'a, TRUSTED>) -> Option<Self> {
        let mut message = M::empty();
        message.read_expected(content)?;
        Some(message)
    }

    /// Out of line: users iterate in many places.
    #[cfg_attr(spectrum2_small, inline(always))]
    #[cfg_attr(not(spectrum2_small), inline(never))]
    fn read_again(content: Cursor<'a, true>) -> Option<Self> {
        let mut message = M::empty();
        if cfg!(spectrum2_small) {
            read_element(&mut message, content.by_rules()).ok()?;
        } else if message.read_expected(content).is_none() {
            message = M::empty();
            fields::read(&mut message, content.rest()).ok()?;
        }
        Some(message)
    }
}

/// Reads an element into an empty message, where that stands.
#[inline(never)]
fn read_element<'a, M: Message<'a>>(message: &mut M, content: Cursor<'a, false>) -> Result<(), DecodeError> {
    if message.read_expected(content).is_some() {
        return Ok(());
    }
    *message = M::empty();
    fields::read(message, content.rest())
}

impl<'a, M: Message<'a>> Repeated<'a> for M {
    const KIND: Kind = Kind::Message(M::DESCRIPTOR);
    const RULE: Rule = Rule::Message(M::RULES);

    #[inline]
    fn encoded_len(&self) -> usize {
        delimited_len(self.fields_len())
    }

    #[inline(always)]
    fn write<'b>(&self, tag: u8, writer: Writer<'b>) -> Written<'b> {
        writer.delimited(tag, self.at_least(), |writer| Message::write(self, writer))
    }
}
