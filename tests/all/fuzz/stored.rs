//! What comes from outside or from the disk: answers, deliveries, events, rows, graphs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use tenon_graph::Graph;
use tenon_kit::{Connector, Operation, Response, Secret};
use tenon_machine::{Event, What};
use tenon_store::cells::{Cells, judge, prepare, read_row};
use tenon_store::{Commit, Key, Position, Row, StoreError};
use tenon_value::{Value, json};

use super::{fuzz, texts};

fn connector(name: &str) -> Connector {
    Connector::load(&tenon_kit::catalog(name).unwrap()).0.unwrap()
}

static SHOPIFY: LazyLock<Connector> = LazyLock::new(|| connector("shopify"));
static FORTNOX: LazyLock<Connector> = LazyLock::new(|| connector("fortnox"));

fn operations() -> Vec<Operation> {
    let order = || "order".to_owned();
    let record = Value::of([("DocumentNumber", Value::text("1"))]);
    vec![
        Operation::Get { resource: order(), key: "1".to_owned() },
        Operation::List { resource: order(), filter: Vec::new(), since_ms: Some(0), page: None },
        Operation::Find {
            resource: order(),
            field: "ExternalInvoiceReference1".to_owned(),
            value: "S-1".to_owned(),
            page: None,
        },
        Operation::Create { resource: order(), record: record.clone() },
        Operation::Update { resource: order(), key: "1".to_owned(), record },
    ]
}

#[test]
fn any_answer_is_read_or_refused() {
    let operations = operations();
    let seeds = texts(&[
        r#"200 {"Order":{"DocumentNumber":"1","Currency":"SEK","OrderRows":[{"Price":12.50}]}}"#,
        r#"200 {"MetaInformation":{"@TotalPages":2,"@CurrentPage":1},"Orders":[{"DocumentNumber":"1"}]}"#,
        r#"400 {"ErrorInformation":{"error":1,"message":"Kan inte hitta kunden.","code":2000433}}"#,
        r#"200 {"data":{"order":{"id":"gid://shopify/Order/1","name":"1"}},"extensions":{"cost":{"requestedQueryCost":3,"actualQueryCost":3,"throttleStatus":{"maximumAvailable":2000,"currentlyAvailable":1999,"restoreRate":100}}}}"#,
        r#"200 {"data":{"orders":{"nodes":[{"id":"1"}],"pageInfo":{"hasNextPage":true,"endCursor":"x"}}}}"#,
        r#"200 {"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}]}"#,
        r#"200 {"data":{"orderUpdate":{"order":null,"userErrors":[{"field":["id"],"message":"m","code":"X"}]}}}"#,
        "429 too many",
        "503 <html>",
    ]);
    fuzz("answer", &seeds, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (status, body) = text.split_once(' ').unwrap_or(("200", &text));
        let status = status.parse().unwrap_or(200);
        let headers = vec![("retry-after".to_owned(), body.chars().take(9).collect())];
        let response = Response::Answer { status, headers, body: body.to_owned() };
        for operation in &operations {
            for connector in [&*FORTNOX, &*SHOPIFY] {
                let _ = connector.read(operation, &response);
            }
        }
    });
}

const SECRET: &str = "hush";

#[test]
fn any_delivery_is_proven_and_read_or_refused() {
    let seeds = texts(&[
        "orders/create\n{\"admin_graphql_api_id\":\"gid://shopify/Order/1\",\"id\":1}",
        "refunds/create\n{\"order_id\":1,\"id\":2}",
        "app/uninstalled\n{}",
    ]);
    let secrets = [Secret::new(SECRET)];
    fuzz("delivery", &seeds, |bytes| {
        let split = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
        let (topic, body) = bytes.split_at(split);
        let body = body.get(1..).unwrap_or_default();
        let topic = String::from_utf8_lossy(topic).into_owned();
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(body);
        let signed = STANDARD.encode(mac.finalize().into_bytes());
        for signature in [signed, topic.clone()] {
            let headers = [
                ("x-shopify-topic", topic.clone()),
                ("x-shopify-hmac-sha256", signature),
                ("x-shopify-webhook-id", topic.clone()),
            ]
            .map(|(name, value)| (name.to_owned(), value));
            let _ = SHOPIFY.webhook_verify(&headers, body, &secrets);
        }
    });
}

