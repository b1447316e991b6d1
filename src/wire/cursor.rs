//! Reading one message.

use super::{Result, groups, text, utf8, wire_type};
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

    /// All that is left.
    #[inline(always)]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The same for the functions that know all rules, which check strings again: one function reads both kinds.
    #[inline(always)]
    pub(crate) fn by_rules(self) -> Cursor<'a, false> {
        Cursor { rest: self.rest, depth: self.depth }
    }
}

/// By all rules: one function reads both kinds. Where one of these fails, the cursor is left where the mistake is.
impl<'a> Cursor<'a, false> {
    /// A cursor over a message that stands so deep in others.
    pub(crate) fn at_depth(message: &'a [u8], depth: u8) -> Self {
        Self { rest: message, depth }
    }

    /// The error for a mistake that stands here.
    #[cold]
    pub(crate) fn error(&self, kind: DecodeErrorKind, field: FieldId) -> DecodeError {
        DecodeError::new(kind, field, self.rest)
    }

    /// Any tag. Bits above the 32nd are dropped.
    #[inline(never)]
    pub(crate) fn tag(&mut self) -> Result<u32> {
        let at = self.rest;
        let tag = self.any_varint(5)? as u32;
        if tag >> 3 == 0 || tag as u8 & 7 > wire_type::FIXED32 {
            self.rest = at;
            return Err(DecodeErrorKind::InvalidTag);
        }
        Ok(tag)
    }

    /// A varint; bits past the 64th are ignored.
    #[inline(never)]
    pub(crate) fn varint(&mut self) -> Result<u64> {
        self.any_varint(10)
    }

    #[inline(always)]
    fn any_varint(&mut self, longest: u8) -> Result<u64> {
        let at = self.rest;
        let mut value = 0;
        for position in 0..longest {
            let Some((byte, behind)) = self.rest.split_first() else { return Err(DecodeErrorKind::Truncated) };
            self.rest = behind;
            value |= u64::from(byte & 0x7f) << (7 * position);
            if *byte < 0x80 {
                return Ok(value);
            }
        }
        self.rest = at;
        Err(DecodeErrorKind::VarintTooLong)
    }

    /// The content of a length-delimited field.
    #[inline(never)]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        let at = self.rest;
        let length = self.any_varint(5)?;
        let Some((content, rest)) = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length))
        else {
            self.rest = at;
            return Err(DecodeErrorKind::Truncated);
        };
        self.rest = rest;
        Ok(content)
    }

    /// Likewise, as a string.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<&'a str> {
        let content = self.bytes()?;
        text::<false>(content).ok_or_else(|| {
            self.rest = utf8::invalid_from(content);
            DecodeErrorKind::InvalidUtf8
        })
    }

    /// All that is left, as a string.
    #[cold]
    #[inline(never)]
    pub(crate) fn into_string(mut self, field: FieldId) -> core::result::Result<&'a str, DecodeError> {
        self.expected_text().ok_or_else(|| {
            self.rest = utf8::invalid_from(self.rest);
            self.error(DecodeErrorKind::InvalidUtf8, field)
        })
    }

    /// Steps over the value of an unknown field.
    #[cold]
    #[inline(never)]
    pub(crate) fn skip(&mut self, tag: u32) -> Result<()> {
        match tag as u8 & 7 {
            wire_type::GROUP_START => groups::skip(self, tag),
            wire_type::GROUP_END => Err(DecodeErrorKind::UnmatchedGroupEnd),
            _ => self.skip_scalar(tag),
        }
    }

    /// Likewise, of a field that is no group.
    #[inline(never)]
    pub(super) fn skip_scalar(&mut self, tag: u32) -> Result<()> {
        match tag as u8 & 7 {
            wire_type::VARINT => self.varint().map(drop),
            wire_type::LENGTH_DELIMITED => self.bytes().map(drop),
            wire_type::FIXED32 => self.skip_bytes(4),
            wire_type::FIXED64 => self.skip_bytes(8),
            _ => Err(DecodeErrorKind::InvalidTag),
        }
    }

    fn skip_bytes(&mut self, count: usize) -> Result<()> {
        self.rest = self.rest.get(count..).ok_or(DecodeErrorKind::Truncated)?;
        Ok(())
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
