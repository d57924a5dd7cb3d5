//! The pure state machine of a task.
//!
//! [`decide`] says what should happen, [`apply`] what has happened. Neither knows of async, clocks,
//! randomness, I/O or logs: time and answers come in as arguments, and what must be done outside goes
//! out as effects.
//!
//! The runtime's part: decide; if [`Decision::need`] is not empty, fetch and decide again; otherwise
//! commit events and changes together, keep [`Decision::task`], and once the commit is durable perform
//! the effects. When the commit fails because a lock is held, decide again, on the same task and the
//! same input, with the holder in [`World::held`].

mod apply;
mod codec;
mod codec_plan;
pub mod codes;
mod decide;
mod decision;
mod describe;
mod each;
mod event;
mod faults;
mod frame;
mod holds;
mod loaded;
mod making;
mod moving;
mod outside;
mod pages;
mod parts;
mod patch;
mod picture;
mod renaming;
mod repairs;
mod roads;
mod state;
mod steps;
mod system;
mod task;
mod together;
mod undo;
mod upsert;
mod verbs;
mod waits;
mod walk;
mod work;
mod writes;

pub use apply::apply;
pub use decide::{decide, quarantine};
pub use decision::{
    Ask, Change, Decision, Effect, Input, Link, Origin, Reads, Recorded, Refused, Verb, World,
};
pub use each::MAX_ITEMS;
pub use event::{
    BadEvent, Care, Cause, Created, Event, How, ItemFault, Known, Part, Said, Stored, Trigger,
    What, Who,
};
pub use loaded::{BadGraph, LoadedGraph};
pub use moving::{Block, Fit, FitClass, fit};
pub use picture::picture;
pub use state::{Reason, State, TaskId};
pub use system::{Difference, System};
pub use task::{Child, LoadError, Pages, SOURCE, StepRecord, Task, Write, WriteStatus};
pub use tenon_mapper::ReadKey;
pub use undo::Undoing;
pub use work::{MAX_BYTES, MAX_EVENTS};

#[cfg(test)]
mod tests;
