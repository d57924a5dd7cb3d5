//! How tasks come into being.

use std::sync::Arc;

use tenon_graph::GraphHash;
use tenon_machine::{Created, Event, Task, TaskId, Trigger, What};
use tenon_mapper::{NoHost, Program, Scope};
use tenon_store::{Commit, EventRow};
use tenon_value::{Record, Value};

use crate::engine::{Engine, Integration};
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
}

/// The commit that makes a task.
pub(crate) async fn wanted(
    engine: &Engine,
    wanted: Wanted<'_>,
) -> Result<(Newborn, Commit), Refusal> {
    let lane = lane(engine, &wanted).await?;
    let created = Created {
        flow: wanted.flow.to_owned(),
        graph: wanted.graph,
        record: wanted.record.to_owned(),
        trigger: wanted.trigger,
        lane,
        given: Value::record(Record::new()),
    };
    let id = TaskId(engine.seam.id("task"));
    let (task, commit) = birth(id, created, wanted.integration, engine.seam.now_ms());
    let newborn = Newborn {
        id: Arc::from(task.id.0.as_str()),
        lane: Arc::from(task.lane.as_str()),
        flow: Arc::from(task.flow.as_str()),
        record: Arc::from(task.record.as_str()),
        collapses: Flags::of(&task).collapses,
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
    crate::turn::enter(engine, &newborn.lane, &newborn.id);
}

/// The lane of a record: what the flow says, else the record itself. Flows that start from one
/// record share its lane, so that two of them never run side by side.
async fn lane(engine: &Engine, wanted: &Wanted<'_>) -> Result<String, Refusal> {
    let loaded = engine.graph(wanted.graph).await?;
    let from = &loaded.graph.from;
    let Some(lane) = &loaded.graph.lane else {
        let pair = &wanted.integration.pair;
        return Ok(format!("{pair}/{}/{}/{}", from.connection, from.resource, wanted.record));
    };
    let failed = |reason: String| {
        let message = format!("the lane of flow {} cannot be told: {reason}", wanted.flow);
        Refusal::new(Kind::Invalid, "LANE_UNKNOWN", message)
            .hint("a lane may use only `id`, which every trigger carries")
    };
    let program = Program::from_text(&lane.0).map_err(|e| failed(e.to_string()))?;
    let scope = Scope::from([("id", Value::text(wanted.record))]);
    let value = program
        .eval(&scope, &NoHost::default())
        .map_err(|e| failed(e.into_fault().map(|f| f.message).unwrap_or_default()))?;
    let key = value.plain().filter(|key| !key.trim().is_empty());
    let key = key.ok_or_else(|| failed("it gives nothing".to_owned()))?;
    Ok(format!("{}/{key}", wanted.integration.pair))
}
