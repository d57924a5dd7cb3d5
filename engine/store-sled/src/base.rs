//! sled, as far as we trust it: a place to read from, written by one thread behind the log.

use std::fs::{self, File, OpenOptions};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use sled::{Batch, Db, IVec};
use tenon_store::StoreError;

use crate::directory::{io, sync_below};
use crate::frame::Write;

/// sled's own segments.
///
/// The head of a segment says up to where the log before it is on disk, as sled believes, and
/// recovery takes that at its word. sled believes what its last `flush` wrote. So between two
/// real syncs less than one segment may be written: then a head says nothing that the sync
/// before it did not make true. (With a second head in one interval, half-written power-cut
/// images gave a database with holes.)
const SEGMENT_BYTES: usize = 2 * 1024 * 1024;
/// Bytes applied between two syncs. sled writes a multiple of them: it copies pages when they
/// split, grow long chains or lie in thin segments; up to six times was measured here.
pub(crate) const SYNC_BYTES: usize = SEGMENT_BYTES / 32;
/// What a cell costs beside its bytes.
pub(crate) const CELL_COST: usize = 64;

const APPLIED: &[u8] = b"\0applied";
const SAFE: &[u8] = b"\0safe";
/// Whose database this is.
const STORE: &[u8] = b"\0store";

/// Behind our own marks; rows begin here.
pub(crate) const FIRST_KEY: &[u8] = b"\x01";

/// sled with the file it writes.
#[derive(Debug)]
pub(crate) struct Base {
    db: Db,
    file: File,
}

impl Base {
    /// Opens or makes it. sled panics where it meets what it can't explain; that becomes damage.
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        remove_half_made(path)?;
        // What an ended process left in the system's memory must be on disk before sled takes it
        // for that and frees segments by it.
        sync_below(path)?;
        let config = sled::Config::default()
            .path(path)
            .segment_size(SEGMENT_BYTES)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None);
        let db = catch_unwind(AssertUnwindSafe(|| config.open()))
            .map_err(|_| StoreError::Damaged(format!("sled gave up on {}", path.display())))?
            .map_err(|e| wrong("opening", path, &e))?;
        let name = path.join("db");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&name)
            .map_err(|e| io("opening", &name, &e))?;
        // sled has written its snapshot and may have made files: make their names durable.
        sync_below(path)?;
        Ok(Self { db, file })
    }

    pub(crate) fn cell(&self, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        self.db.get(key).map_err(|e| unreadable(&e))
    }

    /// Keys of an interval, in order; `rev()` gives them last first.
    pub(crate) fn range(
        &self,
        start: &[u8],
        end: Option<&[u8]>,
    ) -> impl DoubleEndedIterator<Item = Result<(IVec, IVec), StoreError>> + use<> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let range: (std::ops::Bound<&[u8]>, std::ops::Bound<&[u8]>) =
            (Included(start.max(FIRST_KEY)), end.map_or(Unbounded, Excluded));
        self.db.range::<&[u8], _>(range).map(|r| r.map_err(|e| unreadable(&e)))
    }

    /// Refuses the database of another store; one that nobody claimed yet becomes this store's.
    pub(crate) fn belongs_to(&self, salt: &[u8; 16]) -> Result<(), StoreError> {
        match self.cell(STORE)? {
            Some(of) if *of == salt[..] => Ok(()),
            Some(_) => Err(StoreError::Damaged(
                "the database and the commit log beside it are of two different stores".into(),
            )),
            None => {
                let mut batch = Batch::default();
                batch.insert(STORE, &salt[..]);
                self.db.apply_batch(batch).map_err(|e| unwritable(&e))?;
                self.sync().map(drop)
            }
        }
    }

    /// The position up to which everything was applied, and the one that was surely on disk.
    pub(crate) fn marks(&self) -> Result<Marks, StoreError> {
        let read = |key| -> Result<u64, StoreError> {
            let Some(value) = self.cell(key)? else { return Ok(0) };
            let bytes: [u8; 8] = (*value)
                .try_into()
                .map_err(|_| StoreError::Damaged("a mark of the database".into()))?;
            Ok(u64::from_be_bytes(bytes))
        };
        Ok(Marks { applied: read(APPLIED)?, safe: read(SAFE)? })
    }

    /// Writes cells and marks in one batch.
    pub(crate) fn apply<'a>(
        &self,
        writes: impl Iterator<Item = (&'a IVec, &'a Option<IVec>)>,
        marks: Marks,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        batch.insert(APPLIED, &marks.applied.to_be_bytes());
        batch.insert(SAFE, &marks.safe.to_be_bytes());
        self.db.apply_batch(batch).map_err(|e| unwritable(&e))
    }

    /// `flush` brings sled's buffers to the file; `sync_data` brings the file to the disk. One
    /// without the other is worth nothing. Gives the bytes that `flush` wrote.
    pub(crate) fn sync(&self) -> Result<usize, StoreError> {
        let flushed = self.db.flush().map_err(|e| unwritable(&e))?;
        self.file.sync_data().map_err(|e| StoreError::Poisoned(e.to_string()))?;
        Ok(flushed)
    }
}

