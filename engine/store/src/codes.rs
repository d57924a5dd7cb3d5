//! A page for every fault code of the store.

/// Code, title, why it happens, what to do.
pub const PAGES: &[(&str, &str, &str, &str)] = &[
    (
        "store_refused",
        "Something changed in between",
        "A commit said what it had read, and that was no longer so when its turn came.",
        "Nothing was written. The engine reads again and decides again by itself; a command can \
         simply be repeated.",
    ),
    (
        "store_disk_full",
        "The disk is nearly full",
        "Less space is free than the store keeps for finishing its own work safely. Commits are \
         refused before anything is written; reads, exports and purges still work.",
        "Free space on the disk of the data directory or enlarge it. Work goes on by itself.",
    ),
    (
        "store_too_large",
        "More than one commit may hold",
        "A record, or all records of one commit together, exceed the store's bound.",
        "Find the field with the size (often a body or an attachment) and take it out of the flow.",
    ),
    (
        "store_closed",
        "The store is shut",
        "The process is ending and takes no new work.",
        "Start Tenon again; what was acknowledged is there.",
    ),
    (
        "store_poisoned",
        "A write to disk failed",
        "The operating system reported a failed write or sync. What such a disk holds afterwards \
         is unknown, so nothing more is written and the process ends.",
        "Look at the disk (its log, its cables, its volume), then start again: recovery reads \
         back everything that was acknowledged.",
    ),
    (
        "store_damaged",
        "Stored bytes are not what was written",
        "A checksum does not agree, in the middle of what was acknowledged. A power cut does not \
         do this; a failing disk, or a program that wrote into the directory, does.",
        "Keep a copy of the directory. `tenon store verify` names what is hurt; where it can't be \
         opened at all, take the latest backup into a new directory with `tenon store import`.",
    ),
    (
        "store_newer",
        "A newer Tenon wrote the store",
        "The data directory says it has a format that this version does not know. Nothing was \
         touched.",
        "Start the version that wrote it, or a later one. There, `tenon store export` makes a file \
         that is taken into a new directory.",
    ),
    (
        "store_held",
        "Another process uses the data directory",
        "One directory belongs to one process. The message names the holder.",
        "Use the running server (the command line does so by itself), or end it first.",
    ),
    (
        "store_read_only",
        "The data directory can't be written",
        "The directory, or the volume it lies on, is read-only for this user.",
        "Give the user the right to write, or name another directory with --data.",
    ),
    (
        "store_io",
        "The operating system refused a file operation",
        "A file of the data directory could not be made, opened or read.",
        "The message holds the path and the system's reason; set that right and start again.",
    ),
];

#[cfg(test)]
mod tests {
    use super::PAGES;
    use crate::{StoreError, key::Key};

    #[test]
    fn every_error_has_a_page() {
        let some = || "x".to_string();
        let key = Box::new(Key::Meta { name: some() });
        let all = [
            StoreError::Refused { index: 0, key },
            StoreError::DiskFull { path: some(), free: 1, needed: 2 },
            StoreError::TooLarge { size: 2, limit: 1 },
            StoreError::Closed,
            StoreError::Poisoned(some()),
            StoreError::Damaged(some()),
            StoreError::Newer { path: some(), format: some() },
            StoreError::Held { path: some(), holder: some() },
            StoreError::ReadOnly { path: some(), why: some() },
            StoreError::Io { what: some(), why: some() },
        ];
        assert_eq!(all.len(), PAGES.len());
        for error in all {
            assert!(PAGES.iter().any(|p| p.0 == error.code()), "{} has no page", error.code());
        }
    }
}
