//! This crate's codec, beside quick-protobuf with the code that pb-rs generates from the schema.
//!
//! `cargo bench --features reference`; without that feature this crate runs alone. `benches/run`
//! compares it with more implementations, by the same code.

#[cfg(feature = "reference")]
#[path = "peers/src/build.rs"]
mod build;
#[path = "peers/src/peer.rs"]
#[allow(dead_code, reason = "the comparison uses more of it")]
mod peer;
#[cfg(feature = "reference")]
#[path = "peers/src/peers/quick_protobuf.rs"]
mod quick_protobuf;
#[path = "peers/src/schema.rs"]
#[allow(unused, reason = "most of it is for the reference")]
mod schema;
#[path = "peers/src/show.rs"]
#[allow(dead_code, reason = "the comparison uses more of it")]
mod show;
#[path = "peers/src/peers/spectrum2.rs"]
mod spectrum2_codec;
mod workloads;

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};

use peer::Codec;
use spectrum2_codec::{Decoding, Spectrum2};
use workloads::{Message, Workload};

fn main() {
    if cfg!(not(feature = "reference")) {
        eprintln!("quick-protobuf is left out: it wants `--features reference`");
    }
    let criterion = Criterion::default().warm_up_time(Duration::from_millis(200));
    let mut criterion = criterion.measurement_time(Duration::from_millis(800)).configure_from_args();
    for workload in workloads::all() {
        bench(&mut criterion, workload);
    }
    criterion.final_summary();
}

fn codecs() -> Vec<(&'static str, Box<dyn Codec>)> {
    vec![
        ("spectrum2", Box::new(Spectrum2::new(Decoding::InPlace))),
        ("spectrum2, returned", Box::new(Spectrum2::new(Decoding::Returned))),
        #[cfg(feature = "reference")]
        ("quick-protobuf", Box::new(peer::Bench::new(quick_protobuf::QuickProtobuf::default()))),
    ]
}

fn bench(criterion: &mut Criterion, workload: Workload) {
    eprintln!("\n{}: {}", workload.name, workload.description);
    let messages: &'static [Message] = workload.messages.leak();
    let mut group = criterion.benchmark_group(workload.name);
    group.sampling_mode(SamplingMode::Flat);
    for (name, mut codec) in codecs() {
        codec.prepare(messages);
        let stream = Bytes::copy_from_slice(codec.encode());
        group.throughput(Throughput::ElementsAndBytes { elements: messages.len() as u64, bytes: stream.len() as u64 });
        bench_codec(&mut group, name, &mut *codec, &stream, messages);
    }
}

fn bench_codec(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    codec: &mut dyn Codec,
    stream: &Bytes,
    messages: &'static [Message],
) {
    group.bench_function(BenchmarkId::new("decode", name), |bencher| {
        bencher.iter(|| codec.decode(black_box(stream)));
    });
    // What is returned borrows the codec, so it cannot leave the loop.
    group.bench_function(BenchmarkId::new("encode", name), |bencher| {
        bencher.iter(|| _ = black_box(codec.encode()));
    });
    group.bench_function(BenchmarkId::new("build and encode", name), |bencher| {
        bencher.iter(|| _ = black_box(codec.build(black_box(messages))));
    });
}
