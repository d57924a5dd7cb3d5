//! One turn of a task: decide, make it durable, tell whom it concerns.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tenon_machine::{
    Change, Created, Decision, Effect, Input, Link, LoadedGraph, Origin, ReadKey, Reads, Reason,
    Recorded, State, Task, TaskId, World, decide,
};
use tenon_store::{
    Commit, EventRow, Key, LockRow, ReferenceRow, Row, Scan, Select, SentRow, StoreError, TimerRow,
};
use tenon_value::{Value, json};

use crate::dispatch::Line;
use crate::engine::{Engine, Integration};
use crate::gate::Urgency;
use crate::lines;
use crate::live::Values;
use crate::refusal::{Kind, Refusal};
use crate::rows::{self, Flags};
use crate::telemetry::Trail;

/// A task in memory with all it goes by.
pub(crate) struct Running {
    pub(crate) id: Arc<str>,
    pub(crate) task: Task,
    pub(crate) graph: Arc<LoadedGraph>,
    /// The graph it goes by, while a verb asks for another.
    pub(crate) pinned: Option<Arc<LoadedGraph>>,
    pub(crate) integration: Arc<Integration>,
    pub(crate) urgency: Urgency,
    /// Its spans, where somebody collects them.
    pub(crate) trail: Option<Trail>,
}

/// Stored state as the machine sees it.
struct View {
    values: Arc<Values>,
    sent: BTreeMap<ReadKey, Value>,
    links: BTreeMap<(String, String), Option<Link>>,
}

impl Reads for View {
    fn value(&self, key: &ReadKey) -> Option<Value> {
        match key {
            ReadKey::Lookup { table, key } => Some(self.values.lookup(table, key)),
            ReadKey::Setting { name } => Some(self.values.setting(name)),
            ReadKey::Sent { .. } | ReadKey::Reference { .. } | ReadKey::References { .. } => {
                self.sent.get(key).cloned()
            }
        }
    }

    fn link(&self, entity: &str, id: &str) -> Option<Option<Link>> {
        self.links.get(&(entity.to_owned(), id.to_owned())).cloned()
    }
}

impl View {
    fn new(integration: &Integration) -> View {
        View { values: integration.live.now(), sent: BTreeMap::new(), links: BTreeMap::new() }
    }

    async fn fetch(
        &mut self,
        engine: &Engine,
        pair: &str,
        need: &[ReadKey],
    ) -> Result<(), StoreError> {
        for key in need {
            match key {
                ReadKey::Reference { entity, id } => {
                    let row = engine.store.get(&reference_key(pair, entity, id)).await?;
                    let link = match row {
                        Some(Row::Reference(row)) => Some(Link {
                            origin: match row.hands_off {
                                true => Origin::HandsOff,
                                false => Origin::named(&row.origin).unwrap_or(Origin::Linked),
                            },
                            target: row.target,
                        }),
                        _ => None,
                    };
                    self.links.insert((entity.clone(), id.clone()), link);
                }
                ReadKey::References { entity, id } => {
                    let found = references(engine, pair, entity, id).await?;
                    self.sent.insert(key.clone(), found);
                }
                ReadKey::Sent { entity, id } => {
                    let row = engine.store.get(&sent_key(pair, entity, id)).await?;
                    let value = match row {
                        Some(Row::Sent(row)) => json::read_bytes(&row.document).unwrap_or_default(),
                        _ => Value::Missing,
                    };
                    self.sent.insert(key.clone(), value);
                }
                ReadKey::Lookup { .. } | ReadKey::Setting { .. } => {}
            }
        }
        Ok(())
    }
}

/// All documents of a source record, each with its part.
async fn references(
    engine: &Engine,
    pair: &str,
    entity: &str,
    id: &str,
) -> Result<Value, StoreError> {
    let select = Select::ReferencesOfSource {
        pair: pair.to_owned(),
        entity: entity.to_owned(),
        source: id.to_owned(),
    };
    let rows = engine.store.scan(Scan::new(select)).await?.rows;
    let one = |row: ReferenceRow| {
        Value::of([("part", Value::text(&row.part)), ("id", Value::text(&row.target))])
    };
    let rows = rows.into_iter().filter_map(|row| ReferenceRow::try_from(row).ok());
    Ok(Value::list(rows.map(one).collect()))
}

