//! `each` and `together`: several steps of one task under way.

use tenon_graph::{Failures, Graph, Step};
use tenon_value::{Class, Value};

use super::cut::cut;
use super::flows::{catch, code, customer, lines, log, node, order, path, row, says, shaped, stop};
use super::outside::Mishap;
use super::people::at_request;
use super::process::Process;
use crate::{Reason, State, Verb, codes, picture};

/// Some lines of the order, in the shop.
pub(super) fn with_lines(process: &mut Process, count: i64) {
    let line = |n: i64| {
        Value::of([
            ("id", Value::from(format!("l-{n}"))),
            ("sku", Value::from(format!("s{n}"))),
            ("qty", Value::from(n)),
        ])
    };
    let order = process.outside.shop["o-1"].clone();
    let order = order.with("lines", Value::list((1..=count).map(line).collect()));
    process.outside.shop.insert("o-1".to_owned(), order);
}

/// Each line becomes a row; then a line in the log for all, and one for the quantity.
pub(super) fn rows(at_once: u32, failures: Failures) -> Graph {
    let mut each = lines(1, at_once, failures);
    each.after = Some(2);
    shaped(
        "order",
        vec![
            (node("lines", Step::Each(Box::new(each))), Some(3)),
            (row(), None),
            (log(), None),
            (says("sum", "lines.quantity"), None),
        ],
    )
}

pub(super) fn beside() -> Graph {
    let branches = vec![("a".to_owned(), Some(1)), ("b".to_owned(), Some(2))];
    shaped(
        "order",
        vec![
            (node("both", Step::Together { branches }), Some(3)),
            (customer(), None),
            (order(), None),
            (says("who", "customer.email"), None),
        ],
    )
}

fn code_of(process: &Process) -> &str {
    process.task.state.fault().map_or("", |fault| &fault.code)
}

#[test]
fn every_item_gets_its_steps_and_gives_what_is_gathered() {
    for at_once in [1, 2, 10] {
        let mut process = Process::new(&rows(at_once, Failures::Stop));
        with_lines(&mut process, 4);
        process.start();
        assert_eq!(process.task.state, State::Done, "{}", process.story());
        assert_eq!(process.outside.count("row"), 4);
        assert_eq!(process.disk.audit, ["all is well", "10"]);
        assert_eq!(process.disk.links.len(), 4);
        assert!(process.disk.locks.is_empty());
    }
    let mut process = Process::new(&rows(1, Failures::Stop));
    with_lines(&mut process, 2);
    process.start();
    insta::assert_snapshot!(picture(&process.task));
    insta::assert_snapshot!(process.story());
}

#[test]
fn items_are_under_way_at_once_as_far_as_it_says() {
    for (at_once, most) in [(1, 1), (3, 3), (50, 4)] {
        let mut process = Process::new(&rows(at_once, Failures::Stop));
        with_lines(&mut process, 4);
        process.input(crate::Input::Start);
        process.run_until_asked(2);
        let open = process.task.unsettled().count();
        assert_eq!(open, most, "at_once {at_once}: {}", process.story());
    }
}

#[test]
fn an_empty_or_missing_list_has_no_items_and_its_after_steps_run() {
    let mut process = Process::new(&rows(1, Failures::Stop));
    process.start();
    assert_eq!(process.disk.audit, ["all is well", "0"], "{}", process.story());
}

#[test]
fn too_many_items_and_no_list_are_faults_before_the_first_item() {
    let mut process = Process::new(&rows(1, Failures::Stop));
    with_lines(&mut process, 501);
    process.start();
    assert_eq!(code_of(&process), codes::EACH_LIMIT);
    assert!(process.outside.acted.is_empty());
    let mut process = Process::new(&rows(1, Failures::Stop));
    let order = process.outside.shop["o-1"].clone().with("lines", "x".into());
    process.outside.shop.insert("o-1".to_owned(), order);
    process.start();
    assert_eq!(code_of(&process), codes::EACH_NO_LIST);
}

#[test]
fn what_can_not_be_gathered_is_a_fault() {
    let mut graph = rows(1, Failures::Stop);
    let Step::Each(each) = &mut graph.nodes[0].step else { panic!() };
    each.gather = vec![("sum".to_owned(), tenon_graph::Gather::Sum(code(&path("line.sku"))))];
    let mut process = Process::new(&graph);
    with_lines(&mut process, 1);
    process.start();
    assert_eq!(code_of(&process), codes::GATHER_FAULT, "{}", process.story());
}

