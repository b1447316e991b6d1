//! Builds what counts, and makes the code of the peers.

use std::env;
use std::process::Command;

use anyhow::{Context, Result, ensure};

#[cfg(feature = "peers")]
#[path = "build/peers.rs"]
mod peers;

fn main() -> Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let rustc = env::var_os("RUSTC").context("Cargo sets RUSTC")?;
    println!("cargo:rustc-env=RUSTC_VERSION={}", run(Command::new(rustc).arg("--version"))?.trim());
    measure();
    for peer in ["libprotobuf", "nanopb"] {
        println!("cargo:rustc-check-cfg=cfg(peer_{peer})");
    }
    #[cfg(feature = "peers")]
    peers::generate()?;
    Ok(())
}

/// Counting of allocations and instructions.
fn measure() {
    println!("cargo:rerun-if-changed=native/measure.c");
    // The whole archive: it replaces functions of the C library that nothing here names.
    cc::Build::new().file("native/measure.c").opt_level(2).cargo_metadata(false).compile("measure");
    println!("cargo:rustc-link-search=native={}", env::var("OUT_DIR").expect("Cargo sets OUT_DIR"));
    println!("cargo:rustc-link-lib=static:+whole-archive=measure");
}

/// Runs a tool of the system, and gives what it prints.
fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{:?}", command.get_program()))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
