//! Values at the ends of paths: from the form of the payload to the type the schema states.

use std::sync::Arc;

use tenon_value::{Currency, Money, Number, Value, time};

use crate::code::Leaf;
use crate::eval::{Run, ops};
use crate::host::EvalError;
use crate::name::KnownName;

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
        (Leaf::Bag(pick), Value::Record(_)) => money(picked(value, run.picks_presentment(*pick))),
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
    let trimmed = match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    };
    Number::parse(trimmed).ok()
}

/// `{ amount, currencyCode }` as money.
fn money(value: &Value) -> Result<Value> {
    if value.is_absent() {
        return Ok(Value::Missing);
    }
    match amount(value) {
        Some((amount, code)) => {
            Ok(Value::from(Money::new(amount, Currency::from(Arc::clone(code)))))
        }
        None => Err(ops::wrong("an amount with its currency", value)),
    }
}

/// The amount of a bag that is meant.
fn picked(bag: &Value, presentment: bool) -> &Value {
    static SHOP: KnownName = KnownName::new("shopMoney");
    static PRESENTMENT: KnownName = KnownName::new("presentmentMoney");
    if presentment { PRESENTMENT.of(bag) } else { SHOP.of(bag) }
}

/// The two parts of `{ amount, currencyCode }`.
fn amount(value: &Value) -> Option<(Number, &Arc<str>)> {
    static AMOUNT: KnownName = KnownName::new("amount");
    static CODE: KnownName = KnownName::new("currencyCode");
    let code = match CODE.of(value) {
        Value::Text(code) => code,
        _ => match value.field("currency") {
            Value::Text(code) => code,
            _ => return None,
        },
    };
    let amount = match AMOUNT.of(value) {
        Value::Number(number) => *number,
        Value::Text(text) => number(text)?,
        _ => return None,
    };
    Some((amount, code))
}

/// What [`read`] would give, where it is a number and needs no fault.
pub(crate) fn number_at(value: &Value, leaf: &Leaf) -> Option<Number> {
    match (leaf, value) {
        (Leaf::Optional(inner), _) => number_at(value, inner),
        (Leaf::Int | Leaf::Decimal | Leaf::Any, Value::Number(number)) => Some(*number),
        (Leaf::Int | Leaf::Decimal, Value::Text(text)) => number(text),
        _ => None,
    }
}

/// The amount in what [`read`] would give, where it is one of money and needs no fault.
pub(crate) fn amount_at(value: &Value, leaf: &Leaf, run: &Run<'_>) -> Option<Number> {
    match (leaf, value) {
        (Leaf::Optional(inner), _) => amount_at(value, inner, run),
        (Leaf::Money | Leaf::Bag(_), Value::Money(money)) => Some(money.amount),
        (Leaf::Money, Value::Record(_)) => amount(value).map(|(amount, _)| amount),
        (Leaf::Bag(pick), Value::Record(_)) => {
            amount(picked(value, run.picks_presentment(*pick))).map(|(amount, _)| amount)
        }
        _ => None,
    }
}

impl Leaf {
    /// Whether a payload value is of this type as it stands. What is absent is.
    #[inline]
    pub(crate) fn fits(&self, value: &Value) -> bool {
        let mut leaf = self;
        while let Leaf::Optional(inner) = leaf {
            leaf = inner;
        }
        match (leaf, value) {
            (_, Value::Missing | Value::Null)
            | (Leaf::Any | Leaf::Record | Leaf::Fields(_), _)
            | (Leaf::Text, Value::Text(_))
            | (Leaf::Bool, Value::Bool(_))
            | (Leaf::Int | Leaf::Decimal, Value::Number(_))
            | (Leaf::Date, Value::Date(_))
            | (Leaf::DateTime, Value::DateTime(_))
            | (Leaf::Duration, Value::Duration(_))
            | (Leaf::Money | Leaf::Bag(_), Value::Money(_)) => true,
            (Leaf::Enum(_), Value::Text(_)) => !value.is_blank(),
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
