//! `add_days`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::host::EvalError;
use crate::types::Type;

/// A day so many days later, or earlier where the number is negative.
pub(super) static FUNCTION: Function = Function {
    name: "add_days",
    params: &[needs("day", Takes::Date), needs("days", Takes::Int)],
    result: |_| Type::Date,
    gives: "date",
    fallible: true,
    doc: "A day so many days later, or earlier where the number is negative.",
    examples: &[("add_days(parse_date(\"2026-02-28\"), 1)", "parse_date(\"2026-03-01\")")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let days = call.number(1)?.to_i64().and_then(chrono::Duration::try_days);
    days.and_then(|d| call.date(0).ok()?.checked_add_signed(d))
        .map(Value::Date)
        .ok_or_else(|| EvalError::fault("MAP_NUMBER_TOO_LONG", "the day is outside the calendar"))
}
