//! Lines of the audit log that speak of a task: each names the task, the step, the record on both sides
//! and the code of the fault, where there is one.

use tenon_machine::{Change, Recorded, State, Task, What};
use tenon_store::AuditRow;

use crate::engine::Engine;
use crate::rows::{healed_by, step_of, title};

/// What every line of a task says.
fn about(task: &Task, what: &str, text: String) -> AuditRow {
    AuditRow {
        by: "engine".to_owned(),
        what: what.to_owned(),
        task: Some(task.id.0.clone()),
        source: Some(task.record.clone()),
        target: target(task),
        text,
        ..AuditRow::default()
    }
}

/// The record on the other side: the one the task linked first.
fn target(task: &Task) -> Option<String> {
    task.links.values().next().map(|link| link.target.clone())
}

fn name(task: &Task) -> &str {
    title(task).unwrap_or(&task.record)
}

/// Lines of what a turn changes; `before` is the task as it stood.
pub(crate) fn of_turn(
    engine: &Engine,
    before: &Task,
    task: &Task,
    (events, changes): (&[Recorded], &[Change]),
) -> Vec<AuditRow> {
    let changed = changes.iter().filter_map(|change| of_change(task, events, change));
    let moved = before.state.name() != task.state.name();
    let ended = if moved { of_end(task) } else { None };
    let now_ms = engine.seam.now_ms();
    let kept = |line: AuditRow| AuditRow { at_ms: now_ms, id: engine.seam.id("line"), ..line };
    changed.chain(ended).map(kept).collect()
}

/// Lines of what a person did with a task: who, what and why, as its journal says it, and the fault
/// the task had stood at.
pub(crate) fn of_verb(
    engine: &Engine,
    before: &Task,
    task: &Task,
    (events, by): (&[Recorded], &str),
) -> Vec<AuditRow> {
    let told = events.iter().filter(|recorded| {
        matches!(
            recorded.event.what,
            What::Retried { .. }
                | What::Edited { .. }
                | What::OutcomesForgotten { .. }
                | What::Moved { .. }
                | What::Closed { .. }
                | What::CaredFor { .. }
                | What::Answer { .. }
                | What::CancelAsked { .. }
                | What::Cancelled { .. }
                | What::Paused { .. }
                | What::Woken
        )
    });
    told.map(|recorded| {
        let what = &recorded.event.what;
        let text = format!("{} {}: {}", task.flow, name(task), recorded.event.describe());
        let step = what.step().filter(|step| !step.is_empty()).map(str::to_owned);
        AuditRow {
            at_ms: recorded.event.at_ms,
            id: engine.seam.id("line"),
            by: by.to_owned(),
            step: step.or_else(|| step_of(before)),
            code: before.state.fault().map(|fault| fault.code.clone()),
            ..about(task, what.name(), text)
        }
    })
    .collect()
}

fn of_change(task: &Task, events: &[Recorded], change: &Change) -> Option<AuditRow> {
    let step = step_with(events, change);
    let line = match change {
        Change::Reference { entity, id, link, connection, resource } => {
            let origin = link.origin.name();
            let to = format!("{connection} {resource} {}", link.target);
            let text = format!("{entity} of {} is {to} ({origin})", name(task));
            AuditRow {
                source: Some(id.clone()),
                target: Some(link.target.clone()),
                ..about(task, "linked", text)
            }
        }
        Change::Unlink { entity, id } => {
            let text = format!("{entity} {id} was deleted in the target");
            AuditRow { source: Some(id.clone()), ..about(task, "unlinked", text) }
        }
        Change::Audit { text } => {
            AuditRow { by: "flow".to_owned(), ..about(task, "logged", text.clone()) }
        }
        _ => return None,
    };
    Some(AuditRow { step, ..line })
}

/// The step whose entry a change belongs to.
fn step_with(events: &[Recorded], change: &Change) -> Option<String> {
    let made = |what: &What| match (change, what) {
        (Change::Reference { entity, id, .. }, What::Adopted { stored, .. }) => {
            (entity, id) == (&stored.entity, &stored.id)
        }
        (Change::Reference { link, .. }, What::Answered { target: Some(target), .. }) => {
            *target == link.target
        }
        (Change::Audit { text }, What::Logged { text: logged, .. }) => text == logged,
        (Change::Unlink { .. }, What::Answered { .. } | What::StepEnded { .. }) => true,
        _ => false,
    };
    let entry = events.iter().find(|recorded| made(&recorded.event.what))?;
    entry.event.what.step().map(str::to_owned)
}

/// The line of a task that ended or asks a person; none for what goes on by itself.
fn of_end(task: &Task) -> Option<AuditRow> {
    let told = task.state.is_ended() || matches!(task.state, State::NeedsPerson(_));
    if !told {
        return None;
    }
    let (flow, name) = (&task.flow, name(task));
    let text = match &task.state {
        State::Skipped(because) => format!("{flow} {name} skipped: {because}"),
        State::Failed(reason) | State::NeedsPerson(reason) => {
            let what = reason.fault().map_or_else(|| reason.describe(), |f| f.message.clone());
            format!("{flow} {name} {}: {what}", task.state.name().replace('_', " "))
        }
        State::Cancelled { by, .. } if healed_by(task).is_some() => {
            format!("{flow} {name} healed by {by}")
        }
        State::Cancelled { by, why } => format!("{flow} {name} cancelled by {by}: {why}"),
        _ => format!("{flow} {name} done"),
    };
    Some(AuditRow {
        step: step_of(task),
        code: task.state.fault().map(|fault| fault.code.clone()),
        ..about(task, task.state.name(), text)
    })
}
