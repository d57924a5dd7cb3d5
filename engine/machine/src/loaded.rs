//! A graph made ready to be walked: every program loaded once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenon_graph::{Gather, Graph, GraphHash, Node, Program, Step, UpdatePolicy, Upsert, WaitOn};
use tenon_mapper::{MappingProgram, Scripts};

use crate::frame::id_of;

/// A graph with its programs loaded.
#[derive(Debug)]
pub struct LoadedGraph {
    /// The graph.
    pub graph: Graph,
    /// Its content address.
    pub hash: GraphHash,
    /// Programs by the address of their text, which the graph above keeps alive and unmoved.
    programs: BTreeMap<usize, tenon_mapper::Program>,
    mappings: BTreeMap<String, MappingProgram>,
    scripts: Scripts,
    /// Step ids whose output another step reads.
    used: Vec<bool>,
    positions: BTreeMap<String, u32>,
    /// For each `each` and `together`: the nodes inside it.
    inside: BTreeMap<u32, BTreeSet<u32>>,
    /// Nodes of steps that make others undone.
    undoing: BTreeSet<u32>,
    /// Whether several of its steps may be under way at once.
    parallel: bool,
}

/// A stored graph can't be loaded by this build.
#[derive(Debug, thiserror::Error)]
pub enum BadGraph {
    /// A program can't be read.
    #[error("flow {flow}: a program can't be loaded: {error}")]
    Program {
        /// The flow.
        flow: String,
        /// Why.
        error: String,
    },
    /// A script does not compile.
    #[error("flow {flow}: script {file} line {line}: {message}")]
    Script {
        /// The flow.
        flow: String,
        /// The file.
        file: String,
        /// The line.
        line: String,
        /// Why.
        message: String,
    },
    /// It has no content address, or points to nodes it does not have.
    #[error("flow {flow}: {error}")]
    Shape {
        /// The flow.
        flow: String,
        /// Why.
        error: String,
    },
}

impl LoadedGraph {
    /// Loads every program of a graph.
    ///
    /// # Errors
    /// When a program, mapping or script can't be loaded by this build.
    pub fn load(graph: &Graph) -> Result<LoadedGraph, BadGraph> {
        let graph = graph.clone();
        let flow = || graph.flow.clone();
        let bad = |error: String| BadGraph::Program { flow: flow(), error };
        let hash = graph
            .hash()
            .map_err(|error| BadGraph::Shape { flow: flow(), error: error.to_string() })?;
        let mut programs = BTreeMap::new();
        for program in programs_of(&graph) {
            let loaded = tenon_mapper::Program::from_text(&program.0)
                .map_err(|error| bad(error.to_string()))?;
            programs.insert(address(program), loaded);
        }
        let mut mappings = BTreeMap::new();
        for (name, program) in &graph.mappings {
            let loaded =
                MappingProgram::from_text(&program.0).map_err(|error| bad(error.to_string()))?;
            mappings.insert(name.clone(), loaded);
        }
        let (scripts, problems) = Scripts::compile(&graph.scripts);
        if let Some((file, line, message)) = problems.into_iter().next() {
            let line = line.to_string();
            return Err(BadGraph::Script { flow: flow(), file, line, message });
        }
        let count = graph.nodes.len();
        let targets = graph.nodes.iter().flat_map(targets_of);
        if count == 0 || targets.flatten().any(|to| to as usize >= count) {
            let error = "its steps do not hang together".to_owned();
            return Err(BadGraph::Shape { flow: flow(), error });
        }
        let used = graph.nodes.iter().map(|node| is_used(&graph, node)).collect();
        let ids = graph.nodes.iter().map(|node| node.id.clone());
        let positions = ids.zip(0_u32..).collect();
        let shape = Shape::of(&graph);
        let Shape { inside, undoing, parallel } = shape;
        Ok(LoadedGraph {
            graph,
            hash,
            programs,
            mappings,
            scripts,
            used,
            positions,
            inside,
            undoing,
            parallel,
        })
    }

    /// The loaded form of one of the graph's own programs.
    pub(crate) fn program(&self, program: &Program) -> Option<&tenon_mapper::Program> {
        self.programs.get(&address(program))
    }

