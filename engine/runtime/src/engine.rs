//! The running engine: what all its parts share, and how it starts and stops.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tenon_graph::{Graph, GraphHash};
use tenon_machine::{LoadedGraph, System};
use tenon_store::{Key, Row, Store};
use tokio::sync::{Notify, oneshot, watch};

use crate::breaker::BreakerPolicy;
use crate::codes;
use crate::connection::Connection;
use crate::deployment::Deployment;
use crate::dispatch::Dispatcher;
use crate::lanes::{Lanes, Waiting};
use crate::live::Live;
use crate::refusal::{Kind, Refusal};
use crate::seam::Seam;
use crate::secrets::Vault;
use crate::supervisor::Supervisor;
use crate::telemetry::{Collector, Metrics, Spans};
use crate::timers::Timers;
use crate::transport::Transport;

/// How the engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Tasks worked on at once; those that wait for a limit do not count.
    pub tasks_at_once: usize,
    /// When a connection counts as down, and how it is probed.
    pub breaker: BreakerPolicy,
    /// Milliseconds before a check of a full disk is made again.
    pub disk_wait_ms: i64,
    /// Moves no task by itself: for a look at a directory, or a verb given beside a server.
    pub idle: bool,
    /// Runs the polls that flows ask for.
    pub polls: bool,
    /// Keeps the limits that connectors state. Without, only what systems answer holds it back.
    pub limits: bool,
    /// Lets go of what has ended long ago.
    pub retention: bool,
    /// Stores the graphs it is started with, so that tasks go by them. Without, it only looks at what
    /// they would mean, until they are deployed.
    pub keeps_graphs: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            tasks_at_once: 256,
            breaker: BreakerPolicy::default(),
            disk_wait_ms: 5_000,
            idle: false,
            polls: true,
            limits: true,
            retention: true,
            keeps_graphs: true,
        }
    }
}

/// What the engine stands on.
#[derive(Clone)]
pub struct Ground {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Clock, ids and randomness.
    pub seam: Arc<dyn Seam>,
    /// What carries requests.
    pub transport: Arc<dyn Transport>,
    /// What opens credentials.
    pub vault: Vault,
}

impl Ground {
    /// A ground whose vault is that of a data directory.
    ///
    /// # Errors
    /// When its key cannot be read or made.
    pub fn of_directory(
        directory: &Path,
        store: Arc<dyn Store>,
        transport: Arc<dyn Transport>,
    ) -> Result<Ground, crate::secrets::VaultError> {
        let seam: Arc<dyn Seam> = Arc::new(crate::seam::SystemSeam);
        let variable = std::env::var(crate::secrets::KEY_VARIABLE).ok();
        let vault = Vault::of_directory(directory, variable.as_deref(), &*seam)?;
        Ok(Ground { store, seam, transport, vault })
    }
}

/// One integration as it runs.
pub(crate) struct Integration {
    pub(crate) deployment: Deployment,
    pub(crate) live: Arc<Live>,
    pub(crate) pair: String,
    pub(crate) newest: BTreeMap<String, GraphHash>,
    pub(crate) systems: BTreeMap<String, Arc<dyn System>>,
}

/// What all parts of the engine share.
pub(crate) struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) seam: Arc<dyn Seam>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) vault: Vault,
    pub(crate) config: Config,
    pub(crate) integrations: RwLock<BTreeMap<String, Arc<Integration>>>,
    pub(crate) connections: BTreeMap<String, Arc<Connection>>,
    pub(crate) graphs: RwLock<BTreeMap<GraphHash, Arc<LoadedGraph>>>,
    pub(crate) lanes: Lanes,
    pub(crate) waiting: Waiting,
    pub(crate) timers: Timers,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) locks: LockWaiters,
    pub(crate) supervisor: Supervisor,
    pub(crate) started_ms: i64,
    /// Tasks that were under way when the store was opened.
    pub(crate) found_tasks: AtomicUsize,
    /// Of these, those with a write that had been decided and not answered.
    pub(crate) found_writes: AtomicUsize,
    pub(crate) stopping: AtomicBool,
    /// The store was made from an export: writes are searched before they are sent.
    pub(crate) restored: AtomicBool,
    pub(crate) stop_signal: watch::Sender<bool>,
    /// Rung whenever a task changes its state.
    pub(crate) settled: Notify,
    pub(crate) watchers: Watchers,
    pub(crate) fatal: watch::Sender<Option<String>>,
    /// Pages of children whose end is waited for.
    pub(crate) pages: crate::pages::Pages,
    /// Tasks that wait for a reference, by [`crate::turn::awaited`].
    pub(crate) documents: LockWaiters,
    /// Tasks with requests that wait for room under a limit: the connection, and how many.
    pub(crate) at_gates: Mutex<BTreeMap<Arc<str>, (String, usize)>>,
    /// The way of spans to who collects them.
    pub(crate) spans: Option<Spans>,
    /// What is counted for operators.
    pub(crate) metrics: Arc<Metrics>,
    /// What people said that holds until they take it back.
    pub(crate) words: crate::said::Words,
    /// How often documents were deployed to this process: what reads them anew hears of it.
    pub(crate) deployed: watch::Sender<u64>,
    /// One deploy at a time.
    pub(crate) deploying: tokio::sync::Mutex<()>,
    /// One run of a poll or schedule at a time, whichever documents it goes by.
    pub(crate) runs: crate::schedules::Runs,
}

