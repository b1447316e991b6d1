//! What is measured, and by what names.

use std::ffi::CString;
use std::hint::black_box;

use bytes::Bytes;

use crate::peer::Codec;
use crate::peers::{self, Entry};
use crate::workloads::{self, Message, Workload};

/// What is done with a workload.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Decode,
    Encode,
    Build,
}

impl Operation {
    pub const ALL: [Self; 3] = [Self::Decode, Self::Encode, Self::Build];

    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Encode => "encode",
            Self::Build => "build and encode",
        }
    }
}

/// A workload as frames, too.
pub struct Prepared {
    pub name: &'static str,
    pub description: &'static str,
    pub messages: &'static [Message],
    pub stream: Bytes,
}

impl From<Workload> for Prepared {
    fn from(workload: Workload) -> Self {
        let messages: &'static [Message] = workload.messages.leak();
        let mut spectrum2 = peers::spectrum2();
        spectrum2.prepare(messages);
        let stream = Bytes::copy_from_slice(spectrum2.encode());
        Self { name: workload.name, description: workload.description, messages, stream }
    }
}

/// The workloads to measure.
pub fn prepared(quick: bool) -> Vec<Prepared> {
    const QUICK: [&str; 4] = ["W4", "W5", "W7", "W11"];
    let all = workloads::all().into_iter();
    all.filter(|workload| !quick || QUICK.contains(&workload.name)).map(Prepared::from).collect()
}

/// Does it once.
#[inline(never)]
pub fn perform(operation: Operation, codec: &mut dyn Codec, workload: &Prepared) {
    match operation {
        Operation::Decode => _ = black_box(codec.decode(black_box(&workload.stream))),
        Operation::Encode => _ = black_box(codec.encode()),
        Operation::Build => _ = black_box(codec.build(black_box(workload.messages))),
    }
}

/// Visits each workload and operation, with the peers that do it, ready to do so.
pub fn for_each(quick: bool, what: &str, mut visit: impl FnMut(&Prepared, Operation, &mut [&mut Entry])) {
    let workloads = prepared(quick);
    for (index, workload) in workloads.iter().enumerate() {
        eprintln!("{what} {} ({} of {})", workload.name, index + 1, workloads.len());
        // Made anew, or else the first one's messages would fill the holes that those before left in the heap.
        let mut entries = peers::all();
        for entry in &mut entries {
            entry.codec.prepare(workload.messages);
        }
        for operation in Operation::ALL {
            let mut able: Vec<_> = entries.iter_mut().filter(|entry| entry.does(operation)).collect();
            visit(workload, operation, &mut able);
        }
    }
}

/// The name of one measurement.
pub fn key(workload: &str, operation: Operation, peer: &str) -> String {
    format!("{workload} | {} | {peer}", operation.name())
}

mod c {
    unsafe extern "C" {
        pub safe fn measure_allocations() -> usize;
        pub safe fn measure_has_callgrind() -> bool;
        pub safe fn measure_start();
        pub fn measure_stop(name: *const std::ffi::c_char);
    }
}

/// The allocations that `work` makes.
pub fn allocations(work: impl FnOnce()) -> usize {
    let before = c::measure_allocations();
    work();
    c::measure_allocations() - before
}

/// Whether callgrind's interface was there when this was built.
pub fn has_callgrind() -> bool {
    c::measure_has_callgrind()
}

/// Has callgrind count `work` by this name.
pub fn counted(name: &str, work: impl FnOnce()) {
    let name = CString::new(name).expect("no name has a zero byte");
    c::measure_start();
    work();
    // SAFETY: the name lives during the call.
    unsafe { c::measure_stop(name.as_ptr()) };
}
