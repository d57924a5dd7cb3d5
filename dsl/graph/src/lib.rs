//! The step graph: what a flow compiles to, and all the engine ever sees of it.
//!
//! Plain data with a content hash. A task pins the graph it started with, so a graph never changes.
//! Expressions stand in it as compiled programs in the mapper's own text form, which this crate does
//! not look into; they carry the language edition they were compiled with.

mod arrows;
mod hash;
mod picture;
mod triggers;
mod twins;

pub use hash::GraphHash;
pub use picture::Form;
pub use triggers::{At, Overlap, Poll, Schedule, Triggers};
pub use twins::{Twin, Twins};

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A compiled expression or mapping, as text the mapper wrote and can load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Program(pub Arc<str>);

/// A compiled flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// Edition of the language it was compiled with.
    pub edition: u32,
    /// The integration it belongs to.
    pub integration: String,
    /// The flow's name.
    pub flow: String,
    /// Its title for people.
    pub title: String,
    /// The kind of record it moves (`order`); references are kept under it.
    pub entity: String,
    /// The resource whose record starts a task, and the name that record has in expressions.
    pub from: Endpoint,
    /// The resource it writes.
    pub to: Endpoint,
    /// Values a parent gives when it runs this flow, beside the record itself.
    pub takes: Vec<String>,
    /// What starts it.
    pub triggers: Triggers,
    /// The lane's key; uses only what every trigger carries (`id`). None: the record.
    pub lane: Option<Program>,
    /// Reasons to do nothing, judged once the record was read.
    pub skip: Vec<Skip>,
    /// How faults that pass by themselves are retried, where a step says nothing else.
    pub retry: Retry,
    /// The steps; the first is where a task begins. Never empty.
    pub nodes: Vec<Node>,
    /// Mappings by name.
    pub mappings: BTreeMap<String, Program>,
    /// Rhai files by name, whole.
    pub scripts: BTreeMap<String, String>,
}

/// A resource of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The connection's name in the integration (`shopify`).
    pub connection: String,
    /// The connector's resource (`order`).
    pub resource: String,
}

/// A reason to do nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// When it holds.
    pub when: Program,
    /// Said to the operator; a compiled text.
    pub because: Program,
}

/// How retryable faults are retried: full jitter, bounded in number and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Tries in all.
    pub attempts: u32,
    /// Milliseconds before the second try.
    pub first_ms: i64,
    /// What the wait grows by, in hundredths (200 doubles it).
    pub factor_percent: u32,
    /// Longest wait, in milliseconds.
    pub max_ms: i64,
    /// Longest time since the first fault, in milliseconds.
    pub within_ms: i64,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry {
            attempts: 12,
            first_ms: 5_000,
            factor_percent: 200,
            max_ms: 3_600_000,
            within_ms: 86_400_000,
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The author's id, or one made from the kind and position; unique in the graph.
    pub id: String,
    /// Runs only when this holds; otherwise the step is passed over and its output is missing.
    pub when: Option<Program>,
    /// What it does.
    pub step: Step,
    /// Conditions on its answer, judged before what follows; the answer stands under the step's id.
    pub expect: Vec<Expect>,
    /// Steps taken instead of failing, by fault class or code.
    pub catch: Vec<Catch>,
    /// Overrides the flow's retry.
    pub retry: Option<Retry>,
    /// Longest time from the step's first try to its end, in milliseconds; after that it is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<i64>,
    /// First node of the steps that make it undone, run when the task fails for good or a person
    /// asks. Their last node has no next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<u32>,
    /// The node after this one; none ends the flow as done, or the list of steps it stands in.
    pub next: Option<u32>,
    /// `file:line` it was compiled from.
    pub place: String,
}

/// A condition on a step's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expect {
    /// Must hold.
    pub holds: Program,
    /// The fault's code when it does not.
    pub code: String,
    /// The fault's message; a compiled text.
    pub because: Program,
}

/// A way on after a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catch {
    /// A fault class or code.
    pub fault: String,
    /// The node to go on with; the fault stands in scope as `fault`.
    pub to: Option<u32>,
}

