//! Letting go of what has ended long ago, a little at a time.
//!
//! References, sent documents, settings, tables and graphs are outside of it: what an entity is on both
//! sides is known for ever. A failed task stays until it is closed.

use std::sync::Arc;

use tenon_store::{
    Acceptance, Commit, DeliveryRow, Key, MarkRow, MetaRow, Op, Row, Scan, Select, TaskRow,
};
use tenon_value::{Value, json};

use crate::engine::{Engine, Runtime};
use crate::operate::By;
use crate::refusal::Refusal;

const DAY_MS: i64 = 86_400_000;
/// Between two rounds.
const PAUSE_MS: i64 = 3_600_000;
/// Between two commits of a round: other work goes first.
const BREATH_MS: i64 = 50;
const PAGE: usize = 100;
const NAME: &str = "retention";

/// For how many days what has ended is kept, by how it ended; none is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Tasks that are done.
    pub done: Option<u32>,
    /// Tasks that were skipped.
    pub skipped: Option<u32>,
    /// Tasks that were cancelled, or closed by a newer one.
    pub cancelled: Option<u32>,
    /// Received webhooks, with the marks by which a second one is known.
    pub deliveries: Option<u32>,
    /// Lines of the audit log.
    pub audit: Option<u32>,
}

impl Default for Retention {
    fn default() -> Self {
        let days = Some(90);
        Self { done: days, skipped: days, cancelled: days, deliveries: days, audit: None }
    }
}

impl Retention {
    fn fields(&mut self) -> [(&'static str, &mut Option<u32>); 5] {
        [
            ("done", &mut self.done),
            ("skipped", &mut self.skipped),
            ("cancelled", &mut self.cancelled),
            ("deliveries", &mut self.deliveries),
            ("audit", &mut self.audit),
        ]
    }

    /// As `{done, skipped, cancelled, deliveries, audit}`: days, or null for ever.
    #[must_use]
    pub fn to_value(mut self) -> Value {
        let days = |days: &Option<u32>| days.map_or(Value::Null, |d| Value::from(i64::from(d)));
        Value::of(self.fields().map(|(name, field)| (name, days(field))))
    }

    /// Takes over what is given; what is not stays as it is.
    ///
    /// # Errors
    /// When a field is neither a number of days nor null.
    pub fn with(mut self, given: &Value) -> Result<Retention, Refusal> {
        for (name, field) in self.fields() {
            *field = match given.field(name) {
                Value::Missing => continue,
                Value::Null => None,
                Value::Number(days) => match days.to_i64().map(u32::try_from) {
                    Some(Ok(days)) => Some(days),
                    _ => return Err(wrong(name)),
                },
                _ => return Err(wrong(name)),
            };
        }
        Ok(self)
    }

    fn of_state(&self, state: &str) -> Option<u32> {
        match state {
            "done" => self.done,
            "skipped" => self.skipped,
            "cancelled" => self.cancelled,
            _ => None,
        }
    }

    async fn of(engine: &Engine) -> Result<Retention, Refusal> {
        let key = Key::Meta { name: NAME.to_owned() };
        let kept = match engine.store.get(&key).await? {
            Some(Row::Meta(row)) => json::read_bytes(&row.value).unwrap_or_default(),
            _ => Value::Missing,
        };
        Retention::default().with(&kept)
    }
}

fn wrong(name: &str) -> Refusal {
    Refusal::invalid(format!("`{name}` is a whole number of days, or null to keep for ever"))
}

/// What one round let go of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Swept {
    tasks: i64,
    deliveries: i64,
    lines: i64,
}

impl Runtime {
    /// For how many days what has ended is kept.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn retention(&self) -> Result<Value, Refusal> {
        Ok(Retention::of(self.engine()).await?.to_value())
    }

    /// Changes that; the next round goes by it.
    ///
    /// # Errors
    /// When a field is no number of days, or the store cannot take it.
    pub async fn set_retention(&self, given: &Value, by: &By) -> Result<Value, Refusal> {
        let engine = self.engine();
        let new = Retention::of(engine).await?.with(given)?.to_value();
        let row = MetaRow { name: NAME.to_owned(), value: json::write(&new).into_bytes() };
        let words = format!("retention is {}", json::write(&new));
        let line = self.audit_line(by, "retention_set", &words);
        engine.store.commit(Commit::new().put(row).put(line)).await?;
        Ok(new)
    }

    /// Makes one round now. Gives `{tasks, deliveries, lines}`: what was let go of.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn sweep(&self) -> Result<Value, Refusal> {
        let swept = sweep(self.engine()).await?;
        Ok(Value::of([
            ("tasks", Value::from(swept.tasks)),
            ("deliveries", Value::from(swept.deliveries)),
            ("lines", Value::from(swept.lines)),
        ]))
    }
}

