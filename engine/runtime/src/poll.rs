//! Polls: incremental reads of a source, from the time history on.
//!
//! The cursor is the newest change time seen in the source's own clock. It moves only when every
//! task of the run is durable; records seen before in the same version start nothing again.

use std::sync::Arc;

use tenon_graph::{GraphHash, Poll};
use tenon_kit::{Operation, Outcome};
use tenon_machine::{LoadedGraph, Trigger};
use tenon_store::{Commit, CursorRow, Key, MarkRow, Row, StoreError};
use tenon_value::{Class, Fault, Value, json, time};

use crate::begin::{Wanted, born, wanted};
use crate::codes;
use crate::engine::{Engine, Integration};
use crate::perform::{Errand, perform};
use crate::recover::until_stop;
use crate::refusal::Refusal;
use crate::said::Of;

/// Runs every flow's poll as long as the engine.
pub(crate) fn run(engine: &Arc<Engine>) {
    for integration in engine.integrations() {
        for (flow, hash) in &integration.newest {
            let (integration, flow, hash) = (integration.clone(), flow.clone(), *hash);
            until_stop(engine, |engine| async move {
                let Ok(graph) = engine.graph(hash).await else { return };
                let Some(poll) = graph.graph.triggers.poll.clone() else { return };
                let source = Source { integration, flow, hash, graph, poll };
                loop {
                    let name = &source.integration.deployment.integration;
                    if engine.words.of(Of::PausedFlow, name, &source.flow).is_some() {
                        let next = engine.seam.now_ms() + source.poll.every_ms.max(1_000);
                        engine.seam.sleep_until(next).await;
                        continue;
                    }
                    match once(&engine, &source).await {
                        Ok(count) if count > 0 => {
                            tracing::info!(flow = source.flow, count, "polled");
                        }
                        Ok(_) => {}
                        Err(refusal) => {
                            tracing::warn!(flow = source.flow, %refusal, "a poll failed");
                        }
                    }
                    let next = engine.seam.now_ms() + source.poll.every_ms.max(1_000);
                    engine.seam.sleep_until(next).await;
                }
            });
        }
    }
}

/// A flow that is polled.
pub(crate) struct Source {
    pub(crate) integration: Arc<Integration>,
    pub(crate) flow: String,
    pub(crate) hash: GraphHash,
    pub(crate) graph: Arc<LoadedGraph>,
    pub(crate) poll: Poll,
}

/// The name of a flow's cursor.
pub(crate) fn cursor_name(integration: &Integration, flow: &str) -> String {
    format!("{}/{flow}", integration.pair)
}

/// One run: everything changed since the mark. Gives how many tasks were made.
pub(crate) async fn once(engine: &Arc<Engine>, source: &Source) -> Result<usize, Refusal> {
    let name = cursor_name(&source.integration, &source.flow);
    let key = Key::Cursor { name: name.clone() };
    let mark = match engine.store.get(&key).await? {
        Some(Row::Cursor(row)) => json::read(&row.value).ok().and_then(|v| instant(&v)),
        _ => None,
    };
    // Without a mark the history begins now: older records are fetched by moving the mark back.
    let Some(mark) = mark else {
        move_cursor(engine, &name, engine.seam.now_ms()).await?;
        return Ok(0);
    };
    let since_ms = mark.saturating_sub(source.poll.overlap_ms);
    let mut newest = mark;
    let mut made = 0;
    let mut page = None;
    loop {
        let operation = Operation::List {
            resource: source.graph.graph.from.resource.clone(),
            filter: Vec::new(),
            since_ms: Some(since_ms),
            page,
        };
        let (records, next) = ask(engine, source, &operation).await?;
        for record in &records {
            if let Some(at) = instant(record.at(&source.poll.since)) {
                newest = newest.max(at);
            }
            made += usize::from(start(engine, source, record).await?);
        }
        if next.is_none() {
            break;
        }
        page = next;
    }
    if newest > mark {
        move_cursor(engine, &name, newest).await?;
    }
    Ok(made)
}

async fn ask(
    engine: &Engine,
    source: &Source,
    operation: &Operation,
) -> Result<(Vec<Value>, Option<String>), Refusal> {
    let connection = engine.connection(&source.graph.graph.from.connection)?;
    let flow: Arc<str> = Arc::from(source.flow.as_str());
    let mut operation = operation.clone();
    loop {
        let request = connection.peer.plan(&operation)?;
        let errand = Errand { flow: &flow, operation: &operation, request: &request, task: None };
        match perform(engine, connection, errand).await.outcome {
            Outcome::Page { records, next } => return Ok((records, next)),
            Outcome::Record(record) => return Ok((vec![record], None)),
            Outcome::More(next) => operation = next,
            Outcome::Unknown(fault) | Outcome::Fault(fault) => return Err(fault.into()),
        }
    }
}

/// Starts a task for a record, unless this version of it started one before.
async fn start(engine: &Arc<Engine>, source: &Source, record: &Value) -> Result<bool, Refusal> {
    let from = &source.graph.graph.from;
    let connection = engine.connection(&from.connection)?;
    let id = connection.peer.key_of(&from.resource, record).ok_or_else(|| {
        let message = format!("a {} of {} has no key", from.resource, from.connection);
        Refusal::from(Fault::new(codes::RECORD_WITHOUT_KEY, Class::Rejected, message))
    })?;
    let name = &source.integration.deployment.integration;
    if engine.words.of(Of::IgnoredRecord, name, &id).is_some() {
        return Ok(false);
    }
    let version = record.at(&source.poll.since).plain().unwrap_or_default();
    let mark = MarkRow {
        scope: format!("poll/{}", cursor_name(&source.integration, &source.flow)),
        value: format!("{id} {version}"),
        at_ms: engine.seam.now_ms(),
        by: "poll".to_owned(),
    };
    let seen = Commit::new().absent(mark.key()).put(mark);
    if engine.waiting.of(&Arc::from(source.flow.as_str()), &Arc::from(id.as_str())).is_some() {
        // A task waits for this record and has not read it yet.
        return match engine.store.commit(seen).await {
            Ok(_) | Err(StoreError::Refused { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        };
    }
    let task = Wanted {
        integration: &source.integration,
        graph: source.hash,
        flow: &source.flow,
        record: &id,
        trigger: Trigger::Poll,
    };
    let (newborn, birth) = wanted(engine, task).await?;
    match engine.store.commit(seen.and(birth)).await {
        Ok(_) => {
            born(engine, &newborn);
            Ok(true)
        }
        Err(StoreError::Refused { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Moves the time history of a flow.
pub(crate) async fn move_cursor(engine: &Engine, name: &str, to_ms: i64) -> Result<(), Refusal> {
    let at = time::from_millis(to_ms).map(|at| time::format_datetime(&at)).unwrap_or_default();
    let row = CursorRow {
        name: name.to_owned(),
        value: json::write(&Value::from(at)),
        at_ms: engine.seam.now_ms(),
    };
    engine.store.commit(Commit::new().put(row)).await?;
    Ok(())
}

fn instant(value: &Value) -> Option<i64> {
    match value {
        Value::DateTime(at) => Some(at.timestamp_millis()),
        other => Some(time::parse_datetime(other.as_text()?)?.timestamp_millis()),
    }
}
