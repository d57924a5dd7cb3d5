//! Timers: durable rows, all of them in one ordered set in memory. Late perhaps, never early.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::seam::Seam;

/// The set of due times.
#[derive(Default)]
pub(crate) struct Timers {
    due: Mutex<BTreeSet<(i64, Arc<str>)>>,
    changed: Notify,
}

impl Timers {
    fn with<T>(&self, f: impl FnOnce(&mut BTreeSet<(i64, Arc<str>)>) -> T) -> T {
        f(&mut self.due.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets a task's timer.
    pub(crate) fn set(&self, due_ms: i64, task: Arc<str>) {
        let first = self.with(|due| {
            due.insert((due_ms, task));
            due.first().is_some_and(|(at, _)| *at == due_ms)
        });
        if first {
            self.changed.notify_one();
        }
    }

    /// Takes a task's timer away.
    pub(crate) fn unset(&self, due_ms: i64, task: &Arc<str>) {
        self.with(|due| due.remove(&(due_ms, task.clone())));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.with(|due| due.len())
    }

    /// Waits for the next due timer and gives its task.
    pub(crate) async fn next(&self, seam: &dyn Seam) -> Arc<str> {
        loop {
            let now = seam.now_ms();
            let first = self.with(|due| match due.first() {
                Some((at, _)) if *at <= now => Err(due.pop_first()),
                first => Ok(first.map(|(at, _)| *at)),
            });
            match first {
                Err(Some((_, task))) => return task,
                Err(None) => {}
                Ok(None) => self.changed.notified().await,
                Ok(Some(at)) => {
                    tokio::select! {
                        biased;
                        () = seam.sleep_until(at) => {}
                        () = self.changed.notified() => {}
                    }
                }
            }
        }
    }
}
