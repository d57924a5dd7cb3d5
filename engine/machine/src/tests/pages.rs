//! A detached `each`: tasks in pages, and what they hand back.

use tenon_graph::{Failures, Graph, Step};
use tenon_value::{Class, Fault, Value};

use super::flows::{code, graph, lines, node, path, says, shaped};
use super::items::with_lines;
use super::process::Process;
use crate::{Effect, Input, Reason, State, TaskId, Verb, codes};

/// A task of every line; then the steps after them, and one more.
fn detached(failures: Failures) -> Graph {
    let mut each = lines(1, 1, failures);
    each.detach = true;
    each.after = Some(2);
    each.gather[1] = (
        "made".to_owned(),
        tenon_graph::Gather::Count(code(&super::flows::equal(
            &path("one.state"),
            &super::flows::text("done"),
        ))),
    );
    each.gather.pop();
    let run = Step::Run {
        flow: "line".to_owned(),
        with: vec![("line".to_owned(), code(&path("line")))],
        detach: false,
    };
    shaped(
        "order",
        vec![
            (node("lines", Step::Each(Box::new(each))), Some(3)),
            (node("one", run), None),
            (says("made", "lines.made"), None),
            (says("sum", "lines.quantity"), None),
        ],
    )
}

/// Answers the page that is watched: what `end` says of each item.
fn end_page(process: &mut Process, end: impl Fn(u32) -> (String, Option<Fault>)) -> usize {
    let page = process.left.iter().rev().find_map(|effect| match effect {
        Effect::WatchPage { step, from, children, .. } => {
            Some((step.clone(), *from, children.len()))
        }
        _ => None,
    });
    let (step, from, count) = page.unwrap();
    let ends = (from..).take(count).map(end).collect();
    process.input(Input::PageEnded { step, from, ends });
    process.run();
    count
}

fn done(_: u32) -> (String, Option<Fault>) {
    ("done".to_owned(), None)
}

fn bad(item: u32) -> impl Fn(u32) -> (String, Option<Fault>) {
    move |n| match n == item {
        true => ("failed".to_owned(), Some(Fault::new("BROKEN", Class::Rejected, "no"))),
        false => done(n),
    }
}

fn started(process: &mut Process, failures: Failures, count: i64) {
    with_lines(process, count);
    let _ = failures;
    process.start();
}

fn child(item: u32) -> TaskId {
    TaskId(format!("task_1.one.{item}"))
}

#[test]
fn items_become_tasks_in_pages_of_a_hundred_and_hand_back_counts() {
    let mut process = Process::new(&detached(Failures::Stop));
    started(&mut process, Failures::Stop, 250);
    assert_eq!(process.disk.children.len(), 100);
    assert_eq!(process.disk.children[7], child(7));
    let reason = process.task.state.reason().unwrap().clone();
    assert!(matches!(reason, Reason::Children { open: 100, of: 250, .. }), "{reason:?}");
    assert_eq!(end_page(&mut process, done), 100);
    assert_eq!(end_page(&mut process, done), 100);
    assert_eq!(
        end_page(&mut process, |n| match n {
            249 => ("skipped".to_owned(), None),
            n => done(n),
        }),
        50
    );
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.disk.children.len(), 250);
    assert_eq!(process.disk.audit, ["249", "31375"]);
    assert!(process.task.length < 25, "a page costs few entries: {}", process.task.length);
    insta::assert_snapshot!(process.story());
}

#[test]
fn a_failed_item_is_the_steps_failure_and_its_repair_heals_it() {
    let mut process = Process::new(&detached(Failures::Stop));
    started(&mut process, Failures::Stop, 3);
    end_page(&mut process, bad(1));
    let fault = process.task.state.fault().unwrap().clone();
    assert_eq!(fault.code, codes::CHILD_FAILED, "{}", process.story());
    assert!(fault.message.contains("task_1.one.1 ended as failed: BROKEN"), "{}", fault.message);
    process.input(Input::ChildEnded { child: child(1), state: State::Done });
    process.run();
    assert_eq!(process.task.state, State::Queued, "{}", process.story());
    process.start();
    end_page(&mut process, done);
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.disk.children.len(), 3, "no task is made twice");
}

#[test]
fn a_retry_retries_the_tasks_that_failed() {
    let mut process = Process::new(&detached(Failures::Stop));
    started(&mut process, Failures::Stop, 3);
    end_page(&mut process, bad(2));
    process.verb(Verb::Retry { latest: None });
    let retried = Effect::RetryChild { child: child(2), by: "kim".into(), why: "a test".into() };
    assert!(process.left.contains(&retried), "{:?}", process.left);
    end_page(&mut process, done);
    assert_eq!(process.task.state, State::Done, "{}", process.story());
}

