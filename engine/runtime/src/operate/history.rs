//! The time history: how far each polled flow has come; and finding a record by its name.

use tenon_kit::{Operation, Outcome};
use tenon_store::{Acceptance, AuditRow, Commit, Key, Row};
use tenon_value::{Value, json};

use super::By;
use crate::codes;
use crate::engine::Runtime;
use crate::perform::{Errand, perform};
use crate::poll::{self, Source, cursor_name, move_cursor};
use crate::refusal::{Kind, Refusal};

/// Most records that are counted or started at once.
const MOST_COUNTED: usize = 10_000;

/// Many records of a flow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    /// The integration, where several have a flow of that name.
    pub integration: Option<String>,
    /// The flow.
    pub flow: String,
    /// Source ids; without any, those changed between the instants.
    pub ids: Vec<String>,
    /// Changed from this millisecond on.
    pub from_ms: Option<i64>,
    /// Changed up to this millisecond.
    pub to_ms: Option<i64>,
    /// Only names them.
    pub dry_run: bool,
}

impl Runtime {
    /// Every flow of an integration with the instant up to which its source was loaded.
    ///
    /// # Errors
    /// When there is no such integration, or the store cannot be read.
    pub async fn history(&self, integration: &str) -> Result<Value, Refusal> {
        let engine = self.engine();
        let integration = engine.integration(integration)?;
        let mut list = Vec::new();
        for flow in integration.newest.keys() {
            let key = Key::Cursor { name: cursor_name(&integration, flow) };
            let loaded = match engine.store.get(&key).await? {
                Some(Row::Cursor(row)) => json::read(&row.value).unwrap_or_default(),
                _ => Value::Missing,
            };
            list.push(Value::of([("flow", Value::text(flow)), ("last_loaded", loaded)]));
        }
        Ok(Value::list(list))
    }

    /// Counts the records that moving a flow's time history to an instant would touch; nothing is moved.
    ///
    /// # Errors
    /// When there is no such flow, it is not polled, or its source does not answer.
    pub async fn foresee_history(
        &self,
        integration: &str,
        flow: &str,
        to_ms: i64,
    ) -> Result<Value, Refusal> {
        let engine = self.engine();
        let name = Some(integration).filter(|name| !name.is_empty());
        let (found, _) = engine.of_flow(name, flow)?;
        let source = Source::of(engine, &found, flow, tenon_machine::Trigger::Poll).await?;
        if source.poll.is_none() {
            return Err(Refusal::invalid(format!("flow {flow} is not polled")));
        }
        let (ids, more) = poll::changed(engine, &source, (to_ms, None), MOST_COUNTED).await?;
        Ok(Value::of([
            ("flow", Value::text(flow)),
            ("records", Value::from(i64::try_from(ids.len()).unwrap_or(i64::MAX))),
            ("and_more", Value::Bool(more)),
        ]))
    }

    /// Starts a flow for many records: those named, or those changed between two instants. With
    /// `dry_run`, nothing is started and the records are named.
    ///
    /// # Errors
    /// When there is no such flow, it is not polled and no ids are given, its source does not answer,
    /// or the store cannot take it.
    pub async fn export_many(&self, export: Export, by: &By) -> Result<Value, Refusal> {
        let engine = self.engine();
        let (found, _) = engine.of_flow(export.integration.as_deref(), &export.flow)?;
        let trigger = tenon_machine::Trigger::Backfill { by: by.who.clone() };
        let source = Source::of(engine, &found, &export.flow, trigger).await?;
        let (ids, more) = match (export.ids.is_empty(), export.from_ms) {
            (false, _) => (export.ids.clone(), false),
            (true, Some(from)) if source.poll.is_some() => {
                poll::changed(engine, &source, (from, export.to_ms), MOST_COUNTED).await?
            }
            (true, Some(_)) => {
                let message = format!("flow {} is not polled", export.flow);
                return Err(Refusal::invalid(message).hint("give the ids of its records"));
            }
            (true, None) => {
                return Err(Refusal::invalid("no record is chosen").hint("give ids, or from when"));
            }
        };
        let shown = ids.iter().take(100).map(|id| Value::text(id)).collect();
        let mut started = 0_i64;
        if !export.dry_run {
            let count = ids.len();
            let words = format!("flow {} for {count} records", export.flow);
            let line = self.audit_line(by, "many_started", &words);
            engine.store.commit(Commit::new().put(line)).await?;
            let run = engine.seam.id("run");
            for id in &ids {
                started += i64::from(poll::start_one(engine, &source, id, &run).await?);
            }
        }
        Ok(Value::of([
            ("records", Value::from(i64::try_from(ids.len()).unwrap_or(i64::MAX))),
            ("started", Value::from(started)),
            ("and_more", Value::Bool(more)),
            ("ids", Value::list(shown)),
        ]))
    }

