//! Frames as JSON, in the Protobuf JSON mapping, written without a copy of the whole in between.

use std::collections::HashMap;
use std::fmt::Display;

use data_encoding::BASE64;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use spectrum2::descriptor::{Reflect, ReflectList, Value};
use spectrum2::frame::Frame;
use spectrum2::{DecodeError, Payload, StrMap, Type, Wrapper};

/// A frame.
pub struct Decoded<'a> {
    /// Says whether there is a payload, which an empty one leaves open in `payload`.
    wrapper: Wrapper<'a>,
    payload: Payload<'a>,
}

impl<'a> Decoded<'a> {
    pub fn new(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        Ok(Self { wrapper: frame.wrapper()?, payload: frame.decode()? })
    }
}

impl Serialize for Decoded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match Type::from_number(self.wrapper.type_number) {
            Some(known) => map.serialize_entry("type", known.name())?,
            None => map.serialize_entry("type", &self.wrapper.type_number)?,
        }
        if let Some(bytes) = self.wrapper.payload {
            match (self.payload.message(), self.payload) {
                (Some(message), _) => map.serialize_entry("payload", &Message(message))?,
                (None, Payload::RawXml(xml)) => map.serialize_entry("xml", xml)?,
                (None, _) => map.serialize_entry("payload", &Base64(bytes))?,
            }
        }
        map.end()
    }
}

/// What takes the place of a frame that cannot be decoded.
pub struct Malformed<'a> {
    pub error: &'a dyn Display,
    pub frame: u64,
    pub hex: &'a dyn Display,
}

impl Serialize for Malformed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("error", &Text(self.error))?;
        map.serialize_entry("frame", &self.frame)?;
        map.serialize_entry("hex", &Text(self.hex))?;
        map.end()
    }
}

struct Text<'a>(&'a dyn Display);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

struct Base64<'a>(&'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&BASE64.encode_display(self.0))
    }
}

struct Message<'a>(&'a dyn Reflect);

impl Serialize for Message<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut result = Ok(());
        self.0.visit(&mut |field, value| {
            if result.is_ok() {
                result = map.serialize_entry(field.name, &FieldValue(value));
            }
        });
        result?;
        map.end()
    }
}

struct FieldValue<'a>(Value<'a>);

impl Serialize for FieldValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => Base64(bytes).serialize(serializer),
            Value::Int32(number) => serializer.serialize_i32(number),
            Value::Bool(truth) => serializer.serialize_bool(truth),
            Value::Enum(name) => serializer.serialize_str(name),
            Value::Message(message) => Message(message).serialize(serializer),
            Value::List(list) => serialize_list(list, serializer),
            Value::Map(map) => serialize_map(map, serializer),
        }
    }
}

fn serialize_list<S: Serializer>(list: &dyn ReflectList, serializer: S) -> Result<S::Ok, S::Error> {
    let mut sequence = serializer.serialize_seq(Some(list.count()))?;
    let mut result = Ok(());
    list.visit(&mut |element| {
        if result.is_ok() {
            result = sequence.serialize_element(&FieldValue(element));
        }
    });
    result?;
    sequence.end()
}

/// Each key where it comes first, with the value that it has last.
fn serialize_map<S: Serializer>(map: StrMap<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    // Grows with the keys that differ, not with the entries, of which a frame may hold millions.
    let mut values = HashMap::new();
    for (key, value) in map.entries() {
        values.insert(key, value);
    }
    let mut object = serializer.serialize_map(Some(values.len()))?;
    for (key, _) in map.entries() {
        if let Some(value) = values.remove(key) {
            object.serialize_entry(key, value)?;
        }
    }
    object.end()
}
