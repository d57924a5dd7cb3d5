//! Nothing is lost and nothing is done twice, whatever is cut.

use std::time::Duration;

use super::*;

fn all_once(bench: &Bench, orders: usize) {
    let books = bench.world.books.lock().unwrap();
    assert_eq!(books.creates.len(), orders, "an order is missing");
    assert!(books.creates.values().all(|n| *n == 1), "created twice: {:?}", books.creates);
    assert_eq!(books.books.len(), orders, "a booking is missing");
    assert!(books.books.values().all(|n| *n == 1), "booked twice: {:?}", books.books);
}

#[tokio::test(start_paused = true)]
async fn an_order_is_written_once_and_booked_once() {
    let bench = Bench::new(1);
    let runtime = bench.start().await;
    let task = start(&runtime, "order", "1001").await;
    let row = runtime.settled(&task).await.unwrap();
    assert_eq!(row.field("state").as_text(), Some("done"), "{row:?}");
    assert_eq!(row.field("title").as_text(), Some("#1001"));
    all_once(&bench, 1);
    let known = runtime.record("1001").await.unwrap();
    assert_eq!(known.field("references").items()[0].field("target").as_text(), Some("100"));
    assert_eq!(known.field("sent").items()[0].at("document.Ref").as_text(), Some("1001"));
    let again = start(&runtime, "order", "1001").await;
    runtime.settled(&again).await.unwrap();
    all_once(&bench, 1);
}

#[tokio::test(start_paused = true)]
async fn each_way_of_losing_an_answer_ends_in_one_order() {
    for trick in [
        world::Trick::NotSent,
        world::Trick::LostBefore,
        world::Trick::LostAfter,
        world::Trick::LostThenActs,
        world::Trick::Broken,
        world::Trick::BrokenAfter,
        world::Trick::TooMany,
    ] {
        let bench = Bench::new(2);
        let runtime = bench.start().await;
        // Source read, search, then the create meets the trick.
        let tricks = [world::Trick::Work, world::Trick::Work, trick];
        bench.world.books.lock().unwrap().tricks.extend(tricks);
        let task = start(&runtime, "order", "7").await;
        let row = runtime.settled(&task).await.unwrap();
        assert_eq!(row.field("state").as_text(), Some("done"), "{trick:?}: {row:?}");
        all_once(&bench, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn crashes_at_random_points_in_a_faulty_world_change_nothing() {
    let (mut crashes, mut cut_calls) = (0, 0);
    for seed in 0..12 {
        let bench = Bench::new(seed);
        bench.world.books.lock().unwrap().chaos = 25;
        bench.world.books.lock().unwrap().takes_ms = 300;
        let orders = 12;
        let mut runtime = bench.start().await;
        for n in 0..orders {
            let record = format!("{}", 2000 + n);
            let first = posted(&runtime, &record, &format!("d{n}")).await;
            assert!(!first.is_empty());
        }
        for _ in 0..15 {
            // After a start the limits' windows of a second are taken as spent.
            let wait = 1_000 + bench.world.draw(400);
            bench.pass(Duration::from_millis(wait)).await;
            // A crash counts only while there is work.
            if states(&runtime).await.iter().any(|s| s != "done") {
                crashes += 1;
                cut_calls += usize::from(bench.world.under_way() > 0);
            }
            drop(runtime);
            runtime = bench.start().await;
        }
        quiet(&runtime).await;
        let states = states(&runtime).await;
        assert!(states.iter().all(|s| s == "done"), "seed {seed}: {states:?}");
        all_once(&bench, orders);
    }
    assert!(cut_calls * 3 >= crashes, "only {cut_calls} of {crashes} crashes cut a call");
}

#[tokio::test(start_paused = true)]
async fn a_delivery_counts_once_and_what_is_refused_is_kept() {
    let bench = Bench::new(3);
    let runtime = bench.start().await;
    posted(&runtime, "55", "d1").await;
    for _ in 0..4 {
        assert_eq!(runtime.accept(hook("55", "d1")).await.unwrap(), Accepted::Duplicate);
    }
    let mut forged = hook("66", "d2");
    forged.headers[0].1 = "wrong".to_owned();
    let refused = runtime.accept(forged).await.unwrap();
    assert!(matches!(refused, Accepted::Rejected(crate::Rejected::Proof(_))), "{refused:?}");
    let refused = runtime.accept(hook("{", "d3")).await.unwrap();
    assert!(matches!(refused, Accepted::Rejected(crate::Rejected::Shape(_))), "{refused:?}");
    quiet(&runtime).await;
    drop(runtime);
    let runtime = bench.start().await;
    assert_eq!(runtime.accept(hook("55", "d1")).await.unwrap(), Accepted::Duplicate);
    quiet(&runtime).await;
    all_once(&bench, 1);
    let query = crate::DeliveryQuery { acceptance: Some("rejected".to_owned()), limit: 10 };
    let rejected = runtime.deliveries(query).await.unwrap();
    assert_eq!(rejected.items().len(), 2);
    let text = json::write(&rejected);
    assert!(!text.contains("wrong"), "a proof is never kept: {text}");
}

#[tokio::test(start_paused = true)]
async fn the_same_start_key_gives_the_same_task() {
    let bench = Bench::new(4);
    let runtime = bench.start().await;
    let start = StartFlow { integration: None, flow: "order", record: "9", key: Some("k") };
    let first = runtime.start_flow(start, &by()).await.unwrap();
    assert_eq!(runtime.start_flow(start, &by()).await.unwrap(), first);
    quiet(&runtime).await;
    all_once(&bench, 1);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_renders_the_write_and_sends_none() {
    let bench = Bench::new(5);
    let runtime = bench.start().await;
    let start = StartFlow { integration: None, flow: "order", record: "31", key: None };
    let report = runtime.dry_run(start).await.unwrap();
    assert_eq!(report.at("end.state").as_text(), Some("done"), "{report:?}");
    let writes = report.field("would_send").items();
    assert_eq!(writes[0].at("record.Ref").as_text(), Some("31"));
    assert_eq!(bench.world.count("POST"), 0);
    assert!(states(&runtime).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_child_runs_in_its_parents_lane_and_is_found_again() {
    for seed in 0..6 {
        let bench = Bench::new(seed);
        let mut runtime = bench.start().await;
        let task = start(&runtime, "parent", "77").await;
        for _ in 0..4 {
            bench.pass(Duration::from_millis(bench.world.draw(60))).await;
            drop(runtime);
            runtime = bench.start().await;
        }
        let row = runtime.settled(&task).await.unwrap();
        assert_eq!(row.field("state").as_text(), Some("done"), "{row:?}");
        quiet(&runtime).await;
        assert_eq!(states(&runtime).await.len(), 2);
        all_once(&bench, 1);
    }
}
