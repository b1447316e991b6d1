use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::{SharedStream, is_gone, memory};
use crate::enums::{ConnectionError, Type};
#[cfg(feature = "capi")]
use crate::error::EncodeError;
use crate::frame::FrameWriter;
use crate::logging::debug;
use crate::message::{
    BackendConfig, Buddy, Connected, ConversationMessage, Disconnected, File, FileTransferData, Message, Participant,
    Room, RoomList, Stats, VCard,
};
use crate::payload::Payload;

/// A buffered sender writes on its own when it holds this much.
const MOST_BUFFERED: usize = 256 << 10;

/// The sending half of a [`Client`](crate::Client): a method for each thing that a backend may say.
///
/// Clones share the connection, and may be used from any thread: frames are written whole, in the
/// order of the calls, whichever clone and thread they come from. A sender writes each frame at once, except those that are
/// [`buffered`](Self::buffered), such as the one that methods of a [`Backend`](crate::Backend) get;
/// `clone` of those makes one that writes at once.
///
/// # Errors
/// All methods return what the connection reports, and `InvalidInput` for a message longer than
/// Protobuf allows. A failed write is the end of the connection, for all clones and for the loop. It
/// does not mean that the frame was not sent: do not send it again.
///
/// - Once the main process is gone a buffered sender drops what it is given, since the loop is about
///   to end; others return `BrokenPipe`.
/// - A main process that does not read for as long as the ping timeout is a `TimedOut`, which those
///   that wait for their turn to write return as well, at once.
#[derive(Debug)]
pub struct Sender {
    shared: Arc<Shared>,
    buffered: bool,
}

#[derive(Debug)]
struct Shared {
    stream: SharedStream,
    writer: Mutex<FrameWriter<SharedStream>>,
    /// The writer holds frames of buffered senders. Changed under the writer's lock.
    pending: AtomicBool,
    /// Why writing failed, for good: half a frame may be written, which nothing can follow.
    /// `BrokenPipe` when the main process closed the connection.
    failure: OnceLock<ErrorKind>,
    /// The backend closed the connection.
    shut_down: AtomicBool,
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), buffered: false }
    }
}

impl Sender {
    pub(super) fn new(stream: SharedStream) -> Self {
        let writer = Mutex::new(FrameWriter::new(stream.clone()));
        let no = || AtomicBool::new(false);
        let shared = Shared { stream, writer, pending: no(), failure: OnceLock::new(), shut_down: no() };
        Self { shared: Arc::new(shared), buffered: false }
    }

