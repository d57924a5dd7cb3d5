//! `sum`

use tenon_value::Value;

use crate::eval::calc::Sum;
use crate::functions::{Call, Function, Result, Takes, may, needs};

/// The exact sum of numbers or amounts, of the items or of what is made of each; an empty list gives 0.
pub(super) static FUNCTION: Function = Function {
    name: "sum",
    params: &[needs("list", Takes::List), may("of", Takes::Lambda)],
    result: |t| summed(t),
    gives: "number or money",
    fallible: true,
    doc: "The exact sum of numbers or amounts, of the items or of what is made of each; an empty list gives 0.",
    examples: &[
        ("sum([1.50, 2])", "3.50"),
        ("sum([{ q = 2 }, { q = 3 }], x => x.q)", "5"),
        ("sum([])", "0"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let items = call.list(0)?;
    let mut sum = Sum::default();
    for item in items.iter() {
        let term = call.term(item)?;
        sum.add(term)?;
    }
    Ok(sum.total())
}

fn summed(types: &[crate::types::Type]) -> crate::types::Type {
    use crate::types::Type;
    match types.get(1) {
        Some(Type::Dyn) | None => crate::functions::item(types, 0).required().clone(),
        Some(of) => of.required().clone(),
    }
}
