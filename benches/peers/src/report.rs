//! The tables and the chart.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use crate::chart;
use crate::measure::{Operation, key};
use crate::time::Times;
use crate::{peers, workloads};

const INTRODUCTION: &str = include_str!("method.md");

/// What was measured with one way of building.
pub struct Measured {
    pub times: Times,
    /// Empty where valgrind is missing.
    pub instructions: BTreeMap<String, u64>,
}

impl Measured {
    fn read(directory: &Path, build: &str) -> Result<Self> {
        Ok(Self {
            times: read_json(&directory.join(format!("{build}-time.json")))?,
            instructions: read_json(&directory.join(format!("{build}-count.json")))?,
        })
    }

    /// This crate.
    fn own(&self) -> &str {
        &self.times.peers[0].name
    }

    pub fn instructions(&self, workload: &str, operation: Operation, peer: &str) -> Option<u64> {
        self.instructions.get(&key(workload, operation, peer)).copied()
    }

    pub fn ratio(&self, workload: &str, operation: Operation, peer: &str) -> Option<f64> {
        self.times.cells.get(&key(workload, operation, peer)).map(|cell| cell.ratio)
    }

    /// Instructions, divided by those of this crate.
    pub fn instruction_ratio(&self, workload: &str, operation: Operation, peer: &str) -> Option<f64> {
        let own = self.instructions(workload, operation, self.own())?;
        Some(self.instructions(workload, operation, peer)? as f64 / own as f64)
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let json = fs::read(path).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_slice(&json)?)
}

pub fn report(directory: &Path, write_to: Option<&Path>) -> Result<()> {
    let lto = Measured::read(directory, "lto")?;
    let plain = Measured::read(directory, "plain")?;
    let mut results = results(&lto, &plain);
    // A quick report does without these.
    if let Ok(counts) = read_json(&directory.join("no-std-count.json")) {
        results.push_str(&without_std(&lto, &counts));
    }
    if let Ok(table) = fs::read_to_string(directory.join("loopback.md")) {
        results.push_str(&end_to_end(&table));
    }
    println!("{results}");
    if let Some(directory) = write_to {
        fs::write(directory.join("RESULTS.md"), &results)?;
        fs::write(directory.join("chart.svg"), chart::draw(&lto))?;
    }
    Ok(())
}

/// The instructions of this crate and of the harness, in both builds and without the standard library.
pub fn print_own(directory: &Path) -> Result<()> {
    let workloads: Vec<_> = workloads::all().iter().map(|workload| workload.name).collect();
    println!("| | {} |", workloads.join(" | "));
    println!("| --- |{}", " ---: |".repeat(workloads.len()));
    for build in ["lto", "plain", "no-std"] {
        let counts: BTreeMap<String, u64> = read_json(&directory.join(format!("{build}-count.json")))?;
        for operation in Operation::ALL {
            for peer in peers::all().iter().filter(|peer| peer.does(operation)) {
                let count = |workload: &&str| counts.get(&key(workload, operation, peer.name));
                let cells: Vec<_> =
                    workloads.iter().map(|name| count(name).map_or(String::new(), |count| thousands(*count))).collect();
                println!("| {build}, {}, {} | {} |", operation.name(), peer.name, cells.join(" | "));
            }
        }
    }
    Ok(())
}

fn results(lto: &Measured, plain: &Measured) -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n## Measured with\n\n");
    for line in &lto.times.setting {
        _ = writeln!(text, "- {line}");
    }
    text.push_str(&peer_list(&lto.times));
    text.push_str(&workload_list(&lto.times));
    text.push_str(&ahead(lto, plain));
    text.push_str("\n## Fat LTO, one codegen unit\n");
    for operation in Operation::ALL {
        text.push_str(&tables(lto, operation));
        text.push_str(&table(lto, operation, "Allocations", allocations));
    }
    text.push_str("\n## Cargo's defaults for release builds: no fat LTO, 16 codegen units\n");
    for operation in Operation::ALL {
        text.push_str(&tables(plain, operation));
    }
    text
}

/// The instructions of this crate alone.
fn without_std(lto: &Measured, counts: &BTreeMap<String, u64>) -> String {
    let workloads = || lto.times.workloads.iter().map(|workload| workload.name.as_str());
    let mut text = "\n## Without the standard library\n\nInstructions of this crate without its features, so also \
                    without `simdutf8` and AVX2, with fat LTO; and what of them, as of all figures above, the harness \
                    takes: it walks from frame to frame and touches the fields, or makes the messages.\n\n| |"
        .to_owned();
    for workload in workloads() {
        _ = write!(text, " {workload} |");
    }
    text.push_str("\n| --- |");
    text.push_str(&" ---: |".repeat(workloads().count()));
    for (peer, whose) in [(lto.own(), ""), (peers::HARNESS, ", the harness")] {
        for operation in Operation::ALL {
            _ = write!(text, "\n| {}{whose} |", operation.name());
            for workload in workloads() {
                let count = counts.get(&key(workload, operation, peer));
                _ = write!(text, " {} |", count.map_or(String::new(), |count| thousands(*count)));
            }
        }
    }
    text.push('\n');
    text
}

