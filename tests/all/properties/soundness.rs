//! What the checker accepted never raises a type fault, and has the type the checker says.

use tenon_mapper::{EvalError, NoHost, Scope, Type, compile_text, parse, print};
use tenon_value::Value;

use super::programs::Author;
use super::schemas;
use crate::fuzz::Dice;

/// Programs that the checker accepts and that are then run.
const ACCEPTED: u32 = 10_000;

/// Codes that say a value was not of the type its expression had.
const TYPE_FAULTS: [&str; 2] = ["MAP_WRONG_TYPE", "MAP_VALUE_MISSING"];

/// Whether a value is of a type.
fn is_of(value: &Value, ty: &Type) -> bool {
    match (ty, value) {
        (Type::Dyn, _) => true,
        (Type::Optional(_), Value::Missing | Value::Null) => true,
        (Type::Optional(inner), _) => is_of(value, inner),
        (Type::Text, Value::Text(_))
        | (Type::Bool, Value::Bool(_))
        | (Type::Decimal | Type::Inexact, Value::Number(_))
        | (Type::Money | Type::MoneyBag | Type::InexactMoney, Value::Money(_))
        | (Type::Date, Value::Date(_))
        | (Type::DateTime, Value::DateTime(_))
        | (Type::Duration, Value::Duration(_))
        | (Type::Named(_) | Type::Record(_) | Type::Map(_), Value::Record(_)) => true,
        // The sum of no amounts is 0 without a currency; it adds to every amount.
        (Type::Money | Type::InexactMoney, Value::Number(number)) => number.is_zero(),
        (Type::Int, Value::Number(number)) => number.is_whole(),
        (Type::Enum(values), Value::Text(text)) => values.iter().any(|v| v == text),
        (Type::List(inner), Value::List(items)) => {
            // What is nullable inside of a record stays as it came, so items are looked at one deep.
            items.iter().all(|item| is_of(item, inner))
        }
        _ => false,
    }
}

#[test]
fn what_the_checker_accepts_never_raises_a_type_fault() {
    let (mut accepted, mut seed) = (0, 0_u64);
    let mut wrong = Vec::new();
    while accepted < ACCEPTED && wrong.len() < 12 {
        seed += 1;
        let mut dice = Dice::new(seed);
        let env = schemas::env(&mut dice);
        let names = vec![("r".to_owned(), Type::named("s.R0"))];
        let mut author = Author { dice: &mut dice, types: &env.types, names, slips: true };
        let wanted = author.wanted();
        let text = author.write(&wanted, 4);
        let (Some(compiled), _) = compile_text(&text, &env, None) else { continue };
        accepted += 1;
        for _ in 0..2 {
            let record = schemas::record(&mut dice, &env.types, "s.R0");
            let scope = Scope::new().with("r", record.clone());
            let host = NoHost::default();
            let ended = compiled.program.eval(&scope, &host);
            assert_eq!(ended, compiled.program.eval(&scope, &host), "seed {seed}: {text}");
            let watched = compiled.program.explain(&scope, &host).map(|made| made.value);
            assert_eq!(ended, watched, "watched, seed {seed}: {text}");
            let bad = match &ended {
                Err(EvalError::Fault(fault)) if TYPE_FAULTS.contains(&fault.code.as_str()) => {
                    format!("{}: {}", fault.code, fault.message)
                }
                Ok(value) if !is_of(value, &compiled.ty) => {
                    format!("{value:?} is no {}", compiled.ty)
                }
                _ => continue,
            };
            let input = tenon_value::json::write(&record);
            wrong.push(format!("seed {seed}: {text}\n  {bad}\n  r = {input}"));
            break;
        }
    }
    if seed > u64::from(ACCEPTED) {
        println!("{accepted} accepted of {seed}");
    }
    assert!(wrong.is_empty(), "{} in {accepted}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seed < u64::from(ACCEPTED) * 8, "the checker refused nearly everything: {seed} tries");
}

#[test]
fn a_generated_program_prints_as_itself() {
    for seed in 0..u64::from(ACCEPTED) {
        let mut dice = Dice::new(seed);
        let env = schemas::env(&mut dice);
        let names = vec![("r".to_owned(), Type::named("s.R0"))];
        let mut author = Author { dice: &mut dice, types: &env.types, names, slips: true };
        let wanted = author.wanted();
        let text = author.write(&wanted, 4);
        let Ok(ast) = parse::expression(&text) else { continue };
        let printed = print(&ast);
        let again = parse::expression(&printed).unwrap_or_else(|e| panic!("{printed}\n{e:?}"));
        assert_eq!(print(&again), printed, "seed {seed}: {text}");
    }
}
