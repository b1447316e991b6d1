//! Tells the linker about the memory, and collects recorded frames for the firmware to check itself with.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

const FRAMES: &str = "./frames";

fn main() {
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR"));
    let frames = Command::new(FRAMES).arg("all").output().expect("a shell and perl");
    assert!(frames.status.success(), "{FRAMES}: {}", String::from_utf8_lossy(&frames.stderr));
    fs::write(output.join("frames.bin"), frames.stdout).expect("OUT_DIR can be written");
    fs::copy("memory.x", output.join("memory.x")).expect("OUT_DIR can be written");

    println!("cargo::rustc-link-search={}", output.display());
    // Of cortex-m-rt; it includes memory.x.
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    for input in ["build.rs", "memory.x", FRAMES, "../../tests/vectors"] {
        println!("cargo::rerun-if-changed={input}");
    }
}