#[test]
fn a_collected_failure_keeps_its_task_and_when_it_is_healed_the_after_steps_run_again() {
    let mut process = Process::new(&detached(Failures::Collect));
    started(&mut process, Failures::Collect, 3);
    end_page(&mut process, bad(1));
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.disk.audit, ["2", "4"]);
    process.input(Input::ChildEnded { child: child(1), state: State::Done });
    process.run();
    assert_eq!(process.task.state, State::Queued);
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    // The step after all items ran again, with the item that was repaired; the one behind it did not.
    assert_eq!(process.disk.audit, ["2", "4", "3"]);
    process.input(Input::ChildEnded { child: child(1), state: State::Done });
    process.run();
    assert_eq!(process.task.state, State::Done, "once");
}

#[test]
fn an_item_that_asks_a_person_is_collected_and_named_until_then() {
    let mut process = Process::new(&detached(Failures::Stop));
    started(&mut process, Failures::Stop, 2);
    let fault = Fault::new("X", Class::Conflict, "x");
    let asks = State::NeedsPerson(Reason::UndoFailed { step: "s".into(), fault });
    process.input(Input::ChildEnded { child: child(0), state: asks });
    process.run();
    let reason = process.task.state.reason().unwrap();
    assert_eq!(reason.to_value().field("asks").as_text(), Some("task_1.one.0"));
    assert_eq!(process.task.state.name(), "waiting");
}

#[test]
fn what_has_a_task_must_stay_the_same_item() {
    let mut process = Process::new(&detached(Failures::Stop));
    started(&mut process, Failures::Stop, 3);
    end_page(&mut process, bad(1));
    let order = process.outside.shop["o-1"].clone();
    let items = order.field("lines").items()[1..].to_vec();
    process.outside.shop.insert("o-1".to_owned(), order.with("lines", Value::list(items)));
    process.verb(Verb::Retry { latest: None });
    assert_eq!(process.task.state.fault().unwrap().code, codes::DIVERGED);
}

#[test]
fn every_prefix_of_pages_recovers_and_makes_no_task_twice() {
    let flow = detached(Failures::Stop);
    let mut golden = Process::new(&flow);
    started(&mut golden, Failures::Stop, 150);
    end_page(&mut golden, done);
    end_page(&mut golden, done);
    for (n, moment) in golden.moments.iter().enumerate() {
        let mut process = Process::after_death(&flow, moment);
        process.run();
        for _ in 0..3 {
            if process.task.state == State::Done {
                break;
            }
            end_page(&mut process, done);
        }
        assert_eq!(process.task.state, State::Done, "moment {n}: {}", process.story());
        assert_eq!(process.disk.children.len(), 150, "moment {n}");
        assert_eq!(process.disk.audit, golden.disk.audit, "moment {n}");
    }
}

#[test]
fn flows_that_run_each_other_in_a_circle_end_at_a_depth() {
    let run = Step::Run { flow: "order".to_owned(), with: Vec::new(), detach: false };
    let mut process = Process::new(&graph("order", vec![node("again", run)]));
    let deep = format!("task_1{}", ".again.3".repeat(16));
    process.task.id = TaskId(deep);
    let mut task = process.task.clone();
    for _ in 0..2 {
        process.task = task.clone();
        let decision = process.decide(&Input::Start);
        task = decision.task.clone();
        process.task = task.clone();
        for effect in decision.effects {
            let Effect::Send { ask, .. } = effect else { continue };
            let reading = process.outside.perform("shop", &ask.operation, 0);
            let answered = Input::Answered { ask, reading: Box::new(reading) };
            task = process.decide(&answered).task;
        }
    }
    assert_eq!(task.state.fault().unwrap().code, codes::CHILD_DEPTH);
}

#[test]
fn a_million_items_are_refused_and_five_thousand_go_page_by_page_through_one_journal() {
    let with = |count: i64| {
        let mut process = Process::new(&detached(Failures::Stop));
        let order = process.outside.shop["o-1"].clone();
        let line = |n: i64| Value::of([("qty", Value::from(n))]);
        let numbers = Value::list((1..=count).map(line).collect());
        process.outside.shop.insert("o-1".to_owned(), order.with("lines", numbers));
        process.keeps_moments = false;
        process.start();
        process
    };
    let process = with(1_000_000);
    let fault = process.task.state.fault().unwrap();
    assert_eq!(fault.code, codes::JOURNAL_FULL);
    assert_eq!(fault.message, "the record is too large for a journal");
    let mut process = with(5_000);
    let mut ended = 0;
    while !process.task.state.is_ended() {
        ended += end_page(&mut process, done);
    }
    assert_eq!(ended, 5_000, "{:?}", process.task.state);
    assert_eq!(process.task.state, State::Done);
}
