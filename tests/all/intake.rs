//! Webhooks as a shop posts them, into the real engine: twice, wrongly signed, in the middle of a kill.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenon_sandbox::shopify::example::VENDORS_ORDERS_CREATE;

use crate::stage::{Stage, telling};

/// The vendor's own example, kept by the shop.
async fn example(stage: &Stage, open: bool) -> String {
    let payload: Value = serde_json::from_str(VENDORS_ORDERS_CREATE).unwrap();
    let body = json!({"payload": payload, "open": open});
    let kept = stage.control("POST", "/control/shop/example", body).await;
    let id = kept["order"].as_str().unwrap().to_owned();
    assert_eq!(id, payload["admin_graphql_api_id"]);
    assert!(!id.ends_with(&payload["id"].to_string()), "its numeric id was rounded");
    id
}

/// The ledger has the articles of the vendor's example.
pub async fn articles(stage: &Stage) {
    let payload: Value = serde_json::from_str(VENDORS_ORDERS_CREATE).unwrap();
    for line in payload["line_items"].as_array().unwrap() {
        let article = json!({"ArticleNumber": line["sku"], "Description": line["title"]});
        stage.in_ledger("POST", "/3/articles", json!({"Article": article})).await;
    }
}

#[tokio::test]
async fn the_vendors_example_posted_eleven_times_is_one_order() {
    let mut stage = Stage::set().await;
    let id = example(&stage, true).await;
    articles(&stage).await;
    stage.serve();
    let mut kinds = Vec::new();
    for n in 0..10 {
        let own = if n < 5 { "the same".to_owned() } else { format!("new {n}") };
        let webhook = stage.webhook("orders/create", &own, VENDORS_ORDERS_CREATE);
        let (status, answer) = webhook.post().await.unwrap();
        assert_eq!(status, 200, "{answer}");
        kinds.push(answer["duplicate"] == true);
    }
    assert_eq!(kinds, [false, true, true, true, true, false, false, false, false, false]);
    stage.quiet().await;
    stage.kill();
    stage.serve();
    let again = stage.webhook("orders/create", "after a restart", VENDORS_ORDERS_CREATE);
    assert_eq!(again.post().await.unwrap().0, 200);
    let repeated = stage.webhook("orders/create", "the same", VENDORS_ORDERS_CREATE);
    let (status, answer) = repeated.post().await.unwrap();
    assert_eq!((status, &answer["duplicate"]), (200, &Value::Bool(true)), "{answer}");
    stage.quiet().await;
    let name = stage.name_of(&id).await;
    let orders = stage.documents("orders", &name).await;
    assert_eq!(orders.len(), 1, "{orders:#?} {:#?}", stage.tasks("order", &id).await);
    assert_eq!(orders[0]["Currency"], "USD");
    assert_eq!(stage.documents("invoices", &name).await.len(), 1);
    let counts = stage.control("GET", "/control/counts", Value::Null).await;
    assert_eq!(counts["operations"]["POST /fortnox/3/orders"], json!({"201": 1}), "{counts}");
    let books = stage.control("GET", "/control/books", Value::Null).await;
    let found = ["orders", "synced", "booked", "duplicates", "lost"].map(|name| &books[name]);
    assert_eq!(found, [1, 1, 1, 0, 0], "{books:#}");
    assert_eq!(books["totals_agree"], true, "{books:#}");
    let mut tasks = stage.tasks("order", &id).await;
    tasks.retain(|task| task["trigger"] == "webhook");
    assert!(tasks.len() >= 3, "{tasks:#?}");
    assert!(tasks.iter().all(|task| task["state"] == "done"), "{tasks:#?}");
}

#[tokio::test]
async fn the_vendors_example_as_it_stands_is_one_skipped_task_with_its_reason() {
    let mut stage = Stage::set().await;
    let id = example(&stage, false).await;
    stage.serve();
    let webhook = stage.webhook("orders/create", "w", VENDORS_ORDERS_CREATE);
    let (status, answer) = webhook.post().await.unwrap();
    assert_eq!(status, 200, "{answer}");
    stage.quiet().await;
    let task = stage.task(&id).await;
    assert_eq!(task["state"], "skipped", "{task:#}");
    assert_eq!(task["id"], answer["tasks"][0]);
    assert!(task["reason"].to_string().contains("a test order"), "{task:#}");
    let why = stage.tenon(&["task", "why", task["id"].as_str().unwrap()]);
    assert!(why.contains("a test order"), "{why}");
    let books = stage.control("GET", "/control/books", Value::Null).await;
    let found = ["orders", "synced", "unwanted", "lost"].map(|name| &books[name]);
    assert_eq!(found, [1, 0, 0, 0], "{books:#}");
}

