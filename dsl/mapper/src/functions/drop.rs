//! `drop`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, item, needs, takes};

/// The items after the first so many.
pub(super) static FUNCTION: Function = Function {
    name: "drop",
    params: &[takes("list", Takes::Any), needs("count", Takes::Int)],
    result: |t| item(t, 0).list(),
    gives: "list",
    fallible: false,
    doc: "The items after the first so many.",
    examples: &[("drop([1, 2, 3], 2)", "[3]")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let count = call.count(1)?;
    Ok(Value::list(call.list(0)?.iter().skip(count).cloned().collect()))
}
