//! Any bytes as the body of a frame: no panic, no endless loop, and what decodes is sound.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| spectrum2_fuzz::check::decode(body));
