//! The journal: what has happened to a task, in order, past tense.
//!
//! Numbers are persisted and never used again for something else.

use minicbor::{Decode, Encode};
use tenon_graph::GraphHash;
use tenon_kit::{Operation, Request};
use tenon_value::{Fault, Value};

use crate::state::{Reason, TaskId};
use crate::{Origin, ReadKey};

/// One entry of a task's journal.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Event {
    /// When, in milliseconds since 1970.
    #[n(0)]
    pub at_ms: i64,
    /// What.
    #[n(1)]
    pub what: What,
}

/// What started a task.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Trigger {
    /// A webhook.
    #[n(0)]
    Webhook {
        /// Its topic.
        #[n(0)]
        topic: String,
        /// The delivery's id.
        #[n(1)]
        delivery: String,
    },
    /// An incremental read.
    #[n(1)]
    Poll,
    /// A person.
    #[n(2)]
    Manual {
        /// Who.
        #[n(0)]
        by: String,
    },
    /// A step of another task.
    #[n(3)]
    Parent {
        /// The task.
        #[n(0)]
        task: TaskId,
        /// The step.
        #[n(1)]
        step: String,
    },
}

/// What is known when a task is made.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Created {
    /// The flow.
    #[n(0)]
    pub flow: String,
    /// The graph it pins.
    #[cbor(n(1), with = "crate::codec_plan::hash")]
    pub graph: GraphHash,
    /// The source record's id.
    #[n(2)]
    pub record: String,
    /// What started it.
    #[n(3)]
    pub trigger: Trigger,
    /// The lane it runs in.
    #[n(4)]
    pub lane: String,
    /// Values given by a parent, by name; a record. One named like the source's resource is the
    /// source record itself and is not read again.
    #[cbor(n(5), with = "crate::codec::value")]
    pub given: Value,
}

/// How a write's outcome became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Known {
    /// The peer answered.
    #[n(0)]
    Answer,
    /// A search found it.
    #[n(1)]
    Search,
    /// Its proof held.
    #[n(2)]
    Proof,
    /// A person said so.
    #[n(3)]
    Person,
    /// Nothing was sent: a dry run took it as done.
    #[n(4)]
    DryRun,
}

/// How a step ended without a write of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum How {
    /// The target already has all that would be sent.
    #[n(0)]
    Unchanged,
    /// Differences were left as they are.
    #[n(1)]
    Kept,
    /// What the action does had been done already.
    #[n(2)]
    Already,
    /// The target's record is not to be touched: a person said so.
    #[n(3)]
    HandsOff,
}

/// A reference made by a write.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Stored {
    /// The entity.
    #[n(0)]
    pub entity: String,
    /// The source's id.
    #[n(1)]
    pub id: String,
    /// The target's key.
    #[n(2)]
    pub target: String,
    /// Whose record it is.
    #[n(3)]
    pub origin: Origin,
}

/// A question answered by a person.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Said {
    /// The write happened; the record's id where one was made.
    #[n(0)]
    Happened {
        /// The target's key.
        #[n(0)]
        id: Option<String>,
    },
    /// The write did not happen: send it.
    #[n(1)]
    NotHappened,
    /// That record is the same one.
    #[n(2)]
    Link {
        /// Its key.
        #[n(0)]
        id: String,
    },
    /// None of them is: make a new one.
    #[n(3)]
    CreateNew,
}

/// Which value of a task a person edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Part {
    /// The source record.
    #[n(0)]
    Record,
    /// The document a step made to be sent.
    #[n(1)]
    Input,
    /// What a step gave.
    #[n(2)]
    Output,
}

