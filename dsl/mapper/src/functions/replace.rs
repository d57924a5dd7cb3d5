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
    let (text, new) = (call.text(0)?, call.text(2)?);
    if new.len() > old.len() {
        let added = text.matches(&*old).count().saturating_mul(new.len());
        call.run.has_room(added.saturating_add(text.len()))?;
    }
    Ok(Value::from(text.replace(&*old, &new)))
}
