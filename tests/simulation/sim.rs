//! What one simulation shares: clock, chance, trace, crash control, the world's books, the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tenon_runtime::{Seam, Wait};
use tenon_store::MemoryStore;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::books::Books;
use super::dice::Dice;
use super::disk::Group;
use super::mutation::Mutation;
use super::plan::{Crash, Fault, Plan, Side};
use super::points::CrashPoint;
use super::rules::{Rule, Watch};

/// 2026-01-01T00:00:00Z: where the world's clock begins.
pub const BIRTH: i64 = 1_767_225_600_000;

/// Everything that outlives a node.
pub struct Sim {
    /// What is to happen.
    pub plan: Plan,
    /// What is broken on purpose.
    pub mutation: Option<Mutation>,
    born: Instant,
    set_back_ms: AtomicI64,
    ids: AtomicU64,
    state: Mutex<State>,
    /// Rung when a node dies.
    deaths: Notify,
    /// What is durable, and what a broken build takes for it.
    pub rows: Mutex<Arc<MemoryStore>>,
    /// Rung when a commit waits for its sync.
    pub waiting: Notify,
}

/// What changes.
pub struct State {
    /// Chance while it runs.
    pub dice: Dice,
    /// What happened.
    pub trace: Trace,
    /// Where nodes die.
    pub crashes: Crashes,
    /// The outside systems.
    pub books: Books,
    /// The rules.
    pub watch: Watch,
    /// Commits on their way to the disk.
    pub group: Group,
    /// The incarnation that lives, from 1.
    pub epoch: u64,
    /// It died, and the next one has not begun.
    pub dead: bool,
    /// Actors of the workload that are not done.
    pub busy: usize,
}

impl Sim {
    /// A world before anything happened.
    pub fn new(plan: Plan, mutation: Option<Mutation>, keep: usize) -> Arc<Sim> {
        let state = State {
            dice: Dice::new(plan.seed, "run"),
            trace: Trace { keep, ..Trace::default() },
            crashes: Crashes::new(&plan.crashes),
            books: Books::new(plan.setup),
            watch: Watch::default(),
            group: Group::default(),
            epoch: 0,
            dead: true,
            busy: 0,
        };
        Arc::new(Sim {
            plan,
            mutation,
            born: Instant::now(),
            set_back_ms: AtomicI64::new(0),
            ids: AtomicU64::new(0),
            state: Mutex::new(state),
            deaths: Notify::new(),
            rows: Mutex::default(),
            waiting: Notify::new(),
        })
    }

    /// What changes.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The store as a reader sees it.
    pub fn rows(&self) -> Arc<MemoryStore> {
        self.rows.lock().unwrap().clone()
    }

    /// Milliseconds since the beginning.
    pub fn at(&self) -> i64 {
        i64::try_from(self.born.elapsed().as_millis()).unwrap()
    }

    /// The world's clock.
    pub fn world_ms(&self) -> i64 {
        BIRTH + self.at()
    }

    /// The clock of the node's machine.
    pub fn node_ms(&self) -> i64 {
        self.world_ms() - self.set_back_ms.load(Ordering::Relaxed)
    }

    /// Sets the clock of the node's machine back.
    pub fn set_back(&self, by_ms: i64) {
        self.set_back_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// Lets time pass in the world.
    pub async fn pass(&self, ms: i64) {
        let ms = u64::try_from(ms).unwrap_or(0);
        // Time moves when everything waits.
        let _ = tokio::time::timeout(Duration::from_millis(ms), std::future::pending::<()>()).await;
    }

    /// Whether an incarnation still lives.
    pub fn lives(&self, epoch: u64) -> bool {
        let state = self.state();
        state.epoch == epoch && !state.dead
    }

    /// Passes a point at which the incarnation may die: true when it does.
    pub fn dies_at(&self, epoch: u64, point: CrashPoint) -> bool {
        let at = self.at();
        let mut state = self.state();
        if state.epoch != epoch || state.dead {
            return true;
        }
        let calm = at >= self.plan.calm_from;
        if !state.crashes.passes(point) || calm {
            return false;
        }
        state.crashes.reached.insert(point);
        drop(state);
        self.die(epoch, &format!("{point:?}"));
        true
    }

    /// The incarnation is dead from here on: nothing of it moves any more.
    pub fn die(&self, epoch: u64, why: &str) {
        let mut state = self.state();
        if state.epoch != epoch || state.dead {
            return;
        }
        state.dead = true;
        drop(state);
        self.say(|| format!("the node dies: {why}"));
        self.deaths.notify_waiters();
    }

    /// Resolves when an incarnation has died.
    pub async fn died(&self, epoch: u64) {
        loop {
            // A `watch` would wake those who wait in an order drawn by chance.
            let mut rung = pin!(self.deaths.notified());
            rung.as_mut().enable();
            if !self.lives(epoch) {
                return;
            }
            rung.await;
        }
    }

    /// A line of the trace, where one is kept.
    pub fn say(&self, line: impl FnOnce() -> String) {
        if self.state().trace.keep == 0 {
            return;
        }
        let at = self.at();
        self.state().trace.add(at, &line());
    }

    /// A rule is broken.
    pub fn breaks(&self, rule: Rule, how: String) {
        let at = self.at();
        let mut state = self.state();
        state.trace.add(at, &format!("BROKEN {rule:?}: {how}"));
        state.watch.broken.push((rule, how));
    }

    /// The fault of a kind that is on now.
    pub fn fault<T>(&self, kind: impl Fn(&Fault, i64) -> Option<T>) -> Option<T> {
        let at = self.at();
        self.plan.faults.iter().find_map(|fault| kind(fault, at))
    }

    /// Whether a side is down now, and how.
    pub fn down(&self, side: Side) -> Option<super::plan::DownAs> {
        self.fault(|fault, at| match fault {
            Fault::Down { side: s, how, from, to } if *s == side && *from <= at && at < *to => {
                Some(*how)
            }
            _ => None,
        })
    }
}

/// Nothing more comes of it.
pub async fn never<T>() -> T {
    std::future::pending().await
}

/// The result of a future that does not wait.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("a store in memory never waits"),
    }
}

