//! Connections: list, add or authorise again, check, pause and resume; and the engine's own state.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tenon_kit::Outcome;
use tenon_store::Commit;
use tenon_value::Value;

use super::By;
use crate::breaker::Standing;
use crate::connection::{Account, Connection, take_in};
use crate::engine::Runtime;
use crate::peer::Address;
use crate::perform::{Errand, perform};
use crate::refusal::Refusal;

impl Runtime {
    /// Every connection with how it stands. Credentials are never shown.
    #[must_use]
    pub fn connections(&self) -> Value {
        Value::list(self.engine().connections.values().map(described).collect())
    }

    /// Stores a connection's address and credentials, sealed, and lets waiting tasks go on. `given`
    /// holds `environment` with its `parameters`, or `base` and `token` as they are, and
    /// `credentials`. A `base`, or an environment whose host is a parameter, may lie in a private
    /// network. What is not given anew stays as it is.
    ///
    /// # Errors
    /// When no integration has such a connection, its address cannot be told, or the store cannot
    /// take it.
    pub async fn add_connection(
        &self,
        name: &str,
        given: &Value,
        by: &By,
    ) -> Result<Value, Refusal> {
        let engine = self.engine();
        let connection = engine.connection(name)?;
        let _no_refresh_meanwhile = connection.refreshing.lock().await;
        let old = connection.account();
        let mut all = (*old.credentials).clone();
        take_in(&mut all, given.field("credentials"));
        let address = address(connection, &old.address, given)?;
        let account = Account { address, credentials: Arc::new(all) };
        let detail = Value::of([("by", Value::text(&by.who))]);
        connection.journal(engine, "authorised", detail, Some(account)).await?;
        let words = format!("connection {name} authorised");
        let line = self.audit_line(by, "connection_authorised", &words);
        engine.store.commit(Commit::new().put(line)).await?;
        connection.with_breaker(crate::breaker::Breaker::reset);
        connection.changed.notify_one();
        Ok(described(connection))
    }

    /// Asks a connection the questions of its manifest.
    ///
    /// # Errors
    /// When there is no such connection, or it refuses or does not answer.
    pub async fn check_connection(&self, name: &str) -> Result<Value, Refusal> {
        let engine = self.engine();
        let connection = engine.connection(name)?;
        let flow: Arc<str> = Arc::from("check");
        let mut shown = Vec::new();
        for (number, operation) in connection.peer.checks().into_iter().enumerate() {
            let request = connection.peer.plan(&operation)?;
            let errand = Errand {
                urgency: crate::Urgency::Live,
                flow: &flow,
                operation: &operation,
                request: &request,
                task: None,
            };
            match perform(engine, connection, errand).await.outcome {
                Outcome::Fault(fault) | Outcome::Unknown(fault) => return Err(fault.into()),
                Outcome::Record(record) => {
                    if let Some(says) = connection.peer.check_shows(number, &record) {
                        shown.push(Value::from(says));
                    }
                }
                Outcome::Page { .. } | Outcome::More(_) => {}
            }
        }
        Ok(described(connection).with("shows", Value::list(shown)))
    }

    /// Pauses a connection: its tasks park.
    ///
    /// # Errors
    /// When there is no such connection, or the store cannot take it.
    pub async fn pause_connection(&self, name: &str, by: &By) -> Result<Value, Refusal> {
        let connection = self.engine().connection(name)?;
        let line = self.audit_line(by, "connection_paused", &format!("connection {name} paused"));
        self.engine().store.commit(Commit::new().put(line)).await?;
        connection.journal(self.engine(), "paused", Value::text(&by.who), None).await?;
        connection.with_breaker(|b| b.pause(&by.who));
        connection.changed.notify_one();
        Ok(described(connection))
    }

    /// Forgets a connection's address and credentials. Its tasks wait until it is added again.
    ///
    /// # Errors
    /// When there is no such connection, or the store cannot take it.
    pub async fn remove_connection(&self, name: &str, by: &By) -> Result<Value, Refusal> {
        let engine = self.engine();
        let connection = engine.connection(name)?;
        let _no_refresh_meanwhile = connection.refreshing.lock().await;
        let line = self.audit_line(by, "connection_removed", &format!("connection {name} removed"));
        engine.store.commit(Commit::new().put(line)).await?;
        let why = format!("{} removed its credentials", by.who);
        let nothing = Some(Account::default());
        connection.journal(engine, "removed", Value::text(&why), nothing).await?;
        connection.with_breaker(|b| b.refused(engine.seam.steady_ms(), &why));
        connection.changed.notify_one();
        Ok(described(connection))
    }

