//! Whether the fields a manifest speaks of exist in the types of its records.

use indexmap::IndexMap;
use tenon_mapper::types::{Type, Types};
use tenon_source::{Diagnostic, Node, near};

use super::Reader;
use crate::resource::{Condition, Resource};

/// Reports fields that the records do not have.
pub(super) fn check(
    reader: &mut Reader<'_>,
    root: &Node,
    resources: &IndexMap<String, Resource>,
    types: &Types,
) {
    for (key, node) in root.get("resources").map(Node::entries).unwrap_or_default() {
        let Some(resource) = key.text().and_then(|name| resources.get(name)) else { continue };
        let mut at = At { reader, types };
        let place = |name: &str| node.get(name).unwrap_or(node);
        at.field(place("key"), &resource.record, &resource.key);
        for field in &resource.references {
            at.field(place("references"), &resource.record, field);
        }
        for (find, node) in resource.finds.iter().zip(place("find").items()) {
            at.field(node, &resource.row, &find.by);
            at.conditions(node, &resource.row, &find.without);
        }
        at.conditions(place("locked"), &resource.record, &resource.locked);
        for (key, node) in place("actions").entries() {
            let Some(action) = key.text().and_then(|name| resource.actions.get(name)) else {
                continue;
            };
            at.conditions(node, &resource.record, &action.proof);
            if let Some(gives) = &action.gives {
                at.field(node, &resource.record, &gives.proof);
                at.field(node, &action.answers, &gives.answer);
            }
        }
        for bound in &resource.bounds {
            at.field(place("bounds"), &resource.write, &bound.field);
        }
    }
}

struct At<'a, 'r> {
    reader: &'a mut Reader<'r>,
    types: &'a Types,
}

impl At<'_, '_> {
    fn conditions(&mut self, node: &Node, ty: &Type, conditions: &[Condition]) {
        for condition in conditions {
            self.field(node, ty, &condition.field);
        }
    }

    fn field(&mut self, node: &Node, ty: &Type, path: &str) {
        let mut ty = ty.clone();
        for part in path.split('.') {
            let name = part.trim_end_matches("[]");
            let Type::Named(record) = ty.required().clone() else { return };
            let Some(fields) = self.types.fields(&record) else { return };
            match fields.get(name) {
                Some(field) => ty = field.ty.clone(),
                None => {
                    let message = format!("{record} has no field `{name}`");
                    let finding = Diagnostic::error("C009", node.span.clone(), message);
                    self.reader.found.push(match near(name, fields.keys().map(|k| &**k)) {
                        Some(meant) => finding.note(format!("did you mean `{meant}`?")),
                        None => finding,
                    });
                    return;
                }
            }
            if let Type::List(item) = ty.required().clone() {
                ty = item.required().clone();
            }
        }
    }
}
