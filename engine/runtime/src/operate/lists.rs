//! The audit log and the deliveries.

use tenon_store::{Acceptance, AuditRow, DeliveryRow, Row, Scan, Select};
use tenon_value::{Value, json};

use crate::engine::Runtime;
use crate::refusal::Refusal;

/// Which audit lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// From this millisecond on; without it the newest lines.
    pub from_ms: Option<i64>,
    /// Only of this task.
    pub task: Option<String>,
    /// Behind this place, from an earlier answer.
    pub after: Option<Vec<u8>>,
    /// At most so many.
    pub limit: usize,
}

/// Which deliveries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryQuery {
    /// Only what was `accepted`, `duplicate` or `rejected`.
    pub acceptance: Option<String>,
    /// At most so many, the newest first.
    pub limit: usize,
}

impl Runtime {
    /// Lines of the audit log, oldest first, and where to go on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn audit(&self, query: AuditQuery) -> Result<Value, Refusal> {
        let store = &self.engine().store;
        let follow = query.after.is_some() || query.from_ms.is_some();
        let select = Select::Audit { from_ms: query.from_ms.unwrap_or(0) };
        let mut scan =
            Scan::new(select).limit(query.limit.clamp(1, 1000)).after(query.after.clone());
        if !follow {
            scan = scan.reversed();
        }
        let page = store.scan(scan).await?;
        let mut rows: Vec<AuditRow> =
            page.rows.into_iter().filter_map(|row| AuditRow::try_from(row).ok()).collect();
        if !follow {
            rows.reverse();
        }
        let next = rows.last().map(|row| hex::encode(row.key().to_bytes()));
        let next = next.or_else(|| query.after.map(hex::encode));
        let lines = rows
            .into_iter()
            .filter(|row| query.task.is_none() || row.task == query.task)
            .map(|row| audit_value(&row));
        Ok(Value::of([
            ("lines", Value::list(lines.collect())),
            ("next", next.map_or(Value::Missing, Value::from)),
        ]))
    }

    /// Received webhooks, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn deliveries(&self, query: DeliveryQuery) -> Result<Value, Refusal> {
        let store = &self.engine().store;
        let limit = query.limit.clamp(1, 1000);
        let mut after = None;
        let mut list = Vec::new();
        loop {
            let scan = Scan::new(Select::Deliveries { from_ms: 0 }).reversed().after(after);
            let page = store.scan(scan).await?;
            for row in page.rows {
                let Row::Delivery(row) = row else { continue };
                let wanted = query.acceptance.as_deref().is_none_or(|a| a == name(row.acceptance));
                if wanted && list.len() < limit {
                    list.push(delivery_value(&row));
                }
            }
            if list.len() >= limit || page.next.is_none() {
                return Ok(Value::list(list));
            }
            after = page.next;
        }
    }
}

fn name(acceptance: Acceptance) -> &'static str {
    match acceptance {
        Acceptance::Accepted => "accepted",
        Acceptance::Duplicate => "duplicate",
        Acceptance::Rejected => "rejected",
    }
}

/// An optional text as a value.
pub(crate) fn text(of: Option<&String>) -> Value {
    of.map_or(Value::Missing, |t| Value::text(t))
}

fn audit_value(row: &AuditRow) -> Value {
    Value::of([
        ("at_ms", Value::from(row.at_ms)),
        ("by", Value::text(&row.by)),
        ("what", Value::text(&row.what)),
        ("task", text(row.task.as_ref())),
        ("step", text(row.step.as_ref())),
        ("source", text(row.source.as_ref())),
        ("target", text(row.target.as_ref())),
        ("code", text(row.code.as_ref())),
        ("text", Value::text(&row.text)),
    ])
}

/// A delivery as a value; its body as JSON where it is, else as text.
pub(crate) fn delivery_value(row: &DeliveryRow) -> Value {
    let body = json::read_bytes(&row.body)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&row.body).into_owned()));
    Value::of([
        ("id", Value::text(&row.id)),
        ("at_ms", Value::from(row.at_ms)),
        ("connection", Value::text(&row.connection)),
        ("topic", Value::text(&row.topic)),
        ("acceptance", Value::text(name(row.acceptance))),
        ("reason", text(row.reason.as_ref())),
        ("external_id", text(row.external_id.as_ref())),
        ("record", text(row.record.as_ref())),
        ("task", text(row.task.as_ref())),
        ("body", body),
    ])
}
