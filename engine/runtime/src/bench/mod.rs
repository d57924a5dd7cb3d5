//! The engine's benchmark: durable calls to an in-process peer.
//!
//! A step is a `call` with its intention and its answer of 100 bytes; each answer is covered by a
//! completed sync of the store before the next call leaves. The store is the caller's.

pub mod open;
mod usage;

pub use usage::Usage;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tenon_graph::{Endpoint, Graph, Node, Program, Retry, Step, Triggers};
use tenon_kit::{
    Already, Credentials, LimitNews, Operation, Outcome, Reading, Request, Response, Road,
};
use tenon_machine::{Difference, System};
use tenon_store::Store;
use tenon_value::{Fault, Number, Value, json};

use crate::Deployment;
use crate::codes;
use crate::engine::{Config, Ground, Runtime};
use crate::intake::StartFlow;
use crate::limiter::Bucket;
use crate::operate::By;
use crate::peer::{Address, Incoming, Peer, Proven, Rejected};
use crate::refusal::{Kind, Refusal};
use crate::seam::SystemSeam;
use crate::secrets::Vault;
use crate::transport::{Answer, Outgoing, Transport};

/// The flow that is measured.
pub(crate) const FLOW: &str = "bench";

/// How much is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Calls of each task.
    pub steps: u32,
    /// Tasks in all.
    pub tasks: u32,
    /// Tasks under way at once.
    pub concurrency: u32,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The load.
    pub load: Load,
    /// Wall time, in microseconds.
    pub took_us: u64,
    /// Median time of a task from its start to its end, in microseconds.
    pub p50_us: u64,
    /// The time that 99 of 100 tasks stay below, in microseconds.
    pub p99_us: u64,
    /// Processor time of the whole process, in milliseconds.
    pub cpu_ms: u64,
    /// Syncs that acknowledgements waited for.
    pub syncs: u64,
    /// Commits.
    pub commits: u64,
    /// Memory of the process at the end, in KiB; 0 where it cannot be told.
    pub rss_kib: u64,
}

impl Figures {
    /// As `tenon bench engine` prints them.
    #[must_use]
    pub fn to_value(&self, floor_syncs_per_s: Option<u64>) -> Value {
        let steps = u64::from(self.load.steps) * u64::from(self.load.tasks);
        let each = |of: u64| of.saturating_mul(1_000) / steps.max(1);
        let per_s = steps.saturating_mul(1_000_000) / self.took_us.max(1);
        Value::of([
            ("steps", Value::from(i64::from(self.load.steps))),
            ("tasks", Value::from(i64::from(self.load.tasks))),
            ("concurrency", Value::from(i64::from(self.load.concurrency))),
            ("steps_per_s", whole(per_s)),
            ("p50_ms", thousandths(self.p50_us)),
            ("p99_ms", thousandths(self.p99_us)),
            ("cpu_ms_per_step", thousandths(each(self.cpu_ms))),
            ("syncs_per_step", thousandths(each(self.syncs))),
            ("floor_syncs_per_s", floor_syncs_per_s.map_or(Value::Null, whole)),
            ("rss_mib", thousandths(self.rss_kib.saturating_mul(1_000) / 1_024)),
        ])
    }
}

fn whole(number: u64) -> Value {
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}

fn thousandths(number: u64) -> Value {
    let text = format!("{}.{:03}", number / 1_000, number % 1_000);
    Number::parse(&text).map_or(Value::Missing, Value::from)
}

