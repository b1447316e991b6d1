use core::ffi::c_char;
use core::{ptr, slice};

use super::error::{Failure, Fault, Incomplete, fail, fail_with};
use super::payload::told;
use super::view::{Mirrored, Viewed, memory};
use super::{given, guard, output, sp2_bool, sp2_bytes, sp2_entry, sp2_error, sp2_opt_int32, sp2_result, sp2_str};
use crate::error::EncodeError;
use crate::msncd::{
    self, Answer, Command, Contact, Event, Form, Limits, Lines, Nick, ParseErrorKind, Socket, User, WriteError,
};

/// What to ask of the daemon: `type` of an `sp2_msncd_command`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum sp2_msncd_command_type {
    /// Add a contact: `nick`, `email`.
    SP2_MSNCD_ADD = 1,
    /// Delete a contact: `user`.
    SP2_MSNCD_DELETE = 2,
    /// Change our own nick: `nick`.
    SP2_MSNCD_NICK = 3,
    /// Change the privacy: `is_public`, `ask`.
    SP2_MSNCD_PRIVACY = 4,
    /// Change our own status: `status`.
    SP2_MSNCD_STATUS = 5,
    /// Log in: `email`, `password`.
    SP2_MSNCD_LOGIN = 6,
    /// Log off.
    SP2_MSNCD_LOGOFF = 7,
    /// Send a message: `user`, `text`.
    SP2_MSNCD_SEND_MESSAGE = 8,
    /// Say that we are typing: `user`. An extension, which not every daemon knows.
    SP2_MSNCD_TYPING = 9,
    /// Ask what is known of somebody: `user`. Answered with attributes.
    SP2_MSNCD_INFO = 10,
    /// Ask for the contact list. Answered with contacts.
    SP2_MSNCD_CONTACT_LIST = 11,
    /// Ask for the list of those who have us on theirs. Answered with contacts.
    SP2_MSNCD_REVERSE_LIST = 12,
    /// Ask for events. Answered with them.
    SP2_MSNCD_POLL = 13,
}

/// A command to the daemon. The other fields than those of its type are not looked at.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sp2_msncd_command {
    /// An `sp2_msncd_command_type`.
    pub r#type: i32,
    /// Somebody, by email, or by nick where there is no `@` in it.
    pub user: sp2_str,
    /// Any text.
    pub nick: sp2_str,
    /// An account.
    pub email: sp2_str,
    /// A word, such as `online`.
    pub status: sp2_str,
    /// The password of the account.
    pub password: sp2_str,
    /// Any text, of any number of lines.
    pub text: sp2_str,
    /// Whether people who are not on the contact list may write to us and see our status.
    pub is_public: sp2_bool,
    /// Whether we are asked when somebody adds us.
    pub ask: sp2_bool,
}

/// What a poll tells: `type` of an `sp2_msncd_event`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum sp2_msncd_event_type {
    /// The end of the poll.
    SP2_MSNCD_EVENT_END = 0,
    /// A message: `email`, `header`, `text`.
    SP2_MSNCD_EVENT_MESSAGE = 1,
    /// Somebody's status changed: `email`, `text`, and maybe how many of our messages were `discarded`.
    SP2_MSNCD_EVENT_STATUS_CHANGED = 2,
    /// Somebody added us: `email`.
    SP2_MSNCD_EVENT_USER_ADDED = 3,
    /// Somebody deleted us: `email`.
    SP2_MSNCD_EVENT_USER_DELETED = 4,
    /// A contact is new on our list: `email`.
    SP2_MSNCD_EVENT_CONTACT_ADDED = 5,
    /// A contact is no longer on our list: `email`.
    SP2_MSNCD_EVENT_CONTACT_DELETED = 6,
    /// Messages that waited for somebody are delivered: `email`.
    SP2_MSNCD_EVENT_FLUSHED = 7,
    /// Somebody is typing to us: `email`.
    SP2_MSNCD_EVENT_TYPING = 8,
    /// The daemon lost its connection to the network: we are logged off. Maybe `email` and `discarded`.
    SP2_MSNCD_EVENT_MAIN_CLOSED = 9,
    /// The daemon lost the connection of a conversation. Maybe `email` and `discarded`.
    SP2_MSNCD_EVENT_USER_CLOSED = 10,
    /// Something went wrong: `code`, and `text` for people.
    SP2_MSNCD_EVENT_ERROR = 11,
    /// The daemon refused something, without a code: `text`. As the first event it is the whole answer, and
    /// no end follows; `sp2_msncd_poll` returns `SP2_REFUSED` in its place.
    SP2_MSNCD_EVENT_REFUSED = 12,
    /// A line that this version does not know: `text`.
    SP2_MSNCD_EVENT_UNKNOWN = 13,
}

