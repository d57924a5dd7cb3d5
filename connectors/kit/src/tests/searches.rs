//! Searches are exact although the peer's are not; lists go from page to page.

use tenon_value::Value;

use super::support::{connector, outcome};
use crate::{Operation, Outcome};

fn find(field: &str, wanted: &str, page: Option<&str>) -> Operation {
    Operation::Find {
        resource: "order".into(),
        field: field.into(),
        value: wanted.into(),
        page: page.map(str::to_owned),
    }
}

const ROWS: &str = r#"{"MetaInformation":{"@TotalResources":5,"@TotalPages":2,"@CurrentPage":1},"Orders":[
    {"DocumentNumber":"1","ExternalInvoiceReference1":"S-1001","Cancelled":false},
    {"DocumentNumber":"2","ExternalInvoiceReference1":"S-10011","Cancelled":false},
    {"DocumentNumber":"3","ExternalInvoiceReference1":"s-1001","Cancelled":false},
    {"DocumentNumber":"4","ExternalInvoiceReference1":"S-1001","Cancelled":true},
    {"DocumentNumber":"5","ExternalInvoiceReference1":null,"Cancelled":false}]}"#;

fn page(outcome: Outcome) -> (Vec<String>, Option<String>) {
    let Outcome::Page { records, next } = outcome else { panic!("{outcome:?}") };
    let key = |record: &Value| connector("fortnox").key_of("order", record).unwrap();
    (records.iter().map(key).collect(), next)
}

#[test]
fn a_find_keeps_only_exact_hits_that_count() {
    let (hits, next) =
        page(outcome("fortnox", &find("ExternalInvoiceReference1", "S-1001", None), 200, ROWS));
    assert_eq!(
        (hits, next.as_deref()),
        (vec!["1".to_owned()], Some("2")),
        "later pages are read too"
    );
    let (hits, next) = page(outcome(
        "fortnox",
        &find("ExternalInvoiceReference1", "S-1001", Some("2")),
        200,
        ROWS,
    ));
    assert_eq!((hits.len(), next), (1, None));
    let (all, _) = page(outcome(
        "fortnox",
        &Operation::List { resource: "order".into(), filter: vec![], since_ms: None, page: None },
        200,
        ROWS,
    ));
    assert_eq!(all.len(), 5, "a list takes nothing out");
}

#[test]
fn requests_are_planned_as_published() {
    let fortnox = connector("fortnox");
    let path = |operation: &Operation| fortnox.plan(operation).unwrap().path;
    assert_eq!(
        path(&find("ExternalInvoiceReference1", "S 10&å", Some("3"))),
        "/orders?externalinvoicereference1=S%2010%26%C3%A5&page=3&limit=500"
    );
    // 2026-07-01 12:00 UTC is 14:00 in Stockholm; five minutes are taken off.
    let since = Operation::List {
        resource: "order".into(),
        filter: vec![],
        since_ms: Some(1_782_907_200_000),
        page: None,
    };
    assert_eq!(path(&since), "/orders?lastmodified=2026-07-01%2013%3A55&page=1&limit=500");
    let article = Operation::Get { resource: "article".into(), key: "a/b+c".into() };
    assert_eq!(path(&article), "/articles/a%2Fb%2Bc");
    let two = Operation::List {
        resource: "order".into(),
        filter: vec![
            ("customer_number".into(), Value::text("1")),
            ("our_reference".into(), Value::text("A")),
        ],
        since_ms: None,
        page: None,
    };
    assert_eq!(fortnox.plan(&two).unwrap_err().code, "NOT_WRITABLE");
}

#[test]
fn nothing_is_planned_with_a_blank_value_or_for_what_is_not_said() {
    let fortnox = connector("fortnox");
    let code = |operation: &Operation| fortnox.plan(operation).unwrap_err().code;
    assert_eq!(code(&find("ExternalInvoiceReference1", "  ", None)), "KEY_BLANK");
    assert_eq!(code(&Operation::Get { resource: "order".into(), key: " ".into() }), "KEY_BLANK");
    assert_eq!(code(&find("Comments", "x", None)), "NO_OPERATION");
    assert_eq!(code(&Operation::Get { resource: "offer".into(), key: "1".into() }), "NO_OPERATION");
}

#[test]
fn every_parameter_the_manifest_uses_is_published() {
    let fortnox = connector("fortnox");
    let searchable: Vec<&str> = fortnox.resource("order").unwrap().searchable().collect();
    assert_eq!(
        searchable,
        ["ExternalInvoiceReference1", "ExternalInvoiceReference2", "DocumentNumber"]
    );
}
