//! The few things about a store that can be set.

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who opens it, for the message another process gets (`tenon serve`).
    pub holder: String,
    /// Bytes of a log segment. Segments are made once and used again.
    pub log_segment_bytes: usize,
    /// Bytes that must stay free on the disk for commits to be taken.
    pub keep_free_bytes: u64,
    /// Commits are held back while more bytes than this wait to be applied.
    pub pending_bytes: usize,
    /// In quiet times sled is opened again when it wrote more bytes than this since it was opened: the
    /// next start would read them all.
    pub reopen_bytes: usize,
    /// sled's cache, in bytes.
    pub cache_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            holder: "tenon".into(),
            log_segment_bytes: 8 * 1024 * 1024,
            keep_free_bytes: 64 * 1024 * 1024,
            pending_bytes: 16 * 1024 * 1024,
            reopen_bytes: 128 * 1024 * 1024,
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

impl Options {
    /// The defaults, held by `holder`.
    #[must_use]
    pub fn held_by(holder: impl Into<String>) -> Self {
        Self { holder: holder.into(), ..Self::default() }
    }
}
