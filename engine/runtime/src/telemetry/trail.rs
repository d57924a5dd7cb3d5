//! A task's journal as spans.
//!
//! Spans are made of entries of the journal when these are durable, and of nothing else: the number of
//! the entry that ends a span gives it its id. So a replay, which writes no entry, makes no span, and
//! whatever is told twice is told under the same id.
//!
//! A task is a trace of its own, in that of the task that made it. Each stretch of work between two
//! waits is a span, linked to the stretch before; steps stand in the stretch in which they ended.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use tenon_graph::Graph;
use tenon_machine::{Event, Reason, Trigger, What};
use tenon_value::Fault;

use super::metrics::{outcome, verb};

/// The id of a trace.
pub(crate) type TraceId = [u8; 16];
/// The id of a span.
pub(crate) type SpanId = [u8; 8];

/// Something that took its time and has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) trace: TraceId,
    pub(crate) id: SpanId,
    pub(crate) parent: Option<SpanId>,
    /// The stretch of work before a wait.
    pub(crate) link: Option<SpanId>,
    /// Of a bounded set: verbs, flows and ids of steps.
    pub(crate) name: String,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// Ids of ours and names out of flows; nothing of a record.
    pub(crate) attributes: Vec<(&'static str, String)>,
    /// The code of the fault it ended with.
    pub(crate) fault: Option<String>,
}

/// A stretch of work: the entry that began it, and when.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    id: SpanId,
    began_ms: i64,
}

/// What is known of a task's spans, as far as its journal was followed.
#[derive(Debug, Clone)]
pub(crate) struct Trail {
    task: String,
    flow: String,
    parent: Option<String>,
    trace: TraceId,
    /// The number of the next entry.
    next: u64,
    created_ms: i64,
    last_ms: i64,
    stretch: Option<Stretch>,
    before: Option<SpanId>,
    /// Writes that are under way, since when.
    writes: BTreeMap<String, i64>,
    faults: BTreeMap<String, u32>,
    has_ended: bool,
    /// When it was taken up again after it had ended.
    again_ms: Option<i64>,
}

fn hash<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let mut id = [0; N];
    id.iter_mut().zip(hasher.finalize()).for_each(|(to, byte)| *to = byte);
    id
}

/// The span of a task as a whole.
fn whole(task: &str) -> SpanId {
    hash(&["task", task])
}

impl Trail {
    /// The trail of a task whose journal was not followed yet.
    pub(crate) fn new(task: &str) -> Trail {
        let root = task.split('.').next().unwrap_or(task);
        Trail {
            task: task.to_owned(),
            flow: String::new(),
            parent: None,
            trace: hash(&["trace", root]),
            next: 0,
            created_ms: 0,
            last_ms: 0,
            stretch: None,
            before: None,
            writes: BTreeMap::new(),
            faults: BTreeMap::new(),
            has_ended: false,
            again_ms: None,
        }
    }

    /// Follows the next entry of the journal. Gives the spans that ended with it.
    pub(crate) fn follow(&mut self, graph: &Graph, event: &Event) -> Vec<Span> {
        let n = self.next;
        self.next = n.saturating_add(1);
        let since_ms = if n == 0 { event.at_ms } else { self.last_ms };
        self.last_ms = event.at_ms;
        if let What::Created(created) = &event.what {
            self.created_ms = event.at_ms;
            self.flow.clone_from(&created.flow);
            if let Trigger::Parent { task, .. } = &created.trigger {
                self.parent = Some(task.0.clone());
            }
            return Vec::new();
        }
        if self.has_ended && !matches!(event.what, What::CaredFor { .. }) {
            self.again_ms.get_or_insert(event.at_ms);
        }
        let mut spans = Vec::new();
        let ends_step = outcome(&event.what).filter(|outcome| *outcome != "waits");
        let begins = matches!(event.what, What::Begun | What::Woken | What::Intended { .. });
        if self.stretch.is_none() && (begins || ends_step.is_some()) {
            let id = hash(&["work", &self.task, &n.to_string()]);
            self.stretch =
                Some(Stretch { id, began_ms: if begins { event.at_ms } else { since_ms } });
        }
        if let What::Intended { step, .. } | What::Repeated { step, .. } = &event.what {
            self.writes.insert(step.clone(), event.at_ms);
        }
        if let (Some(outcome), Some(step)) = (ends_step, event.what.step()) {
            let verb = verb(graph, step);
            spans.push(self.step((event, n), since_ms, (step, verb, outcome)));
        }
        if let Some(why) = ends_work(&event.what)
            && let Some(stretch) = self.stretch.take()
        {
            spans.push(self.work(stretch, event, why));
            self.before = Some(stretch.id);
        }
        if let Some(state) = ends_task(&event.what) {
            spans.push(self.ended(event, n, state));
        }
        spans
    }

