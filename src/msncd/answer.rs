use core::fmt::{self, Write};

use super::error::{ParseError, ParseErrorKind, WriteError};
use super::event::check_description;
use super::nick::Nick;
use super::scan::Form;
use super::words::{Wire, Words, check_text, check_word, head_and_body, text, wire_methods};

/// What the daemon answers to any command but POLL, which is answered with [events](super::Event).
///
/// INFO, GETCL and GETRCL are answered with what was asked for in place of `OK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// `OK`.
    Ok,
    /// `ERR`: the daemon refuses.
    Refused {
        /// Why, up to the end of the line. It may not start with a number, by which an event of
        /// POLL is told from a refusal.
        description: &'a str,
    },
    /// To INFO: what is known of somebody, ended by an empty line.
    Attributes(Attributes<'a>),
    /// `CL`, to GETCL and GETRCL.
    Contacts(Contacts<'a>),
}

impl<'a> Answer<'a> {
    /// Parses a unit of the form that the [command](super::Command::answer_form) asked for.
    ///
    /// # Errors
    /// What is wrong with it. An answer to POLL is made of [events](super::Event); asked for one,
    /// this knows no first word.
    pub fn parse(unit: &'a [u8], form: Form) -> Result<Self, ParseError> {
        let (head, body) = head_and_body(unit)?;
        let mut words = Words::new(head, 0);
        let name = words.maybe_empty("answer")?;
        let body_start = head.len() + 1;
        let answer = match (name, form) {
            ("ERR", _) => Self::Refused { description: words.rest() },
            (_, Form::Attributes) => return parse_attributes(unit).map(Self::Attributes),
            ("CL", Form::Contacts) => {
                let count = words.number("number_of_contacts")?;
                words.end("number_of_contacts")?;
                return parse_contacts(count, body, body_start).map(Self::Contacts);
            }
            ("OK", Form::Status) => Self::Ok,
            _ => return Err(ParseError::new(ParseErrorKind::UnknownWord, "answer", 0)),
        };
        words.end("answer")?;
        if body.is_some() {
            return Err(ParseError::new(ParseErrorKind::Extra, "answer", body_start));
        }
        Ok(answer)
    }
}

impl Wire for Answer<'_> {
    fn write_to(&self, out: &mut impl Write) -> Result<(), WriteError> {
        match self {
            Self::Ok => Ok(out.write_str("OK\n")?),
            Self::Refused { description } => {
                check_description(description)?;
                Ok(writeln!(out, "ERR {description}")?)
            }
            Self::Attributes(attributes) => attributes.write(out),
            Self::Contacts(contacts) => contacts.write(out),
        }
    }
}

wire_methods!(Answer);

/// Elements to send, or the lines of received ones, which are checked already.
#[derive(Clone, Copy)]
enum Source<'a, T> {
    Slice(&'a [T]),
    Lines(Option<&'a str>),
}

impl<'a, T: Copy> Source<'a, T> {
    /// The lines of received ones.
    #[cfg(all(feature = "capi", feature = "std"))]
    fn lines(self) -> Option<&'a str> {
        match self {
            Self::Slice(_) => None,
            Self::Lines(lines) => lines,
        }
    }

    fn iter(self, parse: fn(&'a str) -> Option<T>) -> impl Iterator<Item = T> + use<'a, T> {
        let (slice, lines) = match self {
            Self::Slice(slice) => (slice, None),
            Self::Lines(lines) => ([].as_slice(), lines),
        };
        let lines = lines.into_iter().flat_map(|lines| lines.split('\n'));
        slice.iter().copied().chain(lines.filter_map(parse))
    }
}

/// Somebody on a contact list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact<'a> {
    /// The contact's status.
    pub status: &'a str,
    /// The contact.
    pub email: &'a str,
    /// What the contact is called. Received, a nick may be missing; it is empty then.
    pub nick: Nick<'a>,
}

impl<'a> Contact<'a> {
    #[cfg(all(feature = "capi", feature = "std"))]
    pub(crate) fn parse_line(line: &'a str) -> Option<Self> {
        Self::parse(line, 0).ok()
    }

    /// Parses a line that starts at this offset of its unit.
    fn parse(line: &'a str, start: usize) -> Result<Self, ParseError> {
        let mut words = Words::new(line, start);
        let status = words.word("status")?;
        let email = words.word("email")?;
        let nick = Nick::from_encoded(words.optional().unwrap_or_default());
        words.end("contact")?;
        Ok(Self { status, email, nick })
    }
}

/// A contact list, in the daemon's order.
///
/// To send, it is made of a slice; received, it is the lines of the answer.
#[derive(Clone, Copy)]
pub struct Contacts<'a>(Source<'a, Contact<'a>>);

impl<'a> Contacts<'a> {
    #[cfg(all(feature = "capi", feature = "std"))]
    pub(crate) fn lines(&self) -> Option<&'a str> {
        self.0.lines()
    }

    /// The contacts.
    pub fn iter(&self) -> impl Iterator<Item = Contact<'a>> + use<'a> {
        self.0.iter(|line| Contact::parse(line, 0).ok())
    }

    fn write(&self, out: &mut impl Write) -> Result<(), WriteError> {
        for contact in self.iter() {
            check_word("status", contact.status)?;
            check_word("email", contact.email)?;
        }
        let count = u32::try_from(self.iter().count()).map_err(|_| WriteError::TooManyLines)?;
        writeln!(out, "CL {count}")?;
        for Contact { status, email, nick } in self.iter() {
            write!(out, "{status} {email} ")?;
            nick.write(out)?;
            out.write_char('\n')?;
        }
        Ok(())
    }
}

