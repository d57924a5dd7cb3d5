//! `month`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The month of a day, from 1.
pub(super) static FUNCTION: Function = Function {
    name: "month",
    params: &[needs("day", Takes::Date)],
    result: |_| Type::Int,
    gives: "int",
    fallible: false,
    doc: "The month of a day, from 1.",
    examples: &[("month(parse_date(\"2026-11-24\"))", "11")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::from(i64::from(chrono::Datelike::month(&call.date(0)?))))
}
