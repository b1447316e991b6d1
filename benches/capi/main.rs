//! What the codec costs through the C ABI: instructions of a C program, beside those of a Rust program
//! that does the same.
//!
//! `cargo bench --bench capi` prints a table; with `-- --write` it goes to benches/capi/RESULTS.md.
//! Wants gcc and valgrind.

#[path = "../peers/src/peer.rs"]
#[allow(dead_code, reason = "the comparison uses more of it")]
mod peer;
#[path = "../peers/src/schema.rs"]
#[allow(unused, reason = "the comparison uses more of it")]
mod schema;
#[path = "../peers/src/show.rs"]
#[allow(dead_code, reason = "the comparison uses more of it")]
mod show;
#[path = "../peers/src/peers/spectrum2.rs"]
#[allow(dead_code, reason = "the comparison uses more of it")]
mod spectrum2_codec;
#[path = "../workloads/mod.rs"]
mod workloads;

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, io};

use peer::Codec as _;
use show::Touch;
use spectrum2::Payload;
use spectrum2::frame::{self, Split};
use spectrum2_codec::{Decoding, Spectrum2};
use workloads::Workload;

/// The workloads that are measured.
const WORKLOADS: [&str; 3] = ["W4", "W5", "W9"];
/// As in codec.c.
const REPETITIONS: u64 = 10;

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).filter(|argument| *argument != "--bench").collect();
    match arguments[..] {
        [] => print!("{}", report()),
        ["--write"] => fs::write(root().join("benches/capi/RESULTS.md"), report()).expect("written"),
        ["decode", name] => decode(name),
        ["encode", name] => encode(name),
        ["encode_bytes", name] => encode_bytes(name),
        _ => panic!("no such arguments: {arguments:?}"),
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn workload(name: &str) -> Workload {
    workloads::all().into_iter().find(|workload| workload.name == name).expect("a workload")
}

// The Rust side, to be run inside of callgrind.

fn decode(name: &str) {
    let frame = frame_of(name);
    let mut payload = Payload::Ping;
    let mut sum = Touch::default();
    decode_one(&frame, &mut payload, &mut sum);
    measured_decode(&frame, &mut payload, &mut sum);
    println!("{}", sum.0);
}

#[inline(never)]
fn measured_decode<'a>(frame: &'a [u8], payload: &mut Payload<'a>, sum: &mut Touch) {
    for _ in 0..REPETITIONS {
        decode_one(black_box(frame), payload, sum);
    }
}

#[inline(never)]
fn decode_one<'a>(bytes: &'a [u8], payload: &mut Payload<'a>, sum: &mut Touch) {
    let Ok(Split::Complete(frame, _)) = frame::split(bytes, frame::DEFAULT_LIMIT) else { panic!("a whole frame") };
    payload.decode_from(frame.body()).expect("the frame is well-formed");
    *sum = Touch::default();
    spectrum2_codec::show(payload, sum);
}

fn encode(name: &str) {
    let mut codec = Spectrum2::new(Decoding::InPlace);
    codec.prepare(workload(name).messages.leak());
    codec.encode();
    measured_encode(&mut codec);
    io::stdout().write_all(codec.encode()).expect("written");
}

#[inline(never)]
fn measured_encode(codec: &mut Spectrum2) {
    for _ in 0..REPETITIONS {
        black_box(codec.encode());
    }
}

/// The same, from strings that are bytes as C's are: each is seen to be UTF-8 first, by the validator that this crate
/// has as a dependency.
fn encode_bytes(name: &str) {
    let messages = workload(name).messages.leak();
    let mut codec = Spectrum2::new(Decoding::InPlace);
    codec.prepare(messages);
    let frame = codec.encode().to_vec();
    let mut payload = Payload::Ping;
    decode_one(&frame, &mut payload, &mut Touch::default());
    let strings = Strings::of(&payload);
    measured_encode_bytes(&strings.0, &mut codec);
    io::stdout().write_all(codec.encode()).expect("written");
}

/// All strings of a payload, as bytes.
struct Strings(Vec<Vec<u8>>);

