//! Operators, chains and choices.

use std::collections::BTreeSet;
use std::sync::Arc;

use tenon_source::Diagnostic;
use tenon_value::{Value, time};

use super::facts::{self, Fact};
use super::shapes::{is_inexact, is_money, is_number, is_record, join, join_parts};
use super::{Checker, Part, Sort, shown_type};
use crate::ast::{Arm, Ast, Kind, Operator, Pattern, Word};
use crate::code::{Arm as ArmCode, Code, Op};
use crate::print::print;
use crate::types::{Field, Type};

fn op_code(op: Operator) -> Op {
    match op {
        Operator::Or | Operator::Fallback | Operator::Coalesce => Op::Or,
        Operator::And => Op::And,
        Operator::Equal => Op::Equal,
        Operator::NotEqual => Op::NotEqual,
        Operator::Less => Op::Less,
        Operator::LessOrEqual => Op::LessOrEqual,
        Operator::More => Op::More,
        Operator::MoreOrEqual => Op::MoreOrEqual,
        Operator::In => Op::In,
        Operator::NotIn => Op::NotIn,
        Operator::Add => Op::Add,
        Operator::Subtract => Op::Subtract,
        Operator::Multiply => Op::Multiply,
        Operator::Divide => Op::Divide,
        Operator::Remainder => Op::Remainder,
    }
}

