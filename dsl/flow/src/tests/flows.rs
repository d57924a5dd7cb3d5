//! Steps: what they compile to, and every mistake that can be made in one.

use tenon_graph::{Graph, Step, StopAs, UpdatePolicy, WhenLocked};

use super::systems::{check, finds, good, is_error, only, shown, with};
use crate::not_yet;

const FLOW: &str = "order.flow.yaml";
const CHILD: &str = "invoice.flow.yaml";

/// A good step of every verb that came after the first.
const EVERY_LATER_VERB: [(&str, &str); 8] = [
    ("list", "list: ledger.invoice"),
    ("create", "create: ledger.customer\nreference: order.id\nmap: customer"),
    ("update", "update: ledger.order\nkey: order.name\nmap: order"),
    ("delete", "delete: ledger.customer\nkey: order.name"),
    ("each", "each: order.rows\nas: row\nsteps:\n  - log: \"{row.title}\""),
    ("together", "together:\n  a: [{ log: \"a\" }]\n  b: [{ log: \"b\" }]"),
    ("wait", "wait: { for: 5s }"),
    ("script", "script: script(\"names.rhai::from_note\", order) as text"),
];

fn graph(flow: &str) -> Graph {
    let (integration, found) = check(&good());
    assert!(found.is_empty(), "{}", shown(&found));
    integration.unwrap().graphs.remove(flow).unwrap()
}

/// The graph as lines: place, id, what follows.
pub(crate) fn picture(graph: &Graph) -> String {
    let mut lines = String::new();
    for (n, node) in graph.nodes.iter().enumerate() {
        let next = |to: Option<u32>| to.map_or("end".to_owned(), |to| to.to_string());
        lines.push_str(&format!("{n} {} -> {}", node.id, next(node.next)));
        for way in &node.catch {
            lines.push_str(&format!(" | {} -> {}", way.fault, next(way.to)));
        }
        if let Step::Choose { branches, otherwise } = &node.step {
            for (_, to) in branches {
                lines.push_str(&format!(" | if -> {}", next(*to)));
            }
            lines.push_str(&format!(" | otherwise -> {}", next(*otherwise)));
        }
        for (name, to) in inner(node) {
            lines.push_str(&format!(" | {name} -> {}", next(to)));
        }
        lines.push('\n');
    }
    lines
}

/// The lists of steps that belong to a step, by their names.
fn inner(node: &tenon_graph::Node) -> Vec<(String, Option<u32>)> {
    let mut lists = Vec::new();
    match &node.step {
        Step::Each(each) => {
            let kind = if each.detach { "each, detached" } else { "each" };
            lists.push((kind.to_owned(), each.body));
            lists.extend(each.after.map(|to| ("after".to_owned(), Some(to))));
        }
        Step::Together { branches } => lists.clone_from(branches),
        _ => {}
    }
    lists.extend(node.undo.map(|to| ("undo".to_owned(), Some(to))));
    lists
}

