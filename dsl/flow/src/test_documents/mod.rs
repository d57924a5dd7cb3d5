//! Tests beside the documents: `tests/*.test.yaml`.
//!
//! A document is a list of tests. A test names a `mapping` or a `flow`, its input, what is stored, and
//! what it expects; `tenon explain tests` lists every key. Numbers are compared with their scale, and
//! a text is never a number.

mod judge;
mod read;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use tenon_mapper::{EvalError, MappingProgram, Scope, Trace, table_key};
use tenon_source::{Diagnostic, File, Node, Severity, load, near};
use tenon_value::{Fault, Number, Value, json, time};

use crate::Integration;
use crate::shape::Found;
pub use judge::worth;
#[cfg(test)]
pub(crate) use read::{FLOW_KEYS, KEYS, REQUEST_KEYS};
pub use stored::Told;

/// Where inputs come from, what runs flows, and what time it is.
pub struct Around<'a> {
    /// An order of the sandbox by its kind and draw; none where there is no such kind.
    pub order: &'a dyn Fn(&str, u64) -> Option<Value>,
    /// The kinds there are.
    pub kinds: &'a [&'a str],
    /// Runs a flow to where it rests.
    ///
    /// # Errors
    /// Why it could not be run at all.
    pub flow: &'a dyn Fn(&FlowCase<'_>) -> Result<FlowEnd, String>,
    /// When the task started, as expressions see it, where a test says nothing else.
    pub started_at: DateTime<FixedOffset>,
    /// Takes what comes out as the new snapshot.
    pub update: bool,
}

/// A flow to be run for one record.
pub struct FlowCase<'a> {
    /// The integration.
    pub integration: &'a Integration,
    /// The flow.
    pub flow: &'a str,
    /// The source record, and what else the flow takes; by name.
    pub given: Value,
    /// What is stored.
    pub told: &'a Told,
    /// What systems answer, by step id: a record, `{ fault: CODE }`, or a list of those.
    pub answers: Value,
    /// When it starts.
    pub started_at: DateTime<FixedOffset>,
}

/// Where a flow came to rest.
#[derive(Debug, Clone, Default)]
pub struct FlowEnd {
    /// The task's state: `done`, `skipped`, `failed`, `waiting`, `needs_person`.
    pub state: String,
    /// The fault, where one ended it.
    pub fault: Option<Fault>,
    /// Why it was skipped.
    pub because: Option<String>,
    /// The writes that were sent, in order, those of child tasks among them.
    pub requests: Vec<Sent>,
    /// References that were made, by entity: `{ order: { ID: TARGET } }`.
    pub references: Value,
    /// Warnings of its mappings.
    pub warnings: Vec<String>,
    /// Answers of the test that nothing asked for, by step id.
    pub unasked: Vec<String>,
    /// Steps that were walked, by flow and position: true where it ran, false where its condition
    /// passed it over.
    pub walked: BTreeSet<(String, (u32, bool))>,
}

/// A write that was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The step's id.
    pub step: String,
    /// What it is: `create fortnox.order`, `update fortnox.order 7`, `fortnox.order.cancel 7`.
    pub operation: String,
    /// Method and path.
    pub request: String,
    /// The record that is written, or the arguments of an action.
    pub record: Value,
}

/// How one test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its title.
    pub title: String,
    /// `file:line:column` of it.
    pub place: String,
    /// What is not as expected; empty where it holds.
    pub wrong: Vec<String>,
    /// How many values it compared.
    pub compared: usize,
}

/// What the tests of a folder came to.
#[derive(Debug, Clone, Default)]
pub struct TestReport {
    /// The tests, in order.
    pub ran: Vec<Ran>,
    /// What is wrong with the documents.
    pub found: Vec<Diagnostic>,
    /// Candidates, arms, branches, ways of flows and table rows that no test reached.
    pub unreached: Vec<String>,
    /// How many there are to be reached.
    pub to_reach: usize,
    /// Snapshots that are new or changed, by file name; only where they are taken.
    pub snapshots: BTreeMap<String, String>,
}

impl TestReport {
    /// Whether a test does not hold or a document has an error.
    #[must_use]
    pub fn fails(&self) -> bool {
        let error = |found: &Diagnostic| found.severity == Severity::Error;
        self.ran.iter().any(|ran| !ran.wrong.is_empty()) || self.found.iter().any(error)
    }
}