    /// A mapping by name.
    pub(crate) fn mapping(&self, name: &str) -> Option<&MappingProgram> {
        self.mappings.get(name)
    }

    /// The scripts.
    pub(crate) fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    /// A node by position.
    pub(crate) fn node(&self, at: u32) -> Option<&Node> {
        self.graph.nodes.get(at as usize)
    }

    /// Where a step stands, by its id or its name in a journal.
    pub(crate) fn position(&self, step: &str) -> Option<u32> {
        self.positions.get(id_of(step)).copied()
    }

    /// Whether a node is inside an `each` or `together`.
    pub(crate) fn is_inside(&self, around: u32, at: u32) -> bool {
        self.inside.get(&around).is_some_and(|inside| inside.contains(&at))
    }

    /// Whether one `each` or `together` has both nodes inside.
    pub(crate) fn share_list(&self, a: u32, b: u32) -> bool {
        self.inside.values().any(|inside| inside.contains(&a) && inside.contains(&b))
    }

    /// Whether a node is inside any `each` or `together`.
    pub(crate) fn is_inner(&self, at: u32) -> bool {
        self.inside.values().any(|inside| inside.contains(&at))
    }

    /// All nodes of a list of steps, with what is inside them.
    pub(crate) fn list_from(&self, first: Option<u32>) -> BTreeSet<u32> {
        let mut reached = BTreeSet::new();
        reach(&self.graph, first, &mut reached);
        reached
    }

    /// Whether a node is of the steps that make another undone.
    pub(crate) fn is_undoing(&self, at: u32) -> bool {
        self.undoing.contains(&at)
    }

    /// Whether several of its steps may be under way at once.
    pub(crate) fn is_parallel(&self) -> bool {
        self.parallel
    }

    /// A node by its step id.
    pub(crate) fn step(&self, step: &str) -> Option<&Node> {
        self.position(step).and_then(|at| self.node(at))
    }

    /// A step and all it can lead to.
    #[must_use]
    pub fn reached_from(&self, step: &str) -> Vec<String> {
        let mut open: Vec<u32> = self.position(step).into_iter().collect();
        let mut seen: BTreeSet<u32> = open.iter().copied().collect();
        while let Some(at) = open.pop() {
            let Some(node) = self.node(at) else { continue };
            open.extend(targets_of(node).into_iter().flatten().filter(|to| seen.insert(*to)));
            // A list of steps inside another step leads to what follows that one.
            let around = self.inside.iter().filter(|(_, inside)| inside.contains(&at));
            let behind = around.filter_map(|(outer, _)| self.node(*outer)?.next);
            open.extend(behind.filter(|to| seen.insert(*to)));
        }
        seen.iter().filter_map(|at| self.node(*at)).map(|node| node.id.clone()).collect()
    }

    /// Whether another step's program names this node's output.
    pub(crate) fn is_used(&self, at: u32) -> bool {
        self.used.get(at as usize).copied().unwrap_or(true)
    }
}

fn address(program: &Program) -> usize {
    Arc::as_ptr(&program.0).cast::<u8>().addr()
}

/// What is inside what.
struct Shape {
    inside: BTreeMap<u32, BTreeSet<u32>>,
    undoing: BTreeSet<u32>,
    parallel: bool,
}

impl Shape {
    fn of(graph: &Graph) -> Shape {
        let mut shape =
            Shape { inside: BTreeMap::new(), undoing: BTreeSet::new(), parallel: false };
        for (at, node) in (0_u32..).zip(&graph.nodes) {
            if node.undo.is_some() {
                reach(graph, node.undo, &mut shape.undoing);
            }
            let inner = match &node.step {
                Step::Each(each) => vec![each.body, each.after],
                Step::Together { branches } => branches.iter().map(|(_, first)| *first).collect(),
                _ => continue,
            };
            let mut inside = BTreeSet::new();
            for first in inner {
                reach(graph, first, &mut inside);
            }
            shape.inside.insert(at, inside);
            shape.parallel |= match &node.step {
                Step::Each(each) => each.at_once > 1 && !each.detach,
                Step::Together { branches } => branches.len() > 1,
                _ => false,
            };
        }
        shape
    }
}

