//! Benchmarks of the server as its users meet it: another process, over loopback HTTP.

pub mod intake;
pub mod integration;

use std::path::{Path, PathBuf};
use std::time::Instant;

use tenon_value::{Number, Value};

use crate::exit::Failure;

/// A new directory below the one asked for, removed when it is dropped.
pub struct Place(pub PathBuf);

impl Place {
    /// Makes it; without `below`, in the system's temporary directory.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn make(below: Option<&Path>) -> Result<Place, Failure> {
        let below = below.map_or_else(std::env::temp_dir, Path::to_path_buf);
        std::fs::create_dir_all(&below)
            .and_then(|()| tempfile::Builder::new().prefix("tenon-bench-").tempdir_in(&below))
            .map(|made| Place(made.keep()))
            .map_err(|e| Failure::usage(format!("{}: {e}", below.display())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What can't be removed is left to its owner.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    Instant::now()
}

/// Microseconds since then, at least one.
fn micros_since(then: Instant) -> u64 {
    u64::try_from(then.elapsed().as_micros()).unwrap_or(u64::MAX).max(1)
}

/// A quotient with three decimals.
fn ratio(of: u64, by: u64) -> Value {
    let thousandths = u128::from(of) * 1_000 / u128::from(by.max(1));
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    Number::parse(&text).map_or(Value::Missing, Value::from)
}

/// Events a second.
fn per_second(events: u64, micros: u64) -> Value {
    ratio(events.saturating_mul(1_000_000), micros)
}

/// A whole number of an answer.
fn whole(value: &Value, path: &str) -> u64 {
    value.at(path).as_number().and_then(Number::to_i64).map_or(0, |n| u64::try_from(n).unwrap_or(0))
}
