//! Asking systems: reads by slot, and writes with their intention.

use std::sync::Arc;

use tenon_kit::{Operation, Outcome, Reading, Road};
use tenon_value::{Class, Fault, Value};

use crate::apply::document_of;
use crate::codes;
use crate::decision::{Ask, Change, Effect, Link};
use crate::event::{Known, Stored, What};
use crate::state::Reason;
use crate::steps::too_long;
use crate::task::{Write, WriteStatus};
use crate::work::{Run, Stop, Work, fault, hash};
use crate::writes::deletes;

/// Most records a search may gather.
const MAX_FOUND: usize = 10_000;
/// Stands for the key of a record that a dry run did not make.
const NOT_MADE: &str = "(not made: dry run)";

impl Work<'_> {
    /// What a system says: from the journal, or asked now.
    pub(crate) fn read(
        &mut self,
        step: &str,
        slot: &str,
        connection: &str,
        operation: Operation,
    ) -> Run<Value> {
        if let Some(value) = self.task.step(step).and_then(|record| record.reads.get(slot)) {
            return Ok(value.clone());
        }
        if let Operation::Get { key, .. } = &operation
            && self.world.dry_run
            && key == NOT_MADE
        {
            return Ok(self.not_made(&operation));
        }
        let asked = (Arc::from(step), slot.to_owned());
        if self.replays || self.task.asked.contains_key(&asked) {
            return Err(Stop::Wait);
        }
        self.room()?;
        let ask = Ask {
            step: step.to_owned(),
            slot: Some(slot.to_owned()),
            at: 0,
            connection: connection.to_owned(),
            operation,
            gathered: Vec::new(),
        };
        self.send(ask)?;
        Err(Stop::Wait)
    }

    fn send(&mut self, ask: Ask) -> Run<()> {
        let request = self
            .system(&ask.connection)?
            .plan(&ask.operation)
            .map_err(|fault| Stop::Fault(Box::new(fault), Some(ask.connection.clone())))?;
        if let Some(slot) = &ask.slot {
            self.task.asked.insert((Arc::from(ask.step.as_str()), slot.clone()), ask.at);
        }
        self.effects.push(Effect::Send { ask: Box::new(ask), request: Box::new(request) });
        Ok(())
    }

    /// The record a dry run took as made.
    fn not_made(&self, operation: &Operation) -> Value {
        let made = self
            .task
            .steps
            .values()
            .rev()
            .filter_map(|step| step.write.as_deref())
            .find(|write| resource_of(&write.operation) == resource_of(operation));
        match made.map(|write| &write.status) {
            Some(WriteStatus::Done { record, .. }) => record.clone(),
            _ => Value::Missing,
        }
    }

    pub(crate) fn room(&self) -> Run<()> {
        if self.is_full() {
            return Err(fault(
                Fault::new(codes::JOURNAL_FULL, Class::Limit, "the task's journal is full")
                    .hint("cancel it and start the record anew"),
            ));
        }
        Ok(())
    }

    /// A read came back. Whoever waits for it finds it in the journal.
    pub(crate) fn read_answered(&mut self, ask: &Ask, outcome: Outcome) -> Run<()> {
        let slot = ask.slot.clone().unwrap_or_default();
        let from = Some(ask.connection.clone());
        let value = match outcome {
            Outcome::Record(record) => record,
            Outcome::Page { records, next } => {
                let mut gathered = ask.gathered.clone();
                gathered.extend(records);
                if let Some(limit) =
                    self.limit_of(ask).filter(|limit| gathered.len() > *limit as usize)
                {
                    return Err(fault(too_long(&ask.step, limit)));
                }
                if gathered.len() > MAX_FOUND {
                    let message = format!("more than {MAX_FOUND} records were found");
                    return Err(fault(Fault::new(codes::TOO_MANY_FOUND, Class::Limit, message)));
                }
                if let Some(next) = next {
                    let operation = turn_page(&ask.operation, next);
                    self.send(Ask { operation, gathered, ..ask.clone() })?;
                    return Err(Stop::Wait);
                }
                Value::list(gathered)
            }
            Outcome::More(operation) => {
                self.send(Ask { operation, ..ask.clone() })?;
                return Err(Stop::Wait);
            }
            Outcome::Unknown(mut fault) => {
                // A read has no outcome to be unsure of: it is made again.
                fault.class = Class::Transient;
                return Err(Stop::Fault(Box::new(fault), from));
            }
            Outcome::Fault(fault) if fault.class == Class::NotFound && slot == "target" => {
                return Err(Stop::Fault(Box::new(gone(&ask.operation, &fault)), from));
            }
            Outcome::Fault(fault) => return Err(Stop::Fault(Box::new(fault), from)),
        };
        let read = What::Read { step: ask.step.clone(), slot, value };
        if self.is_too_much(&read) {
            let (what, hint) = match ask.step.as_str() {
                "" => (
                    "the record".to_owned(),
                    "a task holds one record of at most 8 MiB: divide it in the source system",
                ),
                step => (
                    format!("the answer to step `{step}`"),
                    "read less at a time: narrow the step's `where:`, or detach its items",
                ),
            };
            let message = format!("{what} is too large for a journal");
            return Err(fault(Fault::new(codes::JOURNAL_FULL, Class::Limit, message).hint(hint)));
        }
        self.emit(read);
        Ok(())
    }

    /// Most records of a `list`.
    fn limit_of(&self, ask: &Ask) -> Option<u32> {
        match self.world.graph.step(&ask.step).map(|node| &node.step) {
            Some(tenon_graph::Step::List { limit, .. }) => Some(*limit),
            _ => None,
        }
    }

    /// Takes a step's locks in a commit of their own, so that what they protect is read afterwards.
    pub(crate) fn lock(&mut self, step: &str, keys: &[String]) -> Run<()> {
        self.take_locks(step, keys, true)
    }

    fn take_locks(&mut self, step: &str, keys: &[String], alone: bool) -> Run<()> {
        if self.replays {
            return Err(Stop::Wait);
        }
        if self.world.dry_run {
            return Ok(());
        }
        let owner = |key: &String| self.task.locks.get(key);
        if keys.iter().filter_map(owner).any(|owner| **owner != *step) {
            // Another step of this task works on it: this one follows.
            self.crossed = true;
            return Err(Stop::Wait);
        }
        let missing: Vec<String> =
            keys.iter().filter(|key| owner(key).is_none()).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        self.wait_for_holder(step, &missing)?;
        self.emit(What::LocksTaken { step: step.to_owned(), keys: missing });
        self.locked_now |= alone;
        Ok(())
    }

    fn wait_for_holder(&mut self, step: &str, keys: &[String]) -> Run<()> {
        let held = keys.iter().find_map(|key| Some((key, self.world.held.get(key)?)));
        let Some((of, held_by)) = held else { return Ok(()) };
        let reason =
            Reason::Lock { step: step.to_owned(), of: of.clone(), held_by: held_by.clone() };
        self.emit(What::ReadsForgotten { step: Some(step.to_owned()) });
        Err(self.hold(step, reason))
    }

    /// After locks were taken and before anything is decided on what they protect: come back once
    /// the commit is durable.
    pub(crate) fn fresh(&mut self) -> Run<()> {
        if !self.locked_now {
            return Ok(());
        }
        self.effects.push(Effect::Continue);
        Err(Stop::Wait)
    }

    /// Decides a write: its intention first, sent only once that is durable.
    pub(crate) fn intend(&mut self, step: &str, intent: Intent) -> Run<()> {
        if self.replays {
            return Err(Stop::Wait);
        }
        self.room()?;
        let Intent { connection, operation, document, reference, locks } = intent;
        let system = self.system(&connection)?;
        let request = system
            .plan(&operation)
            .map_err(|fault| Stop::Fault(Box::new(fault), Some(connection.clone())))?;
        self.check_on_the_way()?;
        self.take_locks(step, &locks, false)?;
        self.emit(What::Intended {
            step: step.to_owned(),
            connection: connection.clone(),
            operation: operation.clone(),
            request: request.clone(),
            document,
            reference,
        });
        if self.world.dry_run {
            self.effects.push(Effect::WouldSend {
                step: step.to_owned(),
                connection,
                operation: Box::new(operation.clone()),
                request: Box::new(request),
            });
            return self.answer_dry(step, &operation);
        }
        self.send_write(step)
    }

    fn answer_dry(&mut self, step: &str, operation: &Operation) -> Run<()> {
        let system = match self.task.step(step).and_then(|record| record.write.clone()) {
            Some(write) => self.system(&write.connection)?,
            None => return Ok(()),
        };
        let resource = resource_of(operation);
        let key_field = system.key_field(resource);
        let keyed = |record: &Value, key: &str| match &key_field {
            Some(field) => record.clone().with(field, Value::text(key)),
            None => record.clone(),
        };
        let record = match operation {
            Operation::Create { record, .. } => keyed(record, NOT_MADE),
            Operation::Update { record, key, .. } => {
                let reads = self.task.step(step).map(|record| record.reads.clone());
                let there = reads.and_then(|reads| reads.get("target").cloned());
                keyed(&over(there.unwrap_or_default(), record), key)
            }
            Operation::Action { action, key, .. } => {
                let reads = self.task.step(step).map(|record| record.reads.clone());
                let there = reads.and_then(|reads| reads.get("proof").cloned());
                match system.makes(resource, action).and_then(|made| system.key_field(&made)) {
                    Some(field) => {
                        let made = Value::of([(field.as_str(), Value::text(NOT_MADE))]);
                        system.as_if_done(resource, action, made, NOT_MADE)
                    }
                    None => keyed(&there.unwrap_or_default(), key),
                }
            }
            _ => Value::Missing,
        };
        self.write_happened(step, record, Known::DryRun)
    }

    /// Sends the bytes of a step's open write.
    pub(crate) fn send_write(&mut self, step: &str) -> Run<()> {
        let Some(write) = self.task.step(step).and_then(|record| record.write.clone()) else {
            return Ok(());
        };
        let ask = Ask {
            step: step.to_owned(),
            slot: None,
            at: 0,
            connection: write.connection.clone(),
            operation: write.operation.clone(),
            gathered: Vec::new(),
        };
        let request = Box::new(write.request.clone());
        self.effects.push(Effect::Send { ask: Box::new(ask), request });
        Err(Stop::Wait)
    }

    /// A write came back.
    pub(crate) fn write_answered(&mut self, ask: &Ask, reading: Reading) -> Run<()> {
        let step = ask.step.as_str();
        if !reading.warnings.is_empty() {
            self.emit(What::Warned { step: step.to_owned(), warnings: reading.warnings });
        }
        match reading.outcome {
            Outcome::Record(record) => self.write_happened(step, record, Known::Answer),
            Outcome::Page { records, .. } => {
                let record = records.into_iter().next().unwrap_or_default();
                self.write_happened(step, record, Known::Answer)
            }
            Outcome::More(operation) => {
                // It happened; what is still read of its answer is part of the same question.
                self.send(Ask { operation, ..ask.clone() })?;
                Err(Stop::Wait)
            }
            Outcome::Unknown(lost) => self.write_lost(step, lost),
            Outcome::Fault(lost) if lost.class == Class::UnknownOutcome => {
                self.write_lost(step, lost)
            }
            Outcome::Fault(gone) if gone.class == Class::NotFound && deletes(&ask.operation) => {
                self.write_happened(step, Value::Missing, Known::Answer)
            }
            Outcome::Fault(refused) => {
                self.emit(What::Refused { step: step.to_owned(), fault: refused.clone() });
                Err(Stop::Fault(Box::new(refused), Some(ask.connection.clone())))
            }
        }
    }

    fn write_lost(&mut self, step: &str, lost: Fault) -> Run<()> {
        let since_ms = self.world.now_ms;
        self.emit(What::Lost { step: step.to_owned(), since_ms, fault: lost.clone() });
        let write = self.task.step(step).and_then(|record| record.write.clone());
        let Some(write) = write else { return Ok(()) };
        let road = self.system(&write.connection)?.road(&write.operation);
        if deletes(&write.operation) || matches!(road, Road::SameKey | Road::Repeat) {
            // The peer did not answer just now: the same bytes go out again after the usual wait.
            let passing = Fault { class: Class::Transient, ..lost };
            return Err(Stop::Fault(Box::new(passing), Some(write.connection.clone())));
        }
        Ok(())
    }

    /// A write is known to have happened.
    pub(crate) fn write_happened(&mut self, step: &str, record: Value, known: Known) -> Run<()> {
        let Some(write) = self.task.step(step).and_then(|record| record.write.clone()) else {
            return Ok(());
        };
        let target = self.target_of(&write, &record)?;
        self.emit(What::Answered { step: step.to_owned(), record, known, target: target.clone() });
        let Some(stored) = &write.reference else { return Ok(()) };
        if deletes(&write.operation) {
            self.change(Change::Unlink { entity: stored.entity.clone(), id: stored.id.clone() });
            return Ok(());
        }
        if let Some(target) = target {
            self.store_reference(step, &write.connection, &Stored { target, ..stored.clone() });
        }
        if let Some(document) = document_of(&write) {
            self.store_sent(stored, document);
        }
        Ok(())
    }

    /// The key of the record a write was about, as far as its answer says.
    fn target_of(&self, write: &Write, record: &Value) -> Run<Option<String>> {
        let system = self.system(&write.connection)?;
        Ok(match &write.operation {
            Operation::Create { resource, .. } => system.key_of(resource, record),
            Operation::Update { key, .. } => Some(key.clone()),
            Operation::Action { resource, action, .. } => {
                let made = system.makes(resource, action);
                made.and_then(|made| {
                    let answered = system.made_by_answer(resource, action, record);
                    answered.or_else(|| system.key_of(&made, record))
                })
                .filter(|key| !key.trim().is_empty())
            }
            _ => None,
        })
    }

    pub(crate) fn store_reference(&mut self, step: &str, connection: &str, stored: &Stored) {
        self.change(Change::Reference {
            entity: stored.entity.clone(),
            id: stored.id.clone(),
            link: Link { target: stored.target.clone(), origin: stored.origin },
            connection: connection.to_owned(),
            resource: self.stored_resource(step),
        });
    }

    pub(crate) fn store_sent(&mut self, stored: &Stored, document: &Value) {
        self.change(Change::Sent {
            entity: stored.entity.clone(),
            id: stored.id.clone(),
            document: document.clone(),
            hash: hash(document),
        });
    }

    /// The resource whose key a step's reference holds.
    fn stored_resource(&self, step: &str) -> String {
        match self.world.graph.step(step).map(|node| &node.step) {
            Some(tenon_graph::Step::Upsert(upsert)) => upsert.of.resource.clone(),
            Some(tenon_graph::Step::Create(create)) => create.of.resource.clone(),
            Some(tenon_graph::Step::Call { stores: Some(stores), .. }) => stores.resource.clone(),
            _ => String::new(),
        }
    }
}

