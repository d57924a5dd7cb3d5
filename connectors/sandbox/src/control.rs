//! The control interface: faults, clock, limits, counts, state and books, as JSON.
//!
//! | request | what |
//! |---|---|
//! | `POST /control/faults` | adds rules: one [`FaultRule`](crate::faults::FaultRule) or a list of them |
//! | `GET /control/faults`, `DELETE /control/faults` | the rules in force; takes them away, with `?kind=down` only those |
//! | `POST /control/faults/every` | one rule of every kind: `{"per_mille", "ms"}` |
//! | `GET /control/counts` | requests per operation and status, 429s, faults made, cut requests yet to act |
//! | `GET /control/books` | the oracle: shop orders against ledger documents |
//! | `GET /control/state` | what is in the ledger and the shop, in numbers |
//! | `POST /control/reset` | ledger, shop, faults and counts as at the start |
//! | `GET, POST /control/limits` | rate limits and lifetimes; a POST changes the named ones |
//! | `POST /control/clock` | `{"advance_ms": 1}` or `{"freeze_at_ms": 1}` or `{"run": true}` |
//! | `POST /control/fortnox/consent` | an authorisation code, as if a person had agreed: `{"code"}` |
//! | `POST /control/fortnox/tokens` | a fresh pair of tokens: `{"access_token", "refresh_token", …}` |
//! | `POST /control/fortnox/revoke` | revokes every token |
//! | `POST /control/fortnox/locked` | locks the periods up to a day: `{"until": "2026-01-31"}` or null |
//! | `POST /control/fortnox/ask` | what a person does in the ledger, without token or limit: `{"method", "path", "body"}`, the path as in `/3/invoices/7/bookkeep` |
//! | `GET /control/fortnox/records/{resource}` | every record of a resource, as stored |
//! | `/control/shop/...` | the shop's own: see [`crate::shopify`] |

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value as Data, json};

use crate::Parts;
use crate::books;
use crate::config::Limits;
use crate::faults::{FaultKind, FaultRule};
use crate::fortnox;

/// The control interface of a sandbox.
pub fn router(parts: Parts) -> Router {
    Router::new()
        .route("/control/faults", get(fault_rules).post(add_faults).delete(clear_faults))
        .route("/control/faults/every", post(every_fault))
        .route("/control/counts", get(counts))
        .route("/control/books", get(books_of))
        .route("/control/state", get(state))
        .route("/control/reset", post(reset))
        .route("/control/limits", get(limits).post(set_limits))
        .route("/control/clock", post(clock))
        .route("/control/fortnox/consent", post(consent))
        .route("/control/fortnox/tokens", post(tokens))
        .route("/control/fortnox/revoke", post(revoke))
        .route("/control/fortnox/locked", post(locked))
        .route("/control/fortnox/ask", post(ask))
        .route("/control/fortnox/records/{resource}", get(records))
        .with_state(parts)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Rules {
    Many(Vec<FaultRule>),
    One(FaultRule),
}

async fn fault_rules(State(parts): State<Parts>) -> Json<Vec<FaultRule>> {
    Json(parts.faults.rules())
}

async fn add_faults(State(parts): State<Parts>, Json(rules): Json<Rules>) -> Json<Vec<FaultRule>> {
    match rules {
        Rules::Many(rules) => parts.faults.add(rules),
        Rules::One(rule) => parts.faults.add([rule]),
    }
    Json(parts.faults.rules())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Every {
    per_mille: u32,
    ms: u64,
}

async fn every_fault(State(parts): State<Parts>, Json(every): Json<Every>) -> Json<Vec<FaultRule>> {
    parts.faults.add(FaultRule::every_kind(every.per_mille, every.ms));
    Json(parts.faults.rules())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    kind: Option<FaultKind>,
}

async fn clear_faults(State(parts): State<Parts>, Query(which): Query<Which>) -> StatusCode {
    parts.faults.clear(which.kind);
    StatusCode::NO_CONTENT
}

async fn counts(State(parts): State<Parts>) -> Json<Data> {
    let counts = parts.counts.now();
    Json(json!({
        "requests": counts.requests,
        "rate_limited": counts.rate_limited,
        "unanswered": counts.unanswered,
        "operations": counts.operations,
        "faults": parts.faults.made(),
        "acting_later": parts.faults.acting_later(),
    }))
}

async fn books_of(State(parts): State<Parts>) -> Json<books::Books> {
    Json(books::audit(
        &parts.config.reference_prefix,
        &parts.shop.orders_expected(),
        &parts.ledger.documents(),
    ))
}

async fn state(State(parts): State<Parts>) -> Json<Data> {
    Json(json!({
        "now_ms": parts.clock.now_ms(),
        "ledger": parts.ledger.summary(),
        "shop": parts.shop.summary(),
        "limits": parts.limits.now(),
    }))
}

async fn reset(State(parts): State<Parts>) -> StatusCode {
    parts.ledger.reset();
    parts.shop.reset();
    parts.faults.reset();
    parts.counts.reset();
    StatusCode::NO_CONTENT
}

async fn limits(State(parts): State<Parts>) -> Json<Limits> {
    Json(parts.limits.now())
}

async fn set_limits(
    State(parts): State<Parts>,
    Json(changes): Json<Map<String, Data>>,
) -> Response {
    let mut limits = match serde_json::to_value(parts.limits.now()) {
        Ok(Data::Object(limits)) => limits,
        _ => Map::new(),
    };
    limits.extend(changes);
    match serde_json::from_value::<Limits>(Data::Object(limits)) {
        Ok(limits) => {
            parts.limits.set(limits.clone());
            Json(limits).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    #[serde(default)]
    advance_ms: i64,
    #[serde(default)]
    freeze_at_ms: Option<i64>,
    #[serde(default)]
    run: bool,
}

async fn clock(State(parts): State<Parts>, Json(change): Json<ClockChange>) -> Json<Data> {
    if change.run || change.freeze_at_ms.is_some() {
        parts.clock.freeze(change.freeze_at_ms);
    }
    parts.clock.advance(change.advance_ms);
    Json(json!({ "now_ms": parts.clock.now_ms() }))
}

async fn consent(State(parts): State<Parts>) -> Json<Data> {
    Json(json!({ "code": parts.ledger.consent() }))
}

async fn tokens(State(parts): State<Parts>) -> Response {
    parts.ledger.issue_tokens().into_response()
}

async fn revoke(State(parts): State<Parts>) -> StatusCode {
    parts.ledger.revoke_all();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Locked {
    until: Option<String>,
}

async fn locked(State(parts): State<Parts>, Json(locked): Json<Locked>) -> Response {
    match parts.ledger.lock_until(locked.until.as_deref()) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(reason) => (StatusCode::BAD_REQUEST, reason).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByHand {
    method: String,
    path: String,
    #[serde(default)]
    body: Data,
}

async fn ask(State(parts): State<Parts>, Json(by_hand): Json<ByHand>) -> Response {
    let body = if by_hand.body.is_null() { String::new() } else { by_hand.body.to_string() };
    let (method, path) = (by_hand.method.as_str(), by_hand.path.as_str());
    match fortnox::Ask::to(method, path, &body) {
        Some(ask) => parts.ledger.by_hand(&ask).into_response(),
        None => (StatusCode::BAD_REQUEST, "path is no address").into_response(),
    }
}

async fn records(State(parts): State<Parts>, Path(resource): Path<String>) -> Response {
    let records = tenon_value::Value::list(parts.ledger.records(&resource));
    fortnox::Answer::new(200, records).into_response()
}
