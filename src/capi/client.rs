use core::ffi::{CStr, c_char, c_int, c_void};
use core::fmt;
use core::mem::{MaybeUninit, take};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::io::{self, ErrorKind};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use super::error::{Failure, Fault, fail, fail_with};
use super::launch::{parse, sp2_launch};
use super::payload::told;
use super::view::Mirrored;
use super::{
    Outcome, given, guard, output, sp2_backend_config, sp2_bool, sp2_buddies, sp2_buddy, sp2_bytes,
    sp2_conversation_message, sp2_error, sp2_login, sp2_logout, sp2_payload, sp2_result, sp2_room, sp2_status, sp2_str,
    sp2_str_list, sp2_vcard,
};
use crate::client::{Backend, Client, Error, Event, Receiver, Sender};
use crate::error::{DecodeError, EncodeError};
use crate::frame::Frame;
use crate::list::List;
use crate::logging::warning;
use crate::message::{BackendConfig, Buddies, Buddy, ConversationMessage, Login, Logout, Room, Status, VCard};
use crate::payload::Payload;

/// A connection to the main process.
///
/// Any thread may send and shut down, at any time. Only one at a time may be in `sp2_client_next`,
/// `sp2_client_run` or a function that sets something: a second one gets `SP2_BUSY`. A client is used
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

