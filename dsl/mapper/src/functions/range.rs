//! `range`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::host::EvalError;
use crate::types::Type;

/// The whole numbers from 0, so many (at most 10000).
pub(super) static FUNCTION: Function = Function {
    name: "range",
    params: &[needs("count", Takes::Int)],
    result: |_| Type::Int.list(),
    gives: "list<int>",
    fallible: true,
    doc: "The whole numbers from 0, so many (at most 10000).",
    examples: &[("range(3)", "[0, 1, 2]"), ("range(10001)", "fault MAP_LIMIT")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let count = call.count(0)?;
    if count > 10_000 {
        return Err(EvalError::fault("MAP_LIMIT", "a range has at most 10000 items"));
    }
    let whole = |n: usize| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
    Ok(Value::list((0..count).map(whole).collect()))
}
