//! What people do with a task.

use tenon_value::{Class, Fault};

use crate::codes;
use crate::decision::{Decision, Effect, Refused, Verb, World};
use crate::event::{Said, What};
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
        Verb::Move { to } => work.move_to(*to, who),
        Verb::Care(care) => work.care(care, who),
        Verb::Cancel => work.cancel(who),
        Verb::Say(said) => work.say(said, who),
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
        let in_flight = self
            .task
            .open_write()
            .filter(|(_, write)| matches!(write.status, WriteStatus::Open))
            .map(|(step, _)| step.to_string());
        let failed = matches!(self.task.state, State::Failed(_));
        let fits =
            matches!(self.task.state, State::Failed(_) | State::Waiting(_) | State::NeedsPerson(_));
        if !fits || (in_flight.is_some() && !failed) {
            let message = format!("the task is {}", self.task.state.name());
            let hint = "retry takes failed and waiting tasks; start an ended record anew";
            return refuse(codes::VERB_REFUSED, message, hint);
        }
        if let Some(step) = in_flight {
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
        self.emit(What::Retried { by: by.clone(), why: why.clone() });
        self.emit(What::ReadsForgotten { step: None });
        if let Some(to) = latest.filter(|to| *to != self.task.graph) {
            self.emit(What::GraphChanged { to });
        }
        for child in failed {
            let (by, why) = (by.clone(), why.clone());
            self.effects.push(Effect::RetryChild { child, by, why });
        }
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
                State::NeedsPerson(Reason::UnknownOutcome { .. })
                | State::Waiting(Reason::Outcome { .. }),
                Said::NotHappened,
            ) => true,
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
        self.emit(What::Woken);
        Ok(())
    }
}
