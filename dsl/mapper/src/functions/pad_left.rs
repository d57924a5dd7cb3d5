//! `pad_left`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, may, needs};
use crate::types::Type;

/// A text filled at its beginning up to a length (with `0` if nothing is given).
pub(super) static FUNCTION: Function = Function {
    name: "pad_left",
    params: &[needs("text", Takes::Text), needs("length", Takes::Int), may("with", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "A text filled at its beginning up to a length (with `0` if nothing is given).",
    examples: &[("pad_left(\"7\", 3)", "\"007\""), ("pad_left(\"7\", 2, \" \")", "\" 7\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::from(format!("{}{}", fill(call)?, call.text(0)?)))
}

fn fill(call: &Call<'_, '_>) -> Result<String> {
    let with = call.text_or(2, "0")?;
    let missing = call.count(1)?.min(1_000).saturating_sub(call.text(0)?.chars().count());
    Ok(with.chars().cycle().take(if with.is_empty() { 0 } else { missing }).collect())
}
