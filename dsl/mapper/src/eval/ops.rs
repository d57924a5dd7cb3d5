//! What operators do with values.

use std::cmp::Ordering;
use std::sync::Arc;

use tenon_value::{Class, Fault, Money, Number, Value, json, time};

use crate::code::Op;
use crate::host::EvalError;
use crate::name::FieldName;

type Result<T> = std::result::Result<T, EvalError>;

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// A value in a message, at most 80 characters.
pub(crate) fn shown(value: &Value) -> String {
    let text = match value {
        Value::Missing => "missing".to_owned(),
        Value::Money(money) => money.to_string(),
        other => json::write(other),
    };
    if text.chars().count() <= 80 {
        return text;
    }
    text.chars().take(77).chain("...".chars()).collect()
}

/// The fault for a value of the wrong kind, or for none at all.
pub(crate) fn wrong(wanted: &str, found: &Value) -> EvalError {
    if found.is_absent() {
        return EvalError::missing(&format!("{wanted} is needed, the value"));
    }
    let fault = Fault::new(
        "MAP_WRONG_TYPE",
        Class::Mapping,
        format!("{wanted} is needed, found the {} {}", found.kind(), shown(found)),
    );
    let mut fault = fault;
    fault.value = found.clone();
    EvalError::Fault(Box::new(fault))
}

/// A field of a value: of a record, of money, of every item of a list.
pub(crate) fn field(value: &Value, name: &FieldName) -> Value {
    match value {
        Value::Record(fields) => name.of(fields).cloned().unwrap_or_default(),
        Value::List(items) => Value::list(items.iter().map(|item| field(item, name)).collect()),
        Value::Money(money) => match name.text() {
            "amount" => Value::Number(money.amount),
            "currency" | "currencyCode" => Value::text(money.currency.code()),
            _ => Value::Missing,
        },
        _ => Value::Missing,
    }
}

/// One level of lists less; absent items of the outer list are left out.
pub(crate) fn flatten(value: Value) -> Result<Value> {
    match value {
        Value::Missing | Value::Null => Ok(Value::Missing),
        Value::List(items) => {
            if !items.iter().any(|item| matches!(item, Value::List(_))) {
                return Ok(Value::List(items));
            }
            if let [Value::List(only)] = items.as_slice() {
                return Ok(Value::List(Arc::clone(only)));
            }
            let mut flat = Vec::with_capacity(items.iter().map(|item| item.items().len()).sum());
            for item in items.iter() {
                match item {
                    Value::List(inner) => flat.extend(inner.iter().cloned()),
                    Value::Missing | Value::Null => {}
                    other => flat.push(other.clone()),
                }
            }
            Ok(Value::list(flat))
        }
        other => Err(wrong("a list", &other)),
    }
}

/// Whether two values are the same: missing and null are, numbers by amount, an amount of money
/// equals a bare number of that amount.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        _ if a.is_absent() || b.is_absent() => a.is_absent() && b.is_absent(),
        (Value::Money(money), Value::Number(number))
        | (Value::Number(number), Value::Money(money)) => money.amount == *number,
        (Value::DateTime(x), Value::DateTime(y)) => x == y,
        (Value::Date(date), Value::Text(text)) | (Value::Text(text), Value::Date(date)) => {
            time::parse_date(text) == Some(*date)
        }
        (Value::DateTime(at), Value::Text(text)) | (Value::Text(text), Value::DateTime(at)) => {
            time::parse_datetime(text) == Some(*at)
        }
        (Value::List(x), Value::List(y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| equal(x, y))
        }
        _ => a == b,
    }
}

