//! What people do with one task: the verb, or what it would do.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_graph::GraphHash;
use tenon_machine::{
    Care, Decision, Effect, Input, Known, Part, Said, Task, Trigger, Verb, WriteStatus, fit,
};
use tenon_store::{Row, Scan, Select, TaskRow};
use tenon_value::{Value, time};

use super::By;
use super::tasks::summary;
use crate::begin::{Wanted, born, wanted_with};
use crate::codes;
use crate::deploying;
use crate::engine::Runtime;
use crate::refusal::{Kind, Refusal};
use crate::turn::decided;
use crate::work::{go_by, load, load_by, one_turn, other_graph};

/// The verbs of a task, as the API and the command line call them.
pub const VERBS: &[&str] = &[
    "retry",
    "edit",
    "skip",
    "happened",
    "not_happened",
    "link",
    "create_new",
    "done",
    "cancel",
    "pause",
    "resume",
    "signal",
    "undo",
    "rerun",
    "move",
    "assign",
    "tag",
    "note",
    "snooze",
];

impl Runtime {
    /// Gives a task one of [`VERBS`] and the task after it. `with` holds what the verb takes: `latest`
    /// and `from` (retry), `step` (edit, skip), `patch`, `part` (edit: `record`, `input`, `output`),
    /// `output` (skip), `name` and `value` (signal), `id` (happened, link), `to` (move, assign), `steps` (move), `add` and `remove` (tag), `text`
    /// (note), `until` (snooze). With `dry_run: true` nothing happens, and the answer says what would,
    /// and which outside effects already did.
    ///
    /// # Errors
    /// When there is no such task or verb, or the task's state does not allow it.
    pub async fn verb(
        &self,
        id: &str,
        verb: &str,
        with: &Value,
        by: &By,
    ) -> Result<Value, Refusal> {
        let row = self.task_row(id).await?;
        let dry_run = with.field("dry_run").as_bool().unwrap_or(false);
        if verb == "rerun" {
            return self.rerun(&row, dry_run, by).await;
        }
        let verb = self.verb_named(&row, verb, with).await?;
        let input =
            Input::Verb { verb, by: by.who.clone(), why: by.why.clone().unwrap_or_default() };
        if dry_run {
            return self.foresee(&row, &input).await;
        }
        self.give(id, input).await?;
        Ok(summary(&self.task_row(id).await?))
    }

    /// Gives a task an input of a person, and waits until it was taken.
    pub(crate) async fn give(&self, id: &str, input: Input) -> Result<(), Refusal> {
        let engine = self.engine();
        let id: Arc<str> = Arc::from(id);
        if let Input::Verb { verb: Verb::Cancel, by, why } = &input
            && let Err(refusal) = load(engine, &id).await
            && crate::upkeep::is_unreadable(&refusal)
        {
            return crate::upkeep::give_up(engine, &id, by, why).await;
        }
        if engine.config.idle {
            let mut running = load_by(engine, &id, other_graph(&input)).await?;
            one_turn(engine, &mut running, &input).await?;
            return Ok(());
        }
        let taken = engine.dispatcher.ask(&id, input);
        taken.await.map_err(|_| crate::intake::stopping())?
    }

    pub(crate) async fn verb_named(
        &self,
        row: &TaskRow,
        verb: &str,
        with: &Value,
    ) -> Result<Verb, Refusal> {
        let text = |name: &str| with.field(name).plain().filter(|text| !text.trim().is_empty());
        let needed = |name: &str| {
            text(name).ok_or_else(|| Refusal::invalid(format!("`{verb}` needs `{name}`")))
        };
        Ok(match verb {
            "retry" => {
                let latest = with.field("latest").as_bool().unwrap_or(false);
                let latest = if latest { Some(self.newest(row)?) } else { None };
                match text("from") {
                    Some(step) => Verb::RetryFrom { step, latest },
                    None => Verb::Retry { latest },
                }
            }
            "edit" => edit(with)?,
            "skip" => Verb::Skip { step: needed("step")?, output: with.field("output").clone() },
            "done" => Verb::Done,
            "cancel" => Verb::Cancel,
            "pause" => Verb::Pause,
            "resume" => Verb::Resume,
            "happened" => Verb::Say(Said::Happened { id: text("id") }),
            "not_happened" | "not-happened" => Verb::Say(Said::NotHappened),
            "link" => Verb::Say(Said::Link { id: needed("id")? }),
            "create_new" | "create-new" => Verb::Say(Said::CreateNew),
            "undo" => Verb::Undo,
            "signal" => {
                let (name, value) = (needed("name")?, with.field("value").clone());
                Verb::Signal { name, value }
            }
            "move" => Verb::Move {
                to: self.graph_named(row, &needed("to")?).await?,
                steps: pairs(with.field("steps"))?,
            },
            "assign" => Verb::Care(Care::Assigned { to: text("to") }),
            "tag" => {
                Verb::Care(Care::Tagged { add: words(with, "add"), remove: words(with, "remove") })
            }
            "note" => Verb::Care(Care::Noted { text: needed("text")? }),
            "snooze" => Verb::Care(Care::Snoozed { until_ms: self.until(text("until"))? }),
            other => {
                return Err(Refusal::new(
                    Kind::NotFound,
                    codes::VERB_UNKNOWN,
                    format!("there is no verb `{other}`"),
                )
                .hint(VERBS.join(", ")));
            }
        })
    }