/// Makes a round every hour.
pub(crate) fn run(engine: &Arc<Engine>) {
    crate::recover::until_stop(engine, |engine| async move {
        loop {
            engine.seam.sleep_until(engine.seam.now_ms().saturating_add(PAUSE_MS)).await;
            match sweep(&engine).await {
                Ok(swept) if swept != Swept::default() => {
                    tracing::info!(?swept, "what ended long ago was let go of");
                }
                Ok(_) => {}
                Err(refusal) => tracing::warn!(%refusal, "nothing could be let go of"),
            }
        }
    });
}

async fn sweep(engine: &Engine) -> Result<Swept, Refusal> {
    let kept = Retention::of(engine).await?;
    let now = engine.seam.now_ms();
    let before = |days: u32| now.saturating_sub(i64::from(days).saturating_mul(DAY_MS));
    let mut swept = Swept::default();
    let shortest = [kept.done, kept.skipped, kept.cancelled].into_iter().flatten().min();
    if let Some(days) = shortest {
        let old = |row: &TaskRow| {
            !row.open && kept.of_state(&row.state).is_some_and(|d| row.updated_ms < before(d))
        };
        swept.tasks = tasks(engine, before(days), old).await?;
    }
    if let Some(days) = kept.deliveries {
        let select = Select::Deliveries { from_ms: 0 };
        swept.deliveries = by_time(engine, select, before(days)).await?;
    }
    if let Some(days) = kept.audit {
        swept.lines = by_time(engine, Select::Audit { from_ms: 0 }, before(days)).await?;
    }
    Ok(swept)
}

async fn tasks(
    engine: &Engine,
    until_ms: i64,
    old: impl Fn(&TaskRow) -> bool,
) -> Result<i64, Refusal> {
    let mut count = 0;
    let mut after = None;
    loop {
        let scan = Scan::new(Select::TasksByTime).limit(PAGE).after(after).lenient();
        let page = engine.store.scan(scan).await?;
        let mut commit = Commit::new();
        let mut young = false;
        for row in page.rows {
            let Row::Task(row) = row else { continue };
            young |= row.updated_ms >= until_ms;
            if old(&row) && !is_waited_for(engine, &row).await? {
                count += 1;
                commit.ops.push(Op::DropJournal { task: row.id.clone() });
                commit = commit.delete(row.key());
            }
        }
        let_go(engine, commit).await?;
        after = page.next;
        if young || after.is_none() || engine.is_stopping() {
            return Ok(count);
        }
    }
}

/// A task that made this one may still ask how it ended.
async fn is_waited_for(engine: &Engine, row: &TaskRow) -> Result<bool, Refusal> {
    let Some(parent) = &row.parent else { return Ok(false) };
    let parent = engine.store.get(&Key::Task { id: parent.clone() }).await?;
    Ok(matches!(parent, Some(Row::Task(parent)) if parent.open || parent.state == "failed"))
}

async fn by_time(engine: &Engine, select: Select, until_ms: i64) -> Result<i64, Refusal> {
    let mut count = 0;
    loop {
        let page = engine.store.scan(Scan::new(select.clone()).limit(PAGE)).await?;
        let mut commit = Commit::new();
        for row in page.rows {
            let old = match &row {
                Row::Delivery(row) => row.at_ms < until_ms,
                Row::Audit(row) => row.at_ms < until_ms,
                _ => false,
            };
            if !old {
                break;
            }
            count += 1;
            commit = commit.delete(row.key());
            if let Row::Delivery(delivery) = &row
                && let Some(mark) = mark_of(delivery)
            {
                commit = commit.delete(mark);
            }
        }
        if commit.ops.is_empty() || engine.is_stopping() {
            return Ok(count);
        }
        let_go(engine, commit).await?;
    }
}

/// The mark that a delivery left, by which a second one is known.
pub(super) fn mark_of(delivery: &DeliveryRow) -> Option<Key> {
    let value = delivery.external_id.clone()?;
    let scope = format!("delivery/{}", delivery.connection);
    let mark = MarkRow { scope, value, ..MarkRow::default() };
    (delivery.acceptance == Acceptance::Accepted).then(|| mark.key())
}

async fn let_go(engine: &Engine, commit: Commit) -> Result<(), Refusal> {
    if commit.ops.is_empty() {
        return Ok(());
    }
    engine.store.commit(commit).await?;
    engine.seam.sleep_until(engine.seam.now_ms().saturating_add(BREATH_MS)).await;
    Ok(())
}
