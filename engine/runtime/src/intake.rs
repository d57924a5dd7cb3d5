//! Webhook intake: proof, duplicate mark, delivery and queued tasks, all durable before the answer.

use std::sync::Arc;

use tenon_machine::Trigger;
use tenon_store::{Acceptance, Commit, DeliveryRow, Key, MarkRow, Precondition, StoreError};

use crate::begin::{Newborn, Wanted, born, wanted};
use crate::codes;
use crate::engine::Runtime;
use crate::peer::{Incoming, Proven, Rejected};
use crate::refusal::{Kind, Refusal};
use crate::said::Of;

/// What became of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is durable, and so are the tasks it started or was absorbed by.
    Tasks {
        /// The delivery.
        delivery: String,
        /// Its tasks; none when no flow takes the topic.
        tasks: Vec<String>,
    },
    /// It had come before.
    Duplicate,
    /// It is refused, and kept with the reason.
    Rejected(Rejected),
}

/// Headers that hold a proof or a credential are not kept.
fn worth_keeping(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let secret = ["hmac", "signature", "authorization", "cookie", "token", "secret"];
    !secret.iter().any(|s| name.contains(s))
}

impl Runtime {
    /// Takes a webhook in. When this resolves with anything but an error, what it says is durable.
    ///
    /// # Errors
    /// When there is no such connection, or the store cannot take it.
    pub async fn accept(&self, incoming: Incoming) -> Result<Accepted, Refusal> {
        let metrics = self.engine().metrics.clone();
        // Anybody may write any name into an address: only those that are known are told.
        let known = self.engine().connection(&incoming.connection).is_ok();
        let connection = if known { incoming.connection.clone() } else { String::new() };
        let taken = self.taken_in(incoming).await;
        metrics.delivery(
            &connection,
            match &taken {
                Ok(Accepted::Tasks { .. }) => "accepted",
                Ok(Accepted::Duplicate) => "duplicate",
                Ok(Accepted::Rejected(_)) => "rejected",
                Err(refusal) if refusal.kind == Kind::Unavailable => "unavailable",
                Err(_) => "failed",
            },
        );
        taken
    }

    async fn taken_in(&self, incoming: Incoming) -> Result<Accepted, Refusal> {
        let engine = self.engine();
        if engine.is_stopping() {
            return Err(stopping());
        }
        let connection = engine.connection(&incoming.connection)?.clone();
        if let Some(why) = connection.closed() {
            // Whether it is genuine can't be told now: the sender is to send it again.
            return Err(Refusal::new(Kind::Unavailable, codes::SECRETS_CLOSED, why)
                .hint("start with the right master key, or add the connection again"));
        }
        let account = connection.account();
        let proven = match connection.peer.verify(&incoming, &account.credentials) {
            Ok(proven) if !proven.topic.is_empty() && proven.topic != incoming.topic => {
                Err(Rejected::Shape(format!(
                    "the address says topic {}, the sender says {}",
                    incoming.topic, proven.topic
                )))
            }
            other => other,
        };
        match proven {
            Ok(proven) => self.take(incoming, proven).await,
            Err(rejected) => {
                let mut row = self.delivery(&incoming, Acceptance::Rejected);
                row.reason = Some(rejected.reason().to_owned());
                engine.store.commit(Commit::new().put(row)).await?;
                Ok(Accepted::Rejected(rejected))
            }
        }
    }

    fn delivery(&self, incoming: &Incoming, acceptance: Acceptance) -> DeliveryRow {
        let kept = incoming.headers.iter().filter(|(name, _)| worth_keeping(name)).cloned();
        DeliveryRow {
            at_ms: self.engine().seam.now_ms(),
            id: self.engine().seam.id("delivery"),
            connection: incoming.connection.clone(),
            topic: incoming.topic.clone(),
            acceptance,
            body: incoming.body.clone(),
            headers: kept.collect(),
            ..DeliveryRow::default()
        }
    }

