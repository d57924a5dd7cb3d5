//! `tenon bench intake`: signed webhooks into a server of its own process that begins no task.
//!
//! Each delivery names another order, so that each is a delivery, a duplicate mark and a queued task
//! in one commit. The clock runs until all of it is applied to the store's tables.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tenon_runtime::bench::Usage;
use tenon_sandbox::shopify::example::VENDORS_ORDERS_CREATE;
use tenon_sandbox::shopify::webhooks::sign;
use tenon_server::Call;
use tenon_value::Value;

use super::{Place, micros_since, now, per_second, ratio, whole};
use crate::api::Api;
use crate::arguments::BenchIntake;
use crate::demo::process::{self, Process, words};
use crate::exit::Failure;

/// The secret that the benchmark's shop signs with.
const SECRET: &str = "bench-webhook-secret";
/// Bytes of the small body.
const SMALL: usize = 1_024;
/// Deliveries after which memory is held to have warmed up.
const WARM: u64 = 10_000;
/// The digits of the vendor's own order number, which another takes the place of.
const DIGITS: usize = 18;
/// How often the server is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Looks before a store that does not catch up is given up: a minute.
const PATIENCE: u32 = 600;

/// Measures one body size after the other, each with a fresh server.
///
/// # Errors
/// When a server does not start, or does not take a delivery.
pub async fn run(bench: &BenchIntake) -> Result<Vec<Value>, Failure> {
    let mut figures = Vec::new();
    for body in [Body::small(), Body::vendors()?] {
        figures.push(measure(bench, Arc::new(body)).await?);
    }
    Ok(figures)
}

async fn measure(bench: &BenchIntake, body: Arc<Body>) -> Result<Value, Failure> {
    let place = Place::make(bench.dir.as_deref())?;
    let directory = process::path(&place.0);
    let mut add = words(["connection", "add", "shopify", "--environment", "sandbox"]);
    add.extend(words(["--set", "sandbox=http://127.0.0.1:9", "--set", "shop=bench"]));
    add.extend(words(["--credentials", "-", "--dir", &directory]));
    let credentials = format!("access_token=none\napi_secret={SECRET}\n");
    if !process::run(&add, &credentials).await?.0.success() {
        return Err(Failure::internal("the benchmark's connection could not be added"));
    }
    let serve = words(["serve", "--held", "--listen", "127.0.0.1:0", "--dir", &directory]);
    let server = Process::start(&serve).await?;
    let address = server.ready.field("address").as_text().unwrap_or_default().to_owned();
    let api = Api::of(&place.0, None).await?;
    let before = api.call(Call::new("GET", "/status")).await?;

    let began = now();
    let next = Arc::new(AtomicU64::new(0));
    let mut clients = Vec::new();
    for _ in 0..bench.connections {
        let client = Client::new(&address, Arc::clone(&body), Arc::clone(&next))?;
        clients.push(tokio::spawn(client.post_until(bench.deliveries)));
    }
    let mut memory = Memory::default();
    let mut looks = tokio::time::interval(LOOK);
    while next.load(Ordering::Relaxed) < bench.deliveries {
        looks.tick().await;
        memory.look(server.pid(), next.load(Ordering::Relaxed));
    }
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.map_err(|e| Failure::internal(e.to_string()))??);
    }
    let mut after = api.call(Call::new("GET", "/status")).await?;
    for look in 0.. {
        memory.look(server.pid(), bench.deliveries);
        if whole(&after, "unapplied") == 0 {
            break;
        }
        if look >= PATIENCE {
            return Err(Failure::internal("the store does not catch up with its log"));
        }
        looks.tick().await;
        after = api.call(Call::new("GET", "/status")).await?;
    }
    let took = micros_since(began);
    server.kill().await?;
    let taken = u64::try_from(times.len()).unwrap_or(u64::MAX);
    times.sort_unstable();
    let at = times.len().saturating_mul(99).div_euclid(100).min(times.len().saturating_sub(1));
    let p99 = times.get(at).copied().unwrap_or(0);
    let syncs = whole(&after, "syncs").saturating_sub(whole(&before, "syncs"));
    Ok(Value::of([
        ("body_bytes", Value::from(i64::try_from(body.size()).unwrap_or(i64::MAX))),
        ("deliveries_per_s", per_second(taken, took)),
        ("p99_ms", ratio(p99, 1_000)),
        ("rss_mib", ratio(memory.highest, 1_024)),
        ("rss_growth_mib", ratio(memory.highest.saturating_sub(memory.warm), 1_024)),
        ("syncs_per_delivery", ratio(syncs, taken)),
    ]))
}