/// Tasks that wait for something with a name: a lock somebody holds, a reference.
#[derive(Default)]
pub(crate) struct LockWaiters(Mutex<BTreeMap<String, Vec<Arc<str>>>>);

impl LockWaiters {
    pub(crate) fn add(&self, lock: &str, task: &Arc<str>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = all.entry(lock.to_owned()).or_default();
        if !line.contains(task) {
            line.push(task.clone());
        }
    }

    pub(crate) fn take(&self, lock: &str) -> Vec<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(lock).unwrap_or_default()
    }
}

/// Who waits for the end of a task.
#[derive(Default)]
pub(crate) struct Watchers(Mutex<BTreeMap<Arc<str>, Vec<oneshot::Sender<()>>>>);

impl Watchers {
    /// Resolves when the task has ended or asks a person.
    pub(crate) fn watch(&self, task: &str) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(Arc::from(task)).or_default().push(sender);
        receiver
    }

    pub(crate) fn ring(&self, task: &str) {
        let watchers = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(task);
        for watcher in watchers.into_iter().flatten() {
            let _ = watcher.send(());
        }
    }
}

/// How long the last spans may take to their collector when the engine ends.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// The engine. Dropping it ends everything at once, as a crash would; [`Runtime::stop`] drains.
pub struct Runtime {
    engine: Arc<Engine>,
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.engine.stopping.store(true, Ordering::SeqCst);
        self.engine.supervisor.abort();
        if let Some(spans) = &self.engine.spans {
            spans.abort();
        }
    }
}

impl Runtime {
    /// Starts the engine on a store: stores new graphs, finds every open task again, and goes on.
    ///
    /// # Errors
    /// When the store cannot be read or written, or a graph cannot be loaded.
    pub async fn start(
        ground: Ground,
        deployments: Vec<Deployment>,
        config: Config,
    ) -> Result<Runtime, Refusal> {
        Runtime::start_traced(ground, deployments, config, None).await
    }

    /// The same, with traces of its tasks brought to a collector.
    ///
    /// # Errors
    /// As [`Runtime::start`].
    pub async fn start_traced(
        ground: Ground,
        deployments: Vec<Deployment>,
        config: Config,
        collector: Option<Collector>,
    ) -> Result<Runtime, Refusal> {
        let engine = crate::recover::open(ground, deployments, config, collector).await?;
        crate::recover::found_again(&engine).await?;
        if !config.idle {
            crate::recover::run(&engine);
        }
        Ok(Runtime { engine })
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The seam it runs on.
    #[must_use]
    pub fn seam(&self) -> &dyn Seam {
        &*self.engine.seam
    }

    /// Ends the engine in order: nothing new is begun, calls under way get `patience`, the rest is
    /// found again at the next start. The store stays open.
    pub async fn stop(&self, patience: Duration) {
        self.engine.stopping.store(true, Ordering::SeqCst);
        let _ = self.engine.stop_signal.send(true);
        self.engine.dispatcher.close();
        self.engine.supervisor.join(patience).await;
        if let Some(spans) = &self.engine.spans {
            spans.end(LAST_SPANS).await;
        }
    }

    /// Resolves with the reason when the store has failed for good: the process must then end.
    pub async fn fatal(&self) -> String {
        let mut fatal = self.engine.fatal.subscribe();
        match fatal.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            Err(_) => "the engine is gone".to_owned(),
        }
    }
}

