//! What is written: in published form, inside the bounds, compared as the peer keeps it.

use tenon_value::{Class, Value, json, time};

use super::support::{connector, value};
use crate::schema::Manner;
use crate::{Operation, Request};

fn order(rows: &str) -> Value {
    value(&format!(
        r#"{{"CustomerNumber":"1","OrderDate":"2026-11-24","VATIncluded":true,"Currency":"SEK",
        "ExternalInvoiceReference1":"S-1001","OrderRows":{rows}}}"#
    ))
}

fn plan(record: Value) -> Result<Request, tenon_value::Fault> {
    connector("fortnox").plan(&Operation::Create { resource: "order".into(), record })
}

#[test]
fn planned_bodies_fit_the_published_schema() {
    let fortnox = connector("fortnox");
    let api = fortnox.open_api().unwrap();
    let cases: [(&str, &str, Option<&str>, Value); 6] = [
        (
            "order",
            "create",
            None,
            order(
                r#"[{"ArticleNumber":"A/1","OrderedQuantity":2,"DeliveredQuantity":"2","Price":125.00,"VAT":25}]"#,
            ),
        ),
        ("order", "update", Some("7"), value(r#"{"Remarks":"x"}"#)),
        (
            "invoice",
            "create",
            None,
            value(
                r#"{"CustomerNumber":"1","InvoiceRows":[{"DeliveredQuantity":1,"Price":80,"VAT":25,"AccountNumber":3001}]}"#,
            ),
        ),
        ("invoice", "update", Some("7"), value(r#"{"InvoiceDate":"2026-11-24"}"#)),
        (
            "customer",
            "create",
            None,
            value(
                r#"{"Name":"Ånge Cykel AB","Type":"COMPANY","VATType":"SEVAT","CountryCode":"SE"}"#,
            ),
        ),
        (
            "article",
            "create",
            None,
            value(r#"{"ArticleNumber":"A-1","Description":"Hammer","Type":"STOCK"}"#),
        ),
    ];
    for (resource, kind, key, record) in cases {
        let resource = resource.to_owned();
        let operation = match key {
            None => Operation::Create { resource, record },
            Some(key) => Operation::Update { resource, key: key.to_owned(), record },
        };
        let request = fortnox.plan(&operation).unwrap();
        let endpoint = api.endpoint(&request.method, &format!("/3{}", request.path)).unwrap();
        let body = json::read(request.body.as_deref().unwrap()).unwrap();
        let mut found = api.check(endpoint.body.as_ref().unwrap(), &body, Manner::Published);
        found.retain(|v| kind == "create" || v.rule != crate::schema::Rule::Required);
        assert!(found.is_empty(), "{operation:?}: {found:?}");
        assert!(request.writes && request.cost == 1);
    }
    for action in ["createinvoice", "cancel", "externalprint"] {
        let operation = Operation::Action {
            resource: "order".into(),
            action: action.into(),
            key: "7".into(),
            with: vec![],
        };
        let request = fortnox.plan(&operation).unwrap();
        assert!(api.endpoint(&request.method, &format!("/3{}", request.path)).is_some());
        assert_eq!(request.body, None);
    }
}

#[test]
fn values_take_the_form_that_is_published() {
    let at = time::parse_date("2026-11-24").map(Value::Date).unwrap();
    let record = order(r#"[{"OrderedQuantity":2.50,"Price":"125.00"}]"#).with("OrderDate", at);
    let body = plan(record).unwrap().body.unwrap();
    assert!(body.contains(r#""OrderedQuantity":"2.50""#), "{body}");
    assert!(body.contains(r#""Price":125.00"#) && body.contains(r#""OrderDate":"2026-11-24""#));
    assert!(body.starts_with(r#"{"Order":{"CustomerNumber":"1""#));
}

#[test]
fn what_the_peer_would_refuse_is_not_sent() {
    let refused = |record: Value| plan(record).unwrap_err();
    let article = refused(order(r#"[{"ArticleNumber":"A-1"},{"ArticleNumber":"RÖD 1"}]"#));
    assert_eq!((article.code.as_str(), article.class), ("NOT_WRITABLE", Class::Rejected));
    assert_eq!(article.field.as_deref(), Some("OrderRows[1].ArticleNumber"));
    assert_eq!(article.value, Value::text("RÖD 1"));
    assert!(article.message.contains("'Ö'") && article.hint.is_some());
    let rate = refused(order(r#"[{"VAT":25.5}]"#));
    assert!(rate.hint.unwrap().contains("VATCode"));
    let rows = vec!["{}"; 501].join(",");
    let rows = refused(order(&format!("[{rows}]")));
    assert_eq!((rows.code.as_str(), rows.class), ("TOO_MANY_ITEMS", Class::Limit));
    let long = refused(order("[]").with("YourOrderNumber", Value::text(&"x".repeat(76))));
    assert_eq!(long.field.as_deref(), Some("YourOrderNumber"));
    let long = refused(order("[]").with("ExternalInvoiceReference1", Value::text(&"x".repeat(81))));
    assert_eq!(long.field.as_deref(), Some("ExternalInvoiceReference1"));
    let none = refused(value(r#"{"Remarks":"x"}"#));
    assert_eq!(none.field.as_deref(), Some("CustomerNumber"));
    let unknown = refused(order("[]").with("Colour", Value::text("red")));
    assert_eq!(unknown.field.as_deref(), Some("Colour"));
    let choice = refused(order("[]").with("TaxReductionType", Value::text("lots")));
    assert!(choice.message.contains("rot"));
}

#[test]
fn what_stands_there_is_compared_as_the_peer_keeps_it() {
    let fortnox = connector("fortnox");
    let sent = value(
        r#"{"Remarks":" hello ","Comments":null,"Freight":null,"OrderDate":"2026-11-24",
        "OrderRows":[{"OrderedQuantity":"2","Price":125.00},{"OrderedQuantity":"1","Price":10}]}"#,
    );
    let there = value(
        r#"{"DocumentNumber":"7","Remarks":"hello","Comments":"","Freight":0,"OrderDate":"2026-11-24",
        "OrderRows":[{"OrderedQuantity":"2.00","Price":125,"RowId":1},{"OrderedQuantity":1,"Price":12,"RowId":2}]}"#,
    );
    let found = fortnox.same("order", &sent, &there);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].field, "OrderRows[1].Price");
    let fewer = value(r#"{"OrderRows":[]}"#);
    assert_eq!(fortnox.same("order", &sent, &fewer).len(), 3);
}
