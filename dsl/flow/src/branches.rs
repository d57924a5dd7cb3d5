//! Steps that hold lists of steps: `choose`, the ways on after a fault, what makes a step undone.

use indexmap::IndexMap;
use tenon_graph::{Catch, Program, Step as Doing};
use tenon_mapper::types::Type;
use tenon_source::{Diagnostic, Node, Span, near};
use tenon_value::Class;

use crate::expression;
use crate::facts::record_of;
use crate::order::Taken;
use crate::shape;
use crate::steps::{Inside, Link, Made, Steps, Strand};

/// What was known before a choice, and behind each way through it that goes on.
struct Ways {
    before: IndexMap<String, Type>,
    taken: Vec<Taken>,
    after: Vec<IndexMap<String, Type>>,
    held: Vec<Vec<Taken>>,
}

impl Ways {
    fn new(steps: &Steps<'_>) -> Ways {
        Ways {
            before: steps.env.scope.clone(),
            taken: steps.taking.held.clone(),
            after: Vec::new(),
            held: Vec::new(),
        }
    }
}

impl Steps<'_> {
    pub(crate) fn choose(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let mut branches: Vec<(Program, Option<u32>)> = Vec::new();
        let mut last = node.get("otherwise");
        let mut strands = Vec::new();
        let mut ways = Ways::new(self);
        let mut always = false;
        for item in shape::items(value, "`choose`", &mut self.found) {
            if std::mem::take(&mut always) {
                self.never_taken(shape::head_of(item));
            }
            always = item.get("if").and_then(expression::settled) == Some(true);
            if let Some((key, steps)) = item.entry("otherwise") {
                shape::keys(item, &["otherwise"], "the last branch", &mut self.found);
                if last.replace(steps).is_some() {
                    let message = "there is one `otherwise` in a choice";
                    self.found.push(Diagnostic::error("F004", key.span.clone(), message));
                }
                continue;
            }
            if !shape::keys(item, &["if", "steps"], "a branch", &mut self.found) {
                continue;
            }
            let when = shape::required(item, "if", "a branch", &mut self.found)
                .map(|node| expression::condition(node, &self.env, &mut self.found));
            let held = self.env.holds.len();
            self.env.holds.extend(expression::condition_text(item.get("if")));
            let strand = match item.get("steps") {
                Some(steps) => self.branch(steps, &mut ways),
                None => None,
            };
            self.env.holds.truncate(held);
            branches.push((
                when.unwrap_or_else(expression::nothing),
                strand.as_ref().and_then(|s| s.first),
            ));
            strands.push(strand);
        }
        if let Some((key, _)) = node.entry("otherwise").filter(|_| always) {
            self.never_taken(key.span.clone());
        }
        let otherwise = last.and_then(|steps| self.branch(steps, &mut ways));
        let first_otherwise = otherwise.as_ref().and_then(|strand| strand.first);
        strands.push(otherwise);
        // An absent or empty branch goes on after the choice.
        let goes_on = strands.iter().any(|s| s.as_ref().is_none_or(|s| s.first.is_none()));
        let open: Vec<Link> =
            strands.into_iter().flatten().flat_map(|strand| strand.open).collect();
        self.taking.join(ways.held);
        self.join(ways.before, &ways.after, !goes_on);
        let doing = Doing::Choose { branches, otherwise: first_otherwise };
        Some(Made { doing, output: None, open, goes_on })
    }

    fn never_taken(&mut self, span: Span) {
        let message = "the branch before holds always, so no task ever comes here";
        self.found.push(Diagnostic::warning("F015", span, message));
    }

    /// One branch: compiled in a scope of its own, which is kept for the join when it goes on.
    fn branch(&mut self, steps: &Node, ways: &mut Ways) -> Option<Strand> {
        let items = shape::items(steps, "the steps of a branch", &mut self.found);
        let strand = self.list(&items);
        let scope = std::mem::replace(&mut self.env.scope, ways.before.clone());
        let held = std::mem::replace(&mut self.taking.held, ways.taken.clone());
        if !strand.open.is_empty() {
            ways.after.push(scope);
            ways.held.push(held);
        }
        Some(strand)
    }

    /// The scope behind a choice: what every way through it set is there, the rest may be missing.
    fn join(
        &mut self,
        before: IndexMap<String, Type>,
        after: &[IndexMap<String, Type>],
        all: bool,
    ) {
        let mut scope = before;
        for one in after {
            for (name, ty) in one {
                if scope.contains_key(name) {
                    continue;
                }
                let same = after.iter().all(|other| other.get(name).is_none_or(|t| t == ty));
                let always = all && after.iter().all(|other| other.contains_key(name));
                let ty = if same { ty.clone() } else { Type::Dyn };
                scope.insert(name.clone(), if always { ty } else { ty.optional() });
            }
        }
        self.env.scope = scope;
    }

    /// `undo:` of a step: what makes it undone. It sees the step's answer as it is once it was done.
    pub(crate) fn undo(
        &mut self,
        node: &Node,
        id: Option<&str>,
        output: Option<&Type>,
    ) -> Option<u32> {
        let (key, steps) = node.entry("undo")?;
        if self.inside.contains(&Inside::Undo) {
            let message = "`undo:` steps are not undone themselves";
            self.found.push(Diagnostic::error("F044", key.span.clone(), message));
            return None;
        }
        let before = self.env.scope.clone();
        let taken = self.taking.clone();
        if let (Some(id), Some(output)) = (id, output) {
            self.env.scope.insert(id.to_owned(), output.clone());
        }
        let first = self.inner(Inside::Undo, steps, "`undo`");
        self.env.scope = before;
        self.taking = taken;
        first
    }

    /// `catch:` of a step: ways on after a fault, by class or code.
    pub(crate) fn catch(&mut self, node: &Node, at: u32) -> Vec<Link> {
        let Some(list) = node.get("catch") else { return Vec::new() };
        let mut open = Vec::new();
        for item in shape::items(list, "`catch`", &mut self.found) {
            if !shape::keys(item, &["fault", "steps"], "a way on after a fault", &mut self.found) {
                continue;
            }
            let fault = shape::required(item, "fault", "a way on after a fault", &mut self.found);
            let Some(fault) = fault.and_then(|node| self.fault_name(node)) else { continue };
            let n = self.node(at).map_or(0, |node| node.catch.len());
            if let Some(node) = self.node(at) {
                node.catch.push(Catch { fault, to: None });
            }
            let before = self.env.scope.clone();
            let fault = record_of([
                ("code", Type::Text),
                ("class", Type::Text),
                ("message", Type::Text),
                ("hint", Type::Text.optional()),
                ("field", Type::Text.optional()),
                ("value", Type::Dyn),
            ]);
            self.env.scope.insert("fault".to_owned(), fault);
            let strand = match item.get("steps") {
                Some(steps) => {
                    let items = shape::items(steps, "the steps after a fault", &mut self.found);
                    self.list(&items)
                }
                None => Strand::default(),
            };
            self.env.scope.shift_remove("fault");
            self.soften(&before);
            match strand.first {
                Some(first) => {
                    self.close(&[Link::Catch(at, n)], first);
                    open.extend(strand.open);
                }
                None => open.push(Link::Catch(at, n)),
            }
        }
        open
    }

    /// A fault's class in small letters, a code in capitals, or a peer's own code as
    /// `connector:code`.
    fn fault_name(&mut self, node: &Node) -> Option<String> {
        let name = shape::text(node, "a fault's class or code", &mut self.found)?;
        if let Some((connector, code)) = name.split_once(':') {
            let known = self.context.systems.connections.values().any(|s| s.connector == connector);
            if known && !code.trim().is_empty() {
                return Some(name.to_owned());
            }
        }
        let is_code =
            name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        if is_code || Class::named(name).is_some() {
            return Some(name.to_owned());
        }
        let classes: Vec<&str> = Class::ALL.iter().map(|(name, _)| *name).collect();
        let finding = Diagnostic::error(
            "F034",
            node.span.clone(),
            format!("`{name}` is no class of faults and no code"),
        );
        let finding =
            finding.note("codes are written in capitals, a peer's own as `connector:code`");
        self.found.push(match near(name, classes.iter().copied()) {
            Some(near) => finding.fix(node.span.clone(), near, false),
            None => finding.note(format!("the classes are: {}", classes.join(", "))),
        });
        None
    }
}
