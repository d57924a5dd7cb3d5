//! Reading mappings with known keys: what is unknown, absent or of the wrong shape is a finding.

use tenon_source::{Diagnostic, Node, NodeKind, Span, near};

/// Findings, collected.
pub(crate) type Found = Vec<Diagnostic>;

/// Reports keys that `what` does not have. Gives whether the node is a mapping at all.
pub(crate) fn keys(node: &Node, known: &[&str], what: &str, found: &mut Found) -> bool {
    if !matches!(node.kind, NodeKind::Mapping(_)) {
        let message = format!("{what} is a mapping of keys and values, not {}", node.describe());
        found.push(Diagnostic::error("F004", node.span.clone(), message));
        return false;
    }
    for (key, _) in node.entries() {
        let name = key.text().unwrap_or("");
        if !known.contains(&name) {
            found.push(unknown_key(key, name, known, what));
        }
    }
    true
}

fn unknown_key(key: &Node, name: &str, known: &[&str], what: &str) -> Diagnostic {
    let message = format!("{what} has no key `{name}`");
    let found = Diagnostic::error("F003", key.span.clone(), message);
    match near(name, known.iter().copied()) {
        Some(near) => {
            found.label(format!("did you mean `{near}`?")).fix(key.span.clone(), near, false)
        }
        None => found.note(format!("it has: {}", known.join(", "))),
    }
}

/// The value of a key that must be there.
pub(crate) fn required<'a>(
    node: &'a Node,
    key: &str,
    what: &str,
    found: &mut Found,
) -> Option<&'a Node> {
    let value = node.get(key).filter(|value| !value.is_null());
    if value.is_none() && matches!(node.kind, NodeKind::Mapping(_)) {
        let span = node.entry(key).map_or_else(|| head_of(node), |(key, _)| key.span.clone());
        found.push(Diagnostic::error("F001", span, format!("{what} needs `{key}:`")));
    }
    value
}

/// The first key of a mapping: where a finding about the whole of it points.
pub(crate) fn head_of(node: &Node) -> Span {
    node.entries().first().map_or_else(|| node.span.clone(), |(key, _)| key.span.clone())
}

/// Where a finding about a whole step points: its verb.
pub(crate) fn head_of_verb(node: &Node, verb: &str) -> Span {
    node.entry(verb).map_or_else(|| head_of(node), |(key, _)| key.span.clone())
}

/// The text of a scalar; anything else is a finding.
pub(crate) fn text<'a>(node: &'a Node, what: &str, found: &mut Found) -> Option<&'a str> {
    let text = node.text().map(str::trim).filter(|text| !text.is_empty());
    if text.is_none() {
        let message = format!("{what} is a text, not {}", node.describe());
        found.push(Diagnostic::error("F004", node.span.clone(), message));
    }
    text
}

/// A text that names something: letters, digits, `_`, beginning with a letter.
pub(crate) fn name<'a>(node: &'a Node, what: &str, found: &mut Found) -> Option<&'a str> {
    let name = text(node, what, found)?;
    if is_name(name) {
        return Some(name);
    }
    let message = format!("`{name}` is no name: {what} has letters, digits and `_` only");
    found.push(Diagnostic::error("F014", node.span.clone(), message));
    None
}

/// Whether an expression can speak of it by that name.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// One of a few words.
pub(crate) fn word<'a>(
    node: &Node,
    words: &[&'a str],
    what: &str,
    found: &mut Found,
) -> Option<&'a str> {
    let text = text(node, what, found)?;
    if let Some(word) = words.iter().find(|word| **word == text) {
        return Some(word);
    }
    let message = format!("{what} is {}, not `{text}`", words.join(" or "));
    let mut finding = Diagnostic::error("F004", node.span.clone(), message);
    if let Some(near) = near(text, words.iter().copied()) {
        finding = finding.fix(node.span.clone(), near, false);
    }
    found.push(finding);
    None
}

/// `true` or `false`.
pub(crate) fn truth(node: &Node, what: &str, found: &mut Found) -> Option<bool> {
    word(node, &["true", "false"], what, found).map(|word| word == "true")
}

/// The items of a list; a single scalar stands for a list of itself.
pub(crate) fn items<'a>(node: &'a Node, what: &str, found: &mut Found) -> Vec<&'a Node> {
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().collect(),
        NodeKind::Scalar(_) if !node.is_null() => vec![node],
        _ => {
            let message = format!("{what} is a list, not {}", node.describe());
            found.push(Diagnostic::error("F004", node.span.clone(), message));
            Vec::new()
        }
    }
}

/// A length of time in milliseconds.
pub(crate) fn duration(node: &Node, what: &str, found: &mut Found) -> Option<i64> {
    let text = text(node, what, found)?;
    let ms = tenon_value::time::parse_duration(text).filter(|ms| *ms >= 0);
    if ms.is_none() {
        let message = format!("`{text}` is no length of time");
        found.push(
            Diagnostic::error("F027", node.span.clone(), message)
                .note("a number with a unit: 500ms, 5s, 2m, 1h, 1d"),
        );
    }
    ms
}