/// What a poll tells.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sp2_msncd_event {
    /// An `sp2_msncd_event_type`.
    pub r#type: i32,
    /// Whom it is about; absent where it is about nobody.
    pub email: sp2_str,
    /// What the network says about a message: lines, with newlines between them.
    pub header: sp2_str,
    /// A text, as the type says.
    pub text: sp2_str,
    /// How many of our messages were discarded, at most 2147483647.
    pub discarded: sp2_opt_int32,
    /// The number of an error.
    pub code: u32,
}

/// The lines of an answer: a cursor, which is to be copied where they are read twice.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_msncd_lines {
    /// What is left of them. Only the library uses it.
    pub bytes: *const u8,
    /// The number of bytes.
    pub length: usize,
}

/// Somebody on a contact list, as the line of it says.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sp2_msncd_contact_line {
    /// The contact's status.
    pub status: sp2_str,
    /// The contact.
    pub email: sp2_str,
    /// What the contact is called, for `sp2_msncd_nick_decode`; may be empty.
    pub encoded_nick: sp2_str,
}

impl sp2_msncd_command {
    /// # Safety
    /// The strings of its type stay as they are during `'a`.
    pub(super) unsafe fn view<'a>(&'a self) -> Result<Command<'a>, Fault> {
        use sp2_msncd_command_type as Type;
        // SAFETY: this function's own contract.
        let text = |field: &'a sp2_str| unsafe { <&'a str>::view(field) };
        let user = || text(&self.user).map(User::from);
        Ok(match self.r#type {
            number if number == Type::SP2_MSNCD_ADD as i32 => {
                Command::Add { nick: Nick::new(text(&self.nick)?), email: text(&self.email)? }
            }
            number if number == Type::SP2_MSNCD_DELETE as i32 => Command::Delete { user: user()? },
            number if number == Type::SP2_MSNCD_NICK as i32 => Command::Nick { nick: Nick::new(text(&self.nick)?) },
            number if number == Type::SP2_MSNCD_PRIVACY as i32 => {
                Command::Privacy { public: self.is_public != 0, ask: self.ask != 0 }
            }
            number if number == Type::SP2_MSNCD_STATUS as i32 => Command::Status { status: text(&self.status)? },
            number if number == Type::SP2_MSNCD_LOGIN as i32 => {
                Command::Login { email: text(&self.email)?, password: text(&self.password)? }
            }
            number if number == Type::SP2_MSNCD_LOGOFF as i32 => Command::Logoff,
            number if number == Type::SP2_MSNCD_SEND_MESSAGE as i32 => {
                Command::SendMessage { user: user()?, text: Lines::new(text(&self.text)?) }
            }
            number if number == Type::SP2_MSNCD_TYPING as i32 => Command::Typing { user: user()? },
            number if number == Type::SP2_MSNCD_INFO as i32 => Command::Info { user: user()? },
            number if number == Type::SP2_MSNCD_CONTACT_LIST as i32 => Command::ContactList,
            number if number == Type::SP2_MSNCD_REVERSE_LIST as i32 => Command::ReverseList,
            number if number == Type::SP2_MSNCD_POLL as i32 => Command::Poll,
            _ => return Err(sp2_result::SP2_INVALID_ARGUMENT.into()),
        })
    }
}

