//! What a frame carries: the wrapper message, and one variant of [`Payload`] for each type of it.

use core::fmt;

use crate::descriptor::{FieldDescriptor, Kind, Label, MessageDescriptor, Reflect};
use crate::enums::Type;
use crate::error::{DecodeError, DecodeErrorKind, EncodeError, FieldId};
use crate::fields::{self, Fields};
use crate::message::{
    ApiVersion, BackendConfig, Buddies, Buddy, Connected, ConversationMessage, Disconnected, File, FileTransferData,
    HiddenBytes, Login, Logout, Message, Participant, Room, RoomList, Stats, Status, VCard, encode_into,
    read_expected_message,
};
use crate::wire::{self, Cursor, Writer, Written, delimited_len, varint_len, wire_type};

/// The schema's wrapper. It has no struct made by a table, since [`Wrapper`] keeps types unknown to
/// the schema, and its payload is a message only by its type.
pub(crate) static WRAPPER_MESSAGE: MessageDescriptor = MessageDescriptor {
    name: "WrapperMessage",
    fields: &[
        FieldDescriptor { number: 1, name: "type", label: Label::Required, kind: Kind::Enum(Type::DESCRIPTOR) },
        FieldDescriptor { number: 2, name: "payload", label: Label::Optional, kind: Kind::Bytes },
    ],
};

/// Index of the wrapper in [`MESSAGES`](crate::descriptor::MESSAGES).
const WRAPPER: u8 = 0;
const FRAMING: FieldId = FieldId { message: WRAPPER, number: 0 };
const TYPE_FIELD: FieldId = FieldId { message: WRAPPER, number: 1 };
const PAYLOAD_FIELD: FieldId = FieldId { message: WRAPPER, number: 2 };
const TYPE_TAG: u8 = wire::tag(1, wire_type::VARINT);
const PAYLOAD_TAG: u8 = wire::tag(2, wire_type::LENGTH_DELIMITED);

/// The body of a frame, whose payload is not decoded yet: enough to route or store it.
///
/// ```
/// use spectrum2::{Type, Wrapper};
///
/// let wrapper = Wrapper::decode(b"\x08\x09")?;
/// assert_eq!(wrapper.type_number, Type::Ping.number());
/// assert_eq!(wrapper.payload, None);
/// # Ok::<(), spectrum2::DecodeError>(())
/// ```
///
/// `Debug` shows the payload's length alone: it may hold a password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Wrapper<'a> {
    /// The number of the [`Type`], or one that the schema does not know.
    pub type_number: i32,
    /// The payload: a serialized message, or XML text, as the type says.
    pub payload: Option<&'a [u8]>,
}

impl fmt::Debug for Wrapper<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wrapper")
            .field("type_number", &self.type_number)
            .field("payload", &self.payload.map(|payload| HiddenBytes(payload.len())))
            .finish()
    }
}

impl<'a> Wrapper<'a> {
    /// Decodes the body of a frame.
    ///
    /// # Errors
    /// Malformed framing, or no type.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        Self::read(body).map_err(|error| error.relative_to(body))
    }

    fn read(body: &'a [u8]) -> Result<Self, DecodeError> {
        match split_expected(body) {
            Some((of, payload)) => {
                let is_present = body.len() > EMPTY_WRAPPER_LEN;
                Ok(Self { type_number: of.number(), payload: is_present.then_some(payload) })
            }
            None => Self::read_any(body),
        }
    }

    /// Takes any body: longer payloads, any order, repeated and unknown fields, unknown types.
    #[cold]
    #[inline(never)]
    fn read_any(body: &'a [u8]) -> Result<Self, DecodeError> {
        const TYPE: u32 = TYPE_TAG as u32;
        const PAYLOAD: u32 = PAYLOAD_TAG as u32;
        let mut cursor = Cursor::new(body);
        let mut known = None;
        let mut unknown = None;
        let mut payload = None;
        while !cursor.is_empty() {
            match cursor.tag().map_err(|kind| cursor.error(kind, FRAMING))? {
                TYPE => {
                    let number = cursor.varint().map_err(|kind| cursor.error(kind, TYPE_FIELD))? as i32;
                    match Type::from_number(number) {
                        Some(_) => known = Some(number),
                        None => unknown = Some(number),
                    }
                }
                PAYLOAD => payload = Some(cursor.bytes().map_err(|kind| cursor.error(kind, PAYLOAD_FIELD))?),
                tag => cursor.skip(tag).map_err(|kind| cursor.error(kind, FRAMING))?,
            }
        }
        // A type that the schema does not know counts as absent, where there is a known one.
        match known.or(unknown) {
            Some(type_number) => Ok(Self { type_number, payload }),
            None => Err(cursor.error(DecodeErrorKind::MissingField, TYPE_FIELD)),
        }
    }

    #[inline(always)]
    pub(crate) fn write<'b>(&self, writer: Writer<'b>) -> Written<'b> {
        let writer = writer.varint(TYPE_TAG, i64::from(self.type_number) as u64)?;
        match self.payload {
            Some(payload) => writer.bytes(PAYLOAD_TAG, payload),
            None => Ok(writer),
        }
    }

    pub(crate) fn encoded_len(&self) -> usize {
        let type_len = 1 + varint_len(i64::from(self.type_number) as u64);
        type_len + self.payload.map_or(0, |payload| delimited_len(payload.len()))
    }

    /// Decodes the payload.
    ///
    /// # Errors
    /// The first thing that makes the payload malformed; offsets count from the start of the payload.
    pub fn decode_payload(&self) -> Result<Payload<'a>, DecodeError> {
        let bytes = self.payload.unwrap_or_default();
        let mut payload = Payload::Ping;
        if let Some(of) = Type::from_number(self.type_number)
            && payload.read_expected(of, bytes)
        {
            return Ok(payload);
        }
        match payload.read_any(self.type_number, bytes) {
            Ok(()) => Ok(payload),
            Err(error) => Err(error.relative_to(bytes)),
        }
    }
}

