//! What the checker is promised to find, one line each, and the traps of YAML. What flows and tables
//! add stands in the table of ARCHITECTURE.md beside the tests that hold it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_source::{Diagnostic, File};

use super::corpus::env;
use super::mappings::ledger;
use crate::{compile_mapping, compile_text};

fn mapping(fields: &str, head: &str) -> (String, Vec<Diagnostic>) {
    let text = format!(
        "mapping: order\nfrom: {{ order: shop.order }}\nto: ledger.order\n{head}fields:\n{fields}\n"
    );
    let file = Arc::new(File { path: "order.map.yaml".to_owned(), text: text.clone() });
    let (document, mut found) = tenon_source::load(file);
    found.extend(compile_mapping(&document, &ledger(), &BTreeMap::new()).1);
    (text, found)
}

/// Codes of one field beside the required one.
fn field(text: &str) -> String {
    super::codes(&mapping(&format!("  Customer: \"1\"\n  {text}"), "").1)
}

#[test]
fn everything_the_checker_must_find_in_a_target_field_is_found() {
    for (what, text, code) in [
        ("unknown path", "Name: order.nme", "M002"),
        ("type mismatch", "Sent: order.name", "M004"),
        ("a list as a single value", "Name: order.tags", "M032"),
        ("unreachable fallback", "Pieces: order.quantity // 1", "M010"),
        ("unrounded decimal into money", "Amount: order.total / 3", "M007"),
        (
            "an unrounded quotient in a list",
            "Rows: map(order.lines, l => { Price = l.price / 3 })",
            "M007",
        ),
        ("mixed currencies", "Amount: order.total.presentmentMoney", "M020"),
        ("rounding without a mode", "Amount: round(order.weight, 2)", "M019"),
        ("unknown function", "Name: truncat(order.name, 5)", "M005"),
        ("unknown argument", "Name: truncate(order.name, len = 5)", "M006"),
        ("division by possible zero", "Amount: round(1 / order.weight, 2, \"up\")", "M018"),
        ("lookup table missing", "Pieces: lookup(\"acounts\", \"SE\")", "M008"),
        ("lookup key", "Pieces: lookup(\"accounts\", { country = \"SE\" })", "M009"),
        ("outside the enum", "Rows:\n    - fields: { Kind: \"GODS\" }", "M011"),
        ("non-exhaustive match", "Name: |\n    match order.status { \"PAID\" => \"x\" }", "M012"),
        ("longer than maxLength", "Reference: \"more than ten letters\"", "M013"),
        ("cut to more than maxLength", "Reference: truncate(order.name, 20)", "M013"),
        ("decimal into integer", "Pieces: order.weight", "M031"),
        ("read-only target field", "Rows:\n    - fields: { Total: 1 }", "M015"),
        ("deprecated target field", "OldReference: order.name", "M016"),
        ("absent target field", "Zebra: order.name", "M014"),
        ("unused binding", "Name: let x = 1 in order.name", "M021"),
        ("shadowed binding", "Name: let order = \"a\" in order", "M022"),
        ("clock", "Day: today()", "M005"),
        ("randomness", "Pieces: random()", "M005"),
        ("datetime to date without a zone", "Day: order.createdAt", "M030"),
        ("bad regular expression", "Sent: matches(order.name, \"(\")", "M025"),
        ("what may be missing in a text", "Name: |\n    \"{order.note}\"", "M023"),
    ] {
        assert_eq!(field(text), code, "{what}: {text}");
    }
    let whole = |fields: &str, head: &str| super::codes(&mapping(fields, head).1);
    assert_eq!(whole("  Customer: order.note", ""), "M003", "nullable into required");
    assert_eq!(whole("  Name: order.name", ""), "M017", "required field never produced");
    let vat = "money: { rounding: half_up, vat: as_given }\n";
    assert_eq!(
        whole("  Customer: \"1\"\n  Amount: net(order.total, 25, 2)", vat),
        "M042",
        "VAT recomputed where the source supplies it"
    );
    assert_eq!(
        whole("  Customer: \"1\"", "let:\n  x: order.name\n"),
        "M021",
        "a named value that is never used"
    );
}

#[test]
fn every_finding_says_where_and_why_and_what_to_do() {
    let corpus = include_str!("../../corpus/findings.txt");
    for line in corpus.lines().filter(|l| !l.trim().is_empty() && !l.starts_with("##")) {
        let (given, _) = line.split_once(" ==> ").unwrap();
        for finding in compile_text(given.trim(), &env(), None).1 {
            assert!(!finding.message.is_empty() && finding.message.len() < 400, "{given}");
            assert!(finding.span.bytes.end <= given.len(), "{given}");
        }
    }
}

