//! Small graphs, written as the flow compiler would.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tenon_graph::{
    Catch, Create, Each, Endpoint, Expect, Failures, Find, Gather, Graph, Node, Program, Retry,
    Skip, Step, StopAs, Stores, Triggers, UpdatePolicy, Upsert, WhenLocked,
};

pub(super) fn code(code: &Json) -> Program {
    Program(Arc::from(json!({ "edition": 1, "code": code }).to_string().as_str()))
}

/// A dotted path from a name of the scope; `settings.NAME` is a setting.
pub(super) fn path(path: &str) -> Json {
    let mut names = path.split('.');
    let root = names.next().unwrap();
    if root == "settings" {
        return json!({ "setting": names.next().unwrap() });
    }
    names.fold(json!({ "root": root }), |inner, name| json!({ "field": [inner, name] }))
}

pub(super) fn text(text: &str) -> Json {
    json!({ "const": { "text": text } })
}

pub(super) fn equal(a: &Json, b: &Json) -> Json {
    json!({ "binary": ["equal", a, b] })
}

pub(super) fn is_true(of: &str) -> Json {
    equal(&path(of), &json!({ "const": { "bool": true } }))
}

pub(super) fn is_there(of: &str) -> Json {
    json!({ "binary": ["not_equal", path(of), "null"] })
}

pub(super) fn mapping(name: &str, fields: &[(&str, Json)]) -> Program {
    let fields: Vec<Json> = fields
        .iter()
        .map(|(field, code)| {
            let named = json!({ "name": field, "text": field, "code": code });
            json!({
                "name": field,
                "gives": { "first": { "candidates": [named], "otherwise": null } },
                "write": "any",
                "required": false,
            })
        })
        .collect();
    code_of_mapping(name, &fields)
}

fn code_of_mapping(name: &str, fields: &[Json]) -> Program {
    let code = json!({
        "name": name, "from": {}, "to": "ledger.x", "pick": null, "lets": [],
        "fields": fields, "checks": [],
    });
    Program(Arc::from(json!({ "edition": 1, "code": code }).to_string().as_str()))
}

pub(super) fn at(connection: &str, resource: &str) -> Endpoint {
    Endpoint { connection: connection.to_owned(), resource: resource.to_owned() }
}

pub(super) fn node(id: &str, step: Step) -> Node {
    Node {
        id: id.to_owned(),
        when: None,
        step,
        expect: Vec::new(),
        catch: Vec::new(),
        retry: None,
        timeout_ms: None,
        undo: None,
        next: None,
        place: format!("test:{id}"),
    }
}

pub(super) fn when(mut node: Node, when: &Json) -> Node {
    node.when = Some(code(when));
    node
}

pub(super) fn expect(mut node: Node, holds: &Json, code_: &str) -> Node {
    node.expect.push(Expect {
        holds: code(holds),
        code: code_.to_owned(),
        because: code(&text("it is not as expected")),
    });
    node
}

pub(super) fn catch(mut node: Node, fault: &str, to: Option<u32>) -> Node {
    node.catch.push(Catch { fault: fault.to_owned(), to });
    node
}

/// A graph whose nodes follow one another, where they do not say otherwise.
pub(super) fn graph(flow: &str, mut nodes: Vec<Node>) -> Graph {
    let last = u32::try_from(nodes.len()).unwrap() - 1;
    for (n, node) in (0_u32..).zip(nodes.iter_mut()) {
        if n < last && node.next.is_none() && !matches!(node.step, Step::Stop { .. }) {
            node.next = Some(n + 1);
        }
    }
    Graph {
        edition: 1,
        integration: "shop-ledger".to_owned(),
        flow: flow.to_owned(),
        title: flow.to_owned(),
        entity: "order".to_owned(),
        from: at("shop", "order"),
        to: at("ledger", "order"),
        takes: Vec::new(),
        triggers: Triggers::default(),
        lane: None,
        skip: vec![Skip {
            when: code(&is_true("order.test")),
            because: code(&text("a test order")),
        }],
        retry: Retry { attempts: 4, ..Retry::default() },
        nodes,
        mappings: BTreeMap::from([
            (
                "order".to_owned(),
                mapping(
                    "order",
                    &[
                        ("ref", path("order.name")),
                        ("total", path("order.total")),
                        ("customer", path("customer.id")),
                        ("note", path("order.note")),
                        (
                            "terms",
                            json!({ "lookup": {
                            "table": "terms", "keys": [["method", path("order.method")]],
                            "optional": false } }),
                        ),
                    ],
                ),
            ),
            (
                "customer".to_owned(),
                mapping(
                    "customer",
                    &[
                        ("email", path("order.customer.email")),
                        ("name", path("order.customer.name")),
                    ],
                ),
            ),
        ]),
        scripts: BTreeMap::new(),
    }
}

