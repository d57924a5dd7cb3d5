//! The processes of a demonstration and what is done to them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use tenon_server::Call;
use tenon_value::{Value, json};

use crate::api::Api;
use crate::demo::process::{self, Process, words};
use crate::exit::Failure;

/// How often the stage looks at the engine.
const LOOK: Duration = Duration::from_millis(25);
/// Looks without any change before the stage gives up: three minutes.
const PATIENCE: u32 = 7_200;

/// What a stage is set with.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// So many generated orders instead of the 25 of the demonstration.
    pub orders: Option<u32>,
    /// Seed of generated orders and of faults.
    pub seed: u64,
    /// Time passes this many times faster for engine and sandbox.
    pub time_scale: u32,
    /// Whether the sandbox's rate limits hold.
    pub limits: bool,
    /// Whether a person is told on standard output.
    pub talk: bool,
}

/// A sandbox, an engine, and the directory between the engine's lives.
pub struct Stage {
    /// The engine's data directory.
    pub dir: PathBuf,
    /// Where the sandbox is.
    pub sandbox_url: String,
    /// Times the engine was killed while a task was open.
    pub kills: u32,
    /// Of these, how often a write had been decided and not answered.
    pub kills_with_intention: u32,
    /// Times the ledger had to be authorised again, as a person would: a refresh was sent and the
    /// engine killed before its answer was kept.
    pub authorised_again: u32,
    talk: bool,
    limits: bool,
    time_scale: u32,
    seed: u64,
    port: u16,
    sandbox: Process,
    engine: Option<Process>,
    told: Option<String>,
    client: reqwest::Client,
}

impl Stage {
    /// Starts the sandbox and gives the engine's directory its two connections.
    ///
    /// # Errors
    /// When a process does not start.
    pub async fn set(setting: Setting, dir: PathBuf) -> Result<Stage, Failure> {
        let port = process::free_port()?;
        let mut sandbox = words(["sandbox", "up", "--port", "0"]);
        sandbox.extend(["--time-scale".to_owned(), setting.time_scale.to_string()]);
        sandbox.extend(["--limits".to_owned(), setting.limits.to_string()]);
        sandbox.extend(["--seed".to_owned(), setting.seed.to_string()]);
        sandbox.extend(["--webhooks".to_owned(), format!("http://127.0.0.1:{port}/in/shopify")]);
        if let Some(orders) = setting.orders {
            sandbox.extend(["--orders".to_owned(), orders.to_string()]);
        }
        let sandbox = Process::start(&sandbox).await?;
        let url = sandbox.ready.field("address").as_text().unwrap_or_default().to_owned();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .build()
            .map_err(|e| Failure::internal(e.to_string()))?;
        let mut stage = Stage {
            dir,
            sandbox_url: url,
            kills: 0,
            kills_with_intention: 0,
            authorised_again: 0,
            talk: setting.talk,
            limits: setting.limits,
            time_scale: setting.time_scale,
            seed: setting.seed,
            port,
            sandbox,
            engine: None,
            told: None,
            client,
        };
        stage.connect().await?;
        stage.collective_customer().await?;
        Ok(stage)
    }

