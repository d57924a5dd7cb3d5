//! Walks a compiled program. No clock, no network, no disk: stored state comes through the host.

pub(crate) mod budget;
pub(crate) mod calc;
mod call;
pub(crate) mod leaf;
pub(crate) mod ops;
mod peek;

use std::collections::BTreeSet;
use std::sync::Arc;

use tenon_value::{Class, Fault, Record, Value};

use crate::code::{Arm, Code, Op, Pick};
use crate::host::{EvalError, Host, Scope, to_usize};
use crate::path::FieldPath;

type Result<T> = std::result::Result<T, EvalError>;

static MISSING: Value = Value::Missing;

/// One evaluation: scope, bindings, and what it says on the way.
pub(crate) struct Run<'e> {
    pub(crate) scope: &'e Scope,
    pub(crate) host: &'e dyn Host,
    pub(crate) stack: Vec<Value>,
    pub(crate) warnings: Vec<String>,
    /// Paths read and what stood there, when somebody wants to know.
    pub(crate) seen: Option<Vec<(String, Value)>>,
    /// Addresses of the choices, arms and links that were taken, when somebody wants to know.
    pub(crate) reached: Option<BTreeSet<usize>>,
    /// Work done so far; see [`budget`].
    pub(crate) spent: u64,
    /// Arguments of the calls under way, one call's behind another's.
    pub(crate) args: Vec<Value>,
    /// Stored state that was read already; it does not change under an evaluation.
    known: call::Known,
    /// Room for a text that is being made.
    text: String,
}

/// Where a part of a loaded program stands in memory: its name while the program is kept.
pub(crate) fn address(code: &Code) -> usize {
    std::ptr::from_ref(code).addr()
}

/// What a target field comes to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Value(Value),
    Omit,
    Null,
    Keep,
}

impl From<Outcome> for Value {
    fn from(outcome: Outcome) -> Value {
        match outcome {
            Outcome::Value(value) => value,
            Outcome::Null => Value::Null,
            Outcome::Omit | Outcome::Keep => Value::Missing,
        }
    }
}

