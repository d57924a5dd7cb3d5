//! `scale`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The digits after the point of a number.
pub(super) static FUNCTION: Function = Function {
    name: "scale",
    params: &[needs("value", Takes::Number)],
    result: |_| Type::Int,
    gives: "int",
    fallible: false,
    doc: "The digits after the point of a number.",
    examples: &[("scale(1.50)", "2")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::from(i64::from(call.number(0)?.scale())))
}
