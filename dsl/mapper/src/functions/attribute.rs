//! `attribute`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs, takes};
use crate::types::Type;

/// The value of the item with that `key` (or `name`), such as a custom attribute of an order.
pub(super) static FUNCTION: Function = Function {
    name: "attribute",
    params: &[takes("list", Takes::Any), needs("key", Takes::Text)],
    result: |_| Type::Text.optional(),
    gives: "text?",
    fallible: false,
    doc: "The value of the item with that `key` (or `name`), such as a custom attribute of an order.",
    examples: &[
        ("attribute([{ key = \"ref\", value = \"7\" }], \"ref\")", "\"7\""),
        ("attribute([{ name = \"ref\", value = 7 }], \"ref\")", "\"7\""),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let key = call.text(1)?;
    let is = |value: &Value| value.as_text() == Some(&key);
    let list = call.list(0)?;
    let found = list.iter().find(|i| is(i.field("key")) || is(i.field("name")));
    found.map_or(Ok(Value::Missing), |item| written(call, item.field("value")))
}

/// A value that somebody wrote beside a key, as text.
pub(crate) fn written(call: &Call<'_, '_>, value: &Value) -> Result<Value> {
    match value {
        Value::Missing | Value::Null => Ok(Value::Missing),
        Value::Text(_) => Ok(value.clone()),
        other => {
            other.plain().map(Value::from).ok_or_else(|| call.wrong("a plain value", Some(other)))
        }
    }
}
