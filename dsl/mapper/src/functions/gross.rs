//! `gross`

use tenon_value::{Number, Value};

use crate::eval::ops;
use crate::functions::{Call, Function, MODES, Result, Takes, may, needs};

/// An amount with VAT added, rounded; the rate in percent.
pub(super) static FUNCTION: Function = Function {
    name: "gross",
    params: &[
        needs("net", Takes::Amount),
        needs("percent", Takes::Number),
        needs("scale", Takes::Int),
        may("mode", Takes::OneOf(MODES)),
    ],
    result: |t| crate::functions::catalog::round_::rounded(t),
    gives: "decimal or money",
    fallible: false,
    doc: "An amount with VAT added, rounded; the rate in percent.",
    examples: &[("gross(78.88, 25.5, 2, \"half_up\")", "98.99")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    use crate::code::Op;
    let scale = call.scale(2)?;
    let mode = call.mode(3)?;
    let cent = Number::parse("0.01")?;
    let factor = Number::ONE.add(call.number(1)?.multiply(cent)?)?;
    match ops::binary(Op::Multiply, &call.value(0), &Value::Number(factor))? {
        Value::Money(money) => Ok(Value::from(money.round(scale, mode))),
        other => Ok(Value::Number(ops::amount(&other)?.round(scale, mode))),
    }
}
