//! The data directory: who holds it, and how it comes into being.
//!
//! ```text
//! lock               held by the one process; its text names the holder
//! store/identity     format and a salt that goes into every checksum of the log
//! store/log/N.log    the commit log's segments
//! store/db/          sled; db.new and db.old while a compacted copy takes its place
//! making/            a store not finished when its process died; never acknowledged anything
//! ```
//! A new store is made in `making`, synced file by file, and renamed to `store`: there is a whole
//! one or none.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use tenon_store::StoreError;

use crate::compact::settle;

const IDENTITY: &[u8; 8] = b"tenon/1\n";
const NAME: &[u8] = b"tenon/";

/// A held directory. Let go when dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    /// `store` below the data directory.
    pub(crate) store: PathBuf,
    /// Goes into every checksum of the log, so that no bytes from outside pass for a frame.
    pub(crate) salt: [u8; 16],
    _lock: File,
}

impl Directory {
    pub(crate) fn log(&self) -> PathBuf {
        self.store.join("log")
    }

    /// Takes the directory for this process, making it and an empty store when there is none.
    /// `fill` makes what belongs into a new store besides the log.
    pub(crate) fn take(
        path: &Path,
        holder: &str,
        fill: impl FnOnce(&Path) -> Result<(), StoreError>,
    ) -> Result<Self, StoreError> {
        make_directory(path)?;
        let lock = take_lock(path, holder)?;
        let store = path.join("store");
        let making = path.join("making");
        if making.exists() {
            fs::remove_dir_all(&making).map_err(|e| io("removing", &making, &e))?;
        }
        if !store.exists() {
            make_store(&making, fill)?;
            fs::rename(&making, &store).map_err(|e| io("naming", &store, &e))?;
            sync_directory(path)?;
        }
        let salt = read_identity(&store.join("identity"))?;
        settle(&store)?;
        Ok(Self { store, salt, _lock: lock })
    }

    /// Bytes free for this process, and whether `bytes` more are.
    pub(crate) fn free_bytes(&self) -> Result<u64, StoreError> {
        let stat = rustix::fs::statvfs(&self.store)
            .map_err(|e| io("asking for free space", &self.store, &e.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

fn make_store(
    making: &Path,
    fill: impl FnOnce(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let log = making.join("log");
    let db = making.join("db");
    for path in [making, &log, &db] {
        fs::create_dir(path).map_err(|e| refused(path, &e))?;
    }
    fill(&db)?;
    let identity = making.join("identity");
    let mut bytes = IDENTITY.to_vec();
    for _ in 0..2 {
        // Each state is seeded by the operating system's own randomness.
        bytes.extend_from_slice(&RandomState::new().hash_one(making).to_be_bytes());
    }
    let sum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&sum.to_be_bytes());
    File::create(&identity)
        .and_then(|mut file| file.write_all(&bytes))
        .map_err(|e| refused(&identity, &e))?;
    sync_below(making)
}

fn read_identity(path: &Path) -> Result<[u8; 16], StoreError> {
    let bytes = fs::read(path).map_err(|e| match e.kind() {
        ErrorKind::NotFound => StoreError::Damaged(format!("{} is missing", path.display())),
        _ => io("reading", path, &e),
    })?;
    let damaged = || StoreError::Damaged(format!("{} is not ours", path.display()));
    let (body, sum) = bytes.split_last_chunk::<4>().ok_or_else(damaged)?;
    if crc32fast::hash(body) != u32::from_be_bytes(*sum) {
        return Err(damaged());
    }
    let Some(salt) = body.strip_prefix(IDENTITY) else {
        let version = body.strip_prefix(NAME).ok_or_else(damaged)?;
        let version = version.split(|b| *b == b'\n').next().unwrap_or_default();
        return Err(StoreError::Newer {
            path: path.display().to_string(),
            format: String::from_utf8_lossy(version).into_owned(),
        });
    };
    salt.try_into().map_err(|_| damaged())
}

/// One process per directory: an advisory lock that ends with the process.
fn take_lock(path: &Path, holder: &str) -> Result<File, StoreError> {
    let name = path.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&name)
        .map_err(|e| refused(&name, &e))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let read = file.read_to_string(&mut text);
            let known = read.is_ok() && !text.is_empty();
            let holder = if known { text } else { "another process".into() };
            return Err(StoreError::Held { path: path.display().to_string(), holder });
        }
        Err(TryLockError::Error(e)) => return Err(io("locking", &name, &e)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| write!(file, "{holder} (process {})", std::process::id()))
        .map_err(|e| refused(&name, &e))?;
    Ok(file)
}

/// Makes the directory and what leads to it, each durable in its parent.
fn make_directory(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make_directory(parent)?;
    match fs::create_dir(path) {
        Ok(()) => sync_directory(parent),
        Err(e) if e.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(e) => Err(refused(path, &e)),
    }
}

/// Syncs every file and directory below, the deepest first.
pub(crate) fn sync_below(path: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(path).map_err(|e| io("listing", path, &e))? {
        let entry = entry.map_err(|e| io("listing", path, &e))?.path();
        if entry.is_dir() {
            sync_below(&entry)?;
        } else {
            sync_directory(&entry)?;
        }
    }
    sync_directory(path)
}

/// Makes a directory's names durable (or a file's bytes).
pub(crate) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|f| f.sync_all()).map_err(|e| io("syncing", path, &e))
}

