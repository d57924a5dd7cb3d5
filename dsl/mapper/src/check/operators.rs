//! Calculations, logic and fallback chains.

use tenon_source::Diagnostic;
use tenon_value::Value;

use super::facts::{self, Fact};
use super::shapes::{is_inexact, is_money, is_number, is_record, join, join_parts};
use super::{Checker, Part, Sort, shown_type};
use crate::ast::{Ast, Kind, Operator, Piece};
use crate::code::{Code, Op};
use crate::print::print;
use crate::types::Type;

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
    pub(super) fn knowing<T>(
        &mut self,
        facts: Vec<(String, Fact)>,
        body: impl FnOnce(&mut Self) -> T,
    ) -> T {
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

    pub(super) fn check_tail(&mut self, ast: &Ast, tail: bool) -> Part {
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
            Type::Bool | Type::Dyn => {
                self.needs_value(part, ast, "a condition");
            }
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
            _ => join_parts(&self.env.types, &[&base, &right]),
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
        if !known(left) || !known(right) || *join(&self.env.types, x, y).required() != Type::Dyn {
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
            Type::Text => never_blank(ast),
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
        for (part, ast) in [a, b] {
            if let Type::List(item) = &part.ty
                && let Type::Optional(_) = **item
            {
                let item = Part::new(Code::Omit, (**item).clone());
                self.needs_value(&item, ast, &format!("`{}`", op.symbol()));
                return Type::Dyn;
            }
        }
        if matches!(op, Operator::Divide | Operator::Remainder) {
            self.divisor(b.1);
        }
        self.fallible |= matches!((&a.0.ty, &b.0.ty), (Type::List(_), Type::List(_)));
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
}

/// Whether a text can't be blank: it has a literal part, or a fallback that has one.
fn never_blank(ast: &Ast) -> bool {
    match &ast.kind {
        Kind::Template(pieces) => {
            pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if !text.trim().is_empty()))
        }
        Kind::Binary(Operator::Fallback, _, last) => never_blank(last),
        Kind::If(_, a, b) | Kind::Try(a, b) => never_blank(a) && never_blank(b),
        _ => false,
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
