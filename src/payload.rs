//! What a frame carries: the wrapper message, and one variant of [`Payload`] for each type of it.

use crate::descriptor::{FieldDescriptor, Kind, Label, MessageDescriptor, Reflect};
use crate::enums::Type;
use crate::error::{DecodeError, EncodeError, FieldId};
use crate::message::{self, Message, encode_into};
use crate::wire::{self, Cursor, Full, Writer, delimited_len, varint_len, wire_type};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrapper<'a> {
    /// The number of the [`Type`], or one that the schema does not know.
    pub type_number: i32,
    /// The payload: a serialized message, or XML text, as the type says.
    pub payload: Option<&'a [u8]>,
}

impl<'a> Wrapper<'a> {
    /// Decodes the body of a frame.
    ///
    /// # Errors
    /// Malformed framing, or no type.
    #[inline]
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        Self::read(body).map_err(|error| error.relative_to(body))
    }

    #[inline(always)]
    fn read(body: &'a [u8]) -> Result<Self, DecodeError> {
        match body {
            [TYPE_TAG, number, PAYLOAD_TAG, rest @ ..] if is_known(*number) => {
                let mut cursor = Cursor::new(rest);
                let payload = cursor.bytes(PAYLOAD_FIELD)?;
                if cursor.is_empty() {
                    return Ok(Self { type_number: i32::from(*number), payload: Some(payload) });
                }
            }
            [TYPE_TAG, number] if is_known(*number) => {
                return Ok(Self { type_number: i32::from(*number), payload: None });
            }
            _ => {}
        }
        Self::read_any(body)
    }

    /// The general case: any order, repeated fields, unknown fields, unknown types.
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
            match cursor.tag(WRAPPER)? {
                TYPE => {
                    let number = cursor.varint(TYPE_FIELD)? as i32;
                    match Type::from_number(number) {
                        Some(_) => known = Some(number),
                        None => unknown = Some(number),
                    }
                }
                PAYLOAD => payload = Some(cursor.bytes(PAYLOAD_FIELD)?),
                tag => cursor.skip(tag, WRAPPER)?,
            }
        }
        // A type that the schema does not know counts as absent, where there is a known one.
        match known.or(unknown) {
            Some(type_number) => Ok(Self { type_number, payload }),
            None => Err(cursor.missing(TYPE_FIELD)),
        }
    }

    /// Decodes the payload.
    ///
    /// # Errors
    /// The first thing that makes the payload malformed; offsets count from the start of the payload.
    pub fn decode_payload(&self) -> Result<Payload<'a>, DecodeError> {
        let payload = self.payload.unwrap_or_default();
        self.read_payload(payload).map_err(|error| error.relative_to(payload))
    }
}

fn is_known(number: u8) -> bool {
    Type::from_number(i32::from(number)).is_some()
}

