//! Every step kind with its outcomes, as pictures.

use tenon_graph::{Retry, StopAs, UpdatePolicy, WhenLocked};
use tenon_value::{Class, Value};

use super::flows::{
    at, call, catch, code, customer, equal, expect, graph, invoice, log, node, order, path, stop,
    text, upsert_customer, upsert_order, whole,
};
use super::outside::Mishap;
use super::process::Process;
use crate::{Effect, Input, State, TaskId, codes, picture};
use tenon_graph::Step;

fn code_of(process: &Process) -> String {
    process.task.state.fault().map(|fault| fault.code.clone()).unwrap_or_default()
}

#[test]
fn a_new_order_goes_all_the_way() {
    let mut process = Process::new(&whole());
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.acted, ["create customer", "create order", "invoice o2", "book i3"]);
    assert_eq!(process.disk.audit, ["all is well"]);
    assert!(process.disk.locks.is_empty());
    insta::assert_snapshot!(picture(&process.task));
    insta::assert_snapshot!(process.story());
}

#[test]
fn the_same_order_again_sends_nothing() {
    let mut first = Process::new(&whole());
    first.start();
    let mut again = Process::new(&whole());
    again.disk.links = first.disk.links.clone();
    again.disk.sent = first.disk.sent.clone();
    again.outside = first.outside.clone();
    again.outside.acted.clear();
    again.start();
    assert_eq!(again.task.state, State::Done, "{}", again.story());
    assert_eq!(again.outside.acted, Vec::<String>::new());
    insta::assert_snapshot!(again.story());
}

#[test]
fn an_unchanged_record_that_nobody_uses_is_not_even_read() {
    let flow = graph("order", vec![order()]);
    let mut first = Process::new(&flow);
    first.start();
    let mut again = Process::new(&flow);
    again.disk.links = first.disk.links.clone();
    again.disk.sent = first.disk.sent.clone();
    again.outside = first.outside.clone();
    again.outside.asked.clear();
    again.start();
    assert_eq!(again.outside.asked, ["shop get order o-1"]);
}

#[test]
fn a_skip_rule_ends_it_before_anything_is_asked() {
    let mut process = Process::new(&whole());
    let order = process.outside.shop["o-1"].clone().with("test", true.into());
    process.outside.shop.insert("o-1".to_owned(), order);
    process.start();
    assert_eq!(process.task.state, State::Skipped("a test order".to_owned()));
    assert_eq!(process.outside.asked, ["shop get order o-1"]);
}

#[test]
fn a_step_whose_condition_does_not_hold_is_passed_over() {
    let mut process = Process::new(&whole());
    let order = process.outside.shop["o-1"].clone().with("paid", false.into());
    process.outside.shop.insert("o-1".to_owned(), order);
    process.start();
    assert_eq!(process.outside.acted, ["create customer", "create order"]);
    assert_eq!(process.task.state, State::Done);
}

#[test]
fn our_marker_in_the_target_is_adopted() {
    let mut process = Process::new(&graph("order", vec![order()]));
    let there = Value::of([("number", "o9".into()), ("ref", "#1001".into())]);
    process.outside.put("order", "o9", there);
    process.start();
    assert_eq!(process.outside.acted, ["update order o9"]);
    insta::assert_snapshot!(process.story());
}

#[test]
fn master_data_is_adopted_and_only_its_empty_fields_are_filled() {
    let mut process = Process::new(&graph("order", vec![customer()]));
    let there = Value::of([
        ("id", "k7".into()),
        ("email", "kim@example.org".into()),
        ("name", "Kim, changed by hand".into()),
    ]);
    process.outside.put("customer", "k7", there.clone());
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.record("customer", "k7"), there);
    insta::assert_snapshot!(process.story());
}

