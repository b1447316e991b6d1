//! What decodes is encoded to what decodes to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| spectrum2_fuzz::check::decode_encode_decode(body));
