//! Reading a manifest's nodes: each key known, each value of its kind, every finding kept.

use std::collections::BTreeMap;

use tenon_source::{Diagnostic, Node, near};
use tenon_value::{Value, time};

/// Collects findings while a manifest is read.
pub(crate) struct Reader<'a> {
    pub(crate) found: Vec<Diagnostic>,
    pub(crate) files: &'a BTreeMap<String, String>,
}

impl Reader<'_> {
    /// Notes an error.
    pub(crate) fn error(&mut self, code: &'static str, node: &Node, message: impl Into<String>) {
        self.found.push(Diagnostic::error(code, node.span.clone(), message));
    }

    /// Whether the node is a mapping with no other keys than these.
    pub(crate) fn keys(&mut self, node: &Node, allowed: &[&str]) -> bool {
        if !matches!(node.kind, tenon_source::NodeKind::Mapping(_)) {
            self.error(
                "C001",
                node,
                format!("a mapping is expected here, not {}", node.describe()),
            );
            return false;
        }
        for (key, _) in node.entries() {
            let name = key.text().unwrap_or_default();
            if allowed.contains(&name) {
                continue;
            }
            let finding = Diagnostic::error(
                "C002",
                key.span.clone(),
                format!("there is no key `{name}` here"),
            )
            .note(format!("known here: {}", allowed.join(", ")));
            self.found.push(match near(name, allowed.iter().copied()) {
                Some(meant) => finding.fix(key.span.clone(), meant, false),
                None => finding,
            });
        }
        true
    }

    /// The value of a key that must be there.
    pub(crate) fn need<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n Node> {
        let found = node.get(key);
        if found.is_none() {
            self.error("C003", node, format!("`{key}` is missing"));
        }
        found
    }

    /// A scalar's text.
    pub(crate) fn scalar(&mut self, node: &Node) -> Option<String> {
        let text = node.text().map(str::to_owned);
        if text.is_none() {
            self.error("C001", node, format!("a text is expected here, not {}", node.describe()));
        }
        text
    }

    /// The text of a key, where it is there.
    pub(crate) fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let value = node.get(key)?;
        self.scalar(value)
    }

    /// The text of a key that must be there.
    pub(crate) fn need_text(&mut self, node: &Node, key: &str) -> Option<String> {
        let value = self.need(node, key)?;
        self.scalar(value)
    }

    /// A list of texts, or one text alone.
    pub(crate) fn texts(&mut self, node: &Node, key: &str) -> Vec<String> {
        match node.get(key) {
            None => Vec::new(),
            Some(value) if value.text().is_some() => self.scalar(value).into_iter().collect(),
            Some(value) => value.items().iter().filter_map(|item| self.scalar(item)).collect(),
        }
    }

    /// A length of time in milliseconds.
    pub(crate) fn duration(&mut self, node: &Node, key: &str) -> Option<i64> {
        let value = node.get(key)?;
        let ms = value.text().and_then(time::parse_duration);
        if ms.is_none() {
            self.error("C004", value, "a length of time like `5s` or `20d` is expected");
        }
        ms
    }

    /// A whole number.
    pub(crate) fn whole(&mut self, node: &Node, key: &str) -> Option<u32> {
        let value = node.get(key)?;
        let number = value.text().and_then(|text| text.trim_end_matches('%').parse().ok());
        if number.is_none() {
            self.error("C004", value, "a whole number is expected");
        }
        number
    }

    /// True or false; false where the key is not there.
    pub(crate) fn flag(&mut self, node: &Node, key: &str) -> bool {
        match node.get(key) {
            None => false,
            Some(value) => match value.text() {
                Some("true") => true,
                Some("false") => false,
                _ => {
                    self.error("C004", value, "`true` or `false` is expected");
                    false
                }
            },
        }
    }

    /// One of a set of words.
    pub(crate) fn word(&mut self, node: &Node, key: &str, allowed: &[&str]) -> Option<String> {
        let value = node.get(key)?;
        let text = self.scalar(value)?;
        if allowed.contains(&text.as_str()) {
            return Some(text);
        }
        let finding =
            Diagnostic::error("C004", value.span.clone(), format!("`{text}` is not known here"))
                .note(format!("known: {}", allowed.join(", ")));
        self.found.push(match near(&text, allowed.iter().copied()) {
            Some(meant) => finding.fix(value.span.clone(), meant, false),
            None => finding,
        });
        None
    }

    /// The text of a file of the folder.
    pub(crate) fn file(&mut self, node: &Node, path: &str) -> Option<String> {
        let text = self.files.get(path).cloned();
        if text.is_none() {
            let finding = Diagnostic::error(
                "C005",
                node.span.clone(),
                format!("the folder holds no file `{path}`"),
            );
            self.found.push(match near(path, self.files.keys().map(String::as_str)) {
                Some(meant) => finding.note(format!("did you mean `{meant}`?")),
                None => finding,
            });
        }
        text
    }

    /// A fixed value: bool, whole number, or text.
    pub(crate) fn value(&mut self, node: &Node) -> Value {
        let Some(scalar) = node.scalar() else {
            self.error("C001", node, "a plain value is expected here");
            return Value::Missing;
        };
        if scalar.style.is_quoted() {
            return Value::text(&scalar.text);
        }
        match scalar.text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            text => match text.parse::<i64>() {
                Ok(number) => Value::from(number),
                Err(_) => Value::text(text),
            },
        }
    }
}
