//! Collects the recorded frames into one stream, as they would come over a socket.

use serde_json::Value;
use std::{env, fs, path::Path};

const VECTORS: &str = "../vectors";

fn main() {
    let mut stream = Vec::new();
    for file in ["main_to_backend.jsonl", "networkplugin_out.jsonl"] {
        let path = Path::new(VECTORS).join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        for line in fs::read_to_string(path).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            frames(&line).for_each(|frame| stream.extend(bytes(frame)));
        }
    }
    fs::write(Path::new(&env::var_os("OUT_DIR").unwrap()).join("frames.bin"), stream).unwrap();
}

/// The frames of a line in hexadecimal: one that was received, or those that one call has sent. Of
/// very long ones only a hash is recorded.
fn frames(line: &Value) -> impl Iterator<Item = &str> {
    let sent = line["frames"].as_array().into_iter().flatten();
    sent.chain([line]).filter_map(|frame| frame["hex"].as_str())
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    hexadecimal
        .as_bytes()
        .chunks(2)
        .map(|digits| u8::from_str_radix(str::from_utf8(digits).unwrap(), 16).unwrap())
        .collect()
}