impl Checker<'_> {
    /// Checks with what a condition told.
    fn knowing<T>(&mut self, facts: Vec<(String, Fact)>, body: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.facts.len();
        self.facts.extend(facts);
        let result = body(self);
        self.facts.truncate(before);
        result
    }

    /// Takes in what a condition told, until [`Checker::forget`] with what this gave.
    pub(crate) fn learn(&mut self, condition: Option<&Ast>) -> usize {
        let before = self.facts.len();
        if let Some(condition) = condition {
            self.facts.extend(facts::of(condition, true));
        }
        before
    }

    /// Forgets what was learned since.
    pub(crate) fn forget(&mut self, before: usize) {
        self.facts.truncate(before);
    }

    fn check_tail(&mut self, ast: &Ast, tail: bool) -> Part {
        self.tail = tail;
        let part = self.check(ast);
        self.tail = false;
        part
    }

    /// Reports a part that may be absent where a value is needed.
    pub(super) fn needs_value(&mut self, part: &Part, ast: &Ast, place: &str) -> bool {
        let absent = part.sort == Sort::Absent || matches!(part.ty, Type::Optional(_));
        if absent {
            let message = format!("`{}` may be missing, and {place} needs a value", print(ast));
            let note = "give it a fallback with `//` or `??`, or ask `!= null` before";
            self.error_with("M023", &ast.span, message, note);
        }
        !absent
    }

    pub(super) fn inexact(&mut self, ast: &Ast, place: &str) {
        let message = format!(
            "`{}` is a quotient that was not rounded, and {place} needs an exact number",
            print(ast)
        );
        let note = "write round(…, digits), or div(a, b, digits)";
        self.error_with("M007", &ast.span, message, note);
    }

    pub(crate) fn needs_bool(&mut self, part: &Part, ast: &Ast) {
        match part.ty.required() {
            Type::Bool if matches!(part.ty, Type::Optional(_)) => {
                self.needs_value(part, ast, "a condition");
            }
            Type::Bool => {}
            Type::Dyn if part.sort != Sort::Absent => {}
            other => {
                let message =
                    format!("a condition is a bool, `{}` is {}", print(ast), shown_type(other));
                let note = "compare it: `!= null`, `== …`, or write `not blank(…)`";
                self.error_with("M004", &ast.span, message, note);
            }
        }
    }

    pub(super) fn negate(&mut self, inner: &Ast) -> Part {
        let part = self.check(inner);
        if let Code::Const(Value::Number(number)) = part.code {
            return Part::new(Code::Const(Value::Number(number.negate())), part.ty);
        }
        if !self.needs_value(&part, inner, "`-`") {
            return Part::unknown();
        }
        let ty = part.ty.required().clone();
        if !(is_number(&ty) || is_money(&ty) || matches!(ty, Type::Dyn | Type::Duration)) {
            let message = format!("`-` needs a number, `{}` is {}", print(inner), shown_type(&ty));
            self.error("M004", &inner.span, message);
        }
        Part::new(Code::Negate(Box::new(part.code)), ty)
    }

    pub(super) fn binary(&mut self, op: Operator, a: &Ast, b: &Ast, tail: bool) -> Part {
        match op {
            Operator::Fallback | Operator::Coalesce => self.chain(op, a, b, tail),
            Operator::And | Operator::Or => {
                let left = self.check(a);
                self.needs_bool(&left, a);
                let told = facts::of(a, op == Operator::And);
                let right = self.knowing(told, |c| c.check(b));
                self.needs_bool(&right, b);
                let code = Code::Binary(op_code(op), Box::new(left.code), Box::new(right.code));
                Part::new(code, Type::Bool)
            }
            _ => {
                let left = self.check(a);
                let right = self.check(b);
                let ty = match op.level() {
                    6 => {
                        self.compared(op, (&left, a), (&right, b));
                        Type::Bool
                    }
                    _ => self.arithmetic(op, (&left, a), (&right, b)),
                };
                let code = Code::Binary(op_code(op), Box::new(left.code), Box::new(right.code));
                Part::new(code, ty)
            }
        }
    }

    fn chain(&mut self, op: Operator, a: &Ast, b: &Ast, tail: bool) -> Part {
        let left = self.check_tail(a, tail);
        let right = self.check_tail(b, tail);
        if self.never_passes(op, &left, a) {
            let span = self.span(&b.span);
            let rest = self.span(&(a.span.end..b.span.end));
            let message =
                format!("`{}` is never reached: `{}` always has a value", print(b), print(a));
            self.found.push(Diagnostic::warning("M010", span, message).fix(rest, "", true));
        } else {
            self.links(&left, &right, a, b);
        }
        let base = Part { ty: left.ty.required().clone(), ..left.clone() };
        let (ty, sort) = match (left.sort, right.sort) {
            (Sort::Absent | Sort::Never, _) => (right.ty.clone(), right.sort),
            _ => join_parts(&[&base, &right]),
        };
        let mut links = match (op, left.code) {
            (Operator::Fallback, Code::Fallback(links))
            | (Operator::Coalesce, Code::Coalesce(links)) => links,
            (_, other) => vec![other],
        };
        links.push(right.code);
        let code =
            if op == Operator::Fallback { Code::Fallback(links) } else { Code::Coalesce(links) };
        Part { code, ty, sort }
    }

    /// Links of a chain are values of one kind.
    fn links(&mut self, left: &Part, right: &Part, a: &Ast, b: &Ast) {
        let (x, y) = (left.ty.required(), right.ty.required());
        let known = |part: &Part| part.sort == Sort::Plain && *part.ty.required() != Type::Dyn;
        if !known(left) || !known(right) || *join(x, y).required() != Type::Dyn {
            return;
        }
        if (is_record(x) && is_record(y))
            || (is_number(x) || is_money(x)) && (is_number(y) || is_money(y))
        {
            return;
        }
        let message = format!(
            "`{}` is {}, but its fallback `{}` is {}",
            print(a),
            shown_type(x),
            print(b),
            shown_type(y)
        );
        let note =
            "links of a chain are of one kind; `//` and `??` bind looser than all other operators";
        self.error_with("M004", &b.span, message, note);
    }

    /// Whether a chain can't go past that link.
    pub(crate) fn never_passes(&self, op: Operator, left: &Part, ast: &Ast) -> bool {
        if left.sort == Sort::Never || ends(&left.code) {
            return true;
        }
        if left.sort == Sort::Absent || matches!(left.ty, Type::Optional(_) | Type::Dyn) {
            return false;
        }
        if op == Operator::Coalesce {
            return true;
        }
        match &left.ty {
            Type::Text => ast.as_plain_text().is_some_and(|t| !t.trim().is_empty()),
            Type::List(_) | Type::Map(_) | Type::Named(_) | Type::Record(_) => false,
            _ => true,
        }
    }

    fn arithmetic(&mut self, op: Operator, a: (&Part, &Ast), b: (&Part, &Ast)) -> Type {
        for (part, ast) in [a, b] {
            if part.sort == Sort::Absent || matches!(part.ty, Type::Optional(_)) {
                self.needs_value(part, ast, &format!("`{}`", op.symbol()));
                return Type::Dyn;
            }
        }
        if matches!(op, Operator::Divide | Operator::Remainder) {
            self.divisor(b.1);
        }
        let (x, y) = (&a.0.ty, &b.0.ty);
        if op == Operator::Add && (matches!(x, Type::Text) || matches!(y, Type::Text)) {
            let joined = format!("\"{}{}\"", hole(a.1), hole(b.1));
            let message = "texts are not added".to_owned();
            self.error_with(
                "M037",
                &(a.1.span.start..b.1.span.end),
                message,
                &format!("write {joined}"),
            );
            return Type::Text;
        }
        if let Some(ty) = result(op, x, y) {
            return ty;
        }
        let (wrong, ast) = if result(op, x, &Type::Dyn).is_none() { a } else { b };
        let message = format!(
            "`{}` can't be used with {}: `{}`",
            op.symbol(),
            shown_type(&wrong.ty),
            print(ast)
        );
        let note = match wrong.ty.required() {
            Type::Text => "write number(…) where the text holds a number",
            _ if is_money(x) != is_money(y) => "take the number of an amount with `.amount`",
            _ => "numbers, amounts of money and lengths of time can be calculated with",
        };
        self.error_with("M004", &ast.span, message, note);
        Type::Dyn
    }

    /// A divisor is a literal, guarded, or goes into `div`.
    fn divisor(&mut self, ast: &Ast) {
        let safe = match &ast.kind {
            Kind::Number(number) => !number.is_zero(),
            _ => self.knows(ast, Fact::NotZero),
        };
        if !safe {
            let message = format!("`{}` may be zero", print(ast));
            let note = "guard it with `if … != 0 then … else …`, or write div(a, b, digits, else)";
            self.error_with("M018", &ast.span, message, note);
        }
        self.fallible = true;
    }

    fn compared(&mut self, op: Operator, a: (&Part, &Ast), b: (&Part, &Ast)) {
        let equality = matches!(op, Operator::Equal | Operator::NotEqual);
        if matches!(op, Operator::In | Operator::NotIn) {
            return self.member(a, b);
        }
        for (part, ast) in [a, b] {
            if !equality {
                if part.sort == Sort::Absent || matches!(part.ty, Type::Optional(_)) {
                    self.needs_value(part, ast, "a comparison");
                    return;
                }
            } else if is_inexact(&part.ty) {
                return self.inexact(ast, "a comparison");
            }
        }
        if a.0.sort == Sort::Absent || b.0.sort == Sort::Absent {
            return;
        }
        self.same_kind(a, b);
    }

    fn member(&mut self, a: (&Part, &Ast), b: (&Part, &Ast)) {
        if is_inexact(&a.0.ty) {
            return self.inexact(a.1, "`in`");
        }
        if !self.needs_value(b.0, b.1, "`in`") {
            return;
        }
        if let Kind::List(items) = &b.1.kind {
            for item in items {
                let before = self.found.len();
                let part = self.check(item);
                self.found.truncate(before);
                if part.sort == Sort::Plain {
                    self.same_kind(a, (&part, item));
                }
            }
            return;
        }
        match b.0.ty.required() {
            Type::Dyn | Type::Map(_) | Type::Record(_) | Type::Named(_) => {}
            Type::List(item) => {
                let item = Part::new(Code::Omit, (**item).clone());
                self.same_kind(a, (&item, b.1));
            }
            other => {
                let message =
                    format!("`in` needs a list, `{}` is {}", print(b.1), shown_type(other));
                self.error_with("M004", &b.1.span, message, "write contains(text, part) for texts");
            }
        }
    }

    fn same_kind(&mut self, a: (&Part, &Ast), b: (&Part, &Ast)) {
        let (x, y) = (a.0.ty.required(), b.0.ty.required());
        for ((ty, _), (other, ast)) in [((x, a.1), (y, b.1)), ((y, b.1), (x, a.1))] {
            if let (Type::Enum(values), Type::Text, Some(text)) = (ty, other, ast.as_plain_text()) {
                return self.in_enum(&text, values, ast);
            }
        }
        let fits = match (x, y) {
            (Type::Dyn, _) | (_, Type::Dyn) => true,
            _ if (is_number(x) || is_money(x)) && (is_number(y) || is_money(y)) => true,
            (Type::Text | Type::Enum(_), Type::Text | Type::Enum(_)) => true,
            (Type::Date, Type::Text) => dated(b.1, |t| time::parse_date(t).is_some()),
            (Type::Text, Type::Date) => dated(a.1, |t| time::parse_date(t).is_some()),
            (Type::DateTime, Type::Text) => dated(b.1, |t| time::parse_datetime(t).is_some()),
            (Type::Text, Type::DateTime) => dated(a.1, |t| time::parse_datetime(t).is_some()),
            (Type::List(_), Type::List(_)) => true,
            _ if is_record(x) && is_record(y) => true,
            _ => x == y,
        };
        if fits {
            return;
        }
        let at = a.1.span.start..b.1.span.end.max(a.1.span.end);
        let at = if a.1.span.start <= b.1.span.start { at } else { b.1.span.clone() };
        let message = format!("{} is never the same as {}", shown_type(x), shown_type(y));
        let (code, note) = match (x, y) {
            (Type::Date, Type::DateTime) | (Type::DateTime, Type::Date) => {
                ("M030", "write date(…, \"Europe/Stockholm\"): the day depends on the zone")
            }
            (Type::List(_), _) | (_, Type::List(_)) => {
                ("M032", "take one item with first(…) or [0], or ask with `in`")
            }
            (Type::Text, _) | (_, Type::Text) => ("M004", "write text(…) or number(…) on one side"),
            _ => ("M004", "compare values of one kind"),
        };
        self.error_with(code, &at, message, note);
    }

    /// A literal text against the values it may have.
    pub(super) fn in_enum(&mut self, text: &str, values: &[Arc<str>], ast: &Ast) {
        if values.iter().any(|v| **v == *text) {
            return;
        }
        let span = self.span(&ast.span);
        let mut found =
            Diagnostic::error("M011", span.clone(), format!("\"{text}\" is not one of its values"));
        let near = tenon_source::near(text, values.iter().map(|v| &**v));
        if let Some(near) = near {
            let sure = super::paths::slip(text, near);
            found = found.note(format!("did you mean \"{near}\"?"));
            found = found.fix(
                span,
                format!("\"{near}\""),
                sure && ast.span.len() == text.len().saturating_add(2),
            );
        } else {
            let shown: Vec<&str> = values.iter().take(12).map(|v| &**v).collect();
            found = found.note(format!("values are {}", shown.join(", ")));
        }
        self.found.push(found);
    }

    pub(super) fn approx(&mut self, sides: [&Ast; 3]) -> Part {
        let mut codes = Vec::with_capacity(3);
        for ast in sides {
            let part = self.check(ast);
            if !self.needs_value(&part, ast, "`~=`") {
                return Part::new(Code::Omit, Type::Bool);
            }
            let ty = part.ty.required();
            if !(is_number(ty) || is_money(ty) || matches!(ty, Type::Dyn)) {
                let message = format!("`~=` needs numbers, `{}` is {}", print(ast), shown_type(ty));
                self.error("M004", &ast.span, message);
            }
            codes.push(part.code);
        }
        match <[Code; 3]>::try_from(codes) {
            Ok(sides) => Part::new(Code::Approx(Box::new(sides)), Type::Bool),
            Err(_) => Part::unknown(),
        }
    }

    pub(super) fn attempt(&mut self, a: &Ast, b: &Ast, tail: bool) -> Part {
        let fallible = self.fallible;
        let left = self.check_tail(a, tail);
        self.fallible = fallible;
        let right = self.check_tail(b, tail);
        let (ty, sort) = join_parts(&[&left, &right]);
        Part { code: Code::Try(Box::new(left.code), Box::new(right.code)), ty, sort }
    }

    pub(super) fn choice(&mut self, c: &Ast, a: &Ast, b: &Ast, tail: bool) -> Part {
        let condition = self.check(c);
        self.needs_bool(&condition, c);
        let left = self.knowing(facts::of(c, true), |checker| checker.check_tail(a, tail));
        let right = self.knowing(facts::of(c, false), |checker| checker.check_tail(b, tail));
        let (ty, sort) = join_parts(&[&left, &right]);
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
        let (ty, sort) = join_parts(&parts.iter().collect::<Vec<_>>());
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
        let ty =
            parts.iter().map(|p| if p.sort == Sort::Absent { Type::Dyn } else { p.ty.clone() });
        let ty = ty.reduce(|a, b| join(&a, &b)).unwrap_or(Type::Dyn);
        Part::new(Code::List(parts.into_iter().map(|p| p.code).collect()), ty.list())
    }
}