pub(super) fn upsert_order() -> Upsert {
    Upsert {
        of: at("ledger", "order"),
        entity: "order".to_owned(),
        reference: code(&path("order.id")),
        find: vec![Find {
            field: "ref".to_owned(),
            value: code(&path("order.name")),
            marker: true,
            when: None,
            same: Vec::new(),
        }],
        mapping: "order".to_owned(),
        with: Vec::new(),
        adopt_if: Vec::new(),
        adopt: false,
        when_locked: WhenLocked::Issue,
        update: UpdatePolicy::All,
    }
}

pub(super) fn upsert_customer() -> Upsert {
    Upsert {
        of: at("ledger", "customer"),
        entity: "customer".to_owned(),
        reference: code(&path("order.customer.id")),
        find: vec![Find {
            field: "email".to_owned(),
            value: code(&path("order.customer.email")),
            marker: false,
            when: None,
            same: Vec::new(),
        }],
        mapping: "customer".to_owned(),
        with: Vec::new(),
        adopt_if: vec!["email".to_owned()],
        adopt: true,
        when_locked: WhenLocked::Keep,
        update: UpdatePolicy::EmptyFields,
    }
}

pub(super) fn customer() -> Node {
    when(node("customer", Step::Upsert(Box::new(upsert_customer()))), &is_there("order.customer"))
}

pub(super) fn order() -> Node {
    node("erp_order", Step::Upsert(Box::new(upsert_order())))
}

pub(super) fn invoice() -> Node {
    let step = Step::Call {
        of: at("ledger", "order"),
        action: "invoice".to_owned(),
        key: code(&path("erp_order.number")),
        with: Vec::new(),
        stores: Some(Stores {
            entity: "invoice".to_owned(),
            reference: code(&path("order.id")),
            resource: "invoice".to_owned(),
        }),
    };
    when(node("invoice", step), &is_true("order.paid"))
}

pub(super) fn book() -> Node {
    let step = Step::Call {
        of: at("ledger", "invoice"),
        action: "book".to_owned(),
        key: code(&path("invoice.number")),
        with: Vec::new(),
        stores: None,
    };
    when(node("book", step), &is_there("invoice"))
}

pub(super) fn call(id: &str, action: &str) -> Node {
    node(
        id,
        Step::Call {
            of: at("ledger", "order"),
            action: action.to_owned(),
            key: code(&path("erp_order.number")),
            with: vec![("text".to_owned(), code(&text("hello")))],
            stores: None,
        },
    )
}

pub(super) fn log() -> Node {
    node("line", Step::Log { text: code(&text("all is well")) })
}

pub(super) fn stop(id: &str, end: StopAs) -> Node {
    node(id, Step::Stop { end, because: code(&text("the flow says so")) })
}

/// Customer, order, invoice, booking, a log line: the whole way.
pub(super) fn whole() -> Graph {
    graph("order", vec![customer(), order(), invoice(), book(), log()])
}

/// A graph whose nodes say themselves what follows.
pub(super) fn shaped(flow: &str, nodes: Vec<(Node, Option<u32>)>) -> Graph {
    let nexts: Vec<Option<u32>> = nodes.iter().map(|(_, next)| *next).collect();
    let mut graph = graph(flow, nodes.into_iter().map(|(node, _)| node).collect());
    for (node, next) in graph.nodes.iter_mut().zip(nexts) {
        node.next = next;
    }
    let fields = [("ref", path("line.id")), ("sku", path("line.sku")), ("qty", path("line.qty"))];
    graph.mappings.insert("row".to_owned(), mapping("row", &fields));
    graph
}

/// Makes a record of a line, named by the line.
pub(super) fn row() -> Node {
    let create = Create {
        of: at("ledger", "row"),
        entity: "row".to_owned(),
        reference: code(&path("line.id")),
        mapping: "row".to_owned(),
        with: Vec::new(),
    };
    node("row", Step::Create(Box::new(create)))
}

/// Goes over the lines of the order.
pub(super) fn lines(body: u32, at_once: u32, failures: Failures) -> Each {
    Each {
        items: code(&path("order.lines")),
        name: "line".to_owned(),
        index: Some("i".to_owned()),
        body: Some(body),
        at_once,
        failures,
        detach: false,
        gather: vec![
            ("quantity".to_owned(), Gather::Sum(code(&path("line.qty")))),
            ("made".to_owned(), Gather::Count(code(&is_there("row")))),
            ("rows".to_owned(), Gather::List { value: code(&path("line.sku")), max: 10 }),
        ],
        after: None,
    }
}

pub(super) fn says(id: &str, what: &str) -> Node {
    node(id, Step::Log { text: code(&path(what)) })
}
