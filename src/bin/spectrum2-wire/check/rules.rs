//! What holds for every frame of a backend, whatever it is talked to about.

mod answers;
mod config;
mod timestamps;
mod types;
mod users;
mod xml;

use std::collections::BTreeMap;

use spectrum2::frame::Frame;
use spectrum2::{DecodeError, Payload};

pub use answers::Answers;
pub use config::{Config, Features};
pub use timestamps::Timestamps;
pub use types::{Decodable, Stalling, Types};
pub use users::Users;
pub use xml::Xml;

use super::journal::Line;
use super::plan;

/// What a rule says of a frame: nothing, when it is none of its business.
pub type Opinion = Option<Result<(), String>>;

/// A rule, while it watches one connection.
pub trait Rule {
    /// The main process said something.
    fn sent(&mut self, _payload: &Payload<'_>) {}

    /// The backend said something that can be decoded.
    fn received(&mut self, payload: &Payload<'_>) -> Opinion;

    /// What there is to say where the backend said nothing that the rule is about.
    fn unseen(&self) -> &'static str {
        "the backend sent no frame of the kind"
    }

    /// What there is to say of a backend that breaks no rule; it may be nothing.
    fn remark(&self) -> &'static str {
        ""
    }

    /// The backend said something that cannot be decoded.
    fn malformed(&mut self, _error: &DecodeError) -> Opinion {
        None
    }
}

/// A rule was broken.
pub struct Violation {
    pub reason: String,
    /// The check whose backend it was.
    pub during: &'static str,
    pub frames: Vec<Line>,
}

/// What a rule has seen.
#[derive(Default)]
pub struct Sightings {
    pub frames: usize,
    pub violations: Vec<Violation>,
    /// As [`Rule::remark`] says.
    pub remark: &'static str,
}

impl Sightings {
    pub fn note(&mut self, remark: &'static str) {
        if !remark.is_empty() {
            self.remark = remark;
        }
    }
}

/// What a rule says of a frame that it is about.
pub struct Sighting {
    pub rule: &'static str,
    pub result: Result<(), String>,
    pub remark: &'static str,
}

/// By the names of the rules' checks.
pub type AllSightings = BTreeMap<&'static str, Sightings>;

pub fn merge(all: &mut AllSightings, more: AllSightings) {
    for (name, sightings) in more {
        let of_rule = all.entry(name).or_default();
        of_rule.frames += sightings.frames;
        of_rule.violations.extend(sightings.violations);
        of_rule.note(sightings.remark);
    }
}

/// All rules, on one connection.
pub struct Watch {
    rules: Vec<(&'static str, Box<dyn Rule>)>,
}

impl Watch {
    pub fn new() -> Self {
        Self { rules: plan::rules().map(|(name, make)| (name, make())).collect() }
    }

    pub fn sent(&mut self, frame: &Frame<'_>) {
        if let Ok(payload) = frame.decode() {
            self.rules.iter_mut().for_each(|rule| rule.1.sent(&payload));
        }
    }

    /// What all rules say that have an opinion.
    pub fn received(&mut self, frame: &Frame<'_>) -> Vec<Sighting> {
        let payload = frame.decode();
        let mut sightings = Vec::new();
        for (name, rule) in &mut self.rules {
            let opinion = match &payload {
                Ok(payload) => rule.received(payload),
                Err(error) => rule.malformed(error),
            };
            sightings.extend(opinion.map(|result| Sighting { rule: name, result, remark: rule.remark() }));
        }
        sightings
    }
}
