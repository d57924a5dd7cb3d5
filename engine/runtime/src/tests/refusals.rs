//! Every refusal and fault of the runtime says what happened and what to do next.

use std::sync::atomic::AtomicU64;

use tenon_kit::{Operation, Outcome, Request};
use tenon_machine::Ask;
use tenon_store::{GraphRow, Store};
use tenon_value::Class;

use super::*;
use crate::Refusal;
use crate::operate::Export;

/// The code, a part of what happened, and a part of what to do next.
fn says(refusal: &Refusal, code: &str, (what, todo): (&str, &str)) {
    assert_eq!(refusal.code, code, "{refusal:?}");
    assert!(refusal.message.contains(what), "{refusal:?}");
    let hint = refusal.hint.as_deref().unwrap_or_default();
    assert!(hint.contains(todo), "{refusal:?}");
}

async fn check(runtime: &Runtime, connection: &str) -> Refusal {
    runtime.check_connection(connection).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_credentials_were_refused_asks_for_new_ones() {
    let bench = Bench::new(1);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().token = 9;
    assert_eq!(check(&runtime, "ledger").await.message, "invalid_grant");
    let asked = bench.world.count("");
    let refusal = check(&runtime, "ledger").await;
    let expected = ("ledger needs new credentials: invalid_grant", "tenon connection add ledger");
    says(&refusal, "CONNECTION_AUTH", expected);
    assert_eq!(bench.world.count(""), asked, "nothing is sent meanwhile");
}

#[tokio::test(start_paused = true)]
async fn a_paused_connection_says_who_paused_it() {
    let bench = Bench::new(2);
    let runtime = bench.start().await;
    runtime.pause_connection("ledger", &by()).await.unwrap();
    let expected = ("ledger was paused by anna", "tenon connection resume ledger");
    says(&check(&runtime, "ledger").await, "CONNECTION_PAUSED", expected);
    assert_eq!(bench.world.count(""), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_down_is_not_asked_by_hand_either() {
    let bench = Bench::new(3);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().ledger_down = true;
    for _ in 0..crate::BreakerPolicy::default().failures {
        assert_eq!(check(&runtime, "ledger").await.message, "refused");
    }
    let expected = ("ledger does not answer", "its tasks go on when it answers");
    says(&check(&runtime, "ledger").await, "CONNECTION_DOWN", expected);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_not_renewed_when_the_intention_cannot_be_kept() {
    let bench = Bench::new(4);
    let runtime = bench.start().await;
    let given = json::read(r#"{"credentials": {"access": "old"}}"#).unwrap();
    runtime.add_connection("ledger", &given, &by()).await.unwrap();
    bench.store.close().await.unwrap();
    let expected =
        ("journal of connection ledger could not be written: the store is closed", "disk");
    says(&check(&runtime, "ledger").await, "ACCOUNT_JOURNAL", expected);
    assert_eq!(bench.world.count("POST token"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_goes_down_takes_nothing_and_keeps_nobody_waiting() {
    let bench = Bench::new(5);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().down = true;
    let task = start(&runtime, "order", "1").await;
    bench.pass(Duration::from_secs(60)).await;
    runtime.stop(Duration::from_secs(1)).await;
    let expected = ("going down", "in a moment");
    says(&runtime.accept(hook("2", "d1")).await.unwrap_err(), "ENGINE_STOPPING", expected);
    let by = by();
    let verb = runtime.verb(&task, "cancel", &Value::Missing, &by);
    let verb = tokio::time::timeout(Duration::from_secs(60), verb).await.unwrap();
    says(&verb.unwrap_err(), "ENGINE_STOPPING", expected);
    let runtime = bench.start().await;
    assert_eq!(states(&runtime).await, ["waiting"]);
}

#[tokio::test(start_paused = true)]
async fn a_graph_that_this_version_does_not_know_is_not_deployed() {
    let mut bench = Bench::new(6);
    let later = tenon_graph::Program(Arc::from(r#"{"edition":99,"code":{"root":"order"}}"#));
    let flow = bench.deployment.graphs.get_mut("order").unwrap();
    flow.mappings.insert("order".to_owned(), later);
    let ground = Ground {
        store: bench.store.clone(),
        seam: bench.seam.clone(),
        transport: Arc::new(Wire(bench.world.clone())),
        vault: Vault::with_key([7; 32]),
    };
    let started = Runtime::start(ground, vec![bench.deployment.clone()], Config::default()).await;
    let expected = ("graph of order cannot be loaded", "deploy the flow again");
    says(&started.err().unwrap(), "GRAPH_UNREADABLE", expected);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_graph_cannot_be_read_goes_on_by_the_newest() {
    let mut bench = Bench::new(7);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().refuse_booking = true;
    let task = start(&runtime, "order", "1").await;
    runtime.settled(&task).await.unwrap();
    let hash = runtime.engine().of_flow(None, "order").unwrap().1.to_string();
    runtime.stop(Duration::from_secs(1)).await;
    bench.world.books.lock().unwrap().refuse_booking = false;
    let bytes = br#"{"edition": 99}"#.to_vec();
    let unread = GraphRow { hash, flow: "order".to_owned(), at_ms: 0, bytes };
    bench.store.commit(tenon_store::Commit::new().put(unread)).await.unwrap();
    bench.deployment.graphs.get_mut("order").unwrap().title = "Orders".to_owned();
    let runtime = bench.start().await;
    let refused = runtime.verb(&task, "retry", &Value::Missing, &by()).await.unwrap_err();
    says(&refused, "GRAPH_UNREADABLE", ("cannot be loaded", "tenon task retry ID --latest"));
    let latest = json::read(r#"{"latest": true}"#).unwrap();
    runtime.verb(&task, "retry", &latest, &by()).await.unwrap();
    assert_eq!(runtime.settled(&task).await.unwrap().field("state").as_text(), Some("done"));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_several_records_have_starts_none() {
    let bench = Bench::new(8);
    let runtime = bench.start().await;
    {
        let shop = &mut bench.world.books.lock().unwrap().shop;
        shop.extend(["anna-1", "anna-2", "berta"].map(|id| (id.to_owned(), 0)));
    }
    assert_eq!(runtime.id_by_name(None, "order", "berta").await.unwrap(), "berta");
    let refusal = runtime.id_by_name(None, "order", "anna").await.unwrap_err();
    let expected = ("2 records are called anna: anna-1, anna-2", "the id of one");
    says(&refusal, "NAME_AMBIGUOUS", expected);
    assert_eq!(runtime.id_by_name(None, "order", "cleo").await.unwrap_err().code, "NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn a_listed_record_without_a_key_starts_nothing() {
    let bench = Bench::new(9);
    let runtime = bench.start().await;
    let now = bench.seam.now_ms();
    bench.world.books.lock().unwrap().shop.insert(String::new(), now);
    let export = Export { flow: "polled".to_owned(), from_ms: Some(now), ..Export::default() };
    let refusal = runtime.export_many(export, &by()).await.unwrap_err();
    let expected = ("order that shop listed has no key", "`key` of order in connector toy");
    says(&refusal, "RECORD_WITHOUT_KEY", expected);
    assert!(states(&runtime).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_lets_no_write_leave_whatever_is_decided() {
    let bench = Bench::new(10);
    let runtime = bench.start().await;
    let operation = Operation::Action {
        resource: "order".to_owned(),
        action: "book".to_owned(),
        key: "1".to_owned(),
        with: Vec::new(),
    };
    let ask = Ask {
        step: "book".to_owned(),
        slot: None,
        at: 0,
        connection: "ledger".to_owned(),
        operation,
        gathered: Vec::new(),
    };
    let request = Request {
        method: "POST".to_owned(),
        path: "/ledger/book/1".to_owned(),
        headers: Vec::new(),
        body: None,
        writes: true,
        cost: 1,
    };
    let flow = Arc::from("order");
    let reading = crate::dry_run::read(runtime.engine(), &flow, (&ask, &request));
    let Outcome::Fault(fault) = reading.await.unwrap().outcome else { panic!("it was sent") };
    assert_eq!(fault.class, Class::Defect);
    let expected = ("step book of order was about to send /ledger/book/1", "nothing was sent");
    says(&Refusal::from(fault), "DRY_RUN", expected);
    assert_eq!(bench.world.count(""), 0);
}

#[tokio::test(start_paused = true)]
async fn a_benchmark_whose_task_fails_gives_no_figures() {
    let mut bench = Bench::new(11);
    let mut flow = bench.deployment.graphs["order"].clone();
    flow.flow = crate::bench::FLOW.to_owned();
    bench.deployment.graphs.insert(flow.flow.clone(), flow);
    let runtime = Arc::new(bench.start().await);
    bench.world.books.lock().unwrap().refuse_booking = true;
    let next = Arc::new(AtomicU64::new(0));
    let refusal = crate::bench::drive(runtime, next, 3).await.unwrap_err();
    says(&refusal, "BENCH_BROKEN", ("did not end as done", "report it"));
}
