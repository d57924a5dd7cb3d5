//! The suite every store passes. Each case is a sentence; a case that fails panics with it.

mod cases;
mod copies;
mod seed;

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::StoreError;
use crate::rows::Row;
use crate::{Position, Scan, Select, Store, Table};

/// How the suite gets at a store.
#[async_trait]
pub trait Subject: Send + Sync {
    /// A new, empty store.
    async fn fresh(&self) -> Arc<dyn Store>;
    /// The same store after its process ended and started again. A store that lives in memory
    /// gives itself.
    async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store>;
}

pub use seed::{Dice, commits, samples};

type Outcome = Result<(), StoreError>;

/// Runs every case, each on a fresh store; after each, the store is opened again and must hold
/// the same rows.
///
/// # Errors
/// When the store gives an error where the suite expects none.
///
/// # Panics
/// With the sentence of the first case that does not hold.
pub async fn run(subject: &dyn Subject) -> Outcome {
    case(subject, cases::rows_come_back).await?;
    case(subject, cases::a_refused_commit_leaves_nothing).await?;
    case(subject, cases::versions_are_the_positions_of_the_last_write).await?;
    case(subject, cases::later_ops_of_a_commit_win).await?;
    case(subject, cases::tasks_are_found_by_state_lane_record_parent_and_time).await?;
    case(subject, cases::events_are_read_in_order_and_in_pages).await?;
    case(subject, cases::long_values_and_equal_payloads).await?;
    case(subject, cases::a_dropped_journal_leaves_the_summary).await?;
    case(subject, cases::due_timers_come_by_time).await?;
    case(subject, cases::locks_and_references_are_found_from_both_ends).await?;
    case(subject, cases::deliveries_and_audit_lines_come_by_time).await?;
    case(subject, cases::commits_at_once_are_judged_one_after_another).await?;
    case(subject, cases::commits_made_from_a_seed).await?;
    case(subject, copies::nothing_is_hurt_in_a_sound_store).await?;
    case(subject, copies::an_export_gives_the_same_rows_again).await?;
    case(subject, copies::an_export_made_while_work_goes_on_is_of_one_moment).await?;
    case(subject, copies::compacting_changes_no_row).await?;
    cases::closed_stores_refuse(subject.fresh().await).await
}

async fn case<F>(subject: &dyn Subject, case: impl Fn(Arc<dyn Store>) -> F) -> Outcome
where
    F: Future<Output = Outcome>,
{
    let store = subject.fresh().await;
    case(Arc::clone(&store)).await?;
    let before = contents(&*store).await?;
    let store = subject.reopen(store).await;
    assert_eq!(contents(&*store).await?, before, "a store opened again holds the same rows");
    store.close().await
}

/// Every row with its position, table by table, in order.
///
/// # Errors
/// As the store's.
pub async fn contents(store: &dyn Store) -> Result<Vec<(Row, Position)>, StoreError> {
    let mut out = Vec::new();
    for table in Table::ALL {
        for row in all(store, Scan::new(Select::All(table)).limit(7)).await? {
            let read = store.read(&row.key()).await?;
            assert_eq!(read.as_ref().map(|(r, _)| r), Some(&row), "scan and read agree");
            out.extend(read);
        }
    }
    Ok(out)
}

/// Every row of a scan, page after page.
///
/// # Errors
/// As the store's.
pub async fn all(store: &dyn Store, scan: Scan) -> Result<Vec<Row>, StoreError> {
    let mut out = Vec::new();
    let mut after = None;
    loop {
        let page = store.scan(scan.clone().after(after)).await?;
        out.extend(page.rows);
        if page.next.is_none() {
            return Ok(out);
        }
        after = page.next;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Subject, run};
    use crate::{MemoryStore, Store};

    struct InMemory;

    #[async_trait::async_trait]
    impl Subject for InMemory {
        async fn fresh(&self) -> Arc<dyn Store> {
            Arc::new(MemoryStore::new())
        }

        async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
            store
        }
    }

    #[tokio::test]
    async fn the_store_in_memory_conforms() {
        run(&InMemory).await.unwrap();
    }
}
