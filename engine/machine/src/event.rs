//! The journal: what has happened to a task, in order, past tense.
//!
//! Numbers are persisted and never used again for something else.

use minicbor::{Decode, Encode};
use tenon_graph::GraphHash;
use tenon_kit::{Operation, Request};
use tenon_value::{Fault, Value};

use crate::ReadKey;
pub use crate::parts::{
    Care, Cause, Created, How, ItemFault, Known, Part, Said, Stored, Trigger, Who,
};
use crate::state::{Reason, TaskId};

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
        /// When it is looked at again at the latest, in milliseconds since 1970: another step that
        /// waits, or the time that a step may take.
        #[n(1)]
        wake_ms: Option<i64>,
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
    /// A step waits, and others of the task may go on.
    #[n(31)]
    Held {
        /// The step.
        #[n(0)]
        step: String,
        /// What for; a fault where what is around the step decides what it means.
        #[n(1)]
        reason: Reason,
        /// When it is looked at again at the latest, in milliseconds since 1970.
        #[n(2)]
        wake_ms: Option<i64>,
    },
    /// Steps that waited go on.
    #[n(32)]
    Unheld {
        /// The steps.
        #[n(0)]
        steps: Vec<String>,
    },
    /// A step with a time began.
    #[n(33)]
    StepBegun {
        /// The step.
        #[n(0)]
        step: String,
        /// When what it waits for comes by itself, in milliseconds since 1970.
        #[n(1)]
        until_ms: Option<i64>,
        /// When it is at fault, in milliseconds since 1970.
        #[n(2)]
        over_ms: Option<i64>,
    },
    /// A signal came. It is kept until a step takes it.
    #[n(34)]
    Signalled {
        /// Its name.
        #[n(0)]
        name: String,
        /// What it carries.
        #[cbor(n(1), with = "crate::codec::value")]
        value: Value,
        /// Who sent it, and why.
        #[n(2)]
        who: Who,
    },
    /// A step took the oldest signal of a name.
    #[n(35)]
    SignalTaken {
        /// The step.
        #[n(0)]
        step: String,
        /// The signal's name.
        #[n(1)]
        name: String,
    },
    /// The items of an `each` are known: for each its `id`, or a hash of it.
    #[n(36)]
    Spread {
        /// The step.
        #[n(0)]
        step: String,
        /// The items' names, in order.
        #[n(1)]
        items: Vec<String>,
    },
    /// What was done is made undone, in reverse order.
    #[n(37)]
    UndoBegun {
        /// Why the task then fails; none when a person asked.
        #[n(0)]
        cause: Option<Cause>,
        /// The person who asked.
        #[n(1)]
        by: Option<Who>,
    },
    /// Tasks were made of some items of a detached `each`; their ids follow from the items.
    #[n(39)]
    PageStarted {
        /// The step.
        #[n(0)]
        step: String,
        /// What their ids begin with behind the task's own.
        #[n(1)]
        run: String,
        /// The flow they run.
        #[n(2)]
        flow: String,
        /// The first item.
        #[n(3)]
        from: u32,
        /// How many items.
        #[n(4)]
        count: u32,
        /// A hash of the items' names.
        #[n(5)]
        names: String,
    },
    /// All tasks of the page under way have ended, or ask a person where failures are collected.
    #[n(45)]
    PageEnded {
        /// The step.
        #[n(0)]
        step: String,
        /// Items that did not end well.
        #[n(1)]
        failed: Vec<ItemFault>,
        /// Names of the states the tasks ended in, in the order of the items.
        #[n(2)]
        ends: Vec<String>,
    },
    /// Tasks of the page under way did not end well, and that is the step's fault.
    #[n(46)]
    PageFailed {
        /// The step.
        #[n(0)]
        step: String,
        /// The items.
        #[n(1)]
        failed: Vec<ItemFault>,
    },
    /// An item that had not ended well has now.
    #[n(47)]
    ItemHealed {
        /// The step.
        #[n(0)]
        step: String,
        /// The item.
        #[n(1)]
        item: u32,
        /// Steps that run again.
        #[n(2)]
        again: Vec<String>,
    },
    /// By the graph it goes on by, steps have other names.
    #[n(48)]
    StepsRenamed {
        /// Pairs of ids: as it was, as it is.
        #[n(0)]
        steps: Vec<(String, String)>,
    },
    /// The steps that make a step undone have ended.
    #[n(38)]
    Undone {
        /// The step.
        #[n(0)]
        step: String,
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
