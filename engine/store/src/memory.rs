//! A store in memory: for tests, for dry runs, and as the measure of the others.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use async_trait::async_trait;

use crate::cells::{Cells, Inspected, inspect, judge, prepare, read_row, scan_rows};
use crate::commit::{Commit, Position};
use crate::error::StoreError;
use crate::key::Key;
use crate::rows::Row;
use crate::select::{Page, Scan};
use crate::store::{Counters, Store};
use crate::watch::{Changed, Watch, Watches, changed};

/// Keeps everything as long as it lives. Every commit is "durable" at once.
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: RwLock<Inner>,
    watches: Watches,
}

#[derive(Debug, Default)]
struct Inner {
    cells: BTreeMap<Vec<u8>, Vec<u8>>,
    position: u64,
    closed: bool,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn open(&self) -> Result<RwLockReadGuard<'_, Inner>, StoreError> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        if inner.closed { Err(StoreError::Closed) } else { Ok(inner) }
    }

    /// Changes a stored value behind the store's back, for tests of damage; a missing value takes the
    /// cell away.
    pub fn harm(&self, key: &[u8], change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = inner.cells.remove(key)
            && let Some(value) = change(value)
        {
            inner.cells.insert(key.to_vec(), value);
        }
    }

    /// Every key and value as stored, for tests that search what is kept (no credential may lie
    /// here in the open).
    #[must_use]
    pub fn dump(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.cells.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, commit: Commit) -> Result<Position, StoreError> {
        let prepared = prepare(commit)?;
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if inner.closed {
            return Err(StoreError::Closed);
        }
        let position = Position(inner.position + 1);
        let writes = judge(prepared, position, &*inner)?;
        self.watches.note(writes.iter().map(|write| write.key.as_slice()));
        for write in writes {
            match write.value {
                Some(value) => inner.cells.insert(write.key, value),
                None => inner.cells.remove(&write.key),
            };
        }
        inner.position = position.0;
        Ok(position)
    }

    async fn read(&self, key: &Key) -> Result<Option<(Row, Position)>, StoreError> {
        read_row(&*self.open()?, key)
    }

    async fn scan(&self, scan: Scan) -> Result<Page, StoreError> {
        scan_rows(&*self.open()?, &scan)
    }

    fn watch(&self) -> Result<Watch, StoreError> {
        drop(self.open()?);
        Ok(self.watches.watch())
    }

    async fn changed(&self, watch: &Watch, most: usize) -> Result<Changed, StoreError> {
        changed(&*self.open()?, watch, most)
    }

    async fn inspect(&self, after: Option<Vec<u8>>, limit: usize) -> Result<Inspected, StoreError> {
        inspect(&*self.open()?, after, limit)
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner).closed = true;
        Ok(())
    }

    fn counters(&self) -> Counters {
        let commits = self.inner.read().unwrap_or_else(PoisonError::into_inner).position;
        Counters { commits, groups: commits, ..Counters::default() }
    }

    fn poisoned(&self) -> Option<StoreError> {
        None
    }
}

impl Cells for Inner {
    fn cell(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.cells.get(key).cloned())
    }

    fn visit(
        &self,
        (start, end): (&[u8], Option<&[u8]>),
        reverse: bool,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let range = self.cells.range::<[u8], _>((Included(start), end.map_or(Unbounded, Excluded)));
        if reverse {
            for (key, value) in range.rev() {
                if !visit(key, value) {
                    break;
                }
            }
        } else {
            for (key, value) in range {
                if !visit(key, value) {
                    break;
                }
            }
        }
        Ok(())
    }
}