/// Runs the load on a store and measures.
///
/// # Errors
/// When the engine cannot start or a task does not end as done.
pub async fn run(store: Arc<dyn Store>, load: Load) -> Result<Figures, Refusal> {
    let seam = Arc::new(SystemSeam);
    let ground = Ground {
        store: store.clone(),
        vault: Vault::passing(&*seam),
        seam,
        transport: Arc::new(Inside),
    };
    let peer: Arc<dyn Peer> = Arc::new(Inside);
    let deployment = Deployment {
        integration: "bench".to_owned(),
        title: "Benchmark".to_owned(),
        connections: BTreeMap::from([("peer".to_owned(), peer)]),
        graphs: BTreeMap::from([(FLOW.to_owned(), graph(load.steps))]),
        ..Deployment::default()
    };
    let config = Config {
        tasks_at_once: usize::try_from(load.concurrency).unwrap_or(1).max(1),
        polls: false,
        ..Config::default()
    };
    let runtime = Arc::new(Runtime::start(ground, vec![deployment], config).await?);
    let next = Arc::new(AtomicU64::new(0));
    let before = store.counters();
    let cpu_before = Usage::own().cpu_ms;
    let began = now();
    let mut drivers = tokio::task::JoinSet::new();
    for _ in 0..load.concurrency.max(1) {
        drivers.spawn(drive(runtime.clone(), next.clone(), load.tasks));
    }
    let mut times = Vec::new();
    while let Some(driver) = drivers.join_next().await {
        times.extend(driver.map_err(|e| broken(&e.to_string()))??);
    }
    let took_us = micros(began.elapsed());
    let (after, used) = (store.counters(), Usage::own());
    times.sort_unstable();
    let at = |percent: usize| {
        let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(place).copied().unwrap_or(0)
    };
    let figures = Figures {
        load,
        took_us,
        p50_us: at(50),
        p99_us: at(99),
        cpu_ms: used.cpu_ms.saturating_sub(cpu_before),
        syncs: after.syncs.saturating_sub(before.syncs),
        commits: after.commits.saturating_sub(before.commits),
        rss_kib: used.rss_kib,
    };
    runtime.stop(Duration::from_secs(10)).await;
    Ok(figures)
}

/// Starts one task after the other until all were started, and gives how long each took, in
/// microseconds.
pub(crate) async fn drive(
    runtime: Arc<Runtime>,
    next: Arc<AtomicU64>,
    tasks: u32,
) -> Result<Vec<u64>, Refusal> {
    let by = By { who: "bench".to_owned(), why: None };
    let mut times = Vec::new();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= u64::from(tasks) {
            return Ok(times);
        }
        let record = n.to_string();
        let began = now();
        let start = StartFlow { integration: None, flow: FLOW, record: &record, key: None };
        let id = runtime.start_flow(start, &by).await?;
        let row = runtime.settled(&id).await?;
        times.push(micros(began.elapsed()));
        if row.field("state").as_text() != Some("done") {
            return Err(broken(&json::write(&row)));
        }
    }
}

fn broken(what: &str) -> Refusal {
    Refusal::new(
        Kind::Internal,
        codes::BENCH_BROKEN,
        format!("a benchmark task did not end as done: {what}"),
    )
    .hint("report it with this message: the benchmark is our own flow on our own peer")
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    Instant::now()
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn graph(steps: u32) -> Graph {
    let end = Endpoint { connection: "peer".to_owned(), resource: "thing".to_owned() };
    let key: Program =
        Program(Arc::from(tenon_mapper::Program::constant(Value::text("1")).to_text()));
    let nodes = (0..steps.max(1)).map(|n| Node {
        id: format!("call{n}"),
        when: None,
        step: Step::Call {
            of: end.clone(),
            action: "touch".to_owned(),
            key: key.clone(),
            with: Vec::new(),
            stores: None,
        },
        expect: Vec::new(),
        catch: Vec::new(),
        retry: None,
        timeout_ms: None,
        undo: None,
        next: (n + 1 < steps).then_some(n + 1),
        place: "bench:1".to_owned(),
    });
    Graph {
        edition: 1,
        integration: "bench".to_owned(),
        flow: FLOW.to_owned(),
        title: "Benchmark".to_owned(),
        entity: "thing".to_owned(),
        from: end.clone(),
        to: end.clone(),
        takes: Vec::new(),
        triggers: Triggers::default(),
        lane: None,
        skip: Vec::new(),
        retry: Retry::default(),
        nodes: nodes.collect(),
        mappings: BTreeMap::new(),
        scripts: BTreeMap::new(),
    }
}

/// The in-process peer and the way to it.
struct Inside;

/// The answer: 100 bytes.
const ANSWER: &str = concat!(
    r#"{"id":"1","text":""#,
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789",
    r#""}"#
);

impl Transport for Inside {
    fn send(&self, _request: Outgoing) -> Answer<'_> {
        Box::pin(async {
            Response::Answer { status: 200, headers: Vec::new(), body: ANSWER.to_owned() }
        })
    }
}

