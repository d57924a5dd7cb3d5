//! `single`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, item, takes};
use crate::host::EvalError;

/// The only item; missing for an empty list, a fault for several.
pub(super) static FUNCTION: Function = Function {
    name: "single",
    params: &[takes("list", Takes::Any)],
    result: |t| item(t, 0).optional(),
    gives: "item?",
    fallible: true,
    doc: "The only item; missing for an empty list, a fault for several.",
    examples: &[("single([7])", "7"), ("single([1, 2])", "fault MAP_WRONG_COUNT")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    match call.list(0)?.as_slice() {
        [] => Ok(Value::Missing),
        [only] => Ok(only.clone()),
        several => Err(EvalError::fault(
            "MAP_WRONG_COUNT",
            format!("one item is expected, there are {}", several.len()),
        )),
    }
}
