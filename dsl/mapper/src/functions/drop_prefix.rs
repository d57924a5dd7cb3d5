//! `drop_prefix`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A text without that beginning, where it has it.
pub(super) static FUNCTION: Function = Function {
    name: "drop_prefix",
    params: &[needs("text", Takes::Text), needs("prefix", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "A text without that beginning, where it has it.",
    examples: &[
        ("drop_prefix(\"#1001\", \"#\")", "\"1001\""),
        ("drop_prefix(\"1001\", \"#\")", "\"1001\""),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    let prefix = call.text(1)?;
    Ok(Value::text(text.strip_prefix(&*prefix).unwrap_or(&text)))
}
