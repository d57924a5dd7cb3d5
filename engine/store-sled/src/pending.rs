//! What readers see: cells that are durable in the log but not in sled yet, over sled.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::iter::Peekable;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use sled::IVec;
use tenon_store::cells::Cells;
use tenon_store::watch::Watches;
use tenon_store::{Compacted, Spread, StoreError};
use tokio::sync::oneshot;

use crate::base::Base;
use crate::frame::Write;

/// A durable group on its way into sled.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) last: u64,
    pub(crate) writes: Vec<Write>,
    pub(crate) bytes: usize,
}

/// Who asked for a compaction.
pub(crate) type Waiter = oneshot::Sender<Result<Compacted, StoreError>>;

/// What waits to be applied.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) compact: Option<Waiter>,
    pub(crate) groups: VecDeque<Group>,
    pub(crate) bytes: usize,
    pub(crate) closing: bool,
}

/// What the threads of one store share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) view: RwLock<View>,
    queue: Mutex<Queue>,
    pub(crate) queue_changed: Condvar,
    /// Everything up to this position is on disk in sled, and so is the mark that says it.
    pub(crate) safe: AtomicU64,
    pub(crate) counts: Counts,
    /// Noted while the view is held for writing, taken while it is held for reading.
    pub(crate) watches: Watches,
    stopped: OnceLock<StoreError>,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) commits: AtomicU64,
    pub(crate) groups: AtomicU64,
    pub(crate) syncs: AtomicU64,
    pub(crate) background_syncs: AtomicU64,
    pub(crate) log_bytes: AtomicU64,
    /// How often sled was opened again.
    pub(crate) reopened: AtomicU64,
    groups_by: Mutex<GroupsBy>,
}

/// Groups by their commits, and by the microseconds they took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GroupsBy {
    pub(crate) commits: Spread,
    pub(crate) micros: Spread,
}

impl Counts {
    pub(crate) fn add(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }

