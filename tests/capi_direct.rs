//! The codec of the C ABI, called from Rust, so that Miri can watch it:
//! `MIRIFLAGS=-Zmiri-strict-provenance cargo +nightly miri test --features capi --test capi_direct`.
#![cfg(feature = "capi")]

use std::mem::MaybeUninit;
use std::ptr;

use spectrum2::capi::{
    sp2_attachment, sp2_buddy_list, sp2_buddy_list_next, sp2_connected, sp2_conversation_message, sp2_decode,
    sp2_encode, sp2_encode_unchecked, sp2_encoded_len, sp2_encoded_len_unchecked, sp2_entry, sp2_error, sp2_login,
    sp2_payload, sp2_received, sp2_result, sp2_str,
};
use spectrum2::{Buddies, Buddy, List, Payload, RoomList, Type};

fn encoded(payload: &Payload<'_>) -> Vec<u8> {
    let mut body = vec![0; payload.encoded_len()];
    assert_eq!(payload.encode(&mut body), Ok(body.len()));
    body
}

/// Points into the body.
fn decoded(body: &[u8]) -> sp2_payload {
    let mut payload = MaybeUninit::<sp2_payload>::uninit();
    // SAFETY: the body is there, and the payload may be written.
    let decoded = unsafe { sp2_decode(body.as_ptr(), body.len(), payload.as_mut_ptr(), ptr::null_mut()) };
    assert_eq!(decoded, sp2_result::SP2_OK);
    // SAFETY: written, as the result says.
    unsafe { payload.assume_init() }
}