impl sp2_msncd_event {
    pub(super) fn of(event: Option<Event<'_>>) -> Self {
        use sp2_msncd_event_type as Type;
        let absent = sp2_str::of(None);
        let made = |of: Type, email: Option<&str>, text: Option<&str>| Self {
            r#type: of as i32,
            email: email.mirror(),
            header: absent,
            text: text.mirror(),
            discarded: None::<i32>.mirror(),
            code: 0,
        };
        let counted = |count: u32| Some(i32::try_from(count).unwrap_or(i32::MAX)).mirror();
        match event {
            None | Some(Event::End) => made(Type::SP2_MSNCD_EVENT_END, None, None),
            Some(Event::Message { email, header, text }) => Self {
                header: header.text().mirror(),
                ..made(Type::SP2_MSNCD_EVENT_MESSAGE, Some(email), Some(text.text()))
            },
            Some(Event::StatusChanged { email, status, discarded }) => Self {
                discarded: discarded.map_or(None::<i32>.mirror(), counted),
                ..made(Type::SP2_MSNCD_EVENT_STATUS_CHANGED, Some(email), Some(status))
            },
            Some(Event::UserAdded { email }) => made(Type::SP2_MSNCD_EVENT_USER_ADDED, Some(email), None),
            Some(Event::UserDeleted { email }) => made(Type::SP2_MSNCD_EVENT_USER_DELETED, Some(email), None),
            Some(Event::ContactAdded { email }) => made(Type::SP2_MSNCD_EVENT_CONTACT_ADDED, Some(email), None),
            Some(Event::ContactDeleted { email }) => made(Type::SP2_MSNCD_EVENT_CONTACT_DELETED, Some(email), None),
            Some(Event::Flushed { email }) => made(Type::SP2_MSNCD_EVENT_FLUSHED, Some(email), None),
            Some(Event::Typing { email }) => made(Type::SP2_MSNCD_EVENT_TYPING, Some(email), None),
            Some(Event::SocketClosed { socket, discarded }) => {
                let of = match socket {
                    Socket::Main => Type::SP2_MSNCD_EVENT_MAIN_CLOSED,
                    Socket::User => Type::SP2_MSNCD_EVENT_USER_CLOSED,
                };
                Self {
                    discarded: discarded.map_or(None::<i32>.mirror(), |(_, count)| counted(count)),
                    ..made(of, discarded.map(|(email, _)| email), None)
                }
            }
            Some(Event::Error { code, description }) => {
                Self { code, ..made(Type::SP2_MSNCD_EVENT_ERROR, None, Some(description)) }
            }
            Some(Event::Refused { description }) => made(Type::SP2_MSNCD_EVENT_REFUSED, None, Some(description)),
            Some(Event::Unknown { line }) => made(Type::SP2_MSNCD_EVENT_UNKNOWN, None, Some(line)),
        }
    }
}

/// The form of the answers to a type of command.
fn answer_form(command: i32) -> Result<Form, Fault> {
    use sp2_msncd_command_type as Type;
    const FIRST: i32 = Type::SP2_MSNCD_ADD as i32;
    const LAST: i32 = Type::SP2_MSNCD_TYPING as i32;
    Ok(match command {
        FIRST..=LAST => Form::Status,
        number if number == Type::SP2_MSNCD_INFO as i32 => Form::Attributes,
        number if number == Type::SP2_MSNCD_CONTACT_LIST as i32 => Form::Contacts,
        number if number == Type::SP2_MSNCD_REVERSE_LIST as i32 => Form::Contacts,
        number if number == Type::SP2_MSNCD_POLL as i32 => Form::Event,
        _ => return Err(sp2_result::SP2_INVALID_ARGUMENT.into()),
    })
}

impl Failure for WriteError {
    #[cold]
    unsafe fn tell(self, error: *mut sp2_error) -> sp2_result {
        // SAFETY: this function's own contract.
        unsafe { fail_with(error, sp2_result::SP2_INVALID_ARGUMENT, &self) }
    }
}

/// The memory that a caller wants something to be written to.
///
/// # Safety
/// Unless it is NULL, `capacity` bytes may be written from `buffer` on during `'a`.
unsafe fn writable<'a>(buffer: *mut u8, capacity: usize, error: *mut sp2_error) -> Result<&'a mut [u8], sp2_result> {
    // What a slice can be at most is enough for anything.
    match capacity.min(isize::MAX as usize) {
        0 => Ok(&mut []),
        // SAFETY: this function's own contract.
        capacity => Ok(unsafe { slice::from_raw_parts_mut(output(buffer, error)?.as_mut_ptr(), capacity) }),
    }
}

/// The number of bytes that `sp2_msncd_encode` writes.
///
/// `SP2_INVALID_ARGUMENT`: the protocol has no way to say it, a space in a status for example.
///
/// # Safety
/// `command` is one, with all that it points to; `length` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_encoded_len(
    command: *const sp2_msncd_command,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let command = told(given(command, error)?.view(), error)?;
        let length = output(length, error)?;
        length.write(told(command.encoded_len(), error)?);
        Ok(())
    })
}

