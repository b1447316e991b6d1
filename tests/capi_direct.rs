//! The codec of the C ABI, called from Rust, so that Miri can watch it:
//! `MIRIFLAGS=-Zmiri-permissive-provenance cargo +nightly miri test --features capi --test capi_direct`.
#![cfg(feature = "capi")]

use std::mem::MaybeUninit;
use std::ptr;

use spectrum2::capi::{
    sp2_buddy_list, sp2_buddy_list_next, sp2_decode, sp2_encode, sp2_payload, sp2_received, sp2_result,
};
use spectrum2::{Buddies, Buddy, List, Payload, RoomList};

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