#[test]
fn the_traps_of_yaml_are_findings_and_not_surprises() {
    for (what, text, code) in [
        ("an operator inside brackets", "Delivery: { City: order.name // \"x\" }", "Y014"),
        ("a call inside brackets", "Delivery: { City: trim(order.name) }", "Y014"),
        ("a date", "Day: 2026-01-01", "Y015"),
        ("a leading zero", "Amount: 0350", "Y015"),
        ("a tilde", "Name: ~", "Y015"),
        ("nothing", "Name:", "M001"),
        ("a tag", "Name: !!str 1", "Y008 M004"),
        ("an anchor", "Name: &a order.name", "Y007"),
        ("a key that is no name", "\"a b\": order.name", "M014"),
        ("an exponent", "Amount: 1e3", "M001"),
        ("a hexadecimal number", "Amount: 0x10", "M001"),
        ("YAML's own words", "Sent: yes", "M002"),
        ("a mapping where an expression belongs", "Name: { a: 1 }", "M004"),
        ("the first character of an alias", "Name: *a", "Y007"),
    ] {
        let found = field(text);
        assert!(
            found.split(' ').next() == code.split(' ').next() && !found.is_empty(),
            "{what}: {text} gives {found}"
        );
    }
    for fine in [
        "Delivery: { City: order.name, Country: \"SE\" }",
        "Amount: -1.50",
        "Amount: 0.5",
        "Name: \"{{literal}}\"",
        "Name: 'it''s {order.name}'",
        "Name: >-\n    order.note\n    // order.name",
        "Name: |\n    order.note // \"a: b # c\"",
    ] {
        assert_eq!(field(fine), "", "{fine}");
    }
    for broken in ["Name: order.note // \"a: b\"", "Name: [order.note", "Name: @order"] {
        let (_, found) = mapping(&format!("  Customer: \"1\"\n  {broken}"), "");
        let text = tenon_source::render(&found, tenon_source::Format::Human { color: false });
        assert!(text.contains("block"), "{broken}: {text}");
    }
}

/// A text after all of its findings' sure fixes.
fn fixed(text: &str, found: &[Diagnostic]) -> Option<String> {
    let sure: Vec<_> = found.iter().filter_map(|d| d.fix.clone()).filter(|f| f.sure).collect();
    (!sure.is_empty()).then(|| tenon_source::apply_fixes(text, &sure))
}

#[test]
fn what_is_surely_fixed_reads_and_has_lost_its_findings() {
    let (env, mut count) = (env(), 0);
    let corpora =
        [include_str!("../../corpus/findings.txt"), include_str!("../../corpus/values.txt")];
    for line in corpora.iter().flat_map(|corpus| corpus.lines()).filter(|l| l.contains(" ==> ")) {
        let text = line.split_once(" ==> ").unwrap().0.trim();
        let found = compile_text(text, &env, None).1;
        let Some(new) = fixed(text, &found) else { continue };
        count += 1;
        let sure = |d: &&Diagnostic| d.fix.as_ref().is_some_and(|fix| fix.sure);
        let left = compile_text(&new, &env, None).1;
        for finding in found.iter().filter(sure) {
            let before = found.iter().filter(|d| d.code == finding.code).count();
            let after = left.iter().filter(|d| d.code == finding.code).count();
            assert!(after < before, "{text}\n{new}\nstill {}", finding.code);
        }
        assert!(left.iter().all(|d| d.code != "M001"), "{text}\n{new}");
    }
    assert!(count >= 10, "only {count} lines have a sure fix");
    let (text, found) = mapping("  Custmer: order.nme\n  Day: 2026-01-01\n  Name: ~", "");
    let new = fixed(&text, &found).unwrap();
    assert!(
        new.ends_with("  Customer: order.name\n  Day: \"2026-01-01\"\n  Name: null\n"),
        "{new}"
    );
}

#[test]
fn a_fix_that_changes_what_is_meant_is_never_sure() {
    for (text, code) in [
        ("Name: \"order.name\"", "M024"),
        ("Amount: 0350", "Y015"),
        ("Name: !!str 1", "Y008"),
        ("Reference: truncate(order.name, 20)", "M013"),
    ] {
        let (_, found) = mapping(&format!("  Customer: \"1\"\n  {text}"), "");
        let finding = found.iter().find(|d| d.code == code).unwrap_or_else(|| panic!("{text}"));
        assert!(finding.fix.as_ref().is_some_and(|fix| !fix.sure), "{text}: {finding:?}");
    }
}
