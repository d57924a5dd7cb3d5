//! `ends_with`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// Whether a text ends so.
pub(super) static FUNCTION: Function = Function {
    name: "ends_with",
    params: &[needs("text", Takes::Text), needs("suffix", Takes::Text)],
    result: |_| Type::Bool,
    gives: "bool",
    fallible: false,
    doc: "Whether a text ends so.",
    examples: &[("ends_with(\"a.csv\", \".csv\")", "true")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::Bool(call.text(0)?.ends_with(&*call.text(1)?)))
}
