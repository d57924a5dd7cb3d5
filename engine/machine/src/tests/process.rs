//! A process that runs one task (and its children's outcomes by hand) on a store in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tenon_graph::{Graph, GraphHash};
use tenon_value::Value;

use super::outside::{Outside, Peer};
use crate::{
    Change, Created, Decision, Effect, Event, Input, Link, LoadedGraph, ReadKey, Reads, State,
    System, Task, TaskId, Trigger, What, World, decide, picture,
};

/// What is on disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    pub(super) journal: Vec<Vec<u8>>,
    pub(super) links: BTreeMap<(String, String), Link>,
    pub(super) sent: BTreeMap<(String, String), Value>,
    pub(super) locks: BTreeMap<String, TaskId>,
    pub(super) settings: BTreeMap<String, Value>,
    pub(super) terms: BTreeMap<String, Value>,
    pub(super) audit: Vec<String>,
    pub(super) children: Vec<TaskId>,
}

/// Stored state is at hand only after it was asked for.
struct AtHand<'d> {
    disk: &'d Disk,
    fetched: Vec<ReadKey>,
}

impl Reads for AtHand<'_> {
    fn value(&self, key: &ReadKey) -> Option<Value> {
        self.fetched
            .contains(key)
            .then(|| match key {
                ReadKey::Setting { name } => self.disk.settings.get(&**name).cloned(),
                ReadKey::Sent { entity, id } => {
                    self.disk.sent.get(&(entity.clone(), id.clone())).cloned()
                }
                ReadKey::Lookup { key, .. } => {
                    let key = key.as_text().or(key.field("method").as_text()).unwrap_or_default();
                    self.disk.terms.get(key).cloned()
                }
                ReadKey::Reference { .. } | ReadKey::References { .. } => None,
            })
            .map(Option::unwrap_or_default)
    }

    fn link(&self, entity: &str, id: &str) -> Option<Option<Link>> {
        let (entity, id) = (entity.to_owned(), id.to_owned());
        let key = ReadKey::Reference { entity: entity.clone(), id: id.clone() };
        self.fetched.contains(&key).then(|| self.disk.links.get(&(entity, id)).cloned())
    }
}

/// A moment after a commit at which the process may die.
#[derive(Clone)]
pub(super) struct Moment {
    pub(super) disk: Disk,
    pub(super) outside: Outside,
    pub(super) now_ms: i64,
}

/// The process.
pub(super) struct Process {
    pub(super) graph: LoadedGraph,
    /// The graph of the task, where another was deployed.
    pinned: Option<LoadedGraph>,
    systems: BTreeMap<String, Arc<dyn System>>,
    pub(super) disk: Disk,
    pub(super) outside: Outside,
    pub(super) now_ms: i64,
    pub(super) task: Task,
    pub(super) dry_run: bool,
    inputs: VecDeque<Input>,
    /// Which of the inputs that came is taken next; the first when there is nothing here.
    pub(super) draws: VecDeque<usize>,
    /// Every moment after a commit, before and after its effects.
    pub(super) moments: Vec<Moment>,
    pub(super) keeps_moments: bool,
    /// Effects that are answered by hand.
    pub(super) left: Vec<Effect>,
}

pub(super) fn systems() -> BTreeMap<String, Arc<dyn System>> {
    let peer: Arc<dyn System> = Arc::new(Peer);
    BTreeMap::from([("shop".to_owned(), Arc::clone(&peer)), ("ledger".to_owned(), peer)])
}

pub(super) fn an_order() -> Value {
    let customer = Value::of([
        ("id", "c-1".into()),
        ("email", "kim@example.org".into()),
        ("name", "Kim".into()),
    ]);
    Value::of([
        ("id", "o-1".into()),
        ("name", "#1001".into()),
        ("total", Value::from(125_i64)),
        ("method", "card".into()),
        ("paid", true.into()),
        ("test", false.into()),
        ("customer", customer),
    ])
}

