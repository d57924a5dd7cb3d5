//! What has happened: folding events into a task.

use std::sync::Arc;

use tenon_value::{Class, Value};

use crate::decision::{Link, Origin};
use crate::event::{Care, Event, Part, Said, Stored, What};
use crate::state::{Reason, State, TaskId};
use crate::task::{Child, LoadError, Pages, StepRecord, Task, Write, WriteStatus};
use crate::undo::Undoing;
use crate::writes::deletes;

impl Task {
    /// Reads a task from its journal.
    ///
    /// # Errors
    /// When an entry can't be read or the first one is not the task's creation.
    pub fn load<'a>(
        id: TaskId,
        journal: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Task, LoadError> {
        let mut task: Option<Task> = None;
        for (number, bytes) in (0_u32..).zip(journal) {
            let event = Event::decode(bytes).map_err(|error| LoadError::Entry { number, error })?;
            match (&mut task, event.what) {
                (None, What::Created(created)) => {
                    task = Some(Task::new(id.clone(), event.at_ms, created));
                }
                (None, _) => return Err(LoadError::NoCreation),
                (Some(task), what) => apply(task, &Event { at_ms: event.at_ms, what }),
            }
            if let Some(task) = &mut task {
                task.bytes = task.bytes.saturating_add(bytes.len() as u64);
            }
        }
        task.ok_or(LoadError::NoCreation)
    }

    pub(crate) fn edit(&mut self, step: &str) -> &mut StepRecord {
        Arc::make_mut(self.steps.entry(Arc::from(step)).or_default())
    }

    fn edit_write(&mut self, step: &str, change: impl FnOnce(&mut Write)) {
        if let Some(write) = &mut self.edit(step).write {
            change(Arc::make_mut(write));
        }
    }

    fn set_status(&mut self, step: &str, status: WriteStatus) {
        self.edit_write(step, |write| write.status = status);
    }

    /// Gives back the locks of a step.
    fn release(&mut self, step: &str) {
        self.locks.retain(|_, owner| &**owner != step);
    }

    fn store(&mut self, stored: &Stored) {
        let link = Link { target: stored.target.clone(), origin: stored.origin };
        self.links.insert((stored.entity.clone(), stored.id.clone()), link);
    }
}

/// Folds one event into a task. Everything is taken as it was written: nothing is judged here.
pub fn apply(task: &mut Task, event: &Event) {
    task.length = task.length.saturating_add(1);
    task.updated_ms = event.at_ms;
    match &event.what {
        What::Created(_) => {}
        What::Erased { .. } => {}
        What::Begun | What::Woken => {
            task.state = State::Running;
            task.wake_ms = None;
        }
        What::Unheld { steps } => {
            task.state = State::Running;
            task.wake_ms = None;
            for step in steps {
                task.edit(step).held = None;
            }
        }
        What::Signalled { name, value, .. } => task.signals.push((name.clone(), value.clone())),
        What::UndoBegun { cause, by } => {
            task.state = if task.keeps_lane() { State::Running } else { State::Queued };
            task.undoing = Some(Undoing { cause: cause.clone(), by: by.clone() });
            task.place = None;
            drop_holds(task);
        }
        What::Undone { step } => task.undone.push(step.clone()),
        What::Waited { reason, wake_ms } => {
            task.state = State::Waiting(reason.clone());
            task.wake_ms = *wake_ms;
            if let Reason::Outcome { of, .. } = reason {
                forget(task, of);
            }
        }
        What::Paused { by, .. } => {
            task.state = State::Waiting(Reason::Paused { by: by.clone() });
            task.asked.clear();
        }
        What::Completed | What::Closed { .. } => end(task, State::Done),
        What::Edited { part, step, value, .. } => edited(task, *part, step, value),
        What::OutcomesForgotten { steps } => outcomes_forgotten(task, steps),
        What::CaredFor { care, .. } => cared_for(task, care),
        What::Skipped { because } => end(task, State::Skipped(because.clone())),
        What::Cancelled { by, why } => {
            end(task, State::Cancelled { by: by.clone(), why: why.clone() });
        }
        What::Failed { step, fault } => {
            let reason = Reason::Fault { step: step.clone(), fault: fault.clone() };
            end(task, State::Failed(reason));
        }
        What::CancelAsked { by, why } => task.cancel_asked = Some((by.clone(), why.clone())),
        What::GraphChanged { to } | What::Moved { to, .. } => {
            task.graph = *to;
            task.place = None;
        }
        What::StepsRenamed { steps } => crate::renaming::rename(task, steps),
        What::Retried { .. } => retried(task),
        What::ReadsForgotten { step: Some(step) } => {
            drop_refused(task.edit(step));
            forget(task, step);
        }
        What::ReadsForgotten { step: None } => forget_all(task),
        What::Warned { warnings, .. } => task.warnings.extend(warnings.iter().cloned()),
        What::ChildEnded { child, state, fault } => {
            child_ended(task, child, &(state.clone(), fault.clone()));
        }
        other => apply_to_step(task, other, event.at_ms),
    }
}

