//! Google's library for C++: what PROTOCOL 8 calls the semantics to match.
//!
//! Two differences are meant, and nothing else may differ:
//! - a string that is not UTF-8 makes a message malformed here, and none there;
//! - a type that the schema does not know is kept here, and makes a frame malformed there.

use std::ffi::{CStr, CString, c_char, c_int, c_void};

use ::prost::{Message, Name};
use spectrum2::{DecodeErrorKind, Payload, Type};

use crate::prost::schema;
use crate::{canonical, with_messages};

unsafe extern "C" {
    fn google_decode(
        name: *const c_char,
        bytes: *const c_char,
        length: usize,
        target: *mut c_void,
        canonical: extern "C" fn(*mut c_void, *const c_char, usize),
    ) -> c_int;
}

/// What became of a message; its canonical form, where it is one.
enum Verdict {
    Malformed,
    Incomplete(Vec<u8>),
    Decoded(Vec<u8>),
}

fn decode(name: &CStr, bytes: &[u8]) -> Verdict {
    extern "C" fn take(target: *mut c_void, bytes: *const c_char, length: usize) {
        // SAFETY: the target that is given below, and a string of C++.
        unsafe { *target.cast::<Vec<u8>>() = std::slice::from_raw_parts(bytes.cast(), length).to_vec() }
    }
    let mut canonical = Vec::new();
    let target = (&raw mut canonical).cast();
    // SAFETY: it reads the name and the bytes, and passes the target on.
    match unsafe { google_decode(name.as_ptr(), bytes.as_ptr().cast(), bytes.len(), target, take) } {
        0 => Verdict::Malformed,
        1 => Verdict::Incomplete(canonical),
        _ => Verdict::Decoded(canonical),
    }
}

fn decode_as<M: Name>(bytes: &[u8]) -> Verdict {
    decode(&CString::new(M::full_name()).expect("no NUL"), bytes)
}

/// The payload as Google's library sees it: canonical, `None` where it is malformed.
fn decode_payload(of: Type, bytes: &[u8]) -> Option<Vec<u8>> {
    macro_rules! decode_message {
        ({} $($message:ident: $($of:ident)|+;)*) => {
            match of {
                $($(Type::$of)|+ => decode_as::<schema::$message>(bytes),)*
                Type::RawXml => Verdict::Decoded(bytes.to_vec()),
                _ => Verdict::Decoded(Vec::new()),
            }
        };
    }
    match with_messages!(decode_message! {}) {
        Verdict::Decoded(canonical) => Some(canonical),
        Verdict::Incomplete(_) | Verdict::Malformed => None,
    }
}

/// Compares the verdicts over the body of a frame, and what it holds.
pub fn compare(body: &[u8]) {
    let ours = Payload::decode(body);
    if ours.is_err_and(|error| error.kind() == DecodeErrorKind::InvalidUtf8) {
        return;
    }
    let wrapper = match decode_as::<schema::WrapperMessage>(body) {
        Verdict::Malformed => return assert!(ours.is_err(), "{ours:?}: malformed for C++"),
        Verdict::Decoded(wrapper) | Verdict::Incomplete(wrapper) => wrapper,
    };
    let wrapper = schema::WrapperMessage::decode(&*wrapper).expect("canonical");
    let bytes = wrapper.payload.unwrap_or_default();
    let Some(of) = wrapper.r#type.and_then(Type::from_number) else {
        return match ours {
            Ok(Payload::Unknown { bytes: ours, .. }) => assert_eq!(ours, bytes),
            Err(error) => assert_eq!(error.kind(), DecodeErrorKind::MissingField),
            Ok(payload) => panic!("{payload:?}: there is no known type for C++"),
        };
    };
    match (ours, decode_payload(of, &bytes)) {
        (Ok(ours), Some(theirs)) => {
            assert_eq!(ours.type_number(), of.number());
            assert_eq!(canonical(&ours), theirs, "{ours:?}");
        }
        (Err(_), None) => {}
        (Ok(ours), None) => panic!("{ours:?}: malformed for C++"),
        (Err(error), Some(_)) => panic!("{error}: fine for C++"),
    }
}