#[test]
fn steps_follow_each_other_through_branches_and_catches() {
    insta::assert_snapshot!(picture(&graph("order")), @r"
    0 names -> 1
    1 customer -> 3 | rejected -> 2
    2 log_3 -> 3
    3 erp_order -> 4
    4 choose_5 -> 7 | if -> 5 | if -> end | otherwise -> 6
    5 set_6 -> 7
    6 stop_7 -> end
    7 run_8 -> 8
    8 log_9 -> 9
    9 stop_10 -> end
    ");
}

#[test]
fn an_upsert_keeps_everything_it_was_told() {
    let graph = graph("order");
    let Step::Upsert(order) = &graph.node("erp_order").unwrap().step else { panic!("no upsert") };
    assert_eq!((order.of.connection.as_str(), order.of.resource.as_str()), ("ledger", "order"));
    assert_eq!(order.entity, "order");
    assert_eq!((order.find[0].field.as_str(), order.find[0].marker), ("Reference", true));
    assert_eq!(order.adopt_if, ["Currency", "Total"]);
    assert_eq!((order.when_locked, order.adopt), (WhenLocked::Keep, false));
    assert_eq!(order.update, UpdatePolicy::All);
    let Step::Upsert(customer) = &graph.node("customer").unwrap().step else { panic!("no upsert") };
    assert_eq!(customer.entity, "customer");
    let finds: Vec<_> =
        customer.find.iter().map(|f| (f.field.as_str(), f.marker, f.when.is_some())).collect();
    assert_eq!(finds, [("Marker", true, false), ("Email", false, true)]);
    assert!(customer.adopt);
    assert!(matches!(customer.update, UpdatePolicy::By(_)));
}

#[test]
fn a_graph_holds_what_it_uses_and_no_more() {
    let order = graph("order");
    assert_eq!(order.mappings.keys().collect::<Vec<_>>(), ["customer", "order"]);
    assert_eq!(order.scripts.keys().collect::<Vec<_>>(), ["names.rhai"]);
    let invoice = graph("invoice");
    assert!(invoice.mappings.is_empty() && invoice.scripts.is_empty());
    assert_eq!(invoice.takes, ["erp_order"]);
    let Step::Call { stores: Some(stores), .. } = &invoice.node("made").unwrap().step else {
        panic!("no call")
    };
    assert_eq!((stores.entity.as_str(), stores.resource.as_str()), ("invoice", "invoice"));
}

#[test]
fn a_graph_has_the_same_address_however_often_it_is_compiled() {
    let one = graph("order");
    assert_eq!(one.hash().unwrap(), graph("order").hash().unwrap());
    assert_eq!(Graph::from_json(&one.to_json().unwrap()).unwrap(), one);
    assert_eq!(one.edition, crate::EDITION);
    let (changed, _) = check(&with(FLOW, "attempts: 8", "attempts: 9"));
    assert_ne!(changed.unwrap().graphs["order"].hash().unwrap(), one.hash().unwrap());
}

#[test]
fn numbers_and_times_of_a_flow_are_read() {
    let graph = graph("order");
    assert_eq!((graph.retry.attempts, graph.retry.first_ms), (8, 2_000));
    assert_eq!((graph.retry.factor_percent, graph.retry.max_ms), (150, 600_000));
    assert_eq!(graph.retry.within_ms, 86_400_000);
    let poll = graph.triggers.poll.as_ref().unwrap();
    assert_eq!(
        (poll.since.as_str(), poll.overlap_ms, poll.every_ms),
        ("updatedAt", 120_000, 300_000)
    );
    let run = graph.nodes.iter().find(|node| matches!(node.step, Step::Run { .. })).unwrap();
    assert_eq!(run.retry.as_ref().unwrap().attempts, 2);
    let stop = graph.nodes.last().unwrap();
    assert!(matches!(stop.step, Step::Stop { end: StopAs::Done, .. }));
    assert!(graph.node("erp_order").unwrap().place.starts_with("order.flow.yaml:"));
}

#[test]
fn a_step_needs_one_verb_that_is_known() {
    let found =
        finds(FLOW, "- log: \"{label} is there\"", "- lgo: \"{label} is there\"", "F002", "lgo");
    assert_eq!(found.fix.map(|fix| (fix.replacement, fix.sure)), Some(("log".to_owned(), true)));
    finds(FLOW, "- log: \"{label} is there\"", "- if: order.test", "F005", "if");
    finds(FLOW, "- log: \"{label}", "- run: invoice\n    log: \"{label}", "F005", "log");
}

#[test]
fn what_the_machine_does_not_run_yet_is_checked_and_then_refused() {
    let refused = |list: &[&str], word: &str, path: &str, old: &str, new: &str| {
        let (integration, found) = check(&with(path, old, new));
        let codes: Vec<_> = found.iter().map(|d| (d.code, d.span.text())).collect();
        let wanted: &[_] = if list.contains(&word) { &[("F006", word)] } else { &[] };
        assert_eq!(codes, wanted, "{}", shown(&found));
        assert_eq!(integration.is_none(), list.contains(&word), "{word}");
    };
    for (word, steps) in EVERY_LATER_VERB {
        let steps = steps.replace('\n', "\n    ");
        let new = format!("  - {steps}\n  - stop: done");
        refused(not_yet::VERBS, word, FLOW, "  - stop: done", &new);
    }
    assert!(not_yet::VERBS.iter().all(|verb| EVERY_LATER_VERB.iter().any(|(v, _)| v == verb)));
    let log = "- log: \"{label} is there\"";
    for (word, key) in [("timeout", "timeout: 5s"), ("undo", "undo:\n      - log: back")] {
        refused(not_yet::KEYS, word, FLOW, log, &format!("{log}\n    {key}"));
    }
    let keep = "when_locked: keep";
    refused(not_yet::WHEN_LOCKED, "correct", FLOW, keep, "when_locked: correct");
    let root = "integration.yaml";
    let schedules = "schedules:\n  n: { flow: order, every: 1h }\ntitle: S";
    refused(not_yet::INTEGRATION, "schedules", root, "title: S", schedules);
    let events = "manual: [id]\n  events: [orders]";
    refused(not_yet::TRIGGERS, "events", FLOW, "manual: [id]", events);
    assert_eq!(not_yet::TRIGGERS, ["events"], "then this is F006 no more: \"F006\" has no test");
}

#[test]
fn keys_of_steps_are_known() {
    finds(FLOW, "adopt_if:", "adoptif:", "F003", "adoptif");
    finds(CHILD, "    by: erp_order.DocumentNumber\n", "", "F001", "id");
    finds(FLOW, "    steps: []", "    step: []", "F003", "step");
    finds(FLOW, "        code: CURRENCY_CHANGED\n", "", "F001", "holds");
    finds(
        FLOW,
        "      - stop: failed\n        because: \"a currency the ledger has not\"\n",
        "      - stop: failed\n",
        "F001",
        "stop",
    );
    finds(FLOW, "adopt: true", "adopt: maybe", "F004", "maybe");
}

#[test]
fn ids_are_names_and_stand_once() {
    finds(FLOW, "id: names", "id: customer", "F013", "customer");
    finds(FLOW, "id: names", "id: the-names", "F014", "the-names");
    finds(FLOW, "id: names", "id: settings", "F014", "settings");
    finds(FLOW, "set: { home: true }", "set: { order: true, home: true }", "F014", "order");
}

#[test]
fn a_write_needs_reference_and_find() {
    let found = finds(FLOW, "    reference: order.id\n", "", "F011", "upsert");
    assert!(is_error(&found));
    let found = finds(
        FLOW,
        "    find: { Reference: \"{settings.prefix}{order.name}\" }\n",
        "",
        "F012",
        "upsert",
    );
    assert!(found.notes[1].contains("Reference"));
    finds(FLOW, "reference: order.id", "reference: order.rows", "F028", "order.rows");
    finds(FLOW, "find: { Reference:", "find: { Remarks:", "F032", "Remarks");
    finds(FLOW, "adopt_if: [Currency, Total]", "adopt_if: [Currency, Totals]", "F032", "Totals");
    finds(
        FLOW,
        "- Marker: order.customer.id",
        "- { Marker: order.id, Email: order.id }",
        "F004",
        "{ Marker: order.id, Email: order.id }",
    );
}

#[test]
fn systems_resources_and_actions_are_known() {
    finds(FLOW, "upsert: ledger.order", "upsert: ledgr.order", "F007", "ledgr");
    finds(
        CHILD,
        "call: ledger.invoice.bookkeep",
        "call: ledger.invoice.bookeep",
        "F009",
        "bookeep",
    );
    finds(
        CHILD,
        "stores: { reference: order.id }",
        "stores: { reference: order.id, resource: order }",
        "F009",
        "order",
    );
    finds(CHILD, "      date:", "      day: order.id\n      date:", "F033", "day");
}

#[test]
fn mappings_are_known_and_fit() {
    let found = finds(FLOW, "map: order\n", "map: ordre\n", "F010", "ordre");
    assert_eq!(found.fix.unwrap().replacement, "order");
    finds(FLOW, "map: order\n", "map: customer\n", "F019", "customer");
    let (_, found) = check(&with(
        "customer.map.yaml",
        "{ order: shop.order }",
        "{ order: shop.order, who: shop.customer }",
    ));
    assert!(found.iter().any(|d| d.code == "F019"), "{}", shown(&found));
}

#[test]
fn steps_that_are_never_reached_are_found() {
    let found = only(
        FLOW,
        "  - stop: done\n",
        "  - stop: done\n  - log: \"never\"\n  - log: \"nor this\"\n",
    );
    assert_eq!((found.code, found.span.text()), ("F015", "log"));
    let files = with(FLOW, "        steps: []", "        steps:\n          - stop: done");
    let (_, found) = check(&files);
    assert!(found.iter().all(|d| !is_error(d)), "one branch goes on: {}", shown(&found));
}

#[test]
fn a_choice_that_ends_every_way_ends_the_task() {
    let mut files = good();
    files.insert(
        CHILD.to_owned(),
        "flow: invoice\ntitle: I\nfrom: shop.order\nto: ledger.invoice\ntakes: [erp_order]\nsteps:\n  - choose:\n      - if: order.test\n        steps: [{ stop: done }]\n      - otherwise: [{ stop: done }]\n  - log: \"never\"\n".to_owned(),
    );
    let (_, found) = check(&files);
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["F015"], "{}", shown(&found));
}

