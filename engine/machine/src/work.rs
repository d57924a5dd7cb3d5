//! The working copy of one decision: events are applied as they are made.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use sha2::{Digest, Sha256};
use tenon_graph::{Program, With};
use tenon_mapper::{EvalError, Host, Scope, Scripts};
use tenon_value::{Class, Fault, Value, json, time};

use crate::ReadKey;
use crate::apply::apply;
use crate::codes;
use crate::decision::{Change, Decision, Effect, Link, Recorded, Refused, World};
use crate::event::{Event, What};
use crate::frame::Undoable;
use crate::system::System;
use crate::task::Task;

/// Most entries of a journal.
pub const MAX_EVENTS: u32 = 4_096;
/// Most bytes of a journal.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// Entries kept free for settling what was begun.
const RESERVE: u32 = 64;

/// Why a step does not give its output now.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Stored state must be fetched first.
    Need,
    /// Something was asked of the outside, or the task waits or has ended.
    Wait,
    /// A fault, with the connection it came from.
    Fault(Box<Fault>, Option<String>),
    /// `skip("…")`.
    Skip(String),
    /// A step failed for good, with what is inside it.
    Failed(Arc<str>, Box<Fault>),
}

/// A step's result.
pub(crate) type Run<T> = Result<T, Stop>;

/// Stored state that was read, with what it gave.
type Looked = Vec<(ReadKey, Value)>;

