//! The sandbox over HTTP: what each fault really does, and the control interface.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Limits, Running, Sandbox, SandboxConfig};

/// A caller with a connection of its own for each request.
struct Caller {
    running: Running,
    token: String,
}

impl Caller {
    async fn start() -> Caller {
        let limits = Limits { on: false, ..Limits::default() };
        let running = Sandbox::start(SandboxConfig { limits, ..SandboxConfig::default() }).await;
        let running = running.unwrap();
        let mut caller = Caller { running, token: String::new() };
        let tokens = caller.control("POST", "/control/fortnox/tokens", json!(null)).await;
        caller.token = tokens["access_token"].as_str().unwrap().to_owned();
        caller.ledger("POST", "/customers", json!({"Customer": {"Name": "A"}})).await.unwrap();
        caller
    }

    /// Status and body; none when the connection was closed without an answer.
    async fn ledger(&self, method: &str, path: &str, body: Value) -> Option<(u16, Value)> {
        let authorization = format!("Bearer {}", self.token);
        let path = format!("/fortnox/3{path}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        send(self.running.address, method, &path, &authorization, &body).await
    }

    async fn order(&self) -> Option<(u16, Value)> {
        self.ledger("POST", "/orders", json!({"Order": {"CustomerNumber": "1"}})).await
    }

    async fn orders(&self) -> usize {
        let (_, list) = self.ledger("GET", "/orders", json!(null)).await.unwrap();
        list["Orders"].as_array().unwrap().len()
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, body) = send(self.running.address, method, path, "", &body).await.unwrap();
        assert!(status < 300, "{path}: {status} {body}");
        body
    }

    async fn fault(&self, rule: Value) {
        self.control("POST", "/control/faults", rule).await;
    }

    async fn made(&self, kind: &str) -> u64 {
        let counts = self.control("GET", "/control/counts", json!(null)).await;
        counts["faults"][kind].as_u64().unwrap()
    }
}

async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    authorization: &str,
    body: &str,
) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\
         Authorization: {authorization}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset reads as an error: no answer either.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    if answer.is_empty() {
        return None;
    }
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some((status, serde_json::from_str(body).unwrap_or(Value::Null)))
}

#[tokio::test]
async fn a_fault_before_acting_leaves_nothing_behind() {
    let caller = Caller::start().await;
    for (kind, wanted) in [("down", None), ("rate_limited", Some(429)), ("error_before", Some(502))]
    {
        caller
            .fault(json!({"kind": kind, "times": 1, "method": "POST", "path": "/fortnox/3/orders"}))
            .await;
        assert_eq!(caller.order().await.map(|(status, _)| status), wanted, "{kind}");
        assert_eq!(caller.orders().await, 0, "{kind}");
        assert_eq!(caller.made(kind).await, 1);
    }
    let counts = caller.control("GET", "/control/counts", json!(null)).await;
    assert_eq!(
        (counts["rate_limited"].as_u64(), counts["unanswered"].as_u64()),
        (Some(1), Some(1))
    );
}

#[tokio::test]
async fn a_fault_after_acting_leaves_the_order_behind() {
    let caller = Caller::start().await;
    for (n, (kind, wanted)) in
        [("error_after", Some(502)), ("answer_lost", None)].into_iter().enumerate()
    {
        caller.fault(json!({"kind": kind, "times": 1, "path": "*/orders"})).await;
        assert_eq!(caller.order().await.map(|(status, _)| status), wanted, "{kind}");
        assert_eq!(caller.orders().await, n + 1, "{kind}");
    }
    let counts = caller.running.parts.counts.now();
    assert_eq!(counts.done("POST /fortnox/3/orders"), 2);
}

#[tokio::test]
async fn a_cut_connection_acts_later() {
    let caller = Caller::start().await;
    caller
        .fault(json!({"kind": "cut_acts_later", "times": 1, "ms": 150, "path": "*/orders"}))
        .await;
    assert_eq!(caller.order().await, None);
    assert_eq!(caller.orders().await, 0, "it has not acted yet");
    while caller.running.parts.faults.acting_later() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(caller.orders().await, 1, "it has acted");
}

#[tokio::test]
async fn a_slow_answer_comes_late_and_whole() {
    let caller = Caller::start().await;
    caller.fault(json!({"kind": "slow", "times": 1, "ms": 80, "path": "*/orders"})).await;
    let before = tokio::time::Instant::now();
    assert_eq!(caller.order().await.unwrap().0, 201);
    assert!(before.elapsed().as_millis() >= 80);
}

#[tokio::test]
async fn a_revoked_token_stays_revoked() {
    let caller = Caller::start().await;
    caller.fault(json!({"kind": "token_revoked", "times": 1, "path": "/fortnox/3/*"})).await;
    let first = caller.order().await.unwrap();
    assert_eq!(first, (401, json!({"message": "unauthorized"})));
    assert_eq!(caller.order().await.unwrap().0, 401);
}

