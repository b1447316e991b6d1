//! Times, interleaved: each round measures all peers one after the other, and compares them with
//! this crate in that very round.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::check;
use crate::measure::{Operation, Prepared, allocations, for_each, key, perform};
use crate::peers::{self, Entry};

const ROUNDS: usize = 61;
const ROUNDS_OF_STREAMS: usize = 11;
const QUICK_ROUNDS: usize = 7;
/// A measurement repeats what is shorter.
const LEAST_DURATION: Duration = Duration::from_micros(200);

#[derive(Serialize, Deserialize)]
pub struct Times {
    /// Lines about where and with what it was measured.
    pub setting: Vec<String>,
    /// In the order of the tables.
    pub peers: Vec<Peer>,
    pub skipped: Vec<String>,
    pub workloads: Vec<Workload>,
    pub cells: BTreeMap<String, Cell>,
}

/// What there is to know about a peer besides its figures.
#[derive(Serialize, Deserialize)]
pub struct Peer {
    pub name: String,
    pub strings: String,
    pub checks_utf8: bool,
    pub checks_required: bool,
    pub drops_defaults: bool,
}

impl Peer {
    fn new(mut entry: Entry) -> Self {
        Self {
            name: entry.name.to_owned(),
            strings: entry.strings.to_owned(),
            checks_utf8: check::checks_utf8(&mut entry),
            checks_required: check::checks_required(&mut entry),
            drops_defaults: entry.drops_defaults,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub struct Workload {
    pub name: String,
    pub description: String,
    pub bytes: usize,
}

#[derive(Serialize, Deserialize)]
pub struct Cell {
    /// The time, divided by that of this crate.
    pub ratio: f64,
    pub allocations: usize,
}

pub fn time_all(quick: bool) -> Times {
    let mut cells = BTreeMap::new();
    let mut workloads = Vec::new();
    for_each(quick, "time", |workload, operation, entries| {
        if operation == Operation::Decode {
            workloads.push(Workload {
                name: workload.name.to_owned(),
                description: workload.description.to_owned(),
                bytes: workload.stream.len(),
            });
        }
        let ratios = ratios(workload, operation, entries, quick);
        for (entry, ratio) in entries.iter_mut().zip(ratios) {
            let allocations = allocations(|| perform(operation, &mut *entry.codec, workload));
            cells.insert(key(workload.name, operation, entry.name), Cell { ratio, allocations });
        }
    });
    Times {
        setting: setting(),
        peers: peers::all().into_iter().map(Peer::new).collect(),
        skipped: peers::SKIPPED.iter().map(|name| (*name).to_owned()).collect(),
        workloads,
        cells,
    }
}

/// For each peer the median over all rounds of its time divided by the first one's.
fn ratios(workload: &Prepared, operation: Operation, entries: &mut [&mut Entry], quick: bool) -> Vec<f64> {
    let rounds = match workload.messages.len() {
        _ if quick => QUICK_ROUNDS,
        1 => ROUNDS,
        _ => ROUNDS_OF_STREAMS,
    };
    let repetitions: Vec<u32> = entries.iter_mut().map(|entry| repetitions(workload, operation, entry)).collect();
    let mut ratios = vec![Vec::with_capacity(rounds); entries.len()];
    let mut order: Vec<_> = (0..entries.len()).collect();
    let random_state = RandomState::new();
    for round in 0..rounds {
        let mut seconds = vec![0.0; entries.len()];
        // What the one before left in the caches should help or hurt nobody.
        order.sort_by_cached_key(|peer| random_state.hash_one((round, *peer)));
        for &peer in &order {
            perform(operation, &mut *entries[peer].codec, workload);
            let duration = duration(workload, operation, entries[peer], repetitions[peer]);
            seconds[peer] = duration.as_secs_f64() / f64::from(repetitions[peer]);
        }
        for (ratios, of_peer) in ratios.iter_mut().zip(&seconds) {
            ratios.push(of_peer / seconds[0]);
        }
    }
    ratios.into_iter().map(median).collect()
}

fn duration(workload: &Prepared, operation: Operation, entry: &mut Entry, repetitions: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..repetitions {
        perform(operation, &mut *entry.codec, workload);
    }
    start.elapsed()
}

/// How often it is done at least for a measurement that is long enough. Warms up, too.
fn repetitions(workload: &Prepared, operation: Operation, entry: &mut Entry) -> u32 {
    let mut repetitions = 1;
    while duration(workload, operation, entry, repetitions) < LEAST_DURATION {
        repetitions *= 2;
    }
    repetitions
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn setting() -> Vec<String> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let mut setting = vec![
        format!("processor: {}", model.map_or("unknown", |(_, model)| model)),
        format!("compiler: {}", env!("RUSTC_VERSION")),
    ];
    setting.extend(peers::versions());
    setting
}
