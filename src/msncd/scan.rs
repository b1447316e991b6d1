//! Where a unit ends, however its bytes arrive.

use core::fmt;

use super::error::LimitError;
use super::words::number;

/// What is being read, which says how its end is found. A *unit* is a line with the lines that belong
/// to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// A [`Command`](super::Command): a line, with SENDMSG the lines that it counts too.
    Command,
    /// An [`Answer`](super::Answer) that is `OK` or `ERR`: a line.
    Status,
    /// An [`Answer`](super::Answer) to INFO: lines up to an empty one, or a line that says `ERR`.
    Attributes,
    /// An [`Answer`](super::Answer) to GETCL or GETRCL: `CL` with the lines that it counts, or `ERR`.
    Contacts,
    /// An [`Event`](super::Event): a line, with MSG the lines that it counts too.
    Event,
}

impl Form {
    /// The first word that announces lines.
    fn counted(self) -> Option<&'static str> {
        match self {
            Self::Command => Some("SENDMSG"),
            Self::Contacts => Some("CL"),
            Self::Event => Some("MSG"),
            Self::Status | Self::Attributes => None,
        }
    }
}

/// How much of a unit is taken. Everything over a limit is read and dropped, so that what follows is
/// still understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest line, in bytes without the newline.
    pub line_length: usize,
    /// The most lines behind the first.
    pub lines: u32,
    /// The longest unit, in bytes with all newlines.
    pub length: usize,
}

impl Limits {
    /// Lines of 64 KiB, 10,000 of them, 1 MiB in all.
    pub const DEFAULT: Self = Self { line_length: 64 << 10, lines: 10_000, length: 1 << 20 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// As much of the first line as it takes to know the lines that follow: `SENDMSG` and ten digits,
/// and then some for leading zeros.
const HEAD_LENGTH: usize = 32;

/// Finds the end of a unit, and keeps nothing of it but the start of its first line.
///
/// It is for those who bring their own buffer: give it all bytes in the order of their arrival.
///
/// ```
/// use spectrum2::msncd::{Form, Limits, Scan, Scanner};
///
/// let mut scanner = Scanner::new(Form::Event, Limits::DEFAULT);
/// assert_eq!(scanner.scan(b"MSG 2 0 bob@exam"), Scan::Partial);
/// assert_eq!(scanner.scan(b"ple.org\nHello,\nAlice\nPOLLEND\n"), Scan::Complete(21));
/// ```
#[derive(Clone)]
pub struct Scanner {
    form: Form,
    limits: Limits,
    state: State,
    head: [u8; HEAD_LENGTH],
    head_length: usize,
    line_length: usize,
    length: usize,
    lines: u32,
    failure: Option<LimitError>,
}

/// The start of the line is not shown: it may hold a password.
impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner")
            .field("form", &self.form)
            .field("limits", &self.limits)
            .field("state", &self.state)
            .field("length", &self.length)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    Counted { left: u32 },
    UpToEmpty,
    Complete,
}

/// What a [`Scanner`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// The unit goes on behind these bytes.
    Partial,
    /// The unit ends with this many of these bytes. Ask whether it [failed](Scanner::failure).
    Complete(usize),
}

impl Scanner {
    /// Starts in front of a unit.
    pub fn new(form: Form, limits: Limits) -> Self {
        Self {
            form,
            limits,
            state: State::Head,
            head: [0; HEAD_LENGTH],
            head_length: 0,
            line_length: 0,
            length: 0,
            lines: 0,
            failure: None,
        }
    }

    /// Goes on with the next bytes.
    pub fn scan(&mut self, bytes: &[u8]) -> Scan {
        let mut scanned = 0;
        while !self.is_complete() {
            let left = &bytes[scanned..];
            let Some(end) = left.iter().position(|byte| *byte == b'\n') else {
                self.take(left);
                return Scan::Partial;
            };
            self.take(&left[..end]);
            self.end_line();
            scanned += end + 1;
        }
        Scan::Complete(scanned)
    }

    /// What is over a limit. Set, the bytes of this unit need not be kept any longer.
    pub fn failure(&self) -> Option<LimitError> {
        self.failure
    }

