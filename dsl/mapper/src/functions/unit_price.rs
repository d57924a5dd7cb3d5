//! `unit_price`

use tenon_value::Value;

use crate::eval::ops;
use crate::functions::{Call, Function, MODES, Result, Takes, may, needs};

/// A row total divided by its quantity, rounded; a quantity of zero gives the total.
pub(super) static FUNCTION: Function = Function {
    name: "unit_price",
    params: &[
        needs("total", Takes::Amount),
        needs("quantity", Takes::Number),
        needs("scale", Takes::Int),
        may("mode", Takes::OneOf(MODES)),
    ],
    result: |t| crate::functions::catalog::round_::rounded(t),
    gives: "decimal or money",
    fallible: true,
    doc: "A row total divided by its quantity, rounded; a quantity of zero gives the total.",
    examples: &[
        ("unit_price(300.00, 3, 2, \"half_up\")", "100.00"),
        ("unit_price(5.00, 0, 2, \"half_up\")", "5.00"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let scale = call.scale(2)?;
    let mode = call.mode(3)?;
    let quantity = call.number(1)?;
    let total = call.value(0);
    let each = if quantity.is_zero() {
        total
    } else {
        ops::binary(crate::code::Op::Divide, &total, &Value::Number(quantity))?
    };
    match each {
        Value::Money(money) => Ok(Value::from(money.round(scale, mode))),
        other => Ok(Value::Number(ops::amount(&other)?.round(scale, mode))),
    }
}
