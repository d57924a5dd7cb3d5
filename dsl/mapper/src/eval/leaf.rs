//! Values at the ends of paths: from the form of the payload to the type the schema states.

use std::sync::Arc;

use tenon_value::{Currency, Money, Number, Value, time};

use crate::code::Leaf;
use crate::eval::{Run, ops};
use crate::host::EvalError;

type Result<T> = std::result::Result<T, EvalError>;

/// Brings a payload value to its type. What is absent stays absent; an empty text where a number, a
/// date or an enum is expected is missing.
pub(crate) fn read(value: &Value, leaf: &Leaf, run: &Run<'_>) -> Result<Value> {
    if leaf.fits(value) {
        return Ok(value.clone());
    }
    let empty = |t: &str| t.trim().is_empty();
    match (leaf, value) {
        (Leaf::Optional(inner), _) => read(value, inner, run),
        (Leaf::Text, Value::Number(_) | Value::Bool(_)) => {
            Ok(Value::from(value.plain().unwrap_or_default()))
        }
        (
            Leaf::Bool
            | Leaf::Int
            | Leaf::Decimal
            | Leaf::Date
            | Leaf::DateTime
            | Leaf::Duration
            | Leaf::Enum(_)
            | Leaf::Money,
            Value::Text(text),
        ) if empty(text) => Ok(Value::Missing),
        (Leaf::Bool, Value::Text(text)) => match &**text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(ops::wrong("a bool", value)),
        },
        (Leaf::Int | Leaf::Decimal, Value::Text(text)) => {
            number(text).map(Value::Number).ok_or_else(|| ops::wrong("a number", value))
        }
        (Leaf::Int | Leaf::Decimal, Value::Money(money)) => Ok(Value::Number(money.amount)),
        (Leaf::Date, Value::Text(text)) => {
            time::parse_date(text).map(Value::Date).ok_or_else(|| ops::wrong("a date", value))
        }
        (Leaf::DateTime, Value::Text(text)) => time::parse_datetime(text)
            .map(Value::DateTime)
            .ok_or_else(|| ops::wrong("a datetime", value)),
        (Leaf::Duration, Value::Text(text)) => time::parse_duration(text)
            .map(Value::Duration)
            .ok_or_else(|| ops::wrong("a duration", value)),
        (Leaf::Money, Value::Record(_)) => money(value),
        (Leaf::Bag(pick), Value::Record(_)) => {
            let name = if run.picks_presentment(*pick) { "presentmentMoney" } else { "shopMoney" };
            money(value.field(name))
        }
        (Leaf::List(inner), Value::List(items)) => {
            Ok(Value::list(items.iter().map(|i| read(i, inner, run)).collect::<Result<_>>()?))
        }
        (Leaf::Map(inner), Value::Record(fields)) => Ok(Value::record(
            fields
                .iter()
                .map(|(k, v)| Ok((Arc::clone(k), read(v, inner, run)?)))
                .collect::<Result<_>>()?,
        )),
        _ => Err(ops::wrong(&leaf.wanted(), value)),
    }
}

/// `as`: like [`read`], but what is absent or not of the type is refused, all the way down.
pub(crate) fn cast(value: &Value, leaf: &Leaf, run: &Run<'_>) -> Result<Value> {
    match (leaf, value) {
        (Leaf::Any, _) => Ok(value.clone()),
        (Leaf::Optional(_), Value::Missing | Value::Null) => Ok(value.clone()),
        (Leaf::Optional(inner), _) => {
            let blank_text = matches!(value, Value::Text(t) if t.trim().is_empty());
            if blank_text && !matches!(**inner, Leaf::Text) {
                return Ok(Value::Missing);
            }
            cast(value, inner, run)
        }
        (Leaf::List(inner), Value::List(items)) => {
            Ok(Value::list(items.iter().map(|i| cast(i, inner, run)).collect::<Result<_>>()?))
        }
        (Leaf::Fields(wanted), Value::Record(_)) => {
            for (name, leaf) in wanted {
                cast(value.field(name), leaf, run).map_err(|e| e.at(name, value.field(name)))?;
            }
            Ok(value.clone())
        }
        (Leaf::Record, Value::Record(_)) => Ok(value.clone()),
        (Leaf::Enum(values), Value::Text(text)) => {
            if values.iter().any(|v| v == text) {
                Ok(value.clone())
            } else {
                Err(not_in_enum(text, values))
            }
        }
        (Leaf::Int, _) => match read(value, &Leaf::Decimal, run)? {
            Value::Number(number) if number.is_whole() => Ok(Value::Number(number)),
            _ => Err(ops::wrong("a whole number", value)),
        },
        _ => match read(value, leaf, run)? {
            Value::Missing | Value::Null => Err(ops::wrong(&leaf.wanted(), value)),
            read => Ok(read),
        },
    }
}

