//! Steps that hold steps, writes without a search, waits: what they compile to, and the findings that
//! only several flows or whole systems can provoke.

use tenon_graph::{Failures, Gather, Graph, Step, WaitOn, WhenLocked};
use tenon_mapper::Program;
use tenon_source::Diagnostic;
use tenon_value::Value;

use super::systems::{check_ahead, good, is_error, shown};

const HEAD: &str = "title: Orders\nfrom: shop.order\nto: ledger.order\nentity: order\n\
                    triggers: { manual: [id] }\n";

fn checked(flows: &[(&str, &str)]) -> (Option<Graph>, Vec<Diagnostic>) {
    let mut files = good();
    files.remove("invoice.flow.yaml");
    for (name, steps) in flows {
        let text = format!("flow: {name}\n{HEAD}{steps}");
        files.insert(format!("{name}.flow.yaml"), text);
    }
    let (integration, found) = check_ahead(&files);
    (integration.and_then(|mut integration| integration.graphs.remove("order")), found)
}

fn graph(steps: &str) -> Graph {
    let (graph, found) = checked(&[("order", steps)]);
    graph.unwrap_or_else(|| panic!("{}", shown(&found)))
}

fn codes(flows: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    checked(flows).1.iter().map(|d| (d.code, d.span.text().to_owned())).collect()
}

#[test]
fn each_keeps_everything_it_was_told() {
    let graph = graph(
        "steps:\n  - id: rows\n    each: order.rows\n    as: row\n    index: n\n    at_once: 3\n    \
         failures: collect\n    gather:\n      pieces: sum(row.quantity)\n      all: count()\n      \
         titles: list(row.title, max = 7)\n    steps:\n      - log: \"{n}\"\n    after:\n      \
         - log: \"{rows.pieces}\"\n",
    );
    let Step::Each(each) = &graph.nodes[0].step else { panic!("no each") };
    assert_eq!((each.name.as_str(), each.index.as_deref()), ("row", Some("n")));
    assert_eq!((each.at_once, each.failures, each.detach), (3, Failures::Collect, false));
    assert_eq!((each.body, each.after, graph.nodes[0].next), (Some(1), Some(2), None));
    let names: Vec<&str> = each.gather.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["pieces", "all", "titles"]);
    let all = Program::constant(Value::Bool(true)).to_text();
    let Gather::Count(count) = &each.gather[1].1 else { panic!("no count") };
    assert_eq!(*count.0, *all);
    assert!(matches!(each.gather[2].1, Gather::List { max: 7, .. }));
}

#[test]
fn writes_keep_what_they_are_remembered_under() {
    let graph = graph(
        "steps:\n  - create: ledger.customer\n    reference: order.id\n    entity: card\n    \
         map: customer\n  - update: ledger.order\n    key: order.name\n    map: order\n    \
         when_locked: correct\n  - delete: ledger.customer\n    key: order.name\n    \
         reference: order.id\n",
    );
    let Step::Create(create) = &graph.nodes[0].step else { panic!("no create") };
    assert_eq!((create.entity.as_str(), create.mapping.as_str()), ("card", "customer"));
    let Step::Update(update) = &graph.nodes[1].step else { panic!("no update") };
    assert_eq!(update.when_locked, WhenLocked::Correct);
    let Step::Delete { forgets: Some(forgets), .. } = &graph.nodes[2].step else {
        panic!("no delete")
    };
    assert_eq!((forgets.entity.as_str(), &forgets.reference), ("customer", &create.reference));
    assert_eq!(graph.mappings.keys().collect::<Vec<_>>(), ["customer", "order"]);
}

#[test]
fn waits_keep_their_times_in_milliseconds() {
    let graph = graph(
        "steps:\n  - wait: { for: 10m }\n  - wait: { signal: paid, within: 2d }\n  - id: made\n    \
         wait:\n      outcome: ledger.invoice\n      by: order.id\n      holds: made.Booked\n      \
         every: 30s\n      within: 1h\n",
    );
    let Step::Wait { on: WaitOn::For(length), within_ms: None } = &graph.nodes[0].step else {
        panic!("no wait")
    };
    assert_eq!(*length.0, *Program::constant(Value::Duration(600_000)).to_text());
    let Step::Wait { on, within_ms } = &graph.nodes[1].step else { panic!("no wait") };
    assert_eq!((on, *within_ms), (&WaitOn::Signal("paid".to_owned()), Some(172_800_000)));
    let Step::Wait { on: WaitOn::Outcome { every_ms, of, .. }, .. } = &graph.nodes[2].step else {
        panic!("no wait")
    };
    assert_eq!((*every_ms, of.resource.as_str()), (30_000, "invoice"));
}

#[test]
fn limits_in_time_and_undo_stand_at_their_step() {
    let graph = graph(
        "steps:\n  - id: card\n    create: ledger.customer\n    reference: order.id\n    \
         map: customer\n    timeout: 1m30s\n    undo:\n      - log: \"{card.Name}\"\n  \
         - log: after\n",
    );
    let card = graph.node("card").unwrap();
    assert_eq!((card.timeout_ms, card.undo, card.next), (Some(90_000), Some(1), Some(2)));
    assert_eq!(graph.nodes[1].next, None);
}

