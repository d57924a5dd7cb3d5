//! `tenon bench`: measures.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tenon_runtime::bench::{Load, run as run_load};
use tenon_store::Store;
use tenon_store_sled::{Options, SledStore, disk_floor};
use tenon_value::{Number, Value, json};

use crate::arguments::{Bench, BenchEngine, BenchIntake, BenchIntegration, Output, OutputOnly};
use crate::bench_load::{self, Place};
use crate::bench_mapper;
use crate::exit::{Ended, Failure};
use crate::output::{self, Column};

/// How long the disk is measured, before and after.
const FLOOR: Duration = Duration::from_secs(2);

/// Runs the command.
///
/// # Errors
/// When the store can't be made or a task does not end.
pub async fn run(command: Bench) -> Ended {
    match command {
        Bench::Engine(bench) => engine(&bench).await,
        Bench::Intake(bench) => intake(&bench).await,
        Bench::Integration(bench) => integration(&bench).await,
        Bench::Mapper(bench) => mapper(&bench),
    }
}

async fn engine(bench: &BenchEngine) -> Ended {
    if let Some(open) = bench.open {
        return super::bench_open::run(bench, open).await;
    }
    if bench.steps == 0 || bench.tasks == 0 || bench.concurrency == 0 {
        return Err(Failure::usage("--steps, --tasks and --concurrency are at least 1"));
    }
    let place = Place::make(bench.dir.as_deref())?;
    let before = floor(&place.0).await?;
    let store = open(&place.0).await?;
    let load = Load { steps: bench.steps, tasks: bench.tasks, concurrency: bench.concurrency };
    let measured = run_load(store.clone(), load).await;
    store.close().await.map_err(|e| Failure::internal(e.to_string()))?;
    let figures = measured.map_err(|e| Failure::internal(e.to_string()))?;
    let floor = before.max(floor(&place.0).await?);
    let shown = figures.to_value(Some(floor));
    match bench.output {
        Output::Json | Output::Ndjson => println!("{}", json::write(&shown)),
        Output::Table => table(&shown, figures.commits, floor),
    }
    Ok(0)
}

/// Rows of the orders that the mapper is measured with.
const ROWS: [u32; 3] = [3, 50, 500];

const COLUMNS: &[Column] = &[
    ("rows", "rows"),
    ("µs", "us_per_eval"),
    ("µs by hand", "us_hand_written"),
    ("ratio", "ratio"),
    ("ms to compile 60 fields", "compile_ms"),
    ("ms of the calibration loop", "calibration"),
];

fn mapper(bench: &OutputOnly) -> Ended {
    let figures = bench_mapper::run(&ROWS)?;
    let rows: Vec<Value> = figures.iter().map(bench_mapper::Figures::to_value).collect();
    let form = if bench.output == Output::Json { Output::Ndjson } else { bench.output };
    output::rows(form, COLUMNS, &rows);
    if let ([_, smaller, larger], Output::Table) = (figures.as_slice(), form) {
        let (ours, by_hand) = bench_mapper::growth(smaller, larger);
        let shown = |n: u64| format!("{}.{:03}", n / 1_000, n % 1_000);
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        println!("machine  {}, {cores} cores", std::env::consts::ARCH);
        println!(
            "growth   a row of {} costs {} × a row of {} ({} × by hand)",
            larger.rows,
            shown(ours),
            smaller.rows,
            shown(by_hand)
        );
        println!(
            "calibration: 2,000,000 steps of a multiplication and a rotation, one after the other; \
             2 ms are 4 GHz"
        );
    }
    Ok(0)
}

const INTAKE: &[Column] = &[
    ("bytes", "body_bytes"),
    ("deliveries/s", "deliveries_per_s"),
    ("p99 ms", "p99_ms"),
    ("MiB", "rss_mib"),
    ("MiB more than at the 10,000th", "rss_growth_mib"),
    ("syncs a delivery", "syncs_per_delivery"),
];

async fn intake(bench: &BenchIntake) -> Ended {
    if bench.deliveries == 0 || bench.connections == 0 {
        return Err(Failure::usage("--deliveries and --connections are at least 1"));
    }
    let rows = bench_load::intake::run(bench).await?;
    let form = if bench.output == Output::Json { Output::Ndjson } else { bench.output };
    output::rows(form, INTAKE, &rows);
    Ok(0)
}

async fn integration(bench: &BenchIntegration) -> Ended {
    if bench.orders == 0 {
        return Err(Failure::usage("--orders is at least 1"));
    }
    let figures = bench_load::integration::run(bench).await?;
    match bench.output {
        Output::Json | Output::Ndjson => println!("{}", json::write(&figures)),
        Output::Table => output::record(Output::Table, &figures),
    }
    Ok(0)
}

/// Syncs a second of one thread in this directory.
async fn floor(directory: &Path) -> Result<u64, Failure> {
    let directory = directory.to_path_buf();
    let measured = tokio::task::spawn_blocking(move || disk_floor(&directory, FLOOR)).await;
    let measured = measured.map_err(|e| Failure::internal(e.to_string()))?;
    Ok(measured.map_err(|e| Failure::internal(e.to_string()))?.per_second())
}

pub(super) async fn open(directory: &Path) -> Result<Arc<SledStore>, Failure> {
    let path = directory.join("store");
    let opened = move || SledStore::open(&path, Options::held_by("tenon bench"));
    let store = tokio::task::spawn_blocking(opened).await;
    let store = store.map_err(|e| Failure::internal(e.to_string()))?;
    store.map(Arc::new).map_err(|e| Failure::internal(e.to_string()))
}

/// The same figures for a person, with what they are held against.
fn table(shown: &Value, commits: u64, floor: u64) {
    let plain = |name: &str| shown.field(name).plain().unwrap_or_default();
    let per_s = shown.field("steps_per_s").as_number().and_then(Number::to_i64).unwrap_or(0);
    let ratio = u64::try_from(per_s).unwrap_or(0) * 100 / floor.max(1);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "{} tasks of {} steps, {} at a time, on {cores} cores",
        plain("tasks"),
        plain("steps"),
        plain("concurrency")
    );
    println!("disk floor       {floor} syncs/s");
    println!(
        "steps            {}/s, {}.{:02} × the floor",
        plain("steps_per_s"),
        ratio / 100,
        ratio % 100
    );
    println!("a task           p50 {} ms, p99 {} ms", plain("p50_ms"), plain("p99_ms"));
    println!("processor        {} ms a step", plain("cpu_ms_per_step"));
    println!("syncs            {} a step, {commits} commits in all", plain("syncs_per_step"));
    println!("memory           {} MiB", plain("rss_mib"));
}
