//! Lists, scripts and the plain writes: create, update, delete.

use tenon_graph::{Create, Forgets, Graph, Step, Update, WhenLocked};
use tenon_value::{Class, Value};

use super::cut::cut;
use super::flows::{at, code, graph, node, order, path, text};
use super::outside::{Mishap, SETTLE_MS};
use super::people::at_request;
use super::process::Process;
use crate::{State, codes};

fn create() -> Step {
    Step::Create(Box::new(Create {
        of: at("ledger", "order"),
        entity: "order".to_owned(),
        reference: code(&path("order.id")),
        mapping: "order".to_owned(),
        with: Vec::new(),
    }))
}

fn update(key: &str, when_locked: WhenLocked) -> Step {
    Step::Update(Box::new(Update {
        of: at("ledger", "order"),
        key: code(&text(key)),
        mapping: "order".to_owned(),
        with: Vec::new(),
        when_locked,
    }))
}

fn delete() -> Step {
    Step::Delete {
        of: at("ledger", "order"),
        key: code(&path("erp_order.number")),
        forgets: Some(Forgets { entity: "order".to_owned(), reference: code(&path("order.id")) }),
    }
}

fn list(limit: u32) -> Step {
    let filter = vec![
        ("terms".to_owned(), code(&text("30 days"))),
        ("none".to_owned(), code(&path("order.nothing"))),
    ];
    Step::List { of: at("ledger", "order"), filter, limit }
}

fn made_and_deleted() -> Graph {
    graph("order", vec![order(), node("gone", delete())])
}

fn code_of(process: &Process) -> &str {
    process.task.state.fault().map_or("", |fault| &fault.code)
}

#[test]
fn a_create_makes_one_record_and_a_second_run_makes_none() {
    let flow = graph("order", vec![node("made", create())]);
    let mut first = Process::new(&flow);
    first.start();
    assert_eq!(first.task.state, State::Done, "{}", first.story());
    assert_eq!(first.outside.asked, ["shop get order o-1", "ledger create order"]);
    let mut again = Process::new(&flow);
    again.disk.links = first.disk.links.clone();
    again.outside = first.outside.clone();
    again.start();
    assert_eq!(again.outside.acted, ["create order"]);
    insta::assert_snapshot!(again.story());
}

#[test]
fn a_create_whose_answer_was_lost_is_looked_for() {
    for mishap in [Mishap::LostAfter, Mishap::LostBefore, Mishap::ActsLater(SETTLE_MS / 2)] {
        let mut process = Process::new(&graph("order", vec![node("made", create())]));
        process.outside.mishaps = at_request(2, mishap.clone());
        process.start();
        assert_eq!(process.task.state, State::Done, "{mishap:?}: {}", process.story());
        assert_eq!(process.outside.acted, ["create order"], "{mishap:?}");
        assert_eq!(process.disk.links.len(), 1);
    }
}

#[test]
fn a_lost_create_takes_no_record_that_differs_from_what_was_sent() {
    let mut process = Process::new(&graph("order", vec![node("made", create())]));
    process.outside.mishaps = at_request(2, Mishap::LostBefore);
    let other = Value::of([("number", "o9".into()), ("ref", "#1001".into())]);
    process.outside.put("order", "o9", other);
    process.start();
    assert_eq!(process.task.state.name(), "needs_person", "{}", process.story());
    assert_eq!(process.outside.count("order"), 1);
}

#[test]
fn an_update_writes_what_differs_and_nothing_otherwise() {
    let flow = graph("order", vec![node("changed", update("o9", WhenLocked::Issue))]);
    let mut process = Process::new(&flow);
    let there = Value::of([("number", "o9".into()), ("total", Value::from(1_i64))]);
    process.outside.put("order", "o9", there);
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.record("order", "o9").field("total"), &Value::from(125_i64));
    let mut again = Process::new(&flow);
    again.outside = process.outside.clone();
    again.start();
    assert_eq!(again.outside.acted, ["update order o9"]);
}

