use core::fmt::Write;

use super::error::{ParseError, ParseErrorKind, WriteError};
use super::words::{Lines, Wire, Words, check_text, check_word, head_and_body, number, wire_methods};

/// What a poll tells. Events come in any order; [`Event::End`] is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// `MSG`: a message.
    Message {
        /// Who wrote it.
        email: &'a str,
        /// The first `end_of_header` lines: what the network says about the message. An empty line
        /// that ends the header counts as one of it.
        header: Lines<'a>,
        /// The other lines: the text.
        text: Lines<'a>,
    },
    /// `STCH`: somebody's status changed.
    StatusChanged {
        /// Whose.
        email: &'a str,
        /// The new status.
        status: &'a str,
        /// How many of our messages to them were discarded, if the daemon says so.
        discarded: Option<u32>,
    },
    /// `UADD`: somebody added us.
    UserAdded {
        /// Who.
        email: &'a str,
    },
    /// `UDEL`: somebody deleted us.
    UserDeleted {
        /// Who.
        email: &'a str,
    },
    /// `ADDFL`: a contact is new on our list.
    ContactAdded {
        /// The contact.
        email: &'a str,
    },
    /// `DELFL`: a contact is no longer on our list.
    ContactDeleted {
        /// The contact.
        email: &'a str,
    },
    /// `MFLUSH`: messages that waited for somebody are delivered.
    Flushed {
        /// For whom they waited.
        email: &'a str,
    },
    /// `TYPING`: somebody is typing to us.
    Typing {
        /// Who.
        email: &'a str,
    },
    /// `SCLOSE`: the daemon lost a connection of its own.
    SocketClosed {
        /// Which.
        socket: Socket,
        /// With whom we talked over it, and how many of our messages to them were discarded.
        discarded: Option<(&'a str, u32)>,
    },
    /// `ERR` with a code: something went wrong, not necessarily because of a command.
    Error {
        /// The code.
        code: u32,
        /// What happened, up to the end of the line.
        description: &'a str,
    },
    /// `ERR` without a code. As the first line of an answer to POLL, it is the whole answer: the
    /// daemon refuses, and no `POLLEND` follows.
    Refused {
        /// Why, up to the end of the line.
        description: &'a str,
    },
    /// Any line that this version does not know. The protocol may grow.
    Unknown {
        /// The line.
        line: &'a str,
    },
    /// `POLLEND`: the end of the poll.
    End,
}

/// A connection of the daemon's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Socket {
    /// The one to the network: we are logged off.
    Main,
    /// One for a conversation.
    User,
}

impl<'a> Event<'a> {
    /// Parses a unit of [`Form::Event`](super::Form::Event): the line, and the lines that belong to it.
    ///
    /// # Errors
    /// What is wrong with it. An event that is not known is no error.
    pub fn parse(unit: &'a [u8]) -> Result<Self, ParseError> {
        let (head, body) = head_and_body(unit)?;
        let mut words = Words::new(head, 0);
        let name = words.maybe_empty("event")?;
        if name == "MSG" {
            return Self::parse_message(head, words, Lines(body));
        }
        if body.is_some() {
            return Err(ParseError::new(ParseErrorKind::Extra, "event", head.len() + 1));
        }
        let event = match name {
            "STCH" => Self::StatusChanged {
                email: words.word("email")?,
                status: words.word("newstatus")?,
                discarded: words.optional_number("number_of_messages_discarded")?,
            },
            "UADD" => Self::UserAdded { email: words.word("email")? },
            "UDEL" => Self::UserDeleted { email: words.word("email")? },
            "ADDFL" => Self::ContactAdded { email: words.word("email")? },
            "DELFL" => Self::ContactDeleted { email: words.word("email")? },
            "MFLUSH" => Self::Flushed { email: words.word("email")? },
            "TYPING" => Self::Typing { email: words.word("email")? },
            "SCLOSE" => match words.word("type")? {
                "MAIN" => Self::SocketClosed { socket: Socket::Main, discarded: parse_discarded(&mut words)? },
                "USER" => Self::SocketClosed { socket: Socket::User, discarded: parse_discarded(&mut words)? },
                _ => return Ok(Self::Unknown { line: head }),
            },
            "ERR" => parse_error(words.rest()),
            "POLLEND" => Self::End,
            _ => return Ok(Self::Unknown { line: head }),
        };
        words.end("event")?;
        Ok(event)
    }

    fn parse_message(head: &str, mut words: Words<'a>, lines: Lines<'a>) -> Result<Self, ParseError> {
        let count = words.number("number_of_lines")?;
        let lines = lines.expect(count, "MSG ".len())?;
        let end_of_header = words.number("end_of_header")?;
        let email = words.word("src_email")?;
        words.end("event")?;
        let (header, text) = lines.split_at(end_of_header).ok_or_else(|| {
            let start = head.match_indices(' ').nth(1).map_or(head.len(), |(space, _)| space + 1);
            ParseError::new(ParseErrorKind::OutOfRange, "end_of_header", start)
        })?;
        Ok(Self::Message { email, header, text })
    }

