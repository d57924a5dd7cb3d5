//! A task run again in memory: reads are answered from what was recorded, writes by what they gave then.
//! Nothing is asked of any system, and nothing is stored.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tenon_kit::{LimitNews, Operation, Outcome, Reading, Request};
use tenon_machine::{
    Ask, Change, Created, Decision, Effect, Input, Link, LoadedGraph, Origin, ReadKey, Reads,
    Reason, State, System, Task, TaskId, Verb, World, decide,
};
use tenon_value::{Fault, Record, Value};

use super::book::{Recorded, Written};
use crate::live::Values;

/// Most inputs of one task.
const MOST_INPUTS: usize = 20_000;
/// Deepest family.
const DEEPEST: usize = 16;

/// What a replay goes by.
pub(super) struct Ground<'a> {
    /// Graphs by flow.
    pub(super) graphs: &'a BTreeMap<String, Arc<LoadedGraph>>,
    pub(super) systems: &'a BTreeMap<String, Arc<dyn System>>,
    /// Settings and tables of these documents, and of those that ran.
    pub(super) values: &'a Values,
    pub(super) values_then: &'a Values,
    /// What was asked of systems then, by what it was; none where this replay is to learn it.
    pub(super) answers: Option<&'a Answers>,
    /// Children run too; otherwise they ended as they did.
    pub(super) runs_children: bool,
}

/// What systems said, by connection and operation, in the order they were asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers(BTreeMap<String, VecDeque<Value>>);

impl Answers {
    fn name(ask: &Ask) -> String {
        format!("{} {:?}", ask.connection, ask.operation)
    }

    fn learn(&mut self, ask: &Ask, value: &Value) {
        self.0.entry(Answers::name(ask)).or_default().push_back(value.clone());
    }

    pub(super) fn join(&mut self, other: Answers) {
        for (name, values) in other.0 {
            self.0.entry(name).or_default().extend(values);
        }
    }
}

/// A write of a replay, with the one that was really made in its place.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) flow: String,
    pub(super) step: String,
    pub(super) connection: String,
    pub(super) operation: Operation,
    pub(super) request: Request,
    pub(super) then: Option<Written>,
}

/// What came of a replay.
#[derive(Debug, Default)]
pub(super) struct Ran {
    pub(super) state: Option<State>,
    pub(super) made: Vec<Made>,
    /// Writes that were made then and not now.
    pub(super) left_out: Vec<(String, Written)>,
    /// What was asked, and what was said.
    pub(super) learned: Answers,
    /// Why it could not go on: nobody asked that then.
    pub(super) unknown: Option<String>,
    /// What it lacks of stored state, and the task that does.
    pub(super) needs: Option<(String, ReadKey)>,
}

/// A family of tasks under way.
pub(super) struct Replay<'a> {
    ground: &'a Ground<'a>,
    answers: Answers,
    links: BTreeMap<(String, String), Option<Link>>,
    sent: BTreeMap<(String, String), Value>,
    ran: Ran,
    now_ms: i64,
    depth: usize,
}

impl<'a> Replay<'a> {
    /// Runs a task and, where asked, its children.
    pub(super) fn of(ground: &'a Ground<'a>, recorded: &Recorded) -> Ran {
        let mut replay = Replay {
            ground,
            answers: ground.answers.cloned().unwrap_or_default(),
            links: BTreeMap::new(),
            sent: BTreeMap::new(),
            ran: Ran::default(),
            now_ms: recorded.created_ms,
            depth: 0,
        };
        let id = TaskId(recorded.row.id.clone());
        let state = replay.task(id, recorded.created.clone(), recorded);
        match state {
            Ok(state) => replay.ran.state = Some(state),
            Err(unknown) => replay.ran.unknown = Some(unknown),
        }
        replay.ran
    }

