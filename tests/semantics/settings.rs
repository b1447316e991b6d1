//! `Login.settings`: the singular message, whose occurrences merge, and the map in it.

use spectrum2::{Login, Payload, StrMap};

use crate::common::wire::{bytes, entry, group, int, login_with, text};
use crate::decode;

fn login(body: &[u8]) -> Login<'_> {
    let Payload::Login(login) = decode(body) else { panic!("{body:x?}") };
    login
}

fn check(fields: &[Vec<u8>], expected: &[(&str, &str)]) {
    let body = login_with(&fields.concat());
    let login = login(&body);
    let settings = login.settings.expect("settings").value;
    assert_eq!(settings.entries().len(), expected.len());
    assert!(settings.entries().iter().eq(expected.iter().copied()), "{settings:?}");
    for (key, _) in expected {
        assert_eq!(settings.get(key), expected.iter().rfind(|entry| entry.0 == *key).map(|entry| entry.1));
    }
    assert_eq!(settings.get("no such key"), None);
    assert_eq!(settings.is_empty(), expected.is_empty());
    assert_eq!(settings, StrMap::from(expected));
    // Sent on, the settings are one message.
    let mut sent = vec![0; body.len() + 100];
    let length = Payload::Login(login).encode(&mut sent).unwrap();
    let entries: Vec<u8> = expected.iter().flat_map(|(key, value)| bytes(1, &entry(key, value))).collect();
    let extra: Vec<u8> = login.extra_fields.iter().flat_map(|field| text(4, field)).collect();
    assert_eq!(sent[..length], login_with(&[extra, bytes(5, &entries)].concat()));
}

fn settings(entries: &[(&str, &str)]) -> Vec<u8> {
    bytes(5, &entries.iter().flat_map(|(key, value)| bytes(1, &entry(key, value))).collect::<Vec<_>>())
}

#[test]
fn one_occurrence() {
    check(&[settings(&[])], &[]);
    check(&[settings(&[("a", "1"), ("b", "2")])], &[("a", "1"), ("b", "2")]);
    assert_eq!(login(&login_with(&[])).settings, None);
}

#[test]
fn occurrences_merge() {
    let (a, b, c) = (settings(&[("a", "1")]), settings(&[("b", "2"), ("c", "3")]), settings(&[("d", "4")]));
    let empty = settings(&[]);
    check(&[a.clone(), b.clone()], &[("a", "1"), ("b", "2"), ("c", "3")]);
    check(&[b.clone(), a.clone(), c.clone()], &[("b", "2"), ("c", "3"), ("a", "1"), ("d", "4")]);
    check(&[empty.clone(), a.clone()], &[("a", "1")]);
    check(&[a.clone(), empty.clone()], &[("a", "1")]);
    check(&[empty.clone(), empty.clone(), empty.clone()], &[]);
    check(&[empty.clone(), a.clone(), empty.clone()], &[("a", "1")]);
    check(&[a.clone(), empty.clone(), b.clone()], &[("a", "1"), ("b", "2"), ("c", "3")]);
    check(&[empty.clone(), empty, b], &[("b", "2"), ("c", "3")]);
    check(&[a.clone(), a.clone(), a], &[("a", "1"), ("a", "1"), ("a", "1")]);
}

#[test]
fn last_entry_of_a_key_wins_across_occurrences() {
    check(&[settings(&[("a", "1"), ("a", "2")])], &[("a", "1"), ("a", "2")]);
    check(&[settings(&[("a", "1"), ("b", "1")]), settings(&[("a", "2")])], &[("a", "1"), ("b", "1"), ("a", "2")]);
}

#[test]
fn other_fields_stand_between() {
    let (a, b) = (settings(&[("a", "1")]), settings(&[("b", "2")]));
    let between = [
        text(4, "extra"),
        text(3, "p"),
        text(15, "unknown"),
        int(15, 1 << 60),
        group(15, &bytes(5, b"not settings")),
        // The number of the settings, or of their entries, on other wire types.
        int(5, 1),
        group(5, &settings(&[("no", "entry")])),
        bytes(6, &settings(&[("no", "entry")])),
    ];
    for field in between {
        check(&[a.clone(), field.clone(), b.clone()], &[("a", "1"), ("b", "2")]);
        check(&[field.clone(), a.clone(), field.clone(), b.clone(), field.clone()], &[("a", "1"), ("b", "2")]);
    }
}

#[test]
fn unknown_fields_stand_between_entries() {
    let a = bytes(1, &entry("a", "1"));
    let b = bytes(1, &entry("b", "2"));
    for field in [text(2, "x"), int(1, 5), group(1, &a), group(7, &[]), int(2000, 1)] {
        let fields = [field.as_slice(), &a, &field, &b, &field].concat();
        check(&[bytes(5, &fields)], &[("a", "1"), ("b", "2")]);
        check(&[bytes(5, &fields), bytes(5, &fields)], &[("a", "1"), ("b", "2"), ("a", "1"), ("b", "2")]);
        check(&[bytes(5, &field), bytes(5, &fields), bytes(5, &field)], &[("a", "1"), ("b", "2")]);
    }
}

#[test]
fn entries_may_lack_key_or_value() {
    let entry_of = |fields: &[Vec<u8>]| vec![bytes(5, &bytes(1, &fields.concat()))];
    check(&entry_of(&[]), &[("", "")]);
    check(&entry_of(&[text(1, "k")]), &[("k", "")]);
    check(&entry_of(&[text(2, "v")]), &[("", "v")]);
    check(&entry_of(&[text(2, "v"), text(1, "k")]), &[("k", "v")]);
    check(&entry_of(&[text(1, "x"), text(1, "k"), text(2, "y"), text(2, "v")]), &[("k", "v")]);
    check(&entry_of(&[text(2, "y"), text(1, "x"), text(2, "v"), text(1, "k")]), &[("k", "v")]);
    check(&entry_of(&[text(3, "?"), text(1, "k"), int(9, 1), text(2, "v"), group(1, &[])]), &[("k", "v")]);
    check(&entry_of(&[int(1, 7), text(2, "v"), int(2, 7)]), &[("", "v")]);
}
