//! `plain_number`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A number without zeros at its end: 25.00 becomes 25.
pub(super) static FUNCTION: Function = Function {
    name: "plain_number",
    params: &[needs("value", Takes::Number)],
    result: |_| Type::Decimal,
    gives: "decimal",
    fallible: false,
    doc: "A number without zeros at its end: 25.00 becomes 25.",
    examples: &[("text(plain_number(25.00))", "\"25\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::Number(call.number(0)?.normalised()))
}