    /// Whether no byte of the unit has come yet.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn is_complete(&self) -> bool {
        self.state == State::Complete
    }

    /// The first line, as much of it as is kept.
    pub(super) fn head(&self) -> &[u8] {
        &self.head[..self.head_length]
    }

    fn take(&mut self, part: &[u8]) {
        if self.state == State::Head {
            let free = &mut self.head[self.head_length..];
            let length = free.len().min(part.len());
            free[..length].copy_from_slice(&part[..length]);
            self.head_length += length;
        }
        // The limit that is reached first counts, whatever pieces the bytes come in.
        let line_is_first =
            self.limits.line_length.saturating_sub(self.line_length) <= self.limits.length.saturating_sub(self.length);
        self.line_length = self.line_length.saturating_add(part.len());
        self.length = self.length.saturating_add(part.len());
        if line_is_first {
            self.check_line_length();
        }
        self.check_length();
        self.check_line_length();
    }

    fn end_line(&mut self) {
        self.length = self.length.saturating_add(1);
        self.check_length();
        self.state = match self.state {
            State::Head => self.end_head(),
            State::Counted { left } => counted(left - 1),
            State::UpToEmpty if self.line_length == 0 => State::Complete,
            State::UpToEmpty => {
                self.count_line();
                State::UpToEmpty
            }
            State::Complete => State::Complete,
        };
        self.line_length = 0;
    }

    /// What follows the first line.
    fn end_head(&mut self) -> State {
        let mut words = self.head().split(|byte| *byte == b' ');
        let name = words.next().unwrap_or_default();
        if self.form == Form::Attributes {
            return if name == b"ERR" || self.line_length == 0 { State::Complete } else { State::UpToEmpty };
        }
        if self.form.counted().is_none_or(|counted| name != counted.as_bytes()) {
            return State::Complete;
        }
        // A count that reaches the end of what is kept may have lost its end.
        let complete = self.line_length <= HEAD_LENGTH || words.clone().count() > 1;
        let count = words.next().and_then(|count| core::str::from_utf8(count).ok()).and_then(number);
        let Some(count) = count.filter(|_| complete) else {
            // Nothing else that is wrong with the line matters as much.
            self.failure = Some(LimitError::InvalidCount);
            return State::Complete;
        };
        if count > self.limits.lines {
            self.fail(LimitError::TooManyLines { limit: self.limits.lines });
        }
        counted(count)
    }

    fn count_line(&mut self) {
        self.lines = self.lines.saturating_add(1);
        if self.lines > self.limits.lines {
            self.fail(LimitError::TooManyLines { limit: self.limits.lines });
        }
    }

    fn check_line_length(&mut self) {
        if self.line_length > self.limits.line_length {
            self.fail(LimitError::LineTooLong { limit: self.limits.line_length });
        }
    }

    fn check_length(&mut self) {
        if self.length > self.limits.length {
            self.fail(LimitError::TooLong { limit: self.limits.length });
        }
    }

    /// The first failure counts.
    fn fail(&mut self, failure: LimitError) {
        self.failure.get_or_insert(failure);
    }
}

fn counted(left: u32) -> State {
    if left == 0 { State::Complete } else { State::Counted { left } }
}

/// Splits the first unit off received bytes: the unit, or what is over a limit, and the bytes behind
/// it. `None`: more bytes are needed.
///
/// It starts from the beginning each time; for bytes that come in small pieces there is [`Scanner`].
///
/// ```
/// use spectrum2::msncd::{self, Event, Form, Limits};
///
/// let received = b"STCH bob@example.org away\nPOLLEND\n";
/// let Some((unit, rest)) = msncd::split(received, Form::Event, Limits::DEFAULT) else { panic!() };
/// let event = Event::parse(unit?)?;
/// assert_eq!(event, Event::StatusChanged { email: "bob@example.org", status: "away", discarded: None });
/// assert_eq!(rest, b"POLLEND\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[expect(clippy::type_complexity, reason = "it is what the first sentence says")]
pub fn split(bytes: &[u8], form: Form, limits: Limits) -> Option<(Result<&[u8], LimitError>, &[u8])> {
    let mut scanner = Scanner::new(form, limits);
    let Scan::Complete(length) = scanner.scan(bytes) else { return None };
    let (unit, rest) = bytes.split_at(length);
    Some((scanner.failure().map_or(Ok(unit), Err), rest))
}
