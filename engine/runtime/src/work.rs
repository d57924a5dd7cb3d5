//! A worker: loads a task, takes turns while there is mail or something to perform, lets it go.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tenon_graph::{Graph, GraphHash};
use tenon_kit::Reading;
use tenon_machine::{Ask, Effect, Event, Input, State, Task, TaskId, Verb};
use tenon_store::{Key, Row, Select, TaskRow};
use tenon_value::{Class, Fault};

use crate::codes;
use crate::engine::Engine;
use crate::gate::Urgency;
use crate::live::all;
use crate::pages::Page;
use crate::perform::{AtWork, Errand, not_sent, perform};
use crate::refusal::{Kind, Refusal};
use crate::said::Of;
use crate::telemetry::Trail;
use crate::turn::{Running, turn};

/// Loads a task from its journal.
pub(crate) async fn load(engine: &Engine, id: &Arc<str>) -> Result<Running, Refusal> {
    load_by(engine, id, None).await
}

/// Loads a task from its journal, by another graph than its own where one is given: its own may be
/// what cannot be read.
pub(crate) async fn load_by(
    engine: &Engine,
    id: &Arc<str>,
    other: Option<GraphHash>,
) -> Result<Running, Refusal> {
    let key = Key::Task { id: id.to_string() };
    let Some(Row::Task(row)) = engine.store.get(&key).await? else {
        return Err(Refusal::not_found("task", id));
    };
    let integration = engine.integration(&row.integration)?;
    let select = Select::Events { task: id.to_string(), from: 0 };
    let rows = all(&*engine.store, select).await?;
    let bodies: Vec<Vec<u8>> = rows
        .into_iter()
        .filter_map(|row| match row {
            Row::Event(event) => Some(event.body),
            _ => None,
        })
        .collect();
    let task = Task::load(TaskId(id.to_string()), bodies.iter().map(Vec::as_slice))
        .map_err(|e| unreadable(id, &e.to_string()))?;
    let graph = engine.graph(other.unwrap_or(task.graph)).await?;
    let urgency = urgency(engine, &row).await?;
    let trail = engine.spans.is_some().then(|| trail(id, &graph.graph, &bodies));
    Ok(Running { id: id.clone(), task, graph, pinned: None, integration, urgency, trail })
}

/// A trail that was followed to the end of the journal. What ended on the way was told when it did.
fn trail(id: &str, graph: &Graph, bodies: &[Vec<u8>]) -> Trail {
    let mut trail = Trail::new(id);
    for event in bodies.iter().filter_map(|body| Event::decode(body).ok()) {
        trail.follow(graph, &event);
    }
    trail
}

/// How urgent a task is; a child is as urgent as the task at the root of its family.
async fn urgency(engine: &Engine, row: &TaskRow) -> Result<Urgency, Refusal> {
    let root = row.id.split('.').next().unwrap_or(&row.id);
    if root == row.id {
        return Ok(crate::turn::urgency(&row.trigger));
    }
    Ok(match engine.store.get(&Key::Task { id: root.to_owned() }).await? {
        Some(Row::Task(root)) => crate::turn::urgency(&root.trigger),
        _ => Urgency::Live,
    })
}

fn unreadable(id: &str, reason: &str) -> Refusal {
    let message = format!("the journal of {id} cannot be read: {reason}");
    Refusal::new(Kind::Internal, codes::JOURNAL_UNREADABLE, message)
        .hint("run `tenon store verify`; the task stays as it is")
}

/// The journal of a task.
pub(crate) async fn journal(engine: &Engine, id: &str) -> Result<Vec<Event>, Refusal> {
    let select = Select::Events { task: id.to_owned(), from: 0 };
    let mut events = Vec::new();
    for row in all(&*engine.store, select).await? {
        let Row::Event(row) = row else { continue };
        events.push(Event::decode(&row.body).map_err(|e| unreadable(id, &e.to_string()))?);
    }
    Ok(events)
}

/// A request under way; gives nothing when the engine went down before anything of it had left.
type Sending = Pin<Box<dyn Future<Output = Option<Input>> + Send>>;

/// What a worker has in hand.
#[derive(Default)]
struct Hands {
    /// Inputs that came of the task's own effects.
    turns: VecDeque<Input>,
    /// Requests under way.
    sends: Vec<Sending>,
    /// The engine goes down: nothing new is begun, and the next start finds the task again.
    stopped: bool,
}

