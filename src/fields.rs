//! Reading by all rules: one loop for all messages, over their fields by number.
//!
//! It knows everything about order, repetition and unknown fields, and every error. Messages that come
//! as expected do not need it.
//!
//! Firmware has little stack, so the loop does not call itself for a message that stands in another one, and an
//! element of a list is only looked at: where it stands is all that is kept of it.

use core::mem;

use crate::enums::StatusType;
use crate::error::{DecodeError, DecodeErrorKind, FieldId};
use crate::field::{Repeated, Singular};
use crate::list::{List, StrMap};
use crate::wire::{self, Cursor, Window, wire_type};

/// How a message is read.
pub(crate) struct Rules {
    /// Its index in [`MESSAGES`](crate::descriptor::MESSAGES), or [`ENTRY`].
    pub(crate) index: u8,
    /// A bit for the number of each required field.
    pub(crate) required: u16,
    /// The rule of each field, by its number.
    pub(crate) fields: &'static [Option<Rule>],
}

impl Rules {
    /// The rule of a field that the schema has, with this wire type.
    fn rule(&self, tag: u32) -> Option<Rule> {
        let rule = *self.fields.get((tag >> 3) as usize)?;
        rule.filter(|rule| u32::from(rule.wire_type()) == tag & 7)
    }
}

/// The index of a map's entry, which is no message of the schema: its errors are about the map's field.
pub(crate) const ENTRY: u8 = u8::MAX;

/// How a value of a field is read, of any label.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    Varint,
    /// The number of a [`StatusType`].
    Status,
    Bytes,
    Text,
    Message(&'static Rules),
}

/// A value that was read.
pub(crate) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Message,
}

impl Rule {
    pub(crate) const fn wire_type(self) -> u8 {
        match self {
            Self::Varint | Self::Status => wire_type::VARINT,
            Self::Bytes | Self::Text | Self::Message(_) => wire_type::LENGTH_DELIMITED,
        }
    }
}

/// A message whose fields are found by number.
pub(crate) trait Fields<'a> {
    fn rules(&self) -> &'static Rules;
    fn field_mut(&mut self, number: u8) -> Option<&mut dyn Field<'a>>;
}

/// A field of any kind, with any label.
pub(crate) trait Field<'a> {
    /// Keeps a value that stands behind `tag`, with which `message` begins.
    fn keep(&mut self, value: &Value<'a>, message: &'a [u8], tag: u8);

    /// Makes way for the fields of a message that stands behind `tag` in `message`. Says whether they are kept: those of
    /// an element are not.
    fn begin(&mut self, _message: &'a [u8], _tag: u8) -> bool {
        false
    }

    /// The message whose fields are kept.
    fn message_mut(&mut self) -> Option<&mut dyn Fields<'a>> {
        None
    }
}

/// Reads all fields up to the end of `message` into one that is empty.
#[inline(never)]
pub(crate) fn read<'a>(fields: &mut dyn Fields<'a>, message: &'a [u8]) -> Result<(), DecodeError> {
    let mut levels = [Level::of(fields.rules(), message, true); LEVELS];
    let mut depth = 0;
    let mut cursor = Cursor::new(message);
    read_levels(fields, message, &mut levels, &mut depth, &mut cursor)
        .map_err(|kind| cursor.error(kind, field_of(&levels, depth)))
}

/// Reads a payload into a message that is empty; offsets in errors count from its start.
#[cold]
#[inline(never)]
pub(crate) fn read_payload<'a>(fields: &mut dyn Fields<'a>, payload: &'a [u8]) -> Result<(), DecodeError> {
    read(fields, payload).map_err(|error| error.relative_to(payload))
}

/// The messages that stand in one another, at most: LOGIN, its settings, and an entry of those.
const LEVELS: usize = 3;

/// A message that is being read.
#[derive(Clone, Copy)]
struct Level<'a> {
    rules: &'static Rules,
    /// What is left of it; while a message in it is being read, from the tag of that one on.
    rest: &'a [u8],
    /// A bit for the number of each required field that did not come yet.
    required: u16,
    /// The tag of the field that is being read, 0 where it is none of the schema's.
    tag: u8,
    /// Whether its fields are kept.
    is_kept: bool,
}

impl<'a> Level<'a> {
    #[inline(always)]
    fn of(rules: &'static Rules, rest: &'a [u8], is_kept: bool) -> Self {
        Self { rules, rest, required: rules.required, tag: 0, is_kept }
    }
}

