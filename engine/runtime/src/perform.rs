//! Performing one request: breaker, tokens, limits, transport, and what the answer means.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use tenon_kit::{LimitNews, Operation, Outcome, Reading, Request};
use tenon_value::{Class, Fault};

use crate::breaker::{Pass, Standing};
use crate::codes;
use crate::connection::{Account, Connection};
use crate::engine::Engine;
use crate::gate::{Permit, Urgency};
use crate::limiter::Feedback;
use crate::tokens;

/// One request of a flow.
pub(crate) struct Errand<'a> {
    /// The flow it is for; lines at the door take turns by it.
    pub(crate) flow: &'a Arc<str>,
    /// How urgent it is.
    pub(crate) urgency: Urgency,
    /// What is asked.
    pub(crate) operation: &'a Operation,
    /// How it is said.
    pub(crate) request: &'a Request,
    /// The task it is for, where it is one's.
    pub(crate) task: Option<&'a AtWork>,
}

/// A request of a task.
pub(crate) struct AtWork {
    /// The task.
    pub(crate) task: Arc<str>,
    /// It waits at a gate: nothing of it has left.
    pub(crate) waits: AtomicBool,
}

/// A token that was renewed so often for one request, and refused every time, is not taken at all.
const RENEWALS: u32 = 3;

/// Sends a request when connection and limits allow it; gives what came back.
pub(crate) async fn perform(
    engine: &Engine,
    connection: &Connection,
    errand: Errand<'_>,
) -> Reading {
    let pass = connection.with_breaker(|b| b.ask(engine.seam.steady_ms()));
    if pass == Pass::Park {
        return not_sent(parked(connection));
    }
    let mut renewals = 0;
    loop {
        let mut permit = enter(engine, connection, &errand).await;
        if pass == Pass::Go && connection.standing() != Standing::Up {
            // It went out while this request waited at the gate.
            return not_sent(parked(connection));
        }
        // Only now: who waits long at a gate would send a token that was renewed meanwhile.
        let account = match tokens::usable(engine, connection, None).await {
            Ok(account) => account,
            Err(fault) => return settle(engine, connection, not_sent(fault)),
        };
        let reading = exchange(engine, connection, (&errand, &account), &mut permit).await;
        drop(permit);
        if !is_auth(&reading) || renewals == RENEWALS {
            return settle(engine, connection, reading);
        }
        // It may have been taken back early: it is renewed at once, unless another request did so,
        // and the request repeated.
        renewals += 1;
        match tokens::usable(engine, connection, Some(&account)).await {
            Ok(_) => {}
            // The answer stays: it says what the peer has against us.
            Err(fault) if fault.code == codes::CONNECTION_AUTH => {
                return settle(engine, connection, reading);
            }
            Err(fault) => return settle(engine, connection, not_sent(fault)),
        }
    }
}

/// Waits for room under the limits of the account.
async fn enter<'c>(engine: &Engine, connection: &'c Connection, errand: &Errand<'_>) -> Permit<'c> {
    match connection.gate.try_enter(errand.flow, errand.request.cost) {
        Some(permit) => permit,
        None => {
            let _waits = errand.task.map(|at| AtGate::new(engine, at, &connection.name));
            let since_ms = engine.seam.steady_ms();
            let line = (errand.urgency, errand.flow);
            let permit = connection.gate.enter(line, errand.request.cost).await;
            let waited_ms = engine.seam.steady_ms().saturating_sub(since_ms);
            engine.metrics.limit_wait(&connection.name, waited_ms);
            permit
        }
    }
}

async fn exchange(
    engine: &Engine,
    connection: &Connection,
    (errand, account): (&Errand<'_>, &Account),
    permit: &mut Permit<'_>,
) -> Reading {
    let peer = &connection.peer;
    let (address, credentials) = (&account.address, &account.credentials);
    let outgoing = match peer.authenticate(errand.request, address, credentials) {
        Ok(outgoing) => outgoing,
        Err(fault) => return not_sent(fault),
    };
    let since_ms = engine.seam.steady_ms();
    let response = engine.transport.send(outgoing).await;
    let reading = peer.read(errand.operation, &response);
    let took_ms = engine.seam.steady_ms().saturating_sub(since_ms);
    engine.metrics.request(&connection.name, &reading.outcome, took_ms);
    permit.learn(Feedback { wait_ms: reading.limits.wait_ms, bucket: reading.limits.bucket });
    reading
}

/// A request that waits at a gate: another task may work meanwhile, and operators see what it waits
/// for. Of several requests of one task the first steps aside for it, and the last steps in.
struct AtGate<'a> {
    engine: &'a Engine,
    at: &'a AtWork,
}

impl<'a> AtGate<'a> {
    fn new(engine: &'a Engine, at: &'a AtWork, connection: &str) -> AtGate<'a> {
        let mut all = engine.at_gates.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = all.entry(at.task.clone()).or_insert_with(|| (connection.to_owned(), 0));
        entry.1 = entry.1.saturating_add(1);
        if entry.1 == 1 {
            engine.dispatcher.step_aside();
        }
        at.waits.store(true, Ordering::Relaxed);
        AtGate { engine, at }
    }
}

