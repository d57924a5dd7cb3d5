//! `div`

use tenon_value::Value;

use crate::eval::ops;
use crate::functions::{Call, Function, MODES, Result, Takes, may, may_take, needs};

/// A quotient rounded to so many digits; where the divisor is zero the fourth argument, or a fault.
pub(super) static FUNCTION: Function = Function {
    name: "div",
    params: &[
        needs("a", Takes::Amount),
        needs("b", Takes::Number),
        needs("scale", Takes::Int),
        may_take("else", Takes::Any),
        may("mode", Takes::OneOf(MODES)),
    ],
    result: |t| crate::functions::catalog::round_::rounded(t),
    gives: "decimal or money",
    fallible: true,
    doc: "A quotient rounded to so many digits; where the divisor is zero the fourth argument, or a fault.",
    examples: &[
        ("div(10, 3, 2, mode = \"half_up\")", "3.33"),
        ("div(1, 0, 2, 0, \"half_up\")", "0"),
        ("div(1, 0, 2, mode = \"half_up\")", "fault MAP_DIVISION_BY_ZERO"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let scale = call.scale(2)?;
    let mode = call.mode(4)?;
    let divisor = call.number(1)?;
    if divisor.is_zero() && call.is_given(3) {
        return Ok(call.value(3));
    }
    match ops::binary(crate::code::Op::Divide, &call.value(0), &Value::Number(divisor))? {
        Value::Money(money) => Ok(Value::from(money.round(scale, mode))),
        other => Ok(Value::Number(ops::amount(&other)?.round(scale, mode))),
    }
}
