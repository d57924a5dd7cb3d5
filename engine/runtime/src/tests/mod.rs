//! The whole runtime on a store in memory, a scripted outside world and virtual time.

mod audit;
mod bad_days;
mod deploys;
mod flows;
mod metrics;
mod once;
mod order;
mod outage;
mod polls;
mod reach;
mod refusals;
mod schedules;
mod several;
mod storms;
mod traces;
mod upkeep;
mod verbs;
mod world;

use std::sync::Arc;
use std::time::Duration;

use tenon_store::MemoryStore;
use tenon_value::{Value, json};

use crate::fake::FakeSeam;
use crate::operate::{By, TaskQuery};
use crate::peer::{Incoming, Peer};
use crate::seam::Seam;
use crate::{Accepted, Collector, Config, Deployment, Ground, Runtime, StartFlow, Vault};
use world::{Toy, Wire, World};

/// What outlives an engine: store, clock, outside world.
struct Bench {
    world: Arc<World>,
    seam: Arc<FakeSeam>,
    store: Arc<MemoryStore>,
    deployment: Deployment,
}

impl Bench {
    fn new(seed: u64) -> Bench {
        let seam = Arc::new(FakeSeam::new(seed));
        let world = Arc::new(World::new(seed, seam.clone()));
        let mut deployment = Deployment {
            integration: "toy".to_owned(),
            title: "Toy".to_owned(),
            ..Deployment::default()
        };
        for name in ["shop", "ledger"] {
            let peer: Arc<dyn Peer> = Arc::new(Toy { name: name.to_owned() });
            deployment.connections.insert(name.to_owned(), peer);
        }
        for graph in flows::all() {
            deployment.graphs.insert(graph.flow.clone(), graph);
        }
        deployment.settings.insert("prefix".to_owned(), Value::text("A"));
        Bench { world, seam, store: Arc::new(MemoryStore::new()), deployment }
    }

    /// Lets virtual time pass; nobody waits for it.
    async fn pass(&self, time: Duration) {
        let until = self.seam.now_ms() + i64::try_from(time.as_millis()).unwrap();
        self.seam.sleep_until(until).await;
    }

    async fn start(&self) -> Runtime {
        self.with(Config { polls: false, ..Config::default() }).await
    }

    async fn with(&self, config: Config) -> Runtime {
        self.traced(config, None).await
    }

    async fn traced(&self, config: Config, collector: Option<Collector>) -> Runtime {
        let ground = Ground {
            store: self.store.clone(),
            seam: self.seam.clone(),
            transport: Arc::new(Wire(self.world.clone())),
            vault: Vault::with_key([7; 32]),
        };
        let deployments = vec![self.deployment.clone()];
        let started = Runtime::start_traced(ground, deployments, config, collector).await;
        let runtime = started.unwrap();
        let given = json::read(
            r#"{"base": "http://toy", "credentials": {"secret": "s", "access": "1", "refresh": "1"}}"#,
        )
        .unwrap();
        let first = runtime.connections().items()[0].clone();
        let removed = first.field("standing").as_text() == Some("auth");
        if first.field("base").as_text() == Some("") && !removed {
            for name in ["shop", "ledger"] {
                runtime.add_connection(name, &given, &by()).await.unwrap();
            }
        }
        runtime
    }
}

fn by() -> By {
    By { who: "anna".to_owned(), why: Some("because".to_owned()) }
}

async fn start(runtime: &Runtime, flow: &str, record: &str) -> String {
    let start = StartFlow { integration: None, flow, record, key: None };
    runtime.start_flow(start, &by()).await.unwrap()
}

fn hook(record: &str, delivery: &str) -> Incoming {
    Incoming {
        connection: "shop".to_owned(),
        topic: "orders/create".to_owned(),
        headers: vec![
            ("x-proof".to_owned(), "s".to_owned()),
            ("x-delivery".to_owned(), delivery.to_owned()),
        ],
        body: record.as_bytes().to_vec(),
    }
}

async fn posted(runtime: &Runtime, record: &str, delivery: &str) -> Vec<String> {
    match runtime.accept(hook(record, delivery)).await.unwrap() {
        Accepted::Tasks { tasks, .. } => tasks,
        other => panic!("{other:?}"),
    }
}

/// Waits until nothing moves by itself; virtual time makes this quick.
async fn quiet(runtime: &Runtime) {
    tokio::time::timeout(Duration::from_secs(90 * 86_400), runtime.quiet()).await.unwrap().unwrap();
}

async fn states(runtime: &Runtime) -> Vec<String> {
    let query = TaskQuery { limit: 10_000, ..TaskQuery::default() };
    let list = runtime.tasks(query).await.unwrap();
    let state = |t: &Value| t.field("state").as_text().unwrap().to_owned();
    list.field("tasks").items().iter().map(state).collect()
}
