// The README's examples need the client.
#![cfg_attr(feature = "std", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "std"), doc = "The Spectrum 2 backend protocol: the frame codec.")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs, unsafe_code, clippy::undocumented_unsafe_blocks)]

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "std")]
mod backend_config;
#[cfg(feature = "capi")]
pub mod capi;
#[cfg(feature = "std")]
mod client;
pub mod descriptor;
mod enums;
mod error;
mod field;
mod fields;
pub mod frame;
#[cfg(feature = "host")]
pub mod host;
#[cfg(feature = "std")]
mod launch;
mod list;
#[cfg(feature = "std")]
mod logging;
mod message;
pub mod msncd;
mod payload;
// For tests and benches: outside of what versions promise.
#[cfg(feature = "reference")]
#[doc(hidden)]
pub mod reference;
mod wire;

#[cfg(feature = "std")]
pub use backend_config::{BackendConfigBuilder, ConfigFieldError};
#[cfg(feature = "std")]
pub use client::{Backend, Client, DEFAULT_PING_TIMEOUT, Error, Event, Receiver, Sender, main};
pub use enums::{ConnectionError, ParticipantFlags, StatusType, Type, UnknownName};
pub use error::{DecodeError, DecodeErrorKind, EncodeError, FrameError};
#[cfg(feature = "std")]
pub use launch::{Config, Launch, LaunchError};
pub use list::{List, ListItem, ListIter, StrMap};
pub use message::{
    ApiVersion, Attachment, BackendConfig, Buddies, Buddy, Connected, ConversationMessage, Disconnected, File,
    FileTransferData, Login, Logout, Participant, Room, RoomList, Stats, Status, UserSettings, VCard,
};
pub use payload::{Payload, Wrapper};
