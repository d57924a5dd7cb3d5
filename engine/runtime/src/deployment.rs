//! What the engine is given to run: compiled flows, connected systems, defaults of settings and
//! tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use tenon_graph::Graph;
use tenon_mapper::Type;
use tenon_value::{Value, json};

use crate::peer::Peer;

/// One integration, compiled.
#[derive(Clone, Default)]
pub struct Deployment {
    /// Its name.
    pub integration: String,
    /// Its title.
    pub title: String,
    /// Its connections by name, each with the system behind it.
    pub connections: BTreeMap<String, Arc<dyn Peer>>,
    /// The newest graph of each flow.
    pub graphs: BTreeMap<String, Graph>,
    /// Every setting with its default; missing where it has none.
    pub settings: BTreeMap<String, Value>,
    /// Types of settings; what a person sets is held to them.
    pub setting_types: BTreeMap<String, Type>,
    /// Lookup tables with the rows they were shipped with.
    pub tables: BTreeMap<String, DeployedTable>,
}

/// A lookup table as it was shipped.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeployedTable {
    /// Its key columns, in order.
    pub keys: Vec<String>,
    /// Its value columns with their types, in order. One alone stands as the value itself.
    pub values: IndexMap<String, Type>,
    /// Types of the key columns; what a person sets is held to them.
    pub key_types: BTreeMap<String, Type>,
    /// Keys and values. A key is a record of the key columns.
    pub rows: Vec<(Value, Value)>,
}

impl Deployment {
    /// The name under which references of this integration are kept: its two connections, in the
    /// order of their names.
    #[must_use]
    pub fn pair(&self) -> String {
        self.connections.keys().cloned().collect::<Vec<_>>().join("~")
    }
}

/// A table key as stored and compared: the single value of a one-column key, else a record of the
/// columns in the table's order; numbers without zeros at the end.
#[must_use]
pub fn stored_key(columns: &[String], key: &Value) -> String {
    let normal = match (key.as_record(), columns) {
        (Some(_), [single]) => key.field(single).clone(),
        (Some(_), [_, ..]) => Value::record(
            columns.iter().map(|c| (Arc::from(c.as_str()), key.field(c).clone())).collect(),
        ),
        (Some(fields), []) if fields.len() == 1 => {
            fields.values().next().cloned().unwrap_or(Value::Missing)
        }
        _ => key.clone(),
    };
    json::write(&plain_numbers(&normal))
}

/// A value with its numbers without zeros at the end, and dates as texts.
pub(crate) fn plain_numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(number.normalised()),
        Value::Record(fields) => {
            Value::record(fields.iter().map(|(k, v)| (k.clone(), plain_numbers(v))).collect())
        }
        Value::Date(_) | Value::DateTime(_) => Value::text(&value.plain().unwrap_or_default()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_however_it_is_spelled() {
        let read = |text| json::read(text).unwrap();
        let two = ["country".to_owned(), "rate".to_owned()];
        let spelled = stored_key(&two, &read(r#"{"rate": 25.00, "country": "SE"}"#));
        assert_eq!(spelled, stored_key(&two, &read(r#"{"country": "SE", "rate": 25}"#)));
        let one = ["gateway".to_owned()];
        let spelled = stored_key(&one, &read(r#"{"gateway": "klarna"}"#));
        assert_eq!(spelled, stored_key(&one, &read(r#""klarna""#)));
    }
}