impl Strings {
    fn of(payload: &Payload<'_>) -> Self {
        let mut strings = Self(Vec::new());
        spectrum2_codec::show(payload, &mut strings);
        strings
    }
}

impl show::Sink for Strings {
    fn text(&mut self, _: u32, value: &[u8]) {
        self.0.push(value.to_vec());
    }

    fn number(&mut self, _: u32, _: i64) {}

    fn entry(&mut self, key: &[u8], value: &[u8]) {
        self.0.extend([key.to_vec(), value.to_vec()]);
    }

    fn begin(&mut self, _: u32) {}

    fn end(&mut self) {}
}

#[inline(never)]
fn measured_encode_bytes(strings: &[Vec<u8>], codec: &mut Spectrum2) {
    for _ in 0..REPETITIONS {
        for string in black_box(strings) {
            simdutf8::basic::from_utf8(string).expect("it is UTF-8");
        }
        black_box(codec.encode());
    }
}

fn frame_of(name: &str) -> Vec<u8> {
    let mut codec = Spectrum2::new(Decoding::InPlace);
    codec.prepare(workload(name).messages.leak());
    codec.encode().to_vec()
}

// Both sides, beside each other.

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn directory() -> PathBuf {
    root().join("target/capi")
}

/// codec.c, with the library in it, built as the ones of users are.
fn c_program() -> PathBuf {
    let program = directory().join("codec");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["rustc", "--quiet", "--release", "--lib", "--features", "capi", "--crate-type", "staticlib,cdylib"]);
    run(cargo.arg("--target-dir").arg(directory()).current_dir(root()));
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-I"]).arg(root().join("include"));
    gcc.arg(root().join("benches/capi/codec.c")).arg(directory().join("release/libspectrum2.a"));
    run(gcc.args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&program));
    program
}

/// Runs a program inside of callgrind. Gives the instructions of one repetition, and what it prints.
fn count(program: &Path, operation: &str, argument: &str) -> (u64, Vec<u8>) {
    let counts = directory().join("callgrind.out");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--quiet", "--collect-atstart=no"]);
    valgrind.arg(format!("--toggle-collect=*measured_{operation}*"));
    valgrind.arg(format!("--callgrind-out-file={}", counts.display())).arg(program);
    let output = run(valgrind.args([operation, argument]));
    let counts = fs::read_to_string(counts).expect("counts");
    let total = counts.lines().find_map(|line| line.strip_prefix("totals: ")).expect("a total");
    (total.parse::<u64>().expect("a number") / REPETITIONS, output.stdout)
}

/// The table: instructions in Rust, through C, and how much more that is.
fn report() -> String {
    let in_c = c_program();
    let in_rust = env::current_exe().expect("this program");
    let mut table = String::from(include_str!("method.md"));
    for name in WORKLOADS {
        let frame = directory().join(name);
        fs::write(&frame, frame_of(name)).expect("written");
        let from_rust = |operation| count(&in_rust, operation, name);
        let from_c = |operation| count(&in_c, operation, frame.to_str().expect("UTF-8"));
        let alike = |one: &[u8], other: &[u8]| assert!(one == other, "{name}: both sides find different things");
        let more = |rust, c| format!("{:+.1} %", (c as f64 / rust as f64 - 1.0) * 100.0);

        let ((rust, rust_sum), (c, c_sum)) = (from_rust("decode"), from_c("decode"));
        alike(&rust_sum, &c_sum);
        let decode = format!("{rust} | {c} | {}", more(rust, c));

        let ((rust, frame), (bytes, frame_of_bytes)) = (from_rust("encode"), from_rust("encode_bytes"));
        let ((c, c_frame), (checked, checked_frame)) = (from_c("encode_unchecked"), from_c("encode"));
        [frame_of_bytes, c_frame, checked_frame].iter().for_each(|other| alike(&frame, other));
        let encode = format!("{rust} | {c} | {}", more(rust, c));
        let encode_checked = format!("{bytes} | {checked} | {} | {}", more(bytes, checked), more(rust, checked));
        let description = workload(name).description;
        writeln!(table, "| {name}, {description} | {decode} | {encode} | {encode_checked} |").expect("a string");
    }
    table
}
