//! The shipped integration on a store in memory, with the sandbox in the same process as the outside
//! world: no sockets, no disk, and virtual time that moves when everything waits.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Uri};
use tenon_kit::{Connector, Response};
use tenon_runtime::{
    Answer, By, Config, Connected, DeployedTable, Deployment, Ground, Outgoing, Peer, Runtime,
    Seam, StartFlow, Transport, Vault, Wait,
};
use tenon_sandbox::faults::Unanswered;
use tenon_sandbox::{Limits, Parts, SandboxConfig};
use tenon_store::{
    Commit, Counters, Key, MemoryStore, Page, Position, Row, Scan, Select, Store, StoreError, Table,
};
use tenon_value::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;
use tower::ServiceExt as _;

/// 2026-03-10T12:00:00Z, where the sandbox's clock stands.
const NOW_MS: i64 = 1_773_144_000_000;
/// Where the process dies, counted in commits from when the cut was armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// That commit never becomes durable; what the ones before asked for was done.
    Before(i64),
    /// That commit is durable, and nothing of what it asks for was done.
    Behind(i64),
}

/// A store in memory that a process shares with the one after it.
pub struct Disk {
    rows: MemoryStore,
    cut: Mutex<Option<Cut>>,
    commits: AtomicI64,
    dead: Notify,
}

impl Disk {
    fn new() -> Arc<Disk> {
        Arc::new(Disk {
            rows: MemoryStore::new(),
            cut: Mutex::new(None),
            commits: AtomicI64::new(0),
            dead: Notify::new(),
        })
    }

    /// Counts commits from now on, and dies at a cut.
    pub fn arm(&self, cut: Option<Cut>) {
        *self.cut.lock().unwrap() = cut;
        self.commits.store(0, Ordering::SeqCst);
    }

    /// Commits since it was armed.
    pub fn commits(&self) -> i64 {
        self.commits.load(Ordering::SeqCst)
    }

    /// Resolves once the cut is reached.
    pub async fn died(&self) {
        self.dead.notified().await;
    }

    async fn die(&self) -> ! {
        self.dead.notify_one();
        std::future::pending().await
    }
}

#[async_trait]
impl Store for Disk {
    async fn commit(&self, commit: Commit) -> Result<Position, StoreError> {
        let cut = *self.cut.lock().unwrap();
        let n = self.commits.load(Ordering::SeqCst);
        if matches!(cut, Some(Cut::Before(at) | Cut::Behind(at)) if n > at)
            || cut == Some(Cut::Before(n))
        {
            self.die().await;
        }
        let done = self.rows.commit(commit).await;
        if done.is_ok() {
            self.commits.fetch_add(1, Ordering::SeqCst);
            if cut == Some(Cut::Behind(n)) {
                self.die().await;
            }
        }
        done
    }

    async fn read(&self, key: &Key) -> Result<Option<(Row, Position)>, StoreError> {
        self.rows.read(key).await
    }

    async fn scan(&self, scan: Scan) -> Result<Page, StoreError> {
        self.rows.scan(scan).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn counters(&self) -> Counters {
        self.rows.counters()
    }

    fn poisoned(&self) -> Option<StoreError> {
        None
    }
}

/// Virtual time, counted ids, seeded randomness: the same for every process on one disk.
pub struct Virtual {
    born: Instant,
    count: AtomicU64,
    random: AtomicU64,
}

impl Virtual {
    fn new() -> Arc<Virtual> {
        let (count, random) = (AtomicU64::new(0), AtomicU64::new(1));
        Arc::new(Virtual { born: Instant::now(), count, random })
    }
}

impl Seam for Virtual {
    fn now_ms(&self) -> i64 {
        NOW_MS + i64::try_from(self.born.elapsed().as_millis()).unwrap()
    }

    fn id(&self, prefix: &str) -> String {
        format!("{prefix}_{:032x}", self.count.fetch_add(1, Ordering::Relaxed))
    }

    fn random(&self, into: &mut [u8]) {
        for byte in into {
            let step = |s: u64| Some(s.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99));
            let state = self.random.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
            *byte = state.unwrap().to_be_bytes()[0];
        }
    }

    fn sleep_until(&self, at_ms: i64) -> Wait<'_> {
        let left = Duration::from_millis(u64::try_from(at_ms - self.now_ms()).unwrap_or(0));
        Box::pin(async move {
            let _ = tokio::time::timeout(left, std::future::pending::<()>()).await;
        })
    }

    fn steady_ms(&self) -> i64 {
        self.now_ms()
    }

    fn sleep_steady(&self, at_ms: i64) -> Wait<'_> {
        self.sleep_until(at_ms)
    }
}

/// The way to the sandbox: what has left goes on by itself, whether or not somebody waits for it.
struct Wire(Router);

impl Transport for Wire {
    fn send(&self, request: Outgoing) -> Answer<'_> {
        let exchange = tokio::spawn(exchange(self.0.clone(), request));
        Box::pin(async move { exchange.await.unwrap() })
    }
}

