//! Everything that can be said about a connector's folder without talking to its system.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_source::{Diagnostic, File, Severity, Span};

use crate::connector::Connector;

/// Checks a connector's folder: the manifest at every version it declares, and the files beside it.
/// A finding that several versions share is given once.
#[must_use]
pub fn lint(files: &BTreeMap<String, String>) -> Vec<Diagnostic> {
    let (connector, mut found) = Connector::load(files);
    if let Some(connector) = connector {
        for version in connector.versions() {
            let (_, more) = crate::manifest::load(files, Some(version));
            for finding in more {
                let known = found.iter().any(|f| f.code == finding.code && f.span == finding.span);
                if !known {
                    let note = format!("with version {version}");
                    found.push(finding.note(note));
                }
            }
        }
    }
    let text = files.get("connector.yaml").cloned().unwrap_or_default();
    let file = Arc::new(File { path: "connector.yaml".to_owned(), text });
    let top = || Span::new(&file, 0..0);
    let schemas = files.keys().any(|path| is_schema(path));
    if schemas && !files.contains_key("schema.NOTICE") {
        let message = "`schema.NOTICE` with the schema's origin and licence is missing";
        found.push(Diagnostic::error("C019", top(), message));
    }
    for path in files.keys().filter(|path| path.ends_with(".graphql")) {
        if !names(&file.text, path) {
            let message = format!("`{path}` is named by no operation");
            found.push(Diagnostic::warning("C020", top(), message));
        }
    }
    found.sort_by_key(|finding| (finding.severity != Severity::Error, finding.span.bytes.start));
    found
}

fn is_schema(path: &str) -> bool {
    path.ends_with("openapi.json") || path.ends_with(".graphql")
}

/// Whether a manifest names a file, as a whole word.
fn names(manifest: &str, path: &str) -> bool {
    manifest
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/')))
        .any(|word| word == path)
}
