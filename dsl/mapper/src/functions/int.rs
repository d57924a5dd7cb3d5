//! `int`

use tenon_value::{Number, Value};

use crate::eval::ops;
use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A text or number as a whole number; one with a fraction is refused.
pub(super) static FUNCTION: Function = Function {
    name: "int",
    params: &[needs("value", Takes::Any)],
    result: |_| Type::Int,
    gives: "int",
    fallible: true,
    doc: "A text or number as a whole number; one with a fraction is refused.",
    examples: &[("int(\"12\")", "12"), ("int(2.00)", "2"), ("int(2.5)", "fault MAP_WRONG_TYPE")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let value = call.value(0);
    let number = match &value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => Number::parse(text.trim()).ok(),
        _ => None,
    };
    match number.and_then(Number::whole) {
        Some(number) => Ok(Value::Number(number)),
        None => Err(ops::wrong("a whole number", &value)),
    }
}
