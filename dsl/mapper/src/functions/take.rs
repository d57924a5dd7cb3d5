//! `take`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, item, needs, takes};

/// The first items, at most so many.
pub(super) static FUNCTION: Function = Function {
    name: "take",
    params: &[takes("list", Takes::Any), needs("count", Takes::Int)],
    result: |t| item(t, 0).list(),
    gives: "list",
    fallible: false,
    doc: "The first items, at most so many.",
    examples: &[("take([1, 2, 3], 2)", "[1, 2]")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let count = call.count(1)?;
    Ok(Value::list(call.list(0)?.iter().take(count).cloned().collect()))
}
