//! A Spectrum 2 backend whose network is served by a daemon that speaks msncd's line protocol, such
//! as the example `msncd_daemon`.
//!
//! Build it with `cargo build --release --example msncd_backend`, and name the program as `backend`
//! in the configuration of a Spectrum 2 instance, with a section for itself (README.md has a whole
//! file). `port` has to be there; the other values are what holds without them:
//!
//! ```ini
//! [msncd]
//! host = 127.0.0.1        # the daemon's host
//! port = 4321             # the daemon's port
//! poll_interval = 1000    # how often each user's events are fetched, in milliseconds
//! timeout = 10000         # how long the daemon may take for a whole answer, in milliseconds
//! reconnect_delay = 1000  # the pause after a failed connection, in milliseconds; it doubles each time
//! typing_lasts = 10000    # how long somebody types who does not say so again, in milliseconds
//! client_may_take = 5000  # how long events wait for the client of a user, where Spectrum is a server
//! group = msncd           # the group of contacts, which the protocol has none for
//! ```
//!
//! What the user sees:
//!
//! | on the XMPP side | in the daemon's protocol |
//! | --- | --- |
//! | login | LOGIN, GETCL; each contact is shown, then the user is connected |
//! | presence | STATUS; `statuses.rs` has a table of both ways |
//! | messages, with all their lines | SENDMSG and `MSG` |
//! | typing | `TYPING`, and TYPING, an extension; that a daemon does not know it does no harm |
//! | contact added, renamed | ADD |
//! | contact removed | DEL |
//! | request to be added | `UADD`; yes is ADD, no is nothing |
//! | card | INFO: `Name`, or else `Nick`, is the full name |
//! | logout | LOGOFF |
//! | network error, so that Spectrum logs in again | the connection is lost, out of step or too slow, or `SCLOSE MAIN` |
//! | name in use | `ERR 1` and `SCLOSE MAIN` in one poll: logged in elsewhere |
//! | authentication failed | LOGIN is refused |
//!
//! What is not delivered, or not done, comes back as a message that says so. Where it is not known,
//! since the connection broke before the answer, the message says "perhaps". A daemon's `OK` does not say
//! that a message arrived, so there are no receipts; when the connection is lost, the user is told to
//! whom messages may be lost with it.
//!
//! Of a poll during which the user logs out nobody may have been told, and neither of the last one before
//! the main process goes without a logout, as one that is killed: the connection then ends without another
//! command, and a daemon that waits for one before it forgets, as the example does, tells it again at the
//! next login.
//!
//! For a daemon that is slow, 1000 requests of a user wait, of about 4 MiB: what comes beyond that is not
//! delivered, or not done, and the user is told so.
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
