//! How a sandbox is set up: names, secrets, limits and times.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::faults::FaultRule;

/// What a sandbox is started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxConfig {
    /// Port on the loopback address; 0 takes a free one.
    pub port: u16,
    /// Seed of everything drawn by chance: generated orders, fault probabilities.
    pub seed: u64,
    /// Names of the shops that answer.
    pub shops: Vec<String>,
    /// The shop's access token.
    pub shop_token: String,
    /// Where webhooks are posted: the address without the topic, such as
    /// `http://127.0.0.1:8080/in/shop`; none posts no webhooks.
    pub webhook_target: Option<String>,
    /// The secret webhooks are signed with.
    pub webhook_secret: String,
    /// Fortnox client id.
    pub client_id: String,
    /// Fortnox client secret.
    pub client_secret: String,
    /// Whether the ledger rounds an invoice's total to whole units of its currency.
    pub rounding: bool,
    /// The prefix that the ledger's reference fields carry before the shop's order name; the books
    /// match by it.
    pub reference_prefix: String,
    /// Freezes the clock at this instant (milliseconds since 1970); none lets it run.
    pub frozen_at_ms: Option<i64>,
    /// Limits and lifetimes.
    pub limits: Limits,
    /// Fault rules in force from the start.
    pub faults: Vec<FaultRule>,
}

impl Default for SandboxConfig {
    fn default() -> SandboxConfig {
        SandboxConfig {
            port: 0,
            seed: 1,
            shops: vec!["sandbox-shop".to_owned()],
            shop_token: "shpat_sandbox".to_owned(),
            webhook_target: None,
            webhook_secret: "sandbox-webhook-secret".to_owned(),
            client_id: "sandbox-client".to_owned(),
            client_secret: "sandbox-client-secret".to_owned(),
            rounding: false,
            reference_prefix: String::new(),
            frozen_at_ms: None,
            limits: Limits::default(),
            faults: Vec::new(),
        }
    }
}

/// Rate limits and times of both systems. The defaults are the real ones; tests scale them.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Whether rate limits hold at all.
    pub on: bool,
    /// Fortnox: requests in one window.
    pub fortnox_requests: usize,
    /// Fortnox: the sliding window, in milliseconds.
    pub fortnox_window_ms: i64,
    /// Fortnox: how long an access token lives, in milliseconds.
    pub fortnox_access_ms: i64,
    /// Fortnox: how long a new or changed document stays invisible to searches, in milliseconds.
    pub fortnox_search_lag_ms: i64,
    /// Shopify: points the cost bucket holds.
    pub shopify_bucket: u32,
    /// Shopify: points restored in a second.
    pub shopify_restore_per_s: u32,
    /// Shopify: how many times faster than ours the clock of who asks runs; the rate that answers
    /// tell is divided by it, so that it is right on that clock.
    pub shopify_clock_of_others: u32,
    /// Shopify: the pauses between two tries of a webhook are divided by this; 1 keeps the real ones.
    pub webhook_pause_divisor: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            on: true,
            fortnox_requests: 25,
            fortnox_window_ms: 5_000,
            fortnox_access_ms: 3_600_000,
            fortnox_search_lag_ms: 0,
            shopify_bucket: 2_000,
            shopify_restore_per_s: 100,
            shopify_clock_of_others: 1,
            webhook_pause_divisor: 1,
        }
    }
}

/// The limits in force, changeable while the sandbox runs.
#[derive(Debug)]
pub struct LimitsCell(Mutex<Limits>);

impl LimitsCell {
    /// Begins with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> LimitsCell {
        LimitsCell(Mutex::new(limits))
    }

    /// A copy of the limits in force.
    #[must_use]
    pub fn now(&self) -> Limits {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts other limits in force.
    pub fn set(&self, limits: Limits) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = limits;
    }
}
