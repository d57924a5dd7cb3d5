use serde_json::json;
use tenon_kit::{Connector, Operation, Outcome, Response, Secret, catalog};
use tenon_value::json as text;

use super::{ask, shop, shop_with};
use crate::Limits;
use crate::shopify::Shop;
use crate::shopify::changes::Change;
use crate::shopify::kinds::{Kind, Set};
use crate::shopify::rest::topics;
use crate::shopify::webhooks::{USUAL_TOPICS, sign};

fn connector(version: &str) -> Connector {
    let (connector, findings) = Connector::load(&catalog("shopify").unwrap());
    assert!(connector.is_some(), "{findings:?}");
    connector.unwrap().at_version(version).unwrap()
}

/// Asks until the record is whole; how many requests it took.
fn run(connector: &Connector, shop: &Shop, mut operation: Operation) -> (Outcome, usize) {
    for requests in 1.. {
        let request = connector.plan(&operation).unwrap();
        let body: serde_json::Value = serde_json::from_str(&request.body.unwrap()).unwrap();
        let query = body["query"].as_str().unwrap();
        let answer = ask(shop, connector.version(), query, body["variables"].clone());
        let requested = answer["extensions"]["cost"]["requestedQueryCost"].as_u64();
        assert!(requested.is_some_and(|cost| cost <= 1_000), "{answer}");
        let response = Response::Answer {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: answer.to_string(),
        };
        match connector.read(&operation, &response).outcome {
            Outcome::More(next) => operation = next,
            outcome => return (outcome, requests),
        }
    }
    unreachable!()
}

fn get(id: &str) -> Operation {
    Operation::Get { resource: "order".to_owned(), key: id.to_owned() }
}

#[test]
fn the_connector_reads_every_kind_of_order_whole_in_both_versions() {
    for version in ["2026-01", "2026-10"] {
        let (connector, shop) = (connector(version), shop());
        for (n, (kind, name, _)) in Kind::ALL.iter().enumerate() {
            let id = shop.create(*kind, n as u64).unwrap();
            let (outcome, requests) = run(&connector, &shop, get(&id));
            let Outcome::Record(record) = outcome else { panic!("{version} {name}: {outcome:?}") };
            let record: serde_json::Value = serde_json::from_str(&text::write(&record)).unwrap();
            assert_eq!(record["id"], id.as_str());
            let stored = shop.find(&id).unwrap();
            let sales = |json: &serde_json::Value| -> usize {
                let agreements = json["agreements"].as_array().unwrap();
                agreements.iter().map(|a| a["sales"].as_array().unwrap().len()).sum()
            };
            assert_eq!(sales(&record), sales(&stored.graph), "{version} {name}");
            assert!(requests < 25, "{name} took {requests} requests");
        }
    }
}

#[test]
fn a_plain_order_fits_the_bucket_of_the_cheapest_plan() {
    let (shop, _, _) = shop_with(Limits::default());
    let connector = connector("2026-10");
    let id = shop.create(Kind::MixedRates, 1).unwrap();
    let (outcome, requests) = run(&connector, &shop, get(&id));
    assert!(matches!(outcome, Outcome::Record(_)), "{outcome:?}");
    assert_eq!(requests, 1);
}

#[test]
fn the_connector_lists_pages_finds_by_name_and_checks_the_shop() {
    let (connector, shop) = (connector("2026-10"), shop());
    shop.generate(130, 1).unwrap();
    let mut page = None;
    let mut seen = 0;
    loop {
        let operation = Operation::List {
            resource: "order".to_owned(),
            filter: Vec::new(),
            since_ms: Some(super::NOON - 24 * 3_600_000),
            page: page.clone(),
        };
        let (Outcome::Page { records, next }, _) = run(&connector, &shop, operation) else {
            panic!("no page")
        };
        seen += records.len();
        page = next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(seen, 130);
    let later = Operation::List {
        resource: "order".to_owned(),
        filter: Vec::new(),
        since_ms: Some(super::NOON),
        page: None,
    };
    let (Outcome::Page { records, .. }, _) = run(&connector, &shop, later) else {
        panic!("no page")
    };
    assert!(records.is_empty(), "changed three hours before: {records:?}");
    let operation = Operation::Find {
        resource: "order".to_owned(),
        field: "name".to_owned(),
        value: "#1042".to_owned(),
        page: None,
    };
    let (Outcome::Page { records, .. }, _) = run(&connector, &shop, operation) else {
        panic!("no page")
    };
    assert_eq!(records.len(), 1);
    let (outcome, _) = run(&connector, &shop, Operation::Check { number: 0 });
    assert!(matches!(outcome, Outcome::Record(_)), "{outcome:?}");
}

#[test]
fn an_update_through_the_connector_changes_the_order() {
    let (connector, shop) = (connector("2026-10"), shop());
    let id = shop.create(Kind::Card, 0).unwrap();
    let record = text::read(r#"{"note":"Skickad till ekonomi"}"#).unwrap();
    let update = Operation::Update { resource: "order".to_owned(), key: id.clone(), record };
    let (outcome, _) = run(&connector, &shop, update);
    assert!(matches!(outcome, Outcome::Record(_)), "{outcome:?}");
    assert_eq!(shop.find(&id).unwrap().order.note.as_deref(), Some("Skickad till ekonomi"));
}

#[test]
fn every_topics_body_names_the_order_to_the_connector() {
    let (connector, shop) = (connector("2026-10"), shop());
    let id = shop.create(Kind::Refunded, 0).unwrap();
    let stored = shop.change(&id, &Change::AddLine).unwrap();
    let secrets = [Secret::new("hush")];
    let more = ["orders/edited", "refunds/create", "order_transactions/create"];
    for topic in USUAL_TOPICS.into_iter().chain(more) {
        let body = topics::body(&stored.order, topic).unwrap().unwrap().to_string();
        let headers: Vec<(String, String)> = [
            ("x-shopify-topic", topic.to_owned()),
            ("x-shopify-webhook-id", "1".to_owned()),
            ("x-shopify-hmac-sha256", sign("hush", body.as_bytes())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let delivery = connector.webhook_verify(&headers, body.as_bytes(), &secrets).unwrap();
        assert_eq!(delivery.record, id, "{topic}");
    }
}

#[test]
fn kinds_for_load_hold_none_that_fail() {
    let asked = |kind| Kind::ALL.iter().any(|(k, _, set)| *k == kind && *set == Set::Asked);
    assert!(asked(Kind::BadArticle) && !asked(Kind::Card));
    assert_eq!(json!(Kind::named("tip").map(Kind::name)), json!("tip"));
}