/// What people keep with a task to work together; it changes nothing the task does.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Care {
    /// Somebody looks after it; nobody where it is empty.
    #[n(0)]
    Assigned {
        /// Who.
        #[n(0)]
        to: Option<String>,
    },
    /// Tags.
    #[n(1)]
    Tagged {
        /// Added.
        #[n(0)]
        add: Vec<String>,
        /// Taken away.
        #[n(1)]
        remove: Vec<String>,
    },
    /// A remark.
    #[n(2)]
    Noted {
        /// In their words.
        #[n(0)]
        text: String,
    },
    /// Not shown among what needs a look before then; at once where it is empty.
    #[n(3)]
    Snoozed {
        /// Milliseconds since 1970.
        #[n(0)]
        until_ms: Option<i64>,
    },
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
#[cbor(flat)]
pub enum What {
    /// The task was made. Always the first event.
    #[n(0)]
    Created(#[n(0)] Created),
    /// Its lane let it begin or go on.
    #[n(1)]
    Begun,
    /// Stored state was read for a step.
    #[n(2)]
    Looked {
        /// The step.
        #[n(0)]
        step: String,
        /// Keys and what they gave.
        #[cbor(n(1), with = "crate::codec_plan::reads")]
        reads: Vec<(ReadKey, Value)>,
    },
    /// A system was read for a step.
    #[n(3)]
    Read {
        /// The step.
        #[n(0)]
        step: String,
        /// What for: `record`, `target`, `find:N`, `proof`, `after`.
        #[n(1)]
        slot: String,
        /// A record, or a list of records for a search.
        #[cbor(n(2), with = "crate::codec::value")]
        value: Value,
    },
    /// A step's locks were taken, before it read what they protect.
    #[n(4)]
    LocksTaken {
        /// The step.
        #[n(0)]
        step: String,
        /// Their keys.
        #[n(1)]
        keys: Vec<String>,
    },
    /// A write was decided; it is sent only after this is durable.
    #[n(5)]
    Intended {
        /// The step.
        #[n(0)]
        step: String,
        /// The connection.
        #[n(1)]
        connection: String,
        /// What is asked.
        #[cbor(n(2), with = "crate::codec_plan::operation")]
        operation: Operation,
        /// Exactly what is sent, but for credentials.
        #[cbor(n(3), with = "crate::codec_plan::request")]
        request: Request,
        /// The whole document the mapping made, where the operation holds less.
        #[cbor(n(4), with = "crate::codec::maybe")]
        document: Option<Value>,
        /// The reference that is stored with the outcome; `target` is empty where the peer names it.
        #[n(5)]
        reference: Option<Stored>,
    },
    /// The write happened.
    #[n(6)]
    Answered {
        /// The step.
        #[n(0)]
        step: String,
        /// The record as it is now.
        #[cbor(n(1), with = "crate::codec::value")]
        record: Value,
        /// How that is known.
        #[n(2)]
        known: Known,
        /// The target's key, where a reference was stored.
        #[n(3)]
        target: Option<String>,
    },
    /// The write did not happen.
    #[n(7)]
    Refused {
        /// The step.
        #[n(0)]
        step: String,
        /// Why.
        #[cbor(n(1), with = "crate::codec::fault")]
        fault: Fault,
    },
    /// The write may have happened.
    #[n(8)]
    Lost {
        /// The step.
        #[n(0)]
        step: String,
        /// Since when nothing more can happen by itself but late work of the peer: milliseconds
        /// since 1970.
        #[n(1)]
        since_ms: i64,
        /// Why nothing is known.
        #[cbor(n(2), with = "crate::codec::fault")]
        fault: Fault,
    },
    /// The same bytes were decided to be sent again.
    #[n(9)]
    Repeated {
        /// The step.
        #[n(0)]
        step: String,
        /// Why that does no harm.
        #[n(1)]
        because: String,
    },
    /// A record there was taken as the one of ours.
    #[n(10)]
    Adopted {
        /// The step.
        #[n(0)]
        step: String,
        /// The reference stored.
        #[n(1)]
        stored: Stored,
    },
    /// A step ended without a write of its own.
    #[n(11)]
    StepEnded {
        /// The step.
        #[n(0)]
        step: String,
        /// How.
        #[n(1)]
        how: How,
        /// Its output.
        #[cbor(n(2), with = "crate::codec::value")]
        output: Value,
        /// Differences that were kept, as a list of records with `field`, `sent`, `there`.
        #[cbor(n(3), with = "crate::codec::value")]
        differences: Value,
    },
    /// A fault that passes by itself; tried again later.
    #[n(12)]
    Faulted {
        /// The step.
        #[n(0)]
        step: String,
        /// The fault.
        #[cbor(n(1), with = "crate::codec::fault")]
        fault: Fault,
        /// When it is tried again, in milliseconds since 1970.
        #[n(2)]
        next_ms: i64,
    },
    /// A step's fault was caught.
    #[n(13)]
    Caught {
        /// The step.
        #[n(0)]
        step: String,
        /// The fault.
        #[cbor(n(1), with = "crate::codec::fault")]
        fault: Fault,
    },
    /// The task waits.
    #[n(14)]
    Waited {
        /// What for.
        #[n(0)]
        reason: Reason,
    },
    /// What it waited for came.
    #[n(15)]
    Woken,
    /// A person is asked.
    #[n(16)]
    Asked {
        /// What.
        #[n(0)]
        question: Reason,
    },
    /// A person answered.
    #[n(17)]
    Answer {
        /// What.
        #[n(0)]
        said: Said,
        /// Who.
        #[n(1)]
        by: String,
        /// Why.
        #[n(2)]
        why: String,
    },
    /// A child task was made.
    #[n(18)]
    ChildStarted {
        /// The step.
        #[n(0)]
        step: String,
        /// The child.
        #[n(1)]
        child: TaskId,
        /// Its flow.
        #[n(2)]
        flow: String,
        /// Nobody waits for it.
        #[n(3)]
        detach: bool,
    },
    /// A child task ended.
    #[n(19)]
    ChildEnded {
        /// The child.
        #[n(0)]
        child: TaskId,
        /// The name of the state it ended in.
        #[n(1)]
        state: String,
        /// Its fault.
        #[cbor(n(2), with = "crate::codec::maybe_fault")]
        fault: Option<Fault>,
    },
    /// A line was written in the audit log.
    #[n(20)]
    Logged {
        /// The step.
        #[n(0)]
        step: String,
        /// The line.
        #[n(1)]
        text: String,
    },
    /// A mapping warned.
    #[n(21)]
    Warned {
        /// The step.
        #[n(0)]
        step: String,
        /// What.
        #[n(1)]
        warnings: Vec<String>,
    },
    /// What was read is read afresh: of one step, or of all.
    #[n(22)]
    ReadsForgotten {
        /// The step.
        #[n(0)]
        step: Option<String>,
    },
    /// A person asked to go on from where it stands.
    #[n(23)]
    Retried {
        /// Who.
        #[n(0)]
        by: String,
        /// Why.
        #[n(1)]
        why: String,
    },
    /// It goes on with another graph.
    #[n(24)]
    GraphChanged {
        /// The new graph.
        #[cbor(n(0), with = "crate::codec_plan::hash")]
        to: GraphHash,
    },
    /// A person asked to end it while a write was under way.
    #[n(25)]
    CancelAsked {
        /// Who.
        #[n(0)]
        by: String,
        /// Why.
        #[n(1)]
        why: String,
    },
    /// It ended by a fault.
    #[n(26)]
    Failed {
        /// The step; empty for the reading of the source record.
        #[n(0)]
        step: String,
        /// The fault.
        #[cbor(n(1), with = "crate::codec::fault")]
        fault: Fault,
    },
    /// It ended well.
    #[n(27)]
    Completed,
    /// It ended without doing more.
    #[n(28)]
    Skipped {
        /// Why.
        #[n(0)]
        because: String,
    },
    /// A person ended it.
    #[n(29)]
    Cancelled {
        /// Who.
        #[n(0)]
        by: String,
        /// Why.
        #[n(1)]
        why: String,
    },
    /// A person held it.
    #[n(30)]
    Paused {
        /// Who.
        #[n(0)]
        by: String,
        /// Why.
        #[n(1)]
        why: String,
    },
    /// A person changed a value, or gave one in place of a step.
    #[n(40)]
    Edited {
        /// Which.
        #[n(0)]
        part: Part,
        /// The step; empty for the source record.
        #[n(1)]
        step: String,
        /// The value from now on.
        #[cbor(n(2), with = "crate::codec::value")]
        value: Value,
        /// The JSON Patch that made it; missing where the whole was given.
        #[cbor(n(3), with = "crate::codec::value")]
        diff: Value,
        /// Who.
        #[n(4)]
        by: String,
        /// Why.
        #[n(5)]
        why: String,
    },
    /// What these steps did is looked for again.
    #[n(41)]
    OutcomesForgotten {
        /// The steps.
        #[n(0)]
        steps: Vec<String>,
    },
    /// A person let it go on by another graph.
    #[n(42)]
    Moved {
        /// The graph.
        #[cbor(n(0), with = "crate::codec_plan::hash")]
        to: GraphHash,
        /// Who.
        #[n(1)]
        by: String,
        /// Why.
        #[n(2)]
        why: String,
    },
    /// A person said that nothing more is to be done.
    #[n(43)]
    Closed {
        /// Who.
        #[n(0)]
        by: String,
        /// Why.
        #[n(1)]
        why: String,
    },
    /// People work together on it.
    #[n(44)]
    CaredFor {
        /// What.
        #[n(0)]
        care: Care,
        /// Who.
        #[n(1)]
        by: String,
        /// Why.
        #[n(2)]
        why: String,
    },
    /// What stood here was erased.
    #[n(60)]
    Erased {
        /// Bytes it had.
        #[n(0)]
        bytes: u64,
        /// Their SHA-256, in hexadecimal digits.
        #[n(1)]
        sha256: String,
    },
}

/// Bytes are no event.
#[derive(Debug, thiserror::Error)]
#[error("a journal entry can't be read: {0}")]
pub struct BadEvent(String);

impl Event {
    /// An event of now.
    #[must_use]
    pub fn at(at_ms: i64, what: What) -> Event {
        Event { at_ms, what }
    }

    /// The bytes that are stored.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Writing into a vector cannot fail; an empty vector is refused by `decode`.
        minicbor::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Event::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes are no event of a number that this build knows.
    pub fn decode(bytes: &[u8]) -> Result<Event, BadEvent> {
        minicbor::decode(bytes).map_err(|error| BadEvent(error.to_string()))
    }
}
