//! Runs a compiled mapping.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use tenon_value::{Class, Fault, Needs, Record, Value};

use super::code::{Adds, Check, FieldCode, Gives, MappingCode, Named, Part};
use super::coverage::Spot;
use super::field::{place, put, shown, write, written};
use super::fields::{Fields, filled};
use super::place::Place;
use super::trace::{Candidate, Trace, TraceField, TraceLet};
use crate::code::Code;
use crate::eval::{Outcome, Run};
use crate::host::{EvalError, Host, Scope};
use crate::program::{EDITION, ProgramError, known, read};

type Result<T> = std::result::Result<T, EvalError>;

/// A compiled mapping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MappingProgram {
    edition: u32,
    code: Arc<MappingCode>,
}

/// The record a mapping made.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The record, in the target's wire form.
    pub record: Value,
    /// What `warn` said, and items that were dropped.
    pub warnings: Vec<String>,
}

impl MappingProgram {
    pub(crate) fn new(code: MappingCode) -> MappingProgram {
        MappingProgram { edition: EDITION, code: Arc::new(code) }
    }

    /// The text a step graph holds.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`MappingProgram::to_text`] wrote.
    ///
    /// # Errors
    /// [`ProgramError`] where it is none, or one of a later edition.
    pub fn from_text(text: &str) -> std::result::Result<MappingProgram, ProgramError> {
        let program: MappingProgram = read(text)?;
        known(program.edition)?;
        Ok(program)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.code.name
    }

    /// Names it sees and the resources they are records of.
    #[must_use]
    pub fn from(&self) -> &IndexMap<String, String> {
        &self.code.from
    }

    /// The resource it makes a record of.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.code.to
    }

    /// Makes the record. `target` is the record there on an update: `keep` takes its value.
    ///
    /// # Errors
    /// A fault that names the target field, a written `skip`, or [`EvalError::Pending`].
    pub fn run(
        &self,
        scope: &Scope,
        host: &dyn Host,
        target: Option<&Value>,
        trace: Option<&mut Trace>,
    ) -> Result<Made> {
        let mut mapper = Mapper { run: Run::new(scope, host), trace };
        if mapper.trace.is_some() {
            mapper.run.reached = Some(BTreeSet::new());
        }
        let made = self.make(&mut mapper, target);
        if let Some(trace) = &mut mapper.trace {
            trace.reached = mapper.run.reached.take().unwrap_or_default();
        }
        made.map(|record| Made { record, warnings: mapper.run.warnings })
    }

    fn make(&self, mapper: &mut Mapper<'_, '_>, target: Option<&Value>) -> Result<Value> {
        if let Some(pick) = &self.code.pick {
            let picked = mapper.run.eval(pick)?;
            mapper.run.stack.push(picked);
        }
        for named in &self.code.lets {
            let value = mapper.named(named, None).map_err(|e| e.at(&named.name, &MISSING))?;
            mapper.run.stack.push(value);
        }
        let record = Value::record(mapper.record(&self.code.fields, None, target)?);
        mapper.run.stack.push(record.clone());
        for check in &self.code.checks {
            mapper.check(check)?;
        }
        Ok(record)
    }

    /// What of the mapping a run can reach, and whether this one did: candidates of fields, links of
    /// chains, arms and branches, and parts of lists. The trace must be of a run of this very program.
    #[must_use]
    pub fn reached(&self, trace: &Trace) -> Vec<(Spot, bool)> {
        let spots = super::coverage::spots(&self.code);
        spots.into_iter().map(|(at, spot)| (spot, trace.reached.contains(&at))).collect()
    }
}

static MISSING: Value = Value::Missing;

struct Mapper<'e, 't> {
    run: Run<'e>,
    trace: Option<&'t mut Trace>,
}

