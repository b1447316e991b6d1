//! All checks of a body, on frames that are made to be nearly right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spectrum2_fuzz::generate::Body;
use spectrum2_fuzz::{check, prost};

fuzz_target!(|body: Body| {
    let Body(body) = body;
    check::decode(&body);
    check::decode_encode_decode(&body);
    prost::compare(&body);
    #[cfg(feature = "cpp")]
    spectrum2_fuzz::google::compare(&body);
});