#[test]
fn an_update_policy_may_come_from_a_setting() {
    let mut upsert = upsert_customer();
    upsert.update = UpdatePolicy::By(code(&path("settings.customer_update")));
    let flow = graph("order", vec![node("customer", Step::Upsert(Box::new(upsert)))]);
    let there = Value::of([
        ("id", "k7".into()),
        ("email", "kim@example.org".into()),
        ("name", "Old".into()),
    ]);
    for (setting, wanted) in [("all", "Kim"), ("never", "Old"), ("empty_fields", "Old")] {
        let mut process = Process::new(&flow);
        process.disk.settings.insert("customer_update".to_owned(), setting.into());
        process.outside.put("customer", "k7", there.clone());
        process.start();
        let name = process.outside.record("customer", "k7").field("name").clone();
        assert_eq!(name, Value::from(wanted), "{setting}: {}", process.story());
    }
    let mut process = Process::new(&flow);
    process.disk.settings.insert("customer_update".to_owned(), "sometimes".into());
    process.outside.put("customer", "k7", there);
    process.start();
    assert_eq!(code_of(&process), codes::BAD_CHOICE);
}

fn changed_after_sending(human_edits: &str) -> Process {
    let flow = graph("order", vec![order()]);
    let mut first = Process::new(&flow);
    first.start();
    let mut again = Process::new(&flow);
    again.disk.links = first.disk.links.clone();
    again.disk.sent = first.disk.sent.clone();
    again.disk.settings.insert("human_edits".to_owned(), human_edits.into());
    again.outside = first.outside.clone();
    // A person changes the note there, the shop changes the total and the note.
    let there = again.outside.record("order", "o1").with("total", Value::from(99_i64));
    again.outside.put("order", "o1", there);
    let order = again.outside.shop["o-1"]
        .clone()
        .with("total", Value::from(130_i64))
        .with("note", "leave at the door".into());
    again.outside.shop.insert("o-1".to_owned(), order);
    again.start();
    again
}

#[test]
fn what_a_person_changed_is_kept_and_the_rest_is_sent() {
    let process = changed_after_sending("keep");
    let order = process.outside.record("order", "o1");
    assert_eq!(order.field("total"), &Value::from(99_i64));
    assert_eq!(order.field("note"), &Value::from("leave at the door"));
}

#[test]
fn what_a_person_changed_is_overwritten_where_the_setting_says_so() {
    let process = changed_after_sending("overwrite");
    assert_eq!(process.outside.record("order", "o1").field("total"), &Value::from(130_i64));
}

#[test]
fn what_a_person_changed_stops_it_where_the_setting_says_so() {
    let process = changed_after_sending("stop");
    assert_eq!(code_of(&process), codes::CHANGED_BY_OTHERS);
    assert!(process.disk.locks.is_empty());
}

#[test]
fn a_locked_record_that_differs_is_never_overwritten() {
    for (when_locked, ends_as) in [(WhenLocked::Issue, "failed"), (WhenLocked::Keep, "done")] {
        let mut upsert = upsert_order();
        upsert.when_locked = when_locked;
        let flow = graph("order", vec![node("erp_order", Step::Upsert(Box::new(upsert)))]);
        let mut process = Process::new(&flow);
        let there = Value::of([
            ("number", "o9".into()),
            ("ref", "#1001".into()),
            ("invoiced_as", "i1".into()),
        ]);
        process.outside.put("order", "o9", there.clone());
        process.start();
        assert_eq!(process.task.state.name(), ends_as);
        assert_eq!(process.outside.record("order", "o9"), there);
        if when_locked == WhenLocked::Issue {
            assert_eq!(code_of(&process), codes::LOCKED_DIFFERS);
        }
    }
}

#[test]
fn a_linked_record_that_is_gone_is_said() {
    let flow = graph("order", vec![order()]);
    let mut process = Process::new(&flow);
    process.start();
    let mut again = Process::new(&flow);
    again.disk.links = process.disk.links.clone();
    again.start();
    assert_eq!(code_of(&again), codes::LINKED_RECORD_GONE);
}

