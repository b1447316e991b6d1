//! The codec that pb-rs generates from `proto/protocol.proto`, for quick-protobuf.
//!
//! It is what this crate's own codec is compared with: the oracle of tests, on valid input, and the
//! baseline of benchmarks. Never decode a peer's bytes with it: quick-protobuf 0.8.1 loops for ever
//! on some malformed messages.

#![allow(missing_docs, nonstandard_style, unused_imports, clippy::all, reason = "generated")]

include!(concat!(env!("OUT_DIR"), "/protocol.rs"));
