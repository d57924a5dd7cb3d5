//! The ways through a graph, as arrows between its steps.
//!
//! Steps that belong to another step lead back to it: the last of an item's steps to its `each`, the
//! last of a branch to its `together`. Steps that make something undone lead nowhere.

use crate::{Graph, Node, Step};

/// A way from one step to another; `to` is none where the task ends.
pub(crate) struct Arrow {
    pub(crate) from: usize,
    pub(crate) to: Option<usize>,
    pub(crate) says: String,
    pub(crate) way: Way,
}

/// When a way is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// When the step is done.
    On,
    /// After a fault.
    Fault,
    /// When the step is made undone.
    Undo,
}

/// The step whose list another step stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The steps of an item.
    Each(usize),
    /// The steps when all items have ended.
    After(usize),
    /// A branch.
    Together(usize),
    /// Steps that make something undone.
    Undo,
}

/// Where a way leads that names no step.
enum End {
    Done,
    Step(usize, &'static str),
    Nowhere,
}

/// All ways of a graph, in the order of its steps.
pub(crate) fn arrows(graph: &Graph) -> Vec<Arrow> {
    let ways = Ways { nodes: &graph.nodes, owners: owners(&graph.nodes) };
    (0..graph.nodes.len()).flat_map(|at| ways.of(at)).collect()
}

fn index(to: Option<u32>) -> Option<usize> {
    to.and_then(|to| usize::try_from(to).ok())
}

/// The owner of each step; none for those of the flow itself.
pub(crate) fn owners(nodes: &[Node]) -> Vec<Option<Owner>> {
    let mut owners = vec![None; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        match &node.step {
            Step::Each(each) => {
                mark(nodes, each.body, Owner::Each(at), &mut owners);
                mark(nodes, each.after, Owner::After(at), &mut owners);
            }
            Step::Together { branches } => {
                for (_, first) in branches {
                    mark(nodes, *first, Owner::Together(at), &mut owners);
                }
            }
            _ => {}
        }
        mark(nodes, node.undo, Owner::Undo, &mut owners);
    }
    owners
}

/// Gives every step of one list its owner. Lists inside it have owners of their own.
fn mark(nodes: &[Node], first: Option<u32>, owner: Owner, owners: &mut [Option<Owner>]) {
    let mut open: Vec<usize> = index(first).into_iter().collect();
    while let Some(at) = open.pop() {
        let (Some(node), Some(place @ None)) = (nodes.get(at), owners.get_mut(at)) else {
            continue;
        };
        *place = Some(owner);
        open.extend(index(node.next));
        open.extend(node.catch.iter().filter_map(|catch| index(catch.to)));
        if let Step::Choose { branches, otherwise } = &node.step {
            open.extend(branches.iter().filter_map(|(_, to)| index(*to)));
            open.extend(index(*otherwise));
        }
    }
}

struct Ways<'a> {
    nodes: &'a [Node],
    owners: Vec<Option<Owner>>,
}

impl Ways<'_> {
    fn of(&self, from: usize) -> Vec<Arrow> {
        let Some(node) = self.nodes.get(from) else { return Vec::new() };
        let mut all = Vec::new();
        match &node.step {
            Step::Choose { branches, otherwise } => {
                for (n, (_, to)) in branches.iter().enumerate() {
                    all.extend(self.arrow(from, *to, &format!("if {}", n + 1)));
                }
                all.extend(self.arrow(from, *otherwise, "otherwise"));
            }
            Step::Each(each) => {
                all.extend(each.body.and_then(|to| self.arrow(from, Some(to), "each")));
                let then = if each.after.is_some() { "after" } else { "" };
                all.extend(self.arrow(from, each.after, then));
            }
            Step::Together { branches } => {
                for (name, to) in branches {
                    all.extend(to.and_then(|to| self.arrow(from, Some(to), name)));
                }
                all.extend(self.arrow(from, None, ""));
            }
            Step::Stop { .. } if node.when.is_none() => {}
            Step::Stop { .. } => all.extend(self.arrow(from, None, "else")),
            _ => all.extend(self.arrow(from, None, "")),
        }
        for catch in &node.catch {
            let arrow = self.arrow(from, catch.to, &catch.fault);
            all.extend(arrow.map(|arrow| Arrow { way: Way::Fault, ..arrow }));
        }
        let undo = node.undo.and_then(|to| self.arrow(from, Some(to), "undo"));
        all.extend(undo.map(|arrow| Arrow { way: Way::Undo, ..arrow }));
        all
    }

    /// A way to a step, or to wherever the step's list goes on. None where that is nowhere.
    fn arrow(&self, from: usize, to: Option<u32>, says: &str) -> Option<Arrow> {
        let arrow = |to, says: &str| Arrow { from, to, says: says.to_owned(), way: Way::On };
        let next = self.nodes.get(from).and_then(|node| node.next);
        match index(to.or(next)) {
            Some(to) => Some(arrow(Some(to), says)),
            None => match self.end(from) {
                End::Done => Some(arrow(None, says)),
                End::Step(to, back) => {
                    Some(arrow(Some(to), if says.is_empty() { back } else { says }))
                }
                End::Nowhere => None,
            },
        }
    }

    /// Where the list goes on that a step is the last of.
    fn end(&self, at: usize) -> End {
        match self.owners.get(at).copied().flatten() {
            None => End::Done,
            Some(Owner::Each(each)) => End::Step(each, "next item"),
            Some(Owner::Together(together)) => End::Step(together, "ended"),
            Some(Owner::After(each)) => match index(self.nodes.get(each).and_then(|n| n.next)) {
                Some(next) => End::Step(next, ""),
                None => self.end(each),
            },
            Some(Owner::Undo) => End::Nowhere,
        }
    }
}
