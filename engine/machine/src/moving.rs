//! Whether a task can go on by another graph of its flow, and what that means for it.
//!
//! What the journal says of a step must mean the same there. Reads and pure steps can be made again
//! and are; writes, children, waits and the step it stands in can't.

use std::collections::{BTreeMap, BTreeSet};

use tenon_graph::{GraphHash, Node, Step, Twin, Twins};

use crate::codes;
use crate::decision::Refused;
use crate::event::What;
use crate::faults::catches;
use crate::frame::id_of;
use crate::loaded::LoadedGraph;
use crate::state::Reason;
use crate::task::{SOURCE, StepRecord, Task, WriteStatus};
use crate::verbs::Verdict;
use crate::work::Work;

/// What another graph means for a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fit {
    /// Steps of its journal that have another name there: ids here and there.
    pub renamed: Vec<(String, String)>,
    /// Steps that ask for something else there: what they read is read again.
    pub again: Vec<String>,
    /// Steps there, before where it stands, that it did not do: done first, where its way leads
    /// over them.
    pub first: Vec<String>,
    /// The steps it stands in, here and there.
    pub stands: Vec<(String, String)>,
    /// Steps it stands in that are not there, and did nothing: it goes on with what comes next.
    pub gone: Vec<String>,
    /// Why it can't go on there.
    pub blocked: Vec<Block>,
    /// The same of steps that only compute: their names matter to nobody but the journal.
    also_renamed: Vec<(String, String)>,
    /// Journal names of steps of which nothing is kept.
    dropped: Vec<String>,
}

/// Why a task can't go on by another graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The step; empty for the task as a whole.
    pub step: String,
    /// Why, in a sentence.
    pub why: String,
    /// Steps there of which one may be it.
    pub perhaps: Vec<String>,
}

/// How well a task fits another graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FitClass {
    /// All it did and the step it stands in are there and mean the same.
    Compatible,
    /// The same, by other names or with something to do first or again.
    Mappable,
    /// It can't go on there.
    Blocked,
}

impl FitClass {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FitClass::Compatible => "compatible",
            FitClass::Mappable => "mappable",
            FitClass::Blocked => "blocked",
        }
    }
}

impl Fit {
    /// How well it fits.
    #[must_use]
    pub fn class(&self) -> FitClass {
        if !self.blocked.is_empty() {
            FitClass::Blocked
        } else if [&self.again, &self.first, &self.gone].iter().all(|steps| steps.is_empty())
            && self.renamed.is_empty()
        {
            FitClass::Compatible
        } else {
            FitClass::Mappable
        }
    }

    /// What it means for the task, a sentence for each thing.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.blocked.iter().map(Block::line).collect();
        let renamed = self.renamed.iter();
        lines.extend(renamed.map(|(old, new)| format!("step `{old}` is `{new}` there")));
        let again = self.again.iter();
        lines.extend(again.map(|step| format!("step `{step}` reads something else there: again")));
        let gone = self.gone.iter();
        lines.extend(gone.map(|step| format!("step `{step}` is not there: it goes on behind it")));
        lines.extend(self.first.iter().map(|step| {
            format!("step `{step}` comes before it there: done first, where the way leads over it")
        }));
        lines
    }
}

impl Block {
    fn line(&self) -> String {
        match self.perhaps.as_slice() {
            [] => self.why.clone(),
            perhaps => format!("{}; it may be `{}`", self.why, perhaps.join("` or `")),
        }
    }
}

/// Compares what a task did, and where it stands, with another graph of its flow. `chosen` are pairs
/// of step ids, here and there, that a person is sure of.
#[must_use]
pub fn fit(
    task: &Task,
    from: &LoadedGraph,
    to: &LoadedGraph,
    chosen: &BTreeMap<String, String>,
) -> Fit {
    let twins = Twins::of(&from.graph, &to.graph, chosen);
    let mut fitting = Fitting {
        from,
        to,
        twins,
        fit: Fit::default(),
        settled: BTreeSet::new(),
        written: BTreeSet::new(),
    };
    if task.undoing.is_some() && !fitting.twins.are_one() {
        let why = "what it did is being made undone, by the graph it was done by".to_owned();
        fitting.fit.blocked.push(Block { step: String::new(), why, perhaps: Vec::new() });
    }
    let standing = standing(task);
    for (name, record) in task.steps.iter().filter(|(name, _)| &***name != SOURCE) {
        fitting.step(name, record, standing.contains(&**name));
    }
    // A step it stands in of which the journal says nothing yet.
    for name in standing.iter().filter(|name| !task.steps.contains_key(**name)) {
        fitting.step(name, &StepRecord::default(), true);
    }
    fitting.first();
    fitting.fit
}

/// The steps a task stands in: those its state names, that wait, or that began and did not end.
fn standing(task: &Task) -> BTreeSet<&str> {
    let mut steps: BTreeSet<&str> = task.held().map(|(step, ..)| &**step).collect();
    steps.extend(task.state.reason().and_then(Reason::step).filter(|step| !step.is_empty()));
    let begun = task.steps.iter().filter(|(_, record)| {
        let begun = record.until_ms.is_some() || record.over_ms.is_some();
        begun && record.ended.is_none() && record.caught.is_none() && !is_done(record)
    });
    steps.extend(begun.map(|(name, _)| &**name));
    steps
}

