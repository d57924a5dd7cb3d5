//! Functions of the language: one file each, each describing itself.
//!
//! Name, parameters, result, whether it may fault and examples stand in one [`Function`]; the
//! checker, the reference page and the tests are made from it. Parameters keep their order for ever:
//! compiled programs name them by position.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use tenon_value::{Number, Rounding, Value};

use crate::code::Code;
use crate::eval::calc::Term;
use crate::eval::{Run, ops};
use crate::host::{EvalError, to_usize};
use crate::types::Type;

type Result<T> = std::result::Result<T, EvalError>;

pub(crate) mod catalog;
pub use catalog::ALL;

/// A function of the language.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub params: &'static [Param],
    /// The type of its result, from the types of its arguments (a lambda's is that of its body;
    /// `dyn` for one left out).
    pub result: fn(&[Type]) -> Type,
    /// The result in words.
    pub gives: &'static str,
    /// Whether it may fault even with arguments of the right types.
    pub fallible: bool,
    /// One or two sentences.
    pub doc: &'static str,
    /// Expressions and what they give: an expression, or `fault CODE`.
    pub examples: &'static [(&'static str, &'static str)],
    pub(crate) run: fn(&mut Call<'_, '_>) -> Result<Value>,
}

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name; arguments may be given by it.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// May be left out.
    pub optional: bool,
    /// Missing and null are values it understands.
    pub absent: bool,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Takes {
    Any,
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    Bool,
    Number,
    Int,
    /// A number or money.
    Amount,
    Date,
    DateTime,
    Duration,
    List,
    Record,
    /// A function of one item of the first argument, giving anything.
    Lambda,
    /// A function of one item of the first argument, giving a bool.
    Condition,
}

impl Takes {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Takes::Any => "any value",
            Takes::Text => "text",
            Takes::OneOf(_) => "one of a few texts",
            Takes::Bool => "bool",
            Takes::Number => "number",
            Takes::Int => "int",
            Takes::Amount => "number or money",
            Takes::Date => "date",
            Takes::DateTime => "datetime",
            Takes::Duration => "duration",
            Takes::List => "list",
            Takes::Record => "record",
            Takes::Lambda => "x => …",
            Takes::Condition => "x => bool",
        }
    }
}

/// The rounding modes, as a parameter takes them.
pub(crate) const MODES: &[&str] =
    &["half_up", "half_even", "half_down", "up", "down", "ceiling", "floor"];

/// A parameter that must be given and be there.
pub(crate) const fn needs(name: &'static str, takes: Takes) -> Param {
    Param { name, takes, optional: false, absent: false }
}

/// A parameter that must be given, where missing and null are fine.
pub(crate) const fn takes(name: &'static str, takes: Takes) -> Param {
    Param { name, takes, optional: false, absent: true }
}

/// A parameter that may be left out; where given it must be there.
pub(crate) const fn may(name: &'static str, takes: Takes) -> Param {
    Param { name, takes, optional: true, absent: false }
}

/// A parameter that may be left out, missing or null.
pub(crate) const fn may_take(name: &'static str, takes: Takes) -> Param {
    Param { name, takes, optional: true, absent: true }
}

impl Function {
    /// The function of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Function> {
        let at = ALL.binary_search_by(|f| f.name.cmp(name)).ok()?;
        ALL.get(at).copied()
    }

    /// `truncate(text: text, length: int) -> text`
    #[must_use]
    pub fn signature(&self) -> String {
        let params: Vec<String> = self
            .params
            .iter()
            .map(|p| {
                format!("{}{}: {}", p.name, if p.optional { "?" } else { "" }, p.takes.words())
            })
            .collect();
        format!("{}({}) -> {}", self.name, params.join(", "), self.gives)
    }
}

impl Function {
    /// Its page, in Markdown.
    #[must_use]
    pub fn page(&self) -> String {
        let mut out = format!("## {}\n\n`{}`\n\n{}\n", self.name, self.signature(), self.doc);
        for param in self.params {
            if let Takes::OneOf(words) = param.takes {
                out.push_str(&format!("\n`{}` is one of {}.\n", param.name, words.join(", ")));
            }
        }
        if self.fallible {
            out.push_str("\nIt may be a fault even with arguments of the right types.\n");
        }
        out.push_str("\n```\n");
        for (expression, gives) in self.examples {
            out.push_str(&format!("{expression} -> {gives}\n"));
        }
        out.push_str("```\n");
        out
    }
}

/// The reference page of all functions, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut out = String::from(
        "# Functions\n\nMade from the functions themselves; `tenon explain NAME` shows one. A `?` behind a \
         parameter says that it may be left out.\n\n| function | what |\n|---|---|\n",
    );
    for function in ALL {
        let first = function.doc.split(". ").next().unwrap_or(function.doc);
        out.push_str(&format!(
            "| [{0}](#{0}) | {1} |\n",
            function.name,
            first.trim_end_matches('.')
        ));
    }
    for function in ALL {
        out.push('\n');
        out.push_str(&function.page());
    }
    out
}

