//! A stage for end-to-end tests: a sandbox and an engine as processes, with a directory between the
//! engine's lives.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};

use crate::program;

/// What the sandbox signs its webhooks with.
pub const SECRET: &str = "sandbox-webhook-secret";
/// How much faster time passes for engine and sandbox.
const TIME_SCALE: &str = "20";
/// How often a thing waited for is looked at, and how long at most.
const LOOK: Duration = Duration::from_millis(25);
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that is killed when nobody holds it any more.
pub struct Process {
    child: Child,
    /// The first line it printed.
    pub ready: Value,
}

impl Process {
    fn start(mut command: Command) -> Process {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().and_then(Result::ok).unwrap_or_default();
        let ready = serde_json::from_str(&first).unwrap_or_else(|_| {
            let status = child.wait().unwrap();
            panic!("{command:?} ended before it was ready ({status}): {first}")
        });
        // What else it prints is taken, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Process { child, ready }
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        let done = Command::new("kill").args(["-TERM", &self.id().to_string()]).status().unwrap();
        assert!(done.success(), "{done}");
    }

    /// Its exit code, once it has ended by itself within that time.
    pub async fn ends_within(mut self, time: Duration) -> i32 {
        let mut looks = tokio::time::interval(LOOK);
        for _ in 0..=time.as_millis() / LOOK.as_millis() {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            looks.tick().await;
        }
        panic!("it did not end within {time:?}")
    }

    /// Waits until it has ended by itself.
    pub fn wait(mut self) {
        self.child.wait().unwrap();
    }

    fn kill(&mut self) {
        // One that has ended already cannot be killed, and need not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// Its standard output and standard error.
    pub text: String,
}

/// A sandbox with an empty shop, a ledger, and an engine with its directory.
pub struct Stage {
    /// Where the sandbox is.
    pub sandbox_url: String,
    /// The integration's folder; without it, the shipped one.
    pub project: Option<PathBuf>,
    /// Runs the engine under strace, which writes here.
    pub trace: Option<PathBuf>,
    /// More words for `tenon serve`.
    pub words: Vec<String>,
    /// Where the engine's log goes, all of it; without it, where the test's own goes.
    pub log: Option<PathBuf>,
    /// The engine, while it lives.
    pub engine: Option<Process>,
    /// Keeps the data directory, and whatever else a test puts there.
    pub folder: tempfile::TempDir,
    http: reqwest::Client,
    _sandbox: Process,
}

impl Stage {
    /// Starts the sandbox and gives the engine's directory its two connections.
    pub async fn set() -> Stage {
        let mut up = Command::new(program::path());
        up.args(["sandbox", "up", "--port", "0", "--orders", "0", "--time-scale", TIME_SCALE]);
        let sandbox = Process::start(up);
        // Another test of this process may have chosen a provider already; either serves.
        drop(rustls::crypto::ring::default_provider().install_default());
        let stage = Stage {
            sandbox_url: sandbox.ready["address"].as_str().unwrap().to_owned(),
            project: None,
            trace: None,
            words: Vec::new(),
            log: None,
            engine: None,
            folder: tempfile::tempdir().unwrap(),
            http: reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap(),
            _sandbox: sandbox,
        };
        let shop = format!("access_token=shpat_sandbox\napi_secret={SECRET}\n");
        stage.add("shopify", &shop, &["--set", "shop=sandbox-shop"]);
        stage.add_ledger().await;
        stage
    }

    /// Gives the ledger's connection new tokens.
    pub async fn add_ledger(&self) {
        let tokens = self.control("POST", "/control/fortnox/tokens", Value::Null).await;
        let ledger = format!(
            "client_id=sandbox-client\nclient_secret=sandbox-client-secret\naccess_token={}\n\
             refresh_token={}\n",
            tokens["access_token"].as_str().unwrap(),
            tokens["refresh_token"].as_str().unwrap()
        );
        self.add("fortnox", &ledger, &[]);
    }

    fn add(&self, name: &str, credentials: &str, more: &[&str]) {
        let sandbox = format!("sandbox={}", self.sandbox_url);
        let mut add = vec!["connection", "add", name, "--environment", "sandbox"];
        add.extend(["--set", &sandbox, "--credentials", "-"]);
        add.extend(more);
        let said = self.run(&add, credentials);
        assert_eq!(said.code, 0, "{said:?}");
    }

    /// Guests' orders go to one card, which a person has made in the ledger.
    pub async fn collective_customer(&self) {
        let card = json!({"CustomerNumber": "WEBB", "Name": "Kunder utan konto"});
        self.in_ledger("POST", "/3/customers", json!({"Customer": card})).await;
        self.tenon(&["setting", "set", "collective_customer", "WEBB"]);
    }

