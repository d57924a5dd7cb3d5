//! Steps for every item of a list, inside the task.

use std::sync::Arc;

use tenon_graph::{Each, Failures, Gather};
use tenon_mapper::Scope;
use tenon_value::{Class, Fault, Number, Value};

use crate::codes;
use crate::event::What;
use crate::faults::Fate;
use crate::frame::{Frame, Inner, Items, id_of, suffix_of};
use crate::work::{Run, Stop, Work, fault, hash};

/// Most items of one `each` inside a task.
pub const MAX_ITEMS: usize = 500;
/// Letters of the hash that names an item without an id.
const NAME_LETTERS: usize = 16;

/// An `each` with what it needs at hand.
#[derive(Clone, Copy)]
struct Round<'n> {
    at: u32,
    each: &'n Each,
    step: &'n str,
    scope: &'n Scope,
    suffix: &'n str,
}

impl Work<'_> {
    /// Walks the items as far as they go, then the steps after them.
    pub(crate) fn each(
        &mut self,
        (at, each): (u32, &Each),
        step: &str,
        frame: &mut Frame,
    ) -> Run<Value> {
        if each.detach {
            return self.each_detached((at, each), step, frame);
        }
        let inner = frame.inner.take();
        let (scope, suffix) = (frame.scope.clone(), Arc::clone(&frame.suffix));
        let round = Round { at, each, step, scope: &scope, suffix: &suffix };
        let mut place = match inner {
            Some(Inner::Each(place)) => place,
            _ => Box::new(Items { items: self.spread(round)?, ..Items::default() }),
        };
        self.around.push(at);
        let result = self.round(round, &mut place).and_then(|()| self.after(round, &mut place));
        self.around.pop();
        match result {
            Ok(after) => {
                self.none_inside_is_lost(at, &suffix)?;
                frame.scope = after.0;
                Ok(after.1)
            }
            Err(stop) => {
                frame.inner = Some(Inner::Each(place));
                Err(stop)
            }
        }
    }

    /// The items. They are named in the journal once, so that what was done to an item is never taken
    /// for what was done to another.
    fn spread(&mut self, round: Round<'_>) -> Run<Vec<Value>> {
        let Round { each, step, .. } = round;
        let items = self.list_of(step, each, round.scope)?;
        if items.len() > MAX_ITEMS {
            let message = format!("step `{step}` has {} items, and does {MAX_ITEMS}", items.len());
            return Err(fault(
                Fault::new(codes::EACH_LIMIT, Class::Limit, message)
                    .hint("use `detach: true`, which makes a task of every item"),
            ));
        }
        let names: Vec<String> = items.iter().map(name_of).collect();
        let known = self.task.step(step).map(|record| record.items.clone()).unwrap_or_default();
        let places = known.len().max(names.len());
        for n in 0..places {
            if known.get(n) != names.get(n) && self.has_done(round, n) {
                let message =
                    format!("item {n} of step `{step}` is another one than was worked on before");
                return Err(fault(
                    Fault::new(codes::DIVERGED, Class::Conflict, message)
                        .hint("restore the list it goes over, or cancel and start anew"),
                ));
            }
        }
        if known != names && !self.replays {
            let step = step.to_owned();
            self.emit(What::Spread { step, items: names });
        }
        Ok(items)
    }

    /// The list, which may be missing; it is empty then.
    pub(crate) fn list_of(&self, step: &str, each: &Each, scope: &Scope) -> Run<Vec<Value>> {
        match self.eval(step, &each.items, scope)? {
            Value::List(items) => Ok(items.to_vec()),
            Value::Missing | Value::Null => Ok(Vec::new()),
            other => {
                let message = format!("step `{step}` goes over a {}, not a list", other.kind());
                Err(fault(Fault::new(codes::EACH_NO_LIST, Class::Mapping, message)))
            }
        }
    }

    /// Whether anything was written or started for an item.
    fn has_done(&self, round: Round<'_>, item: usize) -> bool {
        let suffix = format!("{}[{item}]", round.suffix);
        let graph = self.world.graph;
        self.task.steps.iter().any(|(step, record)| {
            let inside =
                graph.position(id_of(step)).is_some_and(|at| graph.is_inside(round.at, at));
            let acted = record.write.is_some() || record.child.is_some();
            inside && acted && suffix_of(step).starts_with(&suffix)
        })
    }

    /// Walks the items under way, and begins with others as far as there is room.
    fn round(&mut self, round: Round<'_>, place: &mut Items) -> Run<()> {
        if let Some((step, fault)) = place.failing.clone() {
            return self.failing(&step, fault);
        }
        let at_once = usize::try_from(round.each.at_once.max(1)).unwrap_or(usize::MAX);
        // What lacks stored values is looked ahead for, as far again as this decision has come: it is
        // made again with them.
        let (mut begun, mut ahead, mut lacks) = (0_usize, 0_usize, false);
        let mut walked = 0;
        loop {
            if walked == place.open.len() {
                let room = place.open.len() < at_once || self.replays;
                if !(room || ahead > 0) || place.next == place.items.len() {
                    break;
                }
                begun += 1;
                ahead = ahead.saturating_sub(usize::from(!room));
                self.begin_item(round, place);
                continue;
            }
            let Some((item, mut frame)) = place.open.get(walked).cloned() else { break };
            match self.item(round, item, &mut frame) {
                Ok(gives) => {
                    place.open.remove(walked);
                    place.ended.insert(item, Ok(gives));
                }
                Err(Stop::Failed(step, fault)) => {
                    if round.each.failures == Failures::Stop {
                        place.failing = Some((step.clone(), fault.clone()));
                        return self.failing(&step, fault);
                    }
                    place.open.remove(walked);
                    self.collect(round, item, &fault);
                    place.ended.insert(item, Err(*fault));
                }
                Err(stop @ (Stop::Wait | Stop::Need)) => {
                    if matches!(stop, Stop::Need) && !lacks {
                        (lacks, ahead) = (true, begun);
                    }
                    if let Some(kept) = place.open.get_mut(walked) {
                        kept.1 = frame;
                    }
                    walked += 1;
                }
                Err(stop) => return Err(stop),
            }
        }
        match place.open.is_empty() {
            true => Ok(()),
            false => Err(Stop::Wait),
        }
    }

    fn begin_item(&mut self, round: Round<'_>, place: &mut Items) {
        let item = place.next;
        place.next += 1;
        let value = place.items.get(item).cloned().unwrap_or_default();
        let suffix: Arc<str> = Arc::from(format!("{}[{item}]", round.suffix));
        let scope = scope_of(round.each, round.scope, (item, value));
        let mut frame = Frame::new(round.each.body, scope, Arc::clone(&suffix));
        let failed = self.task.step(&format!("{}[{item}]", round.step));
        let Some(fault) = failed.and_then(|record| record.caught.clone()) else {
            place.open.push((item, frame));
            return;
        };
        if self.replays {
            let _ = self.walk_list(&mut frame);
        }
        self.come_past(round.at, &suffix);
        place.ended.insert(item, Err(fault));
    }

    /// An item's steps, then what it gives to each gathered name.
    fn item(&mut self, round: Round<'_>, item: usize, frame: &mut Frame) -> Run<Vec<Value>> {
        self.walk_list(frame)?;
        let key = format!("{}[{item}]", round.step);
        match self.gives(&key, round.each, &frame.scope) {
            Err(Stop::Fault(..)) if self.replays => Err(Stop::Wait),
            Err(Stop::Fault(fault, from)) => match self.failed(&key, *fault, from) {
                Fate::Failed(fault) => Err(Stop::Failed(Arc::from(key), fault)),
                Fate::Caught | Fate::Waits => Err(Stop::Wait),
            },
            other => other,
        }
    }

    /// What one item gives to each gathered name.
    pub(crate) fn gives(&self, key: &str, each: &Each, scope: &Scope) -> Run<Vec<Value>> {
        let give = |(name, gather): &(String, Gather)| match gather {
            Gather::Sum(program) => {
                let value = self.eval(key, program, scope)?;
                match &value {
                    Value::Number(_) | Value::Money(_) => Ok(value),
                    _ => Err(not_a_number(name, value)),
                }
            }
            Gather::Count(program) => Ok(Value::Bool(self.holds(key, program, scope)?)),
            Gather::List { value, .. } => self.eval(key, value, scope),
        };
        each.gather.iter().map(give).collect()
    }

    /// An item failed, and the others go on.
    fn collect(&mut self, round: Round<'_>, item: usize, fault: &Fault) {
        self.abandon(round.at, &format!("{}[{item}]", round.suffix));
        let step = format!("{}[{item}]", round.step);
        self.emit(What::Caught { step, fault: fault.clone() });
        self.come_past(round.at, &format!("{}[{item}]", round.suffix));
    }

    /// What was written inside is behind the walk, though not all of it was come to.
    pub(crate) fn come_past(&mut self, at: u32, suffix: &str) {
        let graph = self.world.graph;
        let passed: Vec<Arc<str>> = self
            .task
            .steps
            .keys()
            .filter(|step| graph.position(step).is_some_and(|inner| graph.is_inside(at, inner)))
            .filter(|step| suffix_of(step).starts_with(suffix) && self.is_done(step))
            .cloned()
            .collect();
        Arc::make_mut(&mut self.reached).extend(passed);
    }

    /// All items have ended: what stands under the step's id, then the steps after them.
    fn after(&mut self, round: Round<'_>, place: &mut Items) -> Run<(Scope, Value)> {
        if place.after.is_none() {
            let output = gathered(round.each, round.step, &place.ended)?;
            let id = id_of(round.step);
            let scope = round.scope.clone().with(id, output.clone());
            let frame = Frame::new(round.each.after, scope, Arc::from(round.suffix));
            place.after = Some((frame, output));
        }
        let Some((mut frame, output)) = place.after.clone() else { return Err(Stop::Wait) };
        let result = self.walk_list(&mut frame);
        let scope = frame.scope.clone();
        place.after = Some((frame, output.clone()));
        result.map(|()| (scope, output))
    }

    /// Something inside failed for good: writes beside it are settled first, and nothing new is begun.
    pub(crate) fn failing<T>(&mut self, step: &Arc<str>, fault: Box<Fault>) -> Run<T> {
        if self.has_unsettled() {
            self.emit_failing(step, *fault);
            return Err(Stop::Wait);
        }
        Err(Stop::Failed(Arc::clone(step), fault))
    }

    /// At its end, no write was made inside that the walk did not come to.
    pub(crate) fn none_inside_is_lost(&self, at: u32, suffix: &str) -> Run<()> {
        if self.replays || self.task.undoing.is_some() {
            return Ok(());
        }
        let graph = self.world.graph;
        self.none_is_lost(|step| {
            let inner = graph.position(id_of(step)).is_some_and(|inner| graph.is_inside(at, inner));
            inner && suffix_of(step).starts_with(suffix)
        })
    }
}

