use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value as Json;
use tokio::sync::mpsc;

use crate::config::SandboxConfig;
use crate::shopify::Shop;
use crate::shopify::kinds::Kind;
use crate::shopify::webhooks::{Manner, sign, topic_of};
use crate::{Clock, Limits, LimitsCell};

struct Got {
    headers: BTreeMap<String, String>,
    body: Json,
    raw: Vec<u8>,
}

/// A receiver that answers with the given statuses, then with 200, and reports what came.
async fn receiver(statuses: Vec<u16>) -> (String, mpsc::UnboundedReceiver<Got>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let statuses = Arc::new(Mutex::new(statuses.into_iter()));
    let take = move |headers: HeaderMap, raw: Bytes| {
        let (sender, statuses) = (sender.clone(), Arc::clone(&statuses));
        async move {
            let headers = headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect();
            let body = serde_json::from_slice(&raw).unwrap();
            sender.send(Got { headers, body, raw: raw.to_vec() }).unwrap();
            StatusCode::from_u16(statuses.lock().unwrap().next().unwrap_or(200)).unwrap()
        }
    };
    let router = Router::new().route("/in/{*topic}", post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/in", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, receiver)
}

fn shop(target: &str) -> Shop {
    let config = SandboxConfig {
        webhook_target: Some(target.to_owned()),
        limits: Limits { webhook_pause_divisor: 1_000_000, ..Limits::default() },
        ..SandboxConfig::default()
    };
    let limits = Arc::new(LimitsCell::new(config.limits.clone()));
    Shop::new(&config, Arc::new(Clock::new(None)), limits).unwrap()
}

#[test]
fn the_signature_is_what_another_tool_computes() {
    // printf '{"id":1}' | openssl dgst -sha256 -hmac hush -binary | base64
    assert_eq!(sign("hush", b"{\"id\":1}"), "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY=");
}

#[test]
fn topics_are_known_by_both_of_their_names() {
    assert_eq!(topic_of("ORDERS_CREATE"), "orders/create");
    assert_eq!(topic_of("ORDER_TRANSACTIONS_CREATE"), "order_transactions/create");
}

#[tokio::test]
async fn a_delivery_is_signed_and_has_every_header() {
    let (target, mut got) = receiver(vec![]).await;
    let shop = shop(&target);
    let id = shop.create(Kind::Authorized, 0).unwrap();
    let got = got.recv().await.unwrap();
    assert_eq!(got.body["admin_graphql_api_id"], id.as_str());
    let header = |name: &str| got.headers.get(name).unwrap().as_str();
    assert_eq!(header("x-shopify-topic"), "orders/create");
    assert_eq!(header("x-shopify-hmac-sha256"), sign("sandbox-webhook-secret", &got.raw));
    assert_eq!(header("x-shopify-shop-domain"), "sandbox-shop.myshopify.com");
    for name in ["api-version", "webhook-id", "event-id", "triggered-at"] {
        assert!(!header(&format!("x-shopify-{name}")).is_empty());
    }
}

#[tokio::test]
async fn a_delivery_that_failed_is_tried_again_with_the_same_id_and_body() {
    let (target, mut got) = receiver(vec![500, 503]).await;
    let shop = shop(&target);
    shop.create(Kind::Authorized, 0).unwrap();
    let mut tries = Vec::new();
    for _ in 0..3 {
        tries.push(got.recv().await.unwrap());
    }
    let id = |got: &Got| got.headers["x-shopify-webhook-id"].clone();
    assert!(tries.iter().all(|one| id(one) == id(&tries[0]) && one.raw == tries[0].raw));
}

#[tokio::test]
async fn one_event_has_one_event_id_and_a_webhook_id_for_each_topic() {
    let (target, mut got) = receiver(vec![]).await;
    let shop = shop(&target);
    shop.create(Kind::Card, 0).unwrap();
    let (first, second) = (got.recv().await.unwrap(), got.recv().await.unwrap());
    let of = |name: &str| (first.headers[name].clone(), second.headers[name].clone());
    let (one, other) = of("x-shopify-event-id");
    assert_eq!(one, other);
    let (one, other) = of("x-shopify-webhook-id");
    assert_ne!(one, other);
}

#[tokio::test]
async fn a_subscription_is_removed_after_eight_failed_tries_in_a_row() {
    let (target, mut got) = receiver(vec![500; 8]).await;
    let shop = shop(&target);
    shop.create(Kind::Authorized, 0).unwrap();
    for _ in 0..8 {
        got.recv().await.unwrap();
    }
    while shop.webhooks().counts().removed == 0 {
        tokio::task::yield_now().await;
    }
    let topics: Vec<String> = shop
        .webhooks()
        .subscriptions()
        .into_iter()
        .map(|subscription| subscription.topic)
        .collect();
    assert!(!topics.contains(&"orders/create".to_owned()), "{topics:?}");
    let counts = shop.webhooks().counts();
    assert_eq!((counts.tries, counts.failed_tries, counts.given_up), (8, 8, 1));
}

#[tokio::test]
async fn deliveries_are_doubled_and_turned_round_on_demand() {
    let (target, mut got) = receiver(vec![]).await;
    let shop = shop(&target);
    shop.webhooks().behave(Manner { double_every: 2, reorder: true, remove: true });
    for _ in 0..4 {
        shop.create(Kind::Authorized, 0).unwrap();
    }
    shop.webhooks().flush();
    let counts = shop.webhooks().counts();
    // Four deliveries; the second makes a double, which is the third, so the fourth makes one too.
    assert!(counts.doubled >= 1 && counts.reordered >= 4, "{counts:?}");
    let mut ids = Vec::new();
    for _ in 0..counts.deliveries {
        ids.push(got.recv().await.unwrap().headers["x-shopify-webhook-id"].clone());
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(all - ids.len(), usize::try_from(counts.doubled).unwrap());
}
