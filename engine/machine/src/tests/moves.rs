//! Tasks that go on by another graph of their flow, in every state.

use std::collections::BTreeMap;

use tenon_graph::{Failures, Graph, Step, StopAs, WaitOn};
use tenon_value::Class;

use super::flows::{
    call, catch, code, customer, graph, invoice, is_true, lines, log, node, order, path, row,
    shaped, stop, text, when, whole,
};
use super::items::{beside, rows, with_lines};
use super::outside::Mishap;
use super::people::at_request;
use super::process::Process;
use crate::{Fit, FitClass, Input, LoadedGraph, State, Verb, codes, fit};

fn fits(process: &Process, to: &Graph) -> Fit {
    fits_as(process, to, &[])
}

fn fits_as(process: &Process, to: &Graph, chosen: &[(&str, &str)]) -> Fit {
    let chosen: BTreeMap<String, String> =
        chosen.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    fit(&process.task, &process.graph, &LoadedGraph::load(to).unwrap(), &chosen)
}

fn moves(process: &mut Process, to: &Graph) {
    let to = process.deploy(to);
    let decision = process.verb(Verb::Move { to, steps: BTreeMap::new() });
    assert!(decision.refused.is_none(), "{:?}", decision.refused);
    assert_eq!(process.task.graph, to);
    let folded = process.fold();
    let names = |task: &crate::Task| task.steps.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&folded), names(&process.task), "the journal says it all");
    assert_eq!(folded.state, process.task.state);
}

/// Customer and order are made, then it fails.
fn stopped() -> Process {
    let mut process =
        Process::new(&graph("order", vec![customer(), order(), stop("no", StopAs::Failed)]));
    process.start();
    process
}

/// Waits for a signal, after the customer is made.
fn waiting(id: &str, name: &str) -> Graph {
    let on = WaitOn::Signal(name.to_owned());
    graph("order", vec![customer(), node(id, Step::Wait { on, within_ms: None }), order()])
}

#[test]
fn a_task_fits_the_graph_it_has_and_one_that_goes_on_otherwise() {
    let process = stopped();
    let same = graph("order", vec![customer(), order(), stop("no", StopAs::Failed)]);
    assert_eq!(fits(&process, &same).class(), FitClass::Compatible);
    let longer = graph("order", vec![customer(), order(), stop("no", StopAs::Done)]);
    assert_eq!(fits(&process, &longer).class(), FitClass::Compatible);
}

#[test]
fn a_step_that_failed_and_is_gone_is_passed_over_and_said() {
    let mut process = stopped();
    let fit = fits(&process, &whole());
    assert_eq!((fit.class(), fit.gone.as_slice()), (FitClass::Mappable, &["no".to_owned()][..]));
    moves(&mut process, &whole());
    process.verb(Verb::Retry { latest: None });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
}

#[test]
fn a_write_that_was_made_must_be_there_and_be_the_same_kind_of_write() {
    let process = stopped();
    let gone = fits(&process, &graph("order", vec![customer(), log()]));
    assert_eq!(gone.class(), FitClass::Blocked);
    assert!(gone.lines()[0].contains("`erp_order` (upsert ledger.order) did its work"), "{gone:?}");
    let other = fits(&process, &graph("order", vec![customer(), call("erp_order", "mail")]));
    assert_eq!(other.class(), FitClass::Blocked);
    assert!(other.lines()[0].contains("is `call ledger.order.mail` there"), "{other:?}");
}

#[test]
fn a_step_that_comes_before_where_it_stands_is_said_and_done_first() {
    let mut process = Process::new(&waiting("wait", "approved"));
    process.start();
    assert_eq!(process.task.state.name(), "waiting", "{}", process.story());
    let on = WaitOn::Signal("approved".to_owned());
    let wait = node("wait", Step::Wait { on, within_ms: None });
    let to = graph("order", vec![customer(), order(), wait]);
    let found = fits(&process, &to);
    assert_eq!(
        (found.class(), found.first.as_slice()),
        (FitClass::Mappable, &["erp_order".to_owned()][..])
    );
    assert_eq!(found.stands, [("wait".to_owned(), "wait".to_owned())]);
    moves(&mut process, &to);
    process.verb(Verb::Signal { name: "approved".into(), value: "yes".into() });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!((process.outside.count("customer"), process.outside.count("order")), (1, 1));
}

