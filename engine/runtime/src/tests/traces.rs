//! Spans of tasks, as a collector gets them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use tenon_kit::Response;
use tenon_machine::Event;
use tenon_store::{Row, Scan, Select, Store as _, Table};

use super::*;
use crate::telemetry::Trail;
use crate::transport::{Answer, Outgoing, Transport};

/// How a collector does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Takes,
    Away,
    Silent,
    Refuses,
    Busy,
}

struct Collecting {
    mood: Mutex<Mood>,
    bodies: Mutex<Vec<Value>>,
}

impl Collecting {
    fn new(mood: Mood) -> Arc<Collecting> {
        Arc::new(Collecting { mood: Mutex::new(mood), bodies: Mutex::default() })
    }

    fn collector(self: &Arc<Self>) -> Option<Collector> {
        Some(Collector { base: "http://collector/".to_owned(), transport: self.clone() })
    }

    /// Every span that came.
    fn spans(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().unwrap();
        let scopes = bodies.iter().flat_map(|body| {
            body.field("resourceSpans").items().iter().flat_map(|r| r.field("scopeSpans").items())
        });
        scopes.flat_map(|scope| scope.field("spans").items().to_vec()).collect()
    }
}

impl Transport for Collecting {
    fn send(&self, request: Outgoing) -> Answer<'_> {
        assert_eq!(request.url, "http://collector/v1/traces");
        assert!(request.headers.contains(&("Content-Type".into(), "application/json".into())));
        let mood = *self.mood.lock().unwrap();
        Box::pin(async move {
            let answer = |status| Response::Answer { status, headers: vec![], body: "{}".into() };
            match mood {
                Mood::Takes => {
                    let body = json::read(&request.body.unwrap()).unwrap();
                    self.bodies.lock().unwrap().push(body);
                    answer(200)
                }
                Mood::Away => Response::NotSent { reason: "refused".into() },
                Mood::Silent => std::future::pending().await,
                Mood::Refuses => answer(400),
                Mood::Busy => answer(503),
            }
        })
    }
}

fn text(span: &Value, name: &str) -> String {
    span.field(name).as_text().unwrap_or_default().to_owned()
}

fn attribute(span: &Value, key: &str) -> String {
    let all = span.field("attributes").items();
    let found = all.iter().find(|one| one.field("key").as_text() == Some(key));
    found.map(|one| one.at("value.stringValue").as_text().unwrap().to_owned()).unwrap_or_default()
}

fn nanos(span: &Value, name: &str) -> i128 {
    text(span, name).parse().unwrap()
}

fn config() -> Config {
    Config { polls: false, ..Config::default() }
}