/// Whether a chain ends the evaluation in its last link.
fn ends(code: &Code) -> bool {
    match code {
        Code::Fallback(links) | Code::Coalesce(links) => links.last().is_some_and(ends),
        Code::Call(callee, _) => callee.0.gives == "never",
        _ => false,
    }
}

/// A literal that a date or an instant can be compared with; other texts are judged when evaluated.
fn dated(ast: &Ast, reads: impl Fn(&str) -> bool) -> bool {
    ast.as_plain_text().is_some_and(|text| reads(&text))
}

/// A side of a text addition, as a piece of the template that replaces it.
fn hole(ast: &Ast) -> String {
    ast.as_plain_text().unwrap_or_else(|| format!("{{{}}}", print(ast)))
}

/// The type of a calculation; none where it can't be done.
fn result(op: Operator, x: &Type, y: &Type) -> Option<Type> {
    let divides = op == Operator::Divide;
    match (x, y) {
        (Type::List(a), Type::List(b)) => return Some(result(op, a, b)?.list()),
        (Type::List(a), other) => return Some(result(op, a, other)?.list()),
        (other, Type::List(b)) => return Some(result(op, other, b)?.list()),
        _ => {}
    }
    let inexact = divides || is_inexact(x) || is_inexact(y);
    let additive = matches!(op, Operator::Add | Operator::Subtract);
    let money = || Some(if inexact { Type::InexactMoney } else { Type::Money });
    match (x, y) {
        (Type::Dyn, Type::Dyn) => Some(if divides { Type::Inexact } else { Type::Dyn }),
        (Type::Dyn, other) | (other, Type::Dyn) if is_number(other) || is_money(other) => {
            Some(match (inexact, is_money(other)) {
                (true, true) => Type::InexactMoney,
                (true, false) => Type::Inexact,
                _ => Type::Dyn,
            })
        }
        (Type::Dyn, Type::Date | Type::DateTime | Type::Duration)
        | (Type::Date | Type::DateTime | Type::Duration, Type::Dyn)
            if additive =>
        {
            Some(Type::Dyn)
        }
        _ if is_number(x) && is_number(y) => Some(match (x, y) {
            _ if inexact => Type::Inexact,
            (Type::Int, Type::Int) => Type::Int,
            _ => Type::Decimal,
        }),
        _ if is_money(x) && is_money(y) => match op {
            Operator::Add | Operator::Subtract => money(),
            Operator::Divide => Some(Type::Inexact),
            _ => None,
        },
        _ if is_money(x) && is_number(y) && matches!(op, Operator::Multiply | Operator::Divide) => {
            money()
        }
        _ if is_number(x) && is_money(y) && op == Operator::Multiply => money(),
        (Type::Duration, Type::Duration) if additive => Some(Type::Duration),
        (Type::DateTime, Type::Duration) if additive => Some(Type::DateTime),
        (Type::Date, Type::Duration) if additive => Some(Type::Date),
        (Type::DateTime, Type::DateTime) | (Type::Date, Type::Date) if op == Operator::Subtract => {
            Some(Type::Duration)
        }
        _ => None,
    }
}