async fn exchange(router: Router, outgoing: Outgoing) -> Response {
    let path = outgoing.url.strip_prefix("http://sandbox").unwrap().to_owned();
    let mut request = Request::builder()
        .method(outgoing.method.as_str())
        .uri(path.parse::<Uri>().unwrap_or_else(|e| panic!("{path}: {e}")));
    for (name, value) in &outgoing.headers {
        request = request.header(name, value);
    }
    let request = request.body(Body::from(outgoing.body.unwrap_or_default())).unwrap();
    let response = router.oneshot(request).await.unwrap();
    if response.extensions().get::<Unanswered>().is_some() {
        return Response::Lost { reason: "the connection was closed".to_owned() };
    }
    let (head, body) = response.into_parts();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("").to_owned()))
        .collect();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    Response::Answer { status: head.status.as_u16(), headers, body }
}

/// The shipped integration, compiled once.
pub fn shipped() -> Deployment {
    compiled("workflows/shopify-fortnox")
}

/// The integration in a folder, compiled.
pub fn compiled(path: &str) -> Deployment {
    let mut connectors = BTreeMap::new();
    for name in tenon_kit::catalog_names() {
        let (connector, found) = Connector::load(&tenon_kit::catalog(name).unwrap());
        connectors
            .insert(name.to_owned(), Arc::new(connector.unwrap_or_else(|| panic!("{found:?}"))));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let mut files = BTreeMap::new();
    for below in ["", "tables", "scripts"] {
        for entry in std::fs::read_dir(folder.join(below)).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_file() && !name.ends_with(".md") {
                let path = if below.is_empty() { name } else { format!("{below}/{name}") };
                files.insert(path, std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    let (loaded, found) = tenon_flow::load_integration_at(&name, &files, &connectors);
    let loaded = loaded.unwrap_or_else(|| panic!("{found:?}"));
    let peer = |name: &str| -> Arc<dyn Peer> {
        Arc::new(Connected::new(Arc::clone(&connectors[&loaded.connections[name].connector])))
    };
    let table = |table: &tenon_flow::Table| DeployedTable {
        keys: table.keys.keys().cloned().collect(),
        key_types: table.keys.iter().map(|(k, ty)| (k.clone(), ty.clone())).collect(),
        values: table.values.iter().map(|(k, ty)| (k.clone(), ty.clone())).collect(),
        rows: table.rows.clone(),
    };
    Deployment {
        integration: loaded.name.clone(),
        title: loaded.title.clone(),
        connections: loaded.connections.keys().map(|n| (n.clone(), peer(n))).collect(),
        setting_types: loaded
            .settings
            .iter()
            .map(|(n, s)| (n.clone(), s.type_in_expressions()))
            .collect(),
        settings: loaded
            .settings
            .iter()
            .map(|(n, s)| (n.clone(), s.default.clone().unwrap_or(Value::Missing)))
            .collect(),
        tables: loaded.tables.iter().map(|(n, t)| (n.clone(), table(t))).collect(),
        graphs: loaded.graphs,
    }
}

/// A shop, a ledger, a disk; engines come and go on it.
pub struct World {
    pub parts: Parts,
    pub disk: Arc<Disk>,
    router: Router,
    seam: Arc<Virtual>,
    deployment: Deployment,
    runtime: Option<Runtime>,
}

fn by() -> By {
    By { who: "anna".to_owned(), why: None }
}

impl World {
    /// A new disk and an outside world as at the start, with both connections authorised.
    pub async fn new(parts: &Parts, router: &Router, deployment: &Deployment) -> World {
        parts.ledger.reset();
        parts.shop.reset();
        parts.faults.reset();
        parts.counts.reset();
        let mut world = World {
            parts: parts.clone(),
            disk: Disk::new(),
            router: router.clone(),
            seam: Virtual::new(),
            deployment: deployment.clone(),
            runtime: None,
        };
        world.start().await;
        world.authorise().await;
        let given = r#"{"environment": "sandbox",
            "parameters": {"sandbox": "http://sandbox", "shop": "sandbox-shop"},
            "credentials": {"access_token": "shpat_sandbox", "api_secret": "sandbox-webhook-secret"}}"#;
        let runtime = world.runtime.as_ref().unwrap();
        runtime.add_connection("shopify", &json::read(given).unwrap(), &by()).await.unwrap();
        world
            .ask(
                "POST",
                "/3/customers",
                r#"{"Customer": {"CustomerNumber": "WEBB", "Name": "Guests"}}"#,
            )
            .await;
        let card = Value::text("WEBB");
        let name = &world.deployment.integration;
        runtime.set_setting(name, "collective_customer", &card, &by()).await.unwrap();
        world
    }

    /// The parts of an outside world whose clock stands still, and its router.
    pub fn outside() -> (Parts, Router) {
        let config = SandboxConfig {
            frozen_at_ms: Some(NOW_MS),
            limits: Limits { on: false, ..Limits::default() },
            ..SandboxConfig::default()
        };
        let parts = Parts::new(&config).unwrap();
        let router = parts.router();
        (parts, router)
    }

    /// Gives the ledger's connection a fresh pair of tokens.
    pub async fn authorise(&self) {
        let tokens = self.control("POST", "/control/fortnox/tokens", "").await;
        let credentials = tokens
            .with("client_id", Value::text("sandbox-client"))
            .with("client_secret", Value::text("sandbox-client-secret"));
        let given = r#"{"environment": "sandbox", "parameters": {"sandbox": "http://sandbox"}}"#;
        let given = json::read(given).unwrap().with("credentials", credentials);
        self.runtime().add_connection("fortnox", &given, &by()).await.unwrap();
    }

    pub fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().unwrap()
    }

    /// Starts an engine on the disk.
    pub async fn start(&mut self) {
        let ground = Ground {
            store: self.disk.clone(),
            seam: self.seam.clone(),
            transport: Arc::new(Wire(self.router.clone())),
            vault: Vault::with_key([7; 32]),
        };
        let config = Config { polls: false, ..Config::default() };
        let started = Runtime::start(ground, vec![self.deployment.clone()], config).await;
        self.runtime = Some(started.unwrap());
    }

    /// The engine is gone at once, with all it had in memory.
    pub fn crash(&mut self) {
        self.runtime = None;
    }

    /// Asks the sandbox's control interface.
    pub async fn control(&self, method: &str, path: &str, body: &str) -> Value {
        let request = Outgoing {
            method: method.to_owned(),
            url: format!("http://sandbox{path}"),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: Some(body.to_owned()),
            private: true,
        };
        match exchange(self.router.clone(), request).await {
            Response::Answer { status, body, .. } if status < 300 => {
                json::read(&body).unwrap_or_default()
            }
            other => panic!("{path}: {other:?}"),
        }
    }

    /// What a person does in the ledger.
    pub async fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let ask = format!(r#"{{"method": "{method}", "path": "{path}", "body": {body}}}"#);
        self.control("POST", "/control/fortnox/ask", &ask).await
    }

    /// Starts the order flow for a record, as its webhook would; the same key starts it once.
    pub async fn start_order(&self, record: &str, key: &str) {
        let start = StartFlow { integration: None, flow: "order", record, key: Some(key) };
        self.runtime().start_flow(start, &by()).await.unwrap();
    }

    /// Every task as `flow state`, sorted.
    pub async fn tasks(&self) -> Vec<String> {
        let page = self.disk.scan(Scan::new(Select::All(Table::Task))).await.unwrap();
        let mut lines: Vec<String> = page
            .rows
            .iter()
            .filter_map(|row| match row {
                Row::Task(row) => Some(format!("{} {}", row.flow, row.state)),
                _ => None,
            })
            .collect();
        lines.sort();
        lines
    }

    /// Waits until no task moves by itself any more.
    pub async fn quiet(&self) {
        let began = Instant::now();
        loop {
            let page = self.disk.scan(Scan::new(Select::OpenTasks)).await.unwrap();
            let moves = |row: &Row| matches!(row, Row::Task(row) if row.state != "needs_person");
            let moving = page.rows.iter().any(moves);
            if !moving && self.parts.faults.acting_later() == 0 {
                return;
            }
            let connections = self.runtime().connections();
            let auth = |c: &Value| c.field("standing").as_text() == Some("auth");
            if connections.items().iter().any(auth) {
                // It died between a refresh and its answer: a person consents again.
                self.authorise().await;
            }
            assert!(began.elapsed() < Duration::from_secs(30 * 86_400), "stands: {:?}", page.rows);
            self.seam.sleep_until(self.seam.now_ms() + 500).await;
        }
    }

    /// Lets virtual time pass.
    pub async fn pass(&self, ms: i64) {
        self.seam.sleep_until(self.seam.now_ms() + ms).await;
    }

    /// Waits until the armed cut is reached; false when all was quiet before.
    pub async fn dies(&self) -> bool {
        tokio::select! {
            biased;
            () = self.disk.died() => true,
            () = self.quiet() => false,
        }
    }

    /// Everything in the ledger that the integration makes. Numbers of rows are left out: an update
    /// that is sent twice numbers them anew.
    pub async fn ledger(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for resource in ["customers", "orders", "invoices"] {
            let path = format!("/control/fortnox/records/{resource}");
            all.push(without_row_ids(&self.control("GET", &path, "").await));
        }
        all
    }

    /// The locks that are held.
    pub async fn locks(&self) -> usize {
        self.disk.scan(Scan::new(Select::All(Table::Lock))).await.unwrap().rows.len()
    }
}

fn without_row_ids(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::list(items.iter().map(without_row_ids).collect()),
        Value::Record(fields) => {
            let kept = fields.iter().filter(|(name, _)| &***name != "RowId");
            Value::record(kept.map(|(name, v)| (name.clone(), without_row_ids(v))).collect())
        }
        other => other.clone(),
    }
}
