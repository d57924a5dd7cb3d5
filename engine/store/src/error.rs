//! Why a store did not do what was asked.

use crate::key::Key;

/// What the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A precondition did not hold: read again and decide again. Nothing was written.
    Refused,
    /// Too little space left on the disk. Nothing was written; reads still work.
    DiskFull,
    /// A commit or a value larger than the store takes. Nothing was written.
    TooLarge,
    /// The store is shut, or shutting.
    Closed,
    /// A write or a sync failed. What was not acknowledged is unknown; the process must end.
    Poisoned,
    /// Stored bytes are not what was written.
    Damaged,
    /// A later version wrote it.
    Newer,
    /// Another process holds the directory.
    Held,
    /// The directory can't be written.
    ReadOnly,
    /// The operating system refused something before any commit depended on it.
    Io,
}

/// Why a store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The precondition with this index in the commit did not hold.
    #[error("precondition {index} on {key:?} did not hold")]
    Refused {
        /// Which of the commit's preconditions, from 0.
        index: usize,
        /// The key it speaks of.
        key: Box<Key>,
    },
    /// Too little space left on the disk.
    #[error("{free} bytes are free on the disk of {path}, {needed} are kept for safe work")]
    DiskFull {
        /// The store's directory.
        path: String,
        /// Bytes free.
        free: u64,
        /// Bytes that must stay free.
        needed: u64,
    },
    /// More bytes than a commit may have.
    #[error("a commit of {size} bytes; the most is {limit}")]
    TooLarge {
        /// Bytes asked for.
        size: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The store is shut.
    #[error("the store is closed")]
    Closed,
    /// A write or a sync failed: the process must end.
    #[error("the store stopped at a failed write: {0}")]
    Poisoned(String),
    /// Stored bytes are not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// A later version wrote it.
    #[error("{path} has format {format}, this version knows 1: a newer Tenon wrote it")]
    Newer {
        /// The file that says so.
        path: String,
        /// Its format.
        format: String,
    },
    /// Another process holds the directory.
    #[error("{path} is in use by {holder}")]
    Held {
        /// The store's directory.
        path: String,
        /// The holder as it named itself.
        holder: String,
    },
    /// The directory can't be written.
    #[error("{path} can't be written: {why}")]
    ReadOnly {
        /// The store's directory.
        path: String,
        /// What the operating system said.
        why: String,
    },
    /// The operating system refused.
    #[error("{what}: {why}")]
    Io {
        /// What was tried.
        what: String,
        /// What the operating system said.
        why: String,
    },
}

impl StoreError {
    /// What the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Refused { .. } => Kind::Refused,
            Self::DiskFull { .. } => Kind::DiskFull,
            Self::TooLarge { .. } => Kind::TooLarge,
            Self::Closed => Kind::Closed,
            Self::Poisoned(_) => Kind::Poisoned,
            Self::Damaged(_) => Kind::Damaged,
            Self::Newer { .. } => Kind::Newer,
            Self::Held { .. } => Kind::Held,
            Self::ReadOnly { .. } => Kind::ReadOnly,
            Self::Io { .. } => Kind::Io,
        }
    }

    /// The code of its page.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.kind() {
            Kind::Refused => "store_refused",
            Kind::DiskFull => "store_disk_full",
            Kind::TooLarge => "store_too_large",
            Kind::Closed => "store_closed",
            Kind::Poisoned => "store_poisoned",
            Kind::Damaged => "store_damaged",
            Kind::Newer => "store_newer",
            Kind::Held => "store_held",
            Kind::ReadOnly => "store_read_only",
            Kind::Io => "store_io",
        }
    }
}
