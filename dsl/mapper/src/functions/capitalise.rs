//! `capitalise`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A text whose first letter is a capital.
pub(super) static FUNCTION: Function = Function {
    name: "capitalise",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "A text whose first letter is a capital.",
    examples: &[("capitalise(\"åsa\")", "\"Åsa\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    let mut letters = text.chars();
    let first: String = letters.next().map_or_else(String::new, |c| c.to_uppercase().collect());
    Ok(Value::from(format!("{first}{}", letters.as_str())))
}
