//! `squeeze`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A text with every run of white space made one space, and none at its ends.
pub(super) static FUNCTION: Function = Function {
    name: "squeeze",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "A text with every run of white space made one space, and none at its ends.",
    examples: &[("squeeze(\" a  b\\n c \")", "\"a b c\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    Ok(Value::from(text.split_whitespace().collect::<Vec<_>>().join(" ")))
}