/// Named values computed for a step.
pub type With = Vec<(String, Program)>;

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Step {
    /// Reads one record by its key.
    Get {
        /// Where from.
        of: Endpoint,
        /// The key.
        by: Program,
    },
    /// Makes a record with a mapping; pure.
    Map {
        /// The mapping.
        mapping: String,
        /// Values it sees beside the scope.
        with: With,
    },
    /// Reads many records, page by page. More than the limit is a fault, never a shorter list.
    List {
        /// Where from.
        of: Endpoint,
        /// Arguments of the resource's list.
        filter: With,
        /// Most records.
        limit: u32,
    },
    /// The idempotent write: reference, find, compare, create or update.
    Upsert(Box<Upsert>),
    /// Makes a record without looking for one first.
    Create(Box<Create>),
    /// Changes a record whose key is known.
    Update(Box<Update>),
    /// Deletes a record.
    Delete {
        /// Where.
        of: Endpoint,
        /// The record's key.
        key: Program,
        /// The reference that ends with it.
        forgets: Option<Forgets>,
    },
    /// An action on a record.
    Call {
        /// Where.
        of: Endpoint,
        /// The action's name in the manifest.
        action: String,
        /// The record's key.
        key: Program,
        /// Arguments the action takes.
        with: With,
        /// Stores the record it gives as the document of this entity and id, in the outcome's commit.
        stores: Option<Stores>,
    },
    /// Goes on with the first branch whose condition holds.
    Choose {
        /// Condition and first node; an empty branch goes on after the choice.
        branches: Vec<(Program, Option<u32>)>,
        /// First node when none holds.
        otherwise: Option<u32>,
    },
    /// Does steps for every item of a list, inside the task.
    Each(Box<Each>),
    /// Lists of steps side by side; it goes on when all have ended.
    Together {
        /// Names and first nodes; the last node of each has no next.
        branches: Vec<(String, Option<u32>)>,
    },
    /// Waits.
    Wait {
        /// What for.
        on: WaitOn,
        /// Longest time, in milliseconds; after that the step is at fault.
        within_ms: Option<i64>,
    },
    /// Calls a script's function; pure. Its result stands under the step's id.
    Script {
        /// The call, with its arguments and declared result.
        value: Program,
    },
    /// Runs another flow as a child task and waits for it.
    Run {
        /// The flow.
        flow: String,
        /// Values for its `takes`; one named like its record spares reading it again.
        with: With,
        /// Goes on without waiting.
        detach: bool,
    },
    /// Names values; pure. They stand in scope under their own names.
    Set {
        /// Names and values.
        values: With,
    },
    /// A line in the audit log.
    Log {
        /// The line; a compiled text.
        text: Program,
    },
    /// Ends the task.
    Stop {
        /// How.
        end: StopAs,
        /// Said to the operator; a compiled text.
        because: Program,
    },
}

/// A write that looks for nothing first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Create {
    /// Where to.
    pub of: Endpoint,
    /// The entity its reference is kept under.
    pub entity: String,
    /// The source id; blank is a fault.
    pub reference: Program,
    /// The mapping that makes the record; it sees the scope.
    pub mapping: String,
    /// Values it sees beside the scope.
    pub with: With,
}

/// A change of a record whose key is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Where to.
    pub of: Endpoint,
    /// The record's key; blank is a fault.
    pub key: Program,
    /// The mapping that makes the record; it sees the scope.
    pub mapping: String,
    /// Values it sees beside the scope.
    pub with: With,
    /// What to do with a difference on a locked record.
    pub when_locked: WhenLocked,
}

/// A reference that ends with the record it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgets {
    /// Entity.
    pub entity: String,
    /// Source id.
    pub reference: Program,
}

/// Steps for every item of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Each {
    /// The list.
    pub items: Program,
    /// The item's name in the steps.
    pub name: String,
    /// The name of its position, from 0.
    pub index: Option<String>,
    /// First node of its steps; the last has no next.
    pub body: Option<u32>,
    /// Items under way at a time; at least 1.
    pub at_once: u32,
    /// What an item's failure means.
    pub failures: Failures,
    /// The steps are one `run`, made as child tasks in pages; then the list may have any length.
    pub detach: bool,
    /// What is kept of all items, under the step's id by these names.
    pub gather: Vec<(String, Gather)>,
    /// First node of the steps that run when all items have ended, and again when a collected failure
    /// was healed; the last has no next.
    pub after: Option<u32>,
}

