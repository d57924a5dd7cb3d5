//! Schedules as people see them: what is planned, paused, or run by hand.

use tenon_value::{Value, time};

use super::By;
use crate::engine::Runtime;
use crate::refusal::Refusal;
use crate::said::Of;
use crate::schedule_times::{describe, next_ten};
use crate::schedules::{Scheduled, every};

impl Runtime {
    /// Every schedule with its next ten times and how its last run went.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn schedules(&self) -> Result<Value, Refusal> {
        let mut list = Vec::new();
        for one in every(self.engine()).await? {
            list.push(self.shown(&one).await?);
        }
        Ok(Value::list(list))
    }

    async fn shown(&self, one: &Scheduled) -> Result<Value, Refusal> {
        let engine = self.engine();
        let integration = &one.integration.deployment.integration;
        let plan = one.plan(engine).await?.unwrap_or_default();
        let from = plan.planned_ms.map_or(engine.seam.now_ms(), |at| at.saturating_sub(1));
        let at = &one.schedule.at;
        let mut times = next_ten(at, from);
        if let (tenon_graph::At::Every(_), Some(planned)) = (at, plan.planned_ms) {
            times.insert(0, planned);
            times.truncate(10);
            let every = next_ten(at, planned);
            times = std::iter::once(planned).chain(every).take(10).collect();
        }
        // As a clock on the wall there shows it.
        let zone = match at {
            tenon_graph::At::Cron { zone, .. } => time::zone(zone),
            _ => None,
        };
        let instant = |ms: i64| {
            let at = time::from_millis(ms);
            let at = at.map(|at| zone.map_or(at, |zone| time::in_zone(&at, zone)));
            Value::from(at.map(|at| time::format_datetime(&at)).unwrap_or_default())
        };
        let paused = engine.words.of(Of::PausedSchedule, integration, &one.schedule.name);
        let last = if plan.says.is_empty() { Value::Missing } else { Value::from(plan.last_ms) };
        Ok(Value::of([
            ("schedule", Value::text(&one.schedule.name)),
            ("flow", Value::text(&one.flow)),
            ("integration", Value::text(integration)),
            ("when", Value::from(describe(at))),
            ("next", Value::list(times.into_iter().map(instant).collect())),
            ("due_ms", plan.due_ms.map_or(Value::Missing, Value::from)),
            ("last_ms", last),
            ("last", Value::text(&plan.says)),
            ("paused", paused.map_or(Value::Missing, |word| word.to_value())),
        ]))
    }

    async fn scheduled(&self, name: &str) -> Result<Scheduled, Refusal> {
        let all = every(self.engine()).await?;
        let found = all.into_iter().find(|one| one.schedule.name == name);
        found.ok_or_else(|| Refusal::not_found("schedule", name))
    }

    /// A paused schedule starts nothing until it is resumed.
    ///
    /// # Errors
    /// When there is no such schedule, or the store cannot take it.
    pub async fn pause_schedule(&self, name: &str, by: &By) -> Result<Value, Refusal> {
        let one = self.scheduled(name).await?;
        let line = self.audit_line(by, "schedule_paused", &format!("schedule {name} paused"));
        let place = (Of::PausedSchedule, &*one.integration.deployment.integration, name);
        let engine = self.engine();
        engine.words.say(&*engine.store, place, Some(self.word(by)), line).await?;
        self.shown(&one).await
    }

    /// Lets a schedule start its flow again.
    ///
    /// # Errors
    /// When there is no such schedule, or the store cannot take it.
    pub async fn resume_schedule(&self, name: &str, by: &By) -> Result<Value, Refusal> {
        let one = self.scheduled(name).await?;
        let line = self.audit_line(by, "schedule_resumed", &format!("schedule {name} resumed"));
        let place = (Of::PausedSchedule, &*one.integration.deployment.integration, name);
        let engine = self.engine();
        engine.words.say(&*engine.store, place, None, line).await?;
        self.shown(&one).await
    }

    /// Runs a schedule now; its plan stays as it is.
    ///
    /// # Errors
    /// When there is no such schedule, its source does not answer, or the store cannot take it.
    pub async fn run_schedule(&self, name: &str, by: &By) -> Result<Value, Refusal> {
        let one = self.scheduled(name).await?;
        let engine = self.engine();
        let line = self.audit_line(by, "schedule_run", &format!("schedule {name} run by hand"));
        engine.store.commit(tenon_store::Commit::new().put(line)).await?;
        let says = one.perform(engine, engine.seam.now_ms()).await?;
        Ok(Value::of([("schedule", Value::text(name)), ("says", Value::from(says))]))
    }
}