#[test]
fn five_hundred_items_go_through_one_task() {
    let mut flow = rows(8, Failures::Stop);
    let Step::Each(each) = &mut flow.nodes[0].step else { panic!() };
    each.gather.pop();
    let mut process = Process::new(&flow);
    with_lines(&mut process, 500);
    process.keeps_moments = false;
    process.start();
    assert_eq!(process.task.state, State::Done, "{:?}", process.task.state);
    assert_eq!(process.outside.count("row"), 500);
    assert!(process.task.length < crate::MAX_EVENTS, "{}", process.task.length);
}

#[test]
fn one_item_that_fails_fails_the_step_after_what_was_under_way_is_settled() {
    let mut process = Process::new(&rows(3, Failures::Stop));
    with_lines(&mut process, 5);
    process.outside.mishaps = at_request(3, Mishap::Refused(Class::Rejected));
    process.start();
    let State::Failed(Reason::Fault { step, .. }) = &process.task.state else {
        panic!("{}", process.story())
    };
    assert_eq!(step, "row[1]");
    assert_eq!(process.outside.count("row"), 2, "{}", process.story());
    assert!(process.task.open_write().is_none() && process.disk.locks.is_empty());
    process.verb(Verb::Retry { latest: None });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("row"), 5);
}

#[test]
fn a_collected_failure_stands_in_the_failures_and_the_others_go_on() {
    for at_once in [1, 3] {
        let mut flow = rows(at_once, Failures::Collect);
        flow.nodes[3] = says("failed", "lines.failures.code");
        let mut process = Process::new(&flow);
        with_lines(&mut process, 3);
        process.outside.mishaps = at_request(3, Mishap::Refused(Class::Rejected));
        process.start();
        assert_eq!(process.task.state, State::Done, "{}", process.story());
        assert_eq!(process.outside.count("row"), 2);
        assert_eq!(process.disk.audit.first().map(String::as_str), Some("all is well"));
    }
}

#[test]
fn a_failure_is_caught_by_the_each_or_together_around_it() {
    let mut flow = rows(2, Failures::Stop);
    flow.nodes[0] = catch(flow.nodes[0].clone(), "rejected", Some(2));
    let mut process = Process::new(&flow);
    with_lines(&mut process, 3);
    process.outside.mishaps = at_request(2, Mishap::Refused(Class::Rejected));
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.disk.audit, ["all is well"]);
}

#[test]
fn an_item_that_waits_holds_up_no_other() {
    let mut process = Process::new(&rows(2, Failures::Stop));
    with_lines(&mut process, 4);
    process.outside.mishaps = at_request(2, Mishap::Refused(Class::Transient));
    process.input(crate::Input::Start);
    process.run_until_asked(5);
    // The first item waits for its next try; the other three were made meanwhile.
    assert_eq!(process.outside.count("row"), 3, "{}", process.story());
    process.run();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("row"), 4);
}

#[test]
fn two_items_of_one_record_follow_each_other_and_make_one() {
    let mut process = Process::new(&rows(4, Failures::Stop));
    with_lines(&mut process, 1);
    let order = process.outside.shop["o-1"].clone();
    let line = order.field("lines").items()[0].clone();
    let order = order.with("lines", Value::list(vec![line.clone(), line.clone(), line]));
    process.outside.shop.insert("o-1".to_owned(), order);
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("row"), 1);
}

#[test]
fn a_list_that_changed_under_a_retry_never_mixes_items_up() {
    let mut process = Process::new(&rows(1, Failures::Stop));
    with_lines(&mut process, 3);
    process.outside.mishaps = at_request(3, Mishap::Refused(Class::Rejected));
    process.start();
    let order = process.outside.shop["o-1"].clone();
    let items = order.field("lines").items()[1..].to_vec();
    process.outside.shop.insert("o-1".to_owned(), order.with("lines", Value::list(items)));
    process.verb(Verb::Retry { latest: None });
    assert_eq!(code_of(&process), codes::DIVERGED, "{}", process.story());
    assert_eq!(process.outside.count("row"), 1);
}

#[test]
fn each_inside_each_names_its_steps_by_both() {
    let inner = lines(2, 2, Failures::Stop);
    let outer = tenon_graph::Each {
        name: "turn".to_owned(),
        index: None,
        gather: Vec::new(),
        ..lines(1, 2, Failures::Stop)
    };
    let flow = shaped(
        "order",
        vec![
            (node("turns", Step::Each(Box::new(outer))), None),
            (node("lines", Step::Each(Box::new(inner))), None),
            (row(), None),
        ],
    );
    let mut process = Process::new(&flow);
    with_lines(&mut process, 2);
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    for step in ["row[0][0]", "row[0][1]", "row[1][0]", "row[1][1]"] {
        assert!(process.task.step(step).is_some(), "{step}: {}", picture(&process.task));
    }
    assert_eq!(process.outside.count("row"), 2);
}

