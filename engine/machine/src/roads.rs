//! Finding out the outcome of a write that was not answered.

use std::sync::Arc;

use tenon_kit::{Operation, Road};
use tenon_value::{Class, Fault, Value};

use crate::codes;
use crate::event::{Known, What};
use crate::outside::resource_of;
use crate::state::Reason;
use crate::task::{Write, WriteStatus};
use crate::work::{Run, Stop, Work};
use crate::writes::deletes;

impl Work<'_> {
    /// Goes the road of a step's open write; returns once it is settled.
    pub(crate) fn settle(&mut self, step: &str) -> Run<()> {
        let Some(write) = self.task.step(step).and_then(|record| record.write.clone()) else {
            return Ok(());
        };
        match write.status.clone() {
            WriteStatus::Open => Err(Stop::Wait),
            WriteStatus::Said(id) => self.said_to_have_happened(step, &write, id),
            WriteStatus::Unknown { .. } if deletes(&write.operation) => {
                self.repeat(step, "deleting twice changes nothing")
            }
            WriteStatus::Unknown { since_ms, fault } => {
                match self.system(&write.connection)?.road(&write.operation) {
                    Road::SameKey => self.repeat(step, "the peer knows the request by its key"),
                    Road::Repeat => self.repeat(step, "doing it twice changes nothing"),
                    Road::Find { field, settle_ms } => {
                        self.search(step, &write, &field, since_ms.saturating_add(settle_ms))
                    }
                    Road::Proof { settle_ms } => {
                        self.prove(step, &write, since_ms.saturating_add(settle_ms))
                    }
                    Road::Person => self.ask_outcome(step, &write, fault),
                }
            }
            WriteStatus::Refused(_) | WriteStatus::Done { .. } => Ok(()),
        }
    }

    /// Sends the same bytes again.
    pub(crate) fn repeat(&mut self, step: &str, because: &str) -> Run<()> {
        self.emit(What::Repeated { step: step.to_owned(), because: because.to_owned() });
        self.send_write(step)
    }

    /// Looks for our reference. Finding nothing counts only when the search began after `until_ms`.
    fn search(&mut self, step: &str, write: &Arc<Write>, field: &str, until_ms: i64) -> Run<()> {
        let resource = resource_of(&write.operation).to_owned();
        let value = match &write.operation {
            Operation::Create { record, .. } | Operation::Update { record, .. } => record.at(field),
            _ => &Value::Missing,
        };
        let Some(value) = value.plain().filter(|text| !text.trim().is_empty()) else {
            let fault = unknown(format!("the write has no value in `{field}` to search it by"));
            return self.ask_outcome(step, write, fault);
        };
        let find = Operation::Find {
            resource: resource.clone(),
            field: field.to_owned(),
            value,
            page: None,
        };
        let found = self.read_before_and_after(step, write, find, until_ms)?;
        let hits = found.items();
        match hits {
            [] => self.happened_not(step, until_ms, "a complete search found nothing"),
            [hit] => {
                let key = self.system(&write.connection)?.key_of(&resource, hit);
                let record = match key {
                    // Rows of a list lack fields: the hit is read singly.
                    Some(key) => {
                        let get = Operation::Get { resource: resource.clone(), key };
                        self.read(step, "found", &write.connection, get)?
                    }
                    None => hit.clone(),
                };
                if self.may_be_another(step, write, (&resource, field), &record)? {
                    let message = format!("a record was found by `{field}` that differs otherwise");
                    let fault = unknown(message).at(field, record);
                    return self.ask_outcome(step, write, fault);
                }
                self.write_happened(step, record, Known::Search)
            }
            _ => {
                let message = format!("{} records have our reference in `{field}`", hits.len());
                let fault = Fault::new(codes::SEVERAL_FOUND, Class::UnknownOutcome, message)
                    .at(field, found.clone());
                self.ask_outcome(step, write, fault)
            }
        }
    }

    /// Whether a hit may be somebody else's: it was found neither by its key nor by our marker, but by
    /// what several records may have, and it is not as it was sent.
    fn may_be_another(
        &self,
        step: &str,
        write: &Write,
        (resource, field): (&str, &str),
        found: &Value,
    ) -> Run<bool> {
        let Operation::Create { record, .. } = &write.operation else { return Ok(false) };
        let node = self.world.graph.step(step);
        let marker = match node.map(|node| &node.step) {
            Some(tenon_graph::Step::Upsert(upsert)) => {
                upsert.find.iter().any(|find| find.marker && find.field == field)
            }
            Some(tenon_graph::Step::Create(_)) => false,
            _ => true,
        };
        let system = self.system(&write.connection)?;
        if marker || system.key_field(resource).as_deref() == Some(field) {
            return Ok(false);
        }
        Ok(!system.differences(resource, record, found).is_empty())
    }

    /// Reads the record to see whether the action shows on it.
    fn prove(&mut self, step: &str, write: &Arc<Write>, until_ms: i64) -> Run<()> {
        let Operation::Action { resource, action, key, .. } = &write.operation else {
            let fault = unknown("the write has no proof".to_owned());
            return self.ask_outcome(step, write, fault);
        };
        let get = Operation::Get { resource: resource.clone(), key: key.clone() };
        let record = self.read_before_and_after(step, write, get, until_ms)?;
        let proof = self.system(&write.connection)?.proof(resource, action, &record);
        match proof {
            Ok(Some(true)) => {
                let made = self.made(step, &write.connection, (resource, action), &record)?;
                self.write_happened(step, made.unwrap_or(record), Known::Proof)
            }
            Ok(Some(false)) => self.happened_not(step, until_ms, "the record does not show it"),
            Ok(None) => {
                let fault = unknown("the action has no proof".to_owned());
                self.ask_outcome(step, write, fault)
            }
            Err(fault) => self.ask_outcome(step, write, fault),
        }
    }

    /// The reading that may find it early, or the one that counts.
    fn read_before_and_after(
        &mut self,
        step: &str,
        write: &Arc<Write>,
        operation: Operation,
        until_ms: i64,
    ) -> Run<Value> {
        let has =
            |slot: &str| self.task.step(step).is_some_and(|record| record.reads.contains_key(slot));
        let slot = match has("late") || (!has("early") && self.world.now_ms >= until_ms) {
            true => "late",
            false => "early",
        };
        self.read(step, slot, &write.connection, operation)
    }

    /// Nothing was found: when that counts it did not happen, else it is looked for again later.
    fn happened_not(&mut self, step: &str, until_ms: i64, because: &str) -> Run<()> {
        let late = self.task.step(step).is_some_and(|record| record.reads.contains_key("late"));
        if late {
            let fault = Fault::new(codes::DID_NOT_HAPPEN, Class::Transient, because);
            self.emit(What::Refused { step: step.to_owned(), fault });
            if self.task.cancel_asked.is_some() {
                return Ok(());
            }
            return self.repeat(step, because);
        }
        self.emit(What::ReadsForgotten { step: Some(step.to_owned()) });
        if self.world.now_ms >= until_ms {
            return self.settle(step);
        }
        Err(self.hold(step, Reason::Outcome { of: step.to_owned(), until_ms }))
    }

    /// The record an action made, read by the key that the record it was done to holds.
    pub(crate) fn made(
        &mut self,
        step: &str,
        connection: &str,
        (resource, action): (&str, &str),
        record: &Value,
    ) -> Run<Option<Value>> {
        let system = self.system(connection)?;
        let Some(made) = system.makes(resource, action) else { return Ok(None) };
        let Some(key) = system.made_by_proof(resource, action, record) else { return Ok(None) };
        self.read(step, "made", connection, Operation::Get { resource: made, key }).map(Some)
    }

    fn said_to_have_happened(
        &mut self,
        step: &str,
        write: &Arc<Write>,
        id: Option<String>,
    ) -> Run<()> {
        let mut resource = resource_of(&write.operation).to_owned();
        if let Operation::Action { action, .. } = &write.operation
            && id.is_some()
            && let Some(made) = self.system(&write.connection)?.makes(&resource, action)
        {
            resource = made;
        }
        let of_action = resource == resource_of(&write.operation);
        let key = match (&write.operation, id) {
            (Operation::Update { key, .. }, _) => key.clone(),
            (Operation::Action { key, .. }, _) if of_action => key.clone(),
            (Operation::Action { key, .. }, None) => key.clone(),
            (_, Some(id)) => id,
            (_, None) => {
                let fault = unknown("the new record's id was not given".to_owned());
                return self.ask_outcome(step, write, fault);
            }
        };
        let get = Operation::Get { resource, key };
        let record = self.read(step, "found", &write.connection, get)?;
        self.write_happened(step, record, Known::Person)
    }

    /// Asks a person.
    pub(crate) fn ask_outcome(&mut self, step: &str, write: &Write, fault: Fault) -> Run<()> {
        let request = format!("{} {}", write.request.method, write.request.path);
        let question = Reason::UnknownOutcome { step: step.to_owned(), request, fault };
        Err(self.hold(step, question))
    }
}

fn unknown(message: String) -> Fault {
    Fault::new(codes::OUTCOME_UNKNOWN, Class::UnknownOutcome, message)
        .hint("look in the target, then answer happened with the id, or not-happened")
}