    /// The integration in a folder of its own, so that a test can change it; it is not polled.
    pub fn own_project(&mut self) -> PathBuf {
        let to = self.folder.path().join("project");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        copy(&root.join("workflows/shopify-fortnox"), &to);
        edit(&to.join("order.flow.yaml"), |text| {
            let polled = text.lines().filter(|line| line.trim_start().starts_with("poll:")).count();
            assert_eq!(polled, 1, "the flow `order` is polled");
            let kept = text.lines().filter(|line| !line.trim_start().starts_with("poll:"));
            kept.map(|line| format!("{line}\n")).collect()
        });
        self.project = Some(to.clone());
        to
    }

    /// The engine's data directory.
    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the engine on its directory.
    pub fn serve(&mut self) {
        let mut serve = match &self.trace {
            Some(to) => {
                let mut strace = Command::new("strace");
                strace.args(["-f", "-yy", "-s", "1000000", "-o"]).arg(to);
                strace.args(["-e", "trace=pwrite64,write,writev,sendto,sendmsg,fdatasync,fsync"]);
                strace.arg(program::path());
                strace
            }
            None => Command::new(program::path()),
        };
        serve.args(["serve", "--listen", "127.0.0.1:0", "--time-scale", TIME_SCALE, "--dir"]);
        serve.arg(self.dir());
        if let Some(project) = &self.project {
            serve.arg("--project").arg(project);
        }
        serve.args(&self.words);
        if let Some(log) = &self.log {
            serve.env("TENON_LOG", "trace").stderr(std::fs::File::create(log).unwrap());
        }
        self.engine = Some(Process::start(serve));
    }

    /// SIGKILL to the engine.
    pub fn kill(&mut self) {
        self.engine.take().unwrap().kill();
    }

    fn engine_url(&self) -> &str {
        self.engine.as_ref().unwrap().ready["address"].as_str().unwrap()
    }

