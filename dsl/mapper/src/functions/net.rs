//! `net`

use tenon_value::{Number, Value};

use crate::eval::ops;
use crate::functions::{Call, Function, MODES, Result, Takes, may, needs};

/// An amount without the VAT in it, rounded; the rate in percent.
pub(super) static FUNCTION: Function = Function {
    name: "net",
    params: &[
        needs("gross", Takes::Amount),
        needs("percent", Takes::Number),
        needs("scale", Takes::Int),
        may("mode", Takes::OneOf(MODES)),
    ],
    result: |t| crate::functions::catalog::round_::rounded(t),
    gives: "decimal or money",
    fallible: false,
    doc: "An amount without the VAT in it, rounded; the rate in percent.",
    examples: &[
        ("net(125, 25, 2, \"half_up\")", "100.00"),
        ("net(99, 25.5, 2, \"half_up\")", "78.88"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    split(call).map(|(net, _)| net)
}

/// Net and VAT of an amount that includes it; both rounded, their sum the amount's own.
pub(crate) fn split(call: &Call<'_, '_>) -> Result<(Value, Value)> {
    use crate::code::Op;
    let gross = call.value(0);
    let scale = call.scale(2)?;
    let mode = call.mode(3)?;
    let hundred = Number::from(100_i64);
    let whole = Value::Number(hundred.add(call.number(1)?)?);
    let grown = ops::binary(Op::Multiply, &gross, &Value::Number(hundred))?;
    let net = match ops::binary(Op::Divide, &grown, &whole)? {
        Value::Money(money) => Value::from(money.round(scale, mode)),
        other => Value::Number(ops::amount(&other)?.round(scale, mode)),
    };
    let vat = ops::binary(Op::Subtract, &gross, &net)?;
    Ok((net, vat))
}
