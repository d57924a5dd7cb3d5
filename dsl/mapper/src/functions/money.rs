//! `money`

use tenon_value::{Currency, Money, Value};

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// An amount in a currency.
pub(super) static FUNCTION: Function = Function {
    name: "money",
    params: &[needs("amount", Takes::Number), needs("currency", Takes::Text)],
    result: |_| Type::Money,
    gives: "money",
    fallible: false,
    doc: "An amount in a currency.",
    examples: &[
        ("money(1.50, \"SEK\").currency", "\"SEK\""),
        ("money(1, \"SEK\") + money(1, \"EUR\")", "fault MAP_CURRENCIES_MIXED"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let currency = Currency::new(&call.text(1)?);
    Ok(Value::from(Money::new(call.number(0)?, currency)))
}
