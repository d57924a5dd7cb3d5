//! `present`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, item, takes};

/// The items that are not blank.
pub(super) static FUNCTION: Function = Function {
    name: "present",
    params: &[takes("list", Takes::Any)],
    result: |t| item(t, 0).required().clone().list(),
    gives: "list",
    fallible: false,
    doc: "The items that are not blank.",
    examples: &[("present([\"a\", \"\", null])", "[\"a\"]")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::list(call.list(0)?.iter().filter(|i| !i.is_blank()).cloned().collect()))
}
