//! Journals as bytes, their limits, and codes with their pages.

use proptest::prelude::*;
use tenon_kit::Operation;
use tenon_value::{Fault, Value, json};

use super::flows::{graph, order, whole};
use super::process::Process;
use crate::{Cause, Event, ItemFault, MAX_EVENTS, Reason, Task, TaskId, What, Who, codes};

#[test]
fn every_event_of_a_history_reads_back_as_it_was_written() {
    let mut process = Process::new(&whole());
    process.start();
    for bytes in &process.disk.journal {
        let event = Event::decode(bytes).unwrap();
        assert_eq!(&event.encode(), bytes);
        assert!(!event.describe().is_empty());
        assert_eq!(event.to_value().field("event").as_text(), Some(event.what.name()));
    }
}

#[test]
fn values_of_every_kind_keep_their_kind_and_scale() {
    let money = json::read(r#"{"a":1.50,"b":[null,true,"x",-7,12345678901234567890.10]}"#).unwrap();
    let value = Value::of([
        ("json", money),
        ("missing", Value::Missing),
        ("date", Value::Date(tenon_value::time::parse_date("2026-11-24").unwrap())),
        (
            "at",
            Value::DateTime(
                tenon_value::time::parse_datetime("2026-11-24T08:00:00.5+01:00").unwrap(),
            ),
        ),
        ("for", Value::Duration(1_500)),
        (
            "money",
            Value::from(tenon_value::Money::new(
                tenon_value::Number::parse("10.00").unwrap(),
                tenon_value::Currency::new("SEK"),
            )),
        ),
    ]);
    let event = Event::at(
        1,
        What::Read { step: "s".to_owned(), slot: "record".to_owned(), value: value.clone() },
    );
    let back = Event::decode(&event.encode()).unwrap();
    assert_eq!(back, event);
    let What::Read { value: back, .. } = back.what else { panic!() };
    assert_eq!(back.at("json.a").plain().as_deref(), Some("1.50"));
}

#[test]
fn operations_of_every_kind_read_back() {
    let get = Operation::Get { resource: "order".to_owned(), key: "1".to_owned() };
    let all = [
        get.clone(),
        Operation::List {
            resource: "order".to_owned(),
            filter: vec![("state".to_owned(), Value::from(1_i64))],
            since_ms: Some(5),
            page: None,
        },
        Operation::Rest {
            resource: "order".to_owned(),
            of: Box::new(get),
            so_far: Value::from(2_i64),
        },
        Operation::Action {
            resource: "order".to_owned(),
            action: "book".to_owned(),
            key: "1".to_owned(),
            with: vec![("text".to_owned(), "x".into())],
        },
        Operation::Check { number: 3 },
    ];
    for operation in all {
        let value = crate::codec_plan::operation::to_value(&operation);
        assert_eq!(crate::codec_plan::operation::from_value(&value), Some(operation));
    }
}

#[test]
fn a_journal_that_does_not_begin_with_the_creation_is_refused() {
    let begun = Event::at(1, What::Begun).encode();
    let error = Task::load(TaskId("task_1".to_owned()), [begun.as_slice()]).unwrap_err();
    assert!(error.to_string().contains("creation"));
    let error = Task::load(TaskId("task_1".to_owned()), [&b"\xff"[..]]).unwrap_err();
    assert!(error.to_string().starts_with("entry 0"), "{error}");
}

#[test]
fn a_full_journal_is_a_clear_fault_before_anything_more_is_asked() {
    let mut process = Process::new(&graph("order", vec![order()]));
    process.task.length = MAX_EVENTS;
    let decision = process.decide(&crate::Input::Start);
    assert_eq!(decision.task.state.fault().unwrap().code, codes::JOURNAL_FULL);
    assert!(decision.effects.is_empty());
}

#[test]
fn every_code_has_one_page() {
    let source = include_str!("../codes.rs");
    let declared = source.lines().filter(|line| line.starts_with("pub const ")).count() - 1;
    let mut pages: Vec<&str> = codes::PAGES.iter().map(|page| page.0).collect();
    pages.sort_unstable();
    pages.dedup();
    assert_eq!(pages.len(), declared);
    assert_eq!(pages.len(), codes::PAGES.len());
}

#[test]
fn every_reason_says_something_and_names_itself() {
    let fault = Fault::new("X", tenon_value::Class::Down, "it is down");
    let reasons = [
        Reason::Timer { until_ms: 1 },
        Reason::Lane { lane: "l".into(), behind: TaskId("task_0".into()) },
        Reason::Limit { connection: "c".into(), bucket: "b".into(), free_ms: 2 },
        Reason::Document { step: "s".into(), reference: "order 1".into(), until_ms: None },
        Reason::AccountChanged { from: "a".into(), to: "b".into() },
        Reason::ConnectionDown { connection: "c".into(), since_ms: 3, fault },
    ];
    for reason in reasons {
        assert!(!reason.describe().is_empty());
        assert_eq!(reason.to_value().field("reason").as_text(), Some(reason.name()));
        let event = Event::at(0, What::Waited { reason, wake_ms: None });
        assert_eq!(Event::decode(&event.encode()).unwrap(), event);
    }
}

/// Every event that several steps under way brought, with a small content.
fn later_events() -> Vec<What> {
    let step = || "row[3]".to_owned();
    let fault = || Fault::new("X", tenon_value::Class::Limit, "x");
    let reason = Reason::Timer { until_ms: 7 };
    let who = Who { by: "kim".into(), why: "so".into() };
    let failed = vec![ItemFault { item: 3, fault: fault() }];
    vec![
        What::Waited { reason: reason.clone(), wake_ms: None },
        What::Waited { reason: reason.clone(), wake_ms: Some(5) },
        What::Held { step: step(), reason, wake_ms: None },
        What::Unheld { steps: vec![step()] },
        What::StepBegun { step: step(), until_ms: Some(1), over_ms: None },
        What::Signalled { name: "go".into(), value: Value::from(1_i64), who: who.clone() },
        What::SignalTaken { step: step(), name: "go".into() },
        What::Spread { step: step(), items: vec!["a".into()] },
        What::UndoBegun { cause: Some(Cause { step: step(), fault: fault() }), by: None },
        What::UndoBegun { cause: None, by: Some(who) },
        What::Undone { step: step() },
        What::PageStarted {
            step: step(),
            run: "one".into(),
            flow: "line".into(),
            from: 0,
            count: 2,
            names: "ab".into(),
        },
        What::PageEnded { step: step(), failed: failed.clone(), ends: vec!["done".into()] },
        What::PageFailed { step: step(), failed },
        What::ItemHealed { step: step(), item: 3, again: vec!["sum".into()] },
        What::StepsRenamed { steps: vec![(step(), "t".into())] },
    ]
}

#[test]
fn the_encoded_forms_of_later_events_stay_as_they_are() {
    let mut lines = String::new();
    for what in later_events() {
        let event = Event::at(1, what);
        let bytes = event.encode();
        assert_eq!(Event::decode(&bytes).unwrap(), event);
        assert!(!event.describe().is_empty());
        lines.push_str(&format!("{} {}\n", event.what.name(), hex::encode(bytes)));
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn entries_written_before_steps_could_be_held_are_read() {
    // `waited` with its reason alone, and `children` without the one that asks.
    let waited = hex::decode("820182 0e82 00 07".replace(' ', "")).unwrap();
    let wanted = What::Waited { reason: Reason::Timer { until_ms: 7 }, wake_ms: None };
    assert_eq!(Event::decode(&waited).unwrap().what, wanted);
    let children = hex::decode("820182 0e84 08 6173 01 01".replace(' ', "")).unwrap();
    let reason = Reason::Children { step: "s".into(), open: 1, of: 1, asks: None };
    assert_eq!(Event::decode(&children).unwrap().what, What::Waited { reason, wake_ms: None });
}

proptest! {
    #[test]
    fn bytes_that_are_no_event_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = Event::decode(&bytes);
    }
}
