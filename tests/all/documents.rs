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
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().filter(|line| line.trim_start().starts_with('#'));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn formatting_keeps_meaning_and_comments_and_a_second_time_changes_nothing() {
    let mut formatted = 0;
    let texts: Vec<String> =
        documents().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
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
    assert!(formatted >= 150, "{formatted}");
}

#[test]
fn the_formatter_replaces_whole_files_keeps_their_mode_and_leaves_broken_ones() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.map.yaml"), "mapping:  order \r\nto: x\r\n").unwrap();
    std::fs::set_permissions(path("a.map.yaml"), std::fs::Permissions::from_mode(0o640)).unwrap();
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

/// Fenced blocks of a page with their language.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (language, body) = after.split_once('\n').unwrap();
        let (body, next) = body.split_once("```").expect("a block ends");
        blocks.push((language.to_owned(), body.to_owned()));
        rest = next;
    }
    blocks
}

/// A copy of the teaching project.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = root().join("examples/first-mapping");
    for file in ["integration.yaml", "receipt.map.yaml", "tables/terms.csv"] {
        let to = folder.path().join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from.join(file), to).unwrap();
    }
    folder
}

/// What is wrong with a YAML example, by the binary.
fn complaint(text: &str) -> Option<String> {
    let folder = project();
    let path = folder.path().to_str().unwrap();
    let head = "mapping: receipt\nfrom: { order: shop.order }\nto: ledger.order\n\
                money: { rounding: half_up, vat: as_given, pick: shop }\n";
    let (file, whole, words) = match text.split(':').next().unwrap() {
        "mapping" => ("receipt.map.yaml", text.to_owned(), ["check", path]),
        "integration" => ("integration.yaml", text.to_owned(), ["check", path]),
        "- test" => ("tests/a.test.yaml", text.to_owned(), ["test", path]),
        _ => {
            let number = "  CustomerNumber: \"1\"\n";
            let whole = text.replace("fields:\n", &format!("fields:\n{number}"));
            ("receipt.map.yaml", format!("{head}{whole}"), ["check", path])
        }
    };
    let file = folder.path().join(file);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, whole).unwrap();
    let out = program::run(&words);
    let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
    let clean = out.status.success() && !said.contains("warning[");
    (!clean).then_some(said)
}

#[test]
fn every_example_of_the_topics_is_right() {
    let worth = |text: &str| tenon_flow::test_documents::worth(text, Vec::new());
    let (mut documents, mut expressions, mut wrong) = (0, 0, Vec::new());
    for topic in tenon_flow::topics::TOPICS {
        for (language, body) in blocks(topic.text) {
            if language == "yaml" {
                documents += 1;
                wrong.extend(complaint(&body).map(|said| format!("{}: {body}{said}", topic.name)));
            }
            for line in body.lines().filter(|_| language == "expr") {
                expressions += 1;
                let (expression, gives) = line.split_once(" -> ").unwrap();
                let text = |value| tenon_value::json::write(&value);
                let (left, right) = (worth(expression).map(text), worth(gives).map(text));
                if left != right || left.is_err() {
                    wrong.push(format!("{}: {line}: {left:?} and {right:?}", topic.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(documents >= 6 && expressions >= 15, "{documents} and {expressions}");
}

#[test]
fn the_reference_page_of_the_functions_is_fresh() {
    let path = root().join("dsl/mapper/FUNCTIONS.md");
    let text = tenon_mapper::functions::reference();
    if std::env::var_os("TENON_UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == text, "dsl/mapper/FUNCTIONS.md is not fresh: run with TENON_UPDATE=1");
}

#[test]
fn explain_knows_every_code_topic_and_function_and_helps_who_errs() {
    let explain = |word: &str| program::run(&["explain", word]);
    let all = String::from_utf8(program::run(&["explain"]).stdout).unwrap();
    for topic in tenon_flow::topics::TOPICS {
        assert!(all.contains(topic.title), "{} is not listed", topic.name);
        assert_eq!(String::from_utf8(explain(topic.name).stdout).unwrap(), topic.text);
    }
    let functions = String::from_utf8(explain("functions").stdout).unwrap();
    for function in tenon_mapper::functions::ALL {
        assert!(functions.contains(function.doc), "{} is not listed", function.name);
    }
    let truncate = String::from_utf8(explain("truncate").stdout).unwrap();
    assert!(truncate.contains("truncate(text: text, length: int) -> text"), "{truncate}");
    for (word, near) in [("fallbak", "fallback"), ("trunkate", "truncate"), ("M0002", "M002")] {
        let out = explain(word);
        assert_eq!(out.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&out.stderr).contains(near), "{word}");
    }
}
