//! `minor_digits`

use tenon_value::{Currency, Value};

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// Digits after the point of a currency’s smallest coin.
pub(super) static FUNCTION: Function = Function {
    name: "minor_digits",
    params: &[needs("currency", Takes::Text)],
    result: |_| Type::Int,
    gives: "int",
    fallible: false,
    doc: "Digits after the point of a currency’s smallest coin.",
    examples: &[("minor_digits(\"SEK\")", "2"), ("minor_digits(\"JPY\")", "0")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let digits = Currency::new(&call.text(0)?).minor_digits();
    Ok(Value::from(i64::from(digits)))
}
