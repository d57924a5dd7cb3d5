//! Outages: the breaker, tokens, limits.

use super::*;
use crate::seam::Seam;

#[tokio::test(start_paused = true)]
async fn an_outage_parks_tasks_without_spending_their_budgets_and_releases_them() {
    let bench = Bench::new(1);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().down = true;
    let tasks: Vec<String> = {
        let mut all = Vec::new();
        for n in 0..60 {
            all.push(start(&runtime, "order", &format!("{n}")).await);
        }
        all
    };
    bench.pass(Duration::from_secs(3 * 3600)).await;
    let asked = bench.world.count("shop/get");
    assert!(asked < 120, "a canary at a time, not a storm: {asked}");
    let why = runtime.why(&tasks[40]).await.unwrap();
    assert!(json::write(&why).contains("shop is down"), "{why:?}");
    bench.world.books.lock().unwrap().down = false;
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 60]);
    let standing = runtime.connections().items()[1].field("standing").clone();
    assert_eq!(standing.as_text(), Some("up"));
}

#[tokio::test(start_paused = true)]
async fn while_a_canary_is_out_nobody_else_is_woken() {
    let bench = Bench::new(9);
    let runtime = bench.start().await;
    {
        let mut books = bench.world.books.lock().unwrap();
        books.down = true;
        books.takes_ms = 20_000;
    }
    for n in 0..20 {
        start(&runtime, "order", &format!("{n}")).await;
    }
    bench.pass(Duration::from_secs(3600)).await;
    let list = runtime.tasks(TaskQuery { limit: 100, ..TaskQuery::default() }).await.unwrap();
    for task in list.field("tasks").items() {
        let task = runtime.task(task.field("id").as_text().unwrap()).await.unwrap();
        let events = task.field("events").items().len();
        assert!(events < 100, "{events} events of a task that only waits");
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_renewed_once_for_all() {
    let bench = Bench::new(2);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().token = 1;
    for n in 0..10 {
        start(&runtime, "order", &format!("{n}")).await;
    }
    quiet(&runtime).await;
    // The peer takes the token back; every task meets it at once.
    let given = json::read(r#"{"credentials": {"access": "old"}}"#).unwrap();
    runtime.add_connection("ledger", &given, &by()).await.unwrap();
    for n in 10..30 {
        start(&runtime, "order", &format!("{n}")).await;
    }
    quiet(&runtime).await;
    assert_eq!(bench.world.count("POST token"), 1, "one refresh at a time");
    assert_eq!(states(&runtime).await, vec!["done"; 30]);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_token_that_is_taken_back_at_once_is_renewed_again() {
    let bench = Bench::new(7);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().take_back = 3;
    start(&runtime, "order", "1").await;
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"]);
    assert_eq!(bench.world.count("POST token"), 3);
}

#[tokio::test(start_paused = true)]
async fn who_waits_at_a_limit_goes_with_the_token_of_the_moment_it_goes() {
    let bench = Bench::new(8);
    let runtime = bench.start().await;
    for n in 0..80 {
        start(&runtime, "order", &format!("{n}")).await;
    }
    for _ in 0..4 {
        bench.world.books.lock().unwrap().take_back = 1;
        bench.pass(Duration::from_millis(3_500)).await;
    }
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 80]);
    let (renewed, refused) =
        (bench.world.count("POST token"), bench.world.books.lock().unwrap().refused);
    assert!((3..=4).contains(&renewed), "{renewed} renewals");
    // Those on their way with it, at most what the limit lets go at once; nobody at the gate.
    assert!(refused <= 4 * 20, "{refused} refused");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_whose_answer_is_lost_parks_the_account_until_it_is_authorised_again() {
    let bench = Bench::new(3);
    let mut runtime = bench.start().await;
    let given = json::read(r#"{"credentials": {"access": "old"}}"#).unwrap();
    runtime.add_connection("ledger", &given, &by()).await.unwrap();
    bench.world.books.lock().unwrap().lose_refresh = 1;
    for n in 0..8 {
        start(&runtime, "order", &format!("{n}")).await;
    }
    bench.pass(Duration::from_secs(60)).await;
    for restart in [false, true] {
        if restart {
            drop(runtime);
            runtime = bench.start().await;
            bench.pass(Duration::from_secs(60)).await;
        }
        let ledger = runtime.connections().items()[0].clone();
        assert_eq!(ledger.field("standing").as_text(), Some("auth"), "{ledger:?}");
        assert_eq!(states(&runtime).await, vec!["waiting"; 8]);
    }
    assert_eq!(bench.world.count("POST token"), 2, "tried once more with the old token");
    let token = bench.world.books.lock().unwrap().token;
    let given = format!(r#"{{"credentials": {{"access": "{token}", "refresh": "{token}"}}}}"#);
    runtime.add_connection("ledger", &json::read(&given).unwrap(), &by()).await.unwrap();
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 8]);
    let dump = bench.store.dump();
    let canary = |bytes: &[u8]| bytes.windows(8).any(|w| w == b"\"refresh");
    assert!(!dump.iter().any(|(_, value)| canary(value)), "credentials are sealed");
}

#[tokio::test(start_paused = true)]
async fn a_paused_connection_parks_and_a_resumed_one_releases() {
    let bench = Bench::new(4);
    let runtime = bench.start().await;
    runtime.pause_connection("ledger", &by()).await.unwrap();
    let task = start(&runtime, "order", "1").await;
    bench.pass(Duration::from_secs(600)).await;
    let why = json::write(&runtime.why(&task).await.unwrap());
    assert!(why.contains("paused by anna"), "{why}");
    drop(runtime);
    let runtime = bench.start().await;
    bench.pass(Duration::from_secs(600)).await;
    assert_eq!(states(&runtime).await, vec!["waiting"], "a restart does not forget the pause");
    runtime.resume_connection("ledger", &by()).await.unwrap();
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"]);
}

#[tokio::test(start_paused = true)]
async fn an_accounts_limit_holds_for_all_its_flows_together() {
    let bench = Bench::new(5);
    let runtime = bench.start().await;
    let began = bench.seam.now_ms();
    for n in 0..50 {
        start(&runtime, "order", &format!("{n}")).await;
    }
    quiet(&runtime).await;
    let took = bench.seam.now_ms() - began;
    let ledger = i64::try_from(bench.world.count("ledger/")).unwrap();
    assert!(took >= (ledger / 20 - 1) * 1_000, "{ledger} requests in {took} ms");
}

#[tokio::test(start_paused = true)]
async fn a_stop_drains_and_the_rest_is_found_again() {
    let bench = Bench::new(6);
    let runtime = bench.start().await;
    let mut last = String::new();
    for n in 0..40 {
        last = start(&runtime, "order", &format!("{n}")).await;
    }
    bench.pass(Duration::from_millis(30)).await;
    let why = json::write(&runtime.why(&last).await.unwrap());
    assert!(why.contains("room under the limit of connection shop"), "{why}");
    let began = bench.seam.now_ms();
    runtime.stop(Duration::from_secs(10)).await;
    assert!(bench.seam.now_ms() - began < 1_000, "whoever waits at a limit is let go at once");
    let asked = bench.world.count("");
    bench.pass(Duration::from_secs(100)).await;
    assert_eq!(bench.world.count(""), asked, "nothing is sent after the stop");
    let runtime = bench.start().await;
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 40]);
}
