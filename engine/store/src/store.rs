//! The trait every store implements.

use async_trait::async_trait;

use crate::cells::Inspected;
use crate::commit::{Commit, Position};
use crate::error::StoreError;
use crate::key::Key;
use crate::rows::Row;
use crate::select::{Page, Scan};
use crate::spread::Spread;
use crate::watch::{Changed, Watch};

/// What a store counted since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Commits made durable.
    pub commits: u64,
    /// Groups of commits that shared one sync.
    pub groups: u64,
    /// Syncs of the commit log (fdatasync calls that an acknowledgement waited for).
    pub syncs: u64,
    /// Syncs of anything else, in the background.
    pub background_syncs: u64,
    /// Bytes written to the commit log.
    pub log_bytes: u64,
    /// Bytes that are durable in the commit log and not applied to the tables yet.
    pub unapplied: u64,
    /// Commits in each group.
    pub group_commits: Spread,
    /// Microseconds from a group's last commit to its sync, the sync with it.
    pub group_micros: Spread,
}

/// Bytes on disk before and after a compaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compacted {
    /// Before.
    pub before_bytes: u64,
    /// After.
    pub after_bytes: u64,
}

fn unable(what: &str) -> StoreError {
    StoreError::Io { what: what.into(), why: "this kind of store can't".into() }
}

/// Where Tenon keeps what it must not forget.
///
/// Reads see every acknowledged commit and never a commit that is not durable yet.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Does all of `commit` or nothing. Resolves when it is durable.
    ///
    /// # Errors
    /// See [`StoreError`]; after [`crate::Kind::Poisoned`] the process must end.
    async fn commit(&self, commit: Commit) -> Result<Position, StoreError>;

    /// The row and the position that wrote it.
    ///
    /// # Errors
    /// When stored bytes are damaged or the store is shut.
    async fn read(&self, key: &Key) -> Result<Option<(Row, Position)>, StoreError>;

    /// Rows in the order of the selection, all seen at one moment.
    ///
    /// # Errors
    /// When stored bytes are damaged or the store is shut.
    async fn scan(&self, scan: Scan) -> Result<Page, StoreError>;

    /// Stops taking commits, finishes those taken, and lets go of the directory.
    ///
    /// # Errors
    /// When finishing failed; what was acknowledged is safe all the same.
    async fn close(&self) -> Result<(), StoreError>;

    /// What was counted since opening.
    fn counters(&self) -> Counters;

    /// Bytes its files take on the disk; none for a store that has no files of its own.
    fn bytes_on_disk(&self) -> Option<u64> {
        None
    }

    /// The error that stopped the store for good, once there is one. The process must then end.
    fn poisoned(&self) -> Option<StoreError>;

    /// Hears of every row that changes from now on.
    ///
    /// # Errors
    /// When the store is shut, or is of a kind that can't be watched.
    fn watch(&self) -> Result<Watch, StoreError> {
        Err(unable("watching"))
    }

    /// Takes up to `most` of the rows a watch heard of, all as they are at one moment. When none is
    /// left, everything read since the watch began is as of that moment.
    ///
    /// # Errors
    /// When stored bytes are damaged or the store is shut.
    async fn changed(&self, _watch: &Watch, _most: usize) -> Result<Changed, StoreError> {
        Err(unable("watching"))
    }

    /// Looks at up to `limit` stored cells behind a place: whether they are whole, and the room they
    /// take.
    ///
    /// # Errors
    /// When nothing can be read at all, or the store is of a kind that can't be looked through.
    async fn inspect(
        &self,
        _after: Option<Vec<u8>>,
        _limit: usize,
    ) -> Result<Inspected, StoreError> {
        Err(unable("looking through"))
    }

    /// Gives back room that removed rows took, and makes the next start short. Work may stand still
    /// meanwhile.
    ///
    /// # Errors
    /// When the store is shut or fails.
    async fn compact(&self) -> Result<Compacted, StoreError> {
        Ok(Compacted::default())
    }

    /// The row.
    ///
    /// # Errors
    /// As [`Store::read`].
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        Ok(self.read(key).await?.map(|(row, _)| row))
    }
}