/// The scope of an item.
pub(crate) fn scope_of(each: &Each, around: &Scope, (item, value): (usize, Value)) -> Scope {
    let mut scope = around.clone().with(&each.name, value);
    if let Some(index) = &each.index {
        scope.set(index, Value::from(i64::try_from(item).unwrap_or(i64::MAX)));
    }
    scope
}

/// An item's name: its id, or a hash of it.
pub(crate) fn name_of(item: &Value) -> String {
    match item.field("id").plain().filter(|id| !id.trim().is_empty()) {
        Some(id) => id,
        None => hash(item).chars().take(NAME_LETTERS).collect(),
    }
}

/// What items that ended gave, and failures.
type Ended = std::collections::BTreeMap<usize, Result<Vec<Value>, Fault>>;

/// What stands under the step's id: the gathered names, and `failures`.
fn gathered(each: &Each, step: &str, ended: &Ended) -> Run<Value> {
    let mut out = Value::record(tenon_value::Record::new());
    let good = || ended.values().filter_map(|ended| ended.as_ref().ok());
    for (n, (name, gather)) in each.gather.iter().enumerate() {
        let values: Vec<Value> = good().filter_map(|gives| gives.get(n).cloned()).collect();
        out = out.with(name, total(step, name, gather, values)?);
    }
    let failures = ended.iter().filter_map(|(item, ended)| {
        let fault = ended.as_ref().err()?;
        let index = Value::from(i64::try_from(*item).unwrap_or(i64::MAX));
        Some(fault.to_value().with("index", index))
    });
    Ok(out.with("failures", Value::list(failures.collect())))
}

