//! SIGTERM while many tasks are under way: the real engine ends in order, in time, and loses nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::{Stage, telling};

/// Orders in the shop, and a ledger that takes so many milliseconds for each answer.
async fn busy(orders: usize, slow_ms: u64, grace_s: u64) -> (Stage, Vec<String>) {
    let mut stage = Stage::set().await;
    stage.own_project();
    stage.collective_customer().await;
    let kinds = json!({"kind": "card", "count": orders});
    let made = stage.control("POST", "/control/shop/orders", kinds).await;
    let ids = made["orders"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned());
    let ids: Vec<String> = ids.collect();
    let slow = json!({"kind": "slow", "path": "/fortnox/3/*", "ms": slow_ms});
    stage.control("POST", "/control/faults", slow).await;
    stage.words = vec!["--grace-s".to_owned(), grace_s.to_string()];
    stage.serve();
    (stage, ids)
}

/// Waits until the ledger is asked by several tasks at once.
async fn under_way(stage: &Stage) {
    stage
        .until("tasks at work", async || {
            let status = stage.api("/status").await;
            (status["open"]["running"].as_i64().unwrap_or(0) >= 5).then_some(())
        })
        .await;
}

/// Tells the engine of orders, one after the other and again as the same webhooks, until it says that it
/// is going down. Gives the orders that were taken.
async fn refused_at_last(stage: &Stage, orders: &[String]) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    for order in orders.iter().cycle().take(50_000) {
        let webhook = stage.webhook("orders/create", &format!("late {order}"), &telling(order));
        let answer = webhook.send().await.expect("the server answers while it goes down");
        match answer.status().as_u16() {
            200 => {
                taken.insert(order.clone());
            }
            503 => {
                let after = answer.headers().get("retry-after").expect("Retry-After");
                let seconds: u64 = after.to_str().unwrap().parse().unwrap();
                assert!((1..=60).contains(&seconds));
                let refusal: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
                assert_eq!(refusal["code"], "ENGINE_STOPPING", "{refusal}");
                return taken;
            }
            other => panic!("{other}"),
        }
    }
    panic!("it never said so")
}

/// A new engine finds everything: what was acknowledged is done once, by the sandbox's own books.
async fn nothing_lost_or_doubled(stage: &mut Stage, acknowledged: &[String], orders: &[String]) {
    stage.control("DELETE", "/control/faults", Value::Null).await;
    stage.serve();
    stage.quiet().await;
    for order in acknowledged {
        assert_eq!(stage.task(order).await["state"], "done", "{order}");
    }
    for order in orders {
        if !acknowledged.contains(order) {
            stage.tell("orders/create", order).await;
        }
    }
    stage.quiet().await;
    let books = stage.control("GET", "/control/books", Value::Null).await;
    let all = i64::try_from(orders.len()).unwrap();
    let found = ["orders", "synced", "booked", "duplicates", "lost"].map(|name| &books[name]);
    assert_eq!(found, [all, all, all, 0, 0], "{books:#}");
    assert_eq!(books["totals_agree"], true, "{books:#}");
}

#[tokio::test]
async fn sigterm_ends_calls_under_way_refuses_webhooks_and_exits_with_nothing_lost() {
    let (mut stage, orders) = busy(40, 700, 20).await;
    let (early, late) = orders.split_at(24);
    for order in early {
        stage.tell("orders/create", order).await;
    }
    under_way(&stage).await;
    stage.engine.as_ref().unwrap().terminate();
    let mut acknowledged = early.to_vec();
    acknowledged.extend(refused_at_last(&stage, late).await);
    // Calls take 0.7 seconds: nothing waits for the end of the grace.
    let code = stage.engine.take().unwrap().ends_within(Duration::from_secs(15)).await;
    assert_eq!(code, 0);
    assert!(!stage.dir().join("api").exists() && !stage.dir().join("metrics-token").exists());
    nothing_lost_or_doubled(&mut stage, &acknowledged, &orders).await;
}