#[tokio::test]
async fn a_wrong_webhook_is_refused_kept_with_its_reason_and_starts_nothing() {
    let mut stage = Stage::set().await;
    stage.own_project();
    let (good, name) = stage.order("card").await;
    stage.serve();
    let forged = stage.webhook("orders/create", "forged", &telling(&good)).signed("guessed");
    let (status, answer) = forged.post().await.unwrap();
    assert_eq!((status, answer["code"].as_str()), (401, Some("WEBHOOK_PROOF")), "{answer}");
    let broken = stage.webhook("orders/create", "broken", "{\"admin_graphql_api_id\": \"gid:");
    let (status, answer) = broken.post().await.unwrap();
    assert_eq!((status, answer["code"].as_str()), (400, Some("WEBHOOK_SHAPE")), "{answer}");
    let nameless = stage.webhook("orders/create", "nameless", "{\"id\": 5}");
    let (status, answer) = nameless.post().await.unwrap();
    assert_eq!((status, answer["code"].as_str()), (400, Some("WEBHOOK_SHAPE")), "{answer}");
    let large = stage.webhook("orders/create", "large", &" ".repeat(10_000_000));
    // The server may hang up on a body it will not read to its end.
    if let Some((status, answer)) = large.post().await {
        assert_eq!((status, answer["code"].as_str()), (413, Some("BODY_TOO_LARGE")), "{answer}");
    }
    stage.kill();
    stage.serve();
    let rejected = stage.api("/deliveries?acceptance=rejected&limit=1000").await;
    let rejected = rejected.as_array().unwrap();
    assert_eq!(rejected.len(), 3, "{rejected:#?}");
    for one in rejected {
        let reason = one["reason"].as_str().unwrap();
        assert!(reason.len() > 15, "{reason}");
        assert!(one["task"].is_null(), "{one:#}");
    }
    assert!(stage.tasks("order", &good).await.is_empty());
    // The same webhook with the right proof is taken: a forgery uses no id up.
    let (status, answer) =
        stage.webhook("orders/create", "forged", &telling(&good)).post().await.unwrap();
    assert_eq!((status, &answer["duplicate"]), (200, &Value::Null), "{answer}");
    stage.quiet().await;
    assert_eq!(stage.documents("orders", &name).await.len(), 1);
}

/// Sixteen senders post everything; after so many answers the engine is killed. What was answered
/// by the place of the webhook, and what was not.
async fn burst(
    stage: &mut Stage,
    all: &[(String, String)],
    kill_after: usize,
) -> (BTreeMap<usize, Value>, Vec<usize>) {
    let (say, mut heard) = tokio::sync::mpsc::unbounded_channel();
    for sender in 0..16 {
        let webhooks: Vec<_> = (sender..all.len())
            .step_by(16)
            .map(|n| (n, stage.webhook(&all[n].0, &format!("burst {n}"), &telling(&all[n].1))))
            .collect();
        let say = say.clone();
        tokio::spawn(async move {
            for (n, webhook) in webhooks {
                let _ = say.send((n, webhook.post().await));
            }
        });
    }
    drop(say);
    let mut answered = BTreeMap::new();
    let mut unanswered = Vec::new();
    while let Some((n, answer)) = heard.recv().await {
        match answer {
            Some((200, answer)) => drop(answered.insert(n, answer)),
            _ => unanswered.push(n),
        }
        if answered.len() == kill_after && stage.engine.is_some() {
            stage.kill();
        }
    }
    (answered, unanswered)
}

#[tokio::test]
async fn nothing_answered_200_is_missing_after_a_kill_in_a_burst() {
    let mut stage = Stage::set().await;
    stage.collective_customer().await;
    let made =
        stage.control("POST", "/control/shop/generate", json!({"count": 30, "seed": 11})).await;
    let orders: Vec<String> = serde_json::from_value(made["orders"].clone()).unwrap();
    let all: Vec<(String, String)> = ["orders/create", "orders/updated", "orders/paid"]
        .iter()
        .flat_map(|topic| orders.iter().map(|order| ((*topic).to_owned(), order.clone())))
        .collect();
    stage.serve();
    let (answered, unanswered) = burst(&mut stage, &all, 40).await;
    assert!(answered.len() >= 40 && !unanswered.is_empty(), "{}", answered.len());
    stage.serve();
    let kept = stage.api("/deliveries?limit=1000").await;
    let kept: BTreeMap<&str, &Value> =
        kept.as_array().unwrap().iter().map(|d| (d["id"].as_str().unwrap(), d)).collect();
    for (n, answer) in &answered {
        let delivery = answer["delivery"].as_str().unwrap();
        let row = kept.get(delivery).unwrap_or_else(|| panic!("{delivery} is lost"));
        assert_eq!((&row["acceptance"], &row["record"]), (&json!("accepted"), &json!(all[*n].1)));
        let tasks = answer["tasks"].as_array().unwrap();
        assert!(!tasks.is_empty(), "{answer}");
        for task in tasks {
            let task = stage.api(&format!("/tasks/{}", task.as_str().unwrap())).await;
            assert_eq!(task["record"], all[*n].1);
        }
    }
    println!("{} answered before the kill, {} not", answered.len(), unanswered.len());
    for n in unanswered {
        let (topic, order) = &all[n];
        let again = stage.webhook(topic, &format!("burst {n}"), &telling(order));
        assert_eq!(again.post().await.unwrap().0, 200);
    }
    stage.quiet().await;
    let books = stage.control("GET", "/control/books", Value::Null).await;
    let found = ["orders", "duplicates", "lost", "unwanted"].map(|name| &books[name]);
    assert_eq!(found, [30, 0, 0, 0], "{books:#}");
    assert_eq!(books["totals_agree"], true, "{books:#}");
}
