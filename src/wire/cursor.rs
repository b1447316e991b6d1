//! Reading one message.

use super::{MAX_DEPTH, Result, text, utf8, wire_type};
use crate::error::{DecodeError, DecodeErrorKind, FieldId};

/// Reads one message from front to back.
///
/// `TRUSTED` says that these very bytes were decoded before, by the same calls: their strings are
/// known to be UTF-8. Only a [`Window`](super::Window) makes such a cursor.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a, const TRUSTED: bool> {
    pub(super) rest: &'a [u8],
    pub(super) depth: u8,
}

impl<'a> Cursor<'a, false> {
    #[inline(always)]
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message, depth: 0 }
    }
}

impl<'a, const TRUSTED: bool> Cursor<'a, TRUSTED> {
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The same for the functions that know all rules, which check strings again: one function reads both kinds.
    #[inline(always)]
    pub(crate) fn by_rules(self) -> Cursor<'a, false> {
        Cursor { rest: self.rest, depth: self.depth }
    }
}

/// By all rules: one function reads both kinds.
impl<'a> Cursor<'a, false> {
    /// Any tag. Bits above the 32nd are dropped.
    pub(crate) fn tag(&mut self, message: u8) -> Result<u32> {
        let field = FieldId { message, number: 0 };
        let at = self.rest;
        let tag = self.any_varint(5, field)? as u32;
        if tag >> 3 == 0 || tag as u8 & 7 > wire_type::FIXED32 {
            return Err(DecodeError::new(DecodeErrorKind::InvalidTag, field, at));
        }
        Ok(tag)
    }

    /// A varint; bits past the 64th are ignored.
    pub(crate) fn varint(&mut self, field: FieldId) -> Result<u64> {
        self.any_varint(10, field)
    }

    fn any_varint(&mut self, longest: u8, field: FieldId) -> Result<u64> {
        if let [byte, rest @ ..] = self.rest
            && *byte < 0x80
        {
            self.rest = rest;
            return Ok(u64::from(*byte));
        }
        let (value, rest) = varint_up_to(longest, self.rest, field)?;
        self.rest = rest;
        Ok(value)
    }

    /// The content of a length-delimited field.
    pub(crate) fn bytes(&mut self, field: FieldId) -> Result<&'a [u8]> {
        let at = self.rest;
        let length = self.any_varint(5, field)?;
        let content = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let (content, rest) = content.ok_or_else(|| DecodeError::new(DecodeErrorKind::Truncated, field, at))?;
        self.rest = rest;
        Ok(content)
    }

    pub(crate) fn string(&mut self, field: FieldId) -> Result<&'a str> {
        Self { rest: self.bytes(field)?, ..*self }.into_string(field)
    }

    /// All that is left, as a string.
    pub(crate) fn into_string(self, field: FieldId) -> Result<&'a str> {
        self.expected_text().ok_or_else(|| invalid_utf8(self.rest, field))
    }

    /// A cursor over the content of a length-delimited field that is a message.
    pub(crate) fn nested(&mut self, field: FieldId) -> Result<Self> {
        Ok(Self { rest: self.bytes(field)?, depth: self.depth + 1 })
    }

    /// Steps over the value of an unknown field.
    #[cold]
    #[inline(never)]
    pub(crate) fn skip(&mut self, tag: u32, message: u8) -> Result<()> {
        let field = FieldId { message, number: 0 };
        match tag as u8 & 7 {
            wire_type::GROUP_START => self.skip_group(tag, field),
            wire_type::GROUP_END => Err(DecodeError::new(DecodeErrorKind::UnmatchedGroupEnd, field, self.rest)),
            _ => self.skip_scalar(tag, field),
        }
    }

    /// Steps over a group, behind the tag that starts it. Out of line, as it keeps many open groups.
    #[inline(never)]
    fn skip_group(&mut self, tag: u32, field: FieldId) -> Result<()> {
        let mut open_groups = OpenGroups::new(self.depth);
        self.skip_value(tag, field, &mut open_groups)?;
        while !open_groups.is_empty() {
            if self.is_empty() {
                return Err(DecodeError::new(DecodeErrorKind::Truncated, field, self.rest));
            }
            let tag = self.tag(field.message)?;
            self.skip_value(tag, field, &mut open_groups)?;
        }
        Ok(())
    }

    fn skip_value(&mut self, tag: u32, field: FieldId, open_groups: &mut OpenGroups) -> Result<()> {
        let at = self.rest;
        match tag as u8 & 7 {
            wire_type::GROUP_START => open_groups.start(tag >> 3).map_err(|kind| DecodeError::new(kind, field, at)),
            wire_type::GROUP_END => open_groups.end(tag >> 3).map_err(|kind| DecodeError::new(kind, field, at)),
            _ => self.skip_scalar(tag, field),
        }
    }

    fn skip_scalar(&mut self, tag: u32, field: FieldId) -> Result<()> {
        match tag as u8 & 7 {
            wire_type::VARINT => self.any_varint(10, field).map(drop),
            wire_type::LENGTH_DELIMITED => self.bytes(field).map(drop),
            wire_type::FIXED32 => self.skip_bytes(4, field),
            wire_type::FIXED64 => self.skip_bytes(8, field),
            _ => Err(DecodeError::new(DecodeErrorKind::InvalidTag, field, self.rest)),
        }
    }

    fn skip_bytes(&mut self, count: usize, field: FieldId) -> Result<()> {
        let Some(rest) = self.rest.get(count..) else {
            return Err(DecodeError::new(DecodeErrorKind::Truncated, field, self.rest));
        };
        self.rest = rest;
        Ok(())
    }

    /// The error for a required field that did not come before the end of its message.
    #[cold]
    pub(crate) fn missing(&self, field: FieldId) -> DecodeError {
        DecodeError::new(DecodeErrorKind::MissingField, field, self.rest)
    }
}

