//! What firmware would do with the codec, on recorded frames. `None` says that something was wrong.

use crate::FRAMES;
use core::hint::black_box;
use spectrum2::frame::{self, DEFAULT_LIMIT, Frame, HEADER_LEN, Split, split};
use spectrum2::{
    Connected, ConversationMessage, DecodeError, DecodeErrorKind, EncodeError, List, Login, Payload, StrMap,
    UserSettings, Wrapper,
};

type Check = fn(received: &[u8]) -> Option<()>;

pub const CHECKS: &[Check] = &[
    every_frame_comes_back,
    login_has_all_fields,
    message_has_all_fields,
    answers_are_as_recorded,
    #[cfg(feature = "heapless")]
    fixed_buffer_receives_and_sends,
    #[cfg(feature = "alloc")]
    owned_frames_come_back,
];

/// Longer than each of the recorded frames.
const BUFFER_LEN: usize = 4096;

fn ensure(condition: bool) -> Option<()> {
    condition.then_some(())
}

/// Splits what is received, and hands out each frame together with the one that was recorded.
fn for_each_frame(mut received: &[u8], mut check: impl FnMut(Frame<'_>, &[u8]) -> Option<()>) -> Option<()> {
    let mut recorded = black_box(FRAMES.as_slice());
    while let Split::Complete(frame, behind) = split(received, DEFAULT_LIMIT).ok()? {
        let (expected, recorded_behind) = recorded.split_at_checked(HEADER_LEN + frame.body().len())?;
        check(frame, expected)?;
        (received, recorded) = (behind, recorded_behind);
    }
    ensure(received.is_empty() && recorded.is_empty())
}

/// Some calls were recorded with text that is not UTF-8: it holds the byte 0xff.
fn refused_rightly(frame: Frame<'_>, error: DecodeError) -> Option<()> {
    ensure(error.kind() == DecodeErrorKind::InvalidUtf8 && frame.body().contains(&0xff))
}

fn every_frame_comes_back(received: &[u8]) -> Option<()> {
    let mut buffer = [0; BUFFER_LEN];
    for_each_frame(received, |frame, expected| {
        let payload = match frame.decode() {
            Ok(payload) => payload,
            Err(error) => return refused_rightly(frame, error),
        };
        let wrapper = Wrapper::decode(frame.body()).ok()?;
        ensure(wrapper.type_number == payload.type_number() && wrapper.decode_payload() == Ok(payload))?;

        let length = frame::encode(&payload, &mut buffer).ok()?;
        let encoded = buffer.get(..length)?;
        let body = encoded.get(HEADER_LEN..)?;
        ensure(encoded == expected && Payload::decode(body) == Ok(payload))?;

        let length = payload.encode(&mut buffer).ok()?;
        ensure(buffer.get(..length) == expected.get(HEADER_LEN..))?;
        let too_short = buffer.get_mut(..length.checked_sub(1)?)?;
        ensure(payload.encode(too_short) == Err(EncodeError::BufferTooShort { needed: length }))
    })
}

/// The first payload that `select` takes.
fn find<'a, T>(mut received: &'a [u8], select: impl Fn(Payload<'a>) -> Option<T>) -> Option<T> {
    while let Split::Complete(frame, behind) = split(received, DEFAULT_LIMIT).ok()? {
        if let Some(found) = frame.decode().ok().and_then(&select) {
            return Some(found);
        }
        received = behind;
    }
    None
}

fn find_login(received: &[u8]) -> Option<Login<'_>> {
    find(received, |payload| if let Payload::Login(login) = payload { Some(login) } else { None })
}

fn find_message(received: &[u8]) -> Option<ConversationMessage<'_>> {
    find(received, |payload| if let Payload::ConvMessage(message) = payload { Some(message) } else { None })
}

