//! Values as the target wants them written.

use std::sync::Arc;

use tenon_value::{Class, Fault, Record, Value, json};

use super::code::Write;
use crate::eval::{leaf, ops};
use crate::host::EvalError;

type Result<T> = std::result::Result<T, EvalError>;

/// A value as it is written, taken as it is where it has that form already.
pub(crate) fn written(value: Value, form: &Write) -> Result<Value> {
    if fits(&value, form) { Ok(value) } else { write(&value, form).map_err(|e| e.with(&value)) }
}

/// Puts a value as it is written; false where it is absent.
pub(crate) fn place(value: Value, form: &Write, slot: &mut Value) -> Result<bool> {
    if value.is_absent() {
        return Ok(false);
    }
    *slot = written(value, form)?;
    Ok(true)
}

/// Puts a value that stands elsewhere as it is written; false where it is absent.
pub(crate) fn put(value: &Value, form: &Write, slot: &mut Value) -> Result<bool> {
    if value.is_absent() {
        return Ok(false);
    }
    *slot = if fits(value, form) {
        value.clone()
    } else {
        write(value, form).map_err(|e| e.with(value))?
    };
    Ok(true)
}

/// Whether a value has the form it is written in.
fn fits(value: &Value, form: &Write) -> bool {
    match (form, value) {
        (_, Value::Missing | Value::Null)
        | (Write::Bool, Value::Bool(_))
        | (Write::Decimal, Value::Number(_)) => true,
        (Write::Text(None), Value::Text(_)) => true,
        (Write::Text(Some(longest)), Value::Text(text)) => {
            usize::try_from(*longest).is_ok_and(|longest| text.len() <= longest)
        }
        (Write::Int, Value::Number(number)) => number.scale() == 0,
        (Write::Any, other) => {
            !matches!(other, Value::Date(_) | Value::DateTime(_) | Value::Duration(_))
        }
        _ => false,
    }
}

/// A value as it is written. Absent ones stay absent.
pub(crate) fn write(value: &Value, form: &Write) -> Result<Value> {
    match (form, value) {
        (_, Value::Missing | Value::Null) => Ok(value.clone()),
        (Write::Any, other) => Ok(plain(other)),
        (Write::Text(longest), _) => text(value, *longest),
        (Write::Enum(values), Value::Text(text)) => {
            if values.iter().any(|v| v == text) {
                Ok(value.clone())
            } else {
                Err(leaf::not_in_enum(text, values))
            }
        }
        (Write::Bool, Value::Bool(_)) => Ok(value.clone()),
        (Write::Int, Value::Number(n)) => {
            n.whole().map(Value::Number).ok_or_else(|| ops::wrong("a whole number", value))
        }
        (Write::Decimal, Value::Number(_)) => Ok(value.clone()),
        (Write::Decimal, Value::Money(money)) => Ok(Value::Number(money.amount)),
        (Write::Money, Value::Money(money)) => Ok(Value::of([
            ("amount", Value::from(money.amount.to_string())),
            ("currencyCode", Value::text(money.currency.code())),
        ])),
        (Write::Date, Value::Date(_)) | (Write::DateTime, Value::DateTime(_)) => {
            Ok(Value::from(value.plain().unwrap_or_default()))
        }
        (Write::Date, Value::Text(text)) if tenon_value::time::parse_date(text).is_some() => {
            Ok(value.clone())
        }
        (Write::DateTime, Value::Text(text))
            if tenon_value::time::parse_datetime(text).is_some() =>
        {
            Ok(value.clone())
        }
        (Write::AsText(inner), Value::Number(number)) if matches!(**inner, Write::Decimal) => {
            Ok(Value::from(number.to_string()))
        }
        (Write::AsText(inner), _) => {
            let written = write(value, inner)?;
            written.plain().map(Value::from).ok_or_else(|| ops::wrong("a plain value", value))
        }
        (Write::List(inner), Value::List(items)) => {
            Ok(Value::list(items.iter().map(|i| write(i, inner)).collect::<Result<_>>()?))
        }
        (Write::Record(fields), Value::Record(found)) => {
            let mut out = Record::with_capacity(found.len());
            for (name, item) in found.iter() {
                let form = fields.get(name).unwrap_or(&Write::Any);
                let written = write(item, form).map_err(|e| e.at(name, item))?;
                if !written.is_absent() {
                    out.insert(Arc::clone(name), written);
                }
            }
            Ok(Value::record(out))
        }
        _ => Err(ops::wrong(wanted(form), value)),
    }
}

/// A value of no known form: what JSON has no form for becomes text.
fn plain(value: &Value) -> Value {
    match value {
        Value::Date(_) | Value::DateTime(_) | Value::Duration(_) => {
            Value::from(value.plain().unwrap_or_default())
        }
        other => other.clone(),
    }
}

fn text(value: &Value, longest: Option<u32>) -> Result<Value> {
    let written = match value {
        Value::Text(text) => Arc::clone(text),
        Value::Number(_) | Value::Date(_) | Value::DateTime(_) => {
            Arc::from(value.plain().unwrap_or_default())
        }
        other => return Err(ops::wrong("a text", other)),
    };
    let length = written.chars().count();
    match longest {
        Some(longest) if usize::try_from(longest).is_ok_and(|longest| length > longest) => {
            let fault = Fault::new(
                "MAP_TOO_LONG",
                Class::Mapping,
                format!("the text has {length} characters, the target takes {longest}"),
            )
            .hint(format!("write truncate(…, {longest}) where cutting it is right"));
            let mut fault = fault;
            fault.value = Value::Text(written);
            Err(EvalError::Fault(Box::new(fault)))
        }
        _ => Ok(Value::Text(written)),
    }
}

fn wanted(form: &Write) -> &'static str {
    match form {
        Write::Any => "a value",
        Write::Text(_) => "a text",
        Write::Enum(_) => "one of the listed texts",
        Write::Bool => "a bool",
        Write::Int => "a whole number",
        Write::Decimal => "a number",
        Write::Money => "an amount with its currency",
        Write::Date => "a date",
        Write::DateTime => "a datetime",
        Write::AsText(_) => "a plain value",
        Write::List(_) => "a list",
        Write::Record(_) => "a record",
    }
}

/// A value on one line for traces.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Missing => "missing".to_owned(),
        Value::Money(money) => money.to_string(),
        other => {
            let text = json::write(other);
            if text.chars().count() <= 120 {
                text
            } else {
                text.chars().take(117).chain("...".chars()).collect()
            }
        }
    }
}
