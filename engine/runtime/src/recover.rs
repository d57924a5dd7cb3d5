//! Opening a store, and finding everything again that was under way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use tenon_graph::{Graph, GraphHash};
use tenon_machine::{Input, LoadedGraph, System};
use tenon_store::copy::Restored;
use tenon_store::{AuditRow, Commit, GraphRow, Key, Row, Scan, Select, Store, Table, TaskRow};
use tenon_value::{Value, json};
use tokio::sync::{Notify, watch};

use crate::codes;
use crate::connection::Connection;
use crate::deployment::Deployment;
use crate::dispatch::Dispatcher;
use crate::engine::{Config, Engine, Ground, Integration, LockWaiters, Watchers, load_graph};
use crate::lanes::{Lanes, Waiting};
use crate::live::{Live, Values};
use crate::refusal::{Kind, Refusal};
use crate::rows::Flags;
use crate::supervisor::Supervisor;
use crate::telemetry::{Collector, Counted, Metrics, Spans};
use crate::timers::Timers;

/// Opens everything; nothing moves yet.
pub(crate) async fn open(
    ground: Ground,
    deployments: Vec<Deployment>,
    config: Config,
    collector: Option<Collector>,
) -> Result<Arc<Engine>, Refusal> {
    crate::upkeep::settle_key(&ground).await?;
    let restored = Restored::of(&*ground.store).await?.is_some();
    let mut integrations = BTreeMap::new();
    let mut connections = BTreeMap::new();
    let mut graphs = BTreeMap::new();
    for deployment in deployments {
        for (name, peer) in &deployment.connections {
            if connections.contains_key(name) {
                continue;
            }
            let parts = (&*ground.store, &ground.vault, ground.seam.clone());
            let connection = Connection::open(name, peer.clone(), parts, &config).await?;
            connections.insert(name.clone(), Arc::new(connection));
        }
        let (integration, loaded) = integrate(&*ground.store, deployment).await?;
        if config.keeps_graphs {
            store_graphs(&ground, &integration).await?;
        }
        graphs.extend(loaded.into_iter().map(|graph| (graph.hash, graph)));
        integrations.insert(integration.deployment.integration.clone(), Arc::new(integration));
    }
    let words = crate::said::Words::load(&*ground.store).await?;
    let metrics = Arc::new(Metrics::new());
    let spans =
        collector.map(|collector| Spans::to(collector, ground.seam.clone(), metrics.clone()));
    Ok(Arc::new(Engine {
        words,
        started_ms: ground.seam.now_ms(),
        store: Arc::new(Counted::new(ground.store, metrics.clone())),
        spans,
        metrics,
        seam: ground.seam,
        transport: ground.transport,
        vault: ground.vault,
        config,
        integrations: RwLock::new(integrations),
        connections,
        graphs: RwLock::new(graphs),
        lanes: Lanes::default(),
        waiting: Waiting::default(),
        timers: Timers::default(),
        dispatcher: Dispatcher::new(config.tasks_at_once),
        locks: LockWaiters::default(),
        pages: crate::pages::Pages::default(),
        documents: LockWaiters::default(),
        supervisor: Supervisor::new(),
        found_tasks: AtomicUsize::new(0),
        found_writes: AtomicUsize::new(0),
        stopping: AtomicBool::new(false),
        restored: AtomicBool::new(restored),
        stop_signal: watch::Sender::new(false),
        settled: Notify::new(),
        watchers: Watchers::default(),
        fatal: watch::Sender::new(None),
        at_gates: Mutex::default(),
        deployed: watch::Sender::new(0),
        deploying: tokio::sync::Mutex::default(),
        runs: crate::schedules::Runs::default(),
    }))
}

/// Stores the graphs that are new; new tasks take these.
async fn store_graphs(ground: &Ground, integration: &Integration) -> Result<(), Refusal> {
    for (flow, hash) in &integration.newest {
        let Some(graph) = integration.deployment.graphs.get(flow) else { continue };
        let at_ms = ground.seam.now_ms();
        let Some(row) = new_graph(&*ground.store, (graph, *hash), at_ms).await? else { continue };
        let line = AuditRow {
            at_ms,
            id: ground.seam.id("line"),
            by: "engine".to_owned(),
            what: "deployed".to_owned(),
            text: format!("flow {flow} deployed as {}", hash.short()),
            ..AuditRow::default()
        };
        ground.store.commit(Commit::new().put(row).put(line)).await?;
    }
    Ok(())
}