/// Declares `Payload`. The variants have the names of [`Type`]; each says what it holds.
macro_rules! payloads {
    ($($(#[$doc:meta])* $variant:ident $(($message:ident $(<$lifetime:lifetime>)?))?,)*) => {
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
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Payload<'a> {
            $(
                #[doc = concat!("[`Type::", stringify!($variant), "`].")]
                $(#[$doc])*
                $variant $((message::$message $(<$lifetime>)?))?,
            )*
            /// [`Type::RawXml`]. A stanza, both ways; it replaces messages and chat states where the
            /// backend's configuration says `rawxml=1`. The payload is the text, not Protobuf.
            RawXml(&'a str),
            /// A type that the schema does not know (yet). Malformed for Google's decoders; here
            /// nothing is lost.
            Unknown {
                /// The number of the type.
                type_number: i32,
                /// The payload as it came; empty when there was none.
                bytes: &'a [u8],
            },
        }

        impl<'a> Payload<'a> {
            /// The number of the type on the wire.
            pub fn type_number(&self) -> i32 {
                match self {
                    $(payloads!(@ignore self $variant $($message)?) => Type::$variant.number(),)*
                    Self::RawXml(_) => Type::RawXml.number(),
                    Self::Unknown { type_number, .. } => *type_number,
                }
            }

            /// The message, or `None` where the type has none.
            pub fn message(&self) -> Option<&dyn Reflect> {
                match self {
                    $(payloads!(@bind message $variant $($message)?) => payloads!(@reflect message $($message)?),)*
                    Self::RawXml(_) | Self::Unknown { .. } => None,
                }
            }

            /// Writes type and payload.
            pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
                match self {
                    $(
                        payloads!(@bind message $variant $($message)?) =>
                            payloads!(@write message writer $variant $($message)?),
                    )*
                    Self::RawXml(xml) => write_bytes(Type::RawXml.number(), xml.as_bytes(), writer),
                    Self::Unknown { type_number, bytes } => write_bytes(*type_number, bytes, writer),
                }
            }

            /// The number of bytes that [`encode`](Self::encode) writes: the body of a frame.
            pub fn encoded_len(&self) -> usize {
                match self {
                    $(payloads!(@bind message $variant $($message)?) => payloads!(@encoded_len message $($message)?),)*
                    Self::RawXml(xml) => 2 + delimited_len(xml.len()),
                    Self::Unknown { type_number, bytes } => {
                        1 + varint_len(i64::from(*type_number) as u64) + delimited_len(bytes.len())
                    }
                }
            }
        }

        impl Type {
            /// The schema's message of this type, or `None` where it has none.
            pub fn message(self) -> Option<&'static MessageDescriptor> {
                match self {
                    $(Self::$variant => payloads!(@descriptor $($message)?),)*
                    Self::RawXml => None,
                }
            }
        }

        impl<'a> Wrapper<'a> {
            /// Decodes `bytes`: the payload, or the place where it would be.
            #[inline(always)]
            fn read_payload(&self, bytes: &'a [u8]) -> Result<Payload<'a>, DecodeError> {
                Ok(match Type::from_number(self.type_number) {
                    $(Some(Type::$variant) => payloads!(@read bytes $variant $($message)?),)*
                    Some(Type::RawXml) => Payload::RawXml(Cursor::new(bytes).into_string(PAYLOAD_FIELD)?),
                    None => Payload::Unknown { type_number: self.type_number, bytes },
                })
            }
        }
    };

    (@ignore $self:ident $variant:ident) => { Self::$variant };
    (@ignore $self:ident $variant:ident $message:ident) => { Self::$variant(_) };
    (@bind $binding:ident $variant:ident) => { Self::$variant };
    (@bind $binding:ident $variant:ident $message:ident) => { Self::$variant($binding) };
    (@reflect $binding:ident) => { None };
    (@reflect $binding:ident $message:ident) => { Some($binding) };
    (@encoded_len $binding:ident) => { 2 };
    (@encoded_len $binding:ident $message:ident) => { 2 + delimited_len($binding.fields_len()) };
    (@write $binding:ident $writer:ident $variant:ident) => { write_type(Type::$variant, $writer) };
    (@write $binding:ident $writer:ident $variant:ident $message:ident) => {
        write_message(Type::$variant, $binding, $writer)
    };
    (@descriptor) => { None };
    (@descriptor $message:ident) => { Some(message::$message::DESCRIPTOR) };
    (@read $bytes:ident $variant:ident) => { Payload::$variant };
    (@read $bytes:ident $variant:ident $message:ident) => { Payload::$variant(Message::read(Cursor::new($bytes))?) };
}

payloads! {
    /// From the backend: a user is logged in.
    Connected(Connected<'a>),
    /// From the backend: a login failed, or a session ended.
    Disconnected(Disconnected<'a>),
    /// To the backend: log a user in.
    Login(Login<'a>),
    /// To the backend: log a user out.
    Logout(Logout<'a>),
    /// To the backend: a contact was added or edited, or, with `blocked`, is to be blocked or
    /// unblocked. From the backend: a contact or its presence changed.
    BuddyChanged(Buddy<'a>),
    /// To the backend: the user removed a contact. From the backend: a contact is gone.
    BuddyRemoved(Buddy<'a>),
    /// A message. To the backend: from the user; from the backend: from a contact or room.
    ConvMessage(ConversationMessage<'a>),
    /// To the backend, first of all and about every 20 seconds: are you there? Answered by PONG.
    Ping,
    /// From the backend: the answer to PING.
    Pong,
    /// To the backend: the user joins a room.
    JoinRoom(Room<'a>),
    /// To the backend: the user leaves a room.
    LeaveRoom(Room<'a>),
    /// From the backend: a room's participant joined, changed or left, or joining failed.
    ParticipantChanged(Participant<'a>),
    /// From the backend: the user has another nickname in a room now.
    RoomNicknameChanged(Room<'a>),
    /// To the backend: the user sets a room's subject. From the backend: a room's subject.
    RoomSubjectChanged(ConversationMessage<'a>),
    /// To the backend: a card is asked for or, with `photo`, updated. From the backend: the answer.
    VCard(VCard<'a>),
    /// To the backend: the user's presence.
    StatusChanged(Status<'a>),
    /// Both ways: somebody is typing.
    BuddyTyping(Buddy<'a>),
    /// Both ways: somebody who typed is not typing any more, and has nothing typed.
    BuddyStoppedTyping(Buddy<'a>),
    /// Both ways: somebody who typed pauses.
    BuddyTyped(Buddy<'a>),
    /// From the backend: a contact asks to be added. Answered by BUDDY_CHANGED (yes) or
    /// BUDDY_REMOVED (no).
    AuthRequest(Buddy<'a>),
    /// Both ways: a buzz.
    Attention(ConversationMessage<'a>),
    /// From the backend, after each PONG: its memory.
    Stats(Stats<'a>),
    /// Both ways, older peers only: a file transfer is offered or accepted.
    FtStart(File<'a>),
    /// Both ways, older peers only: a file transfer ended.
    FtFinish(File<'a>),
    /// Both ways, older peers only: a piece of a file.
    FtData(FileTransferData<'a>),
    /// Both ways, older peers only: a file transfer is paused.
    FtPause(File<'a>),
    /// Both ways, older peers only: a file transfer goes on.
    FtContinue(File<'a>),
    /// To the backend: leave now.
    Exit,
    /// From the backend, once: what it supports.
    BackendConfig(BackendConfig<'a>),
    /// From the backend: an admin query. To the backend: the answer.
    Query(BackendConfig<'a>),
    /// From the backend: rooms for service discovery.
    RoomList(RoomList<'a>),
    /// From the backend: a receipt, with the message's `id` and an empty text.
    ConvMessageAck(ConversationMessage<'a>),
    /// To the backend: the roster, right after LOGIN.
    Buddies(Buddies<'a>),
    /// Declared in the schema, never seen.
    ApiVersion(ApiVersion),
}

impl<'a> Payload<'a> {
    /// Decodes the body of a frame: the bytes after its header.
    ///
    /// # Errors
    /// The first thing that makes the message malformed, with field and offset. It costs this
    /// message alone.
    #[inline]
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let read = |wrapper: Wrapper<'a>| wrapper.read_payload(wrapper.payload.unwrap_or(&body[body.len()..]));
        Wrapper::read(body).and_then(read).map_err(|error| error.relative_to(body))
    }

    /// Encodes the body of a frame to the front of `buffer`, and returns its number of bytes.
    /// [`frame::encode`](crate::frame::encode) writes the header too.
    ///
    /// # Errors
    /// A `buffer` too short, with the length needed.
    #[inline]
    pub fn encode(&self, buffer: &mut [u8]) -> Result<usize, EncodeError> {
        encode_into(buffer, |writer| self.write(writer), || self.encoded_len())
    }
}

#[inline(always)]
fn write_type(of: Type, writer: &mut Writer<'_>) -> Result<(), Full> {
    writer.array([TYPE_TAG, of.number() as u8])
}

/// Writes a wrapper around a message. The number of every known type is one byte.
#[inline(always)]
pub(crate) fn write_message<'a>(of: Type, message: &impl Message<'a>, writer: &mut Writer<'_>) -> Result<(), Full> {
    write_type(of, writer)?;
    writer.delimited(PAYLOAD_TAG, message.at_least(), |writer| message.write(writer))
}

fn write_bytes(type_number: i32, bytes: &[u8], writer: &mut Writer<'_>) -> Result<(), Full> {
    writer.varint(TYPE_TAG, i64::from(type_number) as u64)?;
    writer.bytes(PAYLOAD_TAG, bytes)
}
