//! `ceiling`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The next whole number above.
pub(super) static FUNCTION: Function = Function {
    name: "ceiling",
    params: &[needs("value", Takes::Number)],
    result: |_| Type::Int,
    gives: "int",
    fallible: false,
    doc: "The next whole number above.",
    examples: &[("ceiling(1.2)", "2")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::Number(call.number(0)?.round(0, tenon_value::Rounding::Ceiling)))
}
