//! A token refresh whose answer is lost, with the real binary: the account waits for a person, nothing
//! is lost, and authorising it again lets everything go on.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A `tenon` that serves until it is dropped.
struct Serving {
    child: Child,
    ready: Value,
}

impl Serving {
    fn start(words: &[&str]) -> Serving {
        let mut child = Command::new(program::path())
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Serving { child, ready: serde_json::from_str(&line).unwrap() }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Stage<'d> {
    dir: &'d Path,
    sandbox: String,
    client: reqwest::Client,
}

impl Stage<'_> {
    async fn control(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.sandbox));
        let request = request.header("Content-Type", "application/json").body(body.to_string());
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null)
    }

    /// Runs a command on the directory, with something to read.
    fn tenon(&self, words: &[&str], input: &str) -> String {
        let mut child = Command::new(program::path())
            .args(words)
            .arg("--dir")
            .arg(self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success(), "{words:?}: {:?}", out.status);
        String::from_utf8(out.stdout).unwrap()
    }

    fn list(&self, words: &[&str]) -> Vec<Value> {
        let mut all = words.to_vec();
        all.extend(["--output", "json"]);
        serde_json::from_str(&self.tenon(&all, "")).unwrap()
    }

    fn standing(&self) -> Value {
        let all = self.list(&["connection", "list"]);
        all.iter().find(|c| c["name"] == "fortnox").unwrap()["standing"].clone()
    }

    fn tasks_in(&self, states: &[&str]) -> Vec<Value> {
        let all = self.list(&["task", "list", "--limit", "1000"]);
        all.into_iter().filter(|t| states.contains(&t["state"].as_str().unwrap())).collect()
    }

    /// Fresh tokens, as after a person's consent.
    async fn authorise(&self) {
        let tokens = self.control(reqwest::Method::POST, "/control/fortnox/tokens", &Value::Null);
        let tokens = tokens.await;
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let credentials = format!(
            "client_id=sandbox-client\nclient_secret=sandbox-client-secret\n\
             access_token={}\nrefresh_token={}\n",
            text("access_token"),
            text("refresh_token")
        );
        let place = format!("sandbox={}", self.sandbox);
        let words = ["connection", "add", "fortnox", "--environment", "sandbox", "--set", &place];
        self.tenon(&[&words[..], &["--credentials", "-"]].concat(), &credentials);
    }
}

/// Asks until it holds; each asking is a process of its own, which is pause enough.
fn until(what: &str, holds: impl Fn() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "a deadline for a test that hangs")]
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
    }
}

#[tokio::test]
async fn a_lost_refresh_parks_the_account_and_authorising_it_again_releases_everything() {
    // Another test of this process may have chosen it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    let hooks = format!("http://{listen}/in/shopify");
    let up = ["sandbox", "up", "--port", "0", "--orders", "5", "--time-scale", "20"];
    let sandbox = Serving::start(&[&up[..], &["--webhooks", &hooks]].concat());
    let stage = Stage {
        dir: dir.path(),
        sandbox: sandbox.ready["address"].as_str().unwrap().to_owned(),
        client: reqwest::Client::new(),
    };
    let post = reqwest::Method::POST;
    let card = json!({"Customer": {"CustomerNumber": "WEBB", "Name": "Guests"}});
    let ask = json!({"method": "POST", "path": "/3/customers", "body": card});
    stage.control(post.clone(), "/control/fortnox/ask", &ask).await;
    stage.authorise().await;
    let place = format!("sandbox={}", stage.sandbox);
    let words = ["connection", "add", "shopify", "--environment", "sandbox", "--set", &place];
    stage.tenon(
        &[&words[..], &["--set", "shop=sandbox-shop", "--credentials", "-"]].concat(),
        "access_token=shpat_sandbox\napi_secret=sandbox-webhook-secret\n",
    );
    stage.tenon(&["setting", "set", "collective_customer", "WEBB"], "");
    let rules = json!([
        {"kind": "token_revoked", "path": "/fortnox/3/*", "times": 1},
        {"kind": "answer_lost", "path": "/fortnox/oauth-v1/token", "times": 1},
    ]);
    stage.control(post.clone(), "/control/faults", &rules).await;
    let folder = dir.path().to_str().unwrap().to_owned();
    let serve = ["serve", "--listen", &listen, "--dir", &folder, "--time-scale", "20"];
    let engine = Serving::start(&serve);
    let topic = json!({"topic": "orders/create"});
    stage.control(post, "/control/shop/webhooks/post", &topic).await;

    until("the account waits for a person", || stage.standing() == "auth");
    until("a task says so", || {
        let waiting = stage.tasks_in(&["waiting"]);
        waiting.iter().any(|task| task["reason"]["reason"] == "connection_auth")
    });
    assert_eq!(stage.tasks_in(&["failed", "needs_person"]), Vec::<Value>::new());
    engine.kill();
    let engine = Serving::start(&serve);
    assert_eq!(stage.standing(), "auth", "a restart does not forget it");

    stage.authorise().await;
    let moving = ["queued", "running", "waiting"];
    until("all orders are moved", || stage.tasks_in(&moving).is_empty());
    assert_eq!(stage.tasks_in(&["failed", "needs_person"]), Vec::<Value>::new());
    let books = stage.control(reqwest::Method::GET, "/control/books", &Value::Null).await;
    println!("{books}");
    assert_eq!((&books["lost"], &books["duplicates"]), (&json!(0), &json!(0)), "{books}");
    assert_eq!(books["totals_agree"], true, "{books}");
    assert_eq!(books["orders"], 5);
    engine.kill();
}
