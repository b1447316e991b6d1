//! Frames from JSON: the inverse of `to_json`, by the tables of the schema.

use std::fmt::{self, Display};

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use serde_json::{Map, Value};
use spectrum2::descriptor::{EnumDescriptor, FieldDescriptor, Kind, Label, MessageDescriptor};
use spectrum2::frame::HEADER_LEN;
use spectrum2::{Payload, Type};

type Object = Map<String, Value>;

/// What is wrong with a line.
#[derive(Debug)]
pub struct Problem(String);

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

type Result<T> = std::result::Result<T, Problem>;

/// The longest message that Protobuf allows.
const MAX_MESSAGE_LENGTH: usize = i32::MAX as usize;

/// The bytes of the frame that `line` describes, header included.
pub fn frame(line: &[u8]) -> Result<Vec<u8>> {
    let value = serde_json::from_slice(line).map_err(not_json)?;
    let Value::Object(object) = &value else {
        return Err(Place::of_member("the line").expected("an object", &value));
    };
    if object.contains_key("hex") || object.contains_key("error") {
        return malformed_frame(object);
    }
    let body = wrapper(object)?;
    debug_assert!(Payload::decode(&body).is_ok(), "what is written here can be read");
    if body.len() > MAX_MESSAGE_LENGTH {
        return Err(Problem(format!("a frame of {} bytes is longer than Protobuf allows", body.len())));
    }
    let mut frame = Vec::with_capacity(HEADER_LEN + body.len());
    frame.extend_from_slice(&(body.len() as u32).to_be_bytes());
    frame.extend_from_slice(&body);
    Ok(frame)
}

/// `serde_json` counts lines too, but sees only one.
fn not_json(error: serde_json::Error) -> Problem {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    Problem(format!("not JSON: {text}, at column {}", error.column()))
}

/// The bytes of a frame that could not be decoded.
fn malformed_frame(object: &Object) -> Result<Vec<u8>> {
    check_names(object, &["error", "frame", "hex"])?;
    let place = Place::of_member("hex");
    let hex = text(member(object, "hex").ok_or_else(|| place.problem("is missing"))?, place)?;
    HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).map_err(|_| place.problem("is not hexadecimal"))
}

/// The wrapper message. It has a payload field exactly when the object has one.
fn wrapper(object: &Object) -> Result<Vec<u8>> {
    let type_number = type_number(object)?;
    let of = Type::from_number(type_number);
    let name = if of == Some(Type::RawXml) { "xml" } else { "payload" };
    check_names(object, &["type", name])?;
    let place = Place::of_member(name);
    let value = member(object, name);
    let payload = match (of.and_then(Type::message), value) {
        (Some(descriptor), Some(value)) => Some(message(descriptor, self::object(value, place)?)?),
        // Fine where no field is required.
        (Some(descriptor), None) => message(descriptor, &Object::new()).map(|_| None)?,
        (None, Some(value)) if of == Some(Type::RawXml) => Some(text(value, place)?.into()),
        (None, Some(value)) => Some(base64(value, place)?),
        (None, None) => None,
    };
    let mut body = Vec::new();
    write_number(1, type_number, &mut body);
    if let Some(payload) = payload {
        write_bytes(2, &payload, &mut body);
    }
    Ok(body)
}

fn type_number(object: &Object) -> Result<i32> {
    let place = Place::of_member("type");
    match member(object, "type") {
        None => Err(place.problem("is missing")),
        Some(Value::String(name)) => {
            Type::DESCRIPTOR.number_of(name).ok_or_else(|| place.problem(format_args!("is unknown: {name:?}")))
        }
        Some(number @ Value::Number(_)) => int32(number, place),
        Some(other) => Err(place.expected("a name or a number", other)),
    }
}

fn check_names(object: &Object, names: &[&str]) -> Result<()> {
    match object.keys().find(|name| !names.contains(&name.as_str())) {
        Some(unknown) => Err(Problem(format!("unknown field {unknown:?}"))),
        None => Ok(()),
    }
}

/// The value of a field; `null` is none.
fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

/// A message, its fields by ascending number.
fn message(descriptor: &'static MessageDescriptor, object: &Object) -> Result<Vec<u8>> {
    let mut fields = descriptor.fields.iter();
    if let Some(unknown) = object.keys().find(|name| !fields.clone().any(|field| field.name == name.as_str())) {
        return Err(Problem(format!("{} has no field {unknown:?}", descriptor.name)));
    }
    fields.try_fold(Vec::new(), |mut buffer, field| {
        let place = Place { message: descriptor.name, field: field.name };
        match member(object, field.name) {
            Some(value) => write_field(field, value, place, &mut buffer)?,
            None if field.label == Label::Required => return Err(place.problem("is missing")),
            None => {}
        }
        Ok(buffer)
    })
}

