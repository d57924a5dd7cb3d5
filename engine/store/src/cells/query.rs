//! From cells back to rows.

use super::Cells;
use super::form::Head;
use super::judge::payload_key;
use crate::commit::Position;
use crate::error::StoreError;
use crate::key::{Key, Table, event_key};
use crate::rows::Row;
use crate::select::{Page, Scan};

/// The row of a key, with the position that wrote it.
///
/// # Errors
/// When stored bytes are damaged.
pub fn read_row(cells: &dyn Cells, key: &Key) -> Result<Option<(Row, Position)>, StoreError> {
    let bytes = key.to_bytes();
    match cells.cell(&bytes)? {
        Some(cell) => named(&bytes, open(cells, &bytes, &cell)).map(Some),
        None => Ok(None),
    }
}

/// The rows of a scan.
///
/// # Errors
/// When stored bytes are damaged.
pub fn scan_rows(cells: &dyn Cells, scan: &Scan) -> Result<Page, StoreError> {
    let limit = scan.limit.max(1);
    let (start, end) = scan.interval();
    if end.as_ref().is_some_and(|end| *end <= start) {
        return Ok(Page::default());
    }
    let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    cells.visit((&start, end.as_deref()), scan.reverse, &mut |key, value| {
        found.push((key.to_vec(), value.to_vec()));
        found.len() <= limit
    })?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = if more { found.last().map(|(key, _)| key.clone()) } else { None };
    let mut page = Page { rows: Vec::with_capacity(found.len()), next, ..Page::default() };
    for (key, value) in found {
        let key = if scan.by_index() { &value } else { &key };
        let read = if scan.by_index() { indexed(cells, key) } else { open(cells, key, &value) };
        match named(key, read) {
            Ok((row, _)) => page.rows.push(row),
            Err(StoreError::Damaged(why)) if scan.lenient => {
                page.damaged.push((Key::parse(key), why));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(page)
}

/// Damage says which row it is.
fn named<T>(key: &[u8], read: Result<T, StoreError>) -> Result<T, StoreError> {
    read.map_err(|error| match (error, Key::parse(key)) {
        (StoreError::Damaged(why), Some(key)) => StoreError::Damaged(format!("{key}: {why}")),
        (error, _) => error,
    })
}

fn indexed(cells: &dyn Cells, key: &[u8]) -> Result<(Row, Position), StoreError> {
    let cell = cells
        .cell(key)?
        .ok_or_else(|| StoreError::Damaged("an index names a row that is not there".into()))?;
    open(cells, key, &cell)
}

pub(super) fn open(
    cells: &dyn Cells,
    key: &[u8],
    cell: &[u8],
) -> Result<(Row, Position), StoreError> {
    let head = Head::read(cell)?;
    let raw = head.raw(key, |k| cells.cell(k))?;
    let table = key.first().and_then(|number| Table::numbered(*number));
    let table = table.ok_or_else(|| StoreError::Damaged("a row of an unknown table".into()))?;
    let mut row = row(table, key, &raw)?;
    if let Row::Event(event) = &mut row
        && let Some(digest) = event.at_digest.take()
    {
        let at = payload_key(event, &digest);
        let cell = cells
            .cell(&at)?
            .ok_or_else(|| StoreError::Damaged("the payload of an event is not there".into()))?;
        event.payload = Some(Head::read(&cell)?.raw(&at, |k| cells.cell(k))?);
    }
    Ok((row, head.version))
}

/// Decodes a row's bytes; an event's task and number come from its key.
pub(crate) fn row(table: Table, key: &[u8], raw: &[u8]) -> Result<Row, StoreError> {
    let damaged = |why: String| StoreError::Damaged(format!("a row of {table:?}: {why}"));
    let mut row = Row::decode(table, raw).map_err(damaged)?;
    if let Row::Event(event) = &mut row {
        let (task, n) = event_key(key).ok_or_else(|| damaged("its key".into()))?;
        event.task = task;
        event.n = n;
    }
    Ok(row)
}
