//! What can go wrong: small `Copy` values that say what was wrong, and where.

use core::fmt;

/// What made a unit malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// It does not end with a newline.
    Unterminated,
    /// It is not UTF-8.
    NotUtf8,
    /// Its first word is none that may stand there.
    UnknownWord,
    /// A word is missing, or empty.
    Missing,
    /// Something follows where nothing should.
    Extra,
    /// A word that has to be a number from 0 to 4294967295 is none.
    NotANumber,
    /// A word that has to be 0 or 1 is neither.
    NotAFlag,
    /// There are more or fewer lines than announced.
    WrongCount,
    /// The header is said to be longer than the message.
    OutOfRange,
}

/// A malformed unit. It costs that unit alone: the stream goes on with the next.
///
/// ```
/// use spectrum2::msncd::Command;
///
/// let error = Command::parse(b"SENDMSG two bob@example.org\n").unwrap_err();
/// assert_eq!(error.field(), "number_of_lines");
/// assert_eq!(error.offset(), 8);
/// assert_eq!(error.to_string(), "number_of_lines is not a number, at byte 8");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParseError {
    kind: ParseErrorKind,
    field: &'static str,
    offset: u32,
}

impl ParseError {
    #[cold]
    pub(super) fn new(kind: ParseErrorKind, field: &'static str, offset: usize) -> Self {
        // A unit is far shorter; an offset that does not fit is still beyond everything.
        Self { kind, field, offset: u32::try_from(offset).unwrap_or(u32::MAX) }
    }

    /// What was wrong.
    pub fn kind(&self) -> ParseErrorKind {
        self.kind
    }

    /// The name of the part that was wrong, as the protocol's description calls it.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// Where that part starts, in bytes from the start of the unit.
    pub fn offset(&self) -> usize {
        self.offset as usize
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ParseErrorKind::Unterminated => "does not end with a newline",
            ParseErrorKind::NotUtf8 => "is not UTF-8",
            ParseErrorKind::UnknownWord => "is not known",
            ParseErrorKind::Missing => "is missing",
            ParseErrorKind::Extra => "is followed by more",
            ParseErrorKind::NotANumber => "is not a number",
            ParseErrorKind::NotAFlag => "is neither 0 nor 1",
            ParseErrorKind::WrongCount => "is not the number of lines that follow",
            ParseErrorKind::OutOfRange => "is beyond the last line",
        };
        write!(f, "{} {what}, at byte {}", self.field, self.offset)
    }
}

impl core::error::Error for ParseError {}

/// Why something cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriteError {
    /// The buffer is too short, or what is written to failed.
    Full,
    /// A word is empty.
    Empty {
        /// The name of the part, as the protocol's description calls it.
        field: &'static str,
    },
    /// A space or a newline stands where the protocol has no way to say it, or the text would be
    /// taken for something else.
    Unspeakable {
        /// The name of the part, as the protocol's description calls it.
        field: &'static str,
    },
    /// More lines than the protocol can count.
    TooManyLines,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the buffer is too short"),
            Self::Empty { field } => write!(f, "{field} is empty"),
            Self::Unspeakable { field } => write!(f, "{field} cannot be said in this protocol"),
            Self::TooManyLines => f.write_str("there are more lines than the protocol can count"),
        }
    }
}

impl core::error::Error for WriteError {}

impl From<fmt::Error> for WriteError {
    fn from(_: fmt::Error) -> Self {
        Self::Full
    }
}

/// A unit that is over a limit, or whose end cannot be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitError {
    /// A line is longer than allowed.
    LineTooLong {
        /// The longest line allowed, in bytes without the newline.
        limit: usize,
    },
    /// More lines than allowed follow the first, or are announced.
    TooManyLines {
        /// The most lines allowed.
        limit: u32,
    },
    /// The lines together are longer than allowed.
    TooLong {
        /// The longest unit allowed, in bytes with all newlines.
        limit: usize,
    },
    /// Lines are announced, but not how many: where they end cannot be known.
    InvalidCount,
}

impl LimitError {
    /// Whether what follows the unit can still be understood.
    pub fn keeps_step(&self) -> bool {
        !matches!(self, Self::InvalidCount)
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LineTooLong { limit } => write!(f, "a line is longer than the limit of {limit} bytes"),
            Self::TooManyLines { limit } => write!(f, "there are more lines than the limit of {limit}"),
            Self::TooLong { limit } => write!(f, "the lines are longer than the limit of {limit} bytes"),
            Self::InvalidCount => f.write_str("the number of lines that follow is not a number"),
        }
    }
}

impl core::error::Error for LimitError {}
