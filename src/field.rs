//! What the value of a field looks like on the wire: one implementation for each kind.

use crate::descriptor::{Kind, ReflectList, ToValue, Value};
use crate::enums::{ConnectionError, ParticipantFlags, StatusType};
use crate::error::DecodeError;
use crate::fields::{self, ENTRY, Field, Fields, Rule, Rules};
use crate::list::{List, StrMap};
use crate::wire::{Cursor, Element, Window, Writer, Written, delimited_len, varint_len, wire_type};

/// The value of a required or optional field.
pub(crate) trait Singular<'a>: Copy {
    const KIND: Kind;
    const RULE: Rule;
    /// What a required field holds in a message that is still being read.
    const DEFAULT: Self;

    /// Reads a tag and a value that come as expected; `first` is the byte behind the tag.
    fn read_expected<const TRUSTED: bool>(cursor: &mut Cursor<'a, TRUSTED>, first: u8) -> Option<Self>;

    /// What was read by [`RULE`](Self::RULE).
    fn of(value: &fields::Value<'a>) -> Option<Self>;

    /// As [`Field::message_mut`].
    fn message_mut(&mut self) -> Option<&mut dyn Fields<'a>> {
        None
    }

    /// As [`Field::begin`], of an optional field.
    fn begin(_: &mut Option<Self>, _message: &'a [u8], _tag: u8) -> bool {
        false
    }

    /// The length with the tag.
    fn encoded_len(self) -> usize;

    /// A number of bytes that the value takes at least, found without much work.
    fn at_least(self) -> usize;

    /// Writes tag and value.
    fn write<'b>(self, tag: u8, writer: Writer<'b>) -> Written<'b>;
}

impl<'a> Singular<'a> for &'a str {
    const KIND: Kind = Kind::String;
    const RULE: Rule = Rule::Text;
    const DEFAULT: Self = "";

    #[inline(always)]
    fn read_expected<const TRUSTED: bool>(cursor: &mut Cursor<'a, TRUSTED>, first: u8) -> Option<Self> {
        cursor.expected_string(first)
    }

    fn of(value: &fields::Value<'a>) -> Option<Self> {
        if let fields::Value::Text(text) = *value { Some(text) } else { None }
    }

    #[inline(always)]
    fn encoded_len(self) -> usize {
        delimited_len(self.len())
    }

    #[inline(always)]
    fn at_least(self) -> usize {
        2 + self.len()
    }

    #[inline(always)]
    fn write<'b>(self, tag: u8, writer: Writer<'b>) -> Written<'b> {
        writer.bytes(tag, self.as_bytes())
    }
}

impl<'a> Singular<'a> for &'a [u8] {
    const KIND: Kind = Kind::Bytes;
    const RULE: Rule = Rule::Bytes;
    const DEFAULT: Self = &[];

    #[inline(always)]
    fn read_expected<const TRUSTED: bool>(cursor: &mut Cursor<'a, TRUSTED>, first: u8) -> Option<Self> {
        cursor.expected_bytes(first)
    }

    fn of(value: &fields::Value<'a>) -> Option<Self> {
        if let fields::Value::Bytes(bytes) = *value { Some(bytes) } else { None }
    }

    #[inline(always)]
    fn encoded_len(self) -> usize {
        delimited_len(self.len())
    }

    #[inline(always)]
    fn at_least(self) -> usize {
        2 + self.len()
    }

    #[inline(always)]
    fn write<'b>(self, tag: u8, writer: Writer<'b>) -> Written<'b> {
        writer.bytes(tag, self)
    }
}

/// Reads a required field where the order of the schema expects it.
#[cfg_attr(spectrum2_small, inline(never))]
#[cfg_attr(not(spectrum2_small), inline(always))]
pub(crate) fn expect_required<'a, T: Singular<'a>, const TRUSTED: bool>(
    cursor: &mut Cursor<'a, TRUSTED>,
    tag: u8,
    field: &mut T,
) -> Option<()> {
    let first = cursor.at(tag)?;
    *field = T::read_expected(cursor, first)?;
    Some(())
}