fn end_to_end(table: &str) -> String {
    format!(
        "\n## End to end over loopback\n\n`cargo bench --features host --bench loopback`: a whole backend, `Client` \
         with a `Backend` that counts or answers, beside a program in C++ that reads and writes as Spectrum's plugin \
         library does. Times, of medians.\n\n{table}"
    )
}

fn tables(measured: &Measured, operation: Operation) -> String {
    let times = table(measured, operation, "Time, divided by this crate's", time);
    match measured.instructions.is_empty() {
        false => times + &table(measured, operation, "Instructions", instructions),
        true => times + "\nInstructions were not counted: valgrind is missing.\n",
    }
}

type ToCell = fn(&Measured, &str, Operation, &str) -> Option<String>;

fn time(measured: &Measured, workload: &str, operation: Operation, peer: &str) -> Option<String> {
    let ratio = measured.ratio(workload, operation, peer)?;
    Some(marked(format!("{ratio:.2}"), ratio))
}

fn instructions(measured: &Measured, workload: &str, operation: Operation, peer: &str) -> Option<String> {
    let count = measured.instructions(workload, operation, peer)?;
    Some(marked(thousands(count), measured.instruction_ratio(workload, operation, peer)?))
}

fn allocations(measured: &Measured, workload: &str, operation: Operation, peer: &str) -> Option<String> {
    let cell = measured.times.cells.get(&key(workload, operation, peer))?;
    Some(thousands(cell.allocations as u64))
}

/// Bold where it is less than this crate's.
fn marked(cell: String, ratio: f64) -> String {
    if is_less(ratio) { format!("**{cell}**") } else { cell }
}

/// Whether it still is when rounded to two places.
fn is_less(ratio: f64) -> bool {
    ratio < 0.995
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// Peers by workloads.
fn table(measured: &Measured, operation: Operation, what: &str, cell: ToCell) -> String {
    let workloads = measured.times.workloads.iter().map(|workload| workload.name.as_str());
    let mut text = format!("\n### {what}: {}\n\n| |", operation.name());
    for workload in workloads.clone() {
        _ = write!(text, " {workload} |");
    }
    text.push_str("\n| --- |");
    text.push_str(&" ---: |".repeat(workloads.clone().count()));
    text.push('\n');
    for peer in &measured.times.peers {
        let cells: Vec<_> =
            workloads.clone().filter_map(|workload| cell(measured, workload, operation, &peer.name)).collect();
        if !cells.is_empty() {
            let note = if peer.drops_defaults && operation != Operation::Decode { " †" } else { "" };
            _ = writeln!(text, "| {}{note} | {} |", peer.name, cells.join(" | "));
        }
    }
    text
}

fn peer_list(times: &Times) -> String {
    let mut text = "\n## Peers\n\n| | strings of a decoded message | rejects what is not UTF-8 | \
                    rejects a missing required field |\n| --- | --- | --- | --- |\n"
        .to_owned();
    let said = |yes| if yes { "yes" } else { "no" };
    for peer in &times.peers {
        let (utf8, required) = (said(peer.checks_utf8), said(peer.checks_required));
        _ = writeln!(text, "| {} | {} | {utf8} | {required} |", peer.name, peer.strings);
    }
    for name in &times.skipped {
        _ = writeln!(text, "| {name} | skipped: its tools were missing | | |");
    }
    text
}

fn workload_list(times: &Times) -> String {
    let mut text = "\n## Workloads\n\n| | | bytes |\n| --- | --- | ---: |\n".to_owned();
    for workload in &times.workloads {
        _ = writeln!(text, "| {} | {} | {} |", workload.name, workload.description, thousands(workload.bytes as u64));
    }
    text
}

/// Where a peer does with less than this crate.
fn ahead(lto: &Measured, plain: &Measured) -> String {
    let mut text = "\n## Where a peer is ahead of this crate\n\n".to_owned();
    let nothing = text.len();
    for (build, measured) in [("fat LTO", lto), ("no fat LTO", plain)] {
        for operation in Operation::ALL {
            for workload in &measured.times.workloads {
                for peer in measured.times.peers.iter().filter(|peer| !peer.name.starts_with(measured.own())) {
                    text.push_str(&ahead_on(measured, build, operation, &workload.name, &peer.name));
                }
            }
        }
    }
    if text.len() == nothing {
        text.push_str("Nowhere, neither by instructions nor by time.\n");
    }
    text
}

fn ahead_on(measured: &Measured, build: &str, operation: Operation, workload: &str, peer: &str) -> String {
    let instructions = measured.instruction_ratio(workload, operation, peer);
    let time = measured.ratio(workload, operation, peer);
    let less = |ratio: Option<f64>| ratio.is_some_and(is_less);
    if !less(instructions) && !less(time) {
        return String::new();
    }
    let shown = |ratio: Option<f64>| ratio.map_or("unknown".to_owned(), |ratio| format!("{ratio:.2}"));
    format!(
        "- {workload}, {}, {build}: {peer} with {} of the instructions and {} of the time\n",
        operation.name(),
        shown(instructions),
        shown(time)
    )
}
