//! The apply thread: the only one that writes to sled, behind the log.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use sled::IVec;
use tenon_store::{Compacted, StoreError};

use crate::base::{Base, CELL_COST, Marks, SYNC_BYTES, next_budget};
use crate::compact::{self, Place};
use crate::pending::{Counts, Shared, Waiter};

/// Bytes of groups folded together: the more, the more rewritten cells are written once.
const FOLD_BYTES: usize = 512 * 1024;
/// How long applied cells may wait for a sync when nothing else happens.
const IDLE: Duration = Duration::from_millis(200);

/// How long nothing may have happened before sled is opened again.
const QUIET: Duration = Duration::from_secs(3);

/// What the apply thread owns.
#[derive(Debug)]
pub(crate) struct Applier {
    shared: Arc<Shared>,
    place: Place,
    /// Bytes written by sled since it was opened, which its next opening reads; when they are more
    /// than this, it is opened again in quiet times.
    reopen_bytes: usize,
    written: usize,
    /// What sled holds.
    marks: Marks,
    /// Bytes given to sled since its last sync.
    unsynced: usize,
    /// Bytes that may be given to it before the next.
    budget: usize,
}

/// Groups folded together: later writes of a key replace earlier ones.
struct Fold {
    writes: BTreeMap<IVec, Option<IVec>>,
    last: u64,
    /// Bytes of the queue they took.
    bytes: usize,
}

enum Work {
    Apply(Fold),
    Sync,
    Reopen,
    Compact(Waiter),
    End,
}

impl Applier {
    pub(crate) fn new(shared: Arc<Shared>, place: Place, marks: Marks) -> Self {
        Self {
            shared,
            place,
            reopen_bytes: usize::MAX,
            written: 0,
            marks,
            unsynced: 0,
            budget: SYNC_BYTES,
        }
    }

    /// Opens sled again in quiet times when it wrote more than this since it was opened.
    pub(crate) fn reopening_after(mut self, bytes: usize) -> Self {
        self.reopen_bytes = bytes;
        self
    }

    fn base(&self) -> Result<Arc<Base>, StoreError> {
        self.shared.read(|view| view.base.clone().ok_or(StoreError::Closed))
    }

    /// Serves until the queue is empty and closed, or until sled fails.
    pub(crate) fn run(mut self) -> Result<(), StoreError> {
        loop {
            match self.next() {
                Work::Apply(fold) => self.apply(&fold)?,
                Work::Sync => self.sync()?,
                Work::Reopen => self.reopen()?,
                Work::Compact(waiter) => {
                    let done = self.compact();
                    let failed = done.as_ref().err().cloned();
                    // The asker may have gone away.
                    let _ = waiter.send(done);
                    if let Some(error) = failed {
                        return Err(error);
                    }
                }
                Work::End if self.shared.stopped().is_some() => return Ok(()),
                Work::End => {
                    self.sync()?;
                    return self.sync_mark();
                }
            }
        }
    }

    fn next(&self) -> Work {
        let mut queue = self.shared.queue();
        loop {
            if self.shared.stopped().is_some() {
                return Work::End;
            }
            if let Some(waiter) = queue.compact.take() {
                return Work::Compact(waiter);
            }
            if !queue.groups.is_empty() {
                break;
            }
            if queue.closing {
                return Work::End;
            }
            let changed = &self.shared.queue_changed;
            let (patience, then) = match (self.unsynced, self.written > self.reopen_bytes) {
                (0, false) => {
                    queue = changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                (0, true) => (QUIET, Work::Reopen),
                _ => (IDLE, Work::Sync),
            };
            let (again, timeout) =
                changed.wait_timeout(queue, patience).unwrap_or_else(PoisonError::into_inner);
            queue = again;
            let nothing = queue.groups.is_empty() && queue.compact.is_none() && !queue.closing;
            if timeout.timed_out() && nothing {
                return then;
            }
        }
        let mut fold = Fold { writes: BTreeMap::new(), last: self.marks.applied, bytes: 0 };
        while let Some(group) = queue.groups.front() {
            if fold.bytes > 0 && fold.bytes + group.bytes > FOLD_BYTES {
                break;
            }
            if let Some(group) = queue.groups.pop_front() {
                fold.bytes += group.bytes;
                fold.last = group.last;
                fold.writes.extend(group.writes);
            }
        }
        Work::Apply(fold)
    }

    /// Applies in parts no larger than the budget; the mark moves with the last of them, so that
    /// a broken-off group is applied again from the log.
    fn apply(&mut self, fold: &Fold) -> Result<(), StoreError> {
        let mut part: Vec<(&IVec, &Option<IVec>)> = Vec::new();
        let mut bytes = 0;
        for (key, value) in &fold.writes {
            let size = CELL_COST + key.len() + value.as_ref().map_or(0, |v| v.len());
            if bytes > 0 && bytes + size > self.budget {
                self.write(&part, bytes)?;
                part.clear();
                bytes = 0;
            }
            part.push((key, value));
            bytes += size;
        }
        self.marks.applied = fold.last;
        self.write(&part, bytes)?;
        {
            let mut view = self.shared.view.write().unwrap_or_else(PoisonError::into_inner);
            view.forget(fold.writes.keys(), fold.last);
        }
        let mut queue = self.shared.queue();
        queue.bytes = queue.bytes.saturating_sub(fold.bytes);
        drop(queue);
        self.shared.queue_changed.notify_all();
        Ok(())
    }

    fn write(&mut self, part: &[(&IVec, &Option<IVec>)], bytes: usize) -> Result<(), StoreError> {
        if self.unsynced > 0 && self.unsynced + bytes > self.budget {
            self.sync()?;
        }
        let marks = self.marks;
        self.base()?.apply(part.iter().copied(), marks)?;
        self.unsynced += bytes.max(1);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if self.unsynced == 0 {
            return Ok(());
        }
        let flushed = self.base()?.sync()?;
        self.written += flushed.max(self.unsynced);
        self.budget = next_budget(self.budget, flushed);
        Counts::add(&self.shared.counts.background_syncs, 1);
        self.unsynced = 0;
        // The log may be used again only as far as the mark that is now on disk says: recovery
        // reads from there.
        self.shared.safe.store(self.marks.safe, Ordering::Release);
        self.marks.safe = self.marks.applied;
        Ok(())
    }

    /// At the end of all: the mark of the last sync too, so that opening reads nothing again.
    fn sync_mark(&self) -> Result<(), StoreError> {
        if self.marks.safe == 0 {
            return Ok(());
        }
        let base = self.base()?;
        base.apply(std::iter::empty(), self.marks)?;
        base.sync().map(drop)
    }

    fn reopen(&mut self) -> Result<(), StoreError> {
        compact::reopen(&self.shared, &self.place)?;
        self.written = 0;
        Counts::add(&self.shared.counts.reopened, 1);
        Ok(())
    }

    /// Copies what is there into a new database without what was removed. Commits go on until too
    /// much waits to be applied.
    fn compact(&mut self) -> Result<Compacted, StoreError> {
        self.sync()?;
        let before_bytes = self.place.bytes()?;
        let marks = Marks { applied: self.marks.applied, safe: self.marks.applied };
        compact::copy(&*self.base()?, marks, &self.place)?;
        compact::swap(&self.shared, &self.place)?;
        self.marks = marks;
        self.written = 0;
        self.shared.safe.store(marks.safe, Ordering::Release);
        Ok(Compacted { before_bytes, after_bytes: self.place.bytes()? })
    }
}
