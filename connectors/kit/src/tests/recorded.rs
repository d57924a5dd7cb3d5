//! Fortnox as it was recorded: every exchange decodes.

use std::collections::BTreeMap;

use tenon_value::{Class, Value, json};

use super::support::{answer, connector, get};
use crate::schema::Manner;
use crate::{Operation, Outcome};

const RECORDED: &str = include_str!("../../../catalog/fortnox/recorded-exchanges.json");

/// The operation a recorded request stands for. Resources the manifest only reads are read.
fn operation(method: &str, path: &str, request: &Value) -> Operation {
    let mut parts = path.trim_matches('/').split('/');
    let (folder, key) = (parts.next().unwrap(), parts.next());
    let resource = match folder {
        "termsofpayments" => "terms_of_payment",
        other => other.trim_end_matches('s'),
    };
    let fortnox = connector("fortnox");
    let found = fortnox.resource(resource).unwrap();
    let resource = resource.to_owned();
    let record = || {
        let first = request.as_record().and_then(|fields| fields.first());
        first.map(|(_, record)| record.clone()).unwrap_or_default()
    };
    match (method, key) {
        ("GET", None) => Operation::List { resource, filter: vec![], since_ms: None, page: None },
        ("POST", _) if found.create.is_some() => Operation::Create { resource, record: record() },
        ("PUT", Some(key)) if found.update.is_some() => {
            Operation::Update { resource, key: key.to_owned(), record: record() }
        }
        (_, key) => get(&resource, key.unwrap_or("new")),
    }
}

#[test]
fn every_recorded_exchange_decodes_and_fits_the_schema() {
    let fortnox = connector("fortnox");
    let api = fortnox.open_api().unwrap();
    let recorded = json::read(RECORDED).unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for exchange in recorded.items() {
        let text = |name: &str| exchange.field(name).as_text().unwrap_or_default().to_owned();
        let status = u16::try_from(exchange.field("status").as_number().unwrap().to_i64().unwrap());
        let status = status.unwrap();
        let uri = text("uri");
        let path = uri.strip_prefix("https://api.fortnox.se").unwrap();
        let path = path.split('?').next().unwrap();
        let endpoint = api.endpoint(&text("method"), path).expect(path);
        if let Some(schema) = endpoint.answers.get(&status) {
            let found = api.check(schema, exchange.field("response"), Manner::Answer);
            assert!(found.is_empty(), "{uri}: {found:?}");
        }
        let request = exchange.field("request");
        let operation = operation(&text("method"), path.strip_prefix("/3").unwrap(), request);
        let body = json::write(exchange.field("response"));
        let kind = match fortnox.read(&operation, &answer(status, &body)).outcome {
            Outcome::Record(record) if status < 300 => {
                let resource = match &operation {
                    Operation::Get { resource, .. }
                    | Operation::Create { resource, .. }
                    | Operation::Update { resource, .. } => resource.clone(),
                    other => panic!("{other:?}"),
                };
                assert!(fortnox.key_of(&resource, &record).is_some(), "{uri} has no key");
                "record"
            }
            Outcome::Page { records, .. } if status < 300 => {
                let said = exchange.at("response.MetaInformation.@TotalResources");
                assert!(said.as_number().is_some() && records.len() <= 500);
                "page"
            }
            Outcome::Fault(fault) => {
                assert!(status >= 400, "{uri}: {fault}");
                match (status, fault.class) {
                    (401, Class::Auth) => "auth",
                    (404, Class::NotFound) => "not_found",
                    (400, Class::Rejected) => "rejected",
                    (400, Class::Defect) if fault.code == "fortnox:2000587" => "unknown filter",
                    _ => panic!("{uri}: {fault}"),
                }
            }
            other => panic!("{uri}: {other:?}"),
        };
        *counts.entry(kind).or_default() += 1;
    }
    let expected = [
        ("auth", 1),
        ("not_found", 7),
        ("page", 36),
        ("record", 76),
        ("rejected", 4),
        ("unknown filter", 2),
    ];
    assert_eq!(counts.values().sum::<usize>(), 126);
    assert_eq!(counts, BTreeMap::from(expected));
}

#[test]
fn recorded_requests_are_taken_by_the_schema_but_for_known_differences() {
    let fortnox = connector("fortnox");
    let api = fortnox.open_api().unwrap();
    let mut rules = BTreeMap::new();
    for exchange in json::read(RECORDED).unwrap().items() {
        // Six bodies were masked as a whole.
        let request = exchange.field("request");
        if request.as_record().is_none() {
            continue;
        }
        let uri = exchange.field("uri").as_text().unwrap();
        let path = uri.strip_prefix("https://api.fortnox.se").unwrap();
        let endpoint = api.endpoint(exchange.field("method").as_text().unwrap(), path).unwrap();
        let schema = endpoint.body.as_ref().unwrap();
        for violation in api.check(schema, request, Manner::Request) {
            *rules.entry(violation.rule).or_insert(0) += 1;
        }
    }
    // What published-vs-recorded lists: parts of records in updates, kinds of housework.
    use crate::schema::Rule;
    assert_eq!(rules, BTreeMap::from([(Rule::Required, 9), (Rule::Choice, 4)]));
}

#[test]
fn our_checker_agrees_with_another_implementation() {
    let text = &crate::catalog("fortnox").unwrap()["openapi.json"];
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    let fortnox = connector("fortnox");
    let api = fortnox.open_api().unwrap();
    let mut compared = BTreeMap::new();
    for exchange in json::read(RECORDED).unwrap().items() {
        let method = exchange.field("method").as_text().unwrap();
        let uri = exchange.field("uri").as_text().unwrap();
        let endpoint = api
            .endpoint(
                method,
                uri.trim_start_matches("https://api.fortnox.se").split('?').next().unwrap(),
            )
            .unwrap();
        let status = exchange.field("status").as_number().unwrap().to_i64().unwrap();
        let answer = endpoint.answers.get(&u16::try_from(status).unwrap());
        let pairs = [
            (answer, exchange.field("response")),
            (endpoint.body.as_ref(), exchange.field("request")),
        ];
        for (schema, value) in pairs {
            let Some(crate::schema::Schema { shape: crate::schema::Shape::Named(name), .. }) =
                schema
            else {
                continue;
            };
            if value.as_record().is_none() {
                continue;
            }
            let mut root = serde_json::json!({ "$ref": format!("#/components/schemas/{name}") });
            root["components"] = document["components"].clone();
            let theirs = jsonschema::validator_for(&root).unwrap();
            let plain: serde_json::Value = serde_json::from_str(&json::write(value)).unwrap();
            let mut ours = api.validate(name, value, Manner::Published);
            // JSON Schema lets unknown fields and any text for a format pass.
            ours.retain(|v| {
                !matches!(v.rule, crate::schema::Rule::Unknown | crate::schema::Rule::Format)
            });
            assert_eq!(ours.is_empty(), theirs.is_valid(&plain), "{method} {uri} {name}: {ours:?}");
            *compared.entry(ours.is_empty()).or_insert(0) += 1;
        }
    }
    assert!(compared[&true] > 10 && compared[&false] > 10, "{compared:?}");
}