/// Likewise an optional one, which may be absent.
#[cfg_attr(spectrum2_small, inline(never))]
#[cfg_attr(not(spectrum2_small), inline(always))]
pub(crate) fn expect_optional<'a, T: Singular<'a>, const TRUSTED: bool>(
    cursor: &mut Cursor<'a, TRUSTED>,
    tag: u8,
    field: &mut Option<T>,
) -> Option<()> {
    if let Some(first) = cursor.at(tag) {
        *field = Some(T::read_expected(cursor, first)?);
    }
    Some(())
}

/// Likewise the elements of a repeated one, which come one after the other.
#[cfg_attr(spectrum2_small, inline(never))]
#[cfg_attr(not(spectrum2_small), inline(always))]
pub(crate) fn expect_repeated<'a, C: Collection<'a>, const TRUSTED: bool>(
    cursor: &mut Cursor<'a, TRUSTED>,
    tag: u8,
    field: &mut C,
) -> Option<()> {
    if cursor.at(tag).is_some() {
        *field = C::received(Window::read_expected::<C::Item, TRUSTED>(cursor, tag)?);
    }
    Some(())
}

/// Has the compiler branch, which takes two instructions where there is nothing, and not choose, which
/// takes six: 1.7 % of encoding the stream W11.
#[cold]
#[inline(always)]
pub(crate) fn rare() {}

/// What an optional field takes at least.
#[inline(always)]
pub(crate) fn optional_at_least<'a, T: Singular<'a>>(field: Option<T>) -> usize {
    match field {
        Some(value) => {
            rare();
            value.at_least()
        }
        None => 0,
    }
}

/// Writes an optional field.
#[cfg_attr(spectrum2_small, inline(never))]
#[cfg_attr(not(spectrum2_small), inline(always))]
pub(crate) fn write_optional<'a, 'b, T: Singular<'a>>(field: Option<T>, tag: u8, writer: Writer<'b>) -> Written<'b> {
    match field {
        Some(value) => value.write(tag, writer),
        None => Ok(writer),
    }
}

/// Implements `Singular` for a type that is one varint: `$read` makes it from 64 bits, `$write`
/// turns it back into them.
macro_rules! varint_field {
    ($type:ty, $kind:expr, $rule:ident, $default:expr, $read:expr, $write:expr) => {
        impl<'a> Singular<'a> for $type {
            const KIND: Kind = $kind;
            const RULE: Rule = Rule::$rule;
            const DEFAULT: Self = $default;

            #[inline(always)]
            fn read_expected<const TRUSTED: bool>(cursor: &mut Cursor<'a, TRUSTED>, first: u8) -> Option<Self> {
                cursor.expected_varint(first).and_then($read)
            }

            fn of(value: &fields::Value<'a>) -> Option<Self> {
                if let fields::Value::Varint(value) = *value { $read(value) } else { None }
            }

            #[inline(always)]
            fn encoded_len(self) -> usize {
                1 + varint_len($write(self))
            }

            #[inline(always)]
            fn at_least(self) -> usize {
                0
            }

            #[inline(always)]
            fn write<'b>(self, tag: u8, writer: Writer<'b>) -> Written<'b> {
                writer.varint(tag, $write(self))
            }
        }
    };
}

/// Protobuf keeps the low 32 bits of a varint, and extends the sign to 64 bits when it writes.
fn sign_extended(number: i32) -> u64 {
    i64::from(number) as u64
}

varint_field!(i32, Kind::Int32, Varint, 0, |value| Some(value as i32), sign_extended);
varint_field!(bool, Kind::Bool, Varint, false, |value| Some(value != 0), u64::from);
varint_field!(
    ConnectionError,
    Kind::Int32,
    Varint,
    ConnectionError(0),
    |value| Some(ConnectionError(value as i32)),
    |error: ConnectionError| sign_extended(error.0)
);
varint_field!(
    ParticipantFlags,
    Kind::Int32,
    Varint,
    ParticipantFlags(0),
    |value| Some(ParticipantFlags(value as i32)),
    |flags: ParticipantFlags| sign_extended(flags.0)
);
varint_field!(
    StatusType,
    Kind::Enum(StatusType::DESCRIPTOR),
    Status,
    StatusType::Online,
    |value| StatusType::from_number(value as i32),
    |status: StatusType| sign_extended(status.number())
);

