//! Rhai scripts: the fallback for what an expression can't say.
//!
//! Deterministic and capped: exact decimals instead of floats, our own `/` and `round`, no clock, no
//! I/O, no `eval`, bounds on operations, depth and sizes. `print` goes to the trace.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use rhai::{AST, Dynamic, Engine, EvalAltResult, FuncArgs, Map, ParseError, Position, Scope};
use tenon_source::{Diagnostic, File, Span};
use tenon_value::{Class, Decimal, Fault, Number, Record, Rounding, Value};

use crate::host::EvalError;

/// Operations one call may take.
const MAX_OPERATIONS: u64 = 500_000;

thread_local! {
    static PRINTED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

static ENGINE: LazyLock<Engine> = LazyLock::new(engine);

/// The compiled scripts of an integration.
#[derive(Debug, Clone, Default)]
pub struct Scripts {
    files: BTreeMap<String, Arc<AST>>,
}

impl Scripts {
    /// Compiles Rhai files. What does not compile is left out and reported as file, line and
    /// message.
    #[must_use]
    pub fn compile(files: &BTreeMap<String, String>) -> (Scripts, Vec<(String, usize, String)>) {
        let mut scripts = Scripts::default();
        let mut findings = Vec::new();
        for (name, text) in files {
            match ENGINE.compile(text) {
                Ok(ast) => {
                    scripts.files.insert(name.clone(), Arc::new(ast));
                }
                Err(error) => {
                    findings.push((name.clone(), line(error.position()), wording(&error)));
                }
            }
        }
        (scripts, findings)
    }

    /// The functions of a file with their numbers of parameters.
    #[must_use]
    pub fn functions(&self, file: &str) -> Vec<(String, usize)> {
        self.files.get(file).map_or_else(Vec::new, |ast| {
            ast.iter_functions().map(|f| (f.name.to_owned(), f.params.len())).collect()
        })
    }

    /// Whether the file compiled.
    #[must_use]
    pub fn has(&self, file: &str) -> bool {
        self.files.contains_key(file)
    }

    /// Calls `file.rhai::function`; what it printed comes second.
    ///
    /// # Errors
    /// `SCRIPT_MISSING` and `SCRIPT_FAILED`, with file and line.
    pub fn call(&self, name: &str, args: &[Value]) -> Result<(Value, Vec<String>), EvalError> {
        let missing = || {
            let fault = Fault::new(
                "SCRIPT_MISSING",
                Class::Mapping,
                format!("there is no script function `{name}`"),
            );
            EvalError::Fault(Box::new(fault.hint("deploy the flow again with its scripts")))
        };
        let (file, function) = name.split_once("::").ok_or_else(missing)?;
        let ast = self.files.get(file).ok_or_else(missing)?;
        PRINTED.with_borrow_mut(Vec::clear);
        let args = Arguments(args.iter().map(to_dynamic).collect());
        let result = ENGINE.call_fn::<Dynamic>(&mut Scope::new(), ast, function, args);
        let printed = PRINTED.take();
        match result {
            Ok(value) => Ok((from_dynamic(&value, name)?, printed)),
            Err(error) => Err(failed(file, &error)),
        }
    }
}

struct Arguments(Vec<Dynamic>);

impl FuncArgs for Arguments {
    fn parse<ARGS: Extend<Dynamic>>(self, args: &mut ARGS) {
        args.extend(self.0);
    }
}

fn line(position: Position) -> usize {
    position.line().unwrap_or(1)
}

/// The parser's message without its position, which stands in the finding.
fn wording(error: &ParseError) -> String {
    error.err_type().to_string()
}

fn failed(file: &str, error: &EvalAltResult) -> EvalError {
    let inner = error.unwrap_inner();
    let at = inner.position();
    let at = format!("{}:{}", line(at), at.position().unwrap_or(1));
    let mut message = inner.to_string();
    if let Some(end) = message.find(" (line ") {
        message.truncate(end);
    }
    if let Some(own) = message.strip_prefix("Runtime error: ") {
        message = own.to_owned();
    }
    let fault = Fault::new("SCRIPT_FAILED", Class::Mapping, format!("{file}:{at}: {message}"))
        .hint("correct the script, deploy it, and retry with the latest graph");
    EvalError::Fault(Box::new(fault))
}

fn engine() -> Engine {
    let mut engine = Engine::new();
    engine.set_fast_operators(false);
    engine.set_max_operations(MAX_OPERATIONS);
    engine.set_max_call_levels(32);
    engine.set_max_expr_depths(64, 32);
    engine.set_max_string_size(1_000_000);
    engine.set_max_array_size(20_000);
    engine.set_max_map_size(5_000);
    engine.set_max_variables(256);
    engine.set_max_functions(256);
    engine.register_fn("sleep", |_: i64| -> Failing<()> { Err("scripts can't wait".into()) });
    for symbol in ["eval", "import", "export"] {
        engine.disable_symbol(symbol);
    }
    engine.on_print(|text| {
        PRINTED.with_borrow_mut(|lines| {
            if lines.len() < 200 {
                lines.push(text.chars().take(2_000).collect());
            }
        });
    });
    engine.on_debug(|_, _, _| {});
    arithmetic(&mut engine);
    engine
}

type Failing<T> = Result<T, Box<EvalAltResult>>;

fn exact(result: Result<Number, tenon_value::NumberError>) -> Failing<Dynamic> {
    result.map(|n| dynamic_number(n, false)).map_err(|e| e.to_string().into())
}

/// Exact arithmetic in every combination of whole numbers and decimals; `/` never truncates.
fn arithmetic(engine: &mut Engine) {
    type Operation = fn(Number, Number) -> Result<Number, tenon_value::NumberError>;
    let operations: [(&str, Operation); 5] = [
        ("+", Number::add),
        ("-", Number::subtract),
        ("*", Number::multiply),
        ("/", |a, b| a.divide(b).map(Number::normalised)),
        ("%", Number::remainder),
    ];
    for (name, operation) in operations {
        let d = Number::from_decimal;
        engine.register_fn(name, move |a: Decimal, b: Decimal| exact(operation(d(a), d(b))));
        engine.register_fn(name, move |a: Decimal, b: i64| exact(operation(d(a), b.into())));
        engine.register_fn(name, move |a: i64, b: Decimal| exact(operation(a.into(), d(b))));
        engine.register_fn(name, move |a: i64, b: i64| {
            operation(a.into(), b.into())
                .map(|n| dynamic_number(n, true))
                .map_err(|e| -> Box<EvalAltResult> { e.to_string().into() })
        });
    }
    engine.register_fn("round", |x: Decimal, scale: i64, mode: &str| round(x, scale, mode));
    engine.register_fn("round", |x: i64, scale: i64, mode: &str| round(x.into(), scale, mode));
    engine.register_fn("decimal", |x: i64| Decimal::from(x));
    engine.register_fn("decimal", |x: &str| -> Failing<Decimal> {
        Number::parse(x.trim()).map(Number::decimal).map_err(|e| e.to_string().into())
    });
}

fn round(x: Decimal, scale: i64, mode: &str) -> Failing<Decimal> {
    let scale = u32::try_from(scale).ok().filter(|s| *s <= 28);
    match (scale, Rounding::named(mode)) {
        (Some(scale), Some(mode)) => Ok(Number::from_decimal(x).round(scale, mode).decimal()),
        (None, _) => Err("a scale from 0 to 28 is needed".into()),
        (_, None) => Err(format!("`{mode}` is no rounding mode").into()),
    }
}

/// A number for a script: whole ones as integers where `whole` says so.
fn dynamic_number(number: Number, whole: bool) -> Dynamic {
    match number.to_i64() {
        Some(int) if whole && number.scale() == 0 => Dynamic::from_int(int),
        _ => Dynamic::from_decimal(number.decimal()),
    }
}

fn to_dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Missing | Value::Null => Dynamic::UNIT,
        Value::Bool(b) => Dynamic::from_bool(*b),
        Value::Number(n) => dynamic_number(*n, true),
        Value::Text(t) => Dynamic::from(t.to_string()),
        Value::Money(m) => Dynamic::from_map(Map::from([
            ("amount".into(), Dynamic::from_decimal(m.amount.decimal())),
            ("currencyCode".into(), Dynamic::from(m.currency.code().to_owned())),
        ])),
        Value::Date(_) | Value::DateTime(_) | Value::Duration(_) => {
            Dynamic::from(value.plain().unwrap_or_default())
        }
        Value::List(items) => Dynamic::from_array(items.iter().map(to_dynamic).collect()),
        Value::Record(fields) => Dynamic::from_map(
            fields.iter().map(|(k, v)| (k.as_ref().into(), to_dynamic(v))).collect(),
        ),
    }
}

