//! Events for people: a line of text, and data for pages and APIs.

use std::fmt::Write as _;

use tenon_value::{Fault, Value, json};

use crate::ReadKey;
use crate::codec_plan::operation;
use crate::event::{Care, Event, How, Known, Part, Said, Stored, Trigger, What};
use crate::state::Reason;

impl Event {
    /// One line: what happened, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        self.what.describe()
    }

    /// The event as a record: `at_ms`, `event`, `says`, and its fields where they are data.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let base = Value::of([
            ("at_ms", Value::from(self.at_ms)),
            ("event", Value::text(self.what.name())),
            ("step", self.what.step().map_or(Value::Missing, Value::text)),
            ("says", Value::from(self.describe())),
        ]);
        match self.what.data() {
            Value::Missing => base,
            data => base.with("data", data),
        }
    }
}

impl What {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            What::Created(_) => "created",
            What::Begun => "begun",
            What::Looked { .. } => "looked",
            What::Read { .. } => "read",
            What::LocksTaken { .. } => "locks_taken",
            What::Intended { .. } => "intended",
            What::Answered { .. } => "answered",
            What::Refused { .. } => "refused",
            What::Lost { .. } => "lost",
            What::Repeated { .. } => "repeated",
            What::Adopted { .. } => "adopted",
            What::StepEnded { .. } => "step_ended",
            What::Faulted { .. } => "faulted",
            What::Caught { .. } => "caught",
            What::Waited { .. } => "waited",
            What::Woken => "woken",
            What::Asked { .. } => "asked",
            What::Answer { .. } => "answer",
            What::ChildStarted { .. } => "child_started",
            What::ChildEnded { .. } => "child_ended",
            What::Logged { .. } => "logged",
            What::Warned { .. } => "warned",
            What::ReadsForgotten { .. } => "reads_forgotten",
            What::Retried { .. } => "retried",
            What::GraphChanged { .. } => "graph_changed",
            What::CancelAsked { .. } => "cancel_asked",
            What::Failed { .. } => "failed",
            What::Completed => "completed",
            What::Skipped { .. } => "skipped",
            What::Cancelled { .. } => "cancelled",
            What::Paused { .. } => "paused",
            What::Edited { .. } => "edited",
            What::OutcomesForgotten { .. } => "outcomes_forgotten",
            What::Moved { .. } => "moved",
            What::Closed { .. } => "closed",
            What::CaredFor { .. } => "cared_for",
            What::Erased { .. } => "erased",
            What::Held { .. } => "held",
            What::Unheld { .. } => "unheld",
            What::StepBegun { .. } => "step_begun",
            What::Signalled { .. } => "signalled",
            What::SignalTaken { .. } => "signal_taken",
            What::Spread { .. } => "spread",
            What::UndoBegun { .. } => "undo_begun",
            What::Undone { .. } => "undone",
            What::PageStarted { .. } => "page_started",
            What::PageEnded { .. } => "page_ended",
            What::PageFailed { .. } => "page_failed",
            What::ItemHealed { .. } => "item_healed",
            What::StepsRenamed { .. } => "steps_renamed",
        }
    }

    /// The step it is about.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        match self {
            What::Looked { step, .. }
            | What::Read { step, .. }
            | What::LocksTaken { step, .. }
            | What::Intended { step, .. }
            | What::Answered { step, .. }
            | What::Refused { step, .. }
            | What::Lost { step, .. }
            | What::Repeated { step, .. }
            | What::Adopted { step, .. }
            | What::StepEnded { step, .. }
            | What::Faulted { step, .. }
            | What::Caught { step, .. }
            | What::ChildStarted { step, .. }
            | What::Logged { step, .. }
            | What::Warned { step, .. }
            | What::Edited { step, .. }
            | What::Held { step, .. }
            | What::StepBegun { step, .. }
            | What::SignalTaken { step, .. }
            | What::Spread { step, .. }
            | What::Undone { step }
            | What::PageStarted { step, .. }
            | What::PageEnded { step, .. }
            | What::PageFailed { step, .. }
            | What::ItemHealed { step, .. }
            | What::Failed { step, .. } => Some(step),
            What::ReadsForgotten { step } => step.as_deref(),
            _ => None,
        }
    }

    fn data(&self) -> Value {
        match self {
            What::Created(created) => created.given.clone(),
            What::Looked { reads, .. } => Value::list(
                reads
                    .iter()
                    .map(|(key, gave)| {
                        Value::of([("read", Value::from(shown(key))), ("gave", gave.clone())])
                    })
                    .collect(),
            ),
            What::Read { value, .. } => value.clone(),
            What::Intended { operation, request, .. } => Value::of([
                ("asks", operation::to_value(operation)),
                ("method", Value::text(&request.method)),
                ("path", Value::text(&request.path)),
                ("body", request.body.as_deref().map_or(Value::Missing, Value::text)),
            ]),
            What::Answered { record, .. } => record.clone(),
            What::StepEnded { output, differences, .. } => {
                Value::of([("output", output.clone()), ("differences", differences.clone())])
            }
            What::Refused { fault, .. }
            | What::Lost { fault, .. }
            | What::Faulted { fault, .. }
            | What::Caught { fault, .. }
            | What::Failed { fault, .. } => fault.to_value(),
            What::Edited { value, diff, .. } => {
                Value::of([("value", value.clone()), ("diff", diff.clone())])
            }
            What::Signalled { value, .. } => value.clone(),
            What::Held { reason, .. } | What::Waited { reason, .. } => reason.to_value(),
            What::Asked { question: Reason::SameRecord { candidates, .. } } => candidates.clone(),
            _ => Value::Missing,
        }
    }

    fn describe(&self) -> String {
        match self {
            What::Created(created) => format!(
                "{} for record {} by {}",
                created.flow,
                created.record,
                created.trigger.describe()
            ),
            What::Begun => "begins".to_owned(),
            What::Completed => "done".to_owned(),
            What::Woken => "goes on".to_owned(),
            What::Skipped { because } => format!("skipped: {because}"),
            What::Cancelled { by, why } => format!("cancelled by {by}: {why}"),
            What::Erased { bytes, .. } => format!("erased: {bytes} bytes"),
            What::Paused { by, why } => format!("paused by {by}: {why}"),
            What::Retried { by, why } => format!("retried by {by}: {why}"),
            What::CancelAsked { by, why } => format!("to be cancelled, by {by}: {why}"),
            What::GraphChanged { to } => format!("goes on by graph {}", to.short()),
            What::Moved { to, by, why } => format!("moved to graph {} by {by}: {why}", to.short()),
            What::StepsRenamed { steps } => {
                let pairs = steps.iter().map(|(old, new)| format!("step {old} is {new} there"));
                pairs.collect::<Vec<_>>().join(", ")
            }
            What::Closed { by, why } => format!("taken as done by {by}: {why}"),
            What::CaredFor { care, by, why } => care.describe(by, why),
            What::OutcomesForgotten { steps } => match steps.as_slice() {
                [] => "no outcome is there to forget".to_owned(),
                steps => format!("looked for again: {}", steps.join(", ")),
            },
            What::ReadsForgotten { step: None } => "everything is read afresh".to_owned(),
            What::ReadsForgotten { step: Some(step) } => format!("{} is read afresh", named(step)),
            What::Waited { reason, .. } => format!("waits: {}", reason.describe()),
            What::Unheld { steps } => {
                let steps: Vec<String> = steps.iter().map(|step| named(step)).collect();
                format!("{} go on", steps.join(", "))
            }
            What::Signalled { name, who, .. } => {
                format!("signal {name} from {}: {}", who.by, who.why)
            }
            What::UndoBegun { cause: Some(cause), .. } => {
                format!(
                    "is made undone, for {} failed: {}",
                    named(&cause.step),
                    brief(&cause.fault)
                )
            }
            What::UndoBegun { by: Some(who), .. } => {
                format!("is made undone by {}: {}", who.by, who.why)
            }
            What::UndoBegun { .. } => "is made undone".to_owned(),
            What::Asked { question } => format!("asks a person: {}", question.describe()),
            What::Answer { said, by, why } => {
                format!("{by} answers {}: {why}", said.describe())
            }
            What::ChildEnded { child, state, fault } => match fault {
                Some(fault) => format!("{child} ended {state}: {}", brief(fault)),
                None => format!("{child} ended {state}"),
            },
            other => other.describe_step(),
        }
    }

    fn describe_step(&self) -> String {
        let step = named(self.step().unwrap_or_default());
        match self {
            What::Looked { reads, .. } => {
                let keys: Vec<String> = reads.iter().map(|(key, _)| shown(key)).collect();
                format!("{step} looked up {}", keys.join(", "))
            }
            What::Read { slot, value, .. } => match value {
                Value::List(items) => format!("{step} read {slot}: {} found", items.len()),
                _ => format!("{step} read {slot}"),
            },
            What::LocksTaken { keys, .. } => format!("{step} locks {}", keys.join(", ")),
            What::Intended { request, .. } => {
                format!("{step} intends {} {}", request.method, request.path)
            }
            What::Answered { known, target, .. } => {
                let mut line = format!("{step} happened, known by {}", known.name());
                if let Some(target) = target {
                    let _ = write!(line, ": {target}");
                }
                line
            }
            What::Refused { fault, .. } => format!("{step} did not happen: {}", brief(fault)),
            What::Lost { fault, .. } => format!("{step} may have happened: {}", brief(fault)),
            What::Repeated { because, .. } => format!("{step} is sent again: {because}"),
            What::Adopted { stored, .. } => format!("{step} takes {}", stored.describe()),
            What::StepEnded { how, .. } => format!("{step} {}", how.describe()),
            What::Faulted { fault, .. } => format!("{step} is tried again later: {}", brief(fault)),
            What::Caught { fault, .. } => format!("{step} failed and was caught: {}", brief(fault)),
            What::Failed { fault, .. } => format!("{step} failed: {}", brief(fault)),
            What::ChildStarted { child, flow, .. } => format!("{step} starts {flow} as {child}"),
            What::Edited { part, diff, by, why, .. } => match (part, diff) {
                (Part::Output, Value::Missing) => format!("{step} skipped by {by}: {why}"),
                (Part::Record, _) => format!("the source record edited by {by}: {why}"),
                (Part::Input, _) => format!("what {step} sends edited by {by}: {why}"),
                (Part::Output, _) => format!("what {step} gave edited by {by}: {why}"),
            },
            What::Logged { text, .. } => format!("{step}: {text}"),
            What::Held { reason, .. } => format!("{step} waits: {}", reason.describe()),
            What::StepBegun { .. } => format!("{step} begins"),
            What::SignalTaken { name, .. } => format!("{step} takes signal {name}"),
            What::Spread { items, .. } => format!("{step} has {} items", items.len()),
            What::Undone { .. } => format!("{step} is undone"),
            What::PageStarted { from, count, flow, .. } => {
                format!("{step} starts {flow} for {count} items from {from}")
            }
            What::PageEnded { failed, .. } => {
                format!("{step} has a page behind it, {} failed", failed.len())
            }
            What::PageFailed { failed, .. } => format!("{step}: {} tasks failed", failed.len()),
            What::ItemHealed { item, .. } => format!("{step}: item {item} is repaired"),
            What::Warned { warnings, .. } => format!("{step} warns: {}", warnings.join("; ")),
            _ => step,
        }
    }
}

