//! Settings and tables as they are now: shipped defaults overlaid by what people stored.
//!
//! A snapshot is immutable and shared; a change makes a new one. Tasks see changes at their next
//! decision, never in the middle of one.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tenon_store::{Row, Scan, Select, SettingRow, Store, StoreError, Table, TableRowRow};
use tenon_value::{Value, json};

use crate::deployment::{Deployment, stored_key};

/// Settings and tables of one integration at one moment.
#[derive(Debug, Clone, Default)]
pub struct Values {
    settings: BTreeMap<String, Value>,
    tables: BTreeMap<String, TableNow>,
}

#[derive(Debug, Clone, Default)]
struct TableNow {
    columns: Vec<String>,
    rows: BTreeMap<String, Value>,
}

impl Values {
    /// The shipped values of a deployment.
    #[must_use]
    pub fn shipped(deployment: &Deployment) -> Values {
        let tables = deployment.tables.iter().map(|(name, table)| {
            let rows = table
                .rows
                .iter()
                .map(|(key, value)| (stored_key(&table.keys, key), value.clone()))
                .collect();
            (name.clone(), TableNow { columns: table.keys.clone(), rows })
        });
        Values { settings: deployment.settings.clone(), tables: tables.collect() }
    }

    /// The shipped values with everything stored laid over them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(deployment: &Deployment, store: &dyn Store) -> Result<Values, StoreError> {
        let mut values = Values::shipped(deployment);
        for row in all(store, Select::Settings(deployment.integration.clone())).await? {
            if let Row::Setting(row) = row {
                values.store_setting(&row);
            }
        }
        for row in all(store, Select::All(Table::TableRow)).await? {
            if let Row::TableRow(row) = row
                && row.scope == deployment.integration
            {
                values.store_row(&row);
            }
        }
        Ok(values)
    }

    /// Lays one stored setting over.
    pub fn store_setting(&mut self, row: &SettingRow) {
        let value = json::read(&row.value).unwrap_or_default();
        self.settings.insert(row.name.clone(), value);
    }

    /// Lays one stored table row over; a missing value takes the row away.
    pub fn store_row(&mut self, row: &TableRowRow) {
        let table = self.tables.entry(row.table.clone()).or_default();
        match json::read(&row.value) {
            Ok(Value::Null | Value::Missing) | Err(_) => table.rows.remove(&row.key),
            Ok(value) => table.rows.insert(row.key.clone(), value),
        };
    }

    /// A setting; missing when it has neither a default nor a stored value.
    #[must_use]
    pub fn setting(&self, name: &str) -> Value {
        self.settings.get(name).cloned().unwrap_or_default()
    }

    /// The row of a table, missing when there is none.
    #[must_use]
    pub fn lookup(&self, table: &str, key: &Value) -> Value {
        let Some(table) = self.tables.get(table) else { return Value::Missing };
        table.rows.get(&stored_key(&table.columns, key)).cloned().unwrap_or_default()
    }

    /// Every setting.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Every table's name.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// A table's rows: stored key and value.
    pub fn rows(&self, table: &str) -> impl Iterator<Item = (&str, &Value)> {
        let rows = self.tables.get(table).into_iter().flat_map(|t| &t.rows);
        rows.map(|(key, value)| (key.as_str(), value))
    }
}

/// The newest values of one integration.
#[derive(Default)]
pub struct Live {
    now: RwLock<Arc<Values>>,
}

impl Live {
    /// The snapshot of now.
    #[must_use]
    pub fn now(&self) -> Arc<Values> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the values for everyone who asks from now on.
    pub fn change(&self, change: impl FnOnce(&mut Values)) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut now));
    }
}

/// Every row of a selection.
///
/// # Errors
/// When the store cannot be read.
pub async fn all(store: &dyn Store, select: Select) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = store.scan(Scan::new(select.clone()).after(after)).await?;
        rows.extend(page.rows);
        if page.next.is_none() {
            return Ok(rows);
        }
        after = page.next;
    }
}