#[test]
fn an_update_of_a_locked_record_is_an_issue_or_is_kept() {
    for (when_locked, state, fault) in
        [(WhenLocked::Issue, "failed", codes::LOCKED_DIFFERS), (WhenLocked::Keep, "done", "")]
    {
        let mut process =
            Process::new(&graph("order", vec![node("changed", update("o9", when_locked))]));
        let there = Value::of([("number", "o9".into()), ("invoiced_as", "i1".into())]);
        process.outside.put("order", "o9", there);
        process.start();
        assert_eq!(process.task.state.name(), state, "{}", process.story());
        assert_eq!(code_of(&process), fault);
        assert!(process.outside.acted.is_empty());
    }
}

#[test]
fn an_update_of_a_record_that_is_not_there_is_a_conflict() {
    let flow = graph("order", vec![node("changed", update("o9", WhenLocked::Issue))]);
    let mut process = Process::new(&flow);
    process.start();
    assert_eq!(code_of(&process), codes::LINKED_RECORD_GONE);
}

#[test]
fn a_delete_ends_the_record_and_its_reference_in_one_commit() {
    let mut process = Process::new(&made_and_deleted());
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("order"), 0);
    assert!(process.disk.links.is_empty() && process.disk.sent.is_empty());
    insta::assert_snapshot!(process.story());
}

#[test]
fn a_delete_that_was_lost_or_finds_nothing_ends_well() {
    for mishap in [Mishap::LostAfter, Mishap::LostBefore, Mishap::Refused(Class::NotFound)] {
        let mut process = Process::new(&made_and_deleted());
        process.outside.mishaps = at_request(4, mishap.clone());
        process.start();
        assert_eq!(process.task.state, State::Done, "{mishap:?}: {}", process.story());
        assert!(process.disk.links.is_empty(), "{mishap:?}");
    }
}

#[test]
fn a_list_is_read_to_its_end_and_never_cut_short() {
    for (limit, state, fault) in [(5, "done", ""), (4, "failed", codes::LIST_LIMIT)] {
        let mut process = Process::new(&graph("order", vec![node("orders", list(limit))]));
        for n in 1..=5 {
            let order = Value::of([("number", Value::from(n)), ("terms", "30 days".into())]);
            process.outside.put("order", &format!("o{n}"), order);
        }
        process.outside.put("order", "o6", Value::of([("terms", "none".into())]));
        process.start();
        assert_eq!(process.task.state.name(), state, "{}", process.story());
        assert_eq!(code_of(&process), fault);
        assert_eq!(process.outside.asked.len(), 4);
    }
}

#[test]
fn an_answer_that_no_journal_holds_is_a_clear_fault() {
    let mut process = Process::new(&graph("order", vec![node("orders", list(5))]));
    let long = Value::of([
        ("note", Value::from("x".repeat(9 * 1024 * 1024))),
        ("terms", "30 days".into()),
    ]);
    process.outside.put("order", "o1", long);
    process.start();
    assert_eq!(code_of(&process), codes::JOURNAL_FULL);
}

#[test]
fn a_script_gives_its_result_under_its_id() {
    let nodes = vec![
        node("total", Step::Script { value: code(&path("order.total")) }),
        node("line", Step::Log { text: code(&path("total")) }),
    ];
    let mut process = Process::new(&graph("order", nodes));
    process.start();
    assert_eq!(process.disk.audit, ["125"], "{}", process.story());
}

#[test]
fn every_prefix_of_the_plain_writes_recovers() {
    cut("create", &graph("order", vec![node("made", create())]), |_| {});
    cut("delete", &made_and_deleted(), |_| {});
    let changed = graph("order", vec![order(), node("changed", update("o1", WhenLocked::Issue))]);
    cut("update", &changed, |_| {});
    let listed = graph("order", vec![order(), node("orders", list(5))]);
    for mishap in [Mishap::LostAfter, Mishap::Refused(Class::Transient)] {
        cut("list", &listed, |process| process.outside.mishaps = at_request(4, mishap.clone()));
        cut("delete", &made_and_deleted(), |process| {
            process.outside.mishaps = at_request(4, mishap.clone());
        });
    }
}
