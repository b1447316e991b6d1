//! A Spectrum 2 backend whose network is served by a daemon that speaks msncd's line protocol, such
//! as the example `msncd_daemon`.
//!
//! Build it with `cargo build --release --example msncd_backend`, and name the program as `backend`
//! in the configuration of a Spectrum 2 instance, with a section for itself:
//!
//! ```ini
//! [msncd]
//! host = 127.0.0.1        # the daemon's host; this one unless given
//! port = 4321             # the daemon's port
//! poll_interval = 1000    # how often each user's events are fetched, in milliseconds
//! timeout = 10000         # how long the daemon may take to answer, in milliseconds
//! reconnect_delay = 1000  # the pause after a failed connection, in milliseconds; it doubles each time
//! typing_lasts = 10000    # how long somebody types who does not say so again, in milliseconds
//! group = msncd           # the group of contacts, which the protocol has none for
//! ```
//!
//! What the user sees:
//!
//! | on the XMPP side | in the daemon's protocol |
//! | --- | --- |
//! | login | LOGIN, GETCL; each contact is shown, then the user is connected |
//! | presence | STATUS; `bridge.rs` has a table of both ways |
//! | messages, with all their lines, and receipts | SENDMSG; the receipt is the daemon's `OK` |
//! | typing | TYPING, an extension; that a daemon does not know it does no harm |
//! | contact added, renamed | ADD |
//! | contact removed | DEL |
//! | request to be added | `UADD`; yes is ADD, no is nothing |
//! | card | INFO: `Name`, or else `Nick`, is the full name |
//! | logout | LOGOFF |
//! | network error, so that Spectrum logs in again | the connection is lost, or `SCLOSE MAIN` |
//! | name in use | `ERR 1` and `SCLOSE MAIN`: logged in elsewhere |
//! | authentication failed | LOGIN is refused |
//!
//! Whatever is not delivered comes back as a message that says so.
//!
//! A user takes a thread and a connection, so mind the limit of open files (`LimitNOFILE`) with more
//! than a few hundred `users_per_backend`.

#[path = "msncd_backend/bridge.rs"]
mod bridge;

use std::process::ExitCode;

use bridge::{Bridge, Settings};

fn main() -> ExitCode {
    spectrum2::main(|launch| Ok(Bridge::new(Settings::read(launch.config())?)))
}
