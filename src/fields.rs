//! Reading by all rules: one loop for all messages, over their fields by number.
//!
//! It knows everything about order, repetition and unknown fields, and every error. Messages that come
//! as expected do not need it.

use crate::error::{DecodeError, FieldId};
use crate::field::{Collection, Repeated, Singular};
use crate::list::{List, StrMap};
use crate::wire::{Cursor, wire_type};

/// A message whose fields are found by number.
pub(crate) trait Fields<'a> {
    fn about(&self) -> About;
    fn field_mut(&mut self, number: u32) -> Option<&mut dyn Field<'a>>;
}

/// What the loops have to know of a message.
#[derive(Clone, Copy)]
pub(crate) struct About {
    /// Its index in [`MESSAGES`](crate::descriptor::MESSAGES).
    pub(crate) index: u8,
    /// A bit for the number of each required field.
    pub(crate) required: u32,
}

/// A field of any kind, with any label.
pub(crate) trait Field<'a> {
    fn wire_type(&self) -> u8;

    /// Reads a value, behind its tag in `message`, and says whether there is one: the schema may not
    /// know the value of an enum.
    fn read(
        &mut self,
        cursor: &mut Cursor<'a, false>,
        message: Cursor<'a, false>,
        tag: u8,
        field: FieldId,
    ) -> Result<bool, DecodeError>;
}

/// Reads all fields up to the end of `message` into one that is empty.
#[inline(never)]
pub(crate) fn read<'a>(fields: &mut dyn Fields<'a>, message: Cursor<'a, false>) -> Result<(), DecodeError> {
    let About { index, mut required, .. } = fields.about();
    let mut cursor = message;
    while !cursor.is_empty() {
        let tag = cursor.tag(index)?;
        match fields.field_mut(tag >> 3) {
            Some(field) if u32::from(field.wire_type()) == tag & 7 => {
                let number = (tag >> 3) as u8;
                if field.read(&mut cursor, message, tag as u8, FieldId { message: index, number })? {
                    required &= !(1 << number);
                }
            }
            _ => cursor.skip(tag, index)?,
        }
    }
    if required == 0 {
        return Ok(());
    }
    Err(cursor.missing(FieldId { message: index, number: required.trailing_zeros() as u8 }))
}

/// A required field.
impl<'a, T: Singular<'a>> Field<'a> for T {
    fn wire_type(&self) -> u8 {
        T::WIRE_TYPE
    }

    fn read(
        &mut self,
        cursor: &mut Cursor<'a, false>,
        _: Cursor<'a, false>,
        _: u8,
        field: FieldId,
    ) -> Result<bool, DecodeError> {
        let value = T::read(cursor, field)?;
        if let Some(value) = value {
            *self = value;
        }
        Ok(value.is_some())
    }
}

/// An optional field.
impl<'a, T: Singular<'a>> Field<'a> for Option<T> {
    fn wire_type(&self) -> u8 {
        T::WIRE_TYPE
    }

    fn read(
        &mut self,
        cursor: &mut Cursor<'a, false>,
        message: Cursor<'a, false>,
        tag: u8,
        field: FieldId,
    ) -> Result<bool, DecodeError> {
        let value = T::read(cursor, field)?;
        if let Some(value) = value {
            *self = Some(T::merge(*self, value, message, tag));
        }
        Ok(value.is_some())
    }
}

/// A repeated field, or a map.
macro_rules! collection_field {
    ([$($parameters:tt)*] $collection:ty) => {
        impl<'a, $($parameters)*> Field<'a> for $collection {
            fn wire_type(&self) -> u8 {
                wire_type::LENGTH_DELIMITED
            }

            fn read(
                &mut self,
                cursor: &mut Cursor<'a, false>,
                message: Cursor<'a, false>,
                tag: u8,
                field: FieldId,
            ) -> Result<bool, DecodeError> {
                let mut window = self.as_window();
                window.extend::<<Self as Collection<'a>>::Item>(cursor, message, tag, field)?;
                *self = Self::received(window);
                Ok(true)
            }
        }
    };
}

collection_field!([T: Repeated<'a> + 'a] List<'a, T>);
collection_field!([] StrMap<'a>);