/// The working copy.
pub(crate) struct Work<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) task: Task,
    events: Vec<Recorded>,
    changes: Vec<Change>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) need: RefCell<BTreeSet<ReadKey>>,
    /// Stored state read in this decision, by step.
    pub(crate) looked: RefCell<BTreeMap<Arc<str>, Looked>>,
    /// Locks were taken in this decision: what they protect is not known afresh yet.
    pub(crate) locked_now: bool,
    /// Another step of the task holds a lock that one waits for.
    pub(crate) crossed: bool,
    /// The walk only follows the journal: nothing is asked, written or judged.
    pub(crate) replays: bool,
    /// Steps whose write was made and that the walk has come to.
    pub(crate) reached: Arc<BTreeSet<Arc<str>>>,
    /// Steps that are done and can be made undone.
    pub(crate) undoable: Arc<Vec<Undoable>>,
    /// Nodes whose inner steps are walked.
    pub(crate) around: Vec<u32>,
    /// Nodes that were walked in this decision, and whether they ran or were passed over.
    pub(crate) walked: Vec<(u32, bool)>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(world: &'a World<'a>, task: &Task) -> Work<'a> {
        Work {
            world,
            task: task.clone(),
            events: Vec::new(),
            changes: Vec::new(),
            effects: Vec::new(),
            need: RefCell::default(),
            looked: RefCell::default(),
            locked_now: false,
            crossed: false,
            replays: false,
            reached: Arc::default(),
            undoable: Arc::default(),
            around: Vec::new(),
            walked: Vec::new(),
        }
    }

    /// Something has happened.
    pub(crate) fn emit(&mut self, what: What) {
        self.flush_looked();
        self.push(what);
    }

    fn push(&mut self, what: What) {
        let event = Event::at(self.world.now_ms, what);
        apply(&mut self.task, &event);
        let bytes = event.encode();
        self.task.bytes = self.task.bytes.saturating_add(bytes.len() as u64);
        self.events.push(Recorded { event, bytes });
    }

    /// Journals what was read of stored state before what follows from it.
    fn flush_looked(&mut self) {
        let looked = std::mem::take(&mut *self.looked.borrow_mut());
        for (step, reads) in looked {
            self.push(What::Looked { step: step.to_string(), reads });
        }
    }

    pub(crate) fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// The decision, measured against the task as it was.
    pub(crate) fn finish(mut self, before: &Task) -> Decision {
        let need: Vec<ReadKey> = self.need.borrow().iter().cloned().collect();
        if !need.is_empty() {
            return Decision { need, ..Decision::none(before) };
        }
        self.flush_looked();
        self.number_questions();
        let mut changes = self.changes;
        let new = |a: &Task, b: &Task| -> Vec<String> {
            a.locks.keys().filter(|key| !b.locks.contains_key(*key)).cloned().collect()
        };
        let taken = new(&self.task, before);
        let given = new(before, &self.task);
        changes.extend(taken.into_iter().map(|key| Change::Lock { key }));
        changes.extend(given.into_iter().map(|key| Change::Unlock { key }));
        if self.world.dry_run {
            changes.clear();
        }
        Decision {
            events: self.events,
            changes,
            effects: self.effects,
            walked: self.walked,
            need,
            refused: None,
            task: self.task,
        }
    }

    /// Gives every question its number. One that was given up in this decision is not asked.
    fn number_questions(&mut self) {
        let Work { effects, task, .. } = self;
        let at = task.length;
        effects.retain_mut(|effect| {
            let Effect::Send { ask, .. } = effect else { return true };
            ask.at = at;
            let Some(slot) = &ask.slot else { return true };
            let asked = task.asked.get_mut(&(Arc::from(ask.step.as_str()), slot.clone()));
            asked.is_some_and(|number| {
                *number = at;
                true
            })
        });
    }

    /// Whether the journal has no room but for settling what was begun.
    pub(crate) fn is_full(&self) -> bool {
        self.task.length.saturating_add(RESERVE) >= MAX_EVENTS || self.task.bytes >= MAX_BYTES
    }

    /// Whether an event is larger than what the journal has left, in a journal that has something in it.
    pub(crate) fn is_too_much(&self, what: &What) -> bool {
        let room = MAX_BYTES.saturating_sub(self.task.bytes);
        let size = Event::at(self.world.now_ms, what.clone()).encode().len();
        u64::try_from(size).is_ok_and(|size| size > room)
    }

    pub(crate) fn system(&self, connection: &str) -> Run<Arc<dyn System>> {
        self.world.systems.get(connection).map(Arc::clone).ok_or_else(|| {
            let message = format!("the deployed integration has no connection `{connection}`");
            fault(Fault::new(codes::CONNECTION_GONE, Class::Missing, message).hint(
                "put it back and deploy, then retry; or retry with --latest; or cancel the task",
            ))
        })
    }

    fn host<'w>(&'w self, step: &'w str) -> HostView<'w, 'a> {
        HostView { work: self, step }
    }

    /// Evaluates one of the graph's programs.
    pub(crate) fn eval(&self, step: &str, program: &Program, scope: &Scope) -> Run<Value> {
        let loaded = self.world.graph.program(program).ok_or_else(|| broken("a program"))?;
        loaded.eval(scope, &self.host(step)).map_err(stop)
    }

    /// Evaluates a condition.
    pub(crate) fn holds(&self, step: &str, program: &Program, scope: &Scope) -> Run<bool> {
        let value = self.eval(step, program, scope)?;
        value.as_bool().ok_or_else(|| {
            let kind = value.kind();
            fault(
                Fault::new(
                    codes::CONDITION_NOT_BOOL,
                    Class::Mapping,
                    format!("a condition of step `{step}` came out as {kind}"),
                )
                .at("condition", value.clone()),
            )
        })
    }

    /// Evaluates to a plain text; nothing where the value is blank.
    pub(crate) fn plain(
        &self,
        step: &str,
        program: &Program,
        scope: &Scope,
    ) -> Run<Option<String>> {
        let value = self.eval(step, program, scope)?;
        Ok(value.plain().filter(|_| !value.is_blank()))
    }

    /// Evaluates named values, as a record.
    pub(crate) fn named(
        &self,
        step: &str,
        with: &With,
        scope: &Scope,
    ) -> Run<Vec<(String, Value)>> {
        with.iter()
            .map(|(name, program)| Ok((name.clone(), self.eval(step, program, scope)?)))
            .collect()
    }

    /// Runs a mapping.
    pub(crate) fn map(
        &self,
        step: &str,
        mapping: &str,
        scope: &Scope,
        target: Option<&Value>,
    ) -> Run<tenon_mapper::Made> {
        let program = self.world.graph.mapping(mapping).ok_or_else(|| broken("a mapping"))?;
        program.run(scope, &self.host(step), target, None).map_err(stop)
    }

    /// The reference of a source record, as it is now.
    pub(crate) fn link(&self, entity: &str, id: &str) -> Run<Option<Link>> {
        if let Some(link) = self.task.links.get(&(entity.to_owned(), id.to_owned())) {
            return Ok(Some(link.clone()));
        }
        self.world.reads.link(entity, id).ok_or_else(|| {
            let key = ReadKey::Reference { entity: entity.to_owned(), id: id.to_owned() };
            self.need.borrow_mut().insert(key);
            Stop::Need
        })
    }

    /// What was last sent for a source record; missing where nothing was.
    pub(crate) fn sent(&self, entity: &str, id: &str) -> Run<Value> {
        if let Some(sent) = self.task.sent.get(&(entity.to_owned(), id.to_owned())) {
            return Ok(sent.clone());
        }
        self.stored(&ReadKey::Sent { entity: entity.to_owned(), id: id.to_owned() })
    }

    /// All references of a source record; the one this task holds is among them.
    fn references(&self, key: &ReadKey, entity: &str, id: &str) -> Run<Value> {
        let stored = self.stored(key)?;
        let Some(own) = self.task.links.get(&(entity.to_owned(), id.to_owned())) else {
            return Ok(stored);
        };
        let others = stored.items().iter().filter(|one| one.field("part").as_text() != Some(""));
        let own = Value::of([("part", Value::text("")), ("id", Value::text(&own.target))]);
        Ok(Value::list(std::iter::once(own).chain(others.cloned()).collect()))
    }

    /// Stored state as it is now, not recorded with a step.
    pub(crate) fn stored(&self, key: &ReadKey) -> Run<Value> {
        self.world.reads.value(key).ok_or_else(|| {
            self.need.borrow_mut().insert(key.clone());
            Stop::Need
        })
    }

    /// Stored state for a step's expressions: as recorded, else as it is now, which is recorded.
    fn look(&self, step: &str, key: &ReadKey) -> Result<Value, EvalError> {
        let recorded = self.task.step(step).map_or(&[][..], |record| &record.looked);
        if let Some((_, value)) = recorded.iter().find(|(known, _)| known == key) {
            return Ok(value.clone());
        }
        if let Some(reads) = self.looked.borrow().get(step)
            && let Some((_, value)) = reads.iter().find(|(known, _)| known == key)
        {
            return Ok(value.clone());
        }
        let value = match key {
            ReadKey::Reference { entity, id } => self
                .link(entity, id)
                .map(|link| link.map_or(Value::Missing, |link| link.to_value())),
            ReadKey::References { entity, id } => self.references(key, entity, id),
            ReadKey::Sent { entity, id } => self.sent(entity, id),
            other => self.stored(other),
        };
        let value = value.map_err(|_| EvalError::Pending)?;
        let mut looked = self.looked.borrow_mut();
        looked.entry(Arc::from(step)).or_default().push((key.clone(), value.clone()));
        Ok(value)
    }
}

