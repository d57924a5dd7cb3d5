//! Lanes, collapse, quarantine and verbs.

use tenon_store::{Key, Row, Store};

use super::*;

#[tokio::test(start_paused = true)]
async fn two_triggers_of_one_record_never_run_side_by_side() {
    let bench = Bench::new(1);
    let runtime = bench.start().await;
    let first = start(&runtime, "order", "1").await;
    let second = start(&runtime, "order", "1").await;
    bench.pass(Duration::from_millis(5)).await;
    let why = runtime.why(&second).await.unwrap();
    let chain = why.field("chain").items();
    assert_eq!(chain[0].field("state").as_text(), Some("queued"), "{why:?}");
    assert_eq!(chain[1].field("task").as_text(), Some(first.as_str()), "{why:?}");
    quiet(&runtime).await;
    assert_eq!(bench.world.count("shop/get/1"), 2, "manual runs never collapse");
    assert_eq!(bench.world.count("create"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_webhook_absorbs_newer_ones_of_its_record() {
    let bench = Bench::new(2);
    let runtime = bench.start().await;
    let running = posted(&runtime, "1", "d0").await;
    bench.pass(Duration::from_millis(5)).await;
    let waiting = posted(&runtime, "1", "d1").await;
    assert_ne!(running, waiting, "a running task absorbs none");
    for n in 2..20 {
        assert_eq!(posted(&runtime, "1", &format!("d{n}")).await, waiting);
    }
    assert_ne!(posted(&runtime, "2", "e").await, waiting);
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_quarantines_its_own_task_only() {
    let bench = Bench::new(3);
    let runtime = bench.start().await;
    let bad = start(&runtime, "order", "panic").await;
    let good = start(&runtime, "order", "1").await;
    let row = runtime.settled(&bad).await.unwrap();
    assert_eq!(row.field("state").as_text(), Some("failed"));
    assert_eq!(row.at("fault.code").as_text(), Some("DEFECT"), "{row:?}");
    let row = runtime.settled(&good).await.unwrap();
    assert_eq!(row.field("state").as_text(), Some("done"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_task_leaves_its_lane_and_goes_on_by_a_verb() {
    let bench = Bench::new(4);
    let runtime = bench.start().await;
    let bad = start(&runtime, "order", "panic").await;
    let next = start(&runtime, "order", "panic").await;
    assert_eq!(runtime.settled(&next).await.unwrap().field("state").as_text(), Some("failed"));
    let refused = runtime.verb(&bad, "happened", &Value::Missing, &by()).await.unwrap_err();
    assert_eq!(refused.kind, crate::RefusalKind::Conflict);
    runtime.verb(&bad, "retry", &Value::Missing, &by()).await.unwrap();
    assert_eq!(runtime.settled(&bad).await.unwrap().field("state").as_text(), Some("failed"));
    let ended = runtime.verb(&bad, "cancel", &Value::Missing, &by()).await.unwrap();
    assert_eq!(ended.field("state").as_text(), Some("cancelled"), "{ended:?}");
    let journal = json::write(&runtime.task(&bad).await.unwrap());
    assert!(journal.contains("anna") && journal.contains("because"), "{journal}");
    assert!(runtime.verb(&bad, "explode", &Value::Missing, &by()).await.is_err());
    assert!(runtime.verb("task_none", "retry", &Value::Missing, &by()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn settings_and_references_are_seen_by_the_next_decision() {
    let bench = Bench::new(5);
    let runtime = bench.start().await;
    runtime.set_setting("toy", "prefix", &Value::text("B"), &by()).await.unwrap();
    let link = crate::Link { entity: "order", source: "5", target: "900", hands_off: false };
    runtime.add_reference("toy", link, &by()).await.unwrap();
    assert!(runtime.add_reference("toy", link, &by()).await.is_err());
    bench.world.books.lock().unwrap().ledger.insert(
        "900".to_owned(),
        json::read(r#"{"Id": "900", "Ref": "5", "Prefix": "B"}"#).unwrap(),
    );
    let task = start(&runtime, "order", "5").await;
    let row = runtime.settled(&task).await.unwrap();
    assert_eq!(row.field("state").as_text(), Some("done"), "{row:?}");
    assert_eq!(bench.world.count("create"), 0, "the link is the duplicate guard");
    assert_eq!(bench.world.count("book/900"), 1);
    drop(runtime);
    let runtime = bench.start().await;
    let settings = runtime.settings("toy").await.unwrap();
    assert_eq!(settings.items()[0].field("value").as_text(), Some("B"));
    runtime.delete_reference("toy", "order", "5", &by()).await.unwrap();
    let log = json::write(
        &runtime.audit(crate::AuditQuery { limit: 100, ..Default::default() }).await.unwrap(),
    );
    for said in ["setting prefix", "linked to 900", "no longer linked", "done"] {
        assert!(log.contains(said), "{said}: {log}");
    }
}

/// A task of order 5 has failed, since nothing was there under 900; now there is.
async fn one_that_failed(bench: &Bench, runtime: &Runtime) -> String {
    runtime.set_setting("toy", "prefix", &Value::text("B"), &by()).await.unwrap();
    let link = crate::Link { entity: "order", source: "5", target: "900", hands_off: false };
    runtime.add_reference("toy", link, &by()).await.unwrap();
    let bad = start(runtime, "order", "5").await;
    let row = runtime.settled(&bad).await.unwrap();
    assert_eq!(row.field("state").as_text(), Some("failed"));
    let there = json::read(r#"{"Id": "900", "Ref": "5", "Prefix": "B"}"#).unwrap();
    bench.world.books.lock().unwrap().ledger.insert("900".to_owned(), there);
    bad
}

async fn closed(bench: &Bench, runtime: &Runtime, task: &str) -> String {
    let closed = async {
        loop {
            let row = json::write(&runtime.task(task).await.unwrap());
            if row.contains("cancelled") {
                return row;
            }
            bench.pass(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), closed).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_newer_task_of_the_record_that_ends_well_closes_the_one_that_failed() {
    let bench = Bench::new(9);
    let runtime = bench.start().await;
    let bad = one_that_failed(&bench, &runtime).await;
    let other = start(&runtime, "order", "6").await;
    runtime.settled(&other).await.unwrap();
    let next = start(&runtime, "order", "5").await;
    assert_eq!(runtime.settled(&next).await.unwrap().field("state").as_text(), Some("done"));
    let row = closed(&bench, &runtime, &bad).await;
    assert!(row.contains(&next), "{row}");
    assert_eq!(states(&runtime).await.iter().filter(|s| *s == "cancelled").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_ends_before_it_closes_the_one_that_failed_closes_it_at_its_next_start() {
    let bench = Bench::new(10);
    let runtime = bench.start().await;
    let bad = one_that_failed(&bench, &runtime).await;
    let next = start(&runtime, "order", "5").await;
    let healer = next.clone();
    let crash = tokio::spawn(async move {
        let row = runtime.settled(&healer).await.unwrap();
        drop(runtime);
        row
    });
    assert_eq!(crash.await.unwrap().field("state").as_text(), Some("done"));
    let left = bench.store.get(&Key::Task { id: bad.clone() }).await.unwrap();
    assert!(matches!(left, Some(Row::Task(row)) if row.state == "failed"));
    let runtime = bench.start().await;
    let row = closed(&bench, &runtime, &bad).await;
    assert!(row.contains(&next), "{row}");
    // A later failure is not closed by what ended well before it.
    bench.world.books.lock().unwrap().ledger.clear();
    let later = start(&runtime, "order", "5").await;
    runtime.settled(&later).await.unwrap();
    drop(runtime);
    let runtime = bench.start().await;
    quiet(&runtime).await;
    let row = runtime.task(&later).await.unwrap();
    assert_eq!(row.field("state").as_text(), Some("failed"));
}
