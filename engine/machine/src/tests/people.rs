//! Unknown outcomes, questions, and what people do with tasks.

use tenon_graph::StopAs;
use tenon_value::{Class, Value};

use super::flows::node;
use super::flows::{call, customer, graph, invoice, order, shaped, stop, upsert_customer, whole};
use super::outside::{Mishap, SETTLE_MS};
use super::process::Process;
use crate::{Input, Reason, Said, State, Verb, codes, picture};
use tenon_graph::Step;

/// Fine until the n-th request.
pub(super) fn at_request(n: usize, mishap: Mishap) -> std::collections::VecDeque<Mishap> {
    let mut all = vec![Mishap::Fine; n - 1];
    all.push(mishap);
    all.into()
}

#[test]
fn a_create_whose_answer_was_lost_is_found_and_not_repeated() {
    let mut process = Process::new(&graph("order", vec![order()]));
    process.outside.mishaps = at_request(3, Mishap::LostAfter);
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.acted, ["create order"]);
    insta::assert_snapshot!(process.story());
}

#[test]
fn a_create_that_never_arrived_is_sent_again_after_a_complete_search() {
    let mut process = Process::new(&graph("order", vec![order()]));
    process.outside.mishaps = at_request(3, Mishap::LostBefore);
    let before = process.now_ms;
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.acted, ["create order"]);
    assert!(process.now_ms >= before + SETTLE_MS);
    insta::assert_snapshot!(process.story());
}

#[test]
fn a_create_that_acts_late_is_not_made_twice() {
    let mut process = Process::new(&graph("order", vec![order()]));
    process.outside.mishaps = at_request(3, Mishap::ActsLater(SETTLE_MS / 2));
    process.start();
    assert_eq!(process.outside.acted, ["create order"], "{}", process.story());
    assert_eq!(process.task.state, State::Done);
}

#[test]
fn an_action_whose_answer_was_lost_is_proven() {
    for (mishap, times) in [(Mishap::LostAfter, 1), (Mishap::LostBefore, 1)] {
        let mut process = Process::new(&graph("order", vec![order(), invoice()]));
        process.outside.mishaps = at_request(5, mishap);
        process.start();
        assert_eq!(process.task.state, State::Done, "{}", process.story());
        assert_eq!(process.outside.count("invoice"), times);
        let link = &process.disk.links[&("invoice".to_owned(), "o-1".to_owned())];
        assert!(link.target.starts_with('i'));
    }
}

#[test]
fn an_update_whose_answer_was_lost_is_repeated() {
    let mut process = Process::new(&graph("order", vec![order()]));
    let there = Value::of([("number", "o9".into()), ("ref", "#1001".into())]);
    process.outside.put("order", "o9", there);
    process.outside.mishaps = at_request(4, Mishap::LostAfter);
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.acted, ["update order o9", "update order o9"]);
}

fn mail_lost() -> Process {
    let mut process = Process::new(&graph("order", vec![order(), call("mail", "mail")]));
    process.outside.mishaps = at_request(4, Mishap::LostAfter);
    process.start();
    assert!(
        matches!(&process.task.state, State::NeedsPerson(Reason::UnknownOutcome { .. })),
        "{}",
        process.story()
    );
    process
}

#[test]
fn what_nothing_can_tell_is_asked_and_happened_settles_it() {
    let mut process = mail_lost();
    process.verb(Verb::Say(Said::Happened { id: None }));
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.acted, ["create order", "mail o1"]);
}

#[test]
fn not_happened_sends_the_same_bytes_again() {
    let mut process = mail_lost();
    process.verb(Verb::Say(Said::NotHappened));
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.acted, ["create order", "mail o1", "mail o1"]);
}

#[test]
fn a_task_with_an_unknown_outcome_can_only_be_settled() {
    let mut process = mail_lost();
    assert!(process.task.keeps_lane());
    let refused = process.verb(Verb::Cancel).refused.unwrap();
    assert_eq!(refused.code, codes::SETTLE_FIRST);
    let refused = process.verb(Verb::Say(Said::CreateNew)).refused.unwrap();
    assert_eq!(refused.code, codes::VERB_REFUSED);
    assert_eq!(process.task.state.name(), "needs_person");
}