    /// Asks the sandbox's control interface.
    pub async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let method = method.parse().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.sandbox_url));
        if !body.is_null() {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    /// What a person does in the ledger.
    pub async fn in_ledger(&self, method: &str, path: &str, body: Value) -> Value {
        let ask = json!({"method": method, "path": path, "body": body});
        self.control("POST", "/control/fortnox/ask", ask).await
    }

    /// The ledger's documents of a resource whose reference is the name of an order.
    pub async fn documents(&self, resource: &str, order: &str) -> Vec<Value> {
        let path = format!("/control/fortnox/records/{resource}");
        let all = self.control("GET", &path, Value::Null).await;
        let of = |d: &&Value| d["ExternalInvoiceReference1"] == order;
        all.as_array().unwrap().iter().filter(of).cloned().collect()
    }

    /// One new order of a kind: its id and its name.
    pub async fn order(&self, kind: &str) -> (String, String) {
        let made =
            self.control("POST", "/control/shop/orders", json!({"kind": kind, "count": 1})).await;
        let id = made["orders"][0].as_str().unwrap().to_owned();
        let name = self.name_of(&id).await;
        (id, name)
    }

    /// The name of an order.
    pub async fn name_of(&self, id: &str) -> String {
        let shown = self.control("GET", "/control/shop/orders", Value::Null).await;
        let orders = shown["orders"].as_array().unwrap();
        let order = orders.iter().find(|order| order["id"] == id);
        order.unwrap_or_else(|| panic!("{id}: {shown}"))["name"].as_str().unwrap().to_owned()
    }

    /// Calls the engine's API.
    pub async fn api(&self, path: &str) -> Value {
        let file = std::fs::read_to_string(self.dir().join("api")).unwrap();
        let file: Value = serde_json::from_str(&file).unwrap();
        let url = format!("{}/api/v1{path}", self.engine_url());
        let request = self.http.get(url).bearer_auth(file["token"].as_str().unwrap());
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Webhooks that were accepted since the engine started.
    pub async fn deliveries(&self) -> u64 {
        let series = "tenon_deliveries_total{connection=\"shopify\",answer=\"accepted\"} ";
        let text = self.scrape().await;
        let figure = text.lines().find_map(|line| line.strip_prefix(series));
        figure.map_or(0, |figure| figure.parse().unwrap())
    }

    /// The engine's metrics, as a scraper reads them.
    pub async fn scrape(&self) -> String {
        let token = std::fs::read_to_string(self.dir().join("metrics-token")).unwrap();
        let url = format!("{}/metrics", self.engine_url());
        let answer = self.http.get(url).bearer_auth(token).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        answer.text().await.unwrap()
    }

    /// Tasks of a flow for a record, newest first.
    pub async fn tasks(&self, flow: &str, record: &str) -> Vec<Value> {
        let list = self.api(&format!("/tasks?flow={flow}&record={record}&limit=1000")).await;
        list["tasks"].as_array().unwrap().clone()
    }

    /// The only task of the flow `order` for a record.
    pub async fn task(&self, record: &str) -> Value {
        let mut tasks = self.tasks("order", record).await;
        assert_eq!(tasks.len(), 1, "{tasks:#?}");
        tasks.remove(0)
    }

    /// A webhook, ready to be posted.
    pub fn webhook(&self, topic: &str, id: &str, body: &str) -> Webhook {
        Webhook {
            url: format!("{}/in/shopify/{topic}", self.engine_url()),
            topic: topic.to_owned(),
            id: id.to_owned(),
            body: body.to_owned(),
            secret: SECRET.to_owned(),
            http: self.http.clone(),
        }
    }

    /// Posts a webhook that tells of an order.
    pub async fn tell(&self, topic: &str, order: &str) -> Value {
        let id = format!("{topic} of {order}");
        let (status, answer) = self.webhook(topic, &id, &telling(order)).post().await.unwrap();
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Waits until something is there.
    pub async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let most = PATIENCE.as_millis() / LOOK.as_millis();
        let mut looks = tokio::time::interval(LOOK);
        for _ in 0..most {
            if let Some(found) = look().await {
                return found;
            }
            looks.tick().await;
        }
        panic!("waited too long for {what}: {:#}", self.api("/status").await["open"])
    }

    /// Waits until no task moves by itself any more.
    pub async fn quiet(&self) {
        self.until("quiet", async || {
            let status = self.api("/status").await;
            let open = status["open"].as_object().unwrap();
            let moving = ["queued", "running", "waiting"];
            moving.iter().all(|state| !open.contains_key(*state)).then_some(())
        })
        .await;
    }

    /// Waits until a task is in a state.
    pub async fn state(&self, task: &str, state: &str) -> Value {
        self.until(&format!("{task} to be {state}"), async || {
            let task = self.api(&format!("/tasks/{task}")).await;
            (task["state"] == state).then_some(task)
        })
        .await
    }

    /// Runs a command on the engine's directory, as an operator would; it must succeed.
    pub fn tenon(&self, words: &[&str]) -> String {
        let said = self.run(words, "");
        assert_eq!(said.code, 0, "tenon {words:?}: {}", said.text);
        said.text
    }

    /// The same, whatever comes of it, with something to read.
    pub fn run(&self, words: &[&str], input: &str) -> Said {
        let mut command = Command::new(program::path());
        command.args(words).arg("--dir").arg(self.dir());
        if let Some(project) = &self.project {
            command.env("TENON_PROJECT", project);
        }
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let out = child.wait_with_output().unwrap();
        let (said, warned) =
            (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        Said { code: out.status.code().unwrap_or(-1), text: format!("{said}{warned}") }
    }
}

/// A webhook, ready to be posted.
#[derive(Clone)]
pub struct Webhook {
    url: String,
    topic: String,
    id: String,
    body: String,
    secret: String,
    http: reqwest::Client,
}

impl Webhook {
    /// Signed with another secret.
    pub fn signed(mut self, secret: &str) -> Webhook {
        secret.clone_into(&mut self.secret);
        self
    }

    /// Posts it: status and answer; none when no answer came.
    pub async fn post(&self) -> Option<(u16, Value)> {
        let answer = self.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Posts it: the answer with its headers; none when none came.
    pub async fn send(&self) -> Option<reqwest::Response> {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(self.body.as_bytes());
        let proof = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
        let request = self
            .http
            .post(&self.url)
            .header("X-Shopify-Hmac-Sha256", proof)
            .header("X-Shopify-Topic", &self.topic)
            .header("X-Shopify-Webhook-Id", &self.id)
            .body(self.body.clone());
        request.send().await.ok()
    }
}

/// The body of a webhook that tells of an order, as far as it is read.
pub fn telling(order: &str) -> String {
    json!({"id": 1, "admin_graphql_api_id": order}).to_string()
}

/// Changes a file.
pub fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, change(text)).unwrap();
}

/// Replaces a text that a file holds.
pub fn replace(path: &Path, from: &str, to: &str) {
    edit(path, |text| {
        assert!(text.contains(from), "{} has no {from}", path.display());
        text.replace(from, to)
    });
}

/// Copies a folder with all in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
