//! Which documents a data directory runs, and how others take their place.
//!
//! What is deployed is one row, written with its graphs in one commit: after a crash the old documents
//! run, or the new ones, never some of each. Open tasks stay on their graphs until a person moves them.

mod plan;

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_graph::GraphHash;
use tenon_machine::{Fit, FitClass, Input, Verb};
use tenon_store::{Commit, Key, MetaRow, Row, Store};
use tenon_value::{Record, Value, json};

use crate::codes;
use crate::deployment::Deployment;
use crate::engine::{Engine, Integration, Runtime};
use crate::operate::By;
use crate::recover::{integrate, new_graph};
use crate::refusal::{Kind, Refusal};

use plan::Plan;

/// The name of the row.
const NAME: &str = "deployed";
/// Moves that are under way at once.
const AT_ONCE: usize = 64;

/// The documents of an integration, as texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Documents {
    /// The folder they were read from, for people.
    pub folder: String,
    /// Texts by path in the folder.
    pub files: BTreeMap<String, String>,
}

/// What a data directory runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployed {
    /// The integration.
    pub integration: String,
    /// Its documents.
    pub documents: Documents,
    /// The graph of each flow, as 64 hexadecimal digits.
    pub graphs: BTreeMap<String, String>,
    /// Who deployed them.
    pub by: String,
    /// Why.
    pub why: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

impl Deployed {
    /// What was deployed last to the directory of a store; none where nothing was.
    ///
    /// # Errors
    /// When the store or the row can't be read.
    pub async fn of(store: &dyn Store) -> Result<Option<Deployed>, Refusal> {
        let row = store.get(&Key::Meta { name: NAME.to_owned() }).await?;
        let Some(Row::Meta(row)) = row else { return Ok(None) };
        let unreadable = |why: String| {
            let message = format!("what is deployed here can't be read: {why}");
            Refusal::new(Kind::Internal, codes::DEPLOYED_UNREADABLE, message)
                .hint("deploy the documents again: `tenon deploy DIR`")
        };
        let value = json::read_bytes(&row.value).map_err(|e| unreadable(e.to_string()))?;
        let text = |name: &str| value.field(name).as_text().unwrap_or_default().to_owned();
        let files = texts(value.field("files"));
        if files.is_empty() {
            return Err(unreadable("it holds no documents".to_owned()));
        }
        let at_ms = value.field("at_ms").as_number().and_then(tenon_value::Number::to_i64);
        Ok(Some(Deployed {
            integration: text("integration"),
            documents: Documents { folder: text("folder"), files },
            graphs: texts(value.field("graphs")),
            by: text("by"),
            why: text("why"),
            at_ms: at_ms.unwrap_or_default(),
        }))
    }

    fn row(&self) -> MetaRow {
        let value = Value::of([
            ("integration", Value::text(&self.integration)),
            ("folder", Value::text(&self.documents.folder)),
            ("files", record(&self.documents.files)),
            ("graphs", record(&self.graphs)),
            ("by", Value::text(&self.by)),
            ("why", Value::text(&self.why)),
            ("at_ms", Value::from(self.at_ms)),
        ]);
        MetaRow { name: NAME.to_owned(), value: json::write(&value).into_bytes() }
    }
}

fn texts(value: &Value) -> BTreeMap<String, String> {
    let fields = value.as_record().into_iter().flatten();
    fields.filter_map(|(name, text)| Some((name.to_string(), text.as_text()?.to_owned()))).collect()
}

fn record(texts: &BTreeMap<String, String>) -> Value {
    let fields = texts.iter().map(|(name, text)| (Arc::from(name.as_str()), Value::text(text)));
    Value::record(fields.collect::<Record>())
}

/// Documents that are to run.
#[derive(Clone, Default)]
pub struct Deploy {
    /// The documents, compiled.
    pub deployment: Deployment,
    /// As texts.
    pub documents: Documents,
    /// Open tasks that go on by the new graphs: at most so far from fitting. None: all stay.
    pub moves: Option<FitClass>,
    /// Only says what would be.
    pub dry_run: bool,
}

impl Runtime {
    /// Lists what other documents would mean for each flow and each open or failed task; then, unless
    /// only that was asked, lets them run: new tasks start by them, open ones stay on their graphs or
    /// are moved as asked.
    ///
    /// # Errors
    /// When these documents can't take the place of what runs here, or the store can't take them.
    pub async fn deploy(&self, deploy: Deploy, by: &By) -> Result<Value, Refusal> {
        let engine = self.engine();
        let _one_at_a_time = engine.deploying.lock().await;
        let (integration, graphs) = integrate(&*engine.store, deploy.deployment.clone()).await?;
        plan::may_take_the_place(engine, &integration).await?;
        let before = Deployed::of(&*engine.store).await.or_else(forgive_unreadable)?;
        let runs = self.runs_now(&integration, before.as_ref()).await?;
        let plan = Plan::of(engine, (&integration, &graphs), &runs).await?;
        let same = before.as_ref().is_some_and(|before| {
            before.documents.files == deploy.documents.files && before.graphs == names(&integration)
        });
        let answer = plan
            .to_value(same)
            .with("integration", Value::text(&integration.deployment.integration))
            .with("folder", Value::text(&deploy.documents.folder));
        if deploy.dry_run {
            return Ok(answer.with("deployed", Value::Bool(false)));
        }
        if !same {
            let now = self.engine().seam.now_ms();
            let deployed = Deployed {
                integration: integration.deployment.integration.clone(),
                documents: deploy.documents,
                graphs: names(&integration),
                by: by.who.clone(),
                why: by.why.clone().unwrap_or_default(),
                at_ms: now,
            };
            self.store_deployed(&deployed, &integration, &plan, by).await?;
            for graph in graphs {
                engine.put_graph(graph);
            }
            run_from_now_on(engine, integration);
        }
        let (moved, refused) = self.move_all(&plan.to_move(deploy.moves), by).await;
        let count = |n: usize| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
        Ok(answer
            .with("deployed", Value::Bool(!same))
            .with("moved", count(moved))
            .with("refused", Value::list(refused)))
    }

