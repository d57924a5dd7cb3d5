//! `has`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs, takes};
use crate::types::Type;

/// Whether a record has that field with a value.
pub(super) static FUNCTION: Function = Function {
    name: "has",
    params: &[takes("record", Takes::Any), needs("name", Takes::Text)],
    result: |_| Type::Bool,
    gives: "bool",
    fallible: false,
    doc: "Whether a record has that field with a value.",
    examples: &[("has({ a = 1 }, \"a\")", "true"), ("has({ a = null }, \"a\")", "false")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let name = call.text(1)?;
    Ok(Value::Bool(!call.value(0).field(&name).is_absent()))
}