/// An element of a repeated field, or an entry of a map, to be written.
pub(crate) trait Repeated<'a>: Element<'a> {
    const KIND: Kind;
    const RULE: Rule;

    /// The length with the tag.
    fn encoded_len(&self) -> usize;

    /// A number of bytes that the elements take at least, found without much work.
    #[inline(always)]
    fn at_least(elements: &List<'a, Self>) -> usize {
        2 * elements.len()
    }

    /// Writes tag and element.
    fn write<'b>(&self, tag: u8, writer: Writer<'b>) -> Written<'b>;
}

impl<'a> Repeated<'a> for &'a str {
    const KIND: Kind = Kind::String;
    const RULE: Rule = Rule::Text;

    #[inline(always)]
    fn encoded_len(&self) -> usize {
        Singular::encoded_len(*self)
    }

    #[inline(always)]
    fn at_least(elements: &List<'a, Self>) -> usize {
        match elements.as_slice() {
            Some(elements) => elements.iter().fold(0, |sum: usize, element| sum.wrapping_add(2 + element.len())),
            None => 2 * elements.len(),
        }
    }

    #[inline(always)]
    fn write<'b>(&self, tag: u8, writer: Writer<'b>) -> Written<'b> {
        Singular::write(*self, tag, writer)
    }
}

/// Tags of the two fields of a map entry.
pub(crate) const KEY: u8 = crate::wire::tag(1, wire_type::LENGTH_DELIMITED);
pub(crate) const VALUE: u8 = crate::wire::tag(2, wire_type::LENGTH_DELIMITED);

const ENTRY_RULES: &Rules = &Rules { index: ENTRY, required: 0, fields: &[None, Some(Rule::Text), Some(Rule::Text)] };

impl<'a> Element<'a> for (&'a str, &'a str) {
    #[inline(always)]
    fn read_expected<const TRUSTED: bool>(mut content: Cursor<'a, TRUSTED>) -> Option<Self> {
        if cfg!(spectrum2_plain) {
            return None;
        }
        let mut entry = ("", "");
        if let Some(first) = content.at(KEY) {
            entry.0 = content.expected_string(first)?;
        }
        if let Some(first) = content.at(VALUE) {
            entry.1 = content.expected_string(first)?;
        }
        content.is_empty().then_some(entry)
    }

    #[inline(always)]
    fn read_again(content: Cursor<'a, true>) -> Option<Self> {
        match Self::read_expected(content) {
            Some(entry) => Some(entry),
            None => read_entry(content.rest()).ok(),
        }
    }
}

// An `Option` would be written to memory by the caller too: 9 instructions for each entry that comes as expected.
#[cold]
#[inline(never)]
fn read_entry(content: &[u8]) -> Result<(&str, &str), DecodeError> {
    let mut entry = ("", "");
    fields::read(&mut entry, content)?;
    Ok(entry)
}

impl<'a> Fields<'a> for (&'a str, &'a str) {
    fn rules(&self) -> &'static Rules {
        ENTRY_RULES
    }

    fn field_mut(&mut self, number: u8) -> Option<&mut dyn Field<'a>> {
        match number {
            1 => Some(&mut self.0),
            2 => Some(&mut self.1),
            _ => None,
        }
    }
}

/// The length of an entry without its tag and its own length, by those of key and value.
#[inline(always)]
pub(crate) fn entry_len(key: usize, value: usize) -> usize {
    delimited_len(key).saturating_add(delimited_len(value))
}

impl<'a> Repeated<'a> for (&'a str, &'a str) {
    const KIND: Kind = Kind::Map;
    const RULE: Rule = Rule::Message(ENTRY_RULES);

    #[inline(always)]
    fn encoded_len(&self) -> usize {
        delimited_len(entry_len(self.0.len(), self.1.len()))
    }

    #[inline(always)]
    fn at_least(elements: &List<'a, Self>) -> usize {
        match elements.as_slice() {
            Some(elements) => elements
                .iter()
                .fold(0, |sum: usize, (key, value)| sum.wrapping_add(key.len()).wrapping_add(6 + value.len())),
            None => 2 * elements.len(),
        }
    }