#[test]
fn blank_keys_and_references_are_faults_before_anything_is_sent() {
    let mut process = Process::new(&graph("order", vec![order()]));
    let order = process.outside.shop["o-1"].clone();
    process.outside.shop.insert("o-1".to_owned(), order.clone().with("name", " ".into()));
    process.start();
    assert_eq!(code_of(&process), codes::FIND_BLANK);
    assert_eq!(process.outside.acted, Vec::<String>::new());

    let mut process = Process::new(&whole());
    process.outside.shop.insert("o-1".to_owned(), order.clone().with("id", "".into()));
    process.start();
    assert_eq!(code_of(&process), codes::REFERENCE_BLANK);

    let step = Step::Get { of: at("ledger", "order"), by: code(&path("order.nothing")) };
    let mut process = Process::new(&graph("order", vec![node("there", step)]));
    process.start();
    assert_eq!(code_of(&process), codes::KEY_BLANK);
}

#[test]
fn a_missing_table_row_fails_the_task_and_a_retry_sees_the_repaired_table() {
    let mut process = Process::new(&whole());
    process.disk.terms.clear();
    process.start();
    assert_eq!(process.task.state.name(), "failed");
    assert_eq!(process.outside.acted, ["create customer"]);
    process.disk.terms.insert("card".to_owned(), "10 days".into());
    process.verb(crate::Verb::Retry { latest: None });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.record("order", "o2").field("terms"), &Value::from("10 days"));
    assert_eq!(process.outside.count("customer"), 1);
}

#[test]
fn a_retry_sees_the_repaired_source_record_although_a_write_was_made_before() {
    let mut process = Process::new(&whole());
    let good = process.outside.shop["o-1"].clone();
    process.outside.shop.insert("o-1".to_owned(), good.clone().with("method", "barter".into()));
    process.start();
    assert_eq!(process.task.state.name(), "failed");
    process.outside.shop.insert("o-1".to_owned(), good);
    process.verb(crate::Verb::Retry { latest: None });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
}

#[test]
fn faults_that_pass_are_tried_again_until_the_budget_is_spent() {
    let mut process = Process::new(&graph("order", vec![order()]));
    process.outside.mishaps =
        [Mishap::Refused(Class::Transient), Mishap::Refused(Class::RateLimited)].into();
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());

    let mut process = Process::new(&graph("order", vec![order()]));
    process.outside.mishaps = vec![Mishap::Refused(Class::Transient); 4].into();
    process.start();
    assert_eq!(code_of(&process), "REFUSED");
    assert_eq!(process.outside.asked.len(), 4);
}

#[test]
fn a_step_may_have_a_retry_of_its_own() {
    let mut node = order();
    node.retry = Some(Retry { attempts: 1, ..Retry::default() });
    let mut process = Process::new(&graph("order", vec![node]));
    process.outside.mishaps = [Mishap::Fine, Mishap::Refused(Class::Transient)].into();
    process.start();
    assert_eq!(process.task.state.name(), "failed");
}

#[test]
fn a_write_that_was_refused_for_the_moment_goes_out_again_with_the_same_bytes() {
    let mut process = Process::new(&graph("order", vec![order()]));
    process.outside.mishaps =
        [Mishap::Fine, Mishap::Fine, Mishap::Refused(Class::RateLimited)].into();
    process.start();
    assert_eq!(process.outside.acted, ["create order"]);
    insta::assert_snapshot!(process.story());
}

#[test]
fn a_connection_that_is_out_parks_the_task_without_spending_its_budget() {
    for (class, name) in [(Class::Auth, "connection_auth"), (Class::Down, "connection_down")] {
        let mut process = Process::new(&graph("order", vec![order()]));
        process.outside.mishaps = [Mishap::Fine, Mishap::Fine, Mishap::Refused(class)].into();
        process.start();
        assert_eq!(process.task.state.name(), "waiting");
        assert_eq!(process.task.state.reason().unwrap().name(), name);
        assert!(process.disk.locks.is_empty(), "a parked task holds nobody up");
        assert_eq!(process.task.step("erp_order").unwrap().attempts, 0);
        process.input(Input::ConnectionUp { connection: "shop".to_owned() });
        process.run();
        assert_eq!(process.task.state.name(), "waiting", "another connection is none of its");
        process.input(Input::ConnectionUp { connection: "ledger".to_owned() });
        process.run();
        assert_eq!(process.task.state, State::Done);
        assert_eq!(process.outside.acted, ["create order"]);
    }
}

