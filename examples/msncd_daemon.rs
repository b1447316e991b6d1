//! A small messenger network behind msncd's line protocol: accounts, contacts, presence, messages,
//! all in memory.
//!
//! `cargo run --release --example msncd_daemon -- --port 4321`
//!
//! - It listens on loopback. Each connection carries one login.
//! - The first login makes an account; its password is the account's from then on.
//! - A second login to an account takes its place: the first one's next poll says `ERR 1 logged in
//!   elsewhere` and `SCLOSE MAIN`.
//! - Messages wait until they are polled, whether the account is logged in or not, `--queue` of them
//!   with `--queue-bytes` of text. Beyond that the oldest is discarded, and its sender told, in the count
//!   of a `STCH`. When stored messages are delivered, the sender is told `MFLUSH`.
//! - A connection that is lost before the command that follows a poll gets what that poll told again
//!   at the next login, messages and all, but for statuses, which GETCL tells, and who is typing: rather
//!   twice than never. A daemon that ends takes everything with it.
//! - There are up to 10000 accounts; a login that would make another one is refused. An email is the same
//!   in capitals, and is told in small letters. It has up to 254 bytes, a nick 128, a password 256, a
//!   message half a MiB, an account 1000 contacts, and 1000 have it as theirs, so that no list and no
//!   message is longer than clients take.
//! - Of events that are neither messages nor statuses, such as `UADD` and `TYPING`, the last 1000 wait for
//!   an account; older ones are forgotten. GETCL and GETRCL tell what they changed.
//! - `PRIV 0 1`: only contacts may write, and see the status. With `a` 1, as at first, `UADD` and
//!   `UDEL` tell who added and deleted the account.
//! - ADD for a contact changes its nick. TYPING, an extension, is understood.

#[path = "msncd_daemon/server.rs"]
mod server;

use std::process::ExitCode;

use server::{Bounds, Daemon, Network};

const HELP: &str = "A small messenger network behind msncd's line protocol, on loopback.

Usage: msncd_daemon [--port PORT] [--queue COUNT] [--queue-bytes BYTES]

  --port PORT          the port to listen on; a free one unless given
  --queue COUNT        how many messages may wait for an account; 1000 unless given
  --queue-bytes BYTES  how long they may be together; 4194304 unless given
  --help               shows this
";

struct Options {
    port: u16,
    bounds: Bounds,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(what) => {
            eprint!("msncd_daemon: {what}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match Daemon::start(options.port, Network::new(options.bounds)) {
        Ok(daemon) => {
            println!("listening on {}", daemon.address());
            daemon.wait();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("msncd_daemon: cannot listen on port {}: {error}", options.port);
            ExitCode::FAILURE
        }
    }
}

/// What the command line says; `None` where help is asked for.
fn options(mut words: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options { port: 0, bounds: Bounds { messages: 1000, bytes: 4 << 20 } };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--port" => options.port = value()?.parse().map_err(|_| "--port wants a number up to 65535")?,
            "--queue" => options.bounds.messages = value()?.parse().map_err(|_| "--queue wants a number")?,
            "--queue-bytes" => options.bounds.bytes = value()?.parse().map_err(|_| "--queue-bytes wants a number")?,
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("{word} is not known")),
        }
    }
    Ok(Some(options))
}
