//! A store with a durable and a volatile half: a commit is durable once its group's sync is done,
//! and only then seen and acknowledged. A crash keeps what was acknowledged, and of what was not
//! either all of the group under way or nothing.

use std::sync::Arc;

use async_trait::async_trait;
use tenon_machine::{Event, What};
use tenon_store::{
    Commit, Counters, CursorRow, Key, MemoryStore, Op, Page, Position, Row, Scan, Store, StoreError,
};
use tenon_value::{Value, json, time};
use tokio::sync::oneshot;

use super::mutation::Mutation;
use super::plan::Fault;
use super::points::{CrashPoint, Kept};
use super::sim::{Sim, at_once, never};

type Done = Result<Position, StoreError>;

/// Commits on their way to the disk.
#[derive(Default)]
pub struct Group {
    waiting: Vec<(Commit, oneshot::Sender<Done>)>,
    syncing: Vec<(Commit, oneshot::Sender<Done>)>,
    /// What is durable, in order, where a broken build shows more than that.
    log: Vec<Commit>,
    /// The newest instant of the page that came last, for a broken build.
    pub page_mark: Option<i64>,
    poisoned: bool,
}

/// The store as one incarnation has it.
pub struct NodeStore {
    /// The world.
    pub sim: Arc<Sim>,
    /// Which incarnation.
    pub epoch: u64,
}

#[async_trait]
impl Store for NodeStore {
    async fn commit(&self, commit: Commit) -> Done {
        self.sim.commit(self.epoch, commit).await
    }

    async fn read(&self, key: &Key) -> Result<Option<(Row, Position)>, StoreError> {
        self.sim.rows().read(key).await
    }

    async fn scan(&self, scan: Scan) -> Result<Page, StoreError> {
        self.sim.rows().scan(scan).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn counters(&self) -> Counters {
        self.sim.rows().counters()
    }

    fn poisoned(&self) -> Option<StoreError> {
        None
    }
}

impl Sim {
    async fn commit(&self, epoch: u64, commit: Commit) -> Done {
        let kept = kept(&commit);
        if self.dies_at(epoch, CrashPoint::Unkept(kept)) {
            return never().await;
        }
        let full = self.fault(|fault, at| match fault {
            Fault::DiskFull { from, to } if *from <= at && at < *to => Some(()),
            _ => None,
        });
        if full.is_some() {
            return Err(StoreError::DiskFull { path: "sim".to_owned(), free: 1, needed: 2 });
        }
        let commit = self.mutated(commit);
        let early = self.mutation == Some(Mutation::AcknowledgeBeforeSync);
        let seen = early.then(|| at_once(self.rows().commit(commit.clone())));
        if matches!(seen, Some(Err(_))) {
            return seen.unwrap();
        }
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.state();
            if state.group.poisoned {
                return Err(poisoned());
            }
            state.group.waiting.push((commit, sender));
        }
        self.waiting.notify_one();
        if let Some(seen) = seen {
            return seen;
        }
        let done = receiver.await;
        if !self.lives(epoch) {
            return never().await;
        }
        match done {
            Ok(done) => done,
            Err(_) => never().await,
        }
    }

    /// The one writer: a group, one sync, then all of it is acknowledged.
    pub async fn write(self: Arc<Sim>) {
        loop {
            let (epoch, sync_ms) = {
                let slow = self.fault(|fault, at| match fault {
                    Fault::SlowDisk { from, to, sync_ms } if *from <= at && at < *to => {
                        Some(*sync_ms)
                    }
                    _ => None,
                });
                let mut state = self.state();
                let group = std::mem::take(&mut state.group.waiting);
                state.group.syncing = group;
                let fast = state.dice.between(1, 4);
                let idle = state.group.syncing.is_empty();
                (state.epoch, if idle { None } else { Some(slow.unwrap_or(fast)) })
            };
            let Some(sync_ms) = sync_ms else {
                self.waiting.notified().await;
                continue;
            };
            self.pass(sync_ms).await;
            if self.state().group.syncing.is_empty() {
                continue;
            }
            if self.dies_of_sync(epoch) {
                continue;
            }
            self.settle_group(epoch, true);
        }
    }

    /// A failed sync: what was written may or may not be there, and the store takes nothing more.
    fn dies_of_sync(&self, epoch: u64) -> bool {
        let at = self.at();
        let mut state = self.state();
        let fails = state.crashes.passes(CrashPoint::FailedSync) && at < self.plan.calm_from;
        if !fails || state.epoch != epoch || state.dead {
            return false;
        }
        state.crashes.reached.insert(CrashPoint::FailedSync);
        state.group.poisoned = true;
        drop(state);
        self.say(|| "a sync fails".to_owned());
        let mut untold = self.settle_group(epoch, false);
        untold.extend(self.state().group.waiting.drain(..).map(|(_, sender)| sender));
        for sender in untold {
            let _ = sender.send(Err(poisoned()));
        }
        true
    }

