//! The door to one account: waits for room under its limits.
//!
//! What is live goes before polls, and polls before backfills. Among flows of one urgency the one that
//! got least of late goes first: a flow with ten requests does not wait behind one with thousands, and
//! two large ones share alike.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::limiter::{Blocked, Bucket, Feedback, Limiter};
use crate::seam::Seam;

/// The door to one account.
pub struct Gate {
    inner: Mutex<Inner>,
    changed: Notify,
    seam: Arc<dyn Seam>,
}

/// How urgent a request is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// A webhook or a person started it.
    #[default]
    Live,
    /// A poll or a schedule did.
    Poll,
    /// One of many records fetched at once.
    Backfill,
}

/// Time after which half of what a flow got counts no more, in milliseconds.
const MEMORY_MS: i64 = 10_000;

/// Whose line it is.
type Line = (Urgency, Arc<str>);

struct Inner {
    limiter: Limiter,
    waiting: BTreeMap<Line, VecDeque<(u32, oneshot::Sender<()>)>>,
    /// What each flow got of late, in points.
    got: BTreeMap<Arc<str>, u64>,
    halved_at: i64,
    free_at: Option<i64>,
    /// While it is crowded, nobody is let in before that.
    paced_until: i64,
}

impl Inner {
    /// How long the next waits behind one that was let in, in milliseconds. A window's room is given
    /// out evenly while several lines wait or one alone fills it: who comes later, with less, finds
    /// room soon instead of a window that is spent.
    fn pace(&self) -> i64 {
        let crowd: usize = self.waiting.values().map(VecDeque::len).sum();
        match self.limiter.evenly() {
            Some((room, each_ms)) if self.waiting.len() > 1 || crowd > room => each_ms,
            _ => 0,
        }
    }

    /// The line that goes next.
    fn next(&mut self, now: i64) -> Option<Line> {
        while now.saturating_sub(self.halved_at) >= MEMORY_MS {
            let late = now.saturating_sub(self.halved_at) > MEMORY_MS.saturating_mul(64);
            self.halved_at = if late { now } else { self.halved_at.saturating_add(MEMORY_MS) };
            self.got.retain(|_, got| {
                *got = if late { 0 } else { *got / 2 };
                *got > 0
            });
        }
        let got = |line: &&Line| self.got.get(&line.1).copied().unwrap_or(0);
        self.waiting.keys().min_by_key(|line| (line.0, got(line))).cloned()
    }

    fn gave(&mut self, flow: &Arc<str>, cost: u32) {
        *self.got.entry(flow.clone()).or_default() += u64::from(cost.max(1));
    }
}

/// How crowded a gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowd {
    /// Requests waiting for room.
    pub waiting: usize,
    /// When the next may go, in milliseconds since 1970, where a time decides it.
    pub free_at: Option<i64>,
}

/// Room for one request; given back when it ends.
pub struct Permit<'a> {
    gate: &'a Gate,
    cost: u32,
    feedback: Feedback,
}

impl Permit<'_> {
    /// Notes what the answer said about the limits.
    pub fn learn(&mut self, feedback: Feedback) {
        self.feedback = feedback;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let now = self.gate.seam.steady_ms();
        let mut inner = self.gate.lock();
        inner.limiter.ended(now, self.cost, &self.feedback);
        let crowded = !inner.waiting.is_empty();
        drop(inner);
        if crowded {
            self.gate.changed.notify_one();
        }
    }
}

impl Gate {
    /// A gate with these limits.
    #[must_use]
    pub fn new(buckets: &[Bucket], seam: Arc<dyn Seam>) -> Gate {
        Gate {
            inner: Mutex::new(Inner {
                limiter: Limiter::new(buckets),
                waiting: BTreeMap::new(),
                got: BTreeMap::new(),
                halved_at: 0,
                free_at: None,
                paced_until: 0,
            }),
            changed: Notify::new(),
            seam,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes room at once when nobody waits and there is some.
    #[must_use]
    pub fn try_enter(&self, flow: &Arc<str>, cost: u32) -> Option<Permit<'_>> {
        let mut inner = self.lock();
        if !inner.waiting.is_empty() {
            return None;
        }
        inner.limiter.take(self.seam.steady_ms(), cost).ok()?;
        inner.gave(flow, cost);
        Some(self.permit(cost))
    }

    /// Counts the account's windows as spent until that moment: another process may have used them.
    pub(crate) fn assume_spent(&self, at_ms: i64) {
        self.lock().limiter.assume_spent(at_ms);
    }

    fn permit(&self, cost: u32) -> Permit<'_> {
        Permit { gate: self, cost, feedback: Feedback::default() }
    }

