//! The C ABI as a C program sees it: the same results as in Rust, the contract of its functions, and
//! the symbols of the library. Wants gcc and nm. The programs run under valgrind, and once more with
//! AddressSanitizer, where valgrind and Rust's nightly toolchain are there.
#![cfg(all(feature = "capi", feature = "std", target_os = "linux"))]

mod common;
#[path = "../examples/msncd_daemon/server.rs"]
#[allow(dead_code, reason = "the example uses more of it")]
mod server;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, OnceLock};

use common::{recorded, wire};
use data_encoding::HEXLOWER;
use spectrum2::descriptor::{EnumDescriptor, Kind, MessageDescriptor, Reflect, Value};
use spectrum2::{Payload, Type, frame};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi")
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Who watches what a program does with its memory.
#[derive(Clone, Copy, Debug)]
enum Watch {
    Valgrind,
    /// Compiled into program and library.
    Sanitizer,
}

impl Watch {
    const ALL: [Self; 2] = [Self::Valgrind, Self::Sanitizer];

    fn is_there(self) -> bool {
        let (mut command, name) = match self {
            Self::Valgrind => (Command::new("valgrind"), "valgrind"),
            Self::Sanitizer => (nightly("rustc"), "nightly toolchain, which AddressSanitizer wants"),
        };
        let found = command.arg("--version").output().is_ok_and(|output| output.status.success());
        if !found {
            common::skipped(&format!("the C ABI: there is no {name}"));
        }
        found
    }
}

/// A program of Rust's nightly toolchain.
fn nightly(program: &str) -> Command {
    let mut rustup = Command::new("rustup");
    rustup.args(["run", "nightly", program]);
    rustup
}

/// Where the library is that panics where the test of that wants it, built once.
fn planted_library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.env("RUSTFLAGS", "--cfg spectrum2_planted");
        build_library(cargo, "staticlib", &directory().join("planted"));
        directory().join("planted/debug")
    })
}

fn build_library(mut cargo: Command, crate_types: &str, target: &Path) {
    cargo.args(["rustc", "--quiet", "--offline", "--lib", "--features", "capi", "--crate-type", crate_types]);
    run(cargo.arg("--target-dir").arg(target).current_dir(root()));
}

/// Where the libraries of the C ABI are, built once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        build_library(Command::new(env!("CARGO")), "staticlib,cdylib", &directory());
        directory().join("debug")
    })
}

/// Where the library with AddressSanitizer is, built once.
fn sanitized_library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let target = "x86_64-unknown-linux-gnu";
        let mut cargo = nightly("cargo");
        // With a target, the flag is not for build scripts.
        cargo.env("RUSTFLAGS", "-Zsanitizer=address").env("CARGO_BUILD_TARGET", target);
        build_library(cargo, "staticlib", &directory().join("sanitized"));
        directory().join("sanitized").join(target).join("debug")
    })
}

/// A program of tests/capi with the library in it, compiled once.
fn program(source: &str, watch: Watch) -> PathBuf {
    static COMPILED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let program = directory().join(format!("{source}.{watch:?}"));
    // Held while it compiles, so that no other test runs what is half written.
    let mut compiled = COMPILED.lock().expect("no panic");
    if !compiled.contains(&program) {
        compile(source, watch, &program);
        compiled.insert(program.clone());
    }
    program
}

fn compile(source: &str, watch: Watch, program: &Path) {
    let mut compiler = match source.ends_with(".cpp") {
        true => Command::new("g++"),
        false => Command::new("gcc"),
    };
    compiler.arg(if source.ends_with(".cpp") { "-std=c++17" } else { "-std=c99" });
    compiler.args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-D_POSIX_C_SOURCE=200809L"]);
    compiler.arg("-I").arg(root().join("include")).arg(root().join("tests/capi").join(source));
    compiler.arg(match watch {
        _ if source == "panic.c" => planted_library().join("libspectrum2.a"),
        Watch::Valgrind => library().join("libspectrum2.a"),
        Watch::Sanitizer => sanitized_library().join("libspectrum2.a"),
    });
    if let Watch::Sanitizer = watch {
        compiler.arg("-fsanitize=address");
    }
    run(compiler.args(["-lpthread", "-ldl", "-lm", "-o"]).arg(program));
}