/// The row of a graph that is not stored yet.
pub(crate) async fn new_graph(
    store: &dyn Store,
    (graph, hash): (&Graph, GraphHash),
    at_ms: i64,
) -> Result<Option<GraphRow>, Refusal> {
    let flow = &graph.flow;
    if store.get(&Key::Graph { hash: hash.to_string() }).await?.is_some() {
        return Ok(None);
    }
    let bytes = graph.to_json().map_err(|e| {
        let message = format!("the graph of {flow} cannot be stored: {e}");
        Refusal::new(Kind::Internal, codes::GRAPH_UNREADABLE, message)
            .hint("check and deploy the flow again with this version")
    })?;
    let (hash, flow) = (hash.to_string(), flow.clone());
    Ok(Some(GraphRow { hash, flow, at_ms, bytes: bytes.into_bytes() }))
}

/// An integration ready to run, with its graphs ready to be walked.
pub(crate) async fn integrate(
    store: &dyn Store,
    deployment: Deployment,
) -> Result<(Integration, Vec<Arc<LoadedGraph>>), Refusal> {
    let mut newest = BTreeMap::new();
    let mut loaded = Vec::new();
    for (flow, graph) in &deployment.graphs {
        let ready = load_graph(graph)?;
        newest.insert(flow.clone(), ready.hash);
        loaded.push(Arc::new(ready));
    }
    let live = Live::default();
    let values = Values::load(&deployment, store).await?;
    live.change(|now| *now = values);
    let systems = deployment
        .connections
        .iter()
        .map(|(name, peer)| (name.clone(), peer.clone() as Arc<dyn System>))
        .collect();
    let pair = deployment.pair();
    Ok((Integration { deployment, live: Arc::new(live), pair, newest, systems }, loaded))
}

/// What is kept of an open task until all were seen.
struct Open {
    id: Arc<str>,
    lane: Arc<str>,
    child: bool,
    keeps_lane: bool,
    queued: bool,
    flow: Arc<str>,
    trigger: String,
    wake: Wake,
}

enum Wake {
    Nothing,
    Recovered,
    Lock,
    Park(String),
}

/// Windows of limits are not kept over a restart: what the last process may have used is assumed.
async fn limits(engine: &Engine, under_way: bool) -> Result<(), Refusal> {
    let newest = engine.store.scan(Scan::new(Select::TasksByTime).reversed().limit(1)).await?;
    let last_ms = match newest.rows.first() {
        _ if under_way => engine.started_ms,
        // Later than now is what a clock set back meanwhile leaves.
        Some(Row::Task(row)) => row.updated_ms.min(engine.started_ms),
        _ => return Ok(()),
    };
    for connection in engine.connections.values() {
        connection.gate.assume_spent(last_ms);
    }
    Ok(())
}

/// Finds every open task again: in its lane, at its timer, parked, or under way.
pub(crate) async fn found_again(engine: &Arc<Engine>) -> Result<(), Refusal> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let scan = Scan::new(Select::OpenTasks).after(after).lenient();
        let page = engine.store.scan(scan).await?;
        for row in page.rows {
            if let Row::Task(row) = row {
                engine.metrics.tally().found(&row);
                found.push(seen(engine, &row));
            }
        }
        for (key, why) in page.damaged {
            if let Some(Key::Task { id }) = key {
                match crate::upkeep::row_again(engine, &id).await {
                    Some(row) if row.open => {
                        engine.metrics.tally().found(&row);
                        found.push(seen(engine, &row));
                    }
                    Some(_) => {}
                    None => crate::upkeep::quarantined(engine, &id, &why).await,
                }
            }
        }
        if page.next.is_none() {
            break;
        }
        after = page.next;
    }
    engine.found_tasks.store(found.len(), Ordering::Relaxed);
    for task in found.iter().filter(|task| matches!(task.wake, Wake::Recovered)) {
        // One that can't be loaded is told of when it is worked on.
        let loaded = crate::work::load(engine, &task.id).await;
        if loaded.is_ok_and(|loaded| loaded.task.open_write().is_some()) {
            engine.found_writes.fetch_add(1, Ordering::Relaxed);
        }
    }
    timers(engine).await?;
    limits(engine, found.iter().any(|task| matches!(task.wake, Wake::Recovered))).await?;
    // Holders first: a task that waits in line must not pass one that was under way.
    for task in found.iter().filter(|t| t.keeps_lane && !t.child) {
        engine.lanes.enter(&task.lane, &task.id);
    }
    for task in found.iter().filter(|t| t.keeps_lane && t.child) {
        engine.lanes.enter_or_join(&task.lane, &task.id);
    }
    for task in found {
        if task.queued {
            let line = (crate::turn::urgency(&task.trigger), task.flow.clone());
            crate::turn::enter_in(engine, line, &task.lane, &task.id);
        }
        match task.wake {
            Wake::Nothing => {}
            Wake::Recovered => engine
                .dispatcher
                .deliver(&task.id, Input::Recovered { process_started_ms: engine.started_ms }),
            Wake::Lock => engine.dispatcher.deliver(&task.id, Input::LockFree),
            Wake::Park(connection) => {
                match engine.connections.get(&connection) {
                    Some(connection) => connection.park(&task.id),
                    // It finds that the connection is gone, and says so.
                    None => engine.dispatcher.deliver(&task.id, Input::ConnectionUp { connection }),
                }
            }
        }
    }
    Ok(())
}

