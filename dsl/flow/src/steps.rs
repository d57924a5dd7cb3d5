//! Lists of steps to nodes: verbs, ids, scope, what follows what, what is never reached.

use std::collections::{BTreeMap, BTreeSet};

use tenon_graph::{Expect, Node as Step, Retry, Step as Doing};
use tenon_mapper::Env;
use tenon_mapper::types::Type;
use tenon_source::{Diagnostic, Node, Span, near};

use crate::expression;
use crate::facts::Systems;
use crate::head::Head;
use crate::mappings::MappingFacts;
use crate::policy;
use crate::shape::{self, Found};

/// Verbs the machine runs.
pub(crate) const VERBS: &[&str] =
    &["get", "map", "upsert", "call", "choose", "run", "set", "log", "stop"];

/// Verbs of the language that the machine does not run yet.
const LATER: &[&str] =
    &["list", "create", "update", "delete", "each", "together", "wait", "script"];

/// Keys every step may have.
const COMMON: &[&str] = &["id", "if", "with", "retry", "expect", "catch", "timeout", "undo"];

/// Names that mean something else in expressions.
const TAKEN: &[&str] = &["settings", "task", "fault", "it", "out"];

/// What all flows of a folder are checked against.
pub(crate) struct Context<'a> {
    pub(crate) systems: &'a Systems,
    pub(crate) mappings: &'a BTreeMap<String, MappingFacts>,
    pub(crate) heads: &'a BTreeMap<String, Head>,
    /// Flows whose document could not be read; they exist all the same.
    pub(crate) unread: &'a BTreeSet<String>,
}

/// Compiles the steps of one flow.
pub(crate) struct Steps<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) head: &'a Head,
    pub(crate) env: Env,
    pub(crate) nodes: Vec<Step>,
    pub(crate) retry: Retry,
    pub(crate) runs: Vec<(String, Span)>,
    pub(crate) mappings: BTreeSet<String>,
    pub(crate) found: Found,
    ids: BTreeMap<String, usize>,
}

/// A place whose target is known only when the next step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// The `next` of a node.
    Next(u32),
    /// The way on of a node's n-th `catch`.
    Catch(u32, usize),
}

/// A list of steps that was compiled.
#[derive(Debug, Default)]
pub(crate) struct Strand {
    /// Its first node; none when it is empty.
    pub(crate) first: Option<u32>,
    /// What goes on after it. Empty when every way through it ends the task.
    pub(crate) open: Vec<Link>,
}

/// What a verb came to.
pub(crate) struct Made {
    pub(crate) doing: Doing,
    /// Type of what stands under the step's id afterwards.
    pub(crate) output: Option<Type>,
    /// Links of inner lists that go on after the step.
    pub(crate) open: Vec<Link>,
    /// Whether the task goes on behind the step itself.
    pub(crate) goes_on: bool,
}

impl Made {
    pub(crate) fn of(doing: Doing, output: Option<Type>) -> Made {
        Made { doing, output, open: Vec::new(), goes_on: true }
    }
}

