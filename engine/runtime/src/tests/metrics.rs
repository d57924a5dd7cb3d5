//! What a scrape says, held against what was done.

use std::collections::{BTreeMap, BTreeSet};

use tenon_store::Store as _;

use super::*;
use crate::METRICS;

/// Samples by their name with its labels.
type Samples = BTreeMap<String, f64>;

/// Reads the text as its format says it, with a reader of our own, and holds it against the table of
/// metrics.
fn scraped(runtime: &Runtime) -> Samples {
    let text = runtime.metrics();
    let mut lines: Vec<&str> = text.strip_suffix('\n').unwrap().split('\n').collect();
    assert_eq!(lines.pop(), Some("# EOF"));
    let mut samples = Samples::new();
    let mut family = None;
    for line in lines {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            let described = METRICS.iter().find(|metric| metric.name == name).unwrap();
            assert_eq!(help, format!("{}.", described.help));
            family = Some((described, false));
            continue;
        }
        let (described, typed) = family.as_mut().unwrap();
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert_eq!(rest, format!("{} {}", described.name, described.kind));
            *typed = true;
            continue;
        }
        assert!(*typed, "a sample before its type: {line}");
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let ending = name.strip_prefix(described.name).unwrap();
        let endings: &[&str] = match described.kind {
            "counter" => &["_total"],
            "gauge" => &[""],
            _ => &["_sum", "_count", "_bucket"],
        };
        assert!(endings.contains(&ending), "{line}");
        let labels = labels.strip_suffix('}').unwrap().split(',').filter(|label| !label.is_empty());
        let labels = labels.map(|label| label.split_once("=\"").unwrap().0);
        let labels: Vec<&str> = labels.filter(|label| *label != "le").collect();
        assert_eq!(labels.join(" "), described.labels, "{line}");
        assert_eq!(samples.insert(series.to_owned(), value.parse().unwrap()), None, "{line}");
    }
    whole_histograms(&samples);
    samples
}

/// Counts of a histogram grow with their bounds up to its count.
fn whole_histograms(samples: &Samples) {
    let mut all: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for (series, count) in samples.iter().filter(|(series, _)| series.contains("_bucket{")) {
        let (before, rest) = series.split_once("le=\"").unwrap();
        let (bound, after) = rest.split_once('"').unwrap();
        let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
        all.entry(format!("{before}{after}")).or_default().push((bound, *count));
    }
    for (series, mut buckets) in all {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{series}: {buckets:?}");
        let tidied = [("_bucket", "_count"), ("{,", "{"), (",}", "}"), ("{}", "")];
        let count = tidied.iter().fold(series.clone(), |text, (a, b)| text.replace(a, b));
        assert_eq!(buckets.last().unwrap(), &(f64::INFINITY, samples[&count]), "{series}");
    }
}

/// The samples whose series begins so, added up.
fn sum(samples: &Samples, part: &str) -> f64 {
    samples.iter().filter(|(series, _)| series.starts_with(part)).map(|(_, value)| value).sum()
}

