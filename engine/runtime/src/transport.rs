//! Sending requests, and saying honestly whether anything of one left this machine.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Once};
use std::time::Duration;

use tenon_kit::Response;

/// A request with credentials and address, ready for the wire. No `Debug`: it holds secrets.
#[derive(Clone)]
pub struct Outgoing {
    /// HTTP method.
    pub method: String,
    /// Whole address.
    pub url: String,
    /// Headers, authentication among them.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Option<String>,
}

/// A response on its way.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Response> + Send + 'a>>;

/// What carries requests to other systems.
pub trait Transport: Send + Sync {
    /// Sends one request and gives what came back. Never repeats a request by itself.
    fn send(&self, request: Outgoing) -> Answer<'_>;
}

/// Bounds of the HTTP transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpBounds {
    /// Longest time to connect, in milliseconds.
    pub connect_ms: u64,
    /// Longest time for request and answer together, in milliseconds.
    pub total_ms: u64,
    /// Largest answer, in bytes.
    pub answer_bytes: usize,
}

impl Default for HttpBounds {
    fn default() -> HttpBounds {
        HttpBounds { connect_ms: 10_000, total_ms: 60_000, answer_bytes: 32 * 1024 * 1024 }
    }
}

/// HTTP and HTTPS with verified certificates; redirects are not followed.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    bounds: HttpBounds,
}

/// The HTTP client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made: {0}")]
pub struct NoClient(String);

static PROVIDER: Once = Once::new();

impl Http {
    /// A client with these bounds.
    ///
    /// # Errors
    /// When the platform's certificates cannot be used.
    pub fn new(bounds: HttpBounds) -> Result<Http, NoClient> {
        PROVIDER.call_once(|| {
            // Fails only when a provider is there already, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_millis(bounds.connect_ms))
            .timeout(Duration::from_millis(bounds.total_ms))
            .retry(reqwest::retry::never())
            .no_proxy()
            .tcp_nodelay(true)
            .user_agent(concat!("tenon/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| NoClient(chain(&e)))?;
        Ok(Http { client, bounds })
    }

    async fn exchange(&self, request: Outgoing) -> Response {
        let Ok(method) = reqwest::Method::from_bytes(request.method.as_bytes()) else {
            return Response::NotSent { reason: format!("`{}` is no HTTP method", request.method) };
        };
        let mut builder = self.client.request(method, &request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let built = match builder.build() {
            Ok(built) => built,
            Err(e) => return Response::NotSent { reason: chain(&e.without_url()) },
        };
        let mut answer = match self.client.execute(built).await {
            Ok(answer) => answer,
            // A connect error covers refused connections, names that do not resolve and TLS that
            // does not come about: in all of them no byte of the request was written.
            Err(e) if e.is_connect() || e.is_builder() => {
                return Response::NotSent { reason: chain(&e.without_url()) };
            }
            Err(e) => return Response::Lost { reason: chain(&e.without_url()) },
        };
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.bounds.answer_bytes => {
                    let most = self.bounds.answer_bytes;
                    return Response::Lost { reason: format!("the answer is over {most} bytes") };
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(e) => return Response::Lost { reason: chain(&e.without_url()) },
            }
        }
        Response::Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }
}

impl Transport for Http {
    fn send(&self, request: Outgoing) -> Answer<'_> {
        Box::pin(self.exchange(request))
    }
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: Outgoing) -> Answer<'_> {
        (**self).send(request)
    }
}

/// An error with its causes; addresses are left out, because a query may hold what is private.
fn chain(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !out.contains(&text) {
            out.push_str(": ");
            out.push_str(&text);
        }
        source = cause.source();
    }
    out
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn http() -> Http {
        Http::new(HttpBounds { connect_ms: 2_000, total_ms: 2_000, answer_bytes: 100 }).unwrap()
    }

    fn post(url: String) -> Outgoing {
        Outgoing { method: "POST".into(), url, headers: vec![], body: Some("{}".into()) }
    }

    async fn peer(reply: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await.unwrap();
            stream.write_all(reply.as_bytes()).await.unwrap();
        });
        format!("http://{address}/x")
    }

    #[tokio::test]
    async fn a_refused_connection_is_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let answer = http().send(post(format!("http://{address}/x"))).await;
        assert!(matches!(answer, Response::NotSent { .. }), "{answer:?}");
        let answer = http().send(post("http://nowhere.invalid/x".into())).await;
        assert!(matches!(answer, Response::NotSent { .. }), "{answer:?}");
    }

    #[tokio::test]
    async fn a_connection_cut_after_the_request_is_lost() {
        for reply in ["", "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf"] {
            let answer = http().send(post(peer(reply).await)).await;
            assert!(matches!(answer, Response::Lost { .. }), "{answer:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_comes_whole_and_redirects_are_answers() {
        let reply = "HTTP/1.1 302 Found\r\nLocation: /y\r\ncontent-length: 2\r\n\r\nok";
        let answer = http().send(post(peer(reply).await)).await;
        let Response::Answer { status, headers, body } = answer else { panic!("{answer:?}") };
        assert_eq!((status, body.as_str()), (302, "ok"));
        assert!(headers.contains(&("location".into(), "/y".into())));
    }
}
