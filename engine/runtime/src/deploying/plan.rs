//! What other documents mean for flows and tasks, before anything changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenon_graph::{GraphHash, Step};
use tenon_machine::{FitClass, LoadedGraph, fit};
use tenon_store::{Row, Scan, Select, Table, TaskRow};
use tenon_value::Value;

use super::fit_value;
use crate::codes;
use crate::engine::{Engine, Integration};
use crate::live::all;
use crate::refusal::{Kind, Refusal};
use crate::work::load;

/// Tasks that are named one by one, of each flow and class.
const NAMED: usize = 1_000;

/// The plan of a deploy.
#[derive(Debug, Default)]
pub(super) struct Plan {
    flows: Vec<FlowPlan>,
    tasks: Vec<TaskPlan>,
}

/// What becomes of a flow.
#[derive(Debug)]
struct FlowPlan {
    flow: String,
    from: Option<GraphHash>,
    to: Option<GraphHash>,
    /// Open tasks that go by the new graph already.
    there: i64,
    counts: BTreeMap<FitClass, i64>,
}

/// What another graph means for one task.
#[derive(Debug)]
struct TaskPlan {
    task: String,
    class: FitClass,
    to: Option<GraphHash>,
    shown: Option<Value>,
}

impl FlowPlan {
    fn change(&self) -> &'static str {
        match (self.from, self.to) {
            (None, _) => "new",
            (_, None) => "gone",
            (from, to) if from == to => "same",
            _ => "changed",
        }
    }

    fn to_value(&self) -> Value {
        let hash = |of: Option<GraphHash>| of.map_or(Value::Missing, |hash| hash.short().into());
        let count = |class| Value::from(self.counts.get(&class).copied().unwrap_or(0));
        Value::of([
            ("flow", Value::text(&self.flow)),
            ("change", Value::text(self.change())),
            ("from", hash(self.from)),
            ("to", hash(self.to)),
            ("there", Value::from(self.there)),
            ("compatible", count(FitClass::Compatible)),
            ("mappable", count(FitClass::Mappable)),
            ("blocked", count(FitClass::Blocked)),
        ])
    }
}

impl Plan {
    /// Compares every open or failed task with the new graph of its flow.
    pub(super) async fn of(
        engine: &Engine,
        (integration, graphs): (&Integration, &[Arc<LoadedGraph>]),
        runs: &BTreeMap<String, GraphHash>,
    ) -> Result<Plan, Refusal> {
        let names: BTreeSet<&String> = runs.keys().chain(integration.newest.keys()).collect();
        let flow = |name: &&String| FlowPlan {
            flow: (*name).clone(),
            from: runs.get(*name).copied(),
            to: integration.newest.get(*name).copied(),
            there: 0,
            counts: BTreeMap::new(),
        };
        let mut plan = Plan { flows: names.iter().map(flow).collect(), tasks: Vec::new() };
        for row in unfinished(engine).await? {
            plan.task(engine, graphs, &row).await?;
        }
        plan.needs_no_flow_that_is_gone(engine).await?;
        Ok(plan)
    }

    async fn task(
        &mut self,
        engine: &Engine,
        graphs: &[Arc<LoadedGraph>],
        row: &TaskRow,
    ) -> Result<(), Refusal> {
        let at = match self.flows.iter().position(|flow| flow.flow == row.flow) {
            Some(at) => at,
            None => {
                let (from, to) = (None, None);
                let (flow, counts) = (row.flow.clone(), BTreeMap::new());
                self.flows.push(FlowPlan { flow, from, to, there: 0, counts });
                self.flows.len().saturating_sub(1)
            }
        };
        let Some(flow) = self.flows.get_mut(at) else { return Ok(()) };
        if flow.to.is_some_and(|to| to.to_string() == row.graph) {
            flow.there = flow.there.saturating_add(1);
            return Ok(());
        }
        let new = graphs.iter().find(|graph| Some(graph.hash) == flow.to);
        let (class, said) = compared(engine, row, new).await?;
        let count = flow.counts.entry(class).or_default();
        *count = count.saturating_add(1);
        let shown = (*count <= i64::try_from(NAMED).unwrap_or(i64::MAX)).then(|| named(row, &said));
        self.tasks.push(TaskPlan { task: row.id.clone(), class, to: flow.to, shown });
        Ok(())
    }

