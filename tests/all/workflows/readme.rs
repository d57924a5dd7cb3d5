//! The integration's README: what is generated in it is fresh.

use std::fmt::Write as _;
use std::sync::Arc;

use super::explain::holds;
use super::project;
use tenon_flow::OnMissing;
use tenon_source::{File, Node, NodeKind};

fn document(file: &str) -> Node {
    let text = std::fs::read_to_string(project::folder().join(file)).unwrap();
    tenon_source::load(Arc::new(File { path: file.to_owned(), text })).0.root.unwrap()
}

/// An expression as code in a cell of a table.
fn code(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let fence = if line.contains('`') { "``" } else { "`" };
    format!("{fence}{}{fence}", line.replace('|', "\\|"))
}

/// Where a field's value comes from.
fn source(node: &Node) -> String {
    match &node.kind {
        NodeKind::Scalar(_) => code(node.text().unwrap()),
        _ => {
            let first: Vec<String> =
                node.get("first").map(Node::items).unwrap_or_default().iter().map(source).collect();
            let last = node.get("else").map(source);
            first.into_iter().chain(last).collect::<Vec<_>>().join(", else ")
        }
    }
}

fn fields(out: &mut String, at: &str, node: &Node) {
    for (key, value) in node.entries() {
        let path = format!("{at}{}", key.text().unwrap());
        match &value.kind {
            NodeKind::Sequence(parts) => {
                for part in parts {
                    let each = part
                        .get("each")
                        .and_then(Node::text)
                        .map(|each| format!("for each of {}", code(each)));
                    let when = part
                        .get("when")
                        .and_then(Node::text)
                        .map(|when| format!("where {}", code(when)));
                    let row = part.get("row").and_then(Node::text).map(code);
                    let says: Vec<String> = [each, when, row].into_iter().flatten().collect();
                    let _ = writeln!(out, "| {path} | a row {} |", says.join(", "));
                    for (name, value) in part.get("let").map(Node::entries).unwrap_or_default() {
                        let _ = writeln!(out, "| *{}* | {} |", name.text().unwrap(), source(value));
                    }
                    if let Some(inner) = part.get("fields") {
                        fields(out, &format!("{path}[]."), inner);
                    }
                }
            }
            _ => {
                let _ = writeln!(out, "| {path} | {} |", source(value));
            }
        }
    }
}

/// The table of a mapping: its own named values, then its fields.
fn mapping(file: &str) -> String {
    let root = document(file);
    let mut out = String::from("| what | where it comes from |\n|---|---|\n");
    for (name, value) in root.get("let").map(Node::entries).unwrap_or_default() {
        let _ = writeln!(out, "| *{}* | {} |", name.text().unwrap(), source(value));
    }
    if let Some(node) = root.get("fields") {
        fields(&mut out, "", node);
    }
    for check in root.get("checks").map(Node::items).unwrap_or_default() {
        let _ = writeln!(out, "| must hold | {} |", code(check.text().unwrap()));
    }
    out
}

fn settings() -> String {
    let root = document("integration.yaml");
    let mut out = String::from("| setting | default | what it does |\n|---|---|---|\n");
    for (name, node) in root.get("settings").unwrap().entries() {
        let default = match node.get("default").and_then(Node::text) {
            Some("") => "empty".to_owned(),
            Some(text) => code(text),
            None => "none".to_owned(),
        };
        let says = node.get("description").and_then(Node::text).unwrap();
        let values: Vec<String> = node
            .get("values")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::text)
            .map(code)
            .collect();
        let values = if values.is_empty() {
            String::new()
        } else {
            format!(" One of {}.", values.join(", "))
        };
        let _ = writeln!(out, "| {} | {default} | {says}{values} |", name.text().unwrap());
    }
    out
}

fn tables() -> String {
    let integration = project::shipped();
    let mut out = String::from(
        "| table | key | gives | rows shipped | a missing row |\n|---|---|---|---|---|\n",
    );
    for (name, table) in &integration.tables {
        let list =
            |names: Vec<&String>| names.into_iter().map(|n| code(n)).collect::<Vec<_>>().join(", ");
        let missing = match table.on_missing {
            OnMissing::Fault => "is a fault that names it",
            _ => "leaves the field out",
        };
        let _ = writeln!(
            out,
            "| {name} | {} | {} | {} | {missing} |",
            list(table.keys.keys().collect()),
            list(table.values.keys().collect()),
            table.rows.len()
        );
    }
    out
}

#[test]
fn the_tables_of_the_readme_are_those_of_the_documents() {
    let path = project::folder().join("README.md");
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (name, table) in [
        ("facts", mapping("facts.map.yaml")),
        ("customer", mapping("customer.map.yaml")),
        ("order", mapping("order.map.yaml")),
        ("invoice", mapping("invoice.map.yaml")),
        ("settings", settings()),
        ("tables", tables()),
    ] {
        let begin = format!("<!-- generated: {name} -->\n");
        let (before, rest) =
            text.split_once(&begin).unwrap_or_else(|| panic!("{begin} is missing"));
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        text = format!("{before}{begin}{table}<!-- end -->{after}");
    }
    holds(&path, &text);
}

#[test]
fn the_first_mapping_of_the_examples_says_what_its_readme_shows() {
    let folder = project::root().join("examples/first-mapping");
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let mut shown = 0;
    for block in readme.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        let (command, answer) = block.split_once('\n').unwrap();
        let words: Vec<&str> = command.strip_prefix("$ tenon ").unwrap().split(' ').collect();
        let out = std::process::Command::new(crate::program::path())
            .args(&words)
            .current_dir(&folder)
            .output()
            .unwrap();
        let said =
            String::from_utf8(if out.status.success() { out.stdout } else { out.stderr }).unwrap();
        assert_eq!(said.trim_end(), answer.trim_end(), "{command}");
        shown += 1;
    }
    assert!(shown >= 4, "{shown} commands");
}
