//! The messages: a struct for each, with the fields of the Rust one.
//!
//! They are written out, since cbindgen sees nothing that a macro makes; tests compare them with the
//! schema.

use core::mem::offset_of;

use super::error::Fault;
use super::field::{Field, Fields, Item, Place, count_nested, write_nested};
use super::view::Mirrored;
use super::{
    sp2_attachment_list, sp2_buddy_list, sp2_bytes, sp2_map, sp2_opt_bool, sp2_opt_int32, sp2_opt_user_settings,
    sp2_str, sp2_str_list,
};
use crate::descriptor::{Kind, MessageDescriptor};
use crate::message::{
    ApiVersion, Attachment, BackendConfig, Buddies, Buddy, Connected, ConversationMessage, Disconnected, File,
    FileTransferData, Login, Logout, Message, Participant, Room, RoomList, Stats, Status, UserSettings, VCard,
};
use crate::wire::{self, Cursor, Writer, Written, wire_type};

/// Backend to main process: a user is logged in to the legacy network.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_connected {
    /// JID of the XMPP user.
    pub user: sp2_str,
}

/// Backend to main process: a login failed, or a session ended. May come at any time.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_disconnected {
    /// JID of the XMPP user.
    pub user: sp2_str,
    /// Why. `NETWORK_ERROR` and `OTHER_ERROR` make the main process log in again at once.
    /// An `sp2_connection_error`.
    pub error: i32,
    /// An explanation that the user is shown.
    /// Optional.
    pub message: sp2_str,
}

/// Main process to backend: log a user in to the legacy network.
///
/// Answered by `sp2_connected` or `sp2_disconnected`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_login {
    /// JID of the XMPP user.
    pub user: sp2_str,
    /// The account's name in the legacy network.
    pub legacy_name: sp2_str,
    /// The account's password in the legacy network.
    pub password: sp2_str,
    /// Values of the registration's extra fields that the backend asked for in its configuration.
    pub extra_fields: sp2_str_list,
    /// The user's settings.
    /// Optional.
    pub settings: sp2_opt_user_settings,
}

/// A user's settings, as pairs of names and values: `enable_transport`, `send_headlines`,
/// `stay_connected`, each `0` or `1`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_user_settings {
    /// Name and value of each setting, in no particular order.
    pub value: sp2_map,
}

/// Main process to backend: log a user out. It may come for users that never logged in.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_logout {
    /// JID of the XMPP user.
    pub user: sp2_str,
    /// The account's name in the legacy network.
    pub legacy_name: sp2_str,
}

/// Backend to main process, after each PONG: how much memory the backend takes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_stats {
    /// Resident memory now, in kB.
    pub res: i32,
    /// Resident memory at the start, in kB.
    pub init_res: i32,
    /// Shared memory, in kB.
    pub shared: i32,
    /// The backend's process ID, in decimal. The main process kills it when the backend hangs.
    pub id: sp2_str,
}

/// Backend to main process: what the backend supports. Also carries admin queries and answers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_backend_config {
    /// INI text, or a query, or its answer.
    pub config: sp2_str,
}

/// The version of the protocol. Declared in the schema; Spectrum 2.2.1 never sends it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_api_version {
    /// The version.
    pub version: i32,
}

/// A contact, in either direction: BUDDY_CHANGED, BUDDY_REMOVED, AUTH_REQUEST and the typing
/// notifications. The main process fills in `alias`, `group` and `status` NONE on changes, and
/// only the names on typing.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_buddy {
    /// JID of the XMPP user.
    pub user_name: sp2_str,
    /// The contact's name in the legacy network; a room, or `room/nickname`, on typing.
    pub buddy_name: sp2_str,
    /// The name that the user gave the contact.
    /// Optional.
    pub alias: sp2_str,
    /// The groups that the contact is in.
    pub group: sp2_str_list,
    /// The contact's presence. An `sp2_status_type`.
    /// Optional.
    pub status: sp2_opt_int32,
    /// The text of the contact's presence.
    /// Optional.
    pub status_message: sp2_str,
    /// Lower-case hexadecimal SHA-1 of the contact's photo.
    /// Optional.
    pub icon_hash: sp2_str,
    /// Whether the contact is blocked. Present in a request, it means: block or unblock.
    /// Optional.
    pub blocked: sp2_opt_bool,
}

/// Main process to backend: the roster, right after LOGIN. Sent to backends whose configuration
/// asks for it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_buddies {
    /// The contacts; none when the roster is empty.
    pub buddy: sp2_buddy_list,
}