/// The length of a wrapper with a known type and no payload.
pub(crate) const EMPTY_WRAPPER_LEN: usize = 2;

/// The schema's name of a type, or `unknown`.
pub(crate) fn type_name(number: i32) -> &'static str {
    Type::from_number(number).map_or("unknown", Type::name)
}

/// Type and payload of a body as every serializer writes it: the type, then the payload up to the
/// end, of up to 256 MiB. Where there is none, it is the empty one at the end.
///
/// It calls nothing, and so needs few registers.
#[inline(always)]
pub(crate) fn split_expected(body: &[u8]) -> Option<(Type, &[u8])> {
    let (number, payload) = match body {
        [TYPE_TAG, number, PAYLOAD_TAG, a, payload @ ..] if is_length([*a], payload) => (*number, payload),
        [TYPE_TAG, number, PAYLOAD_TAG, a, b, payload @ ..] if is_length([*a, *b], payload) => (*number, payload),
        [TYPE_TAG, number, PAYLOAD_TAG, a, b, c, payload @ ..] if is_length([*a, *b, *c], payload) => {
            (*number, payload)
        }
        [TYPE_TAG, number, PAYLOAD_TAG, a, b, c, d, payload @ ..] if is_length([*a, *b, *c, *d], payload) => {
            (*number, payload)
        }
        [TYPE_TAG, number, payload @ ..] if payload.is_empty() => (*number, payload),
        _ => return None,
    };
    Some((Type::from_number(i32::from(number))?, payload))
}

/// Whether these bytes are a varint, and the length of the payload.
#[inline(always)]
fn is_length<const N: usize>(varint: [u8; N], payload: &[u8]) -> bool {
    let mut length = 0;
    for (position, byte) in varint.into_iter().enumerate() {
        if position + 1 == N {
            // A byte that does not end the varint is negative here, and the length one that no slice has.
            length |= (byte as i8 as usize) << (7 * position);
        } else if byte >= 0x80 {
            length |= usize::from(byte & 0x7f) << (7 * position);
        } else {
            return false;
        }
    }
    length == payload.len()
}

