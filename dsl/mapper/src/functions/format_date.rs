//! `format_date`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::host::EvalError;
use crate::types::Type;

/// A day written by a format such as `%y%m%d`.
pub(super) static FUNCTION: Function = Function {
    name: "format_date",
    params: &[needs("day", Takes::Date), needs("format", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: true,
    doc: "A day written by a format such as `%y%m%d`.",
    examples: &[
        ("format_date(parse_date(\"2026-11-24\"), \"%d.%m.%y\")", "\"24.11.26\""),
        ("format_date(parse_date(\"2026-11-24\"), \"%Q\")", "fault MAP_BAD_TEXT"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let format = call.text(1)?;
    let day = call.date(0)?;
    formatted(day.format(&format), &format)
}

/// Formats, refusing a format the calendar does not know.
pub(crate) fn formatted(
    items: chrono::format::DelayedFormat<chrono::format::StrftimeItems<'_>>,
    format: &str,
) -> Result<Value> {
    let mut out = String::new();
    match std::fmt::Write::write_fmt(&mut out, format_args!("{items}")) {
        Ok(()) => Ok(Value::from(out)),
        Err(_) => {
            Err(EvalError::fault("MAP_BAD_TEXT", format!("`{format}` is no format for a date")))
        }
    }
}
