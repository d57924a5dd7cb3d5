//! `tenon bench engine --open N`: memory of many waiting tasks, and the start after a kill.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tenon_runtime::bench::Usage;
use tenon_runtime::bench::open::{make, resume};
use tenon_value::{Number, Value, json};

use super::bench::open as open_store;
use crate::arguments::BenchEngine;
use crate::bench_load::Place;
use crate::exit::{Ended, Failure};
use crate::output;

/// Runs the benchmark, or the part of it that this process is.
///
/// # Errors
/// When a process of it can't do its part.
pub async fn run(bench: &BenchEngine, open: u64) -> Ended {
    match (bench.part.as_deref(), bench.dir.as_deref()) {
        (None, below) => parent(bench, below, open),
        (Some("make"), Some(dir)) => {
            let store = open_store(dir).await?;
            let told = || say([("rss_making_kib", Usage::own().most_rss_kib)]);
            make(store, (open, bench.ended), told).await.map_err(failed)?;
            Ok(0)
        }
        (Some("resume"), Some(dir)) => {
            let began = now();
            let store = open_store(dir).await?;
            let store_open_us = micros(began);
            let moved = |found| {
                say([
                    ("open_tasks", found),
                    ("store_open_us", store_open_us),
                    ("rss_open_kib", Usage::own().rss_kib),
                ]);
            };
            resume(store, moved).await.map_err(failed)?;
            Ok(0)
        }
        _ => Err(Failure::usage("--part is `make` or `resume`, in --dir")),
    }
}

fn failed(refusal: tenon_runtime::Refusal) -> Failure {
    Failure::internal(refusal.to_string())
}

fn say<const N: usize>(fields: [(&str, u64); N]) {
    outln!("{}", json::write(&Value::of(fields.map(|(name, n)| (name, whole(n))))));
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    Instant::now()
}

fn micros(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn whole(n: u64) -> Value {
    Value::from(i64::try_from(n).unwrap_or(i64::MAX))
}

/// A process that is killed when it is let go.
struct Part(Child);

impl Drop for Part {
    fn drop(&mut self) {
        // One that has ended can't be killed, and need not be.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Part {
    fn start(part: &str, dir: &Path, (open, ended): (u64, u64)) -> Result<Part, Failure> {
        let own = std::env::current_exe()?;
        let counts = [open.to_string(), ended.to_string()];
        let [open, ended] = &counts;
        let child = Command::new(own)
            .args(["bench", "engine", "--open", open, "--ended", ended, "--part", part, "--dir"])
            .arg(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Part(child))
    }

    /// The object it prints.
    fn hear(&mut self) -> Result<Value, Failure> {
        let ended = || Failure::internal("a process of the benchmark ended early");
        let out = self.0.stdout.as_mut().ok_or_else(ended)?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        json::read(line.trim()).map_err(|_| ended())
    }
}

fn parent(bench: &BenchEngine, below: Option<&Path>, open: u64) -> Ended {
    let place = Place::make(below)?;
    let counts = (open, bench.ended);
    let mut making = Part::start("make", &place.0, counts)?;
    let made = making.hear()?;
    // SIGKILL, while it makes more.
    drop(making);
    let began = now();
    let mut going_on = Part::start("resume", &place.0, counts)?;
    let found = going_on.hear()?;
    let resume_us = micros(began);
    drop(going_on);
    let number = |of: &Value, name: &str| of.field(name).as_number().and_then(Number::to_i64);
    let mib = |of: &Value, name: &str| whole_of(number(of, name).unwrap_or(0) / 1024);
    let ms = |us: i64| thousandths(us);
    let shown = Value::of([
        ("open_tasks", whole_of(number(&found, "open_tasks").unwrap_or(0))),
        ("ended_tasks", whole(bench.ended)),
        ("rss_making_mib", mib(&made, "rss_making_kib")),
        ("rss_open_mib", mib(&found, "rss_open_kib")),
        ("store_open_ms", ms(number(&found, "store_open_us").unwrap_or(0))),
        ("resume_ms", ms(i64::try_from(resume_us).unwrap_or(i64::MAX))),
    ]);
    output::record(bench.output, &shown);
    Ok(0)
}

fn whole_of(n: i64) -> Value {
    Value::from(n)
}

fn thousandths(n: i64) -> Value {
    let text = format!("{}.{:03}", n / 1_000, n % 1_000);
    Number::parse(&text).map_or(Value::Missing, Value::from)
}
