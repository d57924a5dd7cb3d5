//! One simulation from beginning to end.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tenon_store::{Row, Scan, Select, Store, Table};

use super::mutation::Mutation;
use super::node::{Node, start};
use super::people;
use super::plan::{Crash, Op, Plan};
use super::points::CrashPoint;
use super::rules::Rule;
use super::sim::{Sim, at_once};

/// How often people look after the engine.
const ATTENDED_MS: i64 = 20_000;
/// Longest time from the calm to the end, apart from how far the clock was set back.
const ENDS_WITHIN_MS: i64 = 3 * 3_600_000;
/// So many tasks at once never wait for a worker here.
const MANY_WORKERS: usize = 4;
/// How much later than it was due a timer may still stand.
const TIMER_SLACK_MS: i64 = 120_000;

/// How a simulation went.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// The first rule that was broken, and how.
    pub broken: Option<(Rule, String)>,
    /// Of the whole trace.
    pub hash: u64,
    /// The last lines of the trace.
    pub trace: Vec<String>,
    /// Lines in all.
    pub lines: usize,
    /// Points at which nodes died.
    pub reached: BTreeSet<CrashPoint>,
    /// Incarnations.
    pub nodes: usize,
    /// Tasks.
    pub tasks: usize,
    /// Writes that the ledger did.
    pub writes: u32,
    /// Milliseconds of simulated time.
    pub took_ms: i64,
}

/// A simulation under way.
pub struct Play {
    /// The world.
    pub sim: Arc<Sim>,
    /// The engine, while one lives.
    pub living: Arc<Mutex<Option<Arc<Node>>>>,
}

impl Play {
    /// The engine, while one lives.
    pub fn node(&self) -> Option<Arc<Node>> {
        self.living.lock().unwrap().clone()
    }
}

/// Plays a plan to its end, or to the first broken rule; keeps so many lines of the trace, and makes
/// none at all for 0.
pub fn play(plan: &Plan, mutation: Option<Mutation>, keep: usize) -> Report {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    tokio.block_on(async {
        let sim = Sim::new(plan.clone(), mutation, keep);
        tokio::spawn(sim.clone().write());
        let play = Play { sim: sim.clone(), living: Arc::default() };
        play.run().await;
        *play.living.lock().unwrap() = None;
        report(&sim)
    })
}

fn report(sim: &Sim) -> Report {
    let at = sim.at();
    let state = sim.state();
    Report {
        seed: sim.plan.seed,
        broken: state.watch.broken.first().cloned(),
        hash: state.trace.hash,
        trace: state.trace.lines(),
        lines: state.trace.count,
        reached: state.crashes.reached.clone(),
        nodes: state.watch.starts.len(),
        tasks: state.watch.tasks.len(),
        writes: state.books.created.values().chain(state.books.done.values()).sum(),
        took_ms: at,
    }
}

/// What the main loop does next.
#[derive(Debug, Clone, Copy)]
enum Next {
    Op(Op),
    Crash,
    Attend,
}

impl Play {
    fn is_broken(&self) -> bool {
        !self.sim.state().watch.broken.is_empty()
    }

    async fn run(&self) {
        let sim = &self.sim;
        let mut agenda: Vec<(i64, Next)> =
            sim.plan.ops.iter().map(|(at, op)| (*at, Next::Op(*op))).collect();
        agenda.extend(sim.plan.crashes.iter().filter_map(|crash| match crash {
            Crash::Time { at } => Some((*at, Next::Crash)),
            Crash::At { .. } => None,
        }));
        agenda.sort_by_key(|(at, _)| *at);
        let mut agenda = agenda.into_iter().peekable();
        let mut attend_at = ATTENDED_MS;
        self.revive().await;
        let ends_by = sim.plan.calm_from + ENDS_WITHIN_MS + sim.plan.set_back_ms();
        while !self.is_broken() {
            let due = agenda.peek().map_or(i64::MAX, |(at, _)| *at);
            let next = due.min(attend_at);
            if self.dies_before(next).await {
                self.revive().await;
                continue;
            }
            let what = if due <= attend_at { agenda.next().map(|(_, what)| what) } else { None };
            match what.unwrap_or(Next::Attend) {
                Next::Op(op) => people::begin(self, op),
                Next::Crash => {
                    let mut state = sim.state();
                    state.crashes.reached.insert(CrashPoint::AnyTime);
                    let epoch = state.epoch;
                    drop(state);
                    sim.die(epoch, "at a point in time");
                }
                Next::Attend => {
                    attend_at = sim.at() + ATTENDED_MS;
                    self.attend().await;
                    let over = agenda.peek().is_none() && sim.at() >= sim.plan.calm_from;
                    if over && self.is_over() {
                        break;
                    }
                    if sim.at() > ends_by {
                        self.does_not_end();
                    }
                }
            }
        }
        if !self.is_broken() {
            self.at_the_end();
        }
    }

    /// Lets time pass until then; true when the node died before.
    async fn dies_before(&self, until: i64) -> bool {
        let Some(node) = self.node() else { return true };
        let sim = &self.sim;
        let fatal = async {
            let why = node.runtime.fatal().await;
            sim.die(node.epoch, &why);
        };
        tokio::select! {
            biased;
            () = sim.died(node.epoch) => true,
            () = fatal => true,
            () = sim.pass(until - sim.at()) => false,
        }
    }

    /// The node is gone with all it had in memory; after a while another one starts on its disk.
    async fn revive(&self) {
        let sim = &self.sim;
        loop {
            *self.living.lock().unwrap() = None;
            sim.crash_disk();
            sim.acknowledged_is_kept();
            if self.is_broken() {
                return;
            }
            let first = sim.state().epoch == 0;
            let down = sim.state().dice.pick(&[0, 10, 1_000, 30_000]);
            if !first {
                sim.pass(down).await;
            }
            let Some(node) = start(sim).await else { continue };
            if !node.connect(sim).await {
                sim.die(node.epoch, "it could not be connected");
                continue;
            }
            *self.living.lock().unwrap() = Some(node);
            return;
        }
    }