    fn task(
        &mut self,
        id: TaskId,
        mut created: Created,
        recorded: &Recorded,
    ) -> Result<State, String> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEEPEST {
            return Err("its children have children without end".to_owned());
        }
        let graph = self.ground.graphs.get(&created.flow).cloned();
        let graph = graph.ok_or_else(|| format!("there is no flow {}", created.flow))?;
        created.graph = graph.hash;
        let mut run = Run {
            graph,
            recorded,
            reads: recorded.reads.clone(),
            open: recorded.writes.clone(),
            ends: BTreeMap::new(),
        };
        let mut task = Task::new(id, recorded.created_ms, created);
        let mut inputs: VecDeque<Input> =
            recorded.signals.iter().map(|(name, value)| signal(name, value)).collect();
        inputs.push_back(Input::Start);
        let state = self.moves(&mut run, &mut task, inputs);
        let flow = recorded.created.flow.clone();
        let open = run.open.into_iter().filter(|write| write.gave.is_some());
        self.ran.left_out.extend(open.map(|write| (flow.clone(), write)));
        self.depth = self.depth.saturating_sub(1);
        state
    }

    fn moves(
        &mut self,
        run: &mut Run<'_>,
        task: &mut Task,
        mut inputs: VecDeque<Input>,
    ) -> Result<State, String> {
        for _ in 0..MOST_INPUTS {
            if task.state.is_ended() {
                return Ok(task.state.clone());
            }
            let input = match (inputs.pop_front(), task.wake_at_ms()) {
                (Some(input), _) => input,
                (None, Some(at_ms)) => {
                    self.now_ms = self.now_ms.max(at_ms);
                    Input::TimerFired
                }
                (None, None) => return Ok(task.state.clone()),
            };
            let decision = self.decide(run, task, &input);
            if let Some(key) = decision.need.first() {
                self.ran.needs = Some((run.recorded.row.id.clone(), key.clone()));
                return Err(format!("it looks up {}, which was not looked up then", named(key)));
            }
            self.commit(run, &decision)?;
            *task = decision.task;
            for effect in decision.effects {
                inputs.extend(self.perform(run, effect)?);
            }
        }
        Err("it comes to no rest".to_owned())
    }

    fn decide(&self, run: &Run<'_>, task: &Task, input: &Input) -> Decision {
        let reads = Then { replay: self, recorded: run.recorded };
        let held = BTreeMap::new();
        let world = World {
            graph: &run.graph,
            pinned: None,
            systems: self.ground.systems,
            reads: &reads,
            held: &held,
            now_ms: self.now_ms,
            dry_run: false,
        };
        decide(&world, task, input)
    }

    fn commit(&mut self, run: &mut Run<'_>, decision: &Decision) -> Result<(), String> {
        for change in &decision.changes {
            match change.clone() {
                Change::Reference { entity, id, link, .. } => {
                    self.links.insert((entity, id), Some(link));
                }
                Change::Unlink { entity, id } => {
                    self.links.insert((entity.clone(), id.clone()), None);
                    self.sent.insert((entity, id), Value::Missing);
                }
                Change::Sent { entity, id, document, .. } => {
                    self.sent.insert((entity, id), document);
                }
                Change::Child { id, created } => {
                    let state = self.child(run, &id, *created)?;
                    run.ends.insert(id, state);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn child(&mut self, run: &Run<'_>, id: &TaskId, mut created: Created) -> Result<State, String> {
        if !self.ground.runs_children {
            let child = run.recorded.children.iter().find(|child| child.row.id == id.0);
            return child.map(ended).ok_or_else(|| format!("child task {id} is not kept"));
        }
        if let Some(graph) = self.ground.graphs.get(&created.flow) {
            created.record = graph.child_record(&created, self.ground.systems);
        }
        let recorded = run.recorded.child(&created.flow, &created.record).ok_or_else(|| {
            format!("it runs flow {} for {}, which it did not then", created.flow, created.record)
        })?;
        self.task(id.clone(), created, recorded)
    }

    fn perform(&mut self, run: &mut Run<'_>, effect: Effect) -> Result<Option<Input>, String> {
        Ok(match effect {
            Effect::Send { ask, request } => {
                let outcome = match request.writes {
                    true => self.write(run, &ask, *request)?,
                    false => self.read(run, &ask)?,
                };
                let reading = Reading { outcome, limits: LimitNews::default(), warnings: vec![] };
                Some(Input::Answered { ask, reading: Box::new(reading) })
            }
            Effect::Continue => Some(Input::Continue),
            Effect::WatchChild { child } => {
                let state = run.ends.get(&child).filter(|state| state.is_ended()).cloned();
                state.map(|state| Input::ChildEnded { child, state })
            }
            Effect::WatchPage { step, from, children, .. } => {
                let end = |child: &TaskId| {
                    let state = run.ends.get(child);
                    let name = state.map_or("missing", State::name).to_owned();
                    (name, state.and_then(State::fault).cloned())
                };
                let ends = children.iter().map(end).collect();
                Some(Input::PageEnded { step, from, ends })
            }
            _ => None,
        })
    }

    fn read(&mut self, run: &mut Run<'_>, ask: &Ask) -> Result<Outcome, String> {
        let value = match self.ground.answers {
            Some(_) => next(self.answers.0.get_mut(&Answers::name(ask))),
            None => {
                let key = (ask.step.clone(), ask.slot.clone().unwrap_or_default());
                next(run.reads.get_mut(&key))
            }
        };
        let value = value.ok_or_else(|| {
            format!(
                "step {} asks {} for {}, which was not asked then",
                ask.step,
                ask.connection,
                asked(&ask.operation)
            )
        })?;
        self.ran.learned.learn(ask, &value);
        Ok(match value {
            Value::List(records) => Outcome::Page { records: records.to_vec(), next: None },
            record => Outcome::Record(record),
        })
    }

    fn write(&mut self, run: &mut Run<'_>, ask: &Ask, request: Request) -> Result<Outcome, String> {
        let place = run
            .open
            .iter()
            .position(|then| then.step == ask.step && is_like(then, ask))
            .or_else(|| run.open.iter().position(|then| is_like(then, ask)));
        let then = place.map(|at| run.open.remove(at));
        self.ran.made.push(Made {
            flow: run.recorded.created.flow.clone(),
            step: ask.step.clone(),
            connection: ask.connection.clone(),
            operation: ask.operation.clone(),
            request,
            then: then.clone(),
        });
        match then {
            Some(Written { gave: Some(record), .. }) => Ok(Outcome::Record(record)),
            Some(Written { refused: Some(fault), .. }) => Ok(Outcome::Fault(fault)),
            Some(_) => Err(format!("what the write of step {} came to is not known", ask.step)),
            None => self.as_if_done(ask),
        }
    }

    /// The answer of a write that nobody made, as far as it can be told.
    fn as_if_done(&self, ask: &Ask) -> Result<Outcome, String> {
        let system = self.ground.systems.get(&ask.connection);
        let record = match &ask.operation {
            Operation::Create { resource, record } => {
                let key = system.and_then(|system| system.key_field(resource));
                match key.filter(|key| record.field(key).is_absent()) {
                    Some(key) => record.clone().with(&key, Value::text("(not made)")),
                    None => record.clone(),
                }
            }
            Operation::Update { record, .. } => record.clone(),
            Operation::Action { resource, action, .. }
                if system.is_some_and(|system| system.makes(resource, action).is_none()) =>
            {
                Value::record(Record::new())
            }
            _ => {
                return Err(format!(
                    "what the new write of step {} would give is not known",
                    ask.step
                ));
            }
        };
        Ok(Outcome::Record(record))
    }
}

/// One task of a replay.
struct Run<'r> {
    graph: Arc<LoadedGraph>,
    recorded: &'r Recorded,
    reads: BTreeMap<(String, String), VecDeque<Value>>,
    /// Writes that were made then, and have no counterpart yet.
    open: Vec<Written>,
    ends: BTreeMap<TaskId, State>,
}

/// The next value; the last one stays.
fn next(values: Option<&mut VecDeque<Value>>) -> Option<Value> {
    let values = values?;
    if values.len() > 1 { values.pop_front() } else { values.front().cloned() }
}

fn signal(name: &str, value: &Value) -> Input {
    let verb = Verb::Signal { name: name.to_owned(), value: value.clone() };
    Input::Verb { verb, by: "shadow run".to_owned(), why: String::new() }
}

/// How a recorded child ended.
fn ended(child: &Recorded) -> State {
    let fault = child.row.fault.as_deref().and_then(|fault| tenon_value::json::read(fault).ok());
    match child.row.state.as_str() {
        "done" => State::Done,
        "skipped" => State::Skipped(String::new()),
        "cancelled" => State::Cancelled { by: String::new(), why: String::new() },
        _ => {
            let fault = Fault::from_value(&fault.unwrap_or_default());
            State::Failed(Reason::Fault { step: String::new(), fault })
        }
    }
}

/// Whether a write is of the same kind on the same thing.
fn is_like(then: &Written, ask: &Ask) -> bool {
    then.connection == ask.connection
        && match (&then.operation, &ask.operation) {
            (Operation::Create { resource: a, .. }, Operation::Create { resource: b, .. })
            | (Operation::Update { resource: a, .. }, Operation::Update { resource: b, .. }) => {
                a == b
            }
            (
                Operation::Action { resource: a, action: c, .. },
                Operation::Action { resource: b, action: d, .. },
            ) => (a, c) == (b, d),
            _ => false,
        }
}

/// Stored state as it was read then; what these documents say otherwise is as they say it.
struct Then<'r> {
    replay: &'r Replay<'r>,
    recorded: &'r Recorded,
}

impl Reads for Then<'_> {
    fn value(&self, key: &ReadKey) -> Option<Value> {
        let ground = self.replay.ground;
        let of = |values: &Values| match key {
            ReadKey::Lookup { table, key } => Some(values.lookup(table, key)),
            ReadKey::Setting { name } => Some(values.setting(name)),
            _ => None,
        };
        if let (Some(now), Some(then)) = (of(ground.values), of(ground.values_then)) {
            let recorded = self.recorded.looked.get(key).filter(|_| now == then);
            return Some(recorded.cloned().unwrap_or(now));
        }
        if let ReadKey::Sent { entity, id } = key
            && let Some(document) = self.replay.sent.get(&(entity.clone(), id.clone()))
        {
            return Some(document.clone());
        }
        if let Some(value) = self.recorded.looked.get(key) {
            return Some(value.clone());
        }
        let ReadKey::Sent { entity, id } = key else { return None };
        let before = self.recorded.before.get(&(entity.clone(), id.clone()))?;
        Some(before.1.clone())
    }

    fn link(&self, entity: &str, id: &str) -> Option<Option<Link>> {
        let (entity, id) = (entity.to_owned(), id.to_owned());
        if let Some(link) = self.replay.links.get(&(entity.clone(), id.clone())) {
            return Some(link.clone());
        }
        let key = ReadKey::Reference { entity: entity.clone(), id: id.clone() };
        let Some(recorded) = self.recorded.looked.get(&key) else {
            return self.recorded.before.get(&(entity, id)).map(|before| before.0.clone());
        };
        let target = recorded.field("target").as_text().map(str::to_owned);
        let origin = recorded.field("origin").as_text().and_then(Origin::named);
        Some(target.zip(origin).map(|(target, origin)| Link { target, origin }))
    }
}

fn named(key: &ReadKey) -> String {
    match key {
        ReadKey::Lookup { table, .. } => format!("a row of table {table}"),
        ReadKey::Setting { name } => format!("setting {name}"),
        ReadKey::Reference { entity, id } | ReadKey::References { entity, id } => {
            format!("the reference of {entity} {id}")
        }
        ReadKey::Sent { entity, id } => format!("what was sent for {entity} {id}"),
    }
}

/// An operation in the words of flows.
pub(super) fn asked(operation: &Operation) -> String {
    match operation {
        Operation::Get { resource, key } => format!("{resource} {key}"),
        Operation::List { resource, .. } => format!("a list of {resource}"),
        Operation::Find { resource, field, value, .. } => {
            format!("{resource} with {field} {value}")
        }
        Operation::Create { resource, .. } => format!("create {resource}"),
        Operation::Update { resource, key, .. } => format!("update {resource} {key}"),
        Operation::Action { resource, action, key, .. } => format!("{action} {resource} {key}"),
        Operation::Rest { of, .. } => asked(of),
        Operation::Check { .. } => "a check".to_owned(),
    }
}
