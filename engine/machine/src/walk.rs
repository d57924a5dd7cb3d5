//! Walking a graph: from the first step, over what the journal answers, to what must be asked next.

use std::sync::Arc;

use tenon_graph::{Node, Step, StopAs};
use tenon_kit::Operation;
use tenon_mapper::Scope;
use tenon_value::{Class, Fault, Value, time};

use crate::codes;
use crate::event::What;
use crate::task::{SOURCE, WriteStatus};
use crate::work::{Run, Stop, Work, broken, fault};

/// How far a task was walked. Made again from the journal when it is lost.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The node that comes next; none behind the last.
    node: Option<u32>,
    scope: Scope,
    /// Nodes behind it, by position.
    visited: Vec<bool>,
}

/// What follows after a node.
enum Next {
    /// That node, or the end of the flow.
    Go(Option<u32>),
    /// The task has ended.
    Ended,
}

impl Work<'_> {
    /// Goes on until something is asked, the task waits, or it has ended.
    pub(crate) fn advance(&mut self) {
        // Every turn settles a write, catches a fault or stops: the bound only guards our own bugs.
        let turns = self.world.graph.graph.nodes.len().saturating_mul(2).saturating_add(16);
        for _ in 0..turns {
            if self.task.state != crate::state::State::Running {
                return;
            }
            let open = self.task.open_write().map(|(step, _)| Arc::clone(step));
            let (step, result) = match open {
                Some(step) => {
                    let result = self.settle(&step);
                    (step, result)
                }
                None => match self.task.cancel_asked.clone() {
                    Some((by, why)) => return self.emit(What::Cancelled { by, why }),
                    None => self.walk(),
                },
            };
            match result {
                Ok(()) => {}
                Err(stop) => {
                    if !self.stopped(&step, stop) {
                        return;
                    }
                }
            }
        }
    }

    /// What a stop means for the task. Says whether it goes on at once.
    pub(crate) fn stopped(&mut self, step: &str, stop: Stop) -> bool {
        match stop {
            Stop::Need | Stop::Wait => false,
            Stop::Skip(because) => {
                self.emit(What::Skipped { because });
                false
            }
            Stop::Fault(fault, from) => self.failed(step, *fault, from),
        }
    }

    /// Walks from where it stood. Gives the step it stopped at.
    fn walk(&mut self) -> (Arc<str>, Run<()>) {
        let source: Arc<str> = Arc::from(SOURCE);
        let place = match self.task.place.take() {
            Some(place) => Arc::unwrap_or_clone(place),
            None => match self.start() {
                Ok(Some(place)) => place,
                Ok(None) => return (source, Ok(())),
                Err(stop) => return (source, Err(stop)),
            },
        };
        self.here = place.node;
        self.visited = place.visited;
        let mut scope = place.scope;
        let (step, result) = self.walk_on(&mut scope);
        let (node, visited) = (self.here, std::mem::take(&mut self.visited));
        if !self.task.state.is_ended() {
            self.task.place = Some(Arc::new(Place { node, scope, visited }));
        }
        (step.unwrap_or(source), result)
    }

    fn walk_on(&mut self, scope: &mut Scope) -> (Option<Arc<str>>, Run<()>) {
        let graph = self.world.graph;
        while let Some(at) = self.here {
            let (Some(node), Some(visited)) =
                (graph.node(at), self.visited.get(at as usize).copied())
            else {
                return (None, Err(broken("a step")));
            };
            if visited {
                return (None, Err(broken("a way that does not end, through a step")));
            }
            match self.node(at, node, scope) {
                Ok(Next::Go(next)) => {
                    if self.walked.last() != Some(&(at, false)) {
                        self.walked.push((at, true));
                    }
                    if let Some(visited) = self.visited.get_mut(at as usize) {
                        *visited = true;
                    }
                    self.here = next;
                }
                Ok(Next::Ended) => {
                    self.walked.push((at, true));
                    return (None, Ok(()));
                }
                Err(stop) => return (Some(Arc::from(node.id.as_str())), Err(stop)),
            }
        }
        let result = self.complete();
        (None, result)
    }

    /// The source record and the skip rules.
    fn start(&mut self) -> Run<Option<Place>> {
        let graph = &self.world.graph.graph;
        let from = &graph.from;
        let mut scope = Scope::new();
        let given = self.task.given.clone();
        let afresh = self.is_to_be_read_again(&given)?;
        for (name, value) in given.as_record().into_iter().flatten() {
            if !(afresh && **name == *from.resource) {
                scope.set(name, value.clone());
            }
        }
        let edited = self.task.step(SOURCE).and_then(|record| record.given.clone());
        if let Some(record) = edited {
            scope.set(&from.resource, record);
        }
        if !scope.has(&from.resource) {
            let key = self.task.record.clone();
            let get = Operation::Get { resource: from.resource.clone(), key };
            let record = self.read(SOURCE, "record", &from.connection, get)?;
            scope.set(&from.resource, record);
        }
        let started = time::from_millis(self.task.created_ms).map_or(Value::Null, Value::DateTime);
        let id = Value::text(&self.task.id.0);
        scope.set("task", Value::of([("id", id), ("started_at", started)]));
        for skip in &graph.skip {
            if self.holds(SOURCE, &skip.when, &scope)? {
                let because = self.plain(SOURCE, &skip.because, &scope)?.unwrap_or_default();
                self.emit(What::Skipped { because });
                return Ok(None);
            }
        }
        let visited = vec![false; graph.nodes.len()];
        Ok(Some(Place { node: Some(0), scope, visited }))
    }

    /// Whether the record that a child was given is read anew: it was retried, perhaps because the
    /// record was repaired.
    fn is_to_be_read_again(&self, given: &Value) -> Run<bool> {
        let from = &self.world.graph.graph.from;
        let record = given.field(&from.resource);
        if !self.task.given_is_old || record.is_absent() {
            return Ok(false);
        }
        let key = self.system(&from.connection)?.key_of(&from.resource, record);
        Ok(key.as_deref() == Some(self.task.record.as_str()))
    }

    /// One node, with its condition, its expectations and its catches.
    fn node(&mut self, at: u32, node: &Node, scope: &mut Scope) -> Run<Next> {
        let step = node.id.as_str();
        let caught = self.task.step(step).and_then(|record| record.caught.clone());
        if let Some(caught) = caught {
            return Ok(Next::Go(self.catch(node, &caught, scope)));
        }
        if let Some(when) = &node.when
            && !self.is_done(step)
            && !self.is_given(step)
            && !self.holds(step, when, scope)?
        {
            scope.set(step, Value::Missing);
            self.walked.push((at, false));
            return Ok(Next::Go(node.next));
        }
        match &node.step {
            Step::Choose { branches, otherwise } => {
                for (when, to) in branches {
                    if self.holds(step, when, scope)? {
                        return Ok(Next::Go(to.or(node.next)));
                    }
                }
                Ok(Next::Go(otherwise.or(node.next)))
            }
            Step::Set { values } => {
                for (name, program) in values {
                    let value = self.eval(step, program, scope)?;
                    scope.set(name, value);
                }
                Ok(Next::Go(node.next))
            }
            Step::Stop { end, because } => {
                let because = self.plain(step, because, scope)?.unwrap_or_default();
                self.stop(step, *end, because)
            }
            _ => {
                let output = self.output(at, node, scope)?;
                scope.set(step, output);
                self.expect(node, scope)?;
                Ok(Next::Go(node.next))
            }
        }
    }

    /// Whether the step's write was made: its condition is not asked again.
    fn is_done(&self, step: &str) -> bool {
        let write = self.task.step(step).and_then(|record| record.write.as_deref());
        write.is_some_and(|write| matches!(write.status, WriteStatus::Done { .. }))
    }

    /// Whether a person gave its output.
    fn is_given(&self, step: &str) -> bool {
        self.task.step(step).is_some_and(|record| record.given.is_some())
    }

    fn output(&mut self, at: u32, node: &Node, scope: &Scope) -> Run<Value> {
        let step = node.id.as_str();
        let record = self.task.step(step);
        if let Some(given) = record.and_then(|record| record.given.clone()) {
            return Ok(given);
        }
        if let Some(ended) = record.and_then(|record| record.ended.clone()) {
            return Ok(ended);
        }
        let write = record.and_then(|record| record.write.as_deref());
        match write.map(|write| &write.status) {
            Some(WriteStatus::Done { .. }) => return self.output_of_write(step),
            Some(WriteStatus::Refused(_)) => {
                // A refused write goes out again with the same bytes: its locks were kept.
                self.check_on_the_way()?;
                self.repeat(step, "it was refused before and did not happen")?;
            }
            _ => {}
        }
        match &node.step {
            Step::Get { of, by } => self.get(step, of, by, scope),
            Step::Map { mapping, with } => {
                let mut inner = scope.clone();
                for (name, value) in self.named(step, with, scope)? {
                    inner.set(&name, value);
                }
                Ok(self.map(step, mapping, &inner, None)?.record)
            }
            Step::Upsert(upsert) => {
                let is_used = self.world.graph.is_used(at);
                self.upsert(node, upsert, scope, is_used)
            }
            Step::List { of, filter, limit } => self.list(step, (of, *limit), filter, scope),
            Step::Create(create) => {
                let is_used = self.world.graph.is_used(at);
                self.create(step, create, scope, is_used)
            }
            Step::Update(update) => self.update(step, update, scope),
            Step::Delete { of, key, forgets } => {
                self.delete(step, of, (key, forgets.as_ref()), scope)
            }
            Step::Script { value } => self.eval(step, value, scope),
            Step::Call { .. } => self.call(node, scope),
            Step::Run { .. } => self.run_flow(node, scope),
            Step::Log { text } => self.log(step, text, scope),
            Step::Choose { .. } | Step::Set { .. } | Step::Stop { .. } => Ok(Value::Missing),
            // Graphs with these are refused when they are loaded.
            Step::Each(_) | Step::Together { .. } | Step::Wait { .. } => {
                Err(broken("a step this build does not run"))
            }
        }
    }

    fn expect(&mut self, node: &Node, scope: &Scope) -> Run<()> {
        let step = node.id.as_str();
        for expect in &node.expect {
            if !self.holds(step, &expect.holds, scope)? {
                let because = self.plain(step, &expect.because, scope)?.unwrap_or_default();
                return Err(fault(Fault::new(&expect.code, Class::Conflict, because)));
            }
        }
        Ok(())
    }

    fn catch(&self, node: &Node, caught: &Fault, scope: &mut Scope) -> Option<u32> {
        scope.set("fault", caught.to_value());
        if !scope.has(&node.id) {
            scope.set(&node.id, Value::Missing);
        }
        let row = node.catch.iter().find(|row| crate::faults::catches(&row.fault, caught));
        row.map_or(node.next, |row| row.to.or(node.next))
    }

    fn stop(&mut self, step: &str, end: StopAs, because: String) -> Run<Next> {
        self.check_on_the_way()?;
        match end {
            StopAs::Done => self.emit(What::Completed),
            StopAs::Skipped => self.emit(What::Skipped { because }),
            StopAs::Failed => {
                let fault = Fault::new(codes::STOPPED, Class::Rejected, because);
                self.emit(What::Failed { step: step.to_owned(), fault });
            }
        }
        Ok(Next::Ended)
    }

    fn complete(&mut self) -> Run<()> {
        self.check_on_the_way()?;
        self.emit(What::Completed);
        Ok(())
    }

    /// Before anything new is asked for: every write that was made must be behind us.
    pub(crate) fn check_on_the_way(&self) -> Run<()> {
        let graph = self.world.graph;
        let passed = |step: &str| {
            let at = graph.position(step);
            let visited = at.and_then(|at| self.visited.get(at as usize)).copied();
            at == self.here && at.is_some() || visited.unwrap_or(false)
        };
        let lost = self.task.steps.keys().find(|step| self.is_done(step) && !passed(step));
        match lost {
            None => Ok(()),
            Some(step) => {
                let message =
                    format!("the write of step `{step}` was made, and the way does not reach it");
                Err(fault(
                    Fault::new(codes::DIVERGED, Class::Conflict, message)
                        .hint("restore what the way depends on, or cancel and start anew"),
                ))
            }
        }
    }
}
