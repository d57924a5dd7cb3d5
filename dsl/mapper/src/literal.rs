//! Values inside compiled programs, as serde data that keeps their types.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use tenon_value::{Currency, Money, Number, Value, time};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Literal {
    Missing,
    Null,
    Bool(bool),
    Number(String),
    Text(Arc<str>),
    Money(String, String),
    Date(String),
    DateTime(String),
    Duration(i64),
    List(Vec<Literal>),
    Record(Vec<(Arc<str>, Literal)>),
}

fn from_value(value: &Value) -> Literal {
    match value {
        Value::Missing => Literal::Missing,
        Value::Null => Literal::Null,
        Value::Bool(b) => Literal::Bool(*b),
        Value::Number(n) => Literal::Number(n.to_string()),
        Value::Text(t) => Literal::Text(Arc::clone(t)),
        Value::Money(m) => Literal::Money(m.amount.to_string(), m.currency.code().to_owned()),
        Value::Date(_) => Literal::Date(value.plain().unwrap_or_default()),
        Value::DateTime(_) => Literal::DateTime(value.plain().unwrap_or_default()),
        Value::Duration(ms) => Literal::Duration(*ms),
        Value::List(items) => Literal::List(items.iter().map(from_value).collect()),
        Value::Record(fields) => {
            Literal::Record(fields.iter().map(|(k, v)| (Arc::clone(k), from_value(v))).collect())
        }
    }
}

fn to_value(literal: Literal) -> Option<Value> {
    Some(match literal {
        Literal::Missing => Value::Missing,
        Literal::Null => Value::Null,
        Literal::Bool(b) => Value::Bool(b),
        Literal::Number(n) => Value::Number(Number::parse(&n).ok()?),
        Literal::Text(t) => Value::Text(t),
        Literal::Money(amount, code) => {
            Value::from(Money::new(Number::parse(&amount).ok()?, Currency::new(&code)))
        }
        Literal::Date(d) => Value::Date(time::parse_date(&d)?),
        Literal::DateTime(d) => Value::DateTime(time::parse_datetime(&d)?),
        Literal::Duration(ms) => Value::Duration(ms),
        Literal::List(items) => {
            Value::list(items.into_iter().map(to_value).collect::<Option<Vec<_>>>()?)
        }
        Literal::Record(fields) => Value::record(
            fields
                .into_iter()
                .map(|(k, v)| Some((k, to_value(v)?)))
                .collect::<Option<tenon_value::Record>>()?,
        ),
    })
}

/// Writes a value.
pub fn serialize<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
    from_value(value).serialize(to)
}

/// Reads a value.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
    to_value(Literal::deserialize(from)?).ok_or_else(|| D::Error::custom("a value does not read"))
}

/// The same for several values.
pub mod list {
    use super::{Deserialize, Deserializer, Literal, Serialize, Serializer, Value};
    use serde::de::Error as _;

    /// Writes values.
    pub fn serialize<S: Serializer>(values: &[Value], to: S) -> Result<S::Ok, S::Error> {
        values.iter().map(super::from_value).collect::<Vec<_>>().serialize(to)
    }

    /// Reads values.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Value>, D::Error> {
        Vec::<Literal>::deserialize(from)?
            .into_iter()
            .map(super::to_value)
            .collect::<Option<_>>()
            .ok_or_else(|| D::Error::custom("a value does not read"))
    }
}
