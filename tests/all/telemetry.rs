//! What operators see of a running engine: traces at a collector, metrics, and the audit log as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};

use crate::program;
use crate::stage::Stage;

/// Bodies that came to a collector on loopback.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Value>>>);

impl Collector {
    /// Listens; gives its address.
    async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let take = async |State(all): State<Collector>, body: String| {
            all.0.lock().unwrap().push(serde_json::from_str(&body).unwrap());
            (StatusCode::OK, "{}")
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    fn spans(&self) -> Vec<Value> {
        let all = self.0.lock().unwrap();
        let scopes =
            all.iter().map(|body| body["resourceSpans"][0]["scopeSpans"][0]["spans"].clone());
        scopes.flat_map(|spans| spans.as_array().unwrap().clone()).collect()
    }

    /// Spans of a task.
    fn of(&self, task: &str) -> Vec<Value> {
        let of = |span: &Value| attribute(span, "tenon.task").as_deref() == Some(task);
        self.spans().into_iter().filter(of).collect()
    }
}

fn attribute(span: &Value, key: &str) -> Option<String> {
    let all = span["attributes"].as_array().unwrap();
    let one = all.iter().find(|one| one["key"] == key)?;
    Some(one["value"]["stringValue"].as_str().unwrap().to_owned())
}

fn is_hex(value: &Value, digits: usize) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[tokio::test]
async fn a_collector_gets_the_spans_of_a_task_over_a_kill_each_under_one_id() {
    let collector = Collector::default();
    let address = collector.listen().await;
    let mut stage = Stage::set().await;
    stage.own_project();
    stage.collective_customer().await;
    let (order, name) = stage.order("card").await;
    stage.words = vec!["--traces".to_owned(), address];
    // The ledger fails for a while: the task tries again and waits in between.
    let fails =
        json!({"kind": "error_before", "method": "POST", "path": "/fortnox/3/orders", "times": 3});
    stage.control("POST", "/control/faults", fails).await;
    stage.serve();
    let answer = stage.tell("orders/create", &order).await;
    let task = answer["tasks"][0].as_str().unwrap().to_owned();
    stage
        .until("a span of the retried step", async || {
            let spans = collector.of(&task);
            spans
                .iter()
                .any(|s| attribute(s, "tenon.outcome").as_deref() != Some("read"))
                .then_some(())
        })
        .await;
    stage.kill();
    let before = collector.of(&task);
    stage.serve();
    stage.state(&task, "done").await;
    stage
        .until("the span of the whole task", async || {
            let spans = collector.of(&task);
            spans.iter().any(|span| span["name"] == "task order").then_some(())
        })
        .await;
    let spans = collector.of(&task);
    assert!(spans.len() > before.len());
    let mut ids = BTreeMap::new();
    for span in &spans {
        assert!(is_hex(&span["traceId"], 32) && is_hex(&span["spanId"], 16), "{span:#}");
        let nanos = |name: &str| span[name].as_str().unwrap().parse::<u64>().unwrap();
        assert!(nanos("startTimeUnixNano") <= nanos("endTimeUnixNano"), "{span:#}");
        assert_eq!(ids.insert(span["spanId"].clone().to_string(), span), None, "twice: {span:#}");
    }
    let traces: BTreeSet<String> = spans.iter().map(|span| span["traceId"].to_string()).collect();
    assert_eq!(traces.len(), 1);
    // One span for each entry that ends something, whatever became of the process.
    let told: BTreeSet<String> = spans
        .iter()
        .map(|span| format!("{} {} {}", span["name"], span["endTimeUnixNano"], span["attributes"]))
        .collect();
    assert_eq!(told.len(), spans.len(), "one thing under two ids: {spans:#?}");
    let text = serde_json::to_string(&spans).unwrap();
    assert!(!text.contains(&name) && !text.contains(&order), "nothing of the record");
}

#[tokio::test]
async fn metrics_and_the_audit_log_say_what_was_done() {
    let mut stage = Stage::set().await;
    stage.own_project();
    stage.collective_customer().await;
    let (order, _) = stage.order("card").await;
    // A collector that is away is no reason for anything.
    stage.words = vec!["--traces".to_owned(), "http://127.0.0.1:1".to_owned()];
    stage.serve();
    let answer = stage.tell("orders/create", &order).await;
    let task = answer["tasks"][0].as_str().unwrap();
    stage.state(task, "done").await;
    stage.quiet().await;
    let text = stage.scrape().await;
    for line in [
        "tenon_deliveries_total{connection=\"shopify\",answer=\"accepted\"} 1",
        "tenon_tasks_made_total{flow=\"order\",trigger=\"webhook\"} 1",
        "tenon_tasks_ended_total{flow=\"order\",state=\"done\"} 1",
        "tenon_connection_standing{connection=\"fortnox\",standing=\"up\"} 1",
        "# TYPE tenon_store_group_commits histogram",
    ] {
        assert!(text.lines().any(|there| there == line), "{line} is not in {text}");
    }
    let figure = |series: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("{series} ")));
        line.unwrap_or_else(|| panic!("{series}: {text}")).rsplit(' ').next().unwrap().to_owned()
    };
    let number = |series: &str| figure(series).parse::<f64>().unwrap();
    assert!(number("tenon_store_bytes") > 100_000.0);
    assert_eq!(number("tenon_store_group_commits_sum"), number("tenon_store_commits_total"));
    assert_eq!(number("tenon_store_commit_seconds_count"), number("tenon_store_syncs_total"));
    assert!(number("tenon_store_commit_seconds_sum") > 0.0);
    assert!(text.ends_with("# EOF\n"));
    let described = program::run(&["explain", "metrics"]).stdout;
    let described = String::from_utf8(described).unwrap();
    for family in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = family.split_once(' ').unwrap();
        assert!(described.contains(&format!("{name} ({kind})")), "{name} is not explained");
    }
    let log = stage.tenon(&["log", "--limit", "1000", "--output", "ndjson"]);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_task: Vec<&Value> = lines.iter().filter(|line| line["task"] == task).collect();
    let linked = of_task.iter().find(|line| line["what"] == "linked").expect("a line of the order");
    for name in ["at_ms", "by", "what", "task", "step", "source", "target", "text"] {
        assert!(!linked[name].is_null(), "{name}: {linked:#}");
    }
    assert!(of_task.iter().all(|line| !line["source"].is_null()), "{of_task:#?}");
}