/// Reads the message of the outermost level, and those in it: the innermost one is at `depth`. Where that fails, `cursor`
/// is where the mistake is.
#[inline(always)]
fn read_levels<'a>(
    fields: &mut dyn Fields<'a>,
    message: &'a [u8],
    levels: &mut [Level<'a>; LEVELS],
    depth: &mut u8,
    cursor: &mut Cursor<'a, false>,
) -> wire::Result<()> {
    // Whether the message that comes next was read.
    let mut is_read = false;
    while let Some((outer, [level, inner @ ..])) = levels.split_at_mut_checked(usize::from(*depth)) {
        *cursor = Cursor::at_depth(level.rest, *depth);
        level.tag = 0;
        if cursor.is_empty() {
            if level.required != 0 {
                level.tag = (level.required.trailing_zeros() as u8) << 3;
                return Err(DecodeErrorKind::MissingField);
            }
            *depth = match depth.checked_sub(1) {
                Some(outer) => outer,
                None => return Ok(()),
            };
            is_read = true;
            continue;
        }
        let tag = cursor.tag()?;
        let Some(rule) = level.rules.rule(tag) else {
            cursor.skip(tag)?;
            level.rest = cursor.rest();
            continue;
        };
        level.tag = tag as u8;
        let field = if level.is_kept { field_mut(fields, outer, level.tag) } else { None };
        match rule {
            Rule::Message(rules) if !mem::take(&mut is_read) => {
                let content = cursor.bytes()?;
                let is_kept = field.is_some_and(|field| field.begin(message, level.tag));
                if let Some(inner) = inner.first_mut() {
                    *inner = Level::of(rules, content, is_kept);
                }
                *depth += 1;
            }
            _ => read_value(rule, cursor, level, field)?,
        }
    }
    // Not reached: the schema has no more levels.
    Err(DecodeErrorKind::NestedTooDeep)
}

/// A field of the innermost of messages that stand in one another.
fn field_mut<'f, 'a>(
    mut fields: &'f mut dyn Fields<'a>,
    outer: &[Level<'a>],
    tag: u8,
) -> Option<&'f mut dyn Field<'a>> {
    for level in outer {
        fields = fields.field_mut(level.tag >> 3)?.message_mut()?;
    }
    fields.field_mut(tag >> 3)
}

/// Reads a value behind its tag, with which what is left of the message begins, and keeps it.
#[inline(never)]
fn read_value<'a>(
    rule: Rule,
    cursor: &mut Cursor<'a, false>,
    level: &mut Level<'a>,
    field: Option<&mut dyn Field<'a>>,
) -> wire::Result<()> {
    let value = match rule {
        Rule::Varint => Some(Value::Varint(cursor.varint()?)),
        // What the schema does not know counts as absent.
        Rule::Status => {
            Some(cursor.varint()?).filter(|number| StatusType::from_number(*number as i32).is_some()).map(Value::Varint)
        }
        Rule::Bytes => Some(Value::Bytes(cursor.bytes()?)),
        Rule::Text => Some(Value::Text(cursor.string()?)),
        Rule::Message(_) => cursor.bytes().map(|_| Some(Value::Message))?,
    };
    if let Some(value) = value {
        level.required &= !(1 << (level.tag >> 3));
        if let Some(field) = field {
            field.keep(&value, level.rest, level.tag);
        }
    }
    level.rest = cursor.rest();
    Ok(())
}

/// The field at `depth` that is being read, as errors name it.
#[cold]
#[inline(never)]
fn field_of(levels: &[Level<'_>], depth: u8) -> FieldId {
    match levels.get(..=usize::from(depth)) {
        // Of an entry, the map that it is in.
        Some([.., map, entry]) if entry.rules.index == ENTRY => {
            FieldId { message: map.rules.index, number: if entry.tag == 0 { 0 } else { map.tag >> 3 } }
        }
        Some([.., level]) => FieldId { message: level.rules.index, number: level.tag >> 3 },
        _ => FieldId { message: 0, number: 0 },
    }
}

/// A required field.
impl<'a, T: Singular<'a>> Field<'a> for T {
    fn keep(&mut self, value: &Value<'a>, _: &'a [u8], _: u8) {
        if let Some(value) = T::of(value) {
            *self = value;
        }
    }
}

/// An optional field.
impl<'a, T: Singular<'a>> Field<'a> for Option<T> {
    fn keep(&mut self, value: &Value<'a>, _: &'a [u8], _: u8) {
        if let Some(value) = T::of(value) {
            *self = Some(value);
        }
    }

    fn begin(&mut self, message: &'a [u8], tag: u8) -> bool {
        T::begin(self, message, tag)
    }

    fn message_mut(&mut self) -> Option<&mut dyn Fields<'a>> {
        Singular::message_mut(self.as_mut()?)
    }
}

/// A repeated field: where its elements stand.
impl<'a, T: Repeated<'a> + 'a> Field<'a> for List<'a, T> {
    fn keep(&mut self, _: &Value<'a>, message: &'a [u8], tag: u8) {
        match self.window_mut() {
            Some(window) => window.extend(),
            None => *self = Self::received(Window::first(message, tag)),
        }
    }
}

/// A map, likewise.
impl<'a> Field<'a> for StrMap<'a> {
    fn keep(&mut self, value: &Value<'a>, message: &'a [u8], tag: u8) {
        self.as_list_mut().keep(value, message, tag);
    }
}
