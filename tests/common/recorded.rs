//! The recorded frames of `tests/vectors/`.

use data_encoding::HEXLOWER;
use serde_json::Value as Json;
use spectrum2::Payload;
use spectrum2::frame::HEADER_LEN;

/// What the real main process sends to a backend.
pub const MAIN_TO_BACKEND: &str = include_str!("../vectors/main_to_backend.jsonl");
/// What the C++ library sends for each call of a backend.
pub const NETWORKPLUGIN_OUT: &str = include_str!("../vectors/networkplugin_out.jsonl");
/// What the C++ library makes of what it receives.
pub const NETWORKPLUGIN_IN: &str = include_str!("../vectors/networkplugin_in.jsonl");

/// The records of a file, without the line that describes it.
pub fn records(file: &str) -> Vec<Json> {
    let lines = file.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    lines.filter(|record| record.get("_about").is_none()).collect()
}

/// The bytes of a field that is written in hexadecimal.
pub fn hex(value: &Json) -> Vec<u8> {
    HEXLOWER.decode(value.as_str().expect("a string").as_bytes()).expect("hexadecimal")
}

/// Every frame, header included, that is recorded in full, both ways. Some are not UTF-8.
pub fn frames() -> Vec<Vec<u8>> {
    let received = records(MAIN_TO_BACKEND).into_iter();
    let sent = records(NETWORKPLUGIN_OUT).into_iter();
    let sent = sent.flat_map(|call| call["frames"].as_array().expect("frames").clone());
    received.chain(sent).filter(|frame| frame.get("hex").is_some()).map(|frame| hex(&frame["hex"])).collect()
}

/// The bodies of [`frames`], each once.
pub fn bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<_> = frames().iter().map(|frame| frame[HEADER_LEN..].to_vec()).collect();
    bodies.sort();
    bodies.dedup();
    bodies
}

/// The [`bodies`] that are UTF-8 throughout.
pub fn valid_bodies() -> Vec<Vec<u8>> {
    bodies().into_iter().filter(|body| Payload::decode(body).is_ok()).collect()
}
