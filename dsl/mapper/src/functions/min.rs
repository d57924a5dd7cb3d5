//! `min`

use tenon_value::Value;

use crate::eval::ops;
use crate::functions::{Call, Function, Result, Takes, may, needs};
use crate::host::EvalError;

/// The smallest of two values, or of the items of a list.
pub(super) static FUNCTION: Function = Function {
    name: "min",
    params: &[needs("a", Takes::Any), may("b", Takes::Any)],
    result: |t| crate::check::one_of(t),
    gives: "item",
    fallible: true,
    doc: "The smallest of two values, or of the items of a list.",
    examples: &[
        ("min(1, 2)", "1"),
        ("min([3, 1, 2])", "1"),
        ("min([])", "fault MAP_VALUE_MISSING"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let values = match call.value(0) {
        Value::List(items) if !call.is_given(1) => items.to_vec(),
        first => vec![first, call.value(1)],
    };
    let mut best: Option<Value> = None;
    for value in values {
        let better = match &best {
            None => true,
            Some(best) => ops::order(&value, best)?.is_lt(),
        };
        if better {
            best = Some(value);
        }
    }
    best.ok_or_else(|| EvalError::missing("an item of the list"))
}
