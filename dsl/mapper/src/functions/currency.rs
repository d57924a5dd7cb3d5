//! `currency`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A three-letter currency code in capitals; missing where its form is none.
pub(super) static FUNCTION: Function = Function {
    name: "currency",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text.optional(),
    gives: "text?",
    fallible: false,
    doc: "A three-letter currency code in capitals; missing where its form is none.",
    examples: &[("currency(\"sek\")", "\"SEK\""), ("blank(currency(\"kr\"))", "true")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let code = call.text(0)?.trim().to_uppercase();
    let fits = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
    Ok(if fits { Value::from(code) } else { Value::Missing })
}