impl System for Inside {
    fn plan(&self, operation: &Operation) -> Result<Request, Fault> {
        let writes = matches!(operation, Operation::Action { .. });
        Ok(Request {
            method: if writes { "PUT" } else { "GET" }.to_owned(),
            path: "/thing/1".to_owned(),
            headers: Vec::new(),
            body: None,
            cost: 1,
            writes,
        })
    }

    fn road(&self, _operation: &Operation) -> Road {
        Road::Repeat
    }

    fn has_proof(&self, _resource: &str, _action: &str) -> bool {
        false
    }

    fn proof(&self, _: &str, _: &str, _: &Value) -> Result<Option<bool>, Fault> {
        Ok(None)
    }

    fn already(&self, _resource: &str, _action: &str) -> Already {
        Already::Done
    }

    fn makes(&self, _resource: &str, _action: &str) -> Option<String> {
        None
    }

    fn made_by_answer(&self, _: &str, _: &str, _: &Value) -> Option<String> {
        None
    }

    fn made_by_proof(&self, _: &str, _: &str, _: &Value) -> Option<String> {
        None
    }

    fn as_if_done(&self, _: &str, _: &str, record: Value, _: &str) -> Value {
        record
    }

    fn locked(&self, _resource: &str, _record: &Value) -> Result<Option<String>, Fault> {
        Ok(None)
    }

    fn key_field(&self, _resource: &str) -> Option<String> {
        Some("id".to_owned())
    }

    fn key_of(&self, _resource: &str, record: &Value) -> Option<String> {
        record.field("id").plain()
    }

    fn differences(&self, _: &str, _: &Value, _: &Value) -> Vec<Difference> {
        Vec::new()
    }
}

impl Peer for Inside {
    fn name(&self) -> &str {
        "bench"
    }

    fn read(&self, _operation: &Operation, response: &Response) -> Reading {
        let body = match response {
            Response::Answer { body, .. } => body.as_str(),
            _ => "",
        };
        Reading {
            outcome: Outcome::Record(json::read(body).unwrap_or_default()),
            limits: LimitNews::default(),
            warnings: Vec::new(),
        }
    }

    fn address(&self, _: &str, _: &BTreeMap<String, String>) -> Result<Address, String> {
        Ok(Address::default())
    }

    fn authenticate(
        &self,
        request: &Request,
        _address: &Address,
        _credentials: &Credentials,
    ) -> Result<Outgoing, Fault> {
        Ok(Outgoing {
            method: request.method.clone(),
            url: request.path.clone(),
            headers: Vec::new(),
            body: None,
            private: false,
        })
    }

    fn buckets(&self) -> Vec<Bucket> {
        Vec::new()
    }

    fn verify(&self, _: &Incoming, _: &Credentials) -> Result<Proven, Rejected> {
        Err(Rejected::Proof("the benchmark takes no webhooks".to_owned()))
    }

    fn checks(&self) -> Vec<Operation> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_has_its_hundred_bytes() {
        assert_eq!(ANSWER.len(), 100);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_step_is_one_commit_and_every_task_ends() {
        let store = Arc::new(tenon_store::MemoryStore::new());
        let load = Load { steps: 10, tasks: 40, concurrency: 8 };
        let figures = run(store, load).await.unwrap();
        // The task itself, its source record, and one commit for each step's answer.
        let most = 40 * (10 + 4);
        assert!(figures.commits <= most, "{} commits", figures.commits);
        let shown = json::write(&figures.to_value(None));
        println!("{shown}");
        assert!(figures.p99_us >= figures.p50_us && shown.contains("steps_per_s"), "{shown}");
    }
}
