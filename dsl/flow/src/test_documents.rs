//! Tests beside the documents: `tests/*.test.yaml`.
//!
//! A document is a list of tests. One names a `mapping`, its input (`kind`: an order of the sandbox,
//! or `input`: a JSON file of the folder `tests`), and what is stored: `settings`, `references` by
//! entity, further table `rows` (`table: [{ key, value }]`). Other records of the mapping's `from`
//! stand under their own names. It expects a `fault` by its code, `skip`, or values: `expects` is a
//! list of `{ of, is, because }`, where `of` is an expression over `record` and the mapping's input.
//! Numbers are compared with their scale.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, FixedOffset};
use tenon_mapper::{
    Env, EvalError, Host, MappingProgram, NoHost, ReadKey, Scope, Scripts, Trace, Type,
    compile_text, table_key,
};
use tenon_source::{Diagnostic, File, Node, NodeKind, load};
use tenon_value::{Number, Value, json};

use crate::Integration;

/// Where inputs come from and what time it is.
pub struct Around<'a> {
    /// An order of the sandbox by its kind and draw; none where there is no such kind.
    pub order: &'a dyn Fn(&str, u64) -> Option<Value>,
    /// When the task started, as expressions see it.
    pub started_at: DateTime<FixedOffset>,
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
    /// What is wrong with the documents' YAML.
    pub found: Vec<Diagnostic>,
    /// Fallback candidates and table rows that no test reached.
    pub unreached: Vec<String>,
}

/// Runs every test of `files`, which are the texts of the folder `tests` by name.
#[must_use]
pub fn run_tests(
    files: &BTreeMap<String, String>,
    integration: &Integration,
    around: &Around<'_>,
) -> TestReport {
    let mut report = TestReport::default();
    let mut reached = Reached::default();
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".test.yaml")) {
        let file = Arc::new(File { path: name.clone(), text: text.clone() });
        let (document, found) = load(file);
        report.found.extend(found);
        for node in document.root.as_ref().map(Node::items).unwrap_or_default() {
            let test = Test { body: plain(node), files, integration, around };
            let title = test.body.field("test").plain().unwrap_or_default();
            let (wrong, compared) = match test.run(&mut reached) {
                Ok(done) => done,
                Err(why) => (vec![why], 0),
            };
            report.ran.push(Ran { title, place: node.span.place(), wrong, compared });
        }
    }
    report.unreached = reached.missed(integration);
    report
}

/// A node as a value: quoted scalars are texts, plain ones numbers, bools, null or texts.
fn plain(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Sequence(items) => Value::list(items.iter().map(plain).collect()),
        NodeKind::Mapping(entries) => Value::record(
            entries
                .iter()
                .map(|(key, value)| (Arc::from(key.text().unwrap_or_default()), plain(value)))
                .collect(),
        ),
        NodeKind::Scalar(scalar) => {
            let text = scalar.text.trim();
            match text {
                _ if scalar.style != tenon_source::Style::Plain => Value::text(&scalar.text),
                "missing" => Value::Missing,
                "null" | "" => Value::Null,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => Number::parse(text).map_or_else(|_| Value::text(text), Value::Number),
            }
        }
    }
}

/// What tests have reached so far.
#[derive(Default)]
struct Reached {
    candidates: BTreeMap<(String, String, String), bool>,
    rows: BTreeSet<(String, String)>,
}

impl Reached {
    fn take(&mut self, mapping: &str, trace: &Trace) {
        for field in &trace.fields {
            let path = without_indexes(&field.path);
            let mut note = |text: &str, reached: bool| {
                let key = (mapping.to_owned(), path.clone(), text.to_owned());
                *self.candidates.entry(key).or_default() |= reached;
            };
            field.tried.iter().for_each(|candidate| note(&candidate.text, true));
            field.untried.iter().for_each(|text| note(text, false));
        }
    }

    fn missed(&self, integration: &Integration) -> Vec<String> {
        let missed = self.candidates.iter().filter(|(_, reached)| !**reached);
        let mut all: Vec<String> = missed
            .map(|((mapping, path, text), _)| format!("mapping {mapping}, {path}: {text}"))
            .collect();
        for (name, table) in &integration.tables {
            for (key, _) in &table.rows {
                let key = json::write(&table_key(key));
                if !self.rows.contains(&(name.clone(), key.clone())) {
                    all.push(format!("table {name}, row {key}"));
                }
            }
        }
        all
    }
}

