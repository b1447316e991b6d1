//! The enums of the schema.

use core::fmt;
use core::ops::{BitAnd, BitOr, BitOrAssign};
use core::str::FromStr;

use crate::descriptor::EnumDescriptor;

/// A name that the schema's enum does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnknownName;

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a name of the schema")
    }
}

impl core::error::Error for UnknownName {}

/// Declares an enum that is closed on the wire: a number that is not listed here counts as absent.
macro_rules! closed_enum {
    ($(#[$doc:meta])* $name:ident = $schema_name:literal {
        $($(#[$variant_doc:meta])* $variant:ident = $number:literal $schema_variant:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(i32)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("`", $schema_variant, "`, ", $number, ".")]
                $(#[$variant_doc])*
                $variant = $number,
            )*
        }

        impl $name {
            /// The schema's enum.
            pub const DESCRIPTOR: &'static EnumDescriptor = &EnumDescriptor {
                name: $schema_name,
                values: &[$(($schema_variant, $number)),*],
            };

            /// The value with this number, if the schema has one.
            #[inline]
            pub const fn from_number(number: i32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The number on the wire.
            #[inline]
            pub const fn number(self) -> i32 {
                self as i32
            }

            /// The schema's name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $schema_variant,)*
                }
            }
        }

        /// The schema's name.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        /// From the schema's name.
        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                Self::DESCRIPTOR.number_of(name).and_then(Self::from_number).ok_or(UnknownName)
            }
        }
    };
}

