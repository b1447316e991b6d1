//! Words and lines: what all units are made of.

use core::fmt::{self, Write};

use super::error::{ParseError, ParseErrorKind, WriteError};

/// The text of a unit, without the newline at its end.
pub(super) fn text(unit: &[u8]) -> Result<&str, ParseError> {
    let text = core::str::from_utf8(unit)
        .map_err(|error| ParseError::new(ParseErrorKind::NotUtf8, "text", error.valid_up_to()))?;
    text.strip_suffix('\n').ok_or(ParseError::new(ParseErrorKind::Unterminated, "text", text.len()))
}

/// The first line of a unit, and the lines behind it. `None` means that there are none, which is
/// not the same as one empty line.
pub(super) fn head_and_body(unit: &[u8]) -> Result<(&str, Option<&str>), ParseError> {
    let text = text(unit)?;
    Ok(match text.split_once('\n') {
        Some((head, body)) => (head, Some(body)),
        None => (text, None),
    })
}

/// A number as it travels: digits and nothing else.
pub(super) fn number(word: &str) -> Option<u32> {
    word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok()).flatten()
}

/// Takes the words off a line. One space separates two words, so that a word may be empty: a nick is
/// when it has no characters.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    rest: Option<&'a str>,
    /// Where the line ends, in bytes from the start of the unit.
    end: usize,
}

impl<'a> Words<'a> {
    /// The words of a line that starts at this offset of its unit.
    pub(super) fn new(line: &'a str, start: usize) -> Self {
        Self { rest: Some(line), end: start + line.len() }
    }

    fn offset(&self) -> usize {
        self.end - self.rest.map_or(0, str::len)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_none()
    }

    /// The next word, if there is one.
    pub(super) fn optional(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let (word, rest) = match rest.split_once(' ') {
            Some((word, rest)) => (word, Some(rest)),
            None => (rest, None),
        };
        self.rest = rest;
        Some(word)
    }

    /// The next word, which may be empty but not missing.
    pub(super) fn maybe_empty(&mut self, field: &'static str) -> Result<&'a str, ParseError> {
        let missing = ParseError::new(ParseErrorKind::Missing, field, self.end);
        self.optional().ok_or(missing)
    }

    pub(super) fn word(&mut self, field: &'static str) -> Result<&'a str, ParseError> {
        self.check(field, ParseErrorKind::Missing, |word| Some(word).filter(|word| !word.is_empty()))
    }

    pub(super) fn number(&mut self, field: &'static str) -> Result<u32, ParseError> {
        self.check(field, ParseErrorKind::NotANumber, number)
    }

    pub(super) fn flag(&mut self, field: &'static str) -> Result<bool, ParseError> {
        self.check(field, ParseErrorKind::NotAFlag, |word| match word {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        })
    }

    /// A number that may be absent.
    pub(super) fn optional_number(&mut self, field: &'static str) -> Result<Option<u32>, ParseError> {
        if self.is_at_end() { Ok(None) } else { self.number(field).map(Some) }
    }

    fn check<T>(
        &mut self,
        field: &'static str,
        kind: ParseErrorKind,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, ParseError> {
        let offset = self.offset();
        read(self.maybe_empty(field)?).ok_or(ParseError::new(kind, field, offset))
    }

    /// All that is left of the line, which may be nothing.
    pub(super) fn rest(&mut self) -> &'a str {
        self.rest.take().unwrap_or_default()
    }

    /// All that is left of the line, which has to be there, if empty.
    pub(super) fn text(&mut self, field: &'static str) -> Result<&'a str, ParseError> {
        let missing = ParseError::new(ParseErrorKind::Missing, field, self.end);
        self.rest.take().ok_or(missing)
    }

    /// Nothing may be left of the line.
    pub(super) fn end(&self, field: &'static str) -> Result<(), ParseError> {
        match self.rest {
            None => Ok(()),
            Some(_) => Err(ParseError::new(ParseErrorKind::Extra, field, self.offset())),
        }
    }
}

/// Checks a word that is to be written.
pub(super) fn check_word(field: &'static str, word: &str) -> Result<(), WriteError> {
    match word {
        "" => Err(WriteError::Empty { field }),
        word if word.contains([' ', '\n']) => Err(WriteError::Unspeakable { field }),
        _ => Ok(()),
    }
}

/// Checks a text that is to be written up to the end of its line.
pub(super) fn check_text(field: &'static str, text: &str) -> Result<(), WriteError> {
    if text.contains('\n') { Err(WriteError::Unspeakable { field }) } else { Ok(()) }
}

/// The lines of a message, in one piece of text: `"a\nb"` is two lines.
///
/// ```
/// use spectrum2::msncd::Lines;
///
/// let lines = Lines::new("Hello,\n\nBob");
/// assert_eq!(lines.len(), 3);
/// assert!(lines.iter().eq(["Hello,", "", "Bob"]));
/// assert_eq!(Lines::new("").len(), 1);
/// assert_eq!(Lines::NONE.len(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lines<'a>(pub(super) Option<&'a str>);

impl<'a> Lines<'a> {
    /// No line at all.
    pub const NONE: Self = Self(None);

    /// The lines of a text: one more than it has newlines.
    pub const fn new(text: &'a str) -> Self {
        Self(Some(text))
    }

    /// The lines, with newlines between them.
    pub fn text(&self) -> &'a str {
        self.0.unwrap_or_default()
    }

    /// The lines.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0.into_iter().flat_map(|text| text.split('\n'))
    }

    /// The number of lines; it has to count them.
    pub fn len(&self) -> usize {
        self.0.map_or(0, |text| 1 + text.bytes().filter(|byte| *byte == b'\n').count())
    }

    /// Whether there is no line at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The first `count` lines, and the others; `None` where there are fewer.
    pub(super) fn split_at(self, count: u32) -> Option<(Self, Self)> {
        let Some(last) = count.checked_sub(1) else { return Some((Self::NONE, self)) };
        let text = self.0?;
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(end, _)| end);
        let mut ends = ends.map(Some).chain([None]);
        Some(match ends.nth(last as usize)? {
            Some(end) => (Self::new(&text[..end]), Self::new(&text[end + 1..])),
            None => (self, Self::NONE),
        })
    }

