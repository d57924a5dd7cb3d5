//! A worker: loads a task, takes turns while there is mail or something to perform, lets it go.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

use tenon_graph::GraphHash;
use tenon_machine::{Ask, Effect, Event, Input, State, Task, TaskId, Verb};
use tenon_store::{Key, Row, Select};
use tenon_value::{Class, Fault};

use crate::codes;
use crate::engine::Engine;
use crate::live::all;
use crate::perform::{Errand, not_sent, perform};
use crate::refusal::{Kind, Refusal};
use crate::said::Of;
use crate::turn::{Running, turn};

/// Loads a task from its journal.
pub(crate) async fn load(engine: &Engine, id: &Arc<str>) -> Result<Running, Refusal> {
    let key = Key::Task { id: id.to_string() };
    let Some(Row::Task(row)) = engine.store.get(&key).await? else {
        return Err(Refusal::not_found("task", id));
    };
    let integration = engine.integration(&row.integration)?.clone();
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
    let graph = engine.graph(task.graph).await?;
    Ok(Running { id: id.clone(), task, graph, integration })
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

enum Next {
    Turn(Box<Input>),
    Send(Box<Ask>, Box<tenon_kit::Request>),
}

/// Works on a task until there is nothing to do for it.
pub(crate) async fn work(engine: Arc<Engine>, id: Arc<str>) {
    let mut running = match load(&engine, &id).await {
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
    let mut next = VecDeque::new();
    loop {
        let (step, reply) = match engine.dispatcher.mail(&id) {
            Some(mail) => (Next::Turn(Box::new(mail.input)), mail.reply),
            None => match next.pop_front() {
                Some(step) => (step, None),
                None if engine.dispatcher.finish(&id) => return,
                None => continue,
            },
        };
        let input = match step {
            Next::Turn(input) => *input,
            Next::Send(..) if engine.is_stopping() => {
                engine.dispatcher.abandon(&id);
                return;
            }
            Next::Send(ask, request) => {
                let input = tokio::select! {
                    biased;
                    input = sent(&engine, &running, ask, &request) => Some(input),
                    () = stopped_at_gate(&engine, &id) => None,
                };
                let Some(input) = input else {
                    engine.dispatcher.abandon(&id);
                    return;
                };
                input
            }
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
            follow(&engine, &running, effect, &mut next).await;
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
        Verb::Move { to } => Some(*to),
        _ => None,
    }
}

/// One turn, with the graph that its input asks for.
pub(crate) async fn one_turn(
    engine: &Arc<Engine>,
    running: &mut Running,
    input: &Input,
) -> Result<Vec<Effect>, Refusal> {
    let old = running.graph.clone();
    if let Some(hash) = other_graph(input) {
        running.graph = engine.graph(hash).await?;
    }
    let done = turn(engine, running, input).await;
    if running.task.graph != running.graph.hash {
        running.graph = if running.task.graph == old.hash {
            old
        } else {
            engine.graph(running.task.graph).await?
        };
    }
    done
}

/// Resolves when the engine goes down while this task's request still waits at a gate: nothing of
/// it has left, and the next start finds the task again.
async fn stopped_at_gate(engine: &Engine, id: &Arc<str>) {
    let mut stop = engine.stop_signal.subscribe();
    let _ = stop.wait_for(|stop| *stop).await;
    let waits = engine.at_gates.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id);
    if !waits {
        std::future::pending::<()>().await;
    }
}

async fn sent(
    engine: &Engine,
    running: &Running,
    ask: Box<Ask>,
    request: &tenon_kit::Request,
) -> Input {
    let flow: Arc<str> = Arc::from(running.task.flow.as_str());
    let reading = match engine.connections.get(&ask.connection) {
        Some(connection) => {
            perform(
                engine,
                connection,
                Errand { flow: &flow, operation: &ask.operation, request, task: Some(&running.id) },
            )
            .await
        }
        None => not_sent(Fault::new(
            codes::CONNECTION_UNKNOWN,
            Class::Missing,
            format!("there is no connection `{}`", ask.connection),
        )),
    };
    Input::Answered { ask, reading: Box::new(reading) }
}

async fn follow(
    engine: &Arc<Engine>,
    running: &Running,
    effect: Effect,
    next: &mut VecDeque<Next>,
) {
    match effect {
        Effect::Send { ask, .. } if crate::upkeep::looks_first(engine, &running.task, &ask) => {
            let input = Input::Restored { now_ms: engine.seam.now_ms() };
            next.push_back(Next::Turn(Box::new(input)));
        }
        Effect::Send { ask, request } => next.push_back(Next::Send(ask, request)),
        Effect::Continue => next.push_back(Next::Turn(Box::new(Input::Continue))),
        Effect::WatchChild { child } => {
            let id: Arc<str> = Arc::from(child.0.as_str());
            match load(engine, &id).await {
                Ok(found) if found.task.state.is_ended() => {
                    let state = found.task.state;
                    next.push_back(Next::Turn(Box::new(Input::ChildEnded { child, state })));
                }
                Ok(_) => {}
                Err(refusal) => {
                    tracing::error!(task = %running.id, %refusal, "a child cannot be found");
                }
            }
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
