//! The door to one account: waits for room under its limits, fair between flows.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;
use tokio::sync::{Notify, oneshot};

use crate::limiter::{Blocked, Bucket, Feedback, Limiter};
use crate::seam::Seam;

/// The door to one account.
pub struct Gate {
    inner: Mutex<Inner>,
    changed: Notify,
    seam: Arc<dyn Seam>,
}

struct Inner {
    limiter: Limiter,
    waiting: IndexMap<Arc<str>, VecDeque<(u32, oneshot::Sender<()>)>>,
    turn: usize,
    free_at: Option<i64>,
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
        let now = self.gate.seam.now_ms();
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
                waiting: IndexMap::new(),
                turn: 0,
                free_at: None,
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
    pub fn try_enter(&self, cost: u32) -> Option<Permit<'_>> {
        let mut inner = self.lock();
        if !inner.waiting.is_empty() {
            return None;
        }
        inner.limiter.take(self.seam.now_ms(), cost).ok()?;
        Some(self.permit(cost))
    }

    fn permit(&self, cost: u32) -> Permit<'_> {
        Permit { gate: self, cost, feedback: Feedback::default() }
    }

    /// Waits for room in the flow's own line; lines take turns.
    pub async fn enter(&self, flow: &Arc<str>, cost: u32) -> Permit<'_> {
        if let Some(permit) = self.try_enter(cost) {
            return permit;
        }
        let (sender, receiver) = oneshot::channel();
        self.lock().waiting.entry(flow.clone()).or_default().push_back((cost, sender));
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
                        () = self.seam.sleep_until(at) => {}
                        () = self.changed.notified() => {}
                    }
                }
                Some(Blocked::CallEnds) | None => self.changed.notified().await,
            }
        }
    }

    fn hand_out(&self) -> Option<Blocked> {
        let now = self.seam.now_ms();
        let mut inner = self.lock();
        inner.free_at = None;
        while !inner.waiting.is_empty() {
            let turn = inner.turn % inner.waiting.len();
            let Inner { limiter, waiting, .. } = &mut *inner;
            let Some((_, line)) = waiting.get_index_mut(turn) else { break };
            let Some((cost, _)) = line.front() else {
                waiting.shift_remove_index(turn);
                continue;
            };
            let cost = *cost;
            if let Err(blocked) = limiter.take(now, cost) {
                if let Blocked::Until(at) = blocked {
                    inner.free_at = Some(at);
                }
                return Some(blocked);
            }
            if line.pop_front().is_none_or(|(_, sender)| sender.send(()).is_err()) {
                // Who waited is gone: what was taken counts as sent, which errs on the safe side.
                limiter.ended(now, cost, &Feedback::default());
            }
            inner.turn = turn + 1;
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
                    let permit = gate.enter(&flow, 1).await;
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
}