/// Declares `Payload`, by the messages that the types hold. The variants have the names of [`Type`].
macro_rules! payloads {
    (
        _ { $($(#[$empty_doc:meta])* $empty:ident,)* }
        $($message:ty { $($(#[$doc:meta])* $variant:ident,)* })*
    ) => {
        /// What a frame carries: a variant for each type that the schema knows.
        ///
        /// "From the backend" means that backends send it to the main process; "to the backend" is
        /// the other direction.
        ///
        /// ```
        /// use spectrum2::{Connected, Payload};
        ///
        /// let payload = Payload::Connected(Connected { user: "alice" });
        /// let mut body = [0; 64];
        /// let length = payload.encode(&mut body)?;
        /// assert_eq!(Payload::decode(&body[..length]), Ok(payload));
        /// # Ok::<(), spectrum2::EncodeError>(())
        /// ```
        ///
        /// `Debug` hides passwords, and shows only the length of what may hold one: `RawXml`, `Unknown`.
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Payload<'a> {
            $(
                #[doc = concat!("[`Type::", stringify!($empty), "`].")]
                $(#[$empty_doc])*
                $empty,
            )*
            $($(
                #[doc = concat!("[`Type::", stringify!($variant), "`].")]
                $(#[$doc])*
                $variant($message),
            )*)*
            /// [`Type::RawXml`]. A stanza, both ways; it replaces messages and chat states where the
            /// backend's configuration says `rawxml=1`. The payload is the text, not Protobuf.
            RawXml(&'a str),
            /// A type that the schema does not know (yet). Malformed for Google's decoders; here
            /// nothing is lost.
            Unknown {
                /// The number of the type. With one that the schema knows, what is encoded is that type.
                type_number: i32,
                /// The payload as it came; empty when there was none.
                bytes: &'a [u8],
            },
        }

        impl fmt::Debug for Payload<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$empty => f.write_str(stringify!($empty)),)*
                    $($(Self::$variant(message) => f.debug_tuple(stringify!($variant)).field(message).finish(),)*)*
                    Self::RawXml(xml) => f.debug_tuple("RawXml").field(&HiddenBytes(xml.len())).finish(),
                    Self::Unknown { type_number, bytes } => f
                        .debug_struct("Unknown")
                        .field("type_number", type_number)
                        .field("bytes", &HiddenBytes(bytes.len()))
                        .finish(),
                }
            }
        }

        impl<'a> Payload<'a> {
            /// The number of the type on the wire.
            pub fn type_number(&self) -> i32 {
                match self {
                    $(Self::$empty => Type::$empty.number(),)*
                    $($(Self::$variant(_) => Type::$variant.number(),)*)*
                    Self::RawXml(_) => Type::RawXml.number(),
                    Self::Unknown { type_number, .. } => *type_number,
                }
            }

            /// The schema's name of the type; `unknown` where it has none.
            pub fn type_name(&self) -> &'static str {
                type_name(self.type_number())
            }

            /// The message, or `None` where the type has none.
            pub fn message(&self) -> Option<&dyn Reflect> {
                match self {
                    $(Self::$empty => None,)*
                    $($(Self::$variant(message) => Some(message),)*)*
                    Self::RawXml(_) | Self::Unknown { .. } => None,
                }
            }

            /// The message for [`fields::read`], or `None` where the type has none.
            fn fields_mut(&mut self) -> Option<&mut dyn Fields<'a>> {
                match self {
                    $(Self::$empty => None,)*
                    $($(Self::$variant(message) => Some(message),)*)*
                    Self::RawXml(_) | Self::Unknown { .. } => None,
                }
            }

            /// The number of bytes that [`encode`](Self::encode) writes: the body of a frame.
            pub fn encoded_len(&self) -> usize {
                match self {
                    $(Self::$empty => EMPTY_WRAPPER_LEN,)*
                    $($(
                        Self::$variant(message) => message_len(message),
                    )*)*
                    Self::RawXml(xml) => wrapped_len(xml.len()),
                    Self::Unknown { type_number, bytes } => {
                        Wrapper { type_number: *type_number, payload: Some(bytes) }.encoded_len()
                    }
                }
            }

            /// Writes type and payload.
            #[inline(never)]
            pub(crate) fn write<'b>(&self, writer: Writer<'b>) -> Written<'b> {
                match self {
                    $(Self::$empty => writer.array([TYPE_TAG, Type::$empty.number() as u8]),)*
                    $($(
                        Self::$variant(message) => write_message(message, writer, Type::$variant),
                    )*)*
                    Self::RawXml(xml) => write_text(Type::RawXml, xml, writer),
                    Self::Unknown { type_number, bytes } => write_bytes(*type_number, bytes, writer),
                }
            }

            fn descriptor(of: Type) -> Option<&'static MessageDescriptor> {
                match of {
                    $(Type::$empty => None,)*
                    $($(Type::$variant => Some(<$message>::DESCRIPTOR),)*)*
                    Type::RawXml => None,
                }
            }

            /// Reads a payload that comes as expected.
            #[inline(always)]
            fn read_expected(&mut self, of: Type, bytes: &'a [u8]) -> bool {
                if cfg!(spectrum2_plain) {
                    return false;
                }
                if cfg!(spectrum2_small) {
                    self.begin(of);
                    return match self {
                        $(Self::$empty => true,)*
                        $($(Self::$variant(message) => read_expected_message(message, bytes),)*)*
                        Self::RawXml(xml) => match Cursor::new(bytes).expected_text() {
                            Some(text) => {
                                *xml = text;
                                true
                            }
                            None => false,
                        },
                        // Not reached.
                        Self::Unknown { .. } => false,
                    };
                }
                match of {
                    $(Type::$empty => {
                        *self = Self::$empty;
                        true
                    })*
                    $($(Type::$variant => {
                        *self = Self::$variant(<$message>::empty());
                        match self {
                            Self::$variant(message) => read_expected_message(message, bytes),
                            // Not reached.
                            _ => false,
                        }
                    })*)*
                    Type::RawXml => match Cursor::new(bytes).expected_text() {
                        Some(xml) => {
                            *self = Self::RawXml(xml);
                            true
                        }
                        None => false,
                    }
                }
            }

            /// An empty message of a type. Each is made where it stands, so that no payload is moved.
            #[inline(never)]
            fn begin(&mut self, of: Type) {
                match of {
                    $(Type::$empty => *self = Self::$empty,)*
                    $($(Type::$variant => *self = Self::$variant(<$message>::empty()),)*)*
                    Type::RawXml => *self = Self::RawXml(""),
                }
            }

            /// Reads any payload, of any type.
            #[inline(always)]
            fn read_any(&mut self, type_number: i32, bytes: &'a [u8]) -> Result<(), DecodeError> {
                match Type::from_number(type_number) {
                    Some(Type::RawXml) => *self = Self::RawXml(Cursor::new(bytes).into_string(PAYLOAD_FIELD)?),
                    Some(of) => self.begin(of),
                    None => *self = Self::Unknown { type_number, bytes },
                }
                match self.fields_mut() {
                    Some(fields) => fields::read(fields, bytes),
                    None => Ok(()),
                }
            }
        }
    };
}

