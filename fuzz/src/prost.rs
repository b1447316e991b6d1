//! prost, with messages that it makes of the same schema.
//!
//! It differs from what PROTOCOL 8 says, which is Google's C++, in ways that cannot be seen from what
//! it returns; where one of them may be the reason, a difference is let through, and nothing else:
//! - prost rejects a known field with another wire type ([`is_stricter`]), where it is an unknown field;
//! - prost rejects a tag with bits above the 32nd and a varint with bits past the 64th
//!   ([`is_stricter`]), where they are dropped;
//! - prost takes tags and lengths of up to ten bytes ([`is_laxer`]), where more than five are malformed;
//! - prost keeps numbers that an enum does not have, and forgets a known one before it; they are
//!   replaced by ours before both are compared ([`Settled`]).
//!
//! Required fields, which prost does not insist on, are optional in the messages here, and compared
//! exactly. `google.rs` has none of these exceptions.

use std::fmt::Debug;

use prost::{DecodeError, Message};
use spectrum2::{DecodeErrorKind, Payload, Type};

use crate::{canonical, with_messages};

/// The messages as prost has them.
#[allow(clippy::all, missing_docs, reason = "generated")]
pub mod schema {
    include!(concat!(env!("OUT_DIR"), "/pbnetwork.rs"));

    use super::{Settled, settle_all, settle_enum};
    include!(concat!(env!("OUT_DIR"), "/settled.rs"));
}

/// What prost does not know of a message; build.rs implements it from the schema.
pub trait Settled {
    /// Whether no required field is missing, here or in a message in it. An enum's unknown number
    /// counts as missing.
    fn is_complete(&self) -> bool;

    /// Takes over our values for numbers that an enum does not have.
    fn settle(&mut self, ours: &Self);
}

fn settle_enum(theirs: &mut Option<i32>, ours: Option<i32>, is_known: fn(i32) -> bool) {
    if theirs.is_some_and(|value| !is_known(value)) {
        *theirs = ours;
    }
}

fn settle_all<'a, M: Settled + 'a>(theirs: impl IntoIterator<Item = &'a mut M>, ours: impl IntoIterator<Item = &'a M>) {
    theirs.into_iter().zip(ours).for_each(|(theirs, ours)| theirs.settle(ours));
}

/// Whether prost is stricter than the protocol about what it rejects here.
fn is_stricter(error: &DecodeError) -> bool {
    let text = error.to_string();
    // Groups within a map's entry count from one level deeper than in Google's C++, which takes what we take.
    let deeper = "recursion limit reached";
    ["invalid wire type: ", "invalid key value: ", "invalid varint", deeper].iter().any(|reason| text.contains(reason))
}

/// Whether prost is laxer than the protocol about what we reject here.
fn is_laxer(error: &spectrum2::DecodeError) -> bool {
    error.kind() == DecodeErrorKind::VarintTooLong
}

/// Compares the verdicts over the body of a frame, and what it holds.
pub fn compare(body: &[u8]) {
    let ours = Payload::decode(body);
    let wrapper = match schema::WrapperMessage::decode(body) {
        Ok(wrapper) => wrapper,
        Err(error) => return assert!(ours.is_err() || is_stricter(&error), "{ours:?}: prost: {error}"),
    };
    let bytes = wrapper.payload.unwrap_or_default();
    let Some(number) = wrapper.r#type else {
        return assert!(ours.is_err(), "{ours:?}: there is no type for prost");
    };
    let Some(of) = Type::from_number(number) else {
        return match ours {
            Ok(Payload::Unknown { type_number, bytes: ours }) => assert_eq!((type_number, ours), (number, &*bytes)),
            // A known type before the unknown one, which prost does not have any more.
            Ok(_) => {}
            Err(error) => assert!(is_laxer(&error) || contains_known_type(body), "{error}: fine for prost"),
        };
    };
    macro_rules! compare_message {
        ({} $($message:ident: $($of:ident)|+;)*) => {
            match of {
                $($(Type::$of)|+ => compare_message::<schema::$message>(ours, of, &bytes),)*
                Type::RawXml => match (ours, std::str::from_utf8(&bytes)) {
                    (Ok(ours), Ok(text)) => assert_eq!(ours, Payload::RawXml(text)),
                    (Err(error), Err(_)) => assert!(is_laxer(&error) || error.kind() == DecodeErrorKind::InvalidUtf8),
                    (Err(error), Ok(_)) => assert!(is_laxer(&error), "{error}: fine for prost"),
                    (Ok(ours), Err(error)) => panic!("{ours:?}: {error}"),
                },
                _ => match ours {
                    Ok(ours) => assert_eq!((ours.type_number(), ours.message().is_none()), (number, true)),
                    Err(error) => assert!(is_laxer(&error), "{error}: fine for prost"),
                },
            }
        };
    }
    with_messages!(compare_message! {});
}

/// Whether a type that the schema knows stands in the wrapper, to be found by ours alone.
fn contains_known_type(body: &[u8]) -> bool {
    spectrum2::Wrapper::decode(body).is_ok_and(|wrapper| Type::from_number(wrapper.type_number).is_some())
}

fn compare_message<M: Message + Default + PartialEq + Debug + Settled>(
    ours: Result<Payload<'_>, spectrum2::DecodeError>,
    of: Type,
    bytes: &[u8],
) {
    match (ours, M::decode(bytes)) {
        (Ok(ours), Ok(mut theirs)) => {
            assert_eq!(ours.type_number(), of.number());
            let written = M::decode(&*canonical(&ours)).expect("prost reads what we write");
            theirs.settle(&written);
            assert_eq!(written, theirs, "{ours:?}");
        }
        (Err(_), Err(_)) => {}
        (Ok(ours), Err(error)) => assert!(is_stricter(&error), "{ours:?}: prost: {error}"),
        (Err(error), Ok(theirs)) => {
            let is_missing = error.kind() == DecodeErrorKind::MissingField && !theirs.is_complete();
            assert!(is_missing || is_laxer(&error), "{error}: fine for prost: {theirs:?}");
        }
    }
}
