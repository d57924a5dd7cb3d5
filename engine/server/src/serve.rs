//! The listening server: routes, the bearer check, answers as JSON.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use subtle::ConstantTimeEq;
use tenon_runtime::{Refusal, RefusalKind, Runtime};
use tenon_value::{Value, json};
use tokio::sync::watch;

use crate::api::{Call, answer};
use crate::codes;
use crate::door::{ApiFile, DoorError};
use crate::intake;
use crate::metrics::{self, ScrapeToken};

/// How the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The data directory that gets the `api` file; none leaves no file.
    pub directory: Option<PathBuf>,
    /// Largest webhook or API body, in bytes.
    pub body_bytes: usize,
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 7160)),
            directory: None,
            body_bytes: 4 * 1024 * 1024,
        }
    }
}

/// The server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        reason: String,
    },
    /// The `api` file cannot be written.
    #[error(transparent)]
    Door(#[from] DoorError),
}

/// What handlers share.
pub(crate) struct Shared {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) token: String,
    pub(crate) scrape: String,
    pub(crate) body_bytes: usize,
}

/// A server that listens.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// The bearer token of its API.
    pub token: String,
    scrape: ScrapeToken,
    door: Option<(PathBuf, ApiFile)>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Listens and answers until [`Server::stop`].
    ///
    /// # Errors
    /// When the address is taken or the `api` file cannot be written.
    pub async fn start(runtime: Arc<Runtime>, config: ServerConfig) -> Result<Server, ServerError> {
        let refused = |e: std::io::Error| ServerError::Listen {
            address: config.listen,
            reason: e.to_string(),
        };
        let listener = tokio::net::TcpListener::bind(config.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let token = ApiFile::fresh_token(runtime.seam());
        let door = match &config.directory {
            Some(directory) => {
                let file = ApiFile { address: format!("http://{address}"), token: token.clone() };
                file.write(directory)?;
                Some((directory.clone(), file))
            }
            None => None,
        };
        let scrape = ScrapeToken::fresh(runtime.seam(), config.directory.as_deref())?;
        let shared = Arc::new(Shared {
            runtime,
            token: token.clone(),
            scrape: scrape.token.clone(),
            body_bytes: config.body_bytes,
        });
        let router = Router::new()
            .route("/in/{connection}/{*topic}", post(intake::receive))
            .route("/api/v1/{*path}", any(api))
            .route("/metrics", get(metrics::metrics))
            .fallback(nothing)
            .with_state(shared);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut stopped = stopped;
            let ended = async move {
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(ended).await {
                tracing::error!(%error, "the server ended");
            }
        });
        Ok(Server { address, token, scrape, door, stop, task })
    }

    /// Takes no new connections, answers those under way, and removes the files it left for programs.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let mut task = self.task;
        // Connections that are kept alive and idle do not hold the end up for long.
        let patience = tokio::time::sleep(std::time::Duration::from_secs(5));
        tokio::select! {
            _ = &mut task => {}
            () = patience => task.abort(),
        }
        if let Some((directory, file)) = &self.door {
            file.remove(directory);
        }
        self.scrape.remove();
    }
}

async fn nothing(uri: Uri) -> Response {
    refuse(&Refusal::not_found("page", uri.path()))
}

/// Largest body that holds the documents of an integration, in bytes.
const DOCUMENTS_BYTES: usize = 16 * 1024 * 1024;

async fn api(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (uri, headers) = (parts.uri, parts.headers);
    let Ok(Query(query)) = Query::<BTreeMap<String, String>>::try_from_uri(&uri) else {
        return refuse(&Refusal::invalid("the query cannot be read"));
    };
    if !allowed(&shared.token, &headers) {
        let refusal =
            Refusal::new(RefusalKind::Invalid, codes::UNAUTHORISED, "a bearer token is needed")
                .hint("it stands in the file `api` of the data directory");
        return with_status(StatusCode::UNAUTHORIZED, &refusal.to_value());
    }
    let most = match uri.path().ends_with("/deploy") || uri.path().ends_with("/shadow") {
        true => shared.body_bytes.max(DOCUMENTS_BYTES),
        false => shared.body_bytes,
    };
    let bytes = match read_body(body, most).await {
        Ok(bytes) => bytes,
        Err(response) => return *response,
    };
    let body = if bytes.is_empty() {
        Value::Missing
    } else {
        match json::read_bytes(&bytes) {
            Ok(body) => body,
            Err(e) => return refuse(&Refusal::invalid(format!("the body is no JSON: {e}"))),
        }
    };
    let call = Call {
        method: parts.method.as_str().to_owned(),
        path: uri.path().strip_prefix("/api/v1").unwrap_or_default().to_owned(),
        query,
        body,
        idempotency_key: text(&headers, "idempotency-key"),
    };
    match answer(&shared.runtime, call).await {
        Ok(value) => with_status(StatusCode::OK, &value),
        Err(refusal) => refuse(&refusal),
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Whether a call carries this bearer token.
pub(crate) fn allowed(token: &str, headers: &HeaderMap) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
        .unwrap_or_default();
    given.ct_eq(token.as_bytes()).into()
}

/// The whole body, or the answer that refuses it.
pub(crate) async fn read_body(body: Body, limit: usize) -> Result<Bytes, Box<Response>> {
    let patience = std::time::Duration::from_secs(30);
    match tokio::time::timeout(patience, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(e)) => {
            let too_large = std::error::Error::source(&e)
                .is_some_and(|source| source.to_string().contains("length limit"));
            let refusal = if too_large {
                Refusal::new(
                    RefusalKind::Invalid,
                    codes::BODY_TOO_LARGE,
                    format!("the body is over {limit} bytes"),
                )
            } else {
                Refusal::invalid("the body broke off")
            };
            let status =
                if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
            Err(Box::new(with_status(status, &refusal.to_value())))
        }
        Err(_) => {
            let refusal = Refusal::invalid("the body took over 30 seconds");
            Err(Box::new(with_status(StatusCode::REQUEST_TIMEOUT, &refusal.to_value())))
        }
    }
}

/// A refusal as an answer.
pub(crate) fn refuse(refusal: &Refusal) -> Response {
    let status = match refusal.kind {
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::Invalid => StatusCode::BAD_REQUEST,
        RefusalKind::Conflict => StatusCode::CONFLICT,
        RefusalKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        RefusalKind::Remote => StatusCode::BAD_GATEWAY,
        RefusalKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response = with_status(status, &refusal.to_value());
    if refusal.kind == RefusalKind::Unavailable {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
    }
    response
}

/// A value as a JSON answer.
pub(crate) fn with_status(status: StatusCode, value: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, json::write(value)).into_response()
}
