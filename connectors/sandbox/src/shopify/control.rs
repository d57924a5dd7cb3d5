//! What tests and demonstrations may do to the shop, below `/control/shop/`, as JSON.
//!
//! | request | what |
//! |---|---|
//! | `GET /control/shop/orders` | every order with the totals the ledger should hold, and sums by currency |
//! | `GET /control/shop/kinds` | the names of the kinds of orders |
//! | `POST /control/shop/seed` | the 25 orders of the demonstration |
//! | `POST /control/shop/generate` | `{"count", "seed"}`: orders of the usual kinds, without webhooks |
//! | `POST /control/shop/orders` | `{"kind", "count", "seed", "per_second"}`: new orders, with webhooks |
//! | `POST /control/shop/orders/{which}/{change}` | `note`, `street`, `line`, `capture`, `cancel`, `fulfil`, `refund`; body `{"text"}` or `{"line", "quantity"}` where they need one |
//! | `POST /control/shop/example` | `{"payload", "open"}`: the order a webhook's body tells of |
//! | `GET /control/shop/webhooks` | subscriptions, manner and counts |
//! | `POST /control/shop/webhooks/subscribe` | `{"target"}` for the usual topics, or `{"topic", "address"}` |
//! | `POST /control/shop/webhooks/unsubscribe` | removes every subscription |
//! | `POST /control/shop/webhooks/manner` | `{"double_every", "reorder", "remove"}` |
//! | `POST /control/shop/webhooks/post` | `{"topic"}`: the webhook for every order |
//! | `POST /control/shop/webhooks/rotate` | `{"secret"}`: signs with another secret from now on |

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json as Body, Router};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::changes::{Change, ChangeError};
use super::example::Manner as Example;
use super::kinds::{Kind, Set};
use super::shop::{self, Shop};
use super::webhooks::Manner;

/// The shop's part of the control interface.
pub fn router(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/control/shop/orders", get(orders).post(create))
        .route("/control/shop/kinds", get(kinds))
        .route("/control/shop/seed", post(seed))
        .route("/control/shop/generate", post(generate))
        .route("/control/shop/orders/{which}/{change}", post(change))
        .route("/control/shop/example", post(example))
        .route("/control/shop/webhooks", get(webhooks))
        .route("/control/shop/webhooks/subscribe", post(subscribe))
        .route("/control/shop/webhooks/unsubscribe", post(unsubscribe))
        .route("/control/shop/webhooks/manner", post(manner))
        .route("/control/shop/webhooks/post", post(post_all))
        .route("/control/shop/webhooks/rotate", post(rotate))
        .with_state(shop)
}

fn bad(reason: impl ToString) -> Response {
    (StatusCode::BAD_REQUEST, Body(json!({"error": reason.to_string()}))).into_response()
}

async fn orders(State(shop): State<Arc<Shop>>) -> Response {
    let expected = shop.orders_expected();
    match shop::sums(&expected) {
        Ok(sums) => Body(json!({"orders": shop::shown(&expected), "sums": sums})).into_response(),
        Err(error) => bad(error),
    }
}

async fn kinds() -> Body<Json> {
    let kinds: Vec<Json> = Kind::ALL
        .iter()
        .map(|(_, name, set)| json!({"kind": name, "asked_only": *set == Set::Asked}))
        .collect();
    Body(Json::Array(kinds))
}