#[test]
fn several_hits_for_a_lost_create_are_asked() {
    let mut process = Process::new(&graph("order", vec![order()]));
    process.outside.mishaps = at_request(3, Mishap::LostAfter);
    process.input(Input::Start);
    process.run_until_asked(3);
    let twin = Value::of([("number", "o77".into()), ("ref", "#1001".into())]);
    process.outside.put("order", "o77", twin);
    process.run();
    assert_eq!(process.task.state.fault().unwrap().code, codes::SEVERAL_FOUND);
    let refused = process.verb(Verb::Say(Said::Happened { id: None })).refused.unwrap();
    assert!(refused.message.contains("id is needed"));
    process.verb(Verb::Say(Said::Happened { id: Some("o1".to_owned()) }));
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.disk.links[&("order".to_owned(), "o-1".to_owned())].target, "o1");
}

fn same_customer() -> Process {
    let mut upsert = upsert_customer();
    upsert.adopt = false;
    let flow = graph("order", vec![node("customer", Step::Upsert(Box::new(upsert)))]);
    let mut process = Process::new(&flow);
    let there = Value::of([("id", "k7".into()), ("email", "kim@example.org".into())]);
    process.outside.put("customer", "k7", there);
    process.start();
    assert!(matches!(&process.task.state, State::NeedsPerson(Reason::SameRecord { .. })));
    assert!(process.disk.locks.is_empty());
    assert!(!process.task.keeps_lane());
    process
}

#[test]
fn a_hit_without_our_marker_is_asked_and_may_be_linked() {
    let mut process = same_customer();
    process.verb(Verb::Say(Said::Link { id: "k7".to_owned() }));
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("customer"), 1);
    assert_eq!(process.outside.record("customer", "k7").field("name"), &Value::from("Kim"));
}

#[test]
fn a_hit_without_our_marker_may_be_another_record() {
    let mut process = same_customer();
    process.verb(Verb::Say(Said::CreateNew));
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("customer"), 2);
}

#[test]
fn adopting_asks_when_a_field_that_must_agree_does_not() {
    let mut upsert = upsert_customer();
    upsert.adopt_if = vec!["email".to_owned(), "name".to_owned()];
    let flow = graph("order", vec![node("customer", Step::Upsert(Box::new(upsert)))]);
    let mut process = Process::new(&flow);
    let there = Value::of([
        ("id", "k7".into()),
        ("email", "kim@example.org".into()),
        ("name", "Robin".into()),
    ]);
    process.outside.put("customer", "k7", there);
    process.start();
    insta::assert_snapshot!(picture(&process.task));
    let State::NeedsPerson(reason) = &process.task.state else { panic!() };
    assert_eq!(reason.to_value().at("candidates").items()[0].at("differs").items().len(), 1);
}

#[test]
fn cancel_ends_what_is_not_under_way() {
    let mut process = Process::new(&whole());
    process.disk.terms.clear();
    process.start();
    process.verb(Verb::Cancel);
    assert_eq!(process.task.state.name(), "cancelled");
    let refused = process.verb(Verb::Cancel).refused.unwrap();
    assert_eq!(refused.code, codes::VERB_REFUSED);
    let refused = process.verb(Verb::Retry { latest: None }).refused.unwrap();
    assert_eq!(refused.code, codes::VERB_REFUSED);
}

#[test]
fn cancel_waits_for_the_write_under_way() {
    let mut process = Process::new(&graph("order", vec![order(), invoice()]));
    process.outside.mishaps = at_request(3, Mishap::LostBefore);
    process.input(Input::Start);
    process.run_until_asked(4);
    process.take(&Input::Verb { verb: Verb::Cancel, by: "kim".into(), why: "wrong".into() });
    assert_eq!(process.task.state.name(), "running");
    process.run();
    assert_eq!(process.task.state.name(), "cancelled", "{}", process.story());
    assert_eq!(process.outside.acted, Vec::<String>::new());
    assert!(process.disk.locks.is_empty());
}

