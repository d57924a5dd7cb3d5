//! Waiting for a time, a signal, a document or an outcome, and steps with a time of their own.

use serde_json::{Value as Json, json};
use tenon_graph::{Graph, Node, Step, WaitOn};
use tenon_value::{Class, Value};

use super::cut::cut;
use super::flows::{at, catch, code, equal, graph, is_true, node, order, path, says, shaped, text};
use super::items::beside;
use super::outside::Mishap;
use super::people::at_request;
use super::process::Process;
use crate::{Input, Link, Origin, Reason, State, Verb, codes};

fn wait(on: WaitOn, within_ms: Option<i64>) -> Node {
    node("wait", Step::Wait { on, within_ms })
}

fn an_hour() -> Json {
    json!({ "const": { "duration": 3_600_000 } })
}

fn waits(on: WaitOn, within_ms: Option<i64>) -> Graph {
    graph("order", vec![wait(on, within_ms), order(), says("line", "wait")])
}

fn signal() -> WaitOn {
    WaitOn::Signal("approved".to_owned())
}

fn document() -> WaitOn {
    WaitOn::Reference { entity: "order".to_owned(), id: code(&text("o-7")) }
}

fn outcome() -> WaitOn {
    WaitOn::Outcome {
        of: at("ledger", "job"),
        by: code(&text("j1")),
        holds: code(&equal(&path("wait.state"), &text("done"))),
        every_ms: 60_000,
    }
}

fn send(process: &mut Process, value: Value) -> crate::Decision {
    process.verb(Verb::Signal { name: "approved".to_owned(), value })
}

fn code_of(process: &Process) -> &str {
    process.task.state.fault().map_or("", |fault| &fault.code)
}

#[test]
fn a_wait_for_a_duration_goes_on_when_it_is_over() {
    let mut process = Process::new(&waits(WaitOn::For(code(&an_hour())), None));
    let before = process.now_ms;
    process.input(Input::Start);
    process.run_until_asked(1);
    process.take_all();
    assert_eq!(process.task.state, State::Waiting(Reason::Timer { until_ms: before + 3_600_000 }));
    process.run();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.now_ms, before + 3_600_000);
    insta::assert_snapshot!(process.story());
}

#[test]
fn a_wait_until_a_moment_that_is_past_does_not_wait() {
    let moment = json!({ "const": { "date_time": "2020-01-01T00:00:00Z" } });
    let mut process = Process::new(&waits(WaitOn::Until(code(&moment)), None));
    let before = process.now_ms;
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.now_ms, before);
}

#[test]
fn a_retry_after_a_wait_does_not_wait_again() {
    let mut process = Process::new(&waits(WaitOn::For(code(&an_hour())), None));
    process.outside.mishaps = at_request(3, Mishap::Refused(Class::Rejected));
    process.start();
    assert_eq!(process.task.state.name(), "failed", "{}", process.story());
    let then = process.now_ms;
    process.verb(Verb::Retry { latest: None });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.now_ms, then);
}

#[test]
fn a_signal_lets_it_go_on_and_gives_what_it_carries() {
    let mut process = Process::new(&waits(signal(), None));
    process.start();
    assert!(
        matches!(&process.task.state, State::Waiting(Reason::Signal { name, .. }) if name == "approved")
    );
    process.verb(Verb::Signal { name: "other".to_owned(), value: Value::Null });
    assert_eq!(process.task.state.name(), "waiting");
    send(&mut process, "by kim".into());
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.disk.audit, ["by kim"]);
    insta::assert_snapshot!(process.story());
}

#[test]
fn a_signal_that_comes_early_is_kept_and_taken_once() {
    let nodes = vec![
        wait(signal(), None),
        node("again", Step::Wait { on: signal(), within_ms: None }),
        says("line", "again"),
    ];
    let mut process = Process::new(&graph("order", nodes));
    send(&mut process, "first".into());
    process.start();
    assert!(
        matches!(&process.task.state, State::Waiting(Reason::Signal { step, .. }) if step == "again")
    );
    send(&mut process, "second".into());
    assert_eq!(process.disk.audit, ["second"], "{}", process.story());
    let refused = send(&mut process, Value::Null).refused.unwrap();
    assert_eq!(refused.code, codes::VERB_REFUSED);
}

#[test]
fn what_does_not_come_within_its_time_is_a_fault_that_may_be_caught() {
    for on in [signal(), document(), outcome()] {
        let mut process = Process::new(&waits(on.clone(), Some(7_200_000)));
        process.outside.put("job", "j1", Value::of([("state", "open".into())]));
        let before = process.now_ms;
        process.start();
        assert_eq!(code_of(&process), codes::WAIT_OVER, "{}", process.story());
        assert!(process.now_ms >= before + 7_200_000);
        process.verb(Verb::Retry { latest: None });
        assert!(process.now_ms >= before + 14_400_000, "it has the same time again");

        let mut flow = waits(on, Some(60_000));
        flow.nodes[0] = catch(flow.nodes[0].clone(), codes::WAIT_OVER, None);
        let mut process = Process::new(&flow);
        process.outside.put("job", "j1", Value::of([("state", "open".into())]));
        process.start();
        assert_eq!(process.task.state, State::Done, "{}", process.story());
    }
}

