//! Steps for every item of a list, what is kept of the items, and what follows when all have ended.

use tenon_graph::{Each, Failures, Gather, Step as Doing};
use tenon_mapper::ast::Kind;
use tenon_mapper::types::Type;
use tenon_source::{Diagnostic, Node};
use tenon_value::Value;

use crate::expression;
use crate::facts::record_of;
use crate::policy;
use crate::shape;
use crate::steps::{Inside, Made, Steps};

/// Most items inside the task. The engine has the same bound.
const MOST_ITEMS: usize = 500;
/// Most items under way at a time.
const MOST_AT_ONCE: u32 = 100;
/// Most values a gathered list keeps.
const MOST_GATHERED: u32 = 10_000;
/// The name under which collected failures stand beside what is gathered.
const FAILURES: &str = "failures";

impl Steps<'_> {
    pub(crate) fn each(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let own = self.own_id(node);
        let detach = match node.get("detach") {
            Some(node) => shape::truth(node, "`detach`", &mut self.found).unwrap_or(false),
            None => false,
        };
        let (items, item) = expression::items(value, &self.env, &mut self.found);
        if !detach {
            self.within_bound(value);
        }
        let before = self.env.scope.clone();
        let name = shape::required(node, "as", "`each`", &mut self.found)
            .and_then(|node| self.item_name(node, item));
        let index = node.get("index").and_then(|node| self.item_name(node, Type::Int));
        let steps = shape::required(node, "steps", "`each`", &mut self.found);
        if detach && let Some(steps) = steps {
            self.one_run(steps);
        }
        let body = steps.and_then(|steps| self.inner(Inside::Each, steps, "`steps`"));
        let failures = self.failures(node.get("failures"));
        let gather = self.gather(node.get("gather"), own.is_some());
        self.env.scope = before.clone();
        let at_once = node
            .get("at_once")
            .and_then(|node| policy::number(node, "`at_once`", MOST_AT_ONCE, &mut self.found))
            .unwrap_or(1);
        let mut kept: Vec<(&str, Type)> =
            gather.iter().map(|(name, _, ty)| (name.as_str(), ty.clone())).collect();
        if failures == Failures::Collect {
            kept.push((FAILURES, failure().list()));
        }
        let output = if kept.is_empty() { None } else { Some(record_of(kept)) };
        let after = node.get("after").and_then(|steps| {
            if let (Some(own), Some(output)) = (own, output.clone()) {
                self.env.scope.insert(own, output);
            }
            self.inner(Inside::After, steps, "`after`")
        });
        self.env.scope = before;
        let gather = gather.into_iter().map(|(name, gather, _)| (name, gather)).collect();
        let each =
            Each { items, name: name?, index, body, at_once, failures, detach, gather, after };
        Some(Made::of(Doing::Each(Box::new(each)), output))
    }

    /// The name of an item or of its position, put in scope.
    fn item_name(&mut self, node: &Node, ty: Type) -> Option<String> {
        let name = shape::name(node, "an item", &mut self.found)?.to_owned();
        self.is_free(&name, &node.span);
        self.env.scope.insert(name.clone(), ty);
        Some(name)
    }

    /// Where the list is written out, or was read by a `list` step, its length is known before.
    fn within_bound(&mut self, value: &Node) {
        let text = value.text().unwrap_or("").trim();
        if let Some(limit) = self.long.get(text)
            && usize::try_from(*limit).is_ok_and(|limit| limit > MOST_ITEMS)
        {
            let message =
                format!("`{text}` may hold {limit} records; here are at most {MOST_ITEMS}");
            self.found.push(
                Diagnostic::warning("F041", value.span.clone(), message)
                    .note("more is the fault `limit`; `detach: true` makes a child task of each"),
            );
        }
        if let Ok(ast) = tenon_mapper::parse::expression(text)
            && let Kind::List(items) = &ast.kind
            && items.len() > MOST_ITEMS
        {
            let message = format!("these are {} items; here are at most {MOST_ITEMS}", items.len());
            self.found.push(
                Diagnostic::error("F041", value.span.clone(), message)
                    .note("`detach: true` makes a child task of each, and takes any number"),
            );
        }
    }

    /// Child tasks are made of one `run`, whose end they hand back.
    fn one_run(&mut self, steps: &Node) {
        let items = steps.items();
        let other = items.iter().find(|item| item.get("run").is_none());
        let wrong = other.or_else(|| items.get(1)).map(shape::head_of);
        if let Some(span) = wrong.or_else(|| items.is_empty().then(|| steps.span.clone())) {
            let message = "the steps of a detached `each` are one `run`";
            self.found.push(
                Diagnostic::error("F042", span, message)
                    .note("each item becomes a child task; put its steps in a flow of their own"),
            );
        }
        for item in items {
            if let Some((key, value)) = item.entry("detach")
                && value.text() == Some("true")
            {
                let message = "the `each` is detached already, and waits for its child tasks";
                self.found.push(Diagnostic::error("F042", key.span.clone(), message));
            }
        }
    }

    fn failures(&mut self, node: Option<&Node>) -> Failures {
        let word = node.and_then(|node| {
            shape::word(node, &["stop", "collect"], "`failures`", &mut self.found)
        });
        match word {
            Some("collect") => Failures::Collect,
            _ => Failures::Stop,
        }
    }

    /// `gather:`; its expressions see an item's scope after its steps.
    fn gather(&mut self, node: Option<&Node>, has_id: bool) -> Vec<(String, Gather, Type)> {
        let Some(node) = node else { return Vec::new() };
        if node.entries().is_empty() {
            let message = format!("`gather` is a mapping of names, not {}", node.describe());
            self.found.push(Diagnostic::error("F004", node.span.clone(), message));
        } else if !has_id {
            let message = "what is gathered stands under the step's `id:`, and it has none";
            self.found.push(Diagnostic::error("F001", shape::head_of(node), message));
        }
        let mut gathered = Vec::new();
        for (key, value) in node.entries() {
            let Some(name) = shape::name(key, "a name", &mut self.found) else { continue };
            if name == FAILURES {
                let message = "`failures` is where collected failures stand";
                self.found.push(Diagnostic::error("F014", key.span.clone(), message));
                continue;
            }
            if let Some(trap) = tenon_source::expression_trap(value) {
                self.found.push(trap);
                continue;
            }
            match self.gathered(value) {
                Some((gather, ty)) => gathered.push((name.to_owned(), gather, ty)),
                None => {
                    let message = "`gather` keeps a sum, a count or a list of the items";
                    self.found.push(
                        Diagnostic::error("F004", value.span.clone(), message)
                            .note("sum(value), count(), count(where condition), list(value, 100)"),
                    );
                }
            }
        }
        gathered
    }

    fn gathered(&mut self, node: &Node) -> Option<(Gather, Type)> {
        let scalar = node.scalar().filter(|scalar| !scalar.style.is_quoted())?;
        let text = scalar.text.as_str();
        let end = text.trim_end().strip_suffix(')')?.len();
        let (word, _) = text.split_once('(')?;
        let inner = word.len() + 1..end;
        match word.trim() {
            "sum" => {
                let part = node.part(inner)?;
                let (program, ty) = expression::value(&part, &self.env, None, &mut self.found);
                if !matches!(ty, Type::Dyn | Type::Int | Type::Decimal | Type::Money) {
                    let message = format!("a sum is of numbers or amounts; this is {ty}");
                    self.found.push(Diagnostic::error("F028", part.span.clone(), message));
                }
                Some((Gather::Sum(program), ty))
            }
            "count" => {
                let condition = text.get(inner.clone())?;
                if condition.trim().is_empty() {
                    let all = expression::constant(Value::Bool(true));
                    return Some((Gather::Count(all), Type::Int));
                }
                let rest = condition.trim_start().strip_prefix("where ")?;
                let part = node.part(inner.end - rest.len()..inner.end)?;
                let program = expression::condition(&part, &self.env, &mut self.found);
                Some((Gather::Count(program), Type::Int))
            }
            "list" => self.gathered_list(node, text),
            _ => None,
        }
    }

    fn gathered_list(&mut self, node: &Node, text: &str) -> Option<(Gather, Type)> {
        let ast = tenon_mapper::parse::expression(text).ok()?;
        let Kind::Call(_, arguments) = &ast.kind else { return None };
        let [value, max] = arguments.as_slice() else { return None };
        let (None, Kind::Number(_)) = (&value.name, &max.value.kind) else { return None };
        if max.name.as_ref().is_some_and(|name| name.text != "max") {
            return None;
        }
        let max = node.part(max.value.span.clone())?;
        let max = policy::number(&max, "`max`", MOST_GATHERED, &mut self.found).unwrap_or(1);
        let part = node.part(value.value.span.clone())?;
        let (value, ty) = expression::value(&part, &self.env, None, &mut self.found);
        Some((Gather::List { value, max }, ty.list()))
    }
}

/// The type of a collected failure: the fault as a way on after it sees it, the item's position, and
/// the child task that has it.
fn failure() -> Type {
    record_of([
        ("index", Type::Int),
        ("code", Type::Text),
        ("class", Type::Text),
        ("message", Type::Text),
        ("hint", Type::Text.optional()),
        ("field", Type::Text.optional()),
        ("value", Type::Dyn),
        ("task", Type::Text.optional()),
    ])
}
