//! `flat_map`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, item, needs, takes};

/// The lists made of each item, joined.
pub(super) static FUNCTION: Function = Function {
    name: "flat_map",
    params: &[takes("list", Takes::Any), needs("to", Takes::Lambda)],
    result: |t| item(t, 1).list(),
    gives: "list",
    fallible: false,
    doc: "The lists made of each item, joined.",
    examples: &[("flat_map([1, 2], x => [x, x])", "[1, 1, 2, 2]")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let mut made = Vec::new();
    for item in call.list(0)?.iter() {
        match call.apply(item)? {
            Value::List(items) => made.extend(items.iter().cloned()),
            Value::Missing | Value::Null => {}
            other => made.push(other),
        }
    }
    Ok(Value::list(made))
}
