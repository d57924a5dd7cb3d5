//! The binary `tenon`, as tests run it.

use std::path::PathBuf;
use std::process::{Command, Output};

/// Where the binary stands: beside the folder of this test's own executable.
pub fn path() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap();
    let binary = folder.join("tenon");
    assert!(
        binary.is_file(),
        "{} is missing: build it first with `cargo build --release`, or run tests/run",
        binary.display()
    );
    binary
}

/// Runs `tenon` with these words to its end.
pub fn run(words: &[&str]) -> Output {
    Command::new(path()).args(words).output().unwrap()
}
