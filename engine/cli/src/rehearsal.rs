//! A flow run in this process with told answers: no network, no store, and no waiting.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tenon_flow::test_documents::{FlowCase, FlowEnd, Sent, Told};
use tenon_kit::{LimitNews, Operation, Outcome, Reading};
use tenon_machine::{
    Ask, Change, Created, Decision, Effect, Input, Link, LoadedGraph, Origin, ReadKey, Reads,
    Reason, State, System, Task, TaskId, Trigger, World, decide,
};
use tenon_value::{Class, Fault, Record, Value};

use crate::project::Connectors;

/// Inputs a task takes at most before it counts as one that never rests.
const MOST_INPUTS: usize = 2_000;

/// Fault of a task whose child failed; the child's own says more.
const CHILD_FAILED: &str = "CHILD_FAILED";

/// Runs a flow for a record to where it rests.
///
/// # Errors
/// When it can't be run: a graph this build can't load, or a read without an answer.
pub fn run(case: &FlowCase<'_>, connectors: &Connectors) -> Result<FlowEnd, String> {
    let connections = case.integration.connections.iter();
    let systems: BTreeMap<String, Arc<dyn System>> = connections
        .filter_map(|(name, c)| {
            let connector: Arc<dyn System> = connectors.get(&c.connector).cloned()?;
            Some((name.clone(), connector))
        })
        .collect();
    let mut rehearsal = Rehearsal {
        case,
        systems,
        stored: Stored::default(),
        now_ms: case.started_at.timestamp_millis(),
        answers: Answers::of(&case.answers),
        requests: Vec::new(),
        warnings: Vec::new(),
        walked: BTreeSet::new(),
        child_fault: None,
        tasks: BTreeMap::new(),
    };
    let created = rehearsal.created()?;
    let id = TaskId("task_test".to_owned());
    let state = rehearsal.task(&id, created)?;
    Ok(rehearsal.end(&state))
}

/// What tasks of the rehearsal stored.
#[derive(Default)]
struct Stored {
    links: BTreeMap<(String, String), Link>,
    sent: BTreeMap<(String, String), Value>,
    locks: BTreeMap<String, TaskId>,
}

struct AtHand<'a> {
    told: &'a Told,
    stored: &'a Stored,
}

impl Reads for AtHand<'_> {
    fn value(&self, key: &ReadKey) -> Option<Value> {
        if let ReadKey::Sent { entity, id } = key
            && let Some(document) = self.stored.sent.get(&(entity.clone(), id.clone()))
        {
            return Some(document.clone());
        }
        Some(self.told.value(key))
    }

    fn link(&self, entity: &str, id: &str) -> Option<Option<Link>> {
        let (entity, id) = (entity.to_owned(), id.to_owned());
        if let Some(link) = self.stored.links.get(&(entity.clone(), id.clone())) {
            return Some(Some(link.clone()));
        }
        let target = self.told.value(&ReadKey::Reference { entity, id }).plain();
        Some(target.map(|target| Link { target, origin: Origin::Ours }))
    }
}

struct Rehearsal<'a> {
    case: &'a FlowCase<'a>,
    systems: BTreeMap<String, Arc<dyn System>>,
    stored: Stored,
    now_ms: i64,
    answers: Answers,
    requests: Vec<Sent>,
    warnings: Vec<String>,
    /// Steps that ran or were passed over, by flow.
    walked: BTreeSet<(String, (u32, bool))>,
    /// The fault of the child that failed first.
    child_fault: Option<Fault>,
    /// Where child tasks rest.
    tasks: BTreeMap<TaskId, State>,
}