/// What an item's failure means for its `each`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failures {
    /// It is the step's failure.
    #[default]
    Stop,
    /// The other items go on. It stands in the list `failures` beside what is gathered: the item's
    /// `index`, then `code`, `class`, `message`, `hint`, `field` and `value` as a way on after a fault
    /// sees them, and `task` where a child task has it.
    Collect,
}

/// A value kept of all items. Its programs see the item's scope after its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gather {
    /// The exact sum.
    Sum(Program),
    /// How many items it holds for.
    Count(Program),
    /// The values, in the order of the items.
    List {
        /// The value.
        value: Program,
        /// Most of them; more is a fault.
        max: u32,
    },
}

/// What a `wait` is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitOn {
    /// A duration from when the step began.
    For(Program),
    /// A moment.
    Until(Program),
    /// A signal of that name; what it carries stands under the step's id.
    Signal(String),
    /// The end of something that was accepted: a record is read again and again until it holds.
    Outcome {
        /// Where from.
        of: Endpoint,
        /// The record's key.
        by: Program,
        /// The end; sees the record under the step's id.
        holds: Program,
        /// Milliseconds between two reads.
        every_ms: i64,
    },
    /// Another record's document: its key stands under the step's id.
    Reference {
        /// Its entity.
        entity: String,
        /// Its source id.
        id: Program,
    },
}

impl Step {
    /// The word it is written with.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Step::Get { .. } => "get",
            Step::List { .. } => "list",
            Step::Map { .. } => "map",
            Step::Upsert(_) => "upsert",
            Step::Create(_) => "create",
            Step::Update(_) => "update",
            Step::Delete { .. } => "delete",
            Step::Call { .. } => "call",
            Step::Choose { .. } => "choose",
            Step::Each(_) => "each",
            Step::Together { .. } => "together",
            Step::Wait { .. } => "wait",
            Step::Run { .. } => "run",
            Step::Script { .. } => "script",
            Step::Set { .. } => "set",
            Step::Log { .. } => "log",
            Step::Stop { .. } => "stop",
        }
    }
}

/// Where an answer's document is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stores {
    /// Entity.
    pub entity: String,
    /// Source id.
    pub reference: Program,
    /// Resource whose key the answer's `gives` names.
    pub resource: String,
}

/// The idempotent write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upsert {
    /// Where to.
    pub of: Endpoint,
    /// The entity its reference is kept under.
    pub entity: String,
    /// The source id; blank is a fault.
    pub reference: Program,
    /// Searches, in order, when no reference is known; a blank value is passed over.
    pub find: Vec<Find>,
    /// The mapping that makes the record; it sees the scope.
    pub mapping: String,
    /// Values it sees beside the scope.
    pub with: With,
    /// Fields that must agree before a record without our marker is adopted. Empty: documents are
    /// never adopted without a person.
    pub adopt_if: Vec<String>,
    /// Master data found by a `find` may be adopted without our marker.
    pub adopt: bool,
    /// What to do with a difference on a locked record.
    pub when_locked: WhenLocked,
    /// Which fields an existing record that we did not create may get.
    pub update: UpdatePolicy,
}

/// One search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Find {
    /// The target's field.
    pub field: String,
    /// The value.
    pub value: Program,
    /// Whether that field is our own marker, unique to shop and record: an exact hit is ours.
    pub marker: bool,
    /// Searches only when this holds.
    pub when: Option<Program>,
    /// A hit that differs in one of these fields is another record, and passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same: Vec<String>,
}

/// What to do when the target is locked and differs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenLocked {
    /// Stop with an issue that shows the difference.
    #[default]
    Issue,
    /// Leave it and go on.
    Keep,
    /// Make the counter-document the connector names, and a new one.
    Correct,
}

/// Which fields of a record that we did not create are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdatePolicy {
    /// All that the mapping gives.
    #[default]
    All,
    /// None.
    Never,
    /// Those that are empty there.
    EmptyFields,
    /// Decided by an expression that gives one of the three names.
    By(Program),
}

/// How a `stop` ends the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopAs {
    /// Done.
    Done,
    /// Skipped with its reason.
    Skipped,
    /// Failed with its reason.
    Failed,
}