fn check(body: &[u8], expected: &[u8], contacts: usize) {
    let payload = decoded(body);
    for capacity in 0..=expected.len() {
        let mut buffer = vec![0; capacity];
        let mut length = 0;
        // SAFETY: all pointers are to what is there.
        let encoded = unsafe { sp2_encode(&payload, buffer.as_mut_ptr(), capacity, &mut length, ptr::null_mut()) };
        if capacity < expected.len() {
            assert_eq!(encoded, sp2_result::SP2_BUFFER_TOO_SHORT);
        } else {
            assert_eq!((encoded, &buffer[..length]), (sp2_result::SP2_OK, expected));
        }
    }
    // SAFETY: the member of the type.
    let mut list = unsafe { payload.r#as.buddies.buddy };
    let mut contact = MaybeUninit::uninit();
    // SAFETY: the body that the list points to is there.
    let count =
        std::iter::from_fn(|| unsafe { (sp2_buddy_list_next(&mut list, contact.as_mut_ptr()) == 1).then_some(()) });
    assert_eq!(count.count(), contacts);
}

#[test]
fn a_roster_is_the_same_after_its_way_through_c() {
    let groups = ["Work", "Freunde und Verwandtschaft, die man nur an Weihnachten sieht: grüße"];
    let contacts = [
        Buddy {
            alias: Some(""),
            group: List::from(&groups),
            user_name: "me@example.org",
            buddy_name: "you",
            ..Buddy::default()
        },
        Buddy { blocked: Some(true), user_name: "me@example.org", buddy_name: "them", ..Buddy::default() },
    ];
    let body = encoded(&Payload::Buddies(Buddies { buddy: List::from(&contacts) }));
    check(&body, &body, 2);
    // An unknown field behind the contacts, and the type behind the payload: nothing comes as expected.
    let (of, field) = body.split_at(2);
    assert!(field[2] & 0x80 == 0 && field[1] & 0x80 != 0, "a length of two bytes");
    let mut unusual = vec![field[0], field[1] + 2, field[2]];
    unusual.extend(&field[3..]);
    unusual.extend([0x78, 1]);
    unusual.extend(of);
    check(&unusual, &body, 2);
}

/// Against the contract, but a program that does so must not take a frame for whole that is not.
#[test]
fn a_received_list_whose_count_was_raised_ends_where_it_ended() {
    let rooms = ["room"];
    let body = encoded(&Payload::RoomList(RoomList { room: List::from(&rooms), ..RoomList::default() }));
    let mut payload = decoded(&body);
    for count in [100, 100_000] {
        payload.r#as.room_list.room.count = count;
        let mut buffer = vec![0; 1 << 20];
        let mut length = 0;
        // SAFETY: all pointers are to what is there.
        let result = unsafe { sp2_encode(&payload, buffer.as_mut_ptr(), buffer.len(), &mut length, ptr::null_mut()) };
        assert_eq!((result, &buffer[..length]), (sp2_result::SP2_OK, &body[..]));
    }
}

/// Who asks what is needed comes to an end.
#[test]
fn a_buffer_that_is_too_short_for_a_count_that_was_raised_is_told_to_grow() {
    let rooms = ["room"];
    let body = encoded(&Payload::RoomList(RoomList { room: List::from(&rooms), ..RoomList::default() }));
    let mut payload = decoded(&body);
    payload.r#as.room_list.room.count = 100;
    let mut buffer = vec![0; body.len()];
    let mut length = 0;
    let mut error = MaybeUninit::<sp2_error>::uninit();
    loop {
        let (start, capacity) = (buffer.as_mut_ptr(), buffer.len());
        // SAFETY: all pointers are to what is there.
        let result = unsafe { sp2_encode(&payload, start, capacity, &mut length, error.as_mut_ptr()) };
        if result == sp2_result::SP2_OK {
            break;
        }
        assert_eq!(result, sp2_result::SP2_BUFFER_TOO_SHORT);
        // SAFETY: written, as the result says.
        let needed = unsafe { error.assume_init_ref() }.needed;
        assert!((capacity + 1..=body.len() + 8).contains(&needed), "{needed} in place of {capacity}");
        buffer.resize(needed, 0);
    }
    assert_eq!(buffer[..length], body);
}

#[test]
fn what_a_list_without_elements_holds_besides_is_not_looked_at() {
    let mut payload = decoded(&encoded(&Payload::RoomList(RoomList::default())));
    payload.r#as.room_list.room.received.bytes = ptr::dangling();
    payload.r#as.room_list.room.received.length = usize::MAX;
    let mut length = 0;
    // SAFETY: all pointers are to what is there, and the list has no element.
    assert_eq!(unsafe { sp2_encoded_len(&payload, &mut length, ptr::null_mut()) }, sp2_result::SP2_OK);
    let mut buffer = vec![0; length];
    // SAFETY: as above.
    let result = unsafe { sp2_encode(&payload, buffer.as_mut_ptr(), buffer.len(), &mut length, ptr::null_mut()) };
    assert_eq!((result, length), (sp2_result::SP2_OK, buffer.len()));
}

#[test]
fn a_list_of_ones_own_is_one_whatever_the_rest_of_it_says() {
    let mut list = sp2_buddy_list {
        items: ptr::null(),
        count: 1,
        received: sp2_received { bytes: ptr::null(), length: 8, begun: 0, tag: 0x0a, outer_tag: 0 },
    };
    let mut contact = MaybeUninit::uninit();
    // SAFETY: nothing is there, and nothing is said to be.
    assert_eq!(unsafe { sp2_buddy_list_next(&mut list, contact.as_mut_ptr()) }, 0);
}

/// A payload with nothing in it.
fn empty(of: Type) -> sp2_payload {
    // SAFETY: pointers and numbers.
    let mut payload: sp2_payload = unsafe { MaybeUninit::zeroed().assume_init() };
    payload.r#type = of.number();
    payload
}

fn str_of(bytes: &[u8]) -> sp2_str {
    sp2_str { ptr: bytes.as_ptr().cast(), len: bytes.len() }
}

/// Encodes into memory that nobody has initialized, of just the length, without a look at the strings.
fn encoded_unchecked(payload: &sp2_payload) -> Vec<u8> {
    let mut length = 0;
    // SAFETY: all pointers are to what is there.
    unsafe {
        assert_eq!(sp2_encoded_len(payload, &mut length, ptr::null_mut()), sp2_result::SP2_INVALID_UTF8);
        assert_eq!(sp2_encoded_len_unchecked(payload, &mut length, ptr::null_mut()), sp2_result::SP2_OK);
    }
    let mut buffer = Vec::with_capacity(length);
    let (into, capacity) = (buffer.as_mut_ptr(), length);
    // SAFETY: as above; what is written is initialized.
    unsafe {
        let result = sp2_encode_unchecked(payload, into, capacity - 1, &mut length, ptr::null_mut());
        assert_eq!(result, sp2_result::SP2_BUFFER_TOO_SHORT);
        let result = sp2_encode_unchecked(payload, into, capacity, &mut length, ptr::null_mut());
        assert_eq!((result, length), (sp2_result::SP2_OK, capacity));
        buffer.set_len(length);
    }
    buffer
}

/// They are bytes all the way: no `&str` is made of them.
#[test]
fn bytes_that_are_not_utf8_go_out_as_they_are() {
    let wrong = str_of(b"\xff\xc3");
    let mut payload = empty(Type::Connected);
    payload.r#as.connected = sp2_connected { user: wrong };
    assert_eq!(encoded_unchecked(&payload), b"\x08\x01\x12\x04\x0a\x02\xff\xc3");

    let mut payload = empty(Type::Login);
    let entries = [sp2_entry { key: wrong, value: str_of(b"") }];
    // SAFETY: the member of the type.
    let login: &mut sp2_login = unsafe { &mut payload.r#as.login };
    (login.extra_fields.items, login.extra_fields.count) = (&wrong, 1);
    login.settings.is_set = 1;
    (login.settings.value.value.items, login.settings.value.value.count) = (entries.as_ptr(), 1);
    let expected = b"\x0a\0\x12\0\x1a\0\x22\x02\xff\xc3\x2a\x08\x0a\x06\x0a\x02\xff\xc3\x12\0";
    assert_eq!(encoded_unchecked(&payload)[4..], expected[..]);

    let mut payload = empty(Type::ConvMessage);
    let long = [0xff; 150];
    // SAFETY: pointers and numbers.
    let mut attachment: sp2_attachment = unsafe { MaybeUninit::zeroed().assume_init() };
    attachment.mime_type = str_of(&long);
    // SAFETY: the member of the type.
    let message: &mut sp2_conversation_message = unsafe { &mut payload.r#as.conversation_message };
    (message.attachment.items, message.attachment.count) = (&attachment, 1);
    assert!(encoded_unchecked(&payload).ends_with(&long));

    let mut payload = empty(Type::RawXml);
    payload.r#as.raw_xml = wrong;
    assert_eq!(encoded_unchecked(&payload), b"\x08\x22\x12\x02\xff\xc3");
}
