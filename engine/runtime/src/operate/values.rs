//! Settings and table rows: read, set, taken back.

use tenon_store::{AuditRow, Commit, Key, SettingRow, TableRowRow};
use tenon_value::{Value, json};

use super::By;

use crate::deployment::{plain_numbers, stored_key};
use crate::engine::Runtime;
use crate::refusal::Refusal;

impl Runtime {
    /// Every setting of an integration with its value now and whether somebody set it.
    ///
    /// # Errors
    /// When there is no such integration.
    pub async fn settings(&self, integration: &str) -> Result<Value, Refusal> {
        let loaded = self.engine().integration(integration)?;
        let mut list = Vec::new();
        for (name, value) in loaded.live.now().settings() {
            let key = Key::Setting { scope: integration.to_owned(), name: name.to_owned() };
            let set = self.engine().store.get(&key).await?.is_some();
            list.push(Value::of([
                ("name", Value::text(name)),
                ("value", value.clone()),
                ("set", Value::Bool(set)),
            ]));
        }
        Ok(Value::list(list))
    }

    /// Sets a setting for every decision from now on.
    ///
    /// # Errors
    /// When there is no such setting, or the store cannot take it.
    pub async fn set_setting(
        &self,
        integration: &str,
        name: &str,
        value: &Value,
        by: &By,
    ) -> Result<Value, Refusal> {
        let engine = self.engine();
        let loaded = engine.integration(integration)?;
        if !loaded.deployment.settings.contains_key(name) {
            return Err(Refusal::not_found("setting", name));
        }
        let row = SettingRow {
            scope: integration.to_owned(),
            name: name.to_owned(),
            value: json::write(value),
            at_ms: engine.seam.now_ms(),
            by: by.who.clone(),
        };
        let text = format!("setting {name} of {integration} set to {}", row.value);
        let commit =
            Commit::new().put(row.clone()).put(self.audit_line(by, "setting_changed", &text));
        engine.store.commit(commit).await?;
        loaded.live.change(|values| values.store_setting(&row));
        Ok(Value::of([("name", Value::text(name)), ("value", value.clone())]))
    }

    /// Every table of an integration, or the rows of one.
    ///
    /// # Errors
    /// When there is no such integration or table.
    pub fn table(&self, integration: &str, table: Option<&str>) -> Result<Value, Refusal> {
        let values = self.engine().integration(integration)?.live.now();
        let Some(table) = table else {
            return Ok(Value::list(values.tables().map(Value::text).collect()));
        };
        if !values.tables().any(|name| name == table) {
            return Err(Refusal::not_found("table", table));
        }
        let rows = values.rows(table).map(|(key, value)| {
            let key = json::read(key).unwrap_or_default();
            Value::of([("key", key), ("value", value.clone())])
        });
        Ok(Value::list(rows.collect()))
    }

    /// Sets a row of a table; a value of null takes the row away.
    ///
    /// # Errors
    /// When there is no such table, or the store cannot take it.
    pub async fn set_row(
        &self,
        integration: &str,
        table: &str,
        row: (&Value, &Value),
        by: &By,
    ) -> Result<Value, Refusal> {
        let engine = self.engine();
        let loaded = engine.integration(integration)?;
        let (key, value) = row;
        let values = loaded.live.now();
        if !values.tables().any(|name| name == table) {
            return Err(Refusal::not_found("table", table));
        }
        let columns = values.columns(table);
        if let Some(fields) = key.as_record()
            && let Some(unknown) = fields.keys().find(|c| !columns.iter().any(|k| **k == ***c))
        {
            return Err(Refusal::invalid(format!("table {table} has no key column `{unknown}`"))
                .hint(format!("its key columns are {}", columns.join(", "))));
        }
        let stored = TableRowRow {
            scope: integration.to_owned(),
            table: table.to_owned(),
            key: stored_key(columns, key),
            value: json::write(&plain_numbers(value)),
            at_ms: engine.seam.now_ms(),
            by: by.who.clone(),
        };
        let text = format!("row {} of table {table} set to {}", stored.key, stored.value);
        let line = self.audit_line(by, "table_row_changed", &text);
        engine.store.commit(Commit::new().put(stored.clone()).put(line)).await?;
        loaded.live.change(|values| values.store_row(&stored));
        Ok(Value::of([
            ("table", Value::text(table)),
            ("key", key.clone()),
            ("value", value.clone()),
        ]))
    }

    /// A line of the audit log said by a person.
    pub(crate) fn audit_line(&self, by: &By, what: &str, text: &str) -> AuditRow {
        let text = match &by.why {
            Some(why) => format!("{text} ({why})"),
            None => text.to_owned(),
        };
        AuditRow {
            at_ms: self.engine().seam.now_ms(),
            id: self.engine().seam.id("line"),
            by: by.who.clone(),
            what: what.to_owned(),
            text,
            ..AuditRow::default()
        }
    }
}
