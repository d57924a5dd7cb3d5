//! The leaky bucket of query cost: one per app and store.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value as Json, json};

use crate::config::Limits;

/// How full the bucket is.
#[derive(Debug)]
pub struct Bucket(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Thousandths of a point used and not restored yet.
    used: u64,
    at_ms: i64,
}

impl Bucket {
    /// An untouched bucket.
    #[must_use]
    pub fn new(now_ms: i64) -> Bucket {
        Bucket(Mutex::new(State { used: 0, at_ms: now_ms }))
    }

    /// Takes points for a query; `false` when there are too few, and nothing is taken.
    pub fn take(&self, now_ms: i64, limits: &Limits, points: u64) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        restore(&mut state, now_ms, limits);
        let wanted = points.saturating_mul(1_000);
        let holds = u64::from(limits.shopify_bucket).saturating_mul(1_000);
        if limits.on && state.used.saturating_add(wanted) > holds {
            return false;
        }
        state.used = state.used.saturating_add(wanted).min(holds);
        true
    }

    /// Gives back what a query did not use after all.
    pub fn give_back(&self, points: u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.used = state.used.saturating_sub(points.saturating_mul(1_000));
    }

    /// The state as the interface shows it.
    pub fn shown(&self, now_ms: i64, limits: &Limits) -> Json {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        restore(&mut state, now_ms, limits);
        let free = u64::from(limits.shopify_bucket).saturating_sub(state.used.div_ceil(1_000));
        json!({
            "maximumAvailable": limits.shopify_bucket,
            "currentlyAvailable": if limits.on { free } else { u64::from(limits.shopify_bucket) },
            "restoreRate": limits.shopify_restore_per_s / limits.shopify_clock_of_others.max(1),
        })
    }
}

/// Points are restored continuously; a point a second is a thousandth a millisecond.
fn restore(state: &mut State, now_ms: i64, limits: &Limits) {
    let passed = u64::try_from(now_ms.saturating_sub(state.at_ms)).unwrap_or(0);
    let restored = passed.saturating_mul(u64::from(limits.shopify_restore_per_s));
    state.used = state.used.saturating_sub(restored);
    state.at_ms = now_ms;
}
