use core::mem::{MaybeUninit, align_of, size_of};
use core::slice;

use super::error::{Failure, Fault};
use super::field::{right, text_bytes};
use super::message::Struct;
use super::view::{Mirrored, Viewed, checked, memory};
use super::{
    given, guard, output, plant, sp2_api_version, sp2_backend_config, sp2_buddies, sp2_buddy, sp2_bytes, sp2_connected,
    sp2_conversation_message, sp2_disconnected, sp2_error, sp2_file, sp2_file_transfer_data, sp2_login, sp2_logout,
    sp2_participant, sp2_result, sp2_room, sp2_room_list, sp2_stats, sp2_status, sp2_str, sp2_vcard,
};
use crate::enums::Type;
use crate::error::DecodeError;
use crate::frame::{self, HEADER_LEN};
use crate::message::too_short;
use crate::payload::{EMPTY_WRAPPER_LEN, Payload, Wrapper, split_expected, wrapped_len, write_bytes, write_wrapped};
use crate::wire::{Cursor, Full, MAX_MESSAGE_LENGTH, Writer, Written};

/// The message that a type carries. Each member says which types it is for.
#[repr(C)]
#[derive(Clone, Copy)]
pub union sp2_message {
    /// `SP2_TYPE_LOGIN`.
    pub login: sp2_login,
    /// `SP2_TYPE_CONNECTED`.
    pub connected: sp2_connected,
    /// `SP2_TYPE_DISCONNECTED`.
    pub disconnected: sp2_disconnected,
    /// `SP2_TYPE_LOGOUT`.
    pub logout: sp2_logout,
    /// `SP2_TYPE_BUDDY_CHANGED`, `SP2_TYPE_BUDDY_REMOVED`, `SP2_TYPE_BUDDY_TYPING`,
    /// `SP2_TYPE_BUDDY_TYPED`, `SP2_TYPE_BUDDY_STOPPED_TYPING`, `SP2_TYPE_AUTH_REQUEST`.
    pub buddy: sp2_buddy,
    /// `SP2_TYPE_BUDDIES`.
    pub buddies: sp2_buddies,
    /// `SP2_TYPE_STATUS_CHANGED`.
    pub status: sp2_status,
    /// `SP2_TYPE_VCARD`.
    pub vcard: sp2_vcard,
    /// `SP2_TYPE_CONV_MESSAGE`, `SP2_TYPE_CONV_MESSAGE_ACK`, `SP2_TYPE_ATTENTION`,
    /// `SP2_TYPE_ROOM_SUBJECT_CHANGED`.
    pub conversation_message: sp2_conversation_message,
    /// `SP2_TYPE_JOIN_ROOM`, `SP2_TYPE_LEAVE_ROOM`, `SP2_TYPE_ROOM_NICKNAME_CHANGED`.
    pub room: sp2_room,
    /// `SP2_TYPE_PARTICIPANT_CHANGED`.
    pub participant: sp2_participant,
    /// `SP2_TYPE_ROOM_LIST`.
    pub room_list: sp2_room_list,
    /// `SP2_TYPE_BACKEND_CONFIG`, `SP2_TYPE_QUERY`.
    pub backend_config: sp2_backend_config,
    /// `SP2_TYPE_STATS`.
    pub stats: sp2_stats,
    /// `SP2_TYPE_API_VERSION`.
    pub api_version: sp2_api_version,
    /// `SP2_TYPE_FT_START`, `SP2_TYPE_FT_FINISH`, `SP2_TYPE_FT_PAUSE`, `SP2_TYPE_FT_CONTINUE`.
    pub file: sp2_file,
    /// `SP2_TYPE_FT_DATA`.
    pub file_transfer_data: sp2_file_transfer_data,
    /// `SP2_TYPE_RAW_XML`: the text.
    pub raw_xml: sp2_str,
    /// Every type that is not an `sp2_type`: the payload as it stands on the wire. Of
    /// `SP2_TYPE_PING`, `SP2_TYPE_PONG` and `SP2_TYPE_EXIT`, which carry nothing, it is absent.
    pub unknown: sp2_bytes,
}