    fn newest(&self, row: &TaskRow) -> Result<GraphHash, Refusal> {
        let newest = self.engine().integration(&row.integration)?.newest.get(&row.flow).copied();
        newest.ok_or_else(|| Refusal::not_found("flow", &row.flow))
    }

    /// A graph of the task's flow by the beginning of its hash, or `latest`.
    async fn graph_named(&self, row: &TaskRow, name: &str) -> Result<GraphHash, Refusal> {
        if name == "latest" {
            return self.newest(row);
        }
        let select = Select::All(tenon_store::Table::Graph);
        let mut found = Vec::new();
        for graph in crate::live::all(&*self.engine().store, select).await? {
            let Row::Graph(graph) = graph else { continue };
            if graph.flow == row.flow && graph.hash.starts_with(name) {
                found.push(graph.hash);
            }
        }
        match found.as_slice() {
            [hash] => {
                GraphHash::try_from(hash.clone()).map_err(|_| Refusal::not_found("graph", name))
            }
            [] => Err(Refusal::not_found(&format!("graph of flow {}", row.flow), name)),
            _ => Err(Refusal::invalid(format!(
                "several graphs begin with `{name}`: give more of it"
            ))),
        }
    }

    /// An instant, or a time from now on such as `2h`; none where nothing is given.
    fn until(&self, text: Option<String>) -> Result<Option<i64>, Refusal> {
        let Some(text) = text else { return Ok(None) };
        if let Some(at) = time::parse_datetime(&text) {
            return Ok(Some(at.timestamp_millis()));
        }
        let ms = time::parse_duration(&text).ok_or_else(|| {
            Refusal::invalid(format!("`{text}` is no instant and no time"))
                .hint("write 2026-01-31T08:00:00Z, or 2h")
        })?;
        Ok(Some(self.engine().seam.now_ms().saturating_add(ms)))
    }

    /// What a verb would do, without doing it.
    pub(crate) async fn foresee(&self, row: &TaskRow, input: &Input) -> Result<Value, Refusal> {
        let engine = self.engine();
        let mut running = load(engine, &Arc::from(row.id.as_str())).await?;
        let before = running.task.clone();
        if let Some(hash) = other_graph(input) {
            go_by(engine, &mut running, hash).await?;
        }
        let fits = match (&running.pinned, input) {
            (Some(pinned), Input::Verb { verb: Verb::Move { steps, .. }, .. }) => {
                deploying::fit_value(&fit(&before, pinned, &running.graph, steps))
            }
            _ => Value::Missing,
        };
        let decision = decided(engine, &running, input, &BTreeMap::new(), false).await?;
        if let Some(refused) = &decision.refused {
            return Err(Refusal::new(Kind::Conflict, refused.code, refused.message.clone())
                .hint(refused.hint.clone()));
        }
        Ok(Value::of([
            ("task", Value::text(&row.id)),
            ("state", Value::text(&row.state)),
            ("would_be", Value::text(decision.task.state.name())),
            ("would", would(&decision)),
            ("would_ask", would_ask(&decision)),
            ("happened", happened(&before)),
            ("fits", fits),
        ]))
    }

    /// A new task for the same record, as the old one was started.
    async fn rerun(&self, row: &TaskRow, dry_run: bool, by: &By) -> Result<Value, Refusal> {
        let engine = self.engine();
        let old = load(engine, &Arc::from(row.id.as_str())).await?;
        let graph = self.newest(row)?;
        if dry_run {
            let line = format!("a new task of flow {} for record {}", row.flow, old.task.record);
            return Ok(Value::of([
                ("task", Value::text(&row.id)),
                ("state", Value::text(&row.state)),
                ("would", Value::list(vec![Value::from(line)])),
                ("happened", happened(&old.task)),
            ]));
        }
        let trigger = Trigger::Manual { by: by.who.clone() };
        let integration = &old.integration;
        let record = &old.task.record;
        self.refuse_ignored(integration, record)?;
        let task = Wanted { integration, graph, flow: &row.flow, record, trigger };
        let (newborn, commit) = wanted_with(engine, task, old.task.given.clone()).await?;
        let text =
            format!("{} {record} started anew as {}, after {}", row.flow, newborn.id, row.id);
        let mut line = self.audit_line(by, "rerun", &text);
        line.task = Some(row.id.clone());
        line.source = Some(record.clone());
        engine.store.commit(commit.put(line)).await?;
        born(engine, &newborn);
        Ok(summary(&self.task_row(&newborn.id).await?))
    }