pub(crate) fn io(what: &str, path: &Path, error: &std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            StoreError::DiskFull { path: path.display().to_string(), free: 0, needed: 0 }
        }
        _ => StoreError::Io { what: format!("{what} {}", path.display()), why: error.to_string() },
    }
}

/// An error of making or opening for writing: read-only is told apart.
fn refused(path: &Path, error: &std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly { path: path.display().to_string(), why: error.to_string() }
        }
        _ => io("making", path, error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};
    use std::path::Path;

    use tenon_store::{Kind, StoreError};

    use super::{Directory, refused};

    fn take(path: &Path) -> Result<Directory, StoreError> {
        Directory::take(path, "tenon serve", |_| Ok(()))
    }

    #[test]
    fn a_second_holder_is_told_who_the_first_is() {
        let path = tempfile::tempdir().unwrap();
        let first = take(path.path()).unwrap();
        let second = take(path.path()).unwrap_err().to_string();
        let holder = format!("tenon serve (process {})", std::process::id());
        assert!(second.contains(&holder), "{second}");
        drop(first);
        take(path.path()).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_refused_with_that_reason() {
        for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem] {
            let error = refused(Path::new("/data"), &Error::from(kind));
            assert_eq!(error.kind(), Kind::ReadOnly);
        }
        let full = refused(Path::new("/data"), &Error::from(ErrorKind::StorageFull));
        assert_eq!(full.kind(), Kind::DiskFull);
    }

    #[test]
    fn a_store_whose_making_broke_off_is_made_anew() {
        let path = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(path.path().join("making/db")).unwrap();
        std::fs::write(path.path().join("making/identity"), b"ten").unwrap();
        let salt = take(path.path()).unwrap().salt;
        assert_eq!(take(path.path()).unwrap().salt, salt, "and then stays the same");
    }

    #[test]
    fn a_changed_or_missing_identity_is_damage() {
        let path = tempfile::tempdir().unwrap();
        drop(take(path.path()).unwrap());
        let identity = path.path().join("store/identity");
        let mut bytes = std::fs::read(&identity).unwrap();
        bytes[9] ^= 1;
        std::fs::write(&identity, bytes).unwrap();
        assert_eq!(take(path.path()).unwrap_err().kind(), Kind::Damaged);
        std::fs::remove_file(&identity).unwrap();
        assert_eq!(take(path.path()).unwrap_err().kind(), Kind::Damaged);
    }
}
