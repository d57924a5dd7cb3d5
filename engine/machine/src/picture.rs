//! A task as text: one picture for tests, the command line and pages.

use std::fmt::Write as _;

use crate::state::State;
use crate::task::{SOURCE, StepRecord, Task, WriteStatus};

/// The task's state, its steps as far as the journal knows them, and its locks.
#[must_use]
pub fn picture(task: &Task) -> String {
    let mut out = format!("{} {} record {}: {}\n", task.id, task.flow, task.record, state(task));
    for (id, step) in &task.steps {
        let name = if &**id == SOURCE { "source" } else { id };
        let _ = writeln!(out, "  {name}: {}", step_line(step));
    }
    for (key, step) in &task.locks {
        let _ = writeln!(out, "  lock {key} by {step}");
    }
    for ((entity, id), link) in &task.links {
        let origin = link.origin.name();
        let _ = writeln!(out, "  reference {entity} {id} = {} ({origin})", link.target);
    }
    out
}

fn state(task: &Task) -> String {
    let name = task.state.name();
    match &task.state {
        State::Skipped(because) => format!("{name}: {because}"),
        State::Cancelled { by, why } => format!("{name} by {by}: {why}"),
        state => match state.reason() {
            Some(reason) => format!("{name}, {}", reason.describe()),
            None => name.to_owned(),
        },
    }
}

fn step_line(step: &StepRecord) -> String {
    let mut parts = Vec::new();
    if !step.looked.is_empty() {
        parts.push(format!("looked up {}", step.looked.len()));
    }
    parts.extend(step.reads.keys().map(|slot| format!("read {slot}")));
    if let Some(write) = &step.write {
        let status = match &write.status {
            WriteStatus::Open => "sent".to_owned(),
            WriteStatus::Refused(fault) => format!("refused ({})", fault.code),
            WriteStatus::Unknown { fault, .. } => format!("unknown ({})", fault.code),
            WriteStatus::Said(_) => "happened, says a person".to_owned(),
            WriteStatus::Done { known, .. } => format!("done, known by {}", known.name()),
        };
        parts.push(format!("{} {} {status}", write.request.method, write.request.path));
        if write.sends > 1 {
            parts.push(format!("sent {} times", write.sends));
        }
    }
    if step.ended.is_some() {
        parts.push("ended".to_owned());
    }
    if let Some(fault) = &step.caught {
        parts.push(format!("caught {}", fault.code));
    }
    if let Some(child) = &step.child {
        let ended = child.ended.as_ref().map_or("open", |(state, _)| state);
        parts.push(format!("child {} {ended}", child.id));
    }
    if step.attempts > 0 {
        parts.push(format!("{} faults", step.attempts));
    }
    if step.logged {
        parts.push("logged".to_owned());
    }
    if parts.is_empty() {
        parts.push("afresh".to_owned());
    }
    parts.join(", ")
}
