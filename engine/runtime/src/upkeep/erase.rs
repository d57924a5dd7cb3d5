//! Erasing a person's data: whatever is kept that speaks of them is replaced by its size and hash.
//!
//! Open tasks are ended first. References stay: they hold ids only, and without them the next run
//! would make a second document. The document sent last goes, so the next run compares with the
//! target itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tenon_machine::{Event, Input, State, Task, TaskId, Verb, What};
use tenon_store::{AuditRow, Commit, EventRow, Op, Row, Scan, Select, Table, TaskRow};
use tenon_value::{Record, Value, json};

use crate::codes;
use crate::engine::{Engine, Runtime};
use crate::live::all;
use crate::operate::By;
use crate::refusal::{Kind, Refusal};

/// Shorter texts would be found everywhere.
const SHORTEST: usize = 5;
const PAGE: usize = 200;

/// What speaks of a person.
#[derive(Default)]
struct Found {
    tasks: BTreeSet<String>,
    open: Vec<TaskRow>,
    /// Deliveries, sent documents and audit lines.
    rows: Vec<Row>,
}

impl Runtime {
    /// Erases all that holds one of `words` (ids, an address, a name: the exact text), or only says
    /// what that would be. Gives `{tasks, open, deliveries, sent, lines}`.
    ///
    /// # Errors
    /// When a word is too short, an open task has a write whose outcome is not known, or the store
    /// cannot be read or written.
    pub async fn erase(&self, words: &[String], dry_run: bool, by: &By) -> Result<Value, Refusal> {
        if words.is_empty() || words.iter().any(|word| word.trim().len() < SHORTEST) {
            return Err(Refusal::invalid(format!(
                "give the exact text to look for, of at least {SHORTEST} characters"
            )));
        }
        let engine = self.engine();
        let found = find(engine, words).await?;
        let told = told(&found);
        if dry_run {
            return Ok(told);
        }
        for row in &found.open {
            self.end(row, by).await?;
        }
        // Ending them wrote lines of its own.
        let found = find(engine, words).await?;
        for id in &found.tasks {
            task(engine, id, words).await?;
        }
        for row in found.rows {
            engine.store.commit(replaced(row)).await?;
        }
        let count = found.tasks.len();
        let hashes: Vec<String> = words.iter().map(|word| hash(word.as_bytes())).collect();
        let text =
            format!("{count} tasks erased; SHA-256 of what was asked: {}", hashes.join(", "));
        let line = self.audit_line(by, "erased", &text);
        engine.store.commit(Commit::new().put(line)).await?;
        Ok(told)
    }

    async fn end(&self, row: &TaskRow, by: &By) -> Result<(), Refusal> {
        let engine = self.engine();
        let id: Arc<str> = Arc::from(row.id.as_str());
        let stands = || {
            let message = format!("task {} has a write whose outcome is not known", row.id);
            Refusal::new(Kind::Conflict, codes::ERASE_OPEN_WRITE, message)
                .hint("settle it first: `tenon task why` names how; then erase again")
        };
        if crate::work::load(engine, &id).await?.task.open_write().is_some() {
            return Err(stands());
        }
        let why = "its data is to be erased".to_owned();
        self.give(&id, Input::Verb { verb: Verb::Cancel, by: by.who.clone(), why }).await?;
        let after = crate::work::load(engine, &id).await?;
        if after.task.state.is_ended() { Ok(()) } else { Err(stands()) }
    }
}

fn told(found: &Found) -> Value {
    let count = |n: usize| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
    let of = |table| count(found.rows.iter().filter(|row| row.key().table() == table).count());
    Value::of([
        ("tasks", count(found.tasks.len())),
        ("open", count(found.open.len())),
        ("deliveries", of(Table::Delivery)),
        ("sent", of(Table::Sent)),
        ("lines", of(Table::Audit)),
    ])
}

fn holds(bytes: &[u8], words: &[String]) -> bool {
    words.iter().any(|word| {
        let word = word.as_bytes();
        bytes.windows(word.len()).any(|part| part == word)
    })
}

