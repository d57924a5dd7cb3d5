//! `blank`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, takes};
use crate::types::Type;

/// Whether a value is missing, null, white space, or an empty list or record. `0` and `false` are not blank.
pub(super) static FUNCTION: Function = Function {
    name: "blank",
    params: &[takes("value", Takes::Any)],
    result: |_| Type::Bool,
    gives: "bool",
    fallible: false,
    doc: "Whether a value is missing, null, white space, or an empty list or record. `0` and `false` are not blank.",
    examples: &[("blank(\"  \")", "true"), ("blank(0)", "false"), ("blank([])", "true")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::Bool(call.value(0).is_blank()))
}
