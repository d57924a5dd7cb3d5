//! Two graphs of one flow, step by step: which step of the one is which of the other.
//!
//! A step that its author named is known by its id. One without a name is called after its verb and
//! position, which says nothing once a step comes before it: it is known by what it does, and only
//! where no other step does the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::arrows::{Owner, owners};
use crate::{Graph, Node, Step, WaitOn};

/// What a step is in another graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Its id there.
    pub id: String,
    /// Its position there.
    pub at: u32,
    /// It is the same verb about the same thing: what it gave before means the same there.
    pub same_kind: bool,
    /// It asks for the same: the same key, filter, list or signal.
    pub same_question: bool,
    /// It stands in the same list of steps.
    pub same_list: bool,
    /// Nothing of it differs but its name and where it goes on.
    pub same: bool,
}

/// The steps of one graph and what they are in another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Twins {
    known: BTreeMap<String, Twin>,
    unsure: BTreeMap<String, Vec<String>>,
    fresh: Vec<u32>,
    counts: (usize, usize),
}

impl Twins {
    /// Compares a graph with another of its flow. `chosen` are pairs of ids that a person is sure of.
    #[must_use]
    pub fn of(from: &Graph, to: &Graph, chosen: &BTreeMap<String, String>) -> Twins {
        let mut pairing = Pairing::new(from, to);
        pairing.by_choice(chosen);
        pairing.by_name();
        pairing.by_likeness(true);
        pairing.by_likeness(false);
        pairing.twins()
    }

    /// What a step is there; none where nothing is sure to be it.
    #[must_use]
    pub fn of_step(&self, id: &str) -> Option<&Twin> {
        self.known.get(id)
    }

    /// Steps there of which one may be this step, where it is not sure which.
    #[must_use]
    pub fn perhaps(&self, id: &str) -> &[String] {
        self.unsure.get(id).map_or(&[], Vec::as_slice)
    }

    /// Positions of the steps there that are none of the steps here.
    #[must_use]
    pub fn fresh(&self) -> &[u32] {
        &self.fresh
    }

    /// Whether both graphs have the same steps by the same names.
    #[must_use]
    pub fn are_one(&self) -> bool {
        self.fresh.is_empty()
            && self.counts == (self.known.len(), self.known.len())
            && self.known.iter().all(|(id, twin)| twin.same && twin.same_list && *id == twin.id)
    }
}

/// Steps of both graphs that have found each other.
struct Pairing<'a> {
    from: &'a Graph,
    to: &'a Graph,
    pairs: BTreeMap<usize, usize>,
    taken: BTreeSet<usize>,
    unsure: BTreeMap<String, Vec<String>>,
}

