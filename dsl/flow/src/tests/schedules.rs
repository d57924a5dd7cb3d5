//! Schedules of an integration.

use tenon_graph::{At, Overlap, Schedule};

use super::systems::{check_ahead, good, shown, with};

const ROOT: &str = "integration.yaml";

fn schedules(text: &str) -> Result<Vec<Schedule>, Vec<(&'static str, String)>> {
    let new = format!("schedules:\n{text}title: Shop");
    let (integration, found) = check_ahead(&with(ROOT, "title: Shop", &new));
    match integration {
        Some(integration) => {
            let of = |flow: &str| integration.graphs[flow].triggers.schedules.clone();
            Ok([of("order"), of("invoice")].concat())
        }
        None => Err(found.iter().map(|d| (d.code, d.span.text().to_owned())).collect()),
    }
}

fn refused(schedule: &str) -> (&'static str, String) {
    let found = schedules(&format!("  n: {{ flow: order, {schedule} }}\n")).unwrap_err();
    let [one] = found.as_slice() else { panic!("{found:?}") };
    one.clone()
}

fn at(schedule: &str) -> At {
    let found = schedules(&format!("  n: {{ flow: order, {schedule} }}\n"));
    found.unwrap_or_else(|found| panic!("{found:?}")).remove(0).at
}

#[test]
fn a_schedule_keeps_everything_it_was_told() {
    let read = schedules(
        "  often: { flow: order, every: 15m, jitter: 30s, overlap: queue_one, catch_up: 0s }\n  \
         early:\n    flow: order\n    cron: \"30  6 * * MON-FRI\"\n    zone: Europe/Stockholm\n  \
         then: { flow: invoice, after: order, always: true, overlap: cancel_running }\n",
    )
    .unwrap();
    let schedule = |name: &str, at, overlap, jitter_ms, catch_up_ms| Schedule {
        name: name.to_owned(),
        at,
        jitter_ms,
        overlap,
        catch_up_ms,
    };
    let expression = "30 6 * * MON-FRI".to_owned();
    let zone = "Europe/Stockholm".to_owned();
    let after = At::After { flow: "order".to_owned(), always: true };
    let wanted = [
        schedule("often", At::Every(900_000), Overlap::QueueOne, 30_000, 0),
        schedule("early", At::Cron { expression, zone }, Overlap::Skip, 0, 86_400_000),
        schedule("then", after, Overlap::CancelRunning, 0, 0),
    ];
    assert_eq!(read, wanted);
}

#[test]
fn cron_expressions_have_five_fields_and_come_at_least_once() {
    for good in ["0 0 29 2 *", "*/5 8-17 * * 1-5", "0 0 L * *", "0 12 * * 7"] {
        assert!(matches!(at(&format!("cron: \"{good}\", zone: UTC")), At::Cron { .. }), "{good}");
    }
    for bad in ["* * * *", "0 0 0 * * *", "61 * * * *", "0 0 30 2 *", "a b c d e", "@daily", "1-"] {
        let (code, at) = refused(&format!("cron: \"{bad}\", zone: UTC"));
        assert_eq!((code, at), ("F045", format!("\"{bad}\"")));
    }
}

#[test]
fn a_schedule_has_one_time() {
    let text = |text: &str| text.to_owned();
    assert_eq!(refused("jitter: 1s"), ("F045", text("n")));
    assert_eq!(refused("every: 1h, after: invoice"), ("F045", text("after")));
    assert_eq!(refused("every: 1h, zone: UTC"), ("F045", text("zone")));
    assert_eq!(refused("every: 1h, always: true"), ("F045", text("always")));
    assert_eq!(refused("cron: \"0 6 * * *\", zone: Europe/Stockhlom").1, "Europe/Stockhlom");
    assert_eq!(refused("cron: \"0 6 * * *\""), ("F001", text("flow")));
    assert_eq!(refused("every: 10ms"), ("F027", text("10ms")));
    assert_eq!(refused("every: 1h, jitter: 1h"), ("F027", text("1h")));
    assert_eq!(refused("every: 1h, overlap: both"), ("F004", text("both")));
    assert_eq!(refused("every: 1h, catchup: 1h"), ("F003", text("catchup")));
    assert_eq!(refused("after: invoices"), ("F017", text("invoices")));
    let found = schedules("  n: { flow: ordr, every: 1h }\n").unwrap_err();
    assert_eq!(found, [("F017", text("ordr"))]);
    assert_eq!(schedules("  n: { every: 1h }\n").unwrap_err(), [("F001", text("every"))]);
}

#[test]
fn a_flow_that_starts_itself_again_for_ever_is_found() {
    // `order` runs `invoice`, whose end would start it again.
    assert_eq!(refused("after: invoice"), ("F016", "invoice".to_owned()));
    assert_eq!(refused("after: order"), ("F016", "order".to_owned()));
}

#[test]
fn a_flow_that_only_a_schedule_starts_is_started() {
    let mut files = good();
    let flow = files["order.flow.yaml"].replace(
        "triggers:\n  webhook: [orders/create]\n  poll: { since: updatedAt, overlap: 2m, every: 5m }\n  manual: [id]\n",
        "",
    );
    files.insert("order.flow.yaml".to_owned(), flow);
    let root = files[ROOT].clone() + "schedules:\n  n: { flow: order, every: 1h }\n";
    files.insert(ROOT.to_owned(), root);
    let (integration, found) = check_ahead(&files);
    assert!(integration.is_some() && found.is_empty(), "{}", shown(&found));
}
