//! From a commit to cell writes: preconditions, index entries, long values.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::form::{COMMIT_MAX, Head, PLAIN_MAX, Stored, chunk_key};
use super::{CellWrite, Cells, index, query};
use crate::codec::{Bytes, behind};
use crate::commit::{Commit, Op, Position, Precondition};
use crate::error::StoreError;
use crate::key::{Key, Table, area};
use crate::rows::{EventRow, Row};

/// A commit whose rows are encoded, so that only judging is left for the one writer.
#[derive(Debug)]
pub struct Prepared {
    pre: Vec<Precondition>,
    ops: Vec<Prepare>,
    size: usize,
}

impl Prepared {
    /// About how many bytes it writes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether it only removes rows: allowed while the disk is nearly full.
    #[must_use]
    pub fn only_removes(&self) -> bool {
        let removes =
            |op: &Prepare| matches!(op, Prepare::Delete { .. } | Prepare::DropJournal { .. });
        self.ops.iter().all(removes)
    }
}

#[derive(Debug)]
enum Prepare {
    Put { table: Table, stored: Stored, entries: Vec<Vec<u8>> },
    Payload { stored: Stored },
    Delete { key: Key },
    DropJournal { task: String },
}

/// Encodes a commit's rows.
///
/// # Errors
/// When it is larger than [`COMMIT_MAX`].
pub fn prepare(commit: Commit) -> Result<Prepared, StoreError> {
    let mut ops = Vec::with_capacity(commit.ops.len());
    let mut size = 0;
    for op in commit.ops {
        match op {
            Op::Put(row) => {
                let row = lay_payload_aside(row, &mut ops);
                let stored = Stored::new(row.key().to_bytes(), &row.encode());
                let table = row.key().table();
                ops.push(Prepare::Put { table, stored, entries: index::entries(&row) });
            }
            Op::Delete(key) => ops.push(Prepare::Delete { key }),
            Op::DropJournal { task } => ops.push(Prepare::DropJournal { task }),
        }
    }
    for op in &ops {
        size += match op {
            Prepare::Put { stored, entries, .. } => {
                stored.size() + entries.iter().map(|e| e.len() + 64).sum::<usize>()
            }
            Prepare::Payload { stored } => stored.size(),
            Prepare::Delete { .. } | Prepare::DropJournal { .. } => 64,
        };
    }
    if size > COMMIT_MAX {
        return Err(StoreError::TooLarge { size, limit: COMMIT_MAX });
    }
    Ok(Prepared { pre: commit.pre, ops, size })
}

/// A long payload goes to a cell named by its content; the event keeps the digest.
fn lay_payload_aside(row: Row, ops: &mut Vec<Prepare>) -> Row {
    let Row::Event(mut event) = row else { return row };
    event.at_digest = None;
    if let Some(payload) = event.payload.take_if(|p| p.len() > PLAIN_MAX) {
        let digest = Sha256::digest(&payload);
        let digest = digest.get(..16).unwrap_or_default().to_vec();
        ops.push(Prepare::Payload { stored: Stored::new(payload_key(&event, &digest), &payload) });
        event.at_digest = Some(digest);
    }
    Row::Event(event)
}

pub(super) fn payload_key(event: &EventRow, digest: &[u8]) -> Vec<u8> {
    let mut key = Bytes::table(area::PAYLOAD).text(&event.task).0;
    key.extend_from_slice(digest);
    key
}

/// Judges a commit against what is stored and gives what it writes, in the order of keys.
///
/// # Errors
/// [`StoreError::Refused`] when a precondition does not hold; damage below.
pub fn judge(
    prepared: Prepared,
    position: Position,
    cells: &dyn Cells,
) -> Result<Vec<CellWrite>, StoreError> {
    for (index, pre) in prepared.pre.iter().enumerate() {
        let cell = cells.cell(&pre.key().to_bytes())?;
        let holds = match (pre, &cell) {
            (Precondition::Absent(_), cell) => cell.is_none(),
            (Precondition::Present(_), cell) => cell.is_some(),
            (Precondition::Version(_, wanted), Some(cell)) => Head::read(cell)?.version == *wanted,
            (Precondition::Version(..), None) => false,
        };
        if !holds {
            return Err(StoreError::Refused { index, key: Box::new(pre.key().clone()) });
        }
    }
    let mut judging = Judging { below: cells, own: BTreeMap::new() };
    for op in prepared.ops {
        judging.op(op, position)?;
    }
    Ok(judging.own.into_iter().map(|(key, value)| CellWrite { key, value }).collect())
}