    /// Lets a connection work again, whatever its breaker thinks.
    ///
    /// # Errors
    /// When there is no such connection, or the store cannot take it.
    pub async fn resume_connection(&self, name: &str, by: &By) -> Result<Value, Refusal> {
        let connection = self.engine().connection(name)?;
        let line = self.audit_line(by, "connection_resumed", &format!("connection {name} resumed"));
        self.engine().store.commit(Commit::new().put(line)).await?;
        connection.journal(self.engine(), "resumed", Value::text(&by.who), None).await?;
        connection.with_breaker(crate::breaker::Breaker::reset);
        connection.changed.notify_one();
        Ok(described(connection))
    }

    /// The engine at a glance: tasks by state, timers, connections, integrations and their flows.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn status(&self) -> Result<Value, Refusal> {
        let engine = self.engine();
        let mut states: BTreeMap<String, i64> = BTreeMap::new();
        for row in crate::live::all(&*engine.store, tenon_store::Select::OpenTasks).await? {
            if let tenon_store::Row::Task(row) = row {
                *states.entry(row.state).or_default() += 1;
            }
        }
        let open =
            states.into_iter().map(|(state, n)| (Arc::from(state), Value::from(n))).collect();
        let integrations = engine.integrations().into_iter().map(|i| {
            let flows = i.newest.iter().map(|(flow, hash)| {
                let hash = Value::from(hash.short());
                Value::of([("flow", Value::text(flow)), ("graph", hash)])
            });
            Value::of([
                ("name", Value::text(&i.deployment.integration)),
                ("title", Value::text(&i.deployment.title)),
                ("flows", Value::list(flows.collect())),
            ])
        });
        let count = |n: usize| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
        let counters = engine.store.counters();
        let counted = |n: u64| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
        Ok(Value::of([
            ("started_ms", Value::from(engine.started_ms)),
            ("open", Value::record(open)),
            (
                "recovered",
                Value::of([
                    ("tasks", count(engine.found_tasks.load(Ordering::Relaxed))),
                    ("writes", count(engine.found_writes.load(Ordering::Relaxed))),
                ]),
            ),
            ("in_memory", count(engine.dispatcher.in_memory())),
            ("timers", count(engine.timers.len())),
            ("commits", counted(counters.commits)),
            ("syncs", counted(counters.syncs)),
            ("unapplied", counted(counters.unapplied)),
            ("connections", self.connections()),
            ("integrations", Value::list(integrations.collect())),
        ]))
    }
}

/// The address an account is given: by environment, as it is, or as it was.
fn address(connection: &Connection, old: &Address, given: &Value) -> Result<Address, Refusal> {
    let text = |name: &str| given.field(name).as_text().map(str::to_owned);
    let mut address = old.clone();
    if let Some(environment) = text("environment") {
        let parameters = given
            .field("parameters")
            .as_record()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.to_string(), value.plain()?)))
            .collect();
        let known = connection.peer.address(&environment, &parameters).map_err(|what| {
            let name = &connection.name;
            let message = format!("connection {name}: `{what}` is missing, or can't be used");
            Refusal::invalid(message).hint(
                "name an environment of the connector, and give every parameter of its address; a \
                 part of a host is made of letters, digits, `-`, `.` and `_`",
            )
        });
        match known {
            Ok(known) => address = known,
            // A base given as it is needs no parameters.
            Err(_) if text("base").is_some() => {}
            Err(refusal) => return Err(refusal),
        }
    }
    if let Some(base) = text("base") {
        address.base = base;
        address.private = true;
    }
    if let Some(token) = text("token") {
        address.token = Some(token);
    }
    if address.base.is_empty() {
        return Err(Refusal::invalid(format!("connection {} needs an address", connection.name))
            .hint("give an environment, or a base address"));
    }
    Ok(address)
}

fn described(connection: &Arc<Connection>) -> Value {
    let account = connection.account();
    let (standing, detail) = match connection.standing() {
        Standing::Up => ("up", Value::Missing),
        Standing::Down { since_ms, canary_at_ms } => (
            "down",
            Value::of([
                ("since_ms", Value::from(since_ms)),
                ("canary_at_ms", Value::from(canary_at_ms)),
            ]),
        ),
        Standing::Auth { since_ms, why } => {
            ("auth", Value::of([("since_ms", Value::from(since_ms)), ("why", Value::from(why))]))
        }
        Standing::Paused { by } => ("paused", Value::of([("by", Value::from(by))])),
    };
    let names = account.credentials.names().map(Value::text);
    let crowd = connection.gate.crowd();
    let count = |n: usize| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
    Value::of([
        ("name", Value::text(&connection.name)),
        ("connector", Value::text(connection.peer.name())),
        ("base", Value::text(&account.address.base)),
        ("private", Value::Bool(account.address.private)),
        ("credentials", Value::list(names.collect())),
        ("standing", Value::text(standing)),
        ("detail", detail),
        ("parked", count(connection.parked())),
        ("waiting_for_limit", count(crowd.waiting)),
        ("free_at_ms", crowd.free_at.map_or(Value::Missing, Value::from)),
    ])
}