/// One gathered name over all items.
pub(crate) fn total(step: &str, name: &str, gather: &Gather, values: Vec<Value>) -> Run<Value> {
    match gather {
        Gather::Sum(_) => values.into_iter().try_fold(Value::from(0_i64), |sum, value| {
            let sum = match (&sum, &value) {
                (Value::Number(a), Value::Number(b)) => {
                    a.add(*b).map(Value::Number).map_err(|error| error.to_string())
                }
                (Value::Money(a), Value::Money(b)) => {
                    a.add(b).map(Value::from).map_err(|error| error.to_string())
                }
                (Value::Number(zero), Value::Money(_)) if *zero == Number::ZERO => Ok(value),
                _ => Err(format!("{} and {} have no sum", sum.kind(), value.kind())),
            };
            sum.map_err(|error| {
                let message = format!("the sum `{name}` of step `{step}`: {error}");
                fault(Fault::new(codes::GATHER_FAULT, Class::Mapping, message))
            })
        }),
        Gather::Count(_) => {
            let count = values.iter().filter(|value| value.as_bool() == Some(true)).count();
            Ok(Value::from(i64::try_from(count).unwrap_or(i64::MAX)))
        }
        Gather::List { max, .. } if values.len() > *max as usize => {
            let message = format!("`{name}` of step `{step}` gathers more than {max} values");
            Err(fault(Fault::new(codes::GATHER_FAULT, Class::Limit, message)))
        }
        Gather::List { .. } => Ok(Value::list(values)),
    }
}

fn not_a_number(name: &str, value: Value) -> Stop {
    let message = format!("`{name}` sums a value that is a {}", value.kind());
    fault(Fault::new(codes::GATHER_FAULT, Class::Mapping, message).at(name, value))
}
