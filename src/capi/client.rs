use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::{MaybeUninit, take};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::io::{self, ErrorKind};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use super::backend::{Callbacks, sp2_backend};
use super::error::{Failure, Fault, fail, fail_with};
use super::launch::{parse, sp2_launch, word};
use super::payload::{encoded_len, told};
use super::view::Viewed;
use super::{Outcome, given, guard, output, plant, sp2_error, sp2_payload, sp2_result, sp2_str};
use crate::client::{Client, Error, Event, Receiver, Sender, program_name};
use crate::error::EncodeError;
use crate::message::encode_into;

/// A connection to the main process.
///
/// Any thread may send and shut down, at any time. Only one at a time may be in `sp2_client_next`,
/// `sp2_client_run` or `sp2_client_set_ping_timeout`: a second one gets `SP2_BUSY`. A client is used
/// with `next` or with `run`, not with both.
pub struct sp2_client {
    connection: Mutex<Connection>,
    sender: Sender,
    /// For the callbacks, whose frames are written together.
    buffered: Sender,
    /// The thread that is in `run`, by an address of its own; 0 when none is.
    runner: AtomicUsize,
}

#[derive(Default)]
enum Connection {
    New(Client),
    /// Used with `next`.
    Receiving(Receiver),
    /// Used up by `run`, or left in pieces by a panic.
    #[default]
    Ended,
}

/// An address that no other thread has.
fn this_thread() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| core::ptr::from_ref(here) as usize)
}

// What the documentation of `sp2_client` promises.
const _: fn() = || {
    fn from_any_thread<T: Send + Sync>() {}
    from_any_thread::<sp2_client>();
};

/// A client with a connection, for C.
fn client_of(client: Client) -> *mut sp2_client {
    let sender = client.sender();
    let buffered = sender.buffered();
    let connection = Mutex::new(Connection::New(client));
    Box::into_raw(Box::new(sp2_client { connection, sender, buffered, runner: AtomicUsize::new(0) }))
}

impl sp2_client {
    /// The connection, unless somebody has it.
    fn lock(&self) -> Result<MutexGuard<'_, Connection>, Fault> {
        match self.connection.try_lock() {
            Ok(connection) => Ok(connection),
            Err(TryLockError::WouldBlock) => Err(sp2_result::SP2_BUSY.into()),
            Err(TryLockError::Poisoned(poisoned)) => {
                let mut connection = poisoned.into_inner();
                *connection = Connection::Ended;
                Ok(connection)
            }
        }
    }

    /// The sender for this thread.
    pub(super) fn sender(&self) -> &Sender {
        if self.runner.load(Ordering::Relaxed) == this_thread() { &self.buffered } else { &self.sender }
    }
}

impl Failure for io::Error {
    #[cold]
    unsafe fn tell(self, error: *mut sp2_error) -> sp2_result {
        // SAFETY: this function's own contract.
        unsafe {
            if let Some(too_long) = self.get_ref().and_then(|inner| inner.downcast_ref::<EncodeError>()) {
                return too_long.tell(error);
            }
            let result = match self.kind() {
                ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
                    sp2_result::SP2_CLOSED
                }
                _ => sp2_result::SP2_CONNECTION_FAILED,
            };
            fail_with(error, result, &self)
        }
    }
}

impl Failure for Error {
    #[cold]
    unsafe fn tell(self, error: *mut sp2_error) -> sp2_result {
        let result = match &self {
            Self::Launch(_) => sp2_result::SP2_LAUNCH_FAILED,
            Self::Connect(..) => sp2_result::SP2_CONNECT_FAILED,
            Self::Connection(_) => sp2_result::SP2_CONNECTION_FAILED,
            Self::Silence(_) => sp2_result::SP2_SILENCE,
            Self::Backend(_) => sp2_result::SP2_CALLBACK_FAILED,
        };
        // SAFETY: this function's own contract.
        unsafe { fail_with(error, result, &self) }
    }
}

/// Connects to the main process that the command line names.
///
/// `client` is to be freed by `sp2_client_free`.
///
/// # Safety
/// `launch` is not freed; `client` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_client_connect(
    launch: *const sp2_launch,
    client: *mut *mut sp2_client,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let output = output(client, error)?;
        let client = Client::connect(&given(launch, error)?.launch);
        output.write(client_of(told(client, error)?));
        Ok(())
    })
}

