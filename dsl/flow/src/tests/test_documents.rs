//! Documents of tests: what is wrong with them as documents, and what differs.

use std::collections::BTreeMap;

use tenon_value::Value;

use super::systems::{check, good};
use crate::test_documents::{Around, FlowEnd, Sent, TestReport, run_tests};

fn run(text: &str) -> TestReport {
    let (integration, _) = check(&good());
    let sent = Sent {
        step: "erp_order".to_owned(),
        operation: "create ledger.order".to_owned(),
        request: "POST /orders".to_owned(),
        record: Value::of([("Total", "1.00".into())]),
    };
    let end = FlowEnd { state: "done".to_owned(), requests: vec![sent], ..FlowEnd::default() };
    let around = Around {
        order: &|_, _| None,
        kinds: &["card", "guest"],
        flow: &|_| Ok(end.clone()),
        started_at: tenon_value::time::from_millis(0).unwrap(),
        update: false,
    };
    let files = BTreeMap::from([("a.test.yaml".to_owned(), text.to_owned())]);
    run_tests("tests/", &files, &integration.unwrap(), &around)
}

fn found(text: &str) -> String {
    let report = run(text);
    assert!(report.fails(), "{text}");
    tenon_source::render(&report.found, tenon_source::Format::Human { color: false })
}

fn wrong(text: &str) -> String {
    let report = run(text);
    assert!(report.found.is_empty(), "{:?}", report.found);
    report.ran[0].wrong.join("\n")
}

#[test]
fn mistakes_in_a_document_of_tests_are_found() {
    for (text, says) in [
        ("- test: x\n  mapping: ordr\n  skip: y\n", "`order`"),
        ("- test: x\n  flow: ordre\n  skip: y\n", "`order`"),
        ("- test: x\n  mapping: order\n  knd: guest\n  skip: y\n", "`kind`"),
        ("- test: x\n  mapping: order\n  state: done\n", "has no key `state`"),
        ("- test: x\n  mapping: order\n  kind: guest\n", "expects nothing"),
        ("- test: x\n  skip: y\n", "one `mapping` or one `flow`"),
        ("- mapping: order\n  skip: y\n", "needs `test:`"),
        ("test: x\n", "a list of them"),
        ("- test: x\n  mapping: order\n  expects: [{ off: 1, is: 2 }]\n", "`of`"),
    ] {
        let found = found(text);
        assert!(found.contains(says), "{text}: {found}");
    }
}

#[test]
fn a_test_says_what_it_names_that_is_not_there() {
    let head = "- test: x\n  mapping: order\n  skip: y\n";
    assert!(wrong(&format!("{head}  kind: gest\n")).contains("is it `guest`?"));
    assert!(wrong(&format!("{head}  input: a.json\n")).contains("no file tests/a.json"));
    assert!(wrong(head).contains("has no input"));
    assert!(
        wrong(&format!("{head}  started_at: noon\n  order: {{ id: 1 }}\n")).contains("instant")
    );
    assert!(wrong(&format!("{head}  settings: {{ hom: true }}\n")).contains("no setting `hom`"));
    assert!(wrong(&format!("{head}  rows: {{ acounts: [] }}\n")).contains("`accounts`?"));
}

#[test]
fn what_a_flow_sent_is_compared() {
    let head = "- test: x\n  flow: order\n  order: { id: \"1\" }\n";
    assert_eq!(wrong(&format!("{head}  state: done\n  requests: [create ledger.order]\n")), "");
    assert_eq!(wrong(&format!("{head}  state: failed\n")), "the task is done, not failed");
    assert!(wrong(&format!("{head}  requests: []\n")).contains("1 requests were sent, not 0"));
    let request =
        |text: &str| format!("{head}  requests:\n    - {{ record: {{ Total: {text} }} }}\n");
    assert_eq!(wrong(&request("\"1.00\"")), "");
    assert!(wrong(&request("\"1.0\"")).contains("is \"1.00\", not \"1.0\""));
    assert!(wrong(&request("1.00")).contains("is \"1.00\", not 1.00"), "a text is no number");
    assert!(wrong(&format!("{head}  exactly: {{ }}\n")).contains("is not expected"));
}
