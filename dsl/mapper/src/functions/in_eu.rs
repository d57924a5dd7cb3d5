//! `in_eu`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// Whether a two-letter country code is of a member state of the European Union.
pub(super) static FUNCTION: Function = Function {
    name: "in_eu",
    params: &[needs("country", Takes::Text)],
    result: |_| Type::Bool,
    gives: "bool",
    fallible: false,
    doc: "Whether a two-letter country code is of a member state of the European Union.",
    examples: &[("in_eu(\"FI\")", "true"), ("in_eu(\"NO\")", "false")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    const MEMBERS: &str =
        "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE";
    let code = call.text(0)?;
    Ok(Value::Bool(MEMBERS.split(' ').any(|member| member == &*code)))
}
