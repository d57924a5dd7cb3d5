//! `lower`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A text in small letters.
pub(super) static FUNCTION: Function = Function {
    name: "lower",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "A text in small letters.",
    examples: &[("lower(\"ÅÄÖ x\")", "\"åäö x\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::from(call.text(0)?.to_lowercase()))
}
