//! The time history: how far each polled flow has come; and finding a record by its name.

use tenon_kit::{Operation, Outcome};
use tenon_store::{Commit, Key, Row};
use tenon_value::{Value, json};

use super::By;
use crate::codes;
use crate::engine::Runtime;
use crate::perform::{Errand, perform};
use crate::poll::{cursor_name, move_cursor};
use crate::refusal::{Kind, Refusal};

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
            let key = Key::Cursor { name: cursor_name(integration, flow) };
            let loaded = match engine.store.get(&key).await? {
                Some(Row::Cursor(row)) => json::read(&row.value).unwrap_or_default(),
                _ => Value::Missing,
            };
            list.push(Value::of([("flow", Value::text(flow)), ("last_loaded", loaded)]));
        }
        Ok(Value::list(list))
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
        move_cursor(engine, &cursor_name(found, flow), to_ms).await?;
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
            let errand =
                Errand { flow: &flow, operation: &operation, request: &request, task: None };
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
