//! The stored form: rows become cells (a key and at most 16 KiB), commits become cell writes.
//!
//! A key-value store needs only [`Cells`] for reading, [`judge`] for writing and [`read_row`],
//! [`scan_rows`] for answering. Everything here is pure; nothing knows a file.

mod form;
mod index;
mod inspect;
mod judge;
mod query;

pub use form::{CELL_MAX, COMMIT_MAX};
pub use inspect::{Hurt, Inspected, Share, inspect};
pub use judge::{Prepared, judge, prepare};
pub(crate) use query::row;
pub use query::{read_row, scan_rows};

use crate::error::StoreError;

/// Reading cells, all at one moment.
pub trait Cells {
    /// The value of a key.
    ///
    /// # Errors
    /// When the bytes below can't be read.
    fn cell(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Visits keys from `start` up to but without `end`, in order or last first, until `visit`
    /// says false.
    ///
    /// # Errors
    /// When the bytes below can't be read.
    fn visit(
        &self,
        interval: (&[u8], Option<&[u8]>),
        reverse: bool,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError>;
}

/// One write: a value, or none to remove the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellWrite {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Option<Vec<u8>>,
}

/// No cells.
#[cfg(test)]
pub(crate) struct Nothing;

/// One cell.
#[cfg(test)]
pub(crate) struct One {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

#[cfg(test)]
impl Cells for Nothing {
    fn cell(&self, _: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    fn visit(
        &self,
        _: (&[u8], Option<&[u8]>),
        _: bool,
        _: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        Ok(())
    }
}

#[cfg(test)]
impl Cells for One {
    fn cell(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok((key == self.key).then(|| self.value.clone()))
    }

    fn visit(
        &self,
        _: (&[u8], Option<&[u8]>),
        _: bool,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        visit(&self.key, &self.value);
        Ok(())
    }
}