/// `OrderRows[0].Price` as `OrderRows[].Price`.
fn without_indexes(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        inside = (inside || c == '[') && c != ']';
        if !inside || c == '[' {
            out.push(c);
        }
    }
    out
}

/// One test.
struct Test<'a> {
    body: Value,
    files: &'a BTreeMap<String, String>,
    integration: &'a Integration,
    around: &'a Around<'a>,
}

impl Test<'_> {
    /// What differs, and how many values were compared; why it could not be run.
    fn run(&self, reached: &mut Reached) -> Result<(Vec<String>, usize), String> {
        let name = self.body.field("mapping").as_text().ok_or("the test names no `mapping`")?;
        let program = self.integration.mappings.get(name);
        let program = program.ok_or_else(|| format!("there is no mapping `{name}`"))?;
        let program = MappingProgram::from_text(&program.0).map_err(|e| e.to_string())?;
        let mut inputs: Vec<(String, Value)> = Vec::new();
        for (n, from) in program.from().keys().enumerate() {
            let given = self.body.field(from).clone();
            let value = if n == 0 && given.is_absent() { self.input()? } else { given };
            inputs.push((from.clone(), value));
        }
        let scope = inputs.iter().fold(Scope::new(), |scope, (n, v)| scope.with(n, v.clone()));
        let host = Told::new(self)?;
        let mut trace = Trace::default();
        let made = program.run(&scope, &host, None, Some(&mut trace));
        reached.take(name, &trace);
        reached.rows.extend(host.read.into_inner().unwrap_or_else(PoisonError::into_inner));
        self.judge(made.map(|made| made.record), &inputs)
    }

    fn input(&self) -> Result<Value, String> {
        if let Some(kind) = self.body.field("kind").as_text() {
            let draw = self.body.field("draw").as_number().and_then(Number::to_i64).unwrap_or(0);
            let draw = u64::try_from(draw).map_err(|_| "`draw` is below zero".to_owned())?;
            return (self.around.order)(kind, draw)
                .ok_or_else(|| format!("the sandbox has no order of the kind `{kind}`"));
        }
        match self.body.field("input") {
            Value::Text(file) => {
                let text = self.files.get(&**file);
                let text = text.ok_or_else(|| format!("there is no file tests/{file}"))?;
                json::read(text).map_err(|e| format!("tests/{file}: {e}"))
            }
            Value::Missing | Value::Null => {
                Err("the test has no input: `kind`, `input`, or the record itself".to_owned())
            }
            value => Ok(value.clone()),
        }
    }

    fn judge(
        &self,
        made: Result<Value, EvalError>,
        inputs: &[(String, Value)],
    ) -> Result<(Vec<String>, usize), String> {
        let came_to = match &made {
            Ok(_) => None,
            Err(EvalError::Skip(reason)) => Some(("skip", reason.clone())),
            Err(error) => {
                let fault = error.clone().into_fault();
                Some(("fault", fault.map_or_else(|| "pending".to_owned(), |f| f.code.to_string())))
            }
        };
        for kind in ["fault", "skip"] {
            let Some(wanted) = self.body.field(kind).plain() else { continue };
            let holds = came_to.as_ref().is_some_and(|(k, what)| *k == kind && *what == wanted);
            let found = came_to.map_or_else(|| "a record".to_owned(), |(k, w)| format!("{k} {w}"));
            let wrong = format!("came to {found}, not {kind} {wanted}");
            return Ok((if holds { Vec::new() } else { vec![wrong] }, 1));
        }
        let record = match made {
            Ok(record) => record,
            Err(EvalError::Skip(reason)) => return Err(format!("came to skip {reason}")),
            Err(error) => {
                let fault = error.into_fault();
                let said = fault.map_or_else(String::new, |f| format!("{}: {}", f.code, f.message));
                return Err(format!("came to fault {said}"));
            }
        };
        let expected = self.body.field("expects").items();
        if expected.is_empty() {
            return Err("the test expects nothing".to_owned());
        }
        let wrong = expected.iter().filter_map(|one| differs(one, &record, inputs)).collect();
        Ok((wrong, expected.len()))
    }
}