/// Runs a program that was compiled for `watch`.
fn watched(program: &Path, watch: Watch, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = match watch {
        Watch::Valgrind => Command::new("valgrind"),
        Watch::Sanitizer => Command::new(program),
    };
    if let Watch::Valgrind = watch {
        command.args(["--quiet", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=all"]).arg(program);
    }
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("the program");
    // A program that ends early leaves input unread.
    let _ = writer.join().expect("no panic");
    output
}

/// What a program prints, which uses its memory well, and leaks none of it.
fn checked(source: &str, input: &[u8]) -> Vec<String> {
    let there = Watch::ALL.into_iter().filter(|watch| watch.is_there());
    let printed = there.map(|watch| {
        let output = watched(&program(source, watch), watch, &[], input);
        assert!(output.status.success(), "{watch:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    });
    printed.collect()
}

/// The line that tests/capi/dump.c writes, made of what Rust finds.
fn line(body: &[u8]) -> String {
    let payload = match Payload::decode(body) {
        Ok(payload) => payload,
        Err(error) => return error.to_string(),
    };
    let mut line = payload.type_number().to_string();
    match payload {
        Payload::RawXml(xml) => add(&mut line, "xml", xml.as_bytes()),
        Payload::Unknown { bytes, .. } => add(&mut line, "unknown", bytes),
        _ => payload.message().into_iter().for_each(|message| add_fields(&mut line, message)),
    }
    let mut encoded = Vec::new();
    frame::encode_to_vec(&payload, &mut encoded).expect("encoded");
    line + " -> " + &HEXLOWER.encode(&encoded)
}

fn add(line: &mut String, name: &str, bytes: &[u8]) {
    write!(line, " {name}={}", HEXLOWER.encode(bytes)).expect("a string takes all");
}

fn add_fields(line: &mut String, message: &dyn Reflect) {
    message.visit(&mut |field, value| {
        let enumeration = match field.kind {
            Kind::Enum(descriptor) => Some(descriptor),
            _ => None,
        };
        add_value(line, field.name, value, enumeration);
    });
}

fn add_value(line: &mut String, name: &str, value: Value<'_>, enumeration: Option<&'static EnumDescriptor>) {
    match value {
        Value::String(text) => add(line, name, text.as_bytes()),
        Value::Bytes(bytes) => add(line, name, bytes),
        Value::Int32(number) => *line += &format!(" {name}={number}"),
        Value::Bool(truth) => *line += &format!(" {name}={}", u8::from(truth)),
        Value::Enum(value) => {
            let number = enumeration.and_then(|descriptor| descriptor.number_of(value)).expect("a value");
            *line += &format!(" {name}={number}");
        }
        Value::Message(message) => {
            *line += &format!(" {name}");
            add_fields(line, message);
        }
        Value::List(list) => {
            *line += &format!(" {name}[{}]", list.count());
            list.visit(&mut |element| match element {
                Value::Message(message) => add_fields(line, message),
                element => add_value(line, "", element, None),
            });
        }
        Value::Map(map) => {
            *line += &format!(" {name}[{}]", map.entries().len());
            for (key, value) in map.entries() {
                add(line, "", key.as_bytes());
                add(line, "", value.as_bytes());
            }
        }
    }
}

/// Compares what C and Rust find in bodies.
fn compare(bodies: &[Vec<u8>]) {
    let stream: Vec<u8> = bodies.iter().flat_map(|body| wire::frame(body)).collect();
    for found in checked("dump.c", &stream) {
        let lines: Vec<_> = found.lines().collect();
        assert_eq!(lines.len(), bodies.len());
        for (body, found) in bodies.iter().zip(lines) {
            assert_eq!(found, line(body), "{}", HEXLOWER.encode(body));
        }
    }
}

/// Every field of a message twice: lists have two elements, and singular messages merge.
fn twice(message: &'static MessageDescriptor) -> Vec<u8> {
    let fields = |variation| message.fields.iter().flat_map(move |field| wire::sample(field, variation));
    fields(0).chain(fields(1)).collect()
}

#[test]
fn c_finds_what_rust_finds() {
    let mut bodies = recorded::bodies();
    assert!(!bodies.is_empty());
    for of in common::types() {
        let Some(message) = of.message() else { continue };
        let samples = wire::samples(message);
        bodies.push(wire::body(of, &samples.concat()));
        bodies.push(wire::body(of, &twice(message)));
        // Without one field each: a required one is missing, or an optional one absent.
        for missing in 0..samples.len() {
            let fields: Vec<_> = samples.iter().enumerate().filter(|(index, _)| *index != missing).collect();
            bodies.push(wire::body(of, &fields.iter().flat_map(|(_, field)| field.to_vec()).collect::<Vec<_>>()));
        }
    }
    for level in wire::LEVELS {
        bodies.push((level.body_with)(&[]));
        bodies.push((level.body_with)(&wire::text(15, "unknown")));
    }
    bodies.push(wire::body(Type::RawXml, b"<message/>"));
    bodies.push([wire::int(1, 99), wire::text(2, "unknown")].concat());
    bodies.push(Vec::new());
    // The path of ordinary messages is left in the middle: each is cut somewhere, and has a wrong byte somewhere.
    for index in 0..bodies.len() {
        let whole = bodies[index].clone();
        if !whole.is_empty() {
            bodies.push(whole[..index * 7 % whole.len()].to_vec());
            for change in [0x80, 0x01] {
                let mut wrong = whole.clone();
                wrong[index * 5 % whole.len()] ^= change;
                bodies.push(wrong);
            }
        }
    }
    compare(&bodies);
}

#[test]
fn the_contract_holds_in_c() {
    checked("contract.c", &[]).iter().for_each(|printed| assert_eq!(printed, "ok\n"));
}

/// A panic costs the call, and the client that it was about. The library is built to panic for it. Nobody watches, since
/// what a panic says of itself is left to leak.
#[test]
fn a_panic_is_an_error_in_c() {
    let output = run(Command::new(program("panic.c", Watch::Valgrind)).env("RUST_BACKTRACE", "0"));
    assert_eq!(output.stdout, b"ok\n");
    let report = String::from_utf8_lossy(&output.stderr);
    assert_eq!(report.lines().filter(|line| *line == "planted").count(), 3, "{report}");
}

/// The library reads a byte too many when the program says so: whoever watches has to see it.
#[test]
fn wrong_use_of_memory_is_seen() {
    for watch in Watch::ALL.into_iter().filter(|watch| watch.is_there()) {
        let output = watched(&program("contract.c", watch), watch, &["plant"], &[]);
        assert!(!output.status.success(), "{watch:?}: {}", String::from_utf8_lossy(&output.stdout));
        let report = String::from_utf8_lossy(&output.stderr).to_lowercase();
        assert!(report.contains("invalid read") || report.contains("heap-buffer-overflow"), "{watch:?}: {report}");
    }
}

/// What goes wrong in `main` is one line, behind the program's name.
#[test]
fn main_says_what_is_wrong() {
    for source in ["contract.c", "plus.cpp"] {
        for watch in Watch::ALL.into_iter().filter(|watch| watch.is_there()) {
            let output = watched(&program(source, watch), watch, &["main"], &[]);
            let expected =
                format!("{source}.{watch:?}: --host is missing (backends are started by the main process)\n");
            assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(2), &*expected));
        }
    }
}

#[test]
fn the_cpp_header_works() {
    checked("plus.cpp", &[]).iter().for_each(|printed| assert_eq!(printed, "ok\n"));
}

#[test]
fn two_users_of_the_daemon_talk_in_c() {
    for watch in Watch::ALL.into_iter().filter(|watch| watch.is_there()) {
        // One each, since they have to be new to each other.
        let network = server::Network::new(server::Bounds { messages: 100, bytes: 1 << 20 });
        let daemon = server::Daemon::start(0, network).expect("a daemon");
        let port = daemon.address().port().to_string();
        let output = watched(&program("msncd.c", watch), watch, &[&port], &[]);
        assert!(output.status.success(), "{watch:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout, b"ok\n");
        daemon.stop();
    }
}

/// The functions that the header declares.
fn declared() -> BTreeSet<String> {
    let header = include_str!("../include/spectrum2.h");
    let code = header.lines().filter(|line| !line.trim_start().starts_with(['*', '/', '#']));
    let names = code.filter_map(|line| line.split_once('(').filter(|(start, _)| !start.starts_with(' ')));
    names.map(|(start, _)| start.rsplit([' ', '*']).next().expect("a name").to_owned()).collect()
}

#[test]
fn exactly_the_functions_of_the_header_are_exported() {
    let mut nm = Command::new("nm");
    nm.args(["--dynamic", "--defined-only", "--format=posix"]).arg(library().join("libspectrum2.so"));
    let symbols = String::from_utf8(run(&mut nm).stdout).expect("UTF-8");
    let exported: BTreeSet<_> = symbols.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert!(!exported.is_empty());
    assert_eq!(exported, declared());
}
