//! Making undone what was done, step by step in reverse order.
//!
//! The way the task went is walked again by what its journal says, without asking anything, to learn
//! what was done and what was known then.

use std::sync::Arc;

use tenon_graph::{Node, Step};
use tenon_value::Value;

use crate::event::{Cause, What, Who};
use crate::frame::Undoable;
use crate::state::Reason;
use crate::task::WriteStatus;
use crate::work::{Run, Stop, Work};

/// Why steps are made undone: a fault, or somebody who asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Undoing {
    /// The fault the task ends with afterwards.
    pub cause: Option<Cause>,
    /// The person who asked.
    pub by: Option<Who>,
}

impl Work<'_> {
    /// Whether a step did something that its `undo:` can take back: a write of its own, a child that
    /// ended well, or steps inside it.
    pub(crate) fn was_done(&self, step: &str, node: &Node, passed: bool) -> bool {
        match &node.step {
            Step::Each(_) | Step::Together { .. } => passed,
            Step::Run { .. } => self
                .task
                .step(step)
                .and_then(|record| record.child.as_ref()?.ended.as_ref())
                .is_some_and(|(state, _)| state == "done"),
            _ => self.is_done(step),
        }
    }

    /// The record of a write that was made.
    pub(crate) fn answer_of(&self, step: &str) -> Value {
        let write = self.task.step(step).and_then(|record| record.write.as_deref());
        match write.map(|write| &write.status) {
            Some(WriteStatus::Done { record, .. }) => record.clone(),
            _ => Value::Missing,
        }
    }

    /// Whether anything was done that can be made undone.
    pub(crate) fn can_be_undone(&self) -> bool {
        let graph = self.world.graph;
        self.task.steps.keys().any(|step| {
            let node = graph.step(step).filter(|node| node.undo.is_some());
            let passed =
                node.is_some_and(|node| matches!(node.step, Step::Each(_) | Step::Together { .. }));
            node.is_some_and(|node| self.was_done(step, node, passed))
                && !self.task.undone.iter().any(|undone| **undone == **step)
        })
    }

    /// Makes undone what was done; then the task ends.
    pub(crate) fn undo(&mut self) -> Run<()> {
        for undoable in self.what_is_left()? {
            let mut frame = undoable.frame;
            match self.walk_list(&mut frame) {
                Ok(()) => self.emit(What::Undone { step: undoable.step.to_string() }),
                Err(Stop::Failed(_, fault)) => {
                    let step = undoable.step.to_string();
                    let question = Reason::UndoFailed { step: step.clone(), fault: *fault };
                    return Err(self.hold(&step, question));
                }
                Err(stop) => return Err(stop),
            }
        }
        let undoing = self.task.undoing.clone();
        match undoing {
            Some(Undoing { cause: Some(Cause { step, fault }), .. }) => {
                self.emit(What::Failed { step, fault });
            }
            Some(Undoing { by: Some(Who { by, why }), .. }) => {
                self.emit(What::Cancelled { by, why: format!("undone: {why}") });
            }
            _ => self.emit(What::Completed),
        }
        Ok(())
    }

    /// What was done and is not yet undone, last first.
    fn what_is_left(&mut self) -> Run<Vec<Undoable>> {
        self.replays = true;
        self.task.place = None;
        let _ = self.walk();
        self.replays = false;
        self.looked.borrow_mut().clear();
        if !self.need.borrow().is_empty() {
            return Err(Stop::Need);
        }
        let place = self.task.place.take();
        let mut all = place.map(|place| Vec::clone(&place.undoable)).unwrap_or_default();
        all.retain(|one| !self.task.undone.iter().any(|undone| **undone == *one.step));
        all.reverse();
        let done_at = |step: &Arc<str>| self.task.step(step).and_then(|record| record.done_at);
        all.sort_by_key(|one| std::cmp::Reverse(done_at(&one.step)));
        Ok(all)
    }
}