/// Encodes a command, newlines and all, to the front of `buffer`, of `capacity` bytes, and writes its
/// number of bytes to `length`: for programs with connections of their own, in place of
/// `sp2_msncd_execute` and its like.
///
/// When it fails, what `buffer` holds is unspecified. When it is too short, `needed` in the error says
/// what is enough. `SP2_INVALID_ARGUMENT`: as of `sp2_msncd_encoded_len`.
///
/// # Safety
/// `command` is one, with all that it points to, outside of `buffer`; `buffer`, `length` and `error` may
/// be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_encode(
    command: *const sp2_msncd_command,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let command = told(given(command, error)?.view(), error)?;
        let length = output(length, error)?;
        match command.encode(writable(buffer, capacity, error)?) {
            Ok(encoded) => length.write(encoded),
            Err(WriteError::Full) => {
                let needed = told(command.encoded_len(), error)?;
                return told(Err(EncodeError::BufferTooShort { needed }), error);
            }
            Err(unspeakable) => return told(Err(unspeakable), error),
        };
        Ok(())
    })
}

/// Finds the first answer in `length` bytes from `bytes`, as the daemon gives it to a type of command,
/// and writes it to `answer`, with all its lines: of a poll, one event. Copies nothing.
///
/// `SP2_INCOMPLETE`: there is only a part of it. How much of it to wait for is for the caller to say; each
/// call looks from the start. `SP2_OUT_OF_STEP`: lines are announced, and it cannot be known how many;
/// the stream cannot go on.
///
/// # Safety
/// `bytes` points to `length` bytes; `answer` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_split(
    bytes: *const u8,
    length: usize,
    command_type: i32,
    answer: *mut sp2_bytes,
    error: *mut sp2_error,
) -> sp2_result {
    const NONE: Limits = Limits { line_length: usize::MAX, lines: u32::MAX, length: usize::MAX };
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let received = told(memory(bytes, length), error)?;
        let answer = output(answer, error)?;
        match msncd::split(received, told(answer_form(command_type), error)?, NONE) {
            Some((Ok(unit), _)) => answer.write(unit.mirror()),
            Some((Err(endless), _)) => return Err(fail_with(error, sp2_result::SP2_OUT_OF_STEP, &endless)),
            None => return told(Err(Incomplete { needed: length.saturating_add(1) }), error),
        };
        Ok(())
    })
}

/// Decodes the answer to any type of command but `SP2_MSNCD_POLL`, as `sp2_msncd_split` found it, and
/// writes what it says behind its first words to `lines`: for `sp2_msncd_contact_next` and
/// `sp2_msncd_attribute_next`, and of an answer without, nothing. They point into `bytes`.
///
/// `SP2_REFUSED`: the daemon says no; why is the text of the error. `SP2_MALFORMED_LINE`: it is lost; the
/// next is not. `SP2_OUT_OF_STEP`: it is no answer to such a command.
///
/// # Safety
/// `bytes` points to `length` bytes; `lines` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_answer_decode(
    bytes: *const u8,
    length: usize,
    command_type: i32,
    lines: *mut sp2_msncd_lines,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let unit = told(memory(bytes, length), error)?;
        let output = output(lines, error)?;
        let form = told(answer_form(command_type), error)?;
        if form == Form::Event {
            return Err(fail(error, sp2_result::SP2_INVALID_ARGUMENT));
        }
        let answer = match Answer::parse(unit, form) {
            // It may belong to anything.
            Err(unknown) if unknown.kind() == ParseErrorKind::UnknownWord => {
                return Err(fail_with(error, sp2_result::SP2_OUT_OF_STEP, &unknown));
            }
            answer => told(answer, error)?,
        };
        let lines = match answer {
            Answer::Refused { description } => {
                return Err(fail_with(error, sp2_result::SP2_REFUSED, &description));
            }
            Answer::Ok => None,
            Answer::Contacts(contacts) => contacts.lines(),
            Answer::Attributes(attributes) => attributes.lines(),
        };
        output.write(sp2_msncd_lines {
            bytes: lines.map_or(ptr::null(), str::as_ptr),
            length: lines.map_or(0, str::len),
        });
        Ok(())
    })
}

