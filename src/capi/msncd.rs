use core::time::Duration;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Instant;

use super::error::{Failure, Fault, fail, fail_with};
use super::payload::told;
use super::view::Mirrored;
use super::{given, guard, output, sp2_bool, sp2_entry, sp2_error, sp2_map, sp2_opt_int32, sp2_result, sp2_str};
use crate::msncd::{Client, Command, Error, Event, Form, Lines, Nick, Socket, Timed, User};

/// A connection to a daemon of msncd, by its line protocol. It has nothing to do with Spectrum.
///
/// Any thread may use it, one at a time: a second one gets `SP2_BUSY`. Results point into the client,
/// until the next call.
///
/// After `SP2_TIMEOUT` the command is still under way: `sp2_msncd_poll` goes on when it is called again,
/// for any other command `sp2_msncd_finish` does, and new ones get `SP2_UNANSWERED`. After
/// `SP2_OUT_OF_STEP`, `SP2_CLOSED` and `SP2_CONNECTION_FAILED` it can only be freed.
pub struct sp2_msncd {
    state: Mutex<State>,
}

struct State {
    client: Client<Timed<TcpStream>>,
    timeout: Option<Duration>,
    /// What the last list that was asked for points to.
    nicks: Vec<String>,
    contacts: Vec<sp2_msncd_contact>,
    attributes: Vec<sp2_entry>,
}

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
}

/// A command that the daemon answers with yes or no. The other fields than those of its type are not
/// looked at.
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
    /// The end of the poll. The next call starts another one.
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
    /// The daemon refused something, without a code: `text`.
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

/// Somebody on a contact list.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sp2_msncd_contact {
    /// The contact's status.
    pub status: sp2_str,
    /// The contact.
    pub email: sp2_str,
    /// What the contact is called; may be empty.
    pub nick: sp2_str,
}

/// A contact list, in the daemon's order.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sp2_msncd_contact_list {
    /// The first contact; NULL where there is none.
    pub items: *const sp2_msncd_contact,
    /// The number of contacts.
    pub count: usize,
}

impl Failure for Error {
    #[cold]
    unsafe fn tell(self, error: *mut sp2_error) -> sp2_result {
        // SAFETY: this function's own contract.
        unsafe {
            let result = match self {
                Self::Stream(ref failure) if failure.kind() == ErrorKind::UnexpectedEof => sp2_result::SP2_CLOSED,
                Self::Stream(ref failure) if is_timeout(failure) => sp2_result::SP2_TIMEOUT,
                Self::Stream(failure) => return failure.tell(error),
                // The description alone: it is for the user.
                Self::Refused(description) => return fail_with(error, sp2_result::SP2_REFUSED, &description),
                Self::Malformed(_) => sp2_result::SP2_MALFORMED_LINE,
                Self::Limit(limit) if limit.keeps_step() => sp2_result::SP2_MALFORMED_LINE,
                Self::Unspeakable(_) => sp2_result::SP2_INVALID_ARGUMENT,
                Self::Unanswered => sp2_result::SP2_UNANSWERED,
                Self::Limit(_) | Self::Unasked | Self::OutOfStep => sp2_result::SP2_OUT_OF_STEP,
            };
            fail_with(error, result, &self)
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

impl sp2_msncd {
    fn over(stream: TcpStream) -> *mut Self {
        let client = Client::new(Timed::new(stream));
        let state = State { client, timeout: None, nicks: Vec::new(), contacts: Vec::new(), attributes: Vec::new() };
        Box::into_raw(Box::new(Self { state: Mutex::new(state) }))
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>, Fault> {
        match self.state.try_lock() {
            Ok(state) => Ok(state),
            Err(TryLockError::WouldBlock) => Err(sp2_result::SP2_BUSY.into()),
            Err(TryLockError::Poisoned(_)) => Err(sp2_result::SP2_OUT_OF_STEP.into()),
        }
    }
}

/// The state of a client that nobody else uses, with a new deadline.
///
/// # Safety
/// Unless it is NULL, `client` is not freed during `'a`; `error` may be written.
unsafe fn begin<'a>(client: *const sp2_msncd, error: *mut sp2_error) -> Result<MutexGuard<'a, State>, sp2_result> {
    // SAFETY: this function's own contract.
    let mut state = unsafe { told(given(client, error)?.lock(), error) }?;
    let deadline = state.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    state.client.set_deadline(deadline);
    Ok(state)
}

/// Connects to the daemon at a host, by name or address, and a port.
///
/// `client` is to be freed by `sp2_msncd_free`.
///
/// # Safety
/// `host` is there; `client` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_connect_to(
    host: sp2_str,
    port: u16,
    client: *mut *mut sp2_msncd,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let output = output(client, error)?;
        let host: &str = told(Mirrored::view::<false>(&host), error)?;
        let stream = TcpStream::connect((host, port))
            .map_err(|failure| fail_with(error, sp2_result::SP2_CONNECT_FAILED, &failure))?;
        output.write(sp2_msncd::over(stream));
        Ok(())
    })
}

/// A client over a connected socket, TCP or Unix, which belongs to it from here on: it is closed when
/// the client is freed. On Unix alone: elsewhere it is `SP2_INVALID_ARGUMENT`.
///
/// `client` is to be freed by `sp2_msncd_free`.
///
/// # Safety
/// Nobody else closes `descriptor`; `client` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_over(
    descriptor: i32,
    client: *mut *mut sp2_msncd,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let output = output(client, error)?;
        if descriptor < 0 || cfg!(not(unix)) {
            return Err(fail(error, sp2_result::SP2_INVALID_ARGUMENT));
        }
        #[cfg(unix)]
        output.write(sp2_msncd::over(std::os::fd::FromRawFd::from_raw_fd(descriptor)));
        Ok(())
    })
}