fn named(step: &str) -> String {
    match step {
        "" => "the source record".to_owned(),
        step => step.to_owned(),
    }
}

fn brief(fault: &Fault) -> String {
    format!("{}: {}", fault.code, fault.message)
}

/// A stored read in words.
pub(crate) fn shown(key: &ReadKey) -> String {
    match key {
        ReadKey::Lookup { table, key } => format!("table {table} {}", json::write(key)),
        ReadKey::Reference { entity, id } => format!("reference {entity} {id}"),
        ReadKey::References { entity, id } => format!("references {entity} {id}"),
        ReadKey::Sent { entity, id } => format!("sent {entity} {id}"),
        ReadKey::Setting { name } => format!("setting {name}"),
    }
}

impl Trigger {
    /// In words.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Trigger::Webhook { topic, .. } => format!("webhook {topic}"),
            Trigger::Poll => "poll".to_owned(),
            Trigger::Manual { by } => by.clone(),
            Trigger::Schedule { name } => format!("schedule {name}"),
            Trigger::Backfill { by } => format!("{by}, with many others"),
            Trigger::Parent { task, step } => format!("{task} step {step}"),
        }
    }
}

impl Known {
    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Known::Answer => "its answer",
            Known::Search => "a search",
            Known::Proof => "its proof",
            Known::Person => "a person",
            Known::DryRun => "the dry run",
        }
    }
}

