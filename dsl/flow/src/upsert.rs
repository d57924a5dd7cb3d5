//! The idempotent write.

use tenon_graph::{Find, Step as Doing, UpdatePolicy, Upsert, WhenLocked};
use tenon_mapper::types::Type;
use tenon_source::{Diagnostic, Node, NodeKind};

use crate::expression;
use crate::facts::{ResourceFacts, with_near};
use crate::not_yet;
use crate::shape;
use crate::steps::{Made, Steps};

const POLICIES: [&str; 3] = ["all", "never", "empty_fields"];

impl Steps<'_> {
    pub(crate) fn upsert(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let named = self.context.systems.offered(value, "upsert", &mut self.found);
        let facts = named.as_ref().map(|named| named.facts);
        let reference = self.reference(node, "upsert");
        let find = match node.get("find").filter(|node| !node.is_null()) {
            Some(node) => self.finds(node, facts),
            None => {
                let message = "a write needs `find:`, how an existing record is looked for";
                let finding =
                    Diagnostic::error("F012", shape::head_of_verb(node, "upsert"), message);
                let finding = finding.note(
                    "after a lost answer the outcome is found out by it before anything is repeated",
                );
                self.found.push(match facts.and_then(|facts| facts.markers.first()) {
                    Some(marker) => finding.note(format!(
                        "our marker there is {marker}: `find: {{ {marker}: \"…\" }}`"
                    )),
                    None => finding,
                });
                Vec::new()
            }
        };
        let (with, mapping) = self.mapped(node, "upsert", named.as_ref());
        let entity = self.entity(node, value);
        self.wrote(entity.as_deref(), &reference, node, "upsert");
        let adopt_if = self.record_fields(node.get("adopt_if"), "`adopt_if`", facts);
        let adopt = match node.get("adopt") {
            Some(node) => shape::truth(node, "`adopt`", &mut self.found).unwrap_or(false),
            None => false,
        };
        let when_locked = self.when_locked(node.get("when_locked"));
        let update = self.update_policy(node.get("update"));
        let named = named?;
        let output = named.facts.record.clone();
        let upsert = Upsert {
            of: named.endpoint,
            entity: entity?,
            reference,
            find,
            mapping: mapping?,
            with,
            adopt_if,
            adopt,
            when_locked,
            update,
        };
        Some(Made::of(Doing::Upsert(Box::new(upsert)), Some(output)))
    }

    /// `find: { Field: expression }`, or `find: { first: [{ Field: expression, if: … }, …] }`.
    fn finds(&mut self, node: &Node, facts: Option<&ResourceFacts>) -> Vec<Find> {
        let mut finds = Vec::new();
        if let Some(list) = node.get("first") {
            shape::keys(node, &["first"], "`find`", &mut self.found);
            if !matches!(list.kind, NodeKind::Sequence(_)) {
                let message = format!("`first` is a list of searches, not {}", list.describe());
                self.found.push(Diagnostic::error("F004", list.span.clone(), message));
            }
            for item in list.items() {
                let when = item
                    .get("if")
                    .map(|node| expression::condition(node, &self.env, &mut self.found));
                let same = self.record_fields(item.get("same"), "`same`", facts);
                let fields: Vec<&(Node, Node)> = item
                    .entries()
                    .iter()
                    .filter(|(key, _)| !matches!(key.text(), Some("if" | "same")))
                    .collect();
                if fields.len() != 1 {
                    let message = "a search names one field, beside `if:` where it is not always \
                                   made and `same:` for fields in which a hit must not differ";
                    self.found.push(Diagnostic::error("F004", item.span.clone(), message));
                }
                for (key, value) in fields {
                    let mut find = self.find(key, value, facts);
                    find.when.clone_from(&when);
                    find.same.clone_from(&same);
                    finds.push(find);
                }
            }
            return finds;
        }
        if node.entries().is_empty() {
            let message =
                format!("`find` is a mapping of fields to values, not {}", node.describe());
            self.found.push(Diagnostic::error("F004", node.span.clone(), message));
        }
        for (key, value) in node.entries() {
            let find = self.find(key, value, facts);
            finds.push(find);
        }
        finds
    }

    fn find(&mut self, key: &Node, value: &Node, facts: Option<&ResourceFacts>) -> Find {
        let field = key.text().unwrap_or("").to_owned();
        if let Some(facts) = facts
            && !facts.finds.contains(&field)
        {
            let known: Vec<&str> = facts.finds.iter().map(String::as_str).collect();
            let message = format!("the connector cannot search by `{field}`");
            let finding = Diagnostic::error("F032", key.span.clone(), message);
            self.found.push(with_near(finding, key, 0..field.len(), &known));
        }
        let value = expression::key(value, &self.env, "what is searched for", &mut self.found);
        let marker = facts.is_some_and(|facts| facts.markers.contains(&field));
        Find { field, value, marker, when: None, same: Vec::new() }
    }

    /// Names of fields of the record that is written.
    fn record_fields(
        &mut self,
        node: Option<&Node>,
        what: &str,
        facts: Option<&ResourceFacts>,
    ) -> Vec<String> {
        let Some(node) = node else { return Vec::new() };
        let fields = facts.and_then(|facts| self.context.systems.fields(&facts.record));
        let mut names = Vec::new();
        for item in shape::items(node, what, &mut self.found) {
            let Some(name) = shape::text(item, "a field", &mut self.found) else { continue };
            if let Some(fields) = &fields
                && !fields.iter().any(|field| field == name)
            {
                let known: Vec<&str> = fields.iter().map(String::as_str).collect();
                let message = format!("the record has no field `{name}`");
                let finding = Diagnostic::error("F032", item.span.clone(), message);
                self.found.push(with_near(finding, item, 0..name.len(), &known));
            }
            names.push(name.to_owned());
        }
        names
    }

    pub(crate) fn when_locked(&mut self, node: Option<&Node>) -> WhenLocked {
        let Some(node) = node else { return WhenLocked::default() };
        let words = ["issue", "keep", "correct"];
        let word = shape::word(node, &words, "`when_locked`", &mut self.found);
        not_yet::refuse(
            not_yet::WHEN_LOCKED,
            word.unwrap_or_default(),
            &node.span,
            &mut self.found,
        );
        match word {
            Some("keep") => WhenLocked::Keep,
            Some("correct") => WhenLocked::Correct,
            _ => WhenLocked::Issue,
        }
    }

    /// One of the three words, or an expression that gives one.
    fn update_policy(&mut self, node: Option<&Node>) -> UpdatePolicy {
        let Some(node) = node else { return UpdatePolicy::default() };
        match node.text().map(str::trim) {
            Some("all") => UpdatePolicy::All,
            Some("never") => UpdatePolicy::Never,
            Some("empty_fields") => UpdatePolicy::EmptyFields,
            _ => {
                let words: Vec<String> = POLICIES.iter().map(|word| (*word).to_owned()).collect();
                let wanted = crate::typed::enum_of(&words);
                let (program, ty) = expression::value(node, &self.env, None, &mut self.found);
                let good = match ty.required() {
                    Type::Dyn | Type::Text => true,
                    Type::Enum(values) => values.iter().all(|value| POLICIES.contains(&&**value)),
                    _ => false,
                };
                if !good {
                    let message = format!("`update` gives {wanted}; this is {ty}");
                    self.found.push(Diagnostic::error("F028", node.span.clone(), message));
                }
                UpdatePolicy::By(program)
            }
        }
    }
}
