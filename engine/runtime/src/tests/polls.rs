//! Polls: every change once, resumable, from a mark that people can move.

use super::*;
use crate::seam::Seam;

fn polling() -> Config {
    Config::default()
}

#[tokio::test(start_paused = true)]
async fn every_change_since_the_mark_starts_one_task() {
    let bench = Bench::new(1);
    let born = bench.seam.now_ms();
    bench.world.books.lock().unwrap().shop.insert("0".to_owned(), born - 3_600_000);
    let mut runtime = bench.with(polling()).await;
    bench.pass(Duration::from_secs(40)).await;
    assert!(states(&runtime).await.is_empty(), "history begins with the first poll");
    for n in 1..=10 {
        let at = bench.seam.now_ms();
        bench.world.books.lock().unwrap().shop.insert(format!("{n}"), at);
        bench.pass(Duration::from_secs(11)).await;
        if n % 3 == 0 {
            drop(runtime);
            runtime = bench.with(polling()).await;
        }
    }
    bench.pass(Duration::from_secs(300)).await;
    assert_eq!(states(&runtime).await, vec!["done"; 10], "overlaps start nothing twice");
    let mark = runtime.history("toy").await.unwrap();
    let polled = mark.items().iter().find(|f| f.field("flow").as_text() == Some("polled"));
    assert!(polled.unwrap().field("last_loaded").as_text().is_some(), "{mark:?}");
    // A new version of a record is a new task; moving the mark back fetches what was before.
    let at = bench.seam.now_ms();
    bench.world.books.lock().unwrap().shop.insert("3".to_owned(), at);
    runtime.set_history("toy", "polled", born - 7_200_000, &by()).await.unwrap();
    bench.pass(Duration::from_secs(120)).await;
    assert_eq!(states(&runtime).await, vec!["done"; 12]);
    assert_eq!(bench.world.books.lock().unwrap().creates.len(), 11);
}
