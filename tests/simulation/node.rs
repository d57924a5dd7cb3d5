//! One incarnation of the engine, and the people around it who use it while it lives.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use tenon_runtime::{
    Accepted, By, Config, Deployment, Ground, Incoming, Peer, Refusal, Runtime, StartFlow,
    TaskQuery, Vault,
};
use tenon_value::{Value, json};

use super::disk::NodeStore;
use super::peers::Toy;
use super::plan::Side;
use super::sim::{BIRTH, NodeSeam, Sim};
use super::wire::NodeWire;

/// The flow whose time history the poll moves.
pub const POLLED: &str = "polled";

/// A living engine.
pub struct Node {
    /// Which incarnation.
    pub epoch: u64,
    /// The engine.
    pub runtime: Runtime,
}

/// Who speaks in a simulation.
pub fn by() -> By {
    By { who: "anna".to_owned(), why: Some("as a person would".to_owned()) }
}

fn deployment(sim: &Sim) -> Deployment {
    let peer = |side| -> Arc<dyn Peer> { Arc::new(Toy { side, mutation: sim.mutation }) };
    Deployment {
        integration: "sim".to_owned(),
        title: "Simulation".to_owned(),
        connections: BTreeMap::from([
            ("shop".to_owned(), peer(Side::Shop)),
            ("ledger".to_owned(), peer(Side::Ledger)),
        ]),
        graphs: super::flows::all().into_iter().map(|graph| (graph.flow.clone(), graph)).collect(),
        ..Deployment::default()
    }
}

/// Starts the next incarnation; none when it died of it.
pub async fn start(sim: &Arc<Sim>) -> Option<Arc<Node>> {
    let epoch = {
        let at = sim.at();
        let mut state = sim.state();
        state.epoch += 1;
        state.dead = false;
        state.watch.starts.push(at);
        state.epoch
    };
    sim.say(|| format!("node {epoch} starts"));
    let ground = Ground {
        store: Arc::new(NodeStore { sim: sim.clone(), epoch }),
        seam: Arc::new(NodeSeam::new(sim.clone())),
        transport: Arc::new(NodeWire { sim: sim.clone(), epoch }),
        vault: Vault::with_key([7; 32]),
    };
    let config = Config { tasks_at_once: sim.plan.setup.tasks_at_once, ..Config::default() };
    let begun = async {
        let runtime = Runtime::start(ground, vec![deployment(sim)], config).await;
        if sim.dies_at(epoch, super::points::CrashPoint::Starting) {
            return None;
        }
        match runtime {
            Ok(runtime) => Some(Arc::new(Node { epoch, runtime })),
            // A disk that is full lets nothing be deployed; it is tried again.
            Err(refusal) => {
                sim.die(epoch, &refusal.to_string());
                None
            }
        }
    };
    tokio::select! {
        biased;
        () = sim.died(epoch) => None,
        node = begun => node,
    }
}

impl Node {
    /// Asks something of the engine; none when it died before it answered.
    pub async fn ask<T>(
        &self,
        sim: &Sim,
        asked: impl Future<Output = Result<T, Refusal>>,
    ) -> Option<Result<T, Refusal>> {
        tokio::select! {
            biased;
            () = sim.died(self.epoch) => None,
            done = asked => Some(done),
        }
    }

    /// Gives both connections their credentials, as far as they have none. False when it died.
    pub async fn connect(&self, sim: &Sim) -> bool {
        let connections = self.runtime.connections();
        for connection in connections.items() {
            let name = connection.field("name").as_text().unwrap_or_default();
            if connection.field("base").as_text() != Some("") {
                continue;
            }
            if !self.authorise(sim, name).await {
                return false;
            }
        }
        if self.cursor().await.is_some() {
            return true;
        }
        let by = by();
        let moved = self.runtime.set_history("sim", POLLED, BIRTH - 1_000, &by);
        matches!(self.ask(sim, moved).await, Some(Ok(_)))
    }

    /// A person's consent. False when it died.
    pub async fn authorise(&self, sim: &Sim, name: &str) -> bool {
        let token = {
            let at = sim.at();
            let books = &mut sim.state().books;
            if name == "ledger" { books.issue(at) } else { 1 }
        };
        let given = format!(
            r#"{{"base": "http://sim", "credentials": {{"secret": "s", "access": "{token}", "refresh": "{token}"}}}}"#
        );
        let given = json::read(&given).unwrap();
        let by = by();
        let added = self.runtime.add_connection(name, &given, &by);
        matches!(self.ask(sim, added).await, Some(Ok(_)))
    }

    /// How far the poll has come.
    pub async fn cursor(&self) -> Option<Value> {
        let history = self.runtime.history("sim").await.ok()?;
        let polled = |flow: &&Value| flow.field("flow").as_text() == Some(POLLED);
        let loaded = history.items().iter().find(polled)?.field("last_loaded").clone();
        (!loaded.is_absent()).then_some(loaded)
    }

    /// Posts a webhook: true when it was answered with 200.
    pub async fn post(&self, sim: &Sim, (topic, order, delivery): (&str, &str, &str)) -> bool {
        let hook = Incoming {
            connection: "shop".to_owned(),
            topic: topic.to_owned(),
            headers: vec![
                ("x-proof".to_owned(), "s".to_owned()),
                ("x-delivery".to_owned(), delivery.to_owned()),
            ],
            body: order.as_bytes().to_vec(),
        };
        let taken = self.ask(sim, self.runtime.accept(hook)).await;
        matches!(taken, Some(Ok(Accepted::Tasks { .. } | Accepted::Duplicate)))
    }

    /// Starts a flow by hand: true when it was accepted.
    pub async fn start_flow(&self, sim: &Sim, (flow, order, key): (&str, &str, &str)) -> bool {
        let start = StartFlow { integration: None, flow, record: order, key: Some(key) };
        matches!(self.ask(sim, self.runtime.start_flow(start, &by())).await, Some(Ok(_)))
    }

    /// Tasks in a state, or all.
    pub async fn tasks(&self, state: Option<&str>) -> Vec<Value> {
        let query =
            TaskQuery { state: state.map(str::to_owned), limit: 10_000, ..TaskQuery::default() };
        let list = self.runtime.tasks(query).await.unwrap();
        list.field("tasks").items().to_vec()
    }
}