impl<'a> Pairing<'a> {
    fn new(from: &'a Graph, to: &'a Graph) -> Pairing<'a> {
        let unsure = BTreeMap::new();
        Pairing { from, to, pairs: BTreeMap::new(), taken: BTreeSet::new(), unsure }
    }

    fn pair(&mut self, here: usize, there: usize) {
        if !self.pairs.contains_key(&here) && self.taken.insert(there) {
            self.pairs.insert(here, there);
        }
    }

    fn by_choice(&mut self, chosen: &BTreeMap<String, String>) {
        for (old, new) in chosen {
            if let (Some(here), Some(there)) = (place(self.from, old), place(self.to, new)) {
                self.pair(here, there);
            }
        }
    }

    fn by_name(&mut self) {
        for (here, node) in self.from.nodes.iter().enumerate() {
            if !is_made(node)
                && let Some(there) = place(self.to, &node.id)
            {
                self.pair(here, there);
            }
        }
    }

    /// Steps that are alike, in their order, where both graphs have as many of them. Whole: all of
    /// them says the same; otherwise only verb and thing, and then one alone.
    fn by_likeness(&mut self, whole: bool) {
        let alike = |node: &Node| match whole {
            true => definition(node),
            false => kind(&node.step),
        };
        let left = |nodes: &[Node], known: &dyn Fn(usize) -> bool| {
            let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (at, node) in nodes.iter().enumerate() {
                if !known(at) && (whole || is_made(node)) {
                    groups.entry(alike(node)).or_default().push(at);
                }
            }
            groups
        };
        let here = left(&self.from.nodes, &|at| self.pairs.contains_key(&at));
        let there = left(&self.to.nodes, &|at| self.taken.contains(&at));
        for (alike, mine) in here {
            let Some(theirs) = there.get(&alike) else { continue };
            if mine.len() == theirs.len() && (whole || mine.len() == 1) {
                mine.iter().zip(theirs).for_each(|(here, there)| self.pair(*here, *there));
                continue;
            }
            let names = |nodes: &[Node], at: &[usize]| -> Vec<String> {
                at.iter().filter_map(|at| nodes.get(*at)).map(|node| node.id.clone()).collect()
            };
            let perhaps = names(&self.to.nodes, theirs);
            for id in names(&self.from.nodes, &mine) {
                self.unsure.insert(id, perhaps.clone());
            }
        }
    }

    fn twins(self) -> Twins {
        let (mine, theirs) = (owners(&self.from.nodes), owners(&self.to.nodes));
        let mut known = BTreeMap::new();
        for (here, there) in &self.pairs {
            let (Some(old), Some(new)) = (self.from.nodes.get(*here), self.to.nodes.get(*there))
            else {
                continue;
            };
            let twin = Twin {
                id: new.id.clone(),
                at: u32::try_from(*there).unwrap_or(u32::MAX),
                same_kind: kind(&old.step) == kind(&new.step),
                same_question: question(&old.step) == question(&new.step),
                same_list: self.is_same_list(&mine, &theirs, (*here, *there)),
                same: definition(old) == definition(new),
            };
            known.insert(old.id.clone(), twin);
        }
        let unsure = self.unsure.into_iter().filter(|(id, _)| !known.contains_key(id)).collect();
        let fresh = (0..self.to.nodes.len()).filter(|at| !self.taken.contains(at));
        let fresh = fresh.filter_map(|at| u32::try_from(at).ok()).collect();
        let counts = (self.from.nodes.len(), self.to.nodes.len());
        Twins { known, unsure, fresh, counts }
    }

    /// Whether what is around two steps is one another's twin, from the inside out.
    fn is_same_list(
        &self,
        mine: &[Option<Owner>],
        theirs: &[Option<Owner>],
        (mut here, mut there): (usize, usize),
    ) -> bool {
        for _ in 0..=mine.len() {
            let around = |owners: &[Option<Owner>], at: usize| owners.get(at).copied().flatten();
            let (old, new) = match (around(mine, here), around(theirs, there)) {
                (None, None) | (Some(Owner::Undo), Some(Owner::Undo)) => return true,
                (Some(Owner::Each(old)), Some(Owner::Each(new)))
                | (Some(Owner::After(old)), Some(Owner::After(new)))
                | (Some(Owner::Together(old)), Some(Owner::Together(new))) => (old, new),
                _ => return false,
            };
            if self.pairs.get(&old) != Some(&new) {
                return false;
            }
            (here, there) = (old, new);
        }
        false
    }
}

fn place(graph: &Graph, id: &str) -> Option<usize> {
    graph.nodes.iter().position(|node| node.id == id)
}

