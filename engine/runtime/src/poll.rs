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
use crate::gate::Urgency;
use crate::perform::{Errand, perform};
use crate::recover::until_stop;
use crate::refusal::Refusal;
use crate::said::Of;

/// Runs every flow's poll as long as the engine, or until other documents are deployed.
pub(crate) fn run(engine: &Arc<Engine>) {
    let times = *engine.deployed.borrow();
    for integration in engine.integrations() {
        for flow in integration.newest.keys() {
            let (integration, flow) = (integration.clone(), flow.clone());
            until_stop(engine, |engine| async move {
                let source = Source::of(&engine, &integration, &flow, Trigger::Poll).await;
                let Ok(source) = source else { return };
                let Some(poll) = source.poll.clone() else { return };
                let name = cursor_name(&integration, &flow);
                loop {
                    let run = engine.runs.of(&name).await;
                    if *engine.deployed.borrow() != times {
                        return;
                    }
                    turn(&engine, &source).await;
                    drop(run);
                    let next = engine.seam.now_ms() + poll.every_ms.max(1_000);
                    tokio::select! {
                        biased;
                        () = deployed(&engine, times) => return,
                        () = engine.seam.sleep_until(next) => {}
                    }
                }
            });
        }
    }
}

/// Resolves when other documents than those of the count were deployed.
pub(crate) async fn deployed(engine: &Engine, times: u64) {
    let mut deployed = engine.deployed.subscribe();
    if deployed.wait_for(|now| *now != times).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn turn(engine: &Arc<Engine>, source: &Source) {
    let name = &source.integration.deployment.integration;
    let paused = engine.words.of(Of::PausedFlow, name, &source.flow).is_some();
    match if paused { Ok(0) } else { once(engine, source).await } {
        Ok(count) if count > 0 => {
            tracing::info!(flow = source.flow, count, "polled");
        }
        Ok(_) => {}
        Err(refusal) => {
            tracing::warn!(flow = source.flow, %refusal, "a poll failed");
        }
    }
}

/// A flow whose source is read.
pub(crate) struct Source {
    pub(crate) integration: Arc<Integration>,
    pub(crate) flow: String,
    pub(crate) hash: GraphHash,
    pub(crate) graph: Arc<LoadedGraph>,
    /// How it is read incrementally; none where it is not.
    pub(crate) poll: Option<Poll>,
    /// What its tasks are started by.
    pub(crate) trigger: Trigger,
}

impl Source {
    /// The source of a flow's newest graph.
    pub(crate) async fn of(
        engine: &Engine,
        integration: &Arc<Integration>,
        flow: &str,
        trigger: Trigger,
    ) -> Result<Source, Refusal> {
        let hash = integration.newest.get(flow).copied();
        let hash = hash.ok_or_else(|| Refusal::not_found("flow", flow))?;
        let graph = engine.graph(hash).await?;
        let poll = graph.graph.triggers.poll.clone();
        Ok(Source {
            integration: integration.clone(),
            flow: flow.to_owned(),
            hash,
            graph,
            poll,
            trigger,
        })
    }

    fn list(&self, since_ms: Option<i64>, page: Option<String>) -> Operation {
        let resource = self.graph.graph.from.resource.clone();
        Operation::List { resource, filter: Vec::new(), since_ms, page }
    }
}

/// The name of a flow's cursor.
pub(crate) fn cursor_name(integration: &Integration, flow: &str) -> String {
    format!("{}/{flow}", integration.pair)
}

/// A run on its way: where it began, how far it may look, and the page that comes next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Window {
    since_ms: i64,
    /// Changes behind this are for the next run: a busy source does not make a run endless.
    until_ms: i64,
    newest_ms: i64,
    page: Option<String>,
}

fn window_key(name: &str) -> Key {
    Key::Cursor { name: format!("{name}/window") }
}

impl Window {
    async fn stored(engine: &Engine, name: &str) -> Result<Option<Window>, Refusal> {
        let Some(Row::Cursor(row)) = engine.store.get(&window_key(name)).await? else {
            return Ok(None);
        };
        let value = json::read(&row.value).unwrap_or_default();
        let number =
            |name: &str| value.field(name).as_number().and_then(tenon_value::Number::to_i64);
        let (Some(since_ms), Some(until_ms), Some(newest_ms)) =
            (number("since_ms"), number("until_ms"), number("newest_ms"))
        else {
            return Ok(None);
        };
        Ok(Some(Window { since_ms, until_ms, newest_ms, page: value.field("page").plain() }))
    }

