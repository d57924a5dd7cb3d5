//! Gates over both manifests: documents, variables, costs, types.

use tenon_mapper::types::Type;
use tenon_value::{Value, json};

use super::support::{connector, get, value};
use crate::{Limit, Operation, Request};

/// One operation of each kind Shopify can do.
fn shopify_operations() -> Vec<Operation> {
    let order = "gid://shopify/Order/1";
    let list = |since_ms, page: Option<&str>| Operation::List {
        resource: "order".into(),
        filter: vec![("status".into(), Value::text("any"))],
        since_ms,
        page: page.map(str::to_owned),
    };
    let rest = |at: i64, inside: Value| Operation::Rest {
        resource: "order".into(),
        of: Box::new(get("order", order)),
        so_far: Value::of([
            ("record", Value::of([])),
            (
                "open",
                Value::list(vec![Value::of([
                    ("at", Value::from(at)),
                    ("after", Value::Null),
                    ("inside_after", inside),
                    ("next", Value::Null),
                ])]),
            ),
        ]),
    };
    vec![
        get("order", order),
        list(None, None),
        list(Some(1_764_000_000_000), Some("cursor")),
        Operation::Find {
            resource: "order".into(),
            field: "name".into(),
            value: "#10\"01".into(),
            page: None,
        },
        Operation::Update {
            resource: "order".into(),
            key: order.into(),
            record: value(r#"{"note":"paid","tags":["booked"]}"#),
        },
        rest(0, Value::text("cursor")),
        rest(0, Value::Null),
        rest(1, Value::Null),
        get("customer", "gid://shopify/Customer/1"),
        Operation::Check { number: 0 },
    ]
}

fn sent(request: &Request) -> Value {
    json::read(request.body.as_deref().unwrap()).unwrap()
}

#[test]
fn every_document_with_its_variables_is_valid_in_every_version() {
    let newest = connector("shopify");
    let mut documents = std::collections::BTreeSet::new();
    for version in ["2026-01", "2026-10"] {
        let shopify = newest.at_version(version).unwrap();
        let sdl = shopify.sdl().unwrap();
        for operation in shopify_operations() {
            let request = shopify.plan(&operation).unwrap();
            assert_eq!(request.path, format!("/admin/api/{version}/graphql.json"));
            let body = sent(&request);
            let text = body.field("query").as_text().unwrap();
            let document = sdl.document(text, "document").unwrap();
            sdl.check_variables(&document, body.field("variables")).unwrap();
            assert!(request.cost <= 1000, "{operation:?} costs {}", request.cost);
            documents.insert(text.to_owned());
        }
    }
    let files = crate::catalog("shopify").unwrap();
    let kept = files.keys().filter(|f| f.ends_with(".graphql") && !f.starts_with("admin-"));
    assert_eq!(documents.len(), kept.count(), "a document is planned by no operation");
}

#[test]
fn a_version_that_is_not_declared_is_not_spoken() {
    assert!(connector("shopify").at_version("2025-01").is_none());
    assert_eq!(connector("shopify").versions(), ["2026-01", "2026-10"]);
}

#[test]
fn costs_follow_the_published_model() {
    let shopify = connector("shopify");
    let cost = |operation: &Operation| shopify.plan(operation).unwrap().cost;
    // One connection of 100 objects, and the shop with its plan.
    assert_eq!(cost(&shopify_operations()[1]), 101);
    assert_eq!(cost(&Operation::Check { number: 0 }), 2);
    // A mutation counts 10, its payload 1, the order 1, the list of user errors 1.
    assert_eq!(cost(&shopify_operations()[4]), 13);
    assert!(matches!(shopify.limits(), [Limit::Cost { capacity: 2000, restore_per_s: 100, .. }]));
}

#[test]
fn search_texts_are_quoted_and_dated() {
    let shopify = connector("shopify");
    let query = |n: usize| {
        let body = sent(&shopify.plan(&shopify_operations()[n]).unwrap());
        body.at("variables.query").as_text().unwrap().to_owned()
    };
    assert_eq!(query(1), "status:\"any\"");
    assert_eq!(query(2), "status:\"any\" updated_at:>=\"2025-11-24T15:55:00Z\"");
    assert_eq!(query(3), "name:\"#10\\\"01\"");
}

#[test]
fn types_hold_what_documents_select_and_nothing_else() {
    let shopify = connector("shopify");
    let types = shopify.types();
    let order = types.fields("shopify.Order").unwrap();
    assert_eq!(order["totalPriceSet"].ty, Type::MoneyBag);
    assert_eq!(order["cancelledAt"].ty, Type::DateTime.optional());
    assert_eq!(order["agreements"].ty.to_string(), "list<shopify.Order.agreements>");
    assert!(!order.contains_key("lineItems"), "what is not selected is not there");
    let agreement = types.fields("shopify.Order.agreements").unwrap();
    let names: Vec<&str> = agreement.keys().map(|k| &**k).collect();
    assert_eq!(names, ["__typename", "id", "reason", "happenedAt", "sales"]);
    let sale = types.fields("shopify.Order.agreements.sales").unwrap();
    assert_eq!(sale["totalAmount"].ty, Type::MoneyBag);
    assert!(matches!(sale["lineItem"].ty, Type::Optional(_)), "only some sales have one");
    assert!(order["email"].personal && !order["name"].ty.to_string().is_empty());
}

#[test]
fn types_carry_lengths_choices_wire_and_what_is_computed() {
    let fortnox = connector("fortnox");
    let order = fortnox.types().fields("fortnox.Order").unwrap();
    assert!(order["CustomerNumber"].required && order["Total"].read_only);
    assert_eq!(order["YourOrderNumber"].max_length, Some(75));
    assert_eq!(order["ExternalInvoiceReference1"].max_length, Some(80));
    let row = fortnox.types().fields("fortnox.OrderOrderRow").unwrap();
    assert_eq!(row["DeliveredQuantity"].ty, Type::Decimal.optional());
    assert_eq!(row["DeliveredQuantity"].wire, tenon_mapper::types::Wire::Text);
    let order_type = &fortnox.resource("order").unwrap().write;
    assert_eq!(*order_type, Type::named("fortnox.Order"));
}

#[test]
fn the_folders_of_the_catalog_lint_clean() {
    for name in crate::catalog_names() {
        let found = crate::lint(&crate::catalog(name).unwrap());
        let shown = tenon_source::render(&found, tenon_source::Format::Human { color: false });
        assert!(found.is_empty(), "{name}:\n{shown}");
    }
}

#[test]
fn the_rest_of_an_order_is_selected_like_its_beginning() {
    let files = crate::catalog("shopify").unwrap();
    let fragments = |file: &str| -> std::collections::BTreeMap<String, String> {
        let parts = files[file].split("\nfragment ").skip(1);
        parts
            .map(|part| (part.split(' ').next().unwrap().to_owned(), part.trim().to_owned()))
            .collect()
    };
    let order = fragments("order.graphql");
    for (name, text) in fragments("order_agreements.graphql") {
        assert_eq!(order[&name], text);
    }
}
