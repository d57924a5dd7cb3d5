//! `map`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs, same, takes};

/// What is made of each item.
pub(super) static FUNCTION: Function = Function {
    name: "map",
    params: &[takes("list", Takes::Any), needs("to", Takes::Lambda)],
    result: |t| same(t, 1).list(),
    gives: "list",
    fallible: false,
    doc: "What is made of each item.",
    examples: &[("map([1, 2], x => x * 2)", "[2, 4]")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let items = call.list(0)?;
    let mut made = Vec::with_capacity(items.len());
    for item in items.iter() {
        made.push(call.apply(item)?);
    }
    Ok(Value::list(made))
}
