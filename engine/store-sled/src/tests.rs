//! The whole store: the conformance suite, reopening, and what it refuses.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use tempfile::TempDir;
use tenon_store::conformance::{self, Subject, commits, contents};
use tenon_store::{Commit, EventRow, Key, Kind, MemoryStore, MetaRow, Store};

use crate::{Options, SledStore};

fn small() -> Options {
    Options { log_segment_bytes: 64 * 1024, keep_free_bytes: 0, ..Options::held_by("a test") }
}

fn open(path: &Path) -> SledStore {
    SledStore::open(path, small()).unwrap()
}

struct OnDisk {
    directory: TempDir,
    count: AtomicU32,
}

impl OnDisk {
    fn path(&self, n: u32) -> PathBuf {
        self.directory.path().join(n.to_string())
    }
}

#[async_trait]
impl Subject for OnDisk {
    async fn fresh(&self) -> Arc<dyn Store> {
        let n = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        Arc::new(open(&self.path(n)))
    }

    async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        store.close().await.unwrap();
        drop(store);
        Arc::new(open(&self.path(self.count.load(Ordering::Relaxed))))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_on_disk_conforms() {
    let subject = OnDisk { directory: tempfile::tempdir().unwrap(), count: AtomicU32::new(0) };
    conformance::run(&subject).await.unwrap();
}

#[tokio::test]
async fn any_sequence_gives_the_same_here_and_in_memory_over_reopenings() {
    for seed in 1..=12 {
        let directory = tempfile::tempdir().unwrap();
        let memory = MemoryStore::new();
        let mut store = open(directory.path());
        for (n, commit) in commits(seed, 240).into_iter().enumerate() {
            let here = store.commit(commit.clone()).await;
            assert_eq!(here, memory.commit(commit).await, "seed {seed}, commit {n}");
            if n % 60 == 59 {
                store.close().await.unwrap();
                store = open(directory.path());
            }
        }
        let same = contents(&store).await.unwrap() == contents(&memory).await.unwrap();
        assert!(same, "seed {seed}: the contents differ");
    }
}

#[tokio::test]
async fn a_second_process_on_the_directory_is_told_who_holds_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let error = SledStore::open(directory.path(), small()).unwrap_err();
    assert_eq!(error.kind(), Kind::Held);
    assert!(error.to_string().contains("a test (process "), "{error}");
    store.close().await.unwrap();
    open(directory.path());
}

#[tokio::test]
async fn a_nearly_full_disk_refuses_rows_but_not_their_removal_nor_reads() {
    let directory = tempfile::tempdir().unwrap();
    let row = MetaRow { name: "a".into(), value: vec![1] };
    let store = open(directory.path());
    store.commit(Commit::new().put(row.clone())).await.unwrap();
    store.close().await.unwrap();
    let options = Options { keep_free_bytes: u64::MAX, ..small() };
    let store = SledStore::open(directory.path(), options).unwrap();
    let refused = store.commit(Commit::new().put(row.clone())).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::DiskFull);
    assert_eq!(store.get(&row.key()).await.unwrap(), Some(row.clone().into()));
    store.commit(Commit::new().delete(row.key())).await.unwrap();
    assert_eq!(store.get(&row.key()).await.unwrap(), None);
    assert_eq!(store.poisoned(), None);
}

#[tokio::test]
async fn a_failed_write_stops_the_store_for_good_and_reads_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let event = |n| Commit::new().put(EventRow::new("t", n, vec![1; 900]));
    store.commit(event(0)).await.unwrap();
    std::fs::remove_dir_all(directory.path().join("store/log")).unwrap();
    let mut n = 1;
    let error = loop {
        match store.commit(event(n)).await {
            Ok(_) => n += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), Kind::Poisoned);
    assert_eq!(store.commit(event(n)).await.unwrap_err(), error, "and so ever after");
    assert_eq!(store.poisoned(), Some(error));
    let key = Key::Event { task: "t".into(), n: 0 };
    assert!(store.get(&key).await.unwrap().is_some());
    assert_eq!(store.close().await.unwrap_err().kind(), Kind::Poisoned);
}

#[tokio::test]
async fn one_at_a_time_syncs_each_and_many_at_once_share_a_sync() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(directory.path()));
    let event = |task: &str, n| Commit::new().put(EventRow::new(task, n, vec![1; 100]));
    for n in 0..20 {
        store.commit(event("one", n)).await.unwrap();
    }
    let alone = store.counters();
    assert_eq!((alone.commits, alone.groups, alone.syncs), (20, 20, 20));
    let mut running = tokio::task::JoinSet::new();
    for n in 0..512 {
        let store = Arc::clone(&store);
        let commit = event("many", n);
        running.spawn(async move { store.commit(commit).await.unwrap() });
    }
    running.join_all().await;
    let all = store.counters();
    assert_eq!(all.commits, 532);
    assert!(all.syncs - alone.syncs < 256, "{} syncs for 512 commits", all.syncs - alone.syncs);
}

#[tokio::test]
async fn what_a_clean_end_left_needs_no_replay() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for n in 0..50 {
        store.commit(Commit::new().put(EventRow::new("t", n, vec![3; 300]))).await.unwrap();
    }
    store.close().await.unwrap();
    let opened = open(directory.path()).opened();
    assert_eq!((opened.position.0, opened.replayed), (50, 0));
}
