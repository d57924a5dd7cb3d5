//! Choices between parts, and records and lists made in place.

use std::collections::BTreeSet;
use std::sync::Arc;

use tenon_value::Value;

use super::shapes::{is_inexact, join, join_parts};
use super::{Checker, Part, Sort, facts};
use crate::ast::{Arm, Ast, Pattern, Word};
use crate::code::{Arm as ArmCode, Code};
use crate::print::print;
use crate::types::{Field, Type};

impl Checker<'_> {
    pub(super) fn attempt(&mut self, a: &Ast, b: &Ast, tail: bool) -> Part {
        let fallible = self.fallible;
        let left = self.check_tail(a, tail);
        self.fallible = fallible;
        let right = self.check_tail(b, tail);
        let (ty, sort) = join_parts(&self.env.types, &[&left, &right]);
        Part { code: Code::Try(Box::new(left.code), Box::new(right.code)), ty, sort }
    }

    pub(super) fn choice(&mut self, c: &Ast, a: &Ast, b: &Ast, tail: bool) -> Part {
        let condition = self.check(c);
        self.needs_bool(&condition, c);
        let left = self.knowing(facts::of(c, true), |checker| checker.check_tail(a, tail));
        let right = self.knowing(facts::of(c, false), |checker| checker.check_tail(b, tail));
        let (ty, sort) = join_parts(&self.env.types, &[&left, &right]);
        let code = Code::If(Box::new([condition.code, left.code, right.code]));
        Part { code, ty, sort }
    }

    pub(super) fn matching(
        &mut self,
        subject: &Ast,
        arms: &[Arm],
        whole: &Ast,
        tail: bool,
    ) -> Part {
        let value = self.check(subject);
        if is_inexact(&value.ty) {
            self.inexact(subject, "`match`");
        }
        let mut codes = Vec::new();
        let mut parts = Vec::new();
        let mut other = None;
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for arm in arms {
            if other.is_some() {
                self.error(
                    "M010",
                    &arm.gives.span,
                    "this arm is never reached: the arm before takes everything".to_owned(),
                );
                break;
            }
            match &arm.pattern {
                Pattern::Values(literals) => {
                    let values = self.patterns(literals, (&value, subject), &mut seen);
                    let gives = self.check_tail(&arm.gives, tail);
                    codes.push(ArmCode { values, gives: gives.code.clone() });
                    parts.push(gives);
                }
                Pattern::Other(name) => {
                    let quiet = Word { text: name.text.clone(), span: name.span.clone() };
                    let slot = self.push(&quiet.text, value.ty.clone(), true);
                    let _ = slot;
                    let gives = self.check_tail(&arm.gives, tail);
                    self.pop(None);
                    other = Some(Box::new(gives.code.clone()));
                    parts.push(gives);
                }
            }
        }
        if other.is_none() {
            self.exhaustive(&value, &seen, whole);
        }
        let (ty, sort) = join_parts(&self.env.types, &parts.iter().collect::<Vec<_>>());
        Part { code: Code::Match(Box::new(value.code), codes, other), ty, sort }
    }

    fn patterns(
        &mut self,
        literals: &[Ast],
        subject: (&Part, &Ast),
        seen: &mut BTreeSet<String>,
    ) -> Vec<Value> {
        let mut values = Vec::new();
        for literal in literals {
            let part = self.check(literal);
            if part.sort == Sort::Plain {
                self.same_kind(subject, (&part, literal));
            }
            if !seen.insert(print(literal)) {
                let message = format!("{} has an arm already", print(literal));
                self.error("M010", &literal.span, message);
            }
            values.push(match part.code {
                Code::Const(value) => value,
                _ => Value::Null,
            });
        }
        values
    }

    fn exhaustive(&mut self, value: &Part, seen: &BTreeSet<String>, whole: &Ast) {
        let mut wanted: Vec<String> = match value.ty.required() {
            Type::Enum(values) => values.iter().map(|v| format!("\"{v}\"")).collect(),
            Type::Bool => vec!["true".to_owned(), "false".to_owned()],
            _ => {
                let message = "this match has no arm for other values".to_owned();
                let note = "add a last arm with a name: `other => …`";
                return self.error_with("M012", &whole.span, message, note);
            }
        };
        if matches!(value.ty, Type::Optional(_)) {
            wanted.push("null".to_owned());
        }
        wanted.retain(|w| !seen.contains(w));
        if !wanted.is_empty() {
            let shown: Vec<&str> = wanted.iter().take(8).map(String::as_str).collect();
            let message = format!("this match has no arm for {}", shown.join(", "));
            self.error_with(
                "M012",
                &whole.span,
                message,
                "add arms, or a last arm with a name: `other => …`",
            );
        }
    }

    pub(super) fn record(&mut self, entries: &[(Word, Ast)]) -> Part {
        let mut codes: Vec<(Arc<str>, Code)> = Vec::with_capacity(entries.len());
        let mut fields = indexmap::IndexMap::new();
        for (name, value) in entries {
            let part = self.check(value);
            let key: Arc<str> = Arc::from(name.text.as_str());
            let ty = if part.sort == Sort::Absent { Type::Dyn } else { part.ty };
            if fields.insert(Arc::clone(&key), Field::of(ty)).is_some() {
                self.error("M041", &name.span, format!("the field `{key}` is given twice"));
            }
            codes.push((key, part.code));
        }
        Part::new(Code::Record(codes), Type::Record(Arc::new(fields)))
    }

    pub(super) fn list(&mut self, items: &[Ast]) -> Part {
        let parts: Vec<Part> = items.iter().map(|item| self.check(item)).collect();
        let there = parts.iter().filter(|p| p.sort != Sort::Absent).map(|p| p.ty.clone());
        let ty = there.reduce(|a, b| join(&self.env.types, &a, &b)).unwrap_or(Type::Dyn);
        let absent = parts.iter().any(|p| p.sort == Sort::Absent);
        let ty = if absent { ty.optional() } else { ty };
        Part::new(Code::List(parts.into_iter().map(|p| p.code).collect()), ty.list())
    }
}
