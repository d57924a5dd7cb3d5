//! Schedules: runs of a flow by the clock, or after another flow.
//!
//! A run reads what has changed since the flow's time history, or, where the flow is not polled, every
//! record, and starts a task for each. What is planned is durable: what downtime missed is noticed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tenon_graph::{At, Overlap, Schedule};
use tenon_machine::{Input, Trigger, Verb};
use tenon_store::{AuditRow, Commit, Key, MetaRow, Row, Scan, Select, TaskRow};
use tenon_value::{Value, json};

use crate::engine::{Engine, Integration};
use crate::live::all;
use crate::poll::{self, Source};
use crate::recover::until_stop;
use crate::refusal::Refusal;
use crate::said::Of;
use crate::schedule_times::{latest, next};

/// A run that begins so long after its time counts as missed, in milliseconds.
const LATE_MS: i64 = 60_000;
/// How long the end of another flow's tasks is waited for, so that a run follows many at once.
const GATHER_MS: i64 = 1_000;

/// One schedule of a flow.
#[derive(Clone)]
pub(crate) struct Scheduled {
    pub(crate) integration: Arc<Integration>,
    pub(crate) flow: String,
    pub(crate) schedule: Schedule,
}

/// What is kept of a schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The time it is planned for; none for one that follows a flow.
    pub(crate) planned_ms: Option<i64>,
    /// The same with its chance delay.
    pub(crate) due_ms: Option<i64>,
    /// When it last ran, or was last looked at.
    pub(crate) last_ms: i64,
    /// How that went.
    pub(crate) says: String,
}

/// What runs one at a time, by name: a poll or schedule goes on after other documents were deployed,
/// while what came of the ones before may not have ended.
#[derive(Default)]
pub(crate) struct Runs(Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Runs {
    /// Waits for the one before.
    pub(crate) async fn of(&self, name: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let run = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(name.to_owned()).or_default().clone()
        };
        run.lock_owned().await
    }
}

/// Every schedule of the newest graphs.
pub(crate) async fn every(engine: &Engine) -> Result<Vec<Scheduled>, Refusal> {
    let mut found = Vec::new();
    for integration in engine.integrations() {
        for (flow, hash) in &integration.newest {
            for schedule in &engine.graph(*hash).await?.graph.triggers.schedules {
                found.push(Scheduled {
                    integration: integration.clone(),
                    flow: flow.clone(),
                    schedule: schedule.clone(),
                });
            }
        }
    }
    Ok(found)
}

/// Runs every schedule as long as the engine.
pub(crate) fn run(engine: &Arc<Engine>) {
    let times = *engine.deployed.borrow();
    until_stop(engine, |engine| async move {
        match every(&engine).await {
            Ok(all) => {
                for one in all {
                    until_stop(&engine, |engine| async move { one.keep(&engine, times).await });
                }
            }
            Err(refusal) => tracing::error!(%refusal, "the schedules cannot be read"),
        }
    });
}

impl Scheduled {
    fn key(&self) -> String {
        format!("schedule\n{}\n{}", self.integration.deployment.integration, self.schedule.name)
    }

    /// What is planned, as the store knows it.
    pub(crate) async fn plan(&self, engine: &Engine) -> Result<Option<Plan>, Refusal> {
        let row = engine.store.get(&Key::Meta { name: self.key() }).await?;
        let Some(Row::Meta(row)) = row else { return Ok(None) };
        let value = json::read_bytes(&row.value).unwrap_or_default();
        let number =
            |name: &str| value.field(name).as_number().and_then(tenon_value::Number::to_i64);
        Ok(Some(Plan {
            planned_ms: number("planned_ms"),
            due_ms: number("due_ms"),
            last_ms: number("last_ms").unwrap_or_default(),
            says: value.field("says").as_text().unwrap_or_default().to_owned(),
        }))
    }

    async fn store(&self, engine: &Engine, plan: &Plan) -> Result<(), Refusal> {
        let number = |ms: Option<i64>| ms.map_or(Value::Missing, Value::from);
        let value = Value::of([
            ("planned_ms", number(plan.planned_ms)),
            ("due_ms", number(plan.due_ms)),
            ("last_ms", Value::from(plan.last_ms)),
            ("says", Value::text(&plan.says)),
        ]);
        let row = MetaRow { name: self.key(), value: json::write(&value).into_bytes() };
        engine.store.commit(Commit::new().put(row)).await?;
        Ok(())
    }