    async fn attend(&self) {
        let Some(node) = self.node() else { return };
        let sim = &self.sim;
        self.every_wait_has_a_reason(&node).await;
        tokio::select! {
            biased;
            () = sim.died(node.epoch) => {}
            () = people::attend(sim, &node) => {}
        }
    }

    /// Rule 4: of every open task.
    async fn every_wait_has_a_reason(&self, node: &Node) {
        let sim = &self.sim;
        let page = at_once(sim.rows().scan(Scan::new(Select::OpenTasks))).unwrap();
        for row in page.rows {
            let Row::Task(row) = row else { continue };
            let Ok(why) = node.runtime.why(&row.id).await else {
                sim.breaks(Rule::EveryWaitHasAReason, format!("{} cannot say why", row.id));
                continue;
            };
            let links = why.field("chain").items();
            let silent = links.iter().any(|link| link.field("because").is_blank());
            let last = links.last().cloned().unwrap_or_default();
            let stands = matches!(last.field("state").as_text(), Some("needs_person" | "waiting"));
            let helpless = stands && why.field("verbs").items().is_empty();
            let until =
                last.at("reason.until_ms").as_number().and_then(tenon_value::Number::to_i64);
            let overdue = until.is_some_and(|until| until + TIMER_SLACK_MS < sim.node_ms());
            // Few workers and a system that does not answer make a due timer wait for a worker.
            let overdue = overdue && sim.plan.setup.tasks_at_once > MANY_WORKERS;
            if links.is_empty() || silent || helpless || overdue {
                let why = tenon_value::json::write(&why);
                let how = format!("silent {silent}, helpless {helpless}, overdue {overdue}: {why}");
                sim.breaks(Rule::EveryWaitHasAReason, how);
            }
        }
    }

    /// Whether nothing moves any more and all is as it should be.
    fn is_over(&self) -> bool {
        self.sim.state().busy == 0 && self.open().is_empty() && self.difference().is_none()
    }

    fn open(&self) -> Vec<String> {
        let state = self.sim.state();
        let open = state.watch.tasks.values().filter(|task| {
            !matches!(
                task.state,
                tenon_machine::State::Done
                    | tenon_machine::State::Skipped(_)
                    | tenon_machine::State::Cancelled { .. }
            )
        });
        open.map(|task| format!("{} of {}: {:?}", task.id, task.record, task.state)).collect()
    }

    fn difference(&self) -> Option<String> {
        let state = self.sim.state();
        state.books.difference(&state.watch.left_out)
    }

    fn does_not_end(&self) {
        let open = self.open();
        match self.difference() {
            Some(difference) if open.is_empty() => {
                self.sim.breaks(Rule::AcknowledgedIsKept, difference);
            }
            _ => {
                let busy = self.sim.state().busy;
                let how = format!("{busy} still speak, open: {open:#?}");
                self.sim.breaks(Rule::EverythingEnds, how);
            }
        }
    }

    fn at_the_end(&self) {
        let sim = &self.sim;
        sim.acknowledged_is_kept();
        sim.an_outage_spends_no_budget();
        sim.journals_load();
        sim.references_are_whole();
        for table in [Table::Lock, Table::Timer] {
            let left = at_once(sim.rows().scan(Scan::new(Select::All(table)))).unwrap().rows;
            if !left.is_empty() {
                sim.breaks(Rule::NothingIsLeftBehind, format!("{left:?}"));
            }
        }
    }
}

impl Sim {
    /// Rule 8, at the end: the stored journal loads to what was folded from it.
    fn journals_load(&self) {
        let rows = self.rows();
        let tasks: Vec<_> = self.state().watch.tasks.values().cloned().collect();
        for task in tasks {
            let select = Select::Events { task: task.id.0.clone(), from: 0 };
            let page = at_once(rows.scan(Scan::new(select).limit(10_000))).unwrap();
            let bodies: Vec<Vec<u8>> = page
                .rows
                .into_iter()
                .filter_map(|row| if let Row::Event(row) = row { Some(row.body) } else { None })
                .collect();
            let loaded =
                tenon_machine::Task::load(task.id.clone(), bodies.iter().map(Vec::as_slice));
            let same = loaded.as_ref().is_ok_and(|loaded| {
                loaded.state == task.state
                    && loaded.length == task.length
                    && loaded.steps == task.steps
                    && loaded.locks == task.locks
                    && loaded.links == task.links
            });
            if !same {
                self.breaks(Rule::TheJournalReplays, format!("{}: {loaded:?}", task.id));
            }
        }
    }

    /// Rule 9, at the end: every record that we made in the ledger has its reference.
    fn references_are_whole(&self) {
        let rows = self.rows();
        let page = at_once(rows.scan(Scan::new(Select::All(Table::Reference)).limit(10_000)));
        let known: BTreeSet<String> = page
            .unwrap()
            .rows
            .into_iter()
            .filter_map(|row| if let Row::Reference(row) = row { Some(row.target) } else { None })
            .collect();
        let state = self.state();
        let lost = state.books.ledger.iter().find(|(id, doc)| {
            let marker = doc.fields.field("Marker").plain().unwrap_or_default();
            !known.contains(*id) && !state.watch.left_out.contains(&marker)
        });
        let lost = lost.map(|(id, doc)| format!("{id} has no reference: {:?}", doc.fields));
        drop(state);
        if let Some(lost) = lost {
            self.breaks(Rule::ReferencesAgree, lost);
        }
    }
}
