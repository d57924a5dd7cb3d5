//! A detached `each`: a task of every item, made in pages.
//!
//! A page is one entry of the journal, and its end another, so that a list may have any length. The
//! tasks take their turns in the lanes of their own records.

use std::sync::Arc;

use tenon_graph::{Each, Failures, Step};
use tenon_value::{Class, Fault, Record, Value};

use crate::codes;
use crate::decision::{Change, Effect};
use crate::each::{name_of, scope_of, total};
use crate::event::{Created, ItemFault, Trigger, What};
use crate::frame::{Frame, suffix_of};
use crate::state::{Reason, State, TaskId};
use crate::task::Pages;
use crate::work::{Run, Stop, Work, broken, fault, hash};

/// Items of a page.
pub const PAGE: usize = 100;

impl Work<'_> {
    /// A task of every item, page by page; then the steps after them.
    pub(crate) fn each_detached(
        &mut self,
        (at, each): (u32, &Each),
        step: &str,
        frame: &mut Frame,
    ) -> Run<Value> {
        let items = self.list_of(step, each, &frame.scope)?;
        let pages = self.pages(step);
        self.are_the_same(step, &items, &pages)?;
        if self.world.dry_run {
            for item in 0..items.len().min(PAGE) {
                let created = Box::new(self.child_of(each, step, (frame, item, &items))?);
                self.effects.push(Effect::WouldRun { step: step.to_owned(), created });
            }
        } else if pages.started > pages.ended {
            return Err(self.wait_for_page(step, &pages, items.len()));
        } else if number(items.len()) > pages.started {
            return Err(self.start_page(each, step, (frame, &items)));
        }
        let output = self.handed_back(each, step, (frame, &items))?;
        // The steps after all items are steps of the task itself.
        let mut after = Frame::new(each.after, frame.scope.clone(), Arc::clone(&frame.suffix));
        after.scope.set(crate::frame::id_of(step), output.clone());
        self.around.push(at);
        let result = self.walk_list(&mut after);
        self.around.pop();
        result?;
        self.none_inside_is_lost(at, &frame.suffix)?;
        frame.scope = after.scope;
        Ok(output)
    }

    fn pages(&self, step: &str) -> Arc<Pages> {
        self.task.step(step).and_then(|record| record.pages.clone()).unwrap_or_default()
    }

    /// What has a task must be the same item as before.
    fn are_the_same(&self, step: &str, items: &[Value], pages: &Pages) -> Run<()> {
        let mut rest = items;
        for (count, names) in &pages.names {
            let (page, behind) = rest.split_at(rest.len().min(*count as usize));
            if page.len() != *count as usize || names_of(page) != *names {
                let message = format!("items of step `{step}` that have tasks are others now");
                return Err(fault(
                    Fault::new(codes::DIVERGED, Class::Conflict, message)
                        .hint("restore the list it goes over, or cancel and start anew"),
                ));
            }
            rest = behind;
        }
        Ok(())
    }

    /// The first entry of an item's task.
    fn child_of(
        &self,
        each: &Each,
        step: &str,
        (frame, item, items): (&Frame, usize, &[Value]),
    ) -> Run<Created> {
        let (_, run) = self.run_of(each)?;
        let Step::Run { flow, with, .. } = run else { return Err(broken("a flow")) };
        let value = items.get(item).cloned().unwrap_or_default();
        let scope = scope_of(each, &frame.scope, (item, value));
        let given = self.named(&format!("{step}[{item}]"), with, &scope)?;
        let given: Record = given.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Ok(Created {
            flow: flow.clone(),
            graph: self.task.graph,
            record: self.task.record.clone(),
            trigger: Trigger::Parent { task: self.task.id.clone(), step: step.to_owned() },
            lane: String::new(),
            given: Value::record(given),
        })
    }

    /// The one step of its items.
    fn run_of(&self, each: &Each) -> Run<(&str, &Step)> {
        let node = each.body.and_then(|body| self.world.graph.node(body));
        node.map(|node| (node.id.as_str(), &node.step)).ok_or_else(|| broken("a step"))
    }

    fn start_page(&mut self, each: &Each, step: &str, (frame, items): (&Frame, &[Value])) -> Stop {
        if self.replays {
            return Stop::Wait;
        }
        match self.page_of(each, step, (frame, items)) {
            Ok(()) => {
                let pages = self.pages(step);
                self.wait_for_page(step, &pages, items.len())
            }
            Err(stop) => stop,
        }
    }

    fn page_of(&mut self, each: &Each, step: &str, (frame, items): (&Frame, &[Value])) -> Run<()> {
        self.check_on_the_way()?;
        self.room()?;
        self.is_not_too_deep(step)?;
        let first = self.pages(step).started as usize;
        let page = first..items.len().min(first.saturating_add(PAGE));
        let mut all = Vec::new();
        for item in page.clone() {
            match self.child_of(each, step, (frame, item, items)) {
                Ok(created) => all.push(created),
                // All that the page lacks is fetched at once.
                Err(Stop::Need) => {}
                Err(stop) => return Err(stop),
            }
        }
        if all.len() < page.len() {
            return Err(Stop::Need);
        }
        let (id, run) = self.run_of(each)?;
        let Step::Run { flow, .. } = run else { return Err(broken("a flow")) };
        let run = format!("{id}{}", frame.suffix).replace('[', ".").replace(']', "");
        let flow = flow.clone();
        let names = names_of(items.get(page.clone()).unwrap_or_default());
        let (from, count) = (number(page.start), number(page.len()));
        let step = step.to_owned();
        self.emit(What::PageStarted { step: step.clone(), run, flow, from, count, names });
        let pages = self.pages(&step);
        for (item, created) in (from..).zip(all) {
            self.change(Change::Child { id: pages.task(item), created: Box::new(created) });
        }
        Ok(())
    }

    fn wait_for_page(&mut self, step: &str, pages: &Pages, of: usize) -> Stop {
        if self.replays {
            return Stop::Wait;
        }
        self.watch(step, pages);
        let open = pages.started.saturating_sub(pages.ended);
        let waits = step.to_owned();
        self.hold(step, Reason::Children { step: waits, open, of: number(of), asks: None })
    }

    fn watch(&mut self, step: &str, pages: &Pages) {
        let children = (pages.ended..pages.started).map(|item| pages.task(item)).collect();
        let collects = self.each_of(step).is_some_and(|each| each.failures == Failures::Collect);
        let (step, from) = (step.to_owned(), pages.ended);
        self.effects.push(Effect::WatchPage { step, from, children, collects });
    }

    fn each_of(&self, step: &str) -> Option<&Each> {
        match self.world.graph.step(step).map(|node| &node.step) {
            Some(Step::Each(each)) => Some(each),
            _ => None,
        }
    }

    /// Another process watches the pages under way.
    pub(crate) fn watch_pages(&mut self) {
        let open = self.task.steps.iter().filter_map(|(step, record)| {
            let pages = record.pages.clone().filter(|pages| pages.started > pages.ended)?;
            Some((step.to_string(), pages))
        });
        for (step, pages) in open.collect::<Vec<_>>() {
            self.watch(&step, &pages);
        }
    }

    /// The tasks of a page have ended.
    pub(crate) fn page_ended(
        &mut self,
        step: &str,
        from: u32,
        ends: &[(String, Option<Fault>)],
    ) -> bool {
        let pages = self.pages(step);
        let open = pages.started.saturating_sub(pages.ended);
        let fits = pages.ended == from && number(ends.len()) == open && open > 0;
        let ended = self.task.state.is_ended() || self.task.state == State::Queued;
        let (Some(each), true, false) = (self.each_of(step).cloned(), fits, ended) else {
            return false;
        };
        let failed: Vec<ItemFault> = (from..)
            .zip(ends)
            .filter(|(_, (state, _))| !ended_well(state))
            .map(|(item, (state, known))| {
                let fault = failure(&pages.task(item), state, known.as_ref());
                ItemFault { item, fault }
            })
            .collect();
        self.unhold(step);
        if each.failures == Failures::Stop
            && let Some(ItemFault { fault, .. }) = failed.first().cloned()
        {
            self.emit(What::PageFailed { step: step.to_owned(), failed });
            self.failed_beside(step, fault, None);
            return true;
        }
        let ends = ends.iter().map(|(state, _)| state.clone()).collect();
        self.emit(What::PageEnded { step: step.to_owned(), failed, ends });
        true
    }

    fn unhold(&mut self, step: &str) {
        let held = self.task.step(step).is_some_and(|record| record.held.is_some());
        let waits = matches!(
            &self.task.state,
            State::Waiting(Reason::Children { step: waits, .. }) if waits == step
        );
        match (held, waits) {
            (true, _) => self.emit(What::Unheld { steps: vec![step.to_owned()] }),
            (false, true) => self.emit(What::Woken),
            (false, false) => {}
        }
    }

    /// What all items hand back: the gathered names, and `failures` with their tasks.
    fn handed_back(
        &mut self,
        each: &Each,
        step: &str,
        (frame, items): (&Frame, &[Value]),
    ) -> Run<Value> {
        let pages = self.pages(step);
        let (run, _) = self.run_of(each)?;
        let run = run.to_owned();
        let ends = match self.world.dry_run {
            true => vec!["done".to_owned(); items.len()],
            false => pages.ends.clone(),
        };
        let mut all: Vec<Vec<Value>> = vec![Vec::new(); each.gather.len()];
        let mut lacks = false;
        for (item, state) in ends.iter().enumerate() {
            if pages.failed.contains_key(&number(item)) {
                continue;
            }
            let healed = pages.healed.contains(&number(item));
            let state = Value::text(if healed { "done" } else { state });
            let task = pages.task(number(item));
            let value = items.get(item).cloned().unwrap_or_default();
            let mut scope = scope_of(each, &frame.scope, (item, value));
            scope.set(&run, Value::of([("task", Value::text(&task.0)), ("state", state)]));
            match self.gives(step, each, &scope) {
                Ok(gives) => all.iter_mut().zip(gives).for_each(|(all, one)| all.push(one)),
                Err(Stop::Need) => lacks = true,
                Err(stop) => return Err(stop),
            }
        }
        if lacks {
            return Err(Stop::Need);
        }
        let mut out = Value::record(Record::new());
        for ((name, gather), values) in each.gather.iter().zip(all) {
            out = out.with(name, total(step, name, gather, values)?);
        }
        let failures = pages.failed.iter().map(|(item, fault)| {
            let index = Value::from(i64::from(*item));
            let task = Value::text(&pages.task(*item).0);
            fault.to_value().with("index", index).with("task", task)
        });
        Ok(out.with("failures", Value::list(failures.collect())))
    }

    /// A task of an item that had not ended well, or that asks a person, has moved.
    pub(crate) fn item_ended(&mut self, child: &TaskId, state: &State) -> bool {
        let found = self.task.steps.iter().find_map(|(step, record)| {
            let pages = record.pages.clone()?;
            let item = pages.item(child)?;
            Some((step.to_string(), pages, item))
        });
        let Some((step, pages, item)) = found else { return false };
        if !state.is_ended() {
            self.child_asks(&step, child, matches!(state, State::NeedsPerson(_)));
            return false;
        }
        let was_bad = pages.failed.contains_key(&item) || pages.failing.contains_key(&item);
        if !was_bad || !ended_well(state.name()) {
            return false;
        }
        self.heal(&step, &pages, item)
    }

    fn heal(&mut self, step: &str, pages: &Pages, item: u32) -> bool {
        let own = pages.failing.contains_key(&item);
        let again = if own { Vec::new() } else { self.after_again(step) };
        let was_done = self.task.state == State::Done;
        self.emit(What::ItemHealed { step: step.to_owned(), item, again });
        let left = self.pages(step).failing.len();
        let failed = matches!(
            &self.task.state,
            State::Failed(Reason::Fault { step: failed, .. }) if failed == step
        );
        if own && failed && left == 0 {
            let why = format!("task {} ended well", pages.task(item));
            self.emit(What::Retried { by: pages.task(item).0, why });
            self.emit(What::ReadsForgotten { step: None });
        }
        !was_done && self.task.state == State::Running
    }

    /// The steps after all items, which run again: none while one of them has a write under way, or of
    /// a task that did not end well.
    fn after_again(&self, step: &str) -> Vec<String> {
        let ended = self.task.state.is_ended() && self.task.state != State::Done;
        let Some(each) = self.each_of(step).filter(|_| !ended && self.task.undone.is_empty())
        else {
            return Vec::new();
        };
        let graph = self.world.graph;
        let reached = graph.list_from(each.after);
        let suffix = suffix_of(step);
        let after: Vec<String> = self
            .task
            .steps
            .keys()
            .filter(|known| graph.position(known).is_some_and(|at| reached.contains(&at)))
            .filter(|known| suffix_of(known).starts_with(suffix))
            .map(|known| known.to_string())
            .collect();
        let open = self.task.unsettled().any(|(open, _)| after.iter().any(|one| **one == **open));
        if open { Vec::new() } else { after }
    }

    /// Tasks of items whose failure is their step's own.
    pub(crate) fn failing_items(&self) -> Vec<TaskId> {
        let pages = self.task.steps.values().filter_map(|record| record.pages.as_deref());
        pages.flat_map(|pages| pages.failing.keys().map(|item| pages.task(*item))).collect()
    }
}

fn ended_well(state: &str) -> bool {
    matches!(state, "done" | "skipped")
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A hash of items' names.
fn names_of(items: &[Value]) -> String {
    hash(&Value::list(items.iter().map(|item| Value::from(name_of(item))).collect()))
}

/// The fault of a step that a task made fail.
pub(crate) fn failure(child: &TaskId, state: &str, known: Option<&Fault>) -> Fault {
    let mut message = format!("task {child} ended as {state}");
    if state == "needs_person" {
        message = format!("task {child} asks a person");
    }
    let mut at = ("task".to_owned(), Value::text(&child.0));
    let mut advice = String::new();
    if let Some(failed) = known {
        message = format!("{message}: {}: {}", failed.code, failed.message);
        advice = failed.hint.as_ref().map(|hint| format!("{hint}: ")).unwrap_or_default();
        if let Some(field) = &failed.field {
            at = (field.clone(), failed.value.clone());
        }
    }
    Fault::new(codes::CHILD_FAILED, Class::Conflict, message)
        .at(at.0, at.1)
        .hint(format!("{advice}retry {child}, and this task goes on"))
}