/// Runs every test of `files`, which are the texts of the folder `tests` by name. `folder` is what
/// stands in front of a file's name in places.
#[must_use]
pub fn run_tests(
    folder: &str,
    files: &BTreeMap<String, String>,
    integration: &Integration,
    around: &Around<'_>,
) -> TestReport {
    let mut report = TestReport::default();
    let mut reached = Reached::of(integration);
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".test.yaml")) {
        let file = Arc::new(File { path: format!("{folder}{name}"), text: text.clone() });
        let (document, found) = load(file);
        report.found.extend(found);
        let Some(root) = &document.root else { continue };
        for node in read::tests(root, &mut report.found) {
            let mut found = Found::new();
            let test = Test { node, body: read::plain(node), files, integration, around };
            test.check(&mut found);
            let broken = found.iter().any(|d| d.severity == Severity::Error);
            report.found.append(&mut found);
            if broken {
                continue;
            }
            let title = test.body.field("test").plain().unwrap_or_default();
            let (wrong, compared) = match test.run(&mut reached, &mut report.snapshots) {
                Ok(done) => done,
                Err(why) => (vec![why], 0),
            };
            report.ran.push(Ran { title, place: node.span.place(), wrong, compared });
        }
    }
    report.to_reach = reached.spots.len();
    report.unreached = reached.missed();
    report
}

/// What tests have reached so far: everything there is, and whether it was.
struct Reached {
    spots: BTreeMap<String, bool>,
}

impl Reached {
    fn of(integration: &Integration) -> Reached {
        let mut reached = Reached { spots: BTreeMap::new() };
        for (name, table) in &integration.tables {
            for (key, _) in &table.rows {
                reached.note(row(name, key), false);
            }
        }
        for flow in integration.graphs.keys() {
            reached.flow(flow, integration, &|_| false);
        }
        for (name, program) in &integration.mappings {
            if let Ok(program) = MappingProgram::from_text(&program.0) {
                reached.mapping(name, &program, &Trace::default());
            }
        }
        reached
    }

    fn note(&mut self, spot: String, reached: bool) {
        *self.spots.entry(spot).or_default() |= reached;
    }

    fn mapping(&mut self, name: &str, program: &MappingProgram, trace: &Trace) {
        for (spot, reached) in program.reached(trace) {
            self.note(format!("mapping {name}, {spot}"), reached);
        }
    }

    /// Each step of a flow as one that runs, and where it has a condition, as one passed over.
    fn flow(
        &mut self,
        flow: &str,
        integration: &Integration,
        walked: &dyn Fn((u32, bool)) -> bool,
    ) {
        let nodes = integration.graphs.get(flow).map(|graph| &*graph.nodes).unwrap_or_default();
        for (at, node) in (0_u32..).zip(nodes) {
            let name = format!("flow {flow}, step {} in {}", node.id, node.place);
            self.note(format!("{name}: runs"), walked((at, true)));
            if node.when.is_some() {
                self.note(format!("{name}: is passed over"), walked((at, false)));
            }
        }
    }

    fn missed(&self) -> Vec<String> {
        let missed = self.spots.iter().filter(|(_, reached)| !**reached);
        missed.map(|(spot, _)| spot.clone()).collect()
    }
}

fn row(table: &str, key: &Value) -> String {
    format!("table {table}, row {}", json::write(&table_key(key)))
}

/// What a test came to: what differs, and how many values were compared.
type Judged = Result<(Vec<String>, usize), String>;

/// One test.
struct Test<'a> {
    node: &'a Node,
    body: Value,
    files: &'a BTreeMap<String, String>,
    integration: &'a Integration,
    around: &'a Around<'a>,
}

