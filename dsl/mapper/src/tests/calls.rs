//! Calls of every function, generated: what may be missing, what was not rounded, and what is of
//! another type is found for every parameter, and what is accepted runs without a fault of type.

use std::sync::Arc;

use indexmap::IndexMap;
use tenon_value::{Value, json};

use super::codes;
use crate::functions::{ALL, Function, Param, Takes};
use crate::{Env, EvalError, Field, NoHost, Scope, TableType, Type, compile_text};

/// A value of every kind, and one of each that may be missing and is.
const INPUT: &str = r#"{"text": "abc", "bool": true, "int": 2, "decimal": "1.50", "date": "2026-03-29",
    "money": {"amount": "10.00", "currencyCode": "SEK"}, "at": "2026-03-29T10:00:00Z",
    "texts": ["b", "a"], "ints": [2, 1], "record": {"text": "x"}}"#;

fn env() -> Env {
    let types = [
        ("text", Type::Text),
        ("bool", Type::Bool),
        ("int", Type::Int),
        ("decimal", Type::Decimal),
        ("money", Type::Money),
        ("date", Type::Date),
        ("at", Type::DateTime),
        ("texts", Type::Text.list()),
        ("ints", Type::Int.list()),
        ("record", Type::named("t.Inner")),
    ];
    let mut fields = IndexMap::new();
    for (name, ty) in types {
        let absent = format!("no_{name}");
        fields.insert(Arc::from(absent.as_str()), Field::of(ty.clone().optional()));
        fields.insert(Arc::from(name), Field::of(ty));
    }
    let mut env = Env::default();
    let inner = IndexMap::from([(Arc::from("text"), Field::of(Type::Text))]);
    env.types.add("t.Inner", inner);
    env.types.add("t.All", fields);
    env.scope.insert("r".to_owned(), Type::named("t.All"));
    let keys = IndexMap::from([("key".to_owned(), Type::Text)]);
    env.tables.insert("t".to_owned(), TableType { keys, value: Type::Text });
    env.scripts.insert("s.rhai".to_owned(), "fn f(a) { a }".to_owned());
    env.settings.insert("abc".to_owned(), Type::Text);
    env
}

fn scope() -> Scope {
    Scope::new().with("r", json::read(INPUT).unwrap())
}

/// The field of the input whose type a parameter takes.
fn field_for(function: &Function, param: &Param) -> &'static str {
    let numbers = ["sum", "allocate", "max", "min"];
    match (function.name, param.name) {
        (name, "list" | "weights") if numbers.contains(&name) => return "ints",
        ("max" | "min", _) => return "int",
        ("div", "else") => return "int",
        ("join", "list") => return "texts",
        ("merge", "b") => return "record",
        ("has" | "metafield", "record") => return "record",
        ("concat", _) => return "texts",
        (_, "list") => return "texts",
        _ => {}
    }
    match param.takes {
        Takes::Any | Takes::Text | Takes::OneOf(_) => "text",
        Takes::Bool => "bool",
        Takes::Number => "decimal",
        Takes::Int => "int",
        Takes::Amount => "decimal",
        Takes::Date => "date",
        Takes::DateTime => "at",
        Takes::Duration => "text",
        Takes::List => "texts",
        Takes::Record => "record",
        Takes::Lambda | Takes::Condition => "",
    }
}

/// An argument that is right, as text.
fn right(function: &Function, param: &Param) -> String {
    match (function.name, param.name, param.takes) {
        ("lookup", "table", _) => "\"t\"".to_owned(),
        ("script", "function", _) => "\"s.rhai::f\"".to_owned(),
        ("fail", "code", _) => "\"CODE\"".to_owned(),
        ("date" | "format_datetime", "zone", _) => "\"Europe/Stockholm\"".to_owned(),
        (_, "format", _) => "\"%Y\"".to_owned(),
        ("number" | "int" | "parse_number", _, _) => "\"12\"".to_owned(),
        ("parse_date", "text", _) => "\"2026-01-01\"".to_owned(),
        ("parse_datetime", ..) => "\"2026-01-01T00:00:00Z\"".to_owned(),
        ("duration", ..) => "\"1h\"".to_owned(),
        ("single", ..) => "[\"a\"]".to_owned(),
        ("currency_of", ..) => "r.money".to_owned(),
        (_, _, Takes::OneOf(words)) => format!("\"{}\"", words.first().unwrap()),
        (_, _, Takes::Lambda) if ["sum", "sort_by"].contains(&function.name) => "x => 1".to_owned(),
        (_, _, Takes::Lambda) if function.name == "flat_map" => "x => [x]".to_owned(),
        (_, _, Takes::Lambda) => "x => x".to_owned(),
        (_, _, Takes::Condition) => "x => true".to_owned(),
        _ => format!("r.{}", field_for(function, param)),
    }
}

