//! This crate's codec beside other Protobuf implementations, on the same workloads.
//!
//! `benches/run` builds this twice, measures, and writes the table and the chart.

#![cfg_attr(
    not(feature = "peers"),
    allow(dead_code, unused_macros, unused_imports, reason = "most of it is for the peers")
)]

// micropb's code names it.
extern crate alloc;

mod build;
mod chart;
mod check;
mod count;
mod measure;
mod peer;
mod peers;
mod report;
mod schema;
mod show;
mod time;
#[path = "../../workloads/mod.rs"]
mod workloads;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use serde::Serialize;

#[derive(Parser)]
#[command(about = "Compares Protobuf implementations on Spectrum 2's messages.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Proves that all peers agree on every workload.
    Check,
    /// Measures times and counts allocations.
    Time {
        output: PathBuf,
        /// A few workloads and rounds, to try something.
        #[arg(long)]
        quick: bool,
    },
    /// Counts instructions, with valgrind's callgrind.
    Count {
        output: PathBuf,
        /// A few workloads, to try something.
        #[arg(long)]
        quick: bool,
    },
    /// What `count` runs inside of callgrind.
    #[command(hide = true)]
    Counted {
        #[arg(long)]
        quick: bool,
    },
    /// Prints a table of this crate alone.
    Own {
        /// Where `lto-count.json`, `plain-count.json` and `no-std-count.json` are.
        measured: PathBuf,
    },
    /// Prints the tables, and writes them and the chart to a directory.
    Report {
        /// Where `lto-time.json`, `lto-count.json`, `plain-time.json` and `plain-count.json` are.
        measured: PathBuf,
        /// Gets `RESULTS.md` and `chart.svg`.
        #[arg(long)]
        write_to: Option<PathBuf>,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Check => check::check_all(),
        Command::Time { output, quick } => write_json(&output, &time::time_all(quick)),
        Command::Count { output, quick } => write_json(&output, &count::count_all(quick)?),
        Command::Counted { quick } => count::run_counted(quick),
        Command::Own { measured } => report::print_own(&measured),
        Command::Report { measured, write_to } => report::report(&measured, write_to.as_deref()),
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    std::fs::write(path, serde_json::to_vec_pretty(value)?).with_context(|| path.display().to_string())
}