/// The order of two values of one kind.
pub(crate) fn order(a: &Value, b: &Value) -> Result<Ordering> {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => Ok(x.cmp(y)),
        (Value::Money(x), Value::Money(y)) => Ok(x.compare(y)?),
        (Value::Money(x), Value::Number(y)) => Ok(x.amount.cmp(y)),
        (Value::Number(x), Value::Money(y)) => Ok(x.cmp(&y.amount)),
        (Value::Text(x), Value::Text(y)) => Ok(x.cmp(y)),
        (Value::Date(x), Value::Date(y)) => Ok(x.cmp(y)),
        (Value::DateTime(x), Value::DateTime(y)) => Ok(x.cmp(y)),
        (Value::Duration(x), Value::Duration(y)) => Ok(x.cmp(y)),
        (Value::Bool(x), Value::Bool(y)) => Ok(x.cmp(y)),
        (Value::Date(x), Value::Text(text)) => match time::parse_date(text) {
            Some(y) => Ok(x.cmp(&y)),
            None => Err(wrong("a date", b)),
        },
        (Value::DateTime(x), Value::Text(text)) => match time::parse_datetime(text) {
            Some(y) => Ok(x.cmp(&y)),
            None => Err(wrong("a datetime", b)),
        },
        (Value::Text(_), Value::Date(_) | Value::DateTime(_)) => Ok(order(b, a)?.reverse()),
        _ if a.is_absent() => Err(EvalError::missing("a side of the comparison")),
        _ if b.is_absent() => Err(EvalError::missing("a side of the comparison")),
        _ => Err(wrong(&format!("a {} to compare with", a.kind()), b)),
    }
}

/// The number or the amount of a value.
pub(crate) fn amount(value: &Value) -> Result<Number> {
    match value {
        Value::Number(number) => Ok(*number),
        Value::Money(money) => Ok(money.amount),
        other => Err(wrong("a number", other)),
    }
}

/// The opposite number, amount or length of time.
pub(crate) fn negate(value: &Value) -> Result<Value> {
    match value {
        Value::Number(number) => Ok(Value::Number(number.negate())),
        Value::Money(money) => {
            Ok(Value::from(Money::new(money.amount.negate(), money.currency.clone())))
        }
        Value::Duration(ms) => Ok(Value::Duration(ms.saturating_neg())),
        other => Err(wrong("a number", other)),
    }
}

/// An operator with both sides evaluated.
pub(crate) fn binary(op: Op, a: &Value, b: &Value) -> Result<Value> {
    Ok(match op {
        Op::Equal => Value::Bool(equal(a, b)),
        Op::NotEqual => Value::Bool(!equal(a, b)),
        Op::Less => Value::Bool(order(a, b)?.is_lt()),
        Op::LessOrEqual => Value::Bool(order(a, b)?.is_le()),
        Op::More => Value::Bool(order(a, b)?.is_gt()),
        Op::MoreOrEqual => Value::Bool(order(a, b)?.is_ge()),
        Op::In => Value::Bool(contains(a, b)?),
        Op::NotIn => Value::Bool(!contains(a, b)?),
        Op::And | Op::Or => match (a, b) {
            (Value::Bool(x), Value::Bool(y)) => {
                Value::Bool(if op == Op::And { *x && *y } else { *x || *y })
            }
            _ => return Err(wrong("a bool", a)),
        },
        Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Remainder => {
            return arithmetic(op, a, b);
        }
    })
}

fn contains(item: &Value, list: &Value) -> Result<bool> {
    match list {
        Value::List(items) => Ok(items.iter().any(|i| equal(item, i))),
        Value::Record(fields) => Ok(item.as_text().is_some_and(|name| fields.contains_key(name))),
        Value::Missing | Value::Null => Err(EvalError::missing("the list after `in`")),
        other => Err(wrong("a list", other)),
    }
}

