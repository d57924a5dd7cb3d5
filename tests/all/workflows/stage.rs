//! A sandbox and an engine in this process, with the shipped integration between them.

use std::sync::Arc;

use tenon_runtime::{
    By, Config, Ground, Http, HttpBounds, Runtime, ScaledSeam, Seam, SystemSeam, Transport, Vault,
};
use tenon_sandbox::config::Limits;
use tenon_sandbox::fortnox::Ask;
use tenon_sandbox::shopify::kinds::Kind;
use tenon_sandbox::shopify::shop::Stored;
use tenon_sandbox::{Running, Sandbox, SandboxConfig};
use tenon_server::Call;
use tenon_store::MemoryStore;
use tenon_value::{Value, json};

use super::project;

/// 10 March 2026, 09:30 in Stockholm: the sandbox's clock stands still there.
pub const NOW_MS: i64 = 1_773_131_400_000;

/// The stand-ins and the engine.
pub struct Stage {
    /// The sandbox.
    pub sandbox: Running,
    /// The engine.
    pub runtime: Runtime,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// `done`, `skipped`, `failed` or `needs_person`.
    pub state: String,
    /// The fault's code; empty where it has none.
    pub code: String,
    /// What it says: the fault's message, or why it was skipped.
    pub says: String,
    /// The task's id.
    pub task: String,
}

fn by() -> By {
    By { who: "test".to_owned(), why: None }
}

impl Stage {
    /// A stage with these settings, `("name", value)` in JSON.
    pub async fn with(settings: &[(&str, &str)]) -> Stage {
        Stage::on(SandboxConfig::default(), settings).await
    }

    /// The same on a sandbox of this configuration.
    pub async fn on(config: SandboxConfig, settings: &[(&str, &str)]) -> Stage {
        let limits = Limits {
            on: false,
            fortnox_access_ms: 1_000_000_000_000,
            webhook_pause_divisor: 1_000,
            ..Limits::default()
        };
        let config = SandboxConfig { frozen_at_ms: Some(NOW_MS), limits, ..config };
        let sandbox = Sandbox::start(config).await.unwrap();
        let ground = Ground {
            store: Arc::new(MemoryStore::new()),
            seam: Arc::new(ScaledSeam::new(100, SystemSeam.now_ms())) as Arc<dyn Seam>,
            transport: Arc::new(Http::new(HttpBounds::default()).unwrap()) as Arc<dyn Transport>,
            vault: Vault::with_key([1; 32]),
        };
        let config = Config { polls: false, ..Config::default() };
        let deployment = project::deployment(project::shipped());
        let runtime = Runtime::start(ground, vec![deployment], config).await.unwrap();
        let stage = Stage { sandbox, runtime };
        stage.connect().await;
        stage.set("collective_customer", r#""WEBB""#).await;
        for (name, value) in settings {
            stage.set(name, value).await;
        }
        stage
    }

    async fn connect(&self) {
        let url = self.sandbox.url();
        let tokens = self.sandbox.parts.ledger.issue_tokens();
        let tokens = tokens.body;
        let token = |name: &str| tokens.field(name).plain().unwrap();
        let ledger = format!(
            r#"{{"environment": "sandbox", "parameters": {{"sandbox": "{url}"}}, "credentials": {{
                "client_id": "sandbox-client", "client_secret": "sandbox-client-secret",
                "access_token": "{}", "refresh_token": "{}"}}}}"#,
            token("access_token"),
            token("refresh_token"),
        );
        let shop = format!(
            r#"{{"environment": "sandbox", "parameters": {{"sandbox": "{url}", "shop": "sandbox-shop"}},
                "credentials": {{"access_token": "shpat_sandbox", "api_secret": "sandbox-webhook-secret"}}}}"#
        );
        for (name, given) in [("fortnox", ledger), ("shopify", shop)] {
            let given = json::read(&given).unwrap();
            self.runtime.add_connection(name, &given, &by()).await.unwrap();
        }
        self.ask(
            "POST",
            "/3/customers",
            r#"{"Customer": {"CustomerNumber": "WEBB", "Name": "Kunder utan konto"}}"#,
        );
    }

    /// Sets a setting, as JSON.
    pub async fn set(&self, name: &str, value: &str) {
        let value = json::read(value).unwrap();
        self.runtime.set_setting("shopify-fortnox", name, &value, &by()).await.unwrap();
    }

    /// Sets a row of a table, key and value as JSON.
    pub async fn row(&self, table: &str, key: &str, value: &str) {
        let (key, value) = (json::read(key).unwrap(), json::read(value).unwrap());
        self.runtime.set_row("shopify-fortnox", table, (&key, &value), &by()).await.unwrap();
    }

    /// What a person does in the ledger; gives the record of the answer.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let answer = self.sandbox.parts.ledger.by_hand(&Ask::to(method, path, body).unwrap());
        assert!(answer.status < 300, "{method} {path}: {:?}", answer.body);
        answer.body
    }

    /// A new order of a kind.
    pub fn order(&self, kind: Kind, draw: u64) -> Arc<Stored> {
        let id = self.sandbox.parts.shop.create(kind, draw).unwrap();
        self.sandbox.parts.shop.find(&id).unwrap()
    }

    /// Runs flow `order` for an order to its end.
    pub async fn run(&self, order: &Stored) -> Ended {
        self.ended(&self.start(order).await).await
    }

    /// Starts flow `order` for an order; gives the task.
    pub async fn start(&self, order: &Stored) -> String {
        let body = Value::of([("id", Value::text(&order.order.id)), ("by", Value::text("test"))]);
        let call = Call::new("POST", "/flows/order/start").body(body);
        let answer = tenon_server::answer(&self.runtime, call).await.unwrap();
        answer.field("task").as_text().unwrap().to_owned()
    }

    /// The end of a task.
    pub async fn ended(&self, task: &str) -> Ended {
        let row = self.runtime.settled(task).await.unwrap();
        let text = |path: &str| row.at(path).plain().unwrap_or_default();
        let says = match text("fault.message") {
            says if says.is_empty() => json::write(row.field("reason")),
            says => says,
        };
        // A child's fault is what its parent failed of.
        let code = match says.split_once("ended as failed: ").and_then(|(_, of)| of.split_once(':'))
        {
            Some((code, _)) => code.to_owned(),
            None => text("fault.code"),
        };
        Ended { state: text("state"), code, says, task: task.to_owned() }
    }

    /// Gives a task the verb `retry` and waits for its end.
    pub async fn retry(&self, task: &str) -> Ended {
        self.runtime.verb(task, "retry", &Value::Missing, &by()).await.unwrap();
        self.ended(task).await
    }

    /// Every task of a flow, as rows.
    pub async fn tasks(&self, flow: &str) -> Vec<Value> {
        let call = Call::new("GET", "/tasks").with("flow", flow).with("limit", "1000");
        let answer = tenon_server::answer(&self.runtime, call).await.unwrap();
        answer.field("tasks").items().to_vec()
    }
}
