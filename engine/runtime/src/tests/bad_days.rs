//! Days on which something outside of the engine goes wrong as a whole.

use super::*;

/// Starts so many orders.
async fn orders(runtime: &Runtime, names: std::ops::Range<u32>) -> Vec<String> {
    let mut tasks = Vec::new();
    for n in names {
        tasks.push(start(runtime, "order", &n.to_string()).await);
    }
    tasks
}

fn made_once(bench: &Bench, count: usize) {
    let books = bench.world.books.lock().unwrap();
    assert_eq!(books.creates.len(), count);
    assert!(books.creates.values().all(|times| *times == 1), "{:?}", books.creates);
    assert!(books.books.values().all(|times| *times == 1), "{:?}", books.books);
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_an_hour_holds_nobody_for_that_hour() {
    let bench = Bench::new(1);
    let runtime = bench.start().await;
    orders(&runtime, 0..30).await;
    bench.pass(Duration::from_millis(200)).await;
    bench.seam.set_back(3_600_000);
    orders(&runtime, 30..60).await;
    let began = tokio::time::Instant::now();
    quiet(&runtime).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert_eq!(states(&runtime).await, vec!["done"; 60]);
    made_once(&bench, 60);
}

#[tokio::test(start_paused = true)]
async fn an_outage_during_which_the_clock_is_set_back_ends_with_the_outage() {
    let bench = Bench::new(2);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().down = true;
    orders(&runtime, 0..20).await;
    bench.pass(Duration::from_secs(600)).await;
    bench.seam.set_back(3_600_000);
    bench.world.books.lock().unwrap().down = false;
    let began = tokio::time::Instant::now();
    quiet(&runtime).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(3_600), "{took:?}");
    assert_eq!(states(&runtime).await, vec!["done"; 20]);
    made_once(&bench, 20);
}

#[tokio::test(start_paused = true)]
async fn a_connection_removed_under_open_tasks_keeps_them_until_it_is_added_again() {
    let bench = Bench::new(3);
    let runtime = bench.start().await;
    let tasks = orders(&runtime, 0..20).await;
    bench.pass(Duration::from_millis(30)).await;
    runtime.remove_connection("ledger", &by()).await.unwrap();
    bench.pass(Duration::from_secs(600)).await;
    let asked = bench.world.count("ledger");
    let why = json::write(&runtime.why(&tasks[19]).await.unwrap());
    assert!(why.contains("anna removed its credentials"), "{why}");
    drop(runtime);
    let runtime = bench.with(Config { polls: false, ..Config::default() }).await;
    bench.pass(Duration::from_secs(3_600)).await;
    assert_eq!(bench.world.count("ledger"), asked, "nothing is sent, after a restart neither");
    let given = r#"{"base": "http://toy", "credentials": {"access": "1", "refresh": "1"}}"#;
    runtime.add_connection("ledger", &json::read(given).unwrap(), &by()).await.unwrap();
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 20]);
    made_once(&bench, 20);
}

#[tokio::test(start_paused = true)]
async fn a_connection_the_new_documents_do_not_name_fails_its_tasks_with_what_to_do() {
    let mut bench = Bench::new(4);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().ledger_down = true;
    let tasks = orders(&runtime, 0..10).await;
    bench.pass(Duration::from_secs(600)).await;
    runtime.stop(Duration::from_secs(1)).await;
    let ledger = bench.deployment.connections.remove("ledger").unwrap();
    let runtime = bench.start().await;
    quiet(&runtime).await;
    for task in &tasks {
        let row = runtime.settled(task).await.unwrap();
        assert_eq!(row.at("fault.code").as_text(), Some("CONNECTION_GONE"), "{row:?}");
        let said = row.at("fault.message").as_text().unwrap().to_owned();
        assert!(said.contains("has no connection `ledger`"), "{said}");
    }
    runtime.stop(Duration::from_secs(1)).await;
    bench.deployment.connections.insert("ledger".to_owned(), ledger);
    bench.world.books.lock().unwrap().ledger_down = false;
    let runtime = bench.start().await;
    for task in &tasks {
        runtime.verb(task, "retry", &Value::Missing, &by()).await.unwrap();
    }
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, vec!["done"; 10]);
    made_once(&bench, 10);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_webhooks_in_a_burst_are_kept_or_refused_and_none_is_lost() {
    let bench = Bench::new(5);
    let runtime = bench.start().await;
    let mut kept = 0;
    for n in 0..100_000 {
        // A shop tells of the same five hundred orders again and again.
        match runtime.accept(hook(&(n % 500).to_string(), &format!("d{n}"))).await {
            Ok(Accepted::Tasks { .. }) => kept += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(kept, 100_000);
    quiet(&runtime).await;
    made_once(&bench, 500);
    let ended = states(&runtime).await;
    assert!(ended.iter().all(|state| state == "done"), "{ended:?}");
}
