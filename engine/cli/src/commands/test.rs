//! `tenon test`: the tests beside the documents.

use std::collections::BTreeMap;
use std::path::Path;

use tenon_flow::test_documents::{Around, Ran, TestReport, run_tests};
use tenon_sandbox::shopify::kinds::{self, Kind};
use tenon_sandbox::shopify::shop::Stored;
use tenon_value::{Value, json, time};

use crate::arguments::{Output, Test};
use crate::exit::{Ended, Failure};
use crate::{output, project, rehearsal};

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
    let names: Vec<&str> = Kind::ALL.iter().map(|(_, name, _)| *name).collect();
    let around = Around {
        order: &order,
        kinds: &names,
        flow: &|case| rehearsal::run(case, &connectors),
        started_at,
        update: command.update,
    };
    let tests = command.folder.join("tests");
    let report = run_tests(&format!("{}/", tests.display()), &files, &integration, &around);
    for (file, text) in &report.snapshots {
        let path = tests.join(file);
        std::fs::write(&path, text)
            .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
        eprintln!("wrote {}", path.display());
    }
    eprint!("{}", tenon_source::render(&report.found, project::human()));
    if report.ran.is_empty() && report.found.is_empty() {
        return Err(Failure::usage(format!("{} has no tests", command.folder.display()))
            .hint("tests stand in the folder `tests`, in files that end in .test.yaml"));
    }
    match command.output {
        Output::Table => told(&report, command.coverage),
        Output::Ndjson => {
            let rows: Vec<Value> = report.ran.iter().map(row).collect();
            output::rows(Output::Ndjson, &[], &rows);
        }
        Output::Json => outln!("{}", json::write(&whole(&report))),
    }
    Ok(u8::from(report.fails()))
}

fn files(folder: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let wrong = |e: std::io::Error| Failure::usage(format!("{}: {e}", folder.display()));
    let mut files = BTreeMap::new();
    if !folder.is_dir() {
        return Err(Failure::usage(format!("there is no folder {}", folder.display())).hint(
            "tests stand in it, in files that end in .test.yaml; `tenon explain tests` shows one",
        ));
    }
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
pub(super) fn order(kind: &str, draw: u64) -> Option<Value> {
    let order = kinds::make(Kind::named(kind)?, NUMBER, NOW_MS - BEFORE_MS, draw).ok()?;
    json::read(&Stored::new(order).ok()?.graph.to_string()).ok()
}

fn whole(report: &TestReport) -> Value {
    let unreached = report.unreached.iter().map(|missed| Value::text(missed)).collect();
    Value::of([
        ("tests", Value::list(report.ran.iter().map(row).collect())),
        ("to_reach", Value::from(i64::try_from(report.to_reach).unwrap_or(i64::MAX))),
        ("unreached", Value::list(unreached)),
    ])
}

fn row(ran: &Ran) -> Value {
    Value::of([
        ("test", Value::text(&ran.title)),
        ("place", Value::text(&ran.place)),
        ("holds", Value::from(ran.wrong.is_empty())),
        ("compared", Value::from(i64::try_from(ran.compared).unwrap_or(i64::MAX))),
        ("wrong", Value::list(ran.wrong.iter().map(|wrong| Value::text(wrong)).collect())),
    ])
}

fn told(report: &TestReport, coverage: bool) {
    for ran in &report.ran {
        let mark = if ran.wrong.is_empty() { "holds" } else { "FAILS" };
        outln!("{mark}  {} ({})", ran.title, ran.place);
        for wrong in &ran.wrong {
            outln!("         {wrong}");
        }
    }
    let failed = report.ran.iter().filter(|ran| !ran.wrong.is_empty()).count();
    let compared: usize = report.ran.iter().map(|ran| ran.compared).sum();
    outln!("{} tests, {compared} values compared, {failed} failed", report.ran.len());
    let (missed, all) = (report.unreached.len(), report.to_reach);
    if missed == 0 {
        outln!("all {all} candidates, branches and table rows were reached");
    } else if coverage {
        outln!("not reached by any test, of {all}:");
        report.unreached.iter().for_each(|missed| outln!("  {missed}"));
    } else {
        outln!(
            "{missed} of {all} candidates, branches and table rows were not reached; `--coverage` lists them"
        );
    }
}