impl How {
    fn describe(self) -> &'static str {
        match self {
            How::Unchanged => "has nothing to send",
            How::Kept => "left differences as they are",
            How::Already => "was done already",
            How::HandsOff => "leaves a record that is not to be touched",
            How::Came => "has what it waited for",
        }
    }
}

impl Care {
    fn describe(&self, by: &str, why: &str) -> String {
        let mut line = match self {
            Care::Assigned { to: Some(to) } => format!("given to {to} by {by}"),
            Care::Assigned { to: None } => format!("given to nobody by {by}"),
            Care::Tagged { add, remove } => {
                let words = add.iter().map(|tag| format!("+{tag}"));
                let words = words.chain(remove.iter().map(|tag| format!("-{tag}")));
                format!("tagged {} by {by}", words.collect::<Vec<_>>().join(" "))
            }
            Care::Noted { text } => format!("{by} notes: {text}"),
            Care::Snoozed { until_ms: None } => format!("shown again by {by}"),
            Care::Snoozed { until_ms: Some(at) } => {
                let at = tenon_value::time::from_millis(*at);
                let at = at.map(|at| tenon_value::time::format_datetime(&at));
                format!("snoozed by {by} until {}", at.unwrap_or_default())
            }
        };
        if !why.is_empty() {
            let _ = write!(line, " ({why})");
        }
        line
    }
}

