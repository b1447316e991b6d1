//! Repeated fields, sent and received.

use spectrum2::{Attachment, Buddies, Buddy, ConversationMessage, List, Login, Payload, Room, RoomList, StrMap, Type};

use crate::common::wire::{LENGTH_DELIMITED, body, bytes, login_with, tag, text, varint_of};
use crate::decode;

fn room_list(payload: Payload<'_>) -> RoomList<'_> {
    let Payload::RoomList(list) = payload else { panic!("{payload:?}") };
    list
}

#[test]
fn elements_keep_their_order_between_other_fields() {
    let fields = [
        text(1, "a"),
        text(1, "b"),
        text(2, "A"),
        text(1, ""),
        text(9, "unknown"),
        text(3, "u"),
        text(2, "B"),
        text(1, "d"),
        text(2, ""),
    ];
    let expected =
        RoomList { room: List::from(&["a", "b", "", "d"]), name: List::from(&["A", "B", ""]), user: Some("u") };
    for turned in 0..fields.len() {
        let mut fields = fields.clone();
        let plain = body(Type::RoomList, &fields.concat());
        assert_eq!(room_list(decode(&plain)), expected);
        fields.rotate_left(turned);
        let turned = body(Type::RoomList, &fields.concat());
        let (received, mut rooms, mut names) = (room_list(decode(&turned)), vec![], vec![]);
        for field in &fields {
            let content = std::str::from_utf8(&field[2..]).unwrap();
            match field[0] >> 3 {
                1 => rooms.push(content),
                2 => names.push(content),
                _ => {}
            }
        }
        assert_eq!(received.room, List::from(rooms.as_slice()));
        assert_eq!(received.name, List::from(names.as_slice()));
    }
}

#[test]
fn messages_interleave_too() {
    let buddy = |name: &str, groups: &[&str]| {
        let groups: Vec<_> = groups.iter().flat_map(|group| text(4, group)).collect();
        bytes(1, &[groups, text(1, "u"), text(2, name)].concat())
    };
    let roster = body(
        Type::Buddies,
        &[buddy("a", &["x", "y"]), text(2, "unknown"), buddy("b", &[]), buddy("c", &["z"])].concat(),
    );
    let Payload::Buddies(Buddies { buddy }) = decode(&roster) else { panic!("{roster:x?}") };
    let expected: [(&str, &[&str]); 3] = [("a", &["x", "y"]), ("b", &[]), ("c", &["z"])];
    assert_eq!(buddy.len(), 3);
    for (buddy, (name, groups)) in buddy.iter().zip(expected) {
        assert_eq!(buddy, Buddy { user_name: "u", buddy_name: name, group: List::from(groups), ..Buddy::default() });
    }
}

#[test]
fn elements_may_have_long_tags_and_lengths() {
    let long = |content: &str| {
        [varint_of(1 << 3 | u64::from(LENGTH_DELIMITED), 5), varint_of(content.len() as u64, 5), content.into()]
            .concat()
    };
    for fields in [
        [long("a"), long("b"), text(1, "c")],
        [text(1, "a"), long("b"), long("c")],
        [long("a"), text(1, "b"), text(1, "c")],
    ] {
        assert!(room_list(decode(&body(Type::RoomList, &fields.concat()))).room.iter().eq(["a", "b", "c"]));
    }
}

#[test]
fn iterators_know_their_length() {
    let names = ["a", "b", "c"];
    let fields = [text(1, "a"), text(1, "b"), text(2, "other"), text(1, "c")].concat();
    let received = body(Type::RoomList, &fields);
    for list in [List::from(&names), room_list(decode(&received)).room] {
        let mut iterator = list.iter();
        for (position, name) in names.into_iter().enumerate() {
            assert_eq!(iterator.len(), names.len() - position);
            let again = iterator.clone();
            assert_eq!(iterator.next(), Some(name));
            assert!(again.eq(names[position..].iter().copied()));
        }
        assert_eq!(iterator.size_hint(), (0, Some(0)));
        assert_eq!((iterator.next(), iterator.next()), (None, None));
        assert_eq!((list.len(), list.is_empty()), (3, false));
        assert_eq!(format!("{list:?}"), format!("{names:?}"));
        assert!((&list).into_iter().eq(list));
    }
    assert!(List::<&str>::EMPTY.is_empty() && List::<&str>::default().iter().next().is_none());
}

#[test]
fn received_and_own_lists_are_equal_by_their_elements() {
    let received = body(Type::RoomList, &[text(1, "a"), text(1, "b")].concat());
    let received = room_list(decode(&received)).room;
    assert_eq!(received, List::from(&["a", "b"]));
    assert_eq!(List::from(&["a", "b"]), received);
    for other in [&["a"][..], &["a", "b", "c"], &["b", "a"], &[]] {
        assert_ne!(received, List::from(other));
    }
    let names = [text(1, "u"), text(2, "b"), text(3, "m")].concat();
    let received = body(Type::ConvMessage, &[names, bytes(11, &text(1, "url"))].concat());
    let attachment = [Attachment { url: "url", ..Attachment::default() }];
    let attachment = List::from(&attachment);
    let built = ConversationMessage { user_name: "u", buddy_name: "b", message: "m", attachment, ..Default::default() };
    assert_eq!(decode(&received), Payload::ConvMessage(built));
}

#[test]
fn maps_are_equal_by_what_their_keys_mean() {
    let one = StrMap::from(&[("a", "1"), ("b", "2")]);
    for same in [&[("b", "2"), ("a", "1")][..], &[("a", "0"), ("b", "2"), ("a", "1")]] {
        assert_eq!(one, StrMap::from(same));
        assert_eq!(StrMap::from(same), one);
    }
    for other in [&[("a", "1")][..], &[("a", "1"), ("b", "2"), ("c", "")], &[("a", "1"), ("b", "2"), ("a", "2")], &[]] {
        assert_ne!(one, StrMap::from(other));
        assert_ne!(StrMap::from(other), one);
    }
}

#[test]
fn passwords_are_not_shown() {
    let login = Login { user: "alice", password: "hunter2", ..Login::default() };
    let room = Room { room: "#den", password: Some("hunter2"), ..Room::default() };
    let received = login_with(&[tag(3, LENGTH_DELIMITED), vec![7], b"hunter2".to_vec()].concat());
    for payload in [Payload::Login(login), Payload::JoinRoom(room), decode(&received)] {
        for shown in [format!("{payload:?}"), format!("{payload:#?}")] {
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.contains("password"), "{shown}");
        }
    }
    assert!(format!("{login:?}").contains("alice") && format!("{room:?}").contains("#den"));
}
