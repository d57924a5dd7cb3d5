//! Settings and table rows: read, set, taken back.

use std::sync::Arc;

use tenon_mapper::Type;
use tenon_store::{AuditRow, Commit, Key, SettingRow, TableRowRow};
use tenon_value::{Record, Value, json};

use super::By;

use crate::deployment::{DeployedTable, plain_numbers, stored_key};
use crate::engine::Runtime;
use crate::fitting::fit;
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
            let key = Key::Setting {
                scope: loaded.deployment.integration.clone(),
                name: name.to_owned(),
            };
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
        let value = &match loaded.deployment.setting_types.get(name) {
            Some(ty) => fit(ty, value).map_err(|e| Refusal::invalid(format!("{name}: {e}")))?,
            None => value.clone(),
        };
        let integration = &loaded.deployment.integration;
        let row = SettingRow {
            scope: integration.clone(),
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
        let what = format!("setting:{name}");
        let waits = self.tasks_that_need(&what, |_| true).await?;
        Ok(Value::of([
            ("name", Value::text(name)),
            ("value", value.clone()),
            ("tasks_waiting", Value::list(waits.iter().map(|row| Value::text(&row.id)).collect())),
        ]))
    }

    /// Every table of an integration; or one, with its columns and rows.
    ///
    /// # Errors
    /// When there is no such integration or table.
    pub fn table(&self, integration: &str, table: Option<&str>) -> Result<Value, Refusal> {
        let loaded = self.engine().integration(integration)?;
        let values = loaded.live.now();
        let Some(name) = table else {
            return Ok(Value::list(values.tables().map(Value::text).collect()));
        };
        let Some(table) = loaded.deployment.tables.get(name) else {
            return Err(Refusal::not_found("table", name));
        };
        let rows = values.rows(name).map(|(key, value)| {
            let key = json::read(key).unwrap_or_default();
            Value::of([("key", key), ("value", value.clone())])
        });
        Ok(Value::of([
            ("table", Value::text(name)),
            ("keys", Value::list(table.keys.iter().map(|k| Value::text(k)).collect())),
            ("values", Value::list(table.values.keys().map(|k| Value::text(k)).collect())),
            ("rows", Value::list(rows.collect())),
        ]))
    }

    /// Sets a row of a table; a value of null takes the row away. Tasks that failed for want of this
    /// row are named in the answer.
    ///
    /// # Errors
    /// When there is no such table, a column is missing, unknown or of another type, or the store
    /// cannot take it.
    pub async fn set_row(
        &self,
        integration: &str,
        table: &str,
        row: (&Value, &Value),
        by: &By,
    ) -> Result<Value, Refusal> {
        let engine = self.engine();
        let loaded = engine.integration(integration)?;
        let Some(deployed) = loaded.deployment.tables.get(table) else {
            return Err(Refusal::not_found("table", table));
        };
        let key = fitted_key(table, deployed, row.0)?;
        let value = fitted_value(table, deployed, row.1)?;
        let stored = TableRowRow {
            scope: loaded.deployment.integration.clone(),
            table: table.to_owned(),
            key: stored_key(&deployed.keys, &key),
            value: json::write(&plain_numbers(&value)),
            at_ms: engine.seam.now_ms(),
            by: by.who.clone(),
        };
        let text = format!("row {} of table {table} set to {}", stored.key, stored.value);
        let line = self.audit_line(by, "table_row_changed", &text);
        engine.store.commit(Commit::new().put(stored.clone()).put(line)).await?;
        loaded.live.change(|values| values.store_row(&stored));
        let waits = self.waits_for_row(table, deployed, &stored.key).await?;
        Ok(Value::of([
            ("table", Value::text(table)),
            ("key", key),
            ("value", value),
            ("tasks_waiting", Value::list(waits.iter().map(|row| Value::text(&row.id)).collect())),
        ]))
    }

    async fn waits_for_row(
        &self,
        table: &str,
        deployed: &DeployedTable,
        stored: &str,
    ) -> Result<Vec<tenon_store::TaskRow>, Refusal> {
        let what = format!("table:{table}");
        self.tasks_that_need(&what, |key| stored_key(&deployed.keys, key) == *stored).await
    }

    /// Retries the tasks that failed for want of values which are there now, in waves: those named.
    ///
    /// # Errors
    /// When the first of them refuses, or the store cannot be read.
    pub async fn release(&self, tasks: &[String], by: &By) -> Result<Value, Refusal> {
        let mut rows = Vec::with_capacity(tasks.len());
        for task in tasks {
            rows.push(self.task_row(task).await?);
        }
        let many = super::Many { verb: "retry".to_owned(), with: Value::Missing };
        self.verb_on_rows(rows, many, by).await
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

/// The key a person gave, each column as its type.
fn fitted_key(table: &str, deployed: &DeployedTable, given: &Value) -> Result<Value, Refusal> {
    let single = match (given.as_record(), deployed.keys.as_slice()) {
        (None, [only]) => {
            Value::record([(Arc::from(only.as_str()), given.clone())].into_iter().collect())
        }
        _ => given.clone(),
    };
    columns(table, &single, &deployed.keys, |name| deployed.key_types.get(name))
}

/// The value a person gave, each column as its type; null takes the row away.
fn fitted_value(table: &str, deployed: &DeployedTable, given: &Value) -> Result<Value, Refusal> {
    if given.is_absent() {
        return Ok(Value::Null);
    }
    let names: Vec<String> = deployed.values.keys().cloned().collect();
    match (given.as_record(), names.as_slice()) {
        (None, [only]) => {
            let ty = deployed.values.get(only).unwrap_or(&Type::Dyn);
            fit(ty, given).map_err(|e| Refusal::invalid(format!("table {table}: {only}: {e}")))
        }
        (Some(_), [only]) => {
            let row = columns(table, given, &names, |name| deployed.values.get(name))?;
            Ok(row.field(only).clone())
        }
        (_, []) => Ok(given.clone()),
        _ => columns(table, given, &names, |name| deployed.values.get(name)),
    }
}

/// A record of exactly these columns, each as its type.
fn columns<'a>(
    table: &str,
    given: &Value,
    names: &[String],
    ty: impl Fn(&str) -> Option<&'a Type>,
) -> Result<Value, Refusal> {
    let refused = |what: String| {
        Refusal::invalid(format!("table {table}: {what}"))
            .hint(format!("its columns here are {}", names.join(", ")))
    };
    let empty = Record::new();
    let fields = given.as_record().unwrap_or(&empty);
    if let Some(unknown) = fields.keys().find(|c| !names.iter().any(|name| **name == ***c)) {
        return Err(refused(format!("there is no column `{unknown}`")));
    }
    let mut row = Record::new();
    for name in names {
        let value = given.field(name);
        let ty = ty(name).unwrap_or(&Type::Dyn);
        if value.is_absent() && !matches!(ty, Type::Optional(_)) {
            return Err(refused(format!("the column `{name}` is missing")));
        }
        let value = fit(ty, value).map_err(|e| refused(format!("{name}: {e}")))?;
        row.insert(Arc::from(name.as_str()), value);
    }
    Ok(Value::record(row))
}