    /// A sender whose frames are written together: by [`flush`](Self::flush), by a
    /// [`Receiver`](crate::Receiver) before it waits, and when they are many. Used from another thread
    /// than the receiver's it has to be flushed there: a receiver that waits already does not notice.
    pub fn buffered(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), buffered: true }
    }

    /// Writes what buffered senders hold.
    pub fn flush(&self) -> io::Result<()> {
        // A thread that waits for the main process to read holds the lock; a loop that has nothing to
        // write can read on without it.
        if self.shared.pending.load(Ordering::Acquire) {
            return self.flush_locked(&mut self.lock());
        }
        self.failure().map_or(Ok(()), |kind| Err(to_error(kind)))
    }

    /// Ends the connection, and the loop that reads from it, from any thread. What buffered senders
    /// hold is not written any more; [`flush`](Self::flush) first where it matters.
    pub fn shutdown(&self) -> io::Result<()> {
        self.shared.shut_down.store(true, Ordering::Relaxed);
        self.shared.stream.0.shutdown(Shutdown::Both)
    }

    /// Sends any payload. Of the types that the main process does not expect from a backend
    /// (LOGIN, API_VERSION and the file transfers among them) none may be sent: it stalls.
    pub fn send(&self, payload: &Payload<'_>) -> io::Result<()> {
        debug!("sending {}", payload.type_name());
        self.write(|writer| writer.write(payload))
    }

    /// Sends a frame of this type, which `encode` encodes as [`frame::encode`](crate::frame::encode) does.
    #[cfg(feature = "capi")]
    pub(crate) fn send_encoded(
        &self,
        type_number: i32,
        encode: impl Fn(&mut [u8]) -> Result<usize, EncodeError>,
    ) -> io::Result<()> {
        debug!("sending {}", crate::payload::type_name(type_number));
        self.write(|writer| writer.add(encode))
    }

    /// The user `user` is logged in.
    pub fn connected(&self, user: &str) -> io::Result<()> {
        self.message_of(Type::Connected, &Connected { user })
    }

    /// The login of `user` failed, or the session ended. `message` is shown to the user.
    ///
    /// `NETWORK_ERROR` and `OTHER_ERROR` make the main process log in again at once.
    pub fn disconnected(&self, user: &str, error: ConnectionError, message: &str) -> io::Result<()> {
        self.message_of(Type::Disconnected, &Disconnected { user, error, message: Some(message) })
    }

    /// A contact, or its presence, is new or changed.
    pub fn buddy_changed(&self, buddy: &Buddy<'_>) -> io::Result<()> {
        self.message_of(Type::BuddyChanged, buddy)
    }

    /// The contact is not on the contact list any more.
    pub fn buddy_removed(&self, user: &str, buddy: &str) -> io::Result<()> {
        self.buddy(Type::BuddyRemoved, user, buddy)
    }

    /// The contact is typing.
    pub fn buddy_typing(&self, user: &str, buddy: &str) -> io::Result<()> {
        self.buddy(Type::BuddyTyping, user, buddy)
    }

    /// The contact typed, and pauses.
    pub fn buddy_typed(&self, user: &str, buddy: &str) -> io::Result<()> {
        self.buddy(Type::BuddyTyped, user, buddy)
    }

    /// The contact is not typing any more.
    pub fn buddy_stopped_typing(&self, user: &str, buddy: &str) -> io::Result<()> {
        self.buddy(Type::BuddyStoppedTyping, user, buddy)
    }

    /// The contact asks the user to be added. The answer yes is
    /// [`buddy_changed`](crate::Backend::buddy_changed). As a server (`server_mode = 1`) the main process
    /// gives it when the user asks to be added in return. A no, to somebody who is not a contact, it
    /// keeps for itself.
    pub fn auth_request(&self, user: &str, buddy: &str) -> io::Result<()> {
        self.buddy(Type::AuthRequest, user, buddy)
    }

    /// A message from a contact or in a room. Mind the forms of `timestamp` and `xhtml`.
    pub fn message(&self, message: &ConversationMessage<'_>) -> io::Result<()> {
        self.message_of(Type::ConvMessage, message)
    }

    /// The message with `id` that `user` sent to `buddy` arrived there.
    pub fn message_ack(&self, user: &str, buddy: &str, id: &str) -> io::Result<()> {
        let receipt = ConversationMessage { user_name: user, buddy_name: buddy, id: Some(id), ..Default::default() };
        self.message_of(Type::ConvMessageAck, &receipt)
    }

    /// The contact `buddy` asks for attention (XEP-0224), with a text that may be empty.
    pub fn attention(&self, user: &str, buddy: &str, text: &str) -> io::Result<()> {
        let buzz = ConversationMessage { user_name: user, buddy_name: buddy, message: text, ..Default::default() };
        self.message_of(Type::Attention, &buzz)
    }

    /// The subject of a room, which `nickname` set.
    pub fn room_subject_changed(&self, user: &str, room: &str, subject: &str, nickname: &str) -> io::Result<()> {
        let nickname = Some(nickname);
        let subject =
            ConversationMessage { user_name: user, buddy_name: room, message: subject, nickname, ..Default::default() };
        self.message_of(Type::RoomSubjectChanged, &subject)
    }

    /// The user's own nickname in a room changed to `nickname`.
    pub fn room_nickname_changed(&self, user: &str, room: &str, nickname: &str) -> io::Result<()> {
        let room = Room { user_name: user, nickname, room, password: Some("") };
        self.message_of(Type::RoomNicknameChanged, &room)
    }

    /// A room's participant joined, changed, left ([`StatusType::None`](crate::StatusType::None)), or joining
    /// the room failed (that status, and a flag). The status is Online by default.
    pub fn participant_changed(&self, participant: &Participant<'_>) -> io::Result<()> {
        self.message_of(Type::ParticipantChanged, participant)
    }

    /// Rooms for service discovery.
    pub fn room_list(&self, rooms: &RoomList<'_>) -> io::Result<()> {
        self.message_of(Type::RoomList, rooms)
    }

    /// A contact's vCard: the answer to a request, with the same `id`.
    pub fn vcard(&self, card: &VCard<'_>) -> io::Result<()> {
        self.message_of(Type::VCard, card)
    }

    /// What this backend supports, made by [`BackendConfig::builder`]. Once, before or with the
    /// first PONG; the main process listens to the first one only.
    pub fn backend_config(&self, config: &str) -> io::Result<()> {
        self.message_of(Type::BackendConfig, &BackendConfig { config })
    }

    /// An admin query, such as `status`. The answer is
    /// [`query_answer`](crate::Backend::query_answer).
    pub fn query(&self, query: &str) -> io::Result<()> {
        self.message_of(Type::Query, &BackendConfig { config: query })
    }

    /// A stanza, as XML; where the configuration says `rawxml=1`.
    pub fn raw_xml(&self, xml: &str) -> io::Result<()> {
        self.send(&Payload::RawXml(xml))
    }

    /// Offers or accepts a file transfer. Older main processes only; others stall.
    pub fn file_transfer_start(&self, file: &File<'_>) -> io::Result<()> {
        self.message_of(Type::FtStart, file)
    }

    /// Ends a file transfer. Older main processes only; others stall.
    pub fn file_transfer_finish(&self, file: &File<'_>) -> io::Result<()> {
        self.message_of(Type::FtFinish, file)
    }

    /// Sends a piece of a file. Older main processes only; others stall.
    pub fn file_transfer_data(&self, data: &FileTransferData<'_>) -> io::Result<()> {
        self.message_of(Type::FtData, data)
    }

    pub(super) fn pong(&self) -> io::Result<()> {
        self.send(&Payload::Pong)
    }

    /// Says how much memory this process takes now; `init_res` is what it took at the start, in kB.
    pub(super) fn stats(&self, init_res: i32) -> io::Result<()> {
        let memory = memory::read();
        let mut digits = [0; 10];
        let id = decimal(std::process::id(), &mut digits);
        self.message_of(Type::Stats, &Stats { res: memory.resident, init_res, shared: memory.shared, id })
    }

    /// Waits until what is being written now is written or has failed.
    pub(super) fn wait_for_writes(&self) {
        drop(self.lock());
    }

    /// Whether the main process closed the connection, as far as writing has shown.
    pub(super) fn is_gone(&self) -> bool {
        self.failure() == Some(ErrorKind::BrokenPipe)
    }

    /// Succeeds unless writing failed for another reason than that the main process is gone.
    pub(super) fn check(&self) -> io::Result<()> {
        match self.failure() {
            None | Some(ErrorKind::BrokenPipe) => Ok(()),
            Some(kind) => Err(to_error(kind)),
        }
    }

    fn failure(&self) -> Option<ErrorKind> {
        self.shared.failure.get().copied()
    }

    /// Whether [`shutdown`](Self::shutdown) was called.
    pub(super) fn is_shut_down(&self) -> bool {
        self.shared.shut_down.load(Ordering::Relaxed)
    }

    fn buddy(&self, of: Type, user: &str, buddy: &str) -> io::Result<()> {
        self.message_of(of, &Buddy { user_name: user, buddy_name: buddy, ..Default::default() })
    }

    fn message_of<'a>(&self, of: Type, message: &impl Message<'a>) -> io::Result<()> {
        debug!("sending {}", of.name());
        self.write(|writer| writer.write_message(of, message))
    }

    fn write(&self, add: impl FnOnce(&mut FrameWriter<SharedStream>) -> io::Result<()>) -> io::Result<()> {
        let mut writer = self.lock();
        match self.failure() {
            Some(ErrorKind::BrokenPipe) if self.buffered => return Ok(()),
            Some(kind) => return Err(to_error(kind)),
            None => add(&mut writer)?,
        }
        if self.buffered && writer.buffered().len() < MOST_BUFFERED {
            self.shared.pending.store(true, Ordering::Release);
            return Ok(());
        }
        self.flush_locked(&mut writer)
    }

    fn flush_locked(&self, writer: &mut FrameWriter<SharedStream>) -> io::Result<()> {
        if let Some(kind) = self.failure() {
            return Err(to_error(kind));
        }
        writer.flush().map_err(|error| self.fail(error))?;
        self.shared.pending.store(false, Ordering::Release);
        Ok(())
    }

    /// Remembers that a write failed, so that nobody waits for another one.
    #[cold]
    fn fail(&self, error: io::Error) -> io::Error {
        let kind = match error.kind() {
            _ if is_gone(&error) => ErrorKind::BrokenPipe,
            ErrorKind::WouldBlock => ErrorKind::TimedOut,
            kind => kind,
        };
        // The lock is held and nothing had failed before: this is the first.
        let _ = self.shared.failure.set(kind);
        if kind != ErrorKind::BrokenPipe {
            // The loop may be waiting for something to read. It is told when writing has failed already.
            let _ = self.shared.stream.0.shutdown(Shutdown::Both);
        }
        if kind == error.kind() { error } else { to_error(kind) }
    }

    /// A thread that panicked while it held the lock left whole frames behind: one more is counted
    /// only after it is encoded.
    fn lock(&self) -> MutexGuard<'_, FrameWriter<SharedStream>> {
        self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The failure of a write, for those that come after it.
fn to_error(kind: ErrorKind) -> io::Error {
    match kind {
        ErrorKind::TimedOut => io::Error::new(kind, "the main process does not read"),
        kind => kind.into(),
    }
}

/// A number in decimal, without allocating.
fn decimal(mut number: u32, digits: &mut [u8; 10]) -> &str {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return std::str::from_utf8(&digits[start..]).unwrap_or_default();
        }
    }
}