    /// The group under way becomes durable, in order; gives those who were not told.
    fn settle_group(&self, epoch: u64, tell: bool) -> Vec<oneshot::Sender<Done>> {
        let group = std::mem::take(&mut self.state().group.syncing);
        let mut untold = Vec::new();
        let keep = tell || self.state().dice.chance(50);
        for (commit, sender) in group {
            if !keep {
                untold.push(sender);
                continue;
            }
            let kind = kept(&commit);
            let done = self.becomes_durable(commit);
            // The node may have died of a commit of the same group, which is durable as a whole.
            let dies = done.is_ok() && tell && self.dies_at(epoch, CrashPoint::Unheard(kind));
            if tell && !dies {
                let _ = sender.send(done);
            } else {
                untold.push(sender);
            }
        }
        untold
    }

    fn becomes_durable(&self, commit: Commit) -> Done {
        let rows = self.rows();
        let done = if self.mutation == Some(Mutation::AcknowledgeBeforeSync) {
            self.state().group.log.push(commit.clone());
            Ok(Position::default())
        } else {
            at_once(rows.commit(commit.clone()))
        };
        if done.is_ok() {
            self.watch_commit(&commit, &rows);
        }
        done
    }

    /// What a crash leaves on the disk.
    pub fn crash_disk(&self) {
        let kept = self.state().dice.chance(50);
        if kept {
            self.settle_group(0, false);
        }
        let mut state = self.state();
        state.group.syncing.clear();
        state.group.waiting.clear();
        state.group.page_mark = None;
        state.group.poisoned = false;
        let log = state.group.log.clone();
        drop(state);
        if self.mutation == Some(Mutation::AcknowledgeBeforeSync) {
            let rows = MemoryStore::new();
            for commit in log {
                let _ = at_once(rows.commit(commit));
            }
            *self.rows.lock().unwrap() = Arc::new(rows);
        }
    }

    /// What a broken build makes of a commit.
    fn mutated(&self, mut commit: Commit) -> Commit {
        match self.mutation {
            Some(Mutation::LockReleasedEarly) => {
                let locks = commit.ops.iter().filter_map(|op| match op {
                    Op::Put(Row::Lock(row)) => Some(Op::Delete(row.key())),
                    _ => None,
                });
                let locks: Vec<Op> = locks.collect();
                commit.ops.extend(locks);
            }
            Some(Mutation::CursorMovedEarly) if kept(&commit) == Kept::PolledRecord => {
                if let Some(mark) = self.state().group.page_mark.take()
                    && let Some(name) = polled_cursor(&commit)
                {
                    let at = time::format_datetime(&time::from_millis(mark).unwrap());
                    let value = json::write(&Value::from(at));
                    let row = CursorRow { name, value, at_ms: self.node_ms() };
                    commit.ops.insert(0, Op::Put(row.into()));
                }
            }
            _ => {}
        }
        commit
    }
}

fn poisoned() -> StoreError {
    StoreError::Poisoned("a sync failed".to_owned())
}

/// The cursor of the poll that a commit starts a record of.
fn polled_cursor(commit: &Commit) -> Option<String> {
    commit.ops.iter().find_map(|op| match op {
        Op::Put(Row::Mark(row)) => row.scope.strip_prefix("poll/").map(str::to_owned),
        _ => None,
    })
}

/// The events of a commit.
pub fn events(commit: &Commit) -> Vec<(String, u64, Event)> {
    let of = |op: &Op| match op {
        Op::Put(Row::Event(row)) => {
            Some((row.task.clone(), row.n, Event::decode(&row.body).unwrap()))
        }
        _ => None,
    };
    commit.ops.iter().filter_map(of).collect()
}

/// What a commit is about.
pub fn kept(commit: &Commit) -> Kept {
    for op in &commit.ops {
        match op {
            Op::Put(Row::Delivery(_)) => return Kept::Delivery,
            Op::Put(Row::Mark(row)) if row.scope == "start" => return Kept::ByHand,
            Op::Put(Row::Mark(row)) if row.scope.starts_with("poll/") => return Kept::PolledRecord,
            Op::Put(Row::Cursor(_)) => return Kept::Cursor,
            Op::Put(Row::AccountEvent(row)) => {
                return match row.what.as_str() {
                    "refresh_intended" => Kept::RenewalIntended,
                    "refreshed" => Kept::Renewed,
                    _ => Kept::Account,
                };
            }
            _ => {}
        }
    }
    let kinds =
        events(commit).iter().map(|(_, _, event)| of_event(&event.what)).collect::<Vec<_>>();
    kinds.into_iter().min().unwrap_or(Kept::Other)
}

/// What an event makes its commit; the least of several counts.
fn of_event(what: &What) -> Kept {
    match what {
        What::Paused { .. }
        | What::Retried { .. }
        | What::CancelAsked { .. }
        | What::Cancelled { .. }
        | What::Answer { .. } => Kept::Verb,
        What::Intended { .. } => Kept::Intention,
        What::Repeated { .. } => Kept::Repeat,
        What::ChildStarted { .. } => Kept::Child,
        What::Answered { .. } => Kept::Answer,
        What::Lost { .. } => Kept::Lost,
        What::LocksTaken { .. } => Kept::Lock,
        What::Completed | What::Failed { .. } | What::Skipped { .. } => Kept::End,
        What::Waited { .. } | What::Faulted { .. } | What::Asked { .. } => Kept::Wait,
        _ => Kept::Step,
    }
}
