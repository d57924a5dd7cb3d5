//! `lines`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The lines of a text, trimmed, without empty ones.
pub(super) static FUNCTION: Function = Function {
    name: "lines",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text.list(),
    gives: "list<text>",
    fallible: false,
    doc: "The lines of a text, trimmed, without empty ones.",
    examples: &[("lines(\"a\\n\\n b\")", "[\"a\", \"b\"]")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty()).map(Value::text);
    Ok(Value::list(lines.collect()))
}
