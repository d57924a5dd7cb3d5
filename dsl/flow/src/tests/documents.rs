//! Heads of flows, and mappings as documents of a folder.

use super::systems::{check, finds, good, is_error, only, shown, with};

const FLOW: &str = "order.flow.yaml";
const CHILD: &str = "invoice.flow.yaml";

#[test]
fn mistakes_in_the_head_of_a_flow_are_found() {
    finds(FLOW, "title: Orders to the ledger\n", "", "F001", "flow");
    finds(FLOW, "entity: order", "entitiy: order", "F003", "entitiy");
    finds(FLOW, "webhook: [orders/create]", "webhook: [orders/created]", "F031", "orders/created");
    finds(FLOW, "since: updatedAt", "since: updated_at", "F032", "updated_at");
    finds(FLOW, "overlap: 2m", "overlap: 2 minutes", "F027", "2 minutes");
    finds(FLOW, "every: 5m", "every: 5ms", "F027", "5ms");
    finds(FLOW, "manual: [id]", "manual: [ids]", "F004", "ids");
    finds(FLOW, "attempts: 8", "attempts: many", "F027", "many");
    finds(FLOW, "factor: 1.5", "factor: 0.5", "F027", "0.5");
    finds(FLOW, "jitter: full", "jitter: half", "F004", "half");
    finds(FLOW, "    because: a test order\n", "", "F001", "if");
}

#[test]
fn a_flow_stands_in_the_file_of_its_name() {
    let mut files = good();
    let text = files.remove(CHILD).unwrap();
    files.insert("invoices.flow.yaml".to_owned(), text);
    let (_, found) = check(&files);
    assert_eq!(
        found.iter().map(|d| (d.code, d.span.text())).collect::<Vec<_>>(),
        [("F029", "invoice")]
    );
}

#[test]
fn ends_of_a_flow_are_checked() {
    let (_, found) = check(&with(FLOW, "from: shop.order", "from: shpo.order"));
    assert_eq!((found[0].code, found[0].span.text()), ("F007", "shpo"), "{}", shown(&found));
    finds(FLOW, "to: ledger.order", "to: ledger.ordr", "F008", "ordr");
    finds(CHILD, "to: ledger.invoice", "to: invoice", "F004", "invoice");
}

#[test]
fn a_lane_uses_only_what_every_trigger_carries() {
    let found = finds(FLOW, "lane: order.id", "lane: order.name", "F018", "order.name");
    assert!(found.notes[0].contains("order.id"));
}

#[test]
fn a_flow_that_nothing_starts_is_a_warning() {
    let (_, found) = check(&with(
        FLOW,
        "  - if: home ?? false\n    run: invoice\n    with: { order: order, erp_order: erp_order }\n    retry: { attempts: 2 }\n",
        "",
    ));
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert_eq!(found[0].code, "F035");
    assert!(!is_error(&found[0]));
}

#[test]
fn a_folder_may_be_named_in_front_of_its_files() {
    let files = with(FLOW, "entity: order", "entitiy: order");
    let (_, found) = crate::load_known("workflows/x/", &files, &super::systems::both());
    assert_eq!(found[0].span.file.path, "workflows/x/order.flow.yaml");
}

#[test]
fn broken_yaml_is_one_finding_and_the_rest_is_checked() {
    let found = only(FLOW, "title: Orders to the ledger", "title: \"Orders");
    assert_eq!(found.code, "Y004");
}

#[test]
fn what_a_broken_document_would_be_is_not_missed_elsewhere() {
    for path in [CHILD, "customer.map.yaml"] {
        let mut files = good();
        files.insert(path.to_owned(), "a: [1\n".to_owned());
        let (_, found) = check(&files);
        assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["Y004"], "{}", shown(&found));
    }
}
