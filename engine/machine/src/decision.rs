//! What goes into a decision and what comes out of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use minicbor::{Decode, Encode};
use tenon_graph::GraphHash;
use tenon_kit::{Operation, Reading, Request};
use tenon_value::{Fault, Value};

use crate::ReadKey;
use crate::event::{Care, Created, Event, Part, Said};
use crate::loaded::LoadedGraph;
use crate::state::{State, TaskId};
use crate::system::System;
use crate::task::Task;

/// All that a decision may look at beside the task.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The graph of the task ([`Task::graph`]); for `retry` with a newer one, that one.
    pub graph: &'a LoadedGraph,
    /// The graph the task went by so far, where a verb asks to go on by another one. None where it is
    /// the same, or can't be read.
    pub pinned: Option<&'a LoadedGraph>,
    /// The systems, by the connection names of the integration.
    pub systems: &'a BTreeMap<String, Arc<dyn System>>,
    /// Stored state, as far as it is at hand.
    pub reads: &'a dyn Reads,
    /// Locks that were found held when a commit was tried, with their holders. Empty at first; see
    /// [`Change::Lock`].
    pub held: &'a BTreeMap<String, TaskId>,
    /// The time, in milliseconds since 1970.
    pub now_ms: i64,
    /// Perform reads, send no write, take every write as done.
    pub dry_run: bool,
}

/// Stored state of the task's pair of accounts. An outer `None` says "not at hand": the decision
/// then names it in [`Decision::need`]. What is given for a need is good for one decision only and
/// must be as new as the last commit.
pub trait Reads {
    /// The value under a key: a table's row, a setting, what was last sent; missing where there is
    /// none. Never asked for references.
    fn value(&self, key: &ReadKey) -> Option<Value>;
    /// The reference of a source record; asked for under [`ReadKey::Reference`].
    fn link(&self, entity: &str, id: &str) -> Option<Option<Link>>;
}

/// Whose a linked record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Origin {
    /// We made it.
    #[n(0)]
    Ours,
    /// It was there before and was taken.
    #[n(1)]
    Adopted,
    /// A person linked it.
    #[n(2)]
    Linked,
    /// A person linked it, and said that it is never written to.
    #[n(3)]
    HandsOff,
}

impl Origin {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Origin::Ours => "ours",
            Origin::Adopted => "adopted",
            Origin::Linked => "linked",
            Origin::HandsOff => "hands_off",
        }
    }

    /// The origin of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Origin> {
        let all = [Origin::Ours, Origin::Adopted, Origin::Linked, Origin::HandsOff];
        all.into_iter().find(|origin| origin.name() == name)
    }
}

/// A stored reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The target's key.
    pub target: String,
    /// Whose record it is.
    pub origin: Origin,
}

/// What comes to a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Its lane lets it begin, or go on after a verb.
    Start,
    /// What was asked of a system came back.
    Answered {
        /// What was asked: the one of [`Effect::Send`].
        ask: Box<Ask>,
        /// What the answer means.
        reading: Box<Reading>,
    },
    /// The commit is durable: what [`Effect::Continue`] asked for.
    Continue,
    /// The time of [`State::wake_at_ms`] has come.
    TimerFired,
    /// The lock it waits for is free.
    LockFree,
    /// A reference was stored that it may wait for.
    ReferenceStored {
        /// The entity.
        entity: String,
        /// The source's id.
        id: String,
    },
    /// The connection it waits for answers again, or its credentials were renewed.
    ConnectionUp {
        /// The connection.
        connection: String,
    },
    /// A child ended, or had ended already when [`Effect::WatchChild`] asked.
    ChildEnded {
        /// The child.
        child: TaskId,
        /// Where it stands.
        state: State,
    },
    /// All tasks of the page of a step under way have ended, or ask a person where failures are
    /// collected: what [`Effect::WatchPage`] asked for.
    PageEnded {
        /// The step.
        step: String,
        /// Its first item.
        from: u32,
        /// How each ended, in the order of the items: the name of its state, and its fault.
        ends: Vec<(String, Option<Fault>)>,
    },
    /// The process that ran it ended; another took it over.
    Recovered {
        /// When this process started, in milliseconds since 1970: nothing of the old one can be sent
        /// after that.
        process_started_ms: i64,
    },
    /// A write was decided on a store that was restored: it may have been sent in the time that was
    /// lost, so it is looked for before it is sent.
    Restored {
        /// Milliseconds since 1970.
        now_ms: i64,
    },
    /// A person's verb.
    Verb {
        /// Which.
        verb: Verb,
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
}

