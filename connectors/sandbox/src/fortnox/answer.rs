//! Requests and answers as the ledger sees them, and its refusals in the vendor's two spellings.

use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tenon_value::{Number, Value, json};

use super::http::{pairs, segments};

/// A request to the ledger.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// HTTP method.
    pub method: String,
    /// Path segments below `/fortnox`, decoded, empty ones left out: `["3", "orders", "7"]`.
    pub path: Vec<String>,
    /// Query parameters, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `TenantId` header, of the client credentials grant.
    pub tenant: Option<String>,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The `Accept` header.
    pub accept: Option<String>,
    /// The body as text.
    pub body: String,
}

impl Ask {
    /// A request to a path with its query, such as `/3/orders?filter=cancelled`; none where that is
    /// no address.
    #[must_use]
    pub fn to(method: &str, path: &str, body: &str) -> Option<Ask> {
        let uri: Uri = path.parse().ok()?;
        Some(Ask {
            method: method.to_owned(),
            path: segments(uri.path()),
            query: pairs(&uri),
            body: body.to_owned(),
            ..Ask::default()
        })
    }

    /// A query parameter's first value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What the ledger answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body; missing for an empty one.
    pub body: Value,
    /// Where the answer sends a browser, for the consent page.
    pub location: Option<String>,
}

/// The code of a refusal whose real code is not among the facts at hand.
pub const NO_CODE: i64 = 0;

impl Answer {
    /// An answer with a body.
    #[must_use]
    pub fn new(status: u16, body: Value) -> Answer {
        Answer { status, body, location: None }
    }

    /// One record in its envelope.
    #[must_use]
    pub fn record(status: u16, envelope: &str, record: Value) -> Answer {
        Answer::new(status, Value::of([(envelope, record)]))
    }

    /// A refusal spelled with capitals, as recorded where something was not found.
    #[must_use]
    pub fn not_found(code: i64, message: &str) -> Answer {
        let information = Value::of([
            ("Error", Value::from(Number::ONE)),
            ("Message", Value::text(message)),
            ("Code", Value::from(Number::from(code))),
        ]);
        Answer::record(404, "ErrorInformation", information)
    }

    /// A refusal spelled in lower case, as recorded where a request was not valid.
    #[must_use]
    pub fn refused(code: i64, message: &str) -> Answer {
        let information = Value::of([
            ("error", Value::from(Number::ONE)),
            ("message", Value::text(message)),
            ("code", Value::from(Number::from(code))),
        ]);
        Answer::record(400, "ErrorInformation", information)
    }

    /// The answer to a token that is not (or no longer) valid.
    #[must_use]
    pub fn unauthorised() -> Answer {
        Answer::new(401, Value::of([("message", Value::text("unauthorized"))]))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(location) = self.location {
            return (status, [(header::LOCATION, location)]).into_response();
        }
        if self.body == Value::Missing {
            return status.into_response();
        }
        let body = json::write(&self.body);
        (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}
