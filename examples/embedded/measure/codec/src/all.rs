use core::mem::size_of;
use core::slice;
use spectrum2::{Attachment, Buddy, List, Payload, StrMap, frame};

/// The message that is kept.
static mut KEPT: Payload<'static> = Payload::Ping;

#[unsafe(no_mangle)]
pub extern "C" fn codec_message_size() -> usize {
    size_of::<Payload<'static>>()
}

/// # Safety
/// The bytes stay as they are until the next call; there is one thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn codec_decode(body: *const u8, length: usize) -> bool {
    // SAFETY: this function's own contract.
    unsafe { (*(&raw mut KEPT)).decode_from(slice::from_raw_parts(body, length)).is_ok() }
}

fn texts_of(list: &List<'_, &str>) -> usize {
    list.iter().map(str::len).sum()
}

fn entries_of(map: &StrMap<'_>) -> usize {
    map.entries().iter().map(|(key, value)| key.len() + value.len()).sum()
}

fn buddies_of(list: &List<'_, Buddy<'_>>) -> usize {
    list.iter().map(|buddy| buddy.buddy_name.len() + texts_of(&buddy.group)).sum()
}

fn attachments_of(list: &List<'_, Attachment<'_>>) -> usize {
    list.iter().map(|attachment| attachment.url.len() + attachment.mime_type.map_or(0, str::len)).sum()
}

/// # Safety
/// The bytes that were decoded are as they were; there is one thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn codec_read_lists() -> usize {
    // SAFETY: this function's own contract.
    match unsafe { &*(&raw const KEPT) } {
        Payload::Login(login) => {
            texts_of(&login.extra_fields) + login.settings.map_or(0, |settings| entries_of(&settings.value))
        }
        Payload::BuddyChanged(buddy) => texts_of(&buddy.group),
        Payload::Buddies(buddies) => buddies_of(&buddies.buddy),
        Payload::ConvMessage(message) => attachments_of(&message.attachment),
        Payload::RoomList(rooms) => texts_of(&rooms.room) + texts_of(&rooms.name),
        _ => 0,
    }
}

/// # Safety
/// The buffer may be written, and lies outside of the bytes decoded; there is one thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn codec_encode(buffer: *mut u8, capacity: usize) -> usize {
    // SAFETY: this function's own contract.
    unsafe { frame::encode(&*(&raw const KEPT), slice::from_raw_parts_mut(buffer, capacity)).unwrap_or(0) }
}
