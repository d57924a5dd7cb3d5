//! `text`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A plain value as text: a number in plain notation, a date as 2026-11-24.
pub(super) static FUNCTION: Function = Function {
    name: "text",
    params: &[needs("value", Takes::Any)],
    result: |_| Type::Text,
    gives: "text",
    fallible: true,
    doc: "A plain value as text: a number in plain notation, a date as 2026-11-24.",
    examples: &[("text(1.50)", "\"1.50\""), ("text(true)", "\"true\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let value = call.value(0);
    value.plain().map(Value::from).ok_or_else(|| call.wrong("a plain value", Some(&value)))
}