    #[inline(always)]
    fn write<'b>(&self, tag: u8, writer: Writer<'b>) -> Written<'b> {
        let length = entry_len(self.0.len(), self.1.len());
        writer.varint(tag, length as u64)?.bytes(KEY, self.0.as_bytes())?.bytes(VALUE, self.1.as_bytes())
    }
}

/// A repeated or map field as a whole.
pub(crate) trait Collection<'a>: Copy + 'a {
    type Item: Repeated<'a> + 'a;

    fn received(window: Window<'a>) -> Self;
    fn items(&self) -> &List<'a, Self::Item>;

    /// Out of line, or else all encoders take the stack of this one.
    #[inline(never)]
    fn encoded_len(&self) -> usize {
        let mut items = self.items().iter();
        let mut length = 0_usize;
        while let Some(item) = &items.next() {
            length = length.saturating_add(item.encoded_len());
        }
        length
    }

    #[inline(always)]
    fn at_least(&self) -> usize {
        Repeated::at_least(self.items())
    }

    #[inline(always)]
    fn write<'b>(&self, tag: u8, writer: Writer<'b>) -> Written<'b> {
        let items = self.items();
        match items.as_slice() {
            Some([]) => Ok(writer),
            Some(items) if !cfg!(spectrum2_small) => write_slice(items, tag, writer),
            _ => write_items(items, tag, writer),
        }
    }
}

/// Writes the elements of a list that is a slice.
#[inline(never)]
fn write_slice<'a, 'b, T: Repeated<'a>>(items: &[T], tag: u8, mut writer: Writer<'b>) -> Written<'b> {
    for item in items {
        writer = item.write(tag, writer)?;
    }
    Ok(writer)
}

/// Writes the elements of any list.
#[inline(never)]
fn write_items<'a, 'b, T: Repeated<'a> + 'a>(items: &List<'a, T>, tag: u8, mut writer: Writer<'b>) -> Written<'b> {
    let mut items = items.iter();
    // Where it stands: a second one, moved out of the option, would take stack.
    while let Some(item) = &items.next() {
        writer = item.write(tag, writer)?;
    }
    Ok(writer)
}

impl<'a, T: Repeated<'a> + 'a> Collection<'a> for List<'a, T> {
    type Item = T;

    #[inline(always)]
    fn received(window: Window<'a>) -> Self {
        List::received(window)
    }

    #[inline(always)]
    fn items(&self) -> &List<'a, T> {
        self
    }
}

impl<'a> Collection<'a> for StrMap<'a> {
    type Item = (&'a str, &'a str);

    #[inline(always)]
    fn received(window: Window<'a>) -> Self {
        StrMap::received(window)
    }

    #[inline(always)]
    fn items(&self) -> &List<'a, (&'a str, &'a str)> {
        self.as_list()
    }
}

impl ToValue for &str {
    fn to_value(&self) -> Value<'_> {
        Value::String(self)
    }
}

impl ToValue for &[u8] {
    fn to_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl ToValue for i32 {
    fn to_value(&self) -> Value<'_> {
        Value::Int32(*self)
    }
}

impl ToValue for bool {
    fn to_value(&self) -> Value<'_> {
        Value::Bool(*self)
    }
}

impl ToValue for ConnectionError {
    fn to_value(&self) -> Value<'_> {
        Value::Int32(self.0)
    }
}

impl ToValue for ParticipantFlags {
    fn to_value(&self) -> Value<'_> {
        Value::Int32(self.0)
    }
}

impl ToValue for StatusType {
    fn to_value(&self) -> Value<'_> {
        Value::Enum(self.name())
    }
}

impl<'a, T: Repeated<'a> + ToValue> ToValue for List<'a, T> {
    fn to_value(&self) -> Value<'_> {
        Value::List(self)
    }
}

impl ToValue for StrMap<'_> {
    fn to_value(&self) -> Value<'_> {
        Value::Map(*self)
    }
}

impl<'a, T: Repeated<'a> + ToValue> ReflectList for List<'a, T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn visit(&self, visitor: &mut dyn FnMut(Value<'_>)) {
        for item in self {
            visitor(item.to_value());
        }
    }
}
