//! Tasks, their events, timers and locks, and the graphs they run.

use minicbor::{Decode, Encode};

use crate::key::Key;

/// A step graph, by its hash. Never changed, never removed while a task names it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct GraphRow {
    /// The graph's hash.
    #[n(0)]
    pub hash: String,
    /// The flow it was compiled from.
    #[n(1)]
    pub flow: String,
    /// When it was first stored.
    #[n(2)]
    pub at_ms: i64,
    /// The graph as its crate writes it.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

impl GraphRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Graph { hash: self.hash.clone() }
    }
}

/// What lists show of a task. The journal is the truth; this is written with it, in one commit.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct TaskRow {
    /// `task_…`; ids order by the time of making.
    #[n(0)]
    pub id: String,
    /// The flow.
    #[n(1)]
    pub flow: String,
    /// The integration the flow belongs to.
    #[n(2)]
    pub integration: String,
    /// The graph it is pinned to.
    #[n(3)]
    pub graph: String,
    /// The record as the trigger names it.
    #[n(4)]
    pub record: Option<String>,
    /// The record as people name it (an order's number).
    #[n(5)]
    pub title: Option<String>,
    /// Its lane.
    #[n(6)]
    pub lane: Option<String>,
    /// The state's name: `queued`, `running`, `waiting`, `needs_person`, `done`, `skipped`,
    /// `failed`, `cancelled`.
    #[n(7)]
    pub state: String,
    /// Whether it still has something to do by itself or by a person's answer: loaded at start.
    #[n(8)]
    pub open: bool,
    /// Why it waits, or how it ended: JSON with the reason's kind and fields.
    #[n(9)]
    pub reason: Option<String>,
    /// The fault it stands at: JSON.
    #[n(10)]
    pub fault: Option<String>,
    /// The step it stands at.
    #[n(11)]
    pub step: Option<String>,
    /// The task that started it.
    #[n(12)]
    pub parent: Option<String>,
    /// When it was made.
    #[n(13)]
    pub created_ms: i64,
    /// When it last changed.
    #[n(14)]
    pub updated_ms: i64,
    /// How many events its journal has.
    #[n(15)]
    pub events: u64,
    /// What started it: `webhook`, `poll`, `schedule`, `hand`, `backfill`, `parent`.
    #[n(16)]
    pub trigger: String,
    /// A state that has ended but may be taken up by a newer task or a verb.
    #[n(17)]
    pub healed_by: Option<String>,
    /// Whatever else the engine wants at start without reading the journal.
    #[cbor(n(18), with = "minicbor::bytes")]
    pub extra: Option<Vec<u8>>,
    /// Who looks after it.
    #[n(19)]
    pub assigned: Option<String>,
    /// Its tags.
    #[n(20)]
    pub tags: Option<Vec<String>>,
    /// Not shown among what needs a look before then.
    #[n(21)]
    pub snoozed_until_ms: Option<i64>,
}

impl TaskRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Task { id: self.id.clone() }
    }
}

/// One event of a task's journal.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct EventRow {
    /// The task. (Stored in the key.)
    #[cbor(skip)]
    pub task: String,
    /// Its number in the journal, from 0. (Stored in the key.)
    #[cbor(skip)]
    pub n: u64,
    /// The event as the machine writes it.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// A large part kept beside it (a rendered request, an answer). Over 1 KiB it is stored by
    /// its content, so that an equal payload of the same task costs nothing again.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub payload: Option<Vec<u8>>,
    /// Where the stored form found or puts the payload; none in a row that is handed out.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub(crate) at_digest: Option<Vec<u8>>,
}

impl EventRow {
    /// An event without a payload of its own.
    #[must_use]
    pub fn new(task: impl Into<String>, n: u64, body: Vec<u8>) -> Self {
        Self { task: task.into(), n, body, ..Self::default() }
    }

    /// With a payload kept beside it.
    #[must_use]
    pub fn with_payload(mut self, payload: Vec<u8>) -> Self {
        self.payload = Some(payload);
        self
    }

    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Event { task: self.task.clone(), n: self.n }
    }
}

/// A timer of a task.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct TimerRow {
    /// When it is due.
    #[n(0)]
    pub due_ms: i64,
    /// Whose it is.
    #[n(1)]
    pub task: String,
    /// Its name within the task.
    #[n(2)]
    pub id: String,
}

impl TimerRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Timer { due_ms: self.due_ms, task: self.task.clone(), id: self.id.clone() }
    }
}

/// A lock, held until the outcome of what it guards is stored.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct LockRow {
    /// What is locked: account, resource and value, as the engine spells it.
    #[n(0)]
    pub name: String,
    /// Who holds it.
    #[n(1)]
    pub task: String,
    /// The step that took it.
    #[n(2)]
    pub step: String,
    /// Since when.
    #[n(3)]
    pub since_ms: i64,
}

impl LockRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Lock { name: self.name.clone() }
    }
}
