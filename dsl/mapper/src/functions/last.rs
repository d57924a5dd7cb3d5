//! `last`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, item, takes};

/// The last item; missing where there is none.
pub(super) static FUNCTION: Function = Function {
    name: "last",
    params: &[takes("list", Takes::Any)],
    result: |t| item(t, 0).optional(),
    gives: "item?",
    fallible: false,
    doc: "The last item; missing where there is none.",
    examples: &[("last([1, 2])", "2")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(call.list(0)?.last().cloned().unwrap_or_default())
}
