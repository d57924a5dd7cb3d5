//! A store that tells the metrics what it was given to keep.

use std::sync::Arc;

use async_trait::async_trait;
use tenon_store::cells::Inspected;
use tenon_store::{
    Changed, Commit, Compacted, Counters, Key, Op, Page, Position, Row, Scan, Store, StoreError,
    TaskRow, Watch,
};

use super::metrics::Metrics;
use super::tally::{Place, Stand, place};

/// The store, with an eye on the rows of tasks.
pub(crate) struct Counted {
    inside: Arc<dyn Store>,
    metrics: Arc<Metrics>,
}

/// What a commit says of a task.
pub(super) struct Noted {
    pub(super) place: Place,
    pub(super) stand: Option<Stand>,
    pub(super) at_ms: i64,
    pub(super) flow: String,
    /// What started it, where it is made by this commit.
    pub(super) made_by: Option<String>,
    pub(super) state: String,
}

impl Noted {
    fn of(row: &TaskRow) -> Noted {
        Noted {
            place: place(&row.id),
            stand: Stand::of(row),
            at_ms: row.updated_ms,
            flow: row.flow.clone(),
            made_by: (row.events <= 1 && row.state == "queued").then(|| row.trigger.clone()),
            state: row.state.clone(),
        }
    }
}

impl Noted {
    /// Of a task whose row is removed.
    fn gone(id: &str) -> Noted {
        Noted {
            place: place(id),
            stand: None,
            at_ms: 0,
            flow: String::new(),
            made_by: None,
            state: String::new(),
        }
    }
}

impl Counted {
    /// A store that tells these metrics.
    pub(crate) fn new(inside: Arc<dyn Store>, metrics: Arc<Metrics>) -> Counted {
        Counted { inside, metrics }
    }
}

#[async_trait]
impl Store for Counted {
    async fn commit(&self, commit: Commit) -> Result<Position, StoreError> {
        let tasks = commit.ops.iter().filter_map(|op| match op {
            Op::Put(Row::Task(row)) => Some(Noted::of(row)),
            Op::Delete(Key::Task { id }) => Some(Noted::gone(id)),
            _ => None,
        });
        let noted: Vec<Noted> = tasks.collect();
        let position = self.inside.commit(commit).await?;
        for task in noted {
            self.metrics.task(task);
        }
        Ok(position)
    }

    async fn read(&self, key: &Key) -> Result<Option<(Row, Position)>, StoreError> {
        self.inside.read(key).await
    }

    async fn scan(&self, scan: Scan) -> Result<Page, StoreError> {
        self.inside.scan(scan).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inside.close().await
    }

    fn counters(&self) -> Counters {
        self.inside.counters()
    }

    fn bytes_on_disk(&self) -> Option<u64> {
        self.inside.bytes_on_disk()
    }

    fn poisoned(&self) -> Option<StoreError> {
        self.inside.poisoned()
    }

    fn watch(&self) -> Result<Watch, StoreError> {
        self.inside.watch()
    }

    async fn changed(&self, watch: &Watch, most: usize) -> Result<Changed, StoreError> {
        self.inside.changed(watch, most).await
    }

    async fn inspect(&self, after: Option<Vec<u8>>, limit: usize) -> Result<Inspected, StoreError> {
        self.inside.inspect(after, limit).await
    }

    async fn compact(&self) -> Result<Compacted, StoreError> {
        self.inside.compact().await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tenon_store::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn only_what_is_kept_counts_and_a_row_that_is_removed_counts_no_more() {
        let metrics = Arc::new(Metrics::new());
        let store = Counted::new(Arc::new(MemoryStore::new()), metrics.clone());
        let row = |state: &str| TaskRow {
            id: "task_1".to_owned(),
            flow: "order".to_owned(),
            state: state.to_owned(),
            ..TaskRow::default()
        };
        let counts = || metrics.tally().now(&HashMap::new()).into_keys().collect::<Vec<_>>();
        let refused = Commit::new().absent(row("queued").key()).put(row("queued"));
        store.commit(refused.clone()).await.unwrap();
        store.commit(Commit::new().put(row("failed"))).await.unwrap();
        store.commit(refused).await.unwrap_err();
        assert_eq!(counts(), [("failed", "")], "what was refused is not so");
        store.commit(Commit::new().delete(row("failed").key())).await.unwrap();
        assert_eq!(counts(), []);
    }
}