async fn find(engine: &Engine, words: &[String]) -> Result<Found, Refusal> {
    let mut found = Found::default();
    let says = |text: &Option<String>| text.as_ref().is_some_and(|t| holds(t.as_bytes(), words));
    for table in [Table::Event, Table::Task, Table::Delivery, Table::Sent, Table::Audit] {
        let mut after = None;
        loop {
            let scan = Scan::new(Select::All(table)).limit(PAGE).after(after);
            let page = engine.store.scan(scan).await?;
            for row in page.rows {
                match row {
                    Row::Event(event) => {
                        let payload = event.payload.as_deref().unwrap_or_default();
                        if holds(&event.body, words) || holds(payload, words) {
                            found.tasks.insert(event.task);
                        }
                    }
                    Row::Task(row) => {
                        let texts = [&row.record, &row.title, &row.reason, &row.fault];
                        if texts.into_iter().any(says) {
                            found.tasks.insert(row.id.clone());
                        }
                        if row.open && found.tasks.contains(&row.id) {
                            found.open.push(row);
                        }
                    }
                    Row::Delivery(row) => {
                        let headers = row.headers.iter().any(|(_, v)| holds(v.as_bytes(), words));
                        let of_task = row.task.as_ref().is_some_and(|t| found.tasks.contains(t));
                        if of_task || headers || says(&row.record) || holds(&row.body, words) {
                            found.rows.push(row.into());
                        }
                    }
                    Row::Sent(row) if holds(&row.document, words) => found.rows.push(row.into()),
                    Row::Audit(row) if says(&row.source) || holds(row.text.as_bytes(), words) => {
                        found.rows.push(row.into());
                    }
                    _ => {}
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(found)
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn erased(bytes: &[u8]) -> String {
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let fields = [("bytes", Value::from(size)), ("sha256", Value::from(hash(bytes)))];
    json::write(&Value::of([("erased", Value::of(fields))]))
}

/// What stands in a row's place.
fn replaced(row: Row) -> Commit {
    match row {
        Row::Delivery(mut row) => {
            row.body = erased(&row.body).into_bytes();
            row.record = None;
            row.headers = Vec::new();
            Commit::new().put(row)
        }
        Row::Audit(row) => {
            let text = erased(row.text.as_bytes());
            Commit::new().put(AuditRow { text, source: None, ..row })
        }
        other => Commit::new().delete(other.key()),
    }
}

/// Writes a journal anew: how the task came to be without what it was given, each entry's size and
/// hash, and how it ended.
async fn task(engine: &Engine, id: &str, words: &[String]) -> Result<(), Refusal> {
    let key = tenon_store::Key::Task { id: id.to_owned() };
    let Some(Row::Task(mut row)) = engine.store.get(&key).await? else { return Ok(()) };
    let select = Select::Events { task: id.to_owned(), from: 0 };
    let mut bodies = Vec::new();
    for event in all(&*engine.store, select).await? {
        if let Row::Event(event) = event {
            bodies.push(event.body);
        }
    }
    let load = || Task::load(TaskId(id.to_owned()), bodies.iter().map(Vec::as_slice)).ok();
    let state = load().map(|task| task.state);
    let mut commit = Commit::new();
    commit.ops.push(Op::DropJournal { task: id.to_owned() });
    let last = bodies.len().saturating_sub(1);
    for (n, body) in bodies.iter().enumerate() {
        let decoded = Event::decode(body).ok();
        let at_ms = decoded.as_ref().map_or(row.updated_ms, |event| event.at_ms);
        let what = match decoded.map(|event| event.what) {
            Some(What::Created(mut created)) => {
                created.given = Value::record(Record::new());
                for text in [&mut created.record, &mut created.lane] {
                    if holds(text.as_bytes(), words) {
                        *text = "erased".to_owned();
                    }
                }
                What::Created(created)
            }
            Some(What::Erased { bytes, sha256 }) if n != last => What::Erased { bytes, sha256 },
            _ if n == last => ending(state.as_ref()),
            _ => What::Erased { bytes: body.len() as u64, sha256: hash(body) },
        };
        let number = u64::try_from(n).unwrap_or(u64::MAX);
        let body = Event::at(at_ms, what).encode();
        commit = commit.put(EventRow::new(id, number, body));
    }
    let clean = |text: &mut Option<String>| {
        if text.as_ref().is_some_and(|t| holds(t.as_bytes(), words)) {
            *text = None;
        }
    };
    row.title = None;
    row.fault = None;
    row.reason = Some(json::write(&Value::of([("because", Value::text("erased"))])));
    clean(&mut row.record);
    clean(&mut row.lane);
    if row.state == "failed" {
        row.state = "cancelled".to_owned();
    }
    crate::turn::keep(engine, commit.put(row)).await?;
    Ok(())
}

/// How an erased task ended, without the words it ended with. One that had failed is closed.
fn ending(state: Option<&State>) -> What {
    match state {
        Some(State::Done) => What::Completed,
        Some(State::Skipped(_)) => What::Skipped { because: "erased".to_owned() },
        _ => What::Cancelled { by: "erase".to_owned(), why: "its data was erased".to_owned() },
    }
}
