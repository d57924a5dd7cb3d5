//! Flows that are paused, records that are ignored, and records linked by hand.

use std::sync::Arc;

use tenon_machine::{Input, Said, Verb};
use tenon_store::{AuditRow, Row, Select, TaskRow};
use tenon_value::Value;

use super::knowledge::Link;
use super::{By, tasks};
use crate::codes;
use crate::engine::{Integration, Runtime};
use crate::live::all;
use crate::refusal::{Kind, Refusal};
use crate::said::{Of, Word};

impl Runtime {
    pub(crate) fn word(&self, by: &By) -> Word {
        Word {
            by: by.who.clone(),
            why: by.why.clone().unwrap_or_default(),
            at_ms: self.engine().seam.now_ms(),
        }
    }

    /// Every flow with its newest graph, whether it is paused, and its time history.
    ///
    /// # Errors
    /// When there is no such integration.
    pub fn flows(&self, integration: &str) -> Result<Value, Refusal> {
        let engine = self.engine();
        let integration = engine.integration(integration)?;
        let name = &integration.deployment.integration;
        let list = integration.newest.iter().map(|(flow, hash)| {
            let paused = engine.words.of(Of::PausedFlow, name, flow);
            Value::of([
                ("flow", Value::text(flow)),
                ("integration", Value::text(name)),
                ("graph", Value::from(hash.short())),
                ("paused", paused.map_or(Value::Missing, |word| word.to_value())),
            ])
        });
        Ok(Value::list(list.collect()))
    }

    /// A paused flow begins no task; those under way go on to their end. What comes in is kept in
    /// line, polls and schedules of the flow stand still.
    ///
    /// # Errors
    /// When there is no such flow, or the store cannot take it.
    pub async fn pause_flow(
        &self,
        integration: Option<&str>,
        flow: &str,
        by: &By,
    ) -> Result<Value, Refusal> {
        let engine = self.engine();
        let (found, _) = engine.of_flow(integration, flow)?;
        let name = found.deployment.integration.clone();
        let line = self.audit_line(by, "flow_paused", &format!("flow {flow} paused"));
        let place = (Of::PausedFlow, name.as_str(), flow);
        engine.words.say(&*engine.store, place, Some(self.word(by)), line).await?;
        self.flows(&name)
    }

    /// Lets a flow begin tasks again, those in line first.
    ///
    /// # Errors
    /// When there is no such flow, or the store cannot take it.
    pub async fn resume_flow(
        &self,
        integration: Option<&str>,
        flow: &str,
        by: &By,
    ) -> Result<Value, Refusal> {
        let engine = self.engine();
        let (found, _) = engine.of_flow(integration, flow)?;
        let name = found.deployment.integration.clone();
        let line = self.audit_line(by, "flow_resumed", &format!("flow {flow} resumed"));
        engine.words.say(&*engine.store, (Of::PausedFlow, &name, flow), None, line).await?;
        for row in all(&*engine.store, Select::TasksInState("queued".to_owned())).await? {
            let Row::Task(row) = row else { continue };
            if row.flow == flow && row.integration == name {
                let lane = Arc::from(row.lane.as_deref().unwrap_or_default());
                let line = (crate::turn::urgency(&row.trigger), Arc::from(row.flow.as_str()));
                crate::turn::enter_in(engine, line, &lane, &Arc::from(row.id));
            }
        }
        self.flows(&name)
    }

    /// Refuses to start something for a record that is ignored.
    pub(crate) fn refuse_ignored(
        &self,
        integration: &Integration,
        record: &str,
    ) -> Result<(), Refusal> {
        let name = &integration.deployment.integration;
        match self.engine().words.of(Of::IgnoredRecord, name, record) {
            Some(word) => {
                let message = format!("{record} is ignored, says {}: {}", word.by, word.why);
                Err(Refusal::new(Kind::Conflict, codes::RECORD_IGNORED, message)
                    .hint(format!("take it back with `tenon record heed {record}`")))
            }
            None => Ok(()),
        }
    }

