//! The header of the C ABI: made of the source, as the schema says, and taken by every compiler.
#![cfg(all(feature = "capi", feature = "std"))]

mod common;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use spectrum2::descriptor::{FieldDescriptor, Kind, Label, MESSAGES, MessageDescriptor};
use spectrum2::{ConnectionError, ParticipantFlags, StatusType, Type};

const HEADER: &str = include_str!("../include/spectrum2.h");

/// The files of the C ABI, in the order of the header.
const SOURCES: [&str; 15] = [
    "src/capi.rs",
    "src/capi/enums.rs",
    "src/capi/view.rs",
    "src/capi/field.rs",
    "src/capi/list.rs",
    "src/capi/error.rs",
    "src/capi/message.rs",
    "src/capi/payload.rs",
    "src/capi/frame.rs",
    "src/capi/launch.rs",
    "src/capi/backend.rs",
    "src/capi/features.rs",
    "src/capi/client.rs",
    "src/capi/msncd.rs",
    "src/capi/msncd_client.rs",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documentation of the module, as the comment at the head of the header.
fn introduction() -> String {
    let source = include_str!("../src/capi.rs");
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let comment: String = lines.map(|line| format!(" *{line}\n")).collect();
    format!("/**\n{comment} */")
}

/// Links of Rust's documentation mean nothing in C, and neither do the sections about safety, which
/// repeat what a C programmer takes for granted.
fn without_rust(header: &str) -> String {
    let mut text = String::new();
    let mut lines = header.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "* # Safety" {
            // An empty line stands before it.
            text.truncate(text.trim_end_matches([' ', '*', '\n']).len() + 1);
            while lines.next_if(|line| line.trim() != "*/").is_some() {}
            continue;
        }
        text += line;
        text.push('\n');
    }
    links_as_text(&text)
}

/// Turns "[`name`](target)" and "[`name`]" into "`name`".
fn links_as_text(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("[`") {
        let (name, behind) = link.split_once("`]").expect("the end of a link");
        plain += before;
        plain += &format!("`{name}`");
        rest = match behind.strip_prefix('(') {
            Some(target) => target.split_once(')').expect("the end of a target").1,
            None => behind,
        };
    }
    plain + rest
}

