//! What was stored of a record when a task began. Later tasks have written over it, so it is taken from
//! the journals: the task's own first write tells whether there was a reference, and older tasks of the
//! record what was sent last.

use tenon_kit::Operation;
use tenon_machine::{Link, Origin, ReadKey};
use tenon_store::{Key, Row, Select, TaskRow};
use tenon_value::{Value, json};

use super::book::{Before, Recorded};
use crate::engine::Engine;
use crate::live::all;
use crate::refusal::Refusal;
use crate::work::journal;

/// Older tasks of a record that are looked at.
const OLDER: usize = 100;

/// What was known of an entity before a task; none for what is not known of entities.
pub(super) async fn before(
    engine: &Engine,
    pair: &str,
    task: &Recorded,
    key: &ReadKey,
) -> Result<Option<((String, String), Before)>, Refusal> {
    let (ReadKey::Reference { entity, id } | ReadKey::Sent { entity, id }) = key else {
        return Ok(None);
    };
    let place = (entity.clone(), id.clone());
    let own = task.first_write(entity, id).map(|write| &write.operation);
    if matches!(own, Some(Operation::Create { .. })) {
        return Ok(Some((place, (None, Value::Missing))));
    }
    let mut known = match older(engine, task, entity, id).await? {
        Some(known) => known,
        None => stored(engine, pair, task, (entity, id)).await?,
    };
    if let (None, Some(Operation::Update { key, .. })) = (&known.0, own) {
        known.0 = Some(Link { target: key.clone(), origin: Origin::Ours });
    }
    Ok(Some((place, known)))
}

/// What the last older task of the record wrote.
async fn older(
    engine: &Engine,
    task: &Recorded,
    entity: &str,
    id: &str,
) -> Result<Option<Before>, Refusal> {
    let select = Select::TasksOfRecord { record: task.created.record.clone(), flow: None };
    let rows = all(&*engine.store, select).await?;
    let rows = rows.into_iter().filter_map(|row| TaskRow::try_from(row).ok());
    let mut rows: Vec<TaskRow> =
        rows.filter(|row| row.flow == task.row.flow && row.id < task.row.id).collect();
    rows.sort_by(|a, b| b.id.cmp(&a.id));
    for row in rows.into_iter().take(OLDER) {
        let journal = journal(engine, &row.id).await?;
        let Some(found) = Recorded::of(row, &journal) else { continue };
        let wrote = found.writes.iter().rev().find(|write| {
            write.gave.is_some()
                && write.reference.as_ref().is_some_and(|of| of.entity == entity && of.id == id)
        });
        let Some(wrote) = wrote else { continue };
        let stored = wrote.reference.as_ref();
        let target = stored.map(|stored| stored.target.clone()).filter(|target| !target.is_empty());
        let target = target.or_else(|| wrote.target.clone());
        let link =
            target.zip(stored).map(|(target, stored)| Link { target, origin: stored.origin });
        return Ok(Some((link, wrote.document.clone())));
    }
    Ok(None)
}

/// What is stored, where it was there before the task needed it.
async fn stored(
    engine: &Engine,
    pair: &str,
    task: &Recorded,
    (entity, id): (&str, &str),
) -> Result<Before, Refusal> {
    // A task that wrote nothing for it may have waited for another that did.
    let by_ms = match task.first_write(entity, id) {
        Some(_) => task.created_ms,
        None => task.row.updated_ms,
    };
    let (pair, entity, source) = (pair.to_owned(), entity.to_owned(), id.to_owned());
    let sent = Key::Sent { pair: pair.clone(), entity: entity.clone(), id: source.clone() };
    let reference = Key::Reference { pair, entity, source, part: String::new() };
    let link = match engine.store.get(&reference).await? {
        Some(Row::Reference(row)) if row.at_ms <= by_ms => Some(Link {
            origin: match row.hands_off {
                true => Origin::HandsOff,
                false => Origin::named(&row.origin).unwrap_or(Origin::Linked),
            },
            target: row.target,
        }),
        _ => None,
    };
    let document = match engine.store.get(&sent).await? {
        Some(Row::Sent(row)) if row.at_ms <= by_ms => {
            json::read_bytes(&row.document).unwrap_or_default()
        }
        _ => Value::Missing,
    };
    Ok((link, document))
}
