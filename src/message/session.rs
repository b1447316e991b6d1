//! Users who log in and out, and what backend and main process say about themselves.

use super::message;
use crate::descriptor::Kind;
use crate::field::{Collection, Repeated, Singular, expect_optional, expect_repeated, expect_required, write_optional};
use crate::fields::{self, Fields, Rule};
use crate::message::Message;
use crate::wire::{Cursor, Element, Writer, Written};

message! {
    /// Backend to main process: a user is logged in to the legacy network.
    Connected<'a> = 1, "Connected" {
        /// JID of the XMPP user.
        required string user = 1 "user";
    }
}

message! {
    /// Backend to main process: a login failed, or a session ended. May come at any time.
    Disconnected<'a> = 2, "Disconnected" {
        /// JID of the XMPP user.
        required string user = 1 "user";
        /// Why. `NETWORK_ERROR` and `OTHER_ERROR` make the main process log in again at once.
        required ConnectionError error = 2 "error";
        /// An explanation that the user is shown.
        optional string message = 3 "message";
    }
}

message! {
    /// Main process to backend: log a user in to the legacy network.
    ///
    /// Answered by [`Connected`] or [`Disconnected`]. `Debug` hides the password and the extra
    /// fields, which may be as secret.
    Login<'a> = 3, "Login" {
        /// JID of the XMPP user.
        required string user = 1 "user";
        /// The account's name in the legacy network.
        required string legacy_name = 2 "legacyName";
        /// The account's password in the legacy network.
        required password password = 3 "password";
        /// Values of the registration's extra fields that the backend asked for in its configuration.
        repeated password extra_fields = 4 "extraFields";
        /// The user's settings.
        optional UserSettings settings = 5 "settings";
    }
}

message! {
    /// A user's settings, as pairs of names and values: `enable_transport`, `send_headlines`,
    /// `stay_connected`, each `0` or `1`.
    UserSettings<'a> = 4, "Login.UserSettings" {
        /// Name and value of each setting, in no particular order.
        map string value = 1 "value";
    }
}

message! {
    /// Main process to backend: log a user out. It may come for users that never logged in.
    Logout<'a> = 5, "Logout" {
        /// JID of the XMPP user.
        required string user = 1 "user";
        /// The account's name in the legacy network.
        required string legacy_name = 2 "legacyName";
    }
}

message! {
    /// Backend to main process, after each PONG: how much memory the backend takes.
    Stats<'a> = 15, "Stats" {
        /// Resident memory now, in kB.
        required int32 res = 1 "res";
        /// Resident memory at the start, in kB.
        required int32 init_res = 2 "init_res";
        /// Shared memory, in kB.
        required int32 shared = 3 "shared";
        /// The backend's process ID, in decimal. The main process kills it when the backend hangs.
        required string id = 4 "id";
    }
}

message! {
    /// Backend to main process: what the backend supports. Also carries admin queries and answers.
    BackendConfig<'a> = 16, "BackendConfig" {
        /// INI text, or a query, or its answer.
        required string config = 1 "config";
    }
}

message! {
    /// The version of the protocol. Declared in the schema; Spectrum 2.2.1 never sends it.
    ApiVersion = 17, "APIVersion" {
        /// The version.
        required int32 version = 1 "version";
    }
}

/// A singular message: its occurrences merge.
impl<'a> Singular<'a> for UserSettings<'a> {
    const KIND: Kind = Kind::Message(Self::DESCRIPTOR);
    const RULE: Rule = Rule::Message(Self::RULES);
    const DEFAULT: Self = Self { value: crate::StrMap::EMPTY };

    #[inline(always)]
    fn read_expected<const TRUSTED: bool>(cursor: &mut Cursor<'a, TRUSTED>, first: u8) -> Option<Self> {
        Element::read_expected(cursor.expected_nested(first)?)
    }

    fn of(_: &fields::Value<'a>) -> Option<Self> {
        None
    }

    fn message_mut(&mut self) -> Option<&mut dyn Fields<'a>> {
        Some(self)
    }

    fn begin(field: &mut Option<Self>, message: &'a [u8], tag: u8) -> bool {
        if let Some(window) = field.get_or_insert(Self::DEFAULT).value.as_list_mut().window_mut() {
            window.merge(message, tag);
        }
        true
    }

    #[inline(always)]
    fn encoded_len(self) -> usize {
        Repeated::encoded_len(&self)
    }

    #[inline(always)]
    fn at_least(self) -> usize {
        2 + Message::at_least(&self)
    }

    #[inline(always)]
    fn write<'b>(self, tag: u8, writer: Writer<'b>) -> Written<'b> {
        Repeated::write(&self, tag, writer)
    }
}
