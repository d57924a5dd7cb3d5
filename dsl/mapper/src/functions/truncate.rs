//! `truncate`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The first characters of a text, at most so many; white space left at the cut is dropped.
pub(super) static FUNCTION: Function = Function {
    name: "truncate",
    params: &[needs("text", Takes::Text), needs("length", Takes::Int)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "The first characters of a text, at most so many; white space left at the cut is dropped.",
    examples: &[("truncate(\"Blå tröja\", 4)", "\"Blå\""), ("truncate(\"ab\", 5)", "\"ab\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    let length = call.count(1)?;
    if text.len() <= length || text.chars().count() <= length {
        return Ok(Value::Text(text));
    }
    let cut: String = text.chars().take(length).collect();
    Ok(Value::text(cut.trim_end()))
}
