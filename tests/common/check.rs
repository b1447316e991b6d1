//! What has to hold for any bytes whatsoever: errors are fine, panics and endless loops are not, and
//! what decodes is sound. Tests and fuzz targets use it.

use spectrum2::descriptor::{Reflect, Value};
use spectrum2::{EncodeError, Payload, Wrapper, frame};

/// Decodes the body of a frame, and checks whatever comes out: an error within the bytes, or a payload
/// whose lists can be walked and that can be shown.
pub fn decode(body: &[u8]) {
    let wrapper = Wrapper::decode(body);
    let payload = match Payload::decode(body) {
        Ok(payload) => payload,
        Err(error) => {
            assert!(error.offset() <= body.len(), "{error}: {body:x?}");
            assert!(!error.to_string().is_empty() && !format!("{error:?}").is_empty());
            assert!(!wrapper.is_ok_and(|wrapper| wrapper.decode_payload().is_ok()), "{error}");
            return;
        }
    };
    let wrapper = wrapper.expect("it was decoded just now");
    assert_eq!(wrapper.type_number, payload.type_number());
    assert_eq!(wrapper.decode_payload(), Ok(payload));
    // Nothing of what was there before is left.
    let mut again = Payload::RawXml("an earlier payload");
    assert_eq!(again.decode_from(body), Ok(()));
    assert_eq!(again, payload);
    if let Some(message) = payload.message() {
        check_message(message);
    }
    assert!(!format!("{payload:?}").is_empty());
}

/// What decodes survives being encoded and decoded again, and is encoded in as many bytes as said.
pub fn decode_encode_decode(body: &[u8]) {
    let Ok(payload) = Payload::decode(body) else { return };
    let length = payload.encoded_len();
    let mut encoded = vec![0; length];
    assert_eq!(payload.encode(&mut encoded), Ok(length));
    assert_eq!(Payload::decode(&encoded), Ok(payload), "{body:x?}");
    let mut again = vec![0; length];
    assert_eq!(Payload::decode(&encoded).expect("just decoded").encode(&mut again), Ok(length));
    assert_eq!(again, encoded);

    // A longer buffer is left alone behind the message, a shorter one is not overrun.
    let mut longer = vec![0xa5; length + 3];
    assert_eq!(payload.encode(&mut longer), Ok(length));
    assert_eq!(longer[..length], encoded);
    assert_eq!(longer[length..], [0xa5; 3]);
    for shorter in [0, length / 2, length - 1] {
        assert_eq!(payload.encode(&mut again[..shorter]), Err(EncodeError::BufferTooShort { needed: length }));
    }

    let mut whole = Vec::new();
    assert_eq!(frame::encode_to_vec(&payload, &mut whole), Ok(frame::HEADER_LEN + length));
    let split = frame::split(&whole, length).expect("within the limit");
    assert_eq!(split, frame::Split::Complete(frame::Frame::new(&encoded), &[]));
}

/// Strings are UTF-8, and lists are as long as they say: they are read a second time without the
/// checks of the first.
fn check_message(message: &dyn Reflect) {
    message.visit(&mut |_, value| check_value(value));
}

fn check_value(value: Value<'_>) {
    let check_text = |text: &str| assert!(std::str::from_utf8(text.as_bytes()).is_ok());
    match value {
        Value::String(text) => check_text(text),
        Value::Message(message) => check_message(message),
        Value::List(list) => {
            let mut count = 0;
            list.visit(&mut |element| {
                check_value(element);
                count += 1;
            });
            assert_eq!(count, list.count());
        }
        Value::Map(map) => {
            let entries = map.entries();
            assert_eq!(entries.iter().count(), entries.len());
            for (key, value) in entries {
                check_text(key);
                check_text(value);
            }
        }
        Value::Bytes(_) | Value::Int32(_) | Value::Bool(_) | Value::Enum(_) => {}
    }
}
