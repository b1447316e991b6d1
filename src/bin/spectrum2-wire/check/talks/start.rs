//! How a backend starts, and shows that it is alive.

use std::time::Instant;

use spectrum2::Payload;

use super::{Outcome, passed};
use crate::check::session::{Session, Trouble, fail};

pub fn connect(session: &mut Session<'_>) -> Outcome {
    session.start()?;
    Ok(format!("after {:.0?}", session.process()?.started.elapsed()))
}

/// With arguments that the main process may have been started with.
pub fn arguments(session: &mut Session<'_>) -> Outcome {
    let command = session.setup.command().main_arg("-n").main_arg("--service.unheard_of=1").main_arg("--unheard-of");
    session.start_with(command)?;
    session.survives()?;
    passed()
}

/// The first PING comes when the main process has slept for a second after it started the backend.
pub fn ping(session: &mut Session<'_>) -> Outcome {
    session.start()?;
    let first = session.process()?.started + session.setup.options.first_ping;
    session.listen(first.saturating_duration_since(Instant::now()))?;
    let sent = Instant::now();
    pong(session)?;
    Ok(format!("PONG came after {:.0?}", sent.elapsed()))
}

fn pong(session: &mut Session<'_>) -> Result<(), Trouble> {
    let timeout = session.setup.options.ping_timeout;
    session.send("PING", &[Payload::Ping])?;
    match session.wait(timeout, |payload| matches!(payload, Payload::Pong).then_some(()))? {
        Some(()) => Ok(()),
        None => fail(format!("No PONG came within {timeout:?} after PING.")),
    }
}

pub fn stats(session: &mut Session<'_>) -> Outcome {
    session.start()?;
    let timeout = session.setup.options.ping_timeout;
    for _ in 0..2 {
        pong(session)?;
        let id = session.wait(timeout, |payload| match payload {
            Payload::Stats(stats) => Some(stats.id.to_owned()),
            _ => None,
        })?;
        let Some(id) = id else {
            return fail(format!("No STATS came within {timeout:?} after PONG."));
        };
        let process = session.process()?;
        if !id.parse().is_ok_and(|id| process.owns(id)) {
            return fail(format!("The id of STATS is {id:?}, and the backend's process ID is {}.", process.id()));
        }
    }
    passed()
}
