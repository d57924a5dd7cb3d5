//! Repairs by people: outcomes forgotten, steps skipped, values edited, other graphs, notes.

use std::collections::BTreeMap;

use tenon_graph::{Step, StopAs};
use tenon_value::{Class, Value, json};

use super::flows::{call, customer, graph, invoice, order, stop, upsert_customer, whole};
use super::outside::Mishap;
use super::people::at_request;
use super::process::Process;
use crate::{Care, Origin, Part, Said, State, Verb, codes};

fn patch(text: &str) -> Value {
    json::read(text).unwrap()
}

fn edit(part: Part, step: &str, text: &str) -> Verb {
    Verb::Edit { part, step: step.to_owned(), patch: patch(text) }
}

/// Customer and order are made, then it fails.
fn stopped() -> Process {
    let mut process =
        Process::new(&graph("order", vec![customer(), order(), stop("no", StopAs::Failed)]));
    process.start();
    assert_eq!(process.task.state.fault().unwrap().code, codes::STOPPED);
    process
}

#[test]
fn a_retry_from_a_step_finds_its_writes_again_and_repeats_none() {
    let mut process = stopped();
    let number = process.disk.links[&("order".to_owned(), "o-1".to_owned())].target.clone();
    let there = process.outside.record("order", &number).with("total", Value::from(1_i64));
    process.outside.put("order", &number, there);
    let newer = process.deploy(&whole());
    process.verb(Verb::RetryFrom { step: "erp_order".to_owned(), latest: Some(newer) });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("order"), 1, "it is found, not made");
    let creates = process.outside.acted.iter().filter(|line| line.starts_with("create")).count();
    assert_eq!(creates, 2, "{:?}", process.outside.acted);
    assert!(process.story().contains("looked for again: "), "{}", process.story());
}

#[test]
fn a_retry_from_a_step_keeps_a_write_that_nothing_could_find() {
    let nodes = vec![order(), call("mail", "mail"), stop("no", StopAs::Failed)];
    let mut process = Process::new(&graph("order", nodes));
    process.start();
    process.verb(Verb::RetryFrom { step: "erp_order".to_owned(), latest: None });
    let mails = process.outside.acted.iter().filter(|line| line.starts_with("mail")).count();
    assert_eq!(mails, 1, "{}", process.story());
    let refused = process.verb(Verb::RetryFrom { step: "nowhere".to_owned(), latest: None });
    assert!(refused.refused.unwrap().message.contains("no step `nowhere`"));
}

#[test]
fn a_skipped_step_gave_what_the_person_says_and_its_write_is_not_made() {
    let mut process = Process::new(&graph("order", vec![customer(), order()]));
    process.outside.mishaps = at_request(3, Mishap::Refused(Class::Rejected));
    process.start();
    assert_eq!(process.task.state.name(), "failed", "{}", process.story());
    let output = Value::of([("id", "k99".into())]);
    process.verb(Verb::Skip { step: "customer".to_owned(), output });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("customer"), 0);
    assert_eq!(process.outside.count("order"), 1);
    assert!(process.story().contains("customer skipped by "), "{}", process.story());
    let refused = process.verb(Verb::Skip { step: "erp_order".to_owned(), output: Value::Null });
    assert_eq!(refused.refused.unwrap().code, codes::VERB_REFUSED);
}

#[test]
fn an_edited_record_is_the_one_the_task_goes_by() {
    let mut process = Process::new(&whole());
    process.disk.terms.clear();
    process.start();
    assert_eq!(process.task.state.name(), "failed", "{}", process.story());
    process.disk.terms.insert("invoice".to_owned(), "10 days".into());
    process.verb(edit(
        Part::Record,
        "",
        r#"[{"op":"replace","path":"/method","value":"invoice"}]"#,
    ));
    assert_eq!(process.task.state.name(), "failed", "an edit alone moves nothing");
    process.verb(Verb::Retry { latest: None });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert!(process.story().contains("the source record edited by"), "{}", process.story());
}

#[test]
fn an_edited_input_is_what_is_sent() {
    let mut process = Process::new(&graph("order", vec![order()]));
    process.outside.mishaps = at_request(3, Mishap::Refused(Class::Rejected));
    process.start();
    assert_eq!(process.task.state.name(), "failed", "{}", process.story());
    process.verb(edit(
        Part::Input,
        "erp_order",
        r#"[{"op":"add","path":"/remark","value":"by hand"}]"#,
    ));
    process.verb(Verb::Retry { latest: None });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    let number = process.disk.links[&("order".to_owned(), "o-1".to_owned())].target.clone();
    assert_eq!(process.outside.record("order", &number).field("remark").as_text(), Some("by hand"));
}

