//! What the tests share.
#![allow(dead_code, reason = "each test uses a part of it")]

#[cfg(feature = "std")]
pub mod call;
pub mod check;
pub mod json;
pub mod recorded;
pub mod wire;

use spectrum2::Type;

/// Every type of the schema, in its order.
pub fn types() -> impl Iterator<Item = Type> {
    Type::DESCRIPTOR.values.iter().map(|(_, number)| Type::from_number(*number).expect("a value of the schema"))
}

/// Says that something is not tested here, past the harness, which would keep it to itself.
pub fn skipped(why: &str) {
    use std::io::Write;
    // Nobody may listen.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}
