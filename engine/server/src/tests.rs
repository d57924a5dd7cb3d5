//! The server over loopback: intake and API as programs see them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use hmac::{Hmac, Mac};
use tenon_graph::{Endpoint, Graph, Node, Program, Retry, Step, StopAs, Triggers};
use tenon_kit::{Connector, Response};
use tenon_runtime::{
    Answer, By, Config, Connected, Deployment, Ground, Http, HttpBounds, Outgoing, Peer, Runtime,
    SystemSeam, Transport, Vault,
};
use tenon_store::{
    Commit, Counters, Key, MemoryStore, Page, Position, Row, Scan, Store, StoreError,
};
use tenon_value::{Value, json};

use crate::{ApiFile, Server, ServerConfig};

/// A memory store whose disk can be full.
struct Disk {
    inside: MemoryStore,
    full: AtomicBool,
}

#[async_trait]
impl Store for Disk {
    async fn commit(&self, commit: Commit) -> Result<Position, StoreError> {
        if self.full.load(Ordering::Relaxed) {
            return Err(StoreError::DiskFull { path: "disk".into(), free: 1, needed: 2 });
        }
        self.inside.commit(commit).await
    }

    async fn read(&self, key: &Key) -> Result<Option<(Row, Position)>, StoreError> {
        self.inside.read(key).await
    }

    async fn scan(&self, scan: Scan) -> Result<Page, StoreError> {
        self.inside.scan(scan).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inside.close().await
    }

    fn counters(&self) -> Counters {
        self.inside.counters()
    }

    fn poisoned(&self) -> Option<StoreError> {
        self.inside.poisoned()
    }
}

/// Nothing can be reached.
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _request: Outgoing) -> Answer<'_> {
        Box::pin(async { Response::NotSent { reason: "no road".to_owned() } })
    }
}