#[test]
fn a_document_that_is_stored_lets_it_go_on() {
    let mut process = Process::new(&waits(document(), Some(500_000)));
    process.input(Input::Start);
    process.run_until_asked(1);
    process.take_all();
    let reason = process.task.state.reason().unwrap();
    assert_eq!(reason.to_value().field("reference").as_text(), Some("order o-7"));
    let link = Link { target: "d9".to_owned(), origin: Origin::Ours };
    process.disk.links.insert(("order".to_owned(), "o-7".to_owned()), link);
    let other = Input::ReferenceStored { entity: "order".to_owned(), id: "o-8".to_owned() };
    assert!(process.take(&other).events.is_empty());
    process.input(Input::ReferenceStored { entity: "order".to_owned(), id: "o-7".to_owned() });
    process.run();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.disk.audit, ["d9"]);
}

#[test]
fn an_outcome_is_read_again_and_again_until_it_holds() {
    let mut process = Process::new(&waits(outcome(), None));
    process.outside.put("job", "j1", Value::of([("state", "open".into())]));
    let before = process.now_ms;
    process.input(Input::Start);
    while process.outside.asked.len() < 4 {
        process.step_or_wait();
    }
    process.outside.put("job", "j1", Value::of([("state", "done".into())]));
    process.run();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert!(process.now_ms >= before + 180_000);
    insta::assert_snapshot!(process.story());
}

#[test]
fn a_step_that_does_not_end_in_its_time_is_at_fault() {
    let mut late = order();
    late.timeout_ms = Some(20_000);
    let mut process = Process::new(&graph("order", vec![late]));
    process.outside.mishaps = vec![Mishap::Fine; 1].into();
    process.outside.mishaps.extend(vec![Mishap::Refused(Class::RateLimited); 40]);
    let before = process.now_ms;
    process.start();
    assert_eq!(code_of(&process), codes::TIMEOUT, "{}", process.story());
    assert_eq!(process.now_ms, before + 20_000);
}

#[test]
fn a_connection_that_stays_down_does_not_outlast_a_timeout() {
    let mut late = order();
    late.timeout_ms = Some(20_000);
    let mut process = Process::new(&graph("order", vec![late]));
    process.outside.mishaps = at_request(2, Mishap::Refused(Class::Down));
    process.start();
    assert_eq!(code_of(&process), codes::TIMEOUT, "{}", process.story());
}

#[test]
fn a_write_under_way_is_settled_before_a_timeout_and_counts_when_it_was_made() {
    for (mishap, state) in [(Mishap::LostAfter, "done"), (Mishap::LostBefore, "done")] {
        let mut late = order();
        late.timeout_ms = Some(10_000);
        let mut process = Process::new(&graph("order", vec![late]));
        process.outside.mishaps = at_request(3, mishap);
        process.start();
        assert_eq!(process.task.state.name(), state, "{}", process.story());
        assert_eq!(process.outside.count("order"), 1);
        assert!(process.task.open_write().is_none());
    }
}

#[test]
fn what_is_around_may_have_a_time_too() {
    let mut flow = beside();
    flow.nodes[0].timeout_ms = Some(30_000);
    let mut process = Process::new(&flow);
    process.outside.mishaps = at_request(2, Mishap::Refused(Class::Down));
    process.start();
    assert_eq!(code_of(&process), codes::TIMEOUT, "{}", process.story());
    assert_eq!(process.outside.count("order"), 1);
}

#[test]
fn a_branch_that_waits_for_a_signal_holds_up_no_other() {
    let branches = vec![("a".to_owned(), Some(1)), ("b".to_owned(), Some(2))];
    let flow = shaped(
        "order",
        vec![
            (node("both", Step::Together { branches }), Some(3)),
            (wait(signal(), None), None),
            (
                node("timer", Step::Wait { on: WaitOn::For(code(&an_hour())), within_ms: None }),
                None,
            ),
            (order(), None),
        ],
    );
    let mut process = Process::new(&flow);
    process.start();
    // The timer's branch is through; the signal's still waits.
    assert!(
        matches!(&process.task.state, State::Waiting(Reason::Signal { .. })),
        "{}",
        process.story()
    );
    send(&mut process, Value::Null);
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    cut("signal and timer", &flow, |process| {
        send(process, Value::Null);
    });
}

#[test]
fn every_reason_of_a_task_is_told_while_several_steps_wait() {
    let branches = vec![("a".to_owned(), Some(1)), ("b".to_owned(), Some(2))];
    let flow = shaped(
        "order",
        vec![
            (node("both", Step::Together { branches }), None),
            (wait(signal(), None), None),
            (node("other", Step::Wait { on: document(), within_ms: None }), None),
        ],
    );
    let mut process = Process::new(&flow);
    process.input(Input::Start);
    process.run_until_asked(1);
    process.take_all();
    let names: Vec<&str> = process.task.reasons().iter().map(|reason| reason.name()).collect();
    assert_eq!(names, ["document", "signal"]);
    let _ = is_true("x");
}

#[test]
fn every_prefix_of_waiting_recovers() {
    cut("for", &waits(WaitOn::For(code(&an_hour())), None), |_| {});
    cut("signal", &waits(signal(), None), |process| {
        send(process, Value::Null);
    });
    cut("outcome", &waits(outcome(), None), |process| {
        process.outside.put("job", "j1", Value::of([("state", "done".into())]));
    });
    let mut late = order();
    late.timeout_ms = Some(3_600_000);
    for mishap in [Mishap::LostAfter, Mishap::LostBefore, Mishap::Refused(Class::Transient)] {
        cut("timeout", &graph("order", vec![late.clone()]), |process| {
            process.outside.mishaps = at_request(3, mishap.clone());
        });
    }
}
