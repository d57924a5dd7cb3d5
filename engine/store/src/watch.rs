//! Hearing of rows that change while all rows are read: what makes a copy of one moment.
//!
//! A store notes the keys of each commit under the same lock under which it shows it to readers;
//! [`changed`] takes keys and reads their rows under that lock too. So when nothing is left to
//! take, everything read since the watch began is as of that moment.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::cells::{Cells, read_row};
use crate::error::StoreError;
use crate::key::{Key, Table};
use crate::rows::Row;

type Keys = Mutex<BTreeSet<Vec<u8>>>;

/// Hears of every row that is written or removed as long as it lives.
#[derive(Debug)]
pub struct Watch(Arc<Keys>);

/// The watches of a store.
#[derive(Debug, Default)]
pub struct Watches(Mutex<Vec<Weak<Keys>>>);

/// Rows that changed, each as it is now; none for one that was removed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changed {
    /// Keys with their rows.
    pub rows: Vec<(Key, Option<Row>)>,
    /// How many more there are to take.
    pub left: usize,
}

impl Watches {
    /// A new watch.
    #[must_use]
    pub fn watch(&self) -> Watch {
        let keys = Arc::new(Keys::default());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::downgrade(&keys));
        Watch(keys)
    }

    /// Notes the cells of a commit; only those that are rows count.
    pub fn note<'a>(&self, cells: impl Iterator<Item = &'a [u8]> + Clone) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            return;
        }
        all.retain(|watch| {
            let Some(keys) = watch.upgrade() else { return false };
            let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
            let is_row = |key: &&[u8]| key.first().copied().and_then(Table::numbered).is_some();
            keys.extend(cells.clone().filter(is_row).map(<[u8]>::to_vec));
            true
        });
    }
}

/// Takes up to `most` keys from the watch and reads their rows. The caller holds the lock under
/// which commits are noted.
///
/// # Errors
/// When stored bytes are damaged.
pub fn changed(cells: &dyn Cells, watch: &Watch, most: usize) -> Result<Changed, StoreError> {
    let mut out = Changed::default();
    let mut keys = watch.0.lock().unwrap_or_else(PoisonError::into_inner);
    while out.rows.len() < most {
        let Some(bytes) = keys.pop_first() else { break };
        let Some(key) = Key::parse(&bytes) else {
            return Err(StoreError::Damaged("a changed row has no name".into()));
        };
        let row = read_row(cells, &key)?.map(|(row, _)| row);
        out.rows.push((key, row));
    }
    out.left = keys.len();
    Ok(out)
}
