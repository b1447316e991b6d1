//! `spectrum2-wire check`: good backends pass, and each broken one fails for its reason.
#![cfg(all(feature = "cli", unix))]

mod broken_backends;
#[cfg(target_os = "linux")]
mod ended_early;
#[path = "../support/example.rs"]
mod example;
mod good_backends;
mod reports;

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What every run is told: the large message need not be that large, and nobody waits for the first PING.
const QUICK: [&str; 4] = ["--large-size", "1", "--first-ping", "0"];

/// For a backend from which nothing is waited for in vain.
const PATIENT: [&str; 6] = ["--timeout", "60", "--optional-timeout", "60", "--ping-timeout", "60"];

/// A run of the tool.
struct Run {
    status: Option<i32>,
    output: String,
    complaints: String,
}

impl Run {
    fn new(options: &[&str], backend: &[&OsStr]) -> Self {
        Self::at_leisure(&[&QUICK, options].concat(), backend)
    }

    fn at_leisure(options: &[&str], backend: &[&OsStr]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spectrum2-wire"));
        command.arg("check").args(options).arg("--").args(backend).stdin(Stdio::null());
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: status.code(), output: text(stdout), complaints: text(stderr) }
    }

    /// The reports of a run with `--json`, without the summary.
    fn reports(&self) -> Vec<Value> {
        let lines = self.output.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.filter(|line: &Value| line["check"].is_string()).collect()
    }

    /// The names of the checks with a verdict.
    fn with_verdict(&self, verdict: &str) -> Vec<String> {
        let reports = self.reports().into_iter().filter(|report| report["verdict"] == verdict);
        reports.map(|report| report["check"].as_str().unwrap().to_owned()).collect()
    }

    fn report(&self, check: &str) -> Value {
        self.reports().into_iter().find(|report| report["check"] == check).unwrap()
    }
}
