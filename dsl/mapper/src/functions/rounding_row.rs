//! `rounding_row`

use tenon_value::{Class, Fault, Value};

use crate::eval::ops;
use crate::functions::{Call, Function, Result, Takes, may, needs, same};
use crate::host::EvalError;

/// The row that takes up a rounding difference: missing where there is none, a fault where it is larger than the limit.
pub(super) static FUNCTION: Function = Function {
    name: "rounding_row",
    params: &[
        needs("difference", Takes::Amount),
        needs("row", Takes::Record),
        may("limit", Takes::Amount),
    ],
    result: |t| same(t, 1).optional(),
    gives: "record?",
    fallible: true,
    doc: "The row that takes up a rounding difference: missing where there is none, a fault where it is larger than the limit (1 if none is given).",
    examples: &[
        (
            "rounding_row(-0.30, { account = 3740, price = -0.30 })",
            "{ account = 3740, price = -0.30 }",
        ),
        ("blank(rounding_row(0.00, { account = 3740 }))", "true"),
        ("rounding_row(2, { account = 3740 }, limit = 1.00)", "fault MAP_ROUNDING_LIMIT"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let difference = ops::amount(&call.value(0))?;
    if difference.is_zero() {
        return Ok(Value::Missing);
    }
    let limit = if call.is_given(2) { call.value(2) } else { Value::from(1_i64) };
    let limit = ops::amount(&limit)?;
    if difference.abs() <= limit.abs() {
        return Ok(call.value(1));
    }
    let message = format!("a rounding difference of {difference} is more than {limit}");
    let fault = Fault::new("MAP_ROUNDING_LIMIT", Class::Mapping, message)
        .hint("find the row that is missing or the total that is wrong, then retry");
    Err(EvalError::Fault(Box::new(fault)).with(&call.value(0)))
}
