//! The order in which flows take records. Where one chain of `run`s takes an order and then its
//! customer, and another the customer first, two tasks may wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use tenon_source::{Diagnostic, Span};

use crate::shape::Found;

/// Something a step takes until its outcome is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken {
    /// A record of that entity.
    Entity(String),
    /// What that flow takes, run as a child and waited for.
    Flow(String),
}

/// What the steps of a flow take, and in which order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taking {
    /// What was taken on the way to here.
    pub(crate) held: Vec<Taken>,
    all: Vec<Taken>,
    pairs: Vec<(Taken, Taken, Span)>,
}

impl Taking {
    /// A step takes it.
    pub(crate) fn take(&mut self, what: Taken, span: &Span) {
        for before in self.held.iter().filter(|before| **before != what) {
            self.pairs.push((before.clone(), what.clone(), span.clone()));
        }
        for list in [&mut self.held, &mut self.all] {
            if !list.contains(&what) {
                list.push(what.clone());
            }
        }
    }

    /// Behind steps of which some were done: what any of them took is held.
    pub(crate) fn join(&mut self, ways: Vec<Vec<Taken>>) {
        for taken in ways.into_iter().flatten() {
            if !self.held.contains(&taken) {
                self.held.push(taken);
            }
        }
    }
}

/// Where one entity is taken before another.
struct Place {
    flow: String,
    span: Span,
    /// Whether a child flow takes one of the two.
    by_run: bool,
}

/// Reports every two entities that are taken in opposite orders by two flows, once, where a child
/// flow has a part in it.
pub(crate) fn check(flows: &BTreeMap<String, Taking>, found: &mut Found) {
    let mut places: BTreeMap<(String, String), Vec<Place>> = BTreeMap::new();
    for (flow, taking) in flows {
        for (first, second, span) in &taking.pairs {
            let by_run = [first, second].iter().any(|taken| matches!(taken, Taken::Flow(_)));
            let seconds = entities(flows, second);
            for one in entities(flows, first) {
                for two in seconds.iter().filter(|two| **two != one) {
                    let place = Place { flow: flow.clone(), span: span.clone(), by_run };
                    places.entry((one.clone(), two.clone())).or_default().push(place);
                }
            }
        }
    }
    for ((one, two), ours) in &places {
        if one > two {
            continue;
        }
        let Some(theirs) = places.get(&(two.clone(), one.clone())) else { continue };
        let opposite = ours.iter().find_map(|our| {
            let other = |their: &&Place| their.flow != our.flow && (their.by_run || our.by_run);
            theirs.iter().find(other).map(|their| (our, their))
        });
        let Some((our, their)) = opposite else { continue };
        let message = format!(
            "`{}` takes {two} before {one}, and `{}` {one} before {two}: two tasks may wait for \
             each other",
            their.flow, our.flow
        );
        found.push(
            Diagnostic::warning("F047", their.span.clone(), message)
                .note(format!("the other order is taken at {}", our.span.place()))
                .note("take them in one order everywhere, or run one with `detach: true`"),
        );
    }
}

/// The entities that something takes, those of child flows included.
fn entities(flows: &BTreeMap<String, Taking>, taken: &Taken) -> BTreeSet<String> {
    let mut entities = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![taken];
    while let Some(taken) = open.pop() {
        match taken {
            Taken::Entity(entity) => {
                entities.insert(entity.clone());
            }
            Taken::Flow(flow) => {
                if seen.insert(flow) {
                    open.extend(flows.get(flow).iter().flat_map(|taking| &taking.all));
                }
            }
        }
    }
    entities
}
