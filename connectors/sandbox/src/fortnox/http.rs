//! The ledger on HTTP: takes a request apart, lets the ledger answer, sends the answer.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::{Ask, Ledger};

/// The largest body the ledger takes, in bytes.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// The ledger's interface below `/fortnox`.
pub fn router(ledger: Arc<Ledger>) -> Router {
    Router::new().route("/fortnox/{*path}", any(answer)).with_state(ledger)
}

async fn answer(State(ledger): State<Arc<Ledger>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let ask = Ask {
        method: head.method.as_str().to_owned(),
        path: segments(head.uri.path().strip_prefix("/fortnox").unwrap_or_default()),
        query: pairs(&head.uri),
        authorization: header(&head.headers, "authorization"),
        tenant: header(&head.headers, "tenantid"),
        content_type: header(&head.headers, "content-type"),
        accept: header(&head.headers, "accept"),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    ledger.answer(&ask).into_response()
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The decoded segments of a path.
#[must_use]
pub fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(decoded).collect()
}

/// The decoded pairs of a query.
#[must_use]
pub fn pairs(uri: &Uri) -> Vec<(String, String)> {
    Query::<Vec<(String, String)>>::try_from_uri(uri).map(|query| query.0).unwrap_or_default()
}

/// The decoded pairs of a form body.
#[must_use]
pub fn form(body: &str) -> Vec<(String, String)> {
    format!("/?{}", body.trim()).parse::<Uri>().map(|uri| pairs(&uri)).unwrap_or_default()
}

fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = match tail {
            [high, low, ..] if *first == b'%' => hex_byte(*high, *low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_forms_are_decoded() {
        assert_eq!(segments("/3/articles/A%2FB"), ["3", "articles", "A/B"]);
        assert_eq!(segments("/3/orders/"), ["3", "orders"]);
        let form = form("grant_type=refresh_token&refresh_token=a%2Bb+c");
        assert_eq!(form[1], ("refresh_token".to_owned(), "a+b c".to_owned()));
    }
}