#[test]
fn a_patch_that_does_not_fit_is_refused_and_changes_nothing() {
    let mut process = stopped();
    let length = process.task.length;
    let verb = edit(Part::Output, "erp_order", r#"[{"op":"remove","path":"/nowhere"}]"#);
    let refused = process.verb(verb).refused.unwrap();
    assert_eq!(refused.code, codes::PATCH_REFUSED);
    assert_eq!(refused.code, "PATCH_REFUSED");
    let refused = process.verb(edit(Part::Input, "no", "[]")).refused.unwrap();
    assert!(refused.message.contains("made nothing to send"), "{}", refused.message);
    assert_eq!(process.task.length, length);
}

#[test]
fn a_person_may_take_a_task_as_done_but_not_over_an_unknown_outcome() {
    let mut process = stopped();
    process.verb(Verb::Done);
    assert_eq!(process.task.state, State::Done);
    assert!(process.story().contains("taken as done by"), "{}", process.story());
    assert_eq!(process.verb(Verb::Done).refused.unwrap().code, codes::VERB_REFUSED);
    let mut process = Process::new(&graph("order", vec![order(), call("mail", "mail")]));
    process.outside.mishaps = at_request(4, Mishap::LostAfter);
    process.start();
    for verb in [
        Verb::Done,
        Verb::Skip { step: "mail".to_owned(), output: Value::Null },
        Verb::Move { to: process.task.graph, steps: BTreeMap::new() },
    ] {
        assert_eq!(process.verb(verb).refused.unwrap().code, codes::SETTLE_FIRST);
    }
    process.verb(Verb::Say(Said::Happened { id: None }));
    assert_eq!(process.task.state, State::Done);
}

#[test]
fn a_task_moves_to_a_graph_that_has_the_steps_whose_writes_it_made() {
    let mut process = stopped();
    let other = process.deploy(&graph("order", vec![customer()]));
    let refused = process.verb(Verb::Move { to: other, steps: BTreeMap::new() }).refused.unwrap();
    assert_eq!(refused.code, "MOVE_BLOCKED");
    assert!(refused.message.contains("no such step"), "{}", refused.message);
    let newer = process.deploy(&whole());
    process.verb(Verb::Move { to: newer, steps: BTreeMap::new() });
    assert_eq!(process.task.state.name(), "failed", "a move alone starts nothing");
    assert_eq!(process.task.graph, newer);
    process.verb(Verb::Retry { latest: None });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("order"), 1);
}

#[test]
fn a_record_that_is_not_to_be_touched_is_used_and_never_written() {
    let link = crate::Link { target: "k7".to_owned(), origin: Origin::HandsOff };
    let there = || Value::of([("id", "k7".into()), ("email", "else@example.org".into())]);
    let mut process = Process::new(&graph("order", vec![customer(), order()]));
    process.disk.links.insert(("customer".to_owned(), "c-1".to_owned()), link.clone());
    process.outside.put("customer", "k7", there());
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.record("customer", "k7"), there());
    let mut process = Process::new(&graph("order", vec![order(), invoice()]));
    process.disk.links.insert(("order".to_owned(), "o-1".to_owned()), link);
    process.start();
    assert_eq!(process.task.state.name(), "skipped", "{}", process.story());
    assert!(process.outside.acted.is_empty());
}

#[test]
fn notes_tags_and_assignments_stand_in_the_journal_and_change_no_state() {
    let mut process = stopped();
    let state = process.task.state.clone();
    let tagged = Care::Tagged { add: vec!["vat".into(), "q4".into()], remove: vec![] };
    for care in [
        Care::Assigned { to: Some("robin".into()) },
        tagged,
        Care::Tagged { add: vec![], remove: vec!["q4".into()] },
        Care::Noted { text: "asked the shop".into() },
        Care::Snoozed { until_ms: Some(1_764_000_100_000) },
    ] {
        assert!(process.verb(Verb::Care(care)).refused.is_none());
    }
    assert_eq!(process.task.state, state);
    assert_eq!(process.task.assigned.as_deref(), Some("robin"));
    assert_eq!(process.task.tags.iter().collect::<Vec<_>>(), ["vat"]);
    assert!(process.story().contains("notes: asked the shop"), "{}", process.story());
    let story = process.story();
    let again =
        crate::Task::load(process.task.id.clone(), process.disk.journal.iter().map(Vec::as_slice))
            .unwrap();
    assert_eq!((again.assigned, again.tags), (process.task.assigned, process.task.tags), "{story}");
}

#[test]
fn a_note_while_a_read_is_under_way_does_not_lose_its_answer() {
    let upsert = upsert_customer();
    let node = super::flows::node("customer", Step::Upsert(Box::new(upsert)));
    let mut process = Process::new(&graph("order", vec![node]));
    process.input(crate::Input::Start);
    process.run_until_asked(1);
    let care = Care::Noted { text: "in a hurry".into() };
    process.input(crate::Input::Verb {
        verb: Verb::Care(care),
        by: "kim".into(),
        why: String::new(),
    });
    process.run();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("customer"), 1);
}
