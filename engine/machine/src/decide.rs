//! The one decision function: an input, then as far as it goes.

use std::sync::Arc;

use tenon_kit::Reading;
use tenon_value::{Class, Fault};

use crate::apply::apply;
use crate::codes;
use crate::decision::{Ask, Change, Decision, Effect, Input, Recorded, World};
use crate::event::{Event, What};
use crate::state::{Reason, State, TaskId};
use crate::task::{SOURCE, Task, WriteStatus};
use crate::work::{Stop, Work};

/// What should happen now. Pure: the same arguments give the same decision. An input that does not
/// fit the task's state, such as an answer to an older question, gives an empty decision.
#[must_use]
pub fn decide(world: &World<'_>, task: &Task, input: &Input) -> Decision {
    if let Input::Verb { verb, by, why } = input {
        return crate::verbs::decide_verb(world, task, verb, (by, why));
    }
    let mut work = Work::new(world, task);
    let fits = match input {
        Input::Start => work.begin(),
        Input::Answered { ask, reading } => work.answered(ask, reading),
        Input::Continue => task.state == State::Running,
        Input::TimerFired => work.woken(|reason, wake_ms| {
            let until = reason.until_ms().into_iter().chain(wake_ms).min();
            until.is_some_and(|until_ms| until_ms <= world.now_ms)
        }),
        Input::LockFree => work.woken(|reason, _| matches!(reason, Reason::Lock { .. })),
        Input::ReferenceStored { entity, id } => {
            let stored = format!("{entity} {id}");
            work.woken(|reason, _| {
                matches!(reason, Reason::Document { reference, .. } if *reference == stored)
            })
        }
        Input::ConnectionUp { connection } => work.woken(|reason, _| match reason {
            Reason::ConnectionDown { connection: c, .. }
            | Reason::ConnectionAuth { connection: c, .. } => c == connection,
            _ => false,
        }),
        Input::ChildEnded { child, state } => work.child_ended(child, state),
        Input::PageEnded { step, from, ends } => work.page_ended(step, *from, ends),
        Input::Recovered { process_started_ms } => work.recovered(*process_started_ms),
        Input::Restored { now_ms } => {
            let message = "the store was restored, and the lost time may hold this write";
            work.lost(*now_ms, &Fault::new(codes::RESTORED, Class::UnknownOutcome, message));
            work.task.state == State::Running
        }
        Input::Verb { .. } => false,
    };
    if fits {
        work.advance();
    }
    work.finish(task)
}

/// The decision for a task whose deciding panicked: it fails with a defect, and nothing of it is
/// forgotten.
#[must_use]
pub fn quarantine(task: &Task, now_ms: i64, message: &str) -> Decision {
    let fault = Fault::new(crate::codes::DEFECT, Class::Defect, message)
        .hint("report it with the task's journal; retry tries again");
    let event = Event::at(now_ms, What::Failed { step: SOURCE.to_owned(), fault });
    let mut after = task.clone();
    apply(&mut after, &event);
    let given = task.locks.keys().filter(|key| !after.locks.contains_key(*key));
    let changes = given.map(|key| Change::Unlock { key: key.clone() }).collect();
    let bytes = event.encode();
    Decision {
        events: vec![Recorded { event, bytes }],
        changes,
        task: after,
        ..Decision::none(task)
    }
}

