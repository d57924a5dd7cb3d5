//! `first`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, item, takes};

/// The first item; missing where there is none.
pub(super) static FUNCTION: Function = Function {
    name: "first",
    params: &[takes("list", Takes::Any)],
    result: |t| item(t, 0).optional(),
    gives: "item?",
    fallible: false,
    doc: "The first item; missing where there is none.",
    examples: &[("first([1, 2])", "1"), ("blank(first([]))", "true")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(call.list(0)?.first().cloned().unwrap_or_default())
}
