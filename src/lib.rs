//! The backend protocol of [Spectrum 2](https://spectrum.im), an XMPP gateway: its main process starts
//! *backends*, which connect back over TCP and carry users to another network.
//!
//! - [`Payload`] is what a frame carries, and [`frame`] makes and splits frames. Messages borrow from the
//!   bytes that they were received in. Neither allocates, nor needs `std`.
#![cfg_attr(
    feature = "std",
    doc = "\
- A backend is a [`Backend`], which [`main`] starts as the main process wants it, and [`Client`] runs. With
  [`Receiver`] and [`Sender`] it has a loop of its own.
- The module `host` (with that feature) plays the main process, to test backends. `capi` is for C and C++.
- [`msncd`] speaks another protocol, to a messenger daemon.

```no_run
use std::io;
use spectrum2::{Backend, BackendConfig, ConversationMessage, Login, Logout, Sender};

struct Echo;

impl Backend for Echo {
    fn start(&mut self, sender: &mut Sender) -> io::Result<()> {
        sender.backend_config(&BackendConfig::builder().need_registration(false).build()?)
    }
    fn login(&mut self, sender: &mut Sender, login: Login<'_>) -> io::Result<()> {
        sender.connected(login.user)
    }
    fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> {
        Ok(())
    }
    fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
        sender.message(&ConversationMessage { id: None, ..message })
    }
}

fn main() -> std::process::ExitCode {
    spectrum2::main(|_launch| Ok(Echo))
}
```

# Logging

With the feature `log` the client tells the `log` crate what happens; a logger is for the program to choose.
Targets begin with `spectrum2`. INFO is the connection's begin and end, DEBUG the type of each frame, WARN a
frame that is malformed and a PING that cannot be answered. No content is logged, so no password. A logger to
standard error writes to where the main process was started from: a backend inherits that."
)]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
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

/// The examples of the README, as tests. They need the client.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