    /// Counts a group.
    pub(crate) fn group(&self, commits: u64, took: Duration) {
        let mut by = self.groups_by.lock().unwrap_or_else(PoisonError::into_inner);
        by.commits.note(commits);
        by.micros.note(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    pub(crate) fn groups_by(&self) -> GroupsBy {
        *self.groups_by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    pub(crate) fn new(base: Base, safe: u64, groups: VecDeque<Group>) -> Self {
        let mut view = View { base: Some(Arc::new(base)), pending: BTreeMap::new() };
        for group in &groups {
            view.publish(&group.writes, group.last);
        }
        let bytes = groups.iter().map(|g| g.bytes).sum();
        Self {
            view: RwLock::new(view),
            queue: Mutex::new(Queue { groups, bytes, ..Queue::default() }),
            queue_changed: Condvar::new(),
            safe: AtomicU64::new(safe),
            counts: Counts::default(),
            watches: Watches::default(),
            stopped: OnceLock::new(),
        }
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn stopped(&self) -> Option<StoreError> {
        self.stopped.get().cloned()
    }

    /// Stops the store for good. The first reason stays.
    pub(crate) fn stop(&self, error: &StoreError) -> StoreError {
        let reason = match error {
            StoreError::Poisoned(_) => error.clone(),
            other => StoreError::Poisoned(other.to_string()),
        };
        tracing::error!(error = %reason, "the store stops");
        let reason = self.stopped.get_or_init(|| reason).clone();
        // Under the lock, so that nobody misses it between looking and waiting.
        let queue = self.queue();
        self.queue_changed.notify_all();
        drop(queue);
        reason
    }

    /// Asks `question` of everything durable, all at one moment: while the view is held nothing
    /// is published, and what is applied meanwhile was published before.
    pub(crate) fn read<T>(
        &self,
        question: impl FnOnce(&View) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        if view.base.is_none() {
            return Err(StoreError::Closed);
        }
        // sled panics where it meets what it can't explain; that is damage, and no more.
        catch_unwind(AssertUnwindSafe(|| question(&view)))
            .unwrap_or_else(|_| Err(StoreError::Damaged("the database can't be read here".into())))
    }
}

#[derive(Debug)]
struct Pending {
    position: u64,
    value: Option<IVec>,
}

/// Pending cells over sled.
#[derive(Debug)]
pub(crate) struct View {
    /// None once closed.
    pub(crate) base: Option<Arc<Base>>,
    pending: BTreeMap<IVec, Pending>,
}

impl View {
    /// Shows a durable group to readers.
    pub(crate) fn publish(&mut self, writes: &[Write], position: u64) {
        for (key, value) in writes {
            self.pending.insert(key.clone(), Pending { position, value: value.clone() });
        }
    }

    /// Forgets cells that sled has now, unless written again since.
    pub(crate) fn forget<'a>(&mut self, keys: impl Iterator<Item = &'a IVec>, applied: u64) {
        for key in keys {
            if self.pending.get(key).is_some_and(|p| p.position <= applied) {
                self.pending.remove(key);
            }
        }
    }

    fn base(&self) -> Result<&Base, StoreError> {
        self.base.as_deref().ok_or(StoreError::Closed)
    }
}

impl Cells for View {
    fn cell(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(pending) = self.pending.get(key) {
            return Ok(pending.value.as_ref().map(|v| v.to_vec()));
        }
        Ok(self.base()?.cell(key)?.map(|v| v.to_vec()))
    }

    fn visit(
        &self,
        (start, end): (&[u8], Option<&[u8]>),
        reverse: bool,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let bounds = (Included(start), end.map_or(Unbounded, Excluded));
        let upper = self.pending.range::<[u8], _>(bounds).map(|(k, p)| (k, &p.value));
        let lower = self.base()?.range(start, end);
        if reverse {
            merge(upper.rev().peekable(), lower.rev().peekable(), true, visit)
        } else {
            merge(upper.peekable(), lower.peekable(), false, visit)
        }
    }
}

/// Two ordered streams as one; of equal keys the upper one counts, a removed one hides the lower.
pub(crate) fn merge<'a>(
    mut upper: Peekable<impl Iterator<Item = (&'a IVec, &'a Option<IVec>)>>,
    mut lower: Peekable<impl Iterator<Item = Result<(IVec, IVec), StoreError>>>,
    reverse: bool,
    visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
) -> Result<(), StoreError> {
    loop {
        let below = match lower.peek() {
            Some(Ok((key, _))) => Some(key),
            Some(Err(error)) => return Err(error.clone()),
            None => None,
        };
        let take_upper = match (upper.peek(), below) {
            (None, None) => return Ok(()),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some((above, _)), Some(below)) => {
                if *above == below {
                    lower.next();
                    true
                } else {
                    (*above < below) != reverse
                }
            }
        };
        let goes_on = if take_upper {
            match upper.next() {
                Some((key, Some(value))) => visit(key, value),
                _ => true,
            }
        } else {
            match lower.next() {
                Some(Ok((key, value))) => visit(&key, &value),
                _ => true,
            }
        };
        if !goes_on {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sled::IVec;

    use super::merge;

    #[test]
    fn upper_cells_hide_lower_ones_in_both_directions() {
        let iv = |text: &str| IVec::from(text.as_bytes());
        let upper: BTreeMap<IVec, Option<IVec>> =
            [("b", Some("B2")), ("c", None), ("e", Some("E"))]
                .map(|(k, v)| (iv(k), v.map(iv)))
                .into();
        let lower = [("a", "A"), ("b", "B1"), ("c", "C"), ("d", "D")];
        let lower = lower.map(|(k, v)| Ok((iv(k), iv(v))));
        let mut seen = Vec::new();
        let mut visit = |key: &[u8], value: &[u8]| {
            seen.push(format!("{}{}", key[0] as char, value[0] as char));
            true
        };
        merge(upper.iter().peekable(), lower.clone().into_iter().peekable(), false, &mut visit)
            .unwrap();
        let back = lower.into_iter().rev().peekable();
        merge(upper.iter().rev().peekable(), back, true, &mut visit).unwrap();
        assert_eq!(seen, ["aA", "bB", "dD", "eE", "eE", "dD", "bB", "aA"]);
    }
}