#[tokio::test(start_paused = true)]
async fn a_scrape_says_what_was_done_and_nothing_else() {
    let bench = Bench::new(3);
    let runtime = bench.start().await;
    for n in 0..40 {
        posted(&runtime, &format!("{n}"), &format!("w{n}")).await;
    }
    runtime.accept(hook("1", "w1")).await.unwrap();
    let mut forged = hook("2", "w99");
    forged.headers.clear();
    runtime.accept(forged).await.unwrap();
    let strange = Incoming { connection: "x\"} 1\n".to_owned(), ..hook("3", "w100") };
    runtime.accept(strange).await.unwrap_err();
    quiet(&runtime).await;
    let samples = scraped(&runtime);
    let is = |series: &str, value: f64| assert_eq!(samples.get(series), Some(&value), "{series}");
    is(r#"tenon_deliveries_total{connection="shop",answer="accepted"}"#, 40.0);
    is(r#"tenon_deliveries_total{connection="shop",answer="duplicate"}"#, 1.0);
    is(r#"tenon_deliveries_total{connection="shop",answer="rejected"}"#, 1.0);
    is(r#"tenon_deliveries_total{connection="",answer="failed"}"#, 1.0);
    is(r#"tenon_tasks_made_total{flow="order",trigger="webhook"}"#, 40.0);
    is(r#"tenon_tasks_ended_total{flow="order",state="done"}"#, 40.0);
    is(r#"tenon_steps_total{flow="order",verb="source",outcome="read"}"#, 40.0);
    is(r#"tenon_steps_total{flow="order",verb="upsert",outcome="done"}"#, 40.0);
    is(r#"tenon_steps_total{flow="order",verb="call",outcome="done"}"#, 40.0);
    is(r#"tenon_connection_standing{connection="ledger",standing="up"}"#, 1.0);
    is(r#"tenon_connection_standing{connection="ledger",standing="down"}"#, 0.0);
    is("tenon_tasks_in_memory", 0.0);
    assert_eq!(sum(&samples, "tenon_tasks{"), 0.0, "{samples:?}");
    let seen = |part: &str| bench.world.count(part) as f64;
    let ledger = r#"tenon_request_seconds_count{connection="ledger"}"#;
    is(ledger, seen("ledger/"));
    is(r#"tenon_requests_total{connection="shop",outcome="answered"}"#, seen("shop/"));
    // Twenty a second, and several of each task.
    let waits = samples[r#"tenon_limit_wait_seconds_count{connection="ledger"}"#];
    assert!(waits > 0.0 && waits < samples[ledger], "{waits} of {}", samples[ledger]);
    is("tenon_store_commits_total", bench.store.counters().commits as f64);
    let families: BTreeSet<&str> = METRICS
        .iter()
        .map(|metric| metric.name)
        .filter(|name| samples.keys().any(|series| series.starts_with(name)))
        .collect();
    let all: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    let quiet_ones: Vec<&&str> = all.difference(&families).collect();
    assert_eq!(quiet_ones, [&"tenon_oldest_task_seconds"], "nothing waits for anything");
}

#[tokio::test(start_paused = true)]
async fn tasks_count_by_what_they_wait_for_and_so_they_do_after_a_restart() {
    let bench = Bench::new(4);
    let runtime = bench.start().await;
    start(&runtime, "later", "1").await;
    bench.pass(Duration::from_secs(100)).await;
    bench.world.books.lock().unwrap().down = true;
    for n in 2..30 {
        start(&runtime, "order", &format!("{n}")).await;
    }
    bench.pass(Duration::from_secs(60)).await;
    let down = r#"tenon_tasks{state="waiting",reason="connection_down"}"#;
    let signal = r#"{state="waiting",reason="signal"}"#;
    let check = |samples: &Samples| {
        // One of them may be out as the canary.
        assert!((27.0..=28.0).contains(&sum(samples, down)), "{samples:?}");
        assert_eq!(samples[&format!("tenon_tasks{signal}")], 1.0);
        let is_down = r#"tenon_connection_standing{connection="shop",standing="down"}"#;
        assert_eq!(samples[is_down], 1.0);
        assert!(samples[r#"tenon_connection_parked_tasks{connection="shop"}"#] >= 27.0);
    };
    let before = scraped(&runtime);
    check(&before);
    let oldest = format!("tenon_oldest_task_seconds{signal}");
    assert!((159.0..=161.0).contains(&before[&oldest]), "{}", before[&oldest]);
    assert!(before["tenon_timers"] >= 1.0);
    drop(runtime);
    let runtime = bench.start().await;
    bench.pass(Duration::from_secs(30)).await;
    let after = scraped(&runtime);
    let parked = r#"tenon_tasks{state="waiting",reason="connection_down"}"#;
    assert!(sum(&after, parked) >= 27.0, "{after:?}");
    assert!((189.0..=191.0).contains(&after[&oldest]), "{}", after[&oldest]);
    bench.world.books.lock().unwrap().down = false;
    bench.pass(Duration::from_secs(900)).await;
    let up = scraped(&runtime);
    assert_eq!(sum(&up, "tenon_tasks{"), 1.0, "only the one that waits for a signal: {up:?}");
    assert_eq!(up[r#"tenon_tasks_ended_total{flow="order",state="done"}"#], 28.0);
}

#[tokio::test(start_paused = true)]
async fn lanes_and_limits_are_reasons_though_no_row_tells_them() {
    let bench = Bench::new(7);
    let runtime = bench.start().await;
    for n in 0..100 {
        start(&runtime, "order", &format!("{n}")).await;
    }
    start(&runtime, "reads", "1").await;
    start(&runtime, "told", "1").await;
    // Twenty requests are let through in a second, and each takes 20 ms.
    bench.pass(Duration::from_millis(300)).await;
    let samples = scraped(&runtime);
    assert_eq!(samples[r#"tenon_tasks{state="queued",reason="lane"}"#], 2.0, "behind order 1");
    let at_gates = samples[r#"tenon_tasks{state="running",reason="limit"}"#];
    assert!(at_gates > 50.0, "{at_gates}");
    assert_eq!(sum(&samples, "tenon_limit_waiting_requests{"), at_gates);
    quiet(&runtime).await;
    assert_eq!(sum(&scraped(&runtime), "tenon_tasks{"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_failed_task_counts_until_somebody_closes_it() {
    let bench = Bench::new(5);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().refuse_booking = true;
    let task = start(&runtime, "order", "1").await;
    quiet(&runtime).await;
    let failed = r#"tenon_tasks{state="failed",reason="fault"}"#;
    assert_eq!(scraped(&runtime)[failed], 1.0);
    drop(runtime);
    let runtime = bench.start().await;
    bench.pass(Duration::from_secs(1)).await;
    assert_eq!(scraped(&runtime)[failed], 1.0, "found again");
    let none = Value::record(tenon_value::Record::new());
    runtime.verb(&task, "cancel", &none, &by()).await.unwrap();
    let closed = scraped(&runtime);
    assert_eq!(closed.get(failed), None);
    assert_eq!(closed[r#"tenon_tasks_ended_total{flow="order",state="cancelled"}"#], 1.0);
}
