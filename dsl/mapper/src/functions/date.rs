//! `date`

use tenon_value::{Value, time};

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::host::EvalError;
use crate::types::Type;

/// The calendar day of an instant in a zone.
pub(super) static FUNCTION: Function = Function {
    name: "date",
    params: &[needs("at", Takes::DateTime), needs("zone", Takes::Text)],
    result: |_| Type::Date,
    gives: "date",
    fallible: true,
    doc: "The calendar day of an instant in a zone.",
    examples: &[(
        "date(parse_datetime(\"2026-03-31T23:30:00Z\"), \"Europe/Stockholm\")",
        "parse_date(\"2026-04-01\")",
    )],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let zone = zone(call, 1)?;
    Ok(Value::Date(time::day_in(&call.datetime(0)?, zone)))
}

/// The zone of an argument.
pub(crate) fn zone(call: &Call<'_, '_>, at: usize) -> Result<chrono_tz::Tz> {
    let name = call.text(at)?;
    time::zone(&name)
        .ok_or_else(|| EvalError::fault("MAP_BAD_TEXT", format!("`{name}` is no time zone")))
}