fn counted(runtime: &Runtime, metric: &str) -> u64 {
    let text = runtime.metrics();
    let line = text.lines().find(|line| line.starts_with(&format!("{metric}_total ")));
    line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_task_that_waits_retries_and_ends_is_one_trace_linked_over_its_waits_and_a_kill() {
    let bench = Bench::new(1);
    let collecting = Collecting::new(Mood::Takes);
    let runtime = bench.traced(config(), collecting.collector()).await;
    let task = start(&runtime, "later", "5").await;
    bench.pass(Duration::from_secs(5)).await;
    drop(runtime);
    bench.pass(Duration::from_secs(600)).await;
    let runtime = bench.traced(config(), collecting.collector()).await;
    bench.world.books.lock().unwrap().tricks.push_back(world::Trick::TooMany);
    let signal = json::read(r#"{"name": "go"}"#).unwrap();
    runtime.verb(&task, "signal", &signal, &by()).await.unwrap();
    quiet(&runtime).await;
    runtime.stop(Duration::from_secs(5)).await;
    let spans = collecting.spans();
    let traces: BTreeSet<String> = spans.iter().map(|span| text(span, "traceId")).collect();
    assert_eq!(traces.len(), 1, "{spans:?}");
    let ids: BTreeSet<String> = spans.iter().map(|span| text(span, "spanId")).collect();
    assert_eq!(ids.len(), spans.len(), "each once");
    let whole: Vec<&Value> = spans.iter().filter(|s| s.field("parentSpanId").is_absent()).collect();
    assert_eq!(whole.len(), 1);
    assert_eq!(text(whole[0], "name"), "task later");
    assert_eq!(attribute(whole[0], "tenon.task"), task);
    for span in spans.iter().filter(|span| !span.field("parentSpanId").is_absent()) {
        assert!(ids.contains(&text(span, "parentSpanId")), "{span:?}");
    }
    let work: Vec<&Value> = spans.iter().filter(|s| text(s, "name") == "work later").collect();
    assert!(work.len() >= 3, "before the wait, before the retry, to the end: {work:?}");
    assert!(work[0].field("links").items().is_empty());
    for pair in work.windows(2) {
        let link = &pair[1].field("links").items()[0];
        assert_eq!(text(link, "spanId"), text(pair[0], "spanId"));
        assert_eq!(text(link, "traceId"), text(pair[0], "traceId"));
        let gap = nanos(pair[1], "startTimeUnixNano") - nanos(pair[0], "endTimeUnixNano");
        assert!(gap > 0, "a wait is no work");
    }
    let until: Vec<String> = work.iter().map(|span| attribute(span, "tenon.until")).collect();
    assert_eq!(until.first().map(String::as_str), Some("signal"));
    assert!(until.contains(&"retry".to_owned()), "{until:?}");
    assert_eq!(until.last().map(String::as_str), Some("done"));
    let steps: Vec<String> = spans
        .iter()
        .filter(|span| text(span, "name") == "upsert write")
        .map(|s| format!("{} {}", attribute(s, "tenon.outcome"), attribute(s, "tenon.attempt")))
        .collect();
    assert!(steps.contains(&"retried 1".to_owned()), "{steps:?}");
    assert!(steps.contains(&"done 2".to_owned()), "{steps:?}");
    let faults: Vec<&str> =
        spans.iter().filter_map(|span| span.at("status.message").as_text()).collect();
    assert_eq!(faults, ["TOY"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_another_made_stands_below_it_in_its_trace() {
    let bench = Bench::new(3);
    let collecting = Collecting::new(Mood::Takes);
    let runtime = bench.traced(config(), collecting.collector()).await;
    start(&runtime, "parent", "1").await;
    quiet(&runtime).await;
    runtime.stop(Duration::from_secs(5)).await;
    let spans = collecting.spans();
    let named = |name: &str| spans.iter().find(|span| text(span, "name") == name).unwrap();
    let (parent, child) = (named("task parent"), named("task order"));
    assert_eq!(text(child, "parentSpanId"), text(parent, "spanId"));
    assert_eq!(text(child, "traceId"), text(parent, "traceId"));
    assert!(parent.field("parentSpanId").is_absent());
}

/// The spans that the journals in a store tell of, by id.
async fn told_by_journals(bench: &Bench) -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    let tasks = bench.store.scan(Scan::new(Select::All(Table::Task)).limit(10_000)).await.unwrap();
    for row in tasks.rows {
        let Row::Task(task) = row else { continue };
        let select = Select::Events { task: task.id.clone(), from: 0 };
        let mut trail = Trail::new(&task.id);
        let graph = &bench.deployment.graphs[&task.flow];
        for row in bench.store.scan(Scan::new(select).limit(10_000)).await.unwrap().rows {
            let Row::Event(event) = row else { continue };
            for span in trail.follow(graph, &Event::decode(&event.body).unwrap()) {
                told.insert(hex::encode(span.id), format!("{} {}", span.name, task.id));
            }
        }
    }
    told
}

#[tokio::test(start_paused = true)]
async fn kills_and_replays_make_no_span_of_their_own_and_none_has_two_ids() {
    let bench = Bench::new(6);
    let collecting = Collecting::new(Mood::Takes);
    bench.world.books.lock().unwrap().chaos = 30;
    for round in 0..12 {
        let runtime = bench.traced(config(), collecting.collector()).await;
        if round < 8 {
            for n in 0..4 {
                start(&runtime, if n == 0 { "parent" } else { "order" }, &format!("{round}{n}"))
                    .await;
            }
        }
        bench.pass(Duration::from_millis(150 + bench.world.draw(4_000))).await;
        // The last spans of a killed process are lost, and none is made up for them.
        drop(runtime);
    }
    let runtime = bench.traced(config(), collecting.collector()).await;
    quiet(&runtime).await;
    runtime.stop(Duration::from_secs(5)).await;
    let told = told_by_journals(&bench).await;
    let mut seen: BTreeMap<String, Value> = BTreeMap::new();
    for span in collecting.spans() {
        let id = text(&span, "spanId");
        let named = format!("{} {}", text(&span, "name"), attribute(&span, "tenon.task"));
        assert_eq!(told.get(&id), Some(&named), "no journal tells of it");
        assert_eq!(seen.insert(id, span), None, "twice");
    }
    assert!(seen.len() * 10 > told.len() * 8, "{} of {}", seen.len(), told.len());
    let before = seen.len();
    for _ in 0..3 {
        let runtime = bench.traced(config(), collecting.collector()).await;
        bench.pass(Duration::from_secs(60)).await;
        runtime.stop(Duration::from_secs(5)).await;
    }
    assert_eq!(collecting.spans().len(), before, "nothing was done, and nothing is told");
}

/// Does some work, and gives when it was done and what the outside saw.
async fn work(mood: Option<Mood>) -> (i64, Vec<String>, u64, u64) {
    let bench = Bench::new(2);
    let collecting = mood.map(Collecting::new);
    let collector = collecting.as_ref().and_then(Collecting::collector);
    let runtime = bench.traced(config(), collector).await;
    bench.world.books.lock().unwrap().chaos = 20;
    for n in 0..30 {
        start(&runtime, "order", &format!("{n}")).await;
    }
    quiet(&runtime).await;
    let done_ms = bench.seam.now_ms();
    assert_eq!(states(&runtime).await, vec!["done"; 30]);
    bench.pass(Duration::from_secs(60)).await;
    runtime.stop(Duration::from_secs(5)).await;
    let seen = bench.world.books.lock().unwrap().seen.clone();
    let (sent, dropped) =
        (counted(&runtime, "tenon_spans_sent"), counted(&runtime, "tenon_spans_dropped"));
    if let Some(collecting) = collecting {
        assert_eq!(collecting.spans().len(), usize::try_from(sent).unwrap());
    }
    (done_ms, seen, sent, dropped)
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_is_away_slow_or_refuses_changes_nothing_but_a_count() {
    let (done_ms, seen, none, _) = work(None).await;
    assert_eq!(none, 0);
    for mood in [Mood::Takes, Mood::Away, Mood::Silent, Mood::Refuses, Mood::Busy] {
        let (at, saw, sent, dropped) = work(Some(mood)).await;
        assert_eq!((at, &saw), (done_ms, &seen), "{mood:?}");
        match mood {
            Mood::Takes => assert!(sent > 200 && dropped == 0, "{sent} {dropped}"),
            // What it never answered is neither.
            Mood::Silent => assert_eq!(sent, 0),
            Mood::Away | Mood::Refuses | Mood::Busy => {
                assert!(sent == 0 && dropped > 200, "{mood:?} {sent} {dropped}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn spans_that_find_no_room_in_the_line_are_dropped_and_counted() {
    let bench = Bench::new(2);
    let collecting = Collecting::new(Mood::Silent);
    let runtime = bench.traced(config(), collecting.collector()).await;
    let spans = runtime.engine().spans.as_ref().unwrap();
    let span = {
        let mut trail = Trail::new("task_1");
        let graph = &bench.deployment.graphs["order"];
        let created = tenon_machine::Event::at(1, tenon_machine::What::Begun);
        trail.follow(graph, &created);
        trail.follow(graph, &tenon_machine::Event::at(2, tenon_machine::What::Completed)).remove(0)
    };
    for _ in 0..10_000 {
        spans.tell(vec![span.clone()]);
    }
    let dropped = counted(&runtime, "tenon_spans_dropped");
    assert!((5_000..6_000).contains(&dropped), "{dropped}");
}