    /// A flow must not go while tasks on older graphs run it.
    async fn needs_no_flow_that_is_gone(&self, engine: &Engine) -> Result<(), Refusal> {
        let gone: BTreeSet<&str> = self
            .flows
            .iter()
            .filter(|flow| flow.to.is_none())
            .map(|flow| flow.flow.as_str())
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        let mut seen = BTreeSet::new();
        for row in unfinished(engine).await? {
            let Ok(hash) = GraphHash::try_from(row.graph.clone()) else { continue };
            if !seen.insert(hash) {
                continue;
            }
            let Ok(graph) = engine.graph(hash).await else { continue };
            let runs = graph.graph.nodes.iter().find_map(|node| match &node.step {
                Step::Run { flow, .. } if gone.contains(flow.as_str()) => Some(flow.clone()),
                _ => None,
            });
            if let Some(flow) = runs {
                let message = format!(
                    "flow {flow} is not in the documents, and tasks of flow {} that have not ended \
                     run it, such as {}",
                    row.flow, row.id
                );
                return Err(Refusal::new(Kind::Conflict, codes::FLOW_NEEDED, message).hint(
                    "keep the flow in the documents until those tasks have ended: `tenon flow graphs \
                     FLOW` counts them",
                ));
            }
        }
        Ok(())
    }

    /// The tasks to move, with the graph each goes to.
    pub(super) fn to_move(&self, most: Option<FitClass>) -> Vec<(String, GraphHash)> {
        let Some(most) = most.map(|most| most.min(FitClass::Mappable)) else { return Vec::new() };
        let fitting = self.tasks.iter().filter(|task| task.class <= most);
        fitting.filter_map(|task| Some((task.task.clone(), task.to?))).collect()
    }

    /// What changes, for the audit log.
    pub(super) fn in_a_line(&self) -> String {
        let changed = self.flows.iter().filter(|flow| flow.change() != "same");
        let all: Vec<String> = changed
            .map(|flow| match flow.to {
                Some(to) => format!("flow {} {} as {}", flow.flow, flow.change(), to.short()),
                None => format!("flow {} gone", flow.flow),
            })
            .collect();
        if all.is_empty() { "no flow changes".to_owned() } else { all.join(", ") }
    }

    pub(super) fn to_value(&self, same: bool) -> Value {
        let flows = self.flows.iter().map(FlowPlan::to_value).collect();
        let tasks = self.tasks.iter().filter_map(|task| task.shown.clone()).collect();
        Value::of([
            ("same", Value::Bool(same)),
            ("flows", Value::list(flows)),
            ("tasks", Value::list(tasks)),
        ])
    }
}

/// What a new graph means for a task, as [`fit_value`] says it.
async fn compared(
    engine: &Engine,
    row: &TaskRow,
    new: Option<&Arc<LoadedGraph>>,
) -> Result<(FitClass, Value), Refusal> {
    let says = |why: String| {
        let class = FitClass::Blocked;
        let says = Value::list(vec![Value::from(why)]);
        Ok((class, Value::of([("class", Value::text(class.name())), ("says", says)])))
    };
    let Some(new) = new else {
        return says(format!("flow {} is not in the documents any more", row.flow));
    };
    match load(engine, &Arc::from(row.id.as_str())).await {
        Ok(running) => {
            let fit = fit(&running.task, &running.graph, new, &BTreeMap::new());
            match fit.blocked.is_empty() && running.task.open_write().is_some() {
                // A move waits for it: what it does there is known once the write is settled.
                true => says("a write is under way whose outcome is not known yet".to_owned()),
                false => Ok((fit.class(), fit_value(&fit))),
            }
        }
        // Its own state says so already; it must not hold up the others.
        Err(refusal) => says(refusal.message),
    }
}

