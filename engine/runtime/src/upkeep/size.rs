//! How much room is taken, and by which flow.

use std::collections::BTreeMap;

use tenon_store::{Key, Row, Store, StoreError, Table};
use tenon_value::{Number, Value};

const PAGE: usize = 1_000;
const DAY_MS: i64 = 86_400_000;

#[derive(Default)]
struct Flow {
    tasks: i64,
    bytes: u64,
    last_week: u64,
}

/// Stored bytes by flow and by kind: `{bytes, flows: [{flow, tasks, bytes, bytes_a_task,
/// bytes_last_7_days}], kinds: [{kind, bytes}]}`, before the store's own packing.
///
/// # Errors
/// When the store can't be read.
pub async fn size(store: &dyn Store, now_ms: i64) -> Result<Value, StoreError> {
    let mut flows: BTreeMap<String, Flow> = BTreeMap::new();
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let mut known: Option<(String, String, bool)> = None;
    let mut after = None;
    loop {
        let page = store.inspect(after, PAGE).await?;
        for (share, bytes) in page.shares {
            *kinds.entry(kind(share.table)).or_default() += bytes;
            let Some(task) = share.task else { continue };
            if known.as_ref().is_none_or(|(id, ..)| *id != task) {
                let (flow, recent) = match store.get(&Key::Task { id: task.clone() }).await {
                    Ok(Some(Row::Task(row))) => {
                        (row.flow, row.created_ms > now_ms.saturating_sub(7 * DAY_MS))
                    }
                    _ => ("(unknown)".to_owned(), false),
                };
                known = Some((task, flow, recent));
            }
            let Some((_, flow, recent)) = &known else { continue };
            let flow = flows.entry(flow.clone()).or_default();
            flow.tasks += i64::from(share.table == Some(Table::Task));
            flow.bytes += bytes;
            flow.last_week += if *recent { bytes } else { 0 };
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let flows = flows.into_iter().map(|(name, flow)| {
        let tasks = u64::try_from(flow.tasks).unwrap_or(0).max(1);
        Value::of([
            ("flow", Value::from(name)),
            ("tasks", Value::from(flow.tasks)),
            ("bytes", whole(flow.bytes)),
            ("bytes_a_task", whole(flow.bytes / tasks)),
            ("bytes_last_7_days", whole(flow.last_week)),
        ])
    });
    let total = kinds.values().sum();
    let kinds = kinds
        .into_iter()
        .map(|(kind, bytes)| Value::of([("kind", Value::from(kind)), ("bytes", whole(bytes))]));
    Ok(Value::of([
        ("bytes", whole(total)),
        ("flows", Value::list(flows.collect())),
        ("kinds", Value::list(kinds.collect())),
    ]))
}

fn kind(table: Option<Table>) -> String {
    let name = match table {
        None => "indexes",
        Some(Table::Meta) => "about the store",
        Some(Table::Graph) => "graphs",
        Some(Table::Task) => "tasks",
        Some(Table::Event) => "journals",
        Some(Table::Timer) => "timers",
        Some(Table::Lock) => "locks",
        Some(Table::Reference) => "references",
        Some(Table::Sent) => "sent documents",
        Some(Table::Cursor) => "time history",
        Some(Table::Delivery) => "deliveries",
        Some(Table::Mark) => "duplicate marks",
        Some(Table::Setting) => "settings",
        Some(Table::TableRow) => "tables",
        Some(Table::Secret) => "credentials, sealed",
        Some(Table::AccountEvent) => "account journals",
        Some(Table::Audit) => "audit log",
    };
    name.to_owned()
}

fn whole(number: u64) -> Value {
    Value::from(Number::from(i64::try_from(number).unwrap_or(i64::MAX)))
}