/// Whether a step was named after its verb and position. Authors can't give such an id.
fn is_made(node: &Node) -> bool {
    let made = node.id.strip_prefix(node.step.verb()).and_then(|id| id.strip_prefix('_'));
    made.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// All that a step says, without its name and where it goes on.
fn definition(node: &Node) -> String {
    let mut node = node.clone();
    node.id = String::new();
    node.place = String::new();
    node.next = None;
    node.undo = node.undo.map(|_| 0);
    node.catch.iter_mut().for_each(|catch| catch.to = None);
    match &mut node.step {
        Step::Choose { branches, otherwise } => {
            branches.iter_mut().for_each(|(_, to)| *to = None);
            *otherwise = None;
        }
        Step::Each(each) => {
            each.body = None;
            each.after = each.after.map(|_| 0);
        }
        Step::Together { branches } => branches.iter_mut().for_each(|(_, to)| *to = None),
        _ => {}
    }
    serde_json::to_string(&node).unwrap_or_default()
}

/// The verb and what it is about.
fn kind(step: &Step) -> String {
    let about = match step {
        Step::Get { of, .. } | Step::List { of, .. } | Step::Delete { of, .. } => thing(of),
        Step::Upsert(upsert) => thing(&upsert.of),
        Step::Create(create) => thing(&create.of),
        Step::Update(update) => thing(&update.of),
        Step::Call { of, action, .. } => format!("{}.{action}", thing(of)),
        Step::Run { flow, detach, .. } => match detach {
            true => format!("{flow} detached"),
            false => flow.clone(),
        },
        Step::Each(each) => if each.detach { "detached" } else { "" }.to_owned(),
        Step::Wait { on, .. } => match on {
            WaitOn::For(_) | WaitOn::Until(_) => "time".to_owned(),
            WaitOn::Signal(name) => format!("signal {name}"),
            WaitOn::Outcome { of, .. } => format!("outcome {}", thing(of)),
            WaitOn::Reference { entity, .. } => format!("reference {entity}"),
        },
        _ => String::new(),
    };
    format!("{} {about}", step.verb()).trim_end().to_owned()
}

fn thing(of: &crate::Endpoint) -> String {
    format!("{}.{}", of.connection, of.resource)
}

/// What an answer is the answer to.
fn question(step: &Step) -> String {
    let asked = match step {
        Step::Get { by, .. } => serde_json::to_string(by),
        Step::List { filter, limit, .. } => serde_json::to_string(&(filter, limit)),
        Step::Each(each) => serde_json::to_string(&(&each.items, &each.name)),
        Step::Wait { on, .. } => serde_json::to_string(on),
        _ => return String::new(),
    };
    asked.unwrap_or_default()
}

impl Step {
    /// The verb and what it is about: `upsert ledger.order`, `run customer`.
    #[must_use]
    pub fn about(&self) -> String {
        kind(self)
    }

    /// Whether it may change something outside the task, or waits: what is not done for nothing.
    #[must_use]
    pub fn has_effect(&self) -> bool {
        matches!(
            self,
            Step::Upsert(_)
                | Step::Create(_)
                | Step::Update(_)
                | Step::Delete { .. }
                | Step::Call { .. }
                | Step::Run { .. }
                | Step::Wait { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Endpoint, Program, Retry, Triggers};

    fn program(text: &str) -> Program {
        Program(Arc::from(text))
    }

    fn node(id: &str, step: Step) -> Node {
        Node {
            id: id.to_owned(),
            when: None,
            step,
            expect: Vec::new(),
            catch: Vec::new(),
            retry: None,
            timeout_ms: None,
            undo: None,
            next: None,
            place: format!("order.flow.yaml:{}", id.len()),
        }
    }

    fn get(id: &str, by: &str) -> Node {
        let of = Endpoint { connection: "shop".into(), resource: "order".into() };
        node(id, Step::Get { of, by: program(by) })
    }

    fn log(id: &str, text: &str) -> Node {
        node(id, Step::Log { text: program(text) })
    }

    fn graph(nodes: Vec<Node>) -> Graph {
        let end = || Endpoint { connection: "shop".into(), resource: "order".into() };
        Graph {
            edition: 1,
            integration: "toy".to_owned(),
            flow: "order".to_owned(),
            title: String::new(),
            entity: "order".to_owned(),
            from: end(),
            to: end(),
            takes: Vec::new(),
            triggers: Triggers::default(),
            lane: None,
            skip: Vec::new(),
            retry: Retry::default(),
            nodes,
            mappings: BTreeMap::new(),
            scripts: BTreeMap::new(),
        }
    }

    fn twins(from: Vec<Node>, to: Vec<Node>) -> Twins {
        Twins::of(&graph(from), &graph(to), &BTreeMap::new())
    }

    #[test]
    fn a_named_step_is_known_by_its_name_though_it_asks_otherwise() {
        let found = twins(vec![get("order", "a")], vec![log("log_1", "x"), get("order", "b")]);
        let twin = found.of_step("order").unwrap();
        assert!(twin.same_kind && !twin.same_question && !twin.same && twin.same_list);
        assert_eq!((twin.at, found.fresh()), (1, &[0][..]));
    }

    #[test]
    fn steps_without_names_are_known_by_what_they_do_wherever_they_stand() {
        let found = twins(
            vec![log("log_1", "a"), get("get_2", "x")],
            vec![log("log_1", "new"), log("log_2", "a"), get("get_3", "x")],
        );
        assert_eq!(found.of_step("log_1").unwrap().id, "log_2");
        assert_eq!(found.of_step("get_2").unwrap().id, "get_3");
        assert_eq!(found.fresh(), [0]);
        assert!(!found.are_one());
    }

    #[test]
    fn one_of_several_that_are_alike_is_not_guessed_but_may_be_chosen() {
        let from = vec![get("get_1", "x")];
        let to = vec![get("get_1", "a"), get("get_2", "b")];
        let found = twins(from.clone(), to.clone());
        assert_eq!(found.of_step("get_1"), None);
        assert_eq!(found.perhaps("get_1"), ["get_1", "get_2"]);
        let chosen = BTreeMap::from([("get_1".to_owned(), "get_2".to_owned())]);
        let found = Twins::of(&graph(from), &graph(to), &chosen);
        assert_eq!(found.of_step("get_1").unwrap().id, "get_2");
    }

    #[test]
    fn a_graph_is_one_with_itself_though_it_was_written_on_other_lines() {
        let mut moved = vec![get("order", "a"), log("log_2", "b")];
        let found = twins(moved.clone(), moved.clone());
        assert!(found.are_one());
        moved[0].place = "order.flow.yaml:99".to_owned();
        assert!(twins(vec![get("order", "a"), log("log_2", "b")], moved).are_one());
    }

    #[test]
    fn a_step_that_went_into_another_list_is_told_apart() {
        let branches = |first| Step::Together { branches: vec![("a".to_owned(), Some(first))] };
        let from = vec![node("both", branches(1)), get("order", "a")];
        let mut to = vec![node("both", branches(2)), get("order", "a"), log("log_3", "b")];
        to[0].next = Some(1);
        let found = twins(from.clone(), to);
        assert!(found.of_step("both").unwrap().same_list);
        assert!(!found.of_step("order").unwrap().same_list);
        assert!(twins(from.clone(), from).of_step("order").unwrap().same_list);
    }
}