/// All nodes that a list of steps reaches from its first.
fn reach(graph: &Graph, first: Option<u32>, reached: &mut BTreeSet<u32>) {
    let mut next: Vec<u32> = first.into_iter().collect();
    while let Some(at) = next.pop() {
        if reached.insert(at)
            && let Some(node) = graph.nodes.get(at as usize)
        {
            next.extend(targets_of(node).into_iter().flatten());
        }
    }
}

/// All nodes a node can lead to.
fn targets_of(node: &Node) -> Vec<Option<u32>> {
    let mut all = vec![node.next];
    all.extend(node.catch.iter().map(|catch| catch.to));
    all.push(node.undo);
    match &node.step {
        Step::Choose { branches, otherwise } => {
            all.extend(branches.iter().map(|(_, to)| *to));
            all.push(*otherwise);
        }
        Step::Each(each) => all.extend([each.body, each.after]),
        Step::Together { branches } => all.extend(branches.iter().map(|(_, first)| *first)),
        _ => {}
    }
    all
}

fn programs_of(graph: &Graph) -> Vec<&Program> {
    let mut all: Vec<&Program> = graph.lane.iter().collect();
    all.extend(graph.skip.iter().flat_map(|skip| [&skip.when, &skip.because]));
    all.extend(graph.nodes.iter().flat_map(programs_of_node));
    all
}

fn programs_of_node(node: &Node) -> Vec<&Program> {
    let mut all: Vec<&Program> = node.when.iter().collect();
    all.extend(node.expect.iter().flat_map(|expect| [&expect.holds, &expect.because]));
    match &node.step {
        Step::Get { by, .. } => all.push(by),
        Step::Map { with, .. } | Step::Run { with, .. } | Step::Set { values: with } => {
            all.extend(with.iter().map(|(_, program)| program));
        }
        Step::List { filter, .. } => all.extend(filter.iter().map(|(_, program)| program)),
        Step::Upsert(upsert) => all.extend(programs_of_upsert(upsert)),
        Step::Create(create) => {
            all.push(&create.reference);
            all.extend(create.with.iter().map(|(_, program)| program));
        }
        Step::Update(update) => {
            all.push(&update.key);
            all.extend(update.with.iter().map(|(_, program)| program));
        }
        Step::Delete { key, forgets, .. } => {
            all.push(key);
            all.extend(forgets.iter().map(|forgets| &forgets.reference));
        }
        Step::Script { value } => all.push(value),
        Step::Call { key, with, stores, .. } => {
            all.push(key);
            all.extend(with.iter().map(|(_, program)| program));
            all.extend(stores.iter().map(|stores| &stores.reference));
        }
        Step::Choose { branches, .. } => all.extend(branches.iter().map(|(when, _)| when)),
        Step::Log { text } => all.push(text),
        Step::Stop { because, .. } => all.push(because),
        Step::Each(each) => {
            all.push(&each.items);
            all.extend(each.gather.iter().map(|(_, gather)| match gather {
                Gather::Sum(value) | Gather::Count(value) | Gather::List { value, .. } => value,
            }));
        }
        Step::Wait { on, .. } => match on {
            WaitOn::For(program) | WaitOn::Until(program) => all.push(program),
            WaitOn::Outcome { by, holds, .. } => all.extend([by, holds]),
            WaitOn::Reference { id, .. } => all.push(id),
            WaitOn::Signal(_) => {}
        },
        Step::Together { .. } => {}
    }
    all
}

fn programs_of_upsert(upsert: &Upsert) -> Vec<&Program> {
    let mut all = vec![&upsert.reference];
    for find in &upsert.find {
        all.push(&find.value);
        all.extend(&find.when);
    }
    all.extend(upsert.with.iter().map(|(_, program)| program));
    if let UpdatePolicy::By(program) = &upsert.update {
        all.push(program);
    }
    all
}

/// Whether a program elsewhere reads the step's id as a name of the scope.
fn is_used(graph: &Graph, node: &Node) -> bool {
    let word = format!("\"root\":\"{}\"", node.id);
    let own = |other: &Node| other.id == node.id;
    let elsewhere = graph.nodes.iter().filter(|n| !own(n)).flat_map(programs_of_node);
    !node.expect.is_empty()
        || elsewhere.chain(graph.mappings.values()).any(|program| program.0.contains(&word))
}