impl Process {
    pub(super) fn new(graph: &Graph) -> Process {
        let graph = LoadedGraph::load(graph).unwrap();
        let created = Created {
            flow: graph.graph.flow.clone(),
            graph: graph.hash,
            record: "o-1".to_owned(),
            trigger: Trigger::Manual { by: "kim".to_owned() },
            lane: "shop/order/o-1".to_owned(),
            given: Value::record(tenon_value::Record::new()),
        };
        let now_ms = 1_764_000_000_000;
        let id = TaskId("task_1".to_owned());
        let first = Event::at(now_ms, What::Created(created.clone()));
        let mut disk = Disk { journal: vec![first.encode()], ..Disk::default() };
        disk.terms.insert("card".to_owned(), "30 days".into());
        let mut outside = Outside::default();
        outside.shop.insert("o-1".to_owned(), an_order());
        Process {
            task: Task::new(id, now_ms, created),
            graph,
            pinned: None,
            systems: systems(),
            disk,
            outside,
            now_ms,
            dry_run: false,
            inputs: VecDeque::new(),
            draws: VecDeque::new(),
            moments: Vec::new(),
            keeps_moments: true,
            left: Vec::new(),
        }
    }

    /// Another process takes over what this one left on disk.
    pub(super) fn after_death(graph: &Graph, moment: &Moment) -> Process {
        let mut process = Process::new(graph);
        process.disk = moment.disk.clone();
        process.outside = moment.outside.clone();
        process.now_ms = moment.now_ms + 1_000;
        process.task = process.fold();
        if process.task.state == State::Queued {
            process.input(Input::Start);
        } else {
            let process_started_ms = process.now_ms;
            process.input(Input::Recovered { process_started_ms });
        }
        process
    }

    pub(super) fn fold(&self) -> Task {
        let journal = self.disk.journal.iter().map(Vec::as_slice);
        Task::load(TaskId("task_1".to_owned()), journal).unwrap()
    }

    pub(super) fn start(&mut self) -> &mut Process {
        self.input(Input::Start);
        self.run();
        self
    }

    pub(super) fn input(&mut self, input: Input) {
        self.inputs.push_back(input);
    }

    pub(super) fn decide(&self, input: &Input) -> Decision {
        let mut reads = AtHand { disk: &self.disk, fetched: Vec::new() };
        let mut held = BTreeMap::new();
        loop {
            let world = World {
                graph: &self.graph,
                pinned: self.pinned.as_ref(),
                systems: &self.systems,
                reads: &reads,
                held: &held,
                now_ms: self.now_ms,
                dry_run: self.dry_run,
            };
            let decision = decide(&world, &self.task, input);
            if !decision.need.is_empty() {
                assert!(decision.events.is_empty() && decision.effects.is_empty());
                reads.fetched.extend(decision.need);
                continue;
            }
            let holder = decision.changes.iter().find_map(|change| match change {
                Change::Lock { key } => Some((key.clone(), self.disk.locks.get(key)?.clone())),
                _ => None,
            });
            match holder {
                Some((key, by)) => held.insert(key, by),
                None => return decision,
            };
        }
    }

    pub(super) fn forget_inputs(&mut self) {
        self.inputs.clear();
    }

    pub(super) fn commit(&mut self, decision: &Decision) {
        let me = self.task.id.clone();
        self.disk.journal.extend(decision.events.iter().map(|event| event.bytes.clone()));
        for change in &decision.changes {
            match change.clone() {
                Change::Reference { entity, id, link, .. } => {
                    self.disk.links.insert((entity, id), link);
                }
                Change::Unlink { entity, id } => {
                    self.disk.links.remove(&(entity.clone(), id.clone()));
                    self.disk.sent.remove(&(entity, id));
                }
                Change::Sent { entity, id, document, .. } => {
                    self.disk.sent.insert((entity, id), document);
                }
                Change::Lock { key } => {
                    assert!(self.disk.locks.insert(key, me.clone()).is_none());
                }
                Change::Unlock { key } => {
                    assert_eq!(self.disk.locks.remove(&key), Some(me.clone()));
                }
                Change::Child { id, .. } => self.disk.children.push(id),
                Change::Audit { text } => self.disk.audit.push(text),
            }
        }
        self.task = decision.task.clone();
        // What is on disk gives the same task as what is in memory.
        if !self.dry_run && self.keeps_moments {
            assert_eq!(picture(&self.fold()), picture(&self.task));
            assert_eq!(self.fold().length, self.task.length);
        }
    }