impl Hands {
    /// The input that comes next; none when nothing does.
    async fn next(&mut self) -> Option<Input> {
        loop {
            if let Some(input) = self.turns.pop_front() {
                return Some(input);
            }
            if self.sends.is_empty() {
                return None;
            }
            match first(&mut self.sends).await {
                Some(input) => return Some(input),
                None => self.stopped = true,
            }
        }
    }
}

/// Waits for the first of some requests, and takes it out.
async fn first(sends: &mut Vec<Sending>) -> Option<Input> {
    poll_fn(|context| {
        let polled = sends.iter_mut().enumerate().find_map(|(n, sending)| {
            match sending.as_mut().poll(context) {
                Poll::Ready(input) => Some((n, input)),
                Poll::Pending => None,
            }
        });
        match polled {
            Some((n, input)) => {
                drop(sends.remove(n));
                Poll::Ready(input)
            }
            None => Poll::Pending,
        }
    })
    .await
}

/// Works on a task until there is nothing to do for it.
pub(crate) async fn work(engine: Arc<Engine>, id: Arc<str>) {
    let other = engine.dispatcher.first(&id, other_graph);
    let mut running = match load_by(&engine, &id, other).await {
        Ok(running) => running,
        Err(refusal) => {
            tracing::error!(%id, %refusal, "a task cannot be loaded");
            if crate::upkeep::is_unreadable(&refusal) {
                crate::upkeep::quarantined(&engine, &id, &refusal.message).await;
            }
            while let Some(mail) = engine.dispatcher.mail(&id) {
                if let Some(reply) = mail.reply {
                    let _ = reply.send(Err(refusal.clone()));
                }
            }
            engine.dispatcher.abandon(&id);
            return;
        }
    };
    let mut hands = Hands::default();
    loop {
        let (input, reply) = match engine.dispatcher.mail(&id) {
            Some(mail) => (mail.input, mail.reply),
            None => match hands.next().await {
                Some(input) => (input, None),
                None if hands.stopped => return engine.dispatcher.abandon(&id),
                None if engine.dispatcher.finish(&id) => return,
                None => continue,
            },
        };
        if input == Input::Start && is_held(&engine, &running) {
            // It stays queued, in its lane's line or at its head, until the flow is resumed.
            if let Some(reply) = reply {
                let _ = reply.send(Ok(()));
            }
            continue;
        }
        let done = one_turn(&engine, &mut running, &input).await;
        let failed = match &done {
            Err(refusal) if refusal.kind != Kind::Conflict => Some(refusal.clone()),
            _ => None,
        };
        let (answer, effects) = match done {
            Ok(effects) => (Ok(()), effects),
            Err(refusal) => (Err(refusal), Vec::new()),
        };
        if let Some(reply) = reply {
            let _ = reply.send(answer);
        }
        if let Some(refusal) = failed {
            // What is durable stands; the next start finds the task again.
            tracing::error!(%id, %refusal, "a turn could not be taken");
            engine.dispatcher.abandon(&id);
            return;
        }
        for effect in effects {
            follow(&engine, &running, effect, &mut hands).await;
        }
    }
}

/// Whether its flow is paused: it does not begin.
fn is_held(engine: &Engine, running: &Running) -> bool {
    let name = &running.integration.deployment.integration;
    running.task.state == State::Queued
        && running.task.parent().is_none()
        && engine.words.of(Of::PausedFlow, name, &running.task.flow).is_some()
}

/// The graph a verb asks to go on by.
pub(crate) fn other_graph(input: &Input) -> Option<GraphHash> {
    let Input::Verb { verb, .. } = input else { return None };
    match verb {
        Verb::Retry { latest } | Verb::RetryFrom { latest, .. } => *latest,
        Verb::Move { to, .. } => Some(*to),
        _ => None,
    }
}

/// Lets a task be decided by another graph than the one it goes by; that one is at hand beside it, where
/// it can be read.
pub(crate) async fn go_by(
    engine: &Engine,
    running: &mut Running,
    hash: GraphHash,
) -> Result<(), Refusal> {
    running.pinned = match running.graph.hash == running.task.graph {
        true => Some(running.graph.clone()),
        false => engine.graph(running.task.graph).await.ok(),
    };
    running.graph = engine.graph(hash).await?;
    Ok(())
}

