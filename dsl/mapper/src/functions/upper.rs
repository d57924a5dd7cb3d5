//! `upper`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A text in capital letters.
pub(super) static FUNCTION: Function = Function {
    name: "upper",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "A text in capital letters.",
    examples: &[("upper(\"se\")", "\"SE\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::from(call.text(0)?.to_uppercase()))
}
