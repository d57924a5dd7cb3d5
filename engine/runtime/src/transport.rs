//! Sending requests, and saying honestly whether anything of one left this machine.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Once};
use std::time::Duration;

use reqwest::dns::Resolve;
use tenon_kit::Response;

use crate::reach::{self, Anywhere, PublicOnly};

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
    /// It may go to a private network or to this machine: its address was given on purpose.
    pub private: bool,
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

/// HTTP and HTTPS with verified certificates; redirects are not followed. What may not go to a private
/// network is held to public addresses whenever a connection is made.
#[derive(Clone)]
pub struct Http {
    /// Makes connections to public addresses only.
    public: reqwest::Client,
    /// Makes connections to any address. The two share none, so that none is used again by who may not.
    any: reqwest::Client,
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
        Http::that_finds(bounds, Anywhere)
    }

    /// A client that finds names by a resolver.
    fn that_finds(
        bounds: HttpBounds,
        names: impl Resolve + Clone + 'static,
    ) -> Result<Http, NoClient> {
        PROVIDER.call_once(|| {
            // Fails only when a provider is there already, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let client = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(Duration::from_millis(bounds.connect_ms))
                .timeout(Duration::from_millis(bounds.total_ms))
                .retry(reqwest::retry::never())
                .no_proxy()
                .tcp_nodelay(true)
                .user_agent(concat!("tenon/", env!("CARGO_PKG_VERSION")))
        };
        let made =
            |builder: reqwest::ClientBuilder| builder.build().map_err(|e| NoClient(chain(&e)));
        let public = made(client().dns_resolver(PublicOnly(names.clone())))?;
        let any = made(client().dns_resolver(names))?;
        Ok(Http { public, any, bounds })
    }

    async fn exchange(&self, request: Outgoing) -> Response {
        let Ok(method) = reqwest::Method::from_bytes(request.method.as_bytes()) else {
            return Response::NotSent { reason: format!("`{}` is no HTTP method", request.method) };
        };
        let url = match reqwest::Url::parse(&request.url) {
            Ok(url) => url,
            Err(e) => return Response::NotSent { reason: format!("the address is none: {e}") },
        };
        // A host that is an address is never looked up, so it is held here; the parser has made one
        // form of all its spellings.
        let host = url.host_str().unwrap_or_default();
        if !request.private && reach::is_private_host(host) {
            return Response::Barred { host: host.to_owned() };
        }
        let client = if request.private { &self.any } else { &self.public };
        let mut builder = client.request(method, url);
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
        let mut answer = match client.execute(built).await {
            Ok(answer) => answer,
            // A connect error covers refused connections, names that do not resolve and TLS that
            // does not come about: in all of them no byte of the request was written.
            Err(e) if e.is_connect() || e.is_builder() => {
                if let Some(barred) = reach::barred(&e) {
                    return Response::Barred { host: barred.host };
                }
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
        Outgoing {
            method: "POST".into(),
            url,
            headers: vec![],
            body: Some("{}".into()),
            private: true,
        }
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

    fn get(url: &str) -> Outgoing {
        Outgoing {
            method: "GET".into(),
            url: url.to_owned(),
            headers: vec![],
            body: None,
            private: false,
        }
    }

    #[tokio::test]
    async fn no_spelling_of_a_private_address_is_called_unless_it_was_given_on_purpose() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let called = tokio::spawn(async move { listener.accept().await.is_ok() });
        let hosts = [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "017700000001",
            "1２7.0.0.1",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "0.0.0.0",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "[0:0:0:0:0:0:0:1]",
            "localhost",
            "localhost.",
            "LOCALHOST",
            "shop.localhost",
            "user:password@127.0.0.1",
            "public.example@localhost",
        ];
        for host in hosts {
            let answer = http().send(get(&format!("http://{host}:{port}/x"))).await;
            assert!(matches!(answer, Response::Barred { .. }), "{host}: {answer:?}");
        }
        assert!(!called.is_finished(), "somebody was let in");
        let shop = "127.0.0.1:80/";
        let filled = format!("https://{shop}.myshopify.com/admin");
        assert!(matches!(http().send(get(&filled)).await, Response::Barred { .. }));
        let given = Outgoing { private: true, ..get(&format!("http://localhost:{port}/x")) };
        let asked = tokio::spawn(async move { http().send(given).await });
        assert!(called.await.unwrap());
        asked.abort();
    }

    /// Says of every name that it is this machine.
    #[derive(Clone)]
    struct Astray;

    impl Resolve for Astray {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            let here = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
            Box::pin(async move { Ok(Box::new(std::iter::once(here)) as reqwest::dns::Addrs) })
        }
    }

    #[tokio::test]
    async fn a_public_name_that_leads_inside_is_not_called() {
        let bounds = HttpBounds { connect_ms: 2_000, total_ms: 2_000, answer_bytes: 100 };
        let http = Http::that_finds(bounds, Astray).unwrap();
        let url = peer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        let port = url.rsplit(':').next().unwrap().trim_end_matches("/x").to_owned();
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://shop.example:{port}/x");
            let host = "shop.example (127.0.0.1)".to_owned();
            assert_eq!(http.send(get(&url)).await, Response::Barred { host });
        }
        let given = Outgoing { private: true, ..get(&format!("http://shop.example:{port}/x")) };
        let answer = http.send(given).await;
        assert!(matches!(answer, Response::Answer { status: 200, .. }), "{answer:?}");
    }

    #[tokio::test]
    async fn a_connection_made_on_purpose_is_not_used_by_a_request_that_may_not() {
        let reply = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let (http, url) = (http(), peer(reply).await);
        let given = Outgoing { private: true, ..get(&url) };
        assert!(matches!(http.send(given).await, Response::Answer { status: 200, .. }));
        assert!(matches!(http.send(get(&url)).await, Response::Barred { .. }));
    }

    #[tokio::test]
    async fn a_redirect_to_the_metadata_of_a_cloud_is_an_answer_and_not_followed() {
        let reply = "HTTP/1.1 307 Temporary Redirect\r\n\
                     Location: http://169.254.169.254/latest/meta-data\r\ncontent-length: 0\r\n\r\n";
        let answer = http().send(post(peer(reply).await)).await;
        assert!(matches!(answer, Response::Answer { status: 307, .. }), "{answer:?}");
        let direct = http().send(get("http://169.254.169.254/latest/meta-data")).await;
        assert_eq!(direct, Response::Barred { host: "169.254.169.254".into() });
    }

    #[tokio::test]
    async fn an_answer_of_fifty_megabytes_is_let_go_of_at_the_bound() {
        let most = HttpBounds::default().answer_bytes;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let peer = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await.unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 50 << 20);
            stream.write_all(head.as_bytes()).await.unwrap();
            let (megabyte, mut sent) = (vec![b' '; 1 << 20], 0);
            while sent < 50 && stream.write_all(&megabyte).await.is_ok() {
                sent += 1;
            }
            sent
        });
        let http = Http::new(HttpBounds::default()).unwrap();
        let Response::Lost { reason } = http.send(post(format!("http://{address}/x"))).await else {
            panic!("an answer over the bound was taken");
        };
        assert_eq!(reason, format!("the answer is over {most} bytes"));
        assert!(peer.await.unwrap() < 50, "the rest was not read");
    }

    #[tokio::test]
    async fn an_answer_that_never_comes_is_lost_at_the_bound() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounds = HttpBounds { total_ms: 100, ..HttpBounds::default() };
        let http = Http::new(bounds).unwrap();
        let answer = http.send(post(format!("http://{address}/x"))).await;
        assert!(matches!(answer, Response::Lost { .. }), "{answer:?}");
        drop(listener);
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
