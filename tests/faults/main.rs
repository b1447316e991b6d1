//! Faults on purpose: what is lost when connections, peers and processes fail, and what it costs.
//!
//! Messages are numbered, so that each end sees whether one is missing, repeated, late, or mixed up
//! with another. All connections are real ones, over loopback. The whole suite runs under a wall clock
//! that jumps (`clock`), and a test that hangs ends it (`watch`).
//!
//! `cargo test --features host --test faults -- --nocapture` shows the figures.
#![cfg(all(feature = "host", target_os = "linux"))]

#[path = "../support/example.rs"]
mod example;
#[path = "../support/numbered.rs"]
mod numbered;
#[path = "../support/signals.rs"]
mod signals_to;
#[path = "../support/sockets.rs"]
mod sockets;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/system_calls.rs"]
mod system_calls;

mod clock;
mod connections;
mod processes;
mod proxy;
mod sending;
mod signals;
mod watch;

use std::io;

use spectrum2::{Backend, ConversationMessage, Login, Logout, Sender};

/// A backend that is one function, which gets every message. Whatever else there is, is lost.
struct OnMessage<F>(F);

impl<F: FnMut(&mut Sender, ConversationMessage<'_>) -> io::Result<()>> Backend for OnMessage<F> {
    fn login(&mut self, _: &mut Sender, _: Login<'_>) -> io::Result<()> {
        Ok(())
    }
    fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> {
        Ok(())
    }
    fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
        (self.0)(sender, message)
    }
}