fn write_field(field: &FieldDescriptor, value: &Value, place: Place, buffer: &mut Vec<u8>) -> Result<()> {
    if field.label != Label::Repeated || matches!(field.kind, Kind::Map) {
        return write_value(field, value, place, buffer);
    }
    let elements = value.as_array().ok_or_else(|| place.expected("an array", value))?;
    elements.iter().try_for_each(|element| write_value(field, element, place, buffer))
}

fn write_value(field: &FieldDescriptor, value: &Value, place: Place, buffer: &mut Vec<u8>) -> Result<()> {
    let number = field.number;
    match field.kind {
        Kind::String => write_bytes(number, text(value, place)?.as_bytes(), buffer),
        Kind::Bytes => write_bytes(number, &base64(value, place)?, buffer),
        Kind::Int32 => write_number(number, int32(value, place)?, buffer),
        Kind::Bool => write_number(number, i32::from(truth(value, place)?), buffer),
        Kind::Enum(descriptor) => write_number(number, enum_number(descriptor, value, place)?, buffer),
        Kind::Message(descriptor) => write_bytes(number, &message(descriptor, object(value, place)?)?, buffer),
        Kind::Map => write_map(number, object(value, place)?, place, buffer)?,
    }
    Ok(())
}

/// A map's entries: messages of a key and a value.
fn write_map(number: u8, entries: &Object, place: Place, buffer: &mut Vec<u8>) -> Result<()> {
    let mut entry = Vec::new();
    for (key, value) in entries {
        entry.clear();
        write_bytes(1, key.as_bytes(), &mut entry);
        write_bytes(2, text(value, place)?.as_bytes(), &mut entry);
        write_bytes(number, &entry, buffer);
    }
    Ok(())
}

fn write_number(field_number: u8, value: i32, buffer: &mut Vec<u8>) {
    write_varint(u64::from(field_number) << 3, buffer);
    // Protobuf extends the sign to 64 bits.
    write_varint(i64::from(value) as u64, buffer);
}

fn write_bytes(field_number: u8, bytes: &[u8], buffer: &mut Vec<u8>) {
    const LENGTH_DELIMITED: u64 = 2;
    write_varint(u64::from(field_number) << 3 | LENGTH_DELIMITED, buffer);
    write_varint(bytes.len() as u64, buffer);
    buffer.extend_from_slice(bytes);
}

fn write_varint(mut value: u64, buffer: &mut Vec<u8>) {
    while value >= 0x80 {
        buffer.push(value as u8 | 0x80);
        value >>= 7;
    }
    buffer.push(value as u8);
}

fn text(value: &Value, place: Place) -> Result<&str> {
    value.as_str().ok_or_else(|| place.expected("a string", value))
}

fn object(value: &Value, place: Place) -> Result<&Object> {
    value.as_object().ok_or_else(|| place.expected("an object", value))
}

fn truth(value: &Value, place: Place) -> Result<bool> {
    value.as_bool().ok_or_else(|| place.expected("true or false", value))
}

fn int32(value: &Value, place: Place) -> Result<i32> {
    let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
    number.ok_or_else(|| place.expected("a whole number of 32 bits", value))
}

fn base64(value: &Value, place: Place) -> Result<Vec<u8>> {
    let text = value.as_str().ok_or_else(|| place.expected("a string of base64", value))?;
    BASE64.decode(text.as_bytes()).map_err(|error| place.problem(format_args!("is not base64: {error}")))
}

/// By name or number; only numbers that the schema knows, since all others count as absent.
fn enum_number(descriptor: &EnumDescriptor, value: &Value, place: Place) -> Result<i32> {
    let number = match value {
        Value::String(name) => descriptor.number_of(name),
        Value::Number(_) => Some(int32(value, place)?).filter(|number| descriptor.name_of(*number).is_some()),
        _ => return Err(place.expected("a name or a number", value)),
    };
    number.ok_or_else(|| place.problem(format_args!("is no value of {}: {value}", descriptor.name)))
}

/// What a problem is about.
#[derive(Clone, Copy)]
struct Place {
    /// Empty: the line's object itself.
    message: &'static str,
    field: &'static str,
}

impl Place {
    fn of_member(field: &'static str) -> Self {
        Self { message: "", field }
    }

    #[cold]
    fn problem(self, what: impl Display) -> Problem {
        let Self { message, field } = self;
        let dot = if message.is_empty() { "" } else { "." };
        Problem(format!("{message}{dot}{field} {what}"))
    }

    /// Shows no text: it may be a password.
    #[cold]
    fn expected(self, expected: &str, found: &Value) -> Problem {
        match found {
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                self.problem(format_args!("should be {expected}, but is {found}"))
            }
            Value::String(_) => self.problem(format_args!("should be {expected}, but is a string")),
            Value::Array(_) => self.problem(format_args!("should be {expected}, but is an array")),
            Value::Object(_) => self.problem(format_args!("should be {expected}, but is an object")),
        }
    }
}