    /// Starts nothing for a record again, and ends what waits or failed for it.
    ///
    /// # Errors
    /// When no reason is given, there is no such integration, or the store cannot take it.
    pub async fn ignore_record(
        &self,
        integration: &str,
        record: &str,
        by: &By,
    ) -> Result<Value, Refusal> {
        let engine = self.engine();
        let name = engine.integration(integration)?.deployment.integration.clone();
        if by.why.as_deref().unwrap_or_default().trim().is_empty() {
            return Err(Refusal::invalid("to ignore a record needs a reason").hint("give --why"));
        }
        let line = AuditRow {
            source: Some(record.to_owned()),
            ..self.audit_line(by, "record_ignored", &format!("record {record} is ignored"))
        };
        let place = (Of::IgnoredRecord, name.as_str(), record);
        engine.words.say(&*engine.store, place, Some(self.word(by)), line).await?;
        let mut ended = Vec::new();
        for row in self.unsettled_of(&name, record).await? {
            let why = "the record is ignored".to_owned();
            let input = Input::Verb { verb: Verb::Cancel, by: by.who.clone(), why };
            if self.give(&row.id, input).await.is_ok() {
                ended.push(Value::text(&row.id));
            }
        }
        Ok(Value::of([("record", Value::text(record)), ("cancelled", Value::list(ended))]))
    }

    /// Takes it back that a record is ignored.
    ///
    /// # Errors
    /// When it was not ignored, or the store cannot take it.
    pub async fn heed_record(
        &self,
        integration: &str,
        record: &str,
        by: &By,
    ) -> Result<Value, Refusal> {
        let engine = self.engine();
        let name = engine.integration(integration)?.deployment.integration.clone();
        if engine.words.of(Of::IgnoredRecord, &name, record).is_none() {
            return Err(Refusal::not_found("ignored record", record));
        }
        let line = AuditRow {
            source: Some(record.to_owned()),
            ..self.audit_line(by, "record_heeded", &format!("record {record} counts again"))
        };
        let place = (Of::IgnoredRecord, name.as_str(), record);
        engine.words.say(&*engine.store, place, None, line).await?;
        Ok(Value::of([("record", Value::text(record)), ("ignored", Value::Bool(false))]))
    }

    /// Every ignored record, with who said so and why.
    #[must_use]
    pub fn ignored(&self) -> Value {
        let all = self.engine().words.all(Of::IgnoredRecord);
        let list = all.into_iter().map(|(integration, record, word)| {
            word.to_value()
                .with("record", Value::from(record))
                .with("integration", Value::from(integration))
        });
        Value::list(list.collect())
    }

    /// Stores a reference by hand and closes what failed for want of it: a task that asked which
    /// record it is goes on with this one, a failed one is taken as done.
    ///
    /// # Errors
    /// When another reference is there already, or the store cannot take it.
    pub async fn link_record(
        &self,
        integration: &str,
        link: Link<'_>,
        by: &By,
    ) -> Result<Value, Refusal> {
        let name = self.engine().integration(integration)?.deployment.integration.clone();
        let reference = self.add_reference(&name, link, by).await?;
        let why = format!("linked to {} by hand", link.target);
        let mut closed = Vec::new();
        for row in self.unsettled_of(&name, link.source).await? {
            let asks = row.reason.as_deref().is_some_and(|r| r.contains("\"same_record\""));
            let verb = match row.state.as_str() {
                "needs_person" if asks => Verb::Say(Said::Link { id: link.target.to_owned() }),
                "failed" => Verb::Done,
                _ => continue,
            };
            let input = Input::Verb { verb, by: by.who.clone(), why: why.clone() };
            self.give(&row.id, input).await?;
            closed.push(tasks::summary(&self.task_row(&row.id).await?));
        }
        Ok(Value::of([("reference", reference), ("closed", Value::list(closed))]))
    }

    /// Tasks of a record that wait, ask or failed.
    async fn unsettled_of(&self, integration: &str, record: &str) -> Result<Vec<TaskRow>, Refusal> {
        let select = Select::TasksOfRecord { record: record.to_owned(), flow: None };
        let rows = all(&*self.engine().store, select).await?;
        let unsettled = ["queued", "waiting", "needs_person", "failed"];
        let rows = rows.into_iter().filter_map(|row| TaskRow::try_from(row).ok());
        Ok(rows
            .filter(|row| row.integration == integration)
            .filter(|row| unsettled.contains(&row.state.as_str()))
            .collect())
    }
}