fn reference_key(pair: &str, entity: &str, id: &str) -> Key {
    Key::Reference {
        pair: pair.to_owned(),
        entity: entity.to_owned(),
        source: id.to_owned(),
        part: String::new(),
    }
}

fn sent_key(pair: &str, entity: &str, id: &str) -> Key {
    Key::Sent { pair: pair.to_owned(), entity: entity.to_owned(), id: id.to_owned() }
}

/// Decides on one input, with everything it needs at hand. Nothing is written.
pub(crate) async fn decided(
    engine: &Engine,
    running: &Running,
    input: &Input,
    held: &BTreeMap<String, TaskId>,
    dry_run: bool,
) -> Result<Decision, StoreError> {
    let mut view = View::new(&running.integration);
    // A decision names what it lacks; more than a few rounds would be a loop of ours.
    for _ in 0..64 {
        let decision = guarded(engine, running, input, (&view, held, dry_run));
        if decision.need.is_empty() {
            return Ok(decision);
        }
        view.fetch(engine, &running.integration.pair, &decision.need).await?;
    }
    Ok(quarantine(&running.task, engine, "the decision asks for ever more stored state"))
}

/// The pure decision; a panic in it stays in this task.
fn guarded(
    engine: &Engine,
    running: &Running,
    input: &Input,
    around: (&View, &BTreeMap<String, TaskId>, bool),
) -> Decision {
    let (view, held, dry_run) = around;
    let world = World {
        graph: &running.graph,
        pinned: running.pinned.as_deref(),
        systems: &running.integration.systems,
        reads: view,
        held,
        now_ms: engine.seam.now_ms(),
        dry_run,
    };
    catch_unwind(AssertUnwindSafe(|| decide(&world, &running.task, input)))
        .unwrap_or_else(|panic| quarantine(&running.task, engine, &said(&*panic)))
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        return (*text).to_owned();
    }
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "no message".to_owned())
}

/// Our own bug ends this one task, visibly, and no other; what it held is given back.
fn quarantine(task: &Task, engine: &Engine, message: &str) -> Decision {
    let message = format!("a defect of the engine: {message}");
    tenon_machine::quarantine(task, engine.seam.now_ms(), &message)
}