impl Drop for AtGate<'_> {
    fn drop(&mut self) {
        self.at.waits.store(false, Ordering::Relaxed);
        let mut all = self.engine.at_gates.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = all.get_mut(&self.at.task) else { return };
        entry.1 = entry.1.saturating_sub(1);
        if entry.1 == 0 {
            all.remove(&self.at.task);
            self.engine.dispatcher.step_in();
        }
    }
}

/// A reading of something that was not sent.
pub(crate) fn not_sent(fault: Fault) -> Reading {
    Reading { outcome: Outcome::Fault(fault), limits: LimitNews::default(), warnings: Vec::new() }
}

fn is_auth(reading: &Reading) -> bool {
    // An address that may not be called is no matter of tokens.
    matches!(&reading.outcome, Outcome::Fault(fault)
        if fault.class == Class::Auth && fault.code != tenon_kit::codes::ADDRESS_PRIVATE)
}

fn parked(connection: &Connection) -> Fault {
    let name = &connection.name;
    match connection.standing() {
        Standing::Auth { why, .. } => Fault::new(
            codes::CONNECTION_AUTH,
            Class::Auth,
            format!("connection {name} needs new credentials: {why}"),
        )
        .hint(format!("authorise it again with `tenon connection add {name}`")),
        Standing::Paused { by } => Fault::new(
            codes::CONNECTION_PAUSED,
            Class::Down,
            format!("connection {name} was paused by {by}"),
        )
        .hint(format!("resume it with `tenon connection resume {name}`")),
        Standing::Up | Standing::Down { .. } => Fault::new(
            codes::CONNECTION_DOWN,
            Class::Down,
            format!("connection {name} does not answer"),
        )
        .hint("nothing to do: it is probed, and its tasks go on when it answers"),
    }
}

/// Tells the breaker what came, and turns a failure of the whole into one that parks.
fn settle(engine: &Engine, connection: &Connection, mut reading: Reading) -> Reading {
    let now = engine.seam.steady_ms();
    let jitter = || {
        let mut bytes = [0; 8];
        engine.seam.random(&mut bytes);
        u64::from_le_bytes(bytes)
    };
    match &mut reading.outcome {
        Outcome::Fault(fault) if fault.class == Class::Auth => {
            connection.with_breaker(|b| b.refused(now, &fault.message));
            connection.changed.notify_one();
        }
        Outcome::Fault(fault) if fault.class == Class::Down => {
            connection.with_breaker(|b| b.said_down(now, jitter()));
            connection.changed.notify_one();
        }
        Outcome::Fault(fault) if fault.class == Class::Transient => {
            let down = connection.with_breaker(|b| {
                b.failed(now, jitter());
                *b.standing() != Standing::Up
            });
            if down {
                // The connection as a whole is down, or held: the task's budget is not spent on it.
                fault.class = Class::Down;
                connection.changed.notify_one();
            }
        }
        Outcome::Unknown(_) => {
            let opened = connection.with_breaker(|b| b.failed(now, jitter()));
            if opened {
                connection.changed.notify_one();
            }
        }
        Outcome::Fault(_) | Outcome::Record(_) | Outcome::Page { .. } | Outcome::More(_) => {
            let back = connection.with_breaker(crate::breaker::Breaker::answered);
            if back || connection.parked() > 0 {
                connection.changed.notify_one();
            }
        }
    }
    reading
}

/// Watches a connection: probes it while it is down, releases its parked tasks in waves when it is
/// up. Runs as long as the engine.
pub(crate) async fn watch(engine: &Engine, connection: &Connection) {
    // A canary that was let go is given this long to ask; the tasks that park meanwhile call for none.
    let mut next_canary_ms = 0;
    loop {
        let now = engine.seam.steady_ms();
        match connection.standing() {
            Standing::Up if connection.parked() > 0 => {
                let wave = connection.with_breaker(crate::breaker::Breaker::next_wave);
                release(engine, connection, wave);
                // The next wave goes when answers come, or after a second without any.
                tokio::select! {
                    biased;
                    () = connection.changed.notified() => {}
                    () = engine.seam.sleep_steady(now + 1_000) => {}
                }
            }
            Standing::Down { canary_at_ms, .. } if canary_at_ms <= now => {
                // While one is out, whoever is released only parks again, and again.
                let wanted = connection.with_breaker(|b| b.wants_canary(now));
                if wanted && next_canary_ms <= now && connection.parked() > 0 {
                    release(engine, connection, 1);
                    next_canary_ms = now + 1_000;
                }
                tokio::select! {
                    biased;
                    () = connection.changed.notified() => {}
                    () = engine.seam.sleep_steady(now + 1_000) => {}
                }
            }
            Standing::Down { canary_at_ms, .. } => {
                tokio::select! {
                    biased;
                    () = connection.changed.notified() => {}
                    () = engine.seam.sleep_steady(canary_at_ms) => {}
                }
            }
            Standing::Up | Standing::Auth { .. } | Standing::Paused { .. } => {
                connection.changed.notified().await;
            }
        }
    }
}

fn release(engine: &Engine, connection: &Connection, count: usize) {
    for task in connection.unpark(count) {
        let input = tenon_machine::Input::ConnectionUp { connection: connection.name.clone() };
        engine.dispatcher.deliver(&task, input);
    }
}
