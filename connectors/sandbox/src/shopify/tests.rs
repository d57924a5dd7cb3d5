//! Tests of the shop.

mod connector;
mod endpoint;
mod graphql;
mod orders;
mod webhooks;

use std::sync::Arc;

use serde_json::Value as Json;

use super::example::VENDORS_ORDERS_CREATE;
use super::graphql::versions;
use super::shop::Shop;
use crate::{Clock, Limits, LimitsCell, SandboxConfig};

/// 2026-11-02 12:00:00 UTC.
const NOON: i64 = 1_793_620_800_000;

/// A shop at a frozen noon, with its clock and limits.
fn shop_with(limits: Limits) -> (Shop, Arc<Clock>, Arc<LimitsCell>) {
    let config = SandboxConfig { frozen_at_ms: Some(NOON), limits, ..SandboxConfig::default() };
    let clock = Arc::new(Clock::new(config.frozen_at_ms));
    let limits = Arc::new(LimitsCell::new(config.limits.clone()));
    let shop = Shop::new(&config, Arc::clone(&clock), Arc::clone(&limits)).unwrap();
    (shop, clock, limits)
}

fn shop() -> Shop {
    shop_with(Limits { on: false, ..Limits::default() }).0
}

/// The vendor's own example of `orders/create`, as published.
fn vendors_example() -> Json {
    serde_json::from_str(VENDORS_ORDERS_CREATE).unwrap()
}

fn ask(shop: &Shop, version: &str, query: &str, variables: Json) -> Json {
    let version = versions::serving(versions::all().unwrap(), version).unwrap();
    let variables = serde_json::from_value(variables).unwrap();
    shop.answer(version, query, None, Some(variables))
}
