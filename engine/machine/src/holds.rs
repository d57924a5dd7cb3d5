//! Going on: what is settled first, what is walked, and what the task then waits for.
//!
//! A task may have several steps under way. One that waits is held, with its reason, and the others go
//! on; only when all are held does the task as a whole wait, for what comes first.

use std::sync::Arc;

use tenon_graph::Node;
use tenon_value::{Class, Fault, Value};

use crate::codes;
use crate::event::What;
use crate::faults::Fate;
use crate::frame::{Frame, id_of, suffix_of};
use crate::state::{Reason, State};
use crate::task::WriteStatus;
use crate::work::{Run, Stop, Work, fault};

impl Work<'_> {
    /// Goes on until something is asked, the task waits, or it has ended.
    pub(crate) fn advance(&mut self) {
        // Every turn settles a write, catches a fault or stops: the bound only guards our own bugs.
        let turns = self.world.graph.graph.nodes.len().saturating_mul(2).saturating_add(1_100);
        for _ in 0..turns {
            if self.task.state != State::Running {
                return;
            }
            let (length, undoing) = (self.task.length, self.task.undoing.is_some());
            if self.settle_all() {
                continue;
            }
            self.crossed = false;
            if let Err(Stop::Skip(because)) = self.walk_or_end()
                && !self.has_unsettled()
            {
                self.emit(What::Skipped { because });
            }
            let crossed = self.crossed && self.task.length != length;
            if !crossed && self.task.undoing.is_some() == undoing {
                break;
            }
        }
        self.wait_for_all();
    }

    /// Goes the road of every write that is not settled. Says whether one was.
    fn settle_all(&mut self) -> bool {
        let open: Vec<Arc<str>> = self.task.unsettled().map(|(step, _)| Arc::clone(step)).collect();
        let mut settled = false;
        for step in open {
            if self.task.step(&step).is_some_and(|record| record.held.is_some()) {
                continue;
            }
            match self.settle(&step) {
                Ok(()) => settled = true,
                Err(Stop::Fault(fault, from)) => {
                    self.failed_beside(&step, *fault, from);
                }
                Err(_) => {}
            }
        }
        settled
    }

    /// A fault that came outside a walk: the walk finds it at its step.
    pub(crate) fn failed_beside(&mut self, step: &str, fault: Fault, from: Option<String>) {
        let Fate::Failed(fault) = self.failed(step, fault, from) else { return };
        let at = self.world.graph.position(step);
        if at.is_some_and(|at| self.world.graph.is_inner(at)) || self.task.undoing.is_some() {
            self.emit_failing(step, *fault);
        } else {
            self.fails_for_good(step, *fault);
        }
    }

    /// A step failed, and what is around it must decide what that means.
    pub(crate) fn emit_failing(&mut self, step: &str, fault: Fault) {
        let known = self.task.step(step).and_then(|record| record.held.as_ref());
        if matches!(known, Some((Reason::Fault { .. }, _))) {
            return;
        }
        let reason = Reason::Fault { step: step.to_owned(), fault };
        self.emit(What::Held { step: step.to_owned(), reason, wake_ms: None });
    }

    fn walk_or_end(&mut self) -> Run<()> {
        let unsettled = self.has_unsettled();
        if let Some((by, why)) = self.task.cancel_asked.clone() {
            if !unsettled {
                self.emit(What::Cancelled { by, why });
            }
            return Ok(());
        }
        if unsettled && !self.world.graph.is_parallel() {
            return Ok(());
        }
        match self.task.undoing {
            Some(_) => self.undo(),
            None => self.walk(),
        }
    }

    /// Whether a write was decided and is not known to have happened or not.
    pub(crate) fn has_unsettled(&self) -> bool {
        self.task.unsettled().next().is_some()
    }

    /// A step waits, or asks a person. The others go on.
    pub(crate) fn hold(&mut self, step: &str, reason: Reason) -> Stop {
        let wake_ms = self.deadline_of(step);
        match self.world.graph.is_parallel() {
            true => self.emit(What::Held { step: step.to_owned(), reason, wake_ms }),
            false => self.wait_for(reason, wake_ms),
        }
        Stop::Wait
    }

    /// Whether an answer is awaited, or the task comes back by itself.
    fn is_under_way(&self) -> bool {
        let writes = |write: &crate::task::Write| write.status == WriteStatus::Open;
        let comes_back = |effect: &crate::Effect| matches!(effect, crate::Effect::Continue);
        !self.task.asked.is_empty()
            || self.task.unsettled().any(|(_, write)| writes(write))
            || self.effects.iter().any(comes_back)
    }

    /// When steps are held and nothing is under way, the task waits as a whole: for a person first,
    /// else for what comes first.
    pub(crate) fn wait_for_all(&mut self) {
        let pending = !self.need.borrow().is_empty();
        if pending || self.task.state != State::Running || self.is_under_way() {
            return;
        }
        let waits = |reason: &Reason| !matches!(reason, Reason::Fault { .. });
        let all = self.task.held().filter(|(_, reason, _)| waits(reason));
        let first = all.min_by_key(|(_, reason, wake_ms)| {
            let until = reason.until_ms().into_iter().chain(*wake_ms).min();
            (!reason.is_question(), until.is_none(), until)
        });
        if let Some((_, reason, _)) = first {
            let (reason, wake_ms) = (reason.clone(), self.task.held_until());
            self.wait_for(reason, wake_ms);
        }
    }

    fn wait_for(&mut self, reason: Reason, wake_ms: Option<i64>) {
        match reason.is_question() {
            true => self.emit(What::Asked { question: reason }),
            false => self.emit(What::Waited { reason, wake_ms }),
        }
    }

    /// What is not durable on its own, such as standing in line for a lock, is begun anew.
    pub(crate) fn unhold_what_is_lost(&mut self) {
        let lost = |reason: &Reason| {
            matches!(
                reason,
                Reason::Lock { .. }
                    | Reason::ConnectionDown { .. }
                    | Reason::ConnectionAuth { .. }
                    | Reason::Document { .. }
            )
        };
        self.woken(|reason, _| lost(reason));
    }

    /// Something came that steps may wait for: those that do go on. Says whether there are any.
    pub(crate) fn woken(&mut self, by: impl Fn(&Reason, Option<i64>) -> bool) -> bool {
        if matches!(self.task.state, State::Waiting(Reason::Paused { .. })) {
            return false;
        }
        let held = self.task.held().filter(|(_, reason, wake_ms)| by(reason, *wake_ms));
        let steps: Vec<String> = held.map(|(step, ..)| step.to_string()).collect();
        if !steps.is_empty() && !self.task.state.is_ended() {
            self.emit(What::Unheld { steps });
            return true;
        }
        let wake_ms = self.task.wake_ms;
        let fits = matches!(&self.task.state, State::Waiting(reason) if by(reason, wake_ms));
        if fits {
            self.emit(What::Woken);
        }
        fits
    }

    /// What is inside a node is given up: nothing of it waits any more, and no answer to it counts.
    pub(crate) fn abandon(&mut self, at: u32, suffix: &str) {
        let graph = self.world.graph;
        let is_in = |step: &str| {
            let inner = graph.position(id_of(step)).is_some_and(|inner| graph.is_inside(at, inner));
            inner && suffix_of(step).starts_with(suffix)
        };
        let held = self.task.held().map(|(step, ..)| step).filter(|step| is_in(step));
        let steps: Vec<String> = held.map(|step| step.to_string()).collect();
        self.task.asked.retain(|(step, _), _| !is_in(step));
        if !steps.is_empty() {
            self.emit(What::Unheld { steps });
        }
    }

    /// A step's output, as long as it is within its time. What it wrote is settled first.
    pub(crate) fn in_time(
        &mut self,
        (at, node): (u32, &Node),
        step: &Arc<str>,
        frame: &mut Frame,
    ) -> Run<Value> {
        let Some(longest_ms) = Self::longest(node) else {
            return self.output((at, node), step, frame);
        };
        let is_over = |record: &crate::task::StepRecord| record.ended.is_some();
        if self.replays || self.is_done(step) || self.task.step(step).is_some_and(is_over) {
            return self.output((at, node), step, frame);
        }
        let over_ms = match self.task.step(step).and_then(|record| record.over_ms) {
            Some(over_ms) => over_ms,
            None => {
                let over_ms = self.world.now_ms.saturating_add(longest_ms);
                let (step, until_ms) = (step.to_string(), None);
                self.emit(What::StepBegun { step, until_ms, over_ms: Some(over_ms) });
                over_ms
            }
        };
        if over_ms <= self.world.now_ms {
            if self.has_unsettled() {
                return Err(Stop::Wait);
            }
            self.abandon(at, &frame.suffix);
            return Err(fault(late(node, step, longest_ms)));
        }
        self.output((at, node), step, frame)
    }

    /// When a step is at fault: in its own time, or in that of what is around it. A write that is not
    /// settled has no such time, and one that is over wakes nobody again.
    pub(crate) fn deadline_of(&self, step: &str) -> Option<i64> {
        let graph = self.world.graph;
        if self.task.unsettled().any(|(open, _)| **open == *step) {
            return None;
        }
        let at = graph.position(step);
        let counts = |around: &str| {
            let outer = graph.position(around);
            let inside = outer.zip(at).is_some_and(|(outer, at)| graph.is_inside(outer, at));
            around == step || (inside && suffix_of(step).starts_with(suffix_of(around)))
        };
        let timed = self.task.steps.iter().filter(|(_, record)| record.over_ms.is_some());
        let over =
            timed.filter(|(around, _)| counts(around)).filter_map(|(_, record)| record.over_ms);
        over.filter(|over_ms| *over_ms > self.world.now_ms).min()
    }

    /// The longest time a step may take, in milliseconds.
    fn longest(node: &Node) -> Option<i64> {
        let within_ms = match &node.step {
            tenon_graph::Step::Wait { within_ms, .. } => *within_ms,
            _ => None,
        };
        node.timeout_ms.into_iter().chain(within_ms).min()
    }
}

/// A step took too long.
fn late(node: &Node, step: &str, longest_ms: i64) -> Fault {
    let seconds = longest_ms / 1_000;
    let (code, message) = match &node.step {
        tenon_graph::Step::Wait { within_ms: Some(within_ms), .. } if *within_ms == longest_ms => {
            (codes::WAIT_OVER, format!("what step `{step}` waits for did not come in {seconds} s"))
        }
        _ => (codes::TIMEOUT, format!("step `{step}` did not end within {seconds} s")),
    };
    Fault::new(code, Class::Limit, message).hint("retry the task to give it the same time again")
}
