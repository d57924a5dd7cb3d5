//! `GET /metrics`: what a scraper reads, under a token that opens nothing else.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tenon_runtime::{Refusal, RefusalKind, Seam};

use crate::codes;
use crate::door::{ApiFile, DoorError, place, remove};
use crate::serve::{Shared, allowed, with_status};

/// What the answer is, for whoever asks for a kind.
const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The file with the scraper's token: the bare token, new at every start of a server, so that a
/// scraper that reads it at every scrape needs no other setting.
pub(crate) struct ScrapeToken {
    pub(crate) token: String,
    path: Option<PathBuf>,
}

impl ScrapeToken {
    /// A new token, and its file where there is a directory.
    pub(crate) fn fresh(
        seam: &dyn Seam,
        directory: Option<&Path>,
    ) -> Result<ScrapeToken, DoorError> {
        let token = ApiFile::fresh_token(seam);
        let path = directory.map(|directory| directory.join("metrics-token"));
        if let Some(path) = &path {
            place(path, &token)?;
        }
        Ok(ScrapeToken { token, path })
    }

    /// Takes the file away at the end of its server, unless another has written its own.
    pub(crate) fn remove(&self) {
        let Some(path) = &self.path else { return };
        if std::fs::read_to_string(path).is_ok_and(|text| text == self.token) {
            let _ = remove(path);
        }
    }
}

/// All metrics as text.
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if !allowed(&shared.scrape, &headers) && !allowed(&shared.token, &headers) {
        let refusal =
            Refusal::new(RefusalKind::Invalid, codes::UNAUTHORISED, "a bearer token is needed")
                .hint("it stands in the file `metrics-token` of the data directory");
        return with_status(StatusCode::UNAUTHORIZED, &refusal.to_value());
    }
    ([(header::CONTENT_TYPE, KIND)], shared.runtime.metrics()).into_response()
}
