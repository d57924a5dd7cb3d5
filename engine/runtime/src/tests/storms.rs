//! Storms: an outage under thousands of tasks, and a flow with few records beside one with very many.

use super::*;
use crate::seam::Seam;

/// The ledger's limit in these tests: so many requests in any second.
const LIMIT: usize = 20;

/// Most requests of the ledger within any second, of those seen from an instant on.
fn busiest(seen: &[(i64, bool)], from: i64) -> usize {
    let times: Vec<i64> = seen.iter().filter(|(at, _)| *at >= from).map(|(at, _)| *at).collect();
    let inside = |n: usize| times[n..].iter().take_while(|at| **at < times[n] + 1_000).count();
    (0..times.len()).map(inside).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_twenty_minutes_under_five_thousand_tasks_costs_nothing_but_time() {
    let bench = Bench::new(11);
    let runtime = bench.start().await;
    let mut tasks = Vec::new();
    for n in 0..5_000 {
        tasks.push(start(&runtime, "order", &format!("{n}")).await);
    }
    bench.pass(Duration::from_secs(5)).await;
    let down_at = bench.seam.now_ms();
    bench.world.books.lock().unwrap().ledger_down = true;
    for minute in 1..=20 {
        bench.pass(Duration::from_secs(60)).await;
        let why = json::write(&runtime.why(&tasks[4_000 + minute]).await.unwrap());
        let explained = [
            "ledger is down, probed next at",
            "under the limit of connection shop",
            "tasks of flow order wait for their turn",
        ];
        assert!(explained.iter().any(|part| why.contains(part)), "minute {minute}: {why}");
    }
    let seen = bench.world.books.lock().unwrap().ledger_times.clone();
    let while_down = seen.iter().filter(|(at, _)| *at > down_at + 2_000).count();
    assert!(while_down <= 12, "only canaries: {while_down} requests in twenty minutes");
    bench.world.books.lock().unwrap().ledger_down = false;
    let up_at = bench.seam.now_ms();
    for task in &tasks {
        let row = runtime.settled(task).await.unwrap();
        assert_eq!(row.field("state").as_text(), Some("done"), "{row:?}");
    }
    let seen = bench.world.books.lock().unwrap().ledger_times.clone();
    let most = busiest(&seen, up_at);
    assert!(most <= LIMIT, "{most} requests in a second after the return");
    let mut spent = 0;
    for task in &tasks {
        let task = json::write(&runtime.task(task).await.unwrap());
        spent += task.matches("\"event\":\"faulted\"").count();
    }
    assert!(spent <= 8, "{spent} tries were spent before the breaker opened, none after");
    let books = bench.world.books.lock().unwrap();
    assert!(books.creates.len() == 5_000 && books.creates.values().all(|n| *n == 1));
}

/// Starts ten records of the flow `few` and gives how long they took.
async fn few(bench: &Bench, runtime: &Runtime) -> i64 {
    few_named(bench, runtime, "few").await
}

async fn few_named(bench: &Bench, runtime: &Runtime, name: &str) -> i64 {
    let began = bench.seam.now_ms();
    let mut tasks = Vec::new();
    for n in 0..10 {
        tasks.push(start(runtime, "few", &format!("{name}-{n}")).await);
    }
    for task in tasks {
        let row = runtime.settled(&task).await.unwrap();
        assert_eq!(row.field("state").as_text(), Some("done"), "{row:?}");
    }
    bench.seam.now_ms() - began
}

fn with_few(seed: u64) -> Bench {
    let mut bench = Bench::new(seed);
    let mut graph = bench.deployment.graphs["order"].clone();
    graph.flow = "few".to_owned();
    graph.triggers.webhook.clear();
    bench.deployment.graphs.insert("few".to_owned(), graph);
    bench
}

#[tokio::test(start_paused = true)]
async fn ten_records_do_not_wait_behind_fifty_thousand_of_another_flow() {
    let bench = with_few(12);
    let runtime = bench.start().await;
    // Alone, on an account whose windows were in use just before.
    few(&bench, &runtime).await;
    let alone = few_named(&bench, &runtime, "again").await;
    drop(runtime);
    let bench = with_few(13);
    let runtime = bench.start().await;
    for n in 0..50_000 {
        start(&runtime, "order", &format!("{n}")).await;
    }
    bench.pass(Duration::from_secs(60)).await;
    let beside = few(&bench, &runtime).await;
    println!("alone {alone} ms, beside fifty thousand {beside} ms");
    assert!(beside <= alone + 1_000, "alone {alone} ms, beside fifty thousand {beside} ms");
}
