//! Arithmetic, with numbers passed on by themselves instead of as values.

use tenon_value::{Number, Value};

use super::{Result, Run, blamed, leaf, ops};
use crate::code::{Code, Op};
use crate::functions::catalog::amount_;

/// What a part of a calculation comes to.
pub(crate) enum Term {
    Number(Number),
    Value(Value),
}

impl From<Value> for Term {
    fn from(value: Value) -> Term {
        match value {
            Value::Number(number) => Term::Number(number),
            other => Term::Value(other),
        }
    }
}

impl From<Term> for Value {
    fn from(term: Term) -> Value {
        match term {
            Term::Number(number) => Value::Number(number),
            Term::Value(value) => value,
        }
    }
}

impl Run<'_> {
    /// An expression whose value is calculated with.
    pub(crate) fn term(&mut self, code: &Code) -> Result<Term> {
        if let Code::Binary(
            op @ (Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Remainder),
            a,
            b,
        ) = code
        {
            return self.arithmetic(*op, a, b);
        }
        match self.number(code) {
            Some(number) => Ok(Term::Number(number)),
            None => self.eval(code).map(Term::from),
        }
    }

    pub(super) fn arithmetic(&mut self, op: Op, a: &Code, b: &Code) -> Result<Term> {
        let left = self.term(a)?;
        if let Term::Value(value) = &left {
            self.spend_on(value)?;
        }
        let right = self.term(b)?;
        if let (Term::Number(x), Term::Number(y)) = (&left, &right) {
            let made = ops::numbers(op, *x, *y).map(Term::Number);
            return made.map_err(|e| blamed(e, (a, &Value::Number(*x)), (b, &Value::Number(*y))));
        }
        let (left, right) = (Value::from(left), Value::from(right));
        let made = ops::arithmetic(op, &left, &right).map(Term::from);
        made.map_err(|e| blamed(e, (a, &left), (b, &right)))
    }

    /// The number an expression stands for, where nothing has to be computed for it but reading a
    /// text as a number.
    fn number(&self, code: &Code) -> Option<Number> {
        if self.seen.is_some() {
            return None;
        }
        match code {
            Code::Leaf(base, leaf) => leaf::number_at(self.peek(base)?, leaf),
            Code::Call(callee, arguments)
                if std::ptr::eq(callee.0, &raw const amount_::FUNCTION) =>
            {
                match arguments.as_slice() {
                    [Code::Leaf(base, leaf)] => leaf::amount_at(self.peek(base)?, leaf, self),
                    _ => None,
                }
            }
            _ => self.peek(code)?.as_number(),
        }
    }
}

/// A sum in the making.
#[derive(Default)]
pub(crate) struct Sum(Option<Term>);

impl Sum {
    /// Adds a number or an amount.
    pub(crate) fn add(&mut self, term: Term) -> Result<()> {
        let total = match (self.0.take(), term) {
            (None, Term::Value(value)) if !matches!(value, Value::Money(_)) => {
                return Err(ops::wrong("a number or an amount", &value));
            }
            (None, first) => first,
            (Some(Term::Number(total)), Term::Number(more)) => {
                Term::Number(ops::numbers(Op::Add, total, more)?)
            }
            (Some(total), more) => {
                ops::arithmetic(Op::Add, &Value::from(total), &Value::from(more))?.into()
            }
        };
        self.0 = Some(total);
        Ok(())
    }

    /// The sum; 0 where nothing was added.
    pub(crate) fn total(self) -> Value {
        self.0.map_or(Value::Number(Number::ZERO), Value::from)
    }
}
