//! `trim`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A text without white space at its ends.
pub(super) static FUNCTION: Function = Function {
    name: "trim",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "A text without white space at its ends.",
    examples: &[("trim(\"  a b \")", "\"a b\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    let trimmed = text.trim();
    Ok(if trimmed.len() == text.len() { Value::Text(text) } else { Value::text(trimmed) })
}