    async fn store(&self, engine: &Engine, name: &str) -> Result<(), Refusal> {
        let value = Value::of([
            ("since_ms", Value::from(self.since_ms)),
            ("until_ms", Value::from(self.until_ms)),
            ("newest_ms", Value::from(self.newest_ms)),
            ("page", self.page.as_deref().map_or(Value::Missing, Value::text)),
        ]);
        let row = CursorRow {
            name: format!("{name}/window"),
            value: json::write(&value),
            at_ms: engine.seam.now_ms(),
        };
        engine.store.commit(Commit::new().put(row)).await?;
        Ok(())
    }
}

/// One run: everything changed since the mark. Gives how many tasks were made. A run that was cut is
/// taken up at the page it had come to.
pub(crate) async fn once(engine: &Arc<Engine>, source: &Source) -> Result<usize, Refusal> {
    let name = cursor_name(&source.integration, &source.flow);
    let Some(poll) = &source.poll else { return Ok(0) };
    // Without a mark the history begins now: older records are fetched by moving the mark back.
    let Some(mark) = mark(engine, &name).await? else {
        move_cursor(engine, &name, engine.seam.now_ms()).await?;
        return Ok(0);
    };
    let cut = Window::stored(engine, &name).await?;
    let resumed = cut.is_some();
    let mut window = cut.unwrap_or_else(|| Window {
        since_ms: mark.saturating_sub(poll.overlap_ms),
        until_ms: engine.seam.now_ms(),
        newest_ms: mark,
        page: None,
    });
    let mut made = 0;
    loop {
        let operation = source.list(Some(window.since_ms), window.page.clone());
        let (records, next) = match ask(engine, source, &operation).await {
            Ok(page) => page,
            Err(refusal) => {
                if resumed && window.page.is_some() {
                    // The place may be one the source no longer knows: the next run begins afresh.
                    engine.store.commit(Commit::new().delete(window_key(&name))).await?;
                }
                return Err(refusal);
            }
        };
        for record in &records {
            match instant(record.at(&poll.since)) {
                Some(at) if at > window.until_ms => continue,
                Some(at) => window.newest_ms = window.newest_ms.max(at),
                None => {}
            }
            made += usize::from(start(engine, source, record).await?);
        }
        if next.is_none() {
            break;
        }
        window.page = next;
        window.store(engine, &name).await?;
    }
    if window.newest_ms > mark {
        move_cursor(engine, &name, window.newest_ms).await?;
    } else if window.page.is_some() {
        engine.store.commit(Commit::new().delete(window_key(&name))).await?;
    }
    Ok(made)
}

/// The mark of a flow's time history.
async fn mark(engine: &Engine, name: &str) -> Result<Option<i64>, Refusal> {
    let key = Key::Cursor { name: name.to_owned() };
    Ok(match engine.store.get(&key).await? {
        Some(Row::Cursor(row)) => json::read(&row.value).ok().and_then(|v| instant(&v)),
        _ => None,
    })
}

/// Starts a task for every record there is, each once for the run of this name.
pub(crate) async fn whole(
    engine: &Arc<Engine>,
    source: &Source,
    run: &str,
) -> Result<usize, Refusal> {
    let (mut made, mut page) = (0, None);
    loop {
        let (records, next) = ask(engine, source, &source.list(None, page)).await?;
        for record in &records {
            let id = key_of(engine, source, record)?;
            let mark = MarkRow {
                scope: format!("run/{run}"),
                value: id.clone(),
                at_ms: engine.seam.now_ms(),
                by: "schedule".to_owned(),
            };
            made += usize::from(start_marked(engine, source, &id, mark).await?);
        }
        page = next;
        if page.is_none() {
            return Ok(made);
        }
    }
}