fn graph() -> Graph {
    let end = Endpoint { connection: "shopify".to_owned(), resource: "order".to_owned() };
    let because = Program(Arc::from(r#"{"edition":1,"code":{"const":{"text":"enough"}}}"#));
    Graph {
        edition: 1,
        integration: "shop".to_owned(),
        flow: "order".to_owned(),
        title: "Order".to_owned(),
        entity: "order".to_owned(),
        from: end.clone(),
        to: end,
        takes: Vec::new(),
        triggers: Triggers { webhook: vec!["orders/create".to_owned()], ..Triggers::default() },
        lane: None,
        skip: Vec::new(),
        retry: Retry::default(),
        nodes: vec![Node {
            id: "stop".to_owned(),
            when: None,
            step: Step::Stop { end: StopAs::Done, because },
            expect: Vec::new(),
            catch: Vec::new(),
            retry: None,
            timeout_ms: None,
            undo: None,
            next: None,
            place: "order.flow.yaml:1".to_owned(),
        }],
        mappings: BTreeMap::new(),
        scripts: BTreeMap::new(),
    }
}

struct Up {
    server: Server,
    disk: Arc<Disk>,
    directory: tempfile::TempDir,
    client: Http,
}

async fn up() -> Up {
    let files = tenon_kit::catalog("shopify").unwrap();
    let connector = Connector::load(&files).0.unwrap();
    let peer: Arc<dyn Peer> = Arc::new(Connected::new(Arc::new(connector)));
    let deployment = Deployment {
        integration: "shop".to_owned(),
        connections: BTreeMap::from([("shopify".to_owned(), peer)]),
        graphs: BTreeMap::from([("order".to_owned(), graph())]),
        settings: BTreeMap::from([("prefix".to_owned(), Value::text("A"))]),
        ..Deployment::default()
    };
    let disk = Arc::new(Disk { inside: MemoryStore::new(), full: AtomicBool::new(false) });
    let ground = Ground {
        store: disk.clone(),
        seam: Arc::new(SystemSeam),
        transport: Arc::new(Nowhere),
        vault: Vault::with_key([1; 32]),
    };
    let runtime = Runtime::start(ground, vec![deployment], Config::default()).await.unwrap();
    let given = r#"{"base": "http://127.0.0.1:1", "credentials": {"api_secret": "hush", "access_token": "t"}}"#;
    let by = By { who: "test".to_owned(), why: None };
    runtime.add_connection("shopify", &json::read(given).unwrap(), &by).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = ServerConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        directory: Some(directory.path().to_owned()),
        body_bytes: 100_000,
    };
    let server = Server::start(Arc::new(runtime), config).await.unwrap();
    Up { server, disk, directory, client: Http::new(HttpBounds::default()).unwrap() }
}

impl Up {
    async fn post(&self, body: &str, secret: &str, id: &str) -> (u16, Value) {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let proof = mac.finalize().into_bytes();
        let proof = base64::engine::general_purpose::STANDARD.encode(proof);
        let headers = vec![
            ("X-Shopify-Hmac-Sha256".to_owned(), proof),
            ("X-Shopify-Topic".to_owned(), "orders/create".to_owned()),
            ("X-Shopify-Webhook-Id".to_owned(), id.to_owned()),
        ];
        self.send("POST", "/in/shopify/orders/create", headers, Some(body.to_owned())).await
    }

    async fn api(&self, method: &str, path: &str, body: Option<&str>) -> (u16, Value) {
        let bearer = vec![("Authorization".to_owned(), format!("Bearer {}", self.server.token))];
        self.send(method, &format!("/api/v1{path}"), bearer, body.map(str::to_owned)).await
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: Vec<(String, String)>,
        body: Option<String>,
    ) -> (u16, Value) {
        let url = format!("http://{}{path}", self.server.address);
        let request = Outgoing { method: method.to_owned(), url, headers, body, private: true };
        match self.client.send(request).await {
            Response::Answer { status, body, .. } => (status, json::read(&body).unwrap()),
            other => panic!("{other:?}"),
        }
    }
}

const ORDER: &str = r#"{"id": 1, "admin_graphql_api_id": "gid://shopify/Order/1"}"#;

#[tokio::test]
async fn a_webhook_is_answered_200_once_it_and_its_task_are_kept() {
    let up = up().await;
    let (status, answer) = up.post(ORDER, "hush", "w1").await;
    assert_eq!(status, 200, "{answer:?}");
    let task = answer.field("tasks").items()[0].as_text().unwrap().to_owned();
    assert_eq!(up.post(ORDER, "hush", "w1").await.0, 200, "a duplicate is fine");
    let (status, shown) = up.api("GET", &format!("/tasks/{task}"), None).await;
    assert_eq!(status, 200);
    assert_eq!(shown.field("record").as_text(), Some("gid://shopify/Order/1"));
    let (_, list) = up.api("GET", "/deliveries", None).await;
    let kinds: Vec<&str> =
        list.items().iter().filter_map(|d| d.field("acceptance").as_text()).collect();
    assert_eq!(kinds, ["duplicate", "accepted"]);
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_a_reason_and_kept() {
    let up = up().await;
    let (status, answer) = up.post(ORDER, "guess", "w1").await;
    assert_eq!((status, answer.field("code").as_text()), (401, Some("WEBHOOK_PROOF")));
    let (status, answer) = up.post("{\"id\": ", "hush", "w2").await;
    assert_eq!((status, answer.field("code").as_text()), (400, Some("WEBHOOK_SHAPE")));
    let (status, answer) = up.post(&"x".repeat(10_000_000), "hush", "w3").await;
    assert_eq!((status, answer.field("code").as_text()), (413, Some("BODY_TOO_LARGE")));
    let (_, list) = up.api("GET", "/deliveries?acceptance=rejected", None).await;
    assert_eq!(list.items().len(), 2);
    let nowhere = up.send("POST", "/in/nowhere/orders/create", vec![], Some("{}".into())).await;
    assert_eq!(nowhere.0, 404);
}

#[tokio::test]
async fn a_full_disk_is_503_and_nothing_is_kept() {
    let up = up().await;
    up.disk.full.store(true, Ordering::Relaxed);
    let (status, answer) = up.post(ORDER, "hush", "w1").await;
    assert_eq!(status, 503, "{answer:?}");
    up.disk.full.store(false, Ordering::Relaxed);
    let (status, answer) = up.post(ORDER, "hush", "w1").await;
    assert_eq!((status, answer.field("tasks").items().len()), (200, 1));
}

#[tokio::test]
async fn the_api_wants_its_token_and_says_what_is_wrong() {
    let up = up().await;
    let (status, answer) = up.send("GET", "/api/v1/status", vec![], None).await;
    assert_eq!((status, answer.field("code").as_text()), (401, Some("API_UNAUTHORISED")));
    assert!(answer.field("hint").as_text().is_some());
    let (status, answer) = up.api("GET", "/status", None).await;
    assert_eq!((status, answer.at("integrations").items().len()), (200, 1), "{answer:?}");
    assert_eq!(up.api("GET", "/tasks/task_none", None).await.0, 404);
    assert_eq!(up.api("POST", "/flows/order/start", Some("{}")).await.0, 400);
    assert_eq!(up.api("POST", "/flows/order/start", Some("{")).await.0, 400);
    let (status, started) = up.api("POST", "/flows/order/start", Some(r#"{"id": "5"}"#)).await;
    assert_eq!(status, 200);
    let task = started.field("task").as_text().unwrap();
    let (_, list) = up.api("GET", "/tasks?flow=order&limit=5", None).await;
    assert_eq!(list.field("tasks").items()[0].field("id").as_text(), Some(task));
    let (_, why) = up.api("GET", &format!("/tasks/{task}/why"), None).await;
    assert!(!why.field("chain").items().is_empty(), "{why:?}");
    let set = up.api("PUT", "/settings/prefix", Some(r#"{"value": "B"}"#)).await;
    assert_eq!(set.0, 200);
    let (_, settings) = up.api("GET", "/settings", None).await;
    assert_eq!(settings.items()[0].field("value").as_text(), Some("B"));
    let link = r#"{"entity": "order", "source": "5", "target": "9"}"#;
    assert_eq!(up.api("POST", "/references", Some(link)).await.0, 200);
    assert_eq!(up.api("POST", "/references", Some(link)).await.0, 409);
    let (_, known) = up.api("GET", "/records?record=5", None).await;
    assert_eq!(known.field("references").items().len(), 1, "{known:?}");
    assert_eq!(up.api("DELETE", "/references?entity=order&source=5", None).await.0, 200);
    let (_, connections) = up.api("GET", "/connections", None).await;
    assert!(!json::write(&connections).contains("hush"), "{connections:?}");
    let (_, log) = up.api("GET", "/audit", None).await;
    assert!(json::write(&log).contains("setting prefix"), "{log:?}");
}

#[tokio::test]
async fn metrics_are_read_with_a_token_that_opens_nothing_else() {
    use std::os::unix::fs::PermissionsExt;
    let up = up().await;
    assert_eq!(up.post(ORDER, "hush", "w1").await.0, 200);
    assert_eq!(up.post(ORDER, "hush", "w1").await.0, 200);
    assert_eq!(up.post(ORDER, "wrong", "w2").await.0, 401);
    let (status, refused) = up.send("GET", "/metrics", vec![], None).await;
    assert_eq!((status, refused.field("code").as_text()), (401, Some("API_UNAUTHORISED")));
    let path = up.directory.path().join("metrics-token");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let token = std::fs::read_to_string(&path).unwrap();
    let bearer = |token: &str| vec![("Authorization".to_owned(), format!("Bearer {token}"))];
    let opened = up.send("GET", "/api/v1/status", bearer(&token), None).await;
    assert_eq!(opened.0, 401, "it is for metrics only");
    for token in [&token, &up.server.token] {
        let url = format!("http://{}/metrics", up.server.address);
        let request = Outgoing {
            method: "GET".to_owned(),
            url,
            headers: bearer(token),
            body: None,
            private: true,
        };
        let Response::Answer { status, headers, body } = up.client.send(request).await else {
            panic!("no answer")
        };
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert!(headers.contains(&("content-type".to_owned(), kind.to_owned())), "{headers:?}");
        assert_eq!(status, 200);
        assert!(body.ends_with("# EOF\n"), "{body}");
        for (answer, count) in [("accepted", 1), ("duplicate", 1), ("rejected", 1)] {
            let line = format!(
                "tenon_deliveries_total{{connection=\"shopify\",answer=\"{answer}\"}} {count}\n"
            );
            assert!(body.contains(&line), "{line} is not in {body}");
        }
    }
    let directory = up.directory;
    up.server.stop().await;
    assert!(!directory.path().join("metrics-token").exists());
}

#[tokio::test]
async fn documents_with_errors_and_calls_without_documents_change_nothing() {
    let up = up().await;
    let bad = r#"{"folder": "x", "files": {"integration.yaml": "integration: x\nnonsense: 1\n"}}"#;
    for path in ["/deploy", "/flows/order/shadow"] {
        let (status, answer) = up.api("POST", path, Some(bad)).await;
        assert_eq!((status, answer.field("code").as_text()), (400, Some("DOCUMENTS_UNFIT")));
        assert!(answer.field("message").as_text().unwrap().contains("x has"), "{answer:?}");
        let (status, answer) = up.api("POST", path, Some("{}")).await;
        assert_eq!((status, answer.field("code").as_text()), (400, Some("INVALID_REQUEST")));
    }
    let most = format!(r#"{{"files": {{"a.yaml": "{}"}}}}"#, "x".repeat(17 * 1024 * 1024));
    assert_eq!(up.api("POST", "/deploy", Some(&most)).await.0, 413);
    let (_, flows) = up.api("GET", "/flows", None).await;
    assert_eq!(flows.items().len(), 1, "{flows:?}");
}

#[tokio::test]
async fn the_door_is_for_its_owner_and_goes_with_the_server() {
    use std::os::unix::fs::PermissionsExt;
    let up = up().await;
    let path = ApiFile::path(up.directory.path());
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let file = ApiFile::read(up.directory.path()).unwrap().unwrap();
    assert_eq!(file.address, format!("http://{}", up.server.address));
    assert!(file.token == up.server.token);
    let directory = up.directory;
    up.server.stop().await;
    assert!(ApiFile::read(directory.path()).unwrap().is_none());
}