    /// Orders of guests go to one card, which a person has made in the ledger and named in the settings.
    async fn collective_customer(&mut self) -> Result<(), Failure> {
        let card = Value::of([
            ("CustomerNumber", Value::text("WEBB")),
            ("Name", Value::text("Kunder utan konto")),
        ]);
        let ask = Value::of([
            ("method", Value::text("POST")),
            ("path", Value::text("/3/customers")),
            ("body", Value::of([("Customer", card)])),
        ]);
        self.control("POST", "/control/fortnox/ask", &ask).await?;
        let set = words(["setting", "set", "collective_customer", "WEBB", "--dir"]);
        let set: Vec<String> = set.into_iter().chain([process::path(&self.dir)]).collect();
        let (status, _) = process::run(&set, "").await?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::internal("the setting collective_customer could not be set")),
        }
    }

    /// Says something to a person; nothing where the end is wanted as JSON.
    pub fn say(&self, line: &str) {
        if self.talk {
            outln!("{line}");
        } else {
            eprintln!("{line}");
        }
    }

    async fn connect(&self) -> Result<(), Failure> {
        self.authorise_ledger().await?;
        let shop = "access_token=shpat_sandbox\napi_secret=sandbox-webhook-secret\n";
        let sandbox = format!("sandbox={}", self.sandbox_url);
        self.add("shopify", &[&sandbox, "shop=sandbox-shop"], shop).await
    }

    /// Gives the ledger's connection fresh tokens, as after a person's consent.
    async fn authorise_ledger(&self) -> Result<(), Failure> {
        let tokens = self.control("POST", "/control/fortnox/tokens", &Value::Missing).await?;
        let text = |name: &str| tokens.field(name).as_text().unwrap_or_default().to_owned();
        let ledger = format!(
            "client_id=sandbox-client\nclient_secret=sandbox-client-secret\naccess_token={}\nrefresh_token={}\n",
            text("access_token"),
            text("refresh_token")
        );
        let sandbox = format!("sandbox={}", self.sandbox_url);
        self.add("fortnox", &[&sandbox], &ledger).await
    }

    async fn add(&self, name: &str, set: &[&str], credentials: &str) -> Result<(), Failure> {
        let mut add = words(["connection", "add", name, "--environment", "sandbox"]);
        for word in set {
            add.extend(["--set".to_owned(), (*word).to_owned()]);
        }
        add.extend(words(["--credentials", "-", "--dir"]));
        add.push(process::path(&self.dir));
        let (status, _) = process::run(&add, credentials).await?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::internal(format!("the connection {name} could not be added"))),
        }
    }

    /// Asks the sandbox's control interface.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub async fn control(&self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        let lost = |e: reqwest::Error| Failure::remote(format!("the sandbox does not answer: {e}"));
        let method = reqwest::Method::from_bytes(method.as_bytes())
            .map_err(|e| Failure::internal(e.to_string()))?;
        let mut request = self.client.request(method, format!("{}{path}", self.sandbox_url));
        if !matches!(body, Value::Missing) {
            request = request.header("Content-Type", "application/json").body(json::write(body));
        }
        let response = request.send().await.map_err(lost)?;
        let status = response.status();
        let text = response.text().await.map_err(lost)?;
        if !status.is_success() {
            return Err(Failure::internal(format!("the sandbox refused {path}: {status} {text}")));
        }
        if text.is_empty() {
            return Ok(Value::Missing);
        }
        json::read(&text).map_err(|e| Failure::internal(format!("{path}: {e}")))
    }

    /// Every fault of the sandbox, again and again.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub async fn faults(&self) -> Result<(), Failure> {
        let body = Value::of([
            ("per_mille", Value::from(15)),
            ("ms", Value::from(acts_later_ms(self.time_scale))),
        ]);
        self.control("POST", "/control/faults/every", &body).await?;
        let manner = Value::of([
            ("double_every", Value::from(5)),
            ("reorder", Value::from(true)),
            ("remove", Value::from(false)),
        ]);
        self.control("POST", "/control/shop/webhooks/manner", &manner).await?;
        Ok(())
    }

    /// Starts the engine on its directory.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_engine(&mut self) -> Result<(), Failure> {
        let mut serve = words(["serve", "--listen"]);
        serve.push(format!("127.0.0.1:{}", self.port));
        serve.extend(words(["--dir"]));
        serve.push(process::path(&self.dir));
        serve.extend(["--time-scale".to_owned(), self.time_scale.to_string()]);
        if !self.limits {
            serve.push("--unlimited".to_owned());
        }
        self.engine = Some(Process::start(&serve).await?);
        Ok(())
    }

    /// The engine's process id; none while there is no engine.
    pub fn engine_pid(&self) -> Option<u32> {
        self.engine.as_ref().and_then(Process::pid)
    }

    /// Has the shop post the webhook of every order.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub async fn post_webhooks(&self) -> Result<(), Failure> {
        let body = Value::of([("topic", Value::text("orders/create"))]);
        self.control("POST", "/control/shop/webhooks/post", &body).await?;
        Ok(())
    }

    /// One call to the engine.
    ///
    /// # Errors
    /// When it refuses or does not answer.
    pub async fn engine_call(&self, call: Call) -> Result<Value, Failure> {
        Api::of(&self.dir, None).await?.call(call).await
    }

    /// Open tasks that move by themselves, by state; authorises the ledger again where it waits for
    /// that.
    async fn moving(&mut self) -> Result<BTreeMap<String, i64>, Failure> {
        let status = self.engine_call(Call::new("GET", "/status")).await?;
        let auth = |c: &Value| c.field("standing").as_text() == Some("auth");
        if status.field("connections").items().iter().any(auth) {
            self.say("the ledger refuses its tokens: it is authorised again, as a person would");
            self.authorise_ledger().await?;
            self.authorised_again = self.authorised_again.saturating_add(1);
        }
        let open = status.field("open").as_record().cloned().unwrap_or_default();
        let moving = |state: &str| matches!(state, "queued" | "running" | "waiting");
        Ok(open
            .iter()
            .filter(|(state, _)| moving(state))
            .filter_map(|(state, n)| Some((state.to_string(), n.as_number()?.to_i64()?)))
            .collect())
    }

    /// Waits until no task moves by itself any more, killing the engine `kills` times on the way.
    ///
    /// # Errors
    /// When nothing changes for three minutes, or a process is gone.
    pub async fn work(&mut self, kills: u32) -> Result<(), Failure> {
        let mut draw = self.seed;
        let mut quiet = 0_u32;
        let mut last = (BTreeMap::new(), 0_i64);
        let mut still = 0_u32;
        let mut next_kill = 8_u64;
        for look in 0_u64.. {
            tokio::time::sleep(LOOK).await;
            let moving = self.moving().await?;
            self.tell_what_happened().await?;
            let arrived = self.deliveries_left().await?;
            let open: i64 = moving.values().sum();
            if self.kills < kills && open > 0 && look >= next_kill {
                self.kill().await?;
                draw = draw
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                next_kill = look.saturating_add(4).saturating_add((draw >> 33) % 24);
                continue;
            }
            quiet = if open == 0 && arrived == 0 { quiet.saturating_add(1) } else { 0 };
            if quiet >= 8 && self.kills >= kills {
                return Ok(());
            }
            if quiet >= 8 {
                // All is done before the engine was killed often enough: give it more to do.
                self.post_webhooks().await?;
            }
            still =
                if (&moving, arrived) == (&last.0, last.1) { still.saturating_add(1) } else { 0 };
            if still > PATIENCE {
                return Err(Failure::internal(format!("nothing moves any more: {moving:?}")));
            }
            last = (moving, arrived);
        }
        Ok(())
    }

    /// Says what the audit log says of documents made, orders skipped and tasks that failed.
    async fn tell_what_happened(&mut self) -> Result<(), Failure> {
        if !self.talk {
            return Ok(());
        }
        let call = Call::new("GET", "/audit").with("limit", "1000");
        let call = match &self.told {
            Some(place) => call.with("after", place),
            None => call.with("from_ms", "0"),
        };
        let answer = self.engine_call(call).await?;
        for line in answer.field("lines").items() {
            let what = line.field("what").as_text().unwrap_or_default();
            if matches!(what, "linked" | "skipped" | "failed" | "needs_person") {
                self.say(&format!("  {}", line.field("text").as_text().unwrap_or_default()));
            }
        }
        self.told = answer.field("next").as_text().map(str::to_owned).or(self.told.take());
        Ok(())
    }

    /// Webhooks the shop has yet to deliver.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn deliveries_left(&self) -> Result<i64, Failure> {
        let webhooks = self.control("GET", "/control/shop/webhooks", &Value::Missing).await?;
        let counts = webhooks.field("counts");
        let count =
            |name: &str| counts.field(name).as_number().and_then(|n| n.to_i64()).unwrap_or(0);
        Ok(count("deliveries").saturating_sub(count("delivered")).saturating_sub(count("given_up")))
    }

    /// SIGKILL to the engine, then a new one on the same directory.
    async fn kill(&mut self) -> Result<(), Failure> {
        let Some(engine) = self.engine.take() else { return Ok(()) };
        engine.kill().await?;
        self.start_engine().await?;
        let status = self.engine_call(Call::new("GET", "/status")).await?;
        let found = |name: &str| status.at(name).as_number().and_then(|n| n.to_i64()).unwrap_or(0);
        let (tasks, writes) = (found("recovered.tasks"), found("recovered.writes"));
        if tasks > 0 {
            self.kills = self.kills.saturating_add(1);
        }
        if writes > 0 {
            self.kills_with_intention = self.kills_with_intention.saturating_add(1);
        }
        self.say(&format!(
            "killed the engine (SIGKILL) and started it again: {tasks} tasks found again, \
             {writes} with a write under way"
        ));
        Ok(())
    }

    /// Shows what failed and repairs what a missing table row explains; gives how many orders were repaired.
    ///
    /// # Errors
    /// When the engine refuses.
    pub async fn repair(&mut self) -> Result<usize, Failure> {
        let call = Call::new("GET", "/tasks").with("state", "failed").with("limit", "1000");
        let failed = self.engine_call(call).await?;
        let mut repaired = BTreeSet::new();
        for task in failed.field("tasks").items() {
            let text = |path: &str| task.at(path).plain().unwrap_or_default();
            let (id, fault) = (text("id"), task.field("fault"));
            self.say(&format!(
                "failed: {} of flow {}: {}: {}",
                text("title"),
                text("flow"),
                text("fault.code"),
                text("fault.message")
            ));
            let needs = fault.at("needs.what").as_text().unwrap_or_default().to_owned();
            if needs != "table:payment_methods" {
                continue;
            }
            let gateway = match fault.at("needs.key") {
                key if key.as_record().is_some() => {
                    key.field("gateway").plain().unwrap_or_default()
                }
                key => key.plain().unwrap_or_default(),
            };
            let gateway = format!("gateway={gateway}");
            let row = ["at=capture", "terms=0", "mode=BG", "send=mark_sent"];
            let words = ["table", "set", "payment_methods", &gateway];
            self.tenon(&[&words[..], &row[..]].concat()).await?;
            self.tenon(&["task", "retry", &id]).await?;
            repaired.insert(text("record"));
        }
        if !repaired.is_empty() {
            self.work(0).await?;
        }
        Ok(repaired.len())
    }

    /// Runs a command as an operator would, and shows it.
    async fn tenon(&self, line: &[&str]) -> Result<(), Failure> {
        let shown: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
        self.say(&format!("  $ tenon {}", shown.join(" ")));
        let mut all = shown.clone();
        all.extend(["--dir".to_owned(), process::path(&self.dir)]);
        let (status, _) = process::run(&all, "").await?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::internal(format!("`tenon {}` failed", shown.join(" ")))),
        }
    }

    /// The books as the sandbox keeps them.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn books(&self) -> Result<Value, Failure> {
        self.control("GET", "/control/books", &Value::Missing).await
    }

    /// Ends engine and sandbox.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn end(self) -> Result<(), Failure> {
        if let Some(engine) = self.engine {
            engine.kill().await?;
        }
        self.sandbox.kill().await
    }
}

/// How long a cut request takes to act all the same: four seconds, at the stage's pace. It stays
/// under the ten seconds after which the manifests let *not found* count.
fn acts_later_ms(time_scale: u32) -> i64 {
    4_000_i64.checked_div(i64::from(time_scale.max(1))).unwrap_or(1).max(1)
}
