//! Small step graphs, built by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_graph::{
    Catch, Endpoint, Find, Graph, Node, Poll, Program, Retry, Step, Triggers, UpdatePolicy, Upsert,
    WaitOn, WhenLocked,
};

fn program(code: &str) -> Program {
    Program(Arc::from(format!(r#"{{"edition":1,"code":{code}}}"#)))
}

fn path(root: &str, field: &str) -> Program {
    program(&format!(r#"{{"field":[{{"root":"{root}"}},"{field}"]}}"#))
}

fn end(connection: &str) -> Endpoint {
    Endpoint { connection: connection.to_owned(), resource: "order".to_owned() }
}

fn node(id: &str, step: Step, next: Option<u32>) -> Node {
    Node {
        id: id.to_owned(),
        when: None,
        step,
        expect: Vec::new(),
        catch: Vec::<Catch>::new(),
        retry: None,
        timeout_ms: None,
        undo: None,
        next,
        place: "toy.flow.yaml:1".to_owned(),
    }
}

fn graph(flow: &str, topics: &[&str], nodes: Vec<Node>) -> Graph {
    let field = |name: &str, code: &str| {
        format!(
            r#"{{"name":"{name}","gives":{{"first":{{"candidates":[{{"name":"1","text":"","code":{code}}}],"otherwise":null}}}},"write":"any","required":true}}"#
        )
    };
    let fields = [
        field("Ref", r#"{"field":[{"root":"order"},"id"]}"#),
        field("Prefix", r#"{"setting":"prefix"}"#),
    ];
    let mapping = format!(
        r#"{{"edition":1,"code":{{"name":"order","from":{{}},"to":"order","pick":null,"lets":[],"fields":[{}],"checks":[]}}}}"#,
        fields.join(",")
    );
    Graph {
        edition: 1,
        integration: "toy".to_owned(),
        flow: flow.to_owned(),
        title: flow.to_owned(),
        entity: "order".to_owned(),
        from: end("shop"),
        to: end("ledger"),
        takes: Vec::new(),
        triggers: Triggers {
            webhook: topics.iter().map(|t| (*t).to_owned()).collect(),
            poll: None,
            manual: vec!["id".to_owned()],
            schedules: Vec::new(),
        },
        lane: None,
        skip: Vec::new(),
        retry: Retry { attempts: 30, ..Retry::default() },
        nodes,
        mappings: BTreeMap::from([("order".to_owned(), Program(Arc::from(mapping)))]),
        scripts: BTreeMap::new(),
    }
}

fn upsert() -> Step {
    Step::Upsert(Box::new(Upsert {
        of: end("ledger"),
        entity: "order".to_owned(),
        reference: path("order", "id"),
        find: vec![Find {
            field: "Ref".to_owned(),
            value: path("order", "id"),
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
    }))
}

fn book() -> Step {
    Step::Call {
        of: end("ledger"),
        action: "book".to_owned(),
        key: path("write", "Id"),
        with: Vec::new(),
        stores: None,
    }
}

/// One branch waits for a signal, the other writes and waits for another order's document.
fn side() -> Vec<Node> {
    let branches = vec![("a".to_owned(), Some(1)), ("b".to_owned(), Some(2))];
    let wait = |on: WaitOn| Step::Wait { on, within_ms: None };
    let nine = program(r#"{"const":{"text":"9"}}"#);
    vec![
        node("both", Step::Together { branches }, Some(4)),
        node("go", wait(WaitOn::Signal("go".to_owned())), None),
        node("write", upsert(), Some(3)),
        node("nine", wait(WaitOn::Reference { entity: "order".to_owned(), id: nine }), None),
        node("book", book(), None),
    ]
}

/// Writes, and says so in the audit log.
fn told() -> Vec<Node> {
    let text = program(r#"{"const":{"text":"written"}}"#);
    vec![node("write", upsert(), Some(1)), node("say", Step::Log { text }, None)]
}

/// Two reads side by side.
fn reads() -> Vec<Node> {
    let branches = vec![("a".to_owned(), Some(1)), ("b".to_owned(), Some(2))];
    let get = || Step::Get { of: end("shop"), by: path("order", "id") };
    vec![
        node("both", Step::Together { branches }, None),
        node("one", get(), None),
        node("two", get(), None),
    ]
}

/// Waits a day for a signal, then writes.
fn later() -> Vec<Node> {
    let on = WaitOn::Signal("go".to_owned());
    let mut wait = node("go", Step::Wait { on, within_ms: Some(86_400_000) }, Some(1));
    wait.catch.push(Catch { fault: "WAIT_OVER".to_owned(), to: None });
    vec![wait, node("write", upsert(), None)]
}

/// `order`: write, then book. `parent`: runs `order` as a child.
pub fn all() -> Vec<Graph> {
    let run = Step::Run { flow: "order".to_owned(), with: Vec::new(), detach: false };
    let mut polled = graph("polled", &[], vec![node("write", upsert(), None)]);
    polled.triggers.poll =
        Some(Poll { since: "changed".to_owned(), overlap_ms: 60_000, every_ms: 30_000 });
    vec![
        graph(
            "order",
            &["orders/create"],
            vec![node("write", upsert(), Some(1)), node("book", book(), None)],
        ),
        graph("parent", &[], vec![node("child", run, None)]),
        graph("side", &[], side()),
        graph("told", &[], told()),
        graph("reads", &[], reads()),
        graph("later", &[], later()),
        polled,
    ]
}