    /// The graphs a flow has had, newest first, with how many open tasks go by each.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn graphs(&self, flow: &str) -> Result<Value, Refusal> {
        let engine = self.engine();
        let mut open: BTreeMap<String, i64> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = engine.store.scan(Scan::new(Select::OpenTasks).after(after)).await?;
            for row in page.rows {
                let Row::Task(row) = row else { continue };
                if row.flow == flow {
                    *open.entry(row.graph).or_default() += 1;
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let select = Select::All(tenon_store::Table::Graph);
        let mut list = Vec::new();
        for graph in crate::live::all(&*engine.store, select).await? {
            let Row::Graph(graph) = graph else { continue };
            if graph.flow == flow {
                list.push((graph.at_ms, graph.hash));
            }
        }
        list.sort();
        let shown = list.into_iter().rev().map(|(at_ms, hash)| {
            let newest = engine
                .integrations()
                .iter()
                .any(|i| i.newest.get(flow).is_some_and(|newest| newest.to_string() == hash));
            Value::of([
                ("graph", Value::text(&hash)),
                ("since_ms", Value::from(at_ms)),
                ("newest", Value::Bool(newest)),
                ("open", Value::from(open.get(&hash).copied().unwrap_or(0))),
            ])
        });
        Ok(Value::list(shown.collect()))
    }
}

fn edit(with: &Value) -> Result<Verb, Refusal> {
    let part = match with.field("part").as_text().unwrap_or("record") {
        "record" => Part::Record,
        "input" => Part::Input,
        "output" => Part::Output,
        other => {
            let message = format!("`{other}` cannot be edited");
            return Err(Refusal::invalid(message).hint("record, input or output"));
        }
    };
    let step = with.field("step").plain().unwrap_or_default();
    if step.is_empty() && part != Part::Record {
        return Err(Refusal::invalid("`edit` needs `step`, unless the record is edited"));
    }
    let patch = with.field("patch").clone();
    if patch.items().is_empty() {
        return Err(Refusal::invalid("`edit` needs `patch`, a list of operations")
            .hint(r#"such as [{"op": "replace", "path": "/email", "value": "a@b.se"}]"#));
    }
    Ok(Verb::Edit { part, step, patch })
}

/// Ids of steps, here and there, as a person gives them.
fn pairs(given: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    let fields = given.as_record().into_iter().flatten();
    let pairs = fields.map(|(old, new)| Some((old.to_string(), new.plain()?)));
    pairs.collect::<Option<_>>().ok_or_else(|| Refusal::invalid("`steps` holds ids of steps"))
}

fn words(with: &Value, name: &str) -> Vec<String> {
    match with.field(name) {
        Value::List(items) => items.iter().filter_map(Value::plain).collect(),
        other => other.plain().into_iter().filter(|word| !word.is_empty()).collect(),
    }
}

fn would(decision: &Decision) -> Value {
    Value::list(decision.events.iter().map(|e| Value::from(e.event.describe())).collect())
}

/// The requests that would leave first.
fn would_ask(decision: &Decision) -> Value {
    let asked = decision.effects.iter().filter_map(|effect| match effect {
        Effect::Send { ask, request } => Some(Value::of([
            ("step", Value::text(&ask.step)),
            ("connection", Value::text(&ask.connection)),
            ("method", Value::text(&request.method)),
            ("path", Value::text(&request.path)),
            ("writes", Value::Bool(request.writes)),
        ])),
        _ => None,
    });
    Value::list(asked.collect())
}

/// The writes of a task that reached another system, or may have.
pub(crate) fn happened(task: &Task) -> Value {
    let writes = task.steps.iter().filter_map(|(step, record)| {
        let write = record.write.as_deref()?;
        let (known, target) = match &write.status {
            WriteStatus::Done { known: Known::DryRun, .. } | WriteStatus::Refused(_) => {
                return None;
            }
            WriteStatus::Done { known, target, .. } => (known.name(), target.clone()),
            WriteStatus::Open => ("not known yet", None),
            WriteStatus::Unknown { .. } => ("not known", None),
            WriteStatus::Said(id) => ("a person", id.clone()),
        };
        Some(Value::of([
            ("step", Value::text(step)),
            ("connection", Value::text(&write.connection)),
            ("method", Value::text(&write.request.method)),
            ("path", Value::text(&write.request.path)),
            ("target", target.map_or(Value::Missing, Value::from)),
            ("known_by", Value::text(known)),
        ]))
    });
    Value::list(writes.collect())
}
