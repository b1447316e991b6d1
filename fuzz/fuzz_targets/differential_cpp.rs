//! The same verdict and the same content as Google's C++; src/google.rs says where they differ.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| spectrum2_fuzz::google::compare(body));
