//! `length`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The number of characters of a text.
pub(super) static FUNCTION: Function = Function {
    name: "length",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Int,
    gives: "int",
    fallible: false,
    doc: "The number of characters of a text.",
    examples: &[("length(\"åäö\")", "3")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let count = call.text(0)?.chars().count();
    Ok(Value::from(i64::try_from(count).unwrap_or(i64::MAX)))
}
