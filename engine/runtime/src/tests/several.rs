//! Several steps of one task under way, and waiting for what others do.

use std::time::Duration;

use super::*;

async fn signal(runtime: &Runtime, task: &str, name: &str) -> Result<Value, crate::Refusal> {
    let with = Value::of([("name", Value::text(name)), ("value", "yes".into())]);
    runtime.verb(task, "signal", &with, &by()).await
}

async fn state(runtime: &Runtime, task: &str) -> String {
    runtime.task(task).await.unwrap().field("state").as_text().unwrap().to_owned()
}

fn reasons(why: &Value) -> Vec<String> {
    let first = &why.field("chain").items()[0];
    let all = std::iter::once(first.field("reason")).chain(first.field("also").items());
    all.map(|reason| reason.field("reason").as_text().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn two_reads_side_by_side_take_the_time_of_one() {
    let bench = Bench::new(1);
    bench.world.books.lock().unwrap().takes_ms = 1_000;
    let runtime = bench.start().await;
    let began = bench.seam.now_ms();
    let task = start(&runtime, "reads", "1").await;
    runtime.settled(&task).await.unwrap();
    let took = bench.seam.now_ms() - began;
    assert!((2_000..2_900).contains(&took), "the source, then both at once: {took} ms");
}

#[tokio::test(start_paused = true)]
async fn branches_wait_each_for_its_own_and_a_restart_forgets_nothing() {
    let bench = Bench::new(2);
    let runtime = bench.start().await;
    let task = start(&runtime, "side", "8").await;
    bench.pass(Duration::from_secs(5)).await;
    assert_eq!(bench.world.count("create"), 1, "a branch that waits holds up no other");
    let why = runtime.why(&task).await.unwrap();
    assert_eq!(reasons(&why), ["document", "signal"], "{why:?}");
    drop(runtime);
    let runtime = bench.start().await;
    bench.pass(Duration::from_secs(1)).await;
    let other = start(&runtime, "order", "9").await;
    runtime.settled(&other).await.unwrap();
    bench.pass(Duration::from_secs(1)).await;
    let why = runtime.why(&task).await.unwrap();
    assert_eq!(reasons(&why), ["signal"], "the document came: {why:?}");
    signal(&runtime, &task, "go").await.unwrap();
    let row = runtime.settled(&task).await.unwrap();
    assert_eq!(row.field("state").as_text(), Some("done"), "{row:?}");
    assert_eq!(bench.world.books.lock().unwrap().creates.len(), 2);
    assert_eq!(signal(&runtime, &task, "go").await.unwrap_err().code, "VERB_REFUSED");
    let nameless = runtime.verb(&task, "signal", &Value::of([]), &by()).await.unwrap_err();
    assert_eq!(nameless.kind, crate::RefusalKind::Invalid);
}

#[tokio::test(start_paused = true)]
async fn a_reference_that_a_person_adds_lets_a_task_go_on() {
    let bench = Bench::new(3);
    let runtime = bench.start().await;
    let task = start(&runtime, "side", "8").await;
    signal(&runtime, &task, "go").await.unwrap();
    bench.pass(Duration::from_secs(5)).await;
    assert_eq!(state(&runtime, &task).await, "waiting");
    let link = crate::Link { entity: "order", source: "9", target: "77", hands_off: false };
    runtime.add_reference("toy", link, &by()).await.unwrap();
    let row = runtime.settled(&task).await.unwrap();
    assert_eq!(row.field("state").as_text(), Some("done"), "{row:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_with_a_limit_is_over_after_a_restart_too() {
    let bench = Bench::new(4);
    let runtime = bench.start().await;
    let task = start(&runtime, "later", "8").await;
    bench.pass(Duration::from_secs(3_600)).await;
    assert_eq!(state(&runtime, &task).await, "waiting");
    drop(runtime);
    bench.pass(Duration::from_secs(100_000)).await;
    let runtime = bench.start().await;
    let row = runtime.settled(&task).await.unwrap();
    assert_eq!(row.field("state").as_text(), Some("done"), "caught, and written: {row:?}");
    assert_eq!(bench.world.count("create"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_parent_names_the_child_that_asks_a_person() {
    let bench = Bench::new(5);
    let runtime = bench.start().await;
    for id in ["301", "302"] {
        let there = Value::of([("Id", Value::text(id)), ("Ref", "9".into())]);
        bench.world.books.lock().unwrap().ledger.insert(id.to_owned(), there);
    }
    let parent = start(&runtime, "parent", "9").await;
    bench.pass(Duration::from_secs(5)).await;
    let why = runtime.why(&parent).await.unwrap();
    let chain = why.field("chain").items();
    let child = format!("{parent}.child");
    assert_eq!(chain[0].at("reason.asks").as_text(), Some(child.as_str()), "{why:?}");
    assert_eq!(chain[1].field("state").as_text(), Some("needs_person"));
    let verbs = json::write(why.field("verbs"));
    assert!(verbs.contains(&format!("tenon task link {child}")), "{verbs}");
    runtime.verb(&child, "create_new", &Value::of([]), &by()).await.unwrap();
    let row = runtime.settled(&parent).await.unwrap();
    assert_eq!(row.field("state").as_text(), Some("done"), "{row:?}");
}

#[tokio::test(start_paused = true)]
async fn crashes_at_random_points_of_branches_change_nothing() {
    for seed in 0..8 {
        let bench = Bench::new(seed);
        bench.world.books.lock().unwrap().chaos = 20;
        bench.world.books.lock().unwrap().takes_ms = 200;
        let mut runtime = bench.start().await;
        let mut tasks = Vec::new();
        for n in 0..6 {
            tasks.push(start(&runtime, "side", &format!("{}", 20 + n)).await);
        }
        tasks.push(start(&runtime, "order", "9").await);
        for _ in 0..10 {
            bench.pass(Duration::from_millis(bench.world.draw(900))).await;
            drop(runtime);
            runtime = bench.start().await;
        }
        for task in tasks.iter().take(6) {
            signal(&runtime, task, "go").await.unwrap();
        }
        quiet(&runtime).await;
        let states = states(&runtime).await;
        assert!(states.iter().all(|state| state == "done"), "seed {seed}: {states:?}");
        let books = bench.world.books.lock().unwrap();
        assert_eq!(books.creates.len(), 7, "seed {seed}");
        assert!(books.creates.values().all(|n| *n == 1), "seed {seed}: {:?}", books.creates);
        assert!(books.books.values().all(|n| *n == 1), "seed {seed}: {:?}", books.books);
    }
}