/// Main process to backend: the user's presence. Comes right after LOGIN, before the backend
/// has answered, and on every change.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_status {
    /// JID of the XMPP user.
    pub user_name: sp2_str,
    /// The presence. An `sp2_status_type`.
    pub status: i32,
    /// The text of the presence.
    /// Optional.
    pub status_message: sp2_str,
}

/// A business card.
///
/// From the main process: with `photo`, the user's own card to be updated; without, a request
/// for the card of `buddy_name`. From the backend: the answer to a request.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_vcard {
    /// JID of the XMPP user.
    pub user_name: sp2_str,
    /// The contact's name in the legacy network; empty on updates.
    pub buddy_name: sp2_str,
    /// Ties an answer to its request: the answer carries the same.
    pub id: i32,
    /// The full name.
    /// Optional.
    pub fullname: sp2_str,
    /// The nickname.
    /// Optional.
    pub nickname: sp2_str,
    /// The photo, in any image format.
    /// Optional.
    pub photo: sp2_bytes,
}

/// A message between the user and a contact or room, in either direction. Also carries room
/// subjects, buzzes and receipts.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_conversation_message {
    /// JID of the XMPP user.
    pub user_name: sp2_str,
    /// The contact or room in the legacy network; `room/nickname` for a private message to a
    /// participant.
    pub buddy_name: sp2_str,
    /// The text; empty in a receipt.
    pub message: sp2_str,
    /// Who wrote it, in a room.
    /// Optional.
    pub nickname: sp2_str,
    /// The text as XHTML-IM. The main process inserts it as it is: it has to be well-formed.
    /// Optional.
    pub xhtml: sp2_str,
    /// When it was written, as `YYYYMMDDThhmmss` in UTC; the main process drops messages with
    /// any other form. Absent or empty: now.
    /// Optional.
    pub timestamp: sp2_str,
    /// Whether it is a headline.
    /// Optional.
    pub headline: sp2_opt_bool,
    /// Set when the sender asks for a receipt, which carries the same.
    /// Optional.
    pub id: sp2_str,
    /// Whether it is a private message of a room's participant.
    /// Optional.
    pub pm: sp2_opt_bool,
    /// Whether it is a copy of what the user wrote with another client of the legacy network.
    /// Optional.
    pub carbon: sp2_opt_bool,
    /// Files that the message points to.
    pub attachment: sp2_attachment_list,
}

/// A file that a `sp2_conversation_message` points to.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_attachment {
    /// Where the file is.
    pub url: sp2_str,
    /// Its MIME type.
    /// Optional.
    pub mime_type: sp2_str,
    /// A description for people.
    /// Optional.
    pub description: sp2_str,
}

/// A room to join or leave, or the user's own new nickname in it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_room {
    /// JID of the XMPP user.
    pub user_name: sp2_str,
    /// The user's nickname in the room; empty when leaving.
    pub nickname: sp2_str,
    /// The room's name in the legacy network.
    pub room: sp2_str,
    /// The room's password.
    /// Optional.
    pub password: sp2_str,
}

/// Backend to main process: rooms for service discovery.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_room_list {
    /// The rooms' names in the legacy network.
    pub room: sp2_str_list,
    /// What people call them, in the same order.
    pub name: sp2_str_list,
    /// JID of the XMPP user whose rooms they are; absent: everybody's.
    /// Optional.
    pub user: sp2_str,
}

/// Backend to main process: a room's participant joined, changed or left, or a room could not
/// be joined.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_participant {
    /// JID of the XMPP user.
    pub user_name: sp2_str,
    /// The room's name in the legacy network.
    pub room: sp2_str,
    /// The participant's nickname.
    pub nickname: sp2_str,
    /// What is special about the participant. `sp2_participant_flag`s.
    pub flag: i32,
    /// The participant's presence; NONE: left. An `sp2_status_type`.
    pub status: i32,
    /// The text of the participant's presence.
    /// Optional.
    pub status_message: sp2_str,
    /// The participant's new nickname, on a change.
    /// Optional.
    pub new_name: sp2_str,
    /// Lower-case hexadecimal SHA-1 of the participant's photo.
    /// Optional.
    pub icon_hash: sp2_str,
    /// The participant's name outside of the room.
    /// Optional.
    pub alias: sp2_str,
}

/// A file transfer of older peers. Removed from Spectrum in 2022.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_file {
    /// JID of the XMPP user.
    pub user_name: sp2_str,
    /// The contact's name in the legacy network.
    pub buddy_name: sp2_str,
    /// The file's name.
    pub file_name: sp2_str,
    /// The file's size in bytes.
    pub size: i32,
    /// The transfer's number.
    /// Optional.
    pub ft_id: sp2_opt_int32,
}

