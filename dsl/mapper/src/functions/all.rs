//! `all`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs, takes};
use crate::types::Type;

/// Whether a condition holds for every item; true for an empty list.
pub(super) static FUNCTION: Function = Function {
    name: "all",
    params: &[takes("list", Takes::Any), needs("where", Takes::Condition)],
    result: |_| Type::Bool,
    gives: "bool",
    fallible: false,
    doc: "Whether a condition holds for every item; true for an empty list.",
    examples: &[("all([1, 2], x => x > 1)", "false"), ("all([], x => false)", "true")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    for item in call.list(0)?.iter() {
        if !call.holds(item)? {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}
