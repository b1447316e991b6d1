//! Nicks, which travel percent-encoded, and emails, which do not.

use core::fmt::{self, Write};

use super::error::WriteError;
use super::words::check_word;

/// A nick: any text. It travels percent-encoded.
///
/// All bytes but letters, digits and `-`, `.`, `_`, `~` are encoded, so that an encoded nick never
/// looks like an email. Received, a `%` that starts no code stands for itself, and what is not UTF-8
/// is shown as U+FFFD; `+` is a plus.
///
/// ```
/// use spectrum2::msncd::Nick;
///
/// let nick = Nick::new("Žofie & Co.");
/// assert_eq!(nick.encoded().to_string(), "%C5%BDofie%20%26%20Co.");
/// assert_eq!(Nick::from_encoded("%C5%BDofie%20%26%20Co."), nick);
/// assert_eq!(Nick::from_encoded("100%25").to_string(), "100%");
/// ```
#[derive(Clone, Copy)]
pub struct Nick<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    Plain(&'a str),
    Encoded(&'a str),
}

impl<'a> Nick<'a> {
    /// A nick to send.
    pub const fn new(plain: &'a str) -> Self {
        Self(Source::Plain(plain))
    }

    /// A nick as it was received.
    pub const fn from_encoded(encoded: &'a str) -> Self {
        Self(Source::Encoded(encoded))
    }

    /// The encoded form of one that was received.
    #[cfg(all(feature = "capi", feature = "std"))]
    pub(crate) fn received(&self) -> &'a str {
        let (Source::Plain(text) | Source::Encoded(text)) = self.0;
        text
    }

    /// Whether it has no characters.
    pub fn is_empty(&self) -> bool {
        let (Source::Plain(text) | Source::Encoded(text)) = self.0;
        text.is_empty()
    }

    /// The characters. `Display` shows the same.
    pub fn chars(&self) -> impl Iterator<Item = char> + use<'a> {
        let bytes = Bytes::new(*self);
        Chars { bytes }
    }

    /// The encoded form, to be shown.
    pub fn encoded(&self) -> impl fmt::Display + use<'a> {
        EncodedNick(*self)
    }

    /// Encodes once what has been decoded: a received nick is written in the form of ours.
    pub(super) fn write(&self, out: &mut impl Write) -> fmt::Result {
        let mut utf8 = [0; 4];
        for character in self.chars() {
            for byte in character.encode_utf8(&mut utf8).bytes() {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                    out.write_char(byte.into())?;
                } else {
                    write!(out, "%{byte:02X}")?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Nick<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|character| f.write_char(character))
    }
}

impl fmt::Debug for Nick<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        self.chars().flat_map(char::escape_debug).try_for_each(|character| f.write_char(character))?;
        f.write_char('"')
    }
}

impl PartialEq for Nick<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.chars().eq(other.chars())
    }
}

impl Eq for Nick<'_> {}

impl PartialEq<str> for Nick<'_> {
    fn eq(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }
}

impl PartialEq<&str> for Nick<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

struct EncodedNick<'a>(Nick<'a>);

impl fmt::Display for EncodedNick<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f)
    }
}

/// The bytes of a nick, decoded.
#[derive(Clone, Copy)]
struct Bytes<'a> {
    left: &'a [u8],
    encoded: bool,
}

impl<'a> Bytes<'a> {
    fn new(nick: Nick<'a>) -> Self {
        match nick.0 {
            Source::Plain(text) => Self { left: text.as_bytes(), encoded: false },
            Source::Encoded(text) => Self { left: text.as_bytes(), encoded: true },
        }
    }
}

impl Iterator for Bytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        if let (true, [b'%', high, low, rest @ ..]) = (self.encoded, self.left)
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            self.left = rest;
            return Some((high << 4 | low) as u8);
        }
        let (first, rest) = self.left.split_first()?;
        self.left = rest;
        Some(*first)
    }
}

/// The characters of bytes that may not be UTF-8.
struct Chars<'a> {
    bytes: Bytes<'a>,
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let mut utf8 = [self.bytes.next()?, 0, 0, 0];
        let mut ahead = self.bytes;
        for length in 1..=utf8.len() {
            match core::str::from_utf8(&utf8[..length]) {
                Ok(text) => {
                    self.bytes = ahead;
                    return text.chars().next();
                }
                // The bytes so far may start a character.
                Err(error) if error.error_len().is_none() && length < utf8.len() => {
                    let Some(byte) = ahead.next() else { break };
                    utf8[length] = byte;
                }
                Err(_) => break,
            }
        }
        Some(char::REPLACEMENT_CHARACTER)
    }
}

/// Somebody, by email or by nick, in a command that takes either. Answers and events always have
/// the email.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User<'a> {
    /// By email; it has an `@`.
    Email(&'a str),
    /// By nick.
    Nick(Nick<'a>),
}

impl<'a> User<'a> {
    /// A received word: an email has an `@`, which an encoded nick has not.
    pub(super) fn parse(word: &'a str) -> Self {
        if word.contains('@') { Self::Email(word) } else { Self::Nick(Nick::from_encoded(word)) }
    }

    pub(super) fn check(&self) -> Result<(), WriteError> {
        let field = "email";
        match self {
            Self::Email(email) if !email.contains('@') => Err(WriteError::Unspeakable { field }),
            Self::Email(email) => check_word(field, email),
            Self::Nick(nick) if nick.is_empty() => Err(WriteError::Empty { field }),
            Self::Nick(_) => Ok(()),
        }
    }

    pub(super) fn write(&self, out: &mut impl Write) -> fmt::Result {
        match self {
            Self::Email(email) => out.write_str(email),
            Self::Nick(nick) => nick.write(out),
        }
    }
}

/// An email where there is an `@`, else a nick.
impl<'a> From<&'a str> for User<'a> {
    fn from(name: &'a str) -> Self {
        if name.contains('@') { Self::Email(name) } else { Self::Nick(Nick::new(name)) }
    }
}