/// Connects to the main process at a host, by name or address, and a port.
///
/// `client` is to be freed by `sp2_client_free`.
///
/// # Safety
/// `host` is there; `client` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_client_connect_to(
    host: sp2_str,
    port: u16,
    client: *mut *mut sp2_client,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let output = output(client, error)?;
        let host: &str = told(Viewed::view(&host), error)?;
        let client = Client::connect_to((host, port));
        let client = client.map_err(|failure| Error::Connect(format!("{host}:{port}"), failure));
        output.write(client_of(told(client, error)?));
        Ok(())
    })
}

/// Closes the connection, and frees the client. NULL is fine.
///
/// `SP2_BUSY`: the client is in `sp2_client_run` or `sp2_client_next`, and is not freed.
///
/// # Safety
/// No thread uses it after this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_client_free(client: *mut sp2_client) -> sp2_result {
    if client.is_null() {
        return sp2_result::SP2_OK;
    }
    let error = core::ptr::null_mut();
    // SAFETY: the caller's contract is theirs; the lock that shows that nobody is in it is released.
    guard(error, || unsafe {
        drop(told((*client).lock(), error)?);
        drop(Box::from_raw(client));
        Ok(())
    })
}

/// Ends the loop when nothing comes for this long; 60 seconds unless set. `SP2_INVALID_ARGUMENT`: 0.
///
/// # Safety
/// `client` is not freed; `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_client_set_ping_timeout(
    client: *mut sp2_client,
    milliseconds: u32,
    error: *mut sp2_error,
) -> sp2_result {
    let timeout = Duration::from_millis(milliseconds.into());
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        if timeout.is_zero() {
            return Err(fail(error, sp2_result::SP2_INVALID_ARGUMENT));
        }
        match &mut *told(given(client, error)?.lock(), error)? {
            Connection::New(client) => told(client.set_ping_timeout(timeout), error),
            Connection::Receiving(receiver) => told(receiver.set_ping_timeout(timeout), error),
            Connection::Ended => Err(fail(error, sp2_result::SP2_CLOSED)),
        }
    })
}

/// Sends a payload, from any thread: frames are written whole. In a callback of `sp2_client_run` it is
/// written later, see `sp2_backend`; otherwise at once.
///
/// Of the types that the main process does not expect from a backend (LOGIN, API_VERSION and the file
/// transfers among them) none may be sent: it stalls.
///
/// `SP2_CLOSED`: the main process is gone.
///
/// # Safety
/// `client` is not freed; `payload` is one, with all that it points to; `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_client_send(
    client: *mut sp2_client,
    payload: *const sp2_payload,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let client = given(client, error)?;
        let needed = encoded_len::<true, false>(payload, error)?;
        let payload = given(payload, error)?;
        // Its strings were just seen to be UTF-8.
        let encode = |buffer: &mut [u8]| encode_into(buffer, |writer| payload.write_frame::<true>(writer), || needed);
        told(client.sender().send_encoded(payload.r#type, encode), error)
    })
}

/// Ends the connection, from any thread: `sp2_client_run` returns `SP2_OK`, and `sp2_client_next`
/// `SP2_CLOSED`.
///
/// # Safety
/// `client` is not freed; `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_client_shutdown(client: *mut sp2_client, error: *mut sp2_error) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe { told(given(client, error)?.sender.shutdown(), error) })
}

/// Waits for the next thing that the main process asks for. PING is answered here.
///
/// `payload` points into the client's buffer, until the next call.
///
/// `SP2_TIMEOUT`: nothing came for this many milliseconds. `SP2_CLOSED`: the connection is at its end;
/// EXIT comes as a payload before that. A malformed frame (`sp2_is_malformed`) is lost; what follows it
/// is not. Any other failure ends the connection.
///
/// # Safety
/// `client` is not freed; `payload` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_client_next(
    client: *mut sp2_client,
    milliseconds: u32,
    payload: *mut sp2_payload,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let output = output(payload, error)?;
        let mut connection = told(given(client, error)?.lock(), error)?;
        if let Connection::New(_) = &*connection
            && let Connection::New(client) = take(&mut *connection)
        {
            *connection = Connection::Receiving(client.split().0);
        }
        let Connection::Receiving(receiver) = &mut *connection else {
            return Err(fail(error, sp2_result::SP2_CLOSED));
        };
        next(receiver, Duration::from_millis(milliseconds.into()), output, error)
    })
}

