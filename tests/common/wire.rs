//! Wire bytes built by hand, well-formed or not.

use spectrum2::Type;
use spectrum2::descriptor::{FieldDescriptor, Kind, MessageDescriptor};

pub const VARINT: u8 = 0;
pub const FIXED64: u8 = 1;
pub const LENGTH_DELIMITED: u8 = 2;
pub const GROUP_START: u8 = 3;
pub const GROUP_END: u8 = 4;
pub const FIXED32: u8 = 5;

pub fn varint(value: u64) -> Vec<u8> {
    varint_of(value, 1)
}

/// A varint that takes at least `length` bytes.
pub fn varint_of(mut value: u64, length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f || bytes.len() + 1 < length {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

pub fn tag(number: u32, wire_type: u8) -> Vec<u8> {
    varint(u64::from(number) << 3 | u64::from(wire_type))
}

pub fn int(number: u32, value: u64) -> Vec<u8> {
    [tag(number, VARINT), varint(value)].concat()
}

pub fn bytes(number: u32, content: &[u8]) -> Vec<u8> {
    [tag(number, LENGTH_DELIMITED), varint(content.len() as u64), content.to_vec()].concat()
}

pub fn text(number: u32, content: &str) -> Vec<u8> {
    bytes(number, content.as_bytes())
}

pub fn group(number: u32, content: &[u8]) -> Vec<u8> {
    [tag(number, GROUP_START), content.to_vec(), tag(number, GROUP_END)].concat()
}

/// Empty groups, one in the other.
pub fn groups(number: u32, depth: usize) -> Vec<u8> {
    (0..depth).fold(Vec::new(), |inner, _| group(number, &inner))
}

/// One field of each wire type that a field can have.
pub fn of_each_wire_type(number: u32) -> [(u8, Vec<u8>); 5] {
    [
        (VARINT, int(number, 300)),
        (FIXED64, [tag(number, FIXED64), vec![0xff; 8]].concat()),
        (LENGTH_DELIMITED, text(number, "a")),
        (GROUP_START, group(number, &int(1, 2))),
        (FIXED32, [tag(number, FIXED32), vec![0xff; 4]].concat()),
    ]
}

/// A map entry's content.
pub fn entry(key: &str, value: &str) -> Vec<u8> {
    [text(1, key), text(2, value)].concat()
}

/// The body of a frame.
pub fn body(of: Type, payload: &[u8]) -> Vec<u8> {
    [int(1, of.number() as u64), bytes(2, payload)].concat()
}

/// A frame: a body behind its header.
pub fn frame(body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len()).expect("a short body").to_be_bytes(), body].concat()
}

/// A field with a value that is not the default; different for each `variation`.
pub fn sample(field: &FieldDescriptor, variation: u8) -> Vec<u8> {
    let number = u32::from(field.number);
    match field.kind {
        Kind::String | Kind::Bytes => text(number, &format!("{} {variation}", field.name)),
        Kind::Int32 => int(number, 1000 + u64::from(variation)),
        Kind::Bool => int(number, u64::from(variation == 0)),
        Kind::Enum(descriptor) => int(number, descriptor.values[1 + usize::from(variation)].1 as u64),
        Kind::Message(message) => bytes(number, &samples(message).concat()),
        Kind::Map => bytes(number, &entry("key", &variation.to_string())),
    }
}

/// Every field of a message, once.
pub fn samples(message: &MessageDescriptor) -> Vec<Vec<u8>> {
    message.fields.iter().map(|field| sample(field, 0)).collect()
}

/// A place in a frame where fields can be added, unknown ones say, that leaves the rest intact.
pub struct Level {
    pub name: &'static str,
    /// How deep its message is nested in the payload.
    pub depth: usize,
    /// The body of a frame that holds these fields.
    pub body_with: fn(&[u8]) -> Vec<u8>,
}

/// A place of each kind.
pub const LEVELS: [Level; 7] = [
    Level { name: "wrapper", depth: 0, body_with: |fields| [fields, &body(Type::Connected, &text(1, "u"))].concat() },
    Level { name: "message", depth: 0, body_with: |fields| body(Type::Connected, &[&text(1, "u"), fields].concat()) },
    Level {
        name: "message without required fields",
        depth: 0,
        body_with: |fields| body(Type::RoomList, &[&text(1, "r"), fields, &text(1, "s"), &text(3, "u")].concat()),
    },
    Level {
        name: "element of a repeated field",
        depth: 1,
        body_with: |fields| {
            let message = [text(1, "u"), text(2, "b"), text(3, "m")].concat();
            body(Type::ConvMessage, &[message, bytes(11, &[&text(1, "url"), fields].concat())].concat())
        },
    },
    Level {
        name: "first of two elements",
        depth: 1,
        body_with: |fields| {
            let buddy = [text(1, "u"), text(2, "b"), text(4, "g")].concat();
            let first = [&buddy, fields, &text(4, "h")].concat();
            body(Type::Buddies, &[bytes(1, &first), bytes(1, &buddy)].concat())
        },
    },
    Level {
        name: "settings",
        depth: 1,
        body_with: |fields| {
            login_with(&bytes(5, &[&bytes(1, &entry("a", "1")), fields, &bytes(1, &entry("b", "2"))].concat()))
        },
    },
    Level {
        name: "map entry",
        depth: 2,
        body_with: |fields| {
            let entry = [&text(1, "a"), fields, &text(2, "1")].concat();
            login_with(&bytes(5, &[bytes(1, &entry), bytes(1, &self::entry("b", "2"))].concat()))
        },
    },
];

/// A LOGIN with its required fields, and others behind them.
pub fn login_with(fields: &[u8]) -> Vec<u8> {
    body(Type::Login, &[&text(1, "u"), &text(2, "l"), &text(3, "p"), fields].concat())
}
