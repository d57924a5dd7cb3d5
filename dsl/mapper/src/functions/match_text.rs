//! `match_text`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The first group of a regular expression, or the whole match where it has no group; missing where nothing matches.
pub(super) static FUNCTION: Function = Function {
    name: "match_text",
    params: &[needs("text", Takes::Text), needs("pattern", Takes::Text)],
    result: |_| Type::Text.optional(),
    gives: "text?",
    fallible: true,
    doc: "The first group of a regular expression, or the whole match where it has no group; missing where nothing matches.",
    examples: &[
        ("match_text(\"Order 1001 paid\", \"([0-9]+)\")", "\"1001\""),
        ("blank(match_text(\"x\", \"[0-9]\"))", "true"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let pattern = crate::functions::catalog::matches_::regex(&call.text(1)?)?;
    let text = call.text(0)?;
    let Some(found) = pattern.captures(&text) else {
        return Ok(Value::Missing);
    };
    let part = found.get(1).or_else(|| found.get(0));
    Ok(part.map_or(Value::Missing, |part| Value::text(part.as_str())))
}
