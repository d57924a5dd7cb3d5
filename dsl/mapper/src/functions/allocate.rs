//! `allocate`

use tenon_value::{Money, Number, Rounding, Value};

use crate::eval::ops;
use crate::functions::{Call, Function, Result, Takes, may, needs};
use crate::host::EvalError;

/// Splits a total by weights so that the parts add up to it exactly: largest remainders first. Two digits unless another scale is given.
pub(super) static FUNCTION: Function = Function {
    name: "allocate",
    params: &[
        needs("total", Takes::Amount),
        needs("weights", Takes::List),
        may("scale", Takes::Int),
    ],
    result: |t| crate::functions::catalog::round_::rounded(t).list(),
    gives: "list of the total’s kind",
    fallible: true,
    doc: "Splits a total by weights so that the parts add up to it exactly: largest remainders first. Two digits unless another scale is given.",
    examples: &[
        ("allocate(10.00, [1, 1, 1])", "[3.34, 3.33, 3.33]"),
        ("allocate(-0.01, [1, 1])", "[-0.01, 0.00]"),
        ("allocate(1, [0, 0])", "fault MAP_DIVISION_BY_ZERO"),
        ("allocate(1, [2, -1])", "fault MAP_OUT_OF_RANGE"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let scale = if call.is_given(2) { call.scale(2)? } else { 2 };
    let total = call.value(0);
    let weights = call.list(1)?;
    let weights: Vec<Number> = weights.iter().map(ops::amount).collect::<Result<_>>()?;
    let parts = parts(ops::amount(&total)?, &weights, scale)?;
    let of = |number: Number| match &total {
        Value::Money(money) => Value::from(Money::new(number, money.currency.clone())),
        _ => Value::Number(number),
    };
    Ok(Value::list(parts.into_iter().map(of).collect()))
}

/// Parts of a total in proportion to weights, exact in sum.
fn parts(total: Number, weights: &[Number], scale: u32) -> Result<Vec<Number>> {
    if total.round(scale, Rounding::Down) != total {
        return Err(EvalError::fault(
            "MAP_NUMBER_TOO_LONG",
            format!("{total} has more than {scale} digits after the point, so it can't be split"),
        ));
    }
    let mut whole = Number::ZERO;
    for weight in weights {
        if weight.is_negative() {
            return Err(EvalError::fault("MAP_OUT_OF_RANGE", "weights can't be negative"));
        }
        whole = whole.add(*weight)?;
    }
    let mut shares = Vec::with_capacity(weights.len());
    let mut rest = total;
    for (n, weight) in weights.iter().enumerate() {
        let exact = total.multiply(*weight)?.divide(whole)?;
        let share = exact.round(scale, Rounding::Down);
        rest = rest.subtract(share)?;
        shares.push((n, share, exact.subtract(share).unwrap_or(Number::ZERO).abs()));
    }
    let mut unit = tenon_value::Decimal::ONE;
    unit.set_scale(scale).map_err(|_| EvalError::fault("MAP_NUMBER_TOO_LONG", "scale"))?;
    let unit = Number::from_decimal(unit);
    let unit = if rest.is_negative() { unit.negate() } else { unit };
    shares.sort_by(|a, b| b.2.cmp(&a.2).then(a.0.cmp(&b.0)));
    for share in &mut shares {
        if rest.is_zero() {
            break;
        }
        share.1 = share.1.add(unit)?;
        rest = rest.subtract(unit)?;
    }
    shares.sort_by_key(|share| share.0);
    Ok(shares.into_iter().map(|share| share.1.round(scale, Rounding::Down)).collect())
}
