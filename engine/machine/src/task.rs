//! A task: the fold of its journal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenon_graph::GraphHash;
use tenon_kit::{Operation, Request};
use tenon_value::{Fault, Value};

use crate::event::{Created, Known, Said, Stored, Trigger};
use crate::frame::Place;
use crate::state::{Reason, State, TaskId};
use crate::undo::Undoing;
use crate::{Link, ReadKey};

/// The name under which the reading of the source record is kept among the steps.
pub const SOURCE: &str = "";

/// A task as its journal tells it.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The flow.
    pub flow: String,
    /// The graph it goes by.
    pub graph: GraphHash,
    /// The source record's id.
    pub record: String,
    /// What started it.
    pub trigger: Trigger,
    /// Its lane.
    pub lane: String,
    /// Values given by a parent; a record.
    pub given: Value,
    /// It was retried since it was given a record: the source is asked for the record as it is now.
    pub given_is_old: bool,
    /// Where it stands.
    pub state: State,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it last changed, in milliseconds since 1970.
    pub updated_ms: i64,
    /// Entries in the journal: also the number of the next one.
    pub length: u32,
    /// Bytes in the journal, as far as they were counted.
    pub bytes: u64,
    /// What the journal says of each step, by step id.
    pub steps: BTreeMap<Arc<str>, Arc<StepRecord>>,
    /// Locks held now, with the step that took them.
    pub locks: BTreeMap<String, Arc<str>>,
    /// References this task made, by entity and source id.
    pub links: BTreeMap<(String, String), Link>,
    /// Documents this task sent, by entity and source id.
    pub sent: BTreeMap<(String, String), Value>,
    /// A person wants it ended as soon as the write under way is settled: who and why.
    pub cancel_asked: Option<(String, String)>,
    /// When it is looked at again at the latest while it waits, in milliseconds since 1970.
    pub wake_ms: Option<i64>,
    /// Signals that came and were not taken, oldest first.
    pub signals: Vec<(String, Value)>,
    /// What was done is being made undone, and why.
    pub undoing: Option<Undoing>,
    /// Steps that were made undone.
    pub undone: Vec<String>,
    /// Warnings of mappings, in order.
    pub warnings: Vec<String>,
    /// Who looks after it.
    pub assigned: Option<String>,
    /// Its tags, in order.
    pub tags: BTreeSet<String>,
    /// It is not shown among what needs a look before then, in milliseconds since 1970.
    pub snoozed_until_ms: Option<i64>,
    /// Reads under way, by step and slot, with the number of the question. Never stored: another
    /// process asks again.
    pub(crate) asked: BTreeMap<(Arc<str>, String), u32>,
    /// How far it was walked; computed again when lost, never stored.
    pub(crate) place: Option<Arc<Place>>,
}

/// What the journal says of one step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepRecord {
    /// Stored state that was read, in the order it was asked for.
    pub looked: Vec<(ReadKey, Value)>,
    /// What systems answered, by slot.
    pub reads: BTreeMap<String, Value>,
    /// The last write.
    pub write: Option<Arc<Write>>,
    /// Faults that passed, since the last person's retry.
    pub attempts: u32,
    /// When the first of them happened, in milliseconds since 1970.
    pub first_fault_ms: Option<i64>,
    /// The output, once the step ended without an answered write.
    pub ended: Option<Value>,
    /// The fault that was caught.
    pub caught: Option<Fault>,
    /// The child task.
    pub child: Option<Child>,
    /// How many child tasks were made, with those that were given up.
    pub children: u32,
    /// A person's answer to "same record?".
    pub said: Option<Said>,
    /// The record's answer is old: read it again before it is judged.
    pub stale: bool,
    /// The line was written.
    pub logged: bool,
    /// What a person gave in place of its output; for the source, of the record.
    pub given: Option<Value>,
    /// What a person gave in place of the document it makes to be sent.
    pub input: Option<Value>,
    /// It waits, and other steps may go on: for what, and when it is looked at again at the latest.
    pub held: Option<(Reason, Option<i64>)>,
    /// When what it waits for comes by itself, in milliseconds since 1970.
    pub until_ms: Option<i64>,
    /// When it is at fault, in milliseconds since 1970.
    pub over_ms: Option<i64>,
    /// The signal it took.
    pub signal: Option<Value>,
    /// Names of the items of an `each`.
    pub items: Vec<String>,
    /// Tasks made of the items of a detached `each`.
    pub pages: Option<Arc<Pages>>,
    /// The entry of the journal with which it was done, as far as it is known.
    pub done_at: Option<u32>,
}

/// Tasks made of the items of a detached `each`, page by page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pages {
    /// What their ids begin with.
    pub ids: String,
    /// Items that have a task.
    pub started: u32,
    /// Items of pages that have ended.
    pub ended: u32,
    /// Of each page: how many items, and a hash of their names.
    pub names: Vec<(u32, String)>,
    /// Names of the states the tasks of those pages ended in.
    pub ends: Vec<String>,
    /// Collected failures that were not healed.
    pub failed: BTreeMap<u32, Fault>,
    /// Collected failures that were.
    pub healed: Vec<u32>,
    /// Failures that are the step's own.
    pub failing: BTreeMap<u32, Fault>,
}

impl Pages {
    /// The task of an item.
    #[must_use]
    pub fn task(&self, item: u32) -> TaskId {
        TaskId(format!("{}.{item}", self.ids))
    }

    /// The item whose task this is.
    #[must_use]
    pub fn item(&self, task: &TaskId) -> Option<u32> {
        let item = task.0.strip_prefix(self.ids.as_str())?.strip_prefix('.')?;
        item.parse().ok().filter(|item| *item < self.started)
    }
}

