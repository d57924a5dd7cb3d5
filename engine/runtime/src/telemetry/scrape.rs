//! The text that a scrape gets.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::PoisonError;

use prometheus_client::encoding::text::encode;
use tenon_store::Counters;

use super::metrics::{Labels, Metrics, seconds};
use super::tally::{Place, place};
use crate::breaker::Standing;
use crate::connection::Connection;
use crate::engine::{Engine, Runtime};
use crate::gate::Urgency;

/// How a connection can stand.
const STANDINGS: [&str; 4] = ["up", "down", "auth", "paused"];

impl Runtime {
    /// All metrics in the OpenMetrics text format. Reads no rows of the store.
    #[must_use]
    pub fn metrics(&self) -> String {
        let engine = self.engine();
        engine.metrics.with_registry(|registry| {
            read(engine);
            let mut text = String::new();
            // Writing into a text cannot fail.
            let _ = encode(&mut text, registry);
            text
        })
    }
}

fn whole(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn bytes(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Sets what is not counted as it happens.
fn read(engine: &Engine) {
    let gauges = &engine.metrics.gauges;
    tasks(engine);
    gauges.in_memory.set(whole(engine.dispatcher.in_memory()));
    gauges.timers.set(whole(engine.timers.len()));
    gauges.started.set(seconds(engine.started_ms));
    let queued = engine.dispatcher.queued();
    for (urgency, name) in
        [(Urgency::Live, "live"), (Urgency::Poll, "poll"), (Urgency::Backfill, "backfill")]
    {
        let count = queued.get(&urgency).copied().unwrap_or(0);
        gauges.queued.get_or_create(&[("urgency", Cow::Borrowed(name))]).set(whole(count));
    }
    for connection in engine.connections.values() {
        connected(&engine.metrics, connection);
    }
    stored(&engine.metrics, engine.store.counters(), engine.store.bytes_on_disk());
}

/// What tasks wait for that no row tells: a lane, room under a limit.
fn unwritten(engine: &Engine) -> HashMap<Place, &'static str> {
    let in_line = engine.lanes.in_line();
    let lanes = in_line.iter().map(|task| (place(task), "lane"));
    let at_gates = engine.at_gates.lock().unwrap_or_else(PoisonError::into_inner);
    lanes.chain(at_gates.keys().map(|task| (place(task), "limit"))).collect()
}

fn tasks(engine: &Engine) {
    let (gauges, now_ms) = (&engine.metrics.gauges, engine.seam.now_ms());
    let now = engine.metrics.tally.now(&unwritten(engine));
    // A series that has nothing to tell any more ends, instead of staying at its last figure.
    gauges.tasks.clear();
    gauges.oldest.clear();
    for ((state, reason), standing) in now {
        let labels: Labels<2> =
            [("state", Cow::Borrowed(state)), ("reason", Cow::Borrowed(reason))];
        gauges.tasks.get_or_create(&labels).set(bytes(standing.count));
        let age = seconds(now_ms.saturating_sub(standing.oldest_ms));
        gauges.oldest.get_or_create(&labels).set(age);
    }
}

fn connected(metrics: &Metrics, connection: &Connection) {
    let gauges = &metrics.gauges;
    let name = || ("connection", Cow::Owned(connection.name.clone()));
    let stands = match connection.standing() {
        Standing::Up => "up",
        Standing::Down { .. } => "down",
        Standing::Auth { .. } => "auth",
        Standing::Paused { .. } => "paused",
    };
    for standing in STANDINGS {
        let labels = [name(), ("standing", Cow::Borrowed(standing))];
        gauges.standing.get_or_create(&labels).set(i64::from(standing == stands));
    }
    gauges.parked.get_or_create(&[name()]).set(whole(connection.parked()));
    gauges.limit_waiting.get_or_create(&[name()]).set(whole(connection.gate.crowd().waiting));
}

fn stored(metrics: &Metrics, counted: Counters, on_disk: Option<u64>) {
    let gauges = &metrics.gauges;
    for (counter, now) in [
        (&gauges.commits, counted.commits),
        (&gauges.syncs, counted.syncs),
        (&gauges.log_bytes, counted.log_bytes),
    ] {
        // Scrapes come one at a time, and nobody else counts here.
        counter.inc_by(now.saturating_sub(counter.get()));
    }
    gauges.group_commits.set(counted.group_commits);
    gauges.commit_seconds.set(counted.group_micros);
    gauges.unapplied.set(bytes(counted.unapplied));
    gauges.store_bytes.set(bytes(on_disk.unwrap_or(0)));
}
