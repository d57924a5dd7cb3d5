//! `starts_with`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// Whether a text begins so.
pub(super) static FUNCTION: Function = Function {
    name: "starts_with",
    params: &[needs("text", Takes::Text), needs("prefix", Takes::Text)],
    result: |_| Type::Bool,
    gives: "bool",
    fallible: false,
    doc: "Whether a text begins so.",
    examples: &[("starts_with(\"SE5566\", \"SE\")", "true")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::Bool(call.text(0)?.starts_with(&*call.text(1)?)))
}
