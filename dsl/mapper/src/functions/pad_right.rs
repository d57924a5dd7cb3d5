//! `pad_right`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, may, needs};
use crate::types::Type;

/// A text filled at its end up to a length (with a space if nothing is given).
pub(super) static FUNCTION: Function = Function {
    name: "pad_right",
    params: &[needs("text", Takes::Text), needs("length", Takes::Int), may("with", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "A text filled at its end up to a length (with a space if nothing is given).",
    examples: &[("pad_right(\"7\", 3, \".\")", "\"7..\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let with = call.text_or(2, " ")?;
    let text = call.text(0)?;
    let missing = super::pad_left_::length(call)?.saturating_sub(text.chars().count());
    let missing = if with.is_empty() { 0 } else { missing };
    let fill: String = with.chars().cycle().take(missing).collect();
    Ok(Value::from(format!("{text}{fill}")))
}
