//! Types written as words, and values of such types written as text: settings and table columns.

use std::sync::Arc;

use tenon_mapper::types::Type;
use tenon_source::{Diagnostic, Node};
use tenon_value::{Number, Value, time};

use crate::shape::{self, Found};

/// The words a type can be written with.
const WORDS: &[&str] = &["text", "bool", "int", "decimal", "date", "datetime", "duration"];

/// The type a scalar names; `?` behind it allows an empty value.
pub(crate) fn type_of(node: &Node, found: &mut Found) -> Option<Type> {
    let text = shape::text(node, "a type", found)?;
    let (word, optional) = match text.strip_suffix('?') {
        Some(word) => (word, true),
        None => (text, false),
    };
    let ty = match word {
        "text" => Type::Text,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "decimal" => Type::Decimal,
        "date" => Type::Date,
        "datetime" => Type::DateTime,
        "duration" => Type::Duration,
        _ => {
            let message = format!("`{word}` is no type of a setting or a column");
            let finding = Diagnostic::error("F026", node.span.clone(), message);
            found.push(crate::facts::with_near(finding, node, 0..word.len(), WORDS));
            return None;
        }
    };
    Some(if optional { ty.optional() } else { ty })
}

/// A text as a value of a type; `Err` says what was expected.
pub(crate) fn value_of(text: &str, ty: &Type) -> Result<Value, String> {
    let trimmed = text.trim();
    if let Type::Optional(inner) = ty {
        return if trimmed.is_empty() { Ok(Value::Null) } else { value_of(text, inner) };
    }
    let made = match ty {
        Type::Text => Some(Value::text(text)),
        Type::Bool => match trimmed {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        Type::Int => {
            Number::parse(trimmed).ok().filter(|number| number.is_whole()).map(Value::Number)
        }
        Type::Decimal => Number::parse(trimmed).ok().map(Value::Number),
        Type::Date => time::parse_date(trimmed).map(Value::Date),
        Type::DateTime => time::parse_datetime(trimmed).map(Value::DateTime),
        Type::Duration => time::parse_duration(trimmed).map(Value::Duration),
        Type::Enum(values) => {
            values.iter().any(|value| **value == *trimmed).then(|| Value::text(trimmed))
        }
        _ => None,
    };
    made.ok_or_else(|| match ty {
        Type::Enum(values) => format!("one of {}", values.join(", ")),
        Type::Bool => "true or false".to_owned(),
        Type::Int => "a whole number".to_owned(),
        Type::Decimal => "a number such as 12.50".to_owned(),
        Type::Date => "a day such as 2026-01-31".to_owned(),
        Type::DateTime => "an instant such as 2026-01-31T12:00:00Z".to_owned(),
        other => format!("a {other}"),
    })
}

/// The enum of some texts.
pub(crate) fn enum_of(values: &[String]) -> Type {
    Type::Enum(values.iter().map(|value| Arc::from(value.as_str())).collect())
}
