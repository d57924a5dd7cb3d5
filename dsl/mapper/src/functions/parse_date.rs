//! `parse_date`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, may, needs};
use crate::types::Type;

/// A text as a day: 2026-11-24, or by a format such as `%d.%m.%Y`.
pub(super) static FUNCTION: Function = Function {
    name: "parse_date",
    params: &[needs("text", Takes::Text), may("format", Takes::Text)],
    result: |_| Type::Date,
    gives: "date",
    fallible: true,
    doc: "A text as a day: 2026-11-24, or by a format such as `%d.%m.%Y`.",
    examples: &[
        ("parse_date(\"2026-11-24\")", "parse_date(\"24.11.2026\", \"%d.%m.%Y\")"),
        ("parse_date(\"2026-02-30\")", "fault MAP_WRONG_TYPE"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    if !call.is_given(1) {
        return Ok(Value::Date(call.date(0)?));
    }
    let format = call.text(1)?;
    chrono::NaiveDate::parse_from_str(&call.text(0)?, &format)
        .map(Value::Date)
        .map_err(|_| call.wrong("a date in that format", call.args().first()))
}
