//! `zip`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::host::EvalError;
use crate::types::Type;

/// Pairs of items at the same place; lists of different length are a fault.
pub(super) static FUNCTION: Function = Function {
    name: "zip",
    params: &[needs("a", Takes::List), needs("b", Takes::List)],
    result: |_| Type::Dyn.list(),
    gives: "list<[a, b]>",
    fallible: true,
    doc: "Pairs of items at the same place; lists of different length are a fault.",
    examples: &[
        ("zip([1, 2], [\"a\", \"b\"])", "[[1, \"a\"], [2, \"b\"]]"),
        ("zip([1], [])", "fault MAP_WRONG_COUNT"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let (a, b) = (call.list(0)?, call.list(1)?);
    if a.len() != b.len() {
        return Err(EvalError::fault(
            "MAP_WRONG_COUNT",
            format!("two lists of {} and {} items can't be paired", a.len(), b.len()),
        ));
    }
    let pair = |(x, y): (&Value, &Value)| Value::list(vec![x.clone(), y.clone()]);
    Ok(Value::list(a.iter().zip(b.iter()).map(pair).collect()))
}
