//! A task whose stored form is damaged ends visibly, and only that one.

use std::sync::Arc;

use tenon_machine::{Input, Reason, State, TaskId};
use tenon_store::{AuditRow, Commit, Key, Row, Scan, Select, TaskRow};
use tenon_value::{Class, Fault, Value, json};

use crate::codes;
use crate::engine::Engine;
use crate::live::all;
use crate::refusal::Refusal;
use crate::rows::Flags;

/// Whether a refusal says that the stored form of a task can't be used.
pub(crate) fn is_unreadable(refusal: &Refusal) -> bool {
    refusal.code == codes::JOURNAL_UNREADABLE || refusal.code == "store_damaged"
}

/// Marks a task as failed by a defect, with the reason; its journal stays as it is, and so do its
/// locks, since a write of it may have happened.
pub(crate) async fn quarantined(engine: &Arc<Engine>, id: &str, why: &str) {
    if let Err(refusal) = mark(engine, id, why).await {
        tracing::error!(%id, %refusal, "a damaged task cannot be marked");
    }
}

async fn mark(engine: &Arc<Engine>, id: &str, why: &str) -> Result<(), Refusal> {
    let now = engine.seam.now_ms();
    let fault = Fault::new(codes::JOURNAL_UNREADABLE, Class::Defect, why.to_owned())
        .hint("`tenon store verify` names what is hurt; `tenon task cancel ID` closes the task");
    let mut row = known(engine, id).await;
    if row.state == "failed" && row.fault.as_deref() == Some(&json::write(&fault.to_value())) {
        return Ok(());
    }
    let reason = Reason::Fault { step: String::new(), fault: fault.clone() };
    row.state = "failed".to_owned();
    row.open = false;
    row.reason = Some(json::write(&reason.to_value()));
    row.fault = Some(json::write(&fault.to_value()));
    row.updated_ms = now;
    row.extra = Some(Flags { keeps_lane: false, collapses: false, holds: false }.write());
    let line = AuditRow {
        at_ms: now,
        id: engine.seam.id("line"),
        by: "engine".to_owned(),
        what: "failed".to_owned(),
        task: Some(id.to_owned()),
        source: row.record.clone(),
        code: Some(fault.code.clone()),
        text: format!("{} {} failed: {why}", row.flow, row.title.as_ref().unwrap_or(&row.id)),
        ..AuditRow::default()
    };
    let (lane, parent) = (row.lane.clone(), row.parent.clone());
    let mut commit = Commit::new().put(row).put(line);
    for timer in all(&*engine.store, Select::TimersOf(id.to_owned())).await? {
        if let Row::Timer(timer) = &timer {
            engine.timers.unset(timer.due_ms, &Arc::from(id));
        }
        commit = commit.delete(timer.key());
    }
    crate::turn::keep(engine, commit).await?;
    released(engine, id, lane.as_deref());
    if let Some(parent) = parent {
        let input =
            Input::ChildEnded { child: TaskId(id.to_owned()), state: State::Failed(reason) };
        engine.dispatcher.deliver(&Arc::from(parent), input);
    }
    Ok(())
}

/// What is still known of it.
async fn known(engine: &Engine, id: &str) -> TaskRow {
    if let Ok(Some(Row::Task(row))) = engine.store.get(&Key::Task { id: id.to_owned() }).await {
        return row;
    }
    // Its own row is what is damaged. The journal may still tell.
    let integration = engine.integrations().into_iter().next();
    let mut row = TaskRow {
        id: id.to_owned(),
        integration: integration.map(|i| i.deployment.integration.clone()).unwrap_or_default(),
        updated_ms: engine.seam.now_ms(),
        created_ms: engine.seam.now_ms(),
        ..TaskRow::default()
    };
    let select = Select::Events { task: id.to_owned(), from: 0 };
    let first = engine.store.scan(Scan::new(select).limit(1).lenient()).await;
    if let Some(Row::Event(first)) = first.ok().and_then(|page| page.rows.into_iter().next())
        && let Ok(task) = tenon_machine::Task::load(TaskId(id.to_owned()), [first.body.as_slice()])
    {
        row.flow.clone_from(&task.flow);
        row.graph = task.graph.to_string();
        row.lane = Some(task.lane.clone());
        row.parent = task.parent().map(|(parent, _)| parent.0.clone());
        row.record = Some(task.record.clone());
        row.created_ms = task.created_ms;
    }
    row
}

fn released(engine: &Arc<Engine>, id: &str, lane: Option<&str>) {
    for next in engine.lanes.leave(lane.unwrap_or_default(), id) {
        engine.dispatcher.deliver(&next, Input::Start);
    }
    engine.settled.notify_waiters();
    engine.watchers.ring(id);
}

/// A person closes a task whose journal can't be read: what it held is given back.
pub(crate) async fn give_up(
    engine: &Arc<Engine>,
    id: &str,
    by: &str,
    why: &str,
) -> Result<(), Refusal> {
    let mut row = known(engine, id).await;
    row.state = "cancelled".to_owned();
    row.open = false;
    row.updated_ms = engine.seam.now_ms();
    let reason = Value::of([("by", Value::text(by)), ("why", Value::text(why))]);
    row.reason = Some(json::write(&reason));
    let line = AuditRow {
        at_ms: row.updated_ms,
        id: engine.seam.id("line"),
        by: by.to_owned(),
        what: "cancelled".to_owned(),
        task: Some(id.to_owned()),
        source: row.record.clone(),
        text: format!("{} {id} cancelled; its journal cannot be read: {why}", row.flow),
        ..AuditRow::default()
    };
    let lane = row.lane.clone();
    let mut commit = Commit::new().put(row).put(line);
    let mut locks = Vec::new();
    for lock in all(&*engine.store, Select::LocksOf(id.to_owned())).await? {
        if let Row::Lock(lock) = &lock {
            locks.push(lock.name.clone());
        }
        commit = commit.delete(lock.key());
    }
    crate::turn::keep(engine, commit).await?;
    for waiter in locks.iter().flat_map(|lock| engine.locks.take(lock)) {
        engine.dispatcher.deliver(&waiter, Input::LockFree);
    }
    released(engine, id, lane.as_deref());
    Ok(())
}

/// A task's row made again from its journal; none when the journal can't be read either.
pub(crate) async fn row_again(engine: &Engine, id: &str) -> Option<TaskRow> {
    let select = Select::Events { task: id.to_owned(), from: 0 };
    let rows = all(&*engine.store, select).await.ok()?;
    let bodies: Vec<Vec<u8>> = rows
        .into_iter()
        .filter_map(|row| if let Row::Event(event) = row { Some(event.body) } else { None })
        .collect();
    let task = tenon_machine::Task::load(TaskId(id.to_owned()), bodies.iter().map(Vec::as_slice));
    let task = task.ok()?;
    let (integration, _) = engine.of_flow(None, &task.flow).ok()?;
    let row = crate::rows::summary(&task, &integration);
    let line = AuditRow {
        at_ms: engine.seam.now_ms(),
        id: engine.seam.id("line"),
        by: "engine".to_owned(),
        what: "repaired".to_owned(),
        task: Some(id.to_owned()),
        source: row.record.clone(),
        text: format!("the damaged row of {id} was made again from its journal"),
        ..AuditRow::default()
    };
    crate::turn::keep(engine, Commit::new().put(row.clone()).put(line)).await.ok()?;
    Some(row)
}
