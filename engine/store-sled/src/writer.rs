//! The writer thread: judges commits one after another, makes groups durable, acknowledges.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

use sled::IVec;
use tenon_store::cells::{Cells, Prepared, judge};
use tenon_store::{Kind, Position, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::base::bytes_of;
use crate::directory::Directory;
use crate::frame::{Frame, Write};
use crate::log::Log;
use crate::options::Options;
use crate::pending::{Counts, Group, Shared, View};

/// The most commits of a group.
const GROUP_COMMITS: usize = 256;
/// A group takes no more commits beyond this many bytes.
const GROUP_BYTES: usize = 1024 * 1024;

type Answer = Result<Position, StoreError>;

/// What the writer is asked.
#[derive(Debug)]
pub(crate) enum Request {
    Commit(Prepared, oneshot::Sender<Answer>),
    /// Remove segments of the log that nobody needs.
    Trim(oneshot::Sender<Result<(), StoreError>>),
    /// Take no more.
    Close,
}

/// What was waiting when the writer looked.
#[derive(Default)]
struct Gathered {
    commits: Vec<(Prepared, oneshot::Sender<Answer>)>,
    trim: Vec<oneshot::Sender<Result<(), StoreError>>>,
    closing: bool,
}

/// What the writer thread owns.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) log: Log,
    pub(crate) directory: Arc<Directory>,
    pub(crate) options: Options,
    pub(crate) shared: Arc<Shared>,
}

impl Writer {
    /// Serves until asked to close or until the store stops.
    pub(crate) fn run(mut self, requests: &mut mpsc::Receiver<Request>) -> Result<(), StoreError> {
        loop {
            let Some(gathered) = gather(requests) else { return Ok(()) };
            if !gathered.commits.is_empty() {
                self.wait_for_room()?;
                self.group(gathered.commits)?;
            }
            for asker in gathered.trim {
                // The asker may have gone away.
                let _ = asker.send(self.log.trim(self.shared.safe.load(Ordering::Acquire)));
            }
            if gathered.closing {
                return Ok(());
            }
        }
    }