/// The fault for a text that the target does not take.
pub(crate) fn not_in_enum(text: &str, values: &[Arc<str>]) -> EvalError {
    let shown: Vec<&str> = values.iter().take(12).map(|v| &**v).collect();
    EvalError::fault(
        "MAP_NOT_IN_ENUM",
        format!("\"{text}\" is not one of the values it may have: {}", shown.join(", ")),
    )
}

/// A number written as text, with white space around it.
pub(crate) fn number(text: &str) -> Option<Number> {
    Number::parse(text.trim()).ok()
}

/// `{ amount, currencyCode }` as money.
fn money(value: &Value) -> Result<Value> {
    if value.is_absent() {
        return Ok(Value::Missing);
    }
    let amount = match value.field("amount") {
        Value::Number(number) => Some(*number),
        Value::Text(text) => number(text),
        _ => None,
    };
    let code = match (value.field("currencyCode"), value.field("currency")) {
        (Value::Text(code), _) | (_, Value::Text(code)) => Some(Currency::from(Arc::clone(code))),
        _ => None,
    };
    match (amount, code) {
        (Some(amount), Some(code)) => Ok(Value::Money(Money::new(amount, code))),
        _ => Err(ops::wrong("an amount with its currency", value)),
    }
}

impl Leaf {
    /// Whether a payload value is of this type as it stands. What is absent is.
    pub(crate) fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (Leaf::Optional(inner), _) => inner.fits(value),
            (_, Value::Missing | Value::Null)
            | (Leaf::Any | Leaf::Record | Leaf::Fields(_), _)
            | (Leaf::Text, Value::Text(_))
            | (Leaf::Bool, Value::Bool(_))
            | (Leaf::Int | Leaf::Decimal, Value::Number(_))
            | (Leaf::Date, Value::Date(_))
            | (Leaf::DateTime, Value::DateTime(_))
            | (Leaf::Duration, Value::Duration(_))
            | (Leaf::Money | Leaf::Bag(_), Value::Money(_)) => true,
            (Leaf::Enum(_), Value::Text(text)) => !text.trim().is_empty(),
            (Leaf::List(inner), Value::List(_)) => {
                matches!(**inner, Leaf::Any | Leaf::Record | Leaf::Fields(_))
            }
            _ => false,
        }
    }

    /// What a message says is needed.
    pub(crate) fn wanted(&self) -> String {
        match self {
            Leaf::Text => "a text".to_owned(),
            Leaf::Bool => "a bool".to_owned(),
            Leaf::Int => "a whole number".to_owned(),
            Leaf::Decimal => "a number".to_owned(),
            Leaf::Money | Leaf::Bag(_) => "an amount with its currency".to_owned(),
            Leaf::Date => "a date".to_owned(),
            Leaf::DateTime => "a datetime".to_owned(),
            Leaf::Duration => "a duration".to_owned(),
            Leaf::Enum(_) => "one of the listed texts".to_owned(),
            Leaf::List(_) => "a list".to_owned(),
            Leaf::Map(_) | Leaf::Record | Leaf::Fields(_) => "a record".to_owned(),
            Leaf::Optional(inner) => inner.wanted(),
            Leaf::Any => "a value".to_owned(),
        }
    }
}
