//! What people repair in a task: outcomes forgotten, steps skipped, values edited.

use std::collections::BTreeSet;

use tenon_graph::{Node, Step};
use tenon_kit::Operation;
use tenon_value::Value;

use crate::apply::document_of;
use crate::codes;
use crate::event::{Care, Part, What};
use crate::patch;
use crate::state::{Reason, State};
use crate::task::{SOURCE, StepRecord, WriteStatus};
use crate::verbs::{Verdict, refuse};
use crate::work::Work;

impl Work<'_> {
    /// The steps whose outcomes are forgotten by a retry from one of them on: those it can lead to.
    /// A write that could not be found again, and would be repeated, is kept.
    pub(crate) fn forget_from(&mut self, step: &str) -> Verdict {
        if self.world.graph.step(step).is_none() {
            return no_step(step);
        }
        let on_the_way: BTreeSet<String> =
            self.world.graph.reached_from(step).into_iter().collect();
        let base = |id: &str| id.split('[').next().unwrap_or(id).to_owned();
        let known = self.task.steps.iter().filter(|(id, _)| on_the_way.contains(&base(id)));
        let steps = known.filter(|(_, record)| self.is_found_again(record));
        let steps: Vec<String> = steps.map(|(id, _)| id.to_string()).collect();
        self.emit(What::OutcomesForgotten { steps });
        Ok(())
    }

    /// Whether what a step did can be forgotten without doing it twice.
    fn is_found_again(&self, record: &StepRecord) -> bool {
        if record.child.as_ref().is_some_and(|child| child.ended.is_none()) {
            return false;
        }
        if record.pages.is_some() {
            return false;
        }
        let Some(write) = record.write.as_deref() else { return true };
        if !matches!(write.status, WriteStatus::Done { .. }) {
            return true;
        }
        match &write.operation {
            Operation::Create { .. } => write.reference.is_some(),
            Operation::Update { .. } => true,
            Operation::Action { resource, action, .. } => {
                let system = self.world.systems.get(&write.connection);
                system.is_some_and(|system| {
                    system.has_proof(resource, action)
                        && system.already(resource, action) == tenon_kit::Already::Done
                })
            }
            _ => false,
        }
    }

    /// The task goes on as if the step had given this.
    pub(crate) fn skip_step(&mut self, step: &str, output: &Value, who: (&str, &str)) -> Verdict {
        let Some(node) = self.world.graph.step(step) else { return no_step(step) };
        if !gives(node) {
            let message = format!("step `{step}` ({}) gives nothing", node.step.verb());
            return refuse(codes::VERB_REFUSED, message, "skip takes steps that have an output");
        }
        self.is_open_to_repair(Some(step))?;
        let (by, why) = (who.0.to_owned(), who.1.to_owned());
        let diff = Value::Missing;
        self.emit(What::Edited {
            part: Part::Output,
            step: step.to_owned(),
            value: output.clone(),
            diff,
            by: by.clone(),
            why: why.clone(),
        });
        let stands = match &self.task.state {
            State::Failed(_) | State::NeedsPerson(_) => true,
            State::Waiting(reason) => !matches!(reason, Reason::Paused { .. }),
            _ => false,
        };
        if stands {
            self.emit(What::Retried { by, why });
            self.emit(What::ReadsForgotten { step: None });
        }
        Ok(())
    }

    /// Changes the record, what a step made to be sent, or what it gave. The task stays where it is.
    pub(crate) fn edit(
        &mut self,
        part: Part,
        step: &str,
        patch: &Value,
        who: (&str, &str),
    ) -> Verdict {
        let step = if part == Part::Record { SOURCE } else { step };
        if part != Part::Record && self.world.graph.step(step).is_none() {
            return no_step(step);
        }
        self.is_open_to_repair(Some(step))?;
        let Some(now) = self.editable(part, step) else {
            let message = match part {
                Part::Record => "the source record was not read yet".to_owned(),
                Part::Input => format!("step `{step}` has made nothing to send yet"),
                Part::Output => format!("step `{step}` has given nothing yet"),
            };
            let hint = "edit the record or an earlier step, or repair the mapping; a step without an \
                        output can be skipped with one";
            return refuse(codes::VERB_REFUSED, message, hint);
        };
        let value = match patch::apply(&now, patch) {
            Ok(value) => value,
            Err(why) => {
                let hint =
                    "look at the value with `tenon task show`, and write its paths as `/A/0/B`";
                return refuse(
                    codes::PATCH_REFUSED,
                    format!("the patch does not fit: {why}"),
                    hint,
                );
            }
        };
        self.emit(What::Edited {
            part,
            step: step.to_owned(),
            value,
            diff: patch.clone(),
            by: who.0.to_owned(),
            why: who.1.to_owned(),
        });
        Ok(())
    }

    /// What a person sees of a part, to change it.
    fn editable(&self, part: Part, step: &str) -> Option<Value> {
        let record = self.task.step(step);
        let write = record.and_then(|record| record.write.as_deref());
        let read = || record.and_then(|record| record.reads.get("record").cloned());
        let given = || record.and_then(|record| record.given.clone());
        match part {
            Part::Record => given().or_else(read).or_else(|| {
                let from = &self.world.graph.graph.from;
                let given = self.task.given.field(&from.resource);
                (!given.is_absent()).then(|| given.clone())
            }),
            Part::Input => record
                .and_then(|record| record.input.clone())
                .or_else(|| write.and_then(document_of).cloned()),
            Part::Output => given()
                .or_else(|| record.and_then(|record| record.ended.clone()))
                .or_else(|| match write.map(|write| &write.status) {
                    Some(WriteStatus::Done { record, .. }) => Some(record.clone()),
                    _ => None,
                })
                .or_else(read),
        }
    }

    /// A person says that nothing more is to be done.
    pub(crate) fn close(&mut self, who: (&str, &str)) -> Verdict {
        self.is_open_to_repair(None)?;
        self.emit(What::Closed { by: who.0.to_owned(), why: who.1.to_owned() });
        Ok(())
    }

    /// Notes of people; they change nothing the task does.
    pub(crate) fn care(&mut self, care: &Care, who: (&str, &str)) -> Verdict {
        let (by, why) = (who.0.to_owned(), who.1.to_owned());
        self.emit(What::CaredFor { care: care.clone(), by, why });
        Ok(())
    }

    /// Ended tasks and open writes are not repaired.
    pub(crate) fn is_open_to_repair(&self, step: Option<&str>) -> Verdict {
        let ended =
            matches!(self.task.state, State::Done | State::Skipped(_) | State::Cancelled { .. });
        if ended {
            let message = format!("the task is {} already", self.task.state.name());
            return refuse(
                codes::VERB_REFUSED,
                message,
                "start the record anew: `tenon task rerun`",
            );
        }
        match self.task.open_write() {
            Some((open, _)) if step.is_none_or(|step| step == &**open) => refuse(
                codes::SETTLE_FIRST,
                format!("the outcome of the write of step `{open}` is not known"),
                "wait for it, or answer happened or not-happened first",
            ),
            _ => Ok(()),
        }
    }
}

fn no_step(step: &str) -> Verdict {
    let message = format!("the flow has no step `{step}`");
    refuse(codes::VERB_REFUSED, message, "`tenon task show` names the steps")
}

fn gives(node: &Node) -> bool {
    !matches!(
        node.step,
        Step::Choose { .. } | Step::Set { .. } | Step::Stop { .. } | Step::Log { .. }
    )
}
