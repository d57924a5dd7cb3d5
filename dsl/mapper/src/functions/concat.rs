//! `concat`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, takes};

/// Two lists of one kind as one; absent ones are empty.
pub(super) static FUNCTION: Function = Function {
    name: "concat",
    params: &[takes("a", Takes::Any), takes("b", Takes::Any)],
    result: |t| crate::check::joined(t),
    gives: "list",
    fallible: false,
    doc: "Two lists of one kind as one; absent ones are empty.",
    examples: &[("concat([1], [2])", "[1, 2]")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let mut items = call.list(0)?.to_vec();
    items.extend(call.list(1)?.iter().cloned());
    Ok(Value::list(items))
}