#[test]
fn flows_are_known_and_given_what_they_take() {
    finds(FLOW, "run: invoice", "run: invoices", "F017", "invoices");
    finds(
        FLOW,
        "with: { order: order, erp_order: erp_order }",
        "with: { order: order }",
        "F033",
        "run",
    );
    finds(
        FLOW,
        "with: { order: order, erp_order",
        "with: { order: order, ordr: order, erp_order",
        "F033",
        "ordr",
    );
}

#[test]
fn flows_may_not_run_each_other_in_a_circle() {
    let found = only(CHILD, "steps:\n", "steps:\n  - run: order\n");
    assert_eq!(found.code, "F016");
    assert!(found.message.contains("→"), "{}", found.message);
}

#[test]
fn faults_are_caught_by_class_or_code() {
    let found = finds(FLOW, "fault: rejected", "fault: rejectd", "F034", "rejectd");
    assert_eq!(found.fix.unwrap().replacement, "rejected");
    for code in ["NUMBER_TAKEN", "\"ledger:2000637\"", "not_found"] {
        let (_, found) = check(&with(FLOW, "fault: rejected", &format!("fault: {code}")));
        assert!(found.is_empty(), "{}", shown(&found));
    }
    finds(FLOW, "fault: rejected", "fault: \"other:12\"", "F034", "\"other:12\"");
}

#[test]
fn a_condition_that_may_fail_and_a_log_that_names_a_person_are_warnings() {
    let found = only(FLOW, "if: home ?? false", "if: (order.name as int) == 3");
    assert_eq!((found.code, is_error(&found)), ("F038", false));
    let found =
        only(FLOW, "- log: \"{label} is there\"", "- log: '{order.email ?? \"nobody\"} is there'");
    assert_eq!((found.code, is_error(&found)), ("F039", false));
}

#[test]
fn the_answer_of_a_step_that_may_be_passed_over_may_be_missing() {
    let (_, found) =
        check(&with(FLOW, "  - log: \"{label} is there\"", "  - log: \"{customer.Name}\""));
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert!(found[0].code.starts_with('M'));
}
