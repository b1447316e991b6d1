//! Contacts, their presence and their business cards.

use super::message;
use crate::field::{Collection, Repeated, Singular, expect_optional, expect_repeated, expect_required, write_optional};

message! {
    /// A contact, in either direction: BUDDY_CHANGED, BUDDY_REMOVED, AUTH_REQUEST and the typing
    /// notifications. The main process fills in `alias`, `group` and `status` NONE on changes, and
    /// only the names on typing.
    Buddy<'a> = 6, "Buddy" {
        /// JID of the XMPP user.
        required string user_name = 1 "userName";
        /// The contact's name in the legacy network; a room, or `room/nickname`, on typing.
        required string buddy_name = 2 "buddyName";
        /// The name that the user gave the contact.
        optional string alias = 3 "alias";
        /// The groups that the contact is in.
        repeated string group = 4 "group";
        /// The contact's presence.
        optional StatusType status = 5 "status";
        /// The text of the contact's presence.
        optional string status_message = 6 "statusMessage";
        /// Lower-case hexadecimal SHA-1 of the contact's photo.
        optional string icon_hash = 7 "iconHash";
        /// Whether the contact is blocked. Present in a request, it means: block or unblock.
        optional bool blocked = 8 "blocked";
    }
}

message! {
    /// Main process to backend: the roster, right after LOGIN. Sent to backends whose configuration
    /// asks for it.
    Buddies<'a> = 7, "Buddies" {
        /// The contacts; none when the roster is empty.
        repeated Buddy buddy = 1 "buddy";
    }
}

message! {
    /// Main process to backend: the user's presence. Comes right after LOGIN, before the backend
    /// has answered, and on every change.
    Status<'a> = 14, "Status" {
        /// JID of the XMPP user.
        required string user_name = 1 "userName";
        /// The presence.
        required StatusType status = 3 "status";
        /// The text of the presence.
        optional string status_message = 4 "statusMessage";
    }
}

message! {
    /// A business card.
    ///
    /// From the main process: with `photo`, the user's own card to be updated; without, a request
    /// for the card of `buddy_name`. From the backend: the answer to a request.
    VCard<'a> = 13, "VCard" {
        /// JID of the XMPP user.
        required string user_name = 1 "userName";
        /// The contact's name in the legacy network; empty on updates.
        required string buddy_name = 2 "buddyName";
        /// Ties an answer to its request: the answer carries the same.
        required int32 id = 3 "id";
        /// The full name.
        optional string fullname = 4 "fullname";
        /// The nickname.
        optional string nickname = 5 "nickname";
        /// The photo, in any image format.
        optional bytes photo = 6 "photo";
    }
}
