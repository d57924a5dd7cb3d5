//! A shadow run: other documents on the last records of a flow, against what was really written.
//!
//! Each task is replayed twice in memory from its journal: by the graph it went by, which must give
//! again what it wrote, and by the new one. Nothing is asked of any system and nothing is stored.

mod before;
mod book;
mod differences;
mod replay;

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_graph::GraphHash;
use tenon_machine::{LoadedGraph, State, System};
use tenon_store::{Row, Scan, Select, TaskRow};
use tenon_value::Value;

use crate::deployment::Deployment;
use crate::engine::{Engine, Integration, Runtime};
use crate::live::{Values, all};
use crate::recover::integrate;
use crate::refusal::Refusal;
use crate::work::journal;

use book::{Recorded, Written};
use replay::{Answers, Ground, Made, Ran, Replay, asked};

/// Most tasks of one shadow run.
const MOST: usize = 1_000;
/// Lookups of stored state that one replay may lack.
const MOST_NEEDS: usize = 64;
/// Tasks of a family that are looked at.
const FAMILY: usize = 500;

/// What is tried, on what.
#[derive(Clone, Default)]
pub struct Shadow {
    /// The documents, compiled.
    pub deployment: Deployment,
    /// The flow whose records are taken.
    pub flow: String,
    /// So many of its last ended tasks, the newest first.
    pub last: usize,
}

impl Runtime {
    /// Runs other documents on the last records of a flow and says what they would have written
    /// otherwise. Nothing is sent and nothing is stored.
    ///
    /// # Errors
    /// When there is no such flow, or a journal can't be read.
    pub async fn shadow(&self, shadow: Shadow) -> Result<Value, Refusal> {
        let engine = self.engine();
        if !shadow.deployment.graphs.contains_key(&shadow.flow) {
            return Err(Refusal::not_found("flow", &shadow.flow)
                .hint("the documents that are tried have none of that name"));
        }
        let (then, _) = engine.of_flow(None, &shadow.flow)?;
        let (tried, graphs) = integrate(&*engine.store, shadow.deployment).await?;
        let graphs = graphs.into_iter().map(|graph| (graph.graph.flow.clone(), graph)).collect();
        let trial = Trial { then: &then, tried: &tried, graphs };
        let mut inputs = Vec::new();
        for row in ended(engine, &shadow.flow, shadow.last.clamp(1, MOST)).await? {
            inputs.push(trial.of(engine, row).await?);
            tokio::task::yield_now().await;
        }
        let count = |what: &str| {
            let found = inputs.iter().filter(|input| input.result == what).count();
            Value::from(i64::try_from(found).unwrap_or(i64::MAX))
        };
        let totals = ["same", "different", "fault", "not_comparable"];
        Ok(Value::of([
            ("flow", Value::text(&shadow.flow)),
            ("inputs", Value::list(inputs.iter().map(Input::to_value).collect())),
            ("totals", Value::of(totals.map(|what| (what, count(what))))),
        ]))
    }
}

