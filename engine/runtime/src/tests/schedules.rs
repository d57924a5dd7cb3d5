//! Schedules in virtual time: planned durably, made up for, never beside their last run.

use tenon_graph::{At, Overlap, Schedule};

use super::*;
use crate::seam::Seam;

const HOUR: i64 = 3_600_000;

/// A bench whose flow `swept` has this schedule, with so many records in the shop.
fn scheduled(seed: u64, schedule: Schedule, records: usize) -> Bench {
    let mut bench = Bench::new(seed);
    let mut swept = bench.deployment.graphs["polled"].clone();
    swept.flow = "swept".to_owned();
    swept.triggers.poll = None;
    swept.triggers.schedules = vec![schedule];
    bench.deployment.graphs.insert("swept".to_owned(), swept);
    bench.deployment.graphs.remove("polled");
    let born = bench.seam.now_ms();
    for n in 0..records {
        bench.world.books.lock().unwrap().shop.insert(format!("{n}"), born);
    }
    bench
}

fn schedule(at: At) -> Schedule {
    Schedule { name: "sweep".to_owned(), at, jitter_ms: 0, overlap: Overlap::Skip, catch_up_ms: 0 }
}

async fn shown(runtime: &Runtime) -> Value {
    runtime.schedules().await.unwrap().items()[0].clone()
}

#[tokio::test(start_paused = true)]
async fn each_run_starts_every_record_once_and_the_next_ten_are_shown() {
    let bench = scheduled(1, schedule(At::Every(HOUR)), 7);
    let mut runtime = bench.with(Config::default()).await;
    bench.pass(Duration::from_secs(1_800)).await;
    assert!(states(&runtime).await.is_empty());
    let next = shown(&runtime).await.field("next").items().to_vec();
    assert_eq!(next.len(), 10);
    assert_eq!(next[0].as_text(), Some("2026-01-01T01:00:00Z"), "{next:?}");
    // A restart changes nothing of what is planned.
    drop(runtime);
    runtime = bench.with(Config::default()).await;
    assert_eq!(shown(&runtime).await.field("next").items(), next);
    bench.pass(Duration::from_secs(2_000)).await;
    assert_eq!(states(&runtime).await, vec!["done"; 7]);
    assert_eq!(shown(&runtime).await.field("last").as_text(), Some("started 7 tasks"));
    bench.pass(Duration::from_secs(3_600)).await;
    assert_eq!(states(&runtime).await.len(), 14);
    let row = runtime.tasks(TaskQuery { limit: 1, ..TaskQuery::default() }).await.unwrap();
    assert_eq!(row.field("tasks").items()[0].field("trigger").as_text(), Some("schedule"));
}