    fn span(&self, id: SpanId, name: String, (start_ms, end_ms): (i64, i64)) -> Span {
        let attributes = vec![("tenon.task", self.task.clone()), ("tenon.flow", self.flow.clone())];
        Span {
            trace: self.trace,
            id,
            parent: Some(whole(&self.task)),
            link: None,
            name,
            start_ms,
            // The clock may have been set back meanwhile.
            end_ms: end_ms.max(start_ms),
            attributes,
            fault: None,
        }
    }

    fn step(
        &mut self,
        (event, n): (&Event, u64),
        since_ms: i64,
        (step, verb, outcome): (&str, &'static str, &'static str),
    ) -> Span {
        let answered =
            matches!(event.what, What::Answered { .. } | What::Refused { .. } | What::Lost { .. });
        let sent_ms = if answered { self.writes.remove(step) } else { None };
        let id = hash(&["entry", &self.task, &n.to_string()]);
        let named = step.split('[').next().unwrap_or(step);
        let name = if named.is_empty() { verb.to_owned() } else { format!("{verb} {named}") };
        let mut span = self.span(id, name, (sent_ms.unwrap_or(since_ms), event.at_ms));
        if let Some(stretch) = self.stretch {
            span.parent = Some(stretch.id);
        }
        let fault = fault_of(&event.what);
        let faults = self.faults.entry(step.to_owned()).or_default();
        let attempt = faults.saturating_add(1);
        if matches!(event.what, What::Faulted { .. } | What::Lost { .. }) {
            *faults = attempt;
        }
        span.attributes.extend([
            ("tenon.step", step.to_owned()),
            ("tenon.verb", verb.to_owned()),
            ("tenon.outcome", outcome.to_owned()),
            ("tenon.attempt", attempt.to_string()),
        ]);
        span.fault = fault.map(|fault| fault.code.clone());
        span
    }

    fn work(&self, stretch: Stretch, event: &Event, why: &'static str) -> Span {
        let times = (stretch.began_ms, event.at_ms);
        let mut span = self.span(stretch.id, format!("work {}", self.flow), times);
        span.link = self.before;
        span.attributes.push(("tenon.until", why.to_owned()));
        span
    }

    /// The span of the task as a whole; when it was taken up again, one of what was done since, below it.
    fn ended(&mut self, event: &Event, n: u64, state: &'static str) -> Span {
        let again = std::mem::replace(&mut self.has_ended, true);
        let (id, name) = match again {
            false => (whole(&self.task), format!("task {}", self.flow)),
            true => (hash(&["again", &self.task, &n.to_string()]), format!("again {}", self.flow)),
        };
        let since_ms = self.again_ms.take().unwrap_or(self.created_ms);
        let mut span = self.span(id, name, (since_ms, event.at_ms));
        if !again {
            span.parent = self.parent.as_deref().map(whole);
        }
        span.attributes.push(("tenon.state", state.to_owned()));
        span.fault = fault_of(&event.what).map(|fault| fault.code.clone());
        span
    }
}

fn fault_of(what: &What) -> Option<&Fault> {
    match what {
        What::Faulted { fault, .. }
        | What::Refused { fault, .. }
        | What::Lost { fault, .. }
        | What::Caught { fault, .. }
        | What::Failed { fault, .. } => Some(fault),
        _ => None,
    }
}

/// Why a stretch of work ends with an entry; none where it goes on.
fn ends_work(what: &What) -> Option<&'static str> {
    match what {
        What::Waited { reason, .. } | What::Asked { question: reason } => {
            Some(Reason::name(reason))
        }
        What::Faulted { .. } => Some("retry"),
        What::Paused { .. } => Some("paused"),
        other => ends_task(other),
    }
}

/// The state a task ends in with an entry.
fn ends_task(what: &What) -> Option<&'static str> {
    match what {
        What::Completed | What::Closed { .. } => Some("done"),
        What::Skipped { .. } => Some("skipped"),
        What::Failed { .. } => Some("failed"),
        What::Cancelled { .. } => Some("cancelled"),
        _ => None,
    }
}
