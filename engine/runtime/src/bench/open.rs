//! Many open tasks: what they cost in memory, and how soon a new process moves the first of them.
//!
//! The tasks wait for a connection that is paused. The process that makes them is killed while it
//! makes more; the one after it lets the connection go on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tenon_machine::{Created, Event, Trigger, What};
use tenon_store::{Commit, EventRow, Store, TaskRow};
use tenon_value::{Number, Record, Value};
use tokio::sync::Notify;

use super::{FLOW, Inside, graph};
use crate::Deployment;
use crate::engine::{Config, Ground, Runtime};
use crate::intake::StartFlow;
use crate::operate::By;
use crate::peer::Peer;
use crate::refusal::Refusal;
use crate::seam::{Seam, SystemSeam};
use crate::secrets::Vault;
use crate::transport::{Answer, Outgoing, Transport};

/// Tasks started at once.
const AT_ONCE: u64 = 256;
/// Ended tasks written in one commit.
const BATCH: u64 = 200;

/// Notes the first request, and answers each as the benchmark's peer does.
#[derive(Default)]
struct Watched {
    asked: AtomicBool,
    first: Notify,
}

impl Transport for Watched {
    fn send(&self, request: Outgoing) -> Answer<'_> {
        if !self.asked.swap(true, Ordering::Relaxed) {
            self.first.notify_one();
        }
        Inside.send(request)
    }
}

fn by() -> By {
    By { who: "bench".to_owned(), why: None }
}

async fn start(store: Arc<dyn Store>, transport: Arc<Watched>) -> Result<Arc<Runtime>, Refusal> {
    let seam = Arc::new(SystemSeam);
    let vault = Vault::passing(&*seam);
    let peer: Arc<dyn Peer> = Arc::new(Inside);
    let deployment = Deployment {
        integration: "bench".to_owned(),
        title: "Benchmark".to_owned(),
        connections: BTreeMap::from([("peer".to_owned(), peer)]),
        graphs: BTreeMap::from([(FLOW.to_owned(), graph(1))]),
        ..Deployment::default()
    };
    let ground = Ground { store, seam, transport, vault };
    let config = Config { polls: false, ..Config::default() };
    Ok(Arc::new(Runtime::start(ground, vec![deployment], config).await?))
}

/// Writes so many ended tasks, then makes `open` that wait, tells, and makes more until the process is
/// killed.
///
/// # Errors
/// When the engine can't start or the store can't take a task.
pub async fn make(
    store: Arc<dyn Store>,
    (open, ended): (u64, u64),
    told: impl FnOnce(),
) -> Result<(), Refusal> {
    let runtime = start(store.clone(), Arc::default()).await?;
    keep_ended(&runtime, &*store, ended).await?;
    runtime.pause_connection("peer", &by()).await?;
    let mut told = Some(told);
    let mut next: u64 = 0;
    loop {
        let mut starting = tokio::task::JoinSet::new();
        for n in next..next + AT_ONCE {
            let runtime = runtime.clone();
            starting.spawn(async move {
                let record = n.to_string();
                let start = StartFlow { integration: None, flow: FLOW, record: &record, key: None };
                runtime.start_flow(start, &by()).await.map(drop)
            });
        }
        while let Some(started) = starting.join_next().await {
            started.map_err(|e| super::broken(&e.to_string()))??;
        }
        next += AT_ONCE;
        // Not faster than they come to wait, or the line of those that begin would grow.
        while parked(&runtime) + AT_ONCE < next {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if parked(&runtime) >= open
            && let Some(told) = told.take()
        {
            told();
        }
    }
}

fn parked(runtime: &Runtime) -> u64 {
    let connections = runtime.connections();
    let parked = connections.items().first().map(|c| c.field("parked").clone());
    let parked = parked.as_ref().and_then(Value::as_number).and_then(Number::to_i64);
    parked.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

/// Ended tasks as an engine leaves them: row, creation, end.
async fn keep_ended(runtime: &Runtime, store: &dyn Store, ended: u64) -> Result<(), Refusal> {
    let (_, hash) = runtime.engine().of_flow(None, FLOW)?;
    let mut commit = Commit::new();
    for n in 0..ended {
        let now = SystemSeam.now_ms();
        let id = SystemSeam.id("task");
        let created = Created {
            flow: FLOW.to_owned(),
            graph: hash,
            record: format!("ended {n}"),
            trigger: Trigger::Manual { by: "bench".to_owned() },
            lane: format!("ended {n}"),
            given: Value::record(Record::new()),
        };
        let row = TaskRow {
            id: id.clone(),
            flow: FLOW.to_owned(),
            integration: "bench".to_owned(),
            graph: hash.to_string(),
            record: Some(created.record.clone()),
            lane: Some(created.lane.clone()),
            state: "done".to_owned(),
            created_ms: now,
            updated_ms: now,
            events: 2,
            trigger: "hand".to_owned(),
            ..TaskRow::default()
        };
        let first = Event::at(now, What::Created(created)).encode();
        let last = Event::at(now, What::Completed).encode();
        commit =
            commit.put(row).put(EventRow::new(&*id, 0, first)).put(EventRow::new(&*id, 1, last));
        if n % BATCH == BATCH - 1 || n + 1 == ended {
            store.commit(std::mem::take(&mut commit)).await?;
        }
    }
    Ok(())
}

/// Starts an engine on what a killed one left, and waits until the first task moves. Gives how many
/// open tasks it found, as soon as that has happened.
///
/// # Errors
/// When the engine can't start.
pub async fn resume(store: Arc<dyn Store>, moved: impl FnOnce(u64)) -> Result<(), Refusal> {
    let transport = Arc::new(Watched::default());
    let runtime = start(store, transport.clone()).await?;
    let found = runtime.engine().found_tasks.load(Ordering::Relaxed);
    runtime.resume_connection("peer", &by()).await?;
    transport.first.notified().await;
    moved(found as u64);
    Ok(())
}
