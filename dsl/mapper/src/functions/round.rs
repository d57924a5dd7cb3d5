//! `round`

use tenon_value::Value;

use crate::functions::{Call, Function, MODES, Result, Takes, may, needs};

/// A number or amount rounded to so many digits after the point. The mode is that of the mapping (`money: { rounding }`) unless given.
pub(super) static FUNCTION: Function = Function {
    name: "round",
    params: &[
        needs("value", Takes::Amount),
        needs("scale", Takes::Int),
        may("mode", Takes::OneOf(MODES)),
    ],
    result: |t| rounded(t),
    gives: "decimal or money",
    fallible: false,
    doc: "A number or amount rounded to so many digits after the point. The mode is that of the mapping (`money: { rounding }`) unless given.",
    examples: &[
        ("round(2.345, 2, \"half_up\")", "2.35"),
        ("round(2.345, 2, \"half_even\")", "2.34"),
        ("round(-0.5, 0, \"half_up\")", "-1"),
        ("round(1, 2, \"up\")", "1.00"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let scale = call.scale(1)?;
    let mode = call.mode(2)?;
    match call.value(0) {
        Value::Money(money) => Ok(Value::from(money.round(scale, mode))),
        _ => Ok(Value::Number(call.number(0)?.round(scale, mode))),
    }
}

/// The type of a value that was rounded.
pub(crate) fn rounded(types: &[crate::types::Type]) -> crate::types::Type {
    use crate::types::Type;
    match types.first().map(Type::required) {
        Some(Type::Money | Type::MoneyBag | Type::InexactMoney) => Type::Money,
        Some(Type::Dyn) => Type::Dyn,
        _ => Type::Decimal,
    }
}
