//! Fields on the way between the wire and C's structs, along the path of `src/field.rs`, and with its functions: what
//! comes as expected is read to where it will stand, and what is right is written from where it stands.
//!
//! Whatever else there is says `None` and [`Full`] here. The functions for Rust's messages then read it, and a count of
//! all fields tells what cannot be written.

use core::{ptr, slice};

use super::error::Fault;
use super::message::Struct;
use super::view::{Mirrored, Optional, Viewed, checked, part};
use super::{sp2_entry, sp2_str};
use crate::descriptor::MessageDescriptor;
use crate::enums::{ConnectionError, ParticipantFlags, StatusType};
use crate::field::{KEY, Repeated, Singular, VALUE, entry_len, expect_optional, expect_required};
use crate::message::UserSettings;
use crate::wire::{Cursor, Element, Full, SHORT, Writer, Written, delimited_len};

/// A field of a message, with any label: the type that it has in Rust's struct.
pub(super) trait Field<'a>: Mirrored<'a> {
    /// Makes a field absent that need not be there.
    ///
    /// # Safety
    /// The field may be written to `place`.
    #[inline(always)]
    unsafe fn clear(place: *mut Self::C) {
        // SAFETY: this function's own contract; what is zero is absent.
        unsafe { place.write_bytes(0, 1) };
    }

    /// Reads the field to `place`, which is clear, where the order of the schema expects it.
    ///
    /// # Safety
    /// The field may be written to `place`.
    unsafe fn read_to<const TRUSTED: bool>(
        place: *mut Self::C,
        cursor: &mut Cursor<'a, TRUSTED>,
        tag: u8,
    ) -> Option<()>;

    /// Writes the field, with its tag. `TRUSTED` says that strings are known to be UTF-8: they are written as the
    /// bytes that they are.
    ///
    /// # Safety
    /// What `c` points to stays as it is during `'a`.
    unsafe fn write_from<'b, const TRUSTED: bool>(c: &'a Self::C, tag: u8, writer: Writer<'b>) -> Written<'b>;

    /// The number of bytes that the field takes with its tag; an error where it is wrong. `is_trusted` is as above.
    ///
    /// # Safety
    /// As [`write_from`](Self::write_from).
    unsafe fn count(c: &'a Self::C, is_trusted: bool) -> Result<usize, Fault>;
}

/// The value of a required or optional field.
pub(super) trait Value<'a>: Singular<'a> + Mirrored<'a> {
    /// Writes the value, with its tag.
    ///
    /// # Safety
    /// As [`Field::write_from`].
    unsafe fn write_value<'b, const TRUSTED: bool>(c: &'a Self::C, tag: u8, writer: Writer<'b>) -> Written<'b>;

    /// The number of bytes that the value takes with its tag.
    ///
    /// # Safety
    /// As [`Field::count`].
    unsafe fn count_value(c: &'a Self::C, is_trusted: bool) -> Result<usize, Fault>;
}

impl<'a> Value<'a> for &'a str {
    #[inline(always)]
    unsafe fn write_value<'b, const TRUSTED: bool>(c: &'a sp2_str, tag: u8, writer: Writer<'b>) -> Written<'b> {
        // Short ones are refused for nothing but NULL; it saves a comparison to see that first.
        if c.len <= SHORT && !c.ptr.is_null() {
            // SAFETY: not NULL; the rest is this function's own contract. Bytes, since nobody has seen that they are UTF-8.
            return writer.text::<TRUSTED>(tag, unsafe { slice::from_raw_parts(c.ptr.cast(), c.len) });
        }
        // SAFETY: this function's own contract.
        writer.text::<TRUSTED>(tag, unsafe { text_bytes(c) }?)
    }

    unsafe fn count_value(c: &'a sp2_str, is_trusted: bool) -> Result<usize, Fault> {
        // SAFETY: this function's own contract.
        Ok(delimited_len(unsafe { checked(c, is_trusted) }?.len()))
    }
}

/// A value that is no string, and so one of Rust's once it is viewed.
macro_rules! value {
    ($type:ty) => {
        impl<'a> Value<'a> for $type {
            #[inline(always)]
            unsafe fn write_value<'b, const TRUSTED: bool>(c: &'a Self::C, tag: u8, writer: Writer<'b>) -> Written<'b> {
                // SAFETY: this function's own contract.
                right(unsafe { Self::view(c) })?.write(tag, writer)
            }

            unsafe fn count_value(c: &'a Self::C, _: bool) -> Result<usize, Fault> {
                // SAFETY: this function's own contract.
                Ok(unsafe { Self::view(c) }?.encoded_len())
            }
        }
    };
}