#[test]
fn a_task_that_waits_is_blocked_where_that_step_waits_for_something_else_or_is_gone() {
    let mut process = Process::new(&waiting("wait", "approved"));
    process.start();
    let other = fits(&process, &waiting("wait", "paid"));
    assert_eq!(other.class(), FitClass::Blocked, "{other:?}");
    let gone = fits(&process, &graph("order", vec![customer(), order()]));
    assert!(
        gone.lines()[0].contains("it stands in step `wait` (wait signal approved)"),
        "{gone:?}"
    );
    let to = process.deploy(&graph("order", vec![customer(), order()]));
    let refused = process.verb(Verb::Move { to, steps: BTreeMap::new() }).refused.unwrap();
    assert_eq!(refused.code, codes::MOVE_BLOCKED);
    assert!(refused.hint.contains("--step OLD=NEW"), "{}", refused.hint);
}

#[test]
fn steps_under_other_names_are_followed_through_the_whole_journal() {
    // Without names of their own they are called after their position, which the new step takes.
    let mut process = Process::new(&waiting("wait_2", "approved"));
    process.start();
    let on = |name: &str| WaitOn::Signal(name.to_owned());
    let wait = |id: &str, name: &str| node(id, Step::Wait { on: on(name), within_ms: None });
    let mut first = log();
    first.id = "log_2".to_owned();
    let to = graph("order", vec![customer(), first, wait("wait_3", "approved"), order()]);
    let found = fits(&process, &to);
    assert_eq!(found.renamed, [("wait_2".to_owned(), "wait_3".to_owned())]);
    assert_eq!(found.class(), FitClass::Mappable);
    moves(&mut process, &to);
    assert_eq!(process.task.state.reason().unwrap().step(), Some("wait_3"));
    assert!(process.story().contains("step wait_2 is wait_3 there"), "{}", process.story());
    process.verb(Verb::Signal { name: "approved".into(), value: "yes".into() });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.disk.audit, ["all is well"]);
}

#[test]
fn a_name_that_another_step_took_never_gives_it_the_old_ones_answer() {
    let unnamed = |mut node: tenon_graph::Node, id: &str| {
        node.id = id.to_owned();
        node
    };
    let from = graph(
        "order",
        vec![order(), unnamed(call("x", "mail"), "call_2"), stop("no", StopAs::Failed)],
    );
    let mut process = Process::new(&from);
    process.start();
    assert_eq!(process.outside.acted, ["create order", "mail o1"], "{}", process.story());
    let fresh = unnamed(invoice(), "call_2");
    let always = tenon_graph::Node { when: None, ..fresh.clone() };
    let to = |fresh| graph("order", vec![order(), fresh, unnamed(call("x", "mail"), "call_3")]);
    let blocked = fits(&process, &to(always));
    assert!(blocked.lines()[0].contains("`call_2` comes before `call_3` there"), "{blocked:?}");
    let latest = Some(process.deploy(&to(when(fresh, &is_true("order.test")))));
    process.verb(Verb::Retry { latest });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.acted, ["create order", "mail o1"]);
}

#[test]
fn a_person_may_say_which_step_it_is_and_only_of_steps_there_are() {
    let mut process = Process::new(&waiting("wait", "approved"));
    process.start();
    let to = waiting("approval", "approved");
    // The same but for its name: sure already. Another list around it is not.
    assert_eq!(fits(&process, &to).renamed, [("wait".to_owned(), "approval".to_owned())]);
    let paid = waiting("approval", "paid");
    assert_eq!(fits(&process, &paid).class(), FitClass::Blocked);
    assert_eq!(fits_as(&process, &paid, &[("wait", "approval")]).class(), FitClass::Blocked);
    let to = process.deploy(&to);
    let steps = BTreeMap::from([("wait".to_owned(), "nowhere".to_owned())]);
    let refused = process.verb(Verb::Move { to, steps }).refused.unwrap();
    assert!(refused.message.contains("no step `nowhere`"), "{}", refused.message);
    let steps = BTreeMap::from([("wait".to_owned(), "approval".to_owned())]);
    assert!(process.verb(Verb::Move { to, steps }).refused.is_none());
    process.verb(Verb::Signal { name: "approved".into(), value: "yes".into() });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
}

