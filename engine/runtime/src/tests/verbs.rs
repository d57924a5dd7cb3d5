//! What people do: single verbs and their dry runs, many tasks at once, issues, pauses, records.

use super::*;
use crate::operate::{Many, Selection};

/// A bench whose orders fail until the setting `prefix` has a value.
fn without_prefix(seed: u64) -> Bench {
    let mut bench = Bench::new(seed);
    bench.deployment.settings.insert("prefix".to_owned(), Value::Missing);
    bench
}

async fn failing(runtime: &Runtime, orders: usize) -> Vec<String> {
    let mut tasks = Vec::new();
    for n in 0..orders {
        tasks.push(start(runtime, "order", &format!("{n}")).await);
    }
    quiet(runtime).await;
    assert_eq!(states(runtime).await, vec!["failed"; orders]);
    tasks
}

fn given(text: &str) -> Value {
    json::read(text).unwrap()
}

async fn audit(runtime: &Runtime) -> String {
    let query = crate::AuditQuery { limit: 1000, ..crate::AuditQuery::default() };
    json::write(&runtime.audit(query).await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn saving_a_missing_value_names_the_tasks_that_wait_for_it_and_releases_them() {
    let bench = without_prefix(1);
    let runtime = bench.start().await;
    failing(&runtime, 38).await;
    let issues = runtime.issues().await.unwrap();
    let [issue] = issues.items() else { panic!("{issues:?}") };
    assert_eq!(issue.field("count"), &Value::from(38_i64));
    assert_eq!(issue.field("connector").as_text(), Some("toy"), "{issue:?}");
    assert_eq!(issue.field("step").as_text(), Some("write"));
    let number = issue.field("issue").as_text().unwrap().to_owned();
    let shown = runtime.issue(&number).await.unwrap();
    assert!(shown.field("explanation").as_text().is_some(), "{shown:?}");
    let needs = json::write(shown.field("needs"));
    assert!(needs.contains("setting:prefix"), "{needs}");
    let saved = runtime.set_setting("toy", "prefix", &Value::text("B"), &by()).await.unwrap();
    let waiting = saved.field("tasks_waiting").items();
    assert_eq!(waiting.len(), 38);
    let names: Vec<String> = waiting.iter().filter_map(Value::plain).collect();
    let released = runtime.release(&names, &by()).await.unwrap();
    assert_eq!(released.field("selected"), &Value::from(38_i64));
    quiet(&runtime).await;
    bench.pass(Duration::from_secs(60)).await;
    assert_eq!(states(&runtime).await, vec!["done"; 38]);
    assert!(runtime.issues().await.unwrap().items().is_empty());
    let log = audit(&runtime).await;
    assert!(log.contains("retry for 38 tasks"), "{log}");
    assert!(log.contains("retry: 38 given, 0 refused"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn a_retry_of_many_stops_when_the_first_wave_fails_as_before() {
    let bench = without_prefix(2);
    let runtime = bench.start().await;
    failing(&runtime, 20).await;
    let selection = Selection::of(&given(r#"{"state": "failed", "flow": "order"}"#)).unwrap();
    let many = Many { verb: "retry".to_owned(), with: Value::Missing };
    let answer = runtime.verb_on(&selection, many, &by()).await.unwrap();
    assert_eq!(answer.field("selected"), &Value::from(20_i64), "{answer:?}");
    bench.pass(Duration::from_secs(120)).await;
    let log = audit(&runtime).await;
    assert!(log.contains("retry stopped after 1: the fault is still there"), "{log}");
    assert_eq!(log.matches("\"what\":\"retried\"").count(), 1, "{log}");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_would_happen_and_what_has_and_changes_nothing() {
    let bench = Bench::new(3);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().refuse_booking = true;
    let task = start(&runtime, "order", "1").await;
    quiet(&runtime).await;
    let before = (runtime.task(&task).await.unwrap(), bench.world.count(""));
    assert_eq!(before.0.field("state").as_text(), Some("failed"), "{:?}", before.0);
    for (verb, with, would) in [
        ("retry", "{}", "retried by anna"),
        ("retry", r#"{"from": "write"}"#, "looked for again: book, write"),
        ("skip", r#"{"step": "book", "output": {"Id": "7"}}"#, "book skipped by anna"),
        (
            "edit",
            r#"{"part": "record", "patch": [{"op": "add", "path": "/x", "value": 1}]}"#,
            "edited by anna",
        ),
        ("done", "{}", "taken as done by anna"),
        ("cancel", "{}", "cancelled by anna"),
        ("move", r#"{"to": "latest"}"#, "moved to graph"),
        ("assign", r#"{"to": "robin"}"#, "given to robin"),
        ("tag", r#"{"add": ["vat"]}"#, "tagged +vat"),
        ("note", r#"{"text": "called them"}"#, "notes: called them"),
        ("snooze", r#"{"until": "2h"}"#, "snoozed by anna until"),
        ("rerun", "{}", "a new task of flow order"),
    ] {
        let with = given(with).with("dry_run", Value::Bool(true));
        let said = runtime.verb(&task, verb, &with, &by()).await.unwrap();
        assert!(json::write(said.field("would")).contains(would), "{verb}: {said:?}");
        let [write] = said.field("happened").items() else { panic!("{verb}: {said:?}") };
        assert_eq!(write.field("step").as_text(), Some("write"), "{verb}");
        assert_eq!(write.field("target").as_text(), Some("100"), "{verb}");
    }
    bench.pass(Duration::from_secs(60)).await;
    assert_eq!((runtime.task(&task).await.unwrap(), bench.world.count("")), before);
}

#[tokio::test(start_paused = true)]
async fn notes_and_tags_are_listed_chosen_by_and_told_in_the_audit_log() {
    let bench = without_prefix(4);
    let runtime = bench.start().await;
    let tasks = failing(&runtime, 3).await;
    runtime.verb(&tasks[1], "tag", &given(r#"{"add": ["vat"]}"#), &by()).await.unwrap();
    let row = runtime.verb(&tasks[1], "assign", &given(r#"{"to": "robin"}"#), &by()).await.unwrap();
    assert_eq!(json::write(row.field("tags")), r#"["vat"]"#);
    assert_eq!(row.field("assigned").as_text(), Some("robin"));
    let selection = Selection::of(&given(r#"{"tag": "vat"}"#)).unwrap();
    let many = Many { verb: "cancel".to_owned(), with: Value::Missing };
    let answer = runtime.verb_on(&selection, many, &by()).await.unwrap();
    assert_eq!(answer.field("selected"), &Value::from(1_i64));
    assert_eq!(runtime.task(&tasks[1]).await.unwrap().field("state").as_text(), Some("cancelled"));
    let log = audit(&runtime).await;
    for line in
        ["tagged +vat by anna (because)", "given to robin by anna", "cancelled by anna: because"]
    {
        assert!(log.contains(line), "{line}: {log}");
    }
    let wrong = Selection::of(&given(r#"{"colour": "blue"}"#)).unwrap_err();
    assert_eq!(wrong.code, "INVALID_REQUEST");
    assert!(Selection::of(&given("{}")).is_err(), "all tasks are not chosen by mistake");
    let wrong = runtime.verb(&tasks[0], "explode", &Value::Missing, &by()).await.unwrap_err();
    assert_eq!(wrong.code, "VERB_UNKNOWN");
}

#[tokio::test(start_paused = true)]
async fn a_paused_flow_begins_nothing_and_says_so_and_forgets_neither_pause_nor_tasks() {
    let bench = Bench::new(5);
    let mut runtime = bench.start().await;
    runtime.pause_flow(None, "order", &by()).await.unwrap();
    let mut tasks = Vec::new();
    for n in 0..5 {
        tasks.extend(posted(&runtime, &format!("{n}"), &format!("d{n}")).await);
    }
    for restart in [false, true] {
        if restart {
            drop(runtime);
            runtime = bench.start().await;
        }
        bench.pass(Duration::from_secs(600)).await;
        assert_eq!(states(&runtime).await, vec!["queued"; 5]);
        let why = json::write(&runtime.why(&tasks[0]).await.unwrap());
        assert!(why.contains("flow order is paused by anna: because"), "{why}");
    }
    assert_eq!(bench.world.count(""), 0);
    runtime.resume_flow(None, "order", &by()).await.unwrap();
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 5]);
}

#[tokio::test(start_paused = true)]
async fn an_ignored_record_starts_nothing_until_it_is_heeded() {
    let bench = without_prefix(6);
    let runtime = bench.start().await;
    let task = failing(&runtime, 1).await.remove(0);
    let unsaid = crate::By { who: "anna".to_owned(), why: None };
    assert!(runtime.ignore_record("toy", "0", &unsaid).await.is_err(), "why is needed");
    runtime.ignore_record("toy", "0", &by()).await.unwrap();
    assert_eq!(runtime.task(&task).await.unwrap().field("state").as_text(), Some("cancelled"));
    assert!(posted(&runtime, "0", "again").await.is_empty());
    let wanted = StartFlow { integration: None, flow: "order", record: "0", key: None };
    let refused = runtime.start_flow(wanted, &by()).await.unwrap_err();
    assert_eq!(refused.code, "RECORD_IGNORED");
    let refused = runtime.verb(&task, "rerun", &Value::Missing, &by()).await.unwrap_err();
    assert_eq!(refused.code, "RECORD_IGNORED");
    assert_eq!(runtime.ignored().items().len(), 1);
    runtime.heed_record("toy", "0", &by()).await.unwrap();
    assert!(runtime.ignored().items().is_empty());
    runtime.set_setting("toy", "prefix", &Value::text("B"), &by()).await.unwrap();
    runtime.verb(&task, "rerun", &Value::Missing, &by()).await.unwrap();
    quiet(&runtime).await;
    assert_eq!(bench.world.books.lock().unwrap().creates.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_record_linked_with_hands_off_closes_the_failure_and_is_never_written() {
    let bench = without_prefix(7);
    let runtime = bench.start().await;
    let task = failing(&runtime, 1).await.remove(0);
    let there = given(r#"{"Id": "900", "Ref": "by hand"}"#);
    bench.world.books.lock().unwrap().ledger.insert("900".to_owned(), there.clone());
    let link = crate::Link { entity: "order", source: "0", target: "900", hands_off: true };
    let linked = runtime.link_record("toy", link, &by()).await.unwrap();
    assert_eq!(linked.field("closed").items().len(), 1, "{linked:?}");
    assert_eq!(runtime.task(&task).await.unwrap().field("state").as_text(), Some("done"));
    let refused = runtime.link_record("toy", link, &by()).await.unwrap_err();
    assert_eq!(refused.code, "REFERENCE_EXISTS");
    runtime.set_setting("toy", "prefix", &Value::text("B"), &by()).await.unwrap();
    let again = posted(&runtime, "0", "d1").await.remove(0);
    quiet(&runtime).await;
    let row = runtime.task(&again).await.unwrap();
    assert_eq!(row.field("state").as_text(), Some("skipped"), "{row:?}");
    let books = bench.world.books.lock().unwrap();
    assert_eq!((books.creates.len(), &books.ledger["900"]), (0, &there));
}