/// Declares a number with named values, of which any other is allowed too.
macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident = $schema_name:literal {
        $($(#[$value_doc:meta])* $value:ident = $number:literal $schema_value:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        #[repr(transparent)]
        pub struct $name(pub i32);

        impl $name {
            $(
                #[doc = concat!("`", $schema_value, "`, ", $number, ".")]
                $(#[$value_doc])*
                pub const $value: Self = Self($number);
            )*

            /// The schema's enum.
            pub const DESCRIPTOR: &'static EnumDescriptor = &EnumDescriptor {
                name: $schema_name,
                values: &[$(($schema_value, $number)),*],
            };

            /// The number on the wire.
            #[inline]
            pub const fn number(self) -> i32 {
                self.0
            }

            /// The schema's name, if it has one for this number.
            pub fn name(self) -> Option<&'static str> {
                Self::DESCRIPTOR.name_of(self.0)
            }
        }

        impl From<i32> for $name {
            #[inline]
            fn from(number: i32) -> Self {
                Self(number)
            }
        }

        impl From<$name> for i32 {
            #[inline]
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

closed_enum! {
    /// What a frame carries: the `type` of the wrapper message. [`Payload`](crate::Payload) says
    /// what each one means and who sends it.
    Type = "Type" {
        Connected = 1 "TYPE_CONNECTED",
        Disconnected = 2 "TYPE_DISCONNECTED",
        Login = 3 "TYPE_LOGIN",
        Logout = 4 "TYPE_LOGOUT",
        BuddyChanged = 6 "TYPE_BUDDY_CHANGED",
        BuddyRemoved = 7 "TYPE_BUDDY_REMOVED",
        ConvMessage = 8 "TYPE_CONV_MESSAGE",
        Ping = 9 "TYPE_PING",
        Pong = 10 "TYPE_PONG",
        JoinRoom = 11 "TYPE_JOIN_ROOM",
        LeaveRoom = 12 "TYPE_LEAVE_ROOM",
        ParticipantChanged = 13 "TYPE_PARTICIPANT_CHANGED",
        RoomNicknameChanged = 14 "TYPE_ROOM_NICKNAME_CHANGED",
        RoomSubjectChanged = 15 "TYPE_ROOM_SUBJECT_CHANGED",
        VCard = 16 "TYPE_VCARD",
        StatusChanged = 17 "TYPE_STATUS_CHANGED",
        BuddyTyping = 18 "TYPE_BUDDY_TYPING",
        BuddyStoppedTyping = 19 "TYPE_BUDDY_STOPPED_TYPING",
        BuddyTyped = 20 "TYPE_BUDDY_TYPED",
        AuthRequest = 21 "TYPE_AUTH_REQUEST",
        Attention = 22 "TYPE_ATTENTION",
        Stats = 23 "TYPE_STATS",
        FtStart = 24 "TYPE_FT_START",
        FtFinish = 25 "TYPE_FT_FINISH",
        FtData = 26 "TYPE_FT_DATA",
        FtPause = 27 "TYPE_FT_PAUSE",
        FtContinue = 28 "TYPE_FT_CONTINUE",
        Exit = 29 "TYPE_EXIT",
        BackendConfig = 30 "TYPE_BACKEND_CONFIG",
        Query = 31 "TYPE_QUERY",
        RoomList = 32 "TYPE_ROOM_LIST",
        ConvMessageAck = 33 "TYPE_CONV_MESSAGE_ACK",
        RawXml = 34 "TYPE_RAW_XML",
        Buddies = 35 "TYPE_BUDDIES",
        ApiVersion = 36 "TYPE_API_VERSION",
    }
}

closed_enum! {
    /// The presence of a user, a contact or a room participant.
    #[derive(Default)]
    StatusType = "StatusType" {
        #[default]
        Online = 0 "STATUS_ONLINE",
        Away = 1 "STATUS_AWAY",
        /// Free for chat.
        FreeForChat = 2 "STATUS_FFC",
        /// Away for long.
        ExtendedAway = 3 "STATUS_XA",
        DoNotDisturb = 4 "STATUS_DND",
        /// Offline.
        None = 5 "STATUS_NONE",
        /// Online, and shown to nobody.
        Invisible = 6 "STATUS_INVISIBLE",
    }
}

open_enum! {
    /// Why a session ended, in [`Disconnected`](crate::Disconnected). It is a number that users are
    /// told, not an error of this crate.
    ///
    /// The main process answers `NETWORK_ERROR` and `OTHER_ERROR` with LOGOUT and LOGIN at once: it
    /// reconnects. Any other number puts the user out.
    ConnectionError = "ConnectionError" {
        NETWORK_ERROR = 0 "CONNECTION_ERROR_NETWORK_ERROR",
        INVALID_USERNAME = 1 "CONNECTION_ERROR_INVALID_USERNAME",
        /// Wrong password.
        AUTHENTICATION_FAILED = 2 "CONNECTION_ERROR_AUTHENTICATION_FAILED",
        /// No way to authenticate that both sides know.
        AUTHENTICATION_IMPOSSIBLE = 3 "CONNECTION_ERROR_AUTHENTICATION_IMPOSSIBLE",
        NO_SSL_SUPPORT = 4 "CONNECTION_ERROR_NO_SSL_SUPPORT",
        ENCRYPTION_ERROR = 5 "CONNECTION_ERROR_ENCRYPTION_ERROR",
        /// The account is in use elsewhere.
        NAME_IN_USE = 6 "CONNECTION_ERROR_NAME_IN_USE",
        INVALID_SETTINGS = 7 "CONNECTION_ERROR_INVALID_SETTINGS",
        CERT_NOT_PROVIDED = 8 "CONNECTION_ERROR_CERT_NOT_PROVIDED",
        CERT_UNTRUSTED = 9 "CONNECTION_ERROR_CERT_UNTRUSTED",
        CERT_EXPIRED = 10 "CONNECTION_ERROR_CERT_EXPIRED",
        CERT_NOT_ACTIVATED = 11 "CONNECTION_ERROR_CERT_NOT_ACTIVATED",
        CERT_HOSTNAME_MISMATCH = 12 "CONNECTION_ERROR_CERT_HOSTNAME_MISMATCH",
        CERT_FINGERPRINT_MISMATCH = 13 "CONNECTION_ERROR_CERT_FINGERPRINT_MISMATCH",
        CERT_SELF_SIGNED = 14 "CONNECTION_ERROR_CERT_SELF_SIGNED",
        CERT_OTHER_ERROR = 15 "CONNECTION_ERROR_CERT_OTHER_ERROR",
        OTHER_ERROR = 16 "CONNECTION_ERROR_OTHER_ERROR",
    }
}

open_enum! {
    /// What is special about a room participant, or why a room could not be joined: bits, combined with `|`.
    ParticipantFlags = "ParticipantFlag" {
        NONE = 0 "PARTICIPANT_FLAG_NONE",
        MODERATOR = 1 "PARTICIPANT_FLAG_MODERATOR",
        /// The nickname is taken.
        CONFLICT = 2 "PARTICIPANT_FLAG_CONFLICT",
        BANNED = 4 "PARTICIPANT_FLAG_BANNED",
        /// The room wants a password, or another one.
        NOT_AUTHORIZED = 8 "PARTICIPANT_FLAG_NOT_AUTHORIZED",
        /// The participant is the user.
        ME = 16 "PARTICIPANT_FLAG_ME",
        KICKED = 32 "PARTICIPANT_FLAG_KICKED",
        ROOM_NOT_FOUND = 64 "PARTICIPANT_FLAG_ROOM_NOT_FOUND",
    }
}

/// The schema's name, or the number where it has none.
impl fmt::Debug for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "ConnectionError({})", self.0),
        }
    }
}

impl ParticipantFlags {
    /// Whether all bits of `flags` are set.
    #[inline]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether no bit is set.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for ParticipantFlags {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for ParticipantFlags {
    #[inline]
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl BitAnd for ParticipantFlags {
    type Output = Self;

    #[inline]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// The schema's names of the bits, with `|` between them, then the bits that have no name.
impl fmt::Debug for ParticipantFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::DESCRIPTOR.values.iter().filter(|(_, bit)| *bit != 0 && self.contains(Self(*bit)));
        let mut rest = self.0;
        let mut separator = "";
        for (name, bit) in named {
            write!(f, "{separator}{name}")?;
            separator = " | ";
            rest &= !bit;
        }
        match rest {
            0 if self.is_empty() => f.write_str("PARTICIPANT_FLAG_NONE"),
            0 => Ok(()),
            _ => write!(f, "{separator}{rest:#x}"),
        }
    }
}
