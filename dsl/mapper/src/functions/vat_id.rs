//! `vat_id`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A VAT number of an EU country without spaces and in capitals; missing where its form is none.
pub(super) static FUNCTION: Function = Function {
    name: "vat_id",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text.optional(),
    gives: "text?",
    fallible: false,
    doc: "A VAT number of an EU country without spaces and in capitals; missing where its form is none.",
    examples: &[
        ("vat_id(\"se 556036079301\")", "\"SE556036079301\""),
        ("blank(vat_id(\"12\"))", "true"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    let plain: String =
        text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_uppercase();
    let (country, number) = plain.split_at_checked(2).unwrap_or(("", ""));
    let lengths: std::ops::RangeInclusive<usize> = match country {
        "AT" | "DE" | "PT" | "EL" | "EE" => 9..=9,
        "SE" => 12..=12,
        "FR" | "IT" | "HR" | "LV" => 11..=11,
        "DK" | "FI" | "HU" | "LU" | "MT" | "SI" => 8..=8,
        "BE" | "PL" | "SK" => 10..=10,
        "BG" | "LT" | "NL" | "ES" | "CY" | "CZ" | "IE" | "RO" => 2..=12,
        _ => return Ok(Value::Missing),
    };
    let fits = lengths.contains(&number.len()) && number.chars().any(|c| c.is_ascii_digit());
    Ok(if fits { Value::from(plain) } else { Value::Missing })
}