    /// Waits for room in the line of the flow and its urgency.
    pub async fn enter(&self, line: (Urgency, &Arc<str>), cost: u32) -> Permit<'_> {
        let (urgency, flow) = line;
        if let Some(permit) = self.try_enter(flow, cost) {
            return permit;
        }
        let (sender, receiver) = oneshot::channel();
        let line = (urgency, flow.clone());
        self.lock().waiting.entry(line).or_default().push_back((cost, sender));
        self.changed.notify_one();
        // The pump hands out permits in turn; when it is gone the engine is going down.
        if receiver.await.is_err() {
            std::future::pending::<()>().await;
        }
        self.permit(cost)
    }

    /// How crowded it is.
    #[must_use]
    pub fn crowd(&self) -> Crowd {
        let inner = self.lock();
        Crowd { waiting: inner.waiting.values().map(VecDeque::len).sum(), free_at: inner.free_at }
    }

    /// Hands out room as it comes; runs as long as the engine.
    pub async fn pump(&self) {
        loop {
            match self.hand_out() {
                Some(Blocked::Until(at)) => {
                    tokio::select! {
                        biased;
                        () = self.seam.sleep_steady(at) => {}
                        () = self.changed.notified() => {}
                    }
                }
                Some(Blocked::CallEnds) | None => self.changed.notified().await,
            }
        }
    }

    fn hand_out(&self) -> Option<Blocked> {
        let now = self.seam.steady_ms();
        let mut inner = self.lock();
        inner.free_at = None;
        while let Some(line) = inner.next(now) {
            let waiting = inner.waiting.get_mut(&line);
            let Some(cost) = waiting.and_then(|line| line.front().map(|(cost, _)| *cost)) else {
                inner.waiting.remove(&line);
                continue;
            };
            let taken = match inner.paced_until > now {
                true => Err(Blocked::Until(inner.paced_until)),
                false => inner.limiter.take(now, cost),
            };
            if let Err(blocked) = taken {
                if let Blocked::Until(at) = blocked {
                    inner.free_at = Some(at);
                }
                return Some(blocked);
            }
            let first = inner.waiting.get_mut(&line).and_then(VecDeque::pop_front);
            if first.is_none_or(|(_, sender)| sender.send(()).is_err()) {
                // Who waited is gone: what was taken counts as sent, which errs on the safe side.
                inner.limiter.ended(now, cost, &Feedback::default());
            }
            inner.gave(&line.1, cost);
            if inner.waiting.get(&line).is_some_and(VecDeque::is_empty) {
                inner.waiting.remove(&line);
            }
            inner.paced_until = now.saturating_add(inner.pace());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeSeam;

    #[tokio::test(start_paused = true)]
    async fn a_flow_with_one_request_does_not_wait_behind_another_flows_hundred() {
        let seam = Arc::new(FakeSeam::new(1));
        let gate =
            Arc::new(Gate::new(&[Bucket::Sliding { requests: 2, per_ms: 1_000 }], seam.clone()));
        let pump = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pump().await }
        });
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut all = Vec::new();
        for (flow, count) in [("many", 20), ("one", 1)] {
            for _ in 0..count {
                let (gate, order) = (gate.clone(), order.clone());
                let flow: Arc<str> = Arc::from(flow);
                all.push(tokio::spawn(async move {
                    let permit = gate.enter((Urgency::Live, &flow), 1).await;
                    order.lock().unwrap().push(flow);
                    drop(permit);
                }));
            }
        }
        for one in all {
            one.await.unwrap();
        }
        let place = order.lock().unwrap().iter().position(|f| &**f == "one").unwrap();
        assert!(place < 5, "it was number {place}");
        assert!(seam.now_ms() >= FakeSeam::BIRTH + 10_000, "21 requests at two a second");
        pump.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_live_goes_before_polls_and_these_before_backfills() {
        let seam = Arc::new(FakeSeam::new(1));
        let gate =
            Arc::new(Gate::new(&[Bucket::Sliding { requests: 1, per_ms: 1_000 }], seam.clone()));
        let flow: Arc<str> = Arc::from("order");
        drop(gate.try_enter(&flow, 1).unwrap());
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut all = Vec::new();
        for urgency in [Urgency::Backfill, Urgency::Poll, Urgency::Backfill, Urgency::Live] {
            let (gate, order, flow) = (gate.clone(), order.clone(), flow.clone());
            all.push(tokio::spawn(async move {
                drop(gate.enter((urgency, &flow), 1).await);
                order.lock().unwrap().push(urgency);
            }));
            tokio::task::yield_now().await;
        }
        let pump = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pump().await }
        });
        for one in all {
            one.await.unwrap();
        }
        let wanted = [Urgency::Live, Urgency::Poll, Urgency::Backfill, Urgency::Backfill];
        assert_eq!(*order.lock().unwrap(), wanted);
        pump.abort();
    }
}