#[tokio::test(start_paused = true)]
async fn what_downtime_missed_is_made_up_for_once_within_the_catch_up_time() {
    for (catch_up_ms, runs) in [(12 * HOUR, 1), (0, 0)] {
        let mut wanted = schedule(At::Cron {
            expression: "0 6 * * *".to_owned(),
            zone: "Europe/Stockholm".to_owned(),
        });
        wanted.catch_up_ms = catch_up_ms;
        let bench = scheduled(2, wanted, 3);
        let runtime = bench.with(Config::default()).await;
        bench.pass(Duration::from_secs(60)).await;
        drop(runtime);
        // Three runs pass by; the last of them an hour ago.
        bench.pass(Duration::from_secs(2 * 86_400 + 6 * 3_600)).await;
        let runtime = bench.with(Config::default()).await;
        bench.pass(Duration::from_secs(600)).await;
        assert_eq!(states(&runtime).await.len(), 3 * runs, "{:?}", shown(&runtime).await);
        let next = shown(&runtime).await.field("next").items()[0].clone();
        assert_eq!(next.as_text(), Some("2026-01-04T06:00:00+01:00"));
        bench.pass(Duration::from_secs(86_400)).await;
        assert_eq!(states(&runtime).await.len(), 3 * runs + 3, "and then as planned");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_beside_the_last_is_left_out_waits_or_cancels_it() {
    for (overlap, tasks) in
        [(Overlap::Skip, 2), (Overlap::QueueOne, 2), (Overlap::CancelRunning, 2 * 3)]
    {
        let mut wanted = schedule(At::Every(HOUR));
        wanted.overlap = overlap;
        let bench = scheduled(3, wanted, 2);
        let runtime = bench.with(Config::default()).await;
        runtime.pause_connection("ledger", &by()).await.unwrap();
        bench.pass(Duration::from_millis(u64::try_from(3 * HOUR).unwrap() + 600_000)).await;
        let made = states(&runtime).await;
        assert_eq!(made.len(), tasks, "{overlap:?}: {made:?}");
        assert_eq!(made.iter().filter(|state| *state == "waiting").count(), 2, "{overlap:?}");
        if overlap == Overlap::Skip {
            let says = shown(&runtime).await.field("last").plain().unwrap();
            assert_eq!(says, "left out: 2 tasks of the last run have not ended");
        }
        runtime.resume_connection("ledger", &by()).await.unwrap();
        bench.pass(Duration::from_secs(1_200)).await;
        let made = states(&runtime).await;
        // The run that waited comes as soon as the last has ended.
        let more = if overlap == Overlap::QueueOne { 2 } else { 0 };
        assert_eq!(made.len(), tasks + more, "{overlap:?}: {made:?}");
        assert!(!made.contains(&"waiting".to_owned()), "{overlap:?}: {made:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_follows_another_flow_also_over_a_crash() {
    let after = |always| At::After { flow: "order".to_owned(), always };
    let bench = scheduled(4, schedule(after(false)), 1);
    let runtime = bench.with(Config::default()).await;
    bench.pass(Duration::from_secs(60)).await;
    for n in 0..5 {
        start(&runtime, "order", &format!("o{n}")).await;
    }
    bench.pass(Duration::from_secs(30)).await;
    let swept = |all: &Value| {
        let flow = |t: &&Value| t.field("flow").as_text() == Some("swept");
        all.field("tasks").items().iter().filter(flow).count()
    };
    let query = || TaskQuery { limit: 100, ..TaskQuery::default() };
    let all = runtime.tasks(query()).await.unwrap();
    assert_eq!(swept(&all), 1, "one run follows them all: {all:?}");
    start(&runtime, "order", "o9").await;
    quiet(&runtime).await;
    drop(runtime);
    let runtime = bench.with(Config::default()).await;
    bench.pass(Duration::from_secs(30)).await;
    let all = runtime.tasks(query()).await.unwrap();
    assert_eq!(swept(&all), 2, "the end that was not followed is found again: {all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_paused_schedule_starts_nothing_until_it_is_resumed_and_may_be_run_by_hand() {
    let bench = scheduled(5, schedule(At::Every(HOUR)), 2);
    let runtime = bench.with(Config::default()).await;
    runtime.pause_schedule("sweep", &by()).await.unwrap();
    bench.pass(Duration::from_secs(7_300)).await;
    assert!(states(&runtime).await.is_empty());
    let now = shown(&runtime).await;
    assert_eq!(now.at("paused.by").as_text(), Some("anna"), "{now:?}");
    assert_eq!(now.field("last").as_text(), Some("left out: the schedule is paused"));
    runtime.resume_schedule("sweep", &by()).await.unwrap();
    let ran = runtime.run_schedule("sweep", &by()).await.unwrap();
    assert_eq!(ran.field("says").as_text(), Some("started 2 tasks"));
    assert!(runtime.pause_schedule("nothing", &by()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_was_cut_goes_on_at_its_page_and_a_moved_history_says_what_it_touches() {
    let bench = Bench::new(6);
    let runtime = bench.with(Config::default()).await;
    bench.pass(Duration::from_secs(40)).await;
    let now = bench.seam.now_ms();
    for n in 0..10 {
        bench.world.books.lock().unwrap().shop.insert(format!("{n}"), now);
    }
    bench.world.books.lock().unwrap().refuse_lists_from = Some(6);
    bench.pass(Duration::from_secs(35)).await;
    let before = bench.world.count("shop/list");
    bench.world.books.lock().unwrap().refuse_lists_from = None;
    bench.pass(Duration::from_secs(30)).await;
    let seen = bench.world.books.lock().unwrap().seen.clone();
    let lists: Vec<&String> = seen.iter().filter(|line| line.contains("shop/list")).collect();
    assert!(lists[before].ends_with("/6"), "it goes on at its page: {lists:?}");
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 10]);
    let touched = runtime.foresee_history("toy", "polled", now - 1).await.unwrap();
    assert_eq!(touched.field("records"), &Value::from(10_i64), "{touched:?}");
}

#[tokio::test(start_paused = true)]
async fn many_are_exported_by_time_and_what_is_missing_is_found_by_its_ids() {
    let bench = Bench::new(7);
    let runtime = bench.start().await;
    let now = bench.seam.now_ms();
    for n in 0..10 {
        bench.world.books.lock().unwrap().shop.insert(format!("{n}"), now + n * 60_000);
    }
    let window = crate::Export {
        flow: "polled".to_owned(),
        from_ms: Some(now),
        to_ms: Some(now + 4 * 60_000),
        dry_run: true,
        ..crate::Export::default()
    };
    let dry = runtime.export_many(window.clone(), &by()).await.unwrap();
    assert_eq!(dry.field("records"), &Value::from(5_i64), "{dry:?}");
    assert!(states(&runtime).await.is_empty());
    let sent = crate::Export { dry_run: false, ..window.clone() };
    runtime.export_many(sent, &by()).await.unwrap();
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 5]);
    let all = crate::Export { to_ms: None, dry_run: false, ..window };
    let found = runtime.reconcile(all, &by()).await.unwrap();
    assert_eq!(found.field("compared"), &Value::from(10_i64), "{found:?}");
    assert_eq!(found.at("missing.started"), &Value::from(5_i64), "{found:?}");
    quiet(&runtime).await;
    assert_eq!(bench.world.books.lock().unwrap().creates.len(), 10);
    let none = crate::Export { flow: "order".to_owned(), ..crate::Export::default() };
    assert_eq!(runtime.export_many(none, &by()).await.unwrap_err().code, "INVALID_REQUEST");
}

#[tokio::test(start_paused = true)]
async fn a_kept_webhook_is_taken_once_more_and_a_rejected_one_never() {
    let bench = Bench::new(8);
    let runtime = bench.start().await;
    posted(&runtime, "1", "d1").await;
    let mut forged = hook("2", "d2");
    forged.headers[0].1 = "wrong".to_owned();
    runtime.accept(forged).await.unwrap();
    quiet(&runtime).await;
    let kept =
        runtime.deliveries(crate::DeliveryQuery { limit: 10, acceptance: None }).await.unwrap();
    let id = |n: usize| kept.items()[n].field("id").plain().unwrap();
    let replayed = runtime.replay(&id(1), &by()).await.unwrap();
    assert_eq!(replayed.field("tasks").items().len(), 1);
    assert!(runtime.replay(&id(0), &by()).await.is_err(), "it was rejected");
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 2]);
    assert_eq!(bench.world.books.lock().unwrap().creates["1"], 1);
}
