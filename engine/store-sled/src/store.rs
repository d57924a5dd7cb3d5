//! The store as the rest of Tenon sees it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};

use async_trait::async_trait;
use tenon_store::cells::{Inspected, inspect, prepare, read_row, scan_rows};
use tenon_store::watch::changed;
use tenon_store::{
    Changed, Commit, Compacted, Counters, Key, Page, Position, Row, Scan, Store, StoreError, Watch,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::apply::Applier;
use crate::base::Base;
use crate::compact::Place;
use crate::directory::{Directory, io};
use crate::log::Log;
use crate::options::Options;
use crate::pending::Shared;
use crate::recovery::recover;
use crate::writer::{Request, Writer};

/// Commits that may wait for the writer before callers wait to hand theirs in.
const WAITING: usize = 1024;

/// The embedded store. Dropping it finishes in the background; [`Store::close`] waits for that.
#[derive(Debug)]
pub struct SledStore {
    requests: mpsc::Sender<Request>,
    shared: Arc<Shared>,
    ended: watch::Receiver<bool>,
    opened: Opened,
    place: Place,
}

/// What opening found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// The last commit.
    pub position: Position,
    /// Groups read from the log because the database may not have had them.
    pub replayed: usize,
}

impl SledStore {
    /// Opens the store in `path`, making both where there is none. Blocks while it reads; call
    /// it before work starts.
    ///
    /// # Errors
    /// [`StoreError::Held`] with the holder's name, [`StoreError::ReadOnly`],
    /// [`StoreError::Damaged`] when something acknowledged can't be there, or the system's error.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        let cache = options.cache_bytes;
        let directory = Directory::take(path, &options.holder, |db| {
            // Made, and let go again, so that the whole of it is renamed into place.
            Base::open(db, cache).map(drop)
        })?;
        let place =
            Place { store: directory.store.clone(), cache_bytes: cache, salt: directory.salt };
        let base = place.open()?;
        let marks = base.marks()?;
        let recovered = recover(&directory.log(), &directory.salt, marks)?;
        let opened = Opened {
            position: Position(recovered.resume.position),
            replayed: recovered.groups.len(),
        };
        let log =
            Log::new(&directory.log(), directory.salt, options.log_segment_bytes, recovered.resume);
        let shared = Arc::new(Shared::new(base, marks.safe, recovered.groups));
        let applier = Applier::new(Arc::clone(&shared), place.clone(), marks)
            .reopening_after(options.reopen_bytes);
        let applier = spawn_applier(&shared, applier)?;
        let directory = Arc::new(directory);
        let writer = Writer { log, directory, options, shared: Arc::clone(&shared) };
        let (requests, receiver) = mpsc::channel(WAITING);
        let (end, ended) = watch::channel(false);
        let serve = move || {
            serve(writer, receiver, applier);
            // Nobody listening is fine.
            let _ = end.send(true);
        };
        spawn("store-writer", serve)?;
        Ok(Self { requests, shared, ended, opened, place })
    }

    /// Bytes the store takes on disk.
    ///
    /// # Errors
    /// When its directory can't be read.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.place.bytes()
    }

    /// How often sled was opened again in quiet times.
    #[must_use]
    pub fn reopened(&self) -> u64 {
        self.shared.counts.reopened.load(Ordering::Relaxed)
    }

    /// What opening found.
    #[must_use]
    pub fn opened(&self) -> Opened {
        self.opened
    }

    fn gone(&self) -> StoreError {
        self.shared.stopped().unwrap_or(StoreError::Closed)
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    thread::Builder::new()
        .name(name.into())
        .spawn(work)
        .map_err(|e| io("starting a thread for", Path::new(name), &e))
}

fn spawn_applier(shared: &Arc<Shared>, applier: Applier) -> Result<JoinHandle<()>, StoreError> {
    let shared = Arc::clone(shared);
    spawn("store-apply", move || {
        let result = catch_unwind(AssertUnwindSafe(|| applier.run()));
        let result = result.unwrap_or_else(|_| Err(broken("applying")));
        if let Err(error) = result {
            shared.stop(&error);
        }
    })
}

fn broken(what: &str) -> StoreError {
    StoreError::Poisoned(format!("{what} broke off with a panic"))
}

