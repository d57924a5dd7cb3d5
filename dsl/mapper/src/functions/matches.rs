//! `matches`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::host::EvalError;
use crate::types::Type;

/// Whether a regular expression matches somewhere in a text; write `^…$` for the whole.
pub(super) static FUNCTION: Function = Function {
    name: "matches",
    params: &[needs("text", Takes::Text), needs("pattern", Takes::Text)],
    result: |_| Type::Bool,
    gives: "bool",
    fallible: true,
    doc: "Whether a regular expression matches somewhere in a text; write `^…$` for the whole.",
    examples: &[
        ("matches(\"AB-12\", \"^[A-Z]+-[0-9]+$\")", "true"),
        ("matches(\"x\", \"{\"[\"}\")", "fault MAP_BAD_TEXT"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let pattern = regex(&call.text(1)?)?;
    Ok(Value::Bool(pattern.is_match(&call.text(0)?)))
}

/// Largest compiled pattern, in bytes.
const MOST_BYTES: usize = 200_000;

/// A compiled pattern of bounded size.
pub(crate) fn regex(pattern: &str) -> Result<regex::Regex> {
    compiled(pattern).map_err(|why| EvalError::fault("MAP_BAD_TEXT", format!("`{pattern}` {why}")))
}

/// A compiled pattern, or what is wrong with it.
pub(crate) fn compiled(pattern: &str) -> std::result::Result<regex::Regex, &'static str> {
    let built =
        regex::RegexBuilder::new(pattern).size_limit(MOST_BYTES).dfa_size_limit(MOST_BYTES).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "repeats too much to be searched for",
        _ => "is no regular expression",
    })
}