/// What a message is made of that comes as serializers write it: fields in ascending order, each
/// behind a tag of one byte.
///
/// These say `None` wherever something else comes, malformed or merely unusual. Whoever called them
/// then reads the whole message anew by the functions above, which know every rule and every error;
/// so a message as expected is read along one straight line, and none of its steps carries an error.
impl<'a, const TRUSTED: bool> Cursor<'a, TRUSTED> {
    /// The byte behind `tag`, when that comes next: a field has two bytes at least.
    #[inline(always)]
    pub(crate) fn at(&self, tag: u8) -> Option<u8> {
        let [first, second] = *self.rest.first_chunk()?;
        (first == tag).then_some(second)
    }

    /// Steps over a tag, `first`, which is the byte behind it, and what is left of the varint that
    /// `first` begins.
    #[cfg_attr(spectrum2_small, inline(never))]
    #[cfg_attr(not(spectrum2_small), inline(always))]
    pub(crate) fn expected_varint(&mut self, first: u8) -> Option<u64> {
        let (value, taken) = if first < 0x80 { (u64::from(first), 1) } else { long_varint(self.rest) };
        self.rest = self.rest.get(1 + taken..)?;
        Some(value)
    }

    /// Likewise for a length, and the content of that length.
    #[cfg_attr(spectrum2_small, inline(never))]
    #[cfg_attr(not(spectrum2_small), inline(always))]
    pub(crate) fn expected_bytes(&mut self, first: u8) -> Option<&'a [u8]> {
        let content = if first < 0x80 {
            self.rest.get(2..)?.split_at_checked(usize::from(first))
        } else {
            let (length, taken) = long_varint(self.rest);
            self.rest.get(1 + taken..)?.split_at_checked(usize::try_from(length).ok()?)
        };
        let (content, rest) = content?;
        self.rest = rest;
        Some(content)
    }

    #[inline(always)]
    pub(crate) fn expected_string(&mut self, first: u8) -> Option<&'a str> {
        self.expected_nested(first)?.expected_text()
    }

    #[inline(always)]
    pub(crate) fn expected_nested(&mut self, first: u8) -> Option<Self> {
        Some(Self { rest: self.expected_bytes(first)?, depth: self.depth + 1 })
    }

    /// All that is left, as a string.
    #[cfg_attr(spectrum2_small, inline(never))]
    #[cfg_attr(not(spectrum2_small), inline(always))]
    pub(crate) fn expected_text(self) -> Option<&'a str> {
        text::<TRUSTED>(self.rest)
    }
}

/// The varint of several bytes behind a tag of one, and its number of bytes; more than there are
/// where it does not end, or is one that wants a closer look: with over five bytes.
#[inline(never)]
fn long_varint(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0;
    for (position, byte) in bytes.iter().skip(1).take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * position);
        if *byte < 0x80 {
            return (value, position + 1);
        }
    }
    (value, bytes.len())
}

// Takes the bytes by value, and gives back what is behind: a cursor whose address it took would have
// to live in memory instead of registers.
#[cold]
#[inline(never)]
fn varint_up_to(longest: u8, bytes: &[u8], field: FieldId) -> Result<(u64, &[u8])> {
    let mut rest = bytes;
    let mut value = 0;
    for position in 0..longest {
        let Some((byte, behind)) = rest.split_first() else {
            return Err(DecodeError::new(DecodeErrorKind::Truncated, field, rest));
        };
        rest = behind;
        value |= u64::from(byte & 0x7f) << (7 * position);
        if *byte < 0x80 {
            return Ok((value, rest));
        }
    }
    Err(DecodeError::new(DecodeErrorKind::VarintTooLong, field, bytes))
}

#[cold]
#[inline(never)]
fn invalid_utf8(bytes: &[u8], field: FieldId) -> DecodeError {
    DecodeError::new(DecodeErrorKind::InvalidUtf8, field, bytes.get(utf8::valid_up_to(bytes)..).unwrap_or(bytes))
}

/// The field numbers of the groups that are open. They are only kept while an unknown group is
/// stepped over.
struct OpenGroups {
    numbers: [u32; MAX_DEPTH as usize],
    count: usize,
    most: usize,
}

impl OpenGroups {
    fn new(depth: u8) -> Self {
        Self { numbers: [0; MAX_DEPTH as usize], count: 0, most: usize::from(MAX_DEPTH.saturating_sub(depth)) }
    }

    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn start(&mut self, number: u32) -> core::result::Result<(), DecodeErrorKind> {
        match self.numbers.get_mut(self.count) {
            Some(slot) if self.count < self.most => {
                *slot = number;
                self.count += 1;
                Ok(())
            }
            _ => Err(DecodeErrorKind::NestedTooDeep),
        }
    }

    fn end(&mut self, number: u32) -> core::result::Result<(), DecodeErrorKind> {
        let innermost = self.count.checked_sub(1);
        match innermost {
            Some(innermost) if self.numbers.get(innermost) == Some(&number) => {
                self.count = innermost;
                Ok(())
            }
            _ => Err(DecodeErrorKind::UnmatchedGroupEnd),
        }
    }
}