fn apply_to_step(task: &mut Task, what: &What, at_ms: i64) {
    match what {
        What::Looked { step, reads } => task.edit(step).looked.extend(reads.iter().cloned()),
        What::Read { step, slot, value } => {
            task.asked.remove(&(Arc::from(step.as_str()), slot.clone()));
            task.edit(step).reads.insert(slot.clone(), value.clone());
        }
        What::LocksTaken { step, keys } => {
            let owner: Arc<str> = Arc::from(step.as_str());
            task.locks.extend(keys.iter().map(|key| (key.clone(), Arc::clone(&owner))));
            // What was read before the lock may have changed until it was taken.
            drop_reads(task, step);
        }
        What::Logged { step, .. } => task.edit(step).logged = true,
        What::ChildStarted { step, child, detach, .. } => {
            let record = task.edit(step);
            record.children = record.children.saturating_add(1);
            record.child = Some(Child { id: child.clone(), detach: *detach, ended: None });
        }
        What::Adopted { stored, .. } => task.store(stored),
        What::StepEnded { step, output, .. } => {
            task.edit(step).done_at = Some(task.length);
            task.edit(step).ended = Some(output.clone());
            task.release(step);
        }
        What::Caught { step, fault } => {
            task.edit(step).caught = Some(fault.clone());
            task.release(step);
        }
        What::Faulted { step, fault, next_ms } => {
            let record = task.edit(step);
            if fault.class != Class::RateLimited {
                record.attempts = record.attempts.saturating_add(1);
            }
            record.first_fault_ms.get_or_insert(at_ms);
            let attempt = record.attempts;
            forget(task, step);
            task.state = State::Waiting(Reason::Retry {
                step: step.clone(),
                attempt,
                next_ms: *next_ms,
                fault: fault.clone(),
            });
        }
        What::Asked { question } => {
            if let Reason::SameRecord { step, .. } = question {
                task.release(step);
            }
            task.state = State::NeedsPerson(question.clone());
        }
        What::Answer { said, .. } => answered_by_person(task, said),
        other => apply_to_waiting(task, other),
    }
}

/// Steps that wait, and those that hold items or tasks.
fn apply_to_waiting(task: &mut Task, what: &What) {
    match what {
        What::Held { step, reason, wake_ms } => hold(task, step, (reason, *wake_ms)),
        What::StepBegun { step, until_ms, over_ms } => {
            let record = task.edit(step);
            record.until_ms = until_ms.or(record.until_ms);
            record.over_ms = *over_ms;
        }
        What::SignalTaken { step, name } => {
            let at = task.signals.iter().position(|(known, _)| known == name);
            let value = at.map(|at| task.signals.remove(at).1).unwrap_or_default();
            task.edit(step).signal = Some(value);
        }
        What::PageStarted { step, run, from, count, names, .. } => {
            let ids = format!("{}.{run}", task.id);
            let pages = edit_pages(task, step);
            pages.ids = ids;
            pages.started = from.saturating_add(*count);
            pages.names.push((*count, names.clone()));
        }
        What::PageEnded { step, failed, ends } => {
            task.edit(step).done_at = Some(task.length);
            let pages = edit_pages(task, step);
            pages.ended = pages.started;
            pages.ends.extend(ends.iter().cloned());
            pages.failing.clear();
            pages.failed.extend(failed.iter().map(|one| (one.item, one.fault.clone())));
        }
        What::PageFailed { step, failed } => {
            let pages = edit_pages(task, step);
            pages.failing = failed.iter().map(|one| (one.item, one.fault.clone())).collect();
        }
        What::ItemHealed { step, item, again } => item_healed(task, step, (*item, again)),
        What::Spread { step, items } => task.edit(step).items = items.clone(),
        other => apply_to_write(task, other),
    }
}