    /// One input, with all that follows from it but time.
    pub(super) fn take(&mut self, input: &Input) -> Decision {
        let decision = self.decide(input);
        if !decision.events.is_empty() {
            self.commit(&decision);
            self.keep_moment();
        } else {
            self.task = decision.task.clone();
        }
        for effect in decision.effects.clone() {
            match effect {
                Effect::Send { ask, .. } => {
                    let (now_ms, op) = (self.now_ms, &ask.operation);
                    let reading = self.outside.perform(&ask.connection, op, now_ms);
                    self.inputs.push_back(Input::Answered { ask, reading: Box::new(reading) });
                }
                Effect::Continue => self.inputs.push_back(Input::Continue),
                other => self.left.push(other),
            }
        }
        self.keep_moment();
        decision
    }

    fn keep_moment(&mut self) {
        if self.keeps_moments {
            let (disk, outside) = (self.disk.clone(), self.outside.clone());
            self.moments.push(Moment { disk, outside, now_ms: self.now_ms });
        }
    }

    fn next_input(&mut self) -> Option<Input> {
        let draw = self.draws.pop_front().unwrap_or(0);
        let count = self.inputs.len().max(1);
        self.inputs.remove(draw % count)
    }

    /// Runs until nothing happens by itself any more.
    pub(super) fn run(&mut self) -> &mut Process {
        for _ in 0..3_000 {
            if let Some(input) = self.next_input() {
                self.take(&input);
                continue;
            }
            let Some(at) = self.task.wake_at_ms() else { return self };
            self.now_ms = self.now_ms.max(at);
            self.outside.pass_time(self.now_ms);
            self.inputs.push_back(Input::TimerFired);
        }
        panic!("it does not come to an end:\n{}", picture(&self.task));
    }

    /// Takes what came, without letting time pass.
    pub(super) fn take_all(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            self.take(&input);
        }
    }

    /// Takes one input, or lets time pass.
    pub(super) fn step_or_wait(&mut self) {
        if let Some(input) = self.inputs.pop_front() {
            self.take(&input);
            return;
        }
        let at = self.task.wake_at_ms().unwrap();
        self.now_ms = self.now_ms.max(at);
        self.inputs.push_back(Input::TimerFired);
    }

    /// Runs until so many requests were asked.
    pub(super) fn run_until_asked(&mut self, requests: usize) {
        while self.outside.asked.len() < requests {
            let input = self.inputs.pop_front().unwrap();
            self.take(&input);
        }
    }

    pub(super) fn verb(&mut self, verb: crate::Verb) -> Decision {
        let input = Input::Verb { verb, by: "kim".to_owned(), why: "a test".to_owned() };
        let decision = self.take(&input);
        if self.task.state == State::Queued {
            self.input(Input::Start);
        }
        self.run();
        decision
    }

    pub(super) fn deploy(&mut self, graph: &Graph) -> GraphHash {
        let graph = LoadedGraph::load(graph).unwrap();
        let before = std::mem::replace(&mut self.graph, graph);
        if before.hash == self.task.graph {
            self.pinned = Some(before);
        }
        self.graph.hash
    }

    pub(super) fn story(&self) -> String {
        let lines = self.disk.journal.iter().map(|bytes| Event::decode(bytes).unwrap().describe());
        lines.collect::<Vec<_>>().join("\n")
    }
}