    async fn take(&self, incoming: Incoming, proven: Proven) -> Result<Accepted, Refusal> {
        let engine = self.engine();
        let mut row = self.delivery(&incoming, Acceptance::Accepted);
        row.external_id.clone_from(&proven.delivery_id);
        row.record = Some(proven.record.clone());
        let mark = proven.delivery_id.as_ref().map(|value| MarkRow {
            scope: format!("delivery/{}", incoming.connection),
            value: value.clone(),
            at_ms: row.at_ms,
            by: row.id.clone(),
        });
        let mut commit = Commit::new();
        if let Some(mark) = &mark {
            commit = commit.absent(mark.key()).put(mark.clone());
        }
        let (newborns, tasks, births) = self.triggered(&incoming, &proven, &row.id).await?;
        commit = commit.and(births);
        row.task = tasks.first().cloned();
        if tasks.is_empty() {
            row.reason = Some("no flow takes this topic, or the record is ignored".to_owned());
        }
        let delivery = row.id.clone();
        match engine.store.commit(commit.put(row)).await {
            Ok(_) => {
                for newborn in &newborns {
                    born(engine, newborn);
                }
                Ok(Accepted::Tasks { delivery, tasks })
            }
            Err(StoreError::Refused { key, .. }) if matches!(*key, Key::Mark { .. }) => {
                let mut row = self.delivery(&incoming, Acceptance::Duplicate);
                row.external_id = proven.delivery_id;
                row.record = Some(proven.record);
                row.body = Vec::new();
                row.reason = Some("this delivery had come before".to_owned());
                engine.store.commit(Commit::new().put(row)).await?;
                Ok(Accepted::Duplicate)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A task for each flow that takes the topic, unless one waits for the record already.
    async fn triggered(
        &self,
        incoming: &Incoming,
        proven: &Proven,
        delivery: &str,
    ) -> Result<(Vec<Newborn>, Vec<String>, Commit), Refusal> {
        let engine = self.engine();
        let mut newborns = Vec::new();
        let mut tasks = Vec::new();
        let mut commit = Commit::new();
        let record: Arc<str> = Arc::from(proven.record.as_str());
        for integration in engine.integrations() {
            for (flow, graph) in &integration.newest {
                let loaded = engine.graph(*graph).await?;
                let takes = loaded.graph.from.connection == incoming.connection
                    && loaded.graph.triggers.webhook.contains(&incoming.topic);
                if !takes {
                    continue;
                }
                let name = &integration.deployment.integration;
                if engine.words.of(Of::IgnoredRecord, name, &record).is_some() {
                    continue;
                }
                if let Some(waiting) = engine.waiting.of(&Arc::from(flow.as_str()), &record) {
                    // It has not read its record yet: what it reads will be as new as this.
                    tasks.push(waiting.to_string());
                    continue;
                }
                let trigger = Trigger::Webhook {
                    topic: incoming.topic.clone(),
                    delivery: delivery.to_owned(),
                };
                let task = Wanted {
                    integration: &integration,
                    graph: *graph,
                    flow,
                    record: &record,
                    trigger,
                };
                let (newborn, birth) = wanted(engine, task).await?;
                tasks.push(newborn.id.to_string());
                newborns.push(newborn);
                commit = commit.and(birth);
            }
        }
        Ok((newborns, tasks, commit))
    }

    /// Starts a flow for one record by hand. The same `key` again gives the task of the first time.
    ///
    /// # Errors
    /// When there is no such flow, the id is blank, or the store cannot take it.
    pub async fn start_flow(
        &self,
        start: StartFlow<'_>,
        by: &crate::operate::By,
    ) -> Result<String, Refusal> {
        let engine = self.engine();
        let (integration, graph) = engine.of_flow(start.integration, start.flow)?;
        if start.record.trim().is_empty() {
            return Err(Refusal::invalid("a record's id is needed"));
        }
        self.refuse_ignored(&integration, start.record)?;
        let trigger = Trigger::Manual { by: by.who.clone() };
        let task = Wanted {
            integration: &integration,
            graph,
            flow: start.flow,
            record: start.record,
            trigger,
        };
        let (newborn, mut commit) = wanted(engine, task).await?;
        if let Some(key) = start.key {
            let mark = MarkRow {
                scope: "start".to_owned(),
                value: key.to_owned(),
                at_ms: engine.seam.now_ms(),
                by: newborn.id.to_string(),
            };
            let place = mark.key();
            commit.pre.push(Precondition::Absent(place.clone()));
            match engine.store.commit(commit.put(mark)).await {
                Ok(_) => {}
                Err(StoreError::Refused { .. }) => {
                    return match engine.store.get(&place).await? {
                        Some(tenon_store::Row::Mark(mark)) => Ok(mark.by),
                        _ => Err(Refusal::not_found("start", key)),
                    };
                }
                Err(error) => return Err(error.into()),
            }
        } else {
            engine.store.commit(commit).await?;
        }
        born(engine, &newborn);
        Ok(newborn.id.to_string())
    }
}

/// A flow started by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartFlow<'a> {
    /// The integration, where several have a flow of that name.
    pub integration: Option<&'a str>,
    /// The flow.
    pub flow: &'a str,
    /// The source record's id.
    pub record: &'a str,
    /// An idempotency key.
    pub key: Option<&'a str>,
}

pub(crate) fn stopping() -> Refusal {
    Refusal::new(
        crate::refusal::Kind::Unavailable,
        codes::ENGINE_STOPPING,
        "the engine is going down",
    )
    .hint("send it again in a moment")
}