/// # Safety
/// `error` may be written.
unsafe fn next(
    receiver: &mut Receiver,
    timeout: Duration,
    output: &mut MaybeUninit<sp2_payload>,
    error: *mut sp2_error,
) -> Outcome {
    plant(timeout.is_zero());
    let end = Instant::now() + timeout;
    receiver.set_tick(timeout);
    loop {
        // SAFETY: this function's own contract.
        match unsafe { told(receiver.next_event(), error) }? {
            Some(Event::Payload(payload)) => {
                sp2_payload::put(&payload, output);
                return Ok(());
            }
            // SAFETY: as above.
            Some(Event::Malformed(_, malformed)) => return unsafe { told(Err(malformed), error) },
            // The tick counts from the one before, so the first may come early.
            Some(Event::Idle) => {}
            // SAFETY: as above.
            None => return Err(unsafe { fail(error, sp2_result::SP2_CLOSED) }),
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            // SAFETY: as above.
            return Err(unsafe { fail(error, sp2_result::SP2_TIMEOUT) });
        }
        receiver.set_tick(left);
    }
}

/// Calls the callbacks of `backend` until the main process says EXIT or closes the connection, or until
/// `sp2_client_shutdown`: all of these are `SP2_OK`. PING is answered here.
///
/// `user` is given to each callback. The client can then only be freed.
///
/// # Safety
/// `client` is not freed; `backend` is one, whose callbacks keep to their contract; `error` may be
/// written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_client_run(
    client: *mut sp2_client,
    backend: *const sp2_backend,
    user: *mut c_void,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let handle = given(client, error)?;
        let table = given(backend, error)?;
        if table.login.is_none() || table.logout.is_none() || table.message.is_none() {
            return Err(fail(error, sp2_result::SP2_NULL_POINTER));
        }
        // Held all the while, so that a callback that waits or runs is told that the client is busy.
        let mut connection = told(handle.lock(), error)?;
        let started = match take(&mut *connection) {
            Connection::New(client) => client,
            Connection::Receiving(receiver) => {
                *connection = Connection::Receiving(receiver);
                return Err(fail(error, sp2_result::SP2_BUSY));
            }
            Connection::Ended => return Err(fail(error, sp2_result::SP2_CLOSED)),
        };
        handle.runner.store(this_thread(), Ordering::Relaxed);
        let ended = started.run(&mut Callbacks { client, table, user });
        handle.runner.store(0, Ordering::Relaxed);
        told(ended, error)
    })
}

/// The name of the program, for a line about it: nothing without one.
///
/// # Safety
/// `arguments` is NULL, or points to `count` strings, each terminated by NUL, or NULL.
unsafe fn program(count: c_int, arguments: *const *mut c_char) -> String {
    // SAFETY: this function's own contract.
    match unsafe { arguments.as_ref() } {
        Some(first) if count > 0 && !first.is_null() => {
            // SAFETY: as above.
            format!("{}: ", program_name(&word(unsafe { CStr::from_ptr(*first) })))
        }
        _ => String::new(),
    }
}

/// The whole `main` of a backend: reads the command line and the configuration file, connects, and runs
/// `backend`. Returns the exit status: 0 after EXIT, a close or a shutdown, 2 when the command line or
/// the configuration file is wrong, and 1 when anything else went wrong. That is one line on standard
/// error, behind the program's name.
///
/// # Safety
/// `arguments` points to `count` strings, each terminated by NUL; `backend` is one, whose callbacks
/// keep to their contract.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_main(
    count: c_int,
    arguments: *const *mut c_char,
    backend: *const sp2_backend,
    user: *mut c_void,
) -> c_int {
    let mut error = MaybeUninit::<sp2_error>::uninit();
    let told_to = error.as_mut_ptr();
    // SAFETY: the caller's contract is theirs; the client is freed when nothing uses it any more.
    let result = guard(told_to, || unsafe {
        let launch = parse(count, arguments, told_to)?;
        let client = client_of(told(Client::connect(&launch), told_to)?);
        let ended = sp2_client_run(client, backend, user, told_to);
        sp2_client_free(client);
        if ended == sp2_result::SP2_OK { Ok(()) } else { Err(ended) }
    });
    if result == sp2_result::SP2_OK {
        return 0;
    }
    // SAFETY: a failure writes it, with a text that is terminated; the rest is the caller's contract.
    let (text, program) = unsafe { (CStr::from_ptr((*told_to).text.as_ptr()), program(count, arguments)) };
    // Standard error may be closed; there is nobody else to tell.
    let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("{program}{}\n", text.to_string_lossy()));
    if result == sp2_result::SP2_LAUNCH_FAILED { 2 } else { 1 }
}
