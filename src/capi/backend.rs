use core::ffi::c_void;
use core::fmt;
use core::mem::MaybeUninit;
use std::io;
use std::time::Duration;

use super::error::Failure;
use super::view::Mirrored;
use super::{
    sp2_backend_config, sp2_buddies, sp2_buddy, sp2_bytes, sp2_client, sp2_conversation_message, sp2_error, sp2_login,
    sp2_logout, sp2_payload, sp2_room, sp2_status, sp2_str, sp2_vcard,
};
use crate::client::{Backend, Sender};
use crate::error::DecodeError;
use crate::frame::Frame;
use crate::logging::warning;
use crate::message::{BackendConfig, Buddies, Buddy, ConversationMessage, Login, Logout, Room, Status, VCard};
use crate::payload::Payload;

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
    /// The connection stands. The place to send the backend's configuration (`sp2_client_send_features`),
    /// and rooms.
    pub start: Option<unsafe extern "C" fn(client: *mut sp2_client, user: *mut c_void) -> i32>,
    /// Log a user in. Answer with CONNECTED or DISCONNECTED, now or later.
    pub login: Option<unsafe extern "C" fn(client: *mut sp2_client, login: *const sp2_login, user: *mut c_void) -> i32>,
    /// Log a user out.
    pub logout:
        Option<unsafe extern "C" fn(client: *mut sp2_client, logout: *const sp2_logout, user: *mut c_void) -> i32>,
    /// A message to a contact, a room, or a room's participant (`room/nickname`). With an `id`, a
    /// receipt is asked for: CONV_MESSAGE_ACK with the same `id`. A message to a room is for the user too:
    /// it has to come back, with the user's `nickname`.
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
    /// The user removed a contact, or says no to an AUTH_REQUEST of one. Spectrum 2.2.1 does not tell of
    /// a no to somebody who is no contact.
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
    /// subject; or with the user's nickname, the flag that says why not, and `SP2_STATUS_NONE`, without
    /// which the user seems to have joined.
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
    /// A tick has passed. The place for a backend of a single thread to look after its network.
    pub idle: Option<unsafe extern "C" fn(client: *mut sp2_client, user: *mut c_void) -> i32>,
    /// How often `idle` is called, in milliseconds. 0: never.
    pub tick: u32,
}

/// The callbacks of a C program, as a backend.
pub(super) struct Callbacks<'c> {
    pub(super) client: *mut sp2_client,
    pub(super) table: &'c sp2_backend,
    pub(super) user: *mut c_void,
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

    fn tick(&self) -> Option<Duration> {
        (self.table.tick > 0).then(|| Duration::from_millis(self.table.tick.into()))
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