/// One turn, with the graph that its input asks for.
pub(crate) async fn one_turn(
    engine: &Arc<Engine>,
    running: &mut Running,
    input: &Input,
) -> Result<Vec<Effect>, Refusal> {
    let old = running.graph.clone();
    if let Some(hash) = other_graph(input) {
        go_by(engine, running, hash).await?;
    }
    let done = turn(engine, running, input).await;
    running.pinned = None;
    if running.task.graph != running.graph.hash {
        running.graph = if running.task.graph == old.hash {
            old
        } else {
            engine.graph(running.task.graph).await?
        };
    }
    done
}

/// Resolves when the engine goes down while the request still waits at a gate: nothing of it has left,
/// and the next start finds the task again.
async fn stopped_at_gate(engine: &Engine, at: &AtWork) {
    let mut stop = engine.stop_signal.subscribe();
    let _ = stop.wait_for(|stop| *stop).await;
    if !at.waits.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// A request of a task, from the gate to its answer.
fn sending(
    engine: Arc<Engine>,
    running: &Running,
    ask: Box<Ask>,
    request: Box<tenon_kit::Request>,
) -> Sending {
    let flow: Arc<str> = Arc::from(running.task.flow.as_str());
    let urgency = running.urgency;
    let at = AtWork { task: running.id.clone(), waits: AtomicBool::new(false) };
    Box::pin(async move {
        if engine.is_stopping() {
            return None;
        }
        tokio::select! {
            biased;
            reading = sent(&engine, (&flow, urgency), (&ask, &request), &at) => {
                Some(Input::Answered { ask, reading: Box::new(reading) })
            }
            () = stopped_at_gate(&engine, &at) => None,
        }
    })
}

async fn sent(
    engine: &Engine,
    (flow, urgency): (&Arc<str>, Urgency),
    (ask, request): (&Ask, &tenon_kit::Request),
    at: &AtWork,
) -> Reading {
    match engine.connections.get(&ask.connection) {
        Some(connection) => {
            let operation = &ask.operation;
            let errand = Errand { flow, urgency, operation, request, task: Some(at) };
            perform(engine, connection, errand).await
        }
        // The machine asks only systems of the integration, and each has its connection.
        None => not_sent(Fault::new(
            codes::DEFECT,
            Class::Defect,
            format!("there is no connection `{}`", ask.connection),
        )),
    }
}

async fn follow(engine: &Arc<Engine>, running: &Running, effect: Effect, hands: &mut Hands) {
    match effect {
        Effect::Send { ask, .. } if crate::upkeep::looks_first(engine, &running.task, &ask) => {
            hands.turns.push_back(Input::Restored { now_ms: engine.seam.now_ms() });
        }
        Effect::Send { .. } if engine.is_stopping() => hands.stopped = true,
        Effect::Send { ask, request } => {
            hands.sends.push(sending(engine.clone(), running, ask, request));
        }
        Effect::Continue => hands.turns.push_back(Input::Continue),
        Effect::WatchChild { child } => {
            let id: Arc<str> = Arc::from(child.0.as_str());
            match load(engine, &id).await {
                Ok(found) if is_settled(&found.task.state) => {
                    let state = found.task.state;
                    hands.turns.push_back(Input::ChildEnded { child, state });
                }
                Ok(_) => {}
                Err(refusal) => {
                    tracing::error!(task = %running.id, %refusal, "a child cannot be found");
                }
            }
        }
        Effect::WatchPage { step, from, children, collects } => {
            let page = Page { parent: running.id.clone(), step, from, children, collects };
            crate::pages::watch(engine, page).await;
        }
        Effect::RetryChild { child, by, why } => {
            let id: Arc<str> = Arc::from(child.0.as_str());
            let verb = Verb::Retry { latest: None };
            engine.dispatcher.deliver(&id, Input::Verb { verb, by, why });
        }
        // Only a dry run gives these, and it does not come here.
        Effect::WouldSend { .. } | Effect::WouldRun { .. } => {}
    }
}

/// Whether a task goes on only by a person's word, or has ended.
pub(crate) fn is_settled(state: &State) -> bool {
    state.is_ended() || matches!(state, State::NeedsPerson(_))
}