#[test]
fn items_under_way_go_on_where_the_list_is_the_same_and_not_where_it_is_made_otherwise() {
    let mut process = Process::new(&rows(1, Failures::Stop));
    with_lines(&mut process, 3);
    process.outside.mishaps = at_request(4, Mishap::Refused(Class::Rejected));
    process.start();
    assert_eq!(process.task.state.name(), "failed", "{}", process.story());
    let mut other = rows(1, Failures::Stop);
    if let Step::Each(each) = &mut other.nodes[0].step {
        each.items = code(&path("order.rows"));
    }
    let blocked = fits(&process, &other);
    assert!(blocked.lines()[0].contains("`lines` goes over another list"), "{blocked:?}");
    let outside = shaped(
        "order",
        vec![
            (node("lines", Step::Each(Box::new(lines(2, 1, Failures::Stop)))), Some(1)),
            (row(), None),
            (log(), None),
        ],
    );
    let blocked = fits(&process, &outside);
    assert!(blocked.lines().iter().any(|l| l.contains("another list of steps")), "{blocked:?}");
    let slower = rows(2, Failures::Collect);
    assert_eq!(fits(&process, &slower).class(), FitClass::Compatible);
    moves(&mut process, &slower);
    process.verb(Verb::Retry { latest: None });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!(process.outside.count("row"), 3);
}

#[test]
fn branches_side_by_side_keep_what_each_has_done() {
    let mut process = Process::new(&beside());
    process.outside.mishaps = at_request(4, Mishap::Refused(Class::Rejected));
    process.start();
    assert_eq!(process.task.state.name(), "failed", "{}", process.story());
    let mut to = beside();
    to.nodes[3].id = "whom".to_owned();
    assert_ne!(fits(&process, &to).class(), FitClass::Blocked);
    moves(&mut process, &to);
    process.verb(Verb::Retry { latest: None });
    assert_eq!(process.task.state, State::Done, "{}", process.story());
    assert_eq!((process.outside.count("customer"), process.outside.count("order")), (1, 1));
}

#[test]
fn a_fault_that_was_caught_needs_its_catch_there() {
    let wait = |id: &str| {
        let on = WaitOn::Signal("approved".to_owned());
        node(id, Step::Wait { on, within_ms: None })
    };
    let from =
        graph("order", vec![order(), catch(call("mail", "mail"), "rejected", None), wait("wait")]);
    let mut process = Process::new(&from);
    process.outside.mishaps = at_request(4, Mishap::Refused(Class::Rejected));
    process.start();
    assert_eq!(process.task.state.name(), "waiting", "{}", process.story());
    let fit = fits(&process, &graph("order", vec![order(), call("mail", "mail"), wait("wait")]));
    assert!(fit.lines()[0].contains("`mail` caught"), "{fit:?}");
    let other = catch(call("mail", "mail"), "rejected", None);
    let to = graph("order", vec![order(), other, wait("wait"), log()]);
    assert_eq!(fits(&process, &to).class(), FitClass::Compatible);
}

#[test]
fn what_is_being_made_undone_ends_on_the_graph_it_was_done_by() {
    let mut undone = order();
    undone.undo = Some(2);
    let back = node("back", Step::Log { text: code(&text("back")) });
    let from =
        shaped("order", vec![(undone, Some(1)), (stop("no", StopAs::Failed), None), (back, None)]);
    let mut process = Process::new(&from);
    process.input(Input::Start);
    process.task.undoing = Some(crate::Undoing { cause: None, by: None });
    assert_eq!(fits(&process, &from).class(), FitClass::Compatible);
    let fit = fits(&process, &whole());
    assert!(fit.lines()[0].contains("being made undone"), "{fit:?}");
}

#[test]
fn a_task_that_has_not_begun_fits_any_graph() {
    let process = Process::new(&whole());
    assert_eq!(fits(&process, &graph("order", vec![log()])).class(), FitClass::Compatible);
}
