//! References, and all that is known of one record.

use tenon_store::{AuditRow, Commit, Key, ReferenceRow, Row, Select, SentRow};
use tenon_value::{Value, json};

use super::By;
use super::lists::text;
use crate::codes;
use crate::engine::Runtime;
use crate::live::all;
use crate::refusal::{Kind, Refusal};

impl Runtime {
    /// References of an integration, of one entity when it is given.
    ///
    /// # Errors
    /// When there is no such integration, or the store cannot be read.
    pub async fn references(
        &self,
        integration: &str,
        entity: Option<&str>,
    ) -> Result<Value, Refusal> {
        let pair = self.engine().integration(integration)?.pair.clone();
        let select = Select::References { pair, entity: entity.map(str::to_owned) };
        let rows = all(&*self.engine().store, select).await?;
        let list = rows.into_iter().filter_map(|row| ReferenceRow::try_from(row).ok());
        Ok(Value::list(list.map(|row| reference_value(&row)).collect()))
    }

    /// Links a source record to a target record by hand.
    ///
    /// # Errors
    /// When another reference of the same source is there, or the store cannot take it.
    pub async fn add_reference(
        &self,
        integration: &str,
        link: Link<'_>,
        by: &By,
    ) -> Result<Value, Refusal> {
        let engine = self.engine();
        if link.source.trim().is_empty() || link.target.trim().is_empty() {
            return Err(Refusal::invalid("a reference needs an id on both sides"));
        }
        let row = ReferenceRow {
            pair: engine.integration(integration)?.pair.clone(),
            entity: link.entity.to_owned(),
            source: link.source.to_owned(),
            target: link.target.to_owned(),
            at_ms: engine.seam.now_ms(),
            hands_off: link.hands_off,
            origin: "linked".to_owned(),
            ..ReferenceRow::default()
        };
        let words = format!("{} {} linked to {}", row.entity, row.source, row.target);
        let line = AuditRow {
            source: Some(row.source.clone()),
            target: Some(row.target.clone()),
            ..self.audit_line(by, "reference_added", &words)
        };
        let commit = Commit::new().absent(row.key()).put(row.clone()).put(line);
        engine.store.commit(commit).await.map_err(|e| match e.kind() {
            tenon_store::Kind::Refused => Refusal::new(
                Kind::Conflict,
                codes::REFERENCE_EXISTS,
                format!("{} {} has a reference already", row.entity, row.source),
            )
            .hint("delete it first, if it is wrong"),
            _ => e.into(),
        })?;
        crate::turn::stored(engine, &row.pair, (&row.entity, &row.source));
        Ok(reference_value(&row))
    }

    /// Takes a reference away; the next sync searches the target again.
    ///
    /// # Errors
    /// When there is none, or the store cannot take it.
    pub async fn delete_reference(
        &self,
        integration: &str,
        entity: &str,
        source: &str,
        by: &By,
    ) -> Result<Value, Refusal> {
        let engine = self.engine();
        let key = Key::Reference {
            pair: engine.integration(integration)?.pair.clone(),
            entity: entity.to_owned(),
            source: source.to_owned(),
            part: String::new(),
        };
        let Some((Row::Reference(row), version)) = engine.store.read(&key).await? else {
            return Err(Refusal::not_found("reference", &format!("{entity} {source}")));
        };
        let sent =
            Key::Sent { pair: row.pair.clone(), entity: entity.to_owned(), id: source.to_owned() };
        let words = format!("{entity} {source} no longer linked to {}", row.target);
        let line = AuditRow {
            source: Some(row.source.clone()),
            target: Some(row.target.clone()),
            ..self.audit_line(by, "reference_deleted", &words)
        };
        let commit = Commit::new().version(key.clone(), version).delete(key).delete(sent).put(line);
        engine.store.commit(commit).await?;
        Ok(reference_value(&row))
    }

    /// All that is known of a record: its tasks, references and what was sent last, in every
    /// integration. `record` is the id triggers carry, or the name people use.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn record(&self, record: &str) -> Result<Value, Refusal> {
        let engine = self.engine();
        let mut ids = vec![record.to_owned()];
        let mut tasks = Vec::new();
        let mut found =
            all(&*engine.store, Select::TasksOfRecord { record: record.to_owned(), flow: None })
                .await?;
        if found.is_empty() {
            found = self.tasks_titled(record).await?;
        }
        for row in found {
            let Row::Task(row) = row else { continue };
            if let Some(id) = &row.record
                && !ids.contains(id)
            {
                ids.push(id.clone());
            }
            tasks.push(crate::operate::tasks::summary(&row));
        }
        let mut references = Vec::new();
        let mut sent = Vec::new();
        for loaded in engine.integrations() {
            let select = Select::References { pair: loaded.pair.clone(), entity: None };
            for row in all(&*engine.store, select).await? {
                let Row::Reference(row) = row else { continue };
                if !ids.contains(&row.source) && row.target != record {
                    continue;
                }
                let key = Key::Sent {
                    pair: row.pair.clone(),
                    entity: row.entity.clone(),
                    id: row.source.clone(),
                };
                if let Some(Row::Sent(document)) = engine.store.get(&key).await? {
                    sent.push(sent_value(&document));
                }
                references.push(reference_value(&row));
            }
        }
        Ok(Value::of([
            ("record", Value::text(record)),
            ("tasks", Value::list(tasks)),
            ("references", Value::list(references)),
            ("sent", Value::list(sent)),
        ]))
    }

    async fn tasks_titled(&self, title: &str) -> Result<Vec<Row>, Refusal> {
        let rows = all(&*self.engine().store, Select::TasksByTime).await?;
        let titled = |row: &Row| matches!(row, Row::Task(t) if t.title.as_deref() == Some(title));
        Ok(rows.into_iter().filter(titled).collect())
    }
}

/// A reference somebody adds by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'a> {
    /// The entity (`order`).
    pub entity: &'a str,
    /// The id on the source side.
    pub source: &'a str,
    /// The id on the target side.
    pub target: &'a str,
    /// Never write to the target again.
    pub hands_off: bool,
}

fn reference_value(row: &ReferenceRow) -> Value {
    Value::of([
        ("entity", Value::text(&row.entity)),
        ("source", Value::text(&row.source)),
        ("target", Value::text(&row.target)),
        ("title", text(row.title.as_ref())),
        ("origin", Value::text(&row.origin)),
        ("hands_off", Value::Bool(row.hands_off)),
        ("task", text(row.task.as_ref())),
        ("at_ms", Value::from(row.at_ms)),
    ])
}

fn sent_value(row: &SentRow) -> Value {
    Value::of([
        ("entity", Value::text(&row.entity)),
        ("source", Value::text(&row.id)),
        ("task", Value::text(&row.task)),
        ("at_ms", Value::from(row.at_ms)),
        ("document", json::read_bytes(&row.document).unwrap_or_default()),
    ])
}
