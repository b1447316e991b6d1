//! What came of the checks.

use std::io;
use std::time::Duration;

use super::journal::Line;
use super::plan::Check;
use super::rules::Sightings;
use super::session::{Session, Trouble};
use super::setup::Setup;
use super::talks::Outcome;

pub struct Report {
    pub check: &'static Check,
    pub verdict: Verdict,
    pub duration: Duration,
}

pub enum Verdict {
    /// With a remark, which may be empty.
    Pass(String),
    Fail(Failure),
    /// With the reason.
    NotTried(String),
}

pub struct Failure {
    pub reason: String,
    /// The last frames, up to the one that it is about.
    pub frames: Vec<Line>,
    /// The first and the last lines that the backend printed.
    pub printed: Vec<String>,
}

impl Verdict {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass(_) => "pass",
            Self::Fail(_) => "fail",
            Self::NotTried(_) => "not_tried",
        }
    }

    pub fn of_talk(outcome: Outcome, session: &mut Session<'_>) -> Self {
        let setup = session.setup;
        match outcome {
            Ok(remark) => Self::Pass(setup.tell(&remark)),
            Err(Trouble::NotTried(reason)) => Self::NotTried(setup.tell(&reason)),
            Err(Trouble::Fail(reason)) => {
                let reason = setup.tell(&(reason + &session.unfinished_frame()));
                Self::Fail(Failure { reason, frames: session.frames(), printed: session.printed() })
            }
        }
    }

    pub fn of_rule(sightings: Option<Sightings>, unseen: &str) -> Self {
        let Sightings { frames, violations, remark } = sightings.unwrap_or_default();
        let others = violations.len().saturating_sub(1);
        match violations.into_iter().next() {
            None if frames == 0 => Self::NotTried(unseen.into()),
            None => {
                let frames = if frames == 1 { "1 frame".to_owned() } else { format!("{frames} frames") };
                Self::Pass(if remark.is_empty() { frames } else { format!("{frames}; {remark}") })
            }
            Some(first) => {
                let more = match others {
                    0 => String::new(),
                    others => format!(", {others} more of the kind"),
                };
                let reason = format!("{} (Seen in the check {:?}{more}.)", first.reason, first.during);
                Self::Fail(Failure { reason, frames: first.frames, printed: Vec::new() })
            }
        }
    }
}

#[derive(Default)]
pub struct Summary {
    pub passed: usize,
    pub failed: usize,
    pub not_tried: usize,
    /// How many of those were not tried since the user could not log in.
    pub refused: usize,
}

impl Summary {
    pub fn of(reports: &[Report], setup: &Setup) -> Self {
        let mut summary = Self::default();
        for report in reports {
            if let Verdict::NotTried(reason) = &report.verdict {
                summary.refused += usize::from(setup.refused.get() == Some(reason));
            }
            *match report.verdict {
                Verdict::Pass(_) => &mut summary.passed,
                Verdict::Fail(_) => &mut summary.failed,
                Verdict::NotTried(_) => &mut summary.not_tried,
            } += 1;
        }
        summary
    }
}

/// Whom the reports are shown to, as they come.
pub trait Audience {
    fn show(&mut self, report: &Report) -> io::Result<()>;

    /// Nothing happened for a while: these checks run, and so many of all are done.
    fn wait(&mut self, _running: &[&'static str], _done: usize, _all: usize) {}

    fn end(&mut self, summary: &Summary) -> io::Result<()>;
}
