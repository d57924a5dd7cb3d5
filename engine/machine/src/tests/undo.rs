//! Making undone what was done.

use tenon_graph::{Failures, Forgets, Graph, Node, Step, StopAs};
use tenon_value::Class;

use super::cut::cut;
use super::flows::{at, code, lines, node, order, path, row, shaped, stop};
use super::items::with_lines;
use super::outside::Mishap;
use super::people::at_request;
use super::process::Process;
use crate::{Reason, State, Verb, codes};

fn delete(id: &str, resource: &str, key: &str, reference: &str) -> Node {
    let forgets = Forgets { entity: resource.to_owned(), reference: code(&path(reference)) };
    let (of, key) = (at("ledger", resource), code(&path(key)));
    node(id, Step::Delete { of, key, forgets: Some(forgets) })
}

fn with_undo(mut node: Node, undo: u32) -> Node {
    node.undo = Some(undo);
    node
}

/// The order, its rows, and then as `last` says; both are made undone.
fn undoable(last: Node) -> Graph {
    let each = lines(2, 2, Failures::Stop);
    shaped(
        "order",
        vec![
            (with_undo(order(), 3), Some(1)),
            (node("lines", Step::Each(Box::new(each))), Some(5)),
            (with_undo(row(), 4), None),
            (delete("no_order", "order", "erp_order.number", "order.id"), None),
            (delete("no_row", "row", "row.number", "line.id"), None),
            (last, None),
        ],
    )
}

fn failing() -> Graph {
    undoable(stop("bad", StopAs::Failed))
}

fn ending() -> Graph {
    undoable(stop("good", StopAs::Done))
}

fn deletes(process: &Process) -> Vec<&String> {
    process.outside.acted.iter().filter(|line| line.starts_with("delete")).collect()
}

#[test]
fn a_task_that_fails_makes_undone_what_it_did_last_first() {
    let mut process = Process::new(&failing());
    with_lines(&mut process, 2);
    process.start();
    assert_eq!(process.task.state.fault().unwrap().code, codes::STOPPED, "{}", process.story());
    assert_eq!(deletes(&process), ["delete r3", "delete r2", "delete o1"]);
    assert_eq!(process.outside.count("order") + process.outside.count("row"), 0);
    assert!(process.disk.links.is_empty() && process.disk.locks.is_empty());
    insta::assert_snapshot!(process.story());
    let refused = process.verb(Verb::Retry { latest: None }).refused.unwrap();
    assert_eq!(refused.code, codes::VERB_REFUSED);
}

#[test]
fn what_was_there_before_is_not_undone() {
    let mut first = Process::new(&ending());
    first.start();
    let mut process = Process::new(&failing());
    process.disk.links = first.disk.links.clone();
    process.disk.sent = first.disk.sent.clone();
    process.outside = first.outside.clone();
    process.start();
    assert_eq!(process.task.state.name(), "failed", "{}", process.story());
    assert_eq!(process.outside.count("order"), 1);
}

#[test]
fn a_person_may_have_a_finished_task_undone() {
    let mut process = Process::new(&ending());
    with_lines(&mut process, 2);
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    process.verb(Verb::Undo);
    assert_eq!(process.task.state.name(), "cancelled", "{}", process.story());
    assert_eq!(process.outside.count("order") + process.outside.count("row"), 0);
    let refused = process.verb(Verb::Undo).refused.unwrap();
    assert_eq!(refused.code, codes::VERB_REFUSED);
}

#[test]
fn an_undo_that_fails_asks_a_person_and_is_no_loop() {
    let mut process = Process::new(&failing());
    with_lines(&mut process, 1);
    process.outside.mishaps = at_request(5, Mishap::Refused(Class::Rejected));
    process.start();
    let State::NeedsPerson(Reason::UndoFailed { step, fault }) = &process.task.state else {
        panic!("{}", process.story())
    };
    assert_eq!((step.as_str(), fault.code.as_str()), ("row[0]", "REFUSED"));
    let mut left = Process::after_death(&failing(), process.moments.last().unwrap());
    left.run();
    left.verb(Verb::Cancel);
    assert_eq!(left.task.state.name(), "cancelled");
    process.verb(Verb::Retry { latest: None });
    assert_eq!(process.task.state.fault().unwrap().code, codes::STOPPED, "{}", process.story());
    assert_eq!(process.outside.count("order") + process.outside.count("row"), 0);
}

#[test]
fn an_undo_whose_answer_is_lost_is_sent_again() {
    for mishap in [Mishap::LostAfter, Mishap::LostBefore, Mishap::Refused(Class::Transient)] {
        let mut process = Process::new(&failing());
        with_lines(&mut process, 1);
        process.outside.mishaps = at_request(5, mishap);
        process.start();
        assert_eq!(process.task.state.fault().unwrap().code, codes::STOPPED, "{}", process.story());
        assert_eq!(process.outside.count("order") + process.outside.count("row"), 0);
    }
}

#[test]
fn an_item_that_fails_has_the_others_undone() {
    let mut process = Process::new(&ending());
    with_lines(&mut process, 3);
    process.outside.mishaps = at_request(5, Mishap::Refused(Class::Rejected));
    process.start();
    assert_eq!(process.task.state.fault().unwrap().code, "REFUSED", "{}", process.story());
    assert_eq!(process.outside.count("order") + process.outside.count("row"), 0);
}

#[test]
fn every_prefix_of_an_undo_recovers() {
    let mut golden = Process::new(&failing());
    with_lines(&mut golden, 2);
    golden.start();
    for (n, moment) in golden.moments.iter().enumerate() {
        let mut process = Process::after_death(&failing(), moment);
        process.run();
        assert_eq!(process.task.state, golden.task.state, "moment {n}: {}", process.story());
        assert_eq!(process.outside.count("order") + process.outside.count("row"), 0, "moment {n}");
        assert!(process.disk.locks.is_empty() && process.disk.links.is_empty());
    }
    cut("never undone", &ending(), |process| with_lines(process, 2));
}