/// Decodes an event of a poll, as `sp2_msncd_split` found it. It points into `bytes`.
///
/// `SP2_MALFORMED_LINE`: it is lost; the next is not.
///
/// # Safety
/// `bytes` points to `length` bytes; `event` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_event_decode(
    bytes: *const u8,
    length: usize,
    event: *mut sp2_msncd_event,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let unit = told(memory(bytes, length), error)?;
        let output = output(event, error)?;
        output.write(sp2_msncd_event::of(Some(told(Event::parse(unit), error)?)));
        Ok(())
    })
}

impl sp2_msncd_lines {
    /// Takes the first line off, and parses it.
    ///
    /// # Safety
    /// The bytes stay as they are during `'a`.
    unsafe fn take_first<'a, T>(&mut self, parse: impl FnOnce(&'a str) -> Option<T>) -> Option<T> {
        // SAFETY: this function's own contract.
        let lines = unsafe { memory(self.bytes, self.length) }.ok().filter(|lines| !lines.is_empty())?;
        let end = lines.iter().position(|byte| *byte == b'\n').unwrap_or(lines.len());
        let value = parse(core::str::from_utf8(&lines[..end]).ok()?)?;
        let rest = lines.get(end + 1..).unwrap_or_default();
        *self = Self { bytes: rest.as_ptr(), length: rest.len() };
        Some(value)
    }
}

/// Takes the next line off, and writes what it says.
///
/// # Safety
/// Unless they are NULL, `lines` points to lines with all that they point to, and may be written, as
/// `item` may.
unsafe fn next<'a, L: 'a, T>(
    lines: *mut sp2_msncd_lines,
    item: *mut T,
    parse: impl FnOnce(&'a str) -> Option<L>,
    mirror: impl FnOnce(L) -> T,
) -> i32 {
    if lines.is_null() || item.is_null() {
        return 0;
    }
    // SAFETY: not NULL; the rest is this function's own contract.
    match unsafe { (*lines).take_first(parse) } {
        Some(value) => {
            // SAFETY: as above.
            unsafe { item.write(mirror(value)) };
            1
        }
        None => 0,
    }
}

/// Takes the next contact off the lines of an answer: 1, or 0 where there is none.
///
/// # Safety
/// `lines` were written by `sp2_msncd_answer_decode`, and what they point to is there; `contact` may be
/// written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_contact_next(
    lines: *mut sp2_msncd_lines,
    contact: *mut sp2_msncd_contact_line,
) -> i32 {
    let mirror = |contact: Contact<'_>| sp2_msncd_contact_line {
        status: contact.status.mirror(),
        email: contact.email.mirror(),
        encoded_nick: contact.nick.received().mirror(),
    };
    // SAFETY: the caller's contract is theirs.
    unsafe { next(lines, contact, Contact::parse_line, mirror) }
}

/// Takes the next attribute off the lines of an answer: 1, or 0 where there is none.
///
/// # Safety
/// `lines` were written by `sp2_msncd_answer_decode`, and what they point to is there; `attribute` may be
/// written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_attribute_next(lines: *mut sp2_msncd_lines, attribute: *mut sp2_entry) -> i32 {
    // SAFETY: the caller's contract is theirs.
    unsafe { next(lines, attribute, msncd::parse_attribute, Mirrored::mirror) }
}

/// Decodes what somebody is called to the front of `buffer`, of `capacity` bytes, and writes its number of
/// bytes to `length`: never more than `encoded` has. Encoding is done by `sp2_msncd_encode`.
///
/// When it fails, what `buffer` holds is unspecified. When it is too short, `needed` in the error says
/// what is enough.
///
/// # Safety
/// `encoded` is there, outside of `buffer`; `buffer`, `length` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_nick_decode(
    encoded: sp2_str,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let nick = Nick::from_encoded(told(Viewed::view(&encoded), error)?);
        let length = output(length, error)?;
        let buffer = writable(buffer.cast(), capacity, error)?;
        let needed = nick.chars().map(char::len_utf8).sum();
        if needed > buffer.len() {
            return told(Err(EncodeError::BufferTooShort { needed }), error);
        }
        let mut rest = buffer;
        for character in nick.chars() {
            let written = character.encode_utf8(rest).len();
            rest = &mut rest[written..];
        }
        length.write(needed);
        Ok(())
    })
}