impl<'e> Run<'e> {
    pub(crate) fn new(scope: &'e Scope, host: &'e dyn Host) -> Run<'e> {
        Run {
            scope,
            host,
            stack: Vec::with_capacity(16),
            warnings: Vec::new(),
            seen: None,
            reached: None,
            spent: 0,
            args: Vec::with_capacity(8),
            known: call::Known::default(),
            text: String::with_capacity(128),
        }
    }

    /// Notes a path and its value for the trace.
    fn note(&mut self, code: &Code, value: &Value) {
        if let Some(seen) = &mut self.seen
            && let Some(path) = path_text(code)
        {
            seen.push((path, value.clone()));
        }
    }

    /// Notes that a part of an expression was taken.
    pub(crate) fn reach(&mut self, code: &Code) {
        if let Some(reached) = &mut self.reached {
            reached.insert(address(code));
        }
    }

    /// The picked amount of a money bag.
    pub(crate) fn picks_presentment(&self, pick: Pick) -> bool {
        match pick {
            Pick::Shop | Pick::Open => false,
            Pick::Presentment => true,
            Pick::Slot(slot) => {
                self.stack.get(usize::from(slot)).and_then(Value::as_text) == Some("presentment")
            }
        }
    }

    /// The value of an expression.
    pub(crate) fn eval(&mut self, code: &Code) -> Result<Value> {
        match code {
            Code::Const(value) => Ok(value.clone()),
            Code::Null => Ok(Value::Null),
            Code::Omit | Code::Keep | Code::Lambda(_) => Ok(Value::Missing),
            Code::Root(_) | Code::Local(..) | Code::Field(_) | Code::Nodes(_) => self.path(code),
            Code::Setting(name) => {
                let value = self.setting(name)?;
                self.note(code, &value);
                Ok(value)
            }
            Code::Index(base, index) => self.index(base, index),
            Code::Where(base, condition) => self.filter(base, condition),
            Code::Flatten(base) => ops::flatten(self.eval(base)?),
            Code::Leaf(base, leaf) => self.leaf(base, leaf),
            Code::Cast(base, leaf) => {
                let value = self.eval(base)?;
                leaf::cast(&value, leaf, self).map_err(|e| named(e, base, &value))
            }
            Code::Template(pieces) => self.template(pieces),
            Code::Not(inner) => Ok(Value::Bool(!self.condition(inner)?)),
            Code::Negate(inner) => {
                let value = self.eval(inner)?;
                ops::negate(&value).map_err(|e| named(e, inner, &value))
            }
            Code::Binary(op, a, b) => self.binary(*op, a, b),
            Code::Approx(sides) => self.approx(sides),
            Code::Fallback(links) => self.link(links, Value::is_blank),
            Code::Coalesce(links) => self.link(links, Value::is_absent),
            Code::Try(..) | Code::If(_) | Code::Match(..) | Code::Let(..) => {
                self.outcome(code).map(Value::from)
            }
            Code::Record(entries) => self.record(entries),
            Code::List(items) => self.list(items),
            Code::Call(callee, arguments) => self.call(callee.0, arguments),
            Code::Lookup(lookup) => self.lookup(lookup),
        }
    }

    fn record(&mut self, entries: &[(Arc<str>, Code)]) -> Result<Value> {
        let mut fields = Record::with_capacity(entries.len());
        for (name, value) in entries {
            let value = self.eval(value)?;
            self.spend_on_parts(&value)?;
            if !matches!(value, Value::Missing) {
                fields.insert(Arc::clone(name), value);
            }
        }
        Ok(Value::record(fields))
    }

    fn list(&mut self, items: &[Code]) -> Result<Value> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let value = self.eval(item)?;
            self.spend_on_parts(&value)?;
            values.push(value);
        }
        Ok(Value::list(values))
    }

    fn path(&mut self, code: &Code) -> Result<Value> {
        if let Some(value) = self.peek(code) {
            let value = value.clone();
            self.note(code, &value);
            return Ok(value);
        }
        Ok(match code {
            Code::Field(path) => self.along(path)?,
            Code::Nodes(base) => match self.eval(base)? {
                Value::Record(fields) => {
                    fields.get("nodes").cloned().unwrap_or(Value::Record(fields))
                }
                other => other,
            },
            _ => Value::Missing,
        })
    }

    /// The value at a path that leads through lists, or begins with something to compute.
    fn along(&mut self, path: &FieldPath) -> Result<Value> {
        let (taken, mut value) = match self.reaches(path) {
            (0, _) | (_, None) => (0, self.eval(path.base())?),
            (taken, Some(value)) => (taken, value.clone()),
        };
        if let Some(seen) = &mut self.seen
            && taken > 0
        {
            seen.extend(start_text(path, taken).map(|text| (text, value.clone())));
        }
        for name in path.names().iter().skip(taken) {
            value = ops::field(&value, name);
        }
        Ok(value)
    }

    /// What a target field comes to: the same walk, but `null`, `omit` and `keep` are kept apart
    /// where they stand at the end.
    pub(crate) fn outcome(&mut self, code: &Code) -> Result<Outcome> {
        match code {
            Code::Null => Ok(Outcome::Null),
            Code::Omit => Ok(Outcome::Omit),
            Code::Keep => Ok(Outcome::Keep),
            Code::Fallback(links) => self.chain(links, Value::is_blank),
            Code::Coalesce(links) => self.chain(links, Value::is_absent),
            Code::Try(attempt, otherwise) => {
                let height = self.stack.len();
                match self.outcome(attempt) {
                    Err(EvalError::Fault(_)) => {
                        self.stack.truncate(height);
                        self.outcome(otherwise)
                    }
                    other => other,
                }
            }
            Code::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                let taken = if self.condition(condition)? { then } else { otherwise };
                self.reach(taken);
                self.outcome(taken)
            }
            Code::Match(subject, arms, other) => self.choose(subject, arms, other.as_deref()),
            Code::Let(value, body) => {
                let value = self.eval(value)?;
                self.bound(value, |run| run.outcome(body))
            }
            other => Ok(Outcome::Value(self.eval(other)?)),
        }
    }

    /// Evaluates with one more binding.
    pub(crate) fn bound<T>(
        &mut self,
        value: Value,
        body: impl FnOnce(&mut Run<'e>) -> Result<T>,
    ) -> Result<T> {
        self.spend(1)?;
        let height = self.stack.len();
        self.stack.push(value);
        let result = body(self);
        self.stack.truncate(height);
        result
    }

    /// What a chain comes to, as a value.
    fn link(&mut self, links: &[Code], passes: fn(&Value) -> bool) -> Result<Value> {
        match self.peek_chain(links, passes) {
            Some(value) if !self.is_watched() => Ok(value.clone()),
            _ => self.chain(links, passes).map(Value::from),
        }
    }

    fn chain(&mut self, links: &[Code], passes: fn(&Value) -> bool) -> Result<Outcome> {
        let Some((last, before)) = links.split_last() else {
            return Ok(Outcome::Omit);
        };
        for link in before {
            self.reach(link);
            if let Some(value) = self.glance(link) {
                if passes(value) {
                    continue;
                }
                return Ok(Outcome::Value(value.clone()));
            }
            match self.outcome(link)? {
                Outcome::Value(value) if passes(&value) => {}
                Outcome::Null | Outcome::Omit => {}
                found => return Ok(found),
            }
        }
        self.reach(last);
        self.outcome(last)
    }

    fn choose(&mut self, subject: &Code, arms: &[Arm], other: Option<&Code>) -> Result<Outcome> {
        let value = self.eval(subject)?;
        for arm in arms {
            if arm.values.iter().any(|v| ops::equal(&value, v)) {
                self.reach(&arm.gives);
                return self.outcome(&arm.gives);
            }
        }
        match other {
            Some(body) => {
                self.reach(body);
                self.bound(value, |run| run.outcome(body))
            }
            None => {
                let fault = Fault::new(
                    "MAP_NO_MATCH",
                    Class::Mapping,
                    format!("no arm of the match stands for {}", ops::shown(&value)),
                )
                .hint("add an arm for this value, or a last arm with a name");
                Err(named(EvalError::Fault(Box::new(fault)), subject, &value))
            }
        }
    }

    /// A bool that must be there.
    pub(crate) fn condition(&mut self, code: &Code) -> Result<bool> {
        if let Code::Binary(op @ (Op::Equal | Op::NotEqual), a, b) = code
            && let (Some(left), Some(right)) = (self.glance(a), self.glance(b))
            && budget::is_small(left)
        {
            return Ok(ops::equal(left, right) == (*op == Op::Equal));
        }
        match self.eval(code)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(named(ops::wrong("a bool", &other), code, &other)),
        }
    }

    fn leaf(&mut self, base: &Code, leaf: &crate::code::Leaf) -> Result<Value> {
        let value = match self.peek(base) {
            Some(value) => leaf::read(value, leaf, self).map_err(|e| named(e, base, value)),
            None => {
                let value = self.eval(base)?;
                return leaf::read(&value, leaf, self).map_err(|e| named(e, base, &value));
            }
        }?;
        if self.seen.is_some() {
            self.note(base, &value);
        }
        Ok(value)
    }

    fn index(&mut self, base: &Code, index: &Code) -> Result<Value> {
        let base_value = self.eval(base)?;
        let at = self.eval(index)?;
        match (&base_value, &at) {
            (Value::Missing | Value::Null, _) => Ok(Value::Missing),
            (Value::List(items), Value::Number(number)) => {
                let at = if number.is_negative() {
                    to_usize(number.negate()).and_then(|back| items.len().checked_sub(back))
                } else {
                    to_usize(*number)
                };
                Ok(at.and_then(|at| items.get(at)).cloned().unwrap_or_default())
            }
            (Value::Record(_), Value::Text(name)) => Ok(base_value.field(name).clone()),
            (Value::List(_), _) => Err(named(ops::wrong("a whole number", &at), index, &at)),
            (Value::Record(_), _) => Err(named(ops::wrong("a text", &at), index, &at)),
            _ => Err(named(ops::wrong("a list or a record", &base_value), base, &base_value)),
        }
    }

    fn filter(&mut self, base: &Code, condition: &Code) -> Result<Value> {
        match self.eval(base)? {
            Value::Missing | Value::Null => Ok(Value::Missing),
            Value::List(items) => {
                let mut kept = Vec::with_capacity(items.len());
                let height = self.stack.len();
                for item in items.iter() {
                    self.spend(1)?;
                    self.stack.push(item.clone());
                    let holds = self.condition(condition);
                    self.stack.truncate(height.saturating_add(1));
                    let item = self.stack.pop();
                    if holds? {
                        kept.extend(item);
                    }
                }
                Ok(Value::list(kept))
            }
            other => Err(named(ops::wrong("a list", &other), base, &other)),
        }
    }

    fn template(&mut self, pieces: &[Code]) -> Result<Value> {
        let mut out = std::mem::take(&mut self.text);
        out.clear();
        for piece in pieces {
            self.has_room(out.len())?;
            if self.glance(piece).is_some_and(|value| value.write_plain(&mut out)) {
                continue;
            }
            let value = self.eval(piece)?;
            if !value.write_plain(&mut out) {
                return Err(named(ops::wrong("a plain value", &value), piece, &value));
            }
        }
        self.spend_on_text(&out)?;
        let value = Value::text(&out);
        self.text = out;
        Ok(value)
    }

    fn binary(&mut self, op: Op, a: &Code, b: &Code) -> Result<Value> {
        match op {
            Op::And => return Ok(Value::Bool(self.condition(a)? && self.condition(b)?)),
            Op::Or => return Ok(Value::Bool(self.condition(a)? || self.condition(b)?)),
            Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Remainder => {
                return self.arithmetic(op, a, b).map(Value::from);
            }
            _ => {}
        }
        if let (Some(left), Some(right)) = (self.glance(a), self.glance(b))
            && budget::is_small(left)
        {
            return ops::binary(op, left, right).map_err(|e| blamed(e, (a, left), (b, right)));
        }
        let left = self.eval(a)?;
        self.spend_on(&left)?;
        if let Some(right) = self.glance(b) {
            return ops::binary(op, &left, right).map_err(|e| blamed(e, (a, &left), (b, right)));
        }
        let right = self.eval(b)?;
        ops::binary(op, &left, &right).map_err(|e| blamed(e, (a, &left), (b, &right)))
    }

    fn approx(&mut self, sides: &[Code; 3]) -> Result<Value> {
        let [a, b, within] = sides;
        let left = self.eval(a)?;
        let right = self.eval(b)?;
        let tolerance = self.eval(within)?;
        let apart = match (&left, &right) {
            (Value::Money(_), Value::Money(_)) => {
                ops::binary(Op::Subtract, &left, &right).and_then(|apart| ops::amount(&apart))
            }
            _ => ops::amount(&left).map_err(|e| named(e, a, &left)).and_then(|x| {
                let y = ops::amount(&right).map_err(|e| named(e, b, &right))?;
                Ok(x.subtract(y)?)
            }),
        };
        let apart = apart?.abs();
        Ok(Value::Bool(apart <= ops::amount(&tolerance)?.abs()))
    }

    /// A number as it stands for amounts and counts.
    pub(crate) fn started_at(&self) -> Value {
        Value::DateTime(self.host.started_at())
    }
}

