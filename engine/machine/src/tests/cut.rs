//! Death at every moment of every golden history: the end and the outside effects stay the same.

use tenon_graph::Graph;
use tenon_value::Value;

use super::flows::{call, customer, graph, invoice, order, whole};
use super::outside::Mishap;
use super::process::Process;
use crate::{State, picture};

/// Runs a history, then from every moment at which the process may have died.
pub(super) fn cut(name: &str, flow: &Graph, prepare: impl Fn(&mut Process)) -> usize {
    let mut golden = Process::new(flow);
    prepare(&mut golden);
    golden.start();
    assert_eq!(golden.task.state, State::Done, "{name}: {}", golden.story());
    let acted = once(&golden.outside.acted);
    for (n, moment) in golden.moments.iter().enumerate() {
        let mut process = Process::after_death(flow, moment);
        process.run();
        let told = format!("{name}, moment {n}:\n{}\n{}", process.story(), picture(&process.task));
        assert_eq!(process.task.state, golden.task.state, "{told}");
        assert_eq!(process.outside.shape(), golden.outside.shape(), "{told}");
        assert_eq!(once(&process.outside.acted), acted, "{told}");
        assert_eq!(process.disk.links.len(), golden.disk.links.len(), "{told}");
        assert_eq!(process.disk.audit, golden.disk.audit, "{told}");
        assert!(process.disk.locks.is_empty(), "{told}");
    }
    golden.moments.len()
}

/// Writes that must not happen twice, without the numbers of records.
fn once(acted: &[String]) -> Vec<String> {
    let kinds = acted
        .iter()
        .filter(|line| !["update", "touch", "delete"].iter().any(|w| line.starts_with(w)));
    let mut kinds: Vec<String> = kinds
        .map(|line| line.split(' ').take(if line.starts_with("create") { 2 } else { 1 }).collect())
        .collect();
    kinds.sort();
    kinds
}

fn adopted(process: &mut Process) {
    let there = Value::of([("number", "o9".into()), ("ref", "#1001".into())]);
    process.outside.put("order", "o9", there);
    let there = Value::of([("id", "k7".into()), ("email", "kim@example.org".into())]);
    process.outside.put("customer", "k7", there);
}

#[test]
fn the_whole_way() {
    assert!(cut("new", &whole(), |_| {}) > 15);
}

#[test]
fn with_records_that_are_adopted_and_updated() {
    cut("adopted", &whole(), adopted);
}

#[test]
fn with_an_action_that_may_be_repeated() {
    cut("touch", &graph("order", vec![order(), call("touch", "touch")]), |_| {});
}

#[test]
fn with_each_request_going_wrong_once() {
    let requests = {
        let mut process = Process::new(&whole());
        process.start();
        process.outside.asked.len()
    };
    let mishaps = [
        Mishap::LostAfter,
        Mishap::LostBefore,
        Mishap::ActsLater(10_000),
        Mishap::Refused(tenon_value::Class::RateLimited),
        Mishap::Refused(tenon_value::Class::Transient),
    ];
    for n in 0..requests {
        for mishap in &mishaps {
            let mut schedule = vec![Mishap::Fine; n];
            schedule.push(mishap.clone());
            cut(&format!("request {n} {mishap:?}"), &whole(), |process| {
                process.outside.mishaps = schedule.clone().into();
            });
        }
    }
}

#[test]
fn with_customer_order_and_invoice_of_a_known_order_that_changed() {
    let flow = graph("order", vec![customer(), order(), invoice()]);
    let mut first = Process::new(&flow);
    let unpaid = first.outside.shop["o-1"].clone().with("paid", false.into());
    first.outside.shop.insert("o-1".to_owned(), unpaid);
    first.start();
    let (links, sent, outside) =
        (first.disk.links.clone(), first.disk.sent.clone(), first.outside.clone());
    cut("changed", &flow, |process| {
        process.disk.links = links.clone();
        process.disk.sent = sent.clone();
        process.outside = outside.clone();
        let order = process.outside.shop["o-1"].clone();
        let order = order.with("paid", true.into()).with("note", "now paid".into());
        process.outside.shop.insert("o-1".to_owned(), order);
    });
}
