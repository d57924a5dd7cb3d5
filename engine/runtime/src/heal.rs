//! A task that ends well closes the older ones of its flow and record that had not.

use std::sync::Arc;

use tenon_machine::{Input, Verb};
use tenon_store::{Row, Select};

use crate::engine::Engine;
use crate::live::all;
use crate::turn::Running;

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
            if older && matches!(row.state.as_str(), "failed" | "needs_person") {
                let why = "a newer task of the same flow and record ended well".to_owned();
                let input = Input::Verb { verb: Verb::Cancel, by: id.to_string(), why };
                engine.dispatcher.deliver(&Arc::from(row.id), input);
            }
        }
    });
}
