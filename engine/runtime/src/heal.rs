//! A task that ends well closes the older ones of its flow and record that had not.

use std::sync::Arc;

use tenon_machine::{Input, Verb};
use tenon_store::{Row, Scan, Select, TaskRow};

use crate::engine::Engine;
use crate::live::all;
use crate::refusal::Refusal;
use crate::turn::Running;

/// The states that a newer task that ends well closes.
const UNWELL: [&str; 2] = ["failed", "needs_person"];

/// Cancels what failed, or asks a person, in the name of the task that ended well. One whose write
/// may have happened is left: that has to be settled first.
pub(crate) fn heal(engine: &Arc<Engine>, running: &Running) {
    let task = &running.task;
    let (id, engine) = (running.id.clone(), engine.clone());
    let select =
        Select::TasksOfRecord { record: task.record.clone(), flow: Some(task.flow.clone()) };
    let integration = running.integration.deployment.integration.clone();
    engine.clone().supervisor.spawn(async move {
        let rows = match all(&*engine.store, select).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%id, %error, "older tasks of the record cannot be looked for");
                return;
            }
        };
        for row in rows {
            let Row::Task(row) = row else { continue };
            let older = row.id.as_str() < &*id && row.integration == integration;
            if older && UNWELL.contains(&row.state.as_str()) {
                close(&engine, row.id, &id);
            }
        }
    });
}

fn close(engine: &Engine, task: String, by: &str) {
    let why = "a newer task of the same flow and record ended well".to_owned();
    let input = Input::Verb { verb: Verb::Cancel, by: by.to_owned(), why };
    engine.dispatcher.deliver(&Arc::from(task), input);
}

/// Closes at the start what a process left open that ended right after a task had.
pub(crate) fn run(engine: &Arc<Engine>) {
    crate::recover::until_stop(engine, |engine| async move {
        for state in UNWELL {
            if let Err(refusal) = left_open(&engine, state).await {
                tracing::warn!(state, %refusal, "tasks to be closed cannot be looked for");
            }
        }
        engine.metrics.tally().all_found();
    });
}

async fn left_open(engine: &Engine, state: &str) -> Result<(), Refusal> {
    let mut after = None;
    loop {
        let scan = Scan::new(Select::TasksInState(state.to_owned())).after(after).lenient();
        let page = engine.store.scan(scan).await?;
        for row in page.rows {
            let Row::Task(row) = row else { continue };
            engine.metrics.tally().found(&row);
            if let Some(by) = healer(engine, &row).await? {
                close(engine, row.id, &by);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// The first newer task of the flow and record that ended well after this one had stopped.
async fn healer(engine: &Engine, older: &TaskRow) -> Result<Option<String>, Refusal> {
    let Some(record) = older.record.clone() else { return Ok(None) };
    let select = Select::TasksOfRecord { record, flow: Some(older.flow.clone()) };
    let rows = all(&*engine.store, select).await?.into_iter();
    let heals = |row: &TaskRow| {
        row.id > older.id
            && row.integration == older.integration
            && row.state == "done"
            && row.updated_ms >= older.updated_ms
    };
    let tasks = rows.filter_map(|row| if let Row::Task(row) = row { Some(row) } else { None });
    Ok(tasks.filter(heals).map(|row| row.id).next())
}
