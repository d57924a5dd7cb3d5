//! The pure state machine of a task.
//!
//! `decide` says what should happen, `apply` what has happened. Neither knows of async, clocks,
//! randomness, I/O or logs: time and answers come in as arguments, and what must be done outside goes
//! out as effects.
//!
//! The runtime's part: decide; if `need` is not empty, fetch and decide again; otherwise commit events
//! and changes together, keep [`Decision::task`], and once the commit is durable perform the effects.

mod codec;
mod codec_plan;
mod decide;
mod decision;
mod event;
mod loaded;
mod read_key;
mod state;
mod system;
mod task;
mod walk;

pub use decide::decide;
pub use decision::{
    Ask, Change, Decision, Effect, Input, Link, Origin, Reads, Recorded, Refused, Verb, World,
};
pub use event::{BadEvent, Created, Event, How, Known, Said, Stored, Trigger, What};
pub use loaded::LoadedGraph;
pub use read_key::ReadKey;
pub use state::{Reason, State, TaskId};
pub use system::{Difference, System};
pub use task::{Child, LoadError, SOURCE, StepRecord, Task, Write, WriteStatus};
