//! Tasks: lists, one with its journal, why it stands where it stands, and the verbs.

use std::sync::{Arc, PoisonError};

use tenon_machine::{Reason, State, Task};
use tenon_store::{Row, Scan, Select, TaskRow};
use tenon_value::{Value, json};

use super::lists::text;
use crate::engine::Runtime;
use crate::refusal::Refusal;
use crate::work;
use crate::work::{is_settled, journal, load};

/// Which tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskQuery {
    /// Only of this state.
    pub state: Option<String>,
    /// Only of this flow.
    pub flow: Option<String>,
    /// Only of this record: its id, or the name people use.
    pub record: Option<String>,
    /// At most so many, the newest first.
    pub limit: usize,
    /// Behind this place, from an earlier answer.
    pub after: Option<Vec<u8>>,
}

impl Runtime {
    /// Tasks, newest change first, and where to go on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tasks(&self, query: TaskQuery) -> Result<Value, Refusal> {
        let select = match (&query.state, &query.record) {
            (Some(state), _) => Select::TasksInState(state.clone()),
            _ => Select::TasksByTime,
        };
        let limit = query.limit.clamp(1, 10_000);
        let mut list = Vec::new();
        let mut after = query.after.clone();
        loop {
            let left = limit.saturating_sub(list.len()).max(1);
            let scan = Scan::new(select.clone()).reversed().limit(left).after(after);
            let page = self.engine().store.scan(scan).await?;
            for row in page.rows {
                let Row::Task(row) = row else { continue };
                if wanted(&row, &query) {
                    list.push(summary(&row));
                }
            }
            after = page.next;
            if after.is_none() || list.len() >= limit {
                break;
            }
        }
        let next = after.map_or(Value::Missing, |place| Value::from(hex::encode(place)));
        Ok(Value::of([("tasks", Value::list(list)), ("next", next)]))
    }

    /// A task's row.
    pub(crate) async fn task_row(&self, id: &str) -> Result<TaskRow, Refusal> {
        let key = tenon_store::Key::Task { id: id.to_owned() };
        match self.engine().store.get(&key).await? {
            Some(Row::Task(row)) => Ok(row),
            _ => Err(Refusal::not_found("task", id)),
        }
    }

    /// A task with its journal.
    ///
    /// # Errors
    /// When there is none, or its journal cannot be read.
    pub async fn task(&self, id: &str) -> Result<Value, Refusal> {
        let row = self.task_row(id).await?;
        let mut events = Vec::new();
        let journal = match journal(self.engine(), id).await {
            // Its row says what happened to it.
            Err(refusal) if crate::upkeep::is_unreadable(&refusal) => Vec::new(),
            journal => journal?,
        };
        for (n, event) in journal.iter().enumerate() {
            let n = Value::from(i64::try_from(n).unwrap_or(i64::MAX));
            let line = Value::from(event.describe());
            events.push(event.to_value().with("n", n).with("line", line));
        }
        Ok(summary(&row).with("events", Value::list(events)))
    }

    /// Why a task stands where it stands: the chain of what it waits for, and the verb that would
    /// change it.
    ///
    /// # Errors
    /// When there is none, or its journal cannot be read.
    pub async fn why(&self, id: &str) -> Result<Value, Refusal> {
        let mut chain = Vec::new();
        let mut at = id.to_owned();
        let mut verbs = Vec::new();
        // A chain of waits ends soon; a ring would be a defect and is cut here.
        for _ in 0..16 {
            let running = match load(self.engine(), &Arc::from(at.as_str())).await {
                Err(refusal) if crate::upkeep::is_unreadable(&refusal) => {
                    chain.push(self.unreadable(&at, &refusal).await);
                    verbs =
                        vec!["tenon store verify".to_owned(), "tenon task cancel ID".to_owned()];
                    break;
                }
                running => running?,
            };
            let task = &running.task;
            let name = &running.integration.deployment.integration;
            let paused = self.engine().words.of(crate::said::Of::PausedFlow, name, &task.flow);
            let (said, next) = match paused.filter(|_| matches!(task.state, State::Queued)) {
                Some(word) => {
                    let (flow, by, why) = (&task.flow, &word.by, &word.why);
                    (format!("flow {flow} is paused by {by}: {why}"), None)
                }
                None => self.because(&task.id.0, &task.lane, &task.state),
            };
            let line = (running.urgency, Arc::from(task.flow.as_str()));
            let said = match (&task.state, self.engine().dispatcher.turn_of(&line)) {
                (State::Queued, (waiting, at_work)) if next.is_none() && waiting > 0 => format!(
                    "{said}: {waiting} tasks of flow {} wait for their turn, {at_work} are at work",
                    task.flow
                ),
                _ => said,
            };
            chain.push(Value::of([
                ("task", Value::text(&task.id.0)),
                ("state", Value::text(task.state.name())),
                ("since_ms", Value::from(task.updated_ms)),
                ("reason", task.state.reason().map_or(Value::Missing, Reason::to_value)),
                ("because", Value::from(said)),
                ("also", also(task)),
            ]));
            verbs = verbs_of(&task.state);
            let child = match task.state.reason() {
                Some(Reason::Children { asks: Some(child), .. }) => Some(child.0.clone()),
                Some(Reason::Children { .. }) => open_child(task),
                _ => None,
            };
            match next.or(child) {
                Some(next) if next != at => at = next,
                _ => break,
            }
        }
        let verbs = verbs.into_iter().map(|v| Value::from(v.replace("ID", &at))).collect();
        Ok(Value::of([
            ("task", Value::text(id)),
            ("chain", Value::list(chain)),
            ("verbs", Value::list(verbs)),
        ]))
    }

    /// Where a task stands whose journal can't be read, as far as its row tells.
    async fn unreadable(&self, id: &str, refusal: &Refusal) -> Value {
        let row = self.task_row(id).await.ok();
        let state = row.as_ref().map_or("failed", |row| row.state.as_str());
        Value::of([
            ("task", Value::text(id)),
            ("state", Value::text(state)),
            ("because", Value::text(&refusal.message)),
        ])
    }

    /// A sentence on a state, and the task it waits for.
    fn because(&self, id: &str, lane: &str, state: &State) -> (String, Option<String>) {
        let engine = self.engine();
        match state {
            State::Queued => match engine.lanes.holder(lane) {
                Some(holder) if &*holder != id => {
                    (format!("it waits in lane {lane} behind {holder}"), Some(holder.to_string()))
                }
                _ => ("it is about to begin".to_owned(), None),
            },
            State::Running => (self.at_work(id), None),
            State::Waiting(Reason::Lock { of, held_by, .. }) => {
                (format!("it waits for the lock {of}, held by {held_by}"), Some(held_by.0.clone()))
            }
            State::Waiting(Reason::ConnectionDown { connection, fault, .. }) => {
                let standing = engine.connections.get(connection).map(|c| c.standing());
                let probe = match standing {
                    Some(crate::breaker::Standing::Down { canary_at_ms, .. }) => {
                        format!(", probed next at {}", clock(canary_at_ms))
                    }
                    Some(crate::breaker::Standing::Paused { by }) => format!(", paused by {by}"),
                    _ => String::new(),
                };
                (format!("connection {connection} is down{probe}: {}", fault.message), None)
            }
            State::Waiting(Reason::ConnectionAuth { connection, fault }) => {
                (format!("connection {connection} needs new credentials: {}", fault.message), None)
            }
            State::Waiting(reason) | State::NeedsPerson(reason) | State::Failed(reason) => {
                let until = reason.until_ms().map(|ms| format!(" ({})", clock(ms)));
                (format!("{}{}", reason.describe(), until.unwrap_or_default()), None)
            }
            State::Done => ("it is done".to_owned(), None),
            State::Skipped(because) => (format!("it was skipped: {because}"), None),
            State::Cancelled { by, why } => (format!("it was cancelled by {by}: {why}"), None),
        }
    }

    fn at_work(&self, id: &str) -> String {
        let engine = self.engine();
        let at_gates = engine.at_gates.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((connection, _)) = at_gates.get(id) else {
            return "it is being worked on".to_owned();
        };
        let crowd = engine.connections.get(connection).map(|c| c.gate.crowd());
        let free =
            crowd.and_then(|crowd| crowd.free_at).map(|at| format!(", free at {}", clock(at)));
        let waiting = crowd.map_or(0, |crowd| crowd.waiting);
        format!(
            "it waits for room under the limit of connection {connection} with {waiting} requests in \
             line{}",
            free.unwrap_or_default()
        )
    }

    /// Waits until a task has ended or asks a person, and gives its row.
    ///
    /// # Errors
    /// When there is no such task.
    pub async fn settled(&self, id: &str) -> Result<Value, Refusal> {
        loop {
            let rung = self.engine().watchers.watch(id);
            let row = self.task_row(id).await?;
            let ended = matches!(row.state.as_str(), "done" | "skipped" | "failed" | "cancelled");
            if ended || row.state == "needs_person" {
                return Ok(summary(&row));
            }
            rung.await.map_err(|_| crate::intake::stopping())?;
        }
    }

    /// Waits until no task moves by itself any more: each has ended or asks a person.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn quiet(&self) -> Result<(), Refusal> {
        let settled = &self.engine().settled;
        loop {
            let rung = settled.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            let mut moving = false;
            for row in crate::live::all(&*self.engine().store, Select::OpenTasks).await? {
                let Row::Task(row) = row else { continue };
                moving |= matches!(row.state.as_str(), "queued" | "running" | "waiting");
            }
            if !moving {
                return Ok(());
            }
            rung.await;
            // A storm of changes is looked at once.
            let engine = self.engine();
            engine.seam.sleep_until(engine.seam.now_ms() + 20).await;
        }
    }

    /// Whether a task goes on only by a person's word, or has ended.
    ///
    /// # Errors
    /// When there is no such task, or its journal cannot be read.
    pub async fn is_settled(&self, id: &str) -> Result<bool, Refusal> {
        Ok(is_settled(&work::load(self.engine(), &Arc::from(id)).await?.task.state))
    }
}

