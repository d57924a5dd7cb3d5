//! Writes that look for nothing first, and what all writes have in common.

use tenon_graph::{Create, Forgets, Program, Step as Doing, Update, With};
use tenon_source::{Diagnostic, Node};

use crate::expression;
use crate::facts::Named;
use crate::mappings::{self, Use};
use crate::order::Taken;
use crate::shape;
use crate::steps::{Made, Steps, Written};

impl Steps<'_> {
    pub(crate) fn create(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let named = self.context.systems.offered(value, "create", &mut self.found);
        let reference = self.reference(node, "create");
        let (with, mapping) = self.mapped(node, "create", named.as_ref());
        let entity = self.entity(node, value);
        self.wrote(entity.as_deref(), &reference, node, "create");
        let named = named?;
        let output = named.facts.record.clone();
        let create =
            Create { of: named.endpoint, entity: entity?, reference, mapping: mapping?, with };
        Some(Made::of(Doing::Create(Box::new(create)), Some(output)))
    }

    pub(crate) fn update(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let named = self.context.systems.offered(value, "update", &mut self.found);
        let key = self.key(node, "update");
        let (with, mapping) = self.mapped(node, "update", named.as_ref());
        let when_locked = self.when_locked(node.get("when_locked"));
        let (named, key) = (named?, key?);
        self.wrote_key(&named, &key, node, "update");
        let output = named.facts.record.clone();
        let update = Update { of: named.endpoint, key, mapping: mapping?, with, when_locked };
        Some(Made::of(Doing::Update(Box::new(update)), Some(output)))
    }

    /// `delete:` with the record's `key`, and the `reference` that ends with it.
    pub(crate) fn delete(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let named = self.context.systems.offered(value, "delete", &mut self.found);
        let key = self.key(node, "delete");
        let forgets = match node.get("reference").filter(|node| !node.is_null()) {
            Some(reference) => {
                let reference =
                    expression::key(reference, &self.env, "a reference", &mut self.found);
                let entity = self.entity(node, value);
                self.wrote(entity.as_deref(), &reference, node, "delete");
                Some(Forgets { entity: entity?, reference })
            }
            None => {
                if let Some((entity, _)) = node.entry("entity") {
                    let message = "`entity:` says whose reference ends, and no `reference:` does";
                    self.found.push(Diagnostic::error("F001", entity.span.clone(), message));
                }
                None
            }
        };
        let (named, key) = (named?, key?);
        self.wrote_key(&named, &key, node, "delete");
        Some(Made::of(Doing::Delete { of: named.endpoint, key, forgets }, None))
    }

    fn key(&mut self, node: &Node, verb: &str) -> Option<Program> {
        shape::required(node, "key", &format!("`{verb}`"), &mut self.found)
            .map(|key| expression::key(key, &self.env, "a key", &mut self.found))
    }

    /// The source's id that a write is remembered under.
    pub(crate) fn reference(&mut self, node: &Node, verb: &str) -> Program {
        match node.get("reference").filter(|node| !node.is_null()) {
            Some(node) => expression::key(node, &self.env, "a reference", &mut self.found),
            None => {
                let message = "a write needs `reference:`, the source's id it is remembered under";
                let finding = Diagnostic::error("F011", shape::head_of_verb(node, verb), message);
                self.found.push(finding.note("it is what keeps a record from being written twice"));
                expression::nothing()
            }
        }
    }

    /// The mapping that makes the record of a write, with the values it sees beside the scope.
    pub(crate) fn mapped(
        &mut self,
        node: &Node,
        verb: &str,
        named: Option<&Named<'_>>,
    ) -> (With, Option<String>) {
        let to = named.map(|n| format!("{}.{}", n.endpoint.connection, n.endpoint.resource));
        let (with, scope) = self.with(node);
        let what = format!("`{verb}`");
        let mapping = shape::required(node, "map", &what, &mut self.found).and_then(|node| {
            let used = Use { node, scope: &scope, to };
            let context = self.context;
            mappings::check_use(&used, context.mappings, context.systems, &mut self.found)
        });
        self.mappings.extend(mapping.clone());
        (with, mapping)
    }

    /// The entity a write is remembered under: the one it names, the flow's for what the flow writes
    /// to, otherwise the resource's own name.
    pub(crate) fn entity(&mut self, node: &Node, value: &Node) -> Option<String> {
        if let Some(node) = node.get("entity") {
            return shape::name(node, "an entity", &mut self.found).map(str::to_owned);
        }
        let resource = value.text().and_then(|text| text.split('.').nth(1)).unwrap_or("");
        Some(match &self.head.to {
            Some(to) if to.resource == resource => self.head.entity.clone(),
            _ => resource.to_owned(),
        })
    }

    /// Keeps in mind what was written, for the checks of branches and orders.
    pub(crate) fn wrote(
        &mut self,
        entity: Option<&str>,
        reference: &Program,
        node: &Node,
        verb: &str,
    ) {
        let Some(entity) = entity.filter(|_| !reference.0.is_empty()) else { return };
        let span = shape::head_of_verb(node, verb);
        self.taking.take(Taken::Entity(entity.to_owned()), &span);
        let reference = vec![reference.clone()];
        self.written.push(Written { entity: entity.to_owned(), reference, span });
    }

    /// The same for a record that is named by its key on the other side.
    fn wrote_key(&mut self, named: &Named<'_>, key: &Program, node: &Node, verb: &str) {
        if key.0.is_empty() {
            return;
        }
        let span = shape::head_of_verb(node, verb);
        let entity = format!("{}.{}", named.endpoint.connection, named.endpoint.resource);
        self.written.push(Written { entity, reference: vec![key.clone()], span });
    }
}
