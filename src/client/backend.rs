use std::io;
use std::time::Duration;

use super::{Event, Sender};
use crate::error::DecodeError;
use crate::frame::Frame;
use crate::logging::warning;
use crate::message::{BackendConfig, Buddies, Buddy, ConversationMessage, Login, Logout, Room, Status, VCard};
use crate::payload::Payload;

/// A backend: a method for each thing that the main process may ask for.
///
/// The three without which there is no backend have to be written; the others do nothing unless
/// written. Messages borrow from the loop's buffer: copy what is kept.
///
/// What a method sends is written when all requests that came together are handled. So a method that
/// takes long holds it back, and PONG too: let a thread do such work, with a clone of the sender, or
/// call [`Sender::flush`] before it.
///
/// An error of a method ends the loop, which returns it. What goes wrong for one user is no such
/// error: tell the user, with [`Sender::disconnected`] or a message.
///
/// The main process also asks for things that make no sense: LOGOUT for users that never logged in,
/// LEAVE_ROOM for rooms that were not joined. Take them calmly.
#[allow(unused_variables)]
pub trait Backend {
    /// The connection stands. The place to send the [backend's configuration](Sender::backend_config), and
    /// rooms, and to clone the sender for threads.
    fn start(&mut self, sender: &mut Sender) -> io::Result<()> {
        Ok(())
    }