#[test]
fn a_list_that_is_written_out_with_too_many_items_is_found() {
    let numbers: Vec<String> = (0..501).map(|n| n.to_string()).collect();
    let list = numbers.join(", ");
    let steps = |detach: &str| {
        format!(
            "steps:\n  - each: |-\n      [{list}]\n    as: n\n{detach}    steps:\n      \
             - log: \"{{n}}\"\n"
        )
    };
    let (_, found) = checked(&[("order", &steps(""))]);
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert!(found[0].code == "F041" && is_error(&found[0]));
    assert!(found[0].message.contains("501"), "{}", found[0].message);
    let few = list.strip_suffix(", 500").unwrap();
    let (graph, found) = checked(&[("order", &steps("").replace(&list, few))]);
    assert!(graph.is_some(), "{}", shown(&found));
}

#[test]
fn what_cannot_stand_together_is_found() {
    let each = "steps:\n  - each: order.rows\n    as: row\n    steps:\n      - stop: done\n";
    assert_eq!(codes(&[("order", each)]), [("F044", "stop".to_owned())]);
    let detached =
        "steps:\n  - each: order.rows\n    as: row\n    detach: true\n    steps:\n      - log: a\n";
    assert_eq!(codes(&[("order", detached)]), [("F042", "log".to_owned())]);
    let delete = "steps:\n  - delete: ledger.order\n    key: order.name\n";
    assert_eq!(codes(&[("order", delete)]), [("F040", "ledger.order".to_owned())]);
    let write = "        - create: ledger.customer\n          reference: order.id\n          \
                 map: customer\n";
    let together = format!("steps:\n  - together:\n      a:\n{write}      b:\n{write}");
    assert_eq!(codes(&[("order", &together)]), [("F043", "create".to_owned())]);
}

const CUSTOMER: &str = "  - create: ledger.customer\n    reference: order.id\n    map: customer\n";
const ORDER: &str = "  - create: ledger.order\n    reference: order.id\n    map: order\n";

#[test]
fn chains_of_runs_in_opposite_orders_are_found_once() {
    let order = format!("steps:\n{ORDER}  - run: customer\n");
    let customer = format!("steps:\n{CUSTOMER}");
    let other = format!("steps:\n{CUSTOMER}{ORDER}");
    let flows = [("order", &*order), ("customer", &*customer), ("other", &*other)];
    let (_, found) = checked(&flows);
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert_eq!((found[0].code, is_error(&found[0])), ("F047", false));
    assert!(found[0].message.contains("`order`") && found[0].message.contains("`other`"));
    let other = format!("steps:\n{ORDER}{CUSTOMER}");
    let same = [("order", &*order), ("customer", &*customer), ("other", &*other)];
    assert_eq!(codes(&same), []);
    let loose = order.replace("run: customer", "run: customer\n    detach: true");
    let other = format!("steps:\n{CUSTOMER}{ORDER}");
    let detached = [("order", &*loose), ("customer", &*customer), ("other", &*other)];
    assert_eq!(codes(&detached), []);
}

#[test]
fn ways_of_a_choice_are_not_in_an_order() {
    let indented =
        |steps: &str| steps.replace("\n    ", "\n            ").replace("  - ", "          - ");
    let order = format!(
        "steps:\n  - choose:\n      - if: order.test\n        steps:\n{}    otherwise:\n{}",
        indented("  - run: customer\n"),
        ORDER.replace("\n    ", "\n        ").replace("  - ", "      - ")
    );
    let customer = format!("steps:\n{CUSTOMER}");
    let other = format!("steps:\n{ORDER}{CUSTOMER}");
    let flows = [("order", &*order), ("customer", &*customer), ("other", &*other)];
    assert_eq!(codes(&flows), []);
}

#[test]
fn one_record_in_different_lanes_is_a_warning() {
    let plain = "steps:\n  - log: a\n";
    let laned = |lane: &str| format!("lane: {lane}\nsteps:\n  - log: a\n");
    let own = laned("order.id");
    assert_eq!(codes(&[("order", plain), ("other", &own)]), []);
    let paid = laned("\"paid {order.id}\"");
    let (_, found) = checked(&[("order", plain), ("other", &paid)]);
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert_eq!((found[0].code, found[0].span.text()), ("F048", "\"paid {order.id}\""));
    assert!(!is_error(&found[0]));
}

#[test]
fn events_are_held_against_the_connectors_queue() {
    let mut files = good();
    let flow = files["order.flow.yaml"].replace("manual: [id]", "events: [ordrs]");
    files.insert("order.flow.yaml".to_owned(), flow.clone());
    let (_, found) = check_ahead(&files);
    assert_eq!((found[0].code, found[0].span.text()), ("F046", "ordrs"), "{}", shown(&found));
    let back = "flow: back\ntitle: B\nfrom: ledger.invoice\nto: shop.order\n\
                triggers: { events: [invoices] }\nsteps:\n  - log: a\n";
    files.insert("order.flow.yaml".to_owned(), flow.replace("[ordrs]", "[orders]"));
    files.insert("back.flow.yaml".to_owned(), back.to_owned());
    let (_, found) = check_ahead(&files);
    assert_eq!((found[0].code, found[0].span.text()), ("F046", "events"), "{}", shown(&found));
}
