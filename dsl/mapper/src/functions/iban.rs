//! `iban`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// An IBAN without spaces; missing where its check digits are wrong.
pub(super) static FUNCTION: Function = Function {
    name: "iban",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text.optional(),
    gives: "text?",
    fallible: false,
    doc: "An IBAN without spaces; missing where its check digits are wrong.",
    examples: &[
        ("iban(\"SE45 5000 0000 0583 9825 7466\")", "\"SE4550000000058398257466\""),
        ("blank(iban(\"SE00 1\"))", "true"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    let plain: String =
        text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    let (front, back) = plain.split_at_checked(4).unwrap_or(("", ""));
    let mut rest = 0_u32;
    for letter in back.chars().chain(front.chars()) {
        let Some(digit) = letter.to_digit(36) else {
            return Ok(Value::Missing);
        };
        let shift = if digit > 9 { 100 } else { 10 };
        rest = rest.saturating_mul(shift).saturating_add(digit) % 97;
    }
    let fits = (15..=34).contains(&plain.len()) && rest == 1;
    Ok(if fits { Value::from(plain) } else { Value::Missing })
}
