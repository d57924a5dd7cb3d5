//! A task's summary row.

use tenon_machine::{SOURCE, State, Task, Trigger};
use tenon_store::TaskRow;
use tenon_value::{Value, json};

use crate::engine::Integration;

/// Flags in [`TaskRow::extra`].
const KEEPS_LANE: u8 = 1;
const COLLAPSES: u8 = 2;
const HOLDS: u8 = 4;

/// What the start needs to know of a task without reading its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flags {
    /// It keeps its lane.
    pub(crate) keeps_lane: bool,
    /// It waits to begin and carries nothing but a record's id.
    pub(crate) collapses: bool,
    /// Several of its steps wait, each for something of its own.
    pub(crate) holds: bool,
}

impl Flags {
    /// Of a task.
    pub(crate) fn of(task: &Task) -> Flags {
        Flags {
            keeps_lane: task.keeps_lane(),
            holds: task.held().next().is_some(),
            collapses: task.length <= 1
                && matches!(task.state, State::Queued)
                && matches!(
                    task.trigger,
                    Trigger::Webhook { .. } | Trigger::Poll | Trigger::Schedule { .. }
                ),
        }
    }

    /// From a row.
    pub(crate) fn read(row: &TaskRow) -> Flags {
        let bits = row.extra.as_ref().and_then(|extra| extra.first().copied()).unwrap_or(0);
        Flags {
            keeps_lane: bits & KEEPS_LANE != 0,
            collapses: bits & COLLAPSES != 0,
            holds: bits & HOLDS != 0,
        }
    }

    pub(crate) fn write(self) -> Vec<u8> {
        let keeps = if self.keeps_lane { KEEPS_LANE } else { 0 };
        let collapses = if self.collapses { COLLAPSES } else { 0 };
        let holds = if self.holds { HOLDS } else { 0 };
        vec![keeps | collapses | holds]
    }
}

/// The row lists show.
pub(crate) fn summary(task: &Task, integration: &Integration) -> TaskRow {
    TaskRow {
        id: task.id.0.clone(),
        flow: task.flow.clone(),
        integration: integration.deployment.integration.clone(),
        graph: task.graph.to_string(),
        record: Some(task.record.clone()),
        title: title(task).map(str::to_owned),
        lane: Some(task.lane.clone()),
        state: task.state.name().to_owned(),
        open: !task.state.is_ended() || task.keeps_lane(),
        reason: ending(&task.state),
        fault: task.state.fault().map(|fault| json::write(&fault.to_value())),
        step: step_of(task),
        parent: task.parent().map(|(parent, _)| parent.0.clone()),
        created_ms: task.created_ms,
        updated_ms: task.updated_ms,
        events: u64::from(task.length),
        trigger: trigger(&task.trigger).to_owned(),
        healed_by: healed_by(task),
        extra: Some(Flags::of(task).write()),
        assigned: task.assigned.clone(),
        tags: (!task.tags.is_empty()).then(|| task.tags.iter().cloned().collect()),
        snoozed_until_ms: task.snoozed_until_ms,
    }
}

/// The newer task that closed it.
pub(crate) fn healed_by(task: &Task) -> Option<String> {
    match &task.state {
        State::Cancelled { by, .. } if by.starts_with("task_") => Some(by.clone()),
        _ => None,
    }
}

/// What started a task, in a word.
pub(crate) fn trigger(of: &Trigger) -> &'static str {
    match of {
        Trigger::Webhook { .. } => "webhook",
        Trigger::Poll => "poll",
        Trigger::Manual { .. } => "hand",
        Trigger::Schedule { .. } => "schedule",
        Trigger::Backfill { .. } => "backfill",
        Trigger::Parent { .. } => "parent",
    }
}

/// What people call the record: its `name`, where it was read or given.
pub(crate) fn title(task: &Task) -> Option<&str> {
    fn name(record: &Value) -> Option<&str> {
        record.field("name").as_text()
    }
    if let Some(step) = task.step(SOURCE)
        && let Some(title) = step.reads.values().find_map(name)
    {
        return Some(title);
    }
    task.given.as_record().and_then(|given| given.values().find_map(name))
}

/// The step a task stands at, where its state names one.
pub(crate) fn step_of(task: &Task) -> Option<String> {
    let step = task.state.reason()?.step()?;
    (!step.is_empty()).then(|| step.to_owned())
}

/// Why a task waits or how it ended, as JSON.
fn ending(state: &State) -> Option<String> {
    let value = match state {
        State::Skipped(because) => Value::of([("because", Value::text(because))]),
        State::Cancelled { by, why } => {
            Value::of([("by", Value::text(by)), ("why", Value::text(why))])
        }
        state => state.reason()?.to_value(),
    };
    Some(json::write(&value))
}
