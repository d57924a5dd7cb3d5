//! `amount`

use tenon_value::Value;

use crate::eval::ops;
use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The number of an amount.
pub(crate) static FUNCTION: Function = Function {
    name: "amount",
    params: &[needs("money", Takes::Amount)],
    result: |t| match t.first().map(Type::required) {
        Some(Type::InexactMoney | Type::Inexact) => Type::Inexact,
        _ => Type::Decimal,
    },
    gives: "decimal",
    fallible: false,
    doc: "The number of an amount.",
    examples: &[("amount(money(1.50, \"SEK\"))", "1.50")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(Value::Number(ops::amount(&call.value(0))?))
}
