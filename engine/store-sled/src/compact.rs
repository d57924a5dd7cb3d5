//! Giving back room, and keeping the next start short.
//!
//! sled writes its snapshot only when it is opened, and then reads everything written since the one
//! before. So it is opened again when nothing happens and that has become much. It also never makes
//! its file smaller: for that, all cells are copied into a new one, which takes the old one's place.
//!
//! ```text
//! db.new   a copy that is not whole yet           removed at the next start
//! db.old   the one before, while the names change put back when there is no `db`, else removed
//! ```

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use sled::IVec;
use tenon_store::StoreError;

use crate::base::{Base, CELL_COST, FIRST_KEY, Marks};
use crate::directory::{io, sync_below, sync_directory};
use crate::pending::Shared;

/// Bytes of one batch of a copy.
const BATCH_BYTES: usize = 256 * 1024;

/// Where sled lies, and how it is opened.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// `store` below the data directory.
    pub(crate) store: std::path::PathBuf,
    pub(crate) cache_bytes: u64,
    pub(crate) salt: [u8; 16],
}

impl Place {
    pub(crate) fn open(&self) -> Result<Base, StoreError> {
        let base = Base::open(&self.store.join("db"), self.cache_bytes)?;
        base.belongs_to(&self.salt)?;
        Ok(base)
    }

    /// Bytes the store takes on disk.
    pub(crate) fn bytes(&self) -> Result<u64, StoreError> {
        bytes_below(&self.store)
    }
}

/// Ends a change of names that broke off.
pub(crate) fn settle(store: &Path) -> Result<(), StoreError> {
    let (db, old) = (store.join("db"), store.join("db.old"));
    if old.exists() && !db.exists() {
        rename(&old, &db)?;
        sync_directory(store)?;
    }
    remove(&old)?;
    remove(&store.join("db.new"))
}

/// Opens sled again. Readers and the writer wait meanwhile.
pub(crate) fn reopen(shared: &Shared, place: &Place) -> Result<(), StoreError> {
    let mut view = shared.view.write().unwrap_or_else(PoisonError::into_inner);
    view.base = None;
    view.base = Some(Arc::new(place.open()?));
    Ok(())
}

/// Copies every cell of `base` beside it.
pub(crate) fn copy(base: &Base, marks: Marks, place: &Place) -> Result<(), StoreError> {
    let to = place.store.join("db.new");
    remove(&to)?;
    fs::create_dir(&to).map_err(|e| io("making", &to, &e))?;
    let new = Base::open(&to, place.cache_bytes)?;
    new.belongs_to(&place.salt)?;
    let mut batch: Vec<(IVec, Option<IVec>)> = Vec::new();
    let mut bytes = 0;
    for cell in base.range(FIRST_KEY, None) {
        let (key, value) = cell?;
        bytes += CELL_COST + key.len() + value.len();
        batch.push((key, Some(value)));
        if bytes > BATCH_BYTES {
            new.apply(batch.iter().map(|(k, v)| (k, v)), marks)?;
            new.sync()?;
            batch.clear();
            bytes = 0;
        }
    }
    new.apply(batch.iter().map(|(k, v)| (k, v)), marks)?;
    new.sync()?;
    drop(new);
    sync_below(&to)
}

/// Puts the copy in the place of what it was made of. Readers and the writer wait meanwhile.
pub(crate) fn swap(shared: &Shared, place: &Place) -> Result<(), StoreError> {
    let store = &place.store;
    let (db, old) = (store.join("db"), store.join("db.old"));
    let mut view = shared.view.write().unwrap_or_else(PoisonError::into_inner);
    view.base = None;
    rename(&db, &old)?;
    rename(&store.join("db.new"), &db)?;
    sync_directory(store)?;
    view.base = Some(Arc::new(place.open()?));
    drop(view);
    remove(&old)
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|e| io("naming", to, &e))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(io("removing", path, &e)),
        _ => Ok(()),
    }
}

fn bytes_below(path: &Path) -> Result<u64, StoreError> {
    let mut bytes: u64 = 0;
    for entry in fs::read_dir(path).map_err(|e| io("listing", path, &e))? {
        let entry = entry.map_err(|e| io("listing", path, &e))?;
        let path = entry.path();
        match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes = bytes.saturating_add(bytes_below(&path)?),
            Ok(meta) => bytes = bytes.saturating_add(meta.blocks().saturating_mul(512)),
            // It was removed in between.
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(io("reading", &path, &e)),
        }
    }
    Ok(bytes)
}
