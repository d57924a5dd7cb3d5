//! A dry run: performs reads, renders every write, sends and stores nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tenon_kit::{Operation, Reading, Request};
use tenon_machine::{Ask, Created, Effect, Input, Task, TaskId, Trigger};
use tenon_value::{Class, Fault, Record, Value, json};

use crate::codes;
use crate::engine::{Engine, Integration, Runtime};
use crate::gate::Urgency;
use crate::intake::StartFlow;
use crate::perform::{Errand, not_sent, perform};
use crate::refusal::Refusal;
use crate::rows;
use crate::turn::{Running, decided};
use crate::work::is_settled;

impl Runtime {
    /// Runs a flow for one record as it would be, with its children, and reports every write it
    /// would have sent and how it would have ended.
    ///
    /// # Errors
    /// When there is no such flow, or stored state cannot be read.
    pub async fn dry_run(&self, start: StartFlow<'_>) -> Result<Value, Refusal> {
        let engine = self.engine();
        let (integration, graph) = engine.of_flow(start.integration, start.flow)?;
        let created = Created {
            flow: start.flow.to_owned(),
            graph,
            record: start.record.to_owned(),
            trigger: Trigger::Manual { by: "dry run".to_owned() },
            lane: String::new(),
            given: Value::record(Record::new()),
        };
        let mut writes = Vec::new();
        let mut runs = Vec::new();
        let mut ends = Vec::new();
        let mut todo = VecDeque::from([created]);
        // A flow that runs itself for ever would be refused by the checker; this holds it in any case.
        for _ in 0..100 {
            let Some(created) = todo.pop_front() else { break };
            let (flow, record) = (created.flow.clone(), created.record.clone());
            let end = one(engine, &integration, created, &mut writes, &mut todo).await?;
            if flow != start.flow {
                runs.push(Value::of([
                    ("flow", Value::from(flow)),
                    ("record", Value::from(record)),
                ]));
            }
            ends.push(end);
        }
        Ok(Value::of([
            ("end", ends.first().cloned().unwrap_or(Value::Missing)),
            ("would_send", Value::list(writes)),
            ("would_run", Value::list(runs)),
            ("ends", Value::list(ends)),
        ]))
    }
}

async fn one(
    engine: &Arc<Engine>,
    integration: &Arc<Integration>,
    mut created: Created,
    writes: &mut Vec<Value>,
    todo: &mut VecDeque<Created>,
) -> Result<Value, Refusal> {
    let (_, hash) = engine.of_flow(Some(&integration.deployment.integration), &created.flow)?;
    created.graph = hash;
    let id: Arc<str> = Arc::from("task_dry_run");
    let task = Task::new(TaskId(id.to_string()), engine.seam.now_ms(), created);
    let flow: Arc<str> = Arc::from(task.flow.as_str());
    let graph = engine.graph(hash).await?;
    let integration = integration.clone();
    let urgency = Urgency::Live;
    let mut running = Running { id, task, graph, pinned: None, integration, urgency, trail: None };
    let mut next = VecDeque::from([Input::Start]);
    while let Some(input) = next.pop_front() {
        let decision = decided(engine, &running, &input, &BTreeMap::new(), true).await?;
        running.task = decision.task;
        for effect in decision.effects {
            match effect {
                Effect::Send { ask, request } => {
                    let reading = read(engine, &flow, (&ask, &request)).await?;
                    next.push_back(Input::Answered { ask, reading: Box::new(reading) });
                }
                Effect::Continue => next.push_back(Input::Continue),
                Effect::WouldSend { step, connection, operation, request } => {
                    writes.push(write_value(
                        &running.task.flow,
                        &step,
                        &connection,
                        (&operation, &request),
                    ));
                }
                Effect::WouldRun { created, .. } => todo.push_back(*created),
                Effect::WatchChild { .. }
                | Effect::WatchPage { .. }
                | Effect::RetryChild { .. } => {}
            }
        }
        if is_settled(&running.task.state) {
            break;
        }
    }
    let row = rows::summary(&running.task, &running.integration);
    let warnings = running.task.warnings.iter().map(|w| Value::text(w)).collect();
    Ok(crate::operate::tasks::summary(&row).with("warnings", Value::list(warnings)))
}

/// Performs a read. A write never leaves here, whatever the decision says.
pub(crate) async fn read(
    engine: &Engine,
    flow: &Arc<str>,
    (ask, request): (&Ask, &Request),
) -> Result<Reading, Refusal> {
    if request.writes {
        let message = format!("step {} of {flow} was about to send {}", ask.step, request.path);
        return Ok(not_sent(
            Fault::new(codes::DRY_RUN, Class::Defect, message)
                .hint("report it: a dry run must take a write as done; nothing was sent"),
        ));
    }
    let connection = engine.connection(&ask.connection)?;
    let operation = &ask.operation;
    let errand = Errand { urgency: Urgency::Live, flow, operation, request, task: None };
    Ok(perform(engine, connection, errand).await)
}

fn write_value(flow: &str, step: &str, connection: &str, asked: (&Operation, &Request)) -> Value {
    let (operation, request) = asked;
    let (what, resource, record) = match operation {
        Operation::Create { resource, record } => ("create", resource.as_str(), record.clone()),
        Operation::Update { resource, record, .. } => ("update", resource.as_str(), record.clone()),
        Operation::Action { resource, action, .. } => {
            (action.as_str(), resource.as_str(), Value::Missing)
        }
        _ => ("ask", "", Value::Missing),
    };
    let body = request
        .body
        .as_deref()
        .map_or(Value::Missing, |body| json::read(body).unwrap_or_else(|_| Value::text(body)));
    Value::of([
        ("flow", Value::text(flow)),
        ("step", Value::text(step)),
        ("connection", Value::text(connection)),
        ("what", Value::text(what)),
        ("resource", Value::text(resource)),
        ("record", record),
        ("method", Value::text(&request.method)),
        ("path", Value::text(&request.path)),
        ("body", body),
    ])
}
