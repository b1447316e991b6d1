//! The line protocol of msncd: a small client drives a messenger daemon, a command at a time.
//!
//! It knows nothing of Spectrum; the example `msncd_backend` joins the two. The codec borrows from
//! the received bytes, allocates nothing, and needs no standard library: [`Command`], [`Answer`] and
//! [`Event`] parse and write both sides, [`split`] and [`Scanner`] find where each ends. With `std`
//! there are `Client`, for any stream, `Timed`, for a deadline, and `Reader`, for a daemon.
//!
//! What the protocol's description leaves open is decided here so:
//!
//! - **Units.** A line ends with `\n`; `\r` is a character like any other. A line and the lines that
//!   it counts are one *unit*. Everything is UTF-8; a unit that is not is malformed.
//! - **Words.** Exactly one space separates two words. The last part of `LOGIN` (the password), of
//!   `ERR` and of an attribute reaches to the end of its line, and may have spaces. Words behind the
//!   last one are an error; of events, lines with an unknown first word are kept as they are.
//! - **Answers.** `OK` or `ERR description` answer ADD, DEL, NICK, PRIV, STATUS, LOGIN, LOGOFF and
//!   SENDMSG. INFO, GETCL, GETRCL and POLL are answered with what they ask for, in place of `OK`, or
//!   with `ERR description`, which then is the whole answer.
//! - **INFO** ends at the first empty line; at least it is there. Name and value are separated by the
//!   first ` = `. A first line that starts with the word `ERR` is a refusal.
//! - **`ERR` in a poll.** With a number behind it, it is the event `ERR code description`. Without,
//!   and as the first line, it is the refusal of the poll, and no POLLEND follows. So a description
//!   may not start with a number; writing one is an error.
//! - **Ends.** Where nothing would follow, a client does not wait for it: a refusal is one whatever is
//!   wrong with its description, and a malformed POLLEND ends its poll.
//! - **MSG.** `end_of_header` is how many of the lines are the header. A header that ends with an
//!   empty line, as in a mail, counts that line too. Neither may be larger than the number of lines.
//! - **Counts.** STCH's count may be missing. SCLOSE has email and count, or neither, whatever its
//!   type; with another type than MAIN and USER it is an unknown event.
//! - **Emails and nicks.** DEL, INFO and SENDMSG (and TYPING) take either: a word with an `@` is an
//!   email, since encoded nicks have none. ADD takes both, LOGIN an email. Answers and events have
//!   emails, and a contact's nick in CL alone, which may be empty or missing.
//! - **PRIV.** `p` and `a` are 0 or 1; [`Command::Privacy`] says what for.
//! - **Typing.** There is an event, and no command that causes it. [`Command::Typing`] is an
//!   extension.
//! - **Step.** Answers have no numbers: the daemon answers in the order of the commands, and says
//!   nothing unasked. One answer too many would shift all later ones, so it is an error, and `OK` in a
//!   poll is one too.
//! - **Limits.** A unit over one of the [`Limits`] is read and dropped, and what follows is
//!   understood. Only a count that is no number leaves no way to go on.

mod answer;
#[cfg(feature = "std")]
mod client;
mod command;
mod error;
mod event;
mod nick;
#[cfg(feature = "std")]
mod reader;
mod scan;
#[cfg(feature = "std")]
mod timed;
mod words;

#[cfg(all(feature = "capi", feature = "std"))]
pub(crate) use answer::parse_attribute;
pub use answer::{Answer, Attributes, Contact, Contacts};
#[cfg(feature = "std")]
pub use client::{Client, Duplex, Error};
pub use command::Command;
pub use error::{LimitError, ParseError, ParseErrorKind, WriteError};
pub use event::{Event, Socket};
pub use nick::{Nick, User};
#[cfg(feature = "std")]
pub use reader::{ReadError, Reader};
pub use scan::{Form, Limits, Scan, Scanner, split};
#[cfg(feature = "std")]
pub use timed::{Timed, Timeouts};
pub use words::Lines;