fn wanted(row: &TaskRow, query: &TaskQuery) -> bool {
    let record =
        |wanted: &String| row.record.as_ref() == Some(wanted) || row.title.as_ref() == Some(wanted);
    query.flow.as_ref().is_none_or(|flow| *flow == row.flow)
        && query.state.as_ref().is_none_or(|state| *state == row.state)
        && query.record.as_ref().is_none_or(record)
}

/// A child that is waited for and has not ended.
fn open_child(task: &Task) -> Option<String> {
    task.steps.values().find_map(|step| {
        let child = step.child.as_ref().filter(|child| !child.detach)?;
        child.ended.is_none().then(|| child.id.0.clone())
    })
}

/// What other steps of the task wait for, beside the reason of its state.
fn also(task: &Task) -> Value {
    let all: Vec<Value> = task
        .reasons()
        .into_iter()
        .filter(|reason| Some(*reason) != task.state.reason())
        .map(Reason::to_value)
        .collect();
    match all.is_empty() {
        true => Value::Missing,
        false => Value::list(all),
    }
}

fn clock(ms: i64) -> String {
    let at = tenon_value::time::from_millis(ms);
    at.map(|at| tenon_value::time::format_datetime(&at)).unwrap_or_default()
}

fn verbs_of(state: &State) -> Vec<String> {
    let verbs: &[&str] = match state {
        State::NeedsPerson(Reason::UnknownOutcome { .. }) => {
            &["tenon task happened ID --id TARGET", "tenon task not-happened ID"]
        }
        State::NeedsPerson(Reason::SameRecord { .. }) => {
            &["tenon task link ID --id TARGET", "tenon task create-new ID"]
        }
        State::NeedsPerson(Reason::UndoFailed { .. }) => {
            &["tenon task retry ID", "tenon task cancel ID"]
        }
        State::Waiting(Reason::Signal { name, .. }) => {
            return vec![
                format!("tenon task signal ID --name {name} --value JSON"),
                "tenon task cancel ID".to_owned(),
            ];
        }
        State::Waiting(Reason::Paused { .. }) => &["tenon task resume ID"],
        State::Waiting(Reason::Retry { .. }) => &["tenon task retry ID", "tenon task cancel ID"],
        State::Failed(_) | State::NeedsPerson(_) => {
            &["tenon task retry ID", "tenon task retry ID --latest", "tenon task cancel ID"]
        }
        State::Waiting(_) | State::Queued => &["tenon task cancel ID"],
        _ => &[],
    };
    verbs.iter().map(|v| (*v).to_owned()).collect()
}

