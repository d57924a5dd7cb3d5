//! What people do with a task.

use std::collections::BTreeMap;

use tenon_value::{Class, Fault, Value};

use crate::codes;
use crate::decision::{Decision, Effect, Refused, Verb, World};
use crate::event::{Said, What, Who};
use crate::moving::refuse_blocked;
use crate::state::{Reason, State};
use crate::task::{Task, WriteStatus};
use crate::work::Work;

/// Decides a verb of somebody (who, why).
pub(crate) fn decide_verb(
    world: &World<'_>,
    task: &Task,
    verb: &Verb,
    who: (&str, &str),
) -> Decision {
    let mut work = Work::new(world, task);
    let result = match verb {
        Verb::Retry { latest } => work.retry((*latest, None), who),
        Verb::RetryFrom { step, latest } => work.retry((*latest, Some(step.as_str())), who),
        Verb::Skip { step, output } => work.skip_step(step, output, who),
        Verb::Edit { part, step, patch } => work.edit(*part, step, patch, who),
        Verb::Done => work.close(who),
        Verb::Move { to, steps } => work.move_to(*to, steps, who),
        Verb::Care(care) => work.care(care, who),
        Verb::Cancel => work.cancel(who),
        Verb::Say(said) => work.say(said, who),
        Verb::Signal { name, value } => work.signalled(name, value, who),
        Verb::Undo => work.undo_asked(who),
        Verb::Pause => work.pause(who),
        Verb::Resume => work.resume(),
    };
    match result {
        Ok(()) => {
            work.advance();
            work.finish(task)
        }
        Err(refused) => Decision::refused(task, *refused),
    }
}

pub(crate) type Verdict = Result<(), Box<Refused>>;

pub(crate) fn refuse(code: &'static str, message: String, hint: &str) -> Verdict {
    Err(Box::new(Refused { code, message, hint: hint.to_owned() }))
}

