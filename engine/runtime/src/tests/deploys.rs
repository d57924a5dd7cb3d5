//! Other documents take the place of those that run, while tasks are open; and shadow runs of them.

use std::collections::BTreeMap;

use tenon_graph::{Program, Step};
use tenon_store::{Commit, MetaRow, Store};

use super::*;
use crate::deploying::{Deploy, Deployed, Documents};
use crate::{FitClass, Shadow};

fn documents(text: &str) -> Documents {
    let files = BTreeMap::from([("integration.yaml".to_owned(), text.to_owned())]);
    Documents { folder: text.to_owned(), files }
}

/// The documents of a bench, changed.
fn changed(bench: &Bench, change: impl FnOnce(&mut Deployment)) -> Deploy {
    let mut deployment = bench.deployment.clone();
    change(&mut deployment);
    Deploy { deployment, documents: documents("new"), moves: None, dry_run: false }
}

/// Another mapping: the prefix is written out.
fn with_prefix(deployment: &mut Deployment, flow: &str) {
    let graph = deployment.graphs.get_mut(flow).unwrap();
    let mapping = graph.mappings.get_mut("order").unwrap();
    let text = mapping.0.replace(r#"{"setting":"prefix"}"#, r#"{"const":{"text":"Z"}}"#);
    assert_ne!(*text, *mapping.0);
    *mapping = Program(Arc::from(text));
}

fn flow<'v>(answer: &'v Value, name: &str) -> &'v Value {
    let flows = answer.field("flows").items();
    flows.iter().find(|flow| flow.field("flow").as_text() == Some(name)).unwrap()
}

async fn graph_of(runtime: &Runtime, task: &str) -> String {
    runtime.task(task).await.unwrap().field("graph").as_text().unwrap().to_owned()
}

