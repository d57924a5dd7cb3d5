//! Waiting: for a time, a signal, the end of something accepted, or another record's document.

use tenon_graph::{Endpoint, Program, WaitOn};
use tenon_mapper::Scope;
use tenon_value::{Class, Fault, Value};

use crate::codes;
use crate::event::{How, What};
use crate::state::Reason;
use crate::work::{Run, Stop, Work, fault};

/// How long after a look another is made for a document, should nobody tell of it, in milliseconds.
const LOOK_AGAIN_MS: i64 = 3_600_000;
/// Least time between two reads of an outcome, in milliseconds.
const LEAST_EVERY_MS: i64 = 1_000;

impl Work<'_> {
    /// A `wait`: its output once what it waits for has come.
    pub(crate) fn wait(
        &mut self,
        (id, step): (&str, &str),
        on: &WaitOn,
        scope: &Scope,
    ) -> Run<Value> {
        if self.world.dry_run {
            return Ok(Value::Missing);
        }
        if self.replays {
            return self.came(step).ok_or(Stop::Wait);
        }
        match on {
            WaitOn::For(program) => {
                let for_ms = match self.eval(step, program, scope)? {
                    Value::Duration(ms) => ms,
                    other => return Err(not_a("duration", step, other)),
                };
                self.until(step, self.world.now_ms.saturating_add(for_ms.max(0)))
            }
            WaitOn::Until(program) => match self.eval(step, program, scope)? {
                Value::DateTime(at) => self.until(step, at.timestamp_millis()),
                other => Err(not_a("moment", step, other)),
            },
            WaitOn::Signal(name) => self.signal(step, name),
            WaitOn::Outcome { of, by, holds, every_ms } => {
                self.outcome((id, step), (of, by), (holds, *every_ms), scope)
            }
            WaitOn::Reference { entity, id } => self.awaited_document(step, (entity, id), scope),
        }
    }

    /// What came, when a wait is passed again.
    fn came(&self, step: &str) -> Option<Value> {
        let record = self.task.step(step)?;
        let passed = record.until_ms.filter(|until_ms| *until_ms <= self.world.now_ms);
        record.signal.clone().or_else(|| passed.map(|_| Value::Missing))
    }

    fn until(&mut self, step: &str, until_ms: i64) -> Run<Value> {
        let known = self.task.step(step).and_then(|record| record.until_ms);
        let until_ms = match known {
            Some(until_ms) => until_ms,
            None => {
                let over_ms = self.task.step(step).and_then(|record| record.over_ms);
                let (step, until) = (step.to_owned(), Some(until_ms));
                self.emit(What::StepBegun { step, until_ms: until, over_ms });
                until_ms
            }
        };
        match until_ms <= self.world.now_ms {
            true => Ok(Value::Missing),
            false => Err(self.hold(step, Reason::Timer { until_ms })),
        }
    }

    fn signal(&mut self, step: &str, name: &str) -> Run<Value> {
        if let Some(value) = self.task.step(step).and_then(|record| record.signal.clone()) {
            return Ok(value);
        }
        if self.task.signals.iter().any(|(known, _)| known == name) {
            self.emit(What::SignalTaken { step: step.to_owned(), name: name.to_owned() });
            let taken = self.task.step(step).and_then(|record| record.signal.clone());
            return Ok(taken.unwrap_or_default());
        }
        let until_ms = self.task.step(step).and_then(|record| record.over_ms);
        let (step, name) = (step.to_owned(), name.to_owned());
        Err(self.hold(&step.clone(), Reason::Signal { step, name, until_ms }))
    }

    /// Reads a record until it shows the end of what was accepted.
    fn outcome(
        &mut self,
        (id, step): (&str, &str),
        (of, by): (&Endpoint, &Program),
        (holds, every_ms): (&Program, i64),
        scope: &Scope,
    ) -> Run<Value> {
        let record = self.get(step, of, by, scope)?;
        let inner = scope.clone().with(id, record.clone());
        if self.holds(step, holds, &inner)? {
            return Ok(record);
        }
        let until_ms = self.world.now_ms.saturating_add(every_ms.max(LEAST_EVERY_MS));
        Err(self.hold(step, Reason::Outcome { of: step.to_owned(), until_ms }))
    }

    /// Looks for another record's document.
    fn awaited_document(
        &mut self,
        step: &str,
        (entity, id): (&str, &Program),
        scope: &Scope,
    ) -> Run<Value> {
        let Some(id) = self.plain(step, id, scope)? else {
            let message = format!("the reference that step `{step}` waits for came out blank");
            return Err(fault(Fault::new(codes::REFERENCE_BLANK, Class::Missing, message)));
        };
        if let Some(link) = self.link(entity, &id)? {
            return Ok(self.step_ended(step, How::Came, Value::text(&link.target), &[]));
        }
        let until_ms = Some(self.world.now_ms.saturating_add(LOOK_AGAIN_MS));
        let reference = format!("{entity} {id}");
        let reason = Reason::Document { step: step.to_owned(), reference, until_ms };
        Err(self.hold(step, reason))
    }
}

fn not_a(what: &str, step: &str, value: Value) -> Stop {
    let message = format!("what step `{step}` waits for is a {}, not a {what}", value.kind());
    fault(Fault::new(codes::BAD_CHOICE, Class::Mapping, message).at("wait", value))
}