impl Work<'_> {
    fn retry(
        &mut self,
        (latest, from): (Option<tenon_graph::GraphHash>, Option<&str>),
        who: (&str, &str),
    ) -> Verdict {
        let in_flight =
            self.task.unsettled().filter(|(_, write)| write.status == WriteStatus::Open);
        let in_flight: Vec<String> = in_flight.map(|(step, _)| step.to_string()).collect();
        let failed = matches!(self.task.state, State::Failed(_));
        let fits =
            matches!(self.task.state, State::Failed(_) | State::Waiting(_) | State::NeedsPerson(_));
        if !fits || (!in_flight.is_empty() && !failed) {
            let message = format!("the task is {}", self.task.state.name());
            let hint = "retry takes failed and waiting tasks; start an ended record anew";
            return refuse(codes::VERB_REFUSED, message, hint);
        }
        if self.task.undoing.is_some() {
            self.retry_undoing(who);
            return Ok(());
        }
        if !self.task.undone.is_empty() {
            let message = "what it had done was made undone".to_owned();
            return refuse(codes::VERB_REFUSED, message, "start the record anew");
        }
        for step in in_flight {
            // A defect ended it while a write was under way, and no answer was seen.
            let fault = Fault::new(codes::DEFECT, Class::UnknownOutcome, "its answer was not seen");
            self.emit(What::Lost { step, since_ms: self.world.now_ms, fault });
        }
        if let Some(step) = from {
            self.forget_from(step)?;
        }
        let (by, why) = (who.0.to_owned(), who.1.to_owned());
        let failed: Vec<_> = self
            .task
            .steps
            .values()
            .filter_map(|record| record.child.as_ref())
            .filter(|child| matches!(&child.ended, Some((state, _)) if state == "failed"))
            .map(|child| child.id.clone())
            .collect();
        let failed = failed.into_iter().chain(self.failing_items()).collect::<Vec<_>>();
        self.emit(What::Retried { by: by.clone(), why: why.clone() });
        self.emit(What::ReadsForgotten { step: None });
        if let Some(to) = latest.filter(|to| *to != self.task.graph) {
            let fit = self.fit(&BTreeMap::new());
            refuse_blocked(&fit)?;
            self.emit(What::GraphChanged { to });
            self.follow(&fit);
        }
        for child in failed {
            let (by, why) = (by.clone(), why.clone());
            self.effects.push(Effect::RetryChild { child, by, why });
        }
        Ok(())
    }

    /// Making undone goes on: only its own steps are read afresh, for the way there is not walked again.
    fn retry_undoing(&mut self, who: (&str, &str)) {
        self.emit(What::Retried { by: who.0.to_owned(), why: who.1.to_owned() });
        let graph = self.world.graph;
        let steps: Vec<String> = self
            .task
            .steps
            .keys()
            .filter(|step| graph.position(step).is_some_and(|at| graph.is_undoing(at)))
            .map(|step| step.to_string())
            .collect();
        for step in steps {
            self.emit(What::ReadsForgotten { step: Some(step) });
        }
    }

    fn signalled(&mut self, name: &str, value: &Value, who: (&str, &str)) -> Verdict {
        if self.task.state.is_ended() {
            let message = format!("the task is {} already", self.task.state.name());
            return refuse(codes::VERB_REFUSED, message, "no step will take the signal");
        }
        if self.is_full() {
            let message = "the task's journal is full".to_owned();
            return refuse(codes::VERB_REFUSED, message, "cancel it and start the record anew");
        }
        let who = Who { by: who.0.to_owned(), why: who.1.to_owned() };
        self.emit(What::Signalled { name: name.to_owned(), value: value.clone(), who });
        self.woken(|reason, _| matches!(reason, Reason::Signal { name: n, .. } if n == name));
        Ok(())
    }

    fn undo_asked(&mut self, who: (&str, &str)) -> Verdict {
        let fits = matches!(self.task.state, State::Done | State::Failed(_) | State::Skipped(_));
        if !fits || self.task.open_write().is_some() {
            let message = format!("the task is {}", self.task.state.name());
            let hint = "undo takes tasks that have ended, with no outcome unknown";
            return refuse(codes::VERB_REFUSED, message, hint);
        }
        if !self.can_be_undone() {
            let message = "nothing was done that the flow can make undone".to_owned();
            let hint = "only steps with `undo:` can be made undone; settle it in the two systems";
            return refuse(codes::VERB_REFUSED, message, hint);
        }
        let by = Some(Who { by: who.0.to_owned(), why: who.1.to_owned() });
        self.emit(What::UndoBegun { cause: None, by });
        Ok(())
    }

    fn cancel(&mut self, who: (&str, &str)) -> Verdict {
        let (by, why) = (who.0.to_owned(), who.1.to_owned());
        let ended =
            matches!(self.task.state, State::Done | State::Skipped(_) | State::Cancelled { .. });
        if ended {
            let message = format!("the task is {} already", self.task.state.name());
            return refuse(codes::VERB_REFUSED, message, "nothing is left to cancel");
        }
        let open = self.task.open_write().is_some();
        match (&self.task.state, open) {
            (State::NeedsPerson(_) | State::Failed(_), true) => refuse(
                codes::SETTLE_FIRST,
                "the outcome of a write is not known".to_owned(),
                "answer happened or not-happened first",
            ),
            (_, true) => {
                self.emit(What::CancelAsked { by, why });
                Ok(())
            }
            (_, false) => {
                self.emit(What::Cancelled { by, why });
                Ok(())
            }
        }
    }

    fn say(&mut self, said: &Said, who: (&str, &str)) -> Verdict {
        let fits = match (&self.task.state, said) {
            (
                State::NeedsPerson(Reason::UnknownOutcome { step, .. })
                | State::Waiting(Reason::Outcome { of: step, .. } | Reason::Retry { step, .. }),
                Said::Happened { id },
            ) => return self.say_happened(&step.clone(), id.as_deref(), said, who),
            (
                State::NeedsPerson(Reason::UnknownOutcome { step, .. })
                | State::Waiting(Reason::Outcome { of: step, .. }),
                Said::NotHappened,
            ) => self.is_unknown(step),
            (
                State::NeedsPerson(Reason::SameRecord { .. }),
                Said::Link { .. } | Said::CreateNew,
            ) => true,
            _ => false,
        };
        if !fits {
            let message = "the task asks nothing that this answers".to_owned();
            return refuse(codes::VERB_REFUSED, message, "look at the task's reason");
        }
        self.answer(said, who);
        Ok(())
    }

    fn is_unknown(&self, step: &str) -> bool {
        let write = self.task.step(step).and_then(|record| record.write.as_deref());
        write.is_some_and(|write| matches!(write.status, WriteStatus::Unknown { .. }))
    }

    fn say_happened(
        &mut self,
        step: &str,
        id: Option<&str>,
        said: &Said,
        who: (&str, &str),
    ) -> Verdict {
        let write = self.task.step(step).and_then(|record| record.write.clone());
        let unknown = write.filter(|write| matches!(write.status, WriteStatus::Unknown { .. }));
        let Some(write) = unknown else {
            let message = "no outcome is unknown".to_owned();
            return refuse(codes::VERB_REFUSED, message, "look at the task's reason");
        };
        let creates = matches!(write.operation, tenon_kit::Operation::Create { .. });
        if creates && id.is_none_or(|id| id.trim().is_empty()) {
            let message = "a record was made: its id is needed".to_owned();
            return refuse(codes::VERB_REFUSED, message, "give the record's id in the target");
        }
        self.answer(said, who);
        Ok(())
    }

    fn answer(&mut self, said: &Said, who: (&str, &str)) {
        let (by, why) = (who.0.to_owned(), who.1.to_owned());
        self.emit(What::Answer { said: said.clone(), by, why });
    }

    fn pause(&mut self, who: (&str, &str)) -> Verdict {
        let fits = matches!(self.task.state, State::Running | State::Waiting(_));
        if !fits || self.task.open_write().is_some() {
            let message = "only a task that runs or waits, with no write under way, is paused";
            return refuse(codes::VERB_REFUSED, message.to_owned(), "try again in a moment");
        }
        let (by, why) = (who.0.to_owned(), who.1.to_owned());
        self.emit(What::Paused { by, why });
        Ok(())
    }

    fn resume(&mut self) -> Verdict {
        if !matches!(self.task.state, State::Waiting(Reason::Paused { .. })) {
            let message = format!("the task is {}, not paused", self.task.state.name());
            return refuse(codes::VERB_REFUSED, message, "resume takes paused tasks");
        }
        let held: Vec<String> = self.task.held().map(|(step, ..)| step.to_string()).collect();
        match held.is_empty() {
            true => self.emit(What::Woken),
            false => self.emit(What::Unheld { steps: held }),
        }
        Ok(())
    }
}
