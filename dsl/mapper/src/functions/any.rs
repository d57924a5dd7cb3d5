//! `any`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs, takes};
use crate::types::Type;

/// Whether a condition holds for an item; for none of an empty list.
pub(super) static FUNCTION: Function = Function {
    name: "any",
    params: &[takes("list", Takes::Any), needs("where", Takes::Condition)],
    result: |_| Type::Bool,
    gives: "bool",
    fallible: false,
    doc: "Whether a condition holds for an item; for none of an empty list.",
    examples: &[("any([1, 2], x => x > 1)", "true"), ("any([], x => true)", "false")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    for item in call.list(0)?.iter() {
        if call.holds(item)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}
