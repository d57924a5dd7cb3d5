//! `is_whole`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// Whether nothing but zeros stands after the point.
pub(super) static FUNCTION: Function = Function {
    name: "is_whole",
    params: &[needs("value", Takes::Number)],
    result: |_| Type::Bool,
    gives: "bool",
    fallible: false,
    doc: "Whether nothing but zeros stands after the point.",
    examples: &[("is_whole(25.0)", "true"), ("is_whole(25.5)", "false")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::Bool(call.number(0)?.is_whole()))
}
