//! From a store into an export, and from an export into a store.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use crate::commit::{Commit, Op};
use crate::error::StoreError;
use crate::export::{Entry, ExportError, Exported, Exporter, Head, Importer};
use crate::key::{Key, Table};
use crate::rows::{MetaRow, Row};
use crate::select::{Scan, Select};
use crate::store::Store;
use crate::watch::Watch;

/// Rows read at one moment.
const PAGE: usize = 200;
/// Bytes of rows put into one commit, about.
const BATCH_BYTES: usize = 512 * 1024;
/// Rows put into one commit.
const BATCH_ROWS: usize = 500;
/// The name of the row that says a store was made from an export: [`Restored`].
const RESTORED: &str = "restored";

/// Writes every row, as of one moment, while the store goes on working.
///
/// # Errors
/// When a row is damaged (`verify` names all that are), or the file can't be written.
pub async fn export<W: Write + Send>(
    store: &dyn Store,
    out: W,
    head: &Head,
) -> Result<(W, Exported), ExportError> {
    let watch = store.watch()?;
    let mut file = Exporter::new(out, head)?;
    for table in Table::ALL {
        let mut after = None;
        loop {
            let scan = Scan::new(Select::All(table)).limit(PAGE).after(after);
            let page = store.scan(scan).await?;
            for row in &page.rows {
                file.row(row, false)?;
            }
            // Taken between the pages so that what is kept of a busy store stays small.
            follow(store, &watch, &mut file).await?;
            if page.next.is_none() {
                break;
            }
            after = page.next;
        }
    }
    // Each round takes less time than the one before it; under any load one finds few enough.
    while follow(store, &watch, &mut file).await? > 0 {}
    file.finish()
}

/// Writes what changed; says how much is left to be taken.
async fn follow<W: Write + Send>(
    store: &dyn Store,
    watch: &Watch,
    file: &mut Exporter<W>,
) -> Result<usize, ExportError> {
    let changed = store.changed(watch, 10 * PAGE).await?;
    for (key, row) in changed.rows {
        match row {
            Some(row) => file.row(&row, true)?,
            None => file.removed(&key)?,
        }
    }
    Ok(changed.left)
}

/// Reads an export to its end and says what it holds; nothing is stored.
///
/// # Errors
/// When it is no export, damaged, cut short, or of a later version.
pub fn check<R: Read>(input: R) -> Result<(Head, u64), ExportError> {
    let mut file = Importer::new(input)?;
    let mut rows = 0;
    while file.next_entry()?.is_some() {
        rows += 1;
    }
    Ok((file.head().clone(), rows))
}

/// When a store was made from an export, and of what moment that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restored {
    /// The moment the export holds: milliseconds since 1970.
    pub from_ms: i64,
    /// When it was taken in.
    pub at_ms: i64,
}

impl Restored {
    /// The row it is kept as.
    #[must_use]
    pub fn row(&self) -> MetaRow {
        let value = [self.from_ms.to_be_bytes(), self.at_ms.to_be_bytes()].concat();
        MetaRow { name: RESTORED.into(), value }
    }

    /// Its key.
    #[must_use]
    pub fn key() -> Key {
        Key::Meta { name: RESTORED.into() }
    }

    /// What a store says of itself.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn of(store: &dyn Store) -> Result<Option<Restored>, StoreError> {
        let Some(Row::Meta(row)) = store.get(&Restored::key()).await? else { return Ok(None) };
        let (from, at) = row
            .value
            .split_first_chunk::<8>()
            .and_then(|(from, rest)| Some((*from, *rest.first_chunk::<8>()?)))
            .ok_or_else(|| StoreError::Damaged("the mark of a restored store".into()))?;
        Ok(Some(Restored { from_ms: i64::from_be_bytes(from), at_ms: i64::from_be_bytes(at) }))
    }
}

/// Takes an export into an empty store, and marks it as restored at `now_ms`. The mark comes first:
/// a store half filled by a process that ended is recognised, and is not empty for another try.
///
/// # Errors
/// When the store is not empty, the file is damaged, or a commit fails.
pub async fn import<R: Read + Send>(
    store: &dyn Store,
    input: R,
    now_ms: i64,
) -> Result<u64, ExportError> {
    for table in Table::ALL {
        let first = store.scan(Scan::new(Select::All(table)).limit(1)).await?;
        if let Some(row) = first.rows.first() {
            return Err(ExportError::NotEmpty(row.key().to_string()));
        }
    }
    let mut file = Importer::new(input)?;
    let mark = Restored { from_ms: file.head().at_ms, at_ms: now_ms };
    store.commit(Commit::new().put(mark.row())).await?;
    let mut filling = Filling { store, commit: Commit::new(), bytes: 0, rows: 0 };
    let mut touched = BTreeSet::new();
    while let Some(entry) = file.next_entry()? {
        match entry {
            // The store the export was made of may have been restored itself.
            Entry::Row { row, .. } if row.key() == Restored::key() => {}
            Entry::Row { row, again } => {
                if let Row::Event(event) = &row
                    && again
                {
                    touched.insert(event.task.clone());
                }
                filling.add(Op::Put(row)).await?;
            }
            Entry::Removed(key) => {
                if let Key::Event { task, .. } = &key {
                    touched.insert(task.clone());
                }
                filling.add(Op::Delete(key)).await?;
            }
        }
    }
    filling.end().await?;
    for task in touched {
        again(store, task).await?;
    }
    Ok(filling.rows)
}

/// Writes a journal once more from nothing: of events that were written twice or removed, parts of
/// the earlier form may be left.
async fn again(store: &dyn Store, task: String) -> Result<(), ExportError> {
    let select = Select::Events { task: task.clone(), from: 0 };
    let mut commit = Commit::new();
    commit.ops.push(Op::DropJournal { task });
    for row in crate::conformance::all(store, Scan::new(select)).await? {
        commit = commit.put(row);
    }
    store.commit(commit).await?;
    Ok(())
}

struct Filling<'a> {
    store: &'a dyn Store,
    commit: Commit,
    bytes: usize,
    rows: u64,
}

impl Filling<'_> {
    async fn add(&mut self, op: Op) -> Result<(), StoreError> {
        if let Op::Put(row) = &op {
            let bytes = row.encode().len();
            if self.bytes + bytes > BATCH_BYTES && !self.commit.ops.is_empty() {
                self.end().await?;
            }
            self.bytes += bytes;
            self.rows += 1;
        }
        self.commit.ops.push(op);
        if self.commit.ops.len() >= BATCH_ROWS { self.end().await } else { Ok(()) }
    }

    async fn end(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        let commit = std::mem::take(&mut self.commit);
        if !commit.ops.is_empty() {
            self.store.commit(commit).await?;
        }
        Ok(())
    }
}