impl Work<'_> {
    fn begin(&mut self) -> bool {
        let fits = self.task.state == State::Queued;
        if fits {
            self.emit(What::Begun);
        }
        fits
    }

    fn answered(&mut self, ask: &Ask, reading: &Reading) -> bool {
        let ended = self.task.state.is_ended();
        let result = match &ask.slot {
            Some(slot) => {
                let question = (Arc::from(ask.step.as_str()), slot.clone());
                if ended || self.task.asked.get(&question) != Some(&ask.at) {
                    return false;
                }
                self.task.asked.remove(&question);
                self.read_answered(ask, reading.outcome.clone())
            }
            None => {
                let write = self.task.step(&ask.step).and_then(|record| record.write.as_deref());
                let open = write.is_some_and(|write| write.status == WriteStatus::Open);
                if !open {
                    return false;
                }
                self.write_answered(ask, reading.clone())
            }
        };
        match result {
            // What is known of a write is kept, also of a task that a defect ended meanwhile.
            _ if ended => false,
            Err(Stop::Fault(fault, from)) => {
                self.failed_beside(&ask.step, *fault, from);
                true
            }
            Err(Stop::Wait | Stop::Need) if self.sends_more() => false,
            _ => true,
        }
    }

    /// Whether the rest of an answer is asked for.
    fn sends_more(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Send { .. }))
    }

    fn child_ended(&mut self, child: &TaskId, state: &State) -> bool {
        let step = self.task.steps.iter().find_map(|(step, record)| {
            let known = record.child.as_ref()?;
            (known.id == *child).then(|| (step.to_string(), known.clone()))
        });
        let Some((step, known)) = step else { return self.item_ended(child, state) };
        if !state.is_ended() {
            self.child_asks(&step, child, matches!(state, State::NeedsPerson(_)));
            return false;
        }
        let name = state.name().to_owned();
        if known.ended.as_ref().is_some_and(|(ended, _)| *ended == name) {
            return false;
        }
        let healed = match &self.task.state {
            State::Failed(Reason::Fault { step: failed, .. }) => {
                *failed == step && matches!(state, State::Done | State::Skipped(_))
            }
            state if state.is_ended() => return false,
            _ => false,
        };
        let fault = state.fault().cloned();
        if self.task.step(&step).is_some_and(|record| record.held.is_some()) {
            self.emit(What::Unheld { steps: vec![step] });
        }
        self.emit(What::ChildEnded { child: child.clone(), state: name, fault });
        if healed {
            // The child was repaired: what it made to fail goes on by itself.
            let why = format!("task {child} ended well");
            self.emit(What::Retried { by: child.0.clone(), why });
            self.emit(What::ReadsForgotten { step: None });
        }
        self.task.state == State::Running
    }

    /// The answers of the writes that are under way will not come.
    fn lost(&mut self, since_ms: i64, fault: &Fault) {
        let open = self.task.unsettled().filter(|(_, write)| write.status == WriteStatus::Open);
        let open: Vec<String> = open.map(|(step, _)| step.to_string()).collect();
        for step in open {
            self.emit(What::Lost { step, since_ms, fault: fault.clone() });
        }
    }

    /// A child began or ceased to ask a person: the reason says so.
    pub(crate) fn child_asks(&mut self, step: &str, child: &TaskId, asks: bool) {
        let held = self.task.step(step).and_then(|record| record.held.as_ref());
        let held = held.map(|(reason, _)| reason);
        let reason = match &self.task.state {
            State::Waiting(reason) => held.or(Some(reason)),
            _ => held,
        };
        let Some(Reason::Children { step: waits, open, of, asks: known }) = reason.cloned() else {
            return;
        };
        let now = asks.then(|| child.clone());
        if waits == step && known != now {
            self.hold(step, Reason::Children { step: waits, open, of, asks: now });
            self.wait_for_all();
        }
    }

    fn recovered(&mut self, process_started_ms: i64) -> bool {
        let message = "the process ended before the answer came";
        let fault = Fault::new(codes::PROCESS_ENDED, Class::UnknownOutcome, message);
        self.lost(process_started_ms, &fault);
        if self.task.reasons().iter().any(|reason| matches!(reason, Reason::Children { .. })) {
            let open = self.task.steps.values().filter_map(|record| record.child.as_ref());
            let open = open.filter(|child| !child.detach && child.ended.is_none());
            let watch: Vec<Effect> =
                open.map(|child| Effect::WatchChild { child: child.id.clone() }).collect();
            self.effects.extend(watch);
            self.watch_pages();
        }
        self.unhold_what_is_lost();
        self.task.state == State::Running
    }
}
