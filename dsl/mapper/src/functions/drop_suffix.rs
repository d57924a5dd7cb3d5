//! `drop_suffix`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A text without that end, where it has it.
pub(super) static FUNCTION: Function = Function {
    name: "drop_suffix",
    params: &[needs("text", Takes::Text), needs("suffix", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "A text without that end, where it has it.",
    examples: &[("drop_suffix(\"12 kg\", \" kg\")", "\"12\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    let suffix = call.text(1)?;
    Ok(Value::text(text.strip_suffix(&*suffix).unwrap_or(&text)))
}
