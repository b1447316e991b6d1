//! The Spectrum 2 backend protocol.
#![doc = ""]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs, unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod descriptor;
mod enums;
mod error;
mod field;
pub mod frame;
mod list;
mod message;
mod payload;
#[cfg(feature = "reference")]
#[doc(hidden)]
pub mod reference;
mod utf8;
mod wire;

pub use enums::{ConnectionError, ParticipantFlags, StatusType, Type};
pub use error::{DecodeError, DecodeErrorKind, EncodeError, FrameError};
pub use list::{List, ListItem, ListIter, StrMap};
pub use message::{
    ApiVersion, Attachment, BackendConfig, Buddies, Buddy, Connected, ConversationMessage, Disconnected, File,
    FileTransferData, Login, Logout, Participant, Room, RoomList, Stats, Status, UserSettings, VCard,
};
pub use payload::{Payload, Wrapper};