    /// The graph that new tasks of each flow start by.
    async fn runs_now(
        &self,
        integration: &Integration,
        deployed: Option<&Deployed>,
    ) -> Result<BTreeMap<String, GraphHash>, Refusal> {
        let engine = self.engine();
        if engine.config.keeps_graphs {
            let now = engine.integration(&integration.deployment.integration)?;
            return Ok(now.newest.clone());
        }
        if let Some(deployed) = deployed {
            let graphs = deployed.graphs.iter();
            return Ok(graphs
                .filter_map(|(flow, hash)| {
                    Some((flow.clone(), GraphHash::try_from(hash.clone()).ok()?))
                })
                .collect());
        }
        plan::newest_stored(engine).await
    }

    /// Graphs, documents and a line in the audit log: all of it or nothing.
    async fn store_deployed(
        &self,
        deployed: &Deployed,
        integration: &Integration,
        plan: &Plan,
        by: &By,
    ) -> Result<(), Refusal> {
        let engine = self.engine();
        let mut commit = Commit::new().put(deployed.row());
        for (flow, hash) in &integration.newest {
            let Some(graph) = integration.deployment.graphs.get(flow) else { continue };
            if let Some(row) = new_graph(&*engine.store, (graph, *hash), deployed.at_ms).await? {
                commit = commit.put(row);
            }
        }
        let text = format!(
            "{} deployed from {}: {}",
            deployed.integration,
            deployed.documents.folder,
            plan.in_a_line()
        );
        commit = commit.put(self.audit_line(by, "deployed", &text));
        crate::turn::keep(engine, commit).await?;
        Ok(())
    }

    /// Moves tasks, some at once. Gives how many went, and the refusals of the others.
    async fn move_all(&self, tasks: &[(String, GraphHash)], by: &By) -> (usize, Vec<Value>) {
        let (mut moved, mut refused) = (0_usize, Vec::new());
        for some in tasks.chunks(AT_ONCE) {
            let mut under_way = Vec::with_capacity(some.len());
            for (task, to) in some {
                let verb = Verb::Move { to: *to, steps: BTreeMap::new() };
                let why = by.why.clone().unwrap_or_default();
                let input = Input::Verb { verb, by: by.who.clone(), why };
                under_way.push((task, self.begin_to_give(task, input).await));
            }
            for (task, begun) in under_way {
                let taken = match begun {
                    Begun::Done(taken) => taken,
                    Begun::UnderWay(taken) => match taken.await {
                        Ok(taken) => taken,
                        Err(_) => Err(crate::intake::stopping()),
                    },
                };
                match taken {
                    Ok(()) => moved = moved.saturating_add(1),
                    Err(refusal) => {
                        refused.push(refusal.to_value().with("task", Value::text(task)));
                    }
                }
            }
        }
        (moved, refused)
    }

    async fn begin_to_give(&self, task: &str, input: Input) -> Begun {
        if self.engine().config.idle {
            return Begun::Done(self.give(task, input).await);
        }
        Begun::UnderWay(self.engine().dispatcher.ask(&Arc::from(task), input))
    }
}

/// A verb on its way to a task.
enum Begun {
    Done(Result<(), Refusal>),
    UnderWay(tokio::sync::oneshot::Receiver<Result<(), Refusal>>),
}

/// What can't be read is replaced: deploying again is how it is mended.
fn forgive_unreadable(refusal: Refusal) -> Result<Option<Deployed>, Refusal> {
    match refusal.code == codes::DEPLOYED_UNREADABLE {
        true => Ok(None),
        false => Err(refusal),
    }
}

fn names(integration: &Integration) -> BTreeMap<String, String> {
    integration.newest.iter().map(|(flow, hash)| (flow.clone(), hash.to_string())).collect()
}

/// The documents are durable: what comes from now on goes by them. Settings and tables that people
/// changed stay as they are, for tasks under way too.
fn run_from_now_on(engine: &Arc<Engine>, integration: Integration) {
    let name = integration.deployment.integration.clone();
    let live = match engine.integration(&name) {
        Ok(before) => {
            let values = integration.live.now();
            before.live.change(|now| *now = (*values).clone());
            before.live.clone()
        }
        Err(_) => integration.live.clone(),
    };
    engine.put_integration(Arc::new(Integration { live, ..integration }));
    engine.deployed.send_modify(|times| *times = times.saturating_add(1));
    if engine.config.polls && !engine.config.idle {
        crate::poll::run(engine);
        crate::schedules::run(engine);
    }
}

/// What another graph means for a task, for people and programs.
pub(crate) fn fit_value(fit: &Fit) -> Value {
    let lines = fit.lines().iter().map(|line| Value::text(line)).collect();
    let pair = |(here, there): &(String, String)| {
        Value::of([("step", Value::text(here)), ("there", Value::text(there))])
    };
    Value::of([
        ("class", Value::text(fit.class().name())),
        ("stands", Value::list(fit.stands.iter().map(pair).collect())),
        ("renamed", Value::list(fit.renamed.iter().map(pair).collect())),
        ("says", Value::list(lines)),
    ])
}
