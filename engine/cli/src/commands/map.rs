//! `tenon map`: mappings and expressions without an engine.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use chrono::{DateTime, FixedOffset};
use tenon_flow::Integration;
use tenon_mapper::{
    Env, EvalError, Host, MappingProgram, NoHost, ReadKey, Scope, Scripts, Trace, Type, table_key,
};
use tenon_value::{Value, json};

use crate::arguments::{Map, MapEval, MapRun};
use crate::commands::{pair, value_of};
use crate::exit::{Ended, Failure};
use crate::project;

/// Runs the command: a fault goes to standard error as JSON, with exit code 1.
///
/// # Errors
/// When the input or the integration can't be read.
pub fn run(command: Map) -> Ended {
    match command {
        Map::Run(run) => make(&run, false),
        Map::Explain(run) => make(&run, true),
        Map::Eval(eval) => evaluate(&eval),
    }
}

/// A JSON document from a file or standard input.
fn input(path: &Path) -> Result<Value, Failure> {
    let wrong = |e: std::io::Error| Failure::usage(format!("{}: {e}", path.display()));
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map_err(wrong)?;
    } else {
        bytes = std::fs::read(path).map_err(wrong)?;
    }
    json::read_bytes(&bytes).map_err(|e| Failure::findings(format!("{}: {e}", path.display())))
}

/// What is stored, as far as the command line says it.
struct Told {
    integration: Integration,
    settings: BTreeMap<String, Value>,
    references: BTreeMap<(String, String), String>,
    scripts: Scripts,
}

impl Told {
    fn new(integration: Integration, run: &MapRun) -> Result<Told, Failure> {
        let mut settings: BTreeMap<String, Value> = integration
            .settings
            .iter()
            .filter_map(|(name, setting)| Some((name.clone(), setting.default.clone()?)))
            .collect();
        for word in &run.settings {
            let (name, value) = pair(word)?;
            if !integration.settings.contains_key(name) {
                let near =
                    tenon_source::near(name, integration.settings.keys().map(String::as_str));
                let failure = Failure::usage(format!("there is no setting {name}"));
                return Err(match near {
                    Some(near) => failure.hint(format!("did you mean {near}?")),
                    None => failure,
                });
            }
            settings.insert(name.to_owned(), value_of(value));
        }
        let mut references = BTreeMap::new();
        for word in &run.references {
            let (source, target) = word.rsplit_once('=').unwrap_or((word, ""));
            let (entity, id) = source.split_once(':').unwrap_or(("", ""));
            if entity.is_empty() || target.is_empty() {
                return Err(Failure::usage(format!("`{word}` is not written ENTITY:ID=TARGET")));
            }
            references.insert((entity.to_owned(), id.to_owned()), target.to_owned());
        }
        let (scripts, _) = Scripts::compile(&integration.scripts);
        Ok(Told { integration, settings, references, scripts })
    }
}

impl Host for Told {
    fn read(&self, key: &ReadKey) -> Result<Value, EvalError> {
        Ok(match key {
            ReadKey::Lookup { table, key } => {
                let rows =
                    self.integration.tables.get(&**table).map_or(&[][..], |table| &table.rows);
                let row = rows.iter().find(|(row, _)| table_key(row) == *key);
                row.map_or(Value::Missing, |(_, value)| value.clone())
            }
            ReadKey::Reference { entity, id } => {
                let target = self.references.get(&(entity.clone(), id.clone()));
                target.map_or(Value::Missing, |target| Value::text(target))
            }
            ReadKey::References { entity, id } => {
                let target = self.references.get(&(entity.clone(), id.clone()));
                let one = |id| Value::of([("part", Value::text("")), ("id", Value::text(id))]);
                Value::list(target.map(|target| one(target)).into_iter().collect())
            }
            ReadKey::Sent { .. } => Value::Missing,
            ReadKey::Setting { name } => {
                self.settings.get(&**name).cloned().unwrap_or(Value::Missing)
            }
        })
    }

    fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    fn started_at(&self) -> DateTime<FixedOffset> {
        let now = tenon_runtime::Seam::now_ms(&tenon_runtime::SystemSeam);
        tenon_value::time::from_millis(now).unwrap_or_else(|| DateTime::UNIX_EPOCH.fixed_offset())
    }
}

/// The mapping's records under their names.
fn sources(run: &MapRun, names: &[String]) -> Result<Scope, Failure> {
    let mut scope = Scope::new();
    let record = match (&run.kind, &run.input) {
        (Some(kind), _) => {
            let order = super::test::order(kind, run.draw).ok_or_else(|| {
                Failure::usage(format!("the sandbox has no order of the kind `{kind}`"))
                    .hint("`tenon explain kinds` lists them")
            })?;
            names.iter().for_each(|name| scope.set(name, Value::Missing));
            names.first().into_iter().for_each(|name| scope.set(name, order.clone()));
            return Ok(scope);
        }
        (None, Some(path)) => input(path)?,
        (None, None) => Value::Missing,
    };
    match names {
        [only] => scope.set(only, record),
        several => several.iter().for_each(|name| scope.set(name, record.field(name).clone())),
    }
    Ok(scope)
}

fn make(run: &MapRun, explain: bool) -> Ended {
    let connectors = project::connectors()?;
    let integration = project::integration(run.project.project.as_deref(), &connectors)?;
    let Some(program) = integration.mappings.get(&run.mapping) else {
        let known: Vec<&str> = integration.mappings.keys().map(String::as_str).collect();
        return Err(Failure::usage(format!("there is no mapping {}", run.mapping))
            .hint(format!("the mappings are {}", known.join(", "))));
    };
    let program = MappingProgram::from_text(&program.0)
        .map_err(|e| Failure::internal(format!("the mapping can't be loaded: {e}")))?;
    let names: Vec<String> = program.from().keys().cloned().collect();
    let scope = sources(run, &names)?;
    let told = Told::new(integration, run)?;
    let mut trace = Trace::default();
    let made = program.run(&scope, &told, None, explain.then_some(&mut trace));
    if explain {
        out!("{}", trace.render());
    }
    match made {
        Ok(made) => {
            made.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
            if !explain {
                outln!("{}", json::write_pretty(&made.record));
            }
            Ok(0)
        }
        Err(error) => Ok(fault(error)),
    }
}

fn evaluate(eval: &MapEval) -> Ended {
    let record = eval.input.as_deref().map(input).transpose()?.unwrap_or(Value::Missing);
    let mut env = Env { open: true, ..Env::default() };
    let mut scope = Scope::new();
    for (name, value) in record.as_record().into_iter().flatten() {
        env.scope.insert(name.to_string(), Type::Dyn);
        scope.set(name, value.clone());
    }
    env.scope.insert("input".to_owned(), Type::Dyn);
    scope.set("input", record);
    let (compiled, found) = tenon_mapper::compile_text(&eval.expression, &env, None);
    let Some(compiled) = compiled else {
        eprint!("{}", tenon_source::render(&found, project::human()));
        return Ok(1);
    };
    match compiled.program.eval(&scope, &NoHost::default()) {
        Ok(value) => {
            outln!("{}", json::write(&value));
            Ok(0)
        }
        Err(error) => Ok(fault(error)),
    }
}

/// Prints why there is no value, as JSON on standard error; gives the exit code.
fn fault(error: EvalError) -> u8 {
    let shown = match error {
        EvalError::Skip(skip) => Value::of([("skip", Value::from(skip.because))]),
        other => other.into_fault().map_or(Value::Missing, |fault| fault.to_value()),
    };
    eprintln!("{}", json::write(&shown));
    1
}
