//! Messages, rooms, and files as older peers send them.

use super::message;
use crate::field::{Collection, Repeated, Singular, expect_optional, expect_repeated, expect_required, write_optional};

message! {
    /// A message between the user and a contact or room, in either direction. Also carries room
    /// subjects, buzzes and receipts.
    ConversationMessage<'a> = 8, "ConversationMessage" {
        /// JID of the XMPP user.
        required string user_name = 1 "userName";
        /// The contact or room in the legacy network; `room/nickname` for a private message to a
        /// participant.
        required string buddy_name = 2 "buddyName";
        /// The text; empty in a receipt.
        required string message = 3 "message";
        /// Who wrote it, in a room.
        optional string nickname = 4 "nickname";
        /// The text as XHTML-IM. The main process inserts it as it is: it has to be well-formed.
        optional string xhtml = 5 "xhtml";
        /// When it was written, as `YYYYMMDDThhmmss` in UTC; the main process drops messages with
        /// any other form. Absent or empty: now.
        optional string timestamp = 6 "timestamp";
        /// Whether it is a headline.
        optional bool headline = 7 "headline";
        /// Set when the sender asks for a receipt, which carries the same.
        optional string id = 8 "id";
        /// Whether it is a private message of a room's participant.
        optional bool pm = 9 "pm";
        /// Whether it is a copy of what the user wrote with another client of the legacy network.
        optional bool carbon = 10 "carbon";
        /// Files that the message points to.
        repeated Attachment attachment = 11 "attachment";
    }
}

message! {
    /// A file that a [`ConversationMessage`] points to.
    Attachment<'a> = 9, "Attachment" {
        /// Where the file is.
        required string url = 1 "url";
        /// Its MIME type.
        optional string mime_type = 2 "mimeType";
        /// A description for people.
        optional string description = 3 "description";
    }
}

message! {
    /// A room to join or leave, or the user's own new nickname in it.
    ///
    /// `Debug` hides the password.
    Room<'a> = 10, "Room" {
        /// JID of the XMPP user.
        required string user_name = 1 "userName";
        /// The user's nickname in the room; empty when leaving.
        required string nickname = 2 "nickname";
        /// The room's name in the legacy network.
        required string room = 3 "room";
        /// The room's password.
        optional password password = 4 "password";
    }
}

message! {
    /// Backend to main process: rooms for service discovery.
    RoomList<'a> = 11, "RoomList" {
        /// The rooms' names in the legacy network.
        repeated string room = 1 "room";
        /// What people call them, in the same order.
        repeated string name = 2 "name";
        /// JID of the XMPP user whose rooms they are; absent or empty: everybody's.
        optional string user = 3 "user";
    }
}

message! {
    /// Backend to main process: a room's participant joined, changed or left, or a room could not
    /// be joined.
    Participant<'a> = 12, "Participant" {
        /// JID of the XMPP user.
        required string user_name = 1 "userName";
        /// The room's name in the legacy network.
        required string room = 2 "room";
        /// The participant's nickname.
        required string nickname = 3 "nickname";
        /// What is special about the participant.
        required ParticipantFlags flag = 4 "flag";
        /// The participant's presence; NONE: left.
        required StatusType status = 5 "status";
        /// The text of the participant's presence.
        optional string status_message = 6 "statusMessage";
        /// The participant's new nickname, on a change.
        optional string new_name = 7 "newname";
        /// Lower-case hexadecimal SHA-1 of the participant's photo.
        optional string icon_hash = 8 "iconHash";
        /// The participant's name outside of the room.
        optional string alias = 9 "alias";
    }
}

message! {
    /// A file transfer of older peers. Removed from Spectrum in 2022.
    File<'a> = 18, "File" {
        /// JID of the XMPP user.
        required string user_name = 1 "userName";
        /// The contact's name in the legacy network.
        required string buddy_name = 2 "buddyName";
        /// The file's name.
        required string file_name = 3 "fileName";
        /// The file's size in bytes.
        required int32 size = 4 "size";
        /// The transfer's number.
        optional int32 ft_id = 5 "ftID";
    }
}

message! {
    /// A piece of a file that older peers transfer. Removed from Spectrum in 2022.
    FileTransferData<'a> = 19, "FileTransferData" {
        /// The transfer's number.
        required int32 ft_id = 1 "ftID";
        /// The next bytes of the file.
        required bytes data = 2 "data";
    }
}