/// Closes the connection, and frees the client. NULL is fine.
///
/// `SP2_BUSY`: another thread uses the client, which is not freed.
///
/// # Safety
/// No thread uses it after this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_free(client: *mut sp2_msncd) -> sp2_result {
    // SAFETY: the caller's contract is theirs; the lock that shows that nobody is in it is released.
    guard(core::ptr::null_mut(), || unsafe {
        if client.is_null() {
            return Ok(());
        }
        if let Err(TryLockError::WouldBlock) = (*client).state.try_lock() {
            return Err(sp2_result::SP2_BUSY);
        }
        drop(Box::from_raw(client));
        Ok(())
    })
}

/// How long each call may take from now on, its whole answer included; 0, as at the start, is for ever.
///
/// # Safety
/// `client` is not freed; `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_set_timeout(
    client: *mut sp2_msncd,
    milliseconds: u32,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let timeout = Duration::from_millis(milliseconds.into());
        begin(client, error)?.timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        Ok(())
    })
}

impl sp2_msncd_command {
    /// # Safety
    /// The strings of its type stay as they are during `'a`.
    unsafe fn view<'a>(&'a self) -> Result<Command<'a>, Fault> {
        use sp2_msncd_command_type as Type;
        // SAFETY: this function's own contract.
        let text = |field: &'a sp2_str| unsafe { <&'a str>::view::<false>(field) };
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
            _ => return Err(sp2_result::SP2_INVALID_ARGUMENT.into()),
        })
    }
}

/// Sends a command, and waits for its answer.
///
/// `SP2_REFUSED`: the daemon says no; why is the text of the error. `SP2_INVALID_ARGUMENT`: the protocol
/// has no way to say it, a space in a status for example.
///
/// # Safety
/// `client` is not freed; `command` is one, with all that it points to; `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_execute(
    client: *mut sp2_msncd,
    command: *const sp2_msncd_command,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let mut state = begin(client, error)?;
        let command = told(given(command, error)?.view(), error)?;
        debug_assert_eq!(command.answer_form(), Form::Status);
        told(state.client.execute(&command), error)
    })
}

/// Waits for the answer to the command that is under way after `SP2_TIMEOUT`, if there is one. What it
/// asked for is dropped; ask again.
///
/// # Safety
/// `client` is not freed; `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_finish(client: *mut sp2_msncd, error: *mut sp2_error) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe { told(begin(client, error)?.client.finish(), error) })
}

/// Asks for the contact list, or, with `reverse` other than 0, for those who have us on theirs.
///
/// # Safety
/// `client` is not freed; `contacts` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_contacts(
    client: *mut sp2_msncd,
    reverse: i32,
    contacts: *mut sp2_msncd_contact_list,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let output = output(contacts, error)?;
        let mut state = begin(client, error)?;
        let State { client, nicks, contacts, .. } = &mut *state;
        let found = if reverse == 0 { client.contacts() } else { client.reverse_contacts() };
        let found = told(found, error)?;
        nicks.clear();
        nicks.extend(found.iter().map(|contact| contact.nick.to_string()));
        contacts.clear();
        contacts.extend(found.iter().zip(nicks.iter()).map(|(contact, nick)| sp2_msncd_contact {
            status: contact.status.mirror(),
            email: contact.email.mirror(),
            nick: nick.as_str().mirror(),
        }));
        let items = if contacts.is_empty() { core::ptr::null() } else { contacts.as_ptr() };
        output.write(sp2_msncd_contact_list { items, count: contacts.len() });
        Ok(())
    })
}

/// Asks what is known of somebody, by email, or by nick where there is no `@` in it: names and values.
///
/// # Safety
/// `client` is not freed; `user` is there; `attributes` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_info(
    client: *mut sp2_msncd,
    user: sp2_str,
    attributes: *mut sp2_map,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let output = output(attributes, error)?;
        let user: &str = told(Mirrored::view::<false>(&user), error)?;
        let mut state = begin(client, error)?;
        let State { client, attributes, .. } = &mut *state;
        let found = told(client.info(user), error)?;
        attributes.clear();
        attributes.extend(found.iter().map(Mirrored::mirror));
        output.write(sp2_map { items: attributes.as_ptr(), count: attributes.len(), ..sp2_map::EMPTY });
        Ok(())
    })
}

impl sp2_msncd_event {
    fn of(event: Option<Event<'_>>) -> Self {
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

/// The next event of a poll, `SP2_MSNCD_EVENT_END` at its end; the call after that starts another poll.
///
/// `SP2_MALFORMED_LINE`: that event is lost; the next is not.
///
/// # Safety
/// `client` is not freed; `event` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_msncd_poll(
    client: *mut sp2_msncd,
    event: *mut sp2_msncd_event,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let output = output(event, error)?;
        let mut state = begin(client, error)?;
        output.write(sp2_msncd_event::of(told(state.client.poll(), error)?));
        Ok(())
    })
}