/// Takes one turn. Gives the effects to perform now that everything is durable.
pub(crate) async fn turn(
    engine: &Arc<Engine>,
    running: &mut Running,
    input: &Input,
) -> Result<Vec<Effect>, Refusal> {
    let mut held = BTreeMap::new();
    loop {
        let decision = decided(engine, running, input, &held, false).await?;
        if let Some(refused) = &decision.refused {
            return Err(Refusal::new(Kind::Conflict, refused.code, refused.message.clone())
                .hint(refused.hint.clone()));
        }
        if decision.events.is_empty() && decision.changes.is_empty() {
            // Nothing to keep, but what it asked and how far it was walked is known now.
            running.task = decision.task;
            if let (Input::TimerFired, Some(due_ms)) = (input, running.task.wake_at_ms())
                && due_ms > engine.seam.now_ms()
            {
                // The clock was set back since the timer went off: it goes off again.
                engine.timers.set(due_ms, running.id.clone());
            }
            return Ok(decision.effects);
        }
        let (decision, mut commit) = match commit_of(engine, running, &decision) {
            Ok(commit) => (decision, commit),
            Err(refusal) => {
                // What was decided cannot be kept: the task ends visibly instead of standing still.
                let ended = quarantine(&running.task, engine, &refusal.message);
                let commit = commit_of(engine, running, &ended)?;
                (ended, commit)
            }
        };
        if let Input::Verb { by, .. } = input {
            let told = (&*decision.events, by.as_str());
            for line in lines::of_verb(engine, &running.task, &decision.task, told) {
                commit = commit.put(line);
            }
        }
        match keep(engine, commit).await {
            Ok(()) => {
                engine.metrics.steps(&running.graph.graph, &decision.events);
                trace(engine, running, &decision.events);
                let before = std::mem::replace(&mut running.task, decision.task);
                after(engine, running, &before, &decision.changes);
                return Ok(decision.effects);
            }
            Err(StoreError::Refused { key, .. }) => {
                if let Key::Lock { name } = &*key
                    && let Some(Row::Lock(row)) = engine.store.get(&key).await?
                {
                    held.insert(name.clone(), TaskId(row.task));
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Tells what ended with entries that are durable now.
fn trace(engine: &Engine, running: &mut Running, events: &[Recorded]) {
    let (Some(spans), Some(trail)) = (&engine.spans, &mut running.trail) else { return };
    let graph = &running.graph.graph;
    let ended = events.iter().flat_map(|recorded| trail.follow(graph, &recorded.event));
    spans.tell(ended.collect());
}

/// Commits; waits while the disk is nearly full; a store that failed for good ends the engine.
pub(crate) async fn keep(engine: &Engine, commit: Commit) -> Result<(), StoreError> {
    loop {
        match engine.store.commit(commit.clone()).await {
            Ok(_) => return Ok(()),
            Err(error) => match error.kind() {
                tenon_store::Kind::DiskFull if !engine.is_stopping() => {
                    tracing::warn!(%error, "work stands still until there is room on the disk");
                    let at = engine.seam.now_ms() + engine.config.disk_wait_ms;
                    engine.seam.sleep_until(at).await;
                }
                tenon_store::Kind::Poisoned => {
                    engine.fail(&error.to_string());
                    return Err(error);
                }
                _ => return Err(error),
            },
        }
    }
}

fn commit_of(engine: &Engine, running: &Running, decision: &Decision) -> Result<Commit, Refusal> {
    let before = &running.task;
    let task = &decision.task;
    let mut commit = Commit::new();
    for (n, recorded) in (u64::from(before.length)..).zip(&decision.events) {
        commit = commit.put(EventRow::new(task.id.0.clone(), n, recorded.bytes.clone()));
    }
    for change in &decision.changes {
        commit = change_of(engine, running, task, change, commit)?;
    }
    // What lists show changes with the state and the title; the steps between cost no row.
    let shown = |t: &Task| (t.assigned.clone(), t.tags.clone(), t.snoozed_until_ms, t.graph);
    if before.state != task.state
        || Flags::of(before) != Flags::of(task)
        || rows::title(before) != rows::title(task)
        || shown(before) != shown(task)
    {
        commit = commit.put(rows::summary(task, &running.integration));
    }
    let (old, new) = (before.wake_at_ms(), task.wake_at_ms());
    if old != new {
        if let Some(due_ms) = old {
            commit = commit.delete(timer(due_ms, task).key());
        }
        if let Some(due_ms) = new {
            commit = commit.put(timer(due_ms, task));
        }
    }
    let made = (&*decision.events, &*decision.changes);
    for line in lines::of_turn(engine, before, task, made) {
        commit = commit.put(line);
    }
    Ok(commit)
}

fn timer(due_ms: i64, task: &Task) -> TimerRow {
    TimerRow { due_ms, task: task.id.0.clone(), id: "wake".to_owned() }
}

fn change_of(
    engine: &Engine,
    running: &Running,
    task: &Task,
    change: &Change,
    commit: Commit,
) -> Result<Commit, Refusal> {
    let pair = &running.integration.pair;
    let now = engine.seam.now_ms();
    Ok(match change {
        Change::Reference { entity, id, link, .. } => {
            commit.put(reference_of(pair, task, (entity, id, link), now))
        }
        Change::Unlink { entity, id } => {
            commit.delete(reference_key(pair, entity, id)).delete(sent_key(pair, entity, id))
        }
        Change::Sent { entity, id, document, .. } => commit.put(SentRow {
            pair: pair.clone(),
            entity: entity.clone(),
            id: id.clone(),
            document: json::write(document).into_bytes(),
            task: task.id.0.clone(),
            at_ms: now,
            graph: task.graph.to_string(),
        }),
        Change::Lock { key } => {
            let row = LockRow {
                name: key.clone(),
                task: task.id.0.clone(),
                step: task.locks.get(key).map(ToString::to_string).unwrap_or_default(),
                since_ms: now,
            };
            commit.absent(row.key()).put(row)
        }
        Change::Unlock { key } => commit.delete(Key::Lock { name: key.clone() }),
        Change::Child { id, created } => {
            let (integration, created) = child_of(engine, running, created)?;
            commit.and(crate::begin::birth(id.clone(), created, &integration, now).1)
        }
        // Its line is among those of the turn.
        Change::Audit { .. } => commit,
    })
}

fn reference_of(
    pair: &str,
    task: &Task,
    (entity, id, link): (&str, &str, &Link),
    at_ms: i64,
) -> ReferenceRow {
    ReferenceRow {
        pair: pair.to_owned(),
        entity: entity.to_owned(),
        source: id.to_owned(),
        target: link.target.clone(),
        task: Some(task.id.0.clone()),
        at_ms,
        origin: link.origin.name().to_owned(),
        ..ReferenceRow::default()
    }
}

/// The first entry of a child, with what only the runtime knows: the newest graph of its flow, its
/// record, and the lane of that record where its parent gave it none.
fn child_of(
    engine: &Engine,
    running: &Running,
    created: &Created,
) -> Result<(Arc<Integration>, Created), Refusal> {
    let name = &running.integration.deployment.integration;
    let (integration, graph) = engine.of_flow(Some(name), &created.flow)?;
    let mut created = created.clone();
    created.graph = graph;
    let systems = &running.integration.systems;
    let Some(loaded) = engine.loaded(graph) else { return Ok((integration, created)) };
    created.record = loaded.child_record(&created, systems);
    if created.lane.is_empty() {
        let from = &loaded.graph.from;
        let key = systems.get(&from.connection).and_then(|s| s.key_field(&from.resource));
        created.lane = loaded
            .lane(key.as_deref().unwrap_or("id"), &created.record)
            .map_err(|fault| Refusal { kind: Kind::Invalid, ..Refusal::from(*fault) })?;
    }
    Ok((integration, created))
}

/// Tells whom the turn concerns, once it is durable.
fn after(engine: &Arc<Engine>, running: &Running, before: &Task, changes: &[Change]) {
    let task = &running.task;
    let id = &running.id;
    for change in changes {
        match change {
            Change::Unlock { key } => {
                for waiter in engine.locks.take(key) {
                    engine.dispatcher.deliver(&waiter, Input::LockFree);
                }
            }
            Change::Reference { entity, id, .. } => {
                stored(engine, &running.integration.pair, (entity, id));
            }
            Change::Child { id, created } if created.lane.is_empty() => {
                let lane = child_of(engine, running, created).map(|(_, created)| created.lane);
                enter(engine, &Arc::from(lane.unwrap_or_default()), &Arc::from(id.0.as_str()));
            }
            Change::Child { id, .. } => {
                enter(engine, &Arc::from(task.lane.as_str()), &Arc::from(id.0.as_str()));
            }
            _ => {}
        }
    }
    let (old, new) = (before.wake_at_ms(), task.wake_at_ms());
    if old != new {
        if let Some(due_ms) = old {
            engine.timers.unset(due_ms, id);
        }
        if let Some(due_ms) = new {
            engine.timers.set(due_ms, id.clone());
        }
    }
    if matches!(before.state, State::Queued) && before.length <= 1 {
        engine.waiting.started(
            &Arc::from(task.flow.as_str()),
            &Arc::from(task.record.as_str()),
            id,
        );
    }
    lane(engine, running);
    waits(engine, running);
    let ended = task.state.is_ended() && !before.state.is_ended();
    // A parent hears of the end, and when its child begins or ceases to ask a person.
    let asks = |task: &Task| matches!(task.state, State::NeedsPerson(_));
    if (ended || asks(before) != asks(task))
        && !crate::pages::has_moved(engine, task)
        && let Some((parent, _)) = task.parent()
    {
        let input = Input::ChildEnded { child: task.id.clone(), state: task.state.clone() };
        engine.dispatcher.deliver(&Arc::from(parent.0.as_str()), input);
    }
    if ended && task.state == State::Done {
        crate::heal::heal(engine, running);
    }
    if before.state.name() != task.state.name() {
        engine.settled.notify_waiters();
        if crate::work::is_settled(&task.state) {
            engine.watchers.ring(id);
        }
    }
}

/// A task enters its lane when it is queued, and leaves it when it does not keep it.
fn lane(engine: &Arc<Engine>, running: &Running) {
    let task = &running.task;
    let id = &running.id;
    match task.state {
        State::Queued => enter(engine, &Arc::from(task.lane.as_str()), id),
        _ if task.keeps_lane() => {}
        _ => {
            for next in engine.lanes.leave(&task.lane, &task.id.0) {
                engine.dispatcher.deliver(&next, Input::Start);
            }
        }
    }
}

/// Lets a queued task begin when its lane is free, or held by the task that made it: one never waits
/// for its own child. A child that is retried after its parent left the lane stands in line.
pub(crate) fn enter(engine: &Engine, lane: &Arc<str>, id: &Arc<str>) {
    if engine.lanes.enter_or_join(lane, id) {
        engine.dispatcher.deliver(id, Input::Start);
    }
}

/// The same, in the line of its flow and urgency.
pub(crate) fn enter_in(engine: &Engine, line: Line, lane: &Arc<str>, id: &Arc<str>) {
    if engine.lanes.enter_or_join(lane, id) {
        engine.dispatcher.begin(line, id);
    }
}

/// How urgent a task is by what started it.
pub(crate) fn urgency(trigger: &str) -> Urgency {
    match trigger {
        "poll" | "schedule" => Urgency::Poll,
        "backfill" => Urgency::Backfill,
        _ => Urgency::Live,
    }
}

/// Registers a task that waits with what wakes it. One that was woken and waits for the same again
/// was taken off the list when it was woken, so the reason it had before says nothing.
fn waits(engine: &Arc<Engine>, running: &Running) {
    let (id, task) = (&running.id, &running.task);
    if task.state.is_ended() {
        return;
    }
    for reason in task.reasons() {
        match reason {
            Reason::Lock { of, .. } => wait_for_lock(engine, id, of),
            Reason::Document { reference, .. } => wait_for_document(engine, running, reference),
            Reason::ConnectionDown { connection, .. }
            | Reason::ConnectionAuth { connection, .. } => {
                match engine.connections.get(connection) {
                    Some(connection) => connection.park(id),
                    None => tracing::warn!(%id, connection, "waits for a connection that is gone"),
                }
            }
            _ => {}
        }
    }
}

/// The name under which tasks wait for a reference, given as `ENTITY ID`.
pub(crate) fn awaited(pair: &str, reference: &str) -> String {
    format!("{pair} {reference}")
}

/// Tells whoever waits for a reference that it was stored.
pub(crate) fn stored(engine: &Engine, pair: &str, (entity, id): (&str, &str)) {
    for waiter in engine.documents.take(&awaited(pair, &format!("{entity} {id}"))) {
        let (entity, id) = (entity.to_owned(), id.to_owned());
        engine.dispatcher.deliver(&waiter, Input::ReferenceStored { entity, id });
    }
}

fn wait_for_document(engine: &Arc<Engine>, running: &Running, reference: &str) {
    let Some((entity, id)) = reference.split_once(' ') else { return };
    let pair = running.integration.pair.clone();
    engine.documents.add(&awaited(&pair, reference), &running.id);
    // It may have been stored since the decision was made.
    let (entity, id) = (entity.to_owned(), id.to_owned());
    let key = reference_key(&pair, &entity, &id);
    let engine = engine.clone();
    engine.clone().supervisor.spawn(async move {
        if matches!(engine.store.get(&key).await, Ok(Some(_))) {
            stored(&engine, &pair, (&entity, &id));
        }
    });
}

fn wait_for_lock(engine: &Arc<Engine>, id: &Arc<str>, lock: &str) {
    engine.locks.add(lock, id);
    // It may have been given back since the decision was made.
    let key = Key::Lock { name: lock.to_owned() };
    let (engine, lock) = (engine.clone(), lock.to_owned());
    engine.clone().supervisor.spawn(async move {
        if matches!(engine.store.get(&key).await, Ok(None)) {
            for waiter in engine.locks.take(&lock) {
                engine.dispatcher.deliver(&waiter, Input::LockFree);
            }
        }
    });
}