/// What a backend does: a callback for each thing that the main process may ask for.
///
/// `login`, `logout` and `message` are mandatory; the others may be NULL. Each gets the client, to
/// send with it, and the `user` that was given to `sp2_client_run`. Messages point into the client's
/// buffer: copy what is kept. What a callback sends is written when all requests that came together
/// are handled; use another thread, or do not wait in a callback, when that is too late.
///
/// A callback returns 0, or anything else to end the loop with `SP2_CALLBACK_FAILED`. What goes wrong
/// for one user is no such failure: tell the user. Callbacks must not throw exceptions.
///
/// The main process also asks for things that make no sense: LOGOUT for users that never logged in,
/// LEAVE_ROOM for rooms that were not joined. Take them calmly.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sp2_backend {
    /// The connection stands. The place to send the backend's configuration, and rooms.
    pub start: Option<unsafe extern "C" fn(client: *mut sp2_client, user: *mut c_void) -> i32>,
    /// Log a user in. Answer with CONNECTED or DISCONNECTED, now or later.
    pub login: Option<unsafe extern "C" fn(client: *mut sp2_client, login: *const sp2_login, user: *mut c_void) -> i32>,
    /// Log a user out.
    pub logout:
        Option<unsafe extern "C" fn(client: *mut sp2_client, logout: *const sp2_logout, user: *mut c_void) -> i32>,
    /// A message to a contact, a room, or a room's participant (`room/nickname`). With an `id`, a
    /// receipt is asked for: CONV_MESSAGE_ACK with the same `id`.
    pub message: Option<
        unsafe extern "C" fn(
            client: *mut sp2_client,
            message: *const sp2_conversation_message,
            user: *mut c_void,
        ) -> i32,
    >,
    /// The user's presence. Comes right after the login, before it is answered, and on changes.
    pub status_changed:
        Option<unsafe extern "C" fn(client: *mut sp2_client, status: *const sp2_status, user: *mut c_void) -> i32>,
    /// The roster, right after the login, where the configuration asks for it.
    pub buddies:
        Option<unsafe extern "C" fn(client: *mut sp2_client, buddies: *const sp2_buddies, user: *mut c_void) -> i32>,
    /// The user added or edited a contact, or says yes to an AUTH_REQUEST. Answer with BUDDY_CHANGED.
    pub buddy_changed:
        Option<unsafe extern "C" fn(client: *mut sp2_client, buddy: *const sp2_buddy, user: *mut c_void) -> i32>,
    /// The user blocked or unblocked a contact, as `blocked` says.
    pub buddy_block_toggled:
        Option<unsafe extern "C" fn(client: *mut sp2_client, buddy: *const sp2_buddy, user: *mut c_void) -> i32>,
    /// The user removed a contact, or says no to an AUTH_REQUEST.
    pub buddy_removed:
        Option<unsafe extern "C" fn(client: *mut sp2_client, buddy: *const sp2_buddy, user: *mut c_void) -> i32>,
    /// The user is typing to a contact, a room or a participant.
    pub buddy_typing:
        Option<unsafe extern "C" fn(client: *mut sp2_client, buddy: *const sp2_buddy, user: *mut c_void) -> i32>,
    /// The user typed, and pauses.
    pub buddy_typed:
        Option<unsafe extern "C" fn(client: *mut sp2_client, buddy: *const sp2_buddy, user: *mut c_void) -> i32>,
    /// The user is not typing any more.
    pub buddy_stopped_typing:
        Option<unsafe extern "C" fn(client: *mut sp2_client, buddy: *const sp2_buddy, user: *mut c_void) -> i32>,
    /// The user buzzes a contact.
    pub attention: Option<
        unsafe extern "C" fn(
            client: *mut sp2_client,
            message: *const sp2_conversation_message,
            user: *mut c_void,
        ) -> i32,
    >,
    /// The user joins a room. Answer with the participants, the user's own nickname last, and the
    /// subject; or with the user's nickname and the flag that says why not.
    pub join_room:
        Option<unsafe extern "C" fn(client: *mut sp2_client, room: *const sp2_room, user: *mut c_void) -> i32>,
    /// The user leaves a room.
    pub leave_room:
        Option<unsafe extern "C" fn(client: *mut sp2_client, room: *const sp2_room, user: *mut c_void) -> i32>,
    /// The user sets the subject (`message`) of a room (`buddy_name`).
    pub room_subject_changed: Option<
        unsafe extern "C" fn(
            client: *mut sp2_client,
            subject: *const sp2_conversation_message,
            user: *mut c_void,
        ) -> i32,
    >,
    /// The card of `buddy_name` is asked for. Answer with VCARD and the same `id`.
    pub vcard_requested:
        Option<unsafe extern "C" fn(client: *mut sp2_client, request: *const sp2_vcard, user: *mut c_void) -> i32>,
    /// The user's own card changed: `nickname` and `photo`.
    pub vcard_updated:
        Option<unsafe extern "C" fn(client: *mut sp2_client, card: *const sp2_vcard, user: *mut c_void) -> i32>,
    /// A stanza, as XML, where the configuration says `rawxml=1`.
    pub raw_xml: Option<unsafe extern "C" fn(client: *mut sp2_client, xml: *const sp2_str, user: *mut c_void) -> i32>,
    /// The answer to a QUERY of yours.
    pub query_answer: Option<
        unsafe extern "C" fn(client: *mut sp2_client, answer: *const sp2_backend_config, user: *mut c_void) -> i32,
    >,
    /// The main process says EXIT. The loop ends when this returns.
    pub exit: Option<unsafe extern "C" fn(client: *mut sp2_client, user: *mut c_void) -> i32>,
    /// Anything else: file transfers of older main processes, types that this version does not know,
    /// and types that a main process has no reason to send.
    pub other:
        Option<unsafe extern "C" fn(client: *mut sp2_client, payload: *const sp2_payload, user: *mut c_void) -> i32>,
    /// The body of a frame that cannot be decoded, and why. It is lost; the loop goes on.
    pub malformed: Option<
        unsafe extern "C" fn(
            client: *mut sp2_client,
            body: *const sp2_bytes,
            error: *const sp2_error,
            user: *mut c_void,
        ) -> i32,
    >,
    /// A tick has passed: see `sp2_client_set_tick`.
    pub idle: Option<unsafe extern "C" fn(client: *mut sp2_client, user: *mut c_void) -> i32>,
}