impl Engine {
    /// Whether the engine is going down.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Every integration, as it was deployed last.
    pub(crate) fn integrations(&self) -> Vec<Arc<Integration>> {
        let all = self.integrations.read().unwrap_or_else(PoisonError::into_inner);
        all.values().cloned().collect()
    }

    /// Lets what comes from now on go by these documents.
    pub(crate) fn put_integration(&self, integration: Arc<Integration>) {
        let name = integration.deployment.integration.clone();
        let mut all = self.integrations.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(name, integration);
    }

    /// Keeps a graph that is ready to be walked.
    pub(crate) fn put_graph(&self, graph: Arc<LoadedGraph>) {
        let mut graphs = self.graphs.write().unwrap_or_else(PoisonError::into_inner);
        graphs.entry(graph.hash).or_insert(graph);
    }

    /// An integration by name; the only one when the name is empty.
    pub(crate) fn integration(&self, name: &str) -> Result<Arc<Integration>, Refusal> {
        let all = self.integrations();
        if name.is_empty() {
            return match all.as_slice() {
                [only] => Ok(only.clone()),
                [] => Err(Refusal::not_found("integration", "(any)")),
                _ => Err(Refusal::invalid("there are several integrations: name one")),
            };
        }
        let found = all.into_iter().find(|one| one.deployment.integration == name);
        found.ok_or_else(|| Refusal::not_found("integration", name))
    }

    /// The integration that has a flow.
    pub(crate) fn of_flow(
        &self,
        integration: Option<&str>,
        flow: &str,
    ) -> Result<(Arc<Integration>, GraphHash), Refusal> {
        let mut found = self
            .integrations()
            .into_iter()
            .filter(|i| integration.is_none_or(|name| i.deployment.integration == name))
            .filter_map(|i| i.newest.get(flow).copied().map(|hash| (i, hash)));
        let first = found.next().ok_or_else(|| Refusal::not_found("flow", flow))?;
        if found.next().is_some() {
            let message = format!("several integrations have a flow `{flow}`: name one");
            return Err(Refusal::invalid(message));
        }
        Ok(first)
    }

    /// A connection by name.
    pub(crate) fn connection(&self, name: &str) -> Result<&Arc<Connection>, Refusal> {
        self.connections.get(name).ok_or_else(|| Refusal::not_found("connection", name))
    }

    /// A graph that is loaded already.
    pub(crate) fn loaded(&self, hash: GraphHash) -> Option<Arc<LoadedGraph>> {
        self.graphs.read().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned()
    }

    /// A graph by hash, loaded once.
    pub(crate) async fn graph(&self, hash: GraphHash) -> Result<Arc<LoadedGraph>, Refusal> {
        if let Some(graph) = self.loaded(hash) {
            return Ok(graph);
        }
        let key = Key::Graph { hash: hash.to_string() };
        let Some(Row::Graph(row)) = self.store.get(&key).await? else {
            return Err(Refusal::not_found("graph", &hash.to_string()));
        };
        let text = String::from_utf8_lossy(&row.bytes);
        let graph =
            Graph::from_json(&text).map_err(|e| bad_graph(&hash.to_string(), &e.to_string()))?;
        let loaded = Arc::new(load_graph(&graph)?);
        let mut graphs = self.graphs.write().unwrap_or_else(PoisonError::into_inner);
        Ok(graphs.entry(hash).or_insert(loaded).clone())
    }

    /// The engine cannot go on: whoever holds it must end the process.
    pub(crate) fn fail(&self, reason: &str) {
        tracing::error!(reason, "the store has failed for good");
        let _ = self.fatal.send(Some(reason.to_owned()));
        self.stopping.store(true, Ordering::SeqCst);
        let _ = self.stop_signal.send(true);
        self.dispatcher.close();
    }
}

/// Makes a graph ready to be walked.
pub(crate) fn load_graph(graph: &Graph) -> Result<LoadedGraph, Refusal> {
    LoadedGraph::load(graph).map_err(|e| bad_graph(&graph.flow, &e.to_string()))
}

fn bad_graph(of: &str, reason: &str) -> Refusal {
    let message = format!("the graph of {of} cannot be loaded: {reason}");
    Refusal::new(Kind::Internal, codes::GRAPH_UNREADABLE, message).hint(
        "check and deploy the flow again with this version, then `tenon task retry ID --latest` \
             for tasks that pin the old one",
    )
}