#[tokio::test]
async fn a_refresh_whose_answer_is_lost_has_spent_its_token() {
    let caller = Caller::start().await;
    let tokens = caller.control("POST", "/control/fortnox/tokens", json!(null)).await;
    let form = format!(
        "grant_type=refresh_token&refresh_token={}",
        tokens["refresh_token"].as_str().unwrap()
    );
    // base64 of sandbox-client:sandbox-client-secret
    let basic = "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1jbGllbnQtc2VjcmV0";
    let path = "/fortnox/oauth-v1/token";
    caller.fault(json!({"kind": "answer_lost", "times": 1, "path": path})).await;
    assert_eq!(send(caller.running.address, "POST", path, basic, &form).await, None);
    let (status, body) = send(caller.running.address, "POST", path, basic, &form).await.unwrap();
    assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")));
}

#[tokio::test]
async fn the_control_interface_changes_clock_limits_and_locks() {
    let caller = Caller::start().await;
    let frozen = json!({"freeze_at_ms": 1_000, "advance_ms": 5});
    assert_eq!(caller.control("POST", "/control/clock", frozen).await, json!({"now_ms": 1_005}));
    caller.control("POST", "/control/clock", json!({"run": true})).await;
    let every =
        caller.control("POST", "/control/faults/every", json!({"per_mille": 0, "ms": 1})).await;
    assert_eq!(every.as_array().unwrap().len(), 15);
    caller.control("DELETE", "/control/faults?kind=down", json!(null)).await;
    assert_eq!(caller.running.parts.faults.rules().len(), 13);
    caller.control("DELETE", "/control/faults", json!(null)).await;
    assert_eq!(caller.running.parts.faults.rules().len(), 0);
    let limits = caller.control("POST", "/control/limits", json!({"fortnox_requests": 3})).await;
    assert_eq!(
        (limits["fortnox_requests"].as_u64(), limits["on"].as_bool()),
        (Some(3), Some(false))
    );
    caller.control("POST", "/control/fortnox/locked", json!({"until": "2026-01-31"})).await;
    let state = caller.control("GET", "/control/state", json!(null)).await;
    assert_eq!(state["ledger"]["locked_until"], "2026-01-31");
    assert_eq!(state["ledger"]["records"]["customers"], 1);
    let unknown = json!({"colour": 1}).to_string();
    let refused = send(caller.running.address, "POST", "/control/limits", "", &unknown).await;
    assert_eq!(refused.unwrap().0, 400);
}

#[tokio::test]
async fn a_person_at_the_ledger_needs_no_token_and_reset_forgets_everything() {
    let caller = Caller::start().await;
    let by_hand =
        json!({"method": "POST", "path": "/3/orders", "body": {"Order": {"CustomerNumber": "1"}}});
    caller.control("POST", "/control/fortnox/ask", by_hand).await;
    let records = caller.control("GET", "/control/fortnox/records/orders", json!(null)).await;
    assert_eq!(records[0]["DocumentNumber"], "1");
    let books = caller.control("GET", "/control/books", json!(null)).await;
    assert_eq!(books["duplicates"], 0);
    caller.control("POST", "/control/reset", json!(null)).await;
    assert_eq!(caller.order().await.unwrap().0, 401, "tokens are forgotten too");
    let counts = caller.control("GET", "/control/counts", json!(null)).await;
    assert_eq!(counts["requests"], 1);
}

#[tokio::test]
async fn a_stopped_sandbox_takes_no_more_requests() {
    let caller = Caller::start().await;
    let address = caller.running.address;
    caller.running.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let caller = Caller::start().await;
    let port = caller.running.address.port();
    let error = Sandbox::start(SandboxConfig { port, ..SandboxConfig::default() }).await.err();
    assert!(error.unwrap().to_string().contains(&port.to_string()));
}

#[tokio::test]
async fn in_bad_weather_the_counts_are_what_really_happened() {
    let mut caller = Caller::start().await;
    caller.running.parts.faults.add(crate::faults::FaultRule::every_kind(60, 1));
    let mut answered = 0;
    for _ in 0..400 {
        match caller.order().await {
            Some((201, _)) => answered += 1,
            Some((401, _)) => {
                let tokens = caller.control("POST", "/control/fortnox/tokens", json!(null)).await;
                caller.token = tokens["access_token"].as_str().unwrap().to_owned();
            }
            _ => {}
        }
    }
    while caller.running.parts.faults.acting_later() > 0 {
        tokio::task::yield_now().await;
    }
    let there = caller.running.parts.ledger.documents().len();
    let counts = caller.running.parts.counts.now();
    assert_eq!(u64::try_from(there).unwrap(), counts.done("POST /fortnox/3/orders"));
    assert!(answered < there && there < 400, "{answered} answered, {there} there");
    let made = caller.running.parts.faults.made();
    assert!(made.values().all(|times| *times > 0), "{made:?}");
}

#[tokio::test]
async fn a_kept_connection_is_cut_in_the_middle() {
    let caller = Caller::start().await;
    let mut stream = TcpStream::connect(caller.running.address).await.unwrap();
    let request = format!(
        "GET /fortnox/3/companyinformation HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer {}\r\n\r\n",
        caller.token
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 4_096];
    let read = stream.read(&mut first).await.unwrap();
    assert!(String::from_utf8_lossy(&first[..read]).starts_with("HTTP/1.1 200"));
    caller.fault(json!({"kind": "down", "times": 1, "path": "/fortnox/*"})).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(rest, b"");
}