/// A call with one argument replaced.
fn call(function: &Function, at: Option<(usize, &str)>) -> String {
    let mut arguments = Vec::new();
    for (n, param) in function.params.iter().enumerate() {
        let given = match at {
            Some((at, text)) if at == n => text.to_owned(),
            _ if (function.name, param.name) == ("script", "a") => right(function, param),
            _ if ["max", "min"].contains(&function.name) => right(function, param),
            _ if param.optional && !matches!(param.takes, Takes::OneOf(_)) => continue,
            _ => right(function, param),
        };
        arguments.push(format!("{} = {given}", param.name));
    }
    format!("{}({})", function.name, arguments.join(", "))
}

fn found(text: &str) -> String {
    codes(&compile_text(text, &env(), None).1)
}

#[test]
fn every_function_takes_arguments_of_its_own_types_and_runs() {
    let mut wrong = Vec::new();
    for function in ALL {
        let text = call(function, None);
        let (compiled, found) = compile_text(&text, &env(), None);
        let Some(compiled) = compiled else {
            wrong.push(format!("{text}: {}", codes(&found)));
            continue;
        };
        match compiled.program.eval(&scope(), &NoHost::default()) {
            Err(EvalError::Fault(fault))
                if ["MAP_WRONG_TYPE", "MAP_VALUE_MISSING"].contains(&fault.code.as_str()) =>
            {
                wrong.push(format!("{text}: {}", fault.message));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_may_be_missing_is_found_for_every_parameter_that_needs_a_value() {
    let mut wrong = Vec::new();
    for function in ALL {
        for (at, param) in function.params.iter().enumerate() {
            let beyond = function.name == "script" && at > 1;
            if beyond || matches!(param.takes, Takes::Lambda | Takes::Condition) {
                continue;
            }
            let absent = format!("r.no_{}", field_for(function, param));
            for argument in [absent.as_str(), "null", "omit"] {
                let text = call(function, Some((at, argument)));
                let found = found(&text);
                let wanted = if param.absent { "" } else { "M023" };
                let wanted = match (function.name, param.name) {
                    // The name of a table or a script stands there itself, a key is a value.
                    ("lookup", "table") => "M008",
                    ("lookup", "key") | ("div", "else") => "M023",
                    _ => wanted,
                };
                if found != wanted {
                    wrong.push(format!("{text}: {found}, not {wanted}"));
                    continue;
                }
                let Some(compiled) = compile_text(&text, &env(), None).0 else { continue };
                if let Err(EvalError::Fault(fault)) =
                    compiled.program.eval(&scope(), &NoHost::default())
                    && fault.code == "MAP_VALUE_MISSING"
                {
                    wrong.push(format!("{text}: {}", fault.message));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_value_of_another_type_is_found_for_every_parameter_that_says_its_type() {
    let mut wrong = Vec::new();
    for function in ALL {
        for (at, param) in function.params.iter().enumerate() {
            let other = match param.takes {
                Takes::Any | Takes::Lambda | Takes::Condition => continue,
                Takes::Record | Takes::List | Takes::Bool => "r.int",
                _ => "r.bool",
            };
            let text = call(function, Some((at, other)));
            let found = found(&text);
            let wanted =
                if (function.name, param.name) == ("lookup", "table") { "M008" } else { "M004" };
            if found != wanted {
                wrong.push(format!("{text}: {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_unrounded_quotient_never_becomes_an_exact_number_by_way_of_a_function() {
    let quotients = ["r.decimal / 3", "r.money / 3", "[r.decimal / 3]", "{ a = r.decimal / 3 }"];
    let mut wrong = Vec::new();
    for function in ALL {
        for (at, param) in function.params.iter().enumerate() {
            if matches!(param.takes, Takes::Lambda | Takes::Condition) || function.name == "script"
            {
                continue;
            }
            for quotient in quotients {
                let text = call(function, Some((at, quotient)));
                let (Some(compiled), _) = compile_text(&text, &env(), Some(&Type::Dyn)) else {
                    continue;
                };
                let Ok(value) = compiled.program.eval(&scope(), &NoHost::default()) else {
                    continue;
                };
                if digits_of(&value) > 8 {
                    wrong.push(format!("{text} gives {}", json::write(&value)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Most digits after the point of a number in a value.
fn digits_of(value: &Value) -> usize {
    let text = json::write(value);
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter_map(|number| number.split_once('.'))
        .map(|(_, after)| after.len())
        .max()
        .unwrap_or_default()
}
