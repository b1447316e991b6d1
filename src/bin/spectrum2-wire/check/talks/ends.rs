//! How a backend ends.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use spectrum2::Payload;

use super::{Outcome, passed};
use crate::check::session::{Session, fail};

/// How often an end is tried that depends on which side is faster.
const TRIES: usize = 3;

pub fn exit(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    session.send("EXIT", &[Payload::Exit])?;
    session.expect_good_end()?;
    passed()
}

pub fn exit_with_user(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    session.login(session.setup.account())?;
    session.send("EXIT while a user is logged in", &[Payload::Exit])?;
    session.expect_good_end()?;
    passed()
}

/// PING, EXIT and close at once: the answer to PING cannot be written any more.
pub fn idle_drop(session: &mut Session<'_>) -> Outcome {
    for _ in 0..TRIES {
        session.begin()?;
        // Nothing may be left unread, or else the close is a reset, which may overtake EXIT.
        session.listen(Duration::from_millis(50))?;
        session.send("PING, EXIT and a close at once", &[Payload::Ping, Payload::Exit])?;
        session.close()?;
        session.expect_good_end()?;
    }
    passed()
}

/// Nobody is there any more who would look at the status.
pub fn close(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    session.send("a bare close", &[])?;
    session.close()?;
    let timeout = session.setup.options.timeout;
    match session.wait_for_end(timeout)? {
        Some(status) if status.signal().is_some() => {
            fail(format!("The backend ended with {status} after a bare close."))
        }
        Some(status) => Ok(format!("ended with {status}")),
        None => fail(format!("The backend still runs {timeout:?} after a bare close.")),
    }
}