#[test]
fn a_lock_that_another_task_holds_is_waited_for() {
    let mut process = Process::new(&graph("order", vec![order()]));
    let other = TaskId("task_0".to_owned());
    process.disk.locks.insert("ledger/order/ref=#1001".to_owned(), other.clone());
    process.start();
    assert_eq!(process.task.state.reason().unwrap().name(), "lock");
    assert_eq!(process.outside.asked, ["shop get order o-1"]);
    process.disk.locks.clear();
    // The other task made the order meanwhile.
    let there = Value::of([("number", "o9".into()), ("ref", "#1001".into())]);
    process.outside.put("order", "o9", there);
    process.input(Input::LockFree);
    process.run();
    assert_eq!(process.task.state, State::Done);
    assert_eq!(process.outside.acted, ["update order o9"]);
}

#[test]
fn a_fault_may_be_caught_by_class_or_code() {
    for row in ["conflict", "REFUSED"] {
        let caught = catch(order(), row, Some(2));
        let nodes = vec![caught, stop("never", StopAs::Failed), log()];
        let mut process = Process::new(&graph("order", nodes));
        process.outside.mishaps =
            [Mishap::Fine, Mishap::Fine, Mishap::Refused(Class::Conflict)].into();
        process.start();
        assert_eq!(process.task.state, State::Done, "{}", process.story());
        assert_eq!(process.disk.audit, ["all is well"]);
    }
}

#[test]
fn choose_takes_the_first_branch_that_holds() {
    let choose = |method: &str| {
        let step = Step::Choose {
            branches: vec![(code(&equal(&path("order.method"), &text(method))), Some(1))],
            otherwise: Some(2),
        };
        let nodes =
            vec![node("which", step), stop("one", StopAs::Skipped), stop("other", StopAs::Failed)];
        let mut process = Process::new(&graph("order", nodes));
        process.start();
        process
    };
    assert_eq!(choose("card").task.state.name(), "skipped");
    assert_eq!(code_of(&choose("cash")), codes::STOPPED);
}

#[test]
fn set_names_values_for_what_follows() {
    let set = Step::Set { values: vec![("greeting".to_owned(), code(&path("order.name")))] };
    let line = Step::Log { text: code(&path("greeting")) };
    let mut process = Process::new(&graph("order", vec![node("names", set), node("line", line)]));
    process.start();
    assert_eq!(process.disk.audit, ["#1001"]);
}

#[test]
fn an_expectation_that_does_not_hold_fails_the_step_after_its_write() {
    let order = expect(order(), &equal(&path("erp_order.state"), &text("ok")), "NOT_OK");
    let mut process = Process::new(&graph("order", vec![order]));
    process.start();
    assert_eq!(code_of(&process), "NOT_OK");
    // Somebody repairs it there: the record is read again and judged anew, not sent again.
    let there = process.outside.record("order", "o1").with("state", "ok".into());
    process.outside.put("order", "o1", there);
    process.verb(crate::Verb::Retry { latest: None });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.acted, ["create order"]);
}

#[test]
fn an_action_that_shows_as_done_is_not_sent() {
    let mut process = Process::new(&graph("order", vec![order(), invoice()]));
    let there = Value::of([
        ("number", "o9".into()),
        ("ref", "#1001".into()),
        ("total", Value::from(125_i64)),
        ("terms", "30 days".into()),
        ("invoiced_as", "i4".into()),
    ]);
    process.outside.put("order", "o9", there);
    process.outside.put("invoice", "i4", Value::of([("number", "i4".into())]));
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.acted, Vec::<String>::new());
    let link = &process.disk.links[&("invoice".to_owned(), "o-1".to_owned())];
    assert_eq!(link.target, "i4");
}

#[test]
fn an_action_that_somebody_else_did_may_be_a_conflict() {
    let mut process = Process::new(&graph("order", vec![order(), call("credit", "credit")]));
    let there =
        Value::of([("number", "o9".into()), ("ref", "#1001".into()), ("credited_by", "i9".into())]);
    process.outside.put("order", "o9", there);
    process.start();
    assert_eq!(code_of(&process), codes::ALREADY_DONE);
}

