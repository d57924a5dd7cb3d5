//! `days_between`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// Days from one day to another.
pub(super) static FUNCTION: Function = Function {
    name: "days_between",
    params: &[needs("from", Takes::Date), needs("to", Takes::Date)],
    result: |_| Type::Int,
    gives: "int",
    fallible: false,
    doc: "Days from one day to another.",
    examples: &[("days_between(parse_date(\"2026-01-01\"), parse_date(\"2026-01-31\"))", "30")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let days = call.date(1)?.signed_duration_since(call.date(0)?).num_days();
    Ok(Value::from(days))
}
