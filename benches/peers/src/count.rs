//! Instructions, counted by callgrind: the same from run to run.
//!
//! The program runs itself inside of valgrind, and has callgrind write a file for each measurement.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::measure::{Operation, counted, for_each, has_callgrind, key, perform};

/// What single frames are repeated, so that it is an average.
const REPETITIONS: usize = 10;
/// A measurement of nothing, which all others are reduced by.
const NOTHING: &str = "nothing";

/// Instructions per operation, or nothing where valgrind is missing.
pub fn count_all(quick: bool) -> Result<BTreeMap<String, u64>> {
    if !has_callgrind() || Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("count: skipped, since valgrind is missing");
        return Ok(BTreeMap::new());
    }
    let directory = tempfile::tempdir()?;
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--quiet"])
        .arg(format!("--callgrind-out-file={}", directory.path().join("out").display()))
        .arg(std::env::current_exe()?)
        .arg("counted")
        .args(quick.then_some("--quick"))
        .env("FIXED_SEEDS", "1")
        .status()?;
    ensure!(status.success(), "valgrind: {status}");
    read_dumps(directory.path())
}

/// The part that runs inside of callgrind.
pub fn run_counted(quick: bool) -> Result<()> {
    counted(NOTHING, || ());
    for_each(quick, "count", |workload, operation, entries| {
        let repetitions = if workload.messages.len() == 1 { REPETITIONS } else { 1 };
        for entry in entries {
            // Buffers grow, and what is made at first use is made. For streams other workloads did most of it.
            if repetitions > 1 || operation == Operation::Encode {
                perform(operation, &mut *entry.codec, workload);
            }
            counted(&format!("{repetitions} {}", key(workload.name, operation, entry.name)), || {
                for _ in 0..repetitions {
                    perform(operation, &mut *entry.codec, workload);
                }
            });
        }
    });
    Ok(())
}

fn read_dumps(directory: &Path) -> Result<BTreeMap<String, u64>> {
    let mut dumps = BTreeMap::new();
    for file in fs::read_dir(directory)? {
        let dump = fs::read_to_string(file?.path())?;
        // The one at the end has no name.
        if let Some(name) = value(&dump, "desc: Trigger: Client Request: ") {
            let total = value(&dump, "totals: ").context("a dump without a total")?;
            dumps.insert(name.to_owned(), total.trim().parse::<u64>()?);
        }
    }
    let Some(nothing) = dumps.remove(NOTHING) else { bail!("callgrind wrote no dumps") };
    let per_operation = |(name, total): (String, u64)| {
        let (repetitions, key) = name.split_once(' ')?;
        Some((key.to_owned(), total.checked_sub(nothing)? / repetitions.parse::<u64>().ok()?))
    };
    dumps.into_iter().map(|dump| per_operation(dump).context("a dump by an unknown name")).collect()
}

/// What stands behind `prefix`, at the start of a line.
fn value<'a>(dump: &'a str, prefix: &str) -> Option<&'a str> {
    dump.lines().find_map(|line| line.strip_prefix(prefix))
}
