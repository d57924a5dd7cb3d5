//! `luhn`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// Whether the digits of a text end in the right check digit (mod 10).
pub(super) static FUNCTION: Function = Function {
    name: "luhn",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Bool,
    gives: "bool",
    fallible: false,
    doc: "Whether the digits of a text end in the right check digit (mod 10).",
    examples: &[("luhn(\"5560360794\")", "false"), ("luhn(\"5560360793\")", "true")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::Bool(passes(&call.text(0)?)))
}

/// The mod 10 check over all digits.
pub(crate) fn passes(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(n, digit)| {
            let weighed = if n % 2 == 1 { digit.saturating_mul(2) } else { *digit };
            if weighed > 9 { weighed.saturating_sub(9) } else { weighed }
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}
