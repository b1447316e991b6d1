//! The examples, which cargo builds beside the tests.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The program of an example.
pub fn example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("the directory of the profile");
    let program = profile.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(
        is_up_to_date(&program),
        "{} is not there, or not up to date: `cargo test` builds it when it is not told which tests to run, \
         `cargo build --example {name}` does always",
        program.display()
    );
    program
}

/// Whether a program that cargo built is newer than all that it was made from.
fn is_up_to_date(program: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let Some(built) = changed(program) else { return false };
    let sources = fs::read_to_string(program.with_extension("d")).unwrap_or_default();
    sources.split_whitespace().all(|source| changed(Path::new(source)).is_none_or(|changed| changed <= built))
}