/// A piece of a file that older peers transfer. Removed from Spectrum in 2022.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_file_transfer_data {
    /// The transfer's number.
    pub ft_id: i32,
    /// The next bytes of the file.
    pub data: sp2_bytes,
}

/// A message's struct: what [`Message`] is for one of Rust's.
pub(super) trait Struct<'a>: Copy + 'a {
    type Rust: Message<'a> + Mirrored<'a, C = Self>;

    const FIELDS: &'static Fields;

    /// Reads all fields up to the end of `cursor`, where they come as expected. Otherwise, what stands at `place` may
    /// not be used.
    ///
    /// # Safety
    /// A message may be written to `place`.
    unsafe fn read_to<const TRUSTED: bool>(place: *mut Self, cursor: Cursor<'a, TRUSTED>) -> Option<()>;

    /// A number of bytes that the fields take at least, unless one is wrong; found without much work.
    ///
    /// # Safety
    /// What the message points to stays as it is during `'a`.
    unsafe fn at_least(&'a self) -> usize;

    /// Writes all fields. One that is wrong is [`Full`](crate::wire::Full) too.
    ///
    /// # Safety
    /// As [`Field::write_from`].
    unsafe fn write<'b, const TRUSTED: bool>(&'a self, writer: Writer<'b>) -> Written<'b>;
}

/// The tag of a field.
const fn tag(message: &MessageDescriptor, index: usize) -> u8 {
    let field = &message.fields[index];
    let wire_type = match field.kind {
        Kind::Int32 | Kind::Bool | Kind::Enum(_) => wire_type::VARINT,
        Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Map => wire_type::LENGTH_DELIMITED,
    };
    wire::tag(field.number, wire_type)
}

/// Makes a field absent that need not be there.
///
/// # Safety
/// The field may be written to `place`.
#[inline(always)]
unsafe fn clear_field<'a, M, F: Field<'a>>(_: fn(M) -> F, place: *mut F::C) {
    // SAFETY: this function's own contract.
    unsafe { F::clear(place) };
}

/// Reads a field to `place`, which is clear. The function that gives it of Rust's message is there for the field's type.
///
/// # Safety
/// The field may be written to `place`.
#[inline(always)]
unsafe fn read_field<'a, M, F: Field<'a>, const TRUSTED: bool>(
    _: fn(M) -> F,
    tag: u8,
    cursor: &mut Cursor<'a, TRUSTED>,
    place: *mut F::C,
) -> Option<()> {
    // SAFETY: this function's own contract.
    unsafe { F::read_to(place, cursor, tag) }
}

/// A number of bytes that a field takes at least.
///
/// # Safety
/// As [`Mirrored::takes_at_least`].
#[inline(always)]
unsafe fn field_at_least<'a, M, F: Field<'a>>(_: fn(M) -> F, c: &'a F::C) -> usize {
    // SAFETY: this function's own contract.
    unsafe { F::takes_at_least(c) }
}

/// Writes a field.
///
/// # Safety
/// As [`Field::write_from`].
#[inline(always)]
unsafe fn write_field<'a, 'b, M, F: Field<'a>, const TRUSTED: bool>(
    _: fn(M) -> F,
    tag: u8,
    c: &'a F::C,
    writer: Writer<'b>,
) -> Written<'b> {
    // SAFETY: this function's own contract.
    unsafe { F::write_from::<TRUSTED>(c, tag, writer) }
}

