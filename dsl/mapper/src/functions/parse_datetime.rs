//! `parse_datetime`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A text such as 2026-11-24T08:00:00+01:00 as an instant.
pub(super) static FUNCTION: Function = Function {
    name: "parse_datetime",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::DateTime,
    gives: "datetime",
    fallible: true,
    doc: "A text such as 2026-11-24T08:00:00+01:00 as an instant.",
    examples: &[(
        "text(parse_datetime(\"2026-11-24T08:00:00+01:00\"))",
        "\"2026-11-24T08:00:00+01:00\"",
    )],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::DateTime(call.datetime(0)?))
}
