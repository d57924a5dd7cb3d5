//! Where a task stands, and why it does not go on.

use std::fmt;

use minicbor::{Decode, Encode};
use tenon_value::{Fault, Value};

/// The id of a task: `task_…`; a child's is its parent's with `.STEP` behind it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct TaskId(#[n(0)] pub String);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Accepted; its lane has not let it begin (or go on after a verb).
    Queued,
    /// Something is asked of the outside, or about to be.
    Running,
    /// Goes on by itself once the reason has passed.
    Waiting(Reason),
    /// A question with named answers.
    NeedsPerson(Reason),
    /// Ended well.
    Done,
    /// Ended without doing anything more, with the reason.
    Skipped(String),
    /// Ended by a fault; a verb can reopen it. The reason is always [`Reason::Fault`].
    Failed(Reason),
    /// Ended by a person.
    Cancelled {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
}

/// Why a task waits, asks or failed.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
#[cbor(flat)]
pub enum Reason {
    /// Until a point in time.
    #[n(0)]
    Timer {
        /// Milliseconds since 1970.
        #[n(0)]
        until_ms: i64,
    },
    /// For the next try after a fault that passes by itself.
    #[n(1)]
    Retry {
        /// The step.
        #[n(0)]
        step: String,
        /// Faults so far.
        #[n(1)]
        attempt: u32,
        /// When it is tried again, in milliseconds since 1970.
        #[n(2)]
        next_ms: i64,
        /// The last fault.
        #[cbor(n(3), with = "crate::codec::fault")]
        fault: Fault,
    },
    /// For its turn. Shown by the runtime, which keeps the lanes; never journaled.
    #[n(2)]
    Lane {
        /// The lane.
        #[n(0)]
        lane: String,
        /// The task in front.
        #[n(1)]
        behind: TaskId,
    },
    /// For a lock that another task holds.
    #[n(3)]
    Lock {
        /// The step.
        #[n(0)]
        step: String,
        /// The lock's key.
        #[n(1)]
        of: String,
        /// Who holds it.
        #[n(2)]
        held_by: TaskId,
    },
    /// For room in a limit. Shown by the runtime, which keeps the limits; never journaled.
    #[n(4)]
    Limit {
        /// The connection.
        #[n(0)]
        connection: String,
        /// Which of its limits.
        #[n(1)]
        bucket: String,
        /// When there is room, in milliseconds since 1970.
        #[n(2)]
        free_ms: i64,
    },
    /// For a system that does not answer.
    #[n(5)]
    ConnectionDown {
        /// The connection.
        #[n(0)]
        connection: String,
        /// Since when, in milliseconds since 1970.
        #[n(1)]
        since_ms: i64,
        /// What it said last.
        #[cbor(n(2), with = "crate::codec::fault")]
        fault: Fault,
    },
    /// For credentials that are accepted.
    #[n(6)]
    ConnectionAuth {
        /// The connection.
        #[n(0)]
        connection: String,
        /// What it said last.
        #[cbor(n(1), with = "crate::codec::fault")]
        fault: Fault,
    },
    /// Until the outcome of a write can be known.
    #[n(7)]
    Outcome {
        /// The step.
        #[n(0)]
        of: String,
        /// When a search counts, in milliseconds since 1970.
        #[n(1)]
        until_ms: i64,
    },
    /// For tasks it started.
    #[n(8)]
    Children {
        /// The step.
        #[n(0)]
        step: String,
        /// How many are still open.
        #[n(1)]
        open: u32,
        /// How many there are.
        #[n(2)]
        of: u32,
        /// One of them that asks a person.
        #[n(3)]
        asks: Option<TaskId>,
    },
    /// A write may or may not have happened: answered by `happened` or `not_happened`.
    #[n(9)]
    UnknownOutcome {
        /// The step.
        #[n(0)]
        step: String,
        /// Method and path of the request.
        #[n(1)]
        request: String,
        /// Why nothing is known.
        #[cbor(n(2), with = "crate::codec::fault")]
        fault: Fault,
    },
    /// Is one of these the same record? Answered by `link` or `create_new`.
    #[n(10)]
    SameRecord {
        /// The step.
        #[n(0)]
        step: String,
        /// The connection.
        #[n(1)]
        connection: String,
        /// The resource.
        #[n(2)]
        resource: String,
        /// What was found: records with `id`, and `differs` where a field disagrees.
        #[cbor(n(3), with = "crate::codec::value")]
        candidates: Value,
    },
    /// A person holds it.
    #[n(11)]
    Paused {
        /// Who.
        #[n(0)]
        by: String,
    },
    /// A fault.
    #[n(12)]
    Fault {
        /// The step; empty for the reading of the source record.
        #[n(0)]
        step: String,
        /// The fault.
        #[cbor(n(1), with = "crate::codec::fault")]
        fault: Fault,
    },
    /// For another record's document.
    #[n(13)]
    Document {
        /// The step.
        #[n(0)]
        step: String,
        /// `ENTITY ID`.
        #[n(1)]
        reference: String,
        /// When it is looked for again in any case, in milliseconds since 1970.
        #[n(2)]
        until_ms: Option<i64>,
    },
    /// The connection answers for another account than before; a person must confirm.
    #[n(14)]
    AccountChanged {
        /// The account known.
        #[n(0)]
        from: String,
        /// The account that answered.
        #[n(1)]
        to: String,
    },
    /// For a signal.
    #[n(15)]
    Signal {
        /// The step.
        #[n(0)]
        step: String,
        /// Its name.
        #[n(1)]
        name: String,
        /// When the step is at fault without it, in milliseconds since 1970.
        #[n(2)]
        until_ms: Option<i64>,
    },
    /// Making a step undone failed: answered by `retry`, which tries it again, or `cancel`, which leaves
    /// it as it is.
    #[n(16)]
    UndoFailed {
        /// The step whose undoing failed.
        #[n(0)]
        step: String,
        /// The fault.
        #[cbor(n(1), with = "crate::codec::fault")]
        fault: Fault,
    },
}

