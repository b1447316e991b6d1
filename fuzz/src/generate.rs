//! Frames that are nearly right. Arbitrary bytes seldom are messages; these mostly are, with fields
//! of the schema in any order, again and again, and with something wrong now and then.

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use spectrum2::Type;
use spectrum2::descriptor::{FieldDescriptor, Kind, Label, MessageDescriptor};

use crate::wire;

/// The body of a frame.
#[derive(Debug)]
pub struct Body(pub Vec<u8>);

impl<'a> Arbitrary<'a> for Body {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let number = match u.ratio(1, 32)? {
            true => i32::arbitrary(u)?,
            false => u.choose(Type::DESCRIPTOR.values)?.1,
        };
        let payload = match Type::from_number(number) {
            Some(Type::RawXml) => text(u)?,
            known => match known.and_then(Type::message) {
                Some(message) => fields(u, message)?,
                None => Vec::arbitrary(u)?,
            },
        };
        let mut body = int(u, 1, i64::from(number) as u64)?;
        if u.ratio(1, 16)? {
            body.extend(odd_field(u)?);
        }
        body.extend(delimited(u, 2, &payload)?);
        if u.ratio(1, 16)? {
            body.extend(odd_field(u)?);
        }
        Ok(Self(body))
    }
}

/// The fields of a message: the required ones, as a rule, and any others.
fn fields(u: &mut Unstructured<'_>, message: &MessageDescriptor) -> Result<Vec<u8>> {
    let mut written = Vec::new();
    for required in message.fields.iter().filter(|field| field.label == Label::Required) {
        if !u.ratio(1, 32)? {
            written.extend(known_field(u, required)?);
        }
    }
    while !u.is_empty() && !u.ratio(1, 6)? {
        written.extend(match u.int_in_range(0..=15)? {
            0 => odd_field(u)?,
            1 => Vec::arbitrary(u)?,
            _ => {
                let known = u.choose(message.fields)?;
                known_field(u, known)?
            }
        });
    }
    Ok(written)
}

fn known_field(u: &mut Unstructured<'_>, known: &FieldDescriptor) -> Result<Vec<u8>> {
    let number = u32::from(known.number);
    match known.kind {
        Kind::Int32 | Kind::Bool => any_int(u, number),
        Kind::Enum(_) => {
            let value = u.int_in_range(0..=8)?;
            int(u, number, value)
        }
        Kind::String => any_text(u, number),
        Kind::Bytes => any_bytes(u, number),
        Kind::Message(message) => {
            let content = fields(u, message)?;
            delimited(u, number, &content)
        }
        Kind::Map => {
            let mut entry = Vec::new();
            for _ in 0..u.int_in_range(0..=3)? {
                let number = u.int_in_range(1..=2)?;
                entry.extend(any_text(u, number)?);
            }
            if u.ratio(1, 16)? {
                entry.extend(odd_field(u)?);
            }
            delimited(u, number, &entry)
        }
    }
}

/// Any field number with any wire type: unknown, mostly.
fn odd_field(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let largest = if u.ratio(1, 4)? { 0x1fff_ffff } else { 16 };
    let number = u.int_in_range(0..=largest)?;
    match u.int_in_range(0..=7)? {
        wire::VARINT => any_int(u, number),
        wire::LENGTH_DELIMITED => any_bytes(u, number),
        wire::GROUP_START => {
            let mut group = field(u, number, wire::GROUP_START, &[])?;
            if u.ratio(1, 8)? {
                group.extend(wire::groups(number, u.int_in_range(90..=105)?));
            } else if !u.is_empty() {
                group.extend(odd_field(u)?);
            }
            if !u.ratio(1, 8)? {
                group.extend(field(u, number, wire::GROUP_END, &[])?);
            }
            Ok(group)
        }
        wire_type => {
            let value = Vec::arbitrary(u)?;
            field(u, number, wire_type, &value)
        }
    }
}

fn any_int(u: &mut Unstructured<'_>, number: u32) -> Result<Vec<u8>> {
    let value = u64::arbitrary(u)?;
    int(u, number, value)
}

fn any_bytes(u: &mut Unstructured<'_>, number: u32) -> Result<Vec<u8>> {
    let content: Vec<u8> = Vec::arbitrary(u)?;
    delimited(u, number, &content)
}

fn any_text(u: &mut Unstructured<'_>, number: u32) -> Result<Vec<u8>> {
    let content = text(u)?;
    delimited(u, number, &content)
}

/// UTF-8, as a rule.
fn text(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    if u.ratio(1, 32)? { Vec::arbitrary(u) } else { String::arbitrary(u).map(String::into_bytes) }
}

fn int(u: &mut Unstructured<'_>, number: u32, value: u64) -> Result<Vec<u8>> {
    let value = varint(u, value)?;
    field(u, number, wire::VARINT, &value)
}

fn delimited(u: &mut Unstructured<'_>, number: u32, content: &[u8]) -> Result<Vec<u8>> {
    let length = varint(u, content.len() as u64)?;
    field(u, number, wire::LENGTH_DELIMITED, &[&length, content].concat())
}

/// A tag with what stands behind it.
fn field(u: &mut Unstructured<'_>, number: u32, wire_type: u8, value: &[u8]) -> Result<Vec<u8>> {
    let mut tag = varint(u, u64::from(number) << 3 | u64::from(wire_type))?;
    tag.extend(value);
    Ok(tag)
}

/// A varint that takes more bytes than it needs, now and then, and too many sometimes.
fn varint(u: &mut Unstructured<'_>, value: u64) -> Result<Vec<u8>> {
    let length = if u.ratio(1, 32)? { u.int_in_range(1..=11)? } else { 1 };
    Ok(wire::varint_of(value, length))
}
