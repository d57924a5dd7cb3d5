//! `split`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The parts of a text between separators, each trimmed; an empty separator gives the characters.
pub(super) static FUNCTION: Function = Function {
    name: "split",
    params: &[needs("text", Takes::Text), needs("by", Takes::Text)],
    result: |_| Type::Text.list(),
    gives: "list<text>",
    fallible: false,
    doc: "The parts of a text between separators, each trimmed; an empty separator gives the characters.",
    examples: &[
        ("split(\"a, b\", \",\")", "[\"a\", \"b\"]"),
        ("split(\"ab\", \"\")", "[\"a\", \"b\"]"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    let by = call.text(1)?;
    // A part takes about as much room as three units of text.
    let most = if by.is_empty() { text.len() } else { text.matches(&*by).count() };
    call.run.has_room(most.saturating_mul(48))?;
    let parts: Vec<Value> = if by.is_empty() {
        text.chars().map(|c| Value::from(c.to_string())).collect()
    } else {
        text.split(&*by).map(|part| Value::text(part.trim())).collect()
    };
    Ok(Value::list(parts))
}