/// What an expression of a step sees of stored state.
struct HostView<'w, 'a> {
    work: &'w Work<'a>,
    step: &'w str,
}

impl Host for HostView<'_, '_> {
    fn read(&self, key: &ReadKey) -> Result<Value, EvalError> {
        let value = self.work.look(self.step, key)?;
        Ok(match key {
            ReadKey::Reference { .. } => {
                Link::from_value(&value).map_or(Value::Missing, |link| Value::text(&link.target))
            }
            _ => value,
        })
    }

    fn scripts(&self) -> &Scripts {
        self.work.world.graph.scripts()
    }

    fn started_at(&self) -> DateTime<FixedOffset> {
        time::from_millis(self.work.task.created_ms)
            .unwrap_or_else(|| DateTime::UNIX_EPOCH.fixed_offset())
    }
}

impl Decision {
    /// Nothing happens.
    pub(crate) fn none(task: &Task) -> Decision {
        Decision {
            walked: Vec::new(),
            events: Vec::new(),
            changes: Vec::new(),
            effects: Vec::new(),
            need: Vec::new(),
            refused: None,
            task: task.clone(),
        }
    }

    /// A verb that does not fit.
    pub(crate) fn refused(task: &Task, refused: Refused) -> Decision {
        Decision { refused: Some(refused), ..Decision::none(task) }
    }
}

/// How an evaluation's end stops a step.
fn stop(error: EvalError) -> Stop {
    match error {
        EvalError::Pending => Stop::Need,
        EvalError::Skip(skip) => Stop::Skip(skip.because),
        EvalError::Fault(fault) | EvalError::Failed(fault) => Stop::Fault(fault, None),
    }
}

/// A fault of our own.
pub(crate) fn fault(fault: Fault) -> Stop {
    Stop::Fault(Box::new(fault), None)
}

/// The graph names something that is not there.
pub(crate) fn broken(what: &str) -> Stop {
    fault(
        Fault::new(codes::GRAPH_BROKEN, Class::Missing, format!("the flow names {what} it lacks"))
            .hint("check and deploy the flow again, then retry with the newest graph"),
    )
}

/// SHA-256 of a value's JSON, in hexadecimal.
pub(crate) fn hash(value: &Value) -> String {
    hex::encode(Sha256::digest(json::write(value).as_bytes()))
}
