//! Walking a graph: from the first step, over what the journal answers, to what must be asked next.

use std::sync::Arc;

use tenon_graph::{Node, Step, StopAs};
use tenon_kit::Operation;
use tenon_mapper::Scope;
use tenon_value::{Class, Fault, Value, time};

use crate::codes;
use crate::event::What;
use crate::faults::Fate;
use crate::frame::{Frame, Place, Undoable};
use crate::state::Reason;
use crate::task::{SOURCE, WriteStatus};
use crate::work::{Run, Stop, Work, broken, fault};

impl Work<'_> {
    /// Walks from where it stood.
    pub(crate) fn walk(&mut self) -> Run<()> {
        let mut place = match self.task.place.take() {
            Some(place) => Arc::unwrap_or_clone(place),
            None => match self.start() {
                Ok(Some(place)) => place,
                Ok(None) => return Ok(()),
                Err(stop) => return self.at_source(stop),
            },
        };
        self.reached = std::mem::take(&mut place.reached);
        self.undoable = std::mem::take(&mut place.undoable);
        let result = match self.walk_list(&mut place.top) {
            Ok(()) if self.replays => Ok(()),
            Ok(()) => self.complete(),
            Err(stop) => Err(stop),
        };
        place.reached = std::mem::take(&mut self.reached);
        place.undoable = std::mem::take(&mut self.undoable);
        if !self.task.state.is_ended() {
            self.task.place = Some(Arc::new(place));
        }
        match result {
            Err(Stop::Failed(step, fault)) => {
                self.fails_for_good(&step, *fault);
                Ok(())
            }
            Err(Stop::Fault(fault, from)) => self.at_source(Stop::Fault(fault, from)),
            other => other,
        }
    }

    /// A fault of no step.
    fn at_source(&mut self, stop: Stop) -> Run<()> {
        let Stop::Fault(fault, from) = stop else { return Err(stop) };
        if let Fate::Failed(fault) = self.failed(SOURCE, *fault, from) {
            self.fails_for_good(SOURCE, *fault);
        }
        Err(Stop::Wait)
    }

    /// Walks a list of steps to its end.
    pub(crate) fn walk_list(&mut self, frame: &mut Frame) -> Run<()> {
        let graph = self.world.graph;
        while let Some(at) = frame.node {
            let Some(node) = graph.node(at) else { return Err(broken("a step")) };
            if frame.walked > graph.graph.nodes.len() {
                return Err(broken("a way that does not end, through a step"));
            }
            let step = frame.key(&node.id);
            match self.node((at, node), &step, frame) {
                Ok(next) => {
                    if self.walked.last() != Some(&(at, false)) {
                        self.walked.push((at, true));
                    }
                    frame.walked = frame.walked.saturating_add(1);
                    frame.node = next;
                    frame.inner = None;
                }
                Err(Stop::Fault(..) | Stop::Failed(..)) if self.replays => return Err(Stop::Wait),
                Err(Stop::Fault(fault, from)) => match self.failed(&step, *fault, from) {
                    Fate::Caught => {}
                    Fate::Waits => return Err(Stop::Wait),
                    Fate::Failed(fault) => return Err(Stop::Failed(step, fault)),
                },
                // What is inside the node failed: its own ways on come first.
                Err(Stop::Failed(_, fault)) if self.is_caught(&step, &fault) => {
                    self.abandon(at, &frame.suffix);
                    self.emit(What::Caught { step: step.to_string(), fault: *fault });
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
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
        for skip in graph.skip.iter().filter(|_| !self.replays) {
            if self.holds(SOURCE, &skip.when, &scope)? {
                let because = self.plain(SOURCE, &skip.because, &scope)?.unwrap_or_default();
                self.emit(What::Skipped { because });
                return Ok(None);
            }
        }
        let top = Frame::new(Some(0), scope, Arc::from(""));
        Ok(Some(Place { top, reached: Arc::default(), undoable: Arc::default() }))
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

    /// One node, with its condition, its time, its expectations and its catches. Gives the node that
    /// follows.
    fn node(
        &mut self,
        (at, node): (u32, &Node),
        step: &Arc<str>,
        frame: &mut Frame,
    ) -> Run<Option<u32>> {
        let is_done = self.come_to(step);
        let record = self.task.step(step);
        if let Some(caught) = record.and_then(|record| record.caught.clone()) {
            if self.replays {
                let _ = self.output((at, node), step, frame);
            }
            if matches!(node.step, Step::Each(_) | Step::Together { .. }) {
                self.come_past(at, &frame.suffix);
            }
            return Ok(self.catch(node, &caught, &mut frame.scope));
        }
        match record.and_then(|record| record.held.as_ref()) {
            _ if self.replays => {}
            Some((Reason::Fault { fault, .. }, _)) => {
                return Err(Stop::Failed(Arc::clone(step), Box::new(fault.clone())));
            }
            Some(_) => return Err(Stop::Wait),
            None => {}
        }
        if let Some(when) = &node.when
            && !is_done
            && !self.is_given(step)
            && !self.holds(step, when, &frame.scope)?
        {
            frame.scope.set(&node.id, Value::Missing);
            self.walked.push((at, false));
            return Ok(node.next);
        }
        match &node.step {
            Step::Choose { branches, otherwise } => {
                for (when, to) in branches {
                    if self.holds(step, when, &frame.scope)? {
                        return Ok(to.or(node.next));
                    }
                }
                Ok(otherwise.or(node.next))
            }
            Step::Set { values } => {
                for (name, program) in values {
                    let value = self.eval(step, program, &frame.scope)?;
                    frame.scope.set(name, value);
                }
                Ok(node.next)
            }
            Step::Stop { end, because } => {
                let because = self.plain(step, because, &frame.scope)?.unwrap_or_default();
                self.walked.push((at, true));
                self.stop(step, *end, because)
            }
            _ => {
                let output = self.in_time((at, node), step, frame);
                self.come_to(step);
                let known = match &output {
                    Ok(output) => output.clone(),
                    Err(_) => self.answer_of(step),
                };
                if node.undo.is_some() && self.was_done(step, node, output.is_ok()) {
                    let scope = frame.scope.clone().with(&node.id, known);
                    self.may_be_undone(step, Frame::new(node.undo, scope, frame.suffix.clone()));
                }
                frame.scope.set(&node.id, output?);
                self.expect(node, step, &frame.scope)?;
                Ok(node.next)
            }
        }
    }

    /// Notes that the walk came to a step's write. Says whether there is one that was made.
    fn come_to(&mut self, step: &Arc<str>) -> bool {
        let is_done = self.is_done(step);
        if is_done && !self.reached.contains(step) {
            Arc::make_mut(&mut self.reached).insert(Arc::clone(step));
        }
        is_done
    }

    fn may_be_undone(&mut self, step: &Arc<str>, frame: Frame) {
        if !self.undoable.iter().any(|known| known.step == *step) {
            let undoable = Undoable { step: Arc::clone(step), frame };
            Arc::make_mut(&mut self.undoable).push(undoable);
        }
    }

    /// Whether the step's write was made: its condition is not asked again.
    pub(crate) fn is_done(&self, step: &str) -> bool {
        let write = self.task.step(step).and_then(|record| record.write.as_deref());
        write.is_some_and(|write| matches!(write.status, WriteStatus::Done { .. }))
    }

    /// Whether a person gave its output.
    fn is_given(&self, step: &str) -> bool {
        self.task.step(step).is_some_and(|record| record.given.is_some())
    }

    pub(crate) fn output(
        &mut self,
        (at, node): (u32, &Node),
        step: &str,
        frame: &mut Frame,
    ) -> Run<Value> {
        let record = self.task.step(step);
        if let Some(given) = record.and_then(|record| record.given.clone()) {
            if matches!(node.step, Step::Each(_) | Step::Together { .. }) {
                self.come_past(at, &frame.suffix);
            }
            return Ok(given);
        }
        if let Some(ended) = record.and_then(|record| record.ended.clone()) {
            return Ok(ended);
        }
        let write = record.and_then(|record| record.write.as_deref());
        match write.map(|write| &write.status) {
            Some(WriteStatus::Done { .. }) => return self.output_of_write(step),
            Some(WriteStatus::Refused(_)) if self.replays => return Err(Stop::Wait),
            Some(WriteStatus::Refused(_)) => {
                // A refused write goes out again with the same bytes: its locks were kept.
                self.check_on_the_way()?;
                self.repeat(step, "it was refused before and did not happen")?;
            }
            // It is settled beside the walk.
            Some(WriteStatus::Open | WriteStatus::Unknown { .. } | WriteStatus::Said(_)) => {
                return Err(Stop::Wait);
            }
            None => {}
        }
        match &node.step {
            Step::Each(each) => self.each((at, each), step, frame),
            Step::Together { branches } => self.together((at, branches), frame),
            _ => self.does((at, node), step, &frame.scope),
        }
    }

    fn does(&mut self, (at, node): (u32, &Node), step: &str, scope: &Scope) -> Run<Value> {
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
                self.upsert(step, upsert, scope, is_used)
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
            Step::Wait { on, .. } => self.wait((&node.id, step), on, scope),
            Step::Call { .. } => self.call(step, &node.step, scope),
            Step::Run { .. } => self.run_flow(step, &node.step, scope),
            Step::Log { text } => self.log(step, text, scope),
            Step::Choose { .. }
            | Step::Set { .. }
            | Step::Stop { .. }
            | Step::Each(_)
            | Step::Together { .. } => Ok(Value::Missing),
        }
    }

    fn expect(&mut self, node: &Node, step: &str, scope: &Scope) -> Run<()> {
        for expect in node.expect.iter().filter(|_| !self.replays) {
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

    fn stop(&mut self, step: &str, end: StopAs, because: String) -> Run<Option<u32>> {
        if self.replays || self.has_unsettled() {
            return Err(Stop::Wait);
        }
        self.check_on_the_way()?;
        match end {
            StopAs::Done => self.emit(What::Completed),
            StopAs::Skipped => self.emit(What::Skipped { because }),
            StopAs::Failed => {
                let fault = Fault::new(codes::STOPPED, Class::Rejected, because);
                return Err(Stop::Failed(Arc::from(step), Box::new(fault)));
            }
        }
        Err(Stop::Wait)
    }

    fn complete(&mut self) -> Run<()> {
        if let Err(Stop::Fault(fault, _)) = self.check_on_the_way() {
            self.fails_for_good(SOURCE, *fault);
            return Ok(());
        }
        self.emit(What::Completed);
        Ok(())
    }

    /// Before anything new is asked for: every write that was made must be behind us, or inside an
    /// `each` or `together` that is under way.
    pub(crate) fn check_on_the_way(&self) -> Run<()> {
        if self.task.undoing.is_some() {
            return Ok(());
        }
        self.none_is_lost(|step| {
            let at = self.world.graph.position(step);
            let inside =
                |around: &u32| at.is_some_and(|at| self.world.graph.is_inside(*around, at));
            !self.around.iter().any(inside)
        })
    }

    /// Of the steps that count, none has a write that was made and that the walk did not come to.
    pub(crate) fn none_is_lost(&self, counts: impl Fn(&str) -> bool) -> Run<()> {
        let done = || self.task.steps.keys().filter(|step| self.is_done(step));
        if done().count() == self.reached.len() {
            return Ok(());
        }
        match done().find(|step| !self.reached.contains(*step) && counts(step)) {
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