/// What is wrong with one expectation.
fn differs(expected: &Value, record: &Value, inputs: &[(String, Value)]) -> Option<String> {
    let Some(of) = expected.field("of").as_text() else {
        return Some("an expectation has no `of`".to_owned());
    };
    let is = expected.field("is");
    match worth(of, record, inputs) {
        Ok(value) if shown(&value) == shown(is) => None,
        Ok(value) => {
            let because = expected.field("because").plain();
            let because = because.map_or_else(String::new, |b| format!(" ({b})"));
            Some(format!("{of} is {}, not {}{because}", shown(&value), shown(is)))
        }
        Err(error) => Some(format!("{of}: {error}")),
    }
}

fn worth(of: &str, record: &Value, inputs: &[(String, Value)]) -> Result<Value, String> {
    let mut env = Env { open: true, ..Env::default() };
    let mut scope = Scope::new().with("record", record.clone());
    env.scope.insert("record".to_owned(), Type::Dyn);
    for (name, value) in inputs {
        env.scope.insert(name.clone(), Type::Dyn);
        scope.set(name, value.clone());
    }
    let (compiled, found) = compile_text(of, &env, None);
    let Some(compiled) = compiled else {
        return Err(found.first().map(|d| d.message.clone()).unwrap_or_default());
    };
    compiled.program.eval(&scope, &NoHost::default()).map_err(|error| match error.into_fault() {
        Some(fault) => fault.message,
        None => "has no value".to_owned(),
    })
}

/// Values as they are compared: texts, amounts and days as they are written.
fn shown(value: &Value) -> String {
    match value {
        Value::Missing => "missing".to_owned(),
        other => other.plain().unwrap_or_else(|| json::write(other)),
    }
}

/// What is stored, as far as a test says it.
struct Told {
    settings: BTreeMap<String, Value>,
    references: Value,
    rows: BTreeMap<String, Vec<(Value, Value)>>,
    scripts: Scripts,
    started_at: DateTime<FixedOffset>,
    read: Mutex<BTreeSet<(String, String)>>,
}

impl Told {
    fn new(test: &Test<'_>) -> Result<Told, String> {
        let own = test.integration.settings.iter();
        let mut settings: BTreeMap<String, Value> =
            own.filter_map(|(name, s)| Some((name.clone(), s.default.clone()?))).collect();
        for (name, value) in test.body.field("settings").as_record().into_iter().flatten() {
            if !test.integration.settings.contains_key(&**name) {
                return Err(format!("there is no setting `{name}`"));
            }
            settings.insert(name.to_string(), value.clone());
        }
        let tables = test.integration.tables.iter();
        let mut rows: BTreeMap<String, Vec<(Value, Value)>> =
            tables.map(|(name, table)| (name.clone(), table.rows.clone())).collect();
        for (table, more) in test.body.field("rows").as_record().into_iter().flatten() {
            let known = rows.get_mut(&**table);
            let known = known.ok_or_else(|| format!("there is no table `{table}`"))?;
            let more = more.items().iter();
            known.extend(more.map(|row| (row.field("key").clone(), row.field("value").clone())));
        }
        let (scripts, _) = Scripts::compile(&test.integration.scripts);
        Ok(Told {
            settings,
            references: test.body.field("references").clone(),
            rows,
            scripts,
            started_at: test.around.started_at,
            read: Mutex::default(),
        })
    }
}

impl Host for Told {
    fn read(&self, key: &ReadKey) -> Result<Value, EvalError> {
        Ok(match key {
            ReadKey::Lookup { table, key } => {
                let mut rows = self.rows.get(table).into_iter().flatten();
                let Some((_, value)) = rows.find(|(row, _)| table_key(row) == *key) else {
                    return Ok(Value::Missing);
                };
                let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
                read.insert((table.clone(), json::write(key)));
                value.clone()
            }
            ReadKey::Reference { entity, .. } => self.references.field(entity).clone(),
            ReadKey::References { entity, .. } => match self.references.field(entity) {
                Value::Missing | Value::Null => Value::Missing,
                Value::List(several) => Value::List(several.clone()),
                one => {
                    Value::list(vec![Value::of([("part", Value::text("")), ("id", one.clone())])])
                }
            },
            ReadKey::Sent { .. } => Value::Missing,
            ReadKey::Setting { name } => self.settings.get(name).cloned().unwrap_or_default(),
        })
    }

    fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    fn started_at(&self) -> DateTime<FixedOffset> {
        self.started_at
    }
}