/// A write of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// The connection.
    pub connection: String,
    /// What is asked.
    pub operation: Operation,
    /// Exactly what is sent.
    pub request: Request,
    /// The whole document the mapping made, where the operation holds less.
    pub document: Option<Value>,
    /// The reference stored with the outcome.
    pub reference: Option<Stored>,
    /// What is known of it.
    pub status: WriteStatus,
    /// How often it was sent.
    pub sends: u32,
}

/// What is known of a write.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteStatus {
    /// Decided, and sent or about to be: its answer is awaited.
    Open,
    /// It did not happen; it may be sent again.
    Refused(Fault),
    /// It may have happened.
    Unknown {
        /// Since when, in milliseconds since 1970.
        since_ms: i64,
        /// Why nothing is known.
        fault: Fault,
    },
    /// A person said that it happened, with this key.
    Said(Option<String>),
    /// It happened.
    Done {
        /// The record as it was then.
        record: Value,
        /// How that is known.
        known: Known,
        /// The target's key.
        target: Option<String>,
    },
}

/// A child task of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Child {
    /// Its id.
    pub id: TaskId,
    /// Nobody waits for it.
    pub detach: bool,
    /// The state it ended in and its fault.
    pub ended: Option<(String, Option<Fault>)>,
}

/// A journal does not begin with `Created`, or an entry can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// An entry can't be read.
    #[error("entry {number}: {error}")]
    Entry {
        /// Which, from 0.
        number: u32,
        /// Why.
        error: crate::event::BadEvent,
    },
    /// The first entry is missing or another.
    #[error("the journal does not begin with the task's creation")]
    NoCreation,
}

impl Task {
    /// A task that was just made.
    #[must_use]
    pub fn new(id: TaskId, at_ms: i64, created: Created) -> Task {
        Task {
            id,
            flow: created.flow,
            graph: created.graph,
            record: created.record,
            trigger: created.trigger,
            lane: created.lane,
            given: created.given,
            given_is_old: false,
            state: State::Queued,
            created_ms: at_ms,
            updated_ms: at_ms,
            length: 1,
            bytes: 0,
            steps: BTreeMap::new(),
            locks: BTreeMap::new(),
            links: BTreeMap::new(),
            sent: BTreeMap::new(),
            cancel_asked: None,
            wake_ms: None,
            signals: Vec::new(),
            undoing: None,
            undone: Vec::new(),
            asked: BTreeMap::new(),
            warnings: Vec::new(),
            assigned: None,
            tags: BTreeSet::new(),
            snoozed_until_ms: None,
            place: None,
        }
    }

    /// The task that made it, and its step.
    #[must_use]
    pub fn parent(&self) -> Option<(&TaskId, &str)> {
        match &self.trigger {
            Trigger::Parent { task, step } => Some((task, step)),
            _ => None,
        }
    }

    /// What the journal says of a step.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&StepRecord> {
        self.steps.get(id).map(|step| &**step)
    }

    pub(crate) fn children_of(&self, step: &str) -> u32 {
        self.step(step).map_or(0, |record| record.children)
    }

    /// The first step with a write whose outcome is not known, if there is one.
    #[must_use]
    pub fn open_write(&self) -> Option<(&Arc<str>, &Write)> {
        self.unsettled().next()
    }

    /// Every step with a write whose outcome is not known.
    pub fn unsettled(&self) -> impl Iterator<Item = (&Arc<str>, &Write)> {
        self.steps.iter().filter_map(|(id, step)| {
            let write = step.write.as_deref()?;
            let open = matches!(
                write.status,
                WriteStatus::Open | WriteStatus::Unknown { .. } | WriteStatus::Said(_)
            );
            open.then_some((id, write))
        })
    }

    /// Steps that wait while others may go on: what for, and when each is looked at again at the latest.
    pub fn held(&self) -> impl Iterator<Item = (&Arc<str>, &Reason, Option<i64>)> {
        self.steps.iter().filter_map(|(id, step)| {
            let (reason, wake_ms) = step.held.as_ref()?;
            Some((id, reason, *wake_ms))
        })
    }

    /// The first time at which a step that waits is looked at again.
    pub(crate) fn held_until(&self) -> Option<i64> {
        self.held()
            .filter(|(_, reason, _)| !matches!(reason, Reason::Fault { .. }))
            .flat_map(|(_, reason, wake_ms)| reason.until_ms().into_iter().chain(wake_ms))
            .min()
    }

    /// Everything it waits for: the reason of its state, and those of its steps.
    #[must_use]
    pub fn reasons(&self) -> Vec<&Reason> {
        let held = self.held().map(|(_, reason, _)| reason);
        let held = held.filter(|reason| !matches!(reason, Reason::Fault { .. }));
        let mut all: Vec<&Reason> = self.state.reason().into_iter().collect();
        all.extend(held.filter(|reason| Some(*reason) != self.state.reason()));
        all
    }

    /// When a timer must wake it, in milliseconds since 1970.
    #[must_use]
    pub fn wake_at_ms(&self) -> Option<i64> {
        match &self.state {
            State::Waiting(Reason::Paused { .. }) => None,
            State::Waiting(reason) => {
                reason.until_ms().into_iter().chain(self.wake_ms).chain(self.held_until()).min()
            }
            State::Running | State::NeedsPerson(_) => self.held_until(),
            _ => None,
        }
    }

    /// Whether it keeps its lane: while it runs or waits, and always while a write is unanswered.
    #[must_use]
    pub fn keeps_lane(&self) -> bool {
        let goes_on = |reason: &Reason| !reason.is_question();
        matches!(self.state, State::Running | State::Waiting(_))
            || self.open_write().is_some()
            || self.held().any(|(_, reason, _)| goes_on(reason))
    }
}