/// What a person can do with a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Verb {
    /// Go on from where it stands: reads afresh, budgets full. With a hash: by that newer graph,
    /// which is then the one in [`World::graph`].
    Retry {
        /// The newer graph.
        latest: Option<GraphHash>,
    },
    /// The same, with the outcomes from a step on forgotten; writes that were made are found again.
    RetryFrom {
        /// The step.
        step: String,
        /// The newer graph.
        latest: Option<GraphHash>,
    },
    /// Go on as if the step had given this.
    Skip {
        /// The step.
        step: String,
        /// Its output.
        output: Value,
    },
    /// Change a value by a JSON Patch; the task stays where it stands.
    Edit {
        /// Which value.
        part: Part,
        /// The step; not looked at for the source record.
        step: String,
        /// The patch: a list of operations.
        patch: Value,
    },
    /// Nothing more is to be done.
    Done,
    /// Go on by another graph, which is then the one in [`World::graph`].
    Move {
        /// The graph.
        to: GraphHash,
        /// What steps are there, where a person says so: ids here and there.
        steps: BTreeMap<String, String>,
    },
    /// Kept with the task by people who work together.
    Care(Care),
    /// End it. Waits for a write under way; refused while an outcome is unknown.
    Cancel,
    /// Settle an unknown outcome or answer "same record?".
    Say(Said),
    /// Deliver a signal; it is kept if no step waits for it yet.
    Signal {
        /// Its name.
        name: String,
        /// What it carries.
        value: Value,
    },
    /// Make undone what was done, in reverse order.
    Undo,
    /// Hold it.
    Pause,
    /// Let it go on.
    Resume,
}

/// Something asked of a system, as it comes back with its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The step.
    pub step: String,
    /// Slot of a read; none for the step's write.
    pub slot: Option<String>,
    /// The question's number: an answer to an older one is dropped.
    pub at: u32,
    /// The connection.
    pub connection: String,
    /// What is asked.
    pub operation: Operation,
    /// Records of the pages before.
    pub gathered: Vec<Value>,
}

/// What a decision gives.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What has happened, encoded once. Entry numbers go on from the old task's `length`.
    pub events: Vec<Recorded>,
    /// Goes into the same commit as the events.
    pub changes: Vec<Change>,
    /// Performed once the commit is durable.
    pub effects: Vec<Effect>,
    /// Stored state that was not at hand. When not empty, everything else is empty and `task` is the
    /// old one: fetch these and decide again with the same input.
    pub need: Vec<ReadKey>,
    /// Why a verb was refused; then nothing else is in the decision.
    pub refused: Option<Refused>,
    /// Nodes of the graph that were walked, by position, and whether each ran; false where its
    /// condition passed it over. For those who watch: nothing follows from it.
    pub walked: Vec<(u32, bool)>,
    /// The task after these events.
    pub task: Task,
}

/// An event with its stored bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The event.
    pub event: Event,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a commit changes beside the journal. All of it is scoped by the runtime: references and sent
/// documents to the pair of accounts, locks to the account of the connection they begin with.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A reference is stored.
    Reference {
        /// The entity.
        entity: String,
        /// The source's id.
        id: String,
        /// The target.
        link: Link,
        /// The connection the target is in.
        connection: String,
        /// The target's resource.
        resource: String,
    },
    /// A reference ends, with what was last sent for it: its record was deleted.
    Unlink {
        /// The entity.
        entity: String,
        /// The source's id.
        id: String,
    },
    /// What was sent is stored.
    Sent {
        /// The entity.
        entity: String,
        /// The source's id.
        id: String,
        /// The whole document as the mapping made it.
        document: Value,
        /// SHA-256 of its JSON, in hexadecimal.
        hash: String,
    },
    /// A lock is taken: the commit's precondition is that nobody holds it. When that fails, decide
    /// again, on the same task and the same input, with the holder in [`World::held`].
    Lock {
        /// `CONNECTION/RESOURCE/VALUE`.
        key: String,
    },
    /// A lock is given back; whoever waits for it gets [`Input::LockFree`].
    Unlock {
        /// Its key.
        key: String,
    },
    /// A child task is made. Its lane is its parent's, for which it does not wait; where it has none, that
    /// of its own record, in which it takes its turn.
    Child {
        /// Its id.
        id: TaskId,
        /// Its first entry, but for graph and hash: the runtime puts in the newest graph of the flow.
        created: Box<Created>,
    },
    /// A line for the audit log.
    Audit {
        /// The line.
        text: String,
    },
}

/// What is done once a commit is durable.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a request; its reading comes back as [`Input::Answered`].
    Send {
        /// What is asked.
        ask: Box<Ask>,
        /// The request, but for credentials.
        request: Box<Request>,
    },
    /// Nothing: decide again with [`Input::Continue`]. The task wants to see stored state as it is
    /// after this commit.
    Continue,
    /// Say when that child has ended, at once if it has.
    WatchChild {
        /// The child.
        child: TaskId,
    },
    /// Say when all these children have ended, at once if they have.
    WatchPage {
        /// The step.
        step: String,
        /// The first of the items they are of.
        from: u32,
        /// The children, in the order of the items.
        children: Vec<TaskId>,
        /// One that asks a person counts as ended.
        collects: bool,
    },
    /// Give that child a `retry` in the name of its parent's.
    RetryChild {
        /// The child.
        child: TaskId,
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// A dry run would have sent this.
    WouldSend {
        /// The step.
        step: String,
        /// The connection.
        connection: String,
        /// What would be asked.
        operation: Box<Operation>,
        /// The request.
        request: Box<Request>,
    },
    /// A dry run would have run this flow for its record.
    WouldRun {
        /// The step.
        step: String,
        /// Its first entry.
        created: Box<Created>,
    },
}

/// Why a verb can't be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Stable code.
    pub code: &'static str,
    /// Why.
    pub message: String,
    /// What to do instead.
    pub hint: String,
}