fn parse_contacts(count: u32, body: Option<&str>, start: usize) -> Result<Contacts<'_>, ParseError> {
    let mut offset = start;
    let mut found = 0;
    for line in body.into_iter().flat_map(|body| body.split('\n')) {
        Contact::parse(line, offset)?;
        offset += line.len() + 1;
        found += 1;
    }
    if found != count as usize {
        return Err(ParseError::new(ParseErrorKind::WrongCount, "number_of_contacts", "CL ".len()));
    }
    Ok(Contacts(Source::Lines(body)))
}

impl<'a> From<&'a [Contact<'a>]> for Contacts<'a> {
    fn from(contacts: &'a [Contact<'a>]) -> Self {
        Self(Source::Slice(contacts))
    }
}

impl PartialEq for Contacts<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Contacts<'_> {}

impl fmt::Debug for Contacts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// What stands between the name and the value of an attribute.
const EQUALS: &str = " = ";

/// What is known of somebody: names and values, in the daemon's order.
///
/// To send, it is made of a slice; received, it is the lines of the answer. A name ends at the first
/// ` = `; a value may be empty.
#[derive(Clone, Copy)]
pub struct Attributes<'a>(Source<'a, (&'a str, &'a str)>);

impl<'a> Attributes<'a> {
    #[cfg(all(feature = "capi", feature = "std"))]
    pub(crate) fn lines(&self) -> Option<&'a str> {
        self.0.lines()
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.0.iter(parse_attribute)
    }

    /// The value of the first attribute of this name.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.iter().find(|attribute| attribute.0 == name).map(|attribute| attribute.1)
    }

    fn write(&self, out: &mut impl Write) -> Result<(), WriteError> {
        for (name, value) in self.iter() {
            let field = "attribute";
            let refusal = name == "ERR" || name.starts_with("ERR ");
            if name.is_empty() {
                return Err(WriteError::Empty { field });
            }
            if refusal || name.contains(" =") || name.contains('\n') {
                return Err(WriteError::Unspeakable { field });
            }
            check_text("value", value)?;
        }
        for (name, value) in self.iter() {
            writeln!(out, "{name}{EQUALS}{value}")?;
        }
        Ok(out.write_char('\n')?)
    }
}

/// The space behind the `=` may be missing where the value is.
pub(crate) fn parse_attribute(line: &str) -> Option<(&str, &str)> {
    let attribute = line.split_once(EQUALS).or_else(|| Some((line.strip_suffix(" =")?, "")));
    attribute.filter(|(name, _)| !name.is_empty())
}

/// The lines up to the empty one, which ends the unit.
fn parse_attributes(unit: &[u8]) -> Result<Attributes<'_>, ParseError> {
    let text = text(unit)?;
    let lines = match text {
        "" => None,
        text => match text.strip_suffix('\n') {
            Some(lines) => Some(lines),
            None => return Err(ParseError::new(ParseErrorKind::Unterminated, "attributes", text.len())),
        },
    };
    let mut offset = 0;
    for line in lines.into_iter().flat_map(|lines| lines.split('\n')) {
        if parse_attribute(line).is_none() {
            return Err(ParseError::new(ParseErrorKind::Missing, "attribute", offset));
        }
        offset += line.len() + 1;
    }
    Ok(Attributes(Source::Lines(lines)))
}

impl<'a> From<&'a [(&'a str, &'a str)]> for Attributes<'a> {
    fn from(attributes: &'a [(&'a str, &'a str)]) -> Self {
        Self(Source::Slice(attributes))
    }
}

impl PartialEq for Attributes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Attributes<'_> {}

impl fmt::Debug for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