    /// The plan behind an instant.
    fn planned(&self, engine: &Engine, after_ms: i64, says: &str) -> Plan {
        let planned_ms = next(&self.schedule.at, after_ms);
        let jitter = u64::try_from(self.schedule.jitter_ms).unwrap_or(0).saturating_add(1);
        let mut bytes = [0; 8];
        engine.seam.random(&mut bytes);
        let delay = u64::from_le_bytes(bytes).checked_rem(jitter).unwrap_or(0);
        let delay = i64::try_from(delay).unwrap_or(0);
        Plan {
            planned_ms,
            due_ms: planned_ms.map(|at| at.saturating_add(delay)),
            last_ms: engine.seam.now_ms(),
            says: says.to_owned(),
        }
    }

    /// Runs it until other documents are deployed.
    async fn keep(&self, engine: &Arc<Engine>, times: u64) {
        loop {
            tokio::select! {
                biased;
                () = poll::deployed(engine, times) => return,
                () = self.come(engine) => {}
            }
            let run = engine.runs.of(&self.key()).await;
            if *engine.deployed.borrow() != times {
                return;
            }
            let turn = match self.schedule.at {
                At::After { .. } => self.follow(engine).await,
                At::Every(_) | At::Cron { .. } => self.turn(engine).await,
            };
            drop(run);
            if let Err(refusal) = turn {
                tracing::warn!(schedule = self.schedule.name, %refusal, "a schedule stands still");
                engine.seam.sleep_until(engine.seam.now_ms().saturating_add(LATE_MS)).await;
            }
        }
    }

    /// Waits until there is something to run.
    async fn come(&self, engine: &Arc<Engine>) {
        let came = match &self.schedule.at {
            At::After { flow, always } => self.has_followed(engine, (flow, *always)).await,
            At::Every(_) | At::Cron { .. } => self.is_due(engine).await,
        };
        if let Err(refusal) = came {
            tracing::warn!(schedule = self.schedule.name, %refusal, "a schedule stands still");
            engine.seam.sleep_until(engine.seam.now_ms().saturating_add(LATE_MS)).await;
        }
    }

    /// Waits for the next time.
    async fn is_due(&self, engine: &Arc<Engine>) -> Result<(), Refusal> {
        let plan = match self.plan(engine).await? {
            Some(plan) if plan.planned_ms.is_some() => plan,
            _ => {
                let plan = self.planned(engine, engine.seam.now_ms(), "");
                self.store(engine, &plan).await?;
                plan
            }
        };
        match plan.due_ms {
            Some(due) => engine.seam.sleep_until(due).await,
            None => std::future::pending().await,
        }
        Ok(())
    }

    /// Runs at its time.
    async fn turn(&self, engine: &Arc<Engine>) -> Result<(), Refusal> {
        let plan = self.plan(engine).await?.unwrap_or_default();
        let (Some(planned), Some(due)) = (plan.planned_ms, plan.due_ms) else { return Ok(()) };
        let now = engine.seam.now_ms();
        if now < due {
            return Ok(());
        }
        let last = latest(&self.schedule.at, planned, now);
        let missed = now.saturating_sub(due) > LATE_MS;
        let made_up_for = now.saturating_sub(last) <= self.schedule.catch_up_ms;
        let says = match (missed, made_up_for) {
            (true, false) => "missed: the engine did not run".to_owned(),
            _ => self.perform(engine, planned).await?,
        };
        self.store(engine, &self.planned(engine, last.max(planned), &says)).await
    }

    /// When it last followed another flow.
    async fn since(&self, engine: &Arc<Engine>) -> Result<i64, Refusal> {
        if let Some(plan) = self.plan(engine).await? {
            return Ok(plan.last_ms);
        }
        let plan = self.planned(engine, 0, "");
        self.store(engine, &plan).await?;
        Ok(plan.last_ms)
    }

    /// Waits for the end of another flow's tasks.
    async fn has_followed(&self, engine: &Arc<Engine>, after: (&str, bool)) -> Result<(), Refusal> {
        let since = self.since(engine).await?;
        loop {
            let rung = engine.settled.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            if self.ended(engine, after, since).await?.is_some() {
                return Ok(());
            }
            rung.await;
            engine.seam.sleep_until(engine.seam.now_ms().saturating_add(GATHER_MS)).await;
        }
    }

