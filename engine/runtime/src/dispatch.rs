//! Mailboxes of tasks, and who may work now.
//!
//! A task that has mail is in memory and worked on by one future; one without is only rows in the
//! store. So one task never has two workers, and waiting costs nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenon_machine::Input;
use tokio::sync::{Notify, oneshot};

use crate::refusal::Refusal;

/// One input for a task, and who wants to hear how it went.
pub(crate) struct Mail {
    pub(crate) input: Input,
    pub(crate) reply: Option<oneshot::Sender<Result<(), Refusal>>>,
}

/// Mailboxes and admission.
pub(crate) struct Dispatcher {
    inner: Mutex<Inner>,
    wake: Notify,
}

struct Inner {
    boxes: HashMap<Arc<str>, VecDeque<Mail>>,
    ready: VecDeque<Arc<str>>,
    /// Workers that do not wait at a gate.
    active: usize,
    /// All workers.
    workers: usize,
    limit: usize,
    closed: bool,
}

impl Dispatcher {
    /// A dispatcher that lets so many work at once.
    pub(crate) fn new(limit: usize) -> Dispatcher {
        Dispatcher {
            inner: Mutex::new(Inner {
                boxes: HashMap::new(),
                ready: VecDeque::new(),
                active: 0,
                workers: 0,
                limit: limit.max(1),
                closed: false,
            }),
            wake: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a task an input.
    pub(crate) fn deliver(&self, task: &Arc<str>, input: Input) {
        self.post(task, Mail { input, reply: None });
    }

    /// Gives a task an input; the receiver hears whether it was taken.
    pub(crate) fn ask(
        &self,
        task: &Arc<str>,
        input: Input,
    ) -> oneshot::Receiver<Result<(), Refusal>> {
        let (sender, receiver) = oneshot::channel();
        self.post(task, Mail { input, reply: Some(sender) });
        receiver
    }

    fn post(&self, task: &Arc<str>, mail: Mail) {
        let mut inner = self.lock();
        if let Some(mails) = inner.boxes.get_mut(task) {
            mails.push_back(mail);
            return;
        }
        inner.boxes.insert(task.clone(), VecDeque::from([mail]));
        inner.ready.push_back(task.clone());
        drop(inner);
        self.wake.notify_one();
    }

    /// The next task to be worked on, once one may be.
    pub(crate) async fn admit(&self) -> Option<Arc<str>> {
        loop {
            {
                let mut inner = self.lock();
                if inner.closed {
                    return None;
                }
                // Those at a gate hold memory too: they are bounded with the rest.
                let room =
                    inner.active < inner.limit && inner.workers < inner.limit.saturating_mul(8);
                if room && let Some(task) = inner.ready.pop_front() {
                    inner.active += 1;
                    inner.workers += 1;
                    return Some(task);
                }
            }
            self.wake.notified().await;
        }
    }

    /// The next input of a task.
    pub(crate) fn mail(&self, task: &str) -> Option<Mail> {
        self.lock().boxes.get_mut(task)?.pop_front()
    }

    /// A worker has nothing left: true when it may end, false when mail has come meanwhile.
    pub(crate) fn finish(&self, task: &str) -> bool {
        let mut inner = self.lock();
        if inner.boxes.get(task).is_some_and(|mails| !mails.is_empty()) {
            return false;
        }
        inner.boxes.remove(task);
        self.leave(inner);
        true
    }

    /// A worker gives up, its mail with it.
    pub(crate) fn abandon(&self, task: &str) {
        let mut inner = self.lock();
        inner.boxes.remove(task);
        self.leave(inner);
    }

    fn leave(&self, mut inner: MutexGuard<'_, Inner>) {
        inner.active = inner.active.saturating_sub(1);
        inner.workers = inner.workers.saturating_sub(1);
        let more = !inner.ready.is_empty();
        drop(inner);
        if more {
            self.wake.notify_one();
        }
    }

    /// A worker waits at a gate: another may work meanwhile.
    pub(crate) fn step_aside(&self) {
        let mut inner = self.lock();
        inner.active = inner.active.saturating_sub(1);
        let more = !inner.ready.is_empty();
        drop(inner);
        if more {
            self.wake.notify_one();
        }
    }

    /// It is let through.
    pub(crate) fn step_in(&self) {
        self.lock().active += 1;
    }

    /// Lets nobody begin any more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    /// Tasks in memory.
    pub(crate) fn in_memory(&self) -> usize {
        self.lock().boxes.len()
    }
}