value!(&'a [u8]);
value!(i32);
value!(bool);
value!(StatusType);
value!(ConnectionError);
value!(ParticipantFlags);

impl<'a> Value<'a> for UserSettings<'a> {
    #[inline(always)]
    unsafe fn write_value<'b, const TRUSTED: bool>(c: &'a Self::C, tag: u8, writer: Writer<'b>) -> Written<'b> {
        // SAFETY: this function's own contract.
        unsafe { write_nested::<_, TRUSTED>(c, tag, writer) }
    }

    unsafe fn count_value(c: &'a Self::C, is_trusted: bool) -> Result<usize, Fault> {
        // SAFETY: this function's own contract.
        unsafe { count_nested(c, is_trusted) }
    }
}

/// The bytes of a string.
///
/// # Safety
/// They stay as they are during `'a`.
#[inline(always)]
pub(super) unsafe fn text_bytes<'a>(c: &sp2_str) -> Result<&'a [u8], Full> {
    // SAFETY: this function's own contract.
    right(unsafe { part(c.ptr.cast(), c.len) })
}

/// Writes a message in a message, with its tag.
///
/// # Safety
/// As [`Field::write_from`].
#[inline(always)]
pub(super) unsafe fn write_nested<'a, 'b, S: Struct<'a>, const TRUSTED: bool>(
    message: &'a S,
    tag: u8,
    writer: Writer<'b>,
) -> Written<'b> {
    // SAFETY: this function's own contract.
    unsafe { writer.delimited(tag, message.at_least(), |writer| message.write::<TRUSTED>(writer)) }
}

/// The number of bytes that a message in a message takes with its tag.
///
/// # Safety
/// As [`Field::count`].
pub(super) unsafe fn count_nested<'a, S: Struct<'a>>(message: &'a S, is_trusted: bool) -> Result<usize, Fault> {
    // SAFETY: this function's own contract; the fields are those of the message.
    Ok(delimited_len(unsafe { S::FIELDS.count(ptr::from_ref(message).cast(), is_trusted) }?))
}

/// A required field.
impl<'a, T: Value<'a>> Field<'a> for T {
    #[inline(always)]
    unsafe fn clear(_: *mut Self::C) {}

    #[inline(always)]
    unsafe fn read_to<const TRUSTED: bool>(
        place: *mut Self::C,
        cursor: &mut Cursor<'a, TRUSTED>,
        tag: u8,
    ) -> Option<()> {
        let mut field = T::DEFAULT;
        expect_required(cursor, tag, &mut field)?;
        // SAFETY: this function's own contract.
        unsafe { place.write(field.mirror()) };
        Some(())
    }

    #[inline(always)]
    unsafe fn write_from<'b, const TRUSTED: bool>(c: &'a Self::C, tag: u8, writer: Writer<'b>) -> Written<'b> {
        // SAFETY: this function's own contract.
        unsafe { T::write_value::<TRUSTED>(c, tag, writer) }
    }

    #[inline(always)]
    unsafe fn count(c: &'a Self::C, is_trusted: bool) -> Result<usize, Fault> {
        // SAFETY: this function's own contract.
        unsafe { T::count_value(c, is_trusted) }
    }
}

/// An optional field.
impl<'a, T: Value<'a> + Optional<'a>> Field<'a> for Option<T> {
    #[inline(always)]
    unsafe fn read_to<const TRUSTED: bool>(
        place: *mut Self::C,
        cursor: &mut Cursor<'a, TRUSTED>,
        tag: u8,
    ) -> Option<()> {
        let mut field: Option<T> = None;
        expect_optional(cursor, tag, &mut field)?;
        if field.is_some() {
            // SAFETY: this function's own contract.
            unsafe { place.write(field.mirror()) };
        }
        Some(())
    }

    #[inline(always)]
    unsafe fn write_from<'b, const TRUSTED: bool>(c: &'a Self::C, tag: u8, writer: Writer<'b>) -> Written<'b> {
        match T::get(c) {
            None => Ok(writer),
            Some(_) if T::is_absent(c) => Err(Full),
            // SAFETY: this function's own contract.
            Some(c) => unsafe { T::write_value::<TRUSTED>(c, tag, writer) },
        }
    }

    unsafe fn count(c: &'a Self::C, is_trusted: bool) -> Result<usize, Fault> {
        // SAFETY: this function's own contract.
        T::get(c).map_or(Ok(0), |c| unsafe { T::count_value(c, is_trusted) })
    }
}

