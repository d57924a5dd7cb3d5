//! Whether what was written is what stands there.

use tenon_value::{Number, Value};

use crate::connector::Connector;

/// A field that stands there differently from how it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldDifference {
    /// Dotted path, items as `[0]`.
    pub field: String,
    /// What was written.
    pub sent: Value,
    /// What stands there.
    pub there: Value,
}

impl Connector {
    /// The fields of `sent` that stand differently in `there`, as the peer normalises them: numbers
    /// and bools as text, blank and absent alike, amounts without currency, outer spaces trimmed.
    /// Fields that `sent` does not have are not looked at. Items of lists are compared by position.
    #[must_use]
    pub fn same(&self, resource: &str, sent: &Value, there: &Value) -> Vec<FieldDifference> {
        let mut found = Vec::new();
        if self.resource(resource).is_some() {
            compare(sent, there, &mut String::new(), &mut found);
        }
        found
    }
}

fn compare(sent: &Value, there: &Value, path: &mut String, found: &mut Vec<FieldDifference>) {
    match (sent, there) {
        (Value::Missing, _) => {}
        (Value::Record(fields), Value::Record(_)) => {
            for (name, value) in fields.iter() {
                let length = path.len();
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
                compare(value, there.field(name), path, found);
                path.truncate(length);
            }
        }
        (Value::List(mine), Value::List(theirs)) if mine.len() == theirs.len() => {
            for (n, (mine, theirs)) in mine.iter().zip(theirs.iter()).enumerate() {
                let length = path.len();
                path.push_str(&format!("[{n}]"));
                compare(mine, theirs, path, found);
                path.truncate(length);
            }
        }
        _ if equal(sent, there) => {}
        _ => found.push(FieldDifference {
            field: path.clone(),
            sent: sent.clone(),
            there: there.clone(),
        }),
    }
}

fn equal(sent: &Value, there: &Value) -> bool {
    if sent == there || (sent.is_blank() && (there.is_blank() || is_zero(there))) {
        return true;
    }
    if let (Some(mine), Some(theirs)) = (number(sent), number(there)) {
        return mine == theirs;
    }
    match (sent.plain(), there.plain()) {
        (Some(mine), Some(theirs)) => mine.trim() == theirs.trim(),
        _ => false,
    }
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Money(money) => Some(money.amount),
        Value::Text(text) => Number::parse(text.trim()).ok(),
        other => other.as_number(),
    }
}

fn is_zero(value: &Value) -> bool {
    number(value).is_some_and(Number::is_zero)
}
