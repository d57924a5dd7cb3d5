//! A folder with twelve mistakes: each is found, in one pass, once.

use std::collections::BTreeMap;

use tenon_source::{Diagnostic, Format, render, summary};

use super::systems::{both, shown};
use crate::load_known;

fn planted() -> Vec<Diagnostic> {
    let files: [(&str, &str); 5] = [
        ("integration.yaml", include_str!("planted/integration.yaml")),
        ("order.flow.yaml", include_str!("planted/order.flow.yaml")),
        ("order.map.yaml", include_str!("planted/order.map.yaml")),
        ("scripts/names.rhai", include_str!("planted/scripts/names.rhai")),
        ("tables/accounts.csv", include_str!("planted/tables/accounts.csv")),
    ];
    let files: BTreeMap<String, String> =
        files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    let (integration, found) = load_known("", &files, &both());
    assert!(integration.is_none());
    found
}

#[test]
fn twelve_mistakes_give_twelve_findings_in_one_pass() {
    let found = planted();
    assert_eq!(found.len(), 12, "{}", shown(&found));
    assert_eq!(summary(&found), "11 errors, 1 warning");
    for finding in &found {
        let (line, column) = finding.span.line_column();
        assert!(line > 1 && column > 1, "{finding:?}");
        assert!(!finding.message.is_empty());
        assert!(!finding.span.text().is_empty(), "{finding:?}");
    }
    let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(
        codes,
        [
            "F002", "F012", "M003", "M011", "M002", "M005", "M007", "Y005", "M010", "M008", "M004",
            "F030"
        ]
    );
    insta::assert_snapshot!("twelve_mistakes", render(&found, Format::Human { color: false }));
}

#[test]
fn each_finding_is_one_json_object_with_its_place() {
    let text = render(&planted(), Format::Json);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 12);
    for line in lines {
        assert!(line["code"].is_string() && line["line"].is_u64() && line["column"].is_u64());
    }
}

#[test]
fn a_sure_fix_is_offered_for_the_misspelt_step() {
    let found = planted();
    let step = found.iter().find(|finding| finding.code == "F002").unwrap();
    let fix = step.fix.as_ref().unwrap();
    assert!(fix.sure);
    assert_eq!(fix.replacement, "upsert");
}
