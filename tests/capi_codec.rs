//! The C ABI as a C program sees it: the same results as in Rust, the contract of its functions, and
//! the symbols of the library. Wants gcc and nm; with valgrind, the programs run under it.
#![cfg(all(feature = "capi", feature = "std", target_os = "linux"))]

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

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

/// Where the libraries of the C ABI are, built once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["rustc", "--quiet", "--offline", "--lib", "--crate-type", "staticlib,cdylib"]);
        cargo.args(["--features", "capi", "--target-dir"]).arg(directory()).current_dir(root());
        run(&mut cargo);
        directory().join("debug")
    })
}

/// A program of tests/capi with the library in it.
fn program(source: &str) -> PathBuf {
    let program = directory().join(source).with_extension("");
    let mut compiler = match source.ends_with(".cpp") {
        true => Command::new("g++"),
        false => Command::new("gcc"),
    };
    compiler.arg(if source.ends_with(".cpp") { "-std=c++17" } else { "-std=c99" });
    compiler.args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-D_POSIX_C_SOURCE=200809L"]);
    compiler.arg("-I").arg(root().join("include")).arg(root().join("tests/capi").join(source));
    compiler.arg(library().join("libspectrum2.a")).args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&program);
    run(&mut compiler);
    program
}

/// Runs a program, under valgrind where it is there: it then fails on wrong use of memory, and leaks.
fn checked(program: &Path, arguments: &[&str], input: &[u8]) -> String {
    let valgrind = ["--quiet", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=all"];
    let mut command = Command::new("valgrind");
    if Command::new("valgrind").arg("--version").output().is_ok() {
        command.args(valgrind).arg(program);
    } else {
        eprintln!("SKIPPED: there is no valgrind");
        command = Command::new(program);
    }
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("the program");
    // A program that ends early leaves input unread.
    let _ = writer.join().expect("no panic");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
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
    let found = checked(&program("dump.c"), &[], &stream);
    let lines: Vec<_> = found.lines().collect();
    assert_eq!(lines.len(), bodies.len());
    for (body, found) in bodies.iter().zip(lines) {
        assert_eq!(found, line(body), "{}", HEXLOWER.encode(body));
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
    compare(&bodies);
}

#[test]
fn the_contract_holds_in_c() {
    assert_eq!(checked(&program("contract.c"), &[], &[]), "ok\n");
}

#[test]
fn the_cpp_header_works() {
    assert_eq!(checked(&program("plus.cpp"), &[], &[]), "ok\n");
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
