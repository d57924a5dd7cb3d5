//! `tenon bench integration`: orders of the sandbox shop to booked invoices in the sandbox ledger, the
//! engine and the sandbox each a process of its own, without the sandbox's rate limits.

use std::time::Duration;

use tenon_runtime::bench::Usage;
use tenon_server::Call;
use tenon_value::Value;

use super::{Place, micros_since, now, per_second, ratio, whole};
use crate::arguments::BenchIntegration;
use crate::demo::stage::{Setting, Stage};
use crate::exit::Failure;

/// How often the engine is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Looks without any change before it is given up: a minute.
const PATIENCE: u32 = 1_200;

/// Measures.
///
/// # Errors
/// When a process does not start, or nothing moves any more.
pub async fn run(bench: &BenchIntegration) -> Result<Value, Failure> {
    let place = Place::make(bench.dir.as_deref())?;
    let setting = Setting {
        orders: Some(bench.orders),
        seed: bench.seed,
        time_scale: 1,
        limits: false,
        talk: false,
    };
    let mut stage = Stage::set(setting, place.0.clone()).await?;
    stage.start_engine().await?;
    let counted = |counts: &Value| whole(counts, "requests");
    let before = stage.control("GET", "/control/counts", &Value::Missing).await?;
    let cpu = || stage.engine_pid().map_or(0, |pid| Usage::of(pid).cpu_ms);
    let cpu_before = cpu();
    let began = now();
    stage.post_webhooks().await?;
    quiet(&stage).await?;
    let took = micros_since(began);
    let cpu = cpu().saturating_sub(cpu_before);
    let after = stage.control("GET", "/control/counts", &Value::Missing).await?;
    let books = stage.books().await?;
    stage.end().await?;
    let orders = whole(&books, "orders");
    Ok(Value::of([
        ("orders_per_s", per_second(orders, took)),
        ("requests_per_order", ratio(counted(&after).saturating_sub(counted(&before)), orders)),
        ("cpu_ms_per_order", ratio(cpu, orders)),
        ("duplicates", books.field("duplicates").clone()),
        ("lost", books.field("lost").clone()),
    ]))
}

/// Waits until every webhook was delivered and no task moves by itself any more.
async fn quiet(stage: &Stage) -> Result<(), Failure> {
    let mut looks = tokio::time::interval(LOOK);
    let mut last = (0, Value::Missing);
    let mut still = 0_u32;
    while still < PATIENCE {
        looks.tick().await;
        let left = stage.deliveries_left().await?;
        let status = stage.engine_call(Call::new("GET", "/status")).await?;
        let open = status.field("open").clone();
        let moves = |state: &str| whole(&open, state) > 0;
        if left == 0 && !["queued", "running", "waiting"].into_iter().any(moves) {
            return Ok(());
        }
        let now = (left, open);
        still = if now == last { still.saturating_add(1) } else { 0 };
        last = now;
    }
    Err(Failure::internal(format!("nothing moves any more: {last:?}")))
}
