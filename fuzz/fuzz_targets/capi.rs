//! The C ABI, called as a C program does: the same as in Rust comes out.
#![no_main]

use std::mem::MaybeUninit;
use std::ptr;

use libfuzzer_sys::fuzz_target;
use spectrum2::capi::*;
use spectrum2::frame::{self, HEADER_LEN, Split};
use spectrum2::{DecodeError, EncodeError, Payload, Wrapper};
use spectrum2_fuzz::c::{bytes, call, text};

fuzz_target!(|data: &[u8]| {
    let Some((limit, stream)) = data.split_first() else { return };
    split(stream, usize::from(*limit));
    wrapper(stream);
    // As it came, and after an error that was not asked for.
    decode(stream);
    // SAFETY: the outputs are NULL, which is allowed.
    let refused = unsafe { sp2_decode(stream.as_ptr(), stream.len(), ptr::null_mut(), ptr::null_mut()) };
    assert_eq!(refused, sp2_result::SP2_NULL_POINTER);
});

fn split(stream: &[u8], limit: usize) {
    // SAFETY: all pointers are to what is there.
    let theirs = call(|body, error| unsafe { sp2_frame_split(stream.as_ptr(), stream.len(), limit, body, error) });
    match (frame::split(stream, limit), theirs) {
        (Ok(Split::Complete(frame, _)), Ok(body)) => assert_eq!(bytes(body.ptr, body.len), frame.body()),
        (Ok(Split::Partial { needed }), Err(error)) => {
            assert_eq!((error.code, error.needed), (sp2_result::SP2_INCOMPLETE as i32, needed));
        }
        (Err(_), Err(error)) => assert_eq!(error.code, sp2_result::SP2_FRAME_TOO_LARGE as i32),
        (ours, _) => panic!("{ours:?}"),
    }
}

fn same_error(ours: DecodeError, theirs: &sp2_error) {
    assert_eq!(sp2_is_malformed(theirs.code), 1);
    assert_eq!(theirs.offset, ours.offset());
    assert_eq!(text(theirs.message), ours.message());
    assert_eq!(text(theirs.field), ours.field().unwrap_or_default());
}

fn wrapper(body: &[u8]) {
    // SAFETY: all pointers are to what is there.
    let theirs = call(|wrapper, error| unsafe { sp2_wrapper_decode(body.as_ptr(), body.len(), wrapper, error) });
    match (Wrapper::decode(body), theirs) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(theirs.r#type, ours.type_number);
            assert_eq!(theirs.payload.ptr.is_null(), ours.payload.is_none());
            assert_eq!(bytes(theirs.payload.ptr, theirs.payload.len), ours.payload.unwrap_or_default());
        }
        (Err(ours), Err(theirs)) => same_error(ours, &theirs),
        (ours, _) => panic!("{ours:?}"),
    }
}

fn decode(body: &[u8]) {
    // SAFETY: all pointers are to what is there.
    let theirs = call(|payload, error| unsafe { sp2_decode(body.as_ptr(), body.len(), payload, error) });
    let (ours, theirs) = match (Payload::decode(body), theirs) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Err(ours), Err(theirs)) => return same_error(ours, &theirs),
        (ours, _) => panic!("{ours:?}"),
    };
    assert_eq!(theirs.r#type, ours.type_number());
    encode(&ours, &theirs);
    with_lists_of_its_own(&ours, theirs);
}

/// C encodes to the same bytes, into any buffer that is long enough and into no other.
fn encode(ours: &Payload<'_>, theirs: &sp2_payload) {
    let mut frame = vec![0; frame::encoded_len(ours)];
    assert_eq!(frame::encode(ours, &mut frame), Ok(frame.len()));
    for encoded_len in [sp2_encoded_len, sp2_encoded_len_unchecked] {
        // SAFETY: all pointers are to what is there.
        let length = call(|length, error| unsafe { encoded_len(theirs, length, error) });
        assert!(length.is_ok_and(|length| length == frame.len() - HEADER_LEN));
    }
    for frame_encoded_len in [sp2_frame_encoded_len, sp2_frame_encoded_len_unchecked] {
        // SAFETY: as above.
        let length = call(|length, error| unsafe { frame_encoded_len(theirs, length, error) });
        assert!(length.is_ok_and(|length| length == frame.len()));
    }
    for capacity in [0, frame.len() / 2, frame.len() - HEADER_LEN - 1, frame.len() - 1, frame.len()] {
        // A buffer of its own, whose end is watched.
        let mut buffer = vec![0; capacity].into_boxed_slice();
        for frame_encode in [sp2_frame_encode, sp2_frame_encode_unchecked] {
            let into = buffer.as_mut_ptr();
            // SAFETY: all pointers are to what is there.
            let encoded = call(|length, error| unsafe { frame_encode(theirs, into, capacity, length, error) });
            check_encoded(encoded, &buffer, frame::encode(ours, &mut vec![0; capacity]), &frame);
        }
        for encode in [sp2_encode, sp2_encode_unchecked] {
            let into = buffer.as_mut_ptr();
            // SAFETY: all pointers are to what is there.
            let encoded = call(|length, error| unsafe { encode(theirs, into, capacity, length, error) });
            check_encoded(encoded, &buffer, ours.encode(&mut vec![0; capacity]), &frame[HEADER_LEN..]);
        }
    }
}

