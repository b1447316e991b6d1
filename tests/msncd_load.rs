//! A thousand users of the msncd backend write to each other. The figures are in the file that
//! `CARGO_TARGET_TMPDIR` has: `target/tmp/msncd_load.txt`.
#![cfg(all(feature = "host", target_os = "linux"))]

#[path = "support/example.rs"]
mod example;
#[allow(dead_code, reason = "the program's main is not called")]
#[path = "../examples/msncd_load.rs"]
mod load;

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use example::example;
use load::Load;

#[test]
fn each_of_many_messages_arrives_once_and_in_order() {
    let (backend, daemon) = (example("msncd_backend"), example("msncd_daemon"));
    let mut figures = String::new();
    let load = Load { users: 1000, messages: 100_000, rest: Duration::from_secs(4), backend, daemon };
    let run = load.run(|line| writeln!(figures, "{line}").unwrap());
    print!("{figures}");
    fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/msncd_load.txt"), figures).unwrap();
    run.unwrap();
}
