//! `floor`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The next whole number below.
pub(super) static FUNCTION: Function = Function {
    name: "floor",
    params: &[needs("value", Takes::Number)],
    result: |_| Type::Int,
    gives: "int",
    fallible: false,
    doc: "The next whole number below.",
    examples: &[("floor(-1.5)", "-2")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::Number(call.number(0)?.round(0, tenon_value::Rounding::Floor)))
}