/// All sources in one file: cbindgen would look for the modules in other places.
fn joined_sources() -> PathBuf {
    let mut joined = String::new();
    for source in SOURCES {
        let text = std::fs::read_to_string(root().join(source)).expect("a source");
        let belongs_here = |line: &&str| !line.starts_with("//!") && !line.starts_with("#![") && !is_module(line);
        joined.extend(text.lines().filter(belongs_here).flat_map(|line| [line, "\n"]));
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi.rs");
    std::fs::write(&path, joined).expect("written");
    path
}

fn is_module(line: &str) -> bool {
    line.starts_with("mod ") && line.ends_with(';')
}

fn generated() -> String {
    let mut config = cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    config.header = Some(introduction());
    let builder = cbindgen::Builder::new().with_config(config).with_src(joined_sources());
    let mut header = Vec::new();
    builder.generate().expect("a header").write(&mut header);
    without_rust(&String::from_utf8(header).expect("UTF-8"))
}

/// With `SPECTRUM2_WRITE_HEADER` set, writes the header instead.
#[test]
fn header_is_the_one_of_the_source() {
    let generated = generated();
    if std::env::var_os("SPECTRUM2_WRITE_HEADER").is_some() {
        std::fs::write(root().join("include/spectrum2.h"), generated).expect("written");
        return;
    }
    assert!(generated == HEADER, "include/spectrum2.h is old: run this test with SPECTRUM2_WRITE_HEADER=1");
}

#[test]
fn every_source_is_in_the_header() {
    let directory = std::fs::read_dir(root().join("src/capi")).expect("src/capi");
    let mut files: Vec<_> = directory.map(|file| file.expect("a file").path()).collect();
    files.push(root().join("src/capi.rs"));
    files.sort();
    let mut sources: Vec<PathBuf> = SOURCES.iter().map(|source| root().join(source)).collect();
    sources.sort();
    assert_eq!(files, sources);
}

/// A program that includes a header, and no more.
fn including(header: &str) -> String {
    format!("#include <{header}>\nint unit;\n")
}

/// A program, compiled as the given language.
fn compile(compiler: &str, language: &str, standard: &str, program: &str) {
    let mut command = Command::new(compiler);
    command.args(["-x", language, standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]);
    command.arg("-I").arg(root().join("include")).arg("-").stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut compiling = command.spawn().expect("a compiler");
    compiling.stdin.take().expect("a pipe").write_all(program.as_bytes()).expect("written");
    let output = compiling.wait_with_output().expect("a compiler");
    assert!(output.status.success(), "{compiler} {standard}: {}", String::from_utf8_lossy(&output.stderr));
}

fn is_there(compiler: &str) -> bool {
    let found = Command::new(compiler).arg("--version").output().is_ok();
    if !found {
        common::skipped(&format!("the headers: there is no {compiler}"));
    }
    found
}

#[test]
fn headers_compile_without_a_warning() {
    for (c, cpp) in [("gcc", "g++"), ("clang", "clang++")] {
        if !is_there(c) || !is_there(cpp) {
            continue;
        }
        compile(c, "c", "-std=c99", &including("spectrum2.h"));
        compile(c, "c", "-std=c11", &including("spectrum2.h"));
        compile(cpp, "c++", "-std=c++11", &including("spectrum2.h"));
        compile(cpp, "c++", "-std=c++17", &including("spectrum2.hpp"));
    }
}

/// The fields of a struct of the header: C's type and name.
fn fields_of(name: &str) -> Vec<(&'static str, &'static str)> {
    let start = format!("typedef struct {name} {{\n");
    let (_, behind) = HEADER.split_once(&start).unwrap_or_else(|| panic!("no {name}"));
    let (body, _) = behind.split_once(&format!("}} {name};")).expect("the end of the struct");
    let declarations = body.lines().map(str::trim).filter(|line| !line.starts_with(['*', '/']));
    declarations
        .map(|line| {
            let (of, name) = line.strip_suffix(';').and_then(|line| line.rsplit_once(' ')).expect("a field");
            (of.trim_start_matches("struct "), name)
        })
        .collect()
}

/// C's name of a message.
fn struct_name(message: &MessageDescriptor) -> String {
    let name = message.name.rsplit('.').next().expect("a name");
    let name = name.replace("VCard", "Vcard").replace("APIVersion", "ApiVersion");
    name.chars().fold("sp2".to_owned(), |snake, letter| match letter.is_ascii_uppercase() {
        true => format!("{snake}_{}", letter.to_ascii_lowercase()),
        false => format!("{snake}{letter}"),
    })
}

/// C's type of a field.
fn type_of(field: &FieldDescriptor) -> String {
    match (field.label, field.kind) {
        (_, Kind::Map) => "sp2_map".into(),
        (Label::Repeated, Kind::String) => "sp2_str_list".into(),
        (Label::Repeated, Kind::Message(message)) => struct_name(message) + "_list",
        (Label::Repeated, kind) => panic!("no list of {kind:?}"),
        (_, Kind::String) => "sp2_str".into(),
        (_, Kind::Bytes) => "sp2_bytes".into(),
        (Label::Required, Kind::Int32 | Kind::Enum(_)) => "int32_t".into(),
        (Label::Optional, Kind::Int32 | Kind::Enum(_)) => "sp2_opt_int32".into(),
        (Label::Required, Kind::Bool) => "sp2_bool".into(),
        (Label::Optional, Kind::Bool) => "sp2_opt_bool".into(),
        (Label::Required, Kind::Message(message)) => struct_name(message),
        (Label::Optional, Kind::Message(message)) => struct_name(message).replace("sp2_", "sp2_opt_"),
    }
}

/// Names are written in another way in C, with the same letters.
fn letters(name: &str) -> String {
    name.replace('_', "").to_ascii_lowercase()
}

#[test]
fn structs_have_the_fields_of_the_schema() {
    let [wrapper, messages @ ..] = MESSAGES;
    assert_eq!(wrapper.name, "WrapperMessage");
    for message in messages {
        let fields: Vec<_> =
            fields_of(&struct_name(message)).iter().map(|(of, name)| (of.to_string(), letters(name))).collect();
        let expected: Vec<_> = message.fields.iter().map(|field| (type_of(field), letters(field.name))).collect();
        assert_eq!(fields, expected, "{}", message.name);
    }
}

#[test]
fn enums_have_the_values_of_the_schema() {
    let enums = [
        ("sp2_type", Type::DESCRIPTOR),
        ("sp2_status_type", StatusType::DESCRIPTOR),
        ("sp2_connection_error", ConnectionError::DESCRIPTOR),
        ("sp2_participant_flag", ParticipantFlags::DESCRIPTOR),
    ];
    for (name, descriptor) in enums {
        let (_, behind) = HEADER.split_once(&format!("enum {name}\n")).unwrap_or_else(|| panic!("no {name}"));
        let (body, _) = behind.split_once("};").expect("the end of the enum");
        let values: Vec<_> = body.lines().filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = ")).collect();
        let expected: Vec<_> =
            descriptor.values.iter().map(|(name, number)| (format!("SP2_{name}"), number.to_string())).collect();
        let expected: Vec<_> = expected.iter().map(|(name, number)| (name.as_str(), number.as_str())).collect();
        assert_eq!(values, expected);
    }
}

#[test]
fn types_have_the_names_of_the_schema() {
    let named = |number| {
        // SAFETY: what the function returns is terminated, and stays.
        unsafe { std::ffi::CStr::from_ptr(spectrum2::capi::sp2_type_name(number)) }.to_str().expect("UTF-8")
    };
    for number in -1..=100 {
        let of = Type::DESCRIPTOR.values.iter().find(|value| value.1 == number);
        assert_eq!(named(number), of.map_or("unknown", |of| of.0), "{number}");
    }
    assert_eq!((named(i32::MIN), named(i32::MAX)), ("unknown", "unknown"));
}

/// What is left out of the README's example, for a compiler.
#[test]
fn the_example_of_the_readme_compiles() {
    let readme = include_str!("../README.md");
    let (_, behind) = readme.split_once("```c\n").expect("an example");
    let (example, _) = behind.split_once("```").expect("its end");
    let left_out = "
        #include <stddef.h>
        #include <spectrum2.h>
        static int32_t on_logout(sp2_client *client, const sp2_logout *logout, void *self) {
            return client == self && logout == NULL;
        }
        static int32_t on_message(sp2_client *client, const sp2_conversation_message *message, void *self) {
            return client == self && message == NULL;
        }
    ";
    if is_there("gcc") {
        compile("gcc", "c", "-std=c99", &format!("{left_out}{example}"));
    }
}

/// The words in quotes of a recording that are names of methods.
fn methods(recording: &str) -> BTreeSet<&str> {
    let words = recording.split('"').filter(|word| word.starts_with("handle") || word.starts_with("send"));
    words.filter(|word| word.len() > 6 && word.bytes().all(|byte| byte.is_ascii_alphabetic())).collect()
}

#[test]
fn the_backend_of_cpp_has_the_methods_of_the_plugin_library() {
    let header = include_str!("../include/spectrum2.hpp");
    let called = methods(include_str!("vectors/networkplugin_in.jsonl"));
    let calling = methods(include_str!("vectors/networkplugin_out.jsonl"));
    assert!(called.contains("handleLoginRequest") && calling.contains("handleConnected"));
    for method in called {
        assert!(header.contains(&format!("    virtual void {method}(")), "{method}");
    }
    for method in calling {
        assert!(header.contains(&format!("    void {method}(")), "{method}");
    }
}