/// The last ended tasks of a flow, the newest first.
async fn ended(engine: &Engine, flow: &str, last: usize) -> Result<Vec<TaskRow>, Refusal> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page =
            engine.store.scan(Scan::new(Select::TasksByTime).reversed().after(after)).await?;
        for row in page.rows {
            if let Row::Task(row) = row
                && row.flow == flow
                && matches!(row.state.as_str(), "done" | "skipped" | "failed")
            {
                rows.push(row);
            }
            if rows.len() >= last {
                return Ok(rows);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

/// Documents on trial.
struct Trial<'a> {
    then: &'a Integration,
    tried: &'a Integration,
    graphs: BTreeMap<String, Arc<LoadedGraph>>,
}

/// What came of one record.
struct Input {
    row: TaskRow,
    result: &'static str,
    because: Option<String>,
    ended: Option<String>,
    would_end: Option<String>,
    writes: Vec<Value>,
}

impl Trial<'_> {
    async fn of(&self, engine: &Engine, row: TaskRow) -> Result<Input, Refusal> {
        let mut left = FAMILY;
        let mut recorded = match Box::pin(recorded(engine, &row, &mut left)).await {
            Ok(Some(recorded)) => recorded,
            Ok(None) => {
                return Ok(unlike(row, "its journal does not begin with its making".into()));
            }
            Err(refusal) => return Ok(unlike(row, refusal.message)),
        };
        if let Some(why) = why_unlike(&recorded) {
            return Ok(unlike(row, why));
        }
        let answers = match self.learn(engine, &mut recorded).await? {
            Ok(answers) => answers,
            Err(why) => return Ok(unlike(row, why)),
        };
        for _ in 0..MOST_NEEDS {
            let ran = self.tries(&recorded, &answers);
            if !self.fetched(engine, &mut recorded, &ran).await? {
                return Ok(judged(row, &ran));
            }
        }
        Ok(unlike(row, "it looks up ever more stored state".to_owned()))
    }

    /// A replay by the documents on trial.
    fn tries(&self, recorded: &Recorded, answers: &Answers) -> Ran {
        let (now, then) = (self.tried.live.now(), self.then.live.now());
        let ground = Ground {
            graphs: &self.graphs,
            systems: &self.tried.systems,
            values: &now,
            values_then: &then,
            answers: Some(answers),
            runs_children: true,
        };
        Replay::of(&ground, recorded)
    }

    /// Fetches what a replay lacks; false where it lacks nothing that is known.
    async fn fetched(
        &self,
        engine: &Engine,
        recorded: &mut Recorded,
        ran: &Ran,
    ) -> Result<bool, Refusal> {
        let Some((task, key)) = &ran.needs else { return Ok(false) };
        let Some(of) = recorded.of_family(task) else { return Ok(false) };
        let Some((place, known)) = before::before(engine, &self.then.pair, of, key).await? else {
            return Ok(false);
        };
        Ok(of.before.insert(place, known).is_none())
    }

    /// What systems said, learned from a replay by the graphs the family went by: it must give again
    /// what was written, else a replay says nothing.
    async fn learn(
        &self,
        engine: &Engine,
        recorded: &mut Recorded,
    ) -> Result<Result<Answers, String>, Refusal> {
        let mut answers = Answers::default();
        let mut open = vec![recorded];
        while let Some(task) = open.pop() {
            let graph = match GraphHash::try_from(task.row.graph.clone()) {
                Ok(hash) => engine.graph(hash).await?,
                Err(e) => return Ok(Err(e.to_string())),
            };
            let mut learned = Err("it looks up ever more stored state".to_owned());
            for _ in 0..MOST_NEEDS {
                let ran = replayed(&self.then.systems, &self.then.live.now(), task, graph.clone());
                if !self.fetched(engine, task, &ran).await? {
                    learned = again(task, ran);
                    break;
                }
            }
            match learned {
                Ok(learned) => answers.join(learned),
                Err(why) => return Ok(Err(why)),
            }
            open.extend(&mut task.children);
        }
        Ok(Ok(answers))
    }
}

/// A replay of a task by the graph it went by.
fn replayed(
    systems: &BTreeMap<String, Arc<dyn System>>,
    values: &Values,
    task: &Recorded,
    graph: Arc<LoadedGraph>,
) -> Ran {
    let ground = Ground {
        graphs: &BTreeMap::from([(task.created.flow.clone(), graph)]),
        systems,
        values,
        values_then: values,
        answers: None,
        runs_children: false,
    };
    Replay::of(&ground, task)
}

/// What was learned from a replay, where it gives again what was written.
fn again(task: &Recorded, ran: Ran) -> Result<Answers, String> {
    let again = |what: String| {
        format!("task {} by its own graph does not give again what it did: {what}", task.row.id)
    };
    if let Some(unknown) = ran.unknown {
        return Err(again(unknown));
    }
    for made in &ran.made {
        let Some(then) = &made.then else {
            return Err(again(format!("step {} would write", made.step)));
        };
        if let Some(first) = differences::between(&then.request, &made.request).first() {
            return Err(again(format!("step {}, field {}", made.step, first.field)));
        }
    }
    if let Some((_, write)) = ran.left_out.first() {
        return Err(again(format!("step {} would not write", write.step)));
    }
    let end = ran.state.as_ref().map_or("open", State::name);
    if end != task.row.state {
        return Err(again(format!("it would be {end}")));
    }
    Ok(ran.learned)
}

/// A task's record with its children's.
async fn recorded(
    engine: &Engine,
    row: &TaskRow,
    left: &mut usize,
) -> Result<Option<Recorded>, Refusal> {
    let journal = journal(engine, &row.id).await?;
    let Some(mut found) = Recorded::of(row.clone(), &journal) else { return Ok(None) };
    for child in all(&*engine.store, Select::ChildrenOf(row.id.clone())).await? {
        let Row::Task(child) = child else { continue };
        let Some(less) = left.checked_sub(1) else {
            found.unlike = Some(format!("it has more than {FAMILY} child tasks"));
            break;
        };
        *left = less;
        match Box::pin(recorded(engine, &child, left)).await? {
            Some(child) => found.children.push(child),
            None => found.unlike = Some(format!("child task {} can't be read", child.id)),
        }
    }
    Ok(Some(found))
}