async fn timers(engine: &Engine) -> Result<(), Refusal> {
    let mut after = None;
    loop {
        let scan = Scan::new(Select::All(Table::Timer)).after(after).lenient();
        let page = engine.store.scan(scan).await?;
        // The key of a damaged timer says all that the timer does.
        let damaged = page.damaged.into_iter().filter_map(|(key, _)| key);
        for key in page.rows.iter().map(Row::key).chain(damaged) {
            if let Key::Timer { due_ms, task, .. } = key {
                engine.timers.set(due_ms, Arc::from(task));
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn seen(engine: &Engine, row: &TaskRow) -> Open {
    let flags = Flags::read(row);
    let id: Arc<str> = Arc::from(row.id.as_str());
    if flags.collapses
        && let Some(record) = &row.record
    {
        engine.waiting.add(&Arc::from(row.flow.as_str()), &Arc::from(record.as_str()), &id);
    }
    let reason = row.reason.as_deref().and_then(|r| json::read(r).ok()).unwrap_or(Value::Missing);
    let connection = || reason.field("connection").as_text().unwrap_or_default().to_owned();
    let wake = match (row.state.as_str(), reason.field("reason").as_text().unwrap_or_default()) {
        ("running", _) | ("waiting", "children" | "document") => Wake::Recovered,
        ("waiting" | "needs_person", _) if flags.holds => Wake::Recovered,
        ("waiting", "lock") => Wake::Lock,
        ("waiting", "connection_down" | "connection_auth") => Wake::Park(connection()),
        _ => Wake::Nothing,
    };
    Open {
        id,
        lane: Arc::from(row.lane.as_deref().unwrap_or_default()),
        child: row.parent.is_some(),
        keeps_lane: flags.keeps_lane,
        queued: row.state == "queued",
        flow: Arc::from(row.flow.as_str()),
        trigger: row.trigger.clone(),
        wake,
    }
}

/// Sets everything in motion.
pub(crate) fn run(engine: &Arc<Engine>) {
    let supervisor = &engine.supervisor;
    let dispatcher = engine.clone();
    supervisor.spawn(async move {
        while let Some(id) = dispatcher.dispatcher.admit().await {
            let worker = crate::work::work(dispatcher.clone(), id);
            dispatcher.supervisor.spawn(worker);
        }
    });
    until_stop(engine, |engine| async move {
        loop {
            let task = engine.timers.next(&*engine.seam).await;
            engine.dispatcher.deliver(&task, Input::TimerFired);
        }
    });
    for connection in engine.connections.values() {
        let at_gate = connection.clone();
        until_stop(engine, |_| async move { at_gate.gate.pump().await });
        let watched = connection.clone();
        until_stop(engine, |engine| async move {
            crate::perform::watch(&engine, &watched).await;
        });
    }
    crate::heal::run(engine);
    if engine.config.polls {
        crate::poll::run(engine);
        crate::schedules::run(engine);
    }
    if engine.config.retention {
        crate::upkeep::run(engine);
    }
}

/// Runs a loop until the engine stops.
pub(crate) fn until_stop<F>(engine: &Arc<Engine>, work: impl FnOnce(Arc<Engine>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut stop = engine.stop_signal.subscribe();
    let work = work(engine.clone());
    engine.supervisor.spawn(async move {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            () = work => {}
        }
    });
}
