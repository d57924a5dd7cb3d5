//! `duration`

use tenon_value::{Value, time};

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::host::EvalError;
use crate::types::Type;

/// A length of time such as `2h30m` or `45d`.
pub(super) static FUNCTION: Function = Function {
    name: "duration",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Duration,
    gives: "duration",
    fallible: true,
    doc: "A length of time such as `2h30m` or `45d`.",
    examples: &[
        ("text(duration(\"90m\"))", "\"1h30m\""),
        ("duration(\"x\")", "fault MAP_BAD_TEXT"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    time::parse_duration(&text)
        .map(Value::Duration)
        .ok_or_else(|| EvalError::fault("MAP_BAD_TEXT", format!("`{text}` is no duration")))
}