fn why_unlike(recorded: &Recorded) -> Option<String> {
    let mut open = vec![recorded];
    while let Some(task) = open.pop() {
        if let Some(why) = &task.unlike {
            return Some(why.clone());
        }
        if !matches!(task.row.state.as_str(), "done" | "skipped" | "failed") {
            return Some(format!("child task {} is {}", task.row.id, task.row.state));
        }
        open.extend(&task.children);
    }
    None
}

fn unlike(row: TaskRow, because: String) -> Input {
    Input {
        ended: Some(row.state.clone()),
        row,
        result: "not_comparable",
        because: Some(because),
        would_end: None,
        writes: Vec::new(),
    }
}

/// What a replay by the new documents means.
fn judged(row: TaskRow, ran: &Ran) -> Input {
    let mut writes: Vec<Value> = ran.made.iter().filter_map(differs).collect();
    writes.extend(ran.left_out.iter().map(|(flow, write)| left_out(flow, write)));
    let fault = ran.state.as_ref().and_then(State::fault);
    let code_then = row.fault.as_deref().and_then(|fault| tenon_value::json::read(fault).ok());
    let code_then = code_then.and_then(|fault| fault.field("code").as_text().map(str::to_owned));
    let would_end = ran.state.as_ref().map(|state| match fault {
        Some(fault) => format!("{}: {}: {}", state.name(), fault.code, fault.message),
        None => state.name().to_owned(),
    });
    let same_end = ran.state.as_ref().is_some_and(|state| state.name() == row.state)
        && fault.map(|fault| fault.code.clone()) == code_then;
    let (result, because) = match (&ran.unknown, fault) {
        (Some(unknown), _) => {
            let because = match &code_then {
                Some(code) => format!("it gets past {code}, then {unknown}"),
                None => unknown.clone(),
            };
            ("not_comparable", Some(because))
        }
        (None, _) if same_end && writes.is_empty() => ("same", None),
        (None, Some(_)) if !same_end => ("fault", None),
        _ => ("different", None),
    };
    // Writes behind the place where it could not go on were not left out: nobody knows.
    if ran.unknown.is_some() {
        writes.retain(|write| write.field("change").as_text() != Some("left out"));
    }
    let ended = match code_then {
        Some(code) => format!("{}: {code}", row.state),
        None => row.state.clone(),
    };
    Input { row, result, because, ended: Some(ended), would_end, writes }
}

fn head(flow: &str, step: &str, write: (&str, String), change: &str) -> Value {
    let (connection, what) = write;
    Value::of([
        ("flow", Value::text(flow)),
        ("step", Value::text(step)),
        ("write", Value::from(format!("{connection}: {what}"))),
        ("change", Value::text(change)),
    ])
}

/// A write that would be another; none where it is the same.
fn differs(made: &Made) -> Option<Value> {
    let write = (made.connection.as_str(), asked(&made.operation));
    let Some(then) = &made.then else {
        let body = differences::body(&made.request);
        return Some(head(&made.flow, &made.step, write, "new").with("would", body));
    };
    let found = differences::between(&then.request, &made.request);
    if found.is_empty() {
        return None;
    }
    let fields = found.into_iter().map(|one| {
        Value::of([("field", Value::from(one.field)), ("was", one.was), ("would", one.would)])
    });
    let write = head(&made.flow, &made.step, write, "otherwise");
    Some(write.with("fields", Value::list(fields.collect())))
}

fn left_out(flow: &str, write: &Written) -> Value {
    let what = (write.connection.as_str(), asked(&write.operation));
    let head = head(flow, &write.step, what, "left out");
    head.with("was", differences::body(&write.request))
}

impl Input {
    fn to_value(&self) -> Value {
        let text = |of: &Option<String>| of.as_deref().map_or(Value::Missing, Value::text);
        let title = self.row.title.clone().or_else(|| self.row.record.clone());
        Value::of([
            ("task", Value::text(&self.row.id)),
            ("record", title.map_or(Value::Missing, Value::from)),
            ("result", Value::text(self.result)),
            ("because", text(&self.because)),
            ("ended", text(&self.ended)),
            ("would_end", text(&self.would_end)),
            ("writes", Value::list(self.writes.clone())),
        ])
    }
}