/// An element of a list.
pub(super) trait Item<'a>: Repeated<'a> + Mirrored<'a> {
    /// Reads an element that was read before, where it comes as expected.
    ///
    /// # Safety
    /// It may be written to `place`.
    #[inline(always)]
    unsafe fn read_to(place: *mut Self::C, content: Cursor<'a, true>) -> Option<()> {
        // SAFETY: this function's own contract.
        unsafe { place.write(<Self as Element>::read_expected(content)?.mirror()) };
        Some(())
    }

    /// A number of bytes that elements take at least.
    ///
    /// # Safety
    /// As [`Mirrored::takes_at_least`].
    #[inline(always)]
    unsafe fn items_at_least(items: &'a [Self::C]) -> usize {
        // SAFETY: this function's own contract.
        items.iter().fold(0, |sum: usize, item| sum.wrapping_add(unsafe { Self::takes_at_least(item) }))
    }

    /// Writes an element, with its tag.
    ///
    /// # Safety
    /// As [`Field::write_from`].
    unsafe fn write_from<'b, const TRUSTED: bool>(c: &'a Self::C, tag: u8, writer: Writer<'b>) -> Written<'b>;

    /// The number of bytes that an element takes with its tag.
    ///
    /// # Safety
    /// As [`Field::count`].
    unsafe fn count(c: &'a Self::C, is_trusted: bool) -> Result<usize, Fault>;
}

impl<'a> Item<'a> for &'a str {
    #[inline(always)]
    unsafe fn write_from<'b, const TRUSTED: bool>(c: &'a sp2_str, tag: u8, writer: Writer<'b>) -> Written<'b> {
        // SAFETY: this function's own contract.
        unsafe { Self::write_value::<TRUSTED>(c, tag, writer) }
    }

    #[inline(always)]
    unsafe fn count(c: &'a sp2_str, is_trusted: bool) -> Result<usize, Fault> {
        // SAFETY: this function's own contract.
        unsafe { Self::count_value(c, is_trusted) }
    }
}

impl<'a> Item<'a> for (&'a str, &'a str) {
    #[inline(always)]
    unsafe fn write_from<'b, const TRUSTED: bool>(c: &'a sp2_entry, tag: u8, writer: Writer<'b>) -> Written<'b> {
        // SAFETY: this function's own contract.
        let (key, value) = unsafe { (text_bytes(&c.key)?, text_bytes(&c.value)?) };
        let writer = writer.varint(tag, entry_len(key.len(), value.len()) as u64)?;
        writer.text::<TRUSTED>(KEY, key)?.text::<TRUSTED>(VALUE, value)
    }

    unsafe fn count(c: &'a sp2_entry, is_trusted: bool) -> Result<usize, Fault> {
        // SAFETY: this function's own contract.
        let (key, value) = unsafe { (checked(&c.key, is_trusted)?, checked(&c.value, is_trusted)?) };
        Ok(delimited_len(entry_len(key.len(), value.len())))
    }
}

/// The fields of a message's struct.
pub(super) struct Fields {
    message: &'static MessageDescriptor,
    /// In the order of the descriptor.
    fields: &'static [Place],
}

/// Where a field stands in a message's struct, and the function that counts it there.
pub(super) struct Place {
    offset: usize,
    count: unsafe fn(*const u8, bool) -> Result<usize, Fault>,
}

impl Place {
    /// The place of a field. The function that gives it of Rust's message is there for the field's type.
    pub(super) const fn of<'a, M, F: Field<'a>>(_: fn(M) -> F, offset: usize) -> Self {
        Self { offset, count: count_at::<F> }
    }
}

/// The number of bytes that a field takes.
///
/// # Safety
/// As [`Field::count`]; the field stands there.
unsafe fn count_at<'a, F: Field<'a>>(field: *const u8, is_trusted: bool) -> Result<usize, Fault> {
    // SAFETY: this function's own contract.
    unsafe { F::count(&*field.cast(), is_trusted) }
}

impl Fields {
    pub(super) const fn new(message: &'static MessageDescriptor, fields: &'static [Place]) -> Self {
        Self { message, fields }
    }

    /// The number of bytes that all fields take; an error names the field that is wrong. One loop for all messages: it is
    /// not the path of those that are right.
    ///
    /// # Safety
    /// `message` points to the struct that these are the fields of; the rest is as for [`Field::count`].
    #[inline(never)]
    pub(super) unsafe fn count(&self, message: *const u8, is_trusted: bool) -> Result<usize, Fault> {
        let mut sum = 0_usize;
        for (index, field) in self.fields.iter().enumerate() {
            // SAFETY: this function's own contract; the field stands there in the struct.
            let count = unsafe { (field.count)(message.add(field.offset), is_trusted) };
            sum = sum.saturating_add(count.map_err(|fault| fault.in_field(self.message, index))?);
        }
        Ok(sum)
    }
}

/// A value that is right. What is wrong with another one is told by whoever counts the whole message.
#[inline(always)]
pub(super) fn right<T>(value: Result<T, Fault>) -> Result<T, Full> {
    value.map_err(|_| Full)
}
