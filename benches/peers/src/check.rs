//! All peers do the same: proven before anything is measured.

use std::panic::{self, AssertUnwindSafe};

use anyhow::{Result, ensure};
use bytes::Bytes;

use crate::measure::{Prepared, prepared};
use crate::peer::{Codec, bodies};
use crate::peers::{self, Entry};
use crate::show::Record;

/// Fails where a peer does something else than it is known for.
pub fn check_all() -> Result<()> {
    let workloads = prepared(false);
    for mut entry in peers::all() {
        for workload in &workloads {
            check(&mut entry, workload)?;
        }
        eprintln!("check {}: agrees", entry.name);
    }
    for name in peers::SKIPPED {
        eprintln!("check {name}: skipped");
    }
    Ok(())
}

fn check(entry: &mut Entry, workload: &Prepared) -> Result<()> {
    let expected = peers::spectrum2().record(&workload.stream);
    let name = format!("{} on {}", entry.name, workload.name);
    let received = entry.codec.record(&workload.stream);
    ensure!(received == expected, "{name}: decodes other values");
    ensure!(
        entry.codec.decode(&workload.stream) == peers::spectrum2().decode(&workload.stream),
        "{name}: touches something else"
    );
    entry.codec.prepare(workload.messages);
    let encoded = Bytes::copy_from_slice(entry.codec.encode());
    let built = Bytes::copy_from_slice(entry.codec.build(workload.messages));
    for sent in [encoded, built] {
        ensure!(sends(entry, &sent, workload, &expected), "{name}: encodes something else");
    }
    Ok(())
}

/// Whether these are the workload's bytes, but for what the peer is known for.
fn sends(entry: &mut Entry, sent: &Bytes, workload: &Prepared, expected: &Record) -> bool {
    if entry.drops_defaults && *sent != workload.stream {
        // Others reject it; it has to understand itself.
        return sent.len() < workload.stream.len() && entry.codec.record(sent) == *expected;
    }
    // Maps have no order.
    *sent == workload.stream || has_map(workload) && is_reordered(sent, workload, expected)
}

/// Whether a string that is not UTF-8 makes a peer reject a message.
pub fn checks_utf8(entry: &mut Entry) -> bool {
    rejects(entry, b"\0\0\0\x07\x08\x01\x12\x03\x0a\x01\xff")
}

/// Whether a missing required field makes a peer reject a message.
pub fn checks_required(entry: &mut Entry) -> bool {
    rejects(entry, b"\0\0\0\x04\x08\x01\x12\0")
}

/// Peers panic on malformed messages here.
fn rejects(entry: &mut Entry, stream: &'static [u8]) -> bool {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let rejected = panic::catch_unwind(AssertUnwindSafe(|| entry.codec.record(&Bytes::from_static(stream)))).is_err();
    panic::set_hook(hook);
    rejected
}

fn has_map(workload: &Prepared) -> bool {
    workload.messages.iter().any(|message| matches!(message, crate::workloads::Message::Login(_)))
}

fn is_reordered(sent: &Bytes, workload: &Prepared, expected: &Record) -> bool {
    bodies(sent).count() == workload.messages.len()
        && sent.len() == workload.stream.len()
        && peers::spectrum2().record(sent) == *expected
}