#[test]
fn retry_with_the_newest_graph_keeps_the_writes_that_were_made() {
    let mut process =
        Process::new(&graph("order", vec![customer(), order(), stop("no", StopAs::Failed)]));
    process.start();
    assert_eq!(process.task.state.fault().unwrap().code, codes::STOPPED);
    let newer = process.deploy(&whole());
    process.verb(Verb::Retry { latest: Some(newer) });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.task.graph, newer);
    assert_eq!(process.outside.count("order"), 1);
    assert_eq!(process.outside.count("customer"), 1);
}

#[test]
fn a_way_that_no_longer_reaches_a_write_that_was_made_is_diverged() {
    let mut process =
        Process::new(&graph("order", vec![customer(), order(), stop("no", StopAs::Failed)]));
    process.start();
    let gone = process.deploy(&graph("order", vec![customer(), call("mail", "mail")]));
    let refused = process.verb(Verb::Retry { latest: Some(gone) }).refused.unwrap();
    assert_eq!(refused.code, codes::MOVE_BLOCKED);
    let newer = process.deploy(&shaped("order", vec![(customer(), None), (order(), None)]));
    process.verb(Verb::Retry { latest: Some(newer) });
    assert_eq!(process.task.state.fault().unwrap().code, codes::DIVERGED, "{}", process.story());
    assert_eq!(process.outside.count("order"), 1);
}

#[test]
fn pause_holds_a_waiting_task_and_resume_lets_it_go_on() {
    let mut process = Process::new(&graph("order", vec![order()]));
    process.outside.mishaps = [Mishap::Refused(Class::Down)].into();
    process.start();
    process.verb(Verb::Pause);
    process.input(Input::ConnectionUp { connection: "shop".to_owned() });
    process.run();
    assert_eq!(process.task.state.reason().unwrap().name(), "paused");
    process.verb(Verb::Resume);
    assert_eq!(process.task.state, State::Done);
    assert_eq!(process.verb(Verb::Resume).refused.unwrap().code, codes::VERB_REFUSED);
}

#[test]
fn an_answer_to_an_older_question_changes_nothing() {
    let mut process = Process::new(&graph("order", vec![order()]));
    let decision = process.take(&Input::Start);
    let crate::Effect::Send { ask, .. } = &decision.effects[0] else { panic!() };
    process.run();
    let length = process.task.length;
    let reading = process.outside.perform("shop", &ask.operation, process.now_ms);
    process.take(&Input::Answered { ask: ask.clone(), reading: Box::new(reading) });
    assert_eq!(process.task.length, length);
}

#[test]
fn a_defect_while_a_write_is_under_way_forgets_nothing() {
    for answered in [true, false] {
        let mut process = Process::new(&graph("order", vec![order()]));
        process.input(Input::Start);
        process.run_until_asked(3);
        let decision = crate::quarantine(&process.task, process.now_ms, "a bug");
        assert!(decision.changes.is_empty(), "the open write keeps its locks");
        process.commit(&decision);
        if answered {
            process.run();
        } else {
            process.forget_inputs();
        }
        assert_eq!(process.task.state.fault().unwrap().code, codes::DEFECT);
        process.verb(Verb::Retry { latest: None });
        assert_eq!(process.task.state, State::Done, "{}", process.story());
        assert_eq!(process.outside.acted, ["create order"]);
        assert!(process.disk.locks.is_empty());
    }
}

#[test]
fn a_defect_gives_back_locks_that_protect_nothing() {
    let mut process = Process::new(&graph("order", vec![order()]));
    process.input(Input::Start);
    process.run_until_asked(2);
    let decision = crate::quarantine(&process.task, process.now_ms, "a bug");
    assert_eq!(decision.changes.len(), 2);
    process.commit(&decision);
    assert!(process.disk.locks.is_empty());
}