    /// Compares what the source has changed between two instants with the references, and starts the
    /// flow for what has none; with `dry_run`, only names it.
    ///
    /// # Errors
    /// When there is no such flow, it is not polled, its source does not answer, or the store cannot
    /// take it.
    pub async fn reconcile(&self, export: Export, by: &By) -> Result<Value, Refusal> {
        let engine = self.engine();
        let (found, _) = engine.of_flow(export.integration.as_deref(), &export.flow)?;
        let trigger = tenon_machine::Trigger::Backfill { by: by.who.clone() };
        let source = Source::of(engine, &found, &export.flow, trigger).await?;
        if source.poll.is_none() {
            return Err(Refusal::invalid(format!("flow {} is not polled", export.flow)));
        }
        let from = export.from_ms.unwrap_or(0);
        let (ids, more) =
            poll::changed(engine, &source, (from, export.to_ms), MOST_COUNTED).await?;
        let entity = &source.graph.graph.entity;
        let mut missing = Vec::new();
        for id in &ids {
            let key = Key::Reference {
                pair: found.pair.clone(),
                entity: entity.clone(),
                source: id.clone(),
                part: String::new(),
            };
            let select = tenon_store::Select::TasksOfRecord {
                record: id.clone(),
                flow: Some(export.flow.clone()),
            };
            let known = engine.store.get(&key).await?.is_some()
                || !engine
                    .store
                    .scan(tenon_store::Scan::new(select).limit(1))
                    .await?
                    .rows
                    .is_empty();
            if !known {
                missing.push(id.clone());
            }
        }
        let looked = Value::from(i64::try_from(ids.len()).unwrap_or(i64::MAX));
        let found = match missing.is_empty() {
            true => Value::of([("records", Value::from(0_i64)), ("started", Value::from(0_i64))]),
            false => self.export_many(Export { ids: missing, ..export }, by).await?,
        };
        Ok(Value::of([("compared", looked), ("missing", found), ("and_more", Value::Bool(more))]))
    }

