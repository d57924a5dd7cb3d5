//! `format_datetime`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// An instant written by a format in a zone.
pub(super) static FUNCTION: Function = Function {
    name: "format_datetime",
    params: &[
        needs("at", Takes::DateTime),
        needs("format", Takes::Text),
        needs("zone", Takes::Text),
    ],
    result: |_| Type::Text,
    gives: "text",
    fallible: true,
    doc: "An instant written by a format in a zone.",
    examples: &[(
        "format_datetime(parse_datetime(\"2026-11-24T23:30:00Z\"), \"%H:%M\", \"Europe/Stockholm\")",
        "\"00:30\"",
    )],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let zone = crate::functions::catalog::date_::zone(call, 2)?;
    let format = call.text(1)?;
    let at = call.datetime(0)?.with_timezone(&zone);
    crate::functions::catalog::format_date_::formatted(at.format(&format), &format)
}