/// What happened, in lines; all of them count for the hash, the last ones are kept. Nothing is made
/// where none is to be kept: lines cost more than what they tell of.
#[derive(Debug, Default)]
pub struct Trace {
    lines: std::collections::VecDeque<String>,
    keep: usize,
    /// Of all lines.
    pub hash: u64,
    /// How many there were.
    pub count: usize,
}

impl Trace {
    fn add(&mut self, at: i64, line: &str) {
        let line = format!(
            "{:>10.3} {line}",
            std::time::Duration::from_millis(at.unsigned_abs()).as_secs_f64()
        );
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.count += 1;
        self.lines.push_back(line);
        if self.lines.len() > self.keep {
            self.lines.pop_front();
        }
    }

    /// The lines that were kept.
    pub fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}

/// Counts how often each point was passed, and knows at which pass the node dies.
#[derive(Debug, Default)]
pub struct Crashes {
    planned: BTreeMap<CrashPoint, BTreeSet<u32>>,
    passed: BTreeMap<CrashPoint, u32>,
    /// Where a node died.
    pub reached: BTreeSet<CrashPoint>,
}

impl Crashes {
    fn new(planned: &[Crash]) -> Crashes {
        let mut crashes = Crashes::default();
        for crash in planned {
            if let Crash::At { point, nth } = crash {
                crashes.planned.entry(*point).or_default().insert(*nth);
            }
        }
        crashes
    }

    /// Passes a point: true when the plan has a node die there now.
    pub fn passes(&mut self, point: CrashPoint) -> bool {
        let passed = self.passed.entry(point).or_default();
        *passed += 1;
        self.planned.get(&point).is_some_and(|nth| nth.contains(passed))
    }
}

/// Time, ids and chance of one incarnation.
pub struct NodeSeam {
    /// The world.
    pub sim: Arc<Sim>,
    /// Ids of one process never go back, whatever its clock does; those of the next one may.
    latest_ms: AtomicI64,
    /// How far the clock had been set back when the process began.
    began_back_ms: i64,
}

impl NodeSeam {
    /// The seam of a new process.
    pub fn new(sim: Arc<Sim>) -> NodeSeam {
        let began_back_ms = sim.set_back_ms.load(Ordering::Relaxed);
        NodeSeam { sim, latest_ms: AtomicI64::new(0), began_back_ms }
    }
}

impl Seam for NodeSeam {
    fn now_ms(&self) -> i64 {
        self.sim.node_ms()
    }

    fn id(&self, prefix: &str) -> String {
        let now = self.sim.node_ms();
        let latest = self.latest_ms.fetch_max(now, Ordering::Relaxed).max(now);
        let count = self.sim.ids.fetch_add(1, Ordering::Relaxed);
        format!("{prefix}_{latest:012x}{count:08x}")
    }

    fn random(&self, into: &mut [u8]) {
        let mut state = self.sim.state();
        for byte in into {
            *byte = state.dice.draw().to_be_bytes()[0];
        }
    }

    fn sleep_until(&self, at_ms: i64) -> Wait<'_> {
        Box::pin(async move {
            loop {
                let left = at_ms - self.now_ms();
                if left <= 0 {
                    return;
                }
                // As on a real machine, a clock that is set is noticed within a minute.
                self.sim.pass(left.min(60_000)).await;
            }
        })
    }

    fn steady_ms(&self) -> i64 {
        self.sim.world_ms() - self.began_back_ms
    }

    fn sleep_steady(&self, at_ms: i64) -> Wait<'_> {
        Box::pin(self.sim.pass((at_ms - self.steady_ms()).max(0)))
    }
}