/// An error of an operator, at the side that is at fault.
fn blamed(error: EvalError, a: (&Code, &Value), b: (&Code, &Value)) -> EvalError {
    let (code, value) = if !a.1.is_absent() && b.1.is_absent() { b } else { a };
    named(error, code, value)
}

/// An error with the path it happened at.
fn named(error: EvalError, code: &Code, value: &Value) -> EvalError {
    let mut error = error;
    if let EvalError::Fault(fault) = &mut error
        && fault.field.is_none()
        && let Some(path) = path_text(code)
    {
        fault.message = format!("{path}: {}", fault.message);
        fault.field = Some(path);
        if fault.value == Value::Missing {
            fault.value = value.clone();
        }
    }
    error
}

/// The first names of a path as text.
fn start_text(path: &FieldPath, names: usize) -> Option<String> {
    let mut text = path_text(path.base())?;
    for name in path.names().iter().take(names) {
        text.push('.');
        text.push_str(name.text());
    }
    Some(text)
}

/// A path as its author wrote it, where the code is one.
pub(crate) fn path_text(code: &Code) -> Option<String> {
    Some(match code {
        Code::Root(name) | Code::Local(_, name) => name.to_string(),
        Code::Setting(name) => format!("settings.{name}"),
        Code::Field(path) => start_text(path, path.names().len())?,
        Code::Index(base, index) => match &**index {
            Code::Const(Value::Number(n)) => format!("{}[{n}]", path_text(base)?),
            _ => format!("{}[…]", path_text(base)?),
        },
        Code::Where(base, _) => format!("{}[where …]", path_text(base)?),
        Code::Flatten(base) => format!("{}[]", path_text(base)?),
        Code::Nodes(base) | Code::Leaf(base, _) => path_text(base)?,
        _ => return None,
    })
}
