//! What a condition tells about the paths in it.

use crate::ast::{Ast, Kind, Operator};
use crate::print::print;

/// Something known of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    /// It is neither missing nor null.
    There,
    /// It is not zero.
    NotZero,
}

/// What holds where the condition came out as `holds`.
pub(crate) fn of(condition: &Ast, holds: bool) -> Vec<(String, Fact)> {
    let mut facts = Vec::new();
    collect(condition, holds, &mut facts);
    facts
}

/// What a condition tells that holds, as written.
pub(super) fn told(condition: &str) -> Vec<(String, Fact)> {
    crate::parse::expression(condition).map_or_else(|_| Vec::new(), |ast| of(&ast, true))
}

fn collect(condition: &Ast, holds: bool, facts: &mut Vec<(String, Fact)>) {
    match &condition.kind {
        Kind::Not(inner) => collect(inner, !holds, facts),
        Kind::Binary(Operator::And, a, b) if holds => {
            collect(a, true, facts);
            collect(b, true, facts);
        }
        Kind::Binary(Operator::Or, a, b) if !holds => {
            collect(a, false, facts);
            collect(b, false, facts);
        }
        Kind::Binary(op, a, b) => {
            compared(*op, a, b, holds, facts);
            compared(turned(*op), b, a, holds, facts);
        }
        Kind::Call(name, arguments) if name.text == "blank" && !holds => {
            if let [only] = arguments.as_slice() {
                there(&only.value, facts);
            }
        }
        _ => {}
    }
}

/// The operator with its sides exchanged.
fn turned(op: Operator) -> Operator {
    match op {
        Operator::Less => Operator::More,
        Operator::More => Operator::Less,
        Operator::LessOrEqual => Operator::MoreOrEqual,
        Operator::MoreOrEqual => Operator::LessOrEqual,
        Operator::In | Operator::NotIn => Operator::Fallback,
        other => other,
    }
}

fn compared(op: Operator, a: &Ast, b: &Ast, holds: bool, facts: &mut Vec<(String, Fact)>) {
    let null = b.kind == Kind::Null;
    let zero = matches!(&b.kind, Kind::Number(n) if n.is_zero());
    let literal = matches!(b.kind, Kind::Number(_) | Kind::Bool(_) | Kind::Template(_));
    match (op, holds) {
        (Operator::NotEqual, true) | (Operator::Equal, false) => {
            if null {
                there(a, facts);
            }
            if zero {
                facts.push((print(a), Fact::NotZero));
            }
        }
        (Operator::Equal, true) | (Operator::NotEqual, false) => {
            if literal {
                there(a, facts);
            }
            if literal && !zero {
                facts.push((print(a), Fact::NotZero));
            }
        }
        (Operator::Less | Operator::More, true) => {
            there(a, facts);
            // A literal is written without a sign, so what is more than it is no zero.
            if zero || (op == Operator::More && matches!(b.kind, Kind::Number(_))) {
                facts.push((print(a), Fact::NotZero));
            }
        }
        (Operator::LessOrEqual | Operator::MoreOrEqual, false) if zero => {
            facts.push((print(a), Fact::NotZero));
        }
        (Operator::MoreOrEqual, true) => {
            there(a, facts);
            if matches!(&b.kind, Kind::Number(n) if !n.is_zero()) {
                facts.push((print(a), Fact::NotZero));
            }
        }
        (Operator::LessOrEqual, true) => there(a, facts),
        (Operator::In, true) | (Operator::NotIn, false) => there(a, facts),
        _ => {}
    }
}

/// The path is there, and so is all it goes through.
fn there(path: &Ast, facts: &mut Vec<(String, Fact)>) {
    facts.push((print(path), Fact::There));
    if let Kind::Field(base, _) | Kind::Index(base, _) = &path.kind {
        there(base, facts);
    }
}
