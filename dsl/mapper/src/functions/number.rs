//! `number`

use tenon_value::{Number, Value};

use crate::eval::ops;
use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A text as an exact number, or the number of an amount.
pub(super) static FUNCTION: Function = Function {
    name: "number",
    params: &[needs("value", Takes::Any)],
    result: |_| Type::Decimal,
    gives: "decimal",
    fallible: true,
    doc: "A text as an exact number, or the number of an amount.",
    examples: &[("number(\" 1.50 \")", "1.50"), ("number(\"1,5\")", "fault MAP_WRONG_TYPE")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    match call.value(0) {
        Value::Number(number) => Ok(Value::Number(number)),
        Value::Money(money) => Ok(Value::Number(money.amount)),
        Value::Text(text) => match Number::parse(text.trim()) {
            Ok(number) => Ok(Value::Number(number)),
            Err(_) => Err(ops::wrong("a number", &Value::Text(text))),
        },
        other => Err(ops::wrong("a number", &other)),
    }
}