fn named(row: &TaskRow, said: &Value) -> Value {
    let text = |of: &Option<String>| of.as_deref().map_or(Value::Missing, Value::text);
    let title = row.title.clone().or_else(|| row.record.clone());
    let blocked = said.field("class").as_text() == Some(FitClass::Blocked.name());
    let next = match blocked {
        true => format!(
            "let it end on the graph it has; or say which step it is: `tenon task move {} --to latest \
             --step OLD=NEW`; or `tenon task cancel`",
            row.id
        ),
        false => format!("`tenon task move {} --to latest`", row.id),
    };
    let head = Value::of([
        ("task", Value::text(&row.id)),
        ("flow", Value::text(&row.flow)),
        ("record", title.map_or(Value::Missing, Value::from)),
        ("state", Value::text(&row.state)),
        ("step", text(&row.step)),
    ]);
    let fields = said.as_record().into_iter().flatten();
    let whole = fields.fold(head, |head, (name, value)| head.with(name, value.clone()));
    whole.with("next", Value::from(next))
}

/// Open tasks, and those that failed and that a verb can open again.
async fn unfinished(engine: &Engine) -> Result<Vec<TaskRow>, Refusal> {
    let mut rows = all(&*engine.store, Select::OpenTasks).await?;
    rows.extend(all(&*engine.store, Select::TasksInState("failed".to_owned())).await?);
    let mut tasks: Vec<TaskRow> =
        rows.into_iter().filter_map(|row| TaskRow::try_from(row).ok()).collect();
    tasks.sort_by(|a, b| a.id.cmp(&b.id));
    tasks.dedup_by(|a, b| a.id == b.id);
    Ok(tasks)
}

/// The graph that was stored last of each flow, where nothing says what is deployed.
pub(super) async fn newest_stored(engine: &Engine) -> Result<BTreeMap<String, GraphHash>, Refusal> {
    let mut newest: BTreeMap<String, (i64, String)> = BTreeMap::new();
    for row in all(&*engine.store, Select::All(Table::Graph)).await? {
        let Row::Graph(row) = row else { continue };
        let known = newest.get(&row.flow).is_some_and(|(at_ms, _)| *at_ms >= row.at_ms);
        if !known {
            newest.insert(row.flow, (row.at_ms, row.hash));
        }
    }
    let hashes = newest.into_iter();
    Ok(hashes
        .filter_map(|(flow, (_, hash))| Some((flow, GraphHash::try_from(hash).ok()?)))
        .collect())
}

/// Whether documents may take the place of what runs here: the same integration on the same two
/// connections while it runs, and no open task of another integration in any case.
pub(super) async fn may_take_the_place(
    engine: &Engine,
    integration: &Integration,
) -> Result<(), Refusal> {
    let name = &integration.deployment.integration;
    let refuse = |message: String, hint: &str| {
        Err(Refusal::new(Kind::Conflict, codes::OTHER_INTEGRATION, message).hint(hint))
    };
    let stopped = "stop the server, deploy, and start it again";
    if engine.config.keeps_graphs {
        let Ok(now) = engine.integration(name) else {
            let names: Vec<String> = engine
                .integrations()
                .iter()
                .map(|one| one.deployment.integration.clone())
                .collect();
            let message = format!("integration {} runs here, not {name}", names.join(", "));
            return refuse(message, stopped);
        };
        let peers = |of: &Integration| -> BTreeMap<String, String> {
            let all = of.deployment.connections.iter();
            all.map(|(name, peer)| (name.clone(), peer.name().to_owned())).collect()
        };
        if peers(&now) != peers(integration) {
            let message = format!("the documents join other connections than {name} does here");
            return refuse(message, stopped);
        }
    }
    let mut after = None;
    loop {
        let page = engine.store.scan(Scan::new(Select::OpenTasks).after(after)).await?;
        for row in page.rows {
            if let Row::Task(row) = row
                && row.integration != *name
            {
                let message =
                    format!("task {} of integration {} has not ended", row.id, row.integration);
                return refuse(
                    message,
                    "let its tasks end, or give the documents a directory of their own",
                );
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}