#[test]
fn a_child_runs_as_a_task_of_its_own_and_its_end_is_the_steps() {
    let run = Step::Run {
        flow: "invoice".to_owned(),
        with: vec![("order".to_owned(), code(&path("order")))],
        detach: false,
    };
    let flow = graph("order", vec![node("invoice", run), log()]);
    let mut process = Process::new(&flow);
    process.start();
    assert_eq!(process.task.state.reason().unwrap().name(), "children");
    let child = process.disk.children[0].clone();
    assert_eq!(child.0, "task_1.invoice");
    assert!(process.left.contains(&Effect::WatchChild { child: child.clone() }));

    let fault = tenon_value::Fault::new("BAD_ROW", Class::Rejected, "row 3 is bad");
    let reason = crate::Reason::Fault { step: "x".to_owned(), fault };
    process.input(Input::ChildEnded { child: child.clone(), state: State::Failed(reason) });
    process.run();
    assert_eq!(code_of(&process), codes::CHILD_FAILED);

    // The child is repaired by its own retry: the parent goes on.
    process.input(Input::ChildEnded { child, state: State::Done });
    process.run();
    assert_eq!(process.task.state, State::Queued);
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.disk.children.len(), 1);
}

#[test]
fn a_retry_of_the_parent_retries_the_child_that_failed() {
    let run = Step::Run { flow: "invoice".to_owned(), with: Vec::new(), detach: false };
    let mut process = Process::new(&graph("order", vec![node("invoice", run)]));
    process.start();
    let child = process.disk.children[0].clone();
    let fault = tenon_value::Fault::new("BAD_ROW", Class::Rejected, "row 3 is bad");
    let state = State::Failed(crate::Reason::Fault { step: "x".to_owned(), fault });
    process.input(Input::ChildEnded { child: child.clone(), state });
    process.run();
    process.verb(crate::Verb::Retry { latest: None });
    let retried = process.left.iter().any(
        |effect| matches!(effect, Effect::RetryChild { child: retried, .. } if *retried == child),
    );
    assert!(retried);
    assert_eq!(process.task.state.reason().unwrap().name(), "children");
}

#[test]
fn a_detached_child_is_not_waited_for() {
    let run = Step::Run { flow: "invoice".to_owned(), with: Vec::new(), detach: true };
    let mut process = Process::new(&graph("order", vec![node("invoice", run), log()]));
    process.start();
    assert_eq!(process.task.state, State::Done);
    assert_eq!(process.disk.children.len(), 1);
}

#[test]
fn a_dry_run_reads_and_sends_nothing() {
    let mut process = Process::new(&whole());
    process.dry_run = true;
    process.start();
    assert_eq!(process.task.state, State::Done, "{}", picture(&process.task));
    assert_eq!(process.outside.acted, Vec::<String>::new());
    assert!(process.disk.links.is_empty() && process.disk.locks.is_empty());
    let would: Vec<String> = process
        .left
        .iter()
        .filter_map(|effect| match effect {
            Effect::WouldSend { step, request, .. } => {
                Some(format!("{step}: {} {}", request.method, request.path))
            }
            _ => None,
        })
        .collect();
    insta::assert_snapshot!(would.join("\n"));
}

#[test]
fn a_search_over_several_pages_is_read_to_its_end() {
    let mut process = Process::new(&graph("order", vec![order()]));
    for n in 0..5 {
        let key = format!("o{}", 90 + n);
        let record = Value::of([("number", key.as_str().into()), ("ref", "#1001".into())]);
        process.outside.put("order", &key, record);
    }
    process.start();
    let State::NeedsPerson(crate::Reason::SameRecord { candidates, .. }) = &process.task.state
    else {
        panic!("{}", picture(&process.task));
    };
    assert_eq!(candidates.items().len(), 5);
}

#[test]
fn a_way_in_a_circle_is_a_fault_and_not_a_hang() {
    let mut a = log();
    a.next = Some(0);
    let mut process = Process::new(&graph("order", vec![a]));
    process.start();
    assert_eq!(code_of(&process), codes::GRAPH_BROKEN);
}
