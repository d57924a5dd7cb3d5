//! `replace`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A text with every occurrence of a part replaced.
pub(super) static FUNCTION: Function = Function {
    name: "replace",
    params: &[needs("text", Takes::Text), needs("old", Takes::Text), needs("new", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "A text with every occurrence of a part replaced.",
    examples: &[("replace(\"1 234\", \" \", \"\")", "\"1234\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let old = call.text(1)?;
    if old.is_empty() {
        return Ok(call.value(0));
    }
    Ok(Value::from(call.text(0)?.replace(&*old, &call.text(2)?)))
}