    /// Log a user in. Answer with [`Sender::connected`] or [`Sender::disconnected`], now or later.
    fn login(&mut self, sender: &mut Sender, login: Login<'_>) -> io::Result<()>;

    /// Log a user out.
    fn logout(&mut self, sender: &mut Sender, logout: Logout<'_>) -> io::Result<()>;

    /// A message to a contact, a room, or a room's participant (`room/nickname`). With an `id`, a
    /// receipt (XEP-0184) is asked for: [`Sender::message_ack`].
    ///
    /// A message to a room is for the user too: it has to come back, with the user's `nickname`.
    fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()>;

    /// The user's presence. Comes right after the login, before it is answered, and on changes.
    ///
    /// As a server (`server_mode = 1`) the main process logs a user in to check the password, and tells of
    /// the user's client with a second call. Messages and [authorization
    /// requests](Sender::auth_request) that come to it earlier are lost, so what the network kept for
    /// the user has to wait for that.
    fn status_changed(&mut self, sender: &mut Sender, status: Status<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The roster, right after the login, where the configuration asks for it.
    fn buddies(&mut self, sender: &mut Sender, buddies: Buddies<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The user added or edited a contact, or says yes to an [authorization
    /// request](Sender::auth_request). Answer with [`Sender::buddy_changed`].
    fn buddy_changed(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The user blocked or unblocked a contact.
    fn buddy_block_toggled(&mut self, sender: &mut Sender, buddy: Buddy<'_>, blocked: bool) -> io::Result<()> {
        Ok(())
    }

    /// The user removed a contact, or says no to an [authorization request](Sender::auth_request) of
    /// one. Spectrum 2.2.1 does not tell of a no to somebody who is no contact.
    fn buddy_removed(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The user is typing (`composing` of XEP-0085) to a contact, a room or a participant.
    fn buddy_typing(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The user typed, and pauses (`paused`).
    fn buddy_typed(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The user is not typing any more (`active`).
    fn buddy_stopped_typing(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The user asks for a contact's attention (XEP-0224), with a text that may be empty.
    fn attention(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The user joins a room (XEP-0045). Answer with the participants, the user's own nickname last, and the
    /// subject; or with the user's nickname, the flag that says why not, and
    /// [`StatusType::None`](crate::StatusType::None), without which the user seems to have joined.
    fn join_room(&mut self, sender: &mut Sender, room: Room<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The user leaves a room.
    fn leave_room(&mut self, sender: &mut Sender, room: Room<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The user sets the subject (`message`) of a room (`buddy_name`).
    fn room_subject_changed(&mut self, sender: &mut Sender, subject: ConversationMessage<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The vCard of `buddy_name` is asked for. Answer with [`Sender::vcard`] and the same `id`.
    fn vcard_requested(&mut self, sender: &mut Sender, request: VCard<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The user's own vCard changed: `nickname` and `photo`.
    fn vcard_updated(&mut self, sender: &mut Sender, card: VCard<'_>) -> io::Result<()> {
        Ok(())
    }

    /// A stanza, as XML, where the configuration says `rawxml=1`.
    fn raw_xml(&mut self, sender: &mut Sender, xml: &str) -> io::Result<()> {
        Ok(())
    }

    /// The answer to [`Sender::query`].
    fn query_answer(&mut self, sender: &mut Sender, answer: BackendConfig<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The main process says EXIT. The loop ends when this returns. It also ends without this, when
    /// the connection closes: what has to be cleaned up in any case belongs behind
    /// [`Client::run`](crate::Client::run), or into `Drop`.
    fn exit(&mut self, sender: &mut Sender) -> io::Result<()> {
        Ok(())
    }

    /// Anything else: file transfers of older main processes, types that this version does not
    /// know, and types that a main process has no reason to send.
    fn other(&mut self, sender: &mut Sender, payload: Payload<'_>) -> io::Result<()> {
        Ok(())
    }

    /// A frame that cannot be decoded. It is lost; the loop goes on unless this returns an error.
    fn malformed(&mut self, sender: &mut Sender, frame: Frame<'_>, error: DecodeError) -> io::Result<()> {
        warning!("a malformed frame of {} bytes: {error}", frame.body().len());
        Ok(())
    }

    /// How often [`idle`](Self::idle) is called; never, unless this says so. Asked once.
    fn tick(&self) -> Option<Duration> {
        None
    }

    /// A [tick](Self::tick) has passed. The place for a backend of a single thread to look after its
    /// network.
    fn idle(&mut self, sender: &mut Sender) -> io::Result<()> {
        Ok(())
    }

    /// Calls the method that an event is for. A backend that wants to see every event first, to count
    /// or to log, writes its own.
    fn handle(&mut self, sender: &mut Sender, event: Event<'_>) -> io::Result<()> {
        let payload = match event {
            Event::Payload(payload) => payload,
            Event::Malformed(frame, error) => return self.malformed(sender, frame, error),
            Event::Idle => return self.idle(sender),
        };
        match payload {
            Payload::Login(login) => self.login(sender, login),
            Payload::Logout(logout) => self.logout(sender, logout),
            Payload::ConvMessage(message) => self.message(sender, message),
            Payload::StatusChanged(status) => self.status_changed(sender, status),
            Payload::Buddies(buddies) => self.buddies(sender, buddies),
            Payload::BuddyChanged(buddy) => match buddy.blocked {
                Some(blocked) => self.buddy_block_toggled(sender, buddy, blocked),
                None => self.buddy_changed(sender, buddy),
            },
            Payload::BuddyRemoved(buddy) => self.buddy_removed(sender, buddy),
            Payload::BuddyTyping(buddy) => self.buddy_typing(sender, buddy),
            Payload::BuddyTyped(buddy) => self.buddy_typed(sender, buddy),
            Payload::BuddyStoppedTyping(buddy) => self.buddy_stopped_typing(sender, buddy),
            Payload::Attention(message) => self.attention(sender, message),
            Payload::JoinRoom(room) => self.join_room(sender, room),
            Payload::LeaveRoom(room) => self.leave_room(sender, room),
            Payload::RoomSubjectChanged(subject) => self.room_subject_changed(sender, subject),
            Payload::VCard(card) if card.photo.is_some() => self.vcard_updated(sender, card),
            Payload::VCard(card) if !card.buddy_name.is_empty() => self.vcard_requested(sender, card),
            Payload::RawXml(xml) => self.raw_xml(sender, xml),
            Payload::Query(answer) => self.query_answer(sender, answer),
            Payload::Exit => self.exit(sender),
            payload => self.other(sender, payload),
        }
    }
}