/// What a backend supports: the content of BACKEND_CONFIG. `sp2_features_default` sets it to what the
/// C++ library sends when nothing else is said.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_features {
    /// Users register with a password.
    pub need_password: sp2_bool,
    /// Users register with a name of their own in the legacy network.
    pub need_registration: sp2_bool,
    /// The network has rooms.
    pub muc: sp2_bool,
    /// Stanzas are exchanged as XML, in place of messages.
    pub raw_xml: sp2_bool,
    /// Names go into JIDs as they are.
    pub disable_jid_escaping: sp2_bool,
    /// The backend sends receipts.
    pub receipts: sp2_bool,
    /// The roster comes right after LOGIN.
    pub send_buddies_on_login: sp2_bool,
    /// More fields of the registration; their values come with LOGIN.
    pub extra_fields: sp2_str_list,
}

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
    fn sender(&self) -> &Sender {
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
        let host: &str = told(Mirrored::view::<false>(&host), error)?;
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

/// Sets `connection` with the function for its state.
///
/// # Safety
/// `client` is not freed; `error` may be written.
unsafe fn set(
    client: *const sp2_client,
    error: *mut sp2_error,
    new: impl FnOnce(&mut Client) -> io::Result<()>,
    receiving: impl FnOnce(&mut Receiver) -> io::Result<()>,
) -> Outcome {
    // SAFETY: this function's own contract.
    unsafe {
        match &mut *told(given(client, error)?.lock(), error)? {
            Connection::New(client) => told(new(client), error),
            Connection::Receiving(receiver) => told(receiving(receiver), error),
            Connection::Ended => Err(fail(error, sp2_result::SP2_CLOSED)),
        }
    }
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
        set(client, error, |client| client.set_ping_timeout(timeout), |receiver| receiver.set_ping_timeout(timeout))
    })
}

/// Calls `idle` this often, so that a backend of a single thread can look after its network. Without
/// it, `idle` is never called. For `sp2_client_run` alone.
///
/// # Safety
/// `client` is not freed; `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_client_set_tick(
    client: *mut sp2_client,
    milliseconds: u32,
    error: *mut sp2_error,
) -> sp2_result {
    let tick = Duration::from_millis(milliseconds.into());
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        set(
            client,
            error,
            |client| {
                client.set_tick(tick);
                Ok(())
            },
            |_| Ok(()),
        )
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
        let payload = told(given(payload, error)?.check(), error)?;
        told(client.sender().send(&payload), error)
    })
}

/// What the C++ library sends when nothing else is said: users register with a name and a password,
/// and there is nothing else.
#[unsafe(no_mangle)]
pub extern "C" fn sp2_features_default() -> sp2_features {
    sp2_features {
        need_password: 1,
        need_registration: 1,
        muc: 0,
        raw_xml: 0,
        disable_jid_escaping: 0,
        receipts: 0,
        send_buddies_on_login: 0,
        extra_fields: sp2_str_list::EMPTY,
    }
}

/// Sends BACKEND_CONFIG, as `sp2_client_send` does. Once, and first of all: the main process listens
/// to the first one only.
///
/// `SP2_INVALID_ARGUMENT`: the name of an extra field that would not come out of the text as it is.
///
/// # Safety
/// `client` is not freed; `features` is one, with all that it points to; `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_client_send_features(
    client: *mut sp2_client,
    features: *const sp2_features,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let client = given(client, error)?;
        let features = given(features, error)?;
        let extra_fields: List<'_, &str> = told(Mirrored::view::<false>(&features.extra_fields), error)?;
        let extra_fields: Vec<_> = extra_fields.iter().collect();
        let config = BackendConfig::builder()
            .need_password(features.need_password != 0)
            .need_registration(features.need_registration != 0)
            .extra_fields(&extra_fields)
            .muc(features.muc != 0)
            .raw_xml(features.raw_xml != 0)
            .disable_jid_escaping(features.disable_jid_escaping != 0)
            .receipts(features.receipts != 0)
            .send_buddies_on_login(features.send_buddies_on_login != 0)
            .build()
            .map_err(|failure| fail_with(error, sp2_result::SP2_INVALID_ARGUMENT, &failure))?;
        told(client.sender().backend_config(&config), error)
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

