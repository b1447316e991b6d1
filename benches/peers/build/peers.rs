//! Makes every peer's code of the schema, and the C and C++ peers whose tools are here.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};

use crate::run;

/// The schema that this crate's own codec is proven equal to.
const SCHEMA: &str = "../../proto/protocol.proto";
const SCHEMA_NAME: &str = "protocol.proto";

pub fn generate() -> Result<()> {
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed={SCHEMA}");
    let output = PathBuf::from(env::var_os("OUT_DIR").context("Cargo sets OUT_DIR")?);
    let schema = output.join(SCHEMA_NAME);
    fs::copy(SCHEMA, &schema)?;

    // The newest protoc serves all generators in Rust; Google's crate works with this very one alone.
    let protoc = protoc_bin_vendored::protoc_bin_path()?;
    // SAFETY: nothing else runs in this process yet.
    unsafe { env::set_var("PROTOC", &protoc) };
    prost(&schema, &output)?;
    micropb(&schema, &output)?;
    femtopb(&schema, &output)?;
    buffa(&schema, &output)?;
    rust_protobuf(&schema, &output)?;
    google(&protoc, &schema, &output)?;

    let calls = native(&output, "dispatch.cc").try_compile("peer_calls").map_err(anyhow::Error::from);
    announce("libprotobuf", calls.as_ref().map_err(|error| anyhow!("{error}")).and_then(|()| libprotobuf(&output)));
    announce("nanopb", calls.map_err(|error| anyhow!("{error}")).and_then(|()| nanopb(&output)));
    Ok(())
}

/// A directory for the code of one peer.
fn directory(output: &Path, name: &str) -> Result<PathBuf> {
    let directory = output.join(name);
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

fn prost(schema: &Path, output: &Path) -> Result<()> {
    prost_build::Config::new().out_dir(directory(output, "prost")?).compile_protos(&[schema], &[output])?;
    prost_build::Config::new()
        .bytes(["."])
        .out_dir(directory(output, "prost_bytes")?)
        .compile_protos(&[schema], &[output])?;
    Ok(())
}

fn micropb(schema: &Path, output: &Path) -> Result<()> {
    let directory = directory(output, "micropb")?;
    // The accessor of `res` would have the name of the field `init_res`.
    let renamed = directory.join("renamed.proto");
    fs::write(&renamed, fs::read_to_string(schema)?.replace(" init_res ", " initial_res "))?;
    let mut generator = micropb_gen::Generator::new();
    generator.use_container_alloc().add_protoc_arg(format!("--proto_path={}", directory.display()));
    generator.compile_protos(&[&renamed], directory.join("protocol.rs")).map_err(|error| anyhow!("{error}"))
}

/// With the map as what it is on the wire.
fn femtopb(schema: &Path, output: &Path) -> Result<()> {
    const MAP: &str = "map<string, string> value = 1;";
    const REPEATED: &str = "message Entry { optional string key = 1; optional string value = 2; }
        repeated Entry value = 1;";
    let directory = directory(output, "femtopb")?;
    let code = fs::read_to_string(schema)?;
    ensure!(code.contains(MAP), "the schema has no `{MAP}`");
    let without_map = directory.join("without_map.proto");
    fs::write(&without_map, code.replace(MAP, REPEATED))?;
    femtopb_build::compile_protos_into(&[&without_map], &[&directory], &directory)
}

fn buffa(schema: &Path, output: &Path) -> Result<()> {
    let compiled = buffa_build::Config::new()
        .files(&[schema])
        .includes(&[output])
        .out_dir(directory(output, "buffa")?)
        .include_file("mod.rs")
        .compile();
    compiled.map_err(|error| anyhow!("buffa: {error}"))
}

/// Without inner attributes, which cannot be included, and by the name that this crate has here.
fn rust_protobuf(schema: &Path, output: &Path) -> Result<()> {
    let directory = directory(output, "rust_protobuf")?;
    rust_protobuf_codegen::Codegen::new().pure().out_dir(&directory).include(output).input(schema).run()?;
    let file = directory.join("protocol.rs");
    let code = fs::read_to_string(&file)?.replace("::protobuf::", "::rust_protobuf::");
    let lines = code.lines().filter(|line| !line.starts_with("#![") && !line.starts_with("//!"));
    Ok(fs::write(&file, lines.collect::<Vec<_>>().join("\n"))?)
}

fn google(protoc: &Path, schema: &Path, output: &Path) -> Result<()> {
    let directory = directory(output, "google")?;
    let status = Command::new(protoc)
        .arg("--rust_opt=experimental-codegen=enabled,kernel=upb")
        .arg(format!("--rust_out={}", directory.display()))
        .arg(format!("--proto_path={}", output.display()))
        .arg(schema)
        .status()?;
    ensure!(status.success(), "protoc: {status}");
    Ok(())
}

/// Sets a cfg when the peer could be built; the table names it as skipped otherwise.
fn announce(peer: &str, version: Result<String>) {
    match version {
        Ok(version) => {
            println!("cargo:rustc-cfg=peer_{peer}");
            println!("cargo:rustc-env=PEER_{peer}={version}");
        }
        Err(error) => println!("cargo:warning={peer} is skipped: {error:#}"),
    }
}

/// Google's library for C++; its generator and its headers have to be of the same version.
fn libprotobuf(output: &Path) -> Result<String> {
    let directory = directory(output, "libprotobuf")?;
    let version = run(Command::new("protoc").arg("--version"))?;
    run(Command::new("protoc")
        .arg(option("--cpp_out", &directory))
        .arg(option("--proto_path", output))
        .arg(SCHEMA_NAME))?;
    native(&directory, "libprotobuf.cc").file(directory.join("protocol.pb.cc")).try_compile("peer_libprotobuf")?;
    println!("cargo:rustc-link-lib=protobuf");
    Ok(version.trim().trim_start_matches("libprotoc ").to_owned())
}

/// nanopb, whose code is C; the callbacks are C++.
fn nanopb(output: &Path) -> Result<String> {
    let directory = directory(output, "nanopb")?;
    run(Command::new("protoc")
        .arg(option("--nanopb_out", &directory))
        .arg(option("--proto_path", output))
        .arg(SCHEMA_NAME))?;
    let header = fs::read_to_string(directory.join("protocol.pb.h"))?;
    let version = header.split_once("nanopb-").and_then(|(_, behind)| behind.split_whitespace().next());
    optimized().include(&directory).file(directory.join("protocol.pb.c")).try_compile("peer_nanopb_schema")?;
    native(&directory, "nanopb.cc").try_compile("peer_nanopb")?;
    println!("cargo:rustc-link-lib=protobuf-nanopb");
    Ok(version.context("the generated header names no version")?.to_owned())
}

fn option(name: &str, value: &Path) -> String {
    format!("{name}={}", value.display())
}

fn optimized() -> cc::Build {
    let mut build = cc::Build::new();
    build.opt_level(3).define("NDEBUG", None).warnings(false);
    build
}

/// Code of our own in C++.
fn native(generated: &Path, file: &str) -> cc::Build {
    println!("cargo:rerun-if-changed=native");
    let mut build = optimized();
    build.cpp(true).std("c++17").include("native").include(generated);
    build.file(Path::new("native").join(file));
    build
}
