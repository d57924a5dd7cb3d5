//! Files that are cut, changed, exchanged, of another version, or left by a process that ended in the
//! middle of something.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tenon_store::conformance::{Dice, commits, contents, samples};
use tenon_store::{Commit, EventRow, Kind, MetaRow, Position, Row, Store, StoreError};

use crate::{Options, SledStore};

fn options() -> Options {
    Options { log_segment_bytes: 64 * 1024, keep_free_bytes: 0, ..Options::held_by("a test") }
}

fn open(path: &Path) -> Result<SledStore, StoreError> {
    SledStore::open(path, options())
}

/// A store that was written and closed, and what it holds.
async fn filled(seed: u64) -> (TempDir, Vec<(Row, Position)>) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    store.commit(samples().into_iter().fold(Commit::new(), Commit::put)).await.unwrap();
    for commit in commits(seed, 150) {
        let _ = store.commit(commit).await;
    }
    let held = contents(&store).await.unwrap();
    store.close().await.unwrap();
    (directory, held)
}

fn copied(from: &Path) -> TempDir {
    fn copy(from: &Path, to: &Path) {
        for entry in fs::read_dir(from).unwrap() {
            let (path, name) = entry.map(|e| (e.path(), e.file_name())).unwrap();
            if path.is_dir() {
                fs::create_dir(to.join(&name)).unwrap();
                copy(&path, &to.join(&name));
            } else {
                fs::copy(&path, to.join(&name)).unwrap();
            }
        }
    }
    let to = tempfile::tempdir().unwrap();
    copy(from, to.path());
    to
}

fn files(path: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out.sort();
    out
}

/// Opens and reads everything: what was refused, or how many rows were named as hurt. Whatever is
/// neither refused nor named must be as it was.
async fn judged(path: &Path, held: &[(Row, Position)], what: &str) -> Result<u64, StoreError> {
    let store = open(path)?;
    let mut hurt = 0;
    let mut after = None;
    loop {
        match store.inspect(after, 500).await {
            Ok(page) => {
                if !page.hurt.is_empty() {
                    println!("{what}: {:?}", page.hurt);
                }
                hurt += page.hurt.len() as u64;
                after = page.next;
            }
            Err(error) => {
                assert_eq!(error.kind(), Kind::Damaged, "{what}: {error}");
                hurt += 1;
                break;
            }
        }
        if after.is_none() {
            break;
        }
    }
    if hurt == 0 {
        let now = contents(&store).await.unwrap();
        assert!(now == held, "{what}: other rows, and nobody says so");
    }
    let _ = store.close().await;
    Ok(hurt)
}