#[test]
fn any_bytes_are_an_event_or_refused() {
    let value = json::read(r#"{"a":[1,2.50,"x",null,true],"m":{"b":{}}}"#).unwrap();
    let record = || Value::of([("x", value.clone())]);
    let step = || "save".to_owned();
    let seeds: Vec<Vec<u8>> = [
        What::Begun,
        What::Read { step: step(), slot: "find:0".to_owned(), value: record() },
        What::LocksTaken { step: step(), keys: vec!["a".to_owned(), "b".to_owned()] },
        What::Looked {
            step: step(),
            reads: vec![(
                tenon_mapper::ReadKey::Setting { name: "live".into() },
                Value::Bool(true),
            )],
        },
    ]
    .into_iter()
    .map(|what| Event::at(1_795_000_000_000, what).encode())
    .collect();
    for seed in &seeds {
        assert_eq!(Event::decode(seed).unwrap().encode(), *seed);
    }
    fuzz("event", &seeds, |bytes| {
        if let Ok(event) = Event::decode(bytes) {
            let _ = event.to_value();
            let again = event.encode();
            assert_eq!(Event::decode(&again).ok().as_ref(), Some(&event));
        }
    });
}

/// Cells in memory.
#[derive(Default)]
struct Held(BTreeMap<Vec<u8>, Vec<u8>>);

impl Cells for Held {
    fn cell(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key).cloned())
    }

    fn visit(
        &self,
        (start, end): (&[u8], Option<&[u8]>),
        reverse: bool,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let within =
            |key: &Vec<u8>| key.as_slice() >= start && end.is_none_or(|e| key.as_slice() < e);
        let mut found: Vec<_> = self.0.iter().filter(|(key, _)| within(key)).collect();
        if reverse {
            found.reverse();
        }
        for (key, value) in found {
            if !visit(key, value) {
                break;
            }
        }
        Ok(())
    }
}

/// Checksum of the polynomial 0xEDB88320, bit by bit.
fn crc32(parts: [&[u8]; 2]) -> u32 {
    let mut crc = u32::MAX;
    for byte in parts.concat() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// A head cell over any bytes, with a checksum that holds.
fn cell(key: &[u8], compressed: bool, stored: &[u8]) -> Vec<u8> {
    let mut cell = vec![1, u8::from(compressed)];
    cell.extend_from_slice(&7_u64.to_be_bytes());
    cell.extend_from_slice(&u32::try_from(stored.len()).unwrap().to_be_bytes());
    cell.extend_from_slice(&crc32([key, stored]).to_be_bytes());
    cell.extend_from_slice(stored);
    cell
}

fn stored_as(row: Row) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let prepared = prepare(Commit::new().put(row)).unwrap();
    judge(prepared, Position(7), &Held::default())
        .unwrap()
        .into_iter()
        .filter_map(|write| Some((write.key, write.value?)))
        .collect()
}

#[test]
fn any_bytes_are_a_row_or_refused() {
    let mut keys: Vec<Key> = Vec::new();
    let mut seeds = Vec::new();
    for row in tenon_store::conformance::samples() {
        let key = row.key();
        let cells = stored_as(row.clone());
        let head = cells[&key.to_bytes()].clone();
        let held = Held(cells);
        assert!(read_row(&held, &key).unwrap().is_some(), "{key:?}");
        seeds.push(head);
        keys.push(key);
    }
    fuzz("row", &seeds, |bytes| {
        let stored = bytes.get(18..).unwrap_or_default();
        // Two of the tables each, so that the checksum is not computed sixteen times over.
        let at = usize::from(bytes.get(20).copied().unwrap_or_default());
        for key in [&keys[at % keys.len()], &keys[(at / 16) % keys.len()]] {
            let name = key.to_bytes();
            let all = [bytes.to_vec(), cell(&name, false, stored), cell(&name, true, stored)];
            for value in all {
                let _ = read_row(&Held(BTreeMap::from([(name.clone(), value)])), key);
            }
        }
    });
}

#[test]
fn a_row_that_claims_to_be_huge_is_refused_before_room_is_made_for_it() {
    let key = Key::Meta { name: "format".to_owned() };
    let name = key.to_bytes();
    let huge = cell(&name, true, &[0xff, 0xff, 0xff, 0x7f, 1, 2, 3]);
    let read = read_row(&Held(BTreeMap::from([(name, huge)])), &key);
    assert!(matches!(read, Err(StoreError::Damaged(_))), "{read:?}");
}

#[test]
fn any_text_is_a_graph_or_refused() {
    let mut seeds = Vec::new();
    let connectors = BTreeMap::from([
        ("shopify".to_owned(), std::sync::Arc::new(SHOPIFY.clone())),
        ("fortnox".to_owned(), std::sync::Arc::new(FORTNOX.clone())),
    ]);
    let (integration, found) = tenon_flow::load_integration(&shipped(), &connectors);
    let integration = integration.unwrap_or_else(|| panic!("{found:#?}"));
    for graph in integration.graphs.values() {
        let mut graph = graph.clone();
        // Programs are fuzzed on their own; here the graph's shape is meant.
        graph.mappings.clear();
        graph.scripts.clear();
        seeds.push(graph.to_json().unwrap().into_bytes());
    }
    fuzz("graph", &seeds, |bytes| {
        if let Ok(graph) = Graph::from_json(&String::from_utf8_lossy(bytes)) {
            let _ = graph.hash();
            let _ = tenon_machine::LoadedGraph::load(&graph);
        }
    });
}

fn shipped() -> BTreeMap<String, String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("workflows/shopify-fortnox");
    let mut files = BTreeMap::new();
    for folder in [root.clone(), root.join("scripts"), root.join("tables")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}
