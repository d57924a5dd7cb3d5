//! What is stored, as far as a test says it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, FixedOffset};
use tenon_mapper::{EvalError, Host, ReadKey, Scripts, table_key};
use tenon_source::near;
use tenon_value::{Value, json};

use crate::{Integration, Table};

static MISSING: Value = Value::Missing;

/// Settings, references, documents sent and table rows of a test.
pub struct Told {
    settings: BTreeMap<String, Value>,
    references: Value,
    sent: Value,
    rows: BTreeMap<String, Vec<(Value, Value)>>,
    scripts: Scripts,
    started_at: DateTime<FixedOffset>,
    read: Mutex<BTreeSet<(String, String)>>,
}

impl Told {
    /// What a test says under `settings`, `references`, `sent` and `rows`, over the integration's own
    /// defaults and rows.
    ///
    /// # Errors
    /// What it names that is not there, or is of another type.
    pub fn new(
        test: &Value,
        integration: &Integration,
        started_at: DateTime<FixedOffset>,
    ) -> Result<Told, String> {
        let tables = integration.tables.iter();
        let mut rows: BTreeMap<String, Vec<(Value, Value)>> =
            tables.map(|(name, table)| (name.clone(), table.rows.clone())).collect();
        for (name, more) in test.field("rows").as_record().into_iter().flatten() {
            let known = integration.tables.get(&**name).zip(rows.get_mut(&**name));
            let (table, known) =
                known.ok_or_else(|| none("table", name, integration.tables.keys()))?;
            for row in more.items() {
                let (key, value) = row_of(table, row).map_err(|e| format!("table {name}: {e}"))?;
                let wanted = table_key(&key);
                known.retain(|(old, _)| table_key(old) != wanted);
                known.push((key, value));
            }
        }
        let (scripts, _) = Scripts::compile(&integration.scripts);
        Ok(Told {
            settings: settings(test.field("settings"), integration)?,
            references: test.field("references").clone(),
            sent: test.field("sent").clone(),
            rows,
            scripts,
            started_at,
            read: Mutex::default(),
        })
    }

    /// The value under a key; missing where there is none.
    #[must_use]
    pub fn value(&self, key: &ReadKey) -> Value {
        match key {
            ReadKey::Lookup { table, key } => {
                let mut rows = self.rows.get(&**table).into_iter().flatten();
                let Some((_, value)) = rows.find(|(row, _)| table_key(row) == *key) else {
                    return Value::Missing;
                };
                let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
                read.insert((table.to_string(), json::write(key)));
                value.clone()
            }
            ReadKey::Reference { entity, id } => match self.references.field(entity) {
                Value::Record(by_id) => by_id.get(id.as_str()).cloned().unwrap_or_default(),
                one => one.clone(),
            },
            ReadKey::References { entity, id } => {
                let told = self.references.field(entity);
                match told
                    .as_record()
                    .map_or(told, |by_id| by_id.get(id.as_str()).unwrap_or(&MISSING))
                {
                    Value::Missing | Value::Null => Value::Missing,
                    Value::List(several) => Value::List(several.clone()),
                    one => Value::list(vec![Value::of([
                        ("part", Value::text("")),
                        ("id", one.clone()),
                    ])]),
                }
            }
            ReadKey::Sent { entity, id } => {
                let sent = self.sent.field(entity);
                match sent.field(id) {
                    Value::Missing if is_document(sent) => sent.clone(),
                    by_id => by_id.clone(),
                }
            }
            ReadKey::Setting { name } => self.settings.get(&**name).cloned().unwrap_or_default(),
        }
    }

    /// Table rows that were read: table and key.
    pub(super) fn rows_read(&self) -> Vec<(String, Value)> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = read.iter().map(|(table, key)| (table.clone(), json::read(key)));
        keys.filter_map(|(table, key)| Some((table, key.ok()?))).collect()
    }
}

/// Whether what stands under an entity is a document itself, and not documents by id: then not all
/// of its values are records.
fn is_document(value: &Value) -> bool {
    value.as_record().is_some_and(|fields| fields.values().any(|field| field.as_record().is_none()))
}

impl Host for Told {
    fn read(&self, key: &ReadKey) -> Result<Value, EvalError> {
        Ok(self.value(key))
    }

    fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    fn started_at(&self) -> DateTime<FixedOffset> {
        self.started_at
    }
}

fn none<'a>(what: &str, name: &str, names: impl Iterator<Item = &'a String>) -> String {
    match near(name, names.map(String::as_str)) {
        Some(near) => format!("there is no {what} `{name}`; is it `{near}`?"),
        None => format!("there is no {what} `{name}`"),
    }
}

fn settings(told: &Value, integration: &Integration) -> Result<BTreeMap<String, Value>, String> {
    let own = integration.settings.iter();
    let mut settings: BTreeMap<String, Value> =
        own.filter_map(|(name, s)| Some((name.clone(), s.default.clone()?))).collect();
    for (name, value) in told.as_record().into_iter().flatten() {
        let setting = integration.settings.get(&**name);
        let setting = setting.ok_or_else(|| none("setting", name, integration.settings.keys()))?;
        let value = match value.plain() {
            Some(text) => {
                setting.read(&text).map_err(|wanted| format!("setting {name}: not {wanted}"))?
            }
            None => value.clone(),
        };
        settings.insert(name.to_string(), value);
    }
    Ok(settings)
}

/// A row: `{ key, value }`, or all its columns side by side as the table's file has them.
fn row_of(table: &Table, row: &Value) -> Result<(Value, Value), String> {
    let columns = |names: &mut dyn Iterator<Item = &String>, of: &Value| {
        let names: Vec<&String> = names.collect();
        if let ([_], true) = (names.as_slice(), of.as_record().is_none()) {
            return Ok(of.clone());
        }
        let mut parts = Vec::new();
        for name in &names {
            match of.field(name) {
                Value::Missing => return Err(format!("a row needs the column `{name}`")),
                value => parts.push((std::sync::Arc::from(name.as_str()), value.clone())),
            }
        }
        match (names.as_slice(), parts.pop()) {
            ([_], Some((_, only))) => Ok(only),
            (_, last) => Ok(Value::record(parts.into_iter().chain(last).collect())),
        }
    };
    let split = !row.field("key").is_absent() && !table.keys.contains_key("key");
    let (key, value) = if split { (row.field("key"), row.field("value")) } else { (row, row) };
    for name in row.as_record().into_iter().flatten().map(|(name, _)| name) {
        let known = table.keys.contains_key(&**name) || table.values.contains_key(&**name);
        if !(known || split && ["key", "value"].contains(&&**name)) {
            return Err(none("column", name, table.keys.keys().chain(table.values.keys())));
        }
    }
    Ok((columns(&mut table.keys.keys(), key)?, columns(&mut table.values.keys(), value)?))
}