/// Joins a message's struct to Rust's: the fields stand in the order of the schema, whose table gives their tags.
macro_rules! mirrored {
    ($rust:ident $(<$lifetime:lifetime>)? as $c:ident { $($field:ident),* }) => {
        const _: () = {
            /// The index of each field in the schema's table.
            #[allow(non_camel_case_types, reason = "the names of the fields")]
            enum Index {
                $($field),*
            }

            impl<'a> Mirrored<'a> for $rust $(<$lifetime>)? {
                type C = $c;

                #[inline(always)]
                fn mirror(self) -> $c {
                    $c { $($field: self.$field.mirror()),* }
                }

                #[inline(always)]
                unsafe fn takes_at_least(c: &'a $c) -> usize {
                    // SAFETY: this function's own contract.
                    unsafe { Struct::at_least(c) }
                }
            }

            impl<'a> Struct<'a> for $c {
                type Rust = $rust $(<$lifetime>)?;

                const FIELDS: &'static Fields = &Fields::new(
                    <$rust>::DESCRIPTOR,
                    &[$(Place::of(|message: Self::Rust| message.$field, offset_of!($c, $field))),*],
                );

                #[inline(always)]
                unsafe fn read_to<const TRUSTED: bool>(
                    place: *mut Self,
                    mut cursor: Cursor<'a, TRUSTED>,
                ) -> Option<()> {
                    if cfg!(spectrum2_plain) {
                        return None;
                    }
                    // SAFETY: this function's own contract: the field is a part of the message.
                    $(unsafe { clear_field(|message: Self::Rust| message.$field, &raw mut (*place).$field) };)*
                    $({
                        let tag = const { tag(<$rust>::DESCRIPTOR, Index::$field as usize) };
                        // SAFETY: this function's own contract: the field is a part of the message.
                        unsafe {
                            let place = &raw mut (*place).$field;
                            read_field(|message: Self::Rust| message.$field, tag, &mut cursor, place)?;
                        }
                    })*
                    cursor.is_empty().then_some(())
                }

                // Out of line, as in Rust.
                #[inline(never)]
                unsafe fn at_least(&'a self) -> usize {
                    if cfg!(spectrum2_small) {
                        return 0;
                    }
                    let mut sum = 0_usize;
                    $(
                        // SAFETY: this function's own contract.
                        let field = unsafe { field_at_least(|message: Self::Rust| message.$field, &self.$field) };
                        sum = sum.wrapping_add(field);
                    )*
                    sum
                }

                #[inline(always)]
                unsafe fn write<'b, const TRUSTED: bool>(&'a self, mut writer: Writer<'b>) -> Written<'b> {
                    $({
                        let tag = const { tag(<$rust>::DESCRIPTOR, Index::$field as usize) };
                        let field = |message: Self::Rust| message.$field;
                        // SAFETY: this function's own contract.
                        writer = unsafe { write_field::<_, _, TRUSTED>(field, tag, &self.$field, writer)? };
                    })*
                    Ok(writer)
                }
            }
        };
    };
}

/// Messages that are elements of lists.
macro_rules! item {
    ($rust:ident as $c:ident) => {
        impl<'a> Item<'a> for $rust<'a> {
            #[inline(always)]
            unsafe fn read_to(place: *mut $c, content: Cursor<'a, true>) -> Option<()> {
                // SAFETY: this function's own contract.
                unsafe { Struct::read_to(place, content) }
            }

            #[inline(always)]
            unsafe fn items_at_least(items: &'a [$c]) -> usize {
                2 * items.len()
            }

            #[inline(always)]
            unsafe fn write_from<'b, const TRUSTED: bool>(c: &'a $c, tag: u8, writer: Writer<'b>) -> Written<'b> {
                // SAFETY: this function's own contract.
                unsafe { write_nested::<_, TRUSTED>(c, tag, writer) }
            }

            unsafe fn count(c: &'a $c, is_trusted: bool) -> Result<usize, Fault> {
                // SAFETY: this function's own contract.
                unsafe { count_nested(c, is_trusted) }
            }
        }
    };
}

mirrored!(Connected<'a> as sp2_connected { user });
mirrored!(Disconnected<'a> as sp2_disconnected { user, error, message });
mirrored!(Login<'a> as sp2_login { user, legacy_name, password, extra_fields, settings });
mirrored!(UserSettings<'a> as sp2_user_settings { value });
mirrored!(Logout<'a> as sp2_logout { user, legacy_name });
mirrored!(Stats<'a> as sp2_stats { res, init_res, shared, id });
mirrored!(BackendConfig<'a> as sp2_backend_config { config });
mirrored!(ApiVersion as sp2_api_version { version });
mirrored!(Buddy<'a> as sp2_buddy { user_name, buddy_name, alias, group, status, status_message, icon_hash, blocked });
mirrored!(Buddies<'a> as sp2_buddies { buddy });
mirrored!(Status<'a> as sp2_status { user_name, status, status_message });
mirrored!(VCard<'a> as sp2_vcard { user_name, buddy_name, id, fullname, nickname, photo });
mirrored!(ConversationMessage<'a> as sp2_conversation_message { user_name, buddy_name, message, nickname, xhtml, timestamp, headline, id, pm, carbon, attachment });
mirrored!(Attachment<'a> as sp2_attachment { url, mime_type, description });
mirrored!(Room<'a> as sp2_room { user_name, nickname, room, password });
mirrored!(RoomList<'a> as sp2_room_list { room, name, user });
mirrored!(Participant<'a> as sp2_participant { user_name, room, nickname, flag, status, status_message, new_name, icon_hash, alias });
mirrored!(File<'a> as sp2_file { user_name, buddy_name, file_name, size, ft_id });
mirrored!(FileTransferData<'a> as sp2_file_transfer_data { ft_id, data });

item!(Attachment as sp2_attachment);
item!(Buddy as sp2_buddy);
