//! PING and PONG, LOGIN, CONV_MESSAGE and BUDDY_CHANGED, by the functions of each message.

use core::mem::size_of;
use core::slice;
use spectrum2::{Buddy, ConversationMessage, Login, Type, Wrapper, frame};

enum Message {
    Nothing(i32),
    Login(Login<'static>),
    Conversation(ConversationMessage<'static>),
    Buddy(Buddy<'static>),
}

/// The message that is kept.
static mut KEPT: Message = Message::Nothing(0);

#[unsafe(no_mangle)]
pub extern "C" fn codec_message_size() -> usize {
    size_of::<Message>()
}

fn decode(body: &'static [u8]) -> Option<Message> {
    let Wrapper { type_number, payload } = Wrapper::decode(body).ok()?;
    let payload = payload.unwrap_or_default();
    Some(match Type::from_number(type_number)? {
        Type::Login => Message::Login(Login::decode(payload).ok()?),
        Type::ConvMessage => Message::Conversation(ConversationMessage::decode(payload).ok()?),
        Type::BuddyChanged => Message::Buddy(Buddy::decode(payload).ok()?),
        _ => Message::Nothing(type_number),
    })
}

fn encode(message: &Message, buffer: &mut [u8]) -> Option<usize> {
    let mut payload = [0; 256];
    let (of, length) = match message {
        Message::Nothing(type_number) => {
            return frame::encode_wrapper(&Wrapper { type_number: *type_number, payload: None }, buffer).ok();
        }
        Message::Login(login) => (Type::Login, login.encode(&mut payload)),
        Message::Conversation(message) => (Type::ConvMessage, message.encode(&mut payload)),
        Message::Buddy(buddy) => (Type::BuddyChanged, buddy.encode(&mut payload)),
    };
    let wrapper = Wrapper { type_number: of.number(), payload: payload.get(..length.ok()?) };
    frame::encode_wrapper(&wrapper, buffer).ok()
}

/// # Safety
/// The bytes stay as they are until the next call; there is one thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn codec_decode(body: *const u8, length: usize) -> bool {
    // SAFETY: this function's own contract.
    let message = decode(unsafe { slice::from_raw_parts(body, length) });
    let is_decoded = message.is_some();
    if let Some(message) = message {
        // SAFETY: there is one thread.
        unsafe { *(&raw mut KEPT) = message };
    }
    is_decoded
}

/// # Safety
/// The buffer may be written, and lies outside of the bytes decoded; there is one thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn codec_encode(buffer: *mut u8, capacity: usize) -> usize {
    // SAFETY: this function's own contract.
    unsafe { encode(&*(&raw const KEPT), slice::from_raw_parts_mut(buffer, capacity)).unwrap_or(0) }
}
