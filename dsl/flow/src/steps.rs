//! Lists of steps to nodes: verbs, ids, scope, what follows what, what is never reached.

use std::collections::{BTreeMap, BTreeSet};

use tenon_graph::{Expect, Node as Step, Program, Retry, Step as Doing};
use tenon_mapper::Env;
use tenon_mapper::types::Type;
use tenon_source::{Diagnostic, Node, Span};

use crate::expression;
use crate::facts::Systems;
use crate::head::Head;
use crate::mappings::MappingFacts;
use crate::order::Taking;
use crate::policy;
use crate::schedules::Schedules;
use crate::shape::{self, Found};
use crate::verb::VERBS;

/// Names that mean something else in expressions.
const TAKEN: &[&str] = &["settings", "task", "fault", "it", "out"];

/// What all flows of a folder are checked against.
pub(crate) struct Context<'a> {
    pub(crate) systems: &'a Systems,
    pub(crate) mappings: &'a BTreeMap<String, MappingFacts>,
    pub(crate) heads: &'a BTreeMap<String, Head>,
    /// Flows whose document could not be read; they exist all the same.
    pub(crate) unread: &'a BTreeSet<String>,
    pub(crate) schedules: &'a Schedules,
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
    /// What the steps hold lists of steps for, outermost first.
    pub(crate) inside: Vec<Inside>,
    /// What was written so far, with what it is remembered under.
    pub(crate) written: Vec<Written>,
    /// In which order records are taken.
    pub(crate) taking: Taking,
    /// Longest lists of `list` steps by their ids.
    pub(crate) long: BTreeMap<String, u32>,
    ids: BTreeMap<String, usize>,
}

/// A list of steps that belongs to a step, where the task does not simply go on behind the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inside {
    /// The steps for each item.
    Each,
    /// The steps when all items have ended.
    After,
    /// A branch beside others.
    Together,
    /// The steps that make a step undone.
    Undo,
}

impl Inside {
    /// In words, for findings.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Inside::Each => "the steps of an `each`",
            Inside::After => "the `after:` steps of an `each`",
            Inside::Together => "a branch of a `together`",
            Inside::Undo => "`undo:` steps",
        }
    }
}

/// A write, as what it is remembered under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// The entity; of a child task the flow.
    pub(crate) entity: String,
    /// The reference; of a child task the record it is given.
    pub(crate) reference: Vec<Program>,
    /// The verb.
    pub(crate) span: Span,
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
            inside: Vec::new(),
            written: Vec::new(),
            taking: Taking::default(),
            long: BTreeMap::new(),
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

    /// Compiles a list of steps that belongs to a step. What its last steps lead to is left open: the
    /// owner goes on there.
    pub(crate) fn inner(&mut self, inside: Inside, steps: &Node, what: &str) -> Option<u32> {
        let items = shape::items(steps, what, &mut self.found);
        self.inside.push(inside);
        let strand = self.list(&items);
        self.inside.pop();
        strand.first
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
        let held = self.env.holds.len();
        self.env.holds.extend(expression::condition_text(node.get("if")));
        let made = self.make(verb, node, value);
        self.env.holds.truncate(held);
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
        let timeout_ms =
            node.get("timeout").and_then(|node| policy::timeout(node, &mut self.found));
        let undo = self.undo(node, id.as_deref(), output.as_ref());
        let unsure = when.is_some() || node.get("catch").is_some();
        open.extend(self.catch(node, at));
        if let Some(step) = self.node(at) {
            step.expect = expect;
            step.retry = retry;
            step.timeout_ms = timeout_ms;
            step.undo = undo;
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

    /// Puts the id of a step that was not understood in scope, so that its uses are not findings.
    pub(crate) fn guess(&mut self, node: &Node) {
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
        if is_made(id) {
            let message = format!("`{id}` is how a step without an id is called");
            let finding = Diagnostic::error("F014", node.span.clone(), message);
            self.found.push(finding.note("take a name that says what the answer is"));
            return None;
        }
        self.ids.insert(id.to_owned(), line);
        Some(id.to_owned())
    }

    /// The id of the step that is being read, where the author gave it one that can be used.
    pub(crate) fn own_id(&self, node: &Node) -> Option<String> {
        let id = node.get("id").and_then(Node::text)?.trim();
        self.nodes.last().filter(|step| step.id == id).map(|step| step.id.clone())
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

/// Whether an id looks like those given to steps that have none: a verb and a number.
fn is_made(id: &str) -> bool {
    id.rsplit_once('_').is_some_and(|(verb, number)| {
        VERBS.contains(&verb) && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    })
}
