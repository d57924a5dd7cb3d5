//! Which verb a step has, and which keys go with it.

use tenon_source::{Diagnostic, Node, near};

use crate::not_yet;
use crate::shape;
use crate::steps::Steps;

/// Every verb, in the order people read about them.
pub(crate) const VERBS: &[&str] = &[
    "get", "list", "map", "upsert", "create", "update", "delete", "call", "choose", "each",
    "together", "wait", "run", "script", "set", "log", "stop",
];

/// Keys every step may have.
const COMMON: &[&str] = &["id", "if", "with", "retry", "timeout", "expect", "catch", "undo"];

/// Verbs whose record a mapping makes: `map:` is a key of theirs.
const MAPPED: [&str; 3] = ["upsert", "create", "update"];

/// The keys of a verb beside those every step has.
fn parameters(verb: &str) -> &'static [&'static str] {
    match verb {
        "get" => &["by"],
        "list" => &["where", "limit"],
        "upsert" => {
            &["reference", "find", "map", "entity", "adopt_if", "adopt", "when_locked", "update"]
        }
        "create" => &["reference", "map", "entity"],
        "update" => &["key", "map", "when_locked"],
        "delete" => &["key", "reference", "entity"],
        "call" => &["key", "stores"],
        "choose" => &["otherwise"],
        "each" => &["as", "index", "steps", "at_once", "failures", "detach", "gather", "after"],
        "run" => &["detach"],
        "stop" => &["because"],
        _ => &[],
    }
}

/// All keys a step of that verb may have.
pub(crate) fn keys_of(verb: &'static str) -> Vec<&'static str> {
    std::iter::once(verb)
        .chain(parameters(verb).iter().copied())
        .chain(COMMON.iter().copied().filter(|key| *key != "with" || takes_with(verb)))
        .collect()
}

/// Whether a verb takes `with:`.
fn takes_with(verb: &str) -> bool {
    matches!(verb, "map" | "upsert" | "create" | "update" | "call" | "run")
}

/// A verb with its key and value.
pub(crate) type Verb<'n> = (&'static str, &'n Node, &'n Node);

impl Steps<'_> {
    /// The verb of a step; what is none or unknown is a finding.
    pub(crate) fn verb<'n>(&mut self, node: &'n Node) -> Option<Verb<'n>> {
        if node.entries().is_empty() {
            let message =
                format!("a step is a mapping that begins with a verb, not {}", node.describe());
            self.found.push(Diagnostic::error("F005", node.span.clone(), message));
            return None;
        }
        match written(node).as_slice() {
            ["map"] if misspelt_write(node) => {
                self.unknown_verb(node);
                self.guess(node);
                None
            }
            [verb] => {
                shape::keys(node, &keys_of(verb), &format!("the step `{verb}`"), &mut self.found);
                let (key, value) = node.entry(verb)?;
                self.not_yet(verb, node);
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

    /// Refuses what the machine does not run yet of a step that is known.
    fn not_yet(&mut self, verb: &str, node: &Node) {
        if let Some((key, _)) = node.entry(verb) {
            not_yet::refuse(not_yet::VERBS, verb, &key.span, &mut self.found);
        }
        for word in not_yet::KEYS {
            if let Some((key, _)) = node.entry(word) {
                not_yet::refuse(not_yet::KEYS, word, &key.span, &mut self.found);
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
}

/// The verbs that stand in a step. `map` is a key of the writes, `update` also one of `upsert`.
fn written(node: &Node) -> Vec<&'static str> {
    let has = |verb: &str| node.get(verb).is_some();
    VERBS
        .iter()
        .copied()
        .filter(|verb| has(verb))
        .filter(|verb| match *verb {
            "map" => !MAPPED.iter().any(|write| has(write)),
            "update" => !has("upsert"),
            _ => true,
        })
        .collect()
}

/// Whether a step that only has `map:` was meant as a write whose verb is not known.
fn misspelt_write(node: &Node) -> bool {
    let writes = |name: &str| name != "map" && parameters("upsert").contains(&name);
    let verb = |name: &str| near(name, MAPPED).is_some();
    node.entries().iter().any(|(key, _)| key.text().is_some_and(|name| writes(name) || verb(name)))
}
