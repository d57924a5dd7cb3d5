//! Where a walk stands: lists of steps inside each other, each with its scope.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenon_mapper::Scope;
use tenon_value::{Fault, Value};

/// How far a task was walked. Made again from the journal when it is lost.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) top: Frame,
    /// Steps whose write was made and that the walk has come to.
    pub(crate) reached: Arc<BTreeSet<Arc<str>>>,
    /// Steps that are done and can be made undone, as they were come past.
    pub(crate) undoable: Arc<Vec<Undoable>>,
}

/// A list of steps under way: the flow's own, one item's, one branch's.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// The node that comes next; none behind the last.
    pub(crate) node: Option<u32>,
    pub(crate) scope: Scope,
    /// What stands behind its steps' ids in the journal: `[ITEM]` for every `each` around them.
    pub(crate) suffix: Arc<str>,
    /// Nodes behind it: more than the graph has is a way that does not end.
    pub(crate) walked: usize,
    /// What the node holds that is under way.
    pub(crate) inner: Option<Inner>,
}

/// Lists of steps inside a node.
#[derive(Debug, Clone)]
pub(crate) enum Inner {
    Each(Box<Items>),
    Together(Box<Branches>),
}

/// An `each` under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Items {
    /// The list.
    pub(crate) items: Vec<Value>,
    /// The next item to begin with.
    pub(crate) next: usize,
    /// Items under way, with their steps.
    pub(crate) open: Vec<(usize, Frame)>,
    /// Items that ended: what they give to each gathered name, or why they failed.
    pub(crate) ended: BTreeMap<usize, Result<Vec<Value>, Fault>>,
    /// The failure of an item that is the step's own.
    pub(crate) failing: Option<(Arc<str>, Box<Fault>)>,
    /// The steps after all items, once they run, with what stands under the step's id.
    pub(crate) after: Option<(Frame, Value)>,
}

/// A `together` under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Branches {
    /// The branches, and whether each has ended.
    pub(crate) all: Vec<(Frame, bool)>,
    /// The failure of a branch that is the step's own.
    pub(crate) failing: Option<(Arc<str>, Box<Fault>)>,
}

/// A step that is done and has steps that make it undone.
#[derive(Debug, Clone)]
pub(crate) struct Undoable {
    /// The step, as it is named in the journal.
    pub(crate) step: Arc<str>,
    /// Where the list of steps begins that makes it undone, with what was known then.
    pub(crate) frame: Frame,
}

impl Frame {
    pub(crate) fn new(node: Option<u32>, scope: Scope, suffix: Arc<str>) -> Frame {
        Frame { node, scope, suffix, walked: 0, inner: None }
    }

    /// The name of a step in the journal.
    pub(crate) fn key(&self, id: &str) -> Arc<str> {
        match &*self.suffix {
            "" => Arc::from(id),
            suffix => Arc::from(format!("{id}{suffix}")),
        }
    }
}

/// The id of a step in its graph, by its name in the journal.
pub(crate) fn id_of(step: &str) -> &str {
    step.split('[').next().unwrap_or(step)
}

/// What stands behind the id: `[ITEM]` for every `each` around it.
pub(crate) fn suffix_of(step: &str) -> &str {
    step.get(id_of(step).len()..).unwrap_or("")
}
