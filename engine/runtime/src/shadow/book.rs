//! What a task's journal recorded, kept so that the task can be replayed without asking anybody.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tenon_kit::{Operation, Request};
use tenon_machine::{Created, Event, Link, Part, ReadKey, SOURCE, Stored, What};
use tenon_store::TaskRow;
use tenon_value::{Fault, Value};

/// A write as it was really made.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) step: String,
    pub(super) connection: String,
    pub(super) operation: Operation,
    pub(super) request: Request,
    /// The whole document, and the reference that is stored with the outcome.
    pub(super) document: Value,
    pub(super) reference: Option<Stored>,
    /// The record it gave; none where it was refused, or nothing is known of it.
    pub(super) gave: Option<Value>,
    /// The key of what it made.
    pub(super) target: Option<String>,
    /// Why it was refused.
    pub(super) refused: Option<Fault>,
}

/// What was known of a record before a task.
pub(super) type Before = (Option<Link>, Value);

/// A task with all that its journal recorded, and its children.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) row: TaskRow,
    pub(super) created: Created,
    pub(super) created_ms: i64,
    /// What systems said, by step and slot, in the order it was asked.
    pub(super) reads: BTreeMap<(String, String), VecDeque<Value>>,
    /// What was read of stored state.
    pub(super) looked: BTreeMap<ReadKey, Value>,
    pub(super) writes: Vec<Written>,
    pub(super) signals: Vec<(String, Value)>,
    pub(super) children: Vec<Recorded>,
    /// References, and what was last sent for them, as they were when the task began: by entity and id.
    pub(super) before: BTreeMap<(String, String), Before>,
    /// Why a replay would say nothing.
    pub(super) unlike: Option<String>,
}

impl Recorded {
    /// From a journal. None where it does not begin with the task's making.
    pub(super) fn of(row: TaskRow, journal: &[Event]) -> Option<Recorded> {
        let first = journal.first()?;
        let What::Created(created) = &first.what else { return None };
        let mut recorded = Recorded {
            row,
            created: created.clone(),
            created_ms: first.at_ms,
            reads: BTreeMap::new(),
            looked: BTreeMap::new(),
            writes: Vec::new(),
            signals: Vec::new(),
            children: Vec::new(),
            before: BTreeMap::new(),
            unlike: None,
        };
        let mut reading = Reading::default();
        for event in journal {
            recorded.take(&event.what, &mut reading);
        }
        Some(recorded)
    }

    fn take(&mut self, what: &What, reading: &mut Reading) {
        match what {
            What::Read { step, slot, value } => {
                let key = (step.clone(), slot.clone());
                // A read that was made again before the write is the one that counts.
                let again = !reading.written.contains(step) && reading.fresh.contains(&key);
                let values = self.reads.entry(key.clone()).or_default();
                if again {
                    values.clear();
                }
                reading.fresh.insert(key);
                values.push_back(value.clone());
            }
            What::Looked { reads, .. } => {
                for (key, value) in reads {
                    if !reading.settled.contains(key) {
                        self.looked.insert(key.clone(), value.clone());
                    }
                }
            }
            What::Intended { step, connection, operation, request, reference, document } => {
                reading.written.insert(step.clone());
                if let Some(stored) = reference {
                    // What is looked up afterwards is what this write made.
                    let (entity, id) = (stored.entity.clone(), stored.id.clone());
                    let (e, i) = (entity.clone(), id.clone());
                    reading.settled.insert(ReadKey::Reference { entity: e, id: i });
                    reading.settled.insert(ReadKey::Sent { entity, id });
                }
                self.writes.retain(|write| write.step != *step || write.gave.is_some());
                self.writes.push(Written {
                    step: step.clone(),
                    connection: connection.clone(),
                    operation: operation.clone(),
                    request: request.clone(),
                    document: document.clone().unwrap_or_else(|| made_by(operation)),
                    reference: reference.clone(),
                    gave: None,
                    target: None,
                    refused: None,
                });
            }
            What::Answered { step, record, target, .. } => {
                if let Some(write) = self.last_write(step) {
                    write.gave = Some(record.clone());
                    write.target.clone_from(target);
                }
            }
            What::Refused { step, fault } => {
                if let Some(write) = self.last_write(step) {
                    write.refused = Some(fault.clone());
                }
            }
            What::Signalled { name, value, .. } => self.signals.push((name.clone(), value.clone())),
            other => self.judge(other),
        }
    }

    fn last_write(&mut self, step: &str) -> Option<&mut Written> {
        self.writes.iter_mut().rev().find(|write| write.step == step)
    }

    /// What people did with the task that no other documents would have done.
    fn judge(&mut self, what: &What) {
        let why = match what {
            What::Edited { part: Part::Record, value, .. } => {
                let key = (SOURCE.to_owned(), "record".to_owned());
                self.reads.insert(key, VecDeque::from([value.clone()]));
                return;
            }
            What::Edited { step, .. } => format!("a person gave a value to step {step}"),
            What::Closed { by, .. } => format!("{by} took it as done"),
            What::UndoBegun { .. } => "what it did was made undone".to_owned(),
            What::Erased { .. } => "what it read was erased".to_owned(),
            _ => return,
        };
        self.unlike.get_or_insert(why);
    }

    /// The first write for an entity of this task, where it made one.
    pub(super) fn first_write(&self, entity: &str, id: &str) -> Option<&Written> {
        self.writes.iter().find(|write| {
            write.reference.as_ref().is_some_and(|of| of.entity == entity && of.id == id)
        })
    }

    /// A task of its family.
    pub(super) fn of_family(&mut self, task: &str) -> Option<&mut Recorded> {
        if self.row.id == task {
            return Some(self);
        }
        self.children.iter_mut().find_map(|child| child.of_family(task))
    }

    /// A child by the flow it ran and its record.
    pub(super) fn child(&self, flow: &str, record: &str) -> Option<&Recorded> {
        self.children
            .iter()
            .find(|child| child.created.flow == flow && child.created.record == record)
    }
}

/// The record that an operation writes.
fn made_by(operation: &Operation) -> Value {
    match operation {
        Operation::Create { record, .. } | Operation::Update { record, .. } => record.clone(),
        _ => Value::Missing,
    }
}

/// What was come past while a journal is read.
#[derive(Default)]
struct Reading {
    written: BTreeSet<String>,
    fresh: BTreeSet<(String, String)>,
    settled: BTreeSet<ReadKey>,
}
