//! `tenon test`: the tests beside the documents.

use std::collections::BTreeMap;
use std::path::Path;

use tenon_flow::test_documents::{Around, Ran, TestReport, run_tests};
use tenon_sandbox::shopify::kinds::{self, Kind};
use tenon_sandbox::shopify::shop::Stored;
use tenon_value::{Value, json, time};

use crate::arguments::{Output, Test};
use crate::exit::{Ended, Failure};
use crate::{output, project};

/// When the sandbox's orders of tests are made: 10 March 2026, 09:30 in Stockholm, and the orders
/// two hours before.
const NOW_MS: i64 = 1_773_131_400_000;
const BEFORE_MS: i64 = 7_200_000;
/// The number of the order, so that it is called #1001.
const NUMBER: u32 = 1001;

/// Runs the command: exit code 1 where a test does not hold.
///
/// # Errors
/// When the folder can't be read, has errors, or has no tests.
pub fn run(command: &Test) -> Ended {
    let connectors = project::connectors()?;
    let integration = project::integration(Some(&command.folder), &connectors)?;
    let files = files(&command.folder.join("tests"))?;
    let started_at = time::from_millis(NOW_MS).unwrap_or_default();
    let around = Around { order: &order, started_at };
    let report = run_tests(&files, &integration, &around);
    eprint!("{}", tenon_source::render(&report.found, project::human()));
    if report.ran.is_empty() {
        return Err(Failure::usage(format!("{} has no tests", command.folder.display()))
            .hint("tests stand in the folder `tests`, in files that end in .test.yaml"));
    }
    match command.output {
        Output::Table => told(&report, command.coverage),
        form => {
            let rows: Vec<Value> = report.ran.iter().map(row).collect();
            output::rows(form, &[], &rows);
        }
    }
    let failed = report.ran.iter().any(|ran| !ran.wrong.is_empty()) || !report.found.is_empty();
    Ok(u8::from(failed))
}

fn files(folder: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let wrong = |e: std::io::Error| Failure::usage(format!("{}: {e}", folder.display()));
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") || name.ends_with(".json") {
            files.insert(name, std::fs::read_to_string(entry.path()).map_err(wrong)?);
        }
    }
    Ok(files)
}

/// An order of the sandbox as the connector reads it.
fn order(kind: &str, draw: u64) -> Option<Value> {
    let order = kinds::make(Kind::named(kind)?, NUMBER, NOW_MS - BEFORE_MS, draw).ok()?;
    json::read(&Stored::new(order).ok()?.graph.to_string()).ok()
}

fn row(ran: &Ran) -> Value {
    Value::of([
        ("test", Value::text(&ran.title)),
        ("place", Value::text(&ran.place)),
        ("holds", Value::from(ran.wrong.is_empty())),
        ("wrong", Value::list(ran.wrong.iter().map(|wrong| Value::text(wrong)).collect())),
    ])
}

fn told(report: &TestReport, coverage: bool) {
    for ran in &report.ran {
        let mark = if ran.wrong.is_empty() { "holds" } else { "FAILS" };
        println!("{mark}  {} ({})", ran.title, ran.place);
        for wrong in &ran.wrong {
            println!("         {wrong}");
        }
    }
    let failed = report.ran.iter().filter(|ran| !ran.wrong.is_empty()).count();
    let compared: usize = report.ran.iter().map(|ran| ran.compared).sum();
    println!("{} tests, {compared} values compared, {failed} failed", report.ran.len());
    if report.unreached.is_empty() {
        println!("every candidate and table row was reached");
    } else if coverage {
        println!("not reached by any test:");
        report.unreached.iter().for_each(|missed| println!("  {missed}"));
    } else {
        println!(
            "{} candidates and table rows were not reached; `--coverage` lists them",
            report.unreached.len()
        );
    }
}
