//! What entries of the journal are made of.
//!
//! Numbers are persisted and never used again for something else.

use minicbor::{Decode, Encode};
use tenon_graph::GraphHash;
use tenon_value::{Fault, Value};

use crate::Origin;
use crate::state::TaskId;

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
    /// A schedule.
    #[n(4)]
    Schedule {
        /// Its name.
        #[n(0)]
        name: String,
    },
    /// A person who fetched many records at once.
    #[n(5)]
    Backfill {
        /// Who.
        #[n(0)]
        by: String,
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
    /// What it waited for came.
    #[n(4)]
    Came,
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

/// Why a task ends, once its steps were made undone.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Cause {
    /// The step at fault.
    #[n(0)]
    pub step: String,
    /// Its fault.
    #[cbor(n(1), with = "crate::codec::fault")]
    pub fault: Fault,
}

/// An item of a detached `each` whose task did not end well.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct ItemFault {
    /// The item, from 0.
    #[n(0)]
    pub item: u32,
    /// Why.
    #[cbor(n(1), with = "crate::codec::fault")]
    pub fault: Fault,
}

/// Who asked for something, and why.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Who {
    /// Who.
    #[n(0)]
    pub by: String,
    /// Why.
    #[n(1)]
    pub why: String,
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