fn from_dynamic(value: &Dynamic, name: &str) -> Result<Value, EvalError> {
    if value.is_unit() {
        return Ok(Value::Missing);
    }
    if let Ok(b) = value.as_bool() {
        return Ok(Value::Bool(b));
    }
    if let Ok(int) = value.as_int() {
        return Ok(Value::from(int));
    }
    if let Ok(decimal) = value.as_decimal() {
        return Ok(Value::Number(Number::from_decimal(decimal)));
    }
    if value.is_string() || value.is_char() {
        return Ok(Value::from(value.to_string()));
    }
    if let Ok(items) = value.as_array_ref() {
        return Ok(Value::list(
            items.iter().map(|i| from_dynamic(i, name)).collect::<Result<_, _>>()?,
        ));
    }
    if let Ok(map) = value.as_map_ref() {
        let mut fields = Record::new();
        for (key, item) in map.iter() {
            let item = from_dynamic(item, name)?;
            if item != Value::Missing {
                fields.insert(Arc::from(key.as_str()), item);
            }
        }
        return Ok(Value::record(fields));
    }
    Err(EvalError::fault(
        "SCRIPT_FAILED",
        format!("{name} gave a {}, which is no value of ours", value.type_name()),
    ))
}

/// Findings about Rhai files: what does not compile, with its place.
#[must_use]
pub fn check_scripts(files: &[Arc<File>]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for file in files {
        let Err(error) = ENGINE.compile(&file.text) else { continue };
        let at = offset(&file.text, error.position());
        let rest = file.text.get(at..).unwrap_or_default();
        let width = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').count().max(1);
        let end = at.saturating_add(width).min(file.text.len());
        let message = format!("this script can't be read: {}", wording(&error));
        found.push(Diagnostic::error("M026", Span::new(file, at.min(end)..end), message));
    }
    found
}

/// The byte of a line and a column.
fn offset(text: &str, position: Position) -> usize {
    let Some(line) = position.line() else { return text.len().saturating_sub(1) };
    let column = position.position().unwrap_or(1);
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let inside = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    before.saturating_add(inside)
}

/// Functions of a script's text with their numbers of parameters, found without compiling it.
pub(crate) fn functions_of(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for after in text.split("fn ").skip(1) {
        let Some((name, rest)) = after.split_once('(') else { continue };
        let Some((params, _)) = rest.split_once(')') else { continue };
        let name = name.trim();
        if name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            let count = params.split(',').filter(|p| !p.trim().is_empty()).count();
            found.push((name.to_owned(), count));
        }
    }
    found
}
