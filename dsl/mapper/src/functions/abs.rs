//! `abs`

use tenon_value::{Money, Value};

use crate::functions::{Call, Function, Result, Takes, needs, same};

/// A number or amount without its sign.
pub(super) static FUNCTION: Function = Function {
    name: "abs",
    params: &[needs("value", Takes::Amount)],
    result: |t| same(t, 0),
    gives: "number or money",
    fallible: false,
    doc: "A number or amount without its sign.",
    examples: &[("abs(-1.5)", "1.5")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    match call.value(0) {
        Value::Money(money) => {
            Ok(Value::from(Money::new(money.amount.abs(), money.currency.clone())))
        }
        _ => Ok(Value::Number(call.number(0)?.abs())),
    }
}