impl State {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::Waiting(_) => "waiting",
            State::NeedsPerson(_) => "needs_person",
            State::Done => "done",
            State::Skipped(_) => "skipped",
            State::Failed(_) => "failed",
            State::Cancelled { .. } => "cancelled",
        }
    }

    /// Whether it is done, skipped, failed or cancelled.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self, State::Done | State::Skipped(_) | State::Failed(_) | State::Cancelled { .. })
    }

    /// The reason it carries.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            State::Waiting(reason) | State::NeedsPerson(reason) | State::Failed(reason) => {
                Some(reason)
            }
            _ => None,
        }
    }

    /// The fault it carries, where a fault is the reason.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.reason().and_then(Reason::fault)
    }
}

impl Reason {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Reason::Timer { .. } => "timer",
            Reason::Retry { .. } => "retry",
            Reason::Lane { .. } => "lane",
            Reason::Lock { .. } => "lock",
            Reason::Limit { .. } => "limit",
            Reason::ConnectionDown { .. } => "connection_down",
            Reason::ConnectionAuth { .. } => "connection_auth",
            Reason::Outcome { .. } => "outcome",
            Reason::Children { .. } => "children",
            Reason::UnknownOutcome { .. } => "unknown_outcome",
            Reason::SameRecord { .. } => "same_record",
            Reason::Paused { .. } => "paused",
            Reason::Fault { .. } => "fault",
            Reason::Document { .. } => "document",
            Reason::AccountChanged { .. } => "account_changed",
            Reason::Signal { .. } => "signal",
            Reason::UndoFailed { .. } => "undo_failed",
        }
    }

    /// The point in time it ends by itself, in milliseconds since 1970.
    #[must_use]
    pub fn until_ms(&self) -> Option<i64> {
        match self {
            Reason::Timer { until_ms } | Reason::Outcome { until_ms, .. } => Some(*until_ms),
            Reason::Retry { next_ms, .. } => Some(*next_ms),
            Reason::Limit { free_ms, .. } => Some(*free_ms),
            Reason::Document { until_ms, .. } | Reason::Signal { until_ms, .. } => *until_ms,
            _ => None,
        }
    }

    /// Whether a person must answer.
    #[must_use]
    pub fn is_question(&self) -> bool {
        matches!(
            self,
            Reason::UnknownOutcome { .. } | Reason::SameRecord { .. } | Reason::UndoFailed { .. }
        )
    }

    /// The fault inside.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Reason::Retry { fault, .. }
            | Reason::ConnectionDown { fault, .. }
            | Reason::ConnectionAuth { fault, .. }
            | Reason::UnknownOutcome { fault, .. }
            | Reason::UndoFailed { fault, .. }
            | Reason::Fault { fault, .. } => Some(fault),
            _ => None,
        }
    }

    /// The step it is about; empty for the reading of the source record.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        match self {
            Reason::Retry { step, .. }
            | Reason::Lock { step, .. }
            | Reason::Outcome { of: step, .. }
            | Reason::Children { step, .. }
            | Reason::UnknownOutcome { step, .. }
            | Reason::SameRecord { step, .. }
            | Reason::Document { step, .. }
            | Reason::Signal { step, .. }
            | Reason::UndoFailed { step, .. }
            | Reason::Fault { step, .. } => Some(step),
            _ => None,
        }
    }

    pub(crate) fn step_mut(&mut self) -> Option<&mut String> {
        match self {
            Reason::Retry { step, .. }
            | Reason::Lock { step, .. }
            | Reason::Outcome { of: step, .. }
            | Reason::Children { step, .. }
            | Reason::UnknownOutcome { step, .. }
            | Reason::SameRecord { step, .. }
            | Reason::Document { step, .. }
            | Reason::Signal { step, .. }
            | Reason::UndoFailed { step, .. }
            | Reason::Fault { step, .. } => Some(step),
            _ => None,
        }
    }

    /// The connection it waits for.
    #[must_use]
    pub fn connection(&self) -> Option<&str> {
        match self {
            Reason::ConnectionDown { connection, .. }
            | Reason::ConnectionAuth { connection, .. }
            | Reason::Limit { connection, .. } => Some(connection),
            _ => None,
        }
    }
}