impl Type {
    /// The schema's message of this type, or `None` where it has none.
    pub fn message(self) -> Option<&'static MessageDescriptor> {
        Payload::descriptor(self)
    }
}

payloads! {
    _ {
        /// To the backend, first of all and about every 20 seconds: are you there? Answered by PONG.
        Ping,
        /// From the backend: the answer to PING.
        Pong,
        /// To the backend: leave now.
        Exit,
    }
    Login<'a> {
        /// To the backend: log a user in.
        Login,
    }
    Connected<'a> {
        /// From the backend: a user is logged in.
        Connected,
    }
    Disconnected<'a> {
        /// From the backend: a login failed, or a session ended.
        Disconnected,
    }
    Logout<'a> {
        /// To the backend: log a user out.
        Logout,
    }
    Buddy<'a> {
        /// To the backend: a contact was added or edited, or, with `blocked`, is to be blocked or
        /// unblocked. From the backend: a contact or its presence changed.
        BuddyChanged,
        /// To the backend: the user removed a contact. From the backend: a contact is gone.
        BuddyRemoved,
        /// Both ways: somebody is typing.
        BuddyTyping,
        /// Both ways: somebody who typed pauses.
        BuddyTyped,
        /// Both ways: somebody who typed is not typing any more, and has nothing typed.
        BuddyStoppedTyping,
        /// From the backend: a contact asks to be added. Answered by BUDDY_CHANGED (yes) or
        /// BUDDY_REMOVED (no; not told by Spectrum 2.2.1 when the asker is no contact).
        AuthRequest,
    }
    Buddies<'a> {
        /// To the backend: the roster, right after LOGIN.
        Buddies,
    }
    Status<'a> {
        /// To the backend: the user's presence.
        StatusChanged,
    }
    VCard<'a> {
        /// To the backend: a card is asked for or, with `photo`, updated. From the backend: the answer.
        VCard,
    }
    ConversationMessage<'a> {
        /// A message. To the backend: from the user; from the backend: from a contact or room.
        ConvMessage,
        /// From the backend: a receipt, with the message's `id` and an empty text.
        ConvMessageAck,
        /// Both ways: a buzz.
        Attention,
        /// To the backend: the user sets a room's subject. From the backend: a room's subject.
        RoomSubjectChanged,
    }
    Room<'a> {
        /// To the backend: the user joins a room.
        JoinRoom,
        /// To the backend: the user leaves a room.
        LeaveRoom,
        /// From the backend: the user has another nickname in a room now.
        RoomNicknameChanged,
    }
    Participant<'a> {
        /// From the backend: a room's participant joined, changed or left, or joining failed.
        ParticipantChanged,
    }
    RoomList<'a> {
        /// From the backend: rooms for service discovery.
        RoomList,
    }
    BackendConfig<'a> {
        /// From the backend, once: what it supports.
        BackendConfig,
        /// From the backend: an admin query. To the backend: the answer.
        Query,
    }
    Stats<'a> {
        /// From the backend, after each PONG: its memory.
        Stats,
    }
    ApiVersion {
        /// Declared in the schema, never seen.
        ApiVersion,
    }
    File<'a> {
        /// Both ways, older peers only: a file transfer is offered or accepted.
        FtStart,
        /// Both ways, older peers only: a file transfer ended.
        FtFinish,
        /// Both ways, older peers only: a file transfer is paused.
        FtPause,
        /// Both ways, older peers only: a file transfer goes on.
        FtContinue,
    }
    FileTransferData<'a> {
        /// Both ways, older peers only: a piece of a file.
        FtData,
    }
}