/// What the commit wrote so far, over what is stored.
struct Judging<'a> {
    below: &'a dyn Cells,
    own: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Judging<'_> {
    fn cell(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.own.get(key) {
            Some(own) => Ok(own.clone()),
            None => self.below.cell(key),
        }
    }

    fn op(&mut self, op: Prepare, position: Position) -> Result<(), StoreError> {
        match op {
            Prepare::Put { table, stored, entries } => {
                // Events are only ever added; nothing of theirs can be left over.
                if table != Table::Event {
                    self.clear(&stored.key, table, stored.chunk_count())?;
                }
                for entry in entries {
                    self.own.insert(entry, Some(stored.key.clone()));
                }
                self.write(stored, position);
            }
            Prepare::Payload { stored } => {
                if self.cell(&stored.key)?.is_none() {
                    self.write(stored, position);
                }
            }
            Prepare::Delete { key } => {
                let bytes = key.to_bytes();
                if self.clear(&bytes, key.table(), 0)? {
                    self.own.insert(bytes, None);
                }
            }
            Prepare::DropJournal { task } => self.drop_journal(&task)?,
        }
        Ok(())
    }

    fn write(&mut self, stored: Stored, position: Position) {
        for (key, value) in stored.cells(position) {
            self.own.insert(key, Some(value));
        }
    }

    /// Removes the index entries of the row there, and its chunks from `keep` on. Says whether
    /// there was one.
    fn clear(&mut self, key: &[u8], table: Table, keep: usize) -> Result<bool, StoreError> {
        let Some(cell) = self.cell(key)? else { return Ok(false) };
        match self.left_of(key, table, &cell) {
            Ok((entries, chunks)) => {
                let chunks = (keep..chunks).map(|n| chunk_key(key, n));
                self.own.extend(entries.into_iter().chain(chunks).map(|key| (key, None)));
            }
            Err(StoreError::Damaged(_)) => self.clear_damaged(key, table)?,
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// The index entries of a row, and how many chunks it has.
    fn left_of(
        &self,
        key: &[u8],
        table: Table,
        cell: &[u8],
    ) -> Result<(Vec<Vec<u8>>, usize), StoreError> {
        let head = Head::read(cell)?;
        let mut entries = Vec::new();
        if index::indexed(table) {
            let raw = head.raw(key, |k| self.cell(k))?;
            entries = index::entries(&query::row(table, key, &raw)?);
        }
        Ok((entries, head.chunk_count()))
    }

    /// What belongs to a row that can't be read is looked for: slow, and seldom needed.
    fn clear_damaged(&mut self, key: &[u8], table: Table) -> Result<(), StoreError> {
        let chunks = [&[area::CHUNK], key].concat();
        let mut found = self.keys_of(&chunks, |_| true)?;
        if index::indexed(table) {
            for area in area::TASK_BY_STATE..=area::REFERENCE_BY_TARGET {
                found.extend(self.keys_of(&[area], |value| value == key)?);
            }
        }
        self.own.extend(found.into_iter().map(|key| (key, None)));
        Ok(())
    }

    /// Keys that begin with `prefix`, here and below, whose values are `wanted`.
    fn keys_of(
        &self,
        prefix: &[u8],
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let end = behind(prefix);
        let mut found = Vec::new();
        self.below.visit((prefix, end.as_deref()), false, &mut |key, value| {
            if wanted(value) {
                found.push(key.to_vec());
            }
            true
        })?;
        let own = self.own.range(prefix.to_vec()..).take_while(|(k, _)| k.starts_with(prefix));
        let own = own.filter(|(_, value)| value.as_deref().is_some_and(&wanted));
        found.extend(own.map(|(key, _)| key.clone()));
        Ok(found)
    }

    fn drop_journal(&mut self, task: &str) -> Result<(), StoreError> {
        let events = Bytes::table(Table::Event.number()).text(task).0;
        let payloads = Bytes::table(area::PAYLOAD).text(task).0;
        let of_chunks = |prefix: &[u8]| [&[area::CHUNK], prefix].concat();
        let chunks = [of_chunks(&events), of_chunks(&payloads)];
        for prefix in [events, payloads].into_iter().chain(chunks) {
            let found = self.keys_of(&prefix, |_| true)?;
            self.own.extend(found.into_iter().map(|key| (key, None)));
        }
        Ok(())
    }
}
