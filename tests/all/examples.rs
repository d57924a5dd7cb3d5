//! The example of an order that a person approves, run and cut at every commit.

use axum::Router;
use tenon_runtime::{By, Deployment, StartFlow};
use tenon_sandbox::Parts;
use tenon_sandbox::faults::{FaultKind, FaultRule};
use tenon_sandbox::shopify::kinds::Kind;
use tenon_value::{Value, json};

use crate::world::{Cut, World};

fn anna() -> By {
    By { who: "anna".to_owned(), why: Some("credit".to_owned()) }
}

struct Bench {
    parts: Parts,
    router: Router,
    deployment: Deployment,
}

/// How a run ended.
#[derive(Debug, PartialEq)]
struct End {
    tasks: Vec<String>,
    ledger: Vec<Value>,
    articles: usize,
    locks: usize,
}

impl Bench {
    fn new() -> Bench {
        let (parts, router) = World::outside();
        Bench { parts, router, deployment: crate::world::compiled("examples/approval") }
    }

    async fn world(&self, mishap: Option<FaultRule>) -> (World, String) {
        let world = World::new(&self.parts, &self.router, &self.deployment).await;
        let record = self.parts.shop.create(Kind::Card, 1).unwrap();
        self.parts.faults.add(mishap);
        (world, record)
    }

    async fn start(world: &World, record: &str) -> String {
        let start = StartFlow { integration: None, flow: "order", record, key: Some("once") };
        world.runtime().start_flow(start, &anna()).await.unwrap()
    }

    async fn end(world: &World) -> End {
        let articles = world.control("GET", "/control/fortnox/records/articles", "").await;
        End {
            tasks: world.tasks().await,
            ledger: world.ledger().await,
            articles: articles.items().len(),
            locks: world.locks().await,
        }
    }

    /// Plays an answer that comes at once, dying where the cut says; the end and the commits it took.
    async fn play(
        &self,
        approved: bool,
        mishap: Option<FaultRule>,
        cut: Option<Cut>,
    ) -> Option<(End, i64)> {
        let (mut world, record) = self.world(mishap).await;
        world.disk.arm(cut);
        let died = tokio::select! {
            biased;
            () = world.disk.died() => true,
            died = async {
                answered(&world, &record, approved).await;
                world.dies().await
            } => died,
        };
        if cut.is_some() && !died {
            return None;
        }
        let commits = world.disk.commits();
        if died {
            world.crash();
            world.disk.arm(None);
            world.start().await;
            answered(&world, &record, approved).await;
            world.quiet().await;
        }
        Some((Bench::end(&world).await, commits))
    }
}

/// The task is started and has its answer, as often as this is said.
async fn answered(world: &World, record: &str, approved: bool) {
    let task = Bench::start(world, record).await;
    let shown = world.runtime().task(&task).await.unwrap();
    let is_signal = |event: &Value| event.field("event").as_text() == Some("signalled");
    if !shown.field("events").items().iter().any(is_signal) {
        signal(world, &task, approved).await;
    }
}

async fn signal(world: &World, task: &str, approved: bool) {
    let value = Value::of([("approved", Value::from(approved))]);
    let with = Value::of([("name", "approval".into()), ("value", value)]);
    world.runtime().verb(task, "signal", &with, &anna()).await.unwrap();
}

/// The one order of the ledger is cancelled there.
fn cancelled(end: &End) -> bool {
    let [order] = end.ledger[1].items() else { panic!("{:?}", end.ledger[1]) };
    order.field("Cancelled").as_bool() == Some(true)
}

#[tokio::test(start_paused = true)]
async fn an_approved_order_stays_and_one_that_is_not_is_taken_back() {
    let bench = Bench::new();
    for (approved, state) in [(true, "order done"), (false, "order failed")] {
        let (end, _) = bench.play(approved, None, None).await.unwrap();
        assert_eq!(end.tasks, [state]);
        assert_eq!(cancelled(&end), !approved, "{:?}", end.ledger);
        assert_eq!(end.locks, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_that_nobody_answers_is_taken_back_after_two_days_and_says_why_until_then() {
    let bench = Bench::new();
    let (world, record) = bench.world(None).await;
    let task = Bench::start(&world, &record).await;
    let asked = async {
        loop {
            let why = world.runtime().why(&task).await.unwrap();
            if why.field("chain").items()[0].at("reason.reason").as_text() == Some("signal") {
                return why;
            }
            tokio::task::yield_now().await;
            world.pass(100).await;
        }
    };
    let why = tokio::time::timeout(std::time::Duration::from_secs(600), asked).await.unwrap();
    let verbs = json::write(why.field("verbs"));
    assert!(verbs.contains("tenon task signal"), "{verbs}");
    world.quiet().await;
    let end = Bench::end(&world).await;
    assert_eq!(end.tasks, ["order failed"]);
    assert!(cancelled(&end));
    let shown = world.runtime().task(&task).await.unwrap();
    assert_eq!(shown.at("fault.code").as_text(), Some("WAIT_OVER"), "{shown:?}");
    let lines = json::write(shown.field("events"));
    assert!(lines.contains("is made undone") && lines.contains("erp_order is undone"), "{lines}");
}

#[tokio::test(start_paused = true)]
async fn a_done_task_is_taken_back_by_a_person() {
    let bench = Bench::new();
    let (world, record) = bench.world(None).await;
    let task = Bench::start(&world, &record).await;
    signal(&world, &task, true).await;
    world.quiet().await;
    world.runtime().verb(&task, "undo", &Value::of([]), &anna()).await.unwrap();
    world.quiet().await;
    let end = Bench::end(&world).await;
    assert_eq!(end.tasks, ["order cancelled"]);
    assert!(cancelled(&end));
}

#[tokio::test(start_paused = true)]
async fn every_prefix_recovers_to_the_same_end_and_the_same_books() {
    let bench = Bench::new();
    let rule = |kind, method: &str, path: &str| {
        Some(FaultRule::next(kind, 1, path).method(method).ms(9_000))
    };
    let mishaps = [
        None,
        rule(FaultKind::AnswerLost, "POST", "/fortnox/3/articles"),
        rule(FaultKind::CutActsLater, "POST", "/fortnox/3/orders"),
        rule(FaultKind::ErrorAfter, "PUT", "/fortnox/3/orders/*/cancel"),
        rule(FaultKind::Down, "GET", "/fortnox/3/currencies"),
    ];
    let mut prefixes = 0;
    for approved in [true, false] {
        for mishap in &mishaps {
            let (whole, commits) = bench.play(approved, mishap.clone(), None).await.unwrap();
            assert_eq!(cancelled(&whole), !approved, "{mishap:?}: {:?}", whole.tasks);
            for cut in (0..commits).flat_map(|n| [Cut::Before(n), Cut::Behind(n)]) {
                let played = bench.play(approved, mishap.clone(), Some(cut)).await;
                let Some((end, _)) = played else { continue };
                assert_eq!(end, whole, "approved {approved}, {mishap:?}, {cut:?}");
                prefixes += 1;
            }
        }
    }
    println!("{prefixes} prefixes");
    assert!(prefixes > 150, "{prefixes}");
}
