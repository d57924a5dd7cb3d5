//! Records whose lists come in several answers.

use tenon_value::{Value, json};

use super::support::{answer, connector, get, outcome, value};
use crate::{Operation, Outcome};

/// A shop with one order: sales per agreement, and metafields, served page by page.
struct Shop {
    agreements: Vec<usize>,
    metafields: usize,
}

impl Shop {
    fn page(total: usize, from: usize, size: usize, item: impl Fn(usize) -> Value) -> Value {
        let to = total.min(from + size);
        Value::of([
            ("nodes", Value::list((from..to).map(item).collect())),
            (
                "pageInfo",
                Value::of([
                    ("hasNextPage", Value::Bool(to < total)),
                    ("endCursor", Value::from(to.to_string())),
                ]),
            ),
        ])
    }

    fn agreements(&self, after: usize, sales_after: usize, size: usize) -> Value {
        Self::page(self.agreements.len(), after, 1, |n| {
            let sales = Self::page(self.agreements[n], sales_after, size, |s| {
                Value::of([("id", Value::from(format!("sale {n}.{s}")))])
            });
            Value::of([("id", Value::from(format!("agreement {n}"))), ("sales", sales)])
        })
    }

    fn metafields(&self, after: usize, size: usize) -> Value {
        Self::page(self.metafields, after, size, |n| {
            Value::of([("key", Value::from(format!("m{n}")))])
        })
    }

    fn answer(&self, body: &str) -> String {
        let body = json::read(body).unwrap();
        let query = body.field("query").as_text().unwrap().to_owned();
        let number = |name: &str| {
            let at = body.field("variables").field(name).as_text().unwrap_or("0").to_owned();
            at.parse::<usize>().unwrap()
        };
        let order = if query.contains("query OrderAgreements") {
            Value::of([("agreements", self.agreements(number("after"), number("salesAfter"), 30))])
        } else if query.contains("query OrderMetafields") {
            Value::of([("metafields", self.metafields(number("after"), 100))])
        } else {
            Value::of([
                ("id", Value::text("gid")),
                ("agreements", self.agreements(0, 0, 12)),
                ("metafields", self.metafields(0, 10)),
                ("transactions", Value::list(vec![])),
            ])
        };
        json::write(&Value::of([("data", Value::of([("order", order)]))]))
    }

    /// The whole order and how many requests it took.
    fn read(&self) -> (Value, usize) {
        let shopify = connector("shopify");
        let mut operation = get("order", "gid");
        for requests in 1..100 {
            let request = shopify.plan(&operation).unwrap();
            let body = self.answer(request.body.as_deref().unwrap());
            match shopify.read(&operation, &answer(200, &body)).outcome {
                Outcome::Record(record) => return (record, requests),
                Outcome::More(next) => operation = next,
                other => panic!("{other:?}"),
            }
        }
        panic!("it never ends");
    }
}

fn check(agreements: &[usize], metafields: usize) -> usize {
    let shop = Shop { agreements: agreements.to_vec(), metafields };
    let (order, requests) = shop.read();
    assert_eq!(order.field("agreements").items().len(), agreements.len());
    for (n, count) in agreements.iter().enumerate() {
        let sales = order.field("agreements").items()[n].field("sales").items();
        let ids: Vec<&str> = sales.iter().map(|s| s.field("id").as_text().unwrap()).collect();
        let expected: Vec<String> = (0..*count).map(|s| format!("sale {n}.{s}")).collect();
        assert_eq!(ids, expected);
    }
    assert_eq!(order.field("metafields").items().len(), metafields);
    requests
}

#[test]
fn a_small_order_takes_one_request() {
    assert_eq!(check(&[12], 10), 1);
    assert_eq!(check(&[], 0), 1);
}

#[test]
fn a_large_order_is_read_to_its_end() {
    assert_eq!(check(&[13], 0), 2);
    assert_eq!(check(&[100], 0), 4, "12 and then three times 30");
    assert_eq!(check(&[5, 5, 5], 0), 3);
    assert_eq!(check(&[40, 31, 1], 11), 6);
    for first in [0, 1, 12, 42, 43] {
        for second in [0, 30, 31, 61] {
            check(&[first, second], 111);
        }
    }
}

#[test]
fn a_list_that_may_be_cut_off_is_a_fault() {
    let full = vec!["{\"id\":\"t\"}"; 25].join(",");
    let body = format!(r#"{{"data":{{"order":{{"id":"gid","transactions":[{full}]}}}}}}"#);
    let Outcome::Fault(fault) = outcome("shopify", &get("order", "gid"), 200, &body) else {
        panic!("a full page may hide more");
    };
    assert_eq!(fault.code, "TRUNCATED");
    let body = r#"{"data":{"customer":{"id":"c","metafields":{"nodes":[],"pageInfo":{"hasNextPage":true,"endCursor":"x"}}}}}"#;
    let Outcome::Fault(fault) = outcome("shopify", &get("customer", "c"), 200, body) else {
        panic!("nothing reads the rest of a customer's metafields");
    };
    assert_eq!((fault.code.as_str(), fault.field.as_deref()), ("TRUNCATED", Some("metafields")));
}

#[test]
fn connections_of_lists_become_plain_lists_with_a_cursor() {
    let list =
        Operation::List { resource: "order".into(), filter: vec![], since_ms: None, page: None };
    let body = r#"{"data":{"orders":{"nodes":[{"id":"a"},{"id":"b"}],"pageInfo":{"hasNextPage":true,"endCursor":"c2"}}},
        "extensions":{"cost":{"requestedQueryCost":101,"actualQueryCost":3,
        "throttleStatus":{"maximumAvailable":2000,"currentlyAvailable":1997,"restoreRate":100}}}}"#;
    let reading = connector("shopify").read(&list, &answer(200, body));
    assert_eq!(reading.limits.actual_cost, Some(3));
    assert_eq!(
        reading.outcome,
        Outcome::Page {
            records: vec![value(r#"{"id":"a"}"#), value(r#"{"id":"b"}"#)],
            next: Some("c2".into())
        }
    );
}