impl Mapper<'_, '_> {
    /// A named value of the mapping, or of the item of a list `at` that place.
    fn named(&mut self, named: &Named, at: Option<&Place<'_>>) -> Result<Value> {
        let Some(trace) = &mut self.trace else { return self.run.eval(&named.code) };
        self.run.seen = Some(Vec::new());
        let value = self.run.eval(&named.code);
        let read = self.run.seen.take().unwrap_or_default();
        let value = value?;
        trace.lets.push(TraceLet {
            at: at.map(ToString::to_string).unwrap_or_default(),
            name: named.name.to_string(),
            text: named.text.clone(),
            value: value.clone(),
            read,
        });
        Ok(value)
    }

    fn record(
        &mut self,
        fields: &Fields,
        at: Option<&Place<'_>>,
        target: Option<&Value>,
    ) -> Result<Record> {
        let mut record = fields.unfilled();
        for (field, place) in fields.placed() {
            let there = target.map(|t| t.field(&field.name));
            let Some((_, slot)) = record.get_index_mut(place) else { continue };
            match &field.gives {
                Gives::First { candidates, otherwise } if self.trace.is_none() => {
                    let path = Place::field(at, &field.name);
                    let all = candidates.iter().chain(otherwise);
                    if !self.fill(all, (field, &path, there), slot)? && field.required {
                        return Err(needed(field, &path));
                    }
                }
                _ => {
                    if let Some(value) = self.field(field, at, there)? {
                        *slot = value;
                    }
                }
            }
        }
        Ok(filled(record))
    }

    /// The value of a field; none where it is left out.
    fn field(
        &mut self,
        field: &FieldCode,
        at: Option<&Place<'_>>,
        there: Option<&Value>,
    ) -> Result<Option<Value>> {
        let path = Place::field(at, &field.name);
        let value = match &field.gives {
            Gives::Record(fields) => {
                let record = self.record(fields, Some(&path), there)?;
                (!record.is_empty()).then(|| Value::record(record))
            }
            Gives::Parts(parts) => Some(Value::list(self.parts(parts, &path)?)),
            Gives::First { .. } => self.first(field, &path, there)?,
        };
        if value.is_none() && field.required {
            return Err(needed(field, &path));
        }
        Ok(value)
    }

    /// Gives a field its value, as [`Mapper::first`] would, while nobody asks for a trace; false
    /// where it is left out.
    fn fill<'c>(
        &mut self,
        candidates: impl Iterator<Item = &'c Named>,
        (field, path, there): (&FieldCode, &Place<'_>, Option<&Value>),
        slot: &mut Value,
    ) -> Result<bool> {
        let misfit = |e: EvalError| e.at(&path.to_string(), &MISSING);
        let mut candidates = candidates.peekable();
        while let Some(candidate) = candidates.next() {
            let last = candidates.peek().is_none();
            if let Some(value) = self.run.glance(&candidate.code) {
                if value.is_blank() && !last {
                    continue;
                }
                return put(value, &field.write, slot).map_err(misfit);
            }
            if !candidate.code.is_choice() {
                let value = self.run.eval(&candidate.code).map_err(|e| e.within(path))?;
                if value.is_blank() && !last {
                    continue;
                }
                return place(value, &field.write, slot).map_err(misfit);
            }
            match self.run.outcome(&candidate.code).map_err(|e| e.within(path))? {
                Outcome::Value(value) if value.is_blank() && !last => {}
                Outcome::Value(value) => return place(value, &field.write, slot).map_err(misfit),
                Outcome::Null if last => {
                    *slot = Value::Null;
                    return Ok(true);
                }
                Outcome::Null | Outcome::Omit => {}
                Outcome::Keep => {
                    let kept = there.filter(|value| !value.is_absent());
                    kept.into_iter().for_each(|value| slot.clone_from(value));
                    return Ok(kept.is_some());
                }
            }
        }
        Ok(false)
    }

