use core::fmt::{self, Write};

use super::error::{ParseError, ParseErrorKind, WriteError};
use super::nick::{Nick, User};
use super::scan::Form;
use super::words::{Lines, Wire, Words, check_text, check_word, head_and_body, wire_methods};

/// What a client asks of the daemon.
///
/// `Debug` hides the password.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// `ADD`: add a contact.
    Add {
        /// What to call the contact.
        nick: Nick<'a>,
        /// The contact.
        email: &'a str,
    },
    /// `DEL`: delete a contact.
    Delete {
        /// The contact.
        user: User<'a>,
    },
    /// `NICK`: change our own nick.
    Nick {
        /// The new nick.
        nick: Nick<'a>,
    },
    /// `PRIV`: change the privacy.
    Privacy {
        /// `p`: whether people who are not on the contact list may write to us and see our status.
        public: bool,
        /// `a`: whether we are asked when somebody adds us.
        ask: bool,
    },
    /// `STATUS`: change our own status.
    Status {
        /// The new status.
        status: &'a str,
    },
    /// `LOGIN`: log in. The status is offline until it is changed.
    Login {
        /// The account.
        email: &'a str,
        /// Its password, up to the end of the line.
        password: &'a str,
    },
    /// `LOGOFF`: log off, back to the state of a new connection.
    Logoff,
    /// `INFO`: what is known of somebody.
    Info {
        /// Who.
        user: User<'a>,
    },
    /// `SENDMSG`: send a message.
    SendMessage {
        /// To whom.
        user: User<'a>,
        /// The text.
        text: Lines<'a>,
    },
    /// `POLL`: ask for events.
    Poll,
    /// `GETCL`: ask for the contact list.
    ContactList,
    /// `GETRCL`: ask for the list of those who have us on theirs.
    ReverseList,
    /// `TYPING`: say that we are typing. An extension: the protocol's description has the event
    /// alone, and no way to cause it. A daemon that does not know it refuses it.
    Typing {
        /// To whom.
        user: User<'a>,
    },
}

impl<'a> Command<'a> {
    /// Parses a unit of [`Form::Command`]: the line, and the lines that belong to it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(unit: &'a [u8]) -> Result<Self, ParseError> {
        let (head, body) = head_and_body(unit)?;
        let mut words = Words::new(head, 0);
        let name = words.word("command")?;
        let mut lines = None;
        let command = match name {
            "ADD" => Self::Add { nick: Nick::from_encoded(words.maybe_empty("nick")?), email: words.word("email")? },
            "DEL" => Self::Delete { user: User::parse(words.word("email")?) },
            "NICK" => Self::Nick { nick: Nick::from_encoded(words.maybe_empty("newnick")?) },
            "PRIV" => Self::Privacy { public: words.flag("p")?, ask: words.flag("a")? },
            "STATUS" => Self::Status { status: words.word("newstatus")? },
            "LOGIN" => Self::Login { email: words.word("email")?, password: words.text("password")? },
            "LOGOFF" => Self::Logoff,
            "INFO" => Self::Info { user: User::parse(words.word("email")?) },
            "SENDMSG" => {
                let count = words.number("number_of_lines")?;
                let text = Lines(body).expect(count, name.len() + 1)?;
                lines = Some(text);
                Self::SendMessage { user: User::parse(words.word("email")?), text }
            }
            "POLL" => Self::Poll,
            "GETCL" => Self::ContactList,
            "GETRCL" => Self::ReverseList,
            "TYPING" => Self::Typing { user: User::parse(words.word("email")?) },
            _ => return Err(ParseError::new(ParseErrorKind::UnknownWord, "command", 0)),
        };
        words.end("command")?;
        if lines.is_none() && body.is_some() {
            return Err(ParseError::new(ParseErrorKind::Extra, "command", head.len() + 1));
        }
        Ok(command)
    }

    /// Its first word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Add { .. } => "ADD",
            Self::Delete { .. } => "DEL",
            Self::Nick { .. } => "NICK",
            Self::Privacy { .. } => "PRIV",
            Self::Status { .. } => "STATUS",
            Self::Login { .. } => "LOGIN",
            Self::Logoff => "LOGOFF",
            Self::Info { .. } => "INFO",
            Self::SendMessage { .. } => "SENDMSG",
            Self::Poll => "POLL",
            Self::ContactList => "GETCL",
            Self::ReverseList => "GETRCL",
            Self::Typing { .. } => "TYPING",
        }
    }

    /// The form that its answer takes.
    pub fn answer_form(&self) -> Form {
        match self {
            Self::Info { .. } => Form::Attributes,
            Self::Poll => Form::Event,
            Self::ContactList | Self::ReverseList => Form::Contacts,
            _ => Form::Status,
        }
    }

    fn check(&self) -> Result<(), WriteError> {
        match self {
            Self::Add { email, .. } => check_word("email", email),
            Self::Status { status } => check_word("newstatus", status),
            Self::Login { email, password } => {
                check_word("email", email)?;
                check_text("password", password)
            }
            Self::Delete { user } | Self::Info { user } | Self::Typing { user } => user.check(),
            Self::SendMessage { user, text } => text.count().and(user.check()),
            Self::Nick { .. }
            | Self::Privacy { .. }
            | Self::Logoff
            | Self::Poll
            | Self::ContactList
            | Self::ReverseList => Ok(()),
        }
    }
}

impl Wire for Command<'_> {
    fn write_to(&self, out: &mut impl Write) -> Result<(), WriteError> {
        self.check()?;
        out.write_str(self.name())?;
        match self {
            Self::Add { nick, email } => {
                out.write_char(' ')?;
                nick.write(out)?;
                write!(out, " {email}")?;
            }
            Self::Nick { nick } => {
                out.write_char(' ')?;
                nick.write(out)?;
            }
            Self::Privacy { public, ask } => write!(out, " {} {}", u8::from(*public), u8::from(*ask))?,
            Self::Status { status } => write!(out, " {status}")?,
            Self::Login { email, password } => write!(out, " {email} {password}")?,
            Self::Delete { user } | Self::Info { user } | Self::Typing { user } => {
                out.write_char(' ')?;
                user.write(out)?;
            }
            Self::SendMessage { user, text } => {
                write!(out, " {} ", text.len())?;
                user.write(out)?;
                out.write_char('\n')?;
                return Ok(text.write(out)?);
            }
            Self::Logoff | Self::Poll | Self::ContactList | Self::ReverseList => {}
        }
        Ok(out.write_char('\n')?)
    }
}

wire_methods!(Command);

impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct(self.name());
        match self {
            Self::Add { nick, email } => fields.field("nick", nick).field("email", email),
            Self::Nick { nick } => fields.field("nick", nick),
            Self::Privacy { public, ask } => fields.field("public", public).field("ask", ask),
            Self::Status { status } => fields.field("status", status),
            Self::Login { email, .. } => fields.field("email", email).field("password", &"(hidden)"),
            Self::Delete { user } | Self::Info { user } | Self::Typing { user } => fields.field("user", user),
            Self::SendMessage { user, text } => fields.field("user", user).field("text", &text.text()),
            Self::Logoff | Self::Poll | Self::ContactList | Self::ReverseList => &mut fields,
        };
        fields.finish()
    }
}
