//! The document of tests: which keys a test may have, and its values.

use std::sync::Arc;

use tenon_mapper::MappingProgram;
use tenon_source::{Diagnostic, Node, NodeKind, Style, near};
use tenon_value::{Number, Value};

use super::Test;
use crate::shape::{self, Found};

/// Keys of every test.
pub(crate) const KEYS: &[&str] = &[
    "test",
    "because",
    "kind",
    "draw",
    "input",
    "settings",
    "references",
    "sent",
    "rows",
    "started_at",
    "fault",
    "skip",
    "warnings",
    "expects",
    "record",
    "exactly",
    "snapshot",
];

/// Further keys of a test of a flow.
pub(crate) const FLOW_KEYS: &[&str] = &["flow", "answers", "state", "requests"];

/// Keys of which a test needs one: what it expects.
const EXPECTATIONS: &[&str] =
    &["fault", "skip", "warnings", "expects", "record", "exactly", "snapshot", "state", "requests"];

/// The tests of a document.
pub(super) fn tests<'n>(root: &'n Node, found: &mut Found) -> &'n [Node] {
    if !matches!(root.kind, NodeKind::Sequence(_)) {
        let message = format!("a document of tests is a list of them, not {}", root.describe());
        found.push(
            Diagnostic::error("F004", root.span.clone(), message)
                .note("- test: what it shows\n  mapping: order\n  input: order.json"),
        );
    }
    root.items()
}

impl Test<'_> {
    /// What is wrong with it as a document.
    pub(super) fn check(&self, found: &mut Found) {
        let node = self.node;
        let names = match (node.get("mapping"), node.get("flow")) {
            (Some(mapping), None) => self.names_of_mapping(mapping, found),
            (None, Some(flow)) => self.names_of_flow(flow, found),
            _ => {
                let message = "a test names one `mapping` or one `flow`";
                found.push(Diagnostic::error("F001", shape::head_of(node), message));
                return;
            }
        };
        let Some(names) = names else { return };
        let known: Vec<&str> = KEYS
            .iter()
            .chain(if node.get("flow").is_some() { FLOW_KEYS } else { &["mapping"] })
            .copied()
            .chain(names.iter().map(String::as_str))
            .collect();
        if !shape::keys(node, &known, "a test", found) {
            return;
        }
        shape::required(node, "test", "a test", found);
        for item in node.get("expects").map(Node::items).unwrap_or_default() {
            shape::keys(item, &["of", "is", "because"], "an expectation", found);
            shape::required(item, "of", "an expectation", found);
            if item.entry("is").is_none() {
                let message = "an expectation needs `is:`";
                found.push(Diagnostic::error("F001", shape::head_of(item), message));
            }
        }
        for item in node.get("requests").map(Node::items).unwrap_or_default() {
            if item.text().is_none() {
                shape::keys(item, REQUEST_KEYS, "an expected request", found);
            }
        }
        if !EXPECTATIONS.iter().any(|key| node.entry(key).is_some()) {
            let finding =
                Diagnostic::error("F001", shape::head_of(node), "the test expects nothing");
            found.push(finding.note(format!("it may expect: {}", EXPECTATIONS.join(", "))));
        }
    }

    fn names_of_mapping(&self, node: &Node, found: &mut Found) -> Option<Vec<String>> {
        let name = shape::text(node, "a mapping's name", found)?;
        match self.integration.mappings.get(name) {
            Some(program) => {
                let program = MappingProgram::from_text(&program.0).ok()?;
                Some(program.from().keys().cloned().collect())
            }
            None => {
                unknown(node, ("F010", "mapping"), self.integration.mappings.keys(), found);
                None
            }
        }
    }

    fn names_of_flow(&self, node: &Node, found: &mut Found) -> Option<Vec<String>> {
        let name = shape::text(node, "a flow's name", found)?;
        match self.integration.graphs.get(name) {
            Some(graph) => {
                let own = std::iter::once(graph.from.resource.clone());
                Some(own.chain(graph.takes.iter().cloned()).collect())
            }
            None => {
                unknown(node, ("F017", "flow"), self.integration.graphs.keys(), found);
                None
            }
        }
    }
}

/// Keys of an expected request.
pub(crate) const REQUEST_KEYS: &[&str] = &["step", "operation", "request", "record"];

fn unknown<'a>(
    node: &Node,
    (code, what): (&'static str, &str),
    names: impl Iterator<Item = &'a String> + Clone,
    found: &mut Found,
) {
    let name = node.text().unwrap_or_default();
    let message = format!("there is no {what} `{name}`");
    let finding = Diagnostic::error(code, node.span.clone(), message);
    found.push(match near(name, names.clone().map(String::as_str)) {
        Some(near) => {
            finding.label(format!("did you mean `{near}`?")).fix(node.span.clone(), near, false)
        }
        None => {
            let names: Vec<&str> = names.map(String::as_str).collect();
            finding.note(format!("there is: {}", names.join(", ")))
        }
    });
}

/// A node as a value: quoted scalars are texts, plain ones numbers, bools, null, missing or texts.
pub(super) fn plain(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Sequence(items) => Value::list(items.iter().map(plain).collect()),
        NodeKind::Mapping(entries) => Value::record(
            entries
                .iter()
                .map(|(key, value)| (Arc::from(key.text().unwrap_or_default()), plain(value)))
                .collect(),
        ),
        NodeKind::Scalar(scalar) => {
            let text = scalar.text.trim();
            match text {
                _ if scalar.style != Style::Plain => Value::text(&scalar.text),
                "missing" => Value::Missing,
                "null" | "" => Value::Null,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => Number::parse(text).map_or_else(|_| Value::text(text), Value::Number),
            }
        }
    }
}