impl Rehearsal<'_> {
    fn graph(&self, flow: &str) -> Result<LoadedGraph, String> {
        let graph = self.case.integration.graphs.get(flow);
        let graph = graph.ok_or_else(|| format!("there is no flow `{flow}`"))?;
        LoadedGraph::load(graph).map_err(|e| e.to_string())
    }

    fn created(&self) -> Result<Created, String> {
        let graph = self.graph(self.case.flow)?;
        let from = &graph.graph.from;
        let record = self.case.given.field(&from.resource);
        let system = self.systems.get(&from.connection);
        let key = system.and_then(|system| system.key_of(&from.resource, record));
        let record = key.ok_or_else(|| format!("the {} of the test has no key", from.resource))?;
        Ok(Created {
            flow: self.case.flow.to_owned(),
            graph: graph.hash,
            lane: record.clone(),
            record,
            trigger: Trigger::Manual { by: "test".to_owned() },
            given: self.case.given.clone(),
        })
    }

    /// Runs a task to where it rests.
    fn task(&mut self, id: &TaskId, mut created: Created) -> Result<State, String> {
        let graph = self.graph(&created.flow)?;
        created.graph = graph.hash;
        let mut task = Task::new(id.clone(), self.now_ms, created);
        let mut inputs = VecDeque::from([Input::Start]);
        for _ in 0..MOST_INPUTS {
            let input = match (inputs.pop_front(), task.wake_at_ms()) {
                (Some(input), _) => input,
                (None, Some(at_ms)) => {
                    self.now_ms = self.now_ms.max(at_ms);
                    Input::TimerFired
                }
                (None, None) => {
                    self.warnings.append(&mut task.warnings);
                    self.tasks.insert(id.clone(), task.state.clone());
                    return Ok(task.state);
                }
            };
            let decision = self.decide(&graph, &task, &input);
            self.walked.extend(decision.walked.iter().map(|way| (task.flow.clone(), *way)));
            self.commit(id, &decision)?;
            task = decision.task;
            for effect in decision.effects {
                inputs.extend(self.perform(effect)?);
            }
        }
        Err(format!("flow {} comes to no rest", task.flow))
    }

    fn decide(&self, graph: &LoadedGraph, task: &Task, input: &Input) -> Decision {
        let reads = AtHand { told: self.case.told, stored: &self.stored };
        let mut held = BTreeMap::new();
        loop {
            let world = World {
                graph,
                pinned: None,
                systems: &self.systems,
                reads: &reads,
                held: &held,
                now_ms: self.now_ms,
                dry_run: false,
            };
            let decision = decide(&world, task, input);
            let holder = decision.changes.iter().find_map(|change| match change {
                Change::Lock { key } if !held.contains_key(key) => {
                    Some((key.clone(), self.stored.locks.get(key)?.clone()))
                }
                _ => None,
            });
            match holder {
                Some((key, by)) => drop(held.insert(key, by)),
                None => return decision,
            }
        }
    }

    /// Stores what a decision changes, and runs its child tasks.
    fn commit(&mut self, id: &TaskId, decision: &Decision) -> Result<(), String> {
        for change in &decision.changes {
            match change.clone() {
                Change::Reference { entity, id, link, .. } => {
                    self.stored.links.insert((entity, id), link);
                }
                Change::Unlink { entity, id } => {
                    self.stored.links.remove(&(entity.clone(), id.clone()));
                    self.stored.sent.remove(&(entity, id));
                }
                Change::Sent { entity, id, document, .. } => {
                    self.stored.sent.insert((entity, id), document);
                }
                Change::Lock { key } => drop(self.stored.locks.insert(key, id.clone())),
                Change::Unlock { key } => drop(self.stored.locks.remove(&key)),
                Change::Child { id, created } => {
                    let state = self.task(&id, *created)?;
                    let fault = state.fault().filter(|fault| fault.code != CHILD_FAILED);
                    if matches!(state, State::Failed(_)) && self.child_fault.is_none() {
                        self.child_fault = fault.cloned();
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What follows from an effect.
    fn perform(&mut self, effect: Effect) -> Result<Option<Input>, String> {
        match effect {
            Effect::Send { ask, request } => {
                if request.writes {
                    let request = format!("{} {}", request.method, request.path);
                    self.requests.push(sent(&ask, request));
                }
                let outcome = self.answer(&ask)?;
                let reading = Reading { outcome, limits: LimitNews::default(), warnings: vec![] };
                Ok(Some(Input::Answered { ask, reading: Box::new(reading) }))
            }
            Effect::Continue => Ok(Some(Input::Continue)),
            Effect::WatchChild { child } => {
                let state = self.tasks.get(&child).filter(|state| state.is_ended()).cloned();
                Ok(state.map(|state| Input::ChildEnded { child, state }))
            }
            Effect::WatchPage { step, from, children, .. } => {
                let end = |child| {
                    let state: Option<&State> = self.tasks.get(child);
                    let name = state.map_or("missing", State::name).to_owned();
                    (name, state.and_then(State::fault).cloned())
                };
                let ends = children.iter().map(end).collect();
                Ok(Some(Input::PageEnded { step, from, ends }))
            }
            _ => Ok(None),
        }
    }

    fn answer(&mut self, ask: &Ask) -> Result<Outcome, String> {
        let searches = matches!(ask.operation, Operation::Find { .. } | Operation::List { .. });
        if let Some(told) = self.answers.next(&ask.step, searches) {
            return outcome(&told, ask);
        }
        match &ask.operation {
            Operation::Find { .. } | Operation::List { .. } => {
                Ok(Outcome::Page { records: Vec::new(), next: None })
            }
            Operation::Create { resource, record } => {
                let system = self.systems.get(&ask.connection);
                let key = system.and_then(|system| system.key_field(resource));
                let made = format!("{}-{}", ask.step, self.requests.len());
                let key = key.filter(|key| record.field(key).is_absent());
                Ok(Outcome::Record(match key {
                    Some(key) => record.clone().with(&key, Value::text(&made)),
                    None => record.clone(),
                }))
            }
            Operation::Update { record, .. } => Ok(Outcome::Record(record.clone())),
            Operation::Action { resource, action, .. } => {
                let system = self.systems.get(&ask.connection);
                match system.and_then(|system| system.makes(resource, action)) {
                    None => Ok(Outcome::Record(Value::record(Record::new()))),
                    Some(_) => Err(unanswered(ask)),
                }
            }
            _ => Err(unanswered(ask)),
        }
    }

    fn end(self, state: &State) -> FlowEnd {
        let own = state.fault().cloned();
        let fault = match (own, self.child_fault) {
            (Some(own), Some(child)) if own.code == CHILD_FAILED => Some(child),
            (own, _) => own,
        };
        let because = match state {
            State::Skipped(because) => Some(because.clone()),
            _ => None,
        };
        let mut by_entity: BTreeMap<String, Record> = BTreeMap::new();
        for ((entity, id), link) in self.stored.links {
            by_entity.entry(entity).or_default().insert(id.into(), Value::text(&link.target));
        }
        let references = by_entity.into_iter().map(|(e, by_id)| (e.into(), Value::record(by_id)));
        FlowEnd {
            state: state.name().to_owned(),
            fault: fault.filter(|_| !matches!(state, State::Waiting(Reason::Retry { .. }))),
            because,
            requests: self.requests,
            references: Value::record(references.collect()),
            warnings: self.warnings,
            unasked: self.answers.unasked(),
            walked: self.walked,
        }
    }
}

fn unanswered(ask: &Ask) -> String {
    format!(
        "step `{}` asks for {}, and the test has no answer: add it under `answers:`",
        ask.step,
        named(&ask.connection, &ask.operation)
    )
}

/// A write as a test sees it.
fn sent(ask: &Ask, request: String) -> Sent {
    let record = match &ask.operation {
        Operation::Create { record, .. } | Operation::Update { record, .. } => record.clone(),
        Operation::Action { with, .. } => Value::record(
            with.iter().map(|(name, value)| (Arc::from(name.as_str()), value.clone())).collect(),
        ),
        _ => Value::Missing,
    };
    let operation = named(&ask.connection, &ask.operation);
    Sent { step: ask.step.clone(), operation, request, record }
}

/// An operation in the words of flows.
fn named(connection: &str, operation: &Operation) -> String {
    match operation {
        Operation::Get { resource, key } => format!("get {connection}.{resource} {key}"),
        Operation::List { resource, .. } => format!("list {connection}.{resource}"),
        Operation::Find { resource, field, value, .. } => {
            format!("find {connection}.{resource} {field}: {value}")
        }
        Operation::Create { resource, .. } => format!("create {connection}.{resource}"),
        Operation::Update { resource, key, .. } => format!("update {connection}.{resource} {key}"),
        Operation::Action { resource, action, key, .. } => {
            format!("call {connection}.{resource}.{action} {key}")
        }
        Operation::Rest { of, .. } => named(connection, of),
        Operation::Check { .. } => format!("check {connection}"),
    }
}

/// What a told answer means.
fn outcome(told: &Value, ask: &Ask) -> Result<Outcome, String> {
    if told.field("lost").as_bool() == Some(true) {
        let fault = Fault::new("ANSWER_LOST", Class::UnknownOutcome, "the answer was lost");
        return Ok(if ask.slot.is_none() {
            Outcome::Unknown(fault)
        } else {
            Outcome::Fault(fault)
        });
    }
    if let Some(code) = told.field("fault").as_text() {
        let class = match told.field("class").as_text() {
            Some(name) => Class::named(name)
                .ok_or_else(|| format!("answer of `{}`: there is no class `{name}`", ask.step))?,
            None => Class::Rejected,
        };
        let message = told.field("message").plain();
        let message = message.unwrap_or_else(|| "the test answers so".to_owned());
        return Ok(Outcome::Fault(Fault::new(code, class, message)));
    }
    if let Value::List(found) = told.field("found") {
        return Ok(Outcome::Page { records: found.to_vec(), next: None });
    }
    Ok(Outcome::Record(told.clone()))
}

/// Answers by step id. One answer stands for every get and write of its step, and searches find
/// nothing; a list is used up in the order the step asks, searches among them.
struct Answers {
    told: BTreeMap<String, Answer>,
    asked: BTreeSet<String>,
}

enum Answer {
    Always(Value),
    InOrder(VecDeque<Value>),
}

impl Answers {
    fn of(answers: &Value) -> Answers {
        let entries = answers.as_record().into_iter().flatten();
        let told = entries.map(|(step, value)| {
            let told = match value {
                Value::List(items) => Answer::InOrder(items.iter().cloned().collect()),
                one => Answer::Always(one.clone()),
            };
            (step.to_string(), told)
        });
        Answers { told: told.collect(), asked: BTreeSet::new() }
    }

    fn next(&mut self, step: &str, searches: bool) -> Option<Value> {
        let told = match self.told.get_mut(step)? {
            Answer::InOrder(left) => left.pop_front(),
            Answer::Always(one) if searches && one.field("found").is_absent() => None,
            Answer::Always(one) => Some(one.clone()),
        };
        if told.is_some() {
            self.asked.insert(step.to_owned());
        }
        told
    }

    fn unasked(&self) -> Vec<String> {
        self.told.keys().filter(|step| !self.asked.contains(*step)).cloned().collect()
    }
}
