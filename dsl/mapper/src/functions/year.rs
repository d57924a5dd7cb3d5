//! `year`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The year of a day.
pub(super) static FUNCTION: Function = Function {
    name: "year",
    params: &[needs("day", Takes::Date)],
    result: |_| Type::Int,
    gives: "int",
    fallible: false,
    doc: "The year of a day.",
    examples: &[("year(parse_date(\"2026-11-24\"))", "2026")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::from(i64::from(chrono::Datelike::year(&call.date(0)?))))
}
