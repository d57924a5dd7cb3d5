//! The demonstration, as a user runs it: the real binary, with its sandbox and engine as processes.

use serde_json::Value;

use crate::program;

/// The object the command ends with, and the one of details before it.
fn ended(words: &[&str]) -> (Value, Value) {
    let mut all = vec!["demo", "--once", "--output", "json"];
    all.extend(words);
    let out = program::run(&all);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let said = String::from_utf8_lossy(&out.stderr);
    let mut lines = text.lines().rev();
    let end: Value = serde_json::from_str(lines.next().unwrap_or_default())
        .unwrap_or_else(|e| panic!("{e}: {text}\n{said}"));
    let details: Value = serde_json::from_str(lines.next().unwrap_or_default()).unwrap();
    println!("{details}\n{end}");
    assert!(out.status.success(), "exit {:?}: {end}\n{details}\n{said}", out.status.code());
    (end, details)
}

fn number(of: &Value) -> u64 {
    of.as_u64().unwrap_or_else(|| panic!("{of} is no count"))
}

#[test]
fn twenty_five_orders_become_right_documents_and_the_one_that_fails_is_repaired() {
    let (end, _) = ended(&[]);
    let wanted = serde_json::json!({
        "orders": 25, "synced": 23, "invoices": 22, "booked": 22, "skipped": 2, "failed": 0,
        "repaired": 1, "duplicates": 0, "lost": 0, "totals_agree": true, "kills": 0,
    });
    assert_eq!(end, wanted);
}

#[test]
fn ten_kills_change_nothing_of_the_end() {
    let (end, details) = ended(&["--kill", "10"]);
    let wanted = serde_json::json!({
        "orders": 25, "synced": 23, "invoices": 22, "booked": 22, "skipped": 2, "failed": 0,
        "repaired": 1, "duplicates": 0, "lost": 0, "totals_agree": true, "kills": 10,
    });
    assert_eq!(end, wanted);
    assert!(number(&details["kills_with_open_intention"]) >= 1, "{details}");
}

#[test]
fn five_hundred_orders_survive_every_fault_and_sixty_kills() {
    let words =
        ["--orders", "500", "--faults", "--kill", "60", "--seed", "7", "--time-scale", "50"];
    let (end, details) = ended(&words);
    assert_eq!(number(&end["orders"]), 500, "{end}");
    assert_eq!(number(&end["synced"]) + number(&end["skipped"]), 500, "{end}");
    assert_eq!(end["invoices"], end["booked"], "{end}");
    assert_eq!(number(&end["duplicates"]) + number(&end["lost"]) + number(&end["failed"]), 0);
    assert_eq!(end["totals_agree"], true);
    assert_eq!(number(&end["kills"]), 60);
    assert!(number(&details["kills_with_open_intention"]) * 3 >= 60, "{details}");
    for (kind, count) in details["faults"].as_object().unwrap() {
        assert!(number(count) > 0, "the fault {kind} never happened: {details}");
    }
}
