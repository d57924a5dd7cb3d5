//! `find`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, item, needs, takes};

/// The first item for which a condition holds; missing where there is none.
pub(super) static FUNCTION: Function = Function {
    name: "find",
    params: &[takes("list", Takes::Any), needs("where", Takes::Condition)],
    result: |t| item(t, 0).optional(),
    gives: "item?",
    fallible: false,
    doc: "The first item for which a condition holds; missing where there is none.",
    examples: &[("find([1, 2, 3], x => x > 1)", "2")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    for item in call.list(0)?.iter() {
        if call.holds(item)? {
            return Ok(item.clone());
        }
    }
    Ok(Value::Missing)
}