/// How far sled is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Everything up to this position was applied.
    pub(crate) applied: u64,
    /// Everything up to this position was on disk when the mark was written.
    pub(crate) safe: u64,
}

/// A snapshot whose writing broke off; sled would write over it without shortening it.
fn remove_half_made(path: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(path).map_err(|e| io("listing", path, &e))? {
        let entry = entry.map_err(|e| io("listing", path, &e))?.path();
        if entry.extension().is_some_and(|e| e == "generating") {
            fs::remove_file(&entry).map_err(|e| io("removing", &entry, &e))?;
        }
    }
    Ok(())
}

fn unreadable(error: &sled::Error) -> StoreError {
    StoreError::Damaged(format!("reading the database: {error}"))
}

fn unwritable(error: &sled::Error) -> StoreError {
    StoreError::Poisoned(match error {
        sled::Error::Io(e) => format!("writing the database: {e}"),
        other => format!("the database is damaged where it was to be written: {other}"),
    })
}

fn wrong(what: &str, path: &Path, error: &sled::Error) -> StoreError {
    match error {
        sled::Error::Io(e) => io(what, path, e),
        other => StoreError::Damaged(format!("{what} {}: {other}", path.display())),
    }
}

/// How many bytes may be applied before the next sync, after one that found so much written for
/// `budget`: half when it came near a segment, more again when it stayed far below.
pub(crate) fn next_budget(budget: usize, flushed: usize) -> usize {
    if flushed > SEGMENT_BYTES / 2 {
        (budget / 2).max(SYNC_BYTES / 16)
    } else if flushed < SEGMENT_BYTES / 8 {
        (budget * 2).min(SYNC_BYTES)
    } else {
        budget
    }
}

pub(crate) fn bytes_of(write: &Write) -> usize {
    write.0.len() + write.1.as_ref().map_or(0, |value| value.len())
}

#[cfg(test)]
mod tests {
    use super::{SEGMENT_BYTES, SYNC_BYTES, next_budget};

    #[test]
    fn a_sync_that_found_much_makes_the_next_come_sooner_and_later_ones_later_again() {
        let near = next_budget(SYNC_BYTES, SEGMENT_BYTES - 1);
        assert_eq!(near, SYNC_BYTES / 2);
        assert_eq!(next_budget(near, SEGMENT_BYTES / 4), near);
        assert_eq!(next_budget(near, 1000), SYNC_BYTES);
        assert_eq!(next_budget(SYNC_BYTES, 1000), SYNC_BYTES);
        assert!((0..99).fold(SYNC_BYTES, |b, _| next_budget(b, SEGMENT_BYTES)) > 0);
    }
}