#[tokio::test]
async fn a_changed_byte_is_refused_named_or_of_no_consequence() {
    let (directory, held) = filled(1).await;
    let mut dice = Dice::new(1);
    let mut refused = 0;
    for file in files(&directory.path().join("store")) {
        let length = fs::metadata(&file).unwrap().len();
        let name = file.strip_prefix(directory.path()).unwrap();
        for _ in 0..12 {
            let copy = copied(directory.path());
            let place = copy.path().join(name);
            let mut bytes = fs::read(&place).unwrap();
            let at = usize::try_from(dice.below(length)).unwrap();
            bytes[at] ^= 1 << dice.below(8);
            fs::write(&place, bytes).unwrap();
            let what = format!("{} changed at {at}", name.display());
            match judged(copy.path(), &held, &what).await {
                Ok(hurt) => refused += hurt,
                Err(error) => {
                    assert_eq!(error.kind(), Kind::Damaged, "{what}: {error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused >= 10, "only {refused} changes had a consequence: the test proves little");
}

#[tokio::test]
async fn a_file_cut_short_or_lost_is_refused_or_of_no_consequence() {
    let (directory, held) = filled(2).await;
    let mut refused = 0;
    for file in files(&directory.path().join("store")) {
        let length = fs::metadata(&file).unwrap().len();
        let name = file.strip_prefix(directory.path()).unwrap();
        for part in [0, 1, 3, 7, 8] {
            let copy = copied(directory.path());
            let place = copy.path().join(name);
            let left = length * part / 8;
            if part == 8 {
                fs::remove_file(&place).unwrap();
            } else {
                fs::OpenOptions::new().write(true).open(&place).unwrap().set_len(left).unwrap();
            }
            let what = format!("{} cut to {left} (part {part})", name.display());
            match judged(copy.path(), &held, &what).await {
                Ok(hurt) => refused += hurt,
                Err(error) => {
                    assert!(matches!(error.kind(), Kind::Damaged | Kind::Io), "{what}: {error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused >= 10, "only {refused} cuts had a consequence: the test proves little");
}

#[tokio::test]
async fn files_of_another_store_and_of_another_time_are_refused() {
    let (one, _) = filled(3).await;
    let (other, _) = filled(4).await;
    for part in ["store/db", "store/log"] {
        let mixed = copied(one.path());
        let place = mixed.path().join(part);
        fs::remove_dir_all(&place).unwrap();
        fs::rename(other.path().join(part), &place).unwrap();
        let error = open(mixed.path()).unwrap_err();
        assert_eq!(error.kind(), Kind::Damaged, "{part}: {error}");
        let said = error.to_string();
        assert!(said.contains("two different stores") || said.contains("only up to 0"), "{said}");
    }
    let (now, _) = filled(5).await;
    let before = copied(now.path());
    let store = open(now.path()).unwrap();
    for n in 0..600 {
        store.commit(Commit::new().put(EventRow::new("t", n, vec![5; 900]))).await.unwrap();
    }
    store.close().await.unwrap();
    for part in ["store/db", "store/log"] {
        let mixed = copied(now.path());
        let place = mixed.path().join(part);
        fs::remove_dir_all(&place).unwrap();
        fs::rename(before.path().join(part), &place).unwrap();
        let error = open(mixed.path()).unwrap_err().to_string();
        assert!(error.contains("commit log"), "{part}: {error}");
    }
}

#[tokio::test]
async fn a_store_of_a_later_version_is_refused_by_that_name_and_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).unwrap().close().await.unwrap();
    let identity = directory.path().join("store/identity");
    let mut bytes = fs::read(&identity).unwrap();
    bytes[6] = b'2';
    let end = bytes.len() - 4;
    let sum = crc32fast::hash(&bytes[..end]).to_be_bytes();
    bytes[end..].copy_from_slice(&sum);
    fs::write(&identity, &bytes).unwrap();
    let error = open(directory.path()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Newer, "store_newer"));
    let said = error.to_string();
    assert!(said.contains("format 2") && said.contains("identity"), "{said}");
    assert_eq!(fs::read(&identity).unwrap(), bytes);
}

#[tokio::test]
async fn a_compaction_that_broke_off_at_any_point_loses_nothing() {
    let (directory, held) = filled(6).await;
    let store = directory.path().join("store");
    // While the copy was made; between the names; before the old one was removed.
    fs::create_dir(store.join("db.new")).unwrap();
    fs::write(store.join("db.new/db"), b"half").unwrap();
    assert_eq!(judged(directory.path(), &held, "half a copy").await.unwrap(), 0);
    assert!(!store.join("db.new").exists());
    fs::create_dir(store.join("db.new")).unwrap();
    fs::rename(store.join("db"), store.join("db.old")).unwrap();
    assert_eq!(judged(directory.path(), &held, "between the names").await.unwrap(), 0);
    fs::create_dir(store.join("db.old")).unwrap();
    assert_eq!(judged(directory.path(), &held, "an old one left").await.unwrap(), 0);
    assert!(!store.join("db.old").exists() && store.join("db").is_dir());
}

#[tokio::test]
async fn compacting_makes_files_smaller_and_the_log_too() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let value = |n: u64| -> Vec<u8> {
        let mut dice = Dice::new(n);
        (0..3_000).map(|_| u8::try_from(dice.below(256)).unwrap()).collect()
    };
    for n in 0..1_500 {
        let name = format!("m{n}");
        store.commit(Commit::new().put(MetaRow { name, value: value(n) })).await.unwrap();
    }
    for n in 0..1_490 {
        let key = MetaRow { name: format!("m{n}"), value: Vec::new() }.key();
        store.commit(Commit::new().delete(key)).await.unwrap();
    }
    let before = contents(&store).await.unwrap();
    let done = store.compact().await.unwrap();
    assert!(done.after_bytes < done.before_bytes / 2, "{done:?}");
    let logs = files(&directory.path().join("store/log")).len();
    assert!(logs <= 3, "{logs} segments are left");
    assert_eq!(contents(&store).await.unwrap(), before);
    let more = store.commit(Commit::new().put(EventRow::new("t", 0, vec![1]))).await.unwrap();
    assert_eq!(more, Position(2_991));
    let before = contents(&store).await.unwrap();
    // Ended without being closed: what was acknowledged since is in the log.
    let left = copied(directory.path());
    drop(store);
    let again = open(left.path()).unwrap();
    assert_eq!(contents(&again).await.unwrap(), before);
}

#[tokio::test]
async fn in_quiet_times_sled_is_opened_again_and_work_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let store =
        SledStore::open(directory.path(), Options { reopen_bytes: 100_000, ..options() }).unwrap();
    for n in 0..400 {
        store.commit(Commit::new().put(EventRow::new("t", n, vec![5; 900]))).await.unwrap();
    }
    let before = contents(&store).await.unwrap();
    let wait = async {
        while store.reopened() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap();
    assert_eq!(contents(&store).await.unwrap(), before);
    store.commit(Commit::new().put(EventRow::new("t", 400, vec![5]))).await.unwrap();
    assert_eq!(contents(&store).await.unwrap().len(), 401);
}
