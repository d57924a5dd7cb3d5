//! The layer over both systems: buffers the request, counts it, and makes the fault that is due.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use crate::Parts;
use crate::faults::FaultKind;
use crate::serve::Cut;

/// The largest request body either system takes, in bytes.
const MAX_BODY: usize = 20 * 1024 * 1024;

/// Puts the fault layer over a router.
pub fn layer(router: Router, parts: Parts) -> Router {
    router.layer(from_fn_with_state(parts, meet))
}

async fn meet(State(parts): State<Parts>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let method = head.method.as_str().to_owned();
    let path = head.uri.path().to_owned();
    let text = String::from_utf8_lossy(&body).into_owned();
    let cut = head.extensions.get::<ConnectInfo<Cut>>().map(|info| info.0.clone());
    let fault = parts.faults.draw(&method, &path, &text);
    let headers = head.headers.clone();
    let request = Request::from_parts(head, Body::from(body));
    let operation = crate::books::operation_of(&method, &path, &text);
    let meeting = Meeting { parts: parts.clone(), cut, headers, operation: operation.clone() };
    let response = meeting.answer(fault, request, next).await;
    if let Some(response) = response {
        parts.counts.answered(&operation, response.status().as_u16());
        return response;
    }
    parts.counts.unanswered(&operation);
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(Unanswered);
    response
}

/// Marks the response of a request that gets no answer. Over HTTP the connection is closed and
/// nothing of it is seen; whoever calls the router without a connection finds this extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unanswered;

struct Meeting {
    parts: Parts,
    cut: Option<Cut>,
    headers: HeaderMap,
    operation: String,
}

impl Meeting {
    /// The answer; none when the connection was cut.
    async fn answer(
        self,
        fault: Option<(FaultKind, u64)>,
        request: Request,
        next: Next,
    ) -> Option<Response> {
        let Some((kind, ms)) = fault else { return Some(next.run(request).await) };
        match kind {
            FaultKind::Slow => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                Some(next.run(request).await)
            }
            FaultKind::Down => self.cut_now(),
            FaultKind::RateLimited => Some(StatusCode::TOO_MANY_REQUESTS.into_response()),
            FaultKind::ErrorBefore => Some(server_error()),
            FaultKind::ErrorAfter => {
                self.act(request, next).await;
                Some(server_error())
            }
            FaultKind::AnswerLost => {
                self.act(request, next).await;
                self.cut_now()
            }
            FaultKind::CutActsLater => {
                self.parts.faults.begins_later();
                let parts = self.parts.clone();
                let operation = self.operation.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    let response = next.run(request).await;
                    parts.counts.acted(&operation, response.status().as_u16());
                    parts.faults.acted_later();
                });
                self.cut_now()
            }
            FaultKind::TokenRevoked => {
                if let Some(token) = bearer(&self.headers) {
                    self.parts.ledger.revoke(token);
                }
                Some(unauthorised())
            }
        }
    }

    /// Lets the system act even if the caller goes away meanwhile.
    async fn act(&self, request: Request, next: Next) {
        let parts = self.parts.clone();
        let operation = self.operation.clone();
        let acting = tokio::spawn(async move {
            let response = next.run(request).await;
            parts.counts.acted(&operation, response.status().as_u16());
        });
        if let Err(error) = acting.await {
            tracing::warn!(%error, "a sandbox request did not end");
        }
    }

    fn cut_now(&self) -> Option<Response> {
        match &self.cut {
            Some(cut) => cut.now(),
            // Called as a router, without a connection: the mark on the response tells.
            None => tracing::debug!("no connection to cut"),
        }
        None
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn server_error() -> Response {
    let page = Bytes::from_static(b"<html><body><h1>502 Bad Gateway</h1></body></html>");
    (StatusCode::BAD_GATEWAY, [(header::CONTENT_TYPE, "text/html")], page).into_response()
}

fn unauthorised() -> Response {
    let body = r#"{"message":"unauthorized"}"#;
    (StatusCode::UNAUTHORIZED, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