    /// The number of lines as it is written.
    pub(super) fn count(&self) -> Result<u32, WriteError> {
        u32::try_from(self.len()).map_err(|_| WriteError::TooManyLines)
    }

    /// Checks that there are as many lines as announced by the number that stands at `offset`.
    pub(super) fn expect(self, count: u32, offset: usize) -> Result<Self, ParseError> {
        if self.len() == count as usize {
            return Ok(self);
        }
        Err(ParseError::new(ParseErrorKind::WrongCount, "number_of_lines", offset))
    }

    /// Each line with its newline.
    pub(super) fn write(&self, out: &mut impl Write) -> fmt::Result {
        self.0.map_or(Ok(()), |text| {
            out.write_str(text)?;
            out.write_char('\n')
        })
    }
}

/// Writes to a slice of bytes.
struct Slice<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

impl Write for Slice<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let free = self.buffer.get_mut(self.length..).and_then(|free| free.get_mut(..text.len())).ok_or(fmt::Error)?;
        free.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

/// Counts what is written.
struct Counter(usize);

impl Write for Counter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// What has a form on the wire.
pub(super) trait Wire {
    fn write_to(&self, out: &mut impl Write) -> Result<(), WriteError>;

    fn encode_to(&self, buffer: &mut [u8]) -> Result<usize, WriteError> {
        let mut slice = Slice { buffer, length: 0 };
        self.write_to(&mut slice)?;
        Ok(slice.length)
    }

    fn length(&self) -> Result<usize, WriteError> {
        let mut counter = Counter(0);
        self.write_to(&mut counter)?;
        Ok(counter.0)
    }
}

/// Gives a type with a form on the wire its public methods.
macro_rules! wire_methods {
    ($type:ident) => {
        impl $type<'_> {
            /// Writes it, newlines and all, to a `String` or anything else that takes text. Nothing
            /// is written when it cannot be said.
            ///
            /// # Errors
            /// What cannot be said, and [`WriteError::Full`] when `out` fails.
            pub fn write(&self, out: &mut impl core::fmt::Write) -> Result<(), WriteError> {
                $crate::msncd::words::Wire::write_to(self, out)
            }

            /// Writes it to the start of `buffer`, and returns its length in bytes.
            ///
            /// # Errors
            /// What cannot be said, and [`WriteError::Full`] when the buffer is too short; what the
            /// buffer holds then is unspecified.
            pub fn encode(&self, buffer: &mut [u8]) -> Result<usize, WriteError> {
                $crate::msncd::words::Wire::encode_to(self, buffer)
            }

            /// The length in bytes that [`encode`](Self::encode) needs.
            ///
            /// # Errors
            /// What cannot be said.
            pub fn encoded_len(&self) -> Result<usize, WriteError> {
                $crate::msncd::words::Wire::length(self)
            }
        }
    };
}

pub(super) use wire_methods;