async fn newest(runtime: &Runtime, flow: &str) -> String {
    let graphs = runtime.graphs(flow).await.unwrap();
    let newest = graphs.items().iter().find(|g| g.field("newest") == &Value::Bool(true));
    newest.unwrap().field("graph").as_text().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn new_tasks_go_by_what_is_deployed_and_open_ones_stay_until_they_are_moved() {
    let bench = Bench::new(1);
    let runtime = bench.start().await;
    let open = start(&runtime, "later", "1").await;
    bench.pass(Duration::from_secs(5)).await;
    let before = newest(&runtime, "later").await;
    let other = changed(&bench, |deployment| with_prefix(deployment, "later"));

    let dry = Deploy { dry_run: true, ..other.clone() };
    let plan = runtime.deploy(dry, &by()).await.unwrap();
    assert_eq!(flow(&plan, "later").field("compatible"), &Value::from(1_i64), "{plan:?}");
    assert_eq!(flow(&plan, "later").field("change").as_text(), Some("changed"));
    assert_eq!(flow(&plan, "order").field("change").as_text(), Some("same"));
    let task = &plan.field("tasks").items()[0];
    assert_eq!(task.field("task").as_text(), Some(open.as_str()));
    assert_eq!(newest(&runtime, "later").await, before);
    assert_eq!(Deployed::of(&*bench.store).await.unwrap(), None);

    let done = runtime.deploy(other.clone(), &by()).await.unwrap();
    assert_eq!(done.field("deployed"), &Value::Bool(true));
    let after = newest(&runtime, "later").await;
    assert_ne!(after, before);
    let fresh = start(&runtime, "later", "2").await;
    bench.pass(Duration::from_secs(5)).await;
    assert_eq!(graph_of(&runtime, &fresh).await, after);
    assert_eq!(graph_of(&runtime, &open).await, before);
    let deployed = Deployed::of(&*bench.store).await.unwrap().unwrap();
    assert_eq!((deployed.by.as_str(), deployed.why.as_str()), ("anna", "because"));
    assert_eq!(deployed.documents, documents("new"));
    assert_eq!(deployed.graphs["later"], after);

    // The same again does nothing, but may move.
    let again = Deploy { moves: Some(FitClass::Compatible), ..other };
    let moved = runtime.deploy(again, &by()).await.unwrap();
    assert_eq!(moved.field("deployed"), &Value::Bool(false));
    assert_eq!(moved.field("same"), &Value::Bool(true));
    assert_eq!(moved.field("moved"), &Value::from(1_i64), "{moved:?}");
    assert_eq!(graph_of(&runtime, &open).await, after);
    let signal = json::read(r#"{"name": "go", "value": true}"#).unwrap();
    for task in [&open, &fresh] {
        runtime.verb(task, "signal", &signal, &by()).await.unwrap();
    }
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, ["done", "done"]);
    let books = bench.world.books.lock().unwrap();
    let prefixes: Vec<_> = books.ledger.values().map(|r| r.field("Prefix").plain()).collect();
    assert_eq!(prefixes, vec![Some("Z".to_owned()); 2]);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_does_not_fit_is_told_why_and_never_moved() {
    let bench = Bench::new(2);
    let runtime = bench.start().await;
    let open = start(&runtime, "later", "1").await;
    bench.pass(Duration::from_secs(5)).await;
    let mut other = changed(&bench, |deployment| {
        let graph = deployment.graphs.get_mut("later").unwrap();
        graph.nodes.remove(0);
        graph.nodes[0].next = None;
    });
    other.moves = Some(FitClass::Mappable);
    let done = runtime.deploy(other, &by()).await.unwrap();
    assert_eq!(flow(&done, "later").field("blocked"), &Value::from(1_i64), "{done:?}");
    assert_eq!(done.field("moved"), &Value::from(0_i64));
    let task = &done.field("tasks").items()[0];
    assert!(json::write(task.field("says")).contains("it stands in step `go`"), "{task:?}");
    assert!(task.field("next").as_text().unwrap().contains("--step OLD=NEW"));
    let to = json::read(r#"{"to": "latest"}"#).unwrap();
    let refused = runtime.verb(&open, "move", &to, &by()).await.unwrap_err();
    assert_eq!(refused.code, "MOVE_BLOCKED");
    // It ends on the graph it has.
    let signal = json::read(r#"{"name": "go"}"#).unwrap();
    runtime.verb(&open, "signal", &signal, &by()).await.unwrap();
    quiet(&runtime).await;
    assert_eq!(states(&runtime).await, ["done"]);
}

#[tokio::test(start_paused = true)]
async fn documents_that_can_not_take_the_place_change_nothing() {
    let bench = Bench::new(3);
    let runtime = bench.start().await;
    bench.world.books.lock().unwrap().down = true;
    start(&runtime, "parent", "1").await;
    bench.pass(Duration::from_secs(5)).await;
    let needed = changed(&bench, |deployment| {
        deployment.graphs.remove("order");
        deployment.graphs.remove("parent");
    });
    let refused = runtime.deploy(needed, &by()).await.unwrap_err();
    assert_eq!(refused.code, "FLOW_NEEDED");
    assert!(refused.message.contains("flow order is not in the documents"), "{refused}");
    let name = changed(&bench, |deployment| deployment.integration = "other".to_owned());
    assert_eq!(runtime.deploy(name, &by()).await.unwrap_err().code, "OTHER_INTEGRATION");
    let less = changed(&bench, |deployment| drop(deployment.connections.remove("ledger")));
    assert_eq!(runtime.deploy(less, &by()).await.unwrap_err().code, "OTHER_INTEGRATION");
    assert_eq!(Deployed::of(&*bench.store).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_deployed_and_can_not_be_read_is_said_and_mended_by_a_deploy() {
    let bench = Bench::new(4);
    let row = MetaRow { name: "deployed".to_owned(), value: b"{".to_vec() };
    bench.store.commit(Commit::new().put(row)).await.unwrap();
    let refused = Deployed::of(&*bench.store).await.unwrap_err();
    assert_eq!(refused.code, "DEPLOYED_UNREADABLE");
    let runtime = bench.start().await;
    runtime.deploy(changed(&bench, |_| {}), &by()).await.unwrap();
    assert!(Deployed::of(&*bench.store).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_look_at_documents_stores_no_graph() {
    let bench = Bench::new(5);
    let config = Config { idle: true, keeps_graphs: false, ..Config::default() };
    let runtime = bench.with(config).await;
    let dry = Deploy { dry_run: true, ..changed(&bench, |_| {}) };
    let plan = runtime.deploy(dry.clone(), &by()).await.unwrap();
    assert_eq!(flow(&plan, "order").field("change").as_text(), Some("new"));
    assert!(runtime.graphs("order").await.unwrap().items().is_empty());
    runtime.deploy(Deploy { dry_run: false, ..dry.clone() }, &by()).await.unwrap();
    assert_eq!(runtime.graphs("order").await.unwrap().items().len(), 1);
    let plan = runtime.deploy(dry, &by()).await.unwrap();
    assert_eq!(plan.field("same"), &Value::Bool(true));
}

#[tokio::test(start_paused = true)]
async fn polls_and_schedules_go_by_what_was_deployed_last() {
    let bench = Bench::new(6);
    let runtime = bench.with(Config::default()).await;
    bench.pass(Duration::from_secs(40)).await;
    let record = |n: &str| {
        let at = bench.seam.now_ms();
        bench.world.books.lock().unwrap().shop.insert(n.to_owned(), at);
    };
    let still = changed(&bench, |deployment| {
        deployment.graphs.get_mut("polled").unwrap().triggers.poll = None;
    });
    runtime.deploy(still, &by()).await.unwrap();
    record("1");
    bench.pass(Duration::from_secs(120)).await;
    assert!(states(&runtime).await.is_empty(), "nothing is polled any more");
    let mut again = changed(&bench, |deployment| with_prefix(deployment, "polled"));
    again.documents = documents("newer");
    runtime.deploy(again, &by()).await.unwrap();
    bench.pass(Duration::from_secs(120)).await;
    record("2");
    bench.pass(Duration::from_secs(120)).await;
    assert_eq!(states(&runtime).await, ["done", "done"]);
    let graph = newest(&runtime, "polled").await;
    for task in runtime
        .tasks(TaskQuery { limit: 9, ..TaskQuery::default() })
        .await
        .unwrap()
        .field("tasks")
        .items()
    {
        assert_eq!(task.field("graph").as_text(), Some(graph.as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn values_that_people_set_hold_for_tasks_of_old_and_new_graphs() {
    let bench = Bench::new(7);
    let runtime = bench.start().await;
    let open = start(&runtime, "later", "1").await;
    bench.pass(Duration::from_secs(5)).await;
    runtime.deploy(changed(&bench, |_| {}), &by()).await.unwrap();
    runtime.set_setting("toy", "prefix", &Value::text("B"), &by()).await.unwrap();
    start(&runtime, "order", "2").await;
    let signal = json::read(r#"{"name": "go"}"#).unwrap();
    runtime.verb(&open, "signal", &signal, &by()).await.unwrap();
    quiet(&runtime).await;
    let books = bench.world.books.lock().unwrap();
    let prefixes: Vec<_> = books.ledger.values().map(|r| r.field("Prefix").plain()).collect();
    assert_eq!(prefixes, vec![Some("B".to_owned()); 2]);
}

#[tokio::test(start_paused = true)]
async fn a_shadow_run_tells_what_would_be_written_otherwise_and_writes_nothing() {
    let bench = Bench::new(8);
    let runtime = bench.start().await;
    for n in 1..=3 {
        start(&runtime, "order", &format!("{n}")).await;
    }
    start(&runtime, "parent", "4").await;
    quiet(&runtime).await;
    let seen = bench.world.books.lock().unwrap().seen.len();
    let shadow = |deploy: Deploy, flow: &str| Shadow {
        deployment: deploy.deployment,
        flow: flow.to_owned(),
        last: 10,
    };
    let total = |answer: &Value, what: &str| answer.field("totals").field(what).plain().unwrap();

    let same = runtime.shadow(shadow(changed(&bench, |_| {}), "order")).await.unwrap();
    assert_eq!(total(&same, "same"), "4", "{same:?}");
    let other = changed(&bench, |deployment| with_prefix(deployment, "order"));
    let other = runtime.shadow(shadow(other, "order")).await.unwrap();
    assert_eq!(total(&other, "different"), "4", "{other:?}");
    let write = &other.field("inputs").items()[0].field("writes").items()[0];
    let field = &write.field("fields").items()[0];
    assert_eq!(field.field("was").as_text(), Some("A"), "{write:?}");
    assert_eq!(field.field("would").as_text(), Some("Z"));
    // A child's writes are its parent's.
    let parent = changed(&bench, |deployment| with_prefix(deployment, "order"));
    let parent = runtime.shadow(shadow(parent, "parent")).await.unwrap();
    assert_eq!(total(&parent, "different"), "1", "{parent:?}");

    let unbooked = changed(&bench, |deployment| {
        let graph = deployment.graphs.get_mut("order").unwrap();
        graph.nodes.truncate(1);
        graph.nodes[0].next = None;
    });
    let unbooked = runtime.shadow(shadow(unbooked, "order")).await.unwrap();
    let write = &unbooked.field("inputs").items()[0].field("writes").items()[0];
    assert_eq!(write.field("change").as_text(), Some("left out"), "{unbooked:?}");
    let asks = changed(&bench, |deployment| {
        let reads = deployment.graphs["reads"].nodes[1].step.clone();
        let graph = deployment.graphs.get_mut("order").unwrap();
        let Step::Get { of, .. } = &reads else { panic!() };
        let by = Program(Arc::from(r#"{"edition":1,"code":{"const":{"text":"77"}}}"#));
        let mut first = graph.nodes[0].clone();
        first.id = "asks".to_owned();
        first.step = Step::Get { of: of.clone(), by };
        graph.nodes[1].next = Some(2);
        graph.nodes.push(first);
    });
    let asks = runtime.shadow(shadow(asks, "order")).await.unwrap();
    assert_eq!(total(&asks, "not_comparable"), "4", "{asks:?}");
    let because = asks.field("inputs").items()[0].field("because").as_text().unwrap();
    assert!(because.contains("which was not asked then"), "{because}");
    let faulty = changed(&bench, |deployment| {
        deployment.settings.insert("prefix".to_owned(), Value::Missing);
    });
    let faulty = runtime.shadow(shadow(faulty, "order")).await.unwrap();
    assert_eq!(total(&faulty, "fault"), "4", "{faulty:?}");
    assert!(runtime.shadow(shadow(changed(&bench, |_| {}), "nothing")).await.is_err());
    assert_eq!(bench.world.books.lock().unwrap().seen.len(), seen, "nothing was asked");
    assert_eq!(states(&runtime).await.len(), 5);
}