/// Memory of the server, in KiB.
#[derive(Default)]
struct Memory {
    /// At the first look after it warmed up; 0 before.
    warm: u64,
    /// The most that was seen.
    highest: u64,
}

impl Memory {
    fn look(&mut self, pid: Option<u32>, deliveries: u64) {
        let rss = pid.map_or(0, |pid| Usage::of(pid).rss_kib);
        if self.warm == 0 && deliveries >= WARM {
            self.warm = rss;
        }
        self.highest = self.highest.max(rss);
    }
}

/// A webhook's body with a place for the order's number.
struct Body {
    before: String,
    after: String,
}

impl Body {
    fn small() -> Body {
        let before = "{\"admin_graphql_api_id\":\"gid://shopify/Order/".to_owned();
        let mut after = "\",\"note\":\"".to_owned();
        let taken = before.len().saturating_add(after.len()).saturating_add(DIGITS + 2);
        after.push_str(&"n".repeat(SMALL.saturating_sub(taken)));
        after.push_str("\"}");
        Body { before, after }
    }

    fn vendors() -> Result<Body, Failure> {
        let mark = "gid://shopify/Order/";
        let parts = VENDORS_ORDERS_CREATE.split_once(mark).and_then(|(before, rest)| {
            let (number, after) = rest.split_once('"')?;
            let before = format!("{before}{mark}");
            (number.len() == DIGITS).then(|| Body { before, after: format!("\"{after}") })
        });
        parts.ok_or_else(|| Failure::internal("the vendor's example names no order of 18 digits"))
    }

    fn size(&self) -> usize {
        self.before.len().saturating_add(DIGITS).saturating_add(self.after.len())
    }

    /// The body of the n-th order.
    fn of(&self, n: u64) -> String {
        format!(
            "{}{:018}{}",
            self.before,
            100_000_000_000_000_000_u64.saturating_add(n),
            self.after
        )
    }
}

/// One kept-alive connection.
struct Client {
    http: reqwest::Client,
    url: String,
    body: Arc<Body>,
    next: Arc<AtomicU64>,
}

impl Client {
    fn new(address: &str, body: Arc<Body>, next: Arc<AtomicU64>) -> Result<Client, Failure> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(1)
            .build()
            .map_err(|e| Failure::internal(e.to_string()))?;
        Ok(Client { http, url: format!("{address}/in/shopify/orders/create"), body, next })
    }

    /// Posts until so many were posted by all; gives the time of each, in microseconds.
    async fn post_until(self, deliveries: u64) -> Result<Vec<u64>, Failure> {
        let mut times = Vec::new();
        loop {
            let n = self.next.fetch_add(1, Ordering::Relaxed);
            if n >= deliveries {
                return Ok(times);
            }
            let body = self.body.of(n);
            let signature = sign(SECRET, body.as_bytes());
            let began = now();
            let posted = self
                .http
                .post(&self.url)
                .header("x-shopify-topic", "orders/create")
                .header("x-shopify-hmac-sha256", signature)
                .header("x-shopify-shop-domain", "bench.myshopify.com")
                .header("x-shopify-webhook-id", format!("bench-{n}"))
                .header("content-type", "application/json")
                .body(body)
                .send()
                .await;
            let lost =
                |e: reqwest::Error| Failure::remote(format!("a delivery had no answer: {e}"));
            let answer = posted.map_err(lost)?;
            let status = answer.status();
            let text = answer.text().await.map_err(lost)?;
            times.push(micros_since(began));
            if !status.is_success() {
                return Err(Failure::remote(format!("a delivery was refused: {status} {text}")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bodies_name_their_order_and_have_their_sizes() {
        let small = Body::small();
        assert_eq!((small.size(), small.of(7).len()), (1_024, 1_024));
        let vendors = Body::vendors().unwrap();
        assert_eq!(vendors.of(0).len(), VENDORS_ORDERS_CREATE.len());
        for body in [small.of(7), vendors.of(7)] {
            let read = tenon_value::json::read(&body).unwrap();
            let id = read.field("admin_graphql_api_id");
            assert_eq!(id.as_text(), Some("gid://shopify/Order/100000000000000007"));
        }
    }
}
