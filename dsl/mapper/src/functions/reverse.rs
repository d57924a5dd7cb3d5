//! `reverse`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, item, takes};

/// The items from last to first.
pub(super) static FUNCTION: Function = Function {
    name: "reverse",
    params: &[takes("list", Takes::Any)],
    result: |t| item(t, 0).list(),
    gives: "list",
    fallible: false,
    doc: "The items from last to first.",
    examples: &[("reverse([1, 2])", "[2, 1]")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::list(call.list(0)?.iter().rev().cloned().collect()))
}
