//! Renewing access tokens: one at a time per account, with a journal of its own.
//!
//! The intention is durable before the request leaves; the new tokens are durable before their first
//! use. A refresh without an answer is tried once more with the old token; refused, the account waits
//! for a person and its tasks park.

use std::sync::Arc;

use tenon_kit::Response;
use tenon_value::{Class, Fault, Value};

use crate::breaker::Standing;
use crate::codes;
use crate::connection::{Account, Connection};
use crate::engine::Engine;
use crate::refusal::{Kind, Refusal};

/// An account whose access token may be used. Renews it when it is stale, or when it is the one
/// that was just refused (`refused`: the account as it was used then).
pub(crate) async fn usable(
    engine: &Engine,
    connection: &Connection,
    refused: Option<&Account>,
) -> Result<Account, Fault> {
    let account = connection.account();
    let renew = |account: &Account| {
        connection.peer.stale(&account.credentials, engine.seam.now_ms())
            || refused.is_some_and(|old| Arc::ptr_eq(&old.credentials, &account.credentials))
    };
    if !renew(&account) {
        return Ok(account);
    }
    let _one_at_a_time = connection.refreshing.lock().await;
    let account = connection.account();
    if !renew(&account) {
        return Ok(account);
    }
    // Who waited for a refresh that was refused does not ask again.
    if let Standing::Auth { why, .. } = connection.standing() {
        return Err(Fault::new(codes::CONNECTION_AUTH, Class::Auth, why)
            .hint(format!("give new ones with `tenon connection add {}`", connection.name)));
    }
    refresh(engine, connection, &account).await
}

async fn refresh(
    engine: &Engine,
    connection: &Connection,
    account: &Account,
) -> Result<Account, Fault> {
    let mut lost = false;
    let unkept = |refusal| unkept(connection, refusal);
    loop {
        let Some(request) = connection.peer.refresh(&account.address, &account.credentials)? else {
            return Err(no_refresh(connection));
        };
        let detail = Value::of([("again", Value::Bool(lost))]);
        connection.journal(engine, "refresh_intended", detail, None).await.map_err(unkept)?;
        let response = engine.transport.send(request).await;
        if let Response::Lost { reason } = &response {
            let detail = Value::text(reason);
            connection.journal(engine, "refresh_lost", detail, None).await.map_err(unkept)?;
            if !lost {
                lost = true;
                continue;
            }
        }
        let now = engine.seam.now_ms();
        return match connection.peer.refreshed(&account.credentials, &response, now) {
            Ok(credentials) => {
                let renewed = Account {
                    address: account.address.clone(),
                    credentials: Arc::new(credentials),
                };
                keep_renewed(engine, connection, &renewed).await.map_err(unkept)?;
                Ok(renewed)
            }
            Err(fault) if fault.class == Class::Auth => {
                let detail = Value::text(&fault.message);
                connection.journal(engine, "refused", detail, None).await.map_err(unkept)?;
                connection.with_breaker(|b| b.refused(now, &fault.message));
                Err(fault)
            }
            Err(fault) => Err(fault),
        };
    }
}

/// The old token is good no more: the new one is kept, however long there is no room on the disk.
async fn keep_renewed(
    engine: &Engine,
    connection: &Connection,
    renewed: &Account,
) -> Result<(), Refusal> {
    loop {
        let account = Some(renewed.clone());
        match connection.journal(engine, "refreshed", Value::Missing, account).await {
            Err(refusal) if refusal.kind == Kind::Unavailable && !engine.is_stopping() => {
                tracing::warn!(%refusal, "a renewed token waits to be kept");
                let at = engine.seam.now_ms() + engine.config.disk_wait_ms;
                engine.seam.sleep_until(at).await;
            }
            done => return done,
        }
    }
}

fn no_refresh(connection: &Connection) -> Fault {
    let message = format!("the credentials of connection {} were refused", connection.name);
    Fault::new(codes::CONNECTION_AUTH, Class::Auth, message)
        .hint(format!("give new ones with `tenon connection add {}`", connection.name))
}

fn unkept(connection: &Connection, refusal: Refusal) -> Fault {
    let (name, why) = (&connection.name, refusal.message);
    let message = format!("the journal of connection {name} could not be written: {why}");
    Fault::new(codes::ACCOUNT_JOURNAL, Class::Transient, message)
        .hint("see why the store refuses (disk space first); the call is tried again by itself")
}