/// Whether a step only computes.
fn computes(step: &Step) -> bool {
    matches!(
        step,
        Step::Set { .. }
            | Step::Map { .. }
            | Step::Script { .. }
            | Step::Choose { .. }
            | Step::Stop { .. }
            | Step::Log { .. }
    )
}

fn is_done(record: &StepRecord) -> bool {
    matches!(record.write.as_deref().map(|write| &write.status), Some(WriteStatus::Done { .. }))
}

/// What becomes of what the journal says of a step.
enum Fate {
    /// It stays, under the name the step has there.
    Stays,
    /// Nothing of it is kept; the step is there and is done again.
    Again,
    /// Nothing of it is kept; the step is not there, and nothing is lost.
    Dropped,
    /// It can't go on.
    Blocked(String),
}

struct Fitting<'a> {
    from: &'a LoadedGraph,
    to: &'a LoadedGraph,
    twins: Twins,
    fit: Fit,
    /// Positions there of steps that are done or stood in.
    settled: BTreeSet<u32>,
    /// Of these, the ones whose write was made.
    written: BTreeSet<u32>,
}

impl Fitting<'_> {
    fn step(&mut self, name: &str, record: &StepRecord, stands: bool) {
        let id = id_of(name);
        let twin = self.twins.of_step(id).cloned();
        let node = self.from.step(id);
        match self.judge(node, record, (twin.as_ref(), stands)) {
            Fate::Stays => {
                let Some(twin) = twin else { return };
                self.settled.insert(twin.at);
                if is_done(record) {
                    self.written.insert(twin.at);
                }
                let pair = (id.to_owned(), twin.id);
                if stands && !self.fit.stands.contains(&pair) {
                    self.fit.stands.push(pair.clone());
                }
                let renamed = match node.is_some_and(|node| computes(&node.step)) {
                    true => &mut self.fit.also_renamed,
                    false => &mut self.fit.renamed,
                };
                if pair.0 != pair.1 && !renamed.contains(&pair) {
                    renamed.push(pair);
                }
            }
            Fate::Again => {
                self.fit.dropped.push(name.to_owned());
                let there = twin.map_or_else(|| id.to_owned(), |twin| twin.id);
                if !self.fit.again.contains(&there) {
                    self.fit.again.push(there);
                }
            }
            Fate::Dropped => {
                self.fit.dropped.push(name.to_owned());
                if stands && !self.fit.gone.iter().any(|gone| gone == id) {
                    self.fit.gone.push(id.to_owned());
                }
            }
            Fate::Blocked(why) => {
                let perhaps = self.twins.perhaps(id).to_vec();
                let block = Block { step: id.to_owned(), why, perhaps };
                if !self.fit.blocked.contains(&block) {
                    self.fit.blocked.push(block);
                }
            }
        }
    }

    fn judge(
        &self,
        node: Option<&Node>,
        record: &StepRecord,
        (twin, stands): (Option<&Twin>, bool),
    ) -> Fate {
        let about =
            node.map_or_else(|| "a step of an earlier graph".to_owned(), |n| n.step.about());
        let id = node.map_or("", |node| node.id.as_str());
        let stands = stands && node.is_some_and(|node| node.step.has_effect());
        let waits = node.is_some_and(|node| matches!(node.step, Step::Wait { .. }));
        let reads =
            node.is_some_and(|node| matches!(node.step, Step::Get { .. } | Step::List { .. }));
        // What can't be made again, or would be done twice.
        let binds = is_done(record)
            || record.child.is_some()
            || record.pages.is_some()
            || !record.items.is_empty()
            || record.given.is_some()
            || record.input.is_some()
            || record.caught.is_some()
            || (waits && record.ended.is_some());
        let Some(twin) = twin else {
            return match (stands, binds) {
                (true, _) => Fate::Blocked(format!(
                    "it stands in step `{id}` ({about}), and there is no such step"
                )),
                (_, true) => Fate::Blocked(format!(
                    "step `{id}` ({about}) did its work, and there is no such step"
                )),
                _ => Fate::Dropped,
            };
        };
        let there = self.to.node(twin.at).map(|node| node.step.about()).unwrap_or_default();
        if !binds && !stands {
            let same = twin.same_kind && twin.same_list && (twin.same_question || !reads);
            return if same { Fate::Stays } else { Fate::Again };
        }
        if !twin.same_kind {
            return Fate::Blocked(format!("step `{id}` ({about}) is `{there}` there"));
        }
        if !twin.same_list {
            return Fate::Blocked(format!(
                "step `{id}` ({about}) stands in another list of steps there"
            ));
        }
        self.judge_twin(node, record, (twin, stands && waits)).unwrap_or(Fate::Stays)
    }

    /// A step that is there, with what it waits for, goes over, caught, or started.
    fn judge_twin(
        &self,
        node: Option<&Node>,
        record: &StepRecord,
        (twin, waits): (&Twin, bool),
    ) -> Option<Fate> {
        let id = node.map_or("", |node| node.id.as_str());
        let spread = !record.items.is_empty() || record.pages.is_some();
        if !twin.same_question && (waits || spread) {
            let what = if waits { "waits for something else" } else { "goes over another list" };
            return Some(Fate::Blocked(format!("step `{id}` {what} there")));
        }
        if let (Some(fault), Some(new)) = (&record.caught, self.to.node(twin.at))
            && !new.catch.iter().any(|row| catches(&row.fault, fault))
        {
            let code = &fault.code;
            return Some(Fate::Blocked(format!("step `{id}` caught {code}, and does not there")));
        }
        let open = record.child.as_ref().is_some_and(|child| child.ended.is_none());
        // Ids of child tasks begin with the step's name: another step must not give them again.
        let taken = record.child.is_some() && self.to.step(id).is_some();
        if twin.id != id && (open || taken || record.pages.is_some()) {
            let new = &twin.id;
            let why =
                format!("step `{id}` is `{new}` there, and its child tasks know the old name");
            return Some(Fate::Blocked(why));
        }
        None
    }

    /// Steps there that come before the furthest that is done or stood in, and that it did not do.
    fn first(&mut self) {
        let Some(furthest) = self.settled.iter().max().copied() else { return };
        let mut here = BTreeMap::new();
        for (at, node) in (0_u32..).zip(&self.from.graph.nodes) {
            if let Some(twin) = self.twins.of_step(&node.id) {
                here.insert(twin.at, at);
            }
        }
        let reached = self.settled.iter().filter_map(|at| here.get(at)).max().copied();
        for (at, node) in (0..furthest).zip(&self.to.graph.nodes) {
            let comes_later = here.get(&at).is_none_or(|at| Some(*at) > reached);
            let counts = node.step.has_effect() && !self.to.is_undoing(at);
            if !counts || !comes_later || self.settled.contains(&at) {
                continue;
            }
            let id = node.id.clone();
            let written =
                self.written.iter().find(|done| **done > at && !self.to.share_list(at, **done));
            match written.and_then(|done| self.to.node(*done)).filter(|_| node.when.is_none()) {
                Some(done) => {
                    let why = format!(
                        "step `{id}` comes before `{}` there, whose write was made: it \
                         can't be done in its place any more",
                        done.id
                    );
                    self.fit.blocked.push(Block { step: id, why, perhaps: Vec::new() });
                }
                None => self.fit.first.push(id),
            }
        }
    }
}

