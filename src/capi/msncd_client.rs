use core::time::Duration;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Instant;

use super::error::{Failure, Fault, fail, fail_with};
use super::payload::told;
use super::view::{Mirrored, Viewed};
use super::{
    given, guard, output, sp2_entry, sp2_error, sp2_map, sp2_msncd_command, sp2_msncd_event, sp2_result, sp2_str,
};
use crate::msncd::{Client, Error, Form, Timed};

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
        let host: &str = told(Viewed::view(&host), error)?;
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

/// Sends a command, and waits for its answer.
///
/// `SP2_REFUSED`: the daemon says no; why is the text of the error. `SP2_INVALID_ARGUMENT`: the protocol
/// has no way to say it, a space in a status for example; or the command asks for more than yes or no,
/// for which there are functions of their own.
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
        if command.answer_form() != Form::Status {
            return Err(fail(error, sp2_result::SP2_INVALID_ARGUMENT));
        }
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
        let user: &str = told(Viewed::view(&user), error)?;
        let mut state = begin(client, error)?;
        let State { client, attributes, .. } = &mut *state;
        let found = told(client.info(user), error)?;
        attributes.clear();
        attributes.extend(found.iter().map(Mirrored::mirror));
        output.write(sp2_map { items: attributes.as_ptr(), count: attributes.len(), ..sp2_map::EMPTY });
        Ok(())
    })
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
