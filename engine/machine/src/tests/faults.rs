//! Faults that only a strange answer, a strange program or a death brings about.

use tenon_kit::Outcome;
use tenon_value::Value;

use super::flows::{call, graph, log, order, text, when};
use super::outside::Mishap;
use super::people::at_request;
use super::process::Process;
use crate::{Event, codes};

fn code_of(process: &Process) -> String {
    process.task.state.fault().map(|fault| fault.code.clone()).unwrap_or_default()
}

fn answered(request: usize, outcome: Outcome) -> Process {
    let mut process = Process::new(&graph("order", vec![order()]));
    process.outside.mishaps = at_request(request, Mishap::Answers(Box::new(outcome)));
    process.start();
    process
}

#[test]
fn a_condition_that_is_no_bool_stops_the_task() {
    let mut process = Process::new(&graph("order", vec![when(log(), &text("yes"))]));
    process.start();
    assert_eq!(code_of(&process), codes::CONDITION_NOT_BOOL);
    assert!(process.disk.audit.is_empty());
}

#[test]
fn a_search_that_finds_more_than_can_be_held_stops_the_task() {
    let hit = Value::of([("number", "o1".into()), ("ref", "#1001".into())]);
    let process = answered(2, Outcome::Page { records: vec![hit; 10_001], next: None });
    assert_eq!(code_of(&process), codes::TOO_MANY_FOUND, "{}", process.story());
    assert!(process.outside.acted.is_empty());
}

#[test]
fn a_created_record_without_a_key_is_not_taken_for_done() {
    let process = answered(3, Outcome::Record(Value::of([("ref", "#1001".into())])));
    assert_eq!(code_of(&process), codes::ANSWER_WITHOUT_KEY, "{}", process.story());
    assert!(process.disk.links.is_empty());
}

#[test]
fn a_lost_action_that_leaves_no_trace_is_asked() {
    let mut process = Process::new(&graph("order", vec![order(), call("filed", "file")]));
    process.outside.mishaps = at_request(4, Mishap::LostAfter);
    process.start();
    assert_eq!(code_of(&process), codes::OUTCOME_UNKNOWN, "{}", process.story());
}

#[test]
fn a_write_whose_answer_died_with_the_process_is_lost_in_the_journal() {
    let flow = graph("order", vec![order()]);
    let mut first = Process::new(&flow);
    first.start();
    let ended = first.moments.iter().any(|moment| {
        let mut next = Process::after_death(&flow, moment);
        next.run();
        let told = |bytes: &Vec<u8>| {
            let event = Event::decode(bytes).unwrap().to_value();
            tenon_value::json::write(&event).contains(codes::PROCESS_ENDED)
        };
        next.disk.journal.iter().any(told)
    });
    assert!(ended, "no moment had a write without an answer");
}
