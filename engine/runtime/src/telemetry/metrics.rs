//! The families of metrics and what is counted in them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use tenon_graph::Graph;
use tenon_kit::Outcome;
use tenon_machine::{Recorded, SOURCE, What};
use tenon_store::Spread;

use super::counted::Noted;
use super::table::{self, Described};
use super::tally::Tally;

type Label = (&'static str, Cow<'static, str>);
pub(super) type Labels<const N: usize> = [Label; N];
pub(super) type Counters<const N: usize> = Family<Labels<N>, Counter>;
pub(super) type Gauges<const N: usize> = Family<Labels<N>, Gauge>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// A gauge of seconds with a fraction.
pub(super) type Seconds<const N: usize> = Family<Labels<N>, Gauge<f64, AtomicU64>>;

fn label(name: &'static str, value: &str) -> Label {
    (name, Cow::Owned(value.to_owned()))
}

fn known(name: &'static str, value: &'static str) -> Label {
    (name, Cow::Borrowed(value))
}

/// Bounds of times, in seconds: from a loopback answer to a limit that is full for half an hour.
fn times() -> Histogram {
    Histogram::new([
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0,
    ])
}

/// What the engine counts.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    pub(super) tally: Tally,
    steps: Counters<3>,
    made: Counters<2>,
    ended: Counters<2>,
    requests: Counters<2>,
    request_seconds: Histograms<1>,
    limit_waits: Histograms<1>,
    deliveries: Counters<2>,
    spans_sent: Counter,
    spans_dropped: Counter,
    pub(super) gauges: ScrapeGauges,
}

/// What is set when somebody asks.
#[derive(Default)]
pub(super) struct ScrapeGauges {
    pub(super) tasks: Gauges<2>,
    pub(super) oldest: Seconds<2>,
    pub(super) in_memory: Gauge,
    pub(super) queued: Gauges<1>,
    pub(super) timers: Gauge,
    pub(super) limit_waiting: Gauges<1>,
    pub(super) standing: Gauges<2>,
    pub(super) parked: Gauges<1>,
    pub(super) commits: Counter,
    pub(super) syncs: Counter,
    pub(super) log_bytes: Counter,
    pub(super) group_commits: Sizes,
    pub(super) commit_seconds: Sizes,
    pub(super) unapplied: Gauge,
    pub(super) store_bytes: Gauge,
    pub(super) started: Gauge<f64, AtomicU64>,
}

fn register(registry: &mut Registry, described: Described, metric: impl Metric) {
    registry.register(described.name, described.help, metric);
}

impl Metrics {
    /// Families without a sample.
    pub(crate) fn new() -> Metrics {
        let mut all = Registry::default();
        let histograms = || Histograms::<1>::new_with_constructor(times);
        let metrics = Metrics {
            tally: Tally::default(),
            steps: Counters::default(),
            made: Counters::default(),
            ended: Counters::default(),
            requests: Counters::default(),
            request_seconds: histograms(),
            limit_waits: histograms(),
            deliveries: Counters::default(),
            spans_sent: Counter::default(),
            spans_dropped: Counter::default(),
            gauges: ScrapeGauges {
                group_commits: Sizes::commits(),
                commit_seconds: Sizes::micros(),
                ..ScrapeGauges::default()
            },
            registry: Mutex::default(),
        };
        register(&mut all, table::STEPS, metrics.steps.clone());
        register(&mut all, table::TASKS_MADE, metrics.made.clone());
        register(&mut all, table::TASKS_ENDED, metrics.ended.clone());
        register(&mut all, table::REQUESTS, metrics.requests.clone());
        register(&mut all, table::REQUEST_SECONDS, metrics.request_seconds.clone());
        register(&mut all, table::LIMIT_WAITS, metrics.limit_waits.clone());
        register(&mut all, table::DELIVERIES, metrics.deliveries.clone());
        register(&mut all, table::SPANS_SENT, metrics.spans_sent.clone());
        register(&mut all, table::SPANS_DROPPED, metrics.spans_dropped.clone());
        metrics.gauges.register(&mut all);
        Metrics { registry: Mutex::new(all), ..metrics }
    }