impl Said {
    fn describe(&self) -> String {
        match self {
            Said::Happened { id: Some(id) } => format!("it happened, as {id}"),
            Said::Happened { id: None } => "it happened".to_owned(),
            Said::NotHappened => "it did not happen".to_owned(),
            Said::Link { id } => format!("it is {id}"),
            Said::CreateNew => "none of them: make a new one".to_owned(),
        }
    }
}

impl Stored {
    fn describe(&self) -> String {
        format!("{} for {} {} ({})", self.target, self.entity, self.id, self.origin.name())
    }
}

impl Reason {
    /// One line, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Reason::Timer { .. } => "for a time".to_owned(),
            Reason::Retry { step, attempt, fault, .. } => {
                format!("{} again after {attempt} faults, last {}", named(step), brief(fault))
            }
            Reason::Lane { lane, behind } => format!("in lane {lane} behind {behind}"),
            Reason::Lock { of, held_by, .. } => format!("for lock {of} of {held_by}"),
            Reason::Limit { connection, bucket, .. } => {
                format!("for room in {bucket} of {connection}")
            }
            Reason::ConnectionDown { connection, fault, .. } => {
                format!("{connection} is down: {}", brief(fault))
            }
            Reason::ConnectionAuth { connection, fault } => {
                format!("{connection} refuses the credentials: {}", brief(fault))
            }
            Reason::Outcome { of, .. } => format!("until the outcome of {of} can be known"),
            Reason::Children { asks: Some(child), .. } => {
                format!("for task {child}, which asks a person")
            }
            Reason::Children { open, of, .. } => format!("for {open} of {of} child tasks"),
            Reason::Signal { name, .. } => format!("for signal {name}"),
            Reason::UndoFailed { step, fault } => {
                format!("{} can't be made undone: {}", named(step), brief(fault))
            }
            Reason::UnknownOutcome { step, request, fault } => {
                format!("did {step} happen ({request})? {}", brief(fault))
            }
            Reason::SameRecord { resource, candidates, .. } => {
                let ids: Vec<&str> =
                    candidates.items().iter().filter_map(|c| c.field("id").as_text()).collect();
                format!("is it the same {resource}: {}?", ids.join(", "))
            }
            Reason::Paused { by } => format!("paused by {by}"),
            Reason::Fault { step, fault } => format!("{}: {}", named(step), brief(fault)),
            Reason::Document { reference, .. } => format!("for the document of {reference}"),
            Reason::AccountChanged { from, to } => format!("account {from} became {to}"),
        }
    }

    /// The reason as a record with its name under `reason`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let base = Value::of([
            ("reason", Value::text(self.name())),
            ("says", Value::from(self.describe())),
            ("until_ms", self.until_ms().map_or(Value::Missing, Value::from)),
            ("connection", self.connection().map_or(Value::Missing, Value::text)),
            ("fault", self.fault().map_or(Value::Missing, Fault::to_value)),
        ]);
        match self {
            Reason::SameRecord { step, candidates, .. } => {
                base.with("step", Value::text(step)).with("candidates", candidates.clone())
            }
            Reason::Lock { of, held_by, .. } => {
                base.with("of", Value::text(of)).with("held_by", Value::text(&held_by.0))
            }
            Reason::Lane { lane, behind } => {
                base.with("lane", Value::text(lane)).with("behind", Value::text(&behind.0))
            }
            Reason::UnknownOutcome { step, request, .. } => {
                base.with("step", Value::text(step)).with("request", Value::text(request))
            }
            Reason::Retry { step, .. }
            | Reason::Fault { step, .. }
            | Reason::Outcome { of: step, .. }
            | Reason::UndoFailed { step, .. } => base.with("step", Value::text(step)),
            Reason::Children { step, open, of, asks } => base
                .with("step", Value::text(step))
                .with("open", Value::from(i64::from(*open)))
                .with("of", Value::from(i64::from(*of)))
                .with("asks", asks.as_ref().map_or(Value::Missing, |id| Value::text(&id.0))),
            Reason::Signal { step, name, .. } => {
                base.with("step", Value::text(step)).with("name", Value::text(name))
            }
            Reason::Document { step, reference, .. } => {
                base.with("step", Value::text(step)).with("reference", Value::text(reference))
            }
            _ => base,
        }
    }
}
