//! Findings as people see them: `corpus/rendered.txt` holds expressions and mappings beside the text
//! they are answered with. `TENON_BLESS=1` writes what is found now, to be read before it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenon_source::{Diagnostic, File, Format, render};

use super::corpus::env;
use super::mappings::ledger;
use crate::{check_scripts, compile, compile_mapping, compile_text};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/rendered.txt");

/// Findings of a case: a mapping document, a script, a YAML scalar, or an expression.
fn found(given: &str) -> Vec<Diagnostic> {
    let file = |path: &str, text: &str| {
        Arc::new(File { path: path.to_owned(), text: format!("{text}\n") })
    };
    if given.starts_with("mapping: ") {
        let (document, mut found) = tenon_source::load(file("order.map.yaml", given));
        let (_, more) = compile_mapping(&document, &ledger(), &BTreeMap::new());
        found.extend(more);
        return found;
    }
    if given.starts_with("fn ") {
        return check_scripts(&[file("own.rhai", given)]);
    }
    if let Some(scalar) = given.strip_prefix("Value: ") {
        let (document, mut found) = tenon_source::load(file("x.yaml", &format!("Value: {scalar}")));
        if let Some(node) = document.root.as_ref().and_then(|root| root.get("Value")) {
            found.extend(compile(node, &env(), None).1);
        }
        return found;
    }
    compile_text(given, &env(), None).1
}

#[test]
fn findings_read_as_the_corpus_says() {
    let corpus = std::fs::read_to_string(PATH).unwrap();
    let (mut out, mut wrong, mut codes, mut count) =
        (String::new(), Vec::new(), BTreeSet::new(), 0);
    for case in corpus.split("===== ").skip(1) {
        let (title, rest) = case.split_once('\n').unwrap();
        let (given, wanted) = rest.split_once("-----\n").unwrap();
        let findings = found(given.trim_end());
        let shown = render(&findings, Format::Human { color: false });
        codes.extend(findings.iter().map(|finding| finding.code));
        count += 1;
        if shown.trim_end() != wanted.trim_end() {
            wrong.push(format!("{title}\n{given}\n{shown}"));
        }
        out.push_str(&format!("===== {title}\n{given}-----\n{}\n\n", shown.trim_end()));
    }
    if std::env::var_os("TENON_BLESS").is_some() {
        std::fs::write(PATH, out).unwrap();
        return;
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 60, "only {count} cases");
    let pages = crate::codes::PAGES.iter().map(|page| page.code);
    let missing: Vec<&str> =
        pages.filter(|code| code.starts_with("M0") && !codes.contains(code)).collect();
    assert!(missing.is_empty(), "no case is answered with {missing:?}");
}