    /// Works on the registry, one at a time.
    pub(super) fn with_registry<T>(&self, f: impl FnOnce(&Registry) -> T) -> T {
        f(&self.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tasks, to be told of those that an earlier process left.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What a commit said of a task.
    pub(super) fn task(&self, task: Noted) {
        let before = self.tally.moved(task.place, task.stand, task.at_ms);
        let flow = || label("flow", &task.flow);
        if let Some(trigger) = &task.made_by {
            self.made.get_or_create(&[flow(), label("trigger", trigger)]).inc();
        }
        let was_failed = before.is_some_and(|before| before.names().0 == "failed");
        let ended = match task.state.as_str() {
            "failed" => !was_failed,
            // Rows of what has ended are written again, when somebody takes a note.
            "done" | "skipped" | "cancelled" => before.is_some(),
            _ => false,
        };
        if ended {
            self.ended.get_or_create(&[flow(), label("state", &task.state)]).inc();
        }
    }

    /// What a turn added to a journal.
    pub(crate) fn steps(&self, graph: &Graph, events: &[Recorded]) {
        for recorded in events {
            let what = &recorded.event.what;
            let (Some(outcome), Some(step)) = (outcome(what), what.step()) else { continue };
            let labels = [
                label("flow", &graph.flow),
                known("verb", verb(graph, step)),
                known("outcome", outcome),
            ];
            self.steps.get_or_create(&labels).inc();
        }
    }

    /// A request was sent, and this came of it after so many milliseconds.
    pub(crate) fn request(&self, connection: &str, outcome: &Outcome, took_ms: i64) {
        let outcome = match outcome {
            Outcome::Fault(fault) => fault.class.name(),
            Outcome::Unknown(_) => "unknown",
            Outcome::Record(_) | Outcome::Page { .. } | Outcome::More(_) => "answered",
        };
        let labels = [label("connection", connection)];
        self.request_seconds.get_or_create(&labels).observe(seconds(took_ms));
        let [connection] = labels;
        self.requests.get_or_create(&[connection, known("outcome", outcome)]).inc();
    }

    /// A request waited so many milliseconds for room under a limit.
    pub(crate) fn limit_wait(&self, connection: &str, waited_ms: i64) {
        let labels = [label("connection", connection)];
        self.limit_waits.get_or_create(&labels).observe(seconds(waited_ms));
    }

    /// A collector took spans.
    pub(super) fn spans_sent(&self, count: usize) {
        self.spans_sent.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// Spans were let go of.
    pub(super) fn spans_dropped(&self, count: usize) {
        self.spans_dropped.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// A webhook was answered.
    pub(crate) fn delivery(&self, connection: &str, answer: &'static str) {
        let labels = [label("connection", connection), known("answer", answer)];
        self.deliveries.get_or_create(&labels).inc();
    }
}

impl ScrapeGauges {
    fn register(&self, all: &mut Registry) {
        register(all, table::TASKS, self.tasks.clone());
        register(all, table::OLDEST, self.oldest.clone());
        register(all, table::IN_MEMORY, self.in_memory.clone());
        register(all, table::QUEUED, self.queued.clone());
        register(all, table::TIMERS, self.timers.clone());
        register(all, table::LIMIT_WAITING, self.limit_waiting.clone());
        register(all, table::STANDING, self.standing.clone());
        register(all, table::PARKED, self.parked.clone());
        register(all, table::COMMITS, self.commits.clone());
        register(all, table::SYNCS, self.syncs.clone());
        register(all, table::LOG_BYTES, self.log_bytes.clone());
        register(all, table::GROUP_COMMITS, self.group_commits.clone());
        register(all, table::COMMIT_SECONDS, self.commit_seconds.clone());
        register(all, table::UNAPPLIED, self.unapplied.clone());
        register(all, table::STORE_BYTES, self.store_bytes.clone());
        register(all, table::STARTED, self.started.clone());
    }
}

/// Milliseconds as seconds; none where the clock was set back meanwhile.
pub(super) fn seconds(ms: i64) -> f64 {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0)).as_secs_f64()
}

/// The verb of a step, which the journal names with its items: `row[3]`.
pub(super) fn verb(graph: &Graph, step: &str) -> &'static str {
    let id = step.split('[').next().unwrap_or(step);
    if id == SOURCE {
        return "source";
    }
    graph.nodes.iter().find(|node| node.id == id).map_or("unknown", |node| node.step.verb())
}

/// What an entry says of how a step went; none for what is only on the way.
pub(super) fn outcome(what: &What) -> Option<&'static str> {
    Some(match what {
        What::Read { .. } => "read",
        What::Answered { .. }
        | What::StepEnded { .. }
        | What::Logged { .. }
        | What::SignalTaken { .. }
        | What::PageEnded { .. } => "done",
        What::Faulted { .. } => "retried",
        What::Refused { .. } => "refused",
        What::Lost { .. } => "lost",
        What::Caught { .. } => "caught",
        What::Failed { .. } | What::PageFailed { .. } => "failed",
        What::Held { .. } => "waits",
        _ => return None,
    })
}

/// A histogram of figures that somebody else counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Sizes {
    spread: Arc<Mutex<Spread>>,
    /// Figures are microseconds, and told in seconds.
    micros: bool,
    /// The smallest and the largest bound that is told.
    told: (u64, u64),
}

impl Sizes {
    fn commits() -> Sizes {
        Sizes { told: (1, 256), ..Sizes::default() }
    }

    fn micros() -> Sizes {
        Sizes { micros: true, told: (64, 1 << 23), ..Sizes::default() }
    }

    pub(super) fn set(&self, spread: Spread) {
        *self.spread.lock().unwrap_or_else(PoisonError::into_inner) = spread;
    }

    fn figure(&self, of: u64) -> f64 {
        match self.micros {
            true => Duration::from_micros(of).as_secs_f64(),
            // Commits of a group, and their sum: exact below 2^32 seconds.
            false => Duration::from_secs(of).as_secs_f64(),
        }
    }
}

impl EncodeMetric for Sizes {
    fn encode(&self, mut encoder: MetricEncoder) -> Result<(), std::fmt::Error> {
        let spread = *self.spread.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buckets: Vec<(f64, u64)> = Vec::new();
        let (mut all, mut since) = (0_u64, 0_u64);
        for (bound, count) in spread.sizes() {
            all = all.saturating_add(count);
            since = since.saturating_add(count);
            let Some(bound) = bound.filter(|b| (self.told.0..=self.told.1).contains(b)) else {
                continue;
            };
            buckets.push((self.figure(bound), since));
            since = 0;
        }
        buckets.push((f64::INFINITY, since));
        let no_exemplars = None::<&HashMap<usize, Exemplar<NoLabelSet, f64>>>;
        encoder.encode_histogram(self.figure(spread.sum()), all, &buckets, no_exemplars)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