/// Records changed between two instants, in the source's own clock, at most so many; and whether
/// there are more.
pub(crate) async fn changed(
    engine: &Engine,
    source: &Source,
    (since_ms, until_ms): (i64, Option<i64>),
    most: usize,
) -> Result<(Vec<String>, bool), Refusal> {
    let (mut ids, mut page) = (Vec::new(), None);
    let field = source.poll.as_ref().map(|poll| poll.since.clone()).unwrap_or_default();
    loop {
        let (records, next) = ask(engine, source, &source.list(Some(since_ms), page)).await?;
        for record in &records {
            let at = instant(record.at(&field));
            if at.is_some_and(|at| at < since_ms || until_ms.is_some_and(|until| at > until)) {
                continue;
            }
            if ids.len() >= most {
                return Ok((ids, true));
            }
            ids.push(key_of(engine, source, record)?);
        }
        page = next;
        if page.is_none() {
            return Ok((ids, false));
        }
    }
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
        let errand = Errand {
            flow: &flow,
            urgency: Urgency::Poll,
            operation: &operation,
            request: &request,
            task: None,
        };
        match perform(engine, connection, errand).await.outcome {
            Outcome::Page { records, next } => return Ok((records, next)),
            Outcome::Record(record) => return Ok((vec![record], None)),
            Outcome::More(next) => operation = next,
            Outcome::Unknown(fault) | Outcome::Fault(fault) => return Err(fault.into()),
        }
    }
}

/// Starts a task for one record, once for the run of this name.
pub(crate) async fn start_one(
    engine: &Arc<Engine>,
    source: &Source,
    id: &str,
    run: &str,
) -> Result<bool, Refusal> {
    let mark = MarkRow {
        scope: format!("run/{run}"),
        value: id.to_owned(),
        at_ms: engine.seam.now_ms(),
        by: "person".to_owned(),
    };
    start_marked(engine, source, id, mark).await
}

fn key_of(engine: &Engine, source: &Source, record: &Value) -> Result<String, Refusal> {
    let from = &source.graph.graph.from;
    let connection = engine.connection(&from.connection)?;
    connection.peer.key_of(&from.resource, record).ok_or_else(|| {
        let (resource, name) = (&from.resource, connection.peer.name());
        let message = format!("a {resource} that {} listed has no key", from.connection);
        let hint = format!("check `key` of {resource} in connector {name} against the answer");
        let fault = Fault::new(codes::RECORD_WITHOUT_KEY, Class::Rejected, message);
        Refusal::from(fault.hint(hint))
    })
}

/// Starts a task for a record, unless this version of it started one before.
async fn start(engine: &Arc<Engine>, source: &Source, record: &Value) -> Result<bool, Refusal> {
    let id = key_of(engine, source, record)?;
    let since = source.poll.as_ref().map(|poll| poll.since.as_str()).unwrap_or_default();
    let version = record.at(since).plain().unwrap_or_default();
    let mark = MarkRow {
        scope: format!("poll/{}", cursor_name(&source.integration, &source.flow)),
        value: format!("{id} {version}"),
        at_ms: engine.seam.now_ms(),
        by: "poll".to_owned(),
    };
    start_marked(engine, source, &id, mark).await
}

/// Starts a task for a record, unless the mark is there already, or the record is ignored.
async fn start_marked(
    engine: &Arc<Engine>,
    source: &Source,
    id: &str,
    mark: MarkRow,
) -> Result<bool, Refusal> {
    let name = &source.integration.deployment.integration;
    if engine.words.of(Of::IgnoredRecord, name, id).is_some() {
        return Ok(false);
    }
    let seen = Commit::new().absent(mark.key()).put(mark);
    if engine.waiting.of(&Arc::from(source.flow.as_str()), &Arc::from(id)).is_some() {
        // A task waits for this record and has not read it yet.
        return match engine.store.commit(seen).await {
            Ok(_) | Err(StoreError::Refused { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        };
    }
    // Other documents may have been deployed since the run began.
    let (integration, graph) = engine
        .of_flow(Some(name), &source.flow)
        .unwrap_or_else(|_| (source.integration.clone(), source.hash));
    let task = Wanted {
        integration: &integration,
        graph,
        flow: &source.flow,
        record: id,
        trigger: source.trigger.clone(),
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
    engine.store.commit(Commit::new().put(row).delete(window_key(name))).await?;
    Ok(())
}

fn instant(value: &Value) -> Option<i64> {
    match value {
        Value::DateTime(at) => Some(at.timestamp_millis()),
        other => Some(time::parse_datetime(other.as_text()?)?.timestamp_millis()),
    }
}