impl<'a> Steps<'a> {
    pub(crate) fn new(context: &'a Context<'a>, head: &'a Head, env: Env) -> Steps<'a> {
        Steps {
            context,
            head,
            env,
            nodes: Vec::new(),
            retry: Retry::default(),
            runs: Vec::new(),
            mappings: BTreeSet::new(),
            found: Vec::new(),
            ids: BTreeMap::new(),
        }
    }

    /// Compiles a list of steps.
    pub(crate) fn list(&mut self, items: &[&Node]) -> Strand {
        let mut strand = Strand::default();
        let mut reached = true;
        for item in items {
            if !reached {
                let message = "no task ever comes to this step";
                self.found.push(
                    Diagnostic::error("F015", shape::head_of(item), message)
                        .note("every way through the step before it ends the task"),
                );
                reached = true;
            }
            let Some((at, open)) = self.step(item) else { continue };
            match strand.first {
                None => strand.first = Some(at),
                Some(_) => self.close(&strand.open, at),
            }
            reached = !open.is_empty();
            strand.open = open;
        }
        strand
    }

    /// Leads links to a node.
    pub(crate) fn close(&mut self, links: &[Link], to: u32) {
        for link in links {
            match *link {
                Link::Next(at) => {
                    if let Some(node) = self.node(at) {
                        node.next = Some(to);
                    }
                }
                Link::Catch(at, n) => {
                    if let Some(way) = self.node(at).and_then(|node| node.catch.get_mut(n)) {
                        way.to = Some(to);
                    }
                }
            }
        }
    }

    pub(crate) fn node(&mut self, at: u32) -> Option<&mut Step> {
        usize::try_from(at).ok().and_then(|at| self.nodes.get_mut(at))
    }

    /// Compiles one step: its node's place, and what goes on after it.
    fn step(&mut self, node: &Node) -> Option<(u32, Vec<Link>)> {
        let (verb, key, value) = self.verb(node)?;
        let at = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let id = self.id(node);
        let when =
            node.get("if").map(|node| expression::condition(node, &self.env, &mut self.found));
        let made_id = id.clone().unwrap_or_else(|| format!("{verb}_{}", at + 1));
        self.nodes.push(Step {
            id: made_id,
            when: when.clone(),
            step: Doing::Set { values: Vec::new() },
            expect: Vec::new(),
            catch: Vec::new(),
            retry: None,
            timeout_ms: None,
            undo: None,
            next: None,
            place: key.span.place(),
        });
        let before = self.env.scope.clone();
        let made = self.make(verb, node, value);
        let (mut open, output) = match made {
            Some(made) => {
                let goes_on = made.goes_on || when.is_some();
                if let Some(node) = self.node(at) {
                    node.step = made.doing;
                }
                let mut open = made.open;
                if goes_on {
                    open.push(Link::Next(at));
                }
                (open, made.output)
            }
            None => (vec![Link::Next(at)], Some(Type::Dyn)),
        };
        let expect = self.expect(node, id.as_deref(), output.as_ref());
        let retry = node.get("retry").map(|node| policy::retry(node, &self.retry, &mut self.found));
        let unsure = when.is_some() || node.get("catch").is_some();
        open.extend(self.catch(node, at));
        if let Some(step) = self.node(at) {
            step.expect = expect;
            step.retry = retry;
        }
        if unsure {
            self.soften(&before);
        }
        if let (Some(id), Some(output)) = (id, output) {
            let output = if unsure { output.optional() } else { output };
            self.env.scope.insert(id, output);
        }
        Some((at, open))
    }

    /// Names that are new since `before` may be missing after a step that may be passed over.
    pub(crate) fn soften(&mut self, before: &indexmap::IndexMap<String, Type>) {
        for (name, ty) in &mut self.env.scope {
            if !before.contains_key(name) {
                *ty = ty.clone().optional();
            }
        }
    }

    /// The verb of a step with its key and value; what is none, unknown or not run yet is a finding.
    fn verb<'n>(&mut self, node: &'n Node) -> Option<(&'static str, &'n Node, &'n Node)> {
        if node.entries().is_empty() {
            let message =
                format!("a step is a mapping that begins with a verb, not {}", node.describe());
            self.found.push(Diagnostic::error("F005", node.span.clone(), message));
            return None;
        }
        if let Some(verb) = later(node) {
            let (key, _) = node.entry(verb)?;
            let message = format!("the machine does not run `{verb}` yet");
            let finding = Diagnostic::error("F006", key.span.clone(), message)
                .note(format!("it runs: {}", VERBS.join(", ")));
            self.found.push(finding);
            self.guess(node);
            return None;
        }
        let written: Vec<&'static str> = VERBS
            .iter()
            .copied()
            .filter(|verb| node.get(verb).is_some())
            .filter(|verb| *verb != "map" || node.get("upsert").is_none())
            .collect();
        match written.as_slice() {
            ["map"] if misspelt_write(node) => {
                self.unknown_verb(node);
                self.guess(node);
                None
            }
            [verb] => {
                for key in ["timeout", "undo"] {
                    if let Some((key_node, _)) = node.entry(key) {
                        let message = format!("the machine does not know `{key}` yet");
                        self.found.push(Diagnostic::error("F006", key_node.span.clone(), message));
                    }
                }
                let known: Vec<&str> = std::iter::once(*verb)
                    .chain(parameters(verb).iter().copied())
                    .chain(COMMON.iter().copied().filter(|key| *key != "with" || takes_with(verb)))
                    .collect();
                shape::keys(node, &known, &format!("the step `{verb}`"), &mut self.found);
                let (key, value) = node.entry(verb)?;
                Some((verb, key, value))
            }
            [] => {
                self.unknown_verb(node);
                self.guess(node);
                None
            }
            [first, second, ..] => {
                let (key, _) = node.entry(second)?;
                let message = format!("a step has one verb; this one has `{first}` and `{second}`");
                self.found.push(Diagnostic::error("F005", key.span.clone(), message));
                self.guess(node);
                None
            }
        }
    }