    /// Back-pressure: no group while too much waits to be applied.
    fn wait_for_room(&self) -> Result<(), StoreError> {
        let mut queue = self.shared.queue();
        while queue.bytes > self.options.pending_bytes {
            if let Some(error) = self.shared.stopped() {
                return Err(error);
            }
            queue = self.shared.queue_changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        self.shared.stopped().map_or(Ok(()), Err)
    }

    fn group(
        &mut self,
        waiting: Vec<(Prepared, oneshot::Sender<Answer>)>,
    ) -> Result<(), StoreError> {
        // The reason is set before the askers' channels close, so that they hear it.
        let full = self.disk_full().map_err(|e| self.shared.stop(&e))?;
        let mut frame = Frame::new();
        let mut own: BTreeMap<IVec, Option<IVec>> = BTreeMap::new();
        let mut answers = Vec::with_capacity(waiting.len());
        for (prepared, sender) in waiting {
            let position = Position(self.log.position() + u64::from(frame.commits()) + 1);
            let judged = match &full {
                Some(error) if !prepared.only_removes() => Err(error.clone()),
                _ => self.judge(prepared, position, &own),
            };
            let answer = judged.map(|writes| {
                frame.add_commit(&writes);
                own.extend(writes);
                position
            });
            answers.push((sender, answer));
        }
        if frame.commits() > 0
            && let Err(error) = self.make_durable(frame, own)
        {
            if error.kind() != Kind::DiskFull {
                return Err(self.shared.stop(&error));
            }
            // There was no room for another segment of the log: nothing was written.
            for (sender, _) in answers {
                let _ = sender.send(Err(error.clone()));
            }
            return Ok(());
        }
        // Refusals too may rest on commits of this group: nobody hears of them before the sync.
        for (sender, answer) in answers {
            // A caller that went away hears nothing; its commit stands.
            let _ = sender.send(answer);
        }
        Ok(())
    }

    fn judge(
        &self,
        prepared: Prepared,
        position: Position,
        own: &BTreeMap<IVec, Option<IVec>>,
    ) -> Result<Vec<Write>, StoreError> {
        let writes = self.shared.read(|view| judge(prepared, position, &Over { own, view }))?;
        Ok(writes.into_iter().map(|w| (IVec::from(w.key), w.value.map(IVec::from))).collect())
    }

    #[expect(clippy::disallowed_methods, reason = "a measurement of the disk needs the real clock")]
    fn make_durable(
        &mut self,
        frame: Frame,
        own: BTreeMap<IVec, Option<IVec>>,
    ) -> Result<(), StoreError> {
        let counts = &self.shared.counts;
        let commits = u64::from(frame.commits());
        let began = Instant::now();
        let written = self.log.append(frame, self.shared.safe.load(Ordering::Acquire))?;
        counts.group(commits, began.elapsed());
        Counts::add(&counts.commits, commits);
        Counts::add(&counts.groups, 1);
        Counts::add(&counts.syncs, 1);
        Counts::add(&counts.log_bytes, written);
        let last = self.log.position();
        let writes: Vec<Write> = own.into_iter().collect();
        let bytes = writes.iter().map(bytes_of).sum();
        {
            let mut view = self.shared.view.write().unwrap_or_else(PoisonError::into_inner);
            self.shared.watches.note(writes.iter().map(|(key, _)| key.as_ref()));
            view.publish(&writes, last);
        }
        let mut queue = self.shared.queue();
        queue.bytes += bytes;
        queue.groups.push_back(Group { last, writes, bytes });
        drop(queue);
        self.shared.queue_changed.notify_all();
        Ok(())
    }

    fn disk_full(&self) -> Result<Option<StoreError>, StoreError> {
        let free = self.directory.free_bytes()?;
        let needed = self.options.keep_free_bytes;
        if free >= needed {
            return Ok(None);
        }
        let path = self.directory.store.display().to_string();
        Ok(Some(StoreError::DiskFull { path, free, needed }))
    }
}

/// Waits for a request, then takes what else is waiting; none when every asker is gone.
fn gather(requests: &mut mpsc::Receiver<Request>) -> Option<Gathered> {
    let mut out = Gathered::default();
    let mut bytes = 0;
    let mut next = Some(requests.blocking_recv()?);
    while let Some(request) = next {
        match request {
            Request::Close => {
                out.closing = true;
                return Some(out);
            }
            Request::Trim(asker) => out.trim.push(asker),
            Request::Commit(prepared, sender) => {
                bytes += prepared.size();
                out.commits.push((prepared, sender));
            }
        }
        let full = out.commits.len() >= GROUP_COMMITS || bytes >= GROUP_BYTES;
        next = if full { None } else { requests.try_recv().ok() };
    }
    Some(out)
}

/// The group's own writes over what is durable.
struct Over<'a> {
    own: &'a BTreeMap<IVec, Option<IVec>>,
    view: &'a View,
}

impl Cells for Over<'_> {
    fn cell(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.own.get(key) {
            Some(own) => Ok(own.as_ref().map(|v| v.to_vec())),
            None => self.view.cell(key),
        }
    }

    /// Judging visits only to remove what is there: the order of keys is not needed.
    fn visit(
        &self,
        (start, end): (&[u8], Option<&[u8]>),
        reverse: bool,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let bounds = (Included(start), end.map_or(Unbounded, Excluded));
        let mut goes_on = true;
        for (key, value) in self.own.range::<[u8], _>(bounds) {
            goes_on = goes_on && value.as_ref().is_none_or(|value| visit(key, value));
        }
        if !goes_on {
            return Ok(());
        }
        self.view.visit((start, end), reverse, &mut |key, value| {
            self.own.contains_key(key) || visit(key, value)
        })
    }
}
