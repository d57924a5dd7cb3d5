//! `email`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// An e-mail address, trimmed; missing where its form is none.
pub(super) static FUNCTION: Function = Function {
    name: "email",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text.optional(),
    gives: "text?",
    fallible: false,
    doc: "An e-mail address, trimmed; missing where its form is none.",
    examples: &[("email(\" a@b.se \")", "\"a@b.se\""), ("blank(email(\"a@b\"))", "true")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    let trimmed = text.trim();
    let fits = trimmed.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && !host.contains('@')
            && host.split('.').count() > 1
            && host.split('.').all(|part| !part.is_empty())
            && !trimmed.contains(char::is_whitespace)
    });
    Ok(if fits { Value::text(trimmed) } else { Value::Missing })
}
