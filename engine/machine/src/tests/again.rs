//! What must hold when something is done, looked for or read a second time.

use tenon_graph::{Graph, Step};
use tenon_value::{Class, Value};

use super::flows::{graph, node, order, upsert_customer};
use super::outside::Mishap;
use super::process::Process;
use crate::event::Trigger;
use crate::{Reason, State, TaskId, Verb, picture};

fn card(id: &str, name: &str) -> Value {
    Value::of([("id", id.into()), ("email", "kim@example.org".into()), ("name", name.into())])
}

fn customer_flow(same: &[&str]) -> Graph {
    let mut upsert = upsert_customer();
    upsert.find[0].same = same.iter().map(|field| (*field).to_owned()).collect();
    graph("order", vec![node("customer", Step::Upsert(Box::new(upsert)))])
}

#[test]
fn being_one_too_many_spends_no_tries() {
    let mut process = Process::new(&graph("order", vec![order()]));
    process.outside.mishaps = vec![Mishap::Refused(Class::RateLimited); 30].into();
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
}

#[test]
fn a_lost_create_does_not_take_another_card_with_the_same_email() {
    let mut process = Process::new(&customer_flow(&[]));
    process.outside.mishaps = vec![Mishap::Fine, Mishap::Fine, Mishap::LostBefore].into();
    process.input(crate::Input::Start);
    process.run_until_asked(3);
    process.outside.put("customer", "k7", card("k7", "Robin"));
    process.run();
    let State::NeedsPerson(Reason::UnknownOutcome { .. }) = &process.task.state else {
        panic!("{}", picture(&process.task))
    };
    assert!(process.disk.links.is_empty());
    process.verb(Verb::Say(crate::Said::NotHappened));
    assert!(!matches!(process.task.state, State::Failed(_)), "{}", process.story());
}

#[test]
fn a_hit_of_another_kind_is_passed_over() {
    let mut process = Process::new(&customer_flow(&["name"]));
    process.outside.put("customer", "k7", card("k7", "Robin"));
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("customer"), 2);

    let mut process = Process::new(&customer_flow(&["name"]));
    process.outside.put("customer", "k7", card("k7", "Robin"));
    process.outside.put("customer", "k8", card("k8", "Kim"));
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("customer"), 2, "the one of its kind is taken");
}

#[test]
fn a_child_that_is_retried_reads_the_record_it_was_given_again() {
    let mut process = Process::new(&graph("order", vec![order()]));
    let good = process.outside.shop["o-1"].clone();
    process.task.trigger =
        Trigger::Parent { task: TaskId("task_0".to_owned()), step: "order".to_owned() };
    process.task.given = Value::of([("order", good.clone().with("method", "cheque".into()))]);
    process.start();
    assert_eq!(process.task.state.name(), "failed", "{}", process.story());
    // The shop's order has been repaired since the parent read it.
    process.verb(Verb::Retry { latest: None });
    process.run();
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
}
