//! `count`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, may, takes};
use crate::types::Type;

/// The number of items of a list, or of those for which a condition holds; absent counts as empty.
pub(super) static FUNCTION: Function = Function {
    name: "count",
    params: &[takes("list", Takes::Any), may("where", Takes::Condition)],
    result: |_| Type::Int,
    gives: "int",
    fallible: false,
    doc: "The number of items of a list, or of those for which a condition holds; absent counts as empty.",
    examples: &[("count([1, 2, 3])", "3"), ("count([1, 2, 3], x => x > 1)", "2")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let items = call.list(0)?;
    let mut count = 0_i64;
    for item in items.iter() {
        if call.lambda.is_none() || call.holds(item)? {
            count = count.saturating_add(1);
        }
    }
    Ok(Value::from(count))
}
