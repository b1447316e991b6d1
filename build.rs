//! Sees whether the build is for size, and generates the reference codec, for the feature `reference` alone.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Who optimizes for size gets less inlining: a good third of the code, about twice the instructions.
    if std::env::var("OPT_LEVEL").is_ok_and(|level| level == "s" || level == "z") {
        println!("cargo:rustc-cfg=spectrum2_small");
    }
    #[cfg(feature = "reference")]
    generate_reference();
}

/// Makes `protocol.rs` in Cargo's output directory.
#[cfg(feature = "reference")]
fn generate_reference() {
    use pb_rs::{ConfigBuilder, types::FileDescriptor};
    use std::path::PathBuf;

    const SCHEMA: &str = "proto/protocol.proto";
    println!("cargo:rerun-if-changed={SCHEMA}");
    let output = PathBuf::from(std::env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR"));
    let configuration = ConfigBuilder::new(&[PathBuf::from(SCHEMA)], None, Some(&output), &[])
        .expect("the schema exists")
        .single_module(true)
        // Inner attributes cannot be included.
        .headers(false)
        .build();
    FileDescriptor::run(&configuration).expect("pb-rs understands the schema");
}
