//! Webhook intake: raw bytes in, proof checked, kept durably, answered.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use tenon_runtime::{Accepted, Incoming, Rejected};
use tenon_value::Value;

use crate::serve::{Shared, read_body, refuse, with_status};

/// `POST /in/CONNECTION/TOPIC`. The topic may hold slashes.
pub(crate) async fn receive(
    State(shared): State<Arc<Shared>>,
    Path((connection, topic)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = match read_body(body, shared.body_bytes).await {
        Ok(body) => body,
        Err(response) => return *response,
    };
    let headers = headers
        .iter()
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect();
    let incoming = Incoming { connection, topic, headers, body: body.to_vec() };
    match shared.runtime.accept(incoming).await {
        Ok(Accepted::Tasks { delivery, tasks }) => {
            let tasks = tasks.iter().map(|t| Value::text(t)).collect();
            let answer = [("delivery", Value::text(&delivery)), ("tasks", Value::list(tasks))];
            with_status(StatusCode::OK, &Value::of(answer))
        }
        Ok(Accepted::Duplicate) => {
            with_status(StatusCode::OK, &Value::of([("duplicate", Value::Bool(true))]))
        }
        Ok(Accepted::Rejected(rejected)) => {
            let (status, reason) = match &rejected {
                Rejected::Proof(reason) => (StatusCode::UNAUTHORIZED, reason),
                Rejected::Shape(reason) => (StatusCode::BAD_REQUEST, reason),
            };
            let answer = [("code", Value::text(rejected.code())), ("message", Value::text(reason))];
            with_status(status, &Value::of(answer))
        }
        Err(refusal) => refuse(&refusal),
    }
}