/// A write to be decided.
pub(crate) struct Intent {
    pub(crate) connection: String,
    pub(crate) operation: Operation,
    pub(crate) document: Option<Value>,
    pub(crate) reference: Option<Stored>,
    pub(crate) locks: Vec<String>,
}

/// The resource an operation is about.
pub(crate) fn resource_of(operation: &Operation) -> &str {
    match operation {
        Operation::Get { resource, .. }
        | Operation::List { resource, .. }
        | Operation::Find { resource, .. }
        | Operation::Create { resource, .. }
        | Operation::Update { resource, .. }
        | Operation::Action { resource, .. }
        | Operation::Rest { resource, .. } => resource,
        Operation::Check { .. } => "",
    }
}

/// The record a reference leads to is not there.
fn gone(operation: &Operation, fault: &Fault) -> Fault {
    let key = match operation {
        Operation::Get { key, .. } => key.as_str(),
        _ => "",
    };
    let resource = resource_of(operation);
    let message = format!("{resource} {key} is linked and is not there: {}", fault.message);
    Fault::new(codes::LINKED_RECORD_GONE, Class::Conflict, message)
        .at("reference", Value::text(key))
        .hint("delete the reference to search or create again, or link another record")
}

fn turn_page(operation: &Operation, next: String) -> Operation {
    let mut operation = operation.clone();
    match &mut operation {
        Operation::List { page, .. } | Operation::Find { page, .. } => *page = Some(next),
        Operation::Rest { of, .. } => **of = turn_page(of, next),
        _ => {}
    }
    operation
}

/// A record with the fields of another over it.
fn over(there: Value, fields: &Value) -> Value {
    let Some(fields) = fields.as_record() else { return there };
    fields.iter().fold(there, |record, (name, value)| record.with(name, value.clone()))
}