    /// Takes a kept webhook once more, as if it came now: its flows are started for its record.
    ///
    /// # Errors
    /// When there is no such delivery, it was rejected, or the store cannot take it.
    pub async fn replay(&self, delivery: &str, by: &By) -> Result<Value, Refusal> {
        let engine = self.engine();
        let select = tenon_store::Select::Deliveries { from_ms: 0 };
        let mut after = None;
        let row = loop {
            let scan = tenon_store::Scan::new(select.clone()).reversed().after(after);
            let page = engine.store.scan(scan).await?;
            let found = page.rows.into_iter().find_map(|row| match row {
                Row::Delivery(row) if row.id == delivery => Some(row),
                _ => None,
            });
            match (found, page.next) {
                (Some(row), _) => break row,
                (None, None) => return Err(Refusal::not_found("delivery", delivery)),
                (None, next) => after = next,
            }
        };
        let Some(record) = row.record.filter(|_| row.acceptance != Acceptance::Rejected) else {
            let message = format!("delivery {delivery} was rejected");
            return Err(Refusal::new(Kind::Conflict, codes::WEBHOOK_PROOF, message)
                .hint("a webhook whose origin is not proven is never taken"));
        };
        let line = AuditRow {
            source: Some(record.clone()),
            ..self.audit_line(by, "delivery_replayed", &format!("delivery {delivery} replayed"))
        };
        engine.store.commit(Commit::new().put(line)).await?;
        let mut started = Vec::new();
        for integration in engine.integrations() {
            for (flow, hash) in &integration.newest {
                let triggers = &engine.graph(*hash).await?.graph.triggers;
                if !triggers.webhook.contains(&row.topic) {
                    continue;
                }
                let name = integration.deployment.integration.clone();
                let start =
                    crate::StartFlow { integration: Some(&name), flow, record: &record, key: None };
                started.push(Value::from(self.start_flow(start, by).await?));
            }
        }
        Ok(Value::of([("delivery", Value::text(delivery)), ("tasks", Value::list(started))]))
    }

    /// Moves a flow's time history; the next poll reads from there on.
    ///
    /// # Errors
    /// When there is no such flow, or the store cannot take it.
    pub async fn set_history(
        &self,
        integration: &str,
        flow: &str,
        to_ms: i64,
        by: &By,
    ) -> Result<Value, Refusal> {
        let engine = self.engine();
        let name = Some(integration).filter(|name| !name.is_empty());
        let (found, _) = engine.of_flow(name, flow)?;
        move_cursor(engine, &cursor_name(&found, flow), to_ms).await?;
        let line = self.audit_line(by, "history_moved", &format!("time history of {flow} moved"));
        engine.store.commit(Commit::new().put(line)).await?;
        self.history(&found.deployment.integration).await
    }

    /// The id of the record that people call by this name, asked of the source.
    ///
    /// # Errors
    /// When the source cannot be asked, has no such record, or has several.
    pub async fn id_by_name(
        &self,
        integration: Option<&str>,
        flow: &str,
        name: &str,
    ) -> Result<String, Refusal> {
        let engine = self.engine();
        let (_, hash) = engine.of_flow(integration, flow)?;
        let graph = engine.graph(hash).await?;
        let from = &graph.graph.from;
        let connection = engine.connection(&from.connection)?;
        let field = connection.peer.name_field(&from.resource).ok_or_else(|| {
            let message = format!("{} cannot be searched by name", from.resource);
            Refusal::invalid(message).hint("give the record's id")
        })?;
        let mut page = None;
        let mut ids = Vec::new();
        loop {
            let operation = Operation::Find {
                resource: from.resource.clone(),
                field: field.clone(),
                value: name.to_owned(),
                page,
            };
            let request = connection.peer.plan(&operation)?;
            let flow = std::sync::Arc::from(flow);
            let errand = Errand {
                urgency: crate::Urgency::Live,
                flow: &flow,
                operation: &operation,
                request: &request,
                task: None,
            };
            match perform(engine, connection, errand).await.outcome {
                Outcome::Page { records, next } => {
                    let key = |r: &Value| connection.peer.key_of(&from.resource, r);
                    ids.extend(records.iter().filter_map(key));
                    page = next;
                }
                Outcome::Fault(fault) | Outcome::Unknown(fault) => return Err(fault.into()),
                Outcome::Record(_) | Outcome::More(_) => page = None,
            }
            if page.is_none() {
                break;
            }
        }
        ids.dedup();
        match ids.as_slice() {
            [id] => Ok(id.clone()),
            [] => Err(Refusal::not_found(&from.resource, name)),
            several => Err(Refusal::new(
                Kind::Conflict,
                codes::NAME_AMBIGUOUS,
                format!("{} records are called {name}: {}", several.len(), several.join(", ")),
            )
            .hint("give the id of one")),
        }
    }
}