    /// Its first word; empty where this version does not know it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Message { .. } => "MSG",
            Self::StatusChanged { .. } => "STCH",
            Self::UserAdded { .. } => "UADD",
            Self::UserDeleted { .. } => "UDEL",
            Self::ContactAdded { .. } => "ADDFL",
            Self::ContactDeleted { .. } => "DELFL",
            Self::Flushed { .. } => "MFLUSH",
            Self::Typing { .. } => "TYPING",
            Self::SocketClosed { .. } => "SCLOSE",
            Self::Error { .. } | Self::Refused { .. } => "ERR",
            Self::Unknown { .. } => "",
            Self::End => "POLLEND",
        }
    }

    fn check(&self) -> Result<(), WriteError> {
        match self {
            Self::Message { email, header, text } => {
                check_word("src_email", email)?;
                header.count()?.checked_add(text.count()?).ok_or(WriteError::TooManyLines).map(drop)
            }
            Self::StatusChanged { email, status, .. } => {
                check_word("email", email)?;
                check_word("newstatus", status)
            }
            Self::UserAdded { email }
            | Self::UserDeleted { email }
            | Self::ContactAdded { email }
            | Self::ContactDeleted { email }
            | Self::Flushed { email }
            | Self::Typing { email } => check_word("email", email),
            Self::SocketClosed { discarded, .. } => discarded.map_or(Ok(()), |(email, _)| check_word("email", email)),
            Self::Error { description, .. } => check_text("description", description),
            Self::Refused { description } => check_description(description),
            Self::Unknown { line } => check_unknown(line),
            Self::End => Ok(()),
        }
    }
}

fn parse_discarded<'a>(words: &mut Words<'a>) -> Result<Option<(&'a str, u32)>, ParseError> {
    if words.is_at_end() {
        return Ok(None);
    }
    Ok(Some((words.word("email")?, words.number("number_of_messages_discarded")?)))
}

fn parse_error(rest: &str) -> Event<'_> {
    let (first, description) = rest.split_once(' ').unwrap_or((rest, ""));
    match number(first) {
        Some(code) => Event::Error { code, description },
        None => Event::Refused { description: rest },
    }
}

/// Whether what follows `ERR` starts with the code of an event.
#[cfg(feature = "std")]
pub(super) fn starts_with_number(rest: &[u8]) -> bool {
    let word = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
    core::str::from_utf8(word).is_ok_and(|word| number(word).is_some())
}

/// A description may not start with a number, or it would be taken for a code.
pub(super) fn check_description(description: &str) -> Result<(), WriteError> {
    let field = "description";
    match parse_error(description) {
        Event::Error { .. } => Err(WriteError::Unspeakable { field }),
        _ => check_text(field, description),
    }
}

/// The first words of all events but `SCLOSE`, which is unknown where its type is.
const KNOWN: [&str; 10] = ["MSG", "STCH", "UADD", "UDEL", "ADDFL", "DELFL", "MFLUSH", "TYPING", "ERR", "POLLEND"];

/// An unknown line may be nothing that is known.
fn check_unknown(line: &str) -> Result<(), WriteError> {
    let mut words = line.split(' ');
    let known = match words.next() {
        Some("SCLOSE") => matches!(words.next(), None | Some("" | "MAIN" | "USER")),
        Some(name) => KNOWN.contains(&name),
        None => false,
    };
    if known { Err(WriteError::Unspeakable { field: "event" }) } else { check_text("event", line) }
}

impl Wire for Event<'_> {
    fn write_to(&self, out: &mut impl Write) -> Result<(), WriteError> {
        self.check()?;
        out.write_str(self.name())?;
        match self {
            Self::Message { email, header, text } => {
                let end_of_header = header.count()?;
                writeln!(out, " {} {end_of_header} {email}", end_of_header + text.count()?)?;
                header.write(out)?;
                return Ok(text.write(out)?);
            }
            Self::StatusChanged { email, status, discarded } => {
                write!(out, " {email} {status}")?;
                if let Some(count) = discarded {
                    write!(out, " {count}")?;
                }
            }
            Self::UserAdded { email }
            | Self::UserDeleted { email }
            | Self::ContactAdded { email }
            | Self::ContactDeleted { email }
            | Self::Flushed { email }
            | Self::Typing { email } => write!(out, " {email}")?,
            Self::SocketClosed { socket, discarded } => {
                out.write_str(match socket {
                    Socket::Main => " MAIN",
                    Socket::User => " USER",
                })?;
                if let Some((email, count)) = discarded {
                    write!(out, " {email} {count}")?;
                }
            }
            Self::Error { code, description } => write!(out, " {code} {description}")?,
            Self::Refused { description } => write!(out, " {description}")?,
            Self::Unknown { line } => out.write_str(line)?,
            Self::End => {}
        }
        Ok(out.write_char('\n')?)
    }
}

wire_methods!(Event);
