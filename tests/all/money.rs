//! The money set: `tests/money/*.json`, arithmetic whose end is stated beside how it was reached.
//!
//! A case has an `expression`, perhaps the names it reads (`input`) and the mapping's `rounding`; it
//! ends in `expect` (numbers with their scale, amounts as text with their currency) or in `fault`.
//! `arithmetic` says how a person gets there. Expectations come from rational numbers in another
//! language, never from this program.

use std::path::Path;
use std::sync::Arc;

use tenon_mapper::{Env, EvalError, NoHost, Scope, compile_text};
use tenon_value::{Number, Rounding, Value, json};

struct Case {
    name: String,
    case: Value,
}

fn cases() -> Vec<Case> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("money");
    let mut paths: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let Value::List(items) = json::read(&std::fs::read_to_string(&path).unwrap()).unwrap()
        else {
            panic!("{file} is no list")
        };
        for case in items.iter() {
            let name = case.field("name").as_text().expect("a case has a name");
            cases.push(Case { name: format!("{file}: {name}"), case: case.clone() });
        }
    }
    cases
}

/// What the case's expression comes to; a fault by its code, findings by theirs.
fn outcome(case: &Value) -> Result<Value, String> {
    let mut env = Env { open: true, ..Env::default() };
    env.money.rounding = case.field("rounding").as_text().map(|m| Rounding::named(m).unwrap());
    let mut scope = Scope::new();
    if let Value::Record(input) = case.field("input") {
        for (name, value) in input.iter() {
            scope.set(name, value.clone());
        }
    }
    let text = case.field("expression").as_text().expect("a case has an expression");
    let (compiled, found) = compile_text(text, &env, None);
    let Some(compiled) = compiled else {
        return Err(found.iter().map(|d| d.code).collect::<Vec<_>>().join(" "));
    };
    match compiled.program.eval(&scope, &NoHost::default()) {
        Ok(value) => Ok(value),
        Err(EvalError::Fault(fault) | EvalError::Failed(fault)) => Err(fault.code),
        Err(other) => Err(format!("{other:?}")),
    }
}

/// An outcome as it is compared: numbers with their scale, money with its currency.
fn shown(value: &Value) -> String {
    match value {
        Value::Money(money) => format!("\"{money}\""),
        Value::List(items) => {
            format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(","))
        }
        other => json::write(other),
    }
}

/// Why a case does not hold, or nothing.
fn wrong(case: &Value) -> Option<String> {
    let found = outcome(case);
    match (case.field("fault").as_text(), found) {
        (Some(wanted), Err(code)) => {
            (code != *wanted).then(|| format!("ended in {code}, not in {wanted}"))
        }
        (None, Ok(value)) => {
            let (found, wanted) = (shown(&value), shown(case.field("expect")));
            (found != wanted).then(|| format!("came to {found}, not to {wanted}"))
        }
        (Some(wanted), Ok(value)) => Some(format!("came to {}, not to {wanted}", shown(&value))),
        (None, Err(code)) => Some(format!("ended in {code}")),
    }
}

/// The expectations with one number each moved by a cent.
fn corrupted(expect: &Value) -> Vec<Value> {
    let cent = Number::parse("0.01").unwrap();
    match expect {
        Value::Number(number) => vec![Value::Number(number.add(cent).unwrap_or_else(|_| {
            // No digit is left for a cent: one whole unit instead.
            number.subtract(Number::ONE).unwrap()
        }))],
        Value::Text(text) => {
            let (amount, rest) = text.split_once(' ').unwrap_or((text, ""));
            let Ok(amount) = Number::parse(&amount.replace(',', ".")) else { return Vec::new() };
            let moved = amount.add(cent).unwrap().to_string();
            let moved = if text.contains(',') { moved.replace('.', ",") } else { moved };
            vec![Value::text(format!("{moved} {rest}").trim_end())]
        }
        Value::List(items) => (0..items.len())
            .flat_map(|n| {
                corrupted(&items[n]).into_iter().map(move |moved| {
                    let mut items = items.to_vec();
                    items[n] = moved;
                    Value::list(items)
                })
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_money_case_comes_to_what_its_arithmetic_says() {
    let cases = cases();
    assert!(cases.len() >= 250, "only {} cases", cases.len());
    let mut failed = Vec::new();
    for Case { name, case } in &cases {
        let arithmetic = case.field("arithmetic").as_text().unwrap_or_default();
        assert!(arithmetic.len() >= 12, "{name} does not say how its end is reached");
        if let Some(why) = wrong(case) {
            failed.push(format!("{name}: {why}\n    {arithmetic}"));
        }
    }
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

#[test]
fn every_money_case_fails_when_its_expectation_is_off_by_a_cent() {
    let (mut moved, mut unnoticed) = (0, Vec::new());
    for Case { name, case } in cases() {
        let Value::Record(fields) = &case else { panic!("{name} is no record") };
        let versions = corrupted(case.field("expect"));
        let numeric = !matches!(case.field("expect"), Value::Missing | Value::Bool(_));
        assert!(!numeric || !versions.is_empty(), "{name}: nothing to move");
        for version in versions {
            let mut fields = (**fields).clone();
            fields.insert(Arc::from("expect"), version);
            moved += 1;
            if wrong(&Value::record(fields)).is_none() {
                unnoticed.push(name.clone());
            }
        }
    }
    assert!(moved >= 250, "only {moved} expectations were moved");
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

#[test]
fn no_money_case_stands_twice() {
    let mut names: Vec<String> = cases().into_iter().map(|case| case.name).collect();
    names.sort();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}
