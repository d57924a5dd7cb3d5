//! `corpus/flows.txt`: flows beside their graph's short picture, or beside the codes of what is wrong
//! with them, as if the machine ran the whole language. `corpus/rendered.txt`: changes of the good folder beside the findings as people see
//! them. `TENON_BLESS=1` writes what is found now, to be read before it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenon_source::{Diagnostic, File, Node, NodeKind, Style};

use super::flows::picture;
use super::systems::{check_ahead, good, is_error, shown};

const FLOWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/corpus/flows.txt");
const RENDERED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/corpus/rendered.txt");
const HEAD: &str =
    "flow: order\ntitle: Orders\nfrom: shop.order\nto: ledger.order\nentity: order\n";

/// Runs each case of a corpus; gives back how many there were.
fn run(path: &str, judge: impl Fn(&str) -> String) -> usize {
    let corpus = std::fs::read_to_string(path).unwrap();
    let (mut out, mut wrong, mut count) = (String::new(), Vec::new(), 0);
    for case in corpus.split("===== ").skip(1) {
        let (title, rest) = case.split_once('\n').unwrap();
        let (given, wanted) = rest.split_once("-----\n").unwrap();
        let found = judge(given);
        let found = found.trim_end();
        count += 1;
        if found != wanted.trim_end() {
            wrong.push(format!("{title}\n{given}\ncame to\n{found}"));
        }
        out.push_str(&format!("===== {title}\n{given}-----\n{found}\n\n"));
    }
    if std::env::var_os("TENON_BLESS").is_some() {
        std::fs::write(path, out).unwrap();
    } else {
        assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    }
    count
}

fn folder(given: &str) -> BTreeMap<String, String> {
    let mut files = good();
    let mut text = HEAD.to_owned();
    if !given.contains("triggers:") {
        text.push_str("triggers: { manual: [id] }\n");
    }
    text.push_str(given);
    if !given.contains("run: ") {
        files.remove("invoice.flow.yaml");
    }
    files.insert("order.flow.yaml".to_owned(), text);
    files
}

#[test]
fn flows_become_the_graphs_of_the_corpus_or_are_refused_with_its_codes() {
    let count = run(FLOWS, |given| {
        let (integration, found) = check_ahead(&folder(given));
        let line = |d: &Diagnostic| {
            let kind = if is_error(d) { "" } else { " (warning)" };
            format!("{}{kind} at {}\n", d.code, d.span.text().lines().next().unwrap_or_default())
        };
        let codes: String = found.iter().map(line).collect();
        let graph = integration.map(|mut i| picture(&i.graphs.remove("order").unwrap()));
        format!("{codes}{}", graph.unwrap_or_default())
    });
    assert!(count >= 60, "only {count} flows");
}

#[test]
fn findings_in_folders_read_as_the_corpus_says() {
    let codes = std::cell::RefCell::new(BTreeSet::new());
    let count = run(RENDERED, |given| {
        let mut files = good();
        let (path, change) = given.split_once('\n').unwrap();
        let (old, new) = change.split_once("\n=>\n").unwrap();
        let text = files.remove(path).unwrap_or_default();
        let changed = if old == "whole" {
            new.to_owned()
        } else {
            assert!(text.contains(old), "{path} has no `{old}`");
            text.replacen(old, new.strip_suffix('\n').unwrap_or(new), 1)
        };
        let bytes =
            changed.replace("<NUL>", "\0").replace("<TAB>", "\t").replace("<BOM>", "\u{feff}");
        files.insert(path.to_owned(), bytes);
        let (_, found) = check_ahead(&files);
        codes.borrow_mut().extend(found.iter().map(|finding| finding.code));
        shown(&found).replace('\0', "<NUL>").replace('\t', "<TAB>").replace('\u{feff}', "<BOM>")
    });
    assert!(count >= 40, "only {count} cases");
    let codes = codes.into_inner();
    let missing: Vec<&str> =
        crate::codes::PAGES.iter().map(|page| page.code).filter(|c| !codes.contains(c)).collect();
    assert!(missing.is_empty(), "no case is answered with {missing:?}");
}

#[test]
fn formatting_a_flow_of_the_corpus_keeps_its_meaning_and_twice_is_once() {
    let corpus = std::fs::read_to_string(FLOWS).unwrap();
    let mut seen = 0;
    for case in corpus.split("===== ").skip(1) {
        let (given, _) = case.split_once('\n').unwrap().1.split_once("-----\n").unwrap();
        let files = folder(given);
        let path = "order.flow.yaml".to_owned();
        let file = File { path: path.clone(), text: files[&path].clone() };
        let Ok(once) = crate::format(&file) else { continue };
        let again = File { path: path.clone(), text: once.clone() };
        assert_eq!(crate::format(&again).unwrap(), once, "{given}");
        let (before, _) = check_ahead(&files);
        let (after, _) = check_ahead(&files.into_iter().chain([(path, once)]).collect());
        let graph = |i: Option<crate::Integration>| i.map(|i| i.graphs["order"].nodes.clone());
        let ids = |i| graph(i).map(|nodes| nodes.into_iter().map(|n| n.step).collect::<Vec<_>>());
        assert_eq!(ids(before), ids(after), "{given}");
        seen += 1;
    }
    assert!(seen >= 150, "only {seen} flows could be formatted");
}

/// A document as an editor hands it to a schema: numbers and bools where YAML reads them so.
fn json(node: &Node) -> serde_json::Value {
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().map(json).collect(),
        NodeKind::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| (key.text().unwrap_or_default().to_owned(), json(value)))
            .collect(),
        NodeKind::Scalar(scalar) if scalar.style == Style::Plain => {
            let read = serde_json::from_str(&scalar.text);
            read.unwrap_or_else(|_| scalar.text.clone().into())
        }
        NodeKind::Scalar(scalar) => scalar.text.clone().into(),
    }
}

#[test]
fn the_schema_takes_every_flow_that_the_checker_takes() {
    let schema = serde_json::from_str(crate::schema::schema("flow").unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let corpus = std::fs::read_to_string(FLOWS).unwrap();
    let (mut taken, mut refused) = (0, 0);
    for case in corpus.split("===== ").skip(1) {
        let (given, _) = case.split_once('\n').unwrap().1.split_once("-----\n").unwrap();
        let files = folder(given);
        let path = "order.flow.yaml".to_owned();
        let text = files[&path].clone();
        let Some(root) = tenon_source::load(Arc::new(File { path, text })).0.root else { continue };
        let wrong = schema.iter_errors(&json(&root)).next().map(|error| error.to_string());
        match check_ahead(&files).0 {
            Some(_) => assert_eq!(wrong, None, "{given}"),
            None => refused += usize::from(wrong.is_some()),
        }
        taken += 1;
    }
    assert!(taken > 150 && refused > 20, "{taken} read, {refused} refused by the schema");
}
