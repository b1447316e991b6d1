//! What is made of messages that are well-formed in ways that no serializer in use writes, and of
//! those that are just not well-formed. Where the crate says nothing else, the verdicts are those of
//! Google's C++ library, 3.21.

#[path = "../common/mod.rs"]
mod common;

mod encode;
mod enums;
mod lists;
mod order;
mod required;
mod settings;
mod strings;
mod unknown;
mod varints;

use spectrum2::descriptor::MessageDescriptor;
use spectrum2::{DecodeErrorKind, Payload, Type};

/// Every type that carries a message.
fn types_with_message() -> impl Iterator<Item = (Type, &'static MessageDescriptor)> {
    common::types().filter_map(|of| of.message().map(|message| (of, message)))
}

fn decode(body: &[u8]) -> Payload<'_> {
    Payload::decode(body).unwrap_or_else(|error| panic!("{error}: {body:x?}"))
}

fn error_kind(body: &[u8]) -> DecodeErrorKind {
    match Payload::decode(body) {
        Ok(payload) => panic!("{payload:?}: {body:x?}"),
        Err(error) => error.kind(),
    }
}

/// Message and field that are missing.
fn missing(body: &[u8]) -> (&'static str, &'static str) {
    let error = Payload::decode(body).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::MissingField, "{body:x?}");
    assert!(error.offset() <= body.len());
    (error.message(), error.field().expect("a field"))
}
