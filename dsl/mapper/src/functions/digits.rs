//! `digits`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// Only the digits of a text.
pub(super) static FUNCTION: Function = Function {
    name: "digits",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "Only the digits of a text.",
    examples: &[("digits(\"556677-8899\")", "\"5566778899\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    Ok(Value::from(text.chars().filter(char::is_ascii_digit).collect::<String>()))
}
