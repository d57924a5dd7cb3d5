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
    let missing = length(call)?.saturating_sub(call.text(0)?.chars().count());
    Ok(with.chars().cycle().take(if with.is_empty() { 0 } else { missing }).collect())
}

/// How long a text is filled up to.
pub(crate) fn length(call: &Call<'_, '_>) -> Result<usize> {
    let length = call.count(1)?;
    if length > 1_000 { Err(call.out_of_range("a length of at most 1000", 1)) } else { Ok(length) }
}