fn login_has_all_fields(received: &[u8]) -> Option<()> {
    let Login { user, legacy_name, password, extra_fields, settings } = find_login(received)?;
    let UserSettings { value: settings } = settings?;
    ensure(user == "alice@localhost" && legacy_name == "alice" && password == "pw1")?;
    ensure(extra_fields.is_empty() && extra_fields.iter().next().is_none())?;
    ensure(settings.get("stay_connected") == Some("0") && settings.get("enable_transport") == Some("1"))?;
    ensure(settings.get("send_headlines") == Some("0") && settings.entries().iter().count() == 3)
}

fn message_has_all_fields(received: &[u8]) -> Option<()> {
    let message = find_message(received)?;
    let expected = ConversationMessage {
        // Both frames are of the same user.
        user_name: find_login(received)?.user,
        buddy_name: "echo",
        message: "hello",
        nickname: None,
        xhtml: Some(""),
        timestamp: None,
        headline: None,
        id: None,
        pm: None,
        carbon: None,
        attachment: List::EMPTY,
    };
    ensure(message == expected)
}

/// Whether a frame like the one that `payload` makes was recorded.
fn was_recorded(payload: &Payload<'_>) -> Option<()> {
    let mut buffer = [0; BUFFER_LEN];
    let length = frame::encode(payload, &mut buffer).ok()?;
    let mut recorded = false;
    for_each_frame(FRAMES, |_, expected| {
        recorded |= buffer.get(..length) == Some(expected);
        Some(())
    })?;
    ensure(recorded)
}

fn answers_are_as_recorded(received: &[u8]) -> Option<()> {
    let login = find_login(received)?;
    let message = find_message(received)?;
    was_recorded(&Payload::Connected(Connected { user: login.user }))?;
    was_recorded(&Payload::ConvMessage(ConversationMessage {
        nickname: Some(""),
        timestamp: Some(""),
        headline: Some(false),
        pm: Some(false),
        carbon: Some(false),
        ..message
    }))?;
    // The settings, as a map of our own.
    let entries = [("stay_connected", "0"), ("enable_transport", "1"), ("send_headlines", "0")];
    let settings = UserSettings { value: StrMap::from(&entries) };
    was_recorded(&Payload::Login(Login { settings: Some(settings), ..login }))
}

#[cfg(feature = "heapless")]
fn fixed_buffer_receives_and_sends(received: &[u8]) -> Option<()> {
    use spectrum2::frame::FrameBuffer;

    /// Pieces of a length that no frame has.
    const PIECE: usize = 5;
    let mut receiving = FrameBuffer::<BUFFER_LEN>::new();
    let mut sending = FrameBuffer::<BUFFER_LEN>::new();
    let mut recorded = black_box(FRAMES.as_slice());
    for piece in received.chunks(PIECE) {
        ensure(receiving.push(piece) == piece.len())?;
        while let Some(frame) = receiving.next_frame().ok()? {
            let (expected, behind) = recorded.split_at_checked(HEADER_LEN + frame.body().len())?;
            recorded = behind;
            match frame.decode() {
                Ok(payload) => sending.write(&payload).ok()?,
                Err(error) => {
                    refused_rightly(frame, error)?;
                    continue;
                }
            }
            ensure(sending.bytes() == expected)?;
            sending.consume(expected.len());
        }
    }
    ensure(recorded.is_empty() && receiving.bytes().is_empty() && sending.bytes().is_empty())
}

#[cfg(feature = "alloc")]
fn owned_frames_come_back(received: &[u8]) -> Option<()> {
    extern crate alloc;
    use alloc::vec::Vec;

    let mut frames = Vec::new();
    for_each_frame(received, |frame, expected| {
        frames.push((frame.into_owned(), expected.len()));
        Some(())
    })?;
    let mut stream = Vec::new();
    for (frame, length) in &frames {
        let start = stream.len();
        match frame.decode() {
            Ok(payload) => ensure(frame::encode_to_vec(&payload, &mut stream) == Ok(*length))?,
            Err(error) => {
                refused_rightly(frame.as_frame(), error)?;
                stream.extend_from_slice(FRAMES.get(start..start + length)?);
            }
        }
    }
    ensure(stream == FRAMES)
}
