//! The one data type every part of Tenon exchanges.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate};
use indexmap::IndexMap;

use crate::money::Money;
use crate::number::Number;

/// Named fields in the order they were written.
pub type Record = IndexMap<Arc<str>, Value>;

/// A value: what JSON can say, plus what expressions compute on the way.
///
/// [`Value::Missing`] is the absence of a value: reading a field that is not there. It is never
/// read from JSON, and never written: a field holding it is left out.
///
/// The wide tag keeps what is inside on whole words: a value is moved all the time, and moving it in
/// odd pieces costs several times as much.
#[derive(Clone, PartialEq, Default)]
#[repr(u64)]
pub enum Value {
    /// Nothing there.
    #[default]
    Missing,
    /// An explicit null.
    Null,
    /// True or false.
    Bool(bool),
    /// An exact number.
    Number(Number),
    /// A text.
    Text(Arc<str>),
    /// An amount in a currency.
    Money(Arc<Money>),
    /// A calendar day.
    Date(NaiveDate),
    /// An instant with the offset it was written in.
    DateTime(DateTime<FixedOffset>),
    /// A length of time, in milliseconds.
    Duration(i64),
    /// Values in order.
    List(Arc<Vec<Value>>),
    /// Named fields.
    Record(Arc<Record>),
}

/// The kind of a value, for messages and checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Missing,
    Null,
    Bool,
    Number,
    Text,
    Money,
    Date,
    DateTime,
    Duration,
    List,
    Record,
}

impl Kind {
    /// The name authors know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Missing => "missing",
            Kind::Null => "null",
            Kind::Bool => "bool",
            Kind::Number => "number",
            Kind::Text => "text",
            Kind::Money => "money",
            Kind::Date => "date",
            Kind::DateTime => "datetime",
            Kind::Duration => "duration",
            Kind::List => "list",
            Kind::Record => "record",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Value {
    /// A text value.
    #[must_use]
    pub fn text(text: &str) -> Value {
        Value::Text(Arc::from(text))
    }

    /// A list value.
    #[must_use]
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(items))
    }

    /// A record value.
    #[must_use]
    pub fn record(fields: Record) -> Value {
        Value::Record(Arc::new(fields))
    }

    /// A record of these fields, in this order.
    #[must_use]
    pub fn of<const N: usize>(fields: [(&str, Value); N]) -> Value {
        Value::record(fields.into_iter().map(|(k, v)| (Arc::from(k), v)).collect())
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Value::Missing => Kind::Missing,
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Number(_) => Kind::Number,
            Value::Text(_) => Kind::Text,
            Value::Money(_) => Kind::Money,
            Value::Date(_) => Kind::Date,
            Value::DateTime(_) => Kind::DateTime,
            Value::Duration(_) => Kind::Duration,
            Value::List(_) => Kind::List,
            Value::Record(_) => Kind::Record,
        }
    }

    /// Whether it is missing or null.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Value::Missing | Value::Null)
    }

    /// Whether it is missing, null, white-space text, or an empty list or record.
    /// `0` and `false` are not blank.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Value::Missing | Value::Null => true,
            Value::Text(text) => is_blank(text),
            Value::List(items) => items.is_empty(),
            Value::Record(fields) => fields.is_empty(),
            _ => false,
        }
    }

    /// The named field; missing where there is none or this is no record.
    #[must_use]
    pub fn field(&self, name: &str) -> &Value {
        match self {
            Value::Record(fields) => fields.get(name).unwrap_or(&Value::Missing),
            _ => &Value::Missing,
        }
    }

    /// The value at a dotted path of fields, such as `Invoice.DocumentNumber`.
    #[must_use]
    pub fn at(&self, path: &str) -> &Value {
        path.split('.').fold(self, |value, name| value.field(name))
    }

    /// The text inside, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number inside, where it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<Number> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The bool inside, where it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(bool) => Some(*bool),
            _ => None,
        }
    }

    /// The items, where it is a list; none otherwise.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        match self {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The fields, where it is a record.
    #[must_use]
    pub fn as_record(&self) -> Option<&Record> {
        match self {
            Value::Record(fields) => Some(fields),
            _ => None,
        }
    }

    /// This record with one field set; what is no record becomes one of that field alone.
    #[must_use]
    pub fn with(self, name: &str, value: Value) -> Value {
        let mut fields = match self {
            Value::Record(fields) => Arc::unwrap_or_clone(fields),
            _ => Record::new(),
        };
        fields.insert(Arc::from(name), value);
        Value::record(fields)
    }

    /// The value as plain text for keys, templates and messages: a text as it is, a number in plain
    /// notation, a date as `2026-11-24`; `None` for what has no plain form.
    #[must_use]
    pub fn plain(&self) -> Option<String> {
        match self {
            Value::Text(text) => Some(text.to_string()),
            other => {
                let mut out = String::new();
                other.write_plain(&mut out).then_some(out)
            }
        }
    }

    /// Adds what [`Value::plain`] gives to a text; false, and nothing added, where there is none.
    pub fn write_plain(&self, out: &mut String) -> bool {
        use fmt::Write as _;
        match self {
            Value::Text(text) => out.push_str(text),
            // Writing into a text does not fail.
            Value::Number(number) => drop(write!(out, "{number}")),
            Value::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
            Value::Money(money) => drop(write!(out, "{}", money.amount)),
            Value::Date(date) => crate::time::write_date(*date, out),
            Value::DateTime(at) => out.push_str(&crate::time::format_datetime(at)),
            Value::Duration(ms) => out.push_str(&crate::time::format_duration(*ms)),
            Value::Missing | Value::Null | Value::List(_) | Value::Record(_) => return false,
        }
        true
    }
}

/// Whether a text is empty but for white space.
fn is_blank(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(first) if first.is_ascii_graphic() => false,
        _ => text.trim_start().is_empty(),
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(Arc::from(text))
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Value {
        Value::Bool(bool)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Value {
        Value::Number(number)
    }
}

impl From<i64> for Value {
    fn from(whole: i64) -> Value {
        Value::Number(Number::from(whole))
    }
}

impl From<Money> for Value {
    fn from(money: Money) -> Value {
        Value::Money(Arc::new(money))
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Value {
        Value::list(items)
    }
}

impl From<Record> for Value {
    fn from(fields: Record) -> Value {
        Value::record(fields)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Missing => f.write_str("missing"),
            Value::Money(money) => fmt::Display::fmt(money, f),
            other => f.write_str(&crate::json::write(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_three_words() {
        assert_eq!(size_of::<Value>(), 24);
        assert_eq!(size_of::<Option<Value>>(), 24);
    }

    #[test]
    fn text_of_white_space_is_blank_and_no_other_text_is() {
        for blank in ["", " ", "\t\n", "\u{a0}", "\u{2003} "] {
            assert!(Value::text(blank).is_blank(), "{blank:?}");
        }
        for text in ["a", " a", "\u{a0}é", "0", "\u{200b}"] {
            assert!(!Value::text(text).is_blank(), "{text:?}");
        }
    }
}
