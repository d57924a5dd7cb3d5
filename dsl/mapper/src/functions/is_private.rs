//! `is_private`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// Whether a Swedish number is a person’s (its month part is a month) and not an organisation’s.
pub(super) static FUNCTION: Function = Function {
    name: "is_private",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Bool,
    gives: "bool",
    fallible: false,
    doc: "Whether a Swedish number is a person’s (its month part is a month) and not an organisation’s.",
    examples: &[("is_private(\"8112189876\")", "true"), ("is_private(\"556036-0793\")", "false")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let digits: String = call.text(0)?.chars().filter(char::is_ascii_digit).collect();
    let ten = if digits.len() == 12 { digits.get(2..) } else { Some(digits.as_str()) };
    let month = ten.filter(|t| t.len() == 10).and_then(|t| t.get(2..4)?.parse::<u32>().ok());
    Ok(Value::Bool(month.is_some_and(|m| (1..=12).contains(&m))))
}
