//! `orgnr_se`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A Swedish organisation number as NNNNNN-NNNN; missing where it is none (length or check digit).
pub(super) static FUNCTION: Function = Function {
    name: "orgnr_se",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text.optional(),
    gives: "text?",
    fallible: false,
    doc: "A Swedish organisation number as NNNNNN-NNNN; missing where it is none (length or check digit).",
    examples: &[
        ("orgnr_se(\"5560360793\")", "\"556036-0793\""),
        ("orgnr_se(\"SE 556036-0793 01\")", "\"556036-0793\""),
        ("blank(orgnr_se(\"556036-0794\"))", "true"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    let mut digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() == 12 {
        let vat = text.trim_start().to_uppercase().starts_with("SE") && digits.ends_with("01");
        let dated = ["16", "19", "20"].iter().any(|century| digits.starts_with(century));
        if vat {
            digits.truncate(10);
        } else if dated {
            digits = digits.split_off(2);
        }
    }
    if digits.len() != 10 || !crate::functions::catalog::luhn_::passes(&digits) {
        return Ok(Value::Missing);
    }
    let (front, back) = digits.split_at_checked(6).unwrap_or((&digits, ""));
    Ok(Value::from(format!("{front}-{back}")))
}