/// The whole `main` of a backend: reads the command line and the configuration file, connects, and runs
/// `backend`. Returns the exit status: 0 after EXIT, a close or a shutdown, 2 when the command line or
/// the configuration file is wrong, and 1 when anything else went wrong. That is one line on standard
/// error.
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
    // SAFETY: a failure writes it, with a text that is terminated.
    let text = unsafe { CStr::from_ptr((*told_to).text.as_ptr()) };
    // Standard error may be closed; there is nobody else to tell.
    let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("{}\n", text.to_string_lossy()));
    if result == sp2_result::SP2_LAUNCH_FAILED { 2 } else { 1 }
}

/// The callbacks of a C program, as a backend.
struct Callbacks<'c> {
    client: *mut sp2_client,
    table: &'c sp2_backend,
    user: *mut c_void,
}

/// A callback returned something else than 0.
#[derive(Debug)]
struct CallbackFailed {
    name: &'static str,
    returned: i32,
}

impl fmt::Display for CallbackFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the callback {} returned {}", self.name, self.returned)
    }
}

impl std::error::Error for CallbackFailed {}

/// Calls a callback, if there is one.
macro_rules! call {
    ($self:ident.$callback:ident $(, $argument:expr)*) => {
        match $self.table.$callback {
            // SAFETY: whoever called `sp2_client_run` vouches for the callbacks.
            Some(callback) => match unsafe { callback($self.client $(, $argument)*, $self.user) } {
                0 => Ok(()),
                returned => Err(io::Error::other(CallbackFailed { name: stringify!($callback), returned })),
            },
            None => Ok(()),
        }
    };
}

/// Gives each method's message to the callback of the same name.
macro_rules! callbacks {
    ($($method:ident($($message:ty)?);)*) => {
        $(callbacks!(@ $method $($message)?);)*
    };
    (@ $method:ident) => {
        fn $method(&mut self, _: &mut Sender) -> io::Result<()> {
            call!(self.$method)
        }
    };
    (@ $method:ident $message:ty) => {
        fn $method(&mut self, _: &mut Sender, message: $message) -> io::Result<()> {
            call!(self.$method, &message.mirror())
        }
    };
}

impl Backend for Callbacks<'_> {
    callbacks! {
        start();
        login(Login<'_>);
        logout(Logout<'_>);
        message(ConversationMessage<'_>);
        status_changed(Status<'_>);
        buddies(Buddies<'_>);
        buddy_changed(Buddy<'_>);
        buddy_removed(Buddy<'_>);
        buddy_typing(Buddy<'_>);
        buddy_typed(Buddy<'_>);
        buddy_stopped_typing(Buddy<'_>);
        attention(ConversationMessage<'_>);
        join_room(Room<'_>);
        leave_room(Room<'_>);
        room_subject_changed(ConversationMessage<'_>);
        vcard_requested(VCard<'_>);
        vcard_updated(VCard<'_>);
        raw_xml(&str);
        query_answer(BackendConfig<'_>);
        exit();
        idle();
    }

    fn buddy_block_toggled(&mut self, _: &mut Sender, buddy: Buddy<'_>, _: bool) -> io::Result<()> {
        call!(self.buddy_block_toggled, &buddy.mirror())
    }

    fn other(&mut self, _: &mut Sender, payload: Payload<'_>) -> io::Result<()> {
        let mut place = MaybeUninit::uninit();
        sp2_payload::put(&payload, &mut place);
        call!(self.other, place.as_ptr())
    }

    fn malformed(&mut self, _: &mut Sender, frame: Frame<'_>, malformed: DecodeError) -> io::Result<()> {
        if self.table.malformed.is_none() {
            warning!("a malformed frame of {} bytes: {malformed}", frame.body().len());
        }
        let mut error = MaybeUninit::<sp2_error>::uninit();
        // SAFETY: it may be written.
        unsafe { malformed.tell(error.as_mut_ptr()) };
        call!(self.malformed, &frame.body().mirror(), error.as_ptr())
    }
}