/// The writer thread's life: write, then answer what comes too late, then let everything go.
fn serve(writer: Writer, mut requests: mpsc::Receiver<Request>, applier: JoinHandle<()>) {
    let shared = Arc::clone(&writer.shared);
    // The directory stays ours until sled is closed.
    let held = Arc::clone(&writer.directory);
    let result = catch_unwind(AssertUnwindSafe(|| writer.run(&mut requests)));
    if let Err(error) = result.unwrap_or_else(|_| Err(broken("writing"))) {
        shared.stop(&error);
        while let Some(request) = requests.blocking_recv() {
            match request {
                Request::Close => break,
                Request::Commit(_, answer) => {
                    let _ = answer.send(Err(shared.stopped().unwrap_or(StoreError::Closed)));
                }
                Request::Trim(answer) => {
                    let _ = answer.send(Err(shared.stopped().unwrap_or(StoreError::Closed)));
                }
            }
        }
    }
    requests.close();
    let mut queue = shared.queue();
    queue.closing = true;
    drop(queue);
    shared.queue_changed.notify_all();
    // A panic of the thread was caught inside it.
    let _ = applier.join();
    // Whoever asked too late hears that it is shut.
    drop(shared.queue().compact.take());
    shared.view.write().unwrap_or_else(PoisonError::into_inner).base = None;
    drop(held);
}

#[async_trait]
impl Store for SledStore {
    async fn commit(&self, commit: Commit) -> Result<Position, StoreError> {
        if let Some(error) = self.shared.stopped() {
            return Err(error);
        }
        let prepared = prepare(commit)?;
        let (sender, answer) = oneshot::channel();
        let request = Request::Commit(prepared, sender);
        self.requests.send(request).await.map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())?
    }

    async fn read(&self, key: &Key) -> Result<Option<(Row, Position)>, StoreError> {
        self.shared.read(|view| read_row(view, key))
    }

    async fn scan(&self, scan: Scan) -> Result<Page, StoreError> {
        self.shared.read(|view| scan_rows(view, &scan))
    }

    fn watch(&self) -> Result<Watch, StoreError> {
        self.shared.read(|_| Ok(self.shared.watches.watch()))
    }

    async fn changed(&self, watch: &Watch, most: usize) -> Result<Changed, StoreError> {
        self.shared.read(|view| changed(view, watch, most))
    }

    async fn inspect(&self, after: Option<Vec<u8>>, limit: usize) -> Result<Inspected, StoreError> {
        self.shared.read(|view| inspect(view, after, limit))
    }

    async fn compact(&self) -> Result<Compacted, StoreError> {
        let before_bytes = self.place.bytes()?;
        let (sender, answer) = oneshot::channel();
        {
            let mut queue = self.shared.queue();
            if queue.compact.is_some() {
                let why = "another one has begun already".into();
                return Err(StoreError::Io { what: "compacting".into(), why });
            }
            queue.compact = Some(sender);
        }
        self.shared.queue_changed.notify_all();
        answer.await.map_err(|_| self.gone())??;
        let (sender, answer) = oneshot::channel();
        self.requests.send(Request::Trim(sender)).await.map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())??;
        Ok(Compacted { before_bytes, after_bytes: self.place.bytes()? })
    }

    async fn close(&self) -> Result<(), StoreError> {
        // Closing twice is fine.
        let _ = self.requests.send(Request::Close).await;
        let mut ended = self.ended.clone();
        let waited = ended.wait_for(|ended| *ended).await;
        match (self.shared.stopped(), waited) {
            (Some(error), _) => Err(error),
            (None, Ok(_)) => Ok(()),
            (None, Err(_)) => Err(StoreError::Closed),
        }
    }

    fn counters(&self) -> Counters {
        let counts = &self.shared.counts;
        let by = counts.groups_by();
        Counters {
            commits: counts.commits.load(Ordering::Relaxed),
            groups: counts.groups.load(Ordering::Relaxed),
            syncs: counts.syncs.load(Ordering::Relaxed),
            background_syncs: counts.background_syncs.load(Ordering::Relaxed),
            log_bytes: counts.log_bytes.load(Ordering::Relaxed),
            unapplied: u64::try_from(self.shared.queue().bytes).unwrap_or(u64::MAX),
            group_commits: by.commits,
            group_micros: by.micros,
        }
    }

    fn bytes_on_disk(&self) -> Option<u64> {
        self.place.bytes().ok()
    }

    fn poisoned(&self) -> Option<StoreError> {
        self.shared.stopped()
    }
}
