//! The verbs that hold no steps: get, list, map, call, run, script, set, log, stop.

use indexmap::IndexMap;
use tenon_graph::{Program, Step as Doing, StopAs, Stores, With};
use tenon_mapper::types::Type;
use tenon_source::{Diagnostic, Node};

use crate::expression;
use crate::facts::{ActionFacts, with_near};
use crate::mappings::{self, Use};
use crate::order::Taken;
use crate::policy;
use crate::shape;
use crate::steps::{Made, Steps, Written};

/// Records a `list` reads at most where it says nothing else.
const RECORDS: u32 = 500;
/// Most records a `list` may ask for; they all stand in the task.
const MOST_RECORDS: u32 = 10_000;

impl Steps<'_> {
    /// What a step does. None where it was not understood.
    pub(crate) fn make(&mut self, verb: &str, node: &Node, value: &Node) -> Option<Made> {
        match verb {
            "get" => self.get(node, value),
            "map" => self.map(node, value),
            "list" => self.list_records(node, value),
            "upsert" => self.upsert(node, value),
            "create" => self.create(node, value),
            "update" => self.update(node, value),
            "delete" => self.delete(node, value),
            "call" => self.call(node, value),
            "choose" => self.choose(node, value),
            "each" => self.each(node, value),
            "together" => self.together(value),
            "wait" => self.wait(node, value),
            "run" => self.run(node, value),
            "script" => {
                let (value, ty) = expression::script(value, &self.env, &mut self.found);
                Some(Made::of(Doing::Script { value }, Some(ty)))
            }
            "set" => Some(self.set(value)),
            "log" => {
                let text = expression::log(value, &self.env, &mut self.found);
                Some(Made::of(Doing::Log { text }, None))
            }
            _ => self.stop(node, value),
        }
    }

    fn get(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let named = self.context.systems.offered(value, "get", &mut self.found);
        let by = shape::required(node, "by", "`get`", &mut self.found)
            .map(|by| expression::key(by, &self.env, "a key", &mut self.found));
        let (named, by) = (named?, by?);
        let output = named.facts.record.clone();
        Some(Made::of(Doing::Get { of: named.endpoint, by }, Some(output)))
    }

    fn list_records(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let named = self.context.systems.offered(value, "list", &mut self.found);
        let mut filter = With::new();
        for (key, value) in node.get("where").map_or(&[][..], Node::entries) {
            let name = key.text().unwrap_or("");
            let known = named.as_ref().map(|named| &named.facts.filters);
            if let Some(known) = known.filter(|known| !known.iter().any(|k| k == name)) {
                let message = format!("the connector cannot filter this list by `{name}`");
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let finding = Diagnostic::error("F032", key.span.clone(), message);
                self.found.push(with_near(finding, key, 0..name.len(), &known));
            }
            let program = expression::filter(value, &self.env, &mut self.found);
            filter.push((name.to_owned(), program));
        }
        if let Some(node) = node.get("where").filter(|node| node.entries().is_empty()) {
            let message =
                format!("`where` is a mapping of filters to values, not {}", node.describe());
            self.found.push(Diagnostic::error("F004", node.span.clone(), message));
        }
        let limit = node
            .get("limit")
            .and_then(|node| policy::number(node, "`limit`", MOST_RECORDS, &mut self.found))
            .unwrap_or(RECORDS);
        if let Some(id) = self.own_id(node) {
            self.long.insert(id, limit);
        }
        let named = named?;
        let output = named.facts.row.clone().list();
        Some(Made::of(Doing::List { of: named.endpoint, filter, limit }, Some(output)))
    }

    fn map(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let (with, scope) = self.with(node);
        let used = Use { node: value, scope: &scope, to: None };
        let context = self.context;
        let name = mappings::check_use(&used, context.mappings, context.systems, &mut self.found)?;
        self.mappings.insert(name.clone());
        let output = context
            .mappings
            .get(&name)
            .and_then(|mapping| mapping.to.as_deref())
            .and_then(|to| to.split_once('.'))
            .and_then(|(connection, resource)| {
                context.systems.connections.get(connection)?.resources.get(resource)
            })
            .map_or(Type::Dyn, |facts| facts.write.clone());
        Some(Made::of(Doing::Map { mapping: name, with }, Some(output)))
    }

    /// The values of a step's `with`, and the scope a mapping sees with them.
    pub(crate) fn with(&mut self, node: &Node) -> (With, IndexMap<String, Type>) {
        let mut scope = self.env.scope.clone();
        let mut with = With::new();
        for (name, program, ty) in
            expression::named(node.get("with"), &self.env, "`with`", &mut self.found)
        {
            scope.insert(name.clone(), ty);
            with.push((name, program));
        }
        (with, scope)
    }

    fn call(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let action = self.context.systems.action(value, &mut self.found);
        let key = shape::required(node, "key", "`call`", &mut self.found)
            .map(|key| expression::key(key, &self.env, "a key", &mut self.found));
        let with = self.arguments(node.get("with"), action.as_ref().map(|(_, _, facts)| *facts));
        if let Some((_, _, facts)) = &action {
            self.complete(node, facts, &with);
        }
        let facts = action.as_ref().map(|(named, _, facts)| (&named.endpoint.connection, *facts));
        let stores = node.get("stores").and_then(|node| self.stores(node, facts));
        let (named, action, facts) = action?;
        let output = match &facts.answers {
            Type::Dyn => named.facts.record.clone(),
            answers => answers.clone(),
        };
        let doing = Doing::Call { of: named.endpoint, action, key: key?, with, stores };
        Some(Made::of(doing, Some(output)))
    }

    /// The arguments of an action, each of the type the connector takes.
    fn arguments(&mut self, node: Option<&Node>, facts: Option<&ActionFacts>) -> With {
        let Some(facts) = facts else {
            let named = expression::named(node, &self.env, "`with`", &mut self.found);
            return named.into_iter().map(|(name, program, _)| (name, program)).collect();
        };
        let known: Vec<&str> = facts.arguments.keys().map(String::as_str).collect();
        let mut with = With::new();
        for (key, value) in node.map_or(&[][..], Node::entries) {
            let name = key.text().unwrap_or("");
            let wanted = facts.arguments.get(name);
            if wanted.is_none() {
                let finding = Diagnostic::error(
                    "F033",
                    key.span.clone(),
                    format!("this action takes no argument `{name}`"),
                );
                self.found.push(with_near(finding, key, 0..name.len(), &known));
            }
            let (program, _) = expression::value(value, &self.env, wanted, &mut self.found);
            with.push((name.to_owned(), program));
        }
        with
    }

    /// Arguments that an action cannot do without. Of what the connector gives no type for, nobody
    /// can tell.
    fn complete(&mut self, node: &Node, facts: &ActionFacts, with: &With) {
        if with.iter().any(|(name, _)| !facts.arguments.contains_key(name)) {
            // Likely the same argument under another name.
            return;
        }
        for (name, ty) in &facts.arguments {
            let needed = !matches!(ty, Type::Dyn | Type::Optional(_));
            if needed && !with.iter().any(|(given, _)| given == name) {
                let message = format!("this action needs `{name}`, a {ty}, which is not given");
                let span = shape::head_of_verb(node, "call");
                self.found.push(Diagnostic::error("F033", span, message));
            }
        }
    }

    fn stores(&mut self, node: &Node, action: Option<(&String, &ActionFacts)>) -> Option<Stores> {
        if !shape::keys(node, &["entity", "reference", "resource"], "`stores`", &mut self.found) {
            return None;
        }
        let gives = action.and_then(|(_, facts)| facts.gives.as_deref());
        if action.is_some() && gives.is_none() {
            let message = "this action gives no document that could be stored";
            self.found.push(Diagnostic::error("F009", shape::head_of(node), message));
            return None;
        }
        let entity = match node.get("entity") {
            Some(node) => shape::name(node, "an entity", &mut self.found)?.to_owned(),
            None => self.head.entity.clone(),
        };
        let reference = shape::required(node, "reference", "`stores`", &mut self.found)
            .map(|node| expression::key(node, &self.env, "a reference", &mut self.found));
        let resource = match node.get("resource") {
            None => gives?.to_owned(),
            Some(node) => {
                let text = shape::text(node, "`resource`", &mut self.found)?;
                let name = text.rsplit('.').next().unwrap_or(text);
                if let Some(gives) = gives
                    && gives != name
                {
                    let message = format!("this action gives `{gives}`, not `{name}`");
                    let finding = Diagnostic::error("F009", node.span.clone(), message);
                    self.found.push(finding.fix(node.span.clone(), gives, true));
                }
                name.to_owned()
            }
        };
        let reference = reference?;
        self.wrote(Some(&entity), &reference, node, "entity");
        Some(Stores { entity, reference, resource })
    }

    fn run(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let given = expression::named(node.get("with"), &self.env, "`with`", &mut self.found);
        let detach = match node.get("detach") {
            Some(node) => shape::truth(node, "`detach`", &mut self.found).unwrap_or(false),
            None => false,
        };
        let name = shape::text(value, "`run`", &mut self.found)?;
        let context = self.context;
        let Some(head) = context.heads.get(name) else {
            if context.unread.contains(name) {
                return None;
            }
            let known: Vec<&str> = context.heads.keys().map(String::as_str).collect();
            let message = format!("there is no flow `{name}`");
            let finding = Diagnostic::error("F017", value.span.clone(), message);
            self.found.push(with_near(finding, value, 0..name.len(), &known));
            return None;
        };
        self.runs.push((name.to_owned(), value.span.clone()));
        self.check_given(node, head, &given);
        let with: With = given.into_iter().map(|(name, program, _)| (name, program)).collect();
        let span = shape::head_of_verb(node, "run");
        if !detach {
            self.taking.take(Taken::Flow(name.to_owned()), &span);
        }
        let reference = with.iter().map(|(_, program)| program.clone()).collect();
        self.written.push(Written { entity: format!("record by `run: {name}`"), reference, span });
        let output = if detach { None } else { Some(Type::Dyn) };
        Some(Made::of(Doing::Run { flow: name.to_owned(), with, detach }, output))
    }

    /// Whether a child flow gets what it takes, and nothing else.
    fn check_given(
        &mut self,
        node: &Node,
        head: &crate::head::Head,
        given: &[(String, Program, Type)],
    ) {
        let record = head.from.as_ref().map(|source| source.endpoint.resource.clone());
        let names: Vec<&str> =
            head.takes.keys().map(String::as_str).chain(record.as_deref()).collect();
        let run = shape::head_of_verb(node, "run");
        let child = &head.name;
        for (name, _, _) in given {
            if !names.contains(&name.as_str())
                && let Some((key, _)) = node.get("with").and_then(|with| with.entry(name))
            {
                let message = format!("the flow `{child}` takes no `{name}`");
                let finding = Diagnostic::error("F033", key.span.clone(), message);
                self.found.push(with_near(finding, key, 0..name.len(), &names));
            }
        }
        for name in head.takes.keys().filter(|name| !given.iter().any(|(g, _, _)| g == *name)) {
            let message = format!("the flow `{child}` takes `{name}`, which is not given");
            self.found.push(Diagnostic::error("F033", run.clone(), message));
        }
        let same = match (&head.from, &self.head.from) {
            (Some(theirs), Some(ours)) => theirs.endpoint == ours.endpoint,
            _ => true,
        };
        if let Some(record) = record
            && !same
            && !given.iter().any(|(name, _, _)| *name == record)
        {
            let message =
                format!("the flow `{child}` begins with a `{record}`, which is not given");
            self.found.push(Diagnostic::error("F033", run, message));
        }
    }

    fn set(&mut self, value: &Node) -> Made {
        let named = expression::named(Some(value), &self.env, "`set`", &mut self.found);
        let mut values = With::new();
        for (name, program, ty) in named {
            if let Some((key, _)) = value.entry(&name) {
                let span = key.span.clone();
                self.is_free(&name, &span);
            }
            self.env.scope.insert(name.clone(), ty);
            values.push((name, program));
        }
        Made::of(Doing::Set { values }, None)
    }

    /// `stop: skipped` with `because:`, or `stop: { as: skipped, because: … }`.
    fn stop(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let (end, because) = if value.entries().is_empty() {
            (Some(value), node.get("because"))
        } else {
            shape::keys(value, &["as", "because"], "`stop`", &mut self.found);
            (shape::required(value, "as", "`stop`", &mut self.found), value.get("because"))
        };
        let words = ["done", "skipped", "failed"];
        let end = match shape::word(end?, &words, "`stop`", &mut self.found)? {
            "done" => StopAs::Done,
            "skipped" => StopAs::Skipped,
            _ => StopAs::Failed,
        };
        let because = match because {
            Some(node) => expression::prose(node, &self.env, &mut self.found),
            None if end == StopAs::Done => {
                let (key, _) = node.entry("stop")?;
                expression::empty_prose(key, &self.env, &mut self.found)
            }
            None => {
                let message = "a task that is skipped or failed says why: `because:` is missing";
                self.found.push(Diagnostic::error("F001", shape::head_of(node), message));
                expression::nothing()
            }
        };
        if let Some(inside) = self.inside.last() {
            let message =
                format!("`stop` ends the whole task, and cannot stand in {}", inside.words());
            let finding = Diagnostic::error("F044", shape::head_of_verb(node, "stop"), message);
            self.found
                .push(finding.note("leave steps out with `if:` or `choose`, fail with `expect:`"));
        }
        let made = Made::of(Doing::Stop { end, because }, None);
        Some(Made { goes_on: false, ..made })
    }
}
