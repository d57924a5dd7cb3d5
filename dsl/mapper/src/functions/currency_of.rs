//! `currency_of`

use tenon_value::Value;

use crate::eval::ops;
use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The currency of an amount.
pub(super) static FUNCTION: Function = Function {
    name: "currency_of",
    params: &[needs("money", Takes::Amount)],
    result: |_| Type::Text,
    gives: "text",
    fallible: true,
    doc: "The currency of an amount.",
    examples: &[("currency_of(money(1, \"EUR\"))", "\"EUR\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    match call.value(0) {
        Value::Money(money) => Ok(Value::Text(money.currency.clone().into())),
        other => Err(ops::wrong("an amount with its currency", &other)),
    }
}
