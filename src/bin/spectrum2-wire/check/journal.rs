//! The frames that passed, as the JSON that `decode` prints.

use std::collections::VecDeque;
use std::fmt;

use serde_json::{Value, json};
use spectrum2::frame::Frame;

use super::secrets::HIDDEN;
use super::setup::Setup;
use crate::job::Hex;
use crate::to_json::{Decoded, Malformed};

/// How many frames are kept, to be shown with a failure.
const KEPT: usize = 8;

/// Texts and lists that are longer are cut.
const LONGEST_TEXT: usize = 240;
const LONGEST_LIST: usize = 20;

/// Who sent a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Main,
    Backend,
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Backend => "backend",
        }
    }
}

/// A frame that passed.
#[derive(Clone)]
pub struct Line {
    pub by: Side,
    pub frame: Value,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = format!("{}:", self.by.name());
        write!(f, "{by:<8} {}", self.frame)
    }
}

pub struct Journal<'s> {
    setup: &'s Setup,
    check: &'static str,
    lines: VecDeque<Line>,
    count: u64,
}

impl<'s> Journal<'s> {
    pub fn new(setup: &'s Setup, check: &'static str) -> Self {
        Self { setup, check, lines: VecDeque::new(), count: 0 }
    }

    pub fn add(&mut self, by: Side, frame: &Frame<'_>) {
        let mut value = to_value(frame, self.count);
        self.count += 1;
        hide_fields(&mut value);
        for_each_text(&mut value, &mut |text| {
            let length = text.len();
            *text = self.setup.secrets.hide(text, LONGEST_TEXT).into_owned();
            if length > LONGEST_TEXT {
                text.push_str(&format!(" ({length} bytes in all)"));
            }
        });
        let line = Line { by, frame: value };
        if self.setup.options.verbose {
            eprintln!("{:<16} {line}", self.check);
        }
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The last frames.
    pub fn last(&self) -> Vec<Line> {
        self.lines.iter().cloned().collect()
    }
}

fn to_value(frame: &Frame<'_>, number: u64) -> Value {
    let decoded = Decoded::new(frame).map(|decoded| serde_json::to_value(decoded).unwrap_or_default());
    decoded.unwrap_or_else(|error| {
        let header = (frame.body().len() as u32).to_be_bytes();
        let hex = format_args!("{}{}", Hex(&header), Hex(frame.body()));
        serde_json::to_value(Malformed { error: &error, frame: number, hex: &hex }).unwrap_or_default()
    })
}

/// Hides what the schema says is secret.
fn hide_fields(frame: &mut Value) {
    if let Some(payload) = frame.get_mut("payload").and_then(Value::as_object_mut) {
        for (_, value) in payload.iter_mut().filter(|(name, _)| matches!(name.as_str(), "password" | "extraFields")) {
            *value = HIDDEN.into();
        }
    }
}

fn for_each_text(value: &mut Value, each: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(list) => {
            let count = list.len();
            list.truncate(LONGEST_LIST);
            list.iter_mut().for_each(|value| for_each_text(value, each));
            if count > LONGEST_LIST {
                list.push(json!(format!("… ({count} in all)")));
            }
        }
        Value::Object(object) => object.values_mut().for_each(|value| for_each_text(value, each)),
        _ => {}
    }
}
