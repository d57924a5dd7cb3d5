//! Verbs on many tasks: chosen by a query or an issue, given in waves.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_machine::Input;
use tenon_store::{AuditRow, Commit, Row, Select, TaskRow};
use tenon_value::Value;

use super::By;
use super::issues::{connector, fault_of, fingerprint};
use crate::engine::{Engine, Runtime};
use crate::live::all;
use crate::refusal::Refusal;

/// Most tasks of one wave.
const WIDEST: usize = 256;
/// How long a wave is waited for before the next one goes, in milliseconds.
const WAVE_MS: i64 = 10_000;
/// Tasks whose dry run is shown one by one.
const SHOWN: usize = 20;

/// Which tasks; what is not given does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// In this state; without it, those that wait, ask or failed.
    pub state: Option<String>,
    /// Of this flow.
    pub flow: Option<String>,
    /// With a fault of this code.
    pub fault: Option<String>,
    /// Of this record: its id, or the name people use.
    pub record: Option<String>,
    /// In this lane.
    pub lane: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// Looked after by this person.
    pub assigned: Option<String>,
    /// Of this integration.
    pub integration: Option<String>,
    /// Of this issue.
    pub issue: Option<String>,
}

impl Selection {
    /// From a record with these names.
    ///
    /// # Errors
    /// When a name is none of these, or nothing is named at all.
    pub fn of(given: &Value) -> Result<Selection, Refusal> {
        let mut selection = Selection::default();
        let fields = given.as_record().cloned().unwrap_or_default();
        for (name, value) in &fields {
            let slot = match &**name {
                "state" => &mut selection.state,
                "flow" => &mut selection.flow,
                "fault" => &mut selection.fault,
                "record" => &mut selection.record,
                "lane" => &mut selection.lane,
                "tag" => &mut selection.tag,
                "assigned" => &mut selection.assigned,
                "integration" => &mut selection.integration,
                "issue" => &mut selection.issue,
                other => {
                    return Err(Refusal::invalid(format!("tasks are not chosen by `{other}`"))
                        .hint(
                            "state, flow, fault, record, lane, tag, assigned, integration, issue",
                        ));
                }
            };
            *slot = value.plain();
        }
        if selection == Selection::default() {
            return Err(
                Refusal::invalid("no task is chosen").hint("say which, such as state=failed")
            );
        }
        Ok(selection)
    }

    /// Whether a task is one of these; its issue is not looked at.
    fn takes(&self, row: &TaskRow) -> bool {
        let is = |wanted: &Option<String>, there: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| there == Some(wanted))
        };
        let code = fault_of(row).map(|fault| fault.code);
        let record = self.record.as_deref();
        is(&self.state, Some(&row.state))
            && is(&self.flow, Some(&row.flow))
            && is(&self.fault, code.as_deref())
            && is(&self.lane, row.lane.as_deref())
            && is(&self.assigned, row.assigned.as_deref())
            && is(&self.integration, Some(&row.integration))
            && record
                .is_none_or(|r| row.record.as_deref() == Some(r) || row.title.as_deref() == Some(r))
            && self.tag.as_ref().is_none_or(|tag| row.tags.iter().flatten().any(|t| t == tag))
    }
}

/// A verb for many tasks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Many {
    /// The verb.
    pub verb: String,
    /// What it takes; with `dry_run`, nothing happens.
    pub with: Value,
}

impl Runtime {
    /// Gives the tasks of a selection a verb, oldest first, in waves of 1, 2, 4 …; the next wave goes
    /// when the one before has come to rest. A `retry` whose whole wave fails again as before stops.
    /// Answers once the first wave was given; the rest goes on by itself.
    ///
    /// # Errors
    /// When the first task refuses the verb, or the store cannot be read.
    pub async fn verb_on(
        &self,
        selection: &Selection,
        many: Many,
        by: &By,
    ) -> Result<Value, Refusal> {
        let rows = self.selected(selection).await?;
        self.verb_on_rows(rows, many, by).await
    }

    pub(crate) async fn verb_on_rows(
        &self,
        rows: Vec<TaskRow>,
        many: Many,
        by: &By,
    ) -> Result<Value, Refusal> {
        if many.with.field("dry_run").as_bool().unwrap_or(false) {
            return self.foresee_many(&rows, &many, by).await;
        }
        let count = rows.len();
        let Some(first) = rows.first() else {
            return Ok(Value::of([
                ("selected", Value::from(0_i64)),
                ("given", Value::from(0_i64)),
            ]));
        };
        let engine = self.engine();
        let text = format!("{} for {count} tasks", many.verb);
        let line = self.audit_line(by, "verb_for_many", &text);
        engine.store.commit(Commit::new().put(line)).await?;
        self.verb(&first.id, &many.verb, &many.with, by).await?;
        let mut given = 1_usize;
        let mut refused = Vec::new();
        if engine.config.idle || many.verb == "rerun" {
            for row in rows.iter().skip(1) {
                match self.verb(&row.id, &many.verb, &many.with, by).await {
                    Ok(_) => given = given.saturating_add(1),
                    Err(refusal) => {
                        refused.push(refusal.to_value().with("task", Value::text(&row.id)))
                    }
                }
            }
        } else if count > 1 {
            let mut inputs = Vec::with_capacity(count);
            for row in rows {
                let verb = self.verb_named(&row, &many.verb, &many.with).await?;
                let why = by.why.clone().unwrap_or_default();
                inputs.push((row, Input::Verb { verb, by: by.who.clone(), why }));
            }
            let waves = Waves { engine: engine.clone(), verb: many.verb, by: by.clone() };
            crate::recover::until_stop(engine, |_| waves.run(inputs));
        }
        let number = |n: usize| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
        let rest = count.saturating_sub(given).saturating_sub(refused.len());
        Ok(Value::of([
            ("selected", number(count)),
            ("given", number(given)),
            ("in_waves", number(rest)),
            ("refused", Value::list(refused)),
        ]))
    }