    fn first(
        &mut self,
        field: &FieldCode,
        path: &Place<'_>,
        there: Option<&Value>,
    ) -> Result<Option<Value>> {
        let Gives::First { candidates, otherwise } = &field.gives else { return Ok(None) };
        let mut tried = Vec::new();
        let last = candidates.len().saturating_add(usize::from(otherwise.is_some()));
        let mut found = Outcome::Omit;
        for (n, candidate) in candidates.iter().chain(otherwise).enumerate() {
            found = self.candidate(candidate, path, &mut tried)?;
            let passes = match &found {
                Outcome::Value(value) => value.is_blank(),
                Outcome::Omit | Outcome::Null => true,
                Outcome::Keep => false,
            };
            if !passes || n.saturating_add(1) == last {
                break;
            }
        }
        let value = match found {
            Outcome::Value(value) if value.is_absent() => None,
            Outcome::Value(value) => {
                Some(written(value, &field.write).map_err(|e| e.at(&path.to_string(), &MISSING))?)
            }
            Outcome::Null => Some(Value::Null),
            Outcome::Omit => None,
            Outcome::Keep => match there {
                Some(value) if !value.is_absent() => Some(value.clone()),
                _ => None,
            },
        };
        if let Some(trace) = &mut self.trace {
            if let Some(winner) = tried.last_mut()
                && value.is_some()
            {
                winner.won = true;
            }
            let untried = candidates.iter().chain(otherwise).skip(tried.len());
            trace.fields.push(TraceField {
                path: path.to_string(),
                untried: untried.map(|c| c.text.clone()).collect(),
                tried,
                written: value.clone().unwrap_or_default(),
            });
        }
        Ok(value)
    }

    fn candidate(
        &mut self,
        candidate: &Named,
        path: &Place<'_>,
        tried: &mut Vec<Candidate>,
    ) -> Result<Outcome> {
        if self.trace.is_none() {
            return self.run.outcome(&candidate.code).map_err(|e| e.within(path));
        }
        self.run.reach(&candidate.code);
        self.run.seen = Some(Vec::new());
        let result = self.run.outcome(&candidate.code).map_err(|e| e.within(path));
        let came_to = match &result {
            Ok(Outcome::Value(value)) => Ok(value.clone()),
            Ok(Outcome::Null) => Ok(Value::Null),
            Ok(Outcome::Omit | Outcome::Keep) => Ok(Value::Missing),
            Err(EvalError::Fault(fault) | EvalError::Failed(fault)) => Err(fault.message.clone()),
            Err(EvalError::Skip(skip)) => Err(format!("skip: {}", skip.because)),
            Err(EvalError::Pending) => Err("waits for stored state".to_owned()),
        };
        let read = self.run.seen.take().unwrap_or_default();
        tried.push(Candidate { text: candidate.text.clone(), came_to, won: false, read });
        if result.is_err()
            && let Some(trace) = &mut self.trace
        {
            trace.fields.push(TraceField {
                path: path.to_string(),
                tried: std::mem::take(tried),
                untried: Vec::new(),
                written: Value::Missing,
            });
        }
        result
    }