/// A function bound into a program; stored by name.
#[derive(Clone, Copy)]
pub struct Callee(pub &'static Function);

impl PartialEq for Callee {
    fn eq(&self, other: &Callee) -> bool {
        self.0.name == other.0.name
    }
}

impl std::fmt::Debug for Callee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Serialize for Callee {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for Callee {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Callee, D::Error> {
        let name = String::deserialize(from)?;
        Function::named(&name)
            .map(Callee)
            .ok_or_else(|| D::Error::custom(format!("there is no function `{name}`")))
    }
}

/// One call: arguments in the order of the parameters; what was left out is missing.
pub(crate) struct Call<'c, 'e> {
    pub(crate) name: &'static str,
    /// Where its arguments begin among those of all calls under way.
    pub(crate) base: usize,
    pub(crate) lambda: Option<&'c Code>,
    pub(crate) run: &'c mut Run<'e>,
}

impl Call<'_, '_> {
    /// Its arguments. Calls made by its lambda have given theirs back.
    pub(crate) fn args(&self) -> &[Value] {
        self.run.args.get(self.base..).unwrap_or_default()
    }

    fn arg(&self, at: usize) -> Option<&Value> {
        self.args().get(at)
    }

    /// An argument as it is.
    pub(crate) fn value(&self, at: usize) -> Value {
        self.arg(at).cloned().unwrap_or_default()
    }

    pub(crate) fn is_given(&self, at: usize) -> bool {
        self.arg(at).is_some_and(|v| !v.is_absent())
    }

    pub(crate) fn text(&self, at: usize) -> Result<Arc<str>> {
        match self.arg(at) {
            Some(Value::Text(text)) => Ok(Arc::clone(text)),
            other => Err(self.wrong("a text", other)),
        }
    }

    pub(crate) fn text_or(&self, at: usize, default: &str) -> Result<Arc<str>> {
        if self.is_given(at) { self.text(at) } else { Ok(Arc::from(default)) }
    }

    pub(crate) fn number(&self, at: usize) -> Result<Number> {
        match self.arg(at) {
            Some(Value::Number(number)) => Ok(*number),
            other => Err(self.wrong("a number", other)),
        }
    }

    pub(crate) fn count(&self, at: usize) -> Result<usize> {
        let number = self.number(at)?;
        to_usize(number).ok_or_else(|| self.out_of_range("a whole number from 0", at))
    }

    /// Digits after the point: 0 to 28.
    pub(crate) fn scale(&self, at: usize) -> Result<u32> {
        let scale = self.count(at)?;
        u32::try_from(scale)
            .ok()
            .filter(|s| *s <= 28)
            .ok_or_else(|| self.out_of_range("a scale from 0 to 28", at))
    }

    pub(crate) fn mode(&self, at: usize) -> Result<Rounding> {
        match self.arg(at) {
            Some(Value::Text(name)) => {
                Rounding::named(name).ok_or_else(|| ops::wrong("a rounding mode", &self.value(at)))
            }
            other => Err(self.wrong("a text", other)),
        }
    }

    pub(crate) fn bool_or(&self, at: usize, default: bool) -> Result<bool> {
        match self.arg(at) {
            Some(Value::Bool(bool)) => Ok(*bool),
            Some(value) if !value.is_absent() => Err(self.wrong("a bool", Some(value))),
            _ => Ok(default),
        }
    }

    pub(crate) fn date(&self, at: usize) -> Result<NaiveDate> {
        match self.arg(at) {
            Some(Value::Date(date)) => Ok(*date),
            Some(Value::Text(text)) => tenon_value::time::parse_date(text)
                .ok_or_else(|| self.wrong("a date", self.arg(at))),
            other => Err(self.wrong("a date", other)),
        }
    }

    pub(crate) fn datetime(&self, at: usize) -> Result<DateTime<FixedOffset>> {
        match self.arg(at) {
            Some(Value::DateTime(time)) => Ok(*time),
            Some(Value::Text(text)) => tenon_value::time::parse_datetime(text)
                .ok_or_else(|| self.wrong("a datetime", self.arg(at))),
            other => Err(self.wrong("a datetime", other)),
        }
    }

    /// A list; absent is the empty one, where the parameter lets it be.
    pub(crate) fn list(&self, at: usize) -> Result<Arc<Vec<Value>>> {
        match self.arg(at) {
            Some(Value::List(items)) => Ok(Arc::clone(items)),
            Some(Value::Missing | Value::Null) | None => Ok(Arc::new(Vec::new())),
            other => Err(self.wrong("a list", other)),
        }
    }

    /// Calls the lambda on an item.
    pub(crate) fn apply(&mut self, item: &Value) -> Result<Value> {
        match self.lambda {
            Some(body) => self.run.bound(item.clone(), |run| run.eval(body)),
            None => Ok(item.clone()),
        }
    }

    /// Calls the lambda on an item, for a calculation.
    pub(crate) fn term(&mut self, item: &Value) -> Result<Term> {
        match self.lambda {
            Some(body) => self.run.bound(item.clone(), |run| run.term(body)),
            None => Ok(Term::from(item.clone())),
        }
    }

    /// Calls the lambda on an item and takes its bool.
    pub(crate) fn holds(&mut self, item: &Value) -> Result<bool> {
        match self.apply(item)? {
            Value::Bool(bool) => Ok(bool),
            other => Err(ops::wrong("a bool", &other)),
        }
    }

    /// The fault for a number that the function does not take.
    pub(crate) fn out_of_range(&self, wanted: &str, at: usize) -> EvalError {
        let value = self.value(at);
        let message = format!("`{}` needs {wanted}, found {}", self.name, ops::shown(&value));
        EvalError::fault("MAP_OUT_OF_RANGE", message).with(&value)
    }

    /// The fault for an argument of the wrong kind.
    pub(crate) fn wrong(&self, wanted: &str, found: Option<&Value>) -> EvalError {
        ops::wrong(&format!("{wanted} for `{}`", self.name), found.unwrap_or(&Value::Missing))
    }
}

/// The type of the items of a list type.
pub(crate) fn item(types: &[Type], at: usize) -> Type {
    match types.get(at).map(Type::required) {
        Some(Type::List(item)) => (**item).clone(),
        _ => Type::Dyn,
    }
}

/// The type of an argument.
pub(crate) fn same(types: &[Type], at: usize) -> Type {
    types.get(at).cloned().unwrap_or(Type::Dyn)
}