    /// Runs after another flow's tasks.
    async fn follow(&self, engine: &Arc<Engine>) -> Result<(), Refusal> {
        let At::After { flow, always } = &self.schedule.at else { return Ok(()) };
        let since = self.since(engine).await?;
        let Some(ended_ms) = self.ended(engine, (flow, *always), since).await? else {
            return Ok(());
        };
        let says = self.perform(engine, ended_ms).await?;
        let plan = Plan { last_ms: ended_ms, says, ..Plan::default() };
        self.store(engine, &plan).await
    }

    /// When a task of the flow last ended since then, unless others of it still move.
    async fn ended(
        &self,
        engine: &Engine,
        (flow, always): (&str, bool),
        since_ms: i64,
    ) -> Result<Option<i64>, Refusal> {
        let mut newest = None;
        let mut after = None;
        loop {
            let scan = Scan::new(Select::TasksByTime).reversed().after(after);
            let page = engine.store.scan(scan).await?;
            for row in page.rows {
                let Row::Task(row) = row else { continue };
                if row.updated_ms <= since_ms {
                    return Ok(newest);
                }
                if row.flow != flow || row.parent.is_some() {
                    continue;
                }
                match row.state.as_str() {
                    "queued" | "running" => return Ok(None),
                    "done" => newest = newest.max(Some(row.updated_ms)),
                    "skipped" | "failed" | "cancelled" if always => {
                        newest = newest.max(Some(row.updated_ms));
                    }
                    _ => {}
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(newest);
            }
        }
    }

    /// One run, as the overlap policy allows it. Gives how it went.
    pub(crate) async fn perform(
        &self,
        engine: &Arc<Engine>,
        planned_ms: i64,
    ) -> Result<String, Refusal> {
        let name = &self.integration.deployment.integration;
        if engine.words.of(Of::PausedSchedule, name, &self.schedule.name).is_some() {
            return Ok("left out: the schedule is paused".to_owned());
        }
        if engine.words.of(Of::PausedFlow, name, &self.flow).is_some() {
            return Ok("left out: the flow is paused".to_owned());
        }
        let open = self.open(engine).await?;
        if !open.is_empty() {
            match self.schedule.overlap {
                Overlap::Skip => {
                    let count = open.len();
                    return Ok(format!("left out: {count} tasks of the last run have not ended"));
                }
                Overlap::QueueOne => self.wait_for_the_last(engine).await?,
                Overlap::CancelRunning => self.cancel(engine, open),
            }
        }
        let trigger = Trigger::Schedule { name: self.schedule.name.clone() };
        let source = Source::of(engine, &self.integration, &self.flow, trigger).await?;
        let started = match &source {
            source if source.poll.is_some() => poll::once(engine, source).await?,
            source => poll::whole(engine, source, &format!("{}/{planned_ms}", self.key())).await?,
        };
        let text =
            format!("schedule {} of flow {} ran: {started} tasks", self.schedule.name, self.flow);
        let line = AuditRow {
            at_ms: engine.seam.now_ms(),
            id: engine.seam.id("line"),
            by: "engine".to_owned(),
            what: "schedule_ran".to_owned(),
            text,
            ..AuditRow::default()
        };
        engine.store.commit(Commit::new().put(line)).await?;
        Ok(format!("started {started} tasks"))
    }

    /// Tasks of the last run that still move.
    async fn open(&self, engine: &Engine) -> Result<Vec<TaskRow>, Refusal> {
        let rows = all(&*engine.store, Select::OpenTasks).await?;
        let rows = rows.into_iter().filter_map(|row| TaskRow::try_from(row).ok());
        Ok(rows
            .filter(|row| row.flow == self.flow && row.trigger == "schedule")
            .filter(|row| matches!(row.state.as_str(), "queued" | "running" | "waiting"))
            .collect())
    }

    async fn wait_for_the_last(&self, engine: &Engine) -> Result<(), Refusal> {
        loop {
            let rung = engine.settled.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            if self.open(engine).await?.is_empty() {
                return Ok(());
            }
            rung.await;
            engine.seam.sleep_until(engine.seam.now_ms().saturating_add(GATHER_MS)).await;
        }
    }

    fn cancel(&self, engine: &Engine, open: Vec<TaskRow>) {
        for row in open {
            let why = format!("the next run of schedule {} begins", self.schedule.name);
            let input = Input::Verb { verb: Verb::Cancel, by: "engine".to_owned(), why };
            engine.dispatcher.deliver(&Arc::from(row.id), input);
        }
    }
}