    fn unknown_verb(&mut self, node: &Node) {
        let parameter = |name: &str| {
            COMMON.contains(&name) || VERBS.iter().any(|verb| parameters(verb).contains(&name))
        };
        let stranger = node
            .entries()
            .iter()
            .map(|(key, _)| key)
            .find(|key| !parameter(key.text().unwrap_or("")));
        let Some(key) = stranger else {
            let message = "a step needs a verb";
            let finding = Diagnostic::error("F005", shape::head_of(node), message);
            self.found.push(finding.note(format!("the verbs are: {}", VERBS.join(", "))));
            return;
        };
        let name = key.text().unwrap_or("");
        let finding =
            Diagnostic::error("F002", key.span.clone(), format!("no step is called `{name}`"))
                .note(format!("the verbs are: {}", VERBS.join(", ")));
        self.found.push(match near(name, VERBS.iter().copied()) {
            Some(near) => {
                finding.label(format!("did you mean `{near}`?")).fix(key.span.clone(), near, true)
            }
            None => finding,
        });
    }

    /// Puts the id of a step that was not understood in scope, so that its uses are not findings.
    fn guess(&mut self, node: &Node) {
        if let Some(id) = self.id(node) {
            self.env.scope.insert(id, Type::Dyn);
        }
    }

    fn id(&mut self, node: &Node) -> Option<String> {
        let node = node.get("id")?;
        let id = shape::name(node, "an id", &mut self.found)?;
        let (line, _) = node.span.line_column();
        if let Some(first) = self.ids.get(id) {
            let message = format!("two steps are called `{id}`; the first stands in line {first}");
            self.found.push(Diagnostic::error("F013", node.span.clone(), message));
            return None;
        }
        if TAKEN.contains(&id) || self.env.scope.contains_key(id) {
            let message = format!("`{id}` means something else here");
            let finding = Diagnostic::error("F014", node.span.clone(), message);
            self.found.push(finding.note("a step's answer stands under its id; take another name"));
            return None;
        }
        self.ids.insert(id.to_owned(), line);
        Some(id.to_owned())
    }

    /// Whether a name given by `set` is free.
    pub(crate) fn is_free(&mut self, name: &str, span: &Span) {
        if TAKEN.contains(&name) || self.env.scope.contains_key(name) || self.ids.contains_key(name)
        {
            let message = format!("`{name}` means something else here");
            self.found.push(Diagnostic::error("F014", span.clone(), message));
        }
    }

    fn expect(&mut self, node: &Node, id: Option<&str>, output: Option<&Type>) -> Vec<Expect> {
        let Some(list) = node.get("expect") else { return Vec::new() };
        let mut env = self.env.clone();
        if let (Some(id), Some(output)) = (id, output) {
            env.scope.insert(id.to_owned(), output.clone());
        }
        let mut expects = Vec::new();
        for item in shape::items(list, "`expect`", &mut self.found) {
            if !shape::keys(item, &["holds", "code", "because"], "an expectation", &mut self.found)
            {
                continue;
            }
            let holds = shape::required(item, "holds", "an expectation", &mut self.found);
            let code = shape::required(item, "code", "an expectation", &mut self.found);
            let because = shape::required(item, "because", "an expectation", &mut self.found);
            let (Some(holds), Some(code), Some(because)) = (holds, code, because) else { continue };
            let Some(code_text) = shape::name(code, "a fault's code", &mut self.found) else {
                continue;
            };
            expects.push(Expect {
                holds: expression::condition(holds, &env, &mut self.found),
                code: code_text.to_owned(),
                because: expression::prose(because, &env, &mut self.found),
            });
        }
        expects
    }
}

/// A verb of the language that the machine does not run yet.
fn later(node: &Node) -> Option<&'static str> {
    if node.get("upsert").is_some() {
        return None;
    }
    LATER.iter().copied().find(|verb| node.get(verb).is_some())
}

/// Whether a step that only has `map:` was meant as a write whose verb is not known.
fn misspelt_write(node: &Node) -> bool {
    let writes = |name: &str| name != "map" && parameters("upsert").contains(&name);
    let verb = |name: &str| near(name, ["upsert", "create", "update"]).is_some();
    node.entries().iter().any(|(key, _)| key.text().is_some_and(|name| writes(name) || verb(name)))
}

/// The keys of a verb beside those every step has.
pub(crate) fn parameters(verb: &str) -> &'static [&'static str] {
    match verb {
        "get" => &["by"],
        "upsert" => {
            &["reference", "find", "map", "entity", "adopt_if", "adopt", "when_locked", "update"]
        }
        "call" => &["key", "stores"],
        "choose" => &["otherwise"],
        "run" => &["detach"],
        "stop" => &["because"],
        _ => &[],
    }
}

/// Whether a verb takes `with:`.
fn takes_with(verb: &str) -> bool {
    matches!(verb, "map" | "upsert" | "call" | "run")
}