/// Posts webhooks until nobody answers any more. Gives the tasks that answers of 200 named, and how many
/// were refused for the moment.
async fn post_to_the_end(
    stage: &Stage,
    orders: &[String],
    own: usize,
) -> (BTreeSet<String>, usize) {
    let (mut tasks, mut refused) = (BTreeSet::new(), 0);
    for n in 0..100_000 {
        let order = &orders[n % orders.len()];
        let webhook = stage.webhook("orders/create", &format!("{own} {n}"), &telling(order));
        match webhook.post().await {
            Some((200, answer)) => {
                let named = answer["tasks"].as_array().unwrap();
                tasks.extend(named.iter().map(|task| task.as_str().unwrap().to_owned()));
            }
            Some((503, _)) => refused += 1,
            Some((status, answer)) => panic!("{status}: {answer}"),
            None => return (tasks, refused),
        }
    }
    panic!("the server never ended")
}

#[tokio::test]
async fn sigterm_in_a_burst_of_webhooks_keeps_every_one_that_was_answered_200() {
    let (mut stage, orders) = busy(12, 300, 20).await;
    for order in &orders {
        stage.tell("orders/create", order).await;
    }
    under_way(&stage).await;
    let posting = six_post(&stage, &orders);
    let ending = async {
        stage.until("a burst", async || (stage.deliveries().await > 100).then_some(())).await;
        stage.engine.as_ref().unwrap().terminate();
    };
    let (told, ()) = tokio::join!(posting, ending);
    let code = stage.engine.take().unwrap().ends_within(Duration::from_secs(15)).await;
    assert_eq!(code, 0);
    assert!(told.iter().all(|(_, refused)| *refused > 0), "each heard that it is going down");
    stage.control("DELETE", "/control/faults", Value::Null).await;
    stage.serve();
    stage.quiet().await;
    let tasks: BTreeSet<&String> = told.iter().flat_map(|(tasks, _)| tasks).collect();
    assert!(!tasks.is_empty());
    for task in tasks {
        assert_eq!(stage.api(&format!("/tasks/{task}")).await["state"], "done", "{task}");
    }
    let books = stage.control("GET", "/control/books", Value::Null).await;
    let found = ["orders", "synced", "booked", "duplicates", "lost"].map(|name| &books[name]);
    assert_eq!(found, [12, 12, 12, 0, 0], "{books:#}");
}

/// Six that post side by side.
async fn six_post(stage: &Stage, orders: &[String]) -> [(BTreeSet<String>, usize); 6] {
    let (a, b, c, d, e, f) = tokio::join!(
        post_to_the_end(stage, orders, 0),
        post_to_the_end(stage, orders, 1),
        post_to_the_end(stage, orders, 2),
        post_to_the_end(stage, orders, 3),
        post_to_the_end(stage, orders, 4),
        post_to_the_end(stage, orders, 5),
    );
    [a, b, c, d, e, f]
}

#[tokio::test]
async fn sigterm_leaves_a_call_that_takes_longer_than_the_grace_to_the_next_start() {
    let (mut stage, orders) = busy(8, 60_000, 1).await;
    for order in &orders {
        stage.tell("orders/create", order).await;
    }
    under_way(&stage).await;
    stage.engine.as_ref().unwrap().terminate();
    let code = stage.engine.take().unwrap().ends_within(Duration::from_secs(15)).await;
    assert_eq!(code, 0);
    nothing_lost_or_doubled(&mut stage, &orders, &orders).await;
}

#[tokio::test]
async fn a_second_sigterm_ends_the_server_at_once_and_loses_nothing_either() {
    let (mut stage, orders) = busy(20, 60_000, 600).await;
    let (early, late) = orders.split_at(8);
    for order in early {
        stage.tell("orders/create", order).await;
    }
    under_way(&stage).await;
    stage.engine.as_ref().unwrap().terminate();
    let mut acknowledged = early.to_vec();
    acknowledged.extend(refused_at_last(&stage, late).await);
    stage.engine.as_ref().unwrap().terminate();
    let code = stage.engine.take().unwrap().ends_within(Duration::from_secs(5)).await;
    assert_eq!(code, 128 + 15);
    nothing_lost_or_doubled(&mut stage, &acknowledged, &orders).await;
}