pub(super) fn arithmetic(op: Op, a: &Value, b: &Value) -> Result<Value> {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => Ok(Value::Number(numbers(op, *x, *y)?)),
        (Value::Money(x), Value::Money(y)) => match op {
            Op::Add => Ok(Value::from(x.add(y)?)),
            Op::Subtract => Ok(Value::from(x.subtract(y)?)),
            Op::Divide if x.currency == y.currency => Ok(Value::Number(x.amount.divide(y.amount)?)),
            Op::Divide => {
                Err(tenon_value::MoneyError::Mixed(x.currency.clone(), y.currency.clone()).into())
            }
            _ => Err(wrong("a number", b)),
        },
        // The sum of no amounts is 0 without a currency.
        (Value::Money(_), Value::Number(y)) if y.is_zero() && additive(op) => Ok(a.clone()),
        (Value::Number(x), Value::Money(_)) if x.is_zero() && op == Op::Add => Ok(b.clone()),
        (Value::Number(x), Value::Money(_)) if x.is_zero() && op == Op::Subtract => negate(b),
        (Value::Money(x), Value::Number(y)) => match op {
            Op::Multiply | Op::Divide => {
                Ok(Value::from(Money::new(numbers(op, x.amount, *y)?, x.currency.clone())))
            }
            _ => Err(wrong("an amount with a currency", b)),
        },
        (Value::Number(x), Value::Money(y)) if op == Op::Multiply => {
            Ok(Value::from(y.multiply(*x)?))
        }
        (Value::List(x), Value::List(y)) => {
            if x.len() != y.len() {
                return Err(EvalError::fault(
                    "MAP_WRONG_COUNT",
                    format!("two lists of {} and {} items can't be paired", x.len(), y.len()),
                ));
            }
            let pairs = x.iter().zip(y.iter()).map(|(x, y)| arithmetic(op, x, y));
            Ok(Value::list(pairs.collect::<Result<_>>()?))
        }
        (Value::List(x), _) => {
            Ok(Value::list(x.iter().map(|x| arithmetic(op, x, b)).collect::<Result<_>>()?))
        }
        (_, Value::List(y)) => {
            Ok(Value::list(y.iter().map(|y| arithmetic(op, a, y)).collect::<Result<_>>()?))
        }
        _ if a.is_absent() || b.is_absent() => Err(EvalError::missing("a side of the calculation")),
        _ => times(op, a, b),
    }
}

fn additive(op: Op) -> bool {
    matches!(op, Op::Add | Op::Subtract)
}

pub(super) fn numbers(op: Op, x: Number, y: Number) -> Result<Number> {
    Ok(match op {
        Op::Add => x.add(y)?,
        Op::Subtract => x.subtract(y)?,
        Op::Multiply => x.multiply(y)?,
        Op::Divide => x.divide(y)?.normalised(),
        _ => x.remainder(y)?,
    })
}

/// Dates, instants and lengths of time.
fn times(op: Op, a: &Value, b: &Value) -> Result<Value> {
    let outside = || EvalError::fault("MAP_NUMBER_TOO_LONG", "the time is outside the calendar");
    let signed = |ms: i64| if op == Op::Add { Some(ms) } else { ms.checked_neg() };
    match (op, a, b) {
        (Op::Add, Value::Duration(x), Value::Duration(y)) => {
            x.checked_add(*y).map(Value::Duration).ok_or_else(outside)
        }
        (Op::Subtract, Value::Duration(x), Value::Duration(y)) => {
            x.checked_sub(*y).map(Value::Duration).ok_or_else(outside)
        }
        (Op::Add | Op::Subtract, Value::DateTime(at), Value::Duration(ms)) => signed(*ms)
            .and_then(chrono::Duration::try_milliseconds)
            .and_then(|d| at.checked_add_signed(d))
            .map(Value::DateTime)
            .ok_or_else(outside),
        (Op::Add | Op::Subtract, Value::Date(day), Value::Duration(ms)) if ms % DAY_MS == 0 => {
            signed(*ms)
                .and_then(chrono::Duration::try_milliseconds)
                .and_then(|d| day.checked_add_signed(d))
                .map(Value::Date)
                .ok_or_else(outside)
        }
        (Op::Subtract, Value::DateTime(x), Value::DateTime(y)) => {
            Ok(Value::Duration(x.signed_duration_since(y).num_milliseconds()))
        }
        (Op::Subtract, Value::Date(x), Value::Date(y)) => {
            Ok(Value::Duration(x.signed_duration_since(*y).num_milliseconds()))
        }
        (_, Value::Number(_) | Value::Money(_) | Value::Date(_) | Value::DateTime(_), _) => {
            Err(wrong("a fitting number", b))
        }
        _ => Err(wrong("a number", a)),
    }
}