    fn parts(&mut self, parts: &[Part], at: &Place<'_>) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        for part in parts {
            if let Some(when) = &part.when
                && !self.run.condition(when).map_err(|e| e.within(at))?
            {
                continue;
            }
            match &part.adds {
                Adds::One { fields } => {
                    let path = at.item(items.len());
                    items.push(Value::record(self.record(fields, Some(&path), None)?));
                }
                Adds::Row { row, write: form } => {
                    self.run.reach(&row.code);
                    let made = self.run.eval(&row.code).map_err(|e| e.within(at))?;
                    let rows = match &made {
                        Value::Missing | Value::Null => continue,
                        Value::List(rows) => rows.as_slice(),
                        single => std::slice::from_ref(single),
                    };
                    for row in rows {
                        let path = at.item(items.len());
                        items.push(write(row, form).map_err(|e| e.within(&path))?);
                    }
                }
                Adds::Each { .. } => self.each(&part.adds, at, &mut items)?,
            }
        }
        Ok(items)
    }

    fn each(&mut self, adds: &Adds, at: &Place<'_>, items: &mut Vec<Value>) -> Result<()> {
        let Adds::Each { over, only, lets, fields, drop_faulty, .. } = adds else {
            return Ok(());
        };
        let items_of = over;
        let over = match self.run.eval(over).map_err(|e| e.within(at))? {
            Value::List(over) => over,
            _ => return Ok(()),
        };
        let height = self.run.stack.len();
        items.reserve(over.len());
        for (index, item) in over.iter().enumerate() {
            let path = at.item(items.len());
            self.run.reach(items_of);
            self.run.stack.push(item.clone());
            self.run.stack.push(Value::from(i64::try_from(index).unwrap_or(i64::MAX)));
            let made = self.item(only.as_ref(), lets, fields, &path);
            self.run.stack.truncate(height);
            match made {
                Ok(Some(record)) => items.push(record),
                Ok(None) => {}
                Err(EvalError::Fault(fault) | EvalError::Failed(fault)) if *drop_faulty => {
                    self.run.warnings.push(format!(
                        "{at}: item {index} left out: {}: {} ({})",
                        fault.code,
                        fault.message,
                        shown(&fault.value)
                    ));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn item(
        &mut self,
        only: Option<&crate::code::Code>,
        lets: &[Named],
        fields: &Fields,
        path: &Place<'_>,
    ) -> Result<Option<Value>> {
        if let Some(only) = only
            && !self.run.condition(only).map_err(|e| e.within(path))?
        {
            return Ok(None);
        }
        for named in lets {
            let value = self.named(named, Some(path)).map_err(|e| e.within(path))?;
            self.run.stack.push(value);
        }
        Ok(Some(Value::record(self.record(fields, Some(path), None)?)))
    }

    fn check(&mut self, check: &Check) -> Result<()> {
        let holds = self.run.condition(&check.code).map_err(|e| e.within(&"checks"))?;
        if let Some(trace) = &mut self.trace {
            trace.checks.push((check.text.clone(), holds));
        }
        if holds {
            return Ok(());
        }
        let mut message = format!("the check `{}` does not hold", check.text);
        let mut value = Value::Missing;
        if let Some((left, right)) = &check.sides {
            let left = self.run.eval(left)?;
            let right = self.run.eval(right)?;
            message.push_str(&format!(": {} against {}", shown(&left), shown(&right)));
            value = Value::of([("left", left), ("right", right)]);
        }
        let fault = Fault::new("MAP_CHECK_FAILED", Class::Mapping, message)
            .hint("nothing was sent; correct the record or the mapping, then retry")
            .at("checks", value);
        Err(EvalError::Fault(Box::new(fault)))
    }
}

/// The fault for a field the target needs and that got no value.
fn needed(field: &FieldCode, path: &Place<'_>) -> EvalError {
    let path = path.to_string();
    let missing = EvalError::missing(&format!("the target needs `{path}`, and its value"))
        .at(&path, &MISSING);
    match setting_of(&field.gives) {
        Some(setting) => missing.needs_setting(setting),
        None => missing,
    }
}

/// The setting that a field takes its value from as it is.
fn setting_of(gives: &Gives) -> Option<&str> {
    let Gives::First { candidates, otherwise } = gives else { return None };
    candidates.iter().chain(otherwise).find_map(|candidate| match &candidate.code {
        Code::Setting(name) => Some(&**name),
        _ => None,
    })
}

impl EvalError {
    /// A person who gives the setting a value releases it.
    fn needs_setting(mut self, name: &str) -> EvalError {
        if let EvalError::Fault(fault) = &mut self {
            fault.hint = Some(format!("`tenon setting set {name} …`, then retry the task"));
            fault.needs = Some(Needs { what: format!("setting:{name}"), key: Value::Null });
        }
        self
    }

    /// With the target field it happened at: the message keeps the path that was read.
    fn within(mut self, field: &impl std::fmt::Display) -> EvalError {
        if let EvalError::Fault(fault) | EvalError::Failed(fault) = &mut self
            && fault.needs.is_none()
        {
            fault.field = Some(field.to_string());
        }
        self
    }
}
