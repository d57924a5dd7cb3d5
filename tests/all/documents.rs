//! Documents as editors, formatters and readers of pages see them: JSON Schemas, `tenon fmt`, and the
//! examples of every page.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;
use tenon_source::{File, Node, NodeKind, Style};

use crate::program;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Every YAML document of the repository that is meant to be good.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["workflows", "examples", "connectors/catalog", "dsl/flow/src/tests/good"]
            .iter()
            .map(|folder| root().join(folder))
            .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() >= 20, "{} documents", found.len());
    found
}

/// The kind of document a file is, as `tenon schema` names it.
fn kind(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    let ends = [
        ("integration.yaml", "integration"),
        (".flow.yaml", "flow"),
        (".map.yaml", "mapping"),
        (".test.yaml", "test"),
        ("connector.yaml", "connector"),
    ];
    ends.iter().find(|(end, _)| name.ends_with(end)).map(|(_, kind)| *kind)
}

fn node(path: &str, text: &str) -> Option<Node> {
    let file = File { path: path.to_owned(), text: text.to_owned() };
    tenon_source::load(Arc::new(file)).0.root
}

/// A document as a schema sees it.
fn json(node: &Node) -> Json {
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().map(json).collect(),
        NodeKind::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| (key.text().unwrap().to_owned(), json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        NodeKind::Scalar(scalar) if scalar.style == Style::Plain => match scalar.text.as_str() {
            "true" => true.into(),
            "false" => false.into(),
            "null" | "" => Json::Null,
            text => serde_json::from_str::<serde_json::Number>(text)
                .map_or_else(|_| text.into(), Json::Number),
        },
        NodeKind::Scalar(scalar) => scalar.text.as_str().into(),
    }
}

fn schema(kind: &str) -> jsonschema::Validator {
    let schema = tenon_flow::schema::schema(kind).unwrap();
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

#[test]
fn every_document_of_the_repository_fits_its_json_schema() {
    let mut wrong = Vec::new();
    let mut seen = std::collections::BTreeMap::new();
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        let Some(kind) = kind(&path) else { continue };
        // Shared pieces of mappings begin with `share:` and have no schema of their own.
        if text.lines().any(|line| line.starts_with("share:")) {
            continue;
        }
        *seen.entry(kind).or_insert(0) += 1;
        let document = json(&node("a", &text).unwrap());
        for error in schema(kind).iter_errors(&document) {
            wrong.push(format!("{}: {}: {error}", path.display(), error.instance_path()));
        }
    }
    assert_eq!(seen.len(), tenon_flow::schema::SCHEMAS.len(), "{seen:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_json_schema_refuses_planted_mistakes() {
    let planted = [
        ("workflows/shopify-fortnox/integration.yaml", "connections:", "conections:"),
        (
            "workflows/shopify-fortnox/order.flow.yaml",
            "    reference: order.id",
            "    refrence: order.id",
        ),
        ("workflows/shopify-fortnox/order.flow.yaml", "when_locked: issue", "when_locked: maybe"),
        ("workflows/shopify-fortnox/order.flow.yaml", "  - set:", "  - sett:"),
        ("examples/first-mapping/receipt.map.yaml", "rounding: half_up", "rounding: halfup"),
        ("examples/first-mapping/receipt.map.yaml", "    else: fail", "    otherwise: fail"),
        ("examples/first-mapping/tests/receipt.test.yaml", "  exactly:", "  exacly:"),
        ("workflows/shopify-fortnox/tests/flows.test.yaml", "  state: done", "  state: finished"),
        (
            "workflows/shopify-fortnox/tests/flows.test.yaml",
            "      request: POST",
            "      path: POST",
        ),
        ("connectors/catalog/fortnox/connector.yaml", "kind: erp", "kind: ledger"),
        ("connectors/catalog/fortnox/connector.yaml", "\nresources:", "\nresource:"),
    ];
    for (path, good, bad) in planted {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        assert!(text.contains(good), "{path} has no {good}");
        let document = json(&node("a", &text.replacen(good, bad, 1)).unwrap());
        let schema = schema(kind(Path::new(path)).unwrap());
        assert!(!schema.is_valid(&document), "{path}: {bad} is taken");
    }
}

#[test]
fn the_schemas_are_what_the_command_prints() {
    for (kind, text) in tenon_flow::schema::SCHEMAS {
        let out = program::run(&["schema", kind]);
        assert_eq!(String::from_utf8(out.stdout).unwrap(), *text);
    }
    let out = program::run(&["schema", "mappings"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("mapping"), "no near name");
}

/// Lines of a document that are or end in a comment, without their indentation.
fn comments(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.trim_start().starts_with('#'));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn formatting_keeps_meaning_and_comments_and_a_second_time_changes_nothing() {
    let mut formatted = 0;
    let corpus =
        std::fs::read_to_string(root().join("dsl/flow/src/tests/corpus/flows.txt")).unwrap();
    let mut texts: Vec<String> =
        documents().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    texts.extend(corpus.split("\n\n").map(str::to_owned));
    for text in &texts {
        let variants = [
            text.clone(),
            text.replace('\n', "\r\n"),
            format!("\u{feff}{text}"),
            text.replace('\n', " \t\n"),
            text.replace("\n\n", "\n\n\n\n"),
            text.replace(": ", ":   "),
            format!("\n\n{text}\n\n\n"),
        ];
        for variant in variants {
            let file = |text: &str| File { path: "a.yaml".to_owned(), text: text.to_owned() };
            let Ok(once) = tenon_flow::format(&file(&variant)) else { continue };
            formatted += 1;
            let again = tenon_flow::format(&file(&once)).unwrap();
            assert_eq!(once, again, "a second time changes something");
            assert_eq!(comments(&variant), comments(&once), "{variant}");
            let before = node("a.yaml", &variant);
            if let Some(before) = before {
                let after = node("a.yaml", &once).unwrap();
                if !once.contains("|-") || variant.contains("|-") {
                    assert_eq!(json(&before), json(&after), "{variant}\n--- became\n{once}");
                }
            }
        }
    }
    assert!(formatted >= 200, "{formatted}");
}

#[test]
fn the_formatter_replaces_whole_files_keeps_their_mode_and_leaves_broken_ones() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.map.yaml"), "mapping:  order \r\nto: x\r\n").unwrap();
    std::fs::set_permissions(path("a.map.yaml"), PermissionsExt::from_mode(0o640)).unwrap();
    std::fs::write(path("b.map.yaml"), "a: [1\nb: \"x\n").unwrap();
    std::fs::write(path("c.map.yaml"), b"a: \xff\xfe\n").unwrap();
    let run = |words: &[&str]| {
        let out = program::run(&[words, &[folder.path().to_str().unwrap()]].concat());
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let (code, _) = run(&["fmt", "--check"]);
    assert_eq!(code, Some(1));
    assert!(std::fs::read_to_string(path("a.map.yaml")).unwrap().contains("\r\n"), "only checked");
    let (code, said) = run(&["fmt"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("Y004") && said.contains("is not UTF-8: byte 3"), "{said}");
    assert_eq!(std::fs::read_to_string(path("a.map.yaml")).unwrap(), "mapping: order\nto: x\n");
    let mode = std::fs::metadata(path("a.map.yaml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(std::fs::read(path("c.map.yaml")).unwrap(), b"a: \xff\xfe\n");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is left behind");
    for name in ["b.map.yaml", "c.map.yaml"] {
        std::fs::remove_file(path(name)).unwrap();
    }
    assert_eq!(run(&["fmt", "--check"]).0, Some(0));
}