/// What a frame carries.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sp2_payload {
    /// An `sp2_type`, or a number that this version does not know.
    pub r#type: i32,
    /// The message, by its type.
    pub r#as: sp2_message,
}

/// The body of a frame, whose payload is not decoded: enough to route or store it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_wrapper {
    /// An `sp2_type`, or a number that this version does not know.
    pub r#type: i32,
    /// A serialized message, or XML text, as the type says. Optional.
    pub payload: sp2_bytes,
}

/// Goes from payloads to C and back, by the union's members and the types that they are for.
macro_rules! payloads {
    ($($member:ident $c:ident: $($variant:ident)*;)*) => {
        impl sp2_payload {
            /// Writes a payload to `place`, field by field: a union of the whole would be moved.
            #[inline(always)]
            pub(super) fn put(payload: &Payload<'_>, place: &mut MaybeUninit<Self>) {
                let place = place.as_mut_ptr();
                // SAFETY: a payload may be written there, and each member is a part of it.
                unsafe {
                    (&raw mut (*place).r#type).write(payload.type_number());
                    let message = &raw mut (*place).r#as;
                    match payload {
                        $($(Payload::$variant(value))|* => (&raw mut (*message).$member).write(value.mirror()),)*
                        Payload::RawXml(xml) => (&raw mut (*message).raw_xml).write(xml.mirror()),
                        Payload::Unknown { bytes, .. } => (&raw mut (*message).unknown).write(bytes.mirror()),
                        Payload::Ping | Payload::Pong | Payload::Exit => {
                            (&raw mut (*message).unknown).write(None::<&[u8]>.mirror());
                        }
                    }
                }
            }

            /// The number of bytes of the encoded payload; an error where it is wrong. `is_trusted` says that strings
            /// are known to be UTF-8. One function, since it knows every message.
            ///
            /// # Safety
            /// The member of the type is set, and what it points to stays as it is.
            #[inline(never)]
            pub(super) unsafe fn count(&self, is_trusted: bool) -> Result<usize, Fault> {
                // SAFETY: the member is the one of the type, and any bytes are a value of it.
                unsafe {
                    let fields = match Type::from_number(self.r#type) {
                        $($(Some(Type::$variant))|* => <$c>::FIELDS,)*
                        Some(Type::RawXml) => return Ok(wrapped_len(checked(&self.r#as.raw_xml, is_trusted)?.len())),
                        Some(Type::Ping | Type::Pong | Type::Exit) => return Ok(EMPTY_WRAPPER_LEN),
                        None => {
                            let payload = Some(<&[u8]>::view(&self.r#as.unknown)?);
                            return Ok(Wrapper { type_number: self.r#type, payload }.encoded_len());
                        }
                    };
                    // The members of a union begin where it does.
                    Ok(wrapped_len(fields.count((&raw const self.r#as).cast(), is_trusted)?))
                }
            }

            /// Decodes `bytes`, which are the payload and the end of `body`, by their type.
            ///
            /// # Safety
            /// As [`sp2_decode`].
            #[inline(always)]
            unsafe fn decode(of: Type, bytes: &[u8], body: &[u8], place: *mut Self, error: *mut sp2_error) -> sp2_result {
                // SAFETY: this function's own contract; each member is a part of the payload.
                unsafe {
                    (&raw mut (*place).r#type).write(of.number());
                    match of {
                        $($(Type::$variant)|* => {
                            decode_member::<$c>(body.as_ptr(), bytes.as_ptr(), place, error, bytes.len())
                        })*
                        Type::RawXml => {
                            decode_member::<sp2_str>(body.as_ptr(), bytes.as_ptr(), place, error, bytes.len())
                        }
                        Type::Ping | Type::Pong | Type::Exit => {
                            (&raw mut (*place).r#as.unknown).write(None::<&[u8]>.mirror());
                            sp2_result::SP2_OK
                        }
                    }
                }
            }

            /// Writes type and payload. One that is wrong is [`Full`] too. `TRUSTED` says that strings are known to
            /// be UTF-8. It ends with a jump to one of the functions that write, and keeps nothing for afterwards.
            ///
            /// # Safety
            /// As [`count`](Self::count).
            #[inline(never)]
            pub(super) unsafe fn write<'b, const TRUSTED: bool>(&self, writer: Writer<'b>) -> Written<'b> {
                // SAFETY: this function's own contract.
                unsafe {
                    match Type::from_number(self.r#type) {
                        $($(Some(of @ Type::$variant))|* => write_message::<_, TRUSTED>(&self.r#as.$member, writer, of),)*
                        Some(Type::RawXml) => write_xml::<TRUSTED>(&self.r#as.raw_xml, writer),
                        Some(Type::Ping | Type::Pong | Type::Exit) => write_type(self.r#type, writer),
                        None => write_unknown(self.r#type, &self.r#as.unknown, writer),
                    }
                }
            }

            /// Writes a frame: a header, and what [`write`](Self::write) writes.
            ///
            /// # Safety
            /// As [`write`](Self::write).
            #[inline(always)]
            pub(super) unsafe fn write_frame<'b, const TRUSTED: bool>(&self, writer: Writer<'b>) -> Written<'b> {
                // SAFETY: this function's own contract.
                frame::write_frame(writer, |writer| unsafe { self.write::<TRUSTED>(writer) })
            }
        }
    };
}

payloads! {
    login sp2_login: Login;
    connected sp2_connected: Connected;
    disconnected sp2_disconnected: Disconnected;
    logout sp2_logout: Logout;
    buddy sp2_buddy: BuddyChanged BuddyRemoved BuddyTyping BuddyTyped BuddyStoppedTyping AuthRequest;
    buddies sp2_buddies: Buddies;
    status sp2_status: StatusChanged;
    vcard sp2_vcard: VCard;
    conversation_message sp2_conversation_message: ConvMessage ConvMessageAck Attention RoomSubjectChanged;
    room sp2_room: JoinRoom LeaveRoom RoomNicknameChanged;
    participant sp2_participant: ParticipantChanged;
    room_list sp2_room_list: RoomList;
    backend_config sp2_backend_config: BackendConfig Query;
    stats sp2_stats: Stats;
    api_version sp2_api_version: ApiVersion;
    file sp2_file: FtStart FtFinish FtPause FtContinue;
    file_transfer_data sp2_file_transfer_data: FtData;
}

/// A member of the union: a message, or a text.
trait Member<'a> {
    /// As [`Struct::read_to`].
    ///
    /// # Safety
    /// Likewise.
    unsafe fn read_to(place: *mut Self, cursor: Cursor<'a, false>) -> Option<()>;
}

impl<'a, S: Struct<'a>> Member<'a> for S {
    #[inline(always)]
    unsafe fn read_to(place: *mut Self, cursor: Cursor<'a, false>) -> Option<()> {
        // SAFETY: this function's own contract.
        unsafe { Struct::read_to(place, cursor) }
    }
}

impl<'a> Member<'a> for sp2_str {
    #[inline(always)]
    unsafe fn read_to(place: *mut Self, cursor: Cursor<'a, false>) -> Option<()> {
        // SAFETY: this function's own contract.
        unsafe { place.write(cursor.expected_text()?.mirror()) };
        Some(())
    }
}

/// Decodes the `length` bytes from `bytes`, which are the payload and the end of `body`, to a member of a payload.
/// One function for each, as in Rust.
///
/// Of C, since such functions do not unwind: [`sp2_decode`] ends with a jump to it, and keeps nothing for
/// afterwards. The parameters stand where they are in that function.
///
/// # Safety
/// As [`sp2_decode`].
#[inline(never)]
unsafe extern "C" fn decode_member<'a, M: Member<'a>>(
    body: *const u8,
    bytes: *const u8,
    payload: *mut sp2_payload,
    error: *mut sp2_error,
    length: usize,
) -> sp2_result {
    // SAFETY: this function's own contract; the members of a union begin where it does.
    unsafe {
        let place = (&raw mut (*payload).r#as).cast::<M>();
        match M::read_to(place, Cursor::new(slice::from_raw_parts(bytes, length))) {
            Some(()) => sp2_result::SP2_OK,
            None => {
                let before = bytes.addr().wrapping_sub(body.addr());
                decode_any(body, before.wrapping_add(length), payload, error)
            }
        }
    }
}

/// Writes a wrapper around a message. One function for each, as in Rust.
///
/// # Safety
/// What the message points to stays as it is during `'a`.
#[inline(never)]
unsafe fn write_message<'a, 'b, S: Struct<'a>, const TRUSTED: bool>(
    message: &'a S,
    writer: Writer<'b>,
    of: Type,
) -> Written<'b> {
    // SAFETY: this function's own contract.
    unsafe { write_wrapped(writer, of, message.at_least(), |writer| message.write::<TRUSTED>(writer)) }
}

/// Writes a wrapper around a text.
///
/// # Safety
/// As [`write_message`].
#[inline(never)]
unsafe fn write_xml<'b, const TRUSTED: bool>(xml: &sp2_str, writer: Writer<'b>) -> Written<'b> {
    // SAFETY: this function's own contract.
    let xml = unsafe { text_bytes(xml) }?;
    write_wrapped(writer, Type::RawXml, xml.len(), |writer| writer.raw_text::<TRUSTED>(xml))
}

/// Writes a wrapper without a payload.
#[inline(never)]
fn write_type(type_number: i32, writer: Writer<'_>) -> Written<'_> {
    Wrapper { type_number, payload: None }.write(writer)
}

/// Writes a wrapper of a type that the schema does not know.
///
/// # Safety
/// As [`write_message`].
#[inline(never)]
unsafe fn write_unknown<'b>(type_number: i32, payload: &sp2_bytes, writer: Writer<'b>) -> Written<'b> {
    // SAFETY: this function's own contract.
    write_bytes(type_number, right(unsafe { Viewed::view(payload) })?, writer)
}

/// Makes a result of a failure, and tells it.
///
/// # Safety
/// `error` is NULL or points to an error that may be written.
#[inline(always)]
pub(super) unsafe fn told<T>(result: Result<T, impl Failure>, error: *mut sp2_error) -> Result<T, sp2_result> {
    // SAFETY: this function's own contract.
    result.map_err(|failure| unsafe { failure.tell(error) })
}

/// The bytes that a caller wants to be decoded.
///
/// # Safety
/// Unless it is NULL, `pointer` points to `length` bytes that stay as they are during `'a`.
#[inline(always)]
unsafe fn body<'a>(pointer: *const u8, length: usize, error: *mut sp2_error) -> Result<&'a [u8], sp2_result> {
    // SAFETY: this function's own contract, and the caller's.
    unsafe {
        if length > MAX_MESSAGE_LENGTH {
            return Err(Fault::from(sp2_result::SP2_MESSAGE_TOO_LONG).tell(error));
        }
        told(memory(pointer, length), error)
    }
}

/// Encodes into memory of the caller: the body of a frame or, `FRAMED`, all of it. `TRUSTED` says that strings are known
/// to be UTF-8.
///
/// # Safety
/// As [`sp2_encode`].
#[inline(always)]
pub(super) unsafe fn encode<const FRAMED: bool, const TRUSTED: bool>(
    payload: *const sp2_payload,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: this function's own contract.
    unsafe {
        match encode_right::<FRAMED, TRUSTED>(payload, buffer, capacity, length) {
            Ok(()) => sp2_result::SP2_OK,
            Err(Full) => refuse::<FRAMED, TRUSTED>(payload, buffer, capacity, length, error),
        }
    }
}

/// Encodes a payload that is right, where there is room for it.
///
/// # Safety
/// As [`sp2_encode`].
#[inline(always)]
unsafe fn encode_right<const FRAMED: bool, const TRUSTED: bool>(
    payload: *const sp2_payload,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> Result<(), Full> {
    if payload.is_null() || buffer.is_null() || length.is_null() {
        return Err(Full);
    }
    // What a slice can be at most is enough for any message.
    let capacity = capacity.min(isize::MAX as usize);
    // SAFETY: not NULL; the rest is this function's own contract. Nothing is read there but what was written.
    unsafe {
        let writer = Writer::new(slice::from_raw_parts_mut(buffer, capacity));
        let behind =
            if FRAMED { (*payload).write_frame::<TRUSTED>(writer) } else { (*payload).write::<TRUSTED>(writer) };
        let written = capacity.wrapping_sub(behind?.left());
        if written > MAX_MESSAGE_LENGTH {
            return Err(Full);
        }
        length.write(written);
    }
    Ok(())
}

/// Tells why a payload cannot be encoded.
///
/// Of C, since such functions do not unwind: whoever calls it keeps nothing for afterwards.
///
/// # Safety
/// As [`sp2_encode`].
#[cold]
#[inline(never)]
unsafe extern "C" fn refuse<const FRAMED: bool, const TRUSTED: bool>(
    payload: *const sp2_payload,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: this function's own contract.
    guard(error, || unsafe {
        let needed = encoded_len::<FRAMED, TRUSTED>(payload, error)?;
        output(length, error)?;
        if capacity != 0 {
            output(buffer, error)?;
        }
        // A received list whose count was raised makes a content's length be taken for longer than it is. Then what is
        // needed fits, and more is enough.
        Err(too_short(|| needed.max(capacity.saturating_add(1))).tell(error))
    })
}

/// Counts what [`encode`] writes.
///
/// # Safety
/// As [`sp2_encoded_len`].
#[inline(always)]
pub(super) unsafe fn count<const FRAMED: bool, const TRUSTED: bool>(
    payload: *const sp2_payload,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: this function's own contract.
    guard(error, || unsafe {
        let encoded_len = encoded_len::<FRAMED, TRUSTED>(payload, error)?;
        output(length, error)?.write(encoded_len);
        Ok(())
    })
}

/// The number of bytes that [`encode`] writes.
///
/// # Safety
/// As [`sp2_encoded_len`].
#[inline(always)]
pub(super) unsafe fn encoded_len<const FRAMED: bool, const TRUSTED: bool>(
    payload: *const sp2_payload,
    error: *mut sp2_error,
) -> Result<usize, sp2_result> {
    // SAFETY: this function's own contract.
    let body_len = unsafe { told(given(payload, error)?.count(TRUSTED), error) }?;
    Ok(if FRAMED { HEADER_LEN.saturating_add(body_len) } else { body_len })
}

/// Decodes the body of a frame: `length` bytes from `bytes`, behind the header.
///
/// `payload` then points into `bytes`. When it fails, all of `payload` is zero.
///
/// # Safety
/// `bytes` points to `length` bytes; `payload` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_decode(
    bytes: *const u8,
    length: usize,
    payload: *mut sp2_payload,
    error: *mut sp2_error,
) -> sp2_result {
    if bytes.is_null() || payload.is_null() || length > MAX_MESSAGE_LENGTH || cfg!(spectrum2_plain) {
        // SAFETY: the caller's contract is theirs.
        return unsafe { decode_any(bytes, length, payload, error) };
    }
    // SAFETY: not NULL; the caller's contract is theirs.
    unsafe {
        let body = slice::from_raw_parts(bytes, length);
        match split_expected(body) {
            Some((of, bytes)) => sp2_payload::decode(of, bytes, body, payload, error),
            None => decode_any(bytes, length, payload, error),
        }
    }
}

/// Decodes any body, by way of Rust's messages.
///
/// # Safety
/// As [`sp2_decode`].
#[cold]
#[inline(never)]
unsafe extern "C" fn decode_any(
    bytes: *const u8,
    length: usize,
    place: *mut sp2_payload,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: this function's own contract.
    let result = guard(error, || unsafe {
        let place = output(place, error)?;
        plant(length == 0);
        let body = body(bytes, length, error)?;
        told(decode_in_place(body, place), error)
    });
    if result != sp2_result::SP2_OK && !place.is_null() {
        // Nothing half done is left, whatever came.
        // SAFETY: this function's own contract.
        unsafe { place.write_bytes(0, 1) };
    }
    result
}

/// Decodes into a payload of Rust's that stands where the one of C will: while decoding goes deep, firmware has no
/// stack for it.
///
/// # Safety
/// A payload may be written to `place`.
#[inline(always)]
unsafe fn decode_in_place(body: &[u8], place: &mut MaybeUninit<sp2_payload>) -> Result<(), DecodeError> {
    const {
        assert!(size_of::<Payload<'_>>() <= size_of::<sp2_payload>());
        assert!(align_of::<Payload<'_>>() <= align_of::<sp2_payload>());
    }
    let payload = place.as_mut_ptr().cast::<Payload<'_>>();
    // SAFETY: Rust's payload fits in there; it is written before it is looked at.
    unsafe {
        payload.write(Payload::Ping);
        (*payload).decode_any(body)?;
        mirror_in_place(place);
    }
    Ok(())
}

/// Makes C's payload of the one of Rust that stands in the same place.
///
/// # Safety
/// It stands there.
#[inline(never)]
unsafe fn mirror_in_place(place: &mut MaybeUninit<sp2_payload>) {
    // SAFETY: this function's own contract.
    let payload = unsafe { place.as_ptr().cast::<Payload<'_>>().read() };
    *place = MaybeUninit::zeroed();
    sp2_payload::put(&payload, place);
}

/// Decodes the body of a frame as `sp2_decode` does, but leaves its payload as it is.
///
/// # Safety
/// `bytes` points to `length` bytes; `wrapper` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_wrapper_decode(
    bytes: *const u8,
    length: usize,
    wrapper: *mut sp2_wrapper,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let body = body(bytes, length, error)?;
        let wrapper = output(wrapper, error)?;
        let Wrapper { type_number, payload } = told(Wrapper::decode(body), error)?;
        wrapper.write(sp2_wrapper { r#type: type_number, payload: payload.mirror() });
        Ok(())
    })
}

/// The number of bytes that `sp2_encode` writes.
///
/// # Safety
/// `payload` is one, with all that it points to; `length` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_encoded_len(
    payload: *const sp2_payload,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    unsafe { count::<false, false>(payload, length, error) }
}

/// The number of bytes that `sp2_encode_unchecked` writes.
///
/// # Safety
/// As [`sp2_encoded_len`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_encoded_len_unchecked(
    payload: *const sp2_payload,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    unsafe { count::<false, true>(payload, length, error) }
}

/// Encodes the body of a frame to the front of `buffer`, of `capacity` bytes, and writes its number of
/// bytes to `length`. `sp2_frame_encode` writes the header too.
///
/// Nothing that `payload` points to may lie in `buffer`. When it fails, what `buffer` holds is
/// unspecified. When it is too short, `needed` in the error says what is enough.
///
/// # Safety
/// `payload` is one, with all that it points to, outside of `buffer`; `buffer`, `length` and `error`
/// may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_encode(
    payload: *const sp2_payload,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    unsafe { encode::<false, false>(payload, buffer, capacity, length, error) }
}

/// Encodes the body of a frame as `sp2_encode` does, but does not look whether the strings are UTF-8:
/// you vouch for that, as a Rust program does by the type of its strings. They are when they come from
/// a payload that was decoded, or were checked before. It saves up to four tenths of the work.
///
/// Everything else is checked. Bytes that are not UTF-8 do no harm here; they go out as they are, and
/// cost the user's whole XMPP stream there.
///
/// # Safety
/// As [`sp2_encode`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_encode_unchecked(
    payload: *const sp2_payload,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    unsafe { encode::<false, true>(payload, buffer, capacity, length, error) }
}