/// A task's row as a value.
pub(crate) fn summary(row: &TaskRow) -> Value {
    let json_of = |of: &Option<String>| {
        of.as_deref().and_then(|t| json::read(t).ok()).unwrap_or(Value::Missing)
    };
    Value::of([
        ("id", Value::text(&row.id)),
        ("flow", Value::text(&row.flow)),
        ("integration", Value::text(&row.integration)),
        ("state", Value::text(&row.state)),
        ("record", text(row.record.as_ref())),
        ("title", text(row.title.as_ref())),
        ("step", text(row.step.as_ref())),
        ("reason", json_of(&row.reason)),
        ("fault", json_of(&row.fault)),
        ("lane", text(row.lane.as_ref())),
        ("parent", text(row.parent.as_ref())),
        ("trigger", Value::text(&row.trigger)),
        ("graph", Value::text(&row.graph)),
        ("created_ms", Value::from(row.created_ms)),
        ("updated_ms", Value::from(row.updated_ms)),
        ("assigned", text(row.assigned.as_ref())),
        (
            "tags",
            row.tags.as_ref().map_or(Value::Missing, |tags| {
                Value::list(tags.iter().map(|tag| Value::text(tag)).collect())
            }),
        ),
        ("snoozed_until_ms", row.snoozed_until_ms.map_or(Value::Missing, Value::from)),
        ("healed_by", text(row.healed_by.as_ref())),
    ])
}