fn apply_to_write(task: &mut Task, what: &What) {
    match what {
        What::Intended { step, connection, operation, request, document, reference } => {
            let write = Write {
                connection: connection.clone(),
                operation: operation.clone(),
                request: request.clone(),
                document: document.clone(),
                reference: reference.clone(),
                status: WriteStatus::Open,
                sends: 1,
            };
            task.edit(step).write = Some(Arc::new(write));
        }
        What::Answered { step, record, known, target } => {
            let done =
                WriteStatus::Done { record: record.clone(), known: *known, target: target.clone() };
            task.set_status(step, done);
            task.release(step);
            drop_reads(task, step);
            let number = task.length;
            let record = task.edit(step);
            record.stale = false;
            record.done_at = Some(number);
            let Some(write) = record.write.clone() else { return };
            if let Some(stored) = &write.reference {
                if deletes(&write.operation) {
                    let key = (stored.entity.clone(), stored.id.clone());
                    task.links.remove(&key);
                    task.sent.remove(&key);
                    return;
                }
                let target = target.clone().unwrap_or_else(|| stored.target.clone());
                if !target.is_empty() {
                    task.store(&Stored { target, ..stored.clone() });
                }
                if let Some(document) = document_of(&write) {
                    task.sent.insert((stored.entity.clone(), stored.id.clone()), document.clone());
                }
            }
        }
        What::Refused { step, fault } => {
            task.set_status(step, WriteStatus::Refused(fault.clone()));
            drop_reads(task, step);
        }
        What::Lost { step, since_ms, fault } => {
            let status = WriteStatus::Unknown { since_ms: *since_ms, fault: fault.clone() };
            task.set_status(step, status);
            drop_reads(task, step);
        }
        What::Repeated { step, .. } => task.edit_write(step, |write| {
            write.status = WriteStatus::Open;
            write.sends = write.sends.saturating_add(1);
        }),
        _ => {}
    }
}

/// The document of an upsert's write, as the mapping made it.
pub(crate) fn document_of(write: &Write) -> Option<&Value> {
    write.document.as_ref().or(match &write.operation {
        tenon_kit::Operation::Create { record, .. }
        | tenon_kit::Operation::Update { record, .. } => Some(record),
        _ => None,
    })
}

fn end(task: &mut Task, state: State) {
    task.state = state;
    // A defect may end a task while a write is under way: that one keeps its locks.
    let open: Vec<Arc<str>> = task.unsettled().map(|(step, _)| Arc::clone(step)).collect();
    task.locks.retain(|_, owner| open.contains(owner));
    task.place = None;
    task.wake_ms = None;
    task.undoing = None;
    task.asked.clear();
    drop_holds(task);
    task.cancel_asked = None;
}

fn edit_pages<'t>(task: &'t mut Task, step: &str) -> &'t mut Pages {
    let pages = task.edit(step).pages.get_or_insert_with(Arc::default);
    Arc::make_mut(pages)
}

/// An item's task was repaired. Steps that judge all items run again, also of a task that was done.
fn item_healed(task: &mut Task, step: &str, (item, again): (u32, &[String])) {
    let pages = edit_pages(task, step);
    pages.failing.remove(&item);
    if pages.failed.remove(&item).is_some() {
        pages.healed.push(item);
    }
    for step in again {
        task.steps.remove(step.as_str());
        task.release(step);
        task.asked.retain(|(asked, _), _| **asked != *step.as_str());
    }
    task.place = None;
    if task.state == State::Done && !again.is_empty() {
        task.state = State::Queued;
    }
}

fn hold(task: &mut Task, step: &str, (reason, wake_ms): (&Reason, Option<i64>)) {
    task.state = State::Running;
    match reason {
        Reason::Outcome { .. } => forget(task, step),
        Reason::SameRecord { .. } => task.release(step),
        _ => {}
    }
    task.edit(step).held = Some((reason.clone(), wake_ms));
}

fn drop_holds(task: &mut Task) {
    let held: Vec<Arc<str>> = task.held().map(|(step, ..)| Arc::clone(step)).collect();
    for step in held {
        task.edit(&step).held = None;
    }
}

/// What was read for a step, or is being read, counts no more.
fn drop_reads(task: &mut Task, step: &str) {
    task.asked.retain(|(asked, _), _| **asked != *step);
    task.edit(step).reads.clear();
}

/// A retry goes on at once where the lane was kept, and waits for its turn otherwise.
fn retried(task: &mut Task) {
    if let State::Failed(Reason::Fault { step, .. }) = task.state.clone() {
        let record = task.edit(&step);
        record.stale =
            matches!(record.write.as_deref(), Some(Write { status: WriteStatus::Done { .. }, .. }));
    }
    drop_holds(task);
    task.wake_ms = None;
    task.state = if task.keeps_lane() { State::Running } else { State::Queued };
    for step in task.steps.values_mut() {
        let step = Arc::make_mut(step);
        step.attempts = 0;
        step.first_fault_ms = None;
        step.over_ms = None;
        step.held = None;
    }
}

