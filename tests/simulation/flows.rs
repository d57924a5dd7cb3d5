//! The flows that the simulated engine runs: small step graphs, built by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_graph::{
    Endpoint, Find, Graph, Node, Poll, Program, Retry, Step, Triggers, UpdatePolicy, Upsert,
    WhenLocked,
};

/// How far a poll reads back behind its mark.
pub const OVERLAP_MS: i64 = 60_000;
/// How often it runs.
pub const POLL_MS: i64 = 30_000;

fn program(code: &str) -> Program {
    Program(Arc::from(format!(r#"{{"edition":1,"code":{code}}}"#)))
}

fn code(root: &str, field: &str) -> String {
    format!(r#"{{"field":[{{"root":"{root}"}},"{field}"]}}"#)
}

fn path(root: &str, field: &str) -> Program {
    program(&code(root, field))
}

fn end(connection: &str, resource: &str) -> Endpoint {
    Endpoint { connection: connection.to_owned(), resource: resource.to_owned() }
}

fn node(id: &str, step: Step, next: Option<u32>) -> Node {
    Node {
        id: id.to_owned(),
        when: None,
        step,
        expect: Vec::new(),
        catch: Vec::new(),
        retry: None,
        timeout_ms: None,
        undo: None,
        next,
        place: "sim.flow.yaml:1".to_owned(),
    }
}

fn mapping(name: &str, fields: &[(&str, String)]) -> Program {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, code)| {
            let one = format!(r#"{{"name":"1","text":"","code":{code}}}"#);
            let gives = format!(r#"{{"first":{{"candidates":[{one}],"otherwise":null}}}}"#);
            format!(r#"{{"name":"{name}","gives":{gives},"write":"any","required":true}}"#)
        })
        .collect();
    program(&format!(
        r#"{{"name":"{name}","from":{{}},"to":"{name}","pick":null,"lets":[],"fields":[{}],"checks":[]}}"#,
        fields.join(",")
    ))
}

fn upsert(resource: &str, reference: Program) -> Step {
    Step::Upsert(Box::new(Upsert {
        of: end("ledger", resource),
        entity: resource.to_owned(),
        reference: reference.clone(),
        find: vec![Find {
            field: "Marker".to_owned(),
            value: reference,
            marker: true,
            when: None,
            same: Vec::new(),
        }],
        mapping: resource.to_owned(),
        with: Vec::new(),
        adopt_if: Vec::new(),
        adopt: false,
        when_locked: WhenLocked::Issue,
        update: UpdatePolicy::All,
    }))
}

fn call(action: &str) -> Step {
    Step::Call {
        of: end("ledger", "order"),
        action: action.to_owned(),
        key: path("order_there", "Id"),
        with: Vec::new(),
        stores: None,
    }
}

fn graph(flow: &str, topics: &[&str], nodes: Vec<Node>) -> Graph {
    let order = mapping(
        "order",
        &[
            ("Marker", code("order", "id")),
            ("Total", code("order", "total")),
            ("Customer", code("card", "Id")),
        ],
    );
    let customer = mapping("customer", &[("Marker", code("order", "customer"))]);
    Graph {
        edition: 1,
        integration: "sim".to_owned(),
        flow: flow.to_owned(),
        title: flow.to_owned(),
        entity: "order".to_owned(),
        from: end("shop", "order"),
        to: end("ledger", "order"),
        takes: Vec::new(),
        triggers: Triggers {
            webhook: topics.iter().map(|t| (*t).to_owned()).collect(),
            manual: vec!["id".to_owned()],
            ..Triggers::default()
        },
        lane: None,
        skip: Vec::new(),
        retry: Retry { attempts: 20, max_ms: 60_000, ..Retry::default() },
        nodes,
        mappings: BTreeMap::from([("order".to_owned(), order), ("customer".to_owned(), customer)]),
        scripts: BTreeMap::new(),
    }
}

/// `order`: the customer's card, the order, and its booking. `polled`: card and order. `parent` runs
/// `order` as a child. `remit` ends with an action that nothing proves.
pub fn all() -> Vec<Graph> {
    let card = |next| node("card", upsert("customer", path("order", "customer")), Some(next));
    let order = |next| node("order_there", upsert("order", path("order", "id")), next);
    let run = Step::Run { flow: "order".to_owned(), with: Vec::new(), detach: false };
    let mut polled = graph("polled", &[], vec![card(1), order(None)]);
    polled.triggers.poll =
        Some(Poll { since: "changed".to_owned(), overlap_ms: OVERLAP_MS, every_ms: POLL_MS });
    vec![
        graph(
            "order",
            &["orders/create", "orders/updated"],
            vec![card(1), order(Some(2)), node("book", call("book"), None)],
        ),
        graph("parent", &[], vec![node("child", run, None)]),
        graph("remit", &[], vec![card(1), order(Some(2)), node("remit", call("remit"), None)]),
        polled,
    ]
}
