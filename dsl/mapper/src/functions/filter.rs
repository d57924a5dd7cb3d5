//! `filter`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, item, needs, takes};

/// The items for which a condition holds; the same as `list[where …]`.
pub(super) static FUNCTION: Function = Function {
    name: "filter",
    params: &[takes("list", Takes::Any), needs("where", Takes::Condition)],
    result: |t| item(t, 0).list(),
    gives: "list",
    fallible: false,
    doc: "The items for which a condition holds; the same as `list[where …]`.",
    examples: &[("filter([1, 2, 3], x => x != 2)", "[1, 3]")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let mut kept = Vec::new();
    for item in call.list(0)?.iter() {
        if call.holds(item)? {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}