async fn seed(State(shop): State<Arc<Shop>>) -> Response {
    match shop.seed_demo() {
        Ok(count) => Body(json!({"orders": count})).into_response(),
        Err(error) => bad(error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Generate {
    count: usize,
    #[serde(default)]
    seed: u64,
}

async fn generate(State(shop): State<Arc<Shop>>, Body(asked): Body<Generate>) -> Response {
    match shop.generate(asked.count, asked.seed) {
        Ok(ids) => Body(json!({"orders": ids})).into_response(),
        Err(error) => bad(error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    kind: Option<String>,
    #[serde(default = "one")]
    count: u64,
    #[serde(default)]
    seed: u64,
    per_second: Option<u64>,
}

fn one() -> u64 {
    1
}

async fn create(State(shop): State<Arc<Shop>>, Body(asked): Body<Create>) -> Response {
    let usual: Vec<Kind> = Kind::ALL
        .iter()
        .filter(|(_, _, set)| *set == Set::Usual)
        .map(|(kind, _, _)| *kind)
        .collect();
    let named = match asked.kind.as_deref().map(|name| (name, Kind::named(name))) {
        Some((name, None)) => return bad(format!("there is no kind `{name}`")),
        Some((_, kind)) => kind,
        None => None,
    };
    let pause = asked.per_second.filter(|n| *n > 0).map(|n| Duration::from_millis(1_000 / n));
    let mut ids = Vec::new();
    for n in 0..asked.count {
        let draw = asked.seed.wrapping_add(n);
        let many = u64::try_from(usual.len()).unwrap_or(1).max(1);
        let place = usize::try_from(draw % many).unwrap_or(0);
        let kind = named.unwrap_or_else(|| usual.get(place).copied().unwrap_or(Kind::Card));
        match shop.create(kind, draw) {
            Ok(id) => ids.push(id),
            Err(error) => return bad(error),
        }
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }
    shop.webhooks().flush();
    Body(json!({"orders": ids})).into_response()
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Details {
    #[serde(default)]
    text: String,
    #[serde(default)]
    line: usize,
    #[serde(default)]
    quantity: Option<u32>,
}

async fn change(
    State(shop): State<Arc<Shop>>,
    Path((which, change)): Path<(String, String)>,
    details: Bytes,
) -> Response {
    let details = match details.is_empty() {
        true => Ok(Details::default()),
        false => serde_json::from_slice::<Details>(&details),
    };
    let details = match details {
        Ok(details) => details,
        Err(error) => return bad(error),
    };
    let change = match change.as_str() {
        "note" => Change::Note(details.text),
        "street" => Change::Street(details.text),
        "line" => Change::AddLine,
        "capture" => Change::Capture,
        "cancel" => Change::Cancel,
        "fulfil" => Change::Fulfil,
        "refund" => Change::Refund { line: details.line, quantity: details.quantity.unwrap_or(1) },
        other => return bad(format!("there is no change `{other}`")),
    };
    match shop.change(&which, &change) {
        Ok(stored) => {
            let shown = shop::shown(std::slice::from_ref(&stored.expected));
            Body(shown.into_iter().next().unwrap_or(Json::Null)).into_response()
        }
        Err(error @ ChangeError::NoSuchOrder(_)) => {
            (StatusCode::NOT_FOUND, Body(json!({"error": error.to_string()}))).into_response()
        }
        Err(error) => bad(error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Loaded {
    payload: Json,
    #[serde(default)]
    open: bool,
}

async fn example(State(shop): State<Arc<Shop>>, Body(asked): Body<Loaded>) -> Response {
    let manner = if asked.open { Example::Open } else { Example::AsItStands };
    match shop.load_webhook_example(&asked.payload, manner) {
        Ok(id) => Body(json!({"order": id})).into_response(),
        Err(error) => bad(error),
    }
}

async fn webhooks(State(shop): State<Arc<Shop>>) -> Body<Json> {
    let mut summary = shop.webhooks().summary();
    if let Json::Object(fields) = &mut summary {
        fields.insert("subscriptions".to_owned(), json!(shop.webhooks().subscriptions()));
    }
    Body(summary)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, untagged)]
enum Subscribe {
    Usual { target: String },
    One { topic: String, address: String },
}

async fn subscribe(State(shop): State<Arc<Shop>>, Body(asked): Body<Subscribe>) -> Body<Json> {
    match asked {
        Subscribe::Usual { target } => shop.webhooks().subscribe_usual(&target),
        Subscribe::One { topic, address } => drop(shop.webhooks().subscribe(&topic, &address)),
    }
    Body(json!({"subscriptions": shop.webhooks().subscriptions()}))
}

async fn unsubscribe(State(shop): State<Arc<Shop>>) -> StatusCode {
    shop.webhooks().unsubscribe_all();
    StatusCode::NO_CONTENT
}

async fn manner(State(shop): State<Arc<Shop>>, Body(manner): Body<Manner>) -> StatusCode {
    shop.webhooks().behave(manner);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Post {
    topic: String,
}

async fn post_all(State(shop): State<Arc<Shop>>, Body(asked): Body<Post>) -> Body<Json> {
    Body(json!({"posted": shop.post_all(&asked.topic)}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    secret: String,
}

async fn rotate(State(shop): State<Arc<Shop>>, Body(asked): Body<Rotate>) -> StatusCode {
    shop.webhooks().rotate(&asked.secret);
    StatusCode::NO_CONTENT
}