fn check_encoded(encoded: Result<usize, sp2_error>, buffer: &[u8], ours: Result<usize, EncodeError>, expected: &[u8]) {
    match (encoded, ours) {
        (Ok(length), Ok(_)) => assert_eq!(&buffer[..length], expected),
        (Err(error), Err(EncodeError::BufferTooShort { needed })) => {
            assert_eq!((error.code, error.needed), (sp2_result::SP2_BUFFER_TOO_SHORT as i32, needed));
        }
        (_, ours) => panic!("{ours:?}"),
    }
}

/// Takes a list apart with its cursor.
fn items<L: Copy, T: Copy>(list: &L, next: unsafe extern "C" fn(*mut L, *mut T) -> i32) -> Vec<T> {
    let mut cursor = *list;
    let mut items = Vec::new();
    let mut item = MaybeUninit::uninit();
    // SAFETY: what the list points to is the input, or the items of a list made below.
    while unsafe { next(&mut cursor, item.as_mut_ptr()) } == 1 {
        // SAFETY: 1 says that it is written.
        items.push(unsafe { item.assume_init() });
    }
    items
}

/// A list of our own: what is the library's is zero.
macro_rules! list {
    ($list:ident, $items:expr) => {{
        // SAFETY: pointers and numbers.
        let mut list: $list = unsafe { MaybeUninit::zeroed().assume_init() };
        list.items = $items.as_ptr();
        list.count = $items.len();
        list
    }};
}

/// The message with arrays of C in place of received lists, down to the groups of a roster's
/// contacts, is encoded to the same bytes.
fn with_lists_of_its_own(ours: &Payload<'_>, mut payload: sp2_payload) {
    match ours {
        Payload::Login(_) => {
            // SAFETY: the member of the type.
            let login = unsafe { &mut payload.r#as.login };
            let extra_fields = items(&login.extra_fields, sp2_str_list_next);
            let entries = items(&login.settings.value.value, sp2_map_next);
            for entry in entries.iter().take(3) {
                let last = entries.iter().rfind(|other| text(other.key) == text(entry.key));
                // SAFETY: map and key are there.
                let value = unsafe { sp2_map_get(&login.settings.value.value, entry.key) };
                assert_eq!(last.map(|entry| text(entry.value)), Some(text(value)));
            }
            login.extra_fields = list!(sp2_str_list, extra_fields);
            login.settings.value.value = list!(sp2_map, entries);
            encode(ours, &payload);
        }
        Payload::RoomList(_) => {
            // SAFETY: the member of the type.
            let room_list = unsafe { &mut payload.r#as.room_list };
            let rooms = items(&room_list.room, sp2_str_list_next);
            let names = items(&room_list.name, sp2_str_list_next);
            room_list.room = list!(sp2_str_list, rooms);
            room_list.name = list!(sp2_str_list, names);
            encode(ours, &payload);
        }
        Payload::ConvMessage(_) => {
            // SAFETY: the member of the type.
            let message = unsafe { &mut payload.r#as.conversation_message };
            let attachments = items(&message.attachment, sp2_attachment_list_next);
            message.attachment = list!(sp2_attachment_list, attachments);
            encode(ours, &payload);
        }
        Payload::Buddies(_) => {
            // SAFETY: the member of the type.
            let buddies = unsafe { &mut payload.r#as.buddies };
            let mut contacts = items(&buddies.buddy, sp2_buddy_list_next);
            let groups: Vec<_> = contacts.iter().map(|contact| items(&contact.group, sp2_str_list_next)).collect();
            for (contact, groups) in contacts.iter_mut().zip(&groups) {
                contact.group = list!(sp2_str_list, groups);
            }
            buddies.buddy = list!(sp2_buddy_list, contacts);
            encode(ours, &payload);
        }
        _ => {}
    }
}