    /// The tasks of a selection, oldest first.
    pub(crate) async fn selected(&self, selection: &Selection) -> Result<Vec<TaskRow>, Refusal> {
        let mut rows = match &selection.issue {
            Some(number) => self.tasks_of_issue(number).await?,
            None => {
                let states: Vec<String> = match &selection.state {
                    Some(state) => vec![state.clone()],
                    None => {
                        ["queued", "waiting", "needs_person", "failed"].map(str::to_owned).into()
                    }
                };
                let mut rows = Vec::new();
                for state in states {
                    let found = all(&*self.engine().store, Select::TasksInState(state)).await?;
                    rows.extend(found.into_iter().filter_map(|row| TaskRow::try_from(row).ok()));
                }
                rows
            }
        };
        rows.retain(|row| selection.takes(row));
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(rows)
    }

    async fn foresee_many(&self, rows: &[TaskRow], many: &Many, by: &By) -> Result<Value, Refusal> {
        let (mut shown, mut refused, mut writes) = (Vec::new(), Vec::new(), 0_usize);
        for row in rows {
            match self.verb(&row.id, &many.verb, &many.with, by).await {
                Ok(would) => {
                    writes = writes.saturating_add(would.field("happened").items().len());
                    shown.push(would);
                }
                Err(refusal) => refused.push(refusal.to_value().with("task", Value::text(&row.id))),
            }
        }
        let number = |n: usize| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
        let would = number(shown.len());
        shown.truncate(SHOWN);
        Ok(Value::of([
            ("selected", number(rows.len())),
            ("would", would),
            ("happened", number(writes)),
            ("tasks", Value::list(shown)),
            ("refused", Value::list(refused)),
        ]))
    }
}

/// A verb on its way to many tasks; the first was given already.
struct Waves {
    engine: Arc<Engine>,
    verb: String,
    by: By,
}

impl Waves {
    async fn run(self, inputs: Vec<(TaskRow, Input)>) {
        let (mut given, mut refused, mut width) = (1_usize, 0_usize, 1_usize);
        let mut left = inputs.into_iter();
        let mut wave: Vec<TaskRow> = left.next().map(|(row, _)| row).into_iter().collect();
        loop {
            self.rest(&wave).await;
            if self.verb == "retry" && self.is_as_before(&wave).await {
                let text = format!("retry stopped after {given}: the fault is still there");
                return self.tell("verb_for_many_stopped", text).await;
            }
            width = width.saturating_mul(2).min(WIDEST);
            let next: Vec<(TaskRow, Input)> = left.by_ref().take(width).collect();
            if next.is_empty() {
                let text = format!("{}: {given} given, {refused} refused", self.verb);
                return self.tell("verb_for_many_ended", text).await;
            }
            wave = Vec::with_capacity(next.len());
            for (row, input) in next {
                let taken = self.engine.dispatcher.ask(&Arc::from(row.id.as_str()), input);
                match taken.await {
                    Ok(Ok(())) => {
                        given = given.saturating_add(1);
                        wave.push(row);
                    }
                    _ => refused = refused.saturating_add(1),
                }
            }
        }
    }

    /// Waits until no task of the wave moves, or the wave has had its time.
    async fn rest(&self, wave: &[TaskRow]) {
        let engine = &self.engine;
        let until = engine.seam.now_ms().saturating_add(WAVE_MS);
        loop {
            let rung = engine.settled.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            let mut moving = false;
            for row in wave {
                let row = self.now(row).await;
                moving |= row.is_some_and(|row| matches!(&*row.state, "queued" | "running"));
            }
            if !moving || engine.seam.now_ms() >= until {
                return;
            }
            tokio::select! {
                biased;
                () = rung => {}
                () = engine.seam.sleep_until(until) => {}
            }
        }
    }

    /// Whether every task of the wave failed again with the fault it had.
    async fn is_as_before(&self, wave: &[TaskRow]) -> bool {
        let mut graphs = BTreeMap::new();
        for before in wave {
            let Some(now) = self.now(before).await else { return false };
            let (Some(old), Some(new)) = (fault_of(before), fault_of(&now)) else { return false };
            let connector = connector(&self.engine, &mut graphs, before).await;
            let old = fingerprint(before, &old, connector.clone());
            if now.state != "failed" || old != fingerprint(&now, &new, connector) {
                return false;
            }
        }
        !wave.is_empty()
    }

    async fn now(&self, row: &TaskRow) -> Option<TaskRow> {
        match self.engine.store.get(&row.key()).await {
            Ok(Some(Row::Task(row))) => Some(row),
            _ => None,
        }
    }

    async fn tell(&self, what: &str, text: String) {
        let line = AuditRow {
            at_ms: self.engine.seam.now_ms(),
            id: self.engine.seam.id("line"),
            by: self.by.who.clone(),
            what: what.to_owned(),
            text,
            ..AuditRow::default()
        };
        if let Err(error) = self.engine.store.commit(Commit::new().put(line)).await {
            tracing::warn!(%error, "the end of a verb for many tasks cannot be told");
        }
    }
}