fn edited(task: &mut Task, part: Part, step: &str, value: &Value) {
    task.place = None;
    let record = task.edit(step);
    drop_refused(record);
    match part {
        Part::Input => record.input = Some(value.clone()),
        Part::Record | Part::Output => {
            record.given = Some(value.clone());
            record.caught = None;
        }
    }
    task.release(step);
}

fn outcomes_forgotten(task: &mut Task, steps: &[String]) {
    task.place = None;
    for step in steps {
        let record = task.edit(step);
        *record = StepRecord { children: record.children, ..StepRecord::default() };
        task.release(step);
    }
}

fn cared_for(task: &mut Task, care: &Care) {
    match care {
        Care::Assigned { to } => task.assigned.clone_from(to),
        Care::Tagged { add, remove } => {
            task.tags.extend(add.iter().cloned());
            task.tags.retain(|tag| !remove.contains(tag));
        }
        Care::Noted { .. } => {}
        Care::Snoozed { until_ms } => task.snoozed_until_ms = *until_ms,
    }
}

fn forget(task: &mut Task, step: &str) {
    drop_reads(task, step);
    let record = task.edit(step);
    record.looked.clear();
    if record.write.is_none() {
        task.release(step);
    }
}

/// What did not happen is decided afresh.
fn drop_refused(record: &mut StepRecord) {
    if matches!(record.write.as_deref(), Some(Write { status: WriteStatus::Refused(_), .. })) {
        record.write = None;
    }
}

fn forget_all(task: &mut Task) {
    task.place = None;
    task.given_is_old = true;
    let ids: Vec<Arc<str>> = task.steps.keys().cloned().collect();
    for id in ids {
        let record = task.edit(&id);
        record.ended = None;
        record.caught = None;
        drop_refused(record);
        if let Some(child) = &mut record.child {
            match child.ended.as_ref().map(|(state, _)| state.as_str()) {
                Some("failed") => child.ended = None,
                Some("cancelled") => record.child = None,
                _ => {}
            }
        }
        forget(task, &id);
    }
}

fn child_ended(task: &mut Task, id: &TaskId, ended: &(String, Option<tenon_value::Fault>)) {
    let number = task.length;
    for step in task.steps.values_mut() {
        if step.child.as_ref().is_some_and(|child| child.id == *id) {
            let step = Arc::make_mut(step);
            step.done_at = Some(number);
            if let Some(child) = &mut step.child {
                child.ended = Some(ended.clone());
            }
        }
    }
    if matches!(task.state, State::Waiting(Reason::Children { .. })) {
        task.state = State::Running;
    }
}

/// An answer settles the write in question, or says what a search found; then the task goes on,
/// at once where the lane was kept.
fn answered_by_person(task: &mut Task, said: &Said) {
    let step = match &task.state {
        State::NeedsPerson(
            Reason::UnknownOutcome { step, .. } | Reason::SameRecord { step, .. },
        )
        | State::Waiting(Reason::Outcome { of: step, .. } | Reason::Retry { step, .. }) => {
            step.clone()
        }
        _ => return,
    };
    task.edit(&step).held = None;
    task.state = if task.keeps_lane() { State::Running } else { State::Queued };
    drop_reads(task, &step);
    match said {
        Said::Happened { id } => task.set_status(&step, WriteStatus::Said(id.clone())),
        Said::NotHappened => {
            let fault = tenon_value::Fault::new(
                crate::codes::DID_NOT_HAPPEN,
                tenon_value::Class::Transient,
                "a person said that it did not happen",
            );
            task.set_status(&step, WriteStatus::Refused(fault));
        }
        Said::Link { .. } | Said::CreateNew => task.edit(&step).said = Some(said.clone()),
    }
}

impl Link {
    /// As a value, for the journal of stored reads.
    pub(crate) fn to_value(&self) -> Value {
        Value::of([
            ("target", Value::text(&self.target)),
            ("origin", Value::text(self.origin.name())),
        ])
    }

    /// Reads what [`Link::to_value`] wrote.
    pub(crate) fn from_value(value: &Value) -> Option<Link> {
        Some(Link {
            target: value.field("target").as_text()?.to_owned(),
            origin: value.field("origin").as_text().and_then(Origin::named)?,
        })
    }
}
