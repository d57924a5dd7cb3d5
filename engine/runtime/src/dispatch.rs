//! Mailboxes of tasks, and who may work now.
//!
//! A task that has mail is in memory and worked on by one future; one without is only rows in the
//! store. So one task never has two workers, and waiting costs nothing.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenon_machine::Input;
use tokio::sync::{Notify, oneshot};

use crate::gate::Urgency;
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

/// Tasks that begin stand in the line of their flow and urgency; what goes on has one of its own.
pub(crate) type Line = (Urgency, Arc<str>);

struct Inner {
    boxes: HashMap<Arc<str>, VecDeque<Mail>>,
    ready: BTreeMap<Line, VecDeque<Arc<str>>>,
    /// The line each worker was let in by, and how many each line has at work.
    lines: HashMap<Arc<str>, Line>,
    at_work: BTreeMap<Line, usize>,
    /// The line that was served last.
    turn: Option<Line>,
    /// Workers that do not wait at a gate.
    active: usize,
    /// All workers.
    workers: usize,
    limit: usize,
    closed: bool,
}

impl Inner {
    /// The next task, taken from the lines in turn. Those at a gate hold memory too: each line has so
    /// many of them at most, and none can fill the room of another.
    fn next(&mut self) -> Option<Arc<str>> {
        let most = self.limit.saturating_mul(4);
        let has_room = |line: &&Line| self.at_work.get(*line).is_none_or(|count| *count < most);
        let behind = |last: &Line| {
            let later = (std::ops::Bound::Excluded(last.clone()), std::ops::Bound::Unbounded);
            self.ready.range(later).map(|(line, _)| line).find(has_room).cloned()
        };
        let line = self.turn.as_ref().and_then(behind);
        let line = line.or_else(|| self.ready.keys().find(has_room).cloned())?;
        let waiting = self.ready.get_mut(&line)?;
        let task = waiting.pop_front()?;
        if waiting.is_empty() {
            self.ready.remove(&line);
        }
        *self.at_work.entry(line.clone()).or_default() += 1;
        self.lines.insert(task.clone(), line.clone());
        self.turn = Some(line);
        Some(task)
    }
}

impl Dispatcher {
    /// A dispatcher that lets so many work at once.
    pub(crate) fn new(limit: usize) -> Dispatcher {
        Dispatcher {
            inner: Mutex::new(Inner {
                boxes: HashMap::new(),
                ready: BTreeMap::new(),
                lines: HashMap::new(),
                at_work: BTreeMap::new(),
                turn: None,
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
        self.post(task, Mail { input, reply: None }, None);
    }

    /// Lets a task begin, in the line of its flow and urgency.
    pub(crate) fn begin(&self, line: Line, task: &Arc<str>) {
        self.post(task, Mail { input: Input::Start, reply: None }, Some(line));
    }

    /// Gives a task an input; the receiver hears whether it was taken.
    pub(crate) fn ask(
        &self,
        task: &Arc<str>,
        input: Input,
    ) -> oneshot::Receiver<Result<(), Refusal>> {
        let (sender, receiver) = oneshot::channel();
        self.post(task, Mail { input, reply: Some(sender) }, None);
        receiver
    }

    fn post(&self, task: &Arc<str>, mail: Mail, line: Option<Line>) {
        let mut inner = self.lock();
        if let Some(mails) = inner.boxes.get_mut(task) {
            mails.push_back(mail);
            return;
        }
        if inner.closed {
            // Nobody will work on it: who waits for the reply hears that at once.
            return;
        }
        inner.boxes.insert(task.clone(), VecDeque::from([mail]));
        let line = line.unwrap_or_else(|| (Urgency::Live, Arc::from("")));
        inner.ready.entry(line).or_default().push_back(task.clone());
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
                if inner.active < inner.limit
                    && let Some(task) = inner.next()
                {
                    inner.active += 1;
                    inner.workers += 1;
                    return Some(task);
                }
            }
            self.wake.notified().await;
        }
    }

    /// What the input says that a task gets next; nothing is taken.
    pub(crate) fn first<T>(&self, task: &str, says: impl Fn(&Input) -> Option<T>) -> Option<T> {
        says(&self.lock().boxes.get(task)?.front()?.input)
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
        self.leave(inner, task);
        true
    }

    /// A worker gives up, its mail with it.
    pub(crate) fn abandon(&self, task: &str) {
        let mut inner = self.lock();
        inner.boxes.remove(task);
        self.leave(inner, task);
    }

    fn leave(&self, mut inner: MutexGuard<'_, Inner>, task: &str) {
        if let Some(line) = inner.lines.remove(task)
            && let Some(count) = inner.at_work.get_mut(&line)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                inner.at_work.remove(&line);
            }
        }
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

    /// Lets nobody begin any more. The mail of those that had not begun is dropped: the next start
    /// finds them again, and who waits for a reply hears that there will be none.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        for task in std::mem::take(&mut inner.ready).into_values().flatten() {
            inner.boxes.remove(&task);
        }
        drop(inner);
        self.wake.notify_one();
    }

    /// Tasks that wait to be worked on before others, where this one is among them: how many wait in
    /// its line, and how many of its line are at work.
    pub(crate) fn turn_of(&self, line: &Line) -> (usize, usize) {
        let inner = self.lock();
        let waiting = inner.ready.get(line).map_or(0, VecDeque::len);
        (waiting, inner.at_work.get(line).copied().unwrap_or(0))
    }

    /// Tasks that wait for a worker, by urgency.
    pub(crate) fn queued(&self) -> BTreeMap<Urgency, usize> {
        let mut all = BTreeMap::new();
        for ((urgency, _), waiting) in &self.lock().ready {
            *all.entry(*urgency).or_default() += waiting.len();
        }
        all
    }

    /// Tasks in memory.
    pub(crate) fn in_memory(&self) -> usize {
        self.lock().boxes.len()
    }
}
