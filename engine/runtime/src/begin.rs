//! How tasks come into being.

use std::sync::Arc;

use tenon_graph::GraphHash;
use tenon_machine::{Created, Event, Task, TaskId, Trigger, What};
use tenon_store::{Commit, EventRow};
use tenon_value::{Record, Value};

use crate::engine::{Engine, Integration};
use crate::gate::Urgency;
use crate::refusal::{Kind, Refusal};
use crate::rows::{self, Flags};

/// A task to be made.
pub(crate) struct Wanted<'a> {
    pub(crate) integration: &'a Integration,
    pub(crate) graph: GraphHash,
    pub(crate) flow: &'a str,
    pub(crate) record: &'a str,
    pub(crate) trigger: Trigger,
}

/// A task that is about to be made durable.
pub(crate) struct Newborn {
    pub(crate) id: Arc<str>,
    lane: Arc<str>,
    flow: Arc<str>,
    record: Arc<str>,
    collapses: bool,
    urgency: Urgency,
}

/// The commit that makes a task.
pub(crate) async fn wanted(
    engine: &Engine,
    wanted: Wanted<'_>,
) -> Result<(Newborn, Commit), Refusal> {
    wanted_with(engine, wanted, Value::record(Record::new())).await
}

/// The commit that makes a task with values given to it.
pub(crate) async fn wanted_with(
    engine: &Engine,
    wanted: Wanted<'_>,
    given: Value,
) -> Result<(Newborn, Commit), Refusal> {
    let lane = lane(engine, &wanted).await?;
    let created = Created {
        flow: wanted.flow.to_owned(),
        graph: wanted.graph,
        record: wanted.record.to_owned(),
        trigger: wanted.trigger,
        lane,
        given,
    };
    let id = TaskId(engine.seam.id("task"));
    let (task, commit) = birth(id, created, wanted.integration, engine.seam.now_ms());
    let newborn = Newborn {
        id: Arc::from(task.id.0.as_str()),
        lane: Arc::from(task.lane.as_str()),
        flow: Arc::from(task.flow.as_str()),
        record: Arc::from(task.record.as_str()),
        collapses: Flags::of(&task).collapses,
        urgency: crate::turn::urgency(rows::trigger(&task.trigger)),
    };
    Ok((newborn, commit))
}

/// The rows of a new task.
pub(crate) fn birth(
    id: TaskId,
    created: Created,
    integration: &Integration,
    now_ms: i64,
) -> (Task, Commit) {
    let event = Event::at(now_ms, What::Created(created.clone()));
    let task = Task::new(id, now_ms, created);
    let commit = Commit::new().put(rows::summary(&task, integration)).put(EventRow::new(
        task.id.0.clone(),
        0,
        event.encode(),
    ));
    (task, commit)
}

/// Lets a task that is durable now stand in its lane.
pub(crate) fn born(engine: &Engine, newborn: &Newborn) {
    if newborn.collapses {
        engine.waiting.add(&newborn.flow, &newborn.record, &newborn.id);
    }
    let line = (newborn.urgency, newborn.flow.clone());
    crate::turn::enter_in(engine, line, &newborn.lane, &newborn.id);
}

/// The lane of a record. Flows that start from one record share its lane, unless they say otherwise,
/// so that two of them never run side by side.
async fn lane(engine: &Engine, wanted: &Wanted<'_>) -> Result<String, Refusal> {
    let loaded = engine.graph(wanted.graph).await?;
    let from = &loaded.graph.from;
    let system = wanted.integration.systems.get(&from.connection);
    let key = system.and_then(|system| system.key_field(&from.resource));
    let lane = loaded.lane(key.as_deref().unwrap_or("id"), wanted.record);
    lane.map_err(|fault| Refusal { kind: Kind::Invalid, ..Refusal::from(*fault) })
}