impl<'a> Payload<'a> {
    /// Decodes the body of a frame: the bytes after its header.
    ///
    /// # Errors
    /// The first thing that makes the message malformed, with field and offset. It costs this
    /// message alone.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut payload = Payload::Ping;
        payload.decode_from(body)?;
        Ok(payload)
    }

    /// Decodes the body of a frame, as [`decode`](Self::decode) does, over this payload.
    ///
    /// A payload is large: a loop that decodes many frames of one buffer into the same payload saves
    /// moving each.
    ///
    /// # Errors
    /// As [`decode`](Self::decode); the payload then holds what was read so far.
    pub fn decode_from(&mut self, body: &'a [u8]) -> Result<(), DecodeError> {
        if let Some((of, payload)) = split_expected(body)
            && self.read_expected(of, payload)
        {
            return Ok(());
        }
        self.decode_any(body)
    }

    /// Decodes any body; malformed ones once more, for their error.
    #[cold]
    #[inline(never)]
    pub(crate) fn decode_any(&mut self, body: &'a [u8]) -> Result<(), DecodeError> {
        // Where there is no payload its fields are missing at the end of the body.
        let end = body.get(body.len()..).unwrap_or(body);
        let result = match Wrapper::read_any(body) {
            Ok(wrapper) => self.read_any(wrapper.type_number, wrapper.payload.unwrap_or(end)),
            Err(error) => Err(error),
        };
        result.map_err(|error| error.relative_to(body))
    }

    /// Encodes the body of a frame to the front of `buffer`, and returns its number of bytes.
    /// [`frame::encode`](crate::frame::encode) writes the header too.
    ///
    /// # Errors
    /// A `buffer` too short, with the length needed.
    pub fn encode(&self, buffer: &mut [u8]) -> Result<usize, EncodeError> {
        encode_into(buffer, |writer| self.write(writer), || self.encoded_len())
    }
}

/// The length of a wrapper around a message.
#[inline]
pub(crate) fn message_len<'a>(message: &impl Message<'a>) -> usize {
    wrapped_len(message.fields_len())
}

/// The length of a wrapper of a known type around a payload of this length.
pub(crate) const fn wrapped_len(length: usize) -> usize {
    delimited_len(length).saturating_add(EMPTY_WRAPPER_LEN)
}

/// Writes a wrapper around a message. The number of every known type is one byte.
///
/// One function for each message, as for reading.
#[inline(never)]
pub(crate) fn write_message<'a, 'b, M: Message<'a>>(message: &M, writer: Writer<'b>, of: Type) -> Written<'b> {
    write_wrapped(writer, of, message.at_least(), |writer| message.write(writer))
}

/// Writes a wrapper around a message of this length at least.
#[inline(always)]
pub(crate) fn write_wrapped<'b>(
    writer: Writer<'b>,
    of: Type,
    at_least: usize,
    write_message: impl for<'c> FnOnce(Writer<'c>) -> Written<'c>,
) -> Written<'b> {
    let writer = writer.array([TYPE_TAG, of.number() as u8])?;
    writer.delimited(PAYLOAD_TAG, at_least, write_message)
}

/// Writes a wrapper around a text.
#[inline(always)]
fn write_text<'b>(of: Type, text: &str, writer: Writer<'b>) -> Written<'b> {
    writer.array([TYPE_TAG, of.number() as u8])?.long_bytes(PAYLOAD_TAG, text.as_bytes())
}

/// Writes a wrapper of any type around any bytes.
#[inline(never)]
pub(crate) fn write_bytes<'b>(type_number: i32, bytes: &[u8], writer: Writer<'b>) -> Written<'b> {
    Wrapper { type_number, payload: Some(bytes) }.write(writer)
}