impl Test<'_> {
    /// Runs it and compares.
    fn run(&self, reached: &mut Reached, snapshots: &mut BTreeMap<String, String>) -> Judged {
        let started_at = self.started_at()?;
        let told = Told::new(&self.body, self.integration, started_at)?;
        let judged = match self.body.field("flow").as_text() {
            Some(flow) => self.run_flow(flow, &told, reached, snapshots),
            None => self.run_mapping(&told, reached, snapshots),
        };
        for (table, key) in told.rows_read() {
            if self.integration.tables.get(&table).is_some_and(|t| has_row(t, &key)) {
                reached.note(row(&table, &key), true);
            }
        }
        judged
    }

    fn run_mapping(
        &self,
        told: &Told,
        reached: &mut Reached,
        snapshots: &mut BTreeMap<String, String>,
    ) -> Judged {
        let name = self.body.field("mapping").as_text().unwrap_or_default();
        let program = self.integration.mappings.get(name);
        let program = program.ok_or_else(|| format!("there is no mapping `{name}`"))?;
        let program = MappingProgram::from_text(&program.0).map_err(|e| e.to_string())?;
        let names: Vec<&str> = program.from().keys().map(String::as_str).collect();
        let inputs = self.inputs(&names)?;
        let scope = inputs.iter().fold(Scope::new(), |scope, (n, v)| scope.with(n, v.clone()));
        let mut trace = Trace::default();
        let made = program.run(&scope, told, None, Some(&mut trace));
        reached.mapping(name, &program, &trace);
        let mut end = judge::End::new(&inputs);
        match made {
            Ok(made) => {
                end.snapshot = made.record.clone();
                end.record = Some(made.record);
                end.warnings = made.warnings;
            }
            Err(EvalError::Skip(skip)) => end.because = Some(skip.because),
            Err(error) => {
                let fault = error.into_fault();
                end.fault = Some(fault.ok_or("the mapping waits for stored state")?);
            }
        }
        end.judge(&self.body, self.files, self.around.update, snapshots)
    }

    fn run_flow(
        &self,
        flow: &str,
        told: &Told,
        reached: &mut Reached,
        snapshots: &mut BTreeMap<String, String>,
    ) -> Judged {
        let graph = self.integration.graphs.get(flow);
        let graph = graph.ok_or_else(|| format!("there is no flow `{flow}`"))?;
        let mut names = vec![graph.from.resource.as_str()];
        names.extend(graph.takes.iter().map(String::as_str));
        let inputs = self.inputs(&names)?;
        let given = inputs.iter().filter(|(_, value)| *value != Value::Missing);
        let given = Value::record(given.map(|(n, v)| (Arc::from(n.as_str()), v.clone())).collect());
        let case = FlowCase {
            integration: self.integration,
            flow,
            given,
            told,
            answers: self.body.field("answers").clone(),
            started_at: self.started_at()?,
        };
        let ended = (self.around.flow)(&case)?;
        for (flow, way) in &ended.walked {
            reached.flow(flow, self.integration, &|one| one == *way);
        }
        let mut end = judge::End::new(&inputs);
        end.take_flow(ended);
        end.judge(&self.body, self.files, self.around.update, snapshots)
    }

    fn started_at(&self) -> Result<DateTime<FixedOffset>, String> {
        let Some(text) = self.body.field("started_at").plain() else {
            return Ok(self.around.started_at);
        };
        time::parse_datetime(&text).ok_or_else(|| {
            format!("`started_at` is no instant: {text}; write 2026-03-10T09:30:00Z")
        })
    }

    /// The first name's record, and what the test says under the others.
    fn inputs(&self, names: &[&str]) -> Result<Vec<(String, Value)>, String> {
        let mut inputs = Vec::new();
        for (n, name) in names.iter().enumerate() {
            let given = self.body.field(name).clone();
            let value = if n == 0 && given.is_absent() { self.input()? } else { given };
            inputs.push(((*name).to_owned(), value));
        }
        Ok(inputs)
    }

    fn input(&self) -> Result<Value, String> {
        if let Some(kind) = self.body.field("kind").as_text() {
            let draw = self.body.field("draw").as_number().and_then(Number::to_i64).unwrap_or(0);
            let draw = u64::try_from(draw).map_err(|_| "`draw` is below zero".to_owned())?;
            return (self.around.order)(kind, draw).ok_or_else(|| {
                let near = near(kind, self.around.kinds.iter().copied());
                let near = near.map_or_else(String::new, |near| format!("; is it `{near}`?"));
                format!("the sandbox has no order of the kind `{kind}`{near}")
            });
        }
        match self.body.field("input") {
            Value::Text(file) => {
                let text = self.files.get(&**file);
                let text = text.ok_or_else(|| format!("there is no file tests/{file}"))?;
                json::read(text).map_err(|e| format!("tests/{file}: {e}"))
            }
            Value::Missing | Value::Null => {
                Err("the test has no input: `kind`, `input`, or the record under its own name"
                    .to_owned())
            }
            value => Ok(value.clone()),
        }
    }
}

fn has_row(table: &crate::Table, key: &Value) -> bool {
    table.rows.iter().any(|(row, _)| table_key(row) == *key)
}
