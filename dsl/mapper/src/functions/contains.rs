//! `contains`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// Whether a text has that part. For lists write `x in list`.
pub(super) static FUNCTION: Function = Function {
    name: "contains",
    params: &[needs("text", Takes::Text), needs("part", Takes::Text)],
    result: |_| Type::Bool,
    gives: "bool",
    fallible: false,
    doc: "Whether a text has that part. For lists write `x in list`.",
    examples: &[("contains(\"Box 12\", \"Box\")", "true"), ("contains(\"a\", \"b\")", "false")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::Bool(call.text(0)?.contains(&*call.text(1)?)))
}