impl Work<'_> {
    /// How the task fits the graph it is asked to go on by.
    pub(crate) fn fit(&self, chosen: &BTreeMap<String, String>) -> Fit {
        let to = self.world.graph;
        fit(&self.task, self.world.pinned.unwrap_or(to), to, chosen)
    }

    /// What follows for the journal once the graph has changed.
    pub(crate) fn follow(&mut self, fit: &Fit) {
        if !fit.dropped.is_empty() {
            self.emit(What::OutcomesForgotten { steps: fit.dropped.clone() });
        }
        let steps = [fit.renamed.clone(), fit.also_renamed.clone()].concat();
        if !steps.is_empty() {
            self.emit(What::StepsRenamed { steps });
        }
    }

    /// Goes on by another graph of its flow, from where it stands. The world's graph is that one.
    pub(crate) fn move_to(
        &mut self,
        to: GraphHash,
        chosen: &BTreeMap<String, String>,
        who: (&str, &str),
    ) -> Verdict {
        self.is_open_to_repair(None)?;
        for (old, new) in chosen {
            let pinned = self.world.pinned.unwrap_or(self.world.graph);
            for (graph, step) in [(pinned, old), (self.world.graph, new)] {
                if graph.step(step).is_none() {
                    let message = format!("graph {} has no step `{step}`", graph.hash.short());
                    return crate::verbs::refuse(
                        codes::VERB_REFUSED,
                        message,
                        "write --step OLD=NEW; `tenon graph FLOW` names the steps of a flow",
                    );
                }
            }
        }
        let fit = self.fit(chosen);
        refuse_blocked(&fit)?;
        self.emit(What::Moved { to, by: who.0.to_owned(), why: who.1.to_owned() });
        self.follow(&fit);
        Ok(())
    }
}

/// Refuses a graph that the task does not fit.
pub(crate) fn refuse_blocked(fit: &Fit) -> Verdict {
    if fit.blocked.is_empty() {
        return Ok(());
    }
    let why: Vec<String> = fit.blocked.iter().map(Block::line).collect();
    let hint = "let it end on the graph it has; or say which step it is: `tenon task move ID --to \
                latest --step OLD=NEW`; or cancel it and start the record anew";
    Err(Box::new(Refused {
        code: codes::MOVE_BLOCKED,
        message: format!("it does not fit that graph: {}", why.join("; ")),
        hint: hint.to_owned(),
    }))
}