#[test]
fn branches_go_side_by_side_and_what_they_named_is_there_afterwards() {
    let mut process = Process::new(&beside());
    process.input(crate::Input::Start);
    process.run_until_asked(3);
    let asked = &process.outside.asked;
    assert!(asked.contains(&"ledger find customer email=kim@example.org".to_owned()), "{asked:?}");
    assert!(asked.contains(&"ledger find order ref=#1001".to_owned()), "{asked:?}");
    process.run();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.disk.audit, ["kim@example.org"]);
    assert_eq!(process.outside.count("order") + process.outside.count("customer"), 2);
    insta::assert_snapshot!(process.story());
}

#[test]
fn a_branch_whose_outcome_is_unknown_holds_up_no_other() {
    let mut process = Process::new(&beside());
    // The customer's create is lost; the order goes all the way meanwhile.
    process.outside.mishaps = at_request(4, Mishap::LostBefore);
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("order") + process.outside.count("customer"), 2);
    let story = process.story();
    let (_, behind) = story.split_once("may have happened").unwrap();
    assert!(behind.contains("erp_order happened"), "{story}");
}

#[test]
fn a_branch_asks_a_person_once_nothing_else_is_under_way() {
    let there = |n: i64| {
        Value::of([("id", Value::from(format!("k{n}"))), ("email", "kim@example.org".into())])
    };
    let mut process = Process::new(&beside());
    process.outside.put("customer", "k7", there(7));
    process.outside.put("customer", "k8", there(8));
    process.start();
    let asks = matches!(&process.task.state, State::NeedsPerson(Reason::SameRecord { .. }));
    assert!(asks, "{}", process.story());
    assert_eq!(process.outside.count("order"), 1);
    process.verb(Verb::Say(crate::Said::Link { id: "k7".to_owned() }));
    assert_eq!(process.task.state, State::Done, "{}", process.story());
}

#[test]
fn a_connection_that_is_down_holds_the_branches_that_need_it() {
    let mut process = Process::new(&beside());
    process.outside.mishaps = at_request(2, Mishap::Refused(Class::Down));
    process.start();
    let waits = matches!(&process.task.state, State::Waiting(Reason::ConnectionDown { .. }));
    assert!(waits, "{}", process.story());
    assert_eq!(process.outside.count("order"), 1, "the other branch went on");
    process.input(crate::Input::ConnectionUp { connection: "ledger".to_owned() });
    process.run();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
}

#[test]
fn a_stop_inside_a_branch_ends_the_task_when_nothing_is_open() {
    let branches = vec![("a".to_owned(), Some(1)), ("b".to_owned(), Some(2))];
    let flow = shaped(
        "order",
        vec![
            (node("both", Step::Together { branches }), None),
            (stop("enough", tenon_graph::StopAs::Skipped), None),
            (order(), None),
        ],
    );
    let mut process = Process::new(&flow);
    process.start();
    assert_eq!(process.task.state.name(), "skipped", "{}", process.story());
    assert!(process.task.open_write().is_none());
}

#[test]
fn every_prefix_of_items_and_branches_recovers() {
    for at_once in [1, 3] {
        cut("each", &rows(at_once, Failures::Stop), |process| with_lines(process, 3));
    }
    cut("together", &beside(), |_| {});
}

#[test]
fn every_prefix_with_each_request_going_wrong_once_recovers() {
    let mishaps = [
        Mishap::LostAfter,
        Mishap::LostBefore,
        Mishap::ActsLater(10_000),
        Mishap::Refused(Class::RateLimited),
        Mishap::Refused(Class::Transient),
    ];
    for n in 1..=4 {
        for mishap in &mishaps {
            cut(&format!("each, {n} {mishap:?}"), &rows(2, Failures::Stop), |process| {
                with_lines(process, 3);
                process.outside.mishaps = at_request(n, mishap.clone());
            });
        }
    }
    for n in 1..=6 {
        for mishap in &mishaps {
            cut(&format!("together, {n} {mishap:?}"), &beside(), |process| {
                process.outside.mishaps = at_request(n, mishap.clone());
            });
        }
    }
}
